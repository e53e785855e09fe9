"""Ways to make a plan claim what is not so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.plans.plan import Plan

if TYPE_CHECKING:
    from siteplan.auditing.audit import Audit

Tamper = Callable[[Plan], Plan]
Change = Callable[[pd.DataFrame], pd.DataFrame]


def failed(found: Audit) -> set[str]:
    """Return the claims that do not hold."""
    return {row["claim"] for row in found.disagreements()}


def table(name: str, *changes: Change) -> Tamper:
    """Change one table."""

    def tamper(plan: Plan) -> Plan:
        frame = getattr(plan, name).copy()
        for change in changes:
            frame = change(frame)
        return plan.but(**{name: frame})

    return tamper


def both(*tampers: Tamper) -> Tamper:
    """Change several things, one after the other."""

    def tamper(plan: Plan) -> Plan:
        for one in tampers:
            plan = one(plan)
        return plan

    return tamper


def where(values: dict[str, object], /, **changes: object) -> Change:
    """Change columns of the rows that have these values."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        rows = pd.Series(data=True, index=frame.index)
        for name, value in values.items():
            rows &= frame[name] == value
        assert rows.any(), values
        for name, value in changes.items():
            frame.loc[rows, name] = value
        return frame

    return change


def without(**values: object) -> Change:
    """Leave out the rows that have these values."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        rows = pd.Series(data=True, index=frame.index)
        for name, value in values.items():
            rows &= frame[name] == value
        assert rows.any(), values
        return frame[~rows]

    return change


def again(row: int, /, **changes: object) -> Change:
    """Add a row once more, with changes."""
    return lambda frame: pd.concat([frame, frame.iloc[[row]].assign(**changes)], ignore_index=True)


def facility(name: str, /, **changes: object) -> Tamper:
    """Change one facility."""
    return table("facilities", where({"id": name}, **changes))


def work(name: str, phase: int, /, **changes: object) -> Tamper:
    """Change one work."""
    return table("works", where({"facility_id": name, "phase": phase}, **changes))


def allocated(building: str, kind: str, facility_id: str, status: str = "served", /, **changes: object) -> Tamper:
    """Change one row of the allocation."""
    row = {"building_id": building, "type": kind, "facility_id": facility_id, "status": status}
    return table("allocation", where(row, **changes))


def paid(site: str, phase: int, fund: str, /, **changes: object) -> Tamper:
    """Change one payment."""
    return table("payments", where({"site_id": site, "phase": phase, "fund": fund}, **changes))


def stage(name: str, value: float, /, **changes: object) -> Tamper:
    """Replace a stage by one that is consistent in itself, proven, and not so."""
    figures = {"value": value, "bound": value, "gap": 0.0, "status": "optimal"} | changes
    return table("stages", where({"stage": name}, **figures))


def scenario(**changes: object) -> Tamper:
    """Change what was asked."""
    return lambda plan: plan.but(scenario=plan.scenario.but(**changes))


def row(found: Audit, rule: str, unit: str) -> pd.Series:
    """Return the row of the audit's table on a rule and a unit."""
    rows = found.table[(found.table["rule_id"] == rule) & (found.table["unit_id"] == unit)]
    assert len(rows) == 1, rows
    return rows.iloc[0]
