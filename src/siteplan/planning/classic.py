"""The classic location models on a cost matrix: how many sites, which ones, and who is served where.

==========================  ==========================================================================  =====================
function                    question                                                                    objectives
==========================  ==========================================================================  =====================
lscp                        everyone within reach, at the least cost of sites                           sites
lscp_backup                 the same, and as much demand as possible within reach of two                sites, then twice
mclp                        as much demand as possible within reach of p sites                          covered
p_median                    p sites, least weighted cost to the nearest one                             travel
p_center                    p sites, least cost of whoever has it farthest                              farthest
p_dispersion                p sites as far from one another as can be                                   apart
capacitated_lscp            everyone served within reach and capacity, at the least cost of sites       sites
capacitated_mclp            as much demand as possible served by p sites within reach and capacity      served
capacitated_p_median        p sites, least weighted cost to sites with room                             travel
==========================  ==========================================================================  =====================

The capacitated ones are in :mod:`siteplan.planning.classic_capacitated`. Formulas and papers stand with the models
(:mod:`siteplan.models.lscp` and so on). In all of them:

- a pair that the matrix does not hold is out of reach and never counts as 0; a reach is inclusive;
- ``required`` sites are opened, ``forbidden`` ones never; ``existing`` ones are open, cost nothing, and are never closed;
- ``p`` is the number of facilities that are open in all, existing and required ones included;
- figures (weights, costs, capacity, load) are one figure for all, as many as there are ids in their order, or by id (a dict or a Series);
- ``options`` names another solver, a time limit, or a gap; without it HiGHS goes on until the answer is proven, for 600 s at most;
- what the result calls proven, within a gap or without solution is read from the solver's own bound.

All raise :class:`siteplan.errors.UsageError` for ids that the matrix does not have and for a p or reach that cannot be, and
:class:`siteplan.errors.DataError` for figures that are missing or negative and for demand that no candidate reaches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.models.backup import solve_backup
from siteplan.models.lscp import solve_lscp
from siteplan.models.mclp import solve_mclp
from siteplan.models.p_center import solve_p_center
from siteplan.models.p_dispersion import solve_p_dispersion
from siteplan.models.p_median import solve_p_median
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


def lscp(
    matrix: CostMatrix,
    *,
    reach: float,
    costs: Figures = None,
    elastic: bool = False,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Cover everyone within reach at the least cost of sites (Toregas and others 1971).

    Parameters
    ----------
    matrix : CostMatrix
    reach : float
        In the matrix's unit, inclusive.
    costs : figures, optional
        Cost of opening each candidate; by default 1, so that sites are counted.
    elastic : bool
        Whether demand that no candidate reaches is left out and listed; otherwise it is an error.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional

    Returns
    -------
    SitingResult
        Its objective is the cost of the open sites that do not stand yet.
    """
    problem = to_point_problem(matrix, Figured(costs=costs), required, existing, forbidden)
    reach = check_reach(matrix, reach)
    if not elastic:
        check_reachable(matrix, problem, _elastic_remedy(), reach)
    answer = solve_lscp(problem, reach, options or SolverOptions(), elastic=elastic)
    return to_result("LSCP", ("sites",), matrix, problem, answer, reach=reach)


