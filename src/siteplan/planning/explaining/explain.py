"""Explain a plan: why each rule that it does not meet is unmet, and the cheapest change that meets it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.planning.explaining.bench import bench as make_bench
from siteplan.planning.explaining.changes import MORE_BUDGET, MORE_SITES
from siteplan.planning.explaining.conflicts import find_conflict
from siteplan.planning.explaining.explanation import Explanation, Proposal, UnmetRule
from siteplan.planning.explaining.obstacles import Obstacles
from siteplan.planning.explaining.proposals import completed, last_resorts, proposals
from siteplan.planning.explaining.reasons import (
    NOT_PROVEN,
    NOT_SOUGHT,
    OUTRANKED,
    UNKNOWN,
    Reason,
    of_conflict,
    of_sites,
)
from siteplan.planning.explaining.sizes import fits
from siteplan.planning.explaining.try_change import applied, try_change
from siteplan.siting.asks import POOL, STUDY
from siteplan.standards.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.changes import Change
    from siteplan.planning.explaining.conflicts import Conflict
    from siteplan.planning.explaining.weighed import Key
    from siteplan.planning.solve import Prepared
    from siteplan.plans.plan import Plan

    Progress = Callable[[str, int, int], None]

MOST_COMPLETED = 2
"""Changes of one kind that are looked at together with the money and the sites that they lack."""
SECONDS = 20.0
"""Seconds for each solve of an explanation, where nothing else is said."""


def explain(
    plan: Plan,
    *,
    rules: Collection[str] | None = None,
    strengths: Collection[str] = ("hard",),
    seconds: float = SECONDS,
    progress: Progress | None = None,
) -> Explanation:
    """Explain a plan.

    Parameters
    ----------
    plan : Plan
    rules : collection of str, optional
        Ids of the rules for which changes are looked for, whatever their strength; by default all of ``strengths``. Every unmet rule gets a reason.
    strengths : collection of {"hard", "target", "soft"}
    seconds : float
        Most seconds for each solve: what is not known by then is said to be unknown.
    progress : callable, optional
        Called with ("explain", done, of how many).

    Returns
    -------
    Explanation

    Raises
    ------
    DataError
        If the plan's study has changed so that it has no site for one of its facilities.
    UsageError
        If the plan meets all of ``rules``.
    """
    known = sorted(set(plan.unmet["rule_id"]))
    for name in rules or ():
        if name not in known:
            near = nearest(name, known) if known else "-"
            raise UsageError(
                _("rule {rule} is not among the unmet; the nearest is {known}", rule=repr(name), known=near)
            )
    base = make_bench(plan, seconds)
    obstacles = Obstacles(base.question)
    found = []
    for done, row in enumerate(plan.unmet.to_dict("records")):
        if progress:
            progress("explain", done, len(plan.unmet))
        wanted = row["strength"] in strengths if rules is None else row["rule_id"] in rules
        found.append(_explained(base, row, obstacles, wanted=wanted))
    if progress:
        progress("explain", len(plan.unmet), len(plan.unmet))
    return Explanation(bench=base, rules=tuple(found))


def _explained(bench: Bench, row: dict[Any, Any], obstacles: Obstacles, *, wanted: bool) -> UnmetRule:
    key: Key = (str(row["rule_id"]), str(row["unit_id"]))
    before = bench.runs.stopped
    reason, conflict = reason_of(bench, key, obstacles, deep=wanted)
    found: tuple[Proposal, ...] = ()
    if wanted:
        found = verified(bench, key, proposals(bench, key, reason, conflict, obstacles))
        found = found or verified(bench, key, last_resorts(bench, key))
    return UnmetRule(
        rule_id=key[0],
        unit_id=key[1],
        strength=str(row["strength"]),
        required=float(row["required"]),
        achieved=float(row["achieved"]),
        shortfall=float(row["shortfall"]),
        unit=str(row["unit"]),
        reason=Reason(kind=reason.kind, values={**reason.values, "place": _place(bench, key[1])}),
        conflict=conflict,
        proposals=found,
        sought=wanted,
        stopped=bench.runs.stopped > before,
    )


def _place(bench: Bench, unit: str) -> str:
    """Return the name of a unit for people; empty for the study."""
    return "" if unit == STUDY else bench.name(unit.removeprefix(POOL))


def reason_of(bench: Bench, key: Key, obstacles: Obstacles, *, deep: bool = True) -> tuple[Reason, Conflict | None]:
    """Return why a rule is unmet, and the minimal conflict that says so where the sites alone do not.

    Parameters
    ----------
    bench : Bench
    key : Key
    obstacles : Obstacles
    deep : bool
        Whether a conflict is looked for.
    """
    reason = of_sites(bench, key, obstacles)
    if reason is not None:
        return reason, None
    rule = bench.rule(key)
    types = rule.types if rule is not None else ()
    if not deep:
        return Reason(kind=NOT_SOUGHT, values={"types": types}), None
    conflict = find_conflict(bench, key)
    if conflict is None:
        kind = NOT_PROVEN if not bench.plan.proven else OUTRANKED
        return Reason(kind=kind, values={"types": types}), None
    if not conflict.minimal:
        return replace(of_conflict(bench, key, conflict), kind=UNKNOWN), conflict
    return of_conflict(bench, key, conflict), conflict


def verified(bench: Bench, key: Key, changes: Iterable[Change]) -> tuple[Proposal, ...]:
    """Return the changes with which the rule is met when they are solved again.

    The cheapest first; of equals the one that needs least new money, then the one for which fewest weaker rules are missed by more, then the
    smallest.
    """
    found: list[Proposal] = []
    left = Counter[str]()
    for change in changes:
        if change.kind in (MORE_BUDGET, MORE_SITES) and any(one.change.kind == change.kind for one in found):
            continue  # less is enough
        changed = applied(bench, change)
        if changed is None:
            continue
        tried = [] if fits(bench, key, changed.question) is False else _tried(bench, key, change, changed)
        if not tried and left[change.kind] < MOST_COMPLETED:
            others = completed(bench, key, change, changed.question)
            tried = next((one for other in others if (one := _tried(bench, key, other))), [])
            left[change.kind] += bool(tried)
        found += tried
    return tuple(
        sorted(
            found,
            key=lambda one: (one.change.last_resort, one.extra_yuan, one.money_yuan, len(one.worse), one.change.size),
        )
    )


def _tried(bench: Bench, key: Key, change: Change, changed: Prepared | None = None) -> list[Proposal]:
    """Return the change as one that meets the rule, if it does; ``changed`` is the study with it, if that is known."""
    changed = changed or applied(bench, change)
    outcome = None if changed is None else try_change(bench, changed, key)
    if outcome is None or not outcome.met:
        return []
    return [
        Proposal(
            change=change,
            extra_yuan=outcome.extra_yuan,
            scope=outcome.scope,
            proven=outcome.proven,
            worse=outcome.worse,
        )
    ]
