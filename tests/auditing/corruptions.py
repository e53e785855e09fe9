"""Five ways to corrupt any plan, each with the claims of the audit of which at least one must fall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.plans.plan import Plan

MORE_M2 = 10_000.0
"""More than any site of the random studies holds."""


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One way to corrupt a plan.

    Parameters
    ----------
    change : callable
        Returns the corrupted plan; None where the plan has nothing that could be corrupted so.
    claims : frozenset of str
        Claims of the audit: at least one of them must fall.
    """

    change: Callable[[Plan], Plan | None]
    claims: frozenset[str]


def area(plan: Plan) -> Plan | None:
    """Give a new facility more area than its site holds, in its last work as well."""
    new = plan.facilities[(plan.facilities["status"] == "new") & (plan.facilities["area_m2"] > 0)]
    if new.empty:
        return None
    facilities, works = plan.facilities.copy(), plan.works.copy()
    here = new.index[0]
    facilities.loc[here, "area_m2"] += MORE_M2
    last = works[works["facility_id"] == new["id"].iloc[0]]["phase"].idxmax()
    works.loc[last, "area_m2"] += MORE_M2
    return plan.but(facilities=facilities, works=works)


def reach(plan: Plan) -> Plan | None:
    """Say of households that are out of reach that they are served; else halve somebody's walk."""
    allocation = plan.allocation.copy()
    far = allocation.index[allocation["status"] == "out_of_reach"]
    walked = allocation.index[(allocation["status"] == "served") & (allocation["metres"] > 1.0)]
    if len(far):
        allocation.loc[far[0], "status"] = "served"
    elif len(walked):
        allocation.loc[walked[0], "metres"] /= 2
    else:
        return None
    return plan.but(allocation=allocation)


def phase(plan: Plan) -> Plan | None:
    """Say of a new facility that it opens in another phase than that of its work."""
    new = plan.facilities.index[plan.facilities["status"] == "new"]
    if new.empty:
        return None
    facilities = plan.facilities.copy()
    opens = int(facilities.loc[new[0], "phase"])
    facilities.loc[new[0], "phase"] = opens - 1 if opens > 1 else opens + 1
    return plan.but(facilities=facilities)


def room_twice(plan: Plan) -> Plan | None:
    """Count a room inside its host and beside it."""
    rooms = plan.facilities.index[plan.facilities["inside"] != ""]
    if rooms.empty:
        return None
    facilities = plan.facilities.copy()
    facilities.loc[rooms[0], "inside"] = ""
    return plan.but(facilities=facilities)


def served_twice(plan: Plan) -> Plan | None:
    """Let a household be served by a second facility of the type, or by the same one again."""
    served = plan.allocation[plan.allocation["status"] == "served"]
    if served.empty:
        return None
    row = served.iloc[[0]]
    others = plan.facilities[
        (plan.facilities["type"] == row["type"].iloc[0]) & (plan.facilities["id"] != row["facility_id"].iloc[0])
    ]
    again = row.assign(facility_id=others["id"].iloc[0]) if len(others) else row
    return plan.but(allocation=pd.concat([plan.allocation, again], ignore_index=True))


CORRUPTIONS = {
    "area": Corruption(change=area, claims=frozenset({"floor capacity", "land capacity", "rooms in host"})),
    "reach": Corruption(change=reach, claims=frozenset({"status", "metres"})),
    "phase": Corruption(change=phase, claims=frozenset({"phase of facility"})),
    "a room counted twice": Corruption(
        change=room_twice, claims=frozenset({"host of room", "unmet list", "barred by a hard rule"})
    ),
    "a household served twice": Corruption(
        change=served_twice, claims=frozenset({"allocated once", "households allocated"})
    ),
}


def uncaught(plan: Plan, audited: Callable[[Plan], set[str]]) -> dict[str, set[str] | None]:
    """Return what the audit says of each corruption that it misses or takes for another; None for one that the plan has no room for.

    Parameters
    ----------
    audited : callable
        Returns the claims that fall (tampering.failed of the audit).
    """
    found: dict[str, set[str] | None] = {}
    for name, corruption in CORRUPTIONS.items():
        corrupted = corruption.change(plan)
        fallen = None if corrupted is None else audited(corrupted)
        if fallen is None or fallen.isdisjoint(corruption.claims):
            found[name] = fallen
    return found
