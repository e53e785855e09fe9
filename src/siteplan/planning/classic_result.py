"""What a classic model answers, in the user's ids."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.messages import N_, _
from siteplan.models.point_problem import PointProblem, State
from siteplan.models.status import Proof, Status
from siteplan.planning.classic_input import named

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siteplan.access.matrix import CostMatrix
    from siteplan.models.point_model import PointAnswer

COLUMNS = ("demand_id", "candidate_id", "cost", "share", "weight", "status", "sites_in_reach")
SERVED, NO_ROOM, OUT_OF_REACH = "served", "no room", "out of reach"
_WHOLE = 1e-6
OBJECTIVES = {
    "sites": N_("cost of sites"),
    "covered": N_("weight covered"),
    "twice": N_("weight covered twice"),
    "served": N_("weight served"),
    "travel": N_("weight x cost"),
    "farthest": N_("largest cost"),
    "apart": N_("least distance"),
}
"""What is optimised, in words."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SitingResult:
    """What a classic location model answers.

    Parameters
    ----------
    model : str
        Such as ``"p-median"``.
    open : tuple
        Ids of all open sites, in the order of the cost matrix; empty where there is no solution.
    existing : tuple
        Those of them that stand already.
    proofs : mapping of str to Proof
        By objective, in order of rank: ``"sites"`` cost of sites that do not stand yet, ``"covered"`` weight covered,
        ``"twice"`` weight covered twice, ``"served"`` weight served, ``"travel"`` sum of weight x cost, ``"farthest"`` largest cost,
        ``"apart"`` least distance. What is maximised has an upper bound.
    allocation : DataFrame
        One row for each part of a demand point: demand_id; candidate_id of the site that serves it and cost, both missing where nobody
        does; share of the demand point, which over its rows sum to 1; its weight; status; sites_in_reach, the number of open sites
        that reach it. The status is ``"served"``, ``"no room"`` (it reaches an open site, but what is left there is too little) or
        ``"out of reach"`` (of every open site). Empty in the p-dispersion, which serves nobody, and without a solution.
    left_out : tuple
        Ids of demand points that no candidate reaches, where the model was allowed to leave them out.
    reason : str
        Why there is no solution, where that is proven.
    """

    model: str
    open: tuple[Any, ...]
    existing: tuple[Any, ...]
    proofs: Mapping[str, Proof]
    allocation: pd.DataFrame
    left_out: tuple[Any, ...] = ()
    reason: str = ""

    @property
    def objective(self) -> float | None:
        """Value of the last objective; None without a solution."""
        value = self.proof.value
        return value if math.isfinite(value) else None

    @property
    def proof(self) -> Proof:
        """Value, bound, gap, status and seconds of the last objective."""
        return list(self.proofs.values())[-1]

    @property
    def status(self) -> Status:
        """The weakest status of all objectives: optimal only if each of them is proven."""
        order = list(Status)
        return max((proof.status for proof in self.proofs.values()), key=order.index)

    @property
    def proven(self) -> bool:
        """Whether it is proven that there is no better answer."""
        return self.status is Status.OPTIMAL

    def __repr__(self) -> str:
        """Return what is open, how good it is, and what is proven of it."""
        if self.objective is None:
            return f"SitingResult({self.model}: {self.reason or verdict(self.proof)})"
        values = ", ".join(
            _(
                "{objective} {value:.10g} ({verdict})",
                objective=_(OBJECTIVES[name]),
                value=proof.value,
                verdict=verdict(proof),
            )
            for name, proof in self.proofs.items()
        )
        sites = _("{n} sites open: {ids}", n=len(self.open), ids=named(self.open))
        parts = [values, sites]
        if len(self.allocation):
            parts.append(self._service())
        if self.left_out:
            parts.append(_("{n} demand points left out, which nothing reaches", n=len(self.left_out)))
        return f"SitingResult({self.model}: {'; '.join(parts)})"

    def _service(self) -> str:
        rows = self.allocation
        points = rows["demand_id"].nunique()
        lacking = rows.loc[rows["status"] != SERVED, "demand_id"].nunique()
        return _("{n} of {points} demand points served", n=points - lacking, points=points)


def verdict(proof: Proof) -> str:
    """Return what is proven, in a few words."""
    if proof.status is Status.OPTIMAL:
        return _("proven")
    if proof.status is Status.INFEASIBLE:
        return _("proven to have no solution")
    if proof.status is Status.NO_SOLUTION:
        return _("no solution found in the time given")
    if not math.isfinite(proof.gap):
        return _("nothing proven")
    return _("gap {gap:.2f} %", gap=100 * proof.gap)


def to_result(
    model: str,
    objectives: tuple[str, ...],
    matrix: CostMatrix,
    problem: PointProblem,
    answer: PointAnswer,
    *,
    reach: float | None = math.inf,
    reason: str = "",
) -> SitingResult:
    """Return an answer in the user's ids.

    Parameters
    ----------
    model : str
    objectives : tuple of str
        Names of the answer's proofs.
    matrix : CostMatrix
    problem : PointProblem
    answer : PointAnswer
    reach : float or None
        How far a site reaches; None: the sites serve nobody.
    reason : str
        Why there is no solution, should there be none.
    """
    ids = matrix.candidates
    opened = np.flatnonzero(answer.opened)
    stands = problem.state[opened] == State.EXISTING
    return SitingResult(
        model=model,
        open=tuple(ids[opened].tolist()),
        existing=tuple(ids[opened[stands]].tolist()),
        proofs=dict(zip(objectives, answer.proofs, strict=False)),
        allocation=allocation_of(matrix, problem, answer, reach),
        left_out=tuple(matrix.demand[answer.left_out].tolist()),
        reason=reason if answer.proof.status is Status.INFEASIBLE else "",
    )


def allocation_of(matrix: CostMatrix, problem: PointProblem, answer: PointAnswer, reach: float | None) -> pd.DataFrame:
    """Return who is served by whom, and who by nobody and why; see :class:`SitingResult`."""
    import pandas as pd

    if reach is None or not answer.solved:
        return pd.DataFrame(columns=list(COLUMNS))
    nearest = problem.nearest(reach)
    times = np.bincount(nearest.demand[answer.opened[nearest.site]], minlength=problem.n_demand)
    missing = 1.0 - np.bincount(answer.demand, answer.share, minlength=problem.n_demand)
    left = np.flatnonzero(missing > _WHOLE)
    cost = matrix.to_csr()[answer.demand, answer.site] if len(answer.demand) else np.empty(0)
    demand = np.r_[answer.demand, left]
    none = np.full(len(left), None, dtype=object)
    frame = pd.DataFrame(
        {
            "demand_id": matrix.demand[demand],
            "candidate_id": np.r_[matrix.candidates[answer.site].astype(object), none],
            "cost": np.r_[np.asarray(cost, dtype=np.float64).ravel(), np.full(len(left), np.nan)],
            "share": np.r_[answer.share, missing[left]],
            "weight": problem.weight[demand],
            "status": np.r_[
                np.full(len(answer.demand), SERVED, dtype=object), np.where(times[left] > 0, NO_ROOM, OUT_OF_REACH)
            ],
            "sites_in_reach": times[demand],
        }
    )
    order = np.lexsort((np.arange(len(demand)), demand))
    return frame.iloc[order].reset_index(drop=True)
