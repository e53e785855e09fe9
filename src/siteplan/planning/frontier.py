"""Cost against coverage: what each sum of money buys, every point a plan solved as exactly as any other.

Each point is the plan of one budget (epsilon-constraint: Y. Haimes, L. Lasdon, D. Wismer: On a bicriterion formulation of the problems of
integrated system identification and system optimization. IEEE Transactions on Systems, Man, and Cybernetics 1 (1971) 296-297). It keeps the order of
the objectives: money is spent on the rules, the hard ones first, and coverage is what comes out of it; where rules want areas too it is not the
cheapest way to that coverage (docs/decisions/0013-frontier.md). A plan that costs c under a budget b is the plan of every budget from c to b: so a
stretch of budgets is known to hold no other point as soon as its upper end has been solved, and the search can tell when it has found all.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.planning.cache import SolveCache
from siteplan.planning.frontier_result import SAME_SHARE, Dropped, Frontier, FrontierPoint
from siteplan.planning.resolve import approved
from siteplan.planning.solve import Prepared, default_scenario, prepare, solve_prepared
from siteplan.siting.rules_to_arrays import to_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from siteplan.models.joint_problem import JointProblem
    from siteplan.planning.solve import Progress
    from siteplan.plans.plan import Plan
    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study

    Solve = Callable[[float | None], FrontierPoint]

_STEP = 2e-5
"""Share of a cost below which two budgets are not told apart: twice the tolerance of the stage ``cost``."""


def frontier(
    study: Study,
    scenario: Scenario | None = None,
    *,
    types: Collection[str] | None = None,
    steps: int = 8,
    nested: bool = False,
    progress: Progress | None = None,
    cache: SolveCache | None = None,
) -> Frontier:
    """Plan a study with more and more money, from nothing to what buys all that can be had.

    Parameters
    ----------
    study : Study
    scenario : Scenario, optional
        By default that of study.toml. Its own limits stay in force, and its budget is the most that is spent. Its ``cost_slack`` is taken for 0:
        a point shall not cost more than what it covers needs.
    types : collection of str, optional
        Facility types to plan instead of the scenario's.
    steps : int
        Most budgets that are solved, at least 2: nothing (but what is locked), all, and then the middle of the widest gap in coverage.
    nested : bool
        Whether each larger budget keeps what the smaller one builds. With the money that each point costs a plan is solved again so, and the two
        are compared: what it costs to build in steps, without knowing how far the money will go.
    progress : callable, optional
        Called with (step or stage, done, of how many).
    cache : SolveCache, optional
        What earlier solves have left; gets what these find.

    Returns
    -------
    Frontier

    Raises
    ------
    UsageError
        If there are fewer than 2 steps.
    """
    if steps < 2:  # noqa: PLR2004 - both ends
        raise UsageError(_("a frontier has two ends: give at least 2 steps"))
    asked = (scenario or default_scenario(study)).but(cost_slack=0.0)
    if types is not None:
        asked = asked.but(types=tuple(types))
    cache = SolveCache() if cache is None else cache
    prepared = prepare(study, asked, progress=progress, cache=cache)

    def solve(budget: float | None) -> FrontierPoint:
        return _point(budget, _solve(prepared, budget, {}, progress, cache))

    free = _search(solve, _locked_yuan(to_problem(prepared.question)), asked.budget_yuan, steps, progress)
    return _nested(free, prepared, progress, cache) if nested else free


def _solve(
    prepared: Prepared,
    budget: float | None,
    kept: dict[str, float],
    progress: Progress | None,
    cache: SolveCache,
) -> Plan:
    """Plan with a budget, the facilities ``kept`` no smaller than they are."""
    question = prepared.question
    asked = question.scenario.but(budget_yuan=budget)
    if kept:
        asked = asked.but(locked=tuple(dict.fromkeys((*asked.locked, *kept))), locked_m2=asked.locked_m2 | kept)
    changed = dataclasses.replace(prepared, question=dataclasses.replace(question, scenario=asked))
    return solve_prepared(changed, progress=progress, cache=cache)


def _point(budget: float | None, plan: Plan) -> FrontierPoint:
    """Return a plan with its cost and the shares of households that are served."""
    served = plan.allocation[plan.allocation["status"] == "served"]
    by_type = served["households"].groupby(served["type"]).sum()
    total = float(plan.demand["households"].sum())
    shares = {key: float(by_type.get(key, 0.0)) / total if total else 0.0 for key in plan.scenario.types}
    return FrontierPoint(
        budget_yuan=budget,
        plan=plan,
        cost_yuan=float(plan.facilities["cost_yuan"].sum()),
        by_type=shares,
    )


def _locked_yuan(problem: JointProblem) -> float:
    """Return the least yuan with which what is locked can be had, each facility inside its host: below there is no plan."""
    slots = problem.slots
    must = slots.state > 0
    least = np.where(must | slots.existing, slots.min_m2, 0.0)
    for _depth in range(len(problem.limit)):  # a room may hold rooms of its own
        rooms = must & (slots.host >= 0)
        must[slots.host[rooms]] = True
        inside = np.bincount(slots.host[rooms], least[rooms], minlength=len(slots))
        least = np.maximum(np.where(must, np.maximum(least, slots.min_m2), least), inside)
    more = np.maximum(least - slots.existing_m2, 0.0)
    built = np.unique(slots.site[must & (~slots.existing | (more > 0))])
    return float((more * slots.cost_m2).sum() + problem.sites.fixed[built].sum())


# the search -----------------------------------------------------------------------------------------------------


class _Gap(NamedTuple):
    """Budgets between two points of which the plans are not known: open on both sides."""

    width: float
    low: float
    high: float


def _search(solve: Solve, least: float, most: float | None, steps: int, progress: Progress | None) -> Frontier:
    """Solve both ends, then the middle of the widest gap in coverage, until all is known or the steps are used up."""
    solved = []
    for number, budget in enumerate((least, most)):
        _tell(progress, number, steps)
        solved.append(solve(budget))
    halved: set[tuple[float, float]] = set()
    gap = _widest(solved)
    while gap is not None and len(solved) < steps:
        _tell(progress, len(solved), steps)
        ends = (round(gap.high, 2), round(gap.width, 9))
        # where the middle brought nothing new, the highest budget that may be another plan settles it
        budget = gap.high - _least_step(gap.high) if ends in halved else (gap.low + gap.high) / 2
        halved.add(ends)
        solved.append(solve(budget))
        gap = _widest(solved)
    kept, dropped = _undominated(solved)
    complete = gap is None and all(point.plan.proven for point in solved)
    return Frontier(points=kept, dropped=dropped, complete=complete, solves=len(solved))


def _tell(progress: Progress | None, done: int, steps: int) -> None:
    if progress:
        progress("frontier", done, steps)


def _least_step(yuan: float) -> float:
    return max(1.0, _STEP * yuan)


def _widest(solved: Sequence[FrontierPoint]) -> _Gap | None:
    """Return the largest stretch of unknown budgets in the widest gap in coverage that has one; None if there is none."""
    points, _dropped = _undominated(solved)
    gaps = []
    for lower, upper in itertools.pairwise(points):
        stretches = _unknown(solved, lower.cost_yuan, upper.cost_yuan)
        if stretches:
            low, high = max(stretches, key=lambda stretch: stretch[1] - stretch[0])
            gaps.append(_Gap(upper.coverage - lower.coverage, low, high))
    return max(gaps, key=lambda gap: gap.width, default=None)


def _unknown(solved: Sequence[FrontierPoint], low: float, high: float) -> list[tuple[float, float]]:
    """Return the stretches of budgets from ``low`` to ``high`` yuan in which no solved budget tells the plan."""
    at = low
    stretches = []
    known = sorted((p.cost_yuan, float("inf") if p.budget_yuan is None else p.budget_yuan) for p in solved)
    for cost, budget in [*known, (high, high)]:
        end = min(cost, high)
        if end - at > 2 * _least_step(end):
            stretches.append((at, end))
        at = max(at, budget)
    return stretches


def _undominated(solved: Sequence[FrontierPoint]) -> tuple[tuple[FrontierPoint, ...], tuple[Dropped, ...]]:
    """Return the points that no other one dominates, by cost, and the others with the point that does; the same plan counts once."""
    points: list[FrontierPoint] = []
    dropped: list[Dropped] = []
    for point in sorted(solved, key=lambda p: (p.cost_yuan, -p.coverage)):
        best = points[-1] if points else None
        if best is None or point.coverage > best.coverage + SAME_SHARE:
            points.append(point)
        elif not any(_same(point, other) for other in (best, *(d.point for d in dropped))):
            dropped.append(Dropped(point=point, by=best))
    return tuple(points), tuple(dropped)


def _same(one: FrontierPoint, other: FrontierPoint) -> bool:
    near = abs(one.cost_yuan - other.cost_yuan) <= _least_step(one.cost_yuan)
    return near and abs(one.coverage - other.coverage) <= SAME_SHARE


# nested plans ---------------------------------------------------------------------------------------------------


def _nested(free: Frontier, prepared: Prepared, progress: Progress | None, cache: SolveCache) -> Frontier:
    """Solve once more with the money that each plan of ``free`` costs, each plan keeping what the one before builds."""
    points: list[FrontierPoint] = []
    kept: dict[str, float] = {}
    for number, point in enumerate(free.points):
        _tell(progress, number, len(free.points))
        budget = point.cost_yuan + _least_step(point.cost_yuan)
        plan = _solve(prepared, budget, kept, progress, cache)
        points.append(_point(budget, plan))
        built = plan.facilities.loc[plan.facilities["status"] != "existing", "id"].astype(str)
        kept = approved(plan, built.tolist())
    return Frontier(
        points=tuple(points), dropped=free.dropped, complete=False, solves=free.solves + len(points), free=free
    )
