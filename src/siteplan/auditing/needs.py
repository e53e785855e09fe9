"""Workers and yearly money that a community needs, and what the plan lists of them.

Workers are the largest figure of the staff rules that speak, rounded up; money is one figure for each subject, added up
(docs/architecture.md, Rules).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from siteplan.auditing.claims import close
from siteplan.auditing.homes import figures, text
from siteplan.auditing.outcome import at_least, without_figure
from siteplan.messages import _
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    import pandas as pd

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.outcome import Outcome
    from siteplan.auditing.places import Place
    from siteplan.auditing.scene import Scene
    from siteplan.standards.rule import Rule

STAFF, FUND = "staff", "fund"
UNITS = {STAFF: "workers", FUND: "yuan/year"}
COUNTED = {"households/worker": "households", "workers/10000people": "people", "heads/building": "buildings"}
"""What the figure of each unit of a staff rule is multiplied or divided by."""


class Need(NamedTuple):
    """What a community needs: the figure, and for each part of it the rules that reach it."""

    required: float
    reached_by: tuple[frozenset[str], ...]


def workers(rule: Rule, counts: Mapping[str, float]) -> float:
    """Return the workers that a staff rule asks for, not rounded; NaN where the layers lack a figure.

    >>> from siteplan.standards.rule import Rule
    >>> rule = Rule(id="X", kind="staff", figure=400, unit="households/worker", strength="hard", status="verified", source="a text")
    >>> workers(rule, {"households": 1000.0})
    2.5
    """
    figure = float(rule.figure or 0.0)
    if rule.unit not in COUNTED:
        return figure
    count = float(counts.get(COUNTED[rule.unit], math.nan))
    return {"households/worker": count / figure, "workers/10000people": count * figure / 10_000}.get(
        rule.unit, count * figure
    )


def rounded_up(value: float) -> float:
    """Return the least whole number that is not below ``value``, but for the tolerance of every comparison.

    >>> rounded_up(2.5), rounded_up(3.0000001)
    (3.0, 3.0)
    """
    return float(math.ceil(value - TOLERANCE * max(1.0, abs(value))))


def staff(rule: Rule, scene: Scene) -> Outcome:
    """Workers in the plan's list >= what the rule asks for, rounded up."""
    needed = workers(rule, scene.figures)
    if math.isnan(needed):
        return without_figure(UNITS[STAFF], COUNTED[rule.unit])
    return at_least(rounded_up(needed), scene.listed(rule), UNITS[STAFF])


def fund(rule: Rule, scene: Scene) -> Outcome:
    """Yearly money in the plan's list, without that of the community's other funds, >= figure."""
    return at_least(float(rule.figure or 0.0), scene.listed(rule), UNITS[FUND])


def need(kind: str, speaking: Sequence[Rule], counts: Mapping[str, float]) -> Need:
    """Return what a community needs of ``kind``, by the rules that speak for it."""
    parts: dict[str, list[tuple[float, str]]] = {}
    for rule in speaking:
        figure = workers(rule, counts) if kind == STAFF else float(rule.figure or 0.0)
        if rule.kind == kind and not math.isnan(figure):
            parts.setdefault("" if kind == STAFF else rule.subject, []).append((figure, rule.id))
    most = {subject: max(part)[0] for subject, part in parts.items()}
    required = math.fsum(most.values())
    return Need(
        required=rounded_up(required) if kind == STAFF else required,
        reached_by=tuple(
            frozenset(name for figure, name in part if figure >= most[subject] - TOLERANCE)
            for subject, part in sorted(parts.items())
        ),
    )


def listed_for(rule: Rule, speaking: Sequence[Rule], listed: Mapping[str, float]) -> float:
    """Return what a plan lists for one rule: workers, or yearly money without that of the other subjects.

    Parameters
    ----------
    speaking : sequence of Rule
        All rules that speak for the community.
    listed : mapping of kind to float
        What the plan lists for it.
    """
    total = float(listed.get(rule.kind, 0.0))
    if rule.kind == STAFF:
        return total
    others = [other for other in speaking if other.subject != rule.subject]
    return total - need(FUND, others, {}).required


def listed_needs(needs: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return what the plan lists, by unit and kind; what is listed twice is added up."""
    found: dict[str, dict[str, float]] = {}
    for unit, kind, value in zip(text(needs["unit_id"]), text(needs["kind"]), figures(needs, "required"), strict=True):
        mine = found.setdefault(unit, {})
        mine[kind] = mine.get(kind, 0.0) + float(value)
    return found


def check_needs(claims: Claims, needs: pd.DataFrame, places: Sequence[Place], rules: Sequence[Sequence[Rule]]) -> None:
    """Check that the table of needs says what each community needs: once, by the right rules, in the right unit.

    Parameters
    ----------
    needs : DataFrame, columns NEED_COLUMNS
    places, rules
        The communities and the rules that speak for each.
    """
    expected = {
        (place.unit.id, kind): need(kind, speaking, place.figures)
        for place, speaking in zip(places, rules, strict=True)
        for kind in (STAFF, FUND)
    }
    expected = {key: wanted for key, wanted in expected.items() if wanted.required > 0}
    keys = list(zip(text(needs["unit_id"]), text(needs["kind"]), strict=True))
    rows = dict(zip(keys, needs.to_dict("records"), strict=True))
    for key in sorted({*expected, *keys}):
        wanted, subject = expected.get(key), f"{key[0]} / {key[1]}"
        if wanted is None:
            note = _("no rule of this kind speaks for this unit")
            claims.add("needs", subject, float(rows[key]["required"]), 0.0, holds=False, note=note)
        elif key not in rows:
            claims.add("needs", subject, "", wanted.required, holds=False, note=_("the plan does not list it"))
        else:
            _check_row(claims, subject, rows[key], wanted, key[1], keys.count(key))
    if not expected and not keys:
        claims.add("needs", "", 0, 0, holds=True)


def _check_row(
    claims: Claims, subject: str, row: Mapping[Hashable, object], wanted: Need, kind: str, times: int
) -> None:
    said = float(str(row["required"]))
    names = {name for name in str(row["rule_ids"]).split(";") if name}
    same = bool(close(said, wanted.required)) and times == 1 and str(row["unit"]) == UNITS[kind]
    claims.add("needs", subject, said, wanted.required, holds=same, note="" if times == 1 else _("listed twice"))
    told = all(names & part for part in wanted.reached_by)
    best = ";".join(sorted(min(part) for part in wanted.reached_by))
    claims.add("rules of needs", subject, ";".join(sorted(names)), best, holds=told)
