"""siteplan's own solver status: a run that was stopped is never called optimal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from siteplan.units import PROVEN_GAP

_ZERO_DIFFERENCE = 1e-9


class Status(StrEnum):
    """What is known of a solve."""

    OPTIMAL = "optimal"
    """The bound meets the value (relative gap at most PROVEN_GAP)."""
    WITHIN_GAP = "within gap"
    """Stopped because the gap that was asked for is reached."""
    STOPPED = "stopped early"
    """Stopped by a limit with a solution; the gap says how far it may be from the optimum."""
    NO_SOLUTION = "no solution"
    """Stopped by a limit without any solution."""
    INFEASIBLE = "infeasible"
    """Proven to have no solution."""
    UNBOUNDED = "unbounded"
    """The objective has no limit: a mistake in the model."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What one solve found and proved (minimisation).

    Parameters
    ----------
    status : Status
    value : float
        Objective of the best solution; infinite without one.
    bound : float
        Proven lower bound; minus infinity if none.
    seconds : float
        Wall time in the solver.
    """

    status: Status
    value: float
    bound: float
    seconds: float

    @property
    def gap(self) -> float:
        """Relative gap |value - bound| / max(|value|, 1e-9)."""
        return relative_gap(self.value, self.bound)


def relative_gap(value: float, bound: float) -> float:
    """Return |value - bound| / max(|value|, 1e-9); infinite where either is not finite.

    >>> relative_gap(100.0, 99.0)
    0.01
    >>> relative_gap(0.0, 0.0)
    0.0
    """
    if not (math.isfinite(value) and math.isfinite(bound)):
        return math.inf
    difference = abs(value - bound)
    return 0.0 if difference <= _ZERO_DIFFERENCE else difference / max(abs(value), 1e-9)


def judge(value: float, bound: float, asked_gap: float, *, finished: bool) -> Status:
    """Return the status of a solve that has a solution, from its figures rather than from a solver's word.

    >>> judge(100.0, 100.0, 0.0, finished=True)
    <Status.OPTIMAL: 'optimal'>
    >>> judge(100.0, 50.0, 0.01, finished=True)
    <Status.STOPPED: 'stopped early'>
    """
    gap = relative_gap(value, bound)
    if gap <= PROVEN_GAP:
        return Status.OPTIMAL
    if finished and gap <= asked_gap:
        return Status.WITHIN_GAP
    return Status.STOPPED
