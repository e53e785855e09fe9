"""Whether all hard rules of a question can hold together, and how little more makes them hold.

The rows of the joint model that are hard, with every shortfall held at 0; targets, aims and walks are left out. What is to be least (money,
area) is a variable of its own, so that it is computed and not searched for.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.components import split
from siteplan.models.joint import JointModel
from siteplan.models.joint_problem import Strength
from siteplan.models.reduce import nearest_first, tighten
from siteplan.models.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.components import Component
    from siteplan.models.joint_problem import Bools, Faults, Ints, JointProblem, Rows, SizeRows
    from siteplan.models.solver import SolverOptions
    from siteplan.models.status import Proof

_ZERO = 1e-9
_FOUND = (Status.OPTIMAL, Status.WITHIN_GAP)


@dataclass(kw_only=True, eq=False)
class Runs:
    """How the solves of an explanation are done, and how many were stopped before what was asked of them was known.

    Parameters
    ----------
    options : SolverOptions
    stopped : int
    """

    options: SolverOptions
    stopped: int = 0

    def least_of(self, model: JointModel) -> Proof | None:
        """Minimise a model; None where it has no solution, or none was found in the time given."""
        proof = model.model.solve(self.options)
        self.stopped += proof.status in (Status.STOPPED, Status.NO_SOLUTION)
        return proof if proof.status in (*_FOUND, Status.STOPPED) else None


@dataclass(frozen=True, kw_only=True)
class Least:
    """The least of something that makes all hard rules hold, in the unit asked for.

    Parameters
    ----------
    value : float
    proven : bool
        Whether nothing less does.
    """

    value: float
    proven: bool


def only_hard(problem: JointProblem) -> JointProblem:
    """Return the problem with its hard rows alone, each slot no larger than they ask for."""
    hard = int(Strength.HARD)
    cover = tuple(row for row in problem.cover if row.strength == hard)
    wanted = np.isin(problem.slots.type[problem.pair_slot], [row.type for row in cover])
    return tighten(
        dataclasses.replace(
            problem,
            area=_hard_rows(problem.area),
            count=_hard_rows(problem.count),
            size=None if problem.size is None else _hard_sizes(problem.size),
            faults=None if problem.faults is None else _hard_faults(problem.faults),
            cover=cover,
            shares=tuple(row for row in problem.shares if row.strength == hard),
            pair_demand=problem.pair_demand[wanted],
            pair_slot=problem.pair_slot[wanted],
            pair_cost=problem.pair_cost[wanted],
        )
    )


def _hard_rows(rows: Rows) -> Rows:
    keep = np.flatnonzero(rows.strength == Strength.HARD)
    return dataclasses.replace(
        rows,
        matrix=rows.matrix[keep],
        required=rows.required[keep],
        strength=rows.strength[keep],
        due=rows.due[keep],
    )


def _hard_sizes(rows: SizeRows) -> SizeRows:
    keep = rows.strength == Strength.HARD
    return dataclasses.replace(rows, slot=rows.slot[keep], least_m2=rows.least_m2[keep], strength=rows.strength[keep])


def _hard_faults(faults: Faults) -> Faults:
    keep = np.flatnonzero(faults.strength == Strength.HARD)
    return dataclasses.replace(
        faults,
        slot=faults.slot[keep],
        unless=faults.unless[keep],
        matrix=faults.matrix[keep],
        strength=faults.strength[keep],
    )


def concerned(problem: JointProblem, sites: Bools, demand: Bools) -> list[Component]:
    """Return the components that hold one of ``sites``, (n_sites,) bool, or of the demand points, (n_demand,) bool, or no site at all."""
    found = []
    n_demand = problem.limit.shape[1]
    for part in split(problem):
        homes: Ints = np.unique(part.demand % max(n_demand, 1))
        if not len(part.sites) or sites[part.sites].any() or demand[homes].any():
            found.append(part)
    return found


def holds(problem: JointProblem, parts: Sequence[Component], runs: Runs) -> bool | None:
    """Tell whether all rows of a problem of hard rows alone can hold in ``parts``; None where the time was up before it was known."""
    lists = nearest_first(problem)
    known: bool | None = True
    for part in parts:
        model = JointModel(problem, part, lists, "must")
        if not bind(model):
            return False
        model.model.minimise([])
        status = model.model.solve(runs.options).status
        if status == Status.INFEASIBLE:
            return False
        if status not in (*_FOUND, Status.STOPPED):
            known = None
    runs.stopped += known is None
    return known


def least(
    problem: JointProblem,
    part: Component,
    runs: Runs,
    more: Callable[[JointModel], Sequence[tuple[Any, float]]],
) -> Least | None:
    """Return the least value of what ``more`` adds to the model of a component, with all its rows held.

    Parameters
    ----------
    problem : JointProblem
        Hard rows alone.
    part : Component
    runs : Runs
    more : callable
        Adds variables and rows to the model, and returns what is to be least as terms.

    Returns
    -------
    Least or None
        None where nothing makes them hold, or the time was up: ``runs`` counts that.
    """
    model = JointModel(problem, part, nearest_first(problem), "least")
    if not bind(model):
        return None
    model.model.minimise(list(more(model)))
    proof = runs.least_of(model)
    if proof is None:
        return None
    return Least(value=max(proof.value, 0.0), proven=proof.status == Status.OPTIMAL)


def bind(model: JointModel) -> bool:
    """Hold every hard shortfall of a model at 0; False where one is given, whatever is opened."""
    for terms, constant in model.rows.shortfalls[Strength.HARD]:
        if constant > _ZERO and all(coefficient >= 0 for _variable, coefficient in terms):
            return False
    model.forbid_shortfall(Strength.HARD)
    return True
