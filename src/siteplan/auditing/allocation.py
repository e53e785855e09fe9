"""Claims about who is served by what: every building, every type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.auditing.claims import close
from siteplan.auditing.homes import text
from siteplan.auditing.rules import within
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.walks import Walks

SERVED, OUT_OF_REACH, NONE = "served", "out_of_reach", "none"
METRES = 1e-3
"""Metres by which two walks may differ and still be one."""


def check_allocation(
    claims: Claims,
    allocation: pd.DataFrame,
    building_ids: Sequence[str],
    types: Sequence[str],
    walks: Walks,
    limits: pd.DataFrame,
    cutoff_m: float,
) -> None:
    """Check that every building and type is allocated once, with the right facility, metres and status.

    Parameters
    ----------
    allocation : DataFrame, columns ALLOCATION_COLUMNS
    building_ids : sequence of str
        Buildings in the order of ``walks``.
    types : sequence of str
        The planned types.
    limits : DataFrame, (n_buildings, types)
        Metres within which each building is served by a type.
    cutoff_m : float
        Metres beyond which a plan need not name a facility.
    """
    rows = _table(allocation, building_ids, walks)
    _check_complete(claims, rows, building_ids, types)
    known = rows[(rows["i"] >= 0) & rows["type"].isin(list(types))]
    for kind in types:
        _check_type(claims, known[known["type"] == kind], kind, walks, limits[kind].to_numpy(dtype=float), cutoff_m)


def _table(allocation: pd.DataFrame, building_ids: Sequence[str], walks: Walks) -> pd.DataFrame:
    rows = pd.DataFrame(
        {name: text(allocation[name]).to_numpy() for name in ("building_id", "type", "facility_id", "status")}
    )
    rows["metres"] = pd.to_numeric(allocation["metres"]).astype(float).to_numpy()
    order = pd.Series(np.arange(len(building_ids)), index=list(building_ids))
    rows["i"] = rows["building_id"].map(order[~order.index.duplicated()]).fillna(-1).astype(np.int64)
    place = pd.Series(np.arange(len(walks.facilities)), index=walks.facilities["id"].to_numpy())
    rows["f"] = rows["facility_id"].map(place[~place.index.duplicated()]).fillna(-1).astype(np.int64)
    return rows


def _check_complete(claims: Claims, rows: pd.DataFrame, building_ids: Sequence[str], types: Sequence[str]) -> None:
    expected = pd.MultiIndex.from_product([list(dict.fromkeys(building_ids)), list(types)])
    times = rows.groupby(["building_id", "type"]).size()
    count = times.reindex(expected, fill_value=0)
    names = [" / ".join(pair) for pair in expected]
    claims.each("allocated once", names, np.ones(len(expected), dtype=int), count, count == 1)
    strange = times.index.difference(expected)
    for building, kind in strange[:20]:
        note = _("no such building with households, or not a planned type")
        claims.add("allocated once", f"{building} / {kind}", int(times[(building, kind)]), 0, holds=False, note=note)


def _check_type(
    claims: Claims,
    rows: pd.DataFrame,
    kind: str,
    walks: Walks,
    limit: npt.NDArray[np.float64],
    cutoff_m: float,
) -> None:
    i, f = rows["i"].to_numpy(dtype=np.int64), rows["f"].to_numpy(dtype=np.int64)
    names = [f"{building} / {kind}" for building in rows["building_id"]]
    nearest = walks.nearest([kind])[i]
    named = (rows["facility_id"] != "").to_numpy(dtype=bool)

    may = walks.may_be_served(kind)[i]
    expected = np.where(within(nearest, limit[i]), SERVED, np.where(may, OUT_OF_REACH, NONE))
    claims.each("status", names, rows["status"], expected, rows["status"].to_numpy() == expected)

    right_type = np.array([row >= 0 and walks.facilities["type"].iloc[row] == kind for row in f], dtype=bool)
    metres = walks.to_claimed(i, np.where(right_type, f, -1))
    said = rows["metres"].to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        same = np.where(named, np.abs(said - metres) <= METRES, np.isnan(said))
        is_nearest = np.where(named, metres <= nearest + METRES, nearest > cutoff_m)
    # a pair without metres (not open, not eligible, too far) is the wrong facility, not a wrong distance
    claims.each("metres", names, said, metres, same | (named & ~np.isfinite(metres)))
    claims.each("nearest facility", names, rows["facility_id"], nearest, is_nearest & (~named | np.isfinite(metres)))


def check_served(claims: Claims, facilities: pd.DataFrame, allocation: pd.DataFrame, households: pd.Series) -> None:
    """Check that the households served by each facility are those of the buildings allocated to it as served."""
    served = allocation[allocation["status"] == SERVED]
    homes = served["building_id"].astype(str).map(households).astype(float).fillna(0.0)
    count = homes.groupby(served["facility_id"].astype(str)).sum()
    found = count.reindex(facilities["id"]).fillna(0.0).to_numpy(dtype=float)
    claims.each(
        "households served",
        facilities["id"],
        facilities["households_served"],
        found,
        close(facilities["households_served"], found),
    )
