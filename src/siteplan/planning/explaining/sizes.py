"""How much is missing: money, sites, metres of a reach. Computed as the least that makes the hard rules hold."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from siteplan.models.components import split
from siteplan.models.joint_money import COST_UNIT
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import whole
from siteplan.planning.explaining.changes import Raise
from siteplan.planning.explaining.elements import (
    BUDGET,
    PHASE_BUDGET,
    RULE,
    TOWNSHIP_BUDGET,
    element_of,
    elements,
    loosened,
)
from siteplan.planning.explaining.holding import built_by, hold, near
from siteplan.planning.explaining.must import concerned, holds, least, only_hard
from siteplan.siting.rules_to_arrays import to_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.joint import JointModel
    from siteplan.models.joint_problem import JointProblem
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.weighed import Key
    from siteplan.siting.question import Question

    Terms = list[tuple[Any, float]]

_HAIR = 1e-4


class Purse(NamedTuple):
    """One limit on money: what it is called, and the row of it in the problem (a budget, or a fund in a phase)."""

    kind: str
    name: str
    row: int
    phase: int | None = None


def must_problem(
    bench: Bench, key: Key, *, alone: bool = True, question: Question | None = None
) -> tuple[Question, JointProblem]:
    """Return the question and the problem in which the rule ``key`` and the hard rules that the plan meets must hold.

    Parameters
    ----------
    bench : Bench
    key : Key
    alone : bool
        Whether the other unmet hard rules are left out; else all hard rules must hold.
    question : Question, optional
        A changed question; by default the plan's.
    """
    first = element_of(key)
    off = [e for e in elements(bench) if e.kind == RULE and alone and e.key in bench.unmet and e != first]
    asked = loosened(bench, off, must=key, question=question)
    problem = to_problem(asked)
    if not bench.whole:
        rule = bench.rule(key)
        free = near(asked, problem, bench.places(key), rule.types if rule else ())
        problem = hold(problem, built_by(bench.plan, asked, problem.slots), free, np.zeros_like(free))
    return asked, only_hard(problem)


def fits(bench: Bench, key: Key, question: Question | None = None) -> bool:
    """Tell whether the rule ``key`` can hold together with the hard rules that the plan meets; a run out of time shows nothing, and is no."""
    asked, problem = must_problem(bench, key, question=question)
    places = bench.places(key)
    sites = np.isin(asked.site_unit, places)
    demand = np.isin(asked.demand_unit.astype(str), places)
    return holds(problem, concerned(problem, sites, demand), options_of(bench)) is True


def options_of(bench: Bench) -> SolverOptions:
    """Return how each solve of an explanation is done."""
    return SolverOptions(solver=bench.plan.scenario.solver, time_limit_s=bench.seconds)


# money ------------------------------------------------------------------------------------------------------------------


def purses(question: Question, problem: JointProblem) -> list[Purse]:
    """Return the limits on money of a problem in the order of its rows: of the study, of phases, of townships, and of funds by phase."""
    scenario = question.scenario
    names: list[tuple[str, str, int | None]] = [(BUDGET, "", None)] if scenario.budget_yuan is not None else []
    names += [(PHASE_BUDGET, p.name, t) for t, p in enumerate(scenario.phases) if p.budget_yuan is not None]
    layer = question.study.layers.get("townships")
    if scenario.township_budgets and layer is not None:
        towns = set(question.sites["township_id"].astype("object").astype(str))
        known = layer[layer["budget_yuan"].notna() & layer["id"].astype(str).isin(towns)]
        names += [(TOWNSHIP_BUDGET, str(key), None) for key in known["id"]]
    found = [Purse(kind, name, row, phase) for row, (kind, name, phase) in enumerate(names)]
    assert len(found) == len(problem.budgets)
    funds = [Purse("fund", fund.name, f, t) for f, fund in enumerate(scenario.funds) for t in range(scenario.n_phases)]
    return found + funds


def least_money(bench: Bench, key: Key, *, alone: bool = True) -> tuple[Raise, ...] | None:
    """Return the least money more, and in which purses, that makes the rule hold together with what the plan meets.

    Parameters
    ----------
    alone : bool
        Whether the other unmet hard rules are left out; else it is what all of them need.

    Returns
    -------
    tuple of Raise, or None
        None where money alone does not make it hold; empty where none is lacking.
    """
    question, problem = must_problem(bench, key, alone=alone)
    known = purses(question, problem)
    names = question.scenario.phase_names
    found: dict[Purse, Any] = {}

    def more(model: JointModel) -> Terms:
        for purse in known:
            found[purse] = extra = model.model.var(f"extra_{purse.kind}_{purse.row}_{purse.phase}")
            terms, constant, limit = _spent(model, problem, purse)
            model.model.add([*terms, (extra, -1.0)], "<=", limit / COST_UNIT - constant, f"purse_{extra.name}")
        return [(extra, 1.0) for extra in found.values()]

    if not known or least(_ample(problem), whole(problem), options_of(bench), more) is None:
        return None
    raises = []
    for purse, extra in found.items():
        yuan = math.ceil((extra.varValue or 0.0) * COST_UNIT - _HAIR)
        if yuan >= 1:
            phase = "" if purse.phase is None or purse.kind != "fund" else names[purse.phase]
            raises.append(Raise(kind=purse.kind, name=purse.name, phase=phase, yuan=float(yuan)))
    return tuple(raises)


def least_moved(bench: Bench, key: Key, giver: Purse, taker: Purse) -> float | None:
    """Return the least yuan that has to come in the phase of ``taker`` instead of that of ``giver``; None where that does not help."""
    question, problem = must_problem(bench, key)

    def more(model: JointModel) -> Terms:
        moved = model.model.var("moved")
        for purse in purses(question, problem):
            terms, constant, limit = _spent(model, problem, purse)
            share = 1.0 if purse == giver else -1.0 if purse == taker else 0.0
            right = limit / COST_UNIT - constant
            model.model.add([*terms, (moved, share)], "<=", right, f"purse_{purse.kind}_{purse.row}_{purse.phase}")
        limit = _spent(model, problem, giver)[2]
        model.model.add([(moved, 1.0)], "<=", limit / COST_UNIT, "no_more_than_there_is")
        return [(moved, 1.0)]

    found = least(_ample(problem), whole(problem), options_of(bench), more)
    return None if found is None else float(math.ceil(found.value * COST_UNIT - _HAIR))


def least_new_fund(bench: Bench, key: Key) -> tuple[float, ...] | None:
    """Return the least yuan of a new fund for the communities of a rule, phase by phase; None where money does not help."""
    question, problem = must_problem(bench, key)
    here = np.flatnonzero(np.isin(question.site_unit, bench.places(key))).astype(np.int64)
    n_phases, number = problem.n_phases, len(problem.funds)
    all_money = _all_money(problem)
    fund = dataclasses.replace(problem.funds[0], sites=here, limits=(all_money,) * n_phases)
    given: list[Terms] = []

    def more(model: JointModel) -> Terms:
        variables = model.model.problem.variables()
        for t in range(n_phases):
            mine = [v for v in variables if v.name.startswith(f"p_{number}_") and v.name.endswith(f"_{t}")]
            given.append([(v, 1.0) for v in mine])
        return [term for terms in given for term in terms]

    wider = dataclasses.replace(problem, funds=(*problem.funds, fund))
    if least(wider, whole(wider), options_of(bench), more) is None:
        return None
    return tuple(float(math.ceil(sum(v.varValue or 0.0 for v, _c in terms) * COST_UNIT - _HAIR)) for terms in given)


def _all_money(problem: JointProblem) -> float:
    """Return more than a problem can cost."""
    slots = problem.slots
    return 1.0 + float(problem.sites.fixed.sum() + (slots.cost_m2 * slots.max_m2).sum())


def _ample(problem: JointProblem) -> JointProblem:
    """Return a problem whose purses hold more than can be spent."""
    plenty = _all_money(problem)
    return dataclasses.replace(
        problem,
        budgets=tuple(dataclasses.replace(budget, limit=plenty) for budget in problem.budgets),
        funds=tuple(dataclasses.replace(fund, limits=(plenty,) * problem.n_phases) for fund in problem.funds),
    )


def _spent(model: JointModel, problem: JointProblem, purse: Purse) -> tuple[Terms, float, float]:
    """Return what is spent from a purse as terms and a constant, in COST_UNIT yuan, and its limit, yuan."""
    if purse.kind == "fund":
        names = (f"p_{purse.row}_", f"_{purse.phase}")
        variables = model.model.problem.variables()
        terms = [(v, 1.0) for v in variables if v.name.startswith(names[0]) and v.name.endswith(names[1])]
        return terms, 0.0, float(problem.funds[purse.row].limits[purse.phase or 0])
    budget = problem.budgets[purse.row]
    sites = budget.sites.tolist()
    spent = model.money.cost(model.last, sites) if budget.phase is None else model.money.spent(budget.phase, sites)
    return [*spent[0]], spent[1], float(budget.limit)


def least_sites(bench: Bench, key: Key, most: int = 12) -> int | None:
    """Return the least number of sites more that makes the rule hold together with what the plan meets; None where up to ``most`` do not."""
    question, problem = must_problem(bench, key)
    limit = question.scenario.max_sites
    if limit is None:
        return None
    for number in range(most + 1):
        more = dataclasses.replace(problem, max_sites=limit + number)
        if holds(more, split(more), options_of(bench)):
            return number
    return None


# metres -----------------------------------------------------------------------------------------------------------------


def least_reach(nearest: Sequence[float], households: Sequence[float], required: float) -> float:
    """Return the least metres within which ``required`` households have a site; inf where no metres do.

    >>> least_reach([100.0, 900.0, 400.0], [10.0, 1.0, 10.0], 20.0)
    400.0
    """
    near, weight = np.asarray(nearest, dtype=float), np.asarray(households, dtype=float)
    order = np.argsort(near, kind="stable")
    enough = np.cumsum(weight[order]) >= required - 1e-6 * max(1.0, required)
    return float(near[order][int(np.argmax(enough))]) if enough.any() else math.inf


def first_that(values: Sequence[float], good: Callable[[float], bool]) -> float | None:
    """Return the first of ascending ``values`` that is good, where all after a good one are; the least is tried first, then by halves.

    >>> first_that([1.0, 2.0, 3.0, 4.0], lambda value: value >= 3.0)
    3.0
    """
    if not values:
        return None
    if good(values[0]):
        return values[0]
    low, high = 0, len(values) - 1
    if low == high or not good(values[high]):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(values[middle]) else (middle, high)
    return values[high]
