"""Claims about who is served by what: every building, every type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.auditing.claims import close
from siteplan.auditing.homes import figures, text
from siteplan.auditing.outcome import within
from siteplan.auditing.service import FULL, NONE, OUT_OF_REACH, SERVED
from siteplan.messages import _
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.service import Service
    from siteplan.auditing.walks import Walks

METRES = 1e-3
"""Metres by which two walks may differ and still be one."""


def rows_of(allocation: pd.DataFrame, building_ids: Sequence[str], walks: Walks) -> pd.DataFrame:
    """Return the plan's allocation with the rows of its buildings and facilities (-1: unknown) and the metres as recomputed.

    Parameters
    ----------
    allocation : DataFrame, columns ALLOCATION_COLUMNS
    building_ids : sequence of str
        Buildings in the order of ``walks``.

    Returns
    -------
    DataFrame, columns building_id, type, facility_id, status, metres, households, i, f, found
        ``found``: metres, inf where the facility is unknown, of another type, or may not serve the building.
    """
    names = ("building_id", "type", "facility_id", "status")
    rows = pd.DataFrame({name: text(allocation[name]).to_numpy() for name in names})
    rows["metres"] = figures(allocation, "metres")
    rows["households"] = np.nan_to_num(figures(allocation, "households"))
    rows["i"] = _place(rows["building_id"], building_ids)
    rows["f"] = _place(rows["facility_id"], walks.facilities["id"])
    kind = walks.facilities["type"].to_numpy(dtype=object)
    own = np.array([f >= 0 and kind[f] == said for f, said in zip(rows["f"], rows["type"], strict=True)], dtype=bool)
    i = rows["i"].to_numpy(dtype=np.int64)
    rows["found"] = walks.to_claimed(i, np.where(own & (i >= 0), rows["f"], -1).astype(np.int64))
    return rows


def _place(names: pd.Series, known: Sequence[str] | pd.Series) -> npt.NDArray[np.int64]:
    order = pd.Series(np.arange(len(known)), index=list(known))
    return names.map(order[~order.index.duplicated()]).fillna(-1).to_numpy(dtype=np.int64)


def served_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that call households served by a facility that may serve them (Service.served)."""
    good = rows[(rows["status"] == SERVED) & np.isfinite(rows["found"]) & (rows["households"] > 0)]
    served: pd.DataFrame = good[["i", "f", "households"]].assign(metres=good["found"]).reset_index(drop=True)
    return served


def check_allocation(
    claims: Claims,
    rows: pd.DataFrame,
    building_ids: Sequence[str],
    types: Sequence[str],
    service: Service,
    limits: pd.DataFrame,
    cutoff_m: float,
) -> None:
    """Check that the households of every building and type are allocated once, with the right facility, metres and status.

    Parameters
    ----------
    rows : DataFrame
        Of :func:`rows_of`.
    building_ids : sequence of str
        Buildings in the order of the walks.
    types : sequence of str
        The planned types.
    limits : DataFrame, (n_buildings, types)
        Metres within which each building is served by a type.
    cutoff_m : float
        Metres beyond which a plan need not name a facility.
    """
    _check_complete(claims, rows, building_ids, types, service)
    known = rows[(rows["i"] >= 0) & rows["type"].isin(list(types))]
    for kind in types:
        mine = known[known["type"] == kind]
        _check_facilities(claims, mine, kind, service, limits[kind].to_numpy(dtype=float), cutoff_m)
        _check_status(claims, mine, kind, service, limits[kind].to_numpy(dtype=float))
    check_room(claims, service)


def _check_complete(
    claims: Claims, rows: pd.DataFrame, building_ids: Sequence[str], types: Sequence[str], service: Service
) -> None:
    """Check that each building and type has one row, or one a facility where its households take room, for all its households."""
    expected = pd.MultiIndex.from_product([list(dict.fromkeys(building_ids)), list(types)])
    pairs = rows.groupby(["building_id", "type"])
    times = pairs.size()
    split = pd.MultiIndex.from_tuples(
        [(building_ids[i], kind) for kind in types for i in np.flatnonzero(service.takes([kind])).tolist()],
        names=["building_id", "type"],
    )
    facilities = rows["facility_id"].where(rows["status"] == SERVED, "")
    twice = rows[rows.assign(facility_id=facilities).duplicated(["building_id", "type", "facility_id"])]
    repeated = pd.MultiIndex.from_frame(twice[["building_id", "type"]])
    count = times.reindex(expected, fill_value=0)
    once = np.where(expected.isin(split), (count > 0) & ~expected.isin(repeated), count == 1)
    names = [" / ".join(pair) for pair in expected]
    claims.each("allocated once", names, np.ones(len(expected), dtype=int), count, once)
    strange = times.index.difference(expected)
    for building, kind in strange[:20]:
        note = _("no such building with households, or not a planned type")
        claims.add("allocated once", f"{building} / {kind}", int(times[(building, kind)]), 0, holds=False, note=note)

    homes = pd.Series(service.households, index=list(building_ids))
    homes = homes[~homes.index.duplicated()]
    said = pairs["households"].sum().reindex(expected, fill_value=0.0).to_numpy(dtype=float)
    found = homes.reindex(expected.get_level_values(0)).to_numpy(dtype=float)
    note = _("not every household of the building once")
    same = close(said, found) | (count == 0).to_numpy(dtype=bool)
    claims.each("households allocated", names, said, found, same, note)


