"""The valleys of the county: one river, its tributaries, and their side valleys.

Valleys carry everything: rivers run in them, roads beside the rivers, settlements beside the roads. Coordinates here
are metres from the middle of the county; the river runs from west to east along y = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from siteplan.demo.chance import Floats, Ints, between, one, stream

STEP = 50.0
"""Metres between two vertices of a valley line."""

PITCH = 3200.0
"""Mean metres between two tributaries of one bank."""

_STRIP = 620.0  # left free between a valley's head and the county's border
_HALF_WIDTHS = (42.0, 7.0, 3.0)
_ROADS = (85.0, 34.0, 22.0)


@dataclass(frozen=True, kw_only=True)
class Valley:
    """One valley line, from its mouth upwards (the river itself: from west to east).

    Parameters
    ----------
    index : int
    order : {0, 1, 2}
        River, tributary, side valley.
    parent : int
        Index of the valley it opens into; -1 for the river.
    mouth : int
        Vertex of the parent where it opens.
    xy : (n, 2) float64
        Vertices, about STEP apart.
    normal : (n, 2) float64
        Unit normal, to the left.
    side : {1, -1}
        Bank of the road: 1 left, -1 right.
    first : int
        First vertex at which it has a road of its own.
    """

    index: int
    order: int
    parent: int
    mouth: int
    xy: Floats
    normal: Floats
    side: int
    first: int

    @property
    def half_width(self) -> float:
        """Half the width of the water, metres."""
        return _HALF_WIDTHS[self.order]

    @property
    def road_offset(self) -> float:
        """Metres from the water's middle to the road."""
        return _ROADS[self.order]

    def road(self) -> Floats:
        """Return the (n, 2) road vertices, rounded to 0.01 m."""
        return np.round(self.xy + self.side * self.road_offset * self.normal, 2)


@dataclass(frozen=True, kw_only=True)
class Basin:
    """All valleys of the county.

    Parameters
    ----------
    width, height : float
        Metres of the county from west to east and from south to north.
    valleys : tuple of Valley
        The river first; parents before their children.
    owner : (n,) int64
        Valley of each point of ``tree``.
    tree : cKDTree
        All vertices of all valleys.
    """

    width: float
    height: float
    valleys: tuple[Valley, ...]
    owner: Ints
    tree: cKDTree

    @property
    def river(self) -> Valley:
        """The river."""
        return self.valleys[0]


def make_basin(sites: int, town_width: float, seed: int) -> Basin:
    """Return the valleys of a county that has room for ``sites``.

    Parameters
    ----------
    sites : int
    town_width : float
        Metres of river, in the middle, that the county seat takes up; the river is straight there and no
        tributary comes in from the north.
    seed : int
    """
    area = max(sites * 9.0e6, 1.4e8)
    width = max(np.sqrt(area * 1.5), town_width + 3 * PITCH)
    height = max(area / width, 11_500.0)
    rng = stream(seed, "valleys")
    valleys = [_river(rng, width, town_width)]
    for side in (1, -1):
        for mouth in _mouths(rng, valleys[0], side, town_width):
            length = height / 2 - _STRIP - side * float(valleys[0].xy[mouth, 1])
            valleys.append(_branch(rng, valleys[0], mouth, side, length, len(valleys)))
    for parent in [v for v in valleys if v.order == 1]:
        for side in (1, -1):
            for mouth in _side_mouths(rng, parent, width, side):
                valleys.append(_branch(rng, parent, mouth, side, one(rng, 0.2, 0.34) * PITCH, len(valleys)))
    points = np.concatenate([v.xy for v in valleys])
    owner = np.repeat(np.arange(len(valleys)), [len(v.xy) for v in valleys])
    return Basin(width=float(width), height=float(height), valleys=tuple(valleys), owner=owner, tree=cKDTree(points))


