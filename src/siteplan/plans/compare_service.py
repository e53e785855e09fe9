"""Whom two plans serve: households gained and lost, building by building, and the communities and buildings that only one plan has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.standards.facility_types import FACILITY_TYPES
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.plans.plan import Plan

STATUSES = ("served", "full", "out_of_reach", "none")
BOTH, ONLY_A, ONLY_B = "both", "a", "b"
"""Which of the two plans has something."""
_FIGURES = (
    "households_a", "households_b", "households_added", "households_removed", "served_a", "served_b", "gained", "lost",
    "served_added", "served_removed", "full_a", "full_b", "out_of_reach_a", "out_of_reach_b", "none_a", "none_b",
)  # fmt: skip
SERVICE_COLUMNS = ("community_id", "community_name", "presence", "type", "planned", *_FIGURES)
COMMUNITY_CHANGE_COLUMNS = (
    "id", "name", "presence", "households_a", "households_b", "households_added", "households_removed",
    "households_regrouped", "buildings_added", "buildings_removed", "buildings_regrouped",
)  # fmt: skip
BUILDING_CHANGE_COLUMNS = ("building_id", "change", "community_a", "community_b", "households_a", "households_b")


def planned_types(a: Plan, b: Plan) -> dict[str, str]:
    """Return each planned type, in catalogue order, with which of the plans plans it."""
    first, second = (set(plan.scenario.types) or set(plan.allocation["type"].astype(str)) for plan in (a, b))
    names = {(True, True): BOTH, (True, False): ONLY_A, (False, True): ONLY_B}
    return {key: names[key in first, key in second] for key in FACILITY_TYPES if key in first | second}


def homes(a: Plan, b: Plan) -> pd.DataFrame:
    """Return the buildings of both plans by id: community and households in each, and the community under which they are compared.

    That is the community of ``b``; of a building that only ``a`` has, that of ``a``.
    """
    parts = []
    for plan, end in ((a, "a"), (b, "b")):
        parts.append(
            pd.DataFrame(
                {
                    f"community_{end}": plan.demand["community_id"].astype(str).to_numpy(),
                    f"households_{end}": plan.demand["households"].to_numpy(dtype=float),
                },
                index=pd.Index(plan.demand["building_id"].astype(str), name="building_id"),
            )
        )
    table = parts[0].join(parts[1], how="outer").sort_index()
    in_a, in_b = (table[f"households_{end}"].notna().to_numpy() for end in "ab")
    table = table.fillna({"community_a": "", "community_b": "", "households_a": 0.0, "households_b": 0.0})
    change = table["households_b"] - table["households_a"]
    same = change.abs() <= TOLERANCE * np.maximum(1.0, table["households_a"])
    return table.assign(
        presence=np.where(in_a & in_b, BOTH, np.where(in_a, ONLY_A, ONLY_B)),
        community_id=np.where(in_b, table["community_b"], table["community_a"]),
        households_added=change.mask(same, 0.0).clip(lower=0.0),
        households_removed=(-change).mask(same, 0.0).clip(lower=0.0),
        regrouped=in_a & in_b & (table["community_a"] != table["community_b"]).to_numpy(),
    )


def service_changes(
    a: Plan, b: Plan, table: pd.DataFrame, communities: pd.DataFrame, planned: Mapping[str, str]
) -> pd.DataFrame:
    """Return households served, gained and lost by community and type (SERVICE_COLUMNS).

    Parameters
    ----------
    table : DataFrame
        Of :func:`homes`.
    communities : DataFrame
        Of :func:`community_changes`.
    planned : mapping
        Of :func:`planned_types`.

    Returns
    -------
    DataFrame
        Households. ``gained`` and ``lost`` are summed over buildings, each the least that the building's figures allow: households
        that only one of the plans counts are ``households_added`` or ``households_removed``, and what they explain of the building's
        difference is ``served_added`` or ``served_removed``. So served_b = served_a + gained - lost + served_added - served_removed.
        NaN where a plan does not plan the type.
    """
    parts = [_of_type(a, b, table, key, which) for key, which in planned.items()]
    if not parts:
        return pd.DataFrame(columns=list(SERVICE_COLUMNS))
    found = pd.concat(parts)
    sums = found.groupby(["community_id", "type", "planned"], sort=False)[list(_FIGURES)].sum(min_count=1).reset_index()
    about = communities.set_index("id")[["name", "presence"]]
    sums = sums.join(about.rename(columns={"name": "community_name"}), on="community_id")
    ranks = {key: n for n, key in enumerate((*about.index, *FACILITY_TYPES))}
    sums = sums.sort_values(["community_id", "type"], key=lambda column: column.map(ranks))
    return sums[list(SERVICE_COLUMNS)].reset_index(drop=True).astype(_kinds(SERVICE_COLUMNS, _FIGURES, "float64"))


def _of_type(a: Plan, b: Plan, table: pd.DataFrame, key: str, which: str) -> pd.DataFrame:
    """Return one row a building with the figures of one type."""
    frame = table.assign(type=key, planned=which)
    for plan, end in ((a, "a"), (b, "b")):
        shares = _statuses(plan, key, table.index) if which in {BOTH, end} else np.nan
        frame[[f"{status}_{end}" for status in STATUSES]] = shares
    difference = frame["served_b"] - frame["served_a"]
    most = np.maximum(frame["households_a"], frame["households_b"])
    difference = difference.mask(difference.abs() <= TOLERANCE * np.maximum(1.0, most), 0.0)
    more, less = difference.clip(lower=0.0), (-difference).clip(lower=0.0)
    return frame.assign(
        gained=(more - frame["households_added"]).clip(lower=0.0),
        lost=(less - frame["households_removed"]).clip(lower=0.0),
        served_added=np.minimum(more, frame["households_added"]),
        served_removed=np.minimum(less, frame["households_removed"]),
    )


def _statuses(plan: Plan, key: str, buildings: pd.Index[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the households of each building by status, (n_buildings, 4)."""
    rows = plan.allocation[plan.allocation["type"] == key]
    sums = rows.groupby([rows["building_id"].astype(str), rows["status"].astype(str)])["households"].sum()
    if sums.empty:
        return np.zeros((len(buildings), len(STATUSES)))
    table = sums.unstack(fill_value=0).reindex(index=buildings, columns=list(STATUSES), fill_value=0.0)  # noqa: PD010 - no pivot_table of sums already made
    return table.to_numpy(dtype=np.float64)


