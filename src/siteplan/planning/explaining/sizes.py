"""Whether a rule can hold together with what the plan meets, and how many metres of reach that takes."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from siteplan.errors import UsageError
from siteplan.planning.explaining.elements import RULE, element_of, elements, loosened
from siteplan.planning.explaining.holding import built_by, hold, near
from siteplan.planning.explaining.must import concerned, holds, only_hard
from siteplan.siting.rules_to_arrays import to_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from siteplan.models.joint_problem import JointProblem
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.weighed import Key
    from siteplan.siting.question import Question


def must_problem(
    bench: Bench,
    key: Key,
    *,
    others: Collection[Key] = (),
    question: Question | None = None,
    limited: bool = True,
    built: bool = False,
) -> tuple[Question, JointProblem]:
    """Return the question and the problem in which the rule ``key`` must hold, and all that the plan meets of what comes not after it.

    Parameters
    ----------
    bench : Bench
    key : Key
    others : collection of Key
        Rules that the plan does not meet and that must hold too.
    question : Question, optional
        A changed question; by default the plan's.
    limited : bool
        Whether money and the number of sites are limited.
    built : bool
        Whether all that the plan builds stays as it is.
    """
    kept = {element_of(other) for other in others}
    active = [e for e in elements(bench, key) if e.kind != RULE or e.key not in bench.unmet or e in kept]
    asked = loosened(bench, key, active, question=question)
    problem = to_problem(asked)
    if built or not bench.whole:
        rule = bench.rule(key)
        free = near(asked, problem, bench.places(key), rule.types if rule else ())
        had = built_by(bench.plan, asked, problem.slots)
        problem = hold(problem, had, free & ~had.opened if built else free, free if built else np.zeros_like(free))
    problem = only_hard(problem)
    return asked, problem if limited else dataclasses.replace(problem, budgets=(), funds=(), max_sites=None)


def ample(problem: JointProblem) -> JointProblem:
    """Return a problem whose purses hold more than can be spent."""
    plenty = all_money(problem)
    return dataclasses.replace(
        problem,
        budgets=tuple(dataclasses.replace(budget, limit=plenty) for budget in problem.budgets),
        funds=tuple(dataclasses.replace(fund, limits=(plenty,) * problem.n_phases) for fund in problem.funds),
    )


def all_money(problem: JointProblem) -> float:
    """Return more than a problem can cost, yuan."""
    slots = problem.slots
    return 1.0 + float(problem.sites.fixed.sum() + (slots.cost_m2 * slots.max_m2).sum())


def fits(bench: Bench, key: Key, question: Question | None = None, *, limited: bool = True) -> bool | None:
    """Tell whether the rule ``key`` can hold together with what the plan meets of the rules that come not after it; None: the time was up."""
    try:
        asked, problem = must_problem(bench, key, question=question, limited=limited)
    except UsageError:  # what is locked can no longer stand
        return False
    places = bench.places(key)
    sites = np.isin(asked.site_unit, places)
    demand = np.isin(asked.demand_unit.astype(str), places)
    return holds(problem, concerned(problem, sites, demand), bench.runs)


def limits_only(bench: Bench, key: Key) -> bool:
    """Tell whether nothing but money and the number of sites keeps the rule ``key`` from holding together with what the plan meets."""
    if key not in bench.memo:
        bench.memo[key] = fits(bench, key, limited=False) is True
    return bench.memo[key]


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
