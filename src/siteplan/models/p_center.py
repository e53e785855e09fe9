r"""The p-center problem: p facilities so that the largest cost of anyone to the nearest open one is least.

The answer is one of the distinct costs. A radius r is possible if a set cover with it needs no more than p facilities; with N_i(r) the candidates
within r of demand point i and y_j = 1 if candidate j is open::

    minimise    sum_j y_j
    subject to  sum_{j in N_i(r)} y_j >= 1     cover, each distinct N_i(r) once
                sum_j y_j <= p                 existing and required facilities included
                y_j in {0, 1};  1 for required and existing candidates

The least possible radius is found by bisection, first with 0 <= y_j <= 1, which gives a bound, then with whole facilities. Every demand point
counts alike, whatever its weight. One that no open facility reaches makes a solution impossible.

The problem: S. L. Hakimi, Operations Research 12 (1964) 450-459. Covering and bisection: E. Minieka: The m-center problem. SIAM Review 12 (1970)
138-139; the relaxed bound: S. Elloumi, M. Labbe, Y. Pochet: A new formulation and resolution method for the p-center problem. INFORMS
Journal on Computing 16 (2004) 84-94.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.bisection import Attempt, least_level
from siteplan.models.point_model import (
    Clock,
    PointAnswer,
    by_nearest,
    has_solution,
    infeasible,
    nearest_open,
    nothing,
    read_open,
    site_variables,
)
from siteplan.models.point_problem import cover_groups
from siteplan.models.solver import Model
from siteplan.models.status import Proof, Status, judge, relative_gap

if TYPE_CHECKING:
    from siteplan.models.point_problem import Bools, PointProblem
    from siteplan.models.solver import SolverOptions


def radius_model(problem: PointProblem, radius: float, p: int, *, whole: bool = True) -> tuple[Model, dict[int, Any]]:
    """Return the covering model of one radius and its variables y_j by candidate; ``whole``: y_j is 0 or 1.

    Costs are compared as they are, without tolerance: the radius is one of them.
    """
    model = Model("p_center")
    y = site_variables(model, problem, whole=whole)
    model.add([(variable, 1.0) for variable in y.values()], "<=", p, "p")
    given = problem.given
    nearest = problem.nearest(float(radius), tolerance=0.0)
    for sites, points in cover_groups(nearest):
        if not given[sites].any():
            model.add([(y[j], 1.0) for j in sites.tolist()], ">=", 1, f"cover_{points[0]}")
    model.minimise([(variable, 1.0) for variable in y.values()])
    return model, y


def solve_p_center(problem: PointProblem, p: int, options: SolverOptions) -> PointAnswer:
    """Open p facilities so that the largest cost to the nearest one is least.

    Parameters
    ----------
    problem : PointProblem
    p : int
        Facilities open in all, existing and required ones included.
    options : SolverOptions

    Returns
    -------
    PointAnswer
        Its objective is the largest cost of a demand point to its nearest open facility.
    """
    nearest = problem.nearest()
    left_out = problem.unreachable()
    if len(left_out) or int(problem.usable.sum()) < p:
        return nothing(problem, infeasible(), left_out=left_out)
    if not problem.n_demand:
        opened = _filled(problem, problem.given, p)
        return by_nearest(opened, nearest, (Proof(status=Status.OPTIMAL, value=0.0, bound=0.0, seconds=0.0),))
    clock = Clock(options)
    steps = _Steps(problem, p, clock)
    levels = steps.levels
    low = int(np.searchsorted(levels, nearest.cost[nearest.start[:-1]].max()))
    best = steps.whole(len(levels) - 1)
    if not best.possible:
        status = Status.INFEASIBLE if best.possible is False else Status.NO_SOLUTION
        bound = np.inf if best.possible is False else float(levels[low])
        return nothing(problem, Proof(status=status, value=np.inf, bound=bound, seconds=clock.seconds))

    def enough(low: int, high: int) -> bool:
        return relative_gap(float(levels[high]), float(levels[low])) <= options.gap

    low, _relaxed = least_level(Attempt(possible=True, level=best.level), steps.relaxed, low=low)
    low, best = least_level(best, steps.whole, low=low, enough=enough)
    opened = _filled(problem, best.opened, p)
    value = float(nearest_open(nearest, opened)[2].max())
    bound = min(float(levels[low]), value)
    status = judge(value, bound, options.gap, finished=enough(low, best.level))
    return by_nearest(opened, nearest, (Proof(status=status, value=value, bound=bound, seconds=clock.seconds),))


class _Steps:
    """The attempts at one radius."""

    def __init__(self, problem: PointProblem, p: int, clock: Clock) -> None:
        self.problem, self.p, self.clock = problem, p, clock
        self.nearest = problem.nearest()
        self.levels = np.unique(self.nearest.cost)

    def relaxed(self, level: int) -> Attempt:
        """Tell whether the relaxed covering model is possible."""
        if self.clock.out:
            return Attempt(possible=None)
        model, _y = radius_model(self.problem, self.levels[level], self.p, whole=False)
        found = model.solve(self.clock.rest(gap=0.0))
        if found.status is Status.INFEASIBLE:
            return Attempt(possible=False)
        return Attempt(possible=True if has_solution(found) else None, level=level)

    def whole(self, level: int) -> Attempt:
        """Tell whether p facilities hold the radius."""
        if self.clock.out:
            return Attempt(possible=None)
        model, y = radius_model(self.problem, self.levels[level], self.p)
        found = model.solve(self.clock.rest(gap=0.0))
        if not has_solution(found):
            return Attempt(possible=False if found.status is Status.INFEASIBLE else None)
        opened = read_open(model, y, self.problem.n_candidates)
        farthest = nearest_open(self.nearest, opened)[2].max()
        return Attempt(possible=True, level=int(np.searchsorted(self.levels, farthest)), opened=opened)


def _filled(problem: PointProblem, opened: Bools, p: int) -> Bools:
    """Return ``opened`` with the first free candidates added until p are open; nobody is farther for it."""
    filled = opened.copy()
    free = np.flatnonzero(problem.usable & ~opened)
    filled[free[: max(p - int(opened.sum()), 0)]] = True
    return filled
