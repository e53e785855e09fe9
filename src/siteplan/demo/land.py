"""Townships, boundary, farmland and exclusions: polygons made by arithmetic alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.demo.chance import Floats, apportion, between, one, shuffled, stream
from siteplan.demo.valleys import STEP, Basin, Valley

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

    from siteplan.demo.placing import Place

BASIC_FARMLAND, RED_LINE, HAZARD, WATER_SOURCE, RIVERBED = (
    "永久基本农田",
    "生态保护红线",
    "地质灾害隐患点",
    "水源保护区",
    "河道管理范围",
)

MARGIN = 12.0
"""Metres between a field and a settlement."""


def township_count(sites: int) -> int:
    """Return how many townships a county of so many sites has (about 4 sites each, 15 in a large county)."""
    return max(1, round(0.62 * math.pow(sites, 0.69)))


def township_rings(basin: Basin, count: int, seed: int) -> tuple[list[Floats], Floats]:
    """Return the closed rings of ``count`` townships that tile the county, and the ring of the county.

    Bands from south to north, each cut from west to east; every border is wiggled once and shared by its neighbours.
    """
    rng = stream(seed, "townships")
    width, height = basin.width, basin.height
    bands = min(count, max(1, round(float(np.sqrt(count * height / width)))))
    per_band = apportion(count, between(rng, 0.9, 1.1, bands), least=1)
    levels = np.linspace(-height / 2, height / 2, bands + 1)
    levels[1:-1] -= 0.09 * height / bands  # not along the river
    cuts = [np.linspace(-width / 2, width / 2, int(n) + 1) for n in per_band]
    for cut in cuts:
        cut[1:-1] += between(rng, -0.12, 0.12, len(cut) - 2) * width / max(len(cut) - 1, 1)
    borders = [_Border(rng, float(level), width, height / bands) for level in levels]
    stops = [sorted({*cuts[max(b - 1, 0)], *cuts[min(b, bands - 1)]}) for b in range(bands + 1)]
    rings, south, north, west, east = [], [], [], [], []
    for band, cut in enumerate(cuts):
        sides = [_side(rng, float(x), borders[band], borders[band + 1], width / len(cut)) for x in cut]
        for k in range(len(cut) - 1):
            bottom = borders[band].between(float(cut[k]), float(cut[k + 1]), stops[band])
            top = borders[band + 1].between(float(cut[k]), float(cut[k + 1]), stops[band + 1])
            rings.append(_ring(bottom, sides[k + 1], top[::-1], sides[k][::-1]))
            south += [bottom] if band == 0 else []
            north += [top] if band == bands - 1 else []
        west.append(sides[0])
        east.append(sides[-1])
    outline = _ring(*south, *east, *[part[::-1] for part in north[::-1]], *[part[::-1] for part in west[::-1]])
    return rings, outline


def _ring(*parts: Floats) -> Floats:
    """Join parts that each begin where the one before ends to a closed ring."""
    joined = np.concatenate(parts)
    return joined[np.r_[True, (np.diff(joined, axis=0) != 0).any(axis=1)]]


class _Border:
    """A border from west to east: y as a function of x."""

    def __init__(self, rng: np.random.Generator, level: float, width: float, band: float) -> None:
        self.level, self.width = level, width
        waves = np.array([2.3, 5.1, 11.7, 23.3]) * max(width / 20_000.0, 1.0)
        self.waves = waves * between(rng, 0.9, 1.1, 4)
        self.phases = between(rng, 0, 2 * np.pi, 4)
        self.sizes = np.array([0.5, 0.27, 0.15, 0.08]) * min(0.045 * band, 330.0)

    def at(self, x: Floats) -> Floats:
        turn = 2 * np.pi * x[:, None] / self.width * self.waves + self.phases
        y: Floats = self.level + (self.sizes * np.sin(turn)).sum(axis=1)
        return y

    def between(self, left: float, right: float, stops: list[float]) -> Floats:
        grid = np.arange(-self.width / 2, self.width / 2 + 1, 220.0)
        xs = np.array(
            sorted({left, right, *(s for s in stops if left < s < right), *grid[(grid > left) & (grid < right)]})
        )
        return np.round(np.column_stack([xs, self.at(xs)]), 2)


def _side(rng: np.random.Generator, x: float, low: _Border, high: _Border, span: float) -> Floats:
    """Return a border from south to north at ``x``, its ends on the two borders."""
    ends = np.array([low.at(np.array([x]))[0], high.at(np.array([x]))[0]])
    share = np.linspace(0, 1, max(4, int((ends[1] - ends[0]) // 220)))
    phase = between(rng, 0, 2 * np.pi, 3)
    wave = np.array([1.7, 4.3, 9.1])[None] * share[:, None] * 2 * np.pi + phase[None]
    shift = np.sin(np.pi * share) * (np.array([0.6, 0.3, 0.1]) * np.sin(wave)).sum(axis=1) * min(0.06 * span, 300.0)
    return np.round(np.column_stack([x + shift, ends[0] + share * (ends[1] - ends[0])]), 2)


@dataclass(kw_only=True)
class Fields:
    """Farmland and exclusions while they are laid out.

    Parameters
    ----------
    basin : Basin
    places : list of Place
        Settlements, which they keep clear of.
    middles : (n, 2) float64
    radii : (n,) float64
        Of the places.
    taken : dict of (valley, side) to bool array
        Stretches of each bank that are in use, by vertex.
    """

    basin: Basin
    places: list[Place]
    middles: Floats
    radii: Floats
    taken: dict[tuple[int, int], np.ndarray]

    @classmethod
    def around(cls, basin: Basin, places: list[Place]) -> Fields:
        """Return an empty layout."""
        banks = {(v.index, side): np.zeros(len(v.xy), dtype=bool) for v in basin.valleys for side in (1, -1)}
        for place in places:
            if place.vertex >= 0:  # the way in from the road
                banks[place.valley, basin.valleys[place.valley].side][place.vertex - 1 : place.vertex + 2] = True
        middles = np.array([place.middle for place in places])
        radii = np.array([place.radius for place in places])
        return cls(basin=basin, places=places, middles=middles, radii=radii, taken=banks)

    def strip(self, valley: Valley, side: int, begin: int, end: int, inner: float, outer: float) -> Floats | None:
        """Return the ring of a strip along a bank and mark it as taken, or None where it is not free."""
        begin, end = max(begin, valley.first + 2), min(end, len(valley.xy) - 2)
        bank = self.taken[valley.index, side]
        if end - begin < 2 or bank[begin : end + 1].any():  # noqa: PLR2004 - shorter than 100 m
            return None
        normal = side * valley.normal[begin : end + 1]
        line = valley.xy[begin : end + 1]
        ring = np.concatenate([line + inner * normal, (line + outer * normal)[::-1]])
        away, row = self.tree.query(ring)
        foreign = (self.basin.owner[row] != valley.index) & (away < outer + 60)
        if foreign.any() or not self._clear(ring):
            return None
        bank[begin : end + 1] = True
        return np.round(np.concatenate([ring, ring[:1]]), 2)

    @property
    def tree(self) -> cKDTree:
        """Search tree of all valley vertices."""
        return self.basin.tree

    def _clear(self, ring: Floats) -> bool:
        """Tell whether a ring keeps clear of the settlements (its edges are short against their size)."""
        dense = np.concatenate([ring + share * (np.roll(ring, -1, axis=0) - ring) for share in (0.0, 0.25, 0.5, 0.75)])
        middle = ring.mean(axis=0)
        extent = np.hypot(*(ring - middle).T).max()
        near = np.hypot(*(self.middles - middle).T) < self.radii + extent + 20
        for row in np.flatnonzero(near):
            place = self.places[row]
            u, v = place.frame.to_frame(dense).T
            if ((np.abs(u) < place.reach + MARGIN) & (v > -MARGIN) & (v < place.depth + MARGIN)).any():
                return False
        return True


def farmland_rings(fields: Fields, seed: int) -> list[Floats]:
    """Return fields along the valley floors, most of them near settlements."""
    rng = stream(seed, "farmland")
    rings: list[Floats | None] = []
    for place in fields.places:
        valley = fields.basin.valleys[place.valley]
        middle = max(place.vertex, 0) or int(np.argmin(np.hypot(*(valley.xy - place.middle).T)))
        half = int((place.reach + 60) // STEP)
        for side in (1, -1):
            for way in (1, -1):
                start = middle + way * (half if side == valley.side else 0) + (1 if way > 0 else -1)
                for _turn in range(2):
                    length = int(one(rng, 3, 9))
                    begin = start if way > 0 else start - length
                    rings.append(_field(rng, fields, valley, side, begin, length))
                    start += way * (length + 2)
    return [ring for ring in rings if ring is not None]


def _field(
    rng: np.random.Generator, fields: Fields, valley: Valley, side: int, begin: int, length: int
) -> Floats | None:
    inner = valley.road_offset + 14 if side == valley.side else valley.half_width + 16
    return fields.strip(valley, side, begin, begin + length, inner, inner + one(rng, 45, 130))


def river_rings(basin: Basin) -> list[tuple[str, Floats]]:
    """Return (name, ring) of the river and of each tributary: what is under water or kept free for it."""
    rings = []
    for valley in basin.valleys:
        along = np.arange(len(valley.xy))
        width = valley.half_width * (1 + 0.18 * np.sin(along / 5.3) + 0.1 * np.sin(along / 2.1 + 1))
        if valley.order:
            width *= np.minimum(1.0, 0.25 + 0.75 * along[::-1] / len(along))
        bank = width[:, None] * valley.normal
        ring = np.concatenate([valley.xy + bank, (valley.xy - bank)[::-1]])
        if valley.order < 2:  # noqa: PLR2004 - side valleys hold brooks
            rings.append(("云河" if valley.order == 0 else "", np.round(np.concatenate([ring, ring[:1]]), 2)))
    return rings


def red_line_rings(basin: Basin, count: int, seed: int) -> list[Floats]:
    """Return protected areas on the heights: blobs as far from any valley as can be."""
    rng = stream(seed, "red line")
    spots = (np.column_stack([rng.random(60 * count), rng.random(60 * count)]) - 0.5) * (basin.width, basin.height)
    spots = spots[(np.abs(spots) < np.array([basin.width, basin.height]) / 2 - 1500).all(axis=1)]
    height: Floats = np.asarray(basin.tree.query(spots)[0])
    rings: list[Floats] = []
    kept: list[Floats] = []
    for k in np.argsort(-height, kind="stable"):
        radius = min(height[k] - 240.0, 900.0)
        if len(rings) == count or radius < 150:  # noqa: PLR2004 - a ridge too narrow
            break
        if any(np.hypot(*(spots[k] - other)) < 2000 for other in kept):  # noqa: PLR2004 - twice the radius and more
            continue
        kept.append(spots[k])
        rings.append(blob(spots[k], radius, rng))
    return rings


def blob(middle: Floats, radius: float, rng: np.random.Generator, corners: int = 28) -> Floats:
    """Return a closed ring around ``middle`` that stays within ``radius``."""
    angle = np.arange(corners) / corners * 2 * np.pi
    phases = between(rng, 0, 2 * np.pi, 3)
    swing = sum(s * np.sin(n * angle + p) for n, s, p in zip((2, 3, 5), (0.13, 0.09, 0.05), phases, strict=True))
    ring = middle + (radius * (0.73 + swing))[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return np.round(np.concatenate([ring, ring[:1]]), 2)


def water_source_rings(fields: Fields, count: int, seed: int) -> list[Floats]:
    """Return protected stretches at the heads of tributaries that nobody lives on."""
    rng = stream(seed, "water")
    heads = [v for v in fields.basin.valleys if v.order == 1]
    rings = []
    for k in shuffled(rng, len(heads)):
        valley = heads[k]
        n = len(valley.xy)
        ring = fields.strip(valley, 1, n - 16, n - 3, -140.0, 140.0)
        if ring is not None:
            rings.append(ring)
        if len(rings) == count:
            break
    return rings
