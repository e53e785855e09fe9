"""Walking costs between demand points and candidates: by the street network, or by straight lines, never silently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from siteplan.access.euclidean import straight_lines
from siteplan.access.matrix import CostMatrix
from siteplan.access.network import Network, Snapped
from siteplan.access.pairs import Pairs, shortest_pairs
from siteplan.access.streets import require_metric
from siteplan.errors import DataError, UsageError
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

_NAMED = 5
"""How many ids a note names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Walking:
    """A cost matrix and what has to be said with it.

    Parameters
    ----------
    matrix : CostMatrix
        Metres; its ``basis`` says how they were found.
    unsnapped_demand, unsnapped_candidates : tuple of str
        Ids of points farther than the snap limit from every street; their walks are straight lines times the factor.
    notes : tuple of str
        What a reader must know, in the language spoken when it was computed.
    """

    matrix: CostMatrix
    unsnapped_demand: tuple[str, ...] = ()
    unsnapped_candidates: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def cost_matrix(  # noqa: PLR0913 (the two sides, their ids, the streets and the three settings of a walk)
    demand: gpd.GeoSeries,
    candidates: gpd.GeoSeries,
    *,
    demand_ids: Sequence[object],
    candidate_ids: Sequence[object],
    streets: gpd.GeoDataFrame | None,
    cutoff_m: float,
    detour_factor: float,
    snap_limit_m: float,
    network: Network | None = None,
) -> Walking:
    """Compute the walking cost of every pair within a cutoff.

    Parameters
    ----------
    demand, candidates : GeoSeries
        Points in one metric CRS.
    demand_ids, candidate_ids : sequences
        Their ids, each once.
    streets : GeoDataFrame or None
        Street lines in the same CRS; None or empty: straight lines times the factor, said in basis and notes.
    cutoff_m : float
        Metres, inclusive: every pair with cost <= cutoff is in the matrix.
    detour_factor : float
        Walked metres for one metre of straight line, used only where the network cannot be.
    snap_limit_m : float
        Metres; a point farther than this from every street is costed by straight lines, said in basis and notes.
    network : Network, optional
        The network of ``streets``, where it has been built before.

    Returns
    -------
    Walking
        Points at exactly the same position cost 0. Points in different components of the network are out of reach.

    Raises
    ------
    DataError
        If a geometry is no point, an id comes twice, or the CRSs are not metric or not the same.
    UsageError
        If a distance is negative or NaN, or the factor is less than 1.
    """
    _check_numbers(cutoff_m, snap_limit_m)
    starts = _points(demand, demand_ids, "demand")
    ends = _points(candidates, candidate_ids, "candidates")
    _same_crs(candidates.crs, demand.crs, "candidates")
    if network is None and streets is not None and len(streets):
        network = Network.from_streets(streets)
    if network is not None:
        _same_crs(network.crs, demand.crs, "streets")
        return _on_network(starts, ends, network, _Limits(cutoff_m, detour_factor, snap_limit_m))
    pairs = straight_lines(starts.xy, ends.xy, cutoff_m=cutoff_m, detour_factor=detour_factor)
    note = _(
        "there is no street network: walks are straight lines times {factor}; rivers and slopes are not seen",
        factor=f"{detour_factor:g}",
    )
    return Walking(matrix=_matrix(starts, ends, pairs, cutoff_m, straight_basis(detour_factor)), notes=(note,))


def straight_basis(detour_factor: float) -> str:
    """Return the basis of straight-line costs.

    >>> straight_basis(1.3)
    'straight line x 1.3'
    """
    return f"straight line x {detour_factor:g}"


class _Limits(NamedTuple):
    cutoff_m: float
    detour_factor: float
    snap_limit_m: float


class _Points(NamedTuple):
    ids: npt.NDArray[np.object_]
    shapes: npt.NDArray[np.object_]
    xy: npt.NDArray[np.float64]


def _on_network(starts: _Points, ends: _Points, network: Network, limits: _Limits) -> Walking:
    cutoff_m = limits.cutoff_m
    at_start = network.snap(starts.shapes, limits.snap_limit_m)
    at_end = network.snap(ends.shapes, limits.snap_limit_m)
    lost_starts, lost_ends = np.flatnonzero(~at_start.found), np.flatnonzero(~at_end.found)
    parts = [
        network.walks(at_start, at_end, cutoff_m),
        _straight(starts, ends, lost_starts, np.arange(len(ends.ids)), limits),
        _straight(starts, ends, np.flatnonzero(at_start.found), lost_ends, limits),
        _same_place(starts, ends),
    ]
    pairs = parts[0]
    if any(len(part.i) for part in parts[1:]):
        i, j, cost = (np.concatenate(column) for column in zip(*parts, strict=True))
        del parts, pairs
        pairs = shortest_pairs(i, j, cost, cutoff_m)
    lost = len(lost_starts) + len(lost_ends)
    basis = f"network; {straight_basis(limits.detour_factor)} for {lost} points" if lost else "network"
    unsnapped = tuple(tuple(str(name) for name in side) for side in (starts.ids[lost_starts], ends.ids[lost_ends]))
    return Walking(
        matrix=_matrix(starts, ends, pairs, cutoff_m, basis),
        unsnapped_demand=unsnapped[0],
        unsnapped_candidates=unsnapped[1],
        notes=(
            *_skipped_note(network),
            *_unsnapped_note(_("demand points"), unsnapped[0], limits),
            *_unsnapped_note(_("candidates"), unsnapped[1], limits),
            *_stranded_note(starts, at_start, at_end, network),
        ),
    )