def lscp_backup(  # noqa: PLR0913 - all by keyword, and each a part of the question
    matrix: CostMatrix,
    *,
    reach: float,
    weights: Figures = None,
    costs: Figures = None,
    elastic: bool = False,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Cover everyone at the least cost of sites, then as much demand as possible twice (Hogan and ReVelle 1986).

    Parameters
    ----------
    matrix : CostMatrix
    reach : float
        In the matrix's unit, inclusive.
    weights : figures, optional
        What each demand point counts in the backup; by default 1.
    costs : figures, optional
        Cost of opening each candidate; by default 1, so that sites are counted.
    elastic : bool
        Whether demand that no candidate reaches is left out and listed; otherwise it is an error.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional
        The time limit is that of both steps together.

    Returns
    -------
    SitingResult
        Its objective is the weight within reach of two open sites; ``proofs["sites"]`` has the cost.
    """
    problem = to_point_problem(matrix, Figured(weights=weights, costs=costs), required, existing, forbidden)
    reach = check_reach(matrix, reach)
    if not elastic:
        check_reachable(matrix, problem, _elastic_remedy(), reach)
    answer = solve_backup(problem, reach, options or SolverOptions(), elastic=elastic)
    return to_result("LSCP-B", ("sites", "twice"), matrix, problem, answer, reach=reach)


def mclp(
    matrix: CostMatrix,
    *,
    reach: float,
    p: int,
    weights: Figures = None,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Bring as much demand as possible within reach of p sites (Church and ReVelle 1974).

    Parameters
    ----------
    matrix : CostMatrix
    reach : float
        In the matrix's unit, inclusive.
    p : int
        Facilities open in all, existing and required ones included.
    weights : figures, optional
        What each demand point counts; by default 1.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional

    Returns
    -------
    SitingResult
        Its objective is the weight within reach of an open site.
    """
    problem = to_point_problem(matrix, Figured(weights=weights), required, existing, forbidden)
    reach, p = check_reach(matrix, reach), check_p(problem, p)
    answer = solve_mclp(problem, reach, p, options or SolverOptions())
    return to_result("MCLP", ("covered",), matrix, problem, answer, reach=reach)


def p_median(
    matrix: CostMatrix,
    *,
    p: int,
    weights: Figures = None,
    penalty: float | None = None,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Open p sites so that the weighted cost to the nearest one is least (Hakimi 1964, ReVelle and Swain 1970).

    Parameters
    ----------
    matrix : CostMatrix
    p : int
        Facilities open in all, existing and required ones included.
    weights : figures, optional
        What each demand point counts; by default 1.
    penalty : float, optional
        What demand out of reach of every open site counts per unit of weight, at least the largest cost. Without it
        everyone has to reach an open site.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional

    Returns
    -------
    SitingResult
        Its objective is the sum of weight x cost (and weight x penalty).
    """
    problem = to_point_problem(matrix, Figured(weights=weights), required, existing, forbidden)
    p, penalty = check_p(problem, p), check_penalty(problem, penalty)
    if penalty is None:
        check_reachable(matrix, problem, penalty_remedy())
    answer = solve_p_median(problem, p, options or SolverOptions(), penalty=penalty)
    return to_result("p-median", ("travel",), matrix, problem, answer, reason=_nobody_reaches(p))


def p_center(
    matrix: CostMatrix,
    *,
    p: int,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Open p sites so that whoever has it farthest has it nearest (Hakimi 1964, Minieka 1970).

    Parameters
    ----------
    matrix : CostMatrix
    p : int
        Facilities open in all, existing and required ones included.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional
        The time limit is that of all steps together.

    Returns
    -------
    SitingResult
        Its objective is the largest cost of a demand point to its nearest open site. Demand points count alike.
    """
    problem = to_point_problem(matrix, Figured(), required, existing, forbidden)
    p = check_p(problem, p)
    check_reachable(
        matrix, problem, _("add candidates, make the matrix with a larger cutoff, or leave these points out")
    )
    answer = solve_p_center(problem, p, options or SolverOptions())
    return to_result("p-center", ("farthest",), matrix, problem, answer, reason=_nobody_reaches(p))


def p_dispersion(
    matrix: CostMatrix,
    *,
    p: int,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
    options: SolverOptions | None = None,
) -> SitingResult:
    """Open p sites as far from one another as can be (Kuby 1987).

    Parameters
    ----------
    matrix : CostMatrix
        From the candidates to themselves: the same ids, in the same order, as demand and as candidates. Where a distance differs by
        direction the shorter one counts.
    p : int
        Facilities open in all, existing and required ones included; at least 2.
    required, existing, forbidden : collection of str
        Ids of candidates.
    options : SolverOptions, optional
        The time limit is that of all steps together.

    Returns
    -------
    SitingResult
        Its objective is the least distance between two open sites. Its allocation is empty.

    Raises
    ------
    UsageError
        If demand and candidates of the matrix are not the same, or p sites can stand farther apart than its cutoff.
    """
    if matrix.demand.tolist() != matrix.candidates.tolist():
        raise UsageError(
            _("p_dispersion needs a cost matrix from the candidates to themselves, with the same ids in the same order")
        )
    problem = to_point_problem(matrix, Figured(), required, existing, forbidden)
    if check_p(problem, p) < 2:  # noqa: PLR2004 - a distance needs two
        raise UsageError(_("one site has no distance to another: give p of at least 2"))
    answer = solve_p_dispersion(problem, p, options or SolverOptions())
    return to_result("p-dispersion", ("apart",), matrix, problem, answer, reach=None)


def _elastic_remedy() -> str:
    return _("add candidates, enlarge the reach, or leave these points out and have them listed with elastic=True")


def _nobody_reaches(p: int) -> str:
    return _("no {p} sites that may be open together reach every demand point of the cost matrix", p=p)
