r"""MCLP, the maximal covering location problem: as much demand as possible within reach of p facilities.

With N_i the candidates within reach of demand point i (inclusive), y_j = 1 if candidate j is open, x_S = 1 if a site of the set S is, and W_S the
weight of the demand points with N_i = S::

    maximise    sum_S W_S x_S
    subject to  x_S <= sum_{j in S} y_j     cover
                sum_j y_j = p               existing and required facilities included
                0 <= x_S <= 1,  y_j in {0, 1};  1 for required and existing candidates

Sets that hold a required or existing candidate are covered beforehand: their weight is a constant. Where y is integral the greatest x is too.

R. Church, C. ReVelle: The maximal covering location problem. Papers of the Regional Science Association 32 (1974) 101-118.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siteplan.models.point_model import (
    PointAnswer,
    by_nearest,
    has_solution,
    nearest_open,
    nothing,
    open_exactly,
    own_proof,
    read_open,
    site_variables,
)
from siteplan.models.point_problem import cover_groups
from siteplan.models.solver import Model

if TYPE_CHECKING:
    from siteplan.models.point_problem import PointProblem
    from siteplan.models.solver import SolverOptions


def mclp_model(problem: PointProblem, reach: float, p: int) -> tuple[Model, dict[int, Any], float]:
    """Return the model (minimising minus the weight), the variables y_j by candidate, and the weight covered beforehand."""
    model = Model("mclp")
    y = site_variables(model, problem)
    open_exactly(model, y, p)
    given = problem.given
    covered = 0.0
    terms: list[tuple[Any, float]] = []
    for sites, points in cover_groups(problem.nearest(reach)):
        weight = float(problem.weight[points].sum())
        if given[sites].any():
            covered += weight
        elif weight > 0:
            x = model.var(f"x_{points[0]}", 0, 1)
            model.add([(x, 1.0), *((y[j], -1.0) for j in sites.tolist())], "<=", 0, f"cover_{points[0]}")
            terms.append((x, -weight))
    model.minimise(terms)
    return model, y, covered


def solve_mclp(problem: PointProblem, reach: float, p: int, options: SolverOptions) -> PointAnswer:
    """Cover as much weight as possible with p facilities.

    Parameters
    ----------
    problem : PointProblem
    reach : float
        In the unit of the costs, inclusive.
    p : int
        Facilities open in all, existing and required ones included.
    options : SolverOptions

    Returns
    -------
    PointAnswer
        Its objective is the weight within reach of an open facility.
    """
    model, y, covered = mclp_model(problem, reach, p)
    found = model.solve(options)
    if not has_solution(found):
        return nothing(problem, own_proof(found, 0.0, options.gap, factor=-1.0, constant=covered))
    opened = read_open(model, y, problem.n_candidates)
    nearest = problem.nearest(reach)
    demand, _site, _cost = nearest_open(nearest, opened)
    value = float(problem.weight[demand].sum())
    proof = own_proof(found, value, options.gap, factor=-1.0, constant=covered)
    return by_nearest(opened, nearest, (proof,))