def _straight(
    starts: _Points, ends: _Points, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], limits: _Limits
) -> Pairs:
    near = straight_lines(
        starts.xy[rows], ends.xy[columns], cutoff_m=limits.cutoff_m, detour_factor=limits.detour_factor
    )
    return Pairs(rows[near.i], columns[near.j], near.cost)


def _same_place(starts: _Points, ends: _Points) -> Pairs:
    """Return the pairs at exactly one position, which cost 0 although each may stand off the street."""
    return straight_lines(starts.xy, ends.xy, cutoff_m=0.0, detour_factor=1.0)


def _skipped_note(network: Network) -> list[str]:
    if not network.skipped:
        return []
    text = _(
        "{n} streets have no extent and carry no walk: {ids}",
        n=len(network.skipped),
        ids=_first(network.skipped),
    )
    return [text]


def _unsnapped_note(what: str, ids: tuple[str, ...], limits: _Limits) -> list[str]:
    if not ids:
        return []
    text = _(
        "{n} {what} are farther than {limit} m from every street, their walks are straight lines times {factor}: {ids}",
        n=len(ids),
        what=what,
        limit=f"{limits.snap_limit_m:g}",
        factor=f"{limits.detour_factor:g}",
        ids=_first(ids),
    )
    return [text]


def _stranded_note(starts: _Points, at_start: Snapped, at_end: Snapped, network: Network) -> list[str]:
    """Tell of demand points whose part of the network holds no candidate at all."""
    part = network.component[network.u]
    served = np.unique(part[at_end.edge[at_end.found]])
    on_network = np.flatnonzero(at_start.found)
    stranded = on_network[~np.isin(part[at_start.edge[on_network]], served)]
    if not len(stranded):
        return []
    text = _(
        "{n} demand points lie on parts of the street network that hold no candidate; the network has {parts} parts, "
        "the largest with {share} of its length: {ids}",
        n=len(stranded),
        parts=len(network.component_length),
        share=f"{network.largest_share:.1%}",
        ids=_first(tuple(str(name) for name in starts.ids[stranded])),
    )
    return [text]


def _first(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:_NAMED]) + (" ..." if len(ids) > _NAMED else "")


def _matrix(starts: _Points, ends: _Points, pairs: Pairs, cutoff_m: float, basis: str) -> CostMatrix:
    return CostMatrix(
        demand=starts.ids, candidates=ends.ids, i=pairs.i, j=pairs.j, cost=pairs.cost, cutoff=cutoff_m, basis=basis
    )


def _points(series: gpd.GeoSeries, ids: Sequence[object], role: str) -> _Points:
    """Check one side and return it as arrays.

    Raises
    ------
    DataError
        If there is not one id a point, an id comes twice, a geometry is no point, or the CRS is not metric.
    """
    names = np.empty(len(ids), dtype=object)
    names[:] = list(ids)
    if len(names) != len(series):
        raise UsageError(f"{role}: {len(series)} points but {len(names)} ids")
    require_metric(series.crs, role)
    seen: set[object] = set()
    for name in names:
        if name in seen:
            raise DataError(
                _("the id {id} comes twice in {role}", id=name, role=role),
                remedy=_("give every row of the layer an id of its own"),
                row=str(name),
            )
        seen.add(name)
    shapes = np.asarray(series.to_numpy(), dtype=object)
    usable = (shapely.get_type_id(shapes) == 0) & ~shapely.is_empty(shapes)
    usable[usable] = np.isfinite(shapely.get_coordinates(shapes[usable])).all(axis=1)
    if not usable.all():
        raise DataError(
            _("{n} geometries of {role} are no points with finite coordinates", n=int((~usable).sum()), role=role),
            remedy=_("give points, such as the representative points of the shapes"),
            row=str(names[int(np.flatnonzero(~usable)[0])]),
        )
    return _Points(names, shapes, shapely.get_coordinates(shapes))


def _same_crs(crs: object, expected: object, role: str) -> None:
    if crs != expected:
        raise DataError(
            _("the layer {role} is in another CRS than the demand points", role=role),
            remedy=_("bring all layers to one projected CRS in metres first (study.toml: [study] crs)"),
        )


def _check_numbers(cutoff_m: float, snap_limit_m: float) -> None:
    for name, value in (("cutoff_m", cutoff_m), ("snap_limit_m", snap_limit_m)):
        if not value >= 0:
            raise UsageError(f"{name} = {value}: must be 0 or more")
