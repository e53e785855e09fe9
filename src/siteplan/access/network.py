"""The walking network: streets to a graph, points to edges, bounded shortest walks between points.

A node stands where a vertex is shared: used by two lines, twice by one line, or at a line's end. Two streets that
cross without a shared vertex (a bridge) do not meet. Walking is undirected. A point joins the network at the nearest
place of the nearest edge, and the straight walk to that place counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy import sparse
from scipy.sparse import csgraph

from siteplan.access.pairs import SLACK_M, Pairs, shortest_pairs
from siteplan.access.streets import edge_lengths, edge_lines, require_metric, split_at_nodes, street_lines
from siteplan.errors import DataError, UsageError
from siteplan.layers.vertices import TOLERANCE_M, vertex_ids
from siteplan.messages import _

if TYPE_CHECKING:
    import geopandas as gpd

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

_CELLS = 4_000_000
"""Cells of (sources in one chunk) x (nodes and targets): bounds memory to a few hundred megabytes."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapped:
    """Points on the edges of a network.

    Parameters
    ----------
    edge : (n,) int64
        Edge that each point joins; -1: farther than the snap limit from every edge.
    offset : (n,) float64
        Metres from the edge's node ``u`` along it.
    walk : (n,) float64
        Metres of the straight walk from the point to the edge; NaN where edge is -1.
    """

    edge: Ints
    offset: Floats
    walk: Floats

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Whether each point has joined the network, (n,) bool."""
        return self.edge >= 0

    def take(self, rows: Ints) -> Snapped:
        """Return the points of ``rows``."""
        return Snapped(edge=self.edge[rows], offset=self.offset[rows], walk=self.walk[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """An undirected walking graph whose edges keep their street geometry.

    Parameters
    ----------
    crs : object
        Metric CRS (pyproj) of all coordinates.
    nodes : (n_nodes, 2) float64
        Coordinates, metres.
    u, v : (n_edges,) int64
        End nodes of each edge; equal for a closed street that meets no other.
    length : (n_edges,) float64
        Metres along the street.
    lines : (n_edges,) object
        Shapely LineStrings from u to v; parallel edges are all kept.
    skipped : tuple of str
        Index labels of streets without any extent (no geometry, or shorter than the tolerance).
    """

    crs: Any
    nodes: Floats
    u: Ints
    v: Ints
    length: Floats
    lines: npt.NDArray[np.object_]
    skipped: tuple[str, ...] = ()

    @classmethod
    def from_streets(cls, streets: gpd.GeoDataFrame, *, tolerance_m: float = TOLERANCE_M) -> Network:
        """Build the graph of a street layer.

        Parameters
        ----------
        streets : GeoDataFrame
            LineStrings or MultiLineStrings in a metric CRS; heights are not used.
        tolerance_m : float
            Metres of the raster that coordinates are rounded to when shared vertices are looked for.

        Raises
        ------
        DataError
            If there is no street, the CRS is missing or not metric, or a geometry is no line with finite coordinates.
        """
        if not tolerance_m > 0:
            raise UsageError(f"tolerance_m = {tolerance_m}: must be more than 0")
        require_metric(streets.crs, "streets")
        lines, row = street_lines(streets)
        xy, line = shapely.get_coordinates(lines, return_index=True)
        vertex = vertex_ids(xy, tolerance_m)
        # Vertices that fall on the one before them add neither length nor a crossing.
        keep = np.r_[True, (line[1:] != line[:-1]) | (vertex[1:] != vertex[:-1])][: len(line)]
        keep &= np.bincount(line[keep], minlength=len(lines))[line] > 1
        xy, line, vertex = xy[keep], line[keep], vertex[keep]
        alive = np.zeros(len(streets), dtype=bool)
        alive[row[line]] = True
        if not alive.any():
            raise DataError(
                _("the layer {role} has no line with any length", role="streets"),
                remedy=_(
                    "give a street layer with lines, or leave it out: walks are then straight lines times a factor"
                ),
            )
        first, last = split_at_nodes(line, vertex)
        nodes, ends = np.unique(np.r_[vertex[first], vertex[last]], return_inverse=True)
        where = np.zeros((len(nodes), 2))
        where[ends] = np.r_[xy[first], xy[last]]
        return cls(
            crs=streets.crs,
            nodes=where,
            u=ends[: len(first)].astype(np.int64),
            v=ends[len(first) :].astype(np.int64),
            length=edge_lengths(xy, first, last),
            lines=edge_lines(xy, first, last),
            skipped=tuple(str(label) for label in streets.index[~alive]),
        )

    def __repr__(self) -> str:
        """Return sizes and how much of the length hangs together."""
        parts = len(self.component_length)
        return (
            f"Network({len(self.nodes)} nodes, {len(self.u)} edges, {self.length.sum() / 1000:.1f} km, "
            f"{parts} components, {self.largest_share:.1%} of the length in the largest)"
        )

    @cached_property
    def graph(self) -> sparse.csr_array:
        """Symmetric (n_nodes, n_nodes) CSR of metres, the shortest of parallel edges."""
        low, high = np.minimum(self.u, self.v), np.maximum(self.u, self.v)
        order = np.lexsort((self.length, high, low))
        low, high, length = low[order], high[order], self.length[order]
        first = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])] & (low != high)
        low, high, length = low[first], high[first], length[first]
        size = len(self.nodes)
        pairs = (np.r_[low, high], np.r_[high, low])
        return sparse.csr_array((np.r_[length, length], pairs), shape=(size, size))

    @cached_property
    def component(self) -> Ints:
        """Component of each node, (n_nodes,) int64, 0 being the longest one."""
        label = csgraph.connected_components(self.graph, directed=False)[1]
        order = np.argsort(-np.bincount(label[self.u], weights=self.length), kind="stable")
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        return rank[label]

    @cached_property
    def component_length(self) -> Floats:
        """Metres of street in each component, (n_components,), longest first."""
        return np.bincount(self.component[self.u], weights=self.length).astype(np.float64)

    @property
    def largest_share(self) -> float:
        """Share of the length that lies in the longest component, 0 to 1."""
        return float(self.component_length[0] / self.length.sum())

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.lines)

    def snap(self, points: npt.NDArray[np.object_], limit_m: float) -> Snapped:
        """Put points on their nearest edges.

        Parameters
        ----------
        points : (n,) object
            Shapely points in the network's CRS; of several equally near edges the first is taken.
        limit_m : float
            Metres; a point farther than this from every edge gets edge -1.
        """
        edge = np.full(len(points), -1, dtype=np.int64)
        offset, walk = np.full(len(points), np.nan), np.full(len(points), np.nan)
        (row, near), metres = self._tree.query_nearest(points, max_distance=limit_m + SLACK_M, return_distance=True)
        order = np.lexsort((near, row))
        row, near, metres = row[order], near[order], metres[order]
        row, first = np.unique(row, return_index=True)
        edge[row], walk[row] = near[first], metres[first]
        along = shapely.line_locate_point(self.lines[edge[row]], points[row])
        offset[row] = np.clip(along, 0.0, self.length[edge[row]])
        return Snapped(edge=edge, offset=offset, walk=walk)

    def walks(self, origins: Snapped, destinations: Snapped, cutoff_m: float) -> Pairs:
        """Find the shortest walk of every pair within a cutoff.

        Parameters
        ----------
        origins, destinations : Snapped
            Points on this network; those with edge -1 are in no pair.
        cutoff_m : float
            Metres, inclusive (see SLACK_M); infinity: all pairs of one component.

        Returns
        -------
        Pairs
            i: rows of origins, j: rows of destinations; the walks to and from the edges are part of the cost.

        Notes
        -----
        Bounded Dijkstra from the side with fewer points, over chunks of sources: never a dense matrix of both sides.
        """
        rows, columns = np.flatnonzero(origins.found), np.flatnonzero(destinations.found)
        if len(rows) < len(columns):
            source, target, cost = self._search(origins.take(rows), destinations.take(columns), cutoff_m)
        else:
            target, source, cost = self._search(destinations.take(columns), origins.take(rows), cutoff_m)
        return shortest_pairs(rows[source], columns[target], cost, cutoff_m)

    def _search(self, sources: Snapped, targets: Snapped, cutoff_m: float) -> tuple[Ints, Ints, Floats]:
        if not len(sources.edge) or not len(targets.edge):
            nothing = np.zeros(0, dtype=np.int64)
            return nothing, nothing, np.zeros(0)
        graph, places = self._with_sources(sources), _Places(self, targets)
        chunk = max(1, _CELLS // (len(self.nodes) + len(sources.edge) + 2 * len(targets.edge)))
        found = []
        for start in range(0, len(sources.edge), chunk):
            rows = np.arange(start, min(start + chunk, len(sources.edge)))
            from_rows = csgraph.dijkstra(graph, indices=len(self.nodes) + rows, limit=cutoff_m + SLACK_M)
            row, target, cost = places.reached(from_rows[:, : len(self.nodes)], sources.take(rows))
            found.append(shortest_pairs(rows[row], target, cost, cutoff_m))  # by either end of an edge: each pair once
        source, target, cost = (np.concatenate(column) for column in zip(*found, strict=True))
        return source, target, cost

    def _with_sources(self, sources: Snapped) -> sparse.csr_array:
        """Return the graph with one more node a source and one-way edges from it to the ends of its street edge."""
        size, count = len(self.nodes), len(sources.edge)
        street = self.graph.tocoo()
        virtual = size + np.arange(count)
        to_u = sources.walk + sources.offset
        to_v = sources.walk + self.length[sources.edge] - sources.offset
        u, v = self.u[sources.edge], self.v[sources.edge]
        to_u = np.where(u == v, np.minimum(to_u, to_v), to_u)
        open_street = u != v
        start = np.r_[street.row, virtual, virtual[open_street]]
        end = np.r_[street.col, u, v[open_street]]
        metres = np.r_[street.data, to_u, to_v[open_street]]
        return sparse.csr_array((metres, (start, end)), shape=(size + count, size + count))


class _Places:
    """Targets grouped by the end nodes of their edges, so that only what a search reached is looked at."""

    def __init__(self, network: Network, targets: Snapped) -> None:
        self._targets = targets
        self._u, self._v = network.u[targets.edge], network.v[targets.edge]
        self._from_u = targets.walk + targets.offset
        self._from_v = targets.walk + network.length[targets.edge] - targets.offset
        self._at_u = _Groups(self._u, len(network.nodes))
        self._at_v = _Groups(self._v, len(network.nodes))
        self._on_edge = _Groups(targets.edge, len(network.u))

    def reached(self, metres: Floats, sources: Snapped) -> tuple[Ints, Ints, Floats]:
        """Return (row, target, metres), each pair once, from (n_rows, n_nodes) distances, inf: not reached."""
        row, node = np.nonzero(np.isfinite(metres))
        distance = metres[row, node]
        # 1: by way of u, or of v where that is nearer; 2: only v was reached; 3: neither end was, on the same edge.
        entry, by_u = self._at_u.members(node)
        row_u = row[entry]
        cost_u = np.minimum(distance[entry] + self._from_u[by_u], metres[row_u, self._v[by_u]] + self._from_v[by_u])
        entry, by_v = self._at_v.members(node)
        only_v = np.isinf(metres[row[entry], self._u[by_v]])
        entry, by_v = entry[only_v], by_v[only_v]
        row_v, cost_v = row[entry], distance[entry] + self._from_v[by_v]
        row_e, by_e = self._on_edge.members(sources.edge)
        neither = np.isinf(metres[row_e, self._u[by_e]]) & np.isinf(metres[row_e, self._v[by_e]])
        row_e, by_e = row_e[neither], by_e[neither]
        rows, target = np.r_[row_u, row_v, row_e], np.r_[by_u, by_v, by_e]
        cost = np.r_[cost_u, cost_v, np.full(len(row_e), np.inf)]
        return rows, target, self._along_one_edge(rows, target, cost, sources)

    def _along_one_edge(self, rows: Ints, target: Ints, cost: Floats, sources: Snapped) -> Floats:
        same = np.flatnonzero(sources.edge[rows] == self._targets.edge[target])
        source, other = rows[same], target[same]
        apart = np.abs(sources.offset[source] - self._targets.offset[other])
        cost[same] = np.minimum(cost[same], apart + sources.walk[source] + self._targets.walk[other])
        return cost


class _Groups:
    """Members of each group, from the group of each member."""

    def __init__(self, group: Ints, n_groups: int) -> None:
        self._order = np.argsort(group, kind="stable")
        self._count = np.bincount(group, minlength=n_groups)
        self._start = np.cumsum(self._count) - self._count

    def members(self, groups: Ints) -> tuple[Ints, Ints]:
        """Return (entry, member): each member of ``groups[entry]``, for every entry in turn."""
        count = self._count[groups]
        entry = np.repeat(np.arange(len(groups)), count)
        within = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
        return entry, self._order[self._start[groups][entry] + within]