def _check_facilities(
    claims: Claims, rows: pd.DataFrame, kind: str, service: Service, limit: npt.NDArray[np.float64], cutoff_m: float
) -> None:
    """Check the metres of each row, and that it names the nearest facility, or one that serves within reach where households take room."""
    i = rows["i"].to_numpy(dtype=np.int64)
    names = [f"{building} / {kind}" for building in rows["building_id"]]
    nearest = service.nearest([kind], service.course.n_phases)[i]
    named = (rows["facility_id"] != "").to_numpy(dtype=bool)
    said, metres = rows["metres"].to_numpy(dtype=float), rows["found"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        same = np.where(named, np.abs(said - metres) <= METRES, np.isnan(said))
        is_nearest = np.where(named, metres <= nearest + METRES, nearest > cutoff_m)
    # a pair without metres (not open, not eligible, too far) is the wrong facility, not a wrong distance
    claims.each("metres", names, said, metres, same | (named & ~np.isfinite(metres)))
    chosen = service.takes([kind])[i] & (rows["status"] == SERVED).to_numpy(dtype=bool)
    right = chosen | (is_nearest & (~named | np.isfinite(metres)))
    claims.each("nearest facility", names, rows["facility_id"], nearest, right)
    if chosen.any():
        near = within(metres, limit[i])[chosen]
        claims.each("served within reach", np.array(names)[chosen], said[chosen], limit[i][chosen], near)


def _check_status(
    claims: Claims, rows: pd.DataFrame, kind: str, service: Service, limit: npt.NDArray[np.float64]
) -> None:
    """Check what each row says of its households; those that are full have no room left in any facility within reach."""
    i = rows["i"].to_numpy(dtype=np.int64)
    names = [f"{building} / {kind}" for building in rows["building_id"]]
    near = within(service.nearest([kind], service.course.n_phases)[i], limit[i])
    may = service.walks.may_be_served(kind, service.course.opened)[i]
    crowded = service.takes([kind])[i]
    said = rows["status"].to_numpy()
    expected = np.where(near, SERVED, np.where(may, OUT_OF_REACH, NONE))
    left = near & crowded & (said != SERVED)
    expected = np.where(left, FULL, expected)
    claims.each("status", names, said, expected, said == expected)
    full = left & (said == FULL)
    if full.any():
        room = _has_room(service, kind, limit)[i]
        note = _("a facility within reach has room left")
        claims.each("full", np.array(names)[full], said[full], np.where(room, SERVED, FULL)[full], ~room[full], note)


def _has_room(service: Service, kind: str, limit: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which buildings have a facility of ``kind`` within reach that has room left for their households."""
    area, taken = service.course.area[:, -1], service.taken()
    open_ = service.course.opened
    room = area - taken > TOLERANCE * np.maximum(1.0, area)
    near = within(service.walks.nearest([kind], open_ & room), limit)
    takes_none = np.nan_to_num(service.loads[kind]) <= 0
    return near | (takes_none & within(service.walks.nearest([kind], open_), limit))


def check_room(claims: Claims, service: Service) -> None:
    """Check that no facility serves more households than its area holds."""
    facilities = service.walks.facilities
    holds = facilities["type"].isin(list(service.loads)).to_numpy(dtype=bool)
    if holds.any():
        area, taken = service.course.area[:, -1], service.taken()
        fits = taken <= area + TOLERANCE * np.maximum(1.0, taken)
        claims.each("room in facility", facilities["id"][holds], area[holds], taken[holds], fits[holds])


def check_served(claims: Claims, facilities: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Check that the households served by each facility are those that its rows call served."""
    served = rows[rows["status"] == SERVED]
    count = served["households"].groupby(served["facility_id"]).sum()
    found = count.reindex(facilities["id"]).fillna(0.0).to_numpy(dtype=float)
    said = facilities["households_served"]
    claims.each("households served", facilities["id"], said, found, close(said, found))
