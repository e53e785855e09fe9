"""Solving the joint model objective by objective, component by component.

The objectives, in order: the worst hard rule, all hard rules, targets, soft aims, cost, fewest new facilities, walking.
Each stage keeps what the stages before it
reached, within a tolerance that it states, so its bound is conditional on their incumbents. Components share nothing but the first objective: its
largest value over the components is what every one of them has to keep, so that the answer is that of the undivided problem.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.errors import SolverError
from siteplan.models.components import Component, split
from siteplan.models.joint import COST_UNIT, METRE_UNIT, JointModel
from siteplan.models.joint_problem import Bools, Floats, JointProblem, Strength
from siteplan.models.reduce import nearest_first, tighten
from siteplan.models.status import Proof, Status, judge, relative_gap
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.models.solver import SolverOptions

STAGES = ("hard-worst", "hard-sum", "targets", "aims", "cost", "fewest", "walking")
UNITS = {
    "hard-worst": ("largest relative shortfall", 1.0),
    "hard-sum": ("sum of relative shortfalls", 1.0),
    "targets": ("sum of relative shortfalls", 1.0),
    "aims": ("sum of relative shortfalls", 1.0),
    "cost": ("yuan", COST_UNIT),
    "fewest": ("new facilities", 1.0),
    "walking": ("household-metres", METRE_UNIT),
}
PRICED = "yuan, missing aims priced"
"""The objective of the cost stage where the scenario prices a missing m2 of an aim."""
KEEP = {
    "hard-worst": 2e-7,
    "hard-sum": 2e-7,
    "targets": 2e-7,
    "aims": 2e-7,
    "cost": 1e-5,
    "fewest": 1e-6,
    "walking": 1e-5,
}
"""Tolerance within which later stages keep each stage's value: of a sum of relative shortfalls the sum itself, so that a row which
is met stays met within siteplan.units.TOLERANCE however many are not; of cost and walking a share of the value. A square metre given
up within the tolerance of the shortfalls saves money, so the tolerance of the cost is larger: otherwise equally cheap plans
would be told apart by rounding."""
_STRENGTH = {"hard-sum": Strength.HARD, "targets": Strength.TARGET, "aims": Strength.SOFT}
_ZERO = 1e-7
_HALF = 0.5
_SHORTEST_S = 0.2
_TRIM_S = 30.0
"""Seconds for the last step, an LP that takes a fraction of one."""
_AGAIN = ((9e-7, True), (4e-6, True), (9e-7, False), (4e-6, False))
"""Tolerance and presolve with which a stage is tried again that HiGHS calls infeasible though it is not."""
_ROUNDINGS = (1e-3, 1e-5, 1e-6)
"""Relative shortfalls that are taken for rounding and made good at the end, the first of these with which that is possible."""


@dataclass(frozen=True, kw_only=True)
class StageProof:
    """One stage over all components, in the objective's own unit."""

    stage: str
    objective: str
    value: float
    bound: float
    status: Status
    seconds: float
    components: int
    tolerance: float

    @property
    def gap(self) -> float:
        """Relative gap."""
        return relative_gap(self.value, self.bound)


@dataclass(frozen=True, kw_only=True, eq=False)
class JointAnswer:
    """What the joint model answers.

    Parameters
    ----------
    opened : (n_slots,) bool
        Existing slots included.
    area_m2 : (n_slots,) float64
        0 where not open or without area.
    stages : tuple of StageProof
    components : int
    """

    opened: Bools
    area_m2: Floats
    stages: tuple[StageProof, ...]
    components: int


@dataclass(eq=False)
class _Part:
    """One component on its way through the stages."""

    model: JointModel
    weight: float
    solution: dict[str, float]
    terms: list[tuple[Any, float]]
    constant: float = 0.0


def solve_joint(
    problem: JointProblem,
    options: SolverOptions,
    *,
    decompose: bool = True,
    progress: Callable[[str, int, int], None] | None = None,
) -> JointAnswer:
    """Solve the joint siting problem.

    Parameters
    ----------
    problem : JointProblem
    options : SolverOptions
        ``time_limit_s`` is for all stages together.
    decompose : bool
        Whether to take the problem apart first; the answer's values are the same.
    progress : callable, optional
        Called with (stage, components done, components).

    Raises
    ------
    SolverError
        If a component has no solution within the time limit, or none at all.
    """
    problem = tighten(problem)
    lists = nearest_first(problem)
    components = split(problem) if decompose else [_whole(problem)]
    total = max(sum(len(part.slots) for part in components), 1)
    parts = []
    for c, component in enumerate(components):
        model = JointModel(problem, component, lists, f"joint_{c}")
        weight = len(component.slots) / total
        parts.append(_Part(model=model, weight=weight, solution=_nothing_new(model), terms=[]))
    deadline = time.monotonic() + options.time_limit_s
    proofs = []
    for number, stage in enumerate(STAGES):
        budget = max(deadline - time.monotonic(), 0.0) / (len(STAGES) - number)
        proofs.append(_stage(stage, parts, options, budget, progress))
    for part in parts:
        _trim(part, options)
    opened, area = _read(problem, parts)
    return JointAnswer(opened=opened, area_m2=area, stages=tuple(proofs), components=len(parts))


