"""Where the settlements lie: the town in the middle, the others along the valleys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from siteplan.demo.chance import Floats, Ints, shuffled, stream
from siteplan.demo.valleys import STEP, Basin, Valley

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.demo.blocks import Program

CLEAR = 105.0
"""Metres between a settlement and the middle of any water: rivers and valley roads fit in."""

TOWN_GAP = 34.0
"""Metres between two neighbouring sites of the town: a street lies between."""

TOWN_EDGE = 12.0
"""Metres from the outermost sites to the streets at the town's ends."""

_OFFSETS = np.arange(28.0, 420.0, 14.0)
_BORDER = 640.0
_HAMLET_AWAY = 3300.0
_TRIES = 4  # of one spot, before it is given up


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A settlement's own axes: ``xy = origin + u * along + v * away``."""

    origin: Floats
    along: Floats
    away: Floats

    def to_map(self, uv: Floats) -> Floats:
        """Return map coordinates, rounded to 0.01 m, of (..., 2) frame coordinates."""
        return np.round(self.origin + uv[..., :1] * self.along + uv[..., 1:] * self.away, 2)

    def to_frame(self, xy: Floats) -> Floats:
        """Return frame coordinates of (..., 2) map coordinates."""
        shift = xy - self.origin
        return np.stack([shift @ self.along, shift @ self.away], axis=-1)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A settlement on the map.

    Parameters
    ----------
    frame : Frame
    reach, depth : float
        Metres from its middle lane to either end, and from front to back.
    valley : int
        Valley it lies in.
    vertex : int
        Vertex of the valley road from which it is entered; -1: entered from a street of the town.
    """

    frame: Frame
    reach: float
    depth: float
    valley: int
    vertex: int

    def ring(self, margin: float = 0.0) -> Floats:
        """Return the (5, 2) closed outline."""
        u, low, high = self.reach + margin, -margin, self.depth + margin
        return self.frame.to_map(np.array([(-u, low), (u, low), (u, high), (-u, high), (-u, low)]))

    @property
    def middle(self) -> Floats:
        """Middle of the settlement."""
        return self.frame.to_map(np.array([0.0, self.depth / 2]))

    @property
    def radius(self) -> float:
        """Metres from the middle to a corner."""
        return float(np.hypot(self.reach, self.depth / 2))


@dataclass(frozen=True, kw_only=True)
class Town:
    """The sites of the county seat, on shelves along the river.

    Parameters
    ----------
    shelves : list of list of (site, u of its middle lane)
    floors : list of float
        v of each shelf's front.
    reach : float
        Metres from the middle to the streets at either end.
    depth : float
        v of the street behind the last shelf.
    """

    shelves: list[list[tuple[int, float]]] = field(default_factory=list)
    floors: list[float] = field(default_factory=list)
    reach: float
    depth: float


def pack_town(members: list[int], programs: list[Program]) -> Town:
    """Put the town's sites on shelves, the deepest nearest the river."""
    order = sorted(members, key=lambda m: (-programs[m].depth, m))
    widths = {m: 2 * programs[m].reach + TOWN_GAP for m in members}
    area = sum(widths[m] * (programs[m].depth + TOWN_GAP) for m in members)
    target = max(float(np.sqrt(area * 1.9)), *widths.values())
    shelves: list[list[int]] = [[]]
    for member in order:
        if shelves[-1] and sum(widths[m] for m in shelves[-1]) + widths[member] > target * 1.02:
            shelves.append([])
        shelves[-1].append(member)
    floors, rows, v = [], [], TOWN_GAP
    for shelf in shelves:
        u = -sum(widths[m] for m in shelf) / 2
        row = []
        for member in shelf:
            row.append((member, u + widths[member] / 2))
            u += widths[member]
        rows.append(row)
        floors.append(v)
        v += max(programs[m].depth for m in shelf) + TOWN_GAP
    reach = max(sum(widths[m] for m in shelf) for shelf in shelves) / 2
    return Town(shelves=rows, floors=floors, reach=reach, depth=v)


def place_town(town: Town, programs: list[Program], basin: Basin) -> tuple[Place, dict[int, Place]]:
    """Return the place of the town as a whole, its outer streets included, and that of each of its sites."""
    river = basin.river
    vertex = int(np.argmin(np.abs(river.xy[:, 0])))
    frame = _frame_at(river, vertex, 20.0)
    places = {}
    for floor, row in zip(town.floors, town.shelves, strict=True):
        for member, u in row:
            own = Frame(origin=frame.origin + u * frame.along + floor * frame.away, along=frame.along, away=frame.away)
            program = programs[member]
            places[member] = Place(frame=own, reach=program.reach, depth=program.depth, valley=0, vertex=-1)
    whole = Place(frame=frame, reach=town.reach + TOWN_EDGE, depth=town.depth, valley=0, vertex=vertex)
    return whole, places


def _frame_at(valley: Valley, vertex: int, offset: float) -> Frame:
    normal = valley.side * valley.normal[vertex]
    along = np.array([normal[1], -normal[0]])
    return Frame(origin=valley.road()[vertex] + offset * normal, along=along, away=normal)


