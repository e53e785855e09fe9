"""The oracle: walks by networkx over a graph of every street vertex, split where points join; plain loops, no SciPy."""

from __future__ import annotations

import math
from itertools import pairwise

import networkx as nx
import shapely


def _segments(lines, tolerance):
    """Yield (key, key, start, end) of every segment; vertices that round to the one before are left out."""
    for line in lines:
        for part in shapely.get_parts(line):
            kept = []
            for x, y in part.coords:
                key = (round(x / tolerance), round(y / tolerance))
                if not kept or kept[-1][0] != key:
                    kept.append((key, (x, y)))
            for (key_a, a), (key_b, b) in pairwise(kept):
                yield key_a, key_b, a, b


def walks(lines, origins, destinations, *, snap_limit, detour_factor, cutoff=None, tolerance=0.1):
    """Return {(origin row, destination row): metres}; on the network only within the cutoff, if there is one."""
    graph, lost = _split_graph(lines, origins, destinations, snap_limit, tolerance)
    found = {}
    for column, end in enumerate(destinations):
        reached = {}
        if ("d", column) not in lost:
            reached = nx.single_source_dijkstra_path_length(graph, ("p", "d", column), cutoff=cutoff)
        for row, start in enumerate(origins):
            if start.equals(end):
                found[row, column] = 0.0
            elif ("o", row) in lost or ("d", column) in lost:
                found[row, column] = start.distance(end) * detour_factor
            elif ("p", "o", row) in reached:
                found[row, column] = reached["p", "o", row]
    return found


def _split_graph(lines, origins, destinations, snap_limit, tolerance):
    segments = list(_segments(lines, tolerance))
    shapes = [shapely.LineString([a, b]) for _, _, a, b in segments]
    west, south, east, north = shapely.bounds(shapes).T
    points = [("o", row, p) for row, p in enumerate(origins)] + [("d", row, p) for row, p in enumerate(destinations)]
    joins, lost = {}, set()
    for side, row, point in points:
        reach = snap_limit + 1
        near = (
            (west - reach <= point.x)
            & (point.x <= east + reach)
            & (south - reach <= point.y)
            & (point.y <= north + reach)
        )
        rows = near.nonzero()[0]
        metres = {int(k): shapely.distance(shapes[k], point) for k in rows}
        nearest = min(metres, key=lambda k: (metres[k], k), default=None)
        if nearest is None or metres[nearest] > snap_limit:
            lost.add((side, row))
            continue
        along = shapely.line_locate_point(shapes[nearest], point)
        joins.setdefault(nearest, []).append((along, (side, row), metres[nearest]))
    graph = nx.Graph()
    for index, (key_a, key_b, a, b) in enumerate(segments):
        stops = [(0.0, ("n", key_a)), *((along, ("s", *name)) for along, name, _ in sorted(joins.get(index, [])))]
        stops.append((math.dist(a, b), ("n", key_b)))
        for (from_m, one), (to_m, other) in pairwise(stops):
            _shorter(graph, one, other, max(0.0, to_m - from_m))
        for _along, name, walk in joins.get(index, []):
            _shorter(graph, ("s", *name), ("p", *name), walk)
    return graph, lost


def _shorter(graph, one, other, metres):
    if not graph.has_edge(one, other) or graph[one][other]["weight"] > metres:
        graph.add_edge(one, other, weight=metres)