def _whole(problem: JointProblem) -> Component:
    """Return the whole problem as one component."""
    n_types, n_demand = problem.limit.shape
    return Component(
        sites=np.arange(len(problem.sites)),
        slots=np.arange(len(problem.slots)),
        demand=np.arange(n_types * n_demand),
        area_rows=np.arange(len(problem.area)),
        count_rows=np.arange(len(problem.count)),
        cover_rows=np.arange(len(problem.cover)),
        budgets=np.arange(len(problem.budgets)),
    )


def _stage(
    stage: str,
    parts: list[_Part],
    options: SolverOptions,
    budget: float,
    progress: Callable[[str, int, int], None] | None,
) -> StageProof:
    """Solve one stage for every component and hold its value for the later ones."""
    began = time.monotonic()
    proofs = []
    for done, part in enumerate(parts):
        if progress:
            progress(stage, done, len(parts))
        left = max(budget - (time.monotonic() - began), 0.0)
        share = part.weight / max(sum(p.weight for p in parts[done:]), 1e-12)
        seconds = max(left * share, _SHORTEST_S) if left > 0 else 0.0
        proofs.append(_solve_part(stage, part, options, seconds))
    if progress:
        progress(stage, len(parts), len(parts))
    combine = max if stage == "hard-worst" else sum
    value = float(combine([proof.value for proof in proofs] or [0.0]))
    bound = float(combine([proof.bound for proof in proofs] or [0.0]))
    for part, proof in zip(parts, proofs, strict=True):
        _hold(stage, part, value if stage == "hard-worst" else proof.value)
    objective, unit = UNITS[stage]
    if stage == "cost" and any(part.model.problem.aim_price is not None for part in parts):
        objective = PRICED
    return StageProof(
        stage=stage,
        objective=objective,
        value=value * unit,
        bound=bound * unit,
        status=_overall(proofs, value, bound, options.gap),
        seconds=time.monotonic() - began,
        components=len(parts),
        tolerance=KEEP[stage],
    )


def _overall(proofs: list[Proof], value: float, bound: float, asked: float) -> Status:
    """Return the status of all components together."""
    gap = relative_gap(value, bound)
    if gap <= PROVEN_GAP:
        return Status.OPTIMAL
    if gap <= asked and all(proof.status != Status.STOPPED for proof in proofs):
        return Status.WITHIN_GAP
    return Status.STOPPED


def _prepare(stage: str, part: _Part) -> None:
    """State the stage's objective."""
    model = part.model
    if stage == "hard-worst":
        rows = model.shortfalls[Strength.HARD]
        part.terms = [(model.add_worst(), 1.0)] if rows else []
        part.constant = 0.0
    elif stage in _STRENGTH:
        part.terms, part.constant = model.shortfall(_STRENGTH[stage])
    elif stage == "cost":
        part.terms, part.constant = model.cost()
        price = model.problem.aim_price
        if price is not None:
            part.terms = [*part.terms, *((u, c * price / COST_UNIT) for u, c in model.aims)]
    elif stage == "fewest":
        part.terms, part.constant = [(y, 1.0) for y in model.y.values()], 0.0
    else:
        part.terms, part.constant = model.walking()


