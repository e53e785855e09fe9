"""A mixed-integer programme whose linear relaxation is tight, solved through its kernel.

1. The relaxation gives a lower bound L and the reduced costs r.
2. The programme over the *kernel*, the binaries that the relaxation uses and those of a solution that is known, gives a value U
   (E. Angelelli, R. Mansini, M. G. Speranza: Kernel search: A general heuristic for the multi-dimensional knapsack problem. Computers &
   Operations Research 37 (2010) 2017-2026).
3. Where U - L is more than the gap that is asked for, the programme is solved without the binaries that no better solution uses: one that is 0 in
   the relaxation and has r > U - L stays 0, one that is 1 and has r < L - U stays 1. This is exact: its bound, or U if that is less, is
   a bound of the whole (reduced-cost fixing; G. Nemhauser, L. Wolsey: Integer and Combinatorial Optimization, 1988, section II.5.2).

HiGHS does all three on one model, without a start (docs/decisions/0001-no-warm-start.md).
"""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np

from siteplan.models.status import Proof, judge, relative_gap

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Bools = npt.NDArray[np.bool_]
    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int32]

LEAST_BINARIES = 120
"""Binaries from which the kernel is looked at first."""
_USED = 1e-6
"""Value above which the relaxation uses a binary."""
_AT_BOUND = 1e-9
_MARGIN = 1e-6
"""Share of the value that a reduced cost must exceed the gap by before its binary is left out."""
_RELAX, _KERNEL = 0.6, 0.5
"""Shares of the time that is left for the relaxation, and then for the kernel."""
_CLOSE = 10.0
"""Gaps that are asked for within which the kernel's solution is taken to be good: what is left is to prove it, and HiGHS looks for no better one."""
_HALF = 0.5
_SETTLE_S = 60.0
_MORE = 0.5
"""Binaries that the relaxation does not use, as a share of those that it uses, which are in the kernel too."""


def has_kernel(highs: Any) -> bool:
    """Tell whether a model has so many free binaries that its kernel is looked at first."""
    return len(_free_binaries(highs)) >= LEAST_BINARIES


def solve_kernel(highs: Any, known: Floats | None, gap: float, seconds: float, kernel_s: float = 0.0) -> Proof | None:
    """Solve a model that HiGHS holds.

    Parameters
    ----------
    highs : highspy.Highs
        A minimisation; afterwards its integer columns are fixed and its last run is that of the solution.
    known : (n_columns,) float64, optional
        A solution.
    gap : float
        Relative gap at which to stop; 0: go on until it is proven.
    seconds : float
        Wall time for everything.
    kernel_s : float
        Wall time for the relaxation and the kernel together, where that is more.

    Returns
    -------
    Proof or None
        None where the kernel says nothing (no relaxation in time, or no solution over the kernel): the model is as it was, and has to be solved
        without it.
    """
    began = time.perf_counter()

    def left(of: float = seconds) -> float:
        return of - (time.perf_counter() - began)

    first = max(seconds, kernel_s)
    integer, columns = _integers(highs), _free_binaries(highs)
    _integral(highs, integer, integral=False)
    relaxed = _run(highs, left(first) * _RELAX, 0.0)
    _integral(highs, integer, integral=True)
    if relaxed is None or not relaxed.finished:
        return None
    value, reduced = relaxed.x[columns], relaxed.reduced[columns]
    used = _kernel(value, reduced, None if known is None else known[columns])
    _bounds(highs, columns[~used], 0.0, 0.0)
    best = _run(highs, left(first) * _KERNEL, gap / 2)
    _bounds(highs, columns[~used], 0.0, 1.0)
    if best is None:
        return None
    bound = min(relaxed.value, best.value)
    if relative_gap(best.value, bound) > gap:
        best, bound = _rest(highs, columns, (value, reduced), best, relaxed.value, gap, left())
    _settle(highs, integer, best)
    return Proof(
        status=judge(best.value, bound, gap, finished=relative_gap(best.value, bound) <= gap),
        value=best.value,
        bound=bound,
        seconds=time.perf_counter() - began,
    )


def _kernel(value: Floats, reduced: Floats, known: Floats | None) -> Bools:
    """Return the binaries that the relaxation or a known solution uses, and those of the others that cost least in the relaxation."""
    used = value > _USED
    next_ = np.argsort(np.where(used, math.inf, reduced), kind="stable")[: int(_MORE * used.sum())]
    used[next_[~used[next_]]] = True
    return used if known is None else used | (known > _HALF)


