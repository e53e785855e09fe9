"""A plan in a few lines: what a planner asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.messages import _, word
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from siteplan.plans.plan import Plan

_SHOWN = 12
"""How many unmet rules are printed; the plan's table holds all."""


def summary_text(plan: Plan) -> str:
    """Return sites, areas, cost, coverage by type, what is unmet and the proof."""
    facilities = plan.facilities
    new = facilities[facilities["status"] != "existing"]
    sites = new.loc[new["site_kind"] != "existing", "site_id"].nunique()
    lines = [
        _(
            "Plan {name}: {n} facilities ({new} new or extended, at {sites} new sites), {cost} yuan",
            name=plan.scenario.name,
            n=len(facilities),
            new=len(new),
            sites=sites,
            cost=f"{facilities['cost_yuan'].sum():,.0f}",
        ),
        *_types(plan),
        *_unmet(plan),
        *proof_lines(plan),
    ]
    return "\n".join(lines)


def _types(plan: Plan) -> list[str]:
    households = plan.demand.set_index("building_id")["households"]
    total = float(households.sum())
    served = plan.allocation[plan.allocation["status"] == "served"]
    by_type = served["building_id"].map(households).astype(float).groupby(served["type"]).sum()
    lines = []
    for key in plan.scenario.types:
        rows = plan.facilities[plan.facilities["type"] == key]
        share = float(by_type.get(key, 0.0)) / total if total else 0.0
        lines.append(
            _(
                "  {type}: {n} facilities, {area} m2, {share} of households served",
                type=facility_type(key).label,
                n=len(rows),
                area=f"{rows['area_m2'].sum():,.0f}",
                share=f"{share:.1%}",
            )
        )
    return lines


def _unmet(plan: Plan) -> list[str]:
    unmet = plan.unmet
    count = unmet["strength"].value_counts()
    lines = [
        _(
            "Unmet: {hard} hard, {target} targets, {soft} aims",
            hard=count.get("hard", 0),
            target=count.get("target", 0),
            soft=count.get("soft", 0),
        )
    ]
    names = plan.communities.set_index("id")["name"].to_dict()
    lines.extend(
        _(
            "  {rule} {unit}: required {required}, achieved {achieved} {measure}",
            rule=row.rule_id,
            unit=names.get(row.unit_id) or row.unit_id,
            required=f"{row.required:,.6g}",
            achieved=f"{row.achieved:,.6g}",
            measure=word("unit", str(row.unit)),
        )
        for row in unmet[unmet["strength"] == "hard"].head(_SHOWN).itertuples()
    )
    left = count.get("hard", 0) - _SHOWN
    return [*lines, _("  ... and {n} more", n=left)] if left > 0 else lines


def proof_lines(plan: Plan) -> list[str]:
    """Return one line for each stage: value, bound, gap and status."""
    return [
        _("Proof, each stage given those before it:"),
        *(
            _(
                "  {stage}: {value} ({objective}), bound {bound}, gap {gap}, {status}",
                stage=_(str(row.stage)),
                value=f"{row.value:,.6g}",
                objective=_(str(row.objective)),
                bound=f"{row.bound:,.6g}",
                gap=f"{row.gap:.2%}",
                status=_(str(row.status)),
            )
            for row in plan.stages.itertuples()
        ),
    ]
