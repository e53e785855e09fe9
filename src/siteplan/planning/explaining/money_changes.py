"""Changes of money that might meet a rule: more of it, for whom it is, and when it comes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siteplan.messages import _
from siteplan.planning.explaining.changes import (
    EARLIER_MONEY,
    MORE_BUDGET,
    MORE_SITES,
    NEW_FUND,
    OPEN_FUND,
    Change,
    Raise,
)
from siteplan.planning.explaining.elements import PHASE_BUDGET
from siteplan.planning.explaining.limits import least_limits, least_moved, least_new_fund, purses
from siteplan.planning.explaining.reasons import due_of
from siteplan.planning.explaining.sizes import must_problem
from siteplan.siting.money import may_have

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.limits import Purse
    from siteplan.planning.explaining.weighed import Key
    from siteplan.plans.scenario import Fund
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Unit

_CONDITIONS = ("setting", "construction", "resettlement", "key")


def raised_limits(bench: Bench, key: Key, question: Question | None = None) -> Iterator[Change]:
    """Yield the limits on money and on the number of sites raised by as little as might meet a rule.

    By the least that the rule needs first; then by what all unmet hard rules need that lack nothing but money and sites, where what is raised
    would otherwise go to another of them.

    Parameters
    ----------
    question : Question, optional
        A changed question; by default the plan's.
    """
    seen: set[Change] = set()
    for alone in (True, False):
        limits = least_limits(bench, key, alone=alone, question=question)
        if limits is None or not any(limits):
            continue
        money = Change(kind=MORE_BUDGET, rule_id=key[0], money=limits.money)
        sites = Change(kind=MORE_SITES, rule_id=key[0], number=limits.sites)
        change = replace(sites, also=(money,)) if limits.sites and limits.money else sites if limits.sites else money
        if change not in seen:
            seen.add(change)
            yield change


def money_changes(bench: Bench, key: Key) -> Iterator[Change]:
    """Yield the changes of money that might meet a rule besides: when it comes, and for whom it is."""
    yield from _earlier(bench, key)
    if bench.plan.scenario.funds:
        yield from _opened(bench, key)
        yield from _new(bench, key)


def _earlier(bench: Bench, key: Key) -> Iterator[Change]:
    """Yield money that comes in the phase in which the rule is due, or before, instead of later."""
    due, names = due_of(bench, key), bench.plan.scenario.phase_names
    question, problem = must_problem(bench, key)
    known = [purse for purse in purses(question, problem) if purse.phase is not None]
    for taker in (purse for purse in known if (purse.phase or 0) < due):
        for giver in (purse for purse in known if (purse.phase or 0) >= due and _same_purse(purse, taker)):
            yuan = least_moved(bench, key, giver, taker)
            if yuan:
                yield Change(
                    kind=EARLIER_MONEY,
                    rule_id=key[0],
                    money=tuple(_raise(purse, amount, names) for purse, amount in ((taker, yuan), (giver, -yuan))),
                )


def _same_purse(one: Purse, other: Purse) -> bool:
    """Tell whether two purses are one in two phases: the budget of the study, or a fund."""
    return one.kind == other.kind and (one.kind == PHASE_BUDGET or one.name == other.name)


def _raise(purse: Purse, yuan: float, names: tuple[str, ...]) -> Raise:
    phase = names[purse.phase or 0] if purse.kind == "fund" else ""
    return Raise(kind=purse.kind, name=purse.name, phase=phase, yuan=yuan)


def _opened(bench: Bench, key: Key) -> Iterator[Change]:
    """Yield funds that are opened to the communities of the rule."""
    question = bench.question
    units = [(question.unit_values[place], question.township_of[place]) for place in bench.places(key)]
    for fund in bench.plan.scenario.funds:
        outside = [(unit, town) for unit, town in units if not may_have(fund, unit, town)]
        if outside:
            conditions = tuple(
                name for name in _CONDITIONS if any(_barred(fund, name, unit) for unit, _town in outside)
            )
            towns = tuple(
                dict.fromkeys(town for _unit, town in outside if fund.townships and town not in fund.townships)
            )
            purse = Raise(kind="fund", name=fund.name)
            yield Change(kind=OPEN_FUND, rule_id=key[0], money=(purse,), conditions=conditions, townships=towns)


def _barred(fund: Fund, condition: str, unit: Unit) -> bool:
    """Tell whether one condition of a fund keeps it from a community."""
    value = getattr(unit, condition)
    word = ("yes" if value else "no") if isinstance(value, bool) else value
    return getattr(fund, condition) not in {"any", word}


def _new(bench: Bench, key: Key) -> Iterator[Change]:
    """Yield a new fund for the townships of the rule's communities."""
    yuan = least_new_fund(bench, key)
    if yuan is None or not any(yuan):
        return
    taken = {fund.name for fund in bench.plan.scenario.funds}
    name = _("new money")
    while name in taken:
        name += "+"
    towns = tuple(dict.fromkeys(bench.question.township_of[place] for place in bench.places(key)))
    given = zip(bench.plan.scenario.phase_names, yuan, strict=True)
    money = tuple(Raise(kind="fund", name=name, phase=phase, yuan=amount) for phase, amount in given if amount)
    yield Change(kind=NEW_FUND, rule_id=key[0], money=money, townships=towns if all(towns) else ())