def _rest(
    highs: Any, columns: Ints, relaxed: tuple[Floats, Floats], best: _Found, least: float, gap: float, seconds: float
) -> tuple[_Found, float]:
    """Solve without the binaries that no better solution uses; return the best solution and a bound of the whole."""
    if seconds <= 0:  # what HiGHS has in hand are the bounds of the kernel, not of the whole
        return best, min(least, best.value)
    value, reduced = relaxed
    spare = best.value - least + _MARGIN * max(1.0, abs(best.value))
    never = (value <= _AT_BOUND) & (reduced > spare)
    always = (value >= 1 - _AT_BOUND) & (reduced < -spare)
    _bounds(highs, columns[never], 0.0, 0.0)
    _bounds(highs, columns[always], 1.0, 1.0)
    usual = highs.getOptionValue("mip_heuristic_effort")[1]
    if relative_gap(best.value, least) <= _CLOSE * gap:
        highs.setOptionValue("mip_heuristic_effort", 0.0)
    with _until_bound(highs, best.value, gap):
        found = _run(highs, seconds, gap)
    highs.setOptionValue("mip_heuristic_effort", usual)
    dual = float(highs.getInfo().mip_dual_bound)
    _bounds(highs, columns[never | always], 0.0, 1.0)
    bound = max(least, dual) if math.isfinite(dual) else least
    if found is not None and found.value < best.value:
        best = found
    return best, min(bound, best.value)


@contextmanager
def _until_bound(highs: Any, value: float, gap: float) -> Iterator[None]:
    """Let a run end as soon as its bound is within the gap of a value that is known."""

    def look(kind: Any, _message: str, output: Any, asked: Any, _data: Any) -> None:
        if (
            kind == highspy.cb.HighsCallbackType.kCallbackMipInterrupt
            and relative_gap(value, output.mip_dual_bound) <= gap
        ):
            asked.user_interrupt = True

    highs.setCallback(look, None)
    highs.startCallback(highspy.cb.HighsCallbackType.kCallbackMipInterrupt)
    try:
        yield
    finally:
        highs.stopCallback(highspy.cb.HighsCallbackType.kCallbackMipInterrupt)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Found:
    """A solution of one run."""

    value: float
    x: Floats
    reduced: Floats
    finished: bool


def _run(highs: Any, seconds: float, gap: float) -> _Found | None:
    """Run HiGHS from scratch; None where it finds no solution."""
    if seconds <= 0:
        return None
    highs.clearSolver()
    highs.setOptionValue("time_limit", float(seconds))
    highs.setOptionValue("mip_rel_gap", float(gap))
    highs.run()
    info = highs.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    solution = highs.getSolution()
    return _Found(
        value=float(info.objective_function_value),
        x=np.array(solution.col_value),
        reduced=np.array(solution.col_dual),
        finished=highs.getModelStatus() == highspy.HighsModelStatus.kOptimal,
    )


def _settle(highs: Any, integer: Ints, best: _Found) -> None:
    """Make the best solution that of HiGHS's last run."""
    whole = np.round(best.x[integer])
    highs.changeColsBounds(len(integer), integer, whole, whole)
    _integral(highs, integer, integral=False)
    _run(highs, _SETTLE_S, 0.0)


def _integers(highs: Any) -> Ints:
    """Return the integer columns."""
    kinds = highs.getLp().integrality_
    return np.array([j for j, kind in enumerate(kinds) if kind == highspy.HighsVarType.kInteger], dtype=np.int32)


def _free_binaries(highs: Any) -> Ints:
    """Return the integer columns that may be 0 or 1."""
    lp, integer = highs.getLp(), _integers(highs)
    low, high = np.array(lp.col_lower_), np.array(lp.col_upper_)
    free: Ints = integer[(low[integer] == 0) & (high[integer] == 1)]
    return free


def _integral(highs: Any, columns: Ints, *, integral: bool) -> None:
    kind = highspy.HighsVarType.kInteger if integral else highspy.HighsVarType.kContinuous
    highs.changeColsIntegrality(len(columns), columns, np.full(len(columns), kind))


def _bounds(highs: Any, columns: Ints, low: float, high: float) -> None:
    if len(columns):
        highs.changeColsBounds(len(columns), columns, np.full(len(columns), low), np.full(len(columns), high))
