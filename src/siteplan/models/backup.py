r"""LSCP-B, set covering with backup: everyone within reach of a facility at the least cost, and as many as possible within reach of two.

Two objectives, in this order. With N_i the candidates within reach of demand point i (inclusive), y_j = 1 if candidate j is open, f_j its cost,
u_S = 1 if two sites of the set S are open, and W_S the weight of the demand points with N_i = S::

    1  minimise    sum_j f_j y_j                                 which gives the cost F
    2  maximise    sum_S W_S u_S
       subject to  sum_j f_j y_j <= F                            cost
    both           sum_{j in S} y_j >= 1 + u_S                   cover      (u_S = 0 in the first)
                   0 <= u_S <= 1,  y_j in {0, 1};  1 for required and existing candidates

Existing sites cost nothing, and count as first cover and as backup. Where the first objective is not proven, the second keeps the best cost found,
and the answer is not called proven.

K. Hogan, C. ReVelle: Concepts and applications of backup coverage. Management Science 32 (1986) 1434-1444 (there with the number of sites,
BACOP 1 for a given number; the two steps as in R. L. Church, A. T. Murray: Location covering models, 2018).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.point_model import (
    Clock,
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
from siteplan.models.status import Proof, Status
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from siteplan.models.point_problem import PointProblem
    from siteplan.models.solver import SolverOptions


def backup_model(problem: PointProblem, reach: float, most: float | None = None) -> tuple[Model, dict[int, Any]]:
    """Return the model of the first objective, or with the cost ``most`` that of the second, and the variables y_j by candidate."""
    model = Model("lscp_backup" if most is not None else "lscp_first")
    y = site_variables(model, problem)
    cost = [(variable, float(f)) for variable, f in zip(y.values(), problem.site_cost[list(y)], strict=True) if f > 0]
    covered_twice: list[tuple[Any, float]] = []
    for sites, points in cover_groups(problem.nearest(reach)):
        row = [(y[j], 1.0) for j in sites.tolist()]
        weight = float(problem.weight[points].sum())
        if most is not None and len(sites) > 1 and weight > 0:
            u = model.var(f"u_{points[0]}", 0, 1)
            row.append((u, -1.0))
            covered_twice.append((u, -weight))
        model.add(row, ">=", 1, f"cover_{points[0]}")
    if most is None:
        model.minimise(cost)
        return model, y
    if cost:
        model.add(cost, "<=", most + TOLERANCE * max(1.0, most), "cost")
    model.minimise(covered_twice)
    return model, y


def solve_backup(problem: PointProblem, reach: float, options: SolverOptions, *, elastic: bool = False) -> PointAnswer:
    """Cover every demand point at the least cost of sites, then as much weight as possible twice.

    Parameters
    ----------
    problem : PointProblem
    reach : float
        In the unit of the costs, inclusive.
    options : SolverOptions
        The time limit is that of both steps together.
    elastic : bool
        Whether demand points that no candidate reaches are left out, and named in ``left_out``; otherwise they make the problem
        infeasible.

    Returns
    -------
    PointAnswer
        Its objectives are the cost of the open sites that do not stand yet, and the weight within reach of two open facilities.
    """
    left_out = problem.unreachable(reach)
    if len(left_out) and not elastic:
        return nothing(problem, infeasible(), left_out=left_out)
    clock = Clock(options)
    model, y = backup_model(problem, reach)
    found = model.solve(clock.rest())
    if not has_solution(found):
        return nothing(problem, found, left_out=left_out)
    opened = read_open(model, y, problem.n_candidates)
    cost = float(problem.site_cost[opened].sum())
    first = own_proof(found, cost, options.gap)
    model, y = backup_model(problem, reach, cost)
    found = model.solve(clock.rest())
    if has_solution(found):
        opened = read_open(model, y, problem.n_candidates)
    else:  # what the first step opened is a solution of the second too
        found = Proof(status=Status.STOPPED, value=math.inf, bound=-math.inf, seconds=found.seconds)
    nearest = problem.nearest(reach)
    times = np.bincount(nearest.demand[opened[nearest.site]], minlength=problem.n_demand)
    second = own_proof(found, float(problem.weight[times > 1].sum()), options.gap, factor=-1.0)
    return by_nearest(opened, nearest, (first, second), left_out)
