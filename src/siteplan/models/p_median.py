r"""The p-median problem: p facilities so that the weighted cost to the nearest open one is least.

In the radius formulation: with the distinct prefix sets S of :mod:`siteplan.models.prefix`, n_S = 1 if no facility of S is open, m_S the weighted
cost that this adds, S' the set before S and y_j = 1 if candidate j is open::

    minimise    constant + sum_S m_S n_S
    subject to  n_S >= n_{S'} - sum_{j in S, not in S'} y_j     set      (1 in place of n_{S'} where there is no S')
                sum_j y_j = p                                   existing and required facilities included
                n_S = 0 where S is all that some demand point reaches, unless a penalty is given
                n_S >= 0,  y_j in {0, 1};  1 for required and existing candidates

A demand point never counts 0 because it is out of reach: without a penalty every one of them needs an open facility that it reaches, whatever its
weight; with a penalty one that has none counts the penalty, which is at least the largest cost.

The problem: S. L. Hakimi: Optimum locations of switching centers and the absolute centers and medians of a graph. Operations Research 12 (1964)
450-459. C. ReVelle, R. Swain: Central facilities location. Geographical Analysis 2 (1970) 30-42. The formulation: Cornuejols, Nemhauser and Wolsey
(1980) and Elloumi (2010), see :mod:`siteplan.models.prefix`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.point_model import (
    PointAnswer,
    by_nearest,
    has_solution,
    infeasible,
    nearest_open,
    nothing,
    open_exactly,
    own_proof,
    read_open,
    site_variables,
)
from siteplan.models.prefix import prefix_sets
from siteplan.models.solver import Model

if TYPE_CHECKING:
    from siteplan.models.point_problem import PointProblem
    from siteplan.models.solver import SolverOptions


def p_median_model(problem: PointProblem, p: int, penalty: float | None) -> tuple[Model, dict[int, Any], float]:
    """Return the model, the variables y_j by candidate, and the constant of the objective."""
    model = Model("p_median")
    y = site_variables(model, problem)
    open_exactly(model, y, p)
    nearest = problem.nearest()
    far = problem.cost.max(initial=0.0) if penalty is None else penalty
    sets = prefix_sets(nearest, problem.weight, problem.given, p=p, n_usable=len(y), far=far)
    terms: list[tuple[Any, float]] = []
    n: list[Any] = []
    for s in range(len(sets)):
        before = int(sets.parent[s])
        if before >= 0 and n[before] is None:
            n.append(None)  # the set before holds an open facility, and so does this one
            continue
        must = bool(sets.last[s]) and penalty is None
        n.append(None if must else model.var(f"n_{s}"))
        row = [(y[j], 1.0) for j in sets.added_of(s).tolist()]
        if before >= 0:
            row.append((n[before], -1.0))
        if not must:
            row.append((n[s], 1.0))
            terms.append((n[s], float(sets.amount[s])))
        model.add(row, ">=", 0 if before >= 0 else 1, f"set_{s}")
    model.minimise(terms)
    alone = float(problem.weight[np.diff(nearest.start) == 0].sum())
    return model, y, sets.constant + (alone * penalty if penalty is not None else 0.0)


def solve_p_median(
    problem: PointProblem, p: int, options: SolverOptions, *, penalty: float | None = None
) -> PointAnswer:
    """Open p facilities so that the weighted cost to the nearest one is least.

    Parameters
    ----------
    problem : PointProblem
    p : int
        Facilities open in all, existing and required ones included.
    options : SolverOptions
    penalty : float, optional
        What demand that no open facility reaches counts per unit of weight, in the unit of the costs. Without it such
        a solution is not allowed.

    Returns
    -------
    PointAnswer
        Its objective is the sum of weight x cost (and weight x penalty).

    Raises
    ------
    ValueError
        If the penalty is less than the largest cost.
    """
    if penalty is not None and penalty < problem.cost.max(initial=0.0):
        raise ValueError("the penalty is less than the largest cost")
    if penalty is None and len(problem.unreachable()):
        return nothing(problem, infeasible(), left_out=problem.unreachable())
    model, y, constant = p_median_model(problem, p, penalty)
    found = model.solve(options)
    if not has_solution(found):
        return nothing(problem, own_proof(found, 0.0, options.gap, constant=constant))
    opened = read_open(model, y, problem.n_candidates)
    nearest = problem.nearest()
    demand, _site, cost = nearest_open(nearest, opened)
    value = float((problem.weight[demand] * cost).sum())
    if penalty is not None:
        value += float(np.delete(problem.weight, demand).sum()) * penalty
    return by_nearest(opened, nearest, (own_proof(found, value, options.gap, constant=constant),))
