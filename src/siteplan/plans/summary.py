"""A plan in a few lines: what a planner asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.messages import _, word
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.plans.plan import Plan

_SHOWN = 12
"""How many unmet rules are printed; the plan's table holds all."""


def summary_text(plan: Plan) -> str:
    """Return sites, areas, cost, coverage by type, what is unmet, the proof, and what was assumed."""
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
        *minutes_lines(plan),
        *_unmet(plan),
        *proof_lines(plan),
    ]
    notes = plan_notes(plan)
    lines += [_("Notes"), *(f"  {note}" for note in notes)] if notes else []
    return "\n".join(lines)


def plan_notes(plan: Plan) -> list[str]:
    """Return what the plan rests on: assumptions, persons to a household, candidates found by rules or kept off by exclusions."""
    return [
        note
        for key, note in plan.provenance.items()
        if key.startswith("note:") and not key.endswith(":flat")  # those stand with the minutes
    ]


def _types(plan: Plan) -> list[str]:
    total = float(plan.demand["households"].sum())
    served = plan.allocation[plan.allocation["status"] == "served"]
    by_type = served.groupby("type")["households"].sum()  # of each row: a building may be split over facilities
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


def minutes_by_type(plan: Plan) -> pd.DataFrame:
    """Return the walking minutes of served households by facility type; no row where the plan tells none.

    Returns
    -------
    DataFrame, columns type, households, there, back, there_90, longest, metres, flat_metres
        ``there``, ``back``: minutes, mean over households; ``there_90``: minutes within which nine households in ten are there; ``longest``:
        minutes there; ``metres``: walked, mean; ``flat_metres``: metres on the flat that take as long as the way there and back does, mean.
    """
    import pandas as pd

    columns = ["type", "households", "there", "back", "there_90", "longest", "metres", "flat_metres"]
    if plan.minutes is None:
        return pd.DataFrame(columns=columns)
    told = plan.allocation["facility_id"].astype(str) != ""
    rows = (
        plan.allocation[told]
        .reset_index(drop=True)
        .join(plan.minutes[["minutes_there", "minutes_back", "flat_metres"]])
    )
    rows = rows[(rows["status"] == "served") & (rows["households"] > 0)]
    found = []
    for key in plan.scenario.types:
        mine = rows[rows["type"] == key].sort_values("minutes_there")
        weight = mine["households"]
        if not len(mine):
            continue
        means = [
            float((mine[name] * weight).sum() / weight.sum())
            for name in ("minutes_there", "minutes_back", "metres", "flat_metres")
        ]
        nine_tenths = mine["minutes_there"][weight.cumsum() >= 0.9 * weight.sum() - 1e-9].iloc[0]
        found.append(
            (key, float(weight.sum()), *means[:2], float(nine_tenths), float(mine["minutes_there"].max()), *means[2:])
        )
    return pd.DataFrame(found, columns=columns)


def minutes_lines(plan: Plan) -> list[str]:
    """Return one line for each type: how long served households walk over the slopes of the ground; and how far heights are missing."""
    rows = minutes_by_type(plan)
    if not len(rows):
        return []
    return [
        _("Minutes on foot over the slopes (Tobler), by served household; rules go by metres:"),
        *(
            _(
                "  {type}: {there} there, {back} back on average; nine in ten within {most}, the longest {longest}; {metres} m walked, "
                "as long as {flat} m on the flat",
                type=facility_type(str(row.type)).label,
                there=f"{row.there:.1f}",
                back=f"{row.back:.1f}",
                most=f"{row.there_90:.1f}",
                longest=f"{row.longest:.1f}",
                metres=f"{row.metres:,.0f}",
                flat=f"{row.flat_metres:,.0f}",
            )
            for row in rows.itertuples()
        ),
        *(f"  {note}" for key, note in plan.provenance.items() if key.startswith("note:") and key.endswith(":flat")),
    ]


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