def _normals(xy: Floats) -> Floats:
    along = np.gradient(xy, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    return np.column_stack([-along[:, 1], along[:, 0]])


def _meander(rng: np.random.Generator, along: Floats, sway: float, wave: float) -> Floats:
    """Return a smooth sideways shift, at most ``sway`` metres, that starts at 0."""
    phases = between(rng, 0, 2 * np.pi, 3)
    lengths = wave * np.array([1.0, 0.57, 0.31]) * between(rng, 0.85, 1.15, 3)
    parts = np.array([0.6, 0.28, 0.12])[:, None] * np.sin(along[None] / lengths[:, None] * 2 * np.pi + phases[:, None])
    shift: Floats = sway * parts.sum(axis=0) * (1 - np.exp(-along / (0.4 * wave)))
    return shift


def _river(rng: np.random.Generator, width: float, town_width: float) -> Valley:
    n = int(width // STEP)
    x = (np.arange(n + 1) - n / 2) * STEP
    sway = _meander(rng, x - x[0], min(520.0, 0.05 * width), 9000.0)
    calm = 1 - np.exp(-((np.maximum(np.abs(x) - 0.5 * town_width - 200, 0) / 1500.0) ** 2))
    xy = np.column_stack([x, sway * calm])
    return Valley(index=0, order=0, parent=-1, mouth=0, xy=xy, normal=_normals(xy), side=1, first=0)


def _mouths(rng: np.random.Generator, river: Valley, side: int, town_width: float) -> list[int]:
    """Return the river vertices at which the tributaries of one bank come in."""
    x = river.xy[:, 0]
    ends = -x[0] - 1500.0
    count = max(2, int(2 * ends // PITCH))
    # the banks are shifted against each other, so that tributaries do not meet head on
    places = -ends + (np.arange(count) + (0.28 if side > 0 else 0.62)) * (2 * ends / count)
    places += between(rng, -0.08, 0.08, count) * PITCH
    if side > 0:
        places = places[np.abs(places) > town_width / 2 + 450.0]
    return [int(np.argmin(np.abs(x - place))) for place in places]


def _side_mouths(rng: np.random.Generator, parent: Valley, width: float, side: int) -> list[int]:
    n = len(parent.xy)
    every = int(1900 // STEP)
    mouths = np.arange(int(1300 // STEP) + (every // 2 if side > 0 else 0), n - int(900 // STEP), every)
    mouths = mouths + np.floor(between(rng, -5, 5, len(mouths))).astype(np.int64)
    inside = np.abs(parent.xy[mouths, 0]) < width / 2 - 0.5 * PITCH
    return [int(m) for m in mouths[inside & (rng.random(len(mouths)) < 0.75)]]  # noqa: PLR2004 - three of four


def _branch(rng: np.random.Generator, parent: Valley, mouth: int, side: int, length: float, index: int) -> Valley:
    """Return a valley that opens into ``parent`` from its ``side``, slanting against the flow of the water."""
    order = parent.order + 1
    start = parent.xy[mouth]
    upstream = np.array([parent.normal[mouth, 1], -parent.normal[mouth, 0]]) * (1 if parent.order else -1)
    outward = np.array([0.0, float(side)]) if parent.order == 0 else side * parent.normal[mouth]
    if parent.order == 0:
        upstream = np.array([-1.0, 0.0])
    slant = min(0.3, 1500.0 / length) * one(rng, 0.8, 1.0) if order == 1 else one(rng, 0.45, 0.75)
    heading = outward + slant * upstream
    heading /= np.hypot(*heading)
    n = max(int(length / (float(heading @ outward) if order == 1 else 1.0) // STEP), 6)
    along: Floats = np.arange(n + 1, dtype=np.float64) * STEP
    sway = _meander(rng, along, *((0.11 * PITCH, 3900.0) if order == 1 else (70.0, 1400.0)))
    across = np.array([-heading[1], heading[0]])
    xy = start + along[:, None] * heading + sway[:, None] * across
    normal = _normals(xy)
    bank = 1 if rng.random() < 0.5 else -1  # noqa: PLR2004 - a coin
    first = int(np.ceil((parent.road_offset + 95.0) / STEP))
    return Valley(
        index=index, order=order, parent=parent.index, mouth=mouth, xy=xy, normal=normal, side=bank, first=first
    )