def community_changes(a: Plan, b: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Return the communities of both plans, those of ``b`` first (COMMUNITY_CHANGE_COLUMNS).

    ``presence``: both, a (removed) or b (added). Households and buildings added and removed are those that only one plan counts; regrouped
    ones belong to another community in ``a``.
    """
    first, second = ({str(row["id"]): row for row in p.communities.to_dict("records")} for p in (a, b))
    rows = []
    for name in [*second, *(name for name in first if name not in second)]:
        presence = BOTH if name in first and name in second else ONLY_A if name in first else ONLY_B
        about = second.get(name) or first[name]
        counts = [float(units[name]["households"]) if name in units else 0.0 for units in (first, second)]
        rows.append((name, str(about["name"]), presence, *counts))
    frame = pd.DataFrame(rows, columns=list(COMMUNITY_CHANGE_COLUMNS[:5]))
    counted = pd.DataFrame(
        {
            "households_added": table["households_added"],
            "households_removed": table["households_removed"],
            "households_regrouped": table["households_b"].where(table["regrouped"], 0.0),
            "buildings_added": (table["presence"] == ONLY_B).astype("int64"),
            "buildings_removed": (table["presence"] == ONLY_A).astype("int64"),
            "buildings_regrouped": table["regrouped"].astype("int64"),
        }
    )
    sums = counted.groupby(table["community_id"]).sum()
    frame = frame.join(sums, on="id")
    frame[list(sums.columns)] = frame[list(sums.columns)].fillna(0)
    kinds = {name: "int64" if name.startswith("buildings") else "float64" for name in COMMUNITY_CHANGE_COLUMNS[3:]}
    typed: pd.DataFrame = frame.astype(dict.fromkeys(COMMUNITY_CHANGE_COLUMNS[:3], "str") | kinds)
    return typed


def building_changes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the buildings that the plans see differently (BUILDING_CHANGE_COLUMNS).

    ``change``: added (only ``b`` has it), removed (only ``a``), regrouped (it belongs to another community), or recounted (other households).
    """
    recounted = (table["households_added"] > 0) | (table["households_removed"] > 0)
    change = np.select(
        [table["presence"] == ONLY_B, table["presence"] == ONLY_A, table["regrouped"], recounted],
        ["added", "removed", "regrouped", "recounted"],
        default="",
    )
    frame = table.assign(change=change)[change != ""].reset_index()
    kinds = _kinds(BUILDING_CHANGE_COLUMNS, BUILDING_CHANGE_COLUMNS[4:], "float64")
    typed: pd.DataFrame = frame[list(BUILDING_CHANGE_COLUMNS)].astype(kinds)
    return typed


def _kinds(columns: tuple[str, ...], numbers: tuple[str, ...], kind: str) -> dict[str, str]:
    return {name: kind if name in numbers else "str" for name in columns}
