"""The classic location models with capacities; see :mod:`siteplan.planning.classic` for what holds in all models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.models.capacitated import solve_capacitated_lscp, solve_capacitated_mclp, solve_capacitated_p_median
from siteplan.models.solver import SolverOptions
from siteplan.planning.classic_input import (
    Figured,
    check_p,
    check_penalty,
    check_reach,
    check_reachable,
    penalty_remedy,
    to_point_problem,
)
from siteplan.planning.classic_result import SitingResult, to_result

if TYPE_CHECKING:
    from collections.abc import Collection

    from siteplan.access.matrix import CostMatrix
    from siteplan.planning.classic_input import Figures


def capacitated_lscp(  # noqa: PLR0913 - all by keyword, and each a part of the question
    matrix: CostMatrix,
    *,
    reach: float,
    capacity: Figures,
    load: Figures = None,
    costs: Figures = None,
    single_source: bool = False,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Serve everyone within reach and capacity at the least cost of sites (Current and Storbeck 1988).

    Parameters
    ----------
    matrix : CostMatrix
    reach : float
        In the matrix's unit, inclusive.
    capacity : figures
        Most load of each candidate.
    load : figures, optional
        What each demand point takes of a capacity; by default 1.
    costs : figures, optional
        Cost of opening each candidate; by default 1, so that sites are counted.
    single_source : bool
        Whether a demand point is served whole by one site; otherwise sites may share it.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional

    Returns
    -------
    SitingResult
        Its objective is the cost of the open sites that do not stand yet.
    """
    figured = Figured(weights=load, load=load, costs=costs, capacity=_needed(capacity))
    problem = to_point_problem(matrix, figured, required, existing, forbidden)
    reach = check_reach(matrix, reach)
    check_reachable(matrix, problem, _("add candidates, enlarge the reach, or leave these points out"), reach)
    answer = solve_capacitated_lscp(problem, reach, options or SolverOptions(), single_source=single_source)
    return to_result("capacitated LSCP", ("sites",), matrix, problem, answer, reach=reach, reason=_no_room())


def capacitated_mclp(  # noqa: PLR0913 - all by keyword, and each a part of the question
    matrix: CostMatrix,
    *,
    reach: float,
    p: int,
    capacity: Figures,
    weights: Figures = None,
    load: Figures = None,
    single_source: bool = False,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Serve as much demand as possible from p sites, within reach and capacity (Current and Storbeck 1988).

    Parameters
    ----------
    matrix : CostMatrix
    reach : float
        In the matrix's unit, inclusive.
    p : int
        Facilities open in all, existing and required ones included.
    capacity : figures
        Most load of each candidate.
    weights : figures, optional
        What each demand point counts; by default 1.
    load : figures, optional
        What each demand point takes of a capacity; by default its weight.
    single_source : bool
        Whether a demand point is served whole by one site or not at all; otherwise sites may share it.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional

    Returns
    -------
    SitingResult
        Its objective is the weight that is served. Who is not served either finds no room or is out of reach; the allocation says which.
    """
    figured = Figured(weights=weights, load=load, capacity=_needed(capacity))
    problem = to_point_problem(matrix, figured, required, existing, forbidden)
    reach, p = check_reach(matrix, reach), check_p(problem, p)
    answer = solve_capacitated_mclp(problem, reach, p, options or SolverOptions(), single_source=single_source)
    return to_result("capacitated MCLP", ("served",), matrix, problem, answer, reach=reach)


def capacitated_p_median(  # noqa: PLR0913 - all by keyword, and each a part of the question
    matrix: CostMatrix,
    *,
    p: int,
    capacity: Figures,
    weights: Figures = None,
    load: Figures = None,
    single_source: bool = False,
    penalty: float | None = None,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Open p sites so that the weighted cost to sites with room is least (Mulvey and Beck 1984).

    Parameters
    ----------
    matrix : CostMatrix
    p : int
        Facilities open in all, existing and required ones included.
    capacity : figures
        Most load of each candidate.
    weights : figures, optional
        What each demand point counts; by default 1.
    load : figures, optional
        What each demand point takes of a capacity; by default its weight.
    single_source : bool
        Whether a demand point is served whole by one site; otherwise sites may share it.
    penalty : float, optional
        What demand that is not served counts per unit of weight, at least the largest cost. Without it everyone has to be served.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional

    Returns
    -------
    SitingResult
        Its objective is the sum of weight x cost (and weight x penalty).
    """
    figured = Figured(weights=weights, load=load, capacity=_needed(capacity))
    problem = to_point_problem(matrix, figured, required, existing, forbidden)
    p, penalty = check_p(problem, p), check_penalty(problem, penalty)
    if penalty is None:
        check_reachable(matrix, problem, penalty_remedy())
    answer = solve_capacitated_p_median(
        problem, p, options or SolverOptions(), single_source=single_source, penalty=penalty
    )
    return to_result("capacitated p-median", ("travel",), matrix, problem, answer, reason=_no_room())


def _needed(capacity: Figures) -> Figures:
    if capacity is None:
        raise UsageError(_("give the capacity of the candidates"))
    return capacity


def _no_room() -> str:
    return _("no sites that may be open together have room for everyone who reaches them")
