"""When a kind of rule binds in a study: the answer without it is another one.

A rule of kind k *binds* in a study where

- the audit finds a rule of the kind unmet: the plan is short of it, whatever it does; or
- it *turns* the plan: with every rule of the kind switched off (those of all profiles; the types planned stay the same), the optimum of
  ``hard-worst``, ``hard-sum``, ``targets``, ``aims`` or ``cost`` is another one. The later stages are not looked at: how a walk is counted
  depends on rules on reach, so that it would change without any change of the plan.

Rules of the kinds staff and fund ask nothing of the plan but a list. They bind where the plan's table ``needs`` names them: it is they that
set its figure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from small_studies import with_rules

from siteplan.auditing.outcome import FAIL, PASS
from siteplan.planning.solve import solve
from siteplan.standards.kinds import MODELLED_KINDS

if TYPE_CHECKING:
    from siteplan.auditing.audit import Audit
    from siteplan.planning.cache import SolveCache
    from siteplan.plans.plan import Plan
    from siteplan.study.study import Study

KINDS = MODELLED_KINDS
LISTED = ("staff", "fund")
OPTIMA = ("hard-worst", "hard-sum", "targets", "aims", "cost")
SAME = 1e-4


def unmet_kinds(found: Audit) -> set[str]:
    """Return the kinds of which the audit finds a rule unmet."""
    table = found.table
    return set(table.loc[table["verdict"] == FAIL, "kind"])


def listed_kinds(plan: Plan) -> set[str]:
    """Return which of staff and fund set a figure in the plan's table of needs."""
    named = {name for names in plan.needs["rule_ids"] for name in str(names).split(";")}
    return {rule.kind for rule in plan.study.standards.rules if rule.id in named}


def may_turn(plan: Plan, found: Audit) -> set[str]:
    """Return the kinds of which a rule is met, or may be at work behind the others (pooling): those that can only bind by turning the plan."""
    table = found.table
    met = set(table.loc[table["verdict"] == PASS, "kind"])
    there = {rule.kind for rule in plan.study.standards.rules if not rule.off}
    return (met | (there & {"pooling"})) - unmet_kinds(found) - set(LISTED)


def turns(plan: Plan, kind: str, cache: SolveCache | None = None) -> bool:
    """Tell whether the plan's optima are others without the rules of ``kind``."""
    other = solve(without(plan.study, kind), plan.scenario.but(objectives=()), cache=cache)
    return _differ(_optima(plan), _optima(other))


def without(study: Study, kind: str) -> Study:
    """Return the study with every rule of ``kind`` switched off."""
    return with_rules(study, lambda rule: rule.but(off=True) if rule.kind == kind else rule)


def _optima(plan: Plan) -> dict[str, float]:
    values = plan.stages.set_index("stage")["value"]
    return {name: float(values[name]) for name in OPTIMA if name in values.index}


def _differ(a: dict[str, float], b: dict[str, float]) -> bool:
    return any(abs(a.get(name, 0.0) - b.get(name, 0.0)) > SAME * max(1.0, abs(b.get(name, 0.0))) for name in {*a, *b})
