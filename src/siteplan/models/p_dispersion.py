r"""The p-dispersion problem: p facilities as far from one another as can be.

The least distance between two open facilities is maximised. It is one of the distinct distances; a distance d can be kept if p candidates can be
chosen with no pair nearer than d. With y_j = 1 if candidate j is open, and cliques C of candidates that are all nearer than d to one another, so
many that every such pair is in one::

    maximise    sum_j y_j
    subject to  sum_{j in C} y_j <= 1       clique
                sum_j y_j >= p              existing and required facilities included
                y_j in {0, 1};  1 for required and existing candidates

The largest possible d is found by bisection. Of more than p candidates any p keep the distance too.

M. J. Kuby: Programming models for facility dispersion: the p-dispersion and maxisum dispersion problems. Geographical Analysis 19 (1987) 315-329.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.models.bisection import Attempt, least_level
from siteplan.models.point_model import (
    Clock,
    PointAnswer,
    has_solution,
    infeasible,
    nothing,
    read_open,
    site_variables,
)
from siteplan.models.solver import Model
from siteplan.models.status import Proof, Status, judge, relative_gap

if TYPE_CHECKING:
    from siteplan.models.point_problem import Bools, Floats, Ints, PointProblem
    from siteplan.models.solver import SolverOptions


def distances(problem: PointProblem) -> tuple[Ints, Ints, Floats]:
    """Return the pairs of usable candidates (a < b) and the distance of each: the shorter one where it differs by direction."""
    a, b = np.minimum(problem.i, problem.j), np.maximum(problem.i, problem.j)
    usable = problem.usable
    kept = (a != b) & usable[a] & usable[b]
    key = a[kept] * np.int64(max(problem.n_candidates, 1)) + b[kept]
    keys, number = np.unique(key, return_inverse=True)
    least = np.full(len(keys), np.inf)
    np.minimum.at(least, number, problem.cost[kept])
    return keys // max(problem.n_candidates, 1), keys % max(problem.n_candidates, 1), least


def spacing_model(problem: PointProblem, distance: float, p: int) -> tuple[Model, dict[int, Any]]:
    """Return the model of one distance (minimising minus the number of facilities) and its variables y_j by candidate."""
    model = Model("p_dispersion")
    y = site_variables(model, problem)
    model.add([(variable, 1.0) for variable in y.values()], ">=", p, "p")
    a, b, apart = distances(problem)
    near = apart < distance
    for c, clique in enumerate(cliques(a[near], b[near])):
        model.add([(y[j], 1.0) for j in clique], "<=", 1, f"clique_{c}")
    model.minimise([(variable, -1.0) for variable in y.values()])
    return model, y


def cliques(a: Ints, b: Ints) -> list[tuple[int, ...]]:
    """Return cliques of the graph with edges (a, b) that together hold every edge.

    >>> cliques(np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]))
    [(0, 1, 2), (2, 3)]
    """
    beside: dict[int, set[int]] = {}
    for one, other in zip(a.tolist(), b.tolist(), strict=True):
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    done: set[tuple[int, int]] = set()
    found = []
    for edge in sorted(zip(a.tolist(), b.tolist(), strict=True)):
        if edge in done:
            continue
        members = list(edge)
        common = beside[edge[0]] & beside[edge[1]]
        while common:
            joined = min(common)
            members.append(joined)
            common &= beside[joined]
        members.sort()
        done.update(combinations(members, 2))
        found.append(tuple(members))
    return found


def solve_p_dispersion(problem: PointProblem, p: int, options: SolverOptions) -> PointAnswer:
    """Open p facilities so that the least distance between two of them is largest.

    Parameters
    ----------
    problem : PointProblem
        Its demand points are the candidates themselves, in the same order; weights are not read. An absent pair is
        farther apart than every pair that is there.
    p : int
        Facilities open in all, existing and required ones included; at least 2.
    options : SolverOptions

    Returns
    -------
    PointAnswer
        Its objective is the least distance between two open facilities, of which the bound is an upper one. Nobody is served.

    Raises
    ------
    ValueError
        If demand points and candidates are not the same, or p is less than 2.
    UsageError
        If p candidates can stand farther apart than every pair that is there: how far is not known.
    """
    if problem.n_demand != problem.n_candidates or p < 2:  # noqa: PLR2004 - a distance needs two
        raise ValueError("p-dispersion needs distances between the candidates themselves, and p of at least 2")
    if not int(problem.given.sum()) <= p <= int(problem.usable.sum()):
        return nothing(problem, infeasible())
    clock = Clock(options)
    steps = _Steps(problem, p, clock)
    levels = steps.levels

    def enough(low: int, high: int) -> bool:
        return relative_gap(float(levels[high]), float(levels[low])) <= options.gap

    low = steps.first()
    best = steps.attempt(len(levels) - 1)
    if not best.possible:
        status = Status.INFEASIBLE if best.possible is False else Status.NO_SOLUTION
        bound = -np.inf if best.possible is False else float(levels[low])
        return nothing(problem, Proof(status=status, value=np.inf, bound=bound, seconds=clock.seconds))
    low, best = least_level(best, steps.attempt, low=low, enough=enough)
    value, bound = float(levels[best.level]), float(levels[low])
    if np.isinf(value):
        raise UsageError(
            _(
                "{p} sites can stand farther apart than the farthest pair of the cost matrix, so how far apart is not known: "
                "give a matrix with a larger cutoff",
                p=p,
            )
        )
    status = judge(value, bound, options.gap, finished=enough(low, best.level))
    proof = Proof(status=status, value=value, bound=bound, seconds=clock.seconds)
    none = np.empty(0, dtype=np.int64)
    return PointAnswer(opened=best.opened, demand=none, site=none, share=np.empty(0), proofs=(proof,), left_out=none)


class _Steps:
    """The attempts at one distance; levels are distances from the largest down, infinity first where a pair is absent."""

    def __init__(self, problem: PointProblem, p: int, clock: Clock) -> None:
        self.problem, self.p, self.clock = problem, p, clock
        self.a, self.b, self.apart = distances(problem)
        n = int(problem.usable.sum())
        known = np.unique(self.apart)[::-1]
        self.levels = known if len(self.apart) == n * (n - 1) // 2 else np.r_[np.inf, known]

    def first(self) -> int:
        """Return the first level that those which are open anyway allow."""
        return self._level(self.problem.given)

    def _level(self, opened: Bools) -> int:
        both = opened[self.a] & opened[self.b]
        return int(np.searchsorted(-self.levels, -self.apart[both].min())) if both.any() else 0

    def attempt(self, level: int) -> Attempt:
        """Tell whether p facilities keep the distance."""
        if self.clock.out:
            return Attempt(possible=None)
        model, y = spacing_model(self.problem, float(self.levels[level]), self.p)
        found = model.solve(self.clock.rest(gap=0.0))
        if not has_solution(found):
            return Attempt(possible=False if found.status is Status.INFEASIBLE else None)
        opened = read_open(model, y, self.problem.n_candidates)
        spare = np.flatnonzero(opened & ~self.problem.given)
        opened[spare[len(spare) - (int(opened.sum()) - self.p) :]] = False
        return Attempt(possible=True, level=self._level(opened), opened=opened)
