"""Which community a site or a building lies in or belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from siteplan.errors import DataError
from siteplan.messages import N_, _

if TYPE_CHECKING:
    import geopandas as gpd

NEAR_M = 100.0
"""Metres within which a building outside every given community belongs to the nearest one."""

_NAMED = 5


def lies_in(points: npt.NDArray[np.object_], areas: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    """Return the id of the area that each point lies in or on, the first by id of several, None: in none."""
    areas = areas.sort_values("id")
    row, area = shapely.STRtree(areas.geometry.to_numpy()).query(points, predicate="intersects")
    return _first(row, area, len(points), areas["id"].to_numpy(dtype=object))


def nearest_to(
    points: npt.NDArray[np.object_], areas: gpd.GeoDataFrame, limit_m: float | None = None
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float64]]:
    """Return the id of the area nearest to each point, the first by id of several, and the metres to it.

    None and NaN where nothing is within ``limit_m`` (inclusive).
    """
    areas = areas.sort_values("id")
    (row, area), metres = shapely.STRtree(areas.geometry.to_numpy()).query_nearest(
        points, max_distance=limit_m, return_distance=True
    )
    far = np.full(len(points), np.nan)
    far[row] = metres
    return _first(row, area, len(points), areas["id"].to_numpy(dtype=object)), far


def join_buildings(
    demand: gpd.GeoDataFrame,
    given: gpd.GeoDataFrame | None,
    sites: gpd.GeoDataFrame | None,
    members: pd.DataFrame,
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Fill in ``community_id`` of every building, and ``site_id`` where the nearest site decided.

    In this order: its own community_id; the community of its site_id; the given community it lies in; the nearest one
    within NEAR_M; the community of the nearest site.

    Parameters
    ----------
    demand : GeoDataFrame
        Columns building_id; site_id and community_id where known; points.
    given, sites : GeoDataFrame or None
        Column id and geometry, same CRS.
    members : DataFrame
        Columns site_id, community_id.

    Returns
    -------
    GeoDataFrame, tuple of str
        The buildings, and notes of what was decided by nearness.

    Raises
    ------
    DataError
        If a building names a community or site that does not exist, or belongs to none.
    """
    community, site = _texts(demand, "community_id"), _texts(demand, "site_id")
    community_of = dict(zip(members["site_id"], members["community_id"], strict=True))
    known = set(community_of.values()) | (set() if given is None else set(given["id"]))
    _refuse_unknown(demand, community, known, "community_id")
    _refuse_unknown(demand, site, set(community_of), "site_id")
    community = np.where(_open(community), _looked_up(site, community_of), community)
    points, notes = demand.geometry.to_numpy(), []
    if given is not None and len(given):
        left = np.flatnonzero(_open(community))
        community[left] = lies_in(points[left], given)
        left = np.flatnonzero(_open(community))
        community[left], metres = nearest_to(points[left], given, NEAR_M)
        notes += _nearness_note(_("community"), metres)
    if sites is not None and len(sites):
        left = np.flatnonzero(_open(community))
        site[left], metres = nearest_to(points[left], sites)
        community[left] = _looked_up(site[left], community_of)
        notes += _nearness_note(_("site"), metres)
    _refuse_homeless(demand, community)
    filled = {"site_id": pd.Series(site, index=demand.index, dtype="str")}
    return demand.assign(**filled, community_id=pd.Series(community, index=demand.index, dtype="str")), tuple(notes)


def _first(
    row: npt.NDArray[np.int64], area: npt.NDArray[np.int64], size: int, ids: npt.NDArray[np.object_]
) -> npt.NDArray[np.object_]:
    found = np.full(size, None, dtype=object)
    order = np.lexsort((area, row))
    rows, first = np.unique(row[order], return_index=True)
    found[rows] = ids[area[order][first]]
    return found


def _texts(frame: pd.DataFrame, name: str) -> npt.NDArray[np.object_]:
    """Return a text column as objects, None where it is missing, NaN or empty."""
    if name not in frame:
        return np.full(len(frame), None, dtype=object)
    column = frame[name].to_numpy(dtype=object, copy=True)
    column[pd.isna(column) | (column == "")] = None
    return column


def _open(column: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    return np.asarray(pd.isna(column), dtype=bool)


def _looked_up(keys: npt.NDArray[np.object_], table: dict[str, str]) -> npt.NDArray[np.object_]:
    return np.array([table.get(key) for key in keys] + [None], dtype=object)[:-1]


def _refuse_unknown(demand: pd.DataFrame, column: npt.NDArray[np.object_], known: set[str], name: str) -> None:
    wrong = ~_open(column) & ~np.isin(column.astype(str), sorted(known))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            _("{n} buildings have a {column} that does not exist, such as {value}", n=int(wrong.sum()), column=name,
              value=column[row]),
            remedy=_("correct the column {column} of the buildings, or leave it empty", column=name),
            row=str(demand["building_id"].iloc[row]),
        )  # fmt: skip


def _refuse_homeless(demand: pd.DataFrame, community: npt.NDArray[np.object_]) -> None:
    homeless = np.flatnonzero(_open(community))
    if len(homeless):
        names = demand["building_id"].iloc[homeless].astype(str).tolist()
        raise DataError(
            _("{n} buildings are in no community, nor within {limit} m of one: {ids}", n=len(names),
              limit=f"{NEAR_M:g}", ids=", ".join(names[:_NAMED]) + (" ..." if len(names) > _NAMED else "")),
            remedy=_("give them a community_id, widen the communities, or leave the buildings out"),
            row=names[0],
        )  # fmt: skip


def _nearness_note(what: str, metres: npt.NDArray[np.float64]) -> list[str]:
    metres = metres[~np.isnan(metres)]
    if not len(metres):
        return []
    text = N_("{n} buildings say no {what} and lie in none, and belong to the nearest, {metres} m away at most")
    return [_(text, n=len(metres), what=what, metres=f"{metres.max():.0f}")]
