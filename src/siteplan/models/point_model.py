"""What the classic models share: variables of sites, the answer, and a proof that holds for what is answered.

The value of an answer is computed anew from the facilities that are open, never taken from the solver; the bound is the solver's. What is
called proven is therefore proven of the answer as it is given back.
"""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.status import Proof, Status, judge

if TYPE_CHECKING:
    from siteplan.models.point_problem import Bools, Floats, Ints, Nearest, PointProblem
    from siteplan.models.solver import Model, SolverOptions

_HALF = 0.5
_ORDER = tuple(Status)
"""From the strongest to the weakest."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PointAnswer:
    """What a classic model answers.

    Parameters
    ----------
    opened : (n_candidates,) bool
        Open facilities, existing ones included; all False where there is no solution.
    demand, site : (n,) int64
        Which demand point is served by which facility, sorted by both.
    share : (n,) float64, > 0 and <= 1
        What part of the demand point it serves.
    proofs : tuple of Proof
        One for each objective, in order, in the objective's own sense: of what is maximised the bound is an upper one.
        The value is infinite where there is no solution.
    left_out : (n,) int64
        Demand points that the model was allowed to leave out, because no candidate reaches them.
    """

    opened: Bools
    demand: Ints
    site: Ints
    share: Floats
    proofs: tuple[Proof, ...]
    left_out: Ints

    @property
    def proof(self) -> Proof:
        """The proof of the last objective."""
        return self.proofs[-1]

    @property
    def status(self) -> Status:
        """The weakest status of all objectives: proven only if all of them are."""
        return max((proof.status for proof in self.proofs), key=_ORDER.index)

    @property
    def solved(self) -> bool:
        """Whether there is a solution, proven or not."""
        return math.isfinite(self.proof.value)


def site_variables(model: Model, problem: PointProblem, *, whole: bool = True) -> dict[int, Any]:
    """Add and return y_j for all but the forbidden candidates, 0 or 1 (or between, unless ``whole``).

    Required and existing ones are held at 1.
    """
    given = problem.given
    return {
        j: model.var(f"y_{j}", 1 if given[j] else 0, 1, integer=whole) for j in np.flatnonzero(problem.usable).tolist()
    }


def open_exactly(model: Model, y: dict[int, Any], p: int) -> None:
    """Add the row that p facilities are open in all."""
    model.add([(variable, 1.0) for variable in y.values()], "==", p, "p")


def read_open(model: Model, y: dict[int, Any], n_candidates: int) -> Bools:
    """Return the open candidates after a solve, (n_candidates,) bool."""
    opened = np.zeros(n_candidates, dtype=bool)
    opened[list(y)] = model.values(list(y.values())) > _HALF
    return opened


def has_solution(proof: Proof) -> bool:
    """Tell whether a solve found any solution."""
    return proof.status in (Status.OPTIMAL, Status.WITHIN_GAP, Status.STOPPED)


def own_proof(found: Proof, value: float, gap: float, *, factor: float = 1.0, constant: float = 0.0) -> Proof:
    """Return the proof of an answer that is worth ``value``.

    Parameters
    ----------
    found : Proof
        What the solver says of what it minimised.
    value : float
        The objective of the answer, computed from what is open; not read where there is no solution.
    gap : float
        The relative gap that was asked for.
    factor, constant : float
        The objective is constant + factor * what was minimised.
    """
    bound = constant + factor * found.bound
    if not has_solution(found):
        return dataclasses.replace(found, value=math.inf, bound=bound)
    bound = min(bound, value) if factor > 0 else max(bound, value)
    finished = found.status in (Status.OPTIMAL, Status.WITHIN_GAP)
    status = judge(value, bound, gap, finished=finished)
    return Proof(status=status, value=value, bound=bound, seconds=found.seconds)


def nothing(problem: PointProblem, *proofs: Proof, left_out: Ints | None = None) -> PointAnswer:
    """Return the answer where there is no solution."""
    none = np.empty(0, dtype=np.int64)
    return PointAnswer(
        opened=np.zeros(problem.n_candidates, dtype=bool),
        demand=none,
        site=none,
        share=np.empty(0),
        proofs=proofs,
        left_out=none if left_out is None else left_out,
    )


def infeasible(seconds: float = 0.0) -> Proof:
    """Return the proof that there is no solution."""
    return Proof(status=Status.INFEASIBLE, value=math.inf, bound=math.inf, seconds=seconds)


def nearest_open(nearest: Nearest, opened: Bools) -> tuple[Ints, Ints, Floats]:
    """Return the demand points with an open facility in ``nearest``, the nearest one of each, and its cost."""
    here = np.flatnonzero(opened[nearest.site])
    demand, first = np.unique(nearest.demand[here], return_index=True)
    return demand, nearest.site[here[first]], nearest.cost[here[first]]


def by_nearest(opened: Bools, nearest: Nearest, proofs: tuple[Proof, ...], left_out: Ints | None = None) -> PointAnswer:
    """Return the answer in which everyone is served by the nearest open facility within ``nearest``."""
    demand, site, _cost = nearest_open(nearest, opened)
    return PointAnswer(
        opened=opened,
        demand=demand,
        site=site,
        share=np.ones(len(demand)),
        proofs=proofs,
        left_out=np.empty(0, dtype=np.int64) if left_out is None else left_out,
    )


class Clock:
    """The time limit of several solves that follow one another."""

    def __init__(self, options: SolverOptions) -> None:
        self._options = options
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self._began

    @property
    def out(self) -> bool:
        """Whether the time is over."""
        return self.seconds >= self._options.time_limit_s

    def rest(self, **changes: Any) -> SolverOptions:
        """Return the options with what is left of the time, and ``changes``."""
        left = max(self._options.time_limit_s - self.seconds, 0.0)
        return dataclasses.replace(self._options, time_limit_s=left, **changes)
