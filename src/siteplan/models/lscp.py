r"""LSCP, the location set covering problem: everyone within reach of a facility, at the least cost of sites.

With N_i the candidates within reach of demand point i (inclusive), y_j = 1 if candidate j is open, f_j its cost (1: the number of sites)::

    minimise    sum_j f_j y_j
    subject to  sum_{j in N_i} y_j >= 1     cover, each distinct N_i once
                y_j in {0, 1};  1 for required and existing candidates, which cover as all others do

Every demand point is covered, whatever its weight. Existing sites cost nothing.

C. Toregas, R. Swain, C. ReVelle, L. Bergman: The location of emergency service facilities. Operations Research 19 (1971) 1363-1373.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siteplan.models.point_model import (
    PointAnswer,
    by_nearest,
    has_solution,
    infeasible,
    nothing,
    own_proof,
    read_open,
    site_variables,
)
from siteplan.models.point_problem import cover_groups
from siteplan.models.solver import Model

if TYPE_CHECKING:
    from siteplan.models.point_problem import PointProblem
    from siteplan.models.solver import SolverOptions


def lscp_model(problem: PointProblem, reach: float) -> tuple[Model, dict[int, Any]]:
    """Return the model and the variables y_j by candidate; demand points that no candidate reaches have no row."""
    model = Model("lscp")
    y = site_variables(model, problem)
    given = problem.given
    for sites, points in cover_groups(problem.nearest(reach)):
        if not given[sites].any():
            model.add([(y[j], 1.0) for j in sites.tolist()], ">=", 1, f"cover_{points[0]}")
    cost = problem.site_cost
    model.minimise([(variable, float(cost[j])) for j, variable in y.items()])
    return model, y


def solve_lscp(problem: PointProblem, reach: float, options: SolverOptions, *, elastic: bool = False) -> PointAnswer:
    """Cover every demand point at the least cost of sites.

    Parameters
    ----------
    problem : PointProblem
    reach : float
        In the unit of the costs, inclusive.
    options : SolverOptions
    elastic : bool
        Whether demand points that no candidate reaches are left out, and named in ``left_out``; otherwise they make the problem
        infeasible.

    Returns
    -------
    PointAnswer
        Its objective is the cost of the open sites that do not stand yet.
    """
    left_out = problem.unreachable(reach)
    if len(left_out) and not elastic:
        return nothing(problem, infeasible(), left_out=left_out)
    model, y = lscp_model(problem, reach)
    found = model.solve(options)
    if not has_solution(found):
        return nothing(problem, found, left_out=left_out)
    opened = read_open(model, y, problem.n_candidates)
    value = float(problem.site_cost[opened].sum())
    return by_nearest(opened, problem.nearest(reach), (own_proof(found, value, options.gap),), left_out)