@dataclass(kw_only=True)
class Ground:
    """What is taken already, while settlements are placed."""

    basin: Basin
    town: Place
    middles: list[Floats] = field(default_factory=list)
    radii: list[float] = field(default_factory=list)

    def take(self, middle: Floats, radius: float) -> None:
        """Mark a circle as taken."""
        self.middles.append(middle)
        self.radii.append(radius)

    def free(self, middle: Floats, radius: float, gap: float) -> bool:
        """Tell whether a circle is free of other settlements and of the town with its outer streets."""
        u, v = self.town.frame.to_frame(middle)
        beside = max(abs(float(u)) - self.town.reach, 0.0)
        behind = max(-float(v), float(v) - self.town.depth, 0.0)
        if np.hypot(beside, behind) <= radius + gap:
            return False
        if not self.radii:
            return True
        away = np.hypot(*(np.array(self.middles) - middle).T)
        return bool((away > np.array(self.radii) + radius + gap).all())

    def inside(self, ring: Floats) -> bool:
        """Tell whether a ring is well inside the county."""
        limit = np.array([self.basin.width, self.basin.height]) / 2 - _BORDER
        return bool((np.abs(ring) < limit).all())

    def fit(self, valley: Valley, vertex: int, reach: float, depth: float) -> Place | None:
        """Return a settlement entered from ``vertex``, as near to the road as the valley allows, or None."""
        u = np.linspace(-reach - 8, reach + 8, max(4, int(reach // 15)))
        v = np.linspace(-4.0, depth + 8, max(3, int(depth // 30)))
        shape = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
        for offset in _OFFSETS:
            frame = _frame_at(valley, vertex, float(offset))
            nearest, _row = self.basin.tree.query(frame.to_map(shape))
            if np.min(nearest) < CLEAR:
                continue
            place = Place(frame=frame, reach=reach, depth=depth, valley=valley.index, vertex=vertex)
            entry = frame.to_map(np.column_stack([np.zeros(9), -np.linspace(0, offset, 9)]))
            away, row = self.basin.tree.query(entry)
            other = (self.basin.owner[row] != valley.index) & (away < CLEAR)
            if other.any() or not self.inside(place.ring(20.0)):
                return None
            return place
        return None


def along_valley(ground: Ground, valley: Valley, vertices: list[int], program: Program) -> Place | None:
    """Return the first free place of ``program`` at one of ``vertices``, or None."""
    for vertex in vertices:
        place = ground.fit(valley, vertex, program.reach, program.depth)
        if place is not None and ground.free(place.middle, place.radius, 40.0):
            return place
    return None


@dataclass(frozen=True, kw_only=True)
class Spots:
    """Places on valley roads from which a settlement could be entered, in random order.

    Parameters
    ----------
    valley, vertex : (n,) int64
    xy : (n, 2) float64
    zone : (n,) int64
        Township of each.
    """

    valley: Ints
    vertex: Ints
    xy: Floats
    zone: Ints

    @classmethod
    def along(cls, basin: Basin, barred: set[int], seed: int, zone_of: Callable[[Floats], Ints]) -> Spots:
        """Return the spots of all valleys but the ``barred`` ones."""
        rows = [
            (valley.index, vertex, *valley.xy[vertex])
            for valley in basin.valleys
            if valley.index not in barred
            for vertex in range(valley.first + 3, len(valley.xy) - 6, 2)
        ]
        table = np.array(rows)[shuffled(stream(seed, "spread"), len(rows))]
        whole = table[:, :2].astype(np.int64)
        return cls(valley=whole[:, 0], vertex=whole[:, 1], xy=table[:, 2:], zone=zone_of(table[:, 2:]))


def spread(
    ground: Ground, order: list[int], programs: list[Program], spots: Spots, seats: dict[int, int]
) -> dict[int, Place]:
    """Return a place for each site of ``order``; a seat lies in its township where there is room for it.

    Raises
    ------
    RuntimeError
        If the county has no room, which its size rules out.
    """
    slack = np.full(len(spots.xy), np.inf)
    for middle, radius in zip(ground.middles, ground.radii, strict=True):
        slack = np.minimum(slack, np.hypot(*(spots.xy - middle).T) - radius)
    failures = np.zeros(len(spots.xy), dtype=np.int64)
    places: dict[int, Place] = {}
    for site in order:
        program = programs[site]
        open_ = (slack > max(60.0, program.reach - 60.0)) & (failures < _TRIES)
        queue = np.flatnonzero(open_)
        if site in seats:
            queue = np.concatenate([queue[spots.zone[queue] == seats[site]], queue[spots.zone[queue] != seats[site]]])
        for row in queue:
            valley = ground.basin.valleys[int(spots.valley[row])]
            place = ground.fit(valley, int(spots.vertex[row]), program.reach, program.depth)
            if place is not None and ground.free(place.middle, place.radius, 60.0):
                break
            failures[row] += 1
        else:
            raise RuntimeError(f"no room for site {site}")
        ground.take(place.middle, place.radius)
        slack = np.minimum(slack, np.hypot(*(spots.xy - place.middle).T) - place.radius)
        places[site] = place
    return places


def lonely_valleys(basin: Basin) -> tuple[int, int]:
    """Return the two tributaries whose mouths are nearest the town: for the cramped and for the remote site."""
    tributaries = [v for v in basin.valleys if v.order == 1 and len(v.xy) * STEP > _HAMLET_AWAY + 1200.0]
    near = sorted(tributaries, key=lambda v: (abs(float(v.xy[0, 0])), v.index))
    return near[0].index, near[1].index


def hamlet_place(ground: Ground, site: Place, program: Program) -> Place | None:
    """Return a place for the houses far up the valley of ``site``, more than 3 km of road from it."""
    valley = ground.basin.valleys[site.valley]
    first = site.vertex + int(_HAMLET_AWAY // STEP)
    return along_valley(ground, valley, list(range(first, len(valley.xy) - 2)), program)
