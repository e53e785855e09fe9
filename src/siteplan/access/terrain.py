"""Minutes of walks on the street network with its slopes: Tobler's function along every street, in either direction.

Metres stay what rules are measured by. Minutes are of the quickest walk, which need not be the shortest, and there and back differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from scipy import sparse
from scipy.sparse import csgraph

from siteplan.access.tobler import FLAT_M_PER_MIN, minutes
from siteplan.layers.heights import heights_at
from siteplan.layers.slope import cell_metres

if TYPE_CHECKING:
    from siteplan.access.network import Network, Snapped
    from siteplan.layers.raster import Raster

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

LEAST_STEP_M = 25.0
"""Metres: a street is not cut into pieces shorter than this, nor shorter than a cell of the elevation model, whose noise would become slope."""

_CELLS = 4_000_000
"""Cells of (targets in one chunk) x nodes: bounds memory to some hundred megabytes."""

_FIRST_LIMIT = 4.0
"""A walk is first looked for within this multiple of the minutes that its metres take on the flat."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Terrain:
    """A street network with the minutes that its streets take.

    Parameters
    ----------
    network : Network
    pieces : (n_edges,) int64
        Equally long pieces that each edge is cut into.
    start : (n_edges,) int64
        Row of ``forward`` and ``backward`` at which each edge begins; it has ``pieces + 1`` rows.
    forward : (n_rows,) float64
        Minutes from the edge's node u to the end of each piece.
    backward : (n_rows,) float64
        Minutes from the end of each piece to the node u.
    unknown_share : float
        Share of the streets' length, 0 to 1, whose slope is not known because the elevation model has no height there: taken as flat.
    """

    network: Network
    pieces: Ints
    start: Ints
    forward: Floats
    backward: Floats
    unknown_share: float

    @classmethod
    def of(cls, network: Network, dem: Raster) -> Terrain:
        """Lay a network over an elevation model.

        Raises
        ------
        DataError
            If the model cannot be read.
        """
        step = max(LEAST_STEP_M, cell_metres(dem))
        pieces = np.maximum(1, np.ceil(network.length / step)).astype(np.int64)
        rows = pieces + 1
        start = np.cumsum(rows) - rows
        edge = np.repeat(np.arange(len(pieces)), rows)
        part = np.arange(len(edge)) - start[edge]
        along = network.length[edge] * part / pieces[edge]
        points = shapely.line_interpolate_point(network.lines[edge], along)
        height = heights_at(dem, shapely.get_coordinates(points), CRS.from_user_input(network.crs))
        run = np.where(part > 0, network.length[edge] / pieces[edge], 0.0)
        rise = np.r_[0.0, np.diff(height)]
        unknown = np.isnan(rise) & (part > 0)
        rise[np.isnan(rise) | (part == 0)] = 0.0
        return cls(
            network=network,
            pieces=pieces,
            start=start,
            forward=_summed(minutes(run, rise), start, edge),
            backward=_summed(minutes(run, -rise), start, edge),
            unknown_share=float(run[unknown].sum() / network.length.sum()),
        )

    @cached_property
    def graph(self) -> sparse.csr_array:
        """Directed (n_nodes, n_nodes) CSR of minutes, the quickest of parallel edges."""
        last = self.start + self.pieces
        begin = np.r_[self.network.u, self.network.v]
        end = np.r_[self.network.v, self.network.u]
        cost = np.r_[self.forward[last], self.backward[last]]
        order = np.lexsort((cost, end, begin))
        begin, end, cost = begin[order], end[order], cost[order]
        first = np.r_[True, (begin[1:] != begin[:-1]) | (end[1:] != end[:-1])] & (begin != end)
        size = len(self.network.nodes)
        return sparse.csr_array((cost[first], (begin[first], end[first])), shape=(size, size))

    def _at(self, edge: Ints, offset: Floats) -> tuple[Floats, Floats]:
        """Return the minutes from node u to places on edges, and from there to node u."""
        where = offset / self.network.length[edge] * self.pieces[edge]
        piece = np.clip(np.floor(where).astype(np.int64), 0, self.pieces[edge] - 1)
        row, part = self.start[edge] + piece, where - piece
        there, back = (table[row] + part * (table[row + 1] - table[row]) for table in (self.forward, self.backward))
        return there, back

    def places(self, points: Snapped) -> Places:
        """Return how long it takes from points on the network to the ends of their streets, and from these to the points."""
        edge = points.edge
        from_u, to_u = self._at(edge, points.offset)
        last = self.start[edge] + self.pieces[edge]
        return Places(
            edge=edge,
            offset=points.offset,
            walk=points.walk / FLAT_M_PER_MIN,
            u=self.network.u[edge],
            v=self.network.v[edge],
            from_u=from_u,
            to_u=to_u,
            from_v=self.backward[last] - to_u,
            to_v=self.forward[last] - from_u,
        )

    def minutes(
        self, origins: Snapped, destinations: Snapped, i: Ints, j: Ints, metres: Floats
    ) -> tuple[Floats, Floats]:
        """Return the minutes of the quickest walks of pairs, there and back.

        Parameters
        ----------
        origins, destinations : Snapped
            Points on the network; those of the pairs must have joined it.
        i, j : (n_pairs,) int64
            Rows of origins and of destinations.
        metres : (n_pairs,) float64
            Of the shortest walks: how far is looked first.

        Returns
        -------
        there, back : (n_pairs,) float64
            Minutes; infinite where no street leads. The straight walks to and from the street are taken as flat.
        """
        order = np.argsort(j, kind="stable")
        wanted, first, column = np.unique(j[order], return_index=True, return_inverse=True)
        homes, targets = self.places(origins.take(i[order])), self.places(destinations.take(wanted))
        search = _Search(self.graph, targets)
        there, back = np.full(len(i), np.inf), np.full(len(i), np.inf)
        chunk = max(1, _CELLS // (len(self.network.nodes) + len(wanted)))
        ends = np.r_[first, len(order)]
        for begin in range(0, len(wanted), chunk):
            stop = min(begin + chunk, len(wanted))
            rows = np.arange(ends[begin], ends[stop])
            limit = _FIRST_LIMIT * float(np.nan_to_num(metres[order[rows]]).max(initial=1.0)) / FLAT_M_PER_MIN
            here = homes.take(rows), column[rows] - begin
            there[order[rows]], back[order[rows]] = search.minutes(*here, np.arange(begin, stop), limit)
        return there, back


class _Search:
    """Searches from and to targets, each a node of its own with one-way edges to the ends of its street, or from them."""

    def __init__(self, graph: sparse.csr_array, targets: Places) -> None:
        self._targets = targets
        self._size = graph.shape[0]
        self._from = _with_targets(graph, targets, targets.to_u, targets.to_v)
        self._to = _with_targets(sparse.csr_array(graph.T), targets, targets.from_u, targets.from_v)

    def minutes(self, home: Places, row: Ints, wanted: Ints, limit: float) -> tuple[Floats, Floats]:
        """Return the minutes from homes to the targets ``wanted[row]``, and back; ``limit``: minutes within which is looked first."""
        target = self._targets.take(wanted[row])
        for reach in (limit, np.inf):
            to_target, from_target = (
                csgraph.dijkstra(graph, indices=self._size + wanted, limit=reach)[:, : self._size]
                for graph in (self._to, self._from)
            )
            there = home.walk + np.minimum(home.to_u + to_target[row, home.u], home.to_v + to_target[row, home.v])
            back = home.walk + np.minimum(
                from_target[row, home.u] + home.from_u, from_target[row, home.v] + home.from_v
            )
            there, back = _along_one_street(home, target, there, back)
            # what takes longer than the reach may be quicker by the end of the street that was not reached
            if max(there.max(initial=0.0), back.max(initial=0.0)) <= reach:
                break
        return there, back


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Points on a network, with minutes to and from both ends of their streets; all (n,).

    Parameters
    ----------
    edge : int64
    offset : float64
        Metres from the node ``u``.
    walk : float64
        Minutes of the straight walk to the street.
    u, v : int64
        Nodes.
    from_u, to_u, from_v, to_v : float64
        Minutes along the street, without the straight walk.
    """

    edge: Ints
    offset: Floats
    walk: Floats
    u: Ints
    v: Ints
    from_u: Floats
    to_u: Floats
    from_v: Floats
    to_v: Floats

    def take(self, rows: Ints) -> Places:
        """Return the places of ``rows``."""
        return Places(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


def _summed(values: Floats, start: Ints, edge: Ints) -> Floats:
    """Return the running sum of each edge."""
    total = np.cumsum(values)
    return total - (total[start] - values[start])[edge]


def _with_targets(graph: sparse.csr_array, target: Places, to_u: Floats, to_v: Floats) -> sparse.csr_array:
    """Return the graph with a node for each target, and edges of these minutes from it to the ends of its street."""
    size, count = graph.shape[0], len(target.u)
    street = graph.tocoo()
    virtual = size + np.arange(count)
    loop = target.u == target.v
    to_u = target.walk + np.where(loop, np.minimum(to_u, to_v), to_u)
    start = np.r_[street.row, virtual, virtual[~loop]]
    end = np.r_[street.col, target.u, target.v[~loop]]
    cost = np.r_[street.data, to_u, (target.walk + to_v)[~loop]]
    return sparse.csr_array((cost, (start, end)), shape=(size + count, size + count))


def _along_one_street(home: Places, target: Places, there: Floats, back: Floats) -> tuple[Floats, Floats]:
    """Return the minutes where walks along the one street that both points are on count too."""
    same = np.flatnonzero(home.edge == target.edge)
    a, b = home.take(same), target.take(same)
    onward = b.offset >= a.offset
    straight = a.walk + b.walk
    out = np.where(onward, b.from_u - a.from_u, a.to_u - b.to_u)
    home_again = np.where(onward, b.to_u - a.to_u, a.from_u - b.from_u)
    there[same] = np.minimum(there[same], straight + out)
    back[same] = np.minimum(back[same], straight + home_again)
    return there, back


def straight_minutes(
    dem: Raster, start: Floats, end: Floats, crs: CRS, detour_factor: float
) -> tuple[Floats, Floats, Floats]:
    """Return the minutes of walks where there is no street: straight lines over the ground, times the detour factor.

    Parameters
    ----------
    dem : Raster
    start, end : (n, 2) float64
        Metres, in ``crs``.
    crs : CRS
    detour_factor : float

    Returns
    -------
    there, back : (n,) float64
        Minutes; where a height is missing, as on the flat.
    unknown : (n,) float64
        Metres of each line where a height is missing.
    """
    metres = np.hypot(*(end - start).T)
    step = max(LEAST_STEP_M, cell_metres(dem))
    pieces = np.maximum(1, np.ceil(metres / step)).astype(np.int64)
    rows = pieces + 1
    first = np.cumsum(rows) - rows
    line = np.repeat(np.arange(len(pieces)), rows)
    part = np.arange(len(line)) - first[line]
    share = (part / pieces[line])[:, None]
    height = heights_at(dem, start[line] * (1 - share) + end[line] * share, crs)
    rise = np.r_[0.0, np.diff(height)][: len(line)]
    run = np.where(part > 0, metres[line] / pieces[line], 0.0)
    unknown = np.bincount(line, weights=np.where(np.isnan(rise), run, 0.0), minlength=len(pieces)).astype(np.float64)
    rise[np.isnan(rise) | (part == 0)] = 0.0
    there, back = (
        np.asarray(
            np.bincount(line, weights=minutes(run, sign * rise), minlength=len(pieces)) * detour_factor,
            dtype=np.float64,
        )
        for sign in (1.0, -1.0)
    )
    return there, back, unknown