def _solve_part(stage: str, part: _Part, options: SolverOptions, seconds: float) -> Proof:
    """Solve one stage of one component; keep the solution in hand where the time is up."""
    _prepare(stage, part)
    _complete(part)
    known = _value(part)
    if not part.terms or (known <= part.constant + _ZERO and stage not in ("cost", "walking")):
        return Proof(status=Status.OPTIMAL, value=known, bound=part.constant, seconds=0.0)
    if seconds <= 0:
        return _known(known, part.constant, options, 0.0)
    part.model.model.minimise(part.terms)
    limits = dataclasses.replace(options, time_limit_s=seconds)
    proof = part.model.model.solve(limits)
    for feasibility, presolve in _AGAIN:
        if proof.status != Status.INFEASIBLE:
            break
        # what the stages before keep may be missed by a rounding error: the solution in hand shows that there is one
        proof = part.model.model.solve(dataclasses.replace(limits, feasibility=feasibility, presolve=presolve))
    if proof.status == Status.INFEASIBLE and stage == STAGES[0]:
        raise SolverError(f"{part.model.model.problem.name}: the solver finds no plan, though building nothing is one")
    worse = proof.status == Status.STOPPED and proof.value + part.constant > known
    if worse or proof.status in (Status.NO_SOLUTION, Status.INFEASIBLE):
        bound = part.constant if proof.status == Status.INFEASIBLE else proof.bound + part.constant
        return _known(known, bound, options, proof.seconds)
    part.solution = _snapshot(part)
    return Proof(
        status=proof.status,
        value=max(proof.value + part.constant, 0.0),
        bound=max(proof.bound + part.constant, 0.0),
        seconds=proof.seconds,
    )


def _known(value: float, bound: float, options: SolverOptions, seconds: float) -> Proof:
    """Return the proof of the solution in hand, which no run has bettered."""
    bound = min(max(bound, 0.0), value)
    return Proof(status=judge(value, bound, options.gap, finished=False), value=value, bound=bound, seconds=seconds)


def _nothing_new(model: JointModel) -> dict[str, float]:
    """Return the plan that builds nothing, which always exists: every rule is elastic."""
    solution: dict[str, float] = {}
    for variable in model.model.problem.variables():
        lowest = variable.name.startswith(("y_", "z_", "a_"))
        solution[variable.name] = float((variable.lowBound if lowest else variable.upBound) or 0.0)
    return solution


def _complete(part: _Part) -> None:
    """Give the solution in hand the values of variables that this stage added."""
    model, solution = part.model, part.solution
    for number, variable in model.n.items():
        if variable is not None:
            opened = any(
                solution.get(model.y[s].name, 0.0) > _HALF for s in model.table.members[number] if s in model.y
            )
            solution[variable.name] = 0.0 if opened else 1.0
    if model.worst is not None and model.worst.name not in solution:
        rows = model.shortfalls[Strength.HARD]
        parts = [constant + sum(c * solution[v.name] for v, c in terms) for terms, constant in rows]
        solution[model.worst.name] = max([*parts, 0.0])


def _value(part: _Part) -> float:
    """Return the value of the stage's objective at the solution in hand."""
    return part.constant + sum(c * part.solution.get(v.name, 0.0) for v, c in part.terms)


def _snapshot(part: _Part) -> dict[str, float]:
    """Return the solver's solution by variable name, binaries rounded."""
    values: dict[str, float] = {}
    for variable in part.model.model.problem.variables():
        value = variable.varValue
        if value is not None:
            values[variable.name] = float(round(value)) if variable.name.startswith("y_") else float(value)
    return values


def _hold(stage: str, part: _Part, value: float) -> None:
    """Make the later stages keep what this one reached."""
    model = part.model
    if stage in _STRENGTH and value <= _ZERO:
        model.forbid_shortfall(_STRENGTH[stage])
    elif part.terms:
        scale = max(1.0, abs(value)) if stage in ("cost", "walking") else 1.0
        terms = [*part.terms, (model.over_cost(), -1.0)] if stage == "cost" else part.terms
        model.keep(terms, value - part.constant, KEEP[stage] * scale, stage.replace("-", "_"))
    if stage == "cost" and model.aims:  # priced: kept apart, for the tolerance of the cost is square metres of them
        missing = sum(c * part.solution.get(u.name, 0.0) for u, c in model.aims)
        model.keep(model.aims, missing, KEEP["aims"] * max(1.0, missing), "priced_aims")


def _trim(part: _Part, options: SolverOptions) -> None:
    """Take no more area than the plan needs: an LP, the openings and all objectives held."""
    limits = dataclasses.replace(options, time_limit_s=_TRIM_S)
    if part.model.a:
        for rounding in _ROUNDINGS:
            part.model.trim(part.solution, rounding)
            if part.model.model.solve(limits).status in (Status.OPTIMAL, Status.WITHIN_GAP):
                part.solution = _snapshot(part)
                return


def _read(problem: JointProblem, parts: list[_Part]) -> tuple[Bools, Floats]:
    """Return openings and areas of all slots."""
    opened = problem.slots.existing.copy()
    area = np.where(problem.slots.existing, problem.slots.existing_m2, 0.0)
    for part in parts:
        for s, y in part.model.y.items():
            opened[s] = part.solution.get(y.name, 0.0) > _HALF
        for s, a in part.model.a.items():
            area[s] = part.solution.get(a.name, area[s]) if opened[s] else 0.0
    return opened, area
