"""The street network: valley roads, the town's streets, and the streets of each settlement.

Every junction is a vertex shared by all lines that meet there, and lines end at junctions, so that the network needs no
repair. All lines are cut at their junctions (planarised).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from siteplan.demo.names import RIVER
from siteplan.demo.valleys import STEP

if TYPE_CHECKING:
    from siteplan.demo.blocks import Layout, Program
    from siteplan.demo.chance import Floats
    from siteplan.demo.placing import Place, Town
    from siteplan.demo.valleys import Basin, Valley

_CLASSES = ("secondary", "tertiary", "unclassified")
_UPPER = "track"


@dataclass(kw_only=True)
class Network:
    """Lines as they are laid.

    Parameters
    ----------
    lines : list of (n, 2) float64
        Vertices, rounded to 0.01 m.
    highway, name : list of str
        Of each line.
    joined : dict of int to set of int
        Vertices of each valley road at which something meets it.
    """

    lines: list[Floats] = field(default_factory=list)
    highway: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    joined: dict[int, set[int]] = field(default_factory=dict)

    def lay(self, line: Floats, highway: str, name: str = "") -> None:
        """Add one line."""
        self.lines.append(line)
        self.highway.append(highway)
        self.name.append(name)

    def lay_many(self, start: Floats, end: Floats, highway: str) -> None:
        """Add straight pieces from each of ``start`` to each of ``end``, both (..., 2)."""
        pieces = np.stack([start.reshape(-1, 2), end.reshape(-1, 2)], axis=1)
        self.lines.extend(pieces)
        self.highway.extend([highway] * len(pieces))
        self.name.extend([""] * len(pieces))

    def join(self, valley: int, vertex: int) -> None:
        """Say that something meets the road of ``valley`` at ``vertex``."""
        self.joined.setdefault(valley, set()).add(vertex)


def lay_settlement(network: Network, place: Place, program: Program, layout: Layout, basin: Basin) -> None:
    """Lay the streets of one settlement, and its way to the valley road if it has one of its own."""
    nodes = place.frame.to_map(layout.nodes)
    network.lay_many(nodes[:, :-1], nodes[:, 1:], "residential")
    for lane in range(nodes.shape[1]):
        kind = "residential" if lane in (0, layout.middle, nodes.shape[1] - 1) and program.urban else "footway"
        kind = "residential" if lane == layout.middle else kind
        network.lay_many(nodes[:-1, lane], nodes[1:, lane], kind)
    if place.vertex >= 0:
        road = basin.valleys[place.valley].road()
        network.lay(np.stack([road[place.vertex], nodes[0, layout.middle]]), "residential")
        network.join(place.valley, place.vertex)


def lay_town(network: Network, town: Town, place: Place, basin: Basin, layouts: dict[int, Layout]) -> None:
    """Lay the streets between the shelves of the town, and join every site to the streets before and behind it."""
    half, frame = place.reach, place.frame
    streets = [floor - TOWN_LANE for floor in town.floors] + [town.depth - TOWN_LANE]
    stops: list[set[float]] = [{-half, half} for _street in streets]
    stops[0].add(0.0)
    links: list[tuple[int, float, float]] = []  # street, u, v of the junction it leads to
    for shelf, row in enumerate(town.shelves):
        for site, u in row:
            layout = layouts[site]
            lane = layout.nodes[:, layout.middle, 1]
            for street, v in ((shelf, float(lane[0])), (shelf + 1, float(lane[-1]))):
                stops[street].add(u)
                links.append((street, u, town.floors[shelf] + v))
    for street, v in enumerate(streets):
        us = np.array(sorted(stops[street]))
        line = frame.to_map(np.column_stack([us, np.full(len(us), v)]))
        network.lay_many(line[:-1], line[1:], "tertiary")
    for street, u, v in links:
        network.lay(frame.to_map(np.array([(u, streets[street]), (u, v)])), "residential")
    for u in (-half, half):
        line = frame.to_map(np.column_stack([np.full(len(streets), u), np.array(streets)]))
        network.lay_many(line[:-1], line[1:], "tertiary")
    road = basin.river.road()
    for u in (-half, 0.0, half):
        entrance = place.vertex + round(u / STEP)  # the river is straight here, and its vertices STEP apart
        network.lay(np.stack([road[entrance], frame.to_map(np.array([(u, streets[0])]))[0]]), "tertiary")
        network.join(0, entrance)


TOWN_LANE = 17.0
"""Metres from a shelf's front to the street before it."""


def lay_valley_roads(network: Network, basin: Basin, names: dict[int, str]) -> None:
    """Lay the roads of all valleys: a side valley's only as far as it leads anywhere."""
    ends: dict[int, int] = {}
    for valley in reversed(basin.valleys):  # children first, so that their mouths are known
        last = len(valley.xy) - 1
        if valley.order == 2:  # noqa: PLR2004 - a side valley
            if valley.index not in network.joined:
                continue
            last = max(network.joined[valley.index])
        ends[valley.index] = last
        if valley.parent >= 0:
            network.join(valley.index, valley.first)
            network.join(valley.parent, _mouth(valley, basin.valleys[valley.parent]))
    for valley in basin.valleys:
        if valley.index in ends:
            _lay_road(network, valley, ends[valley.index], names)
            if valley.parent >= 0:
                parent = basin.valleys[valley.parent]
                bridge = np.stack([parent.road()[_mouth(valley, parent)], valley.road()[valley.first]])
                network.lay(bridge, _CLASSES[valley.order])


def _mouth(valley: Valley, parent: Valley) -> int:
    """Return the vertex of the parent's road that is nearest to where the valley's road begins."""
    road = parent.road()
    shift = road - valley.road()[valley.first]
    nearest = int(np.argmin(np.hypot(shift[:, 0], shift[:, 1])))
    return max(nearest, parent.first)


def _lay_road(network: Network, valley: Valley, last: int, names: dict[int, str]) -> None:
    road = valley.road()
    stops = sorted({valley.first, last} | {v for v in network.joined.get(valley.index, set()) if v <= last})
    served = max(network.joined.get(valley.index, {valley.first}))
    name = f"{RIVER}公路" if valley.order == 0 else names.get(valley.index, "")
    for begin, end in pairwise(stops):
        kind = _UPPER if begin >= served and valley.order else _CLASSES[valley.order]
        network.lay(road[begin : end + 1], kind, name)
