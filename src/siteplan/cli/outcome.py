"""What a command prints of a plan, and the exit code that says how good it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siteplan.plans.summary import minutes_by_type, plan_notes

if TYPE_CHECKING:
    from siteplan.plans.plan import Plan

DONE, HARD_UNMET, STOPPED = 0, 4, 5


def exit_code(plan: Plan) -> int:
    """Return 4 where a hard rule is unmet, 5 where a stage stopped before the asked gap, else 0."""
    if plan.hard_unmet:
        return HARD_UNMET
    return STOPPED if (plan.stages["status"] == "stopped early").any() else DONE


def as_json(plan: Plan, **more: Any) -> dict[str, Any]:
    """Return what matters of a plan as plain values."""
    return {
        "scenario": plan.scenario.name,
        "facilities": len(plan.facilities),
        "new": int((plan.facilities["status"] == "new").sum()),
        "cost_yuan": float(plan.facilities["cost_yuan"].sum()),
        "households": float(plan.demand["households"].sum()),
        "hard_unmet": plan.hard_unmet,
        **({} if plan.minutes is None else {"walking_minutes": minutes_by_type(plan).to_dict("records")}),
        "unmet": plan.unmet.to_dict("records"),
        "stages": plan.stages.to_dict("records"),
        "proven": plan.proven,
        "gap": plan.gap,
        "notes": plan_notes(plan),
        "exit_code": exit_code(plan),
        **more,
    }
