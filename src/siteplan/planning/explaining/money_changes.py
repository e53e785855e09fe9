"""Changes of money that might meet a rule: more of it, for whom it is, and when it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.messages import _
from siteplan.planning.explaining.changes import EARLIER_MONEY, MORE_BUDGET, NEW_FUND, OPEN_FUND, Change, Raise
from siteplan.planning.explaining.elements import PHASE_BUDGET
from siteplan.planning.explaining.reasons import due_of
from siteplan.planning.explaining.sizes import least_money, least_moved, least_new_fund, must_problem, purses
from siteplan.siting.money import may_have

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.sizes import Purse
    from siteplan.planning.explaining.weighed import Key
    from siteplan.plans.scenario import Fund
    from siteplan.standards.rule import Unit

_CONDITIONS = ("setting", "construction", "resettlement", "key")


def money_changes(bench: Bench, key: Key) -> Iterator[Change]:
    """Yield the changes of money that might meet a rule, as small as they can be.

    The least that the rule needs first, then what all unmet hard rules need together, where the money would otherwise go to another of them.
    """
    seen: set[tuple[Raise, ...]] = {()}
    for alone in (True, False):
        money = least_money(bench, key, alone=alone)
        if money is not None and money not in seen:
            seen.add(money)
            yield Change(kind=MORE_BUDGET, rule_id=key[0], money=money)
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
