"""Phases of the joint problem: its last state alone, and the facilities of a plan put into phases."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.joint_problem import Budget, Fund

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Bools, Floats, JointProblem, Rows

_ROUND_UP = 1e-6


def last_phase(problem: JointProblem) -> JointProblem:
    """Return the problem of the state at the end of the last phase, with all money in one purse: a relaxation.

    What is met when it is due stays met, and what is spent in the phases is spent in all, so that every phased plan is a plan of this
    problem with the same or smaller shortfalls, and the same cost.
    """
    n = problem.n_phases
    if n == 1:
        return problem

    def undated(rows: Rows) -> Rows:
        return dataclasses.replace(rows, due=np.zeros_like(rows.due))

    return dataclasses.replace(
        problem,
        area=undated(problem.area),
        count=undated(problem.count),
        cover=tuple(dataclasses.replace(row, due=0) for row in problem.cover),
        shares=tuple(dataclasses.replace(row, due=0) for row in problem.shares),
        budgets=_purses(problem),
        funds=tuple(Fund(sites=fund.sites, limits=(sum(fund.limits),)) for fund in problem.funds),
        n_phases=1,
    )


def _purses(problem: JointProblem) -> tuple[Budget, ...]:
    """Return the budgets over all phases, and one for each group of sites that every phase limits."""
    found = [budget for budget in problem.budgets if budget.phase is None]
    groups: dict[bytes, list[Budget]] = {}
    for budget in problem.budgets:
        if budget.phase is not None:
            groups.setdefault(budget.sites.tobytes(), []).append(budget)
    every = set(range(problem.n_phases))
    limited = [same for same in groups.values() if {budget.phase for budget in same} == every]
    return (*found, *(Budget(sites=same[0].sites, limit=sum(b.limit for b in same)) for same in limited))


def only_opened(
    problem: JointProblem, opened: Bools, area: Floats, *, must: bool, at_once: bool = False
) -> JointProblem:
    """Return the phased problem with the facilities of a plan alone.

    Parameters
    ----------
    problem : JointProblem
    opened : (n_slots,) bool
        Open at the end.
    area : (n_slots,) float64, m2
        Areas at the end: no facility becomes larger.
    must : bool
        Whether all of them must be open at the end of the last phase.
    at_once : bool
        Whether a new facility has its whole area from its first phase on.
    """
    slots = problem.slots
    chosen = opened & ~slots.existing
    state = np.where(chosen, np.where(must, 1, slots.state), -1)
    largest = np.where(chosen | slots.existing, np.maximum(area * (1 + _ROUND_UP), slots.existing_m2), slots.max_m2)
    largest = np.maximum(np.minimum(largest, slots.max_m2), np.where(chosen, slots.min_m2, 0.0))
    whole = np.minimum(np.maximum(slots.min_m2, area), largest)  # the solver's area may be a rounding error too large
    return dataclasses.replace(
        problem,
        slots=dataclasses.replace(
            slots,
            state=np.where(slots.existing, slots.state, state),
            min_m2=np.where(chosen & at_once, whole, slots.min_m2),
            max_m2=largest,
        ),
    )
