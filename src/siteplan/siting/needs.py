"""Workers and yearly money that each community needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.plans.plan import NEED_COLUMNS
from siteplan.standards.rule import round_up

if TYPE_CHECKING:
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule, Unit

STAFF, FUND = "staff", "fund"
_UNITS = {STAFF: "workers", FUND: "yuan/year"}


def to_needs(question: Question) -> pd.DataFrame:
    """Return what each community needs (plans.plan.NEED_COLUMNS).

    Workers: the largest of the rules that speak, rounded up. Money: the largest of each subject, added up. The rules named are those that ask
    for so much. A rule on a figure that is not known asks for nothing: the plan lists it as recorded.
    """
    rows = []
    for unit_id, rules in question.rules.items():
        unit = question.unit_values[unit_id]
        workers = _largest([rule for rule in rules if rule.kind == STAFF], unit)
        if workers:
            rows.append((unit_id, STAFF, ";".join(sorted(workers[1])), float(round_up(workers[0])), _UNITS[STAFF]))
        subjects = dict.fromkeys(rule.subject for rule in rules if rule.kind == FUND)
        funds = [_largest([r for r in rules if r.kind == FUND and r.subject == subject], unit) for subject in subjects]
        known = [fund for fund in funds if fund]
        if known:
            names = sorted(name for _yuan, ids in known for name in ids)
            rows.append((unit_id, FUND, ";".join(names), math.fsum(yuan for yuan, _ids in known), _UNITS[FUND]))
    frame = pd.DataFrame(rows, columns=list(NEED_COLUMNS))
    return frame.astype({name: "float64" if name == "required" else "str" for name in NEED_COLUMNS})


def _largest(rules: list[Rule], unit: Unit) -> tuple[float, list[str]] | None:
    """Return the largest figure that rules ask of a unit, and which of them do; None where none is known."""
    asked = [(rule.required(unit), rule.id) for rule in rules]
    known = [(figure, name) for figure, name in asked if not math.isnan(figure)]
    most = max((figure for figure, _name in known), default=0.0)
    return (most, [name for figure, name in known if figure >= most]) if most > 0 else None
