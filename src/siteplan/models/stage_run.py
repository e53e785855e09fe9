"""One objective of the joint model, solved for every component and kept for the objectives after it."""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.errors import SolverError
from siteplan.models.joint_money import COST_UNIT
from siteplan.models.joint_problem import Strength
from siteplan.models.reuse import Known, digest
from siteplan.models.status import Proof, Status, judge, relative_gap
from siteplan.models.workers import SHORTEST_S, Clock, side_by_side
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.components import Component
    from siteplan.models.joint import JointModel
    from siteplan.models.joint_problem import Floats
    from siteplan.models.reuse import KnownAnswers
    from siteplan.models.solver import SolverOptions

    Progress = Callable[[str, int, int], None]

UNITS = {
    "hard-worst": ("largest relative shortfall", 1.0),
    "hard-sum": ("sum of relative shortfalls", 1.0),
    "changes": ("facilities opened or closed", 1.0),
    "targets": ("sum of relative shortfalls", 1.0),
    "aims": ("sum of relative shortfalls", 1.0),
    "cost": ("yuan", COST_UNIT),
    "equity": ("metres a household", 1e3),
    "backup": ("households without a second facility", 1.0),
    "walking": ("yuan, walks and new facilities priced", COST_UNIT),
    "delay": ("weighted household-phases", 1.0),
}
"""What each stage minimises, and how much of it one unit of the solver is."""
PRICED = "yuan, missing aims priced"
"""The objective of the cost stage where the scenario prices a missing m2 of an aim."""
KEEP = {
    "hard-worst": 5e-7,
    "hard-sum": 5e-7,
    "changes": 1e-6,
    "targets": 5e-7,
    "aims": 5e-7,
    "cost": 1e-5,
    "equity": 1e-5,
    "backup": 1e-6,
    "walking": 1e-5,
    "delay": 1e-5,
}
"""Tolerance within which later stages keep each stage's value: of a sum of relative shortfalls the sum itself, so that a row which
is met stays met within siteplan.units.TOLERANCE however many are not; of the others a share of the value. It is several times
SolverOptions.feasibility: where all that is left to choose from is as narrow as that, HiGHS may cut off the best of it. The cost may rise by
JointProblem.cost_slack besides, that of each piece of the problem that nothing couples by a share of its own."""
SHORTFALLS = {"hard-sum": Strength.HARD, "targets": Strength.TARGET, "aims": Strength.SOFT}
LARGEST = ("hard-worst", "equity")
"""Stages of which the largest value over the components counts, and not the sum."""
OWN_SCALE = ("cost", "equity", "backup", "walking", "delay")
_ZERO = 1e-7
_HALF = 0.5
_TRIM_S = 30.0
"""Seconds for the last step, an LP that takes a fraction of one."""
_AGAIN = ((9e-7, True), (4e-6, True), (9e-7, False), (4e-6, False))
"""Tolerance and presolve with which a stage is tried again that HiGHS calls infeasible though it is not."""
_SAME = 1e-6
"""Share by which a known solution's value may differ from what is said of it."""
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


@dataclass(eq=False)
class Part:
    """One component on its way through the stages.

    Parameters
    ----------
    model : JointModel
    weight : float
        Its share of all slots, and so of the time.
    solution : dict of str to float, or None
        The solution in hand by variable name; None before the first, where locked facilities make building nothing impossible.
    known : KnownAnswers or None
        What has been solved before, and gets what is solved now.
    key : bytes
        What the part is and what it has been held at so far.
    pieces : tuple of Component
        What only budgets, funds, shares of communities and the number of sites couple in it, if that is more than one.
    caps : list of (terms, float)
        What each piece may cost after the cost stage.
    least_cost : float
        The bound of the cost stage, in the solver's units: cost with walks and new facilities is no less.
    """

    model: JointModel
    weight: float
    solution: dict[str, float] | None
    terms: list[tuple[Any, float]] = field(default_factory=list)
    constant: float = 0.0
    known: KnownAnswers | None = None
    key: bytes = b""
    pieces: tuple[Component, ...] = ()
    caps: list[tuple[list[tuple[Any, float]], float]] = field(default_factory=list)
    least_cost: float = 0.0


def start(model: JointModel, weight: float, known: KnownAnswers | None = None, key: bytes = b"") -> Part:
    """Return a component before its first stage; ``key`` is that of reuse.fingerprints."""
    stands = model.problem.slots.existing_m2
    grown = any(model.problem.slots.existing[s] and a.lowBound > stands[s] for (s, _t), a in model.a.items())
    locked = grown or any(y.lowBound for y in model.y.values())
    return Part(model=model, weight=weight, solution=None if locked else _nothing_new(model), known=known, key=key)


def run_stage(
    stage: str, parts: Sequence[Part], options: SolverOptions, budget: float, progress: Progress | None = None
) -> StageProof:
    """Solve one stage for every component and hold its value for the later ones.

    Parameters
    ----------
    stage : str
        A key of UNITS.
    parts : sequence of Part
    options : SolverOptions
    budget : float, seconds
    progress : callable, optional
        Called with (stage, components done, components).

    Raises
    ------
    SolverError
        If a component has no solution.
    """
    began = time.monotonic()
    proofs = _solve_parts(stage, parts, options, began + budget, progress)
    proofs = [_with_least_cost(stage, part, proof, options.gap) for part, proof in zip(parts, proofs, strict=True)]
    combine = max if stage in LARGEST else sum
    value = float(combine([proof.value for proof in proofs] or [0.0]))
    bound = float(combine([proof.bound for proof in proofs] or [0.0]))
    for part, proof in zip(parts, proofs, strict=True):
        kept = max(value, part.model.problem.worst_elsewhere) if stage == "hard-worst" else value
        _hold(stage, part, kept if stage in LARGEST else proof.value)
    objective, unit = UNITS[stage]
    if stage == "cost" and any(part.model.problem.aim_price is not None for part in parts):
        objective = PRICED
    return StageProof(
        stage=stage,
        objective=objective,
        value=value * unit,
        bound=bound * unit,
        status=overall([proof.status for proof in proofs], value, bound, options.gap),
        seconds=time.monotonic() - began,
        components=len(parts),
        tolerance=KEEP[stage],
    )


def _with_least_cost(stage: str, part: Part, proof: Proof, gap: float) -> Proof:
    """Keep the bound of the cost for the stage that adds to it."""
    if stage == "cost":
        part.least_cost = proof.bound
    if stage != "walking" or proof.bound >= part.least_cost:
        return proof
    bound = min(part.least_cost, proof.value)
    return dataclasses.replace(proof, bound=bound, status=judge(proof.value, bound, gap, finished=False))


def _solve_parts(
    stage: str, parts: Sequence[Part], options: SolverOptions, deadline: float, progress: Progress | None
) -> list[Proof]:
    """Solve one stage for every component, some of them at a time; each gets its share of the time that is left."""
    found = [_at_once(stage, part, options) for part in parts]
    left = [number for number, proof in enumerate(found) if proof is None]
    clock = Clock(deadline, {number: parts[number].weight for number in left})

    def one(number: int) -> Proof:
        proof = _answer_part(stage, parts[number], options, clock.start(number))
        done = clock.stop(number)
        if progress:
            progress(stage, len(parts) - len(left) + done, len(parts))
        return proof

    if progress:
        progress(stage, len(parts) - len(left), len(parts))
    solved = dict(zip(left, side_by_side(one, left), strict=True))
    return [solved[number] if proof is None else proof for number, proof in enumerate(found)]


def trim(part: Part, options: SolverOptions) -> None:
    """Take no more area than the plan needs: an LP, the openings and all objectives held."""
    if not part.model.a or part.solution is None:
        return
    key = digest(part.key, "trim", _how(options), _in_order(part))
    found = None if part.known is None else part.known.get(key)
    if found is not None and _take(part, found):
        return
    limits = dataclasses.replace(options, time_limit_s=_TRIM_S)
    for rounding in _ROUNDINGS:
        part.model.trim(part.solution, rounding)
        proof = part.model.model.solve(limits)
        if proof.status in (Status.OPTIMAL, Status.WITHIN_GAP, Status.STOPPED):
            part.solution = snapshot(part)
            if part.known is not None and proof.status == Status.OPTIMAL:
                part.known.put(
                    key, Known(proof=dataclasses.replace(proof, value=value_of(part)), solution=_in_order(part))
                )
            return


def overall(statuses: Sequence[Status], value: float, bound: float, asked: float) -> Status:
    """Return the status of all components together."""
    gap = relative_gap(value, bound)
    if gap <= PROVEN_GAP:
        return Status.OPTIMAL
    if gap <= asked and all(status != Status.STOPPED for status in statuses):
        return Status.WITHIN_GAP
    return Status.STOPPED


def prepare(stage: str, part: Part) -> None:
    """State the stage's objective."""
    model = part.model
    if stage == "hard-worst":
        rows = model.rows.shortfalls[Strength.HARD]
        part.terms, part.constant = ([(model.add_worst(), 1.0)] if rows else []), 0.0
    elif stage in SHORTFALLS:
        part.terms, part.constant = model.shortfall(SHORTFALLS[stage])
    elif stage == "equity":
        part.terms, part.constant = [(model.service.worst_mean(), 1.0)], 0.0
    else:
        objective = {
            "changes": model.changes,
            "cost": model.priced,
            "backup": model.service.lacking,
            "walking": model.worth,
            "delay": model.delay,
        }[stage]
        part.terms, part.constant = objective()


def _at_once(stage: str, part: Part, options: SolverOptions) -> Proof | None:
    """State a stage's objective; return its proof where it is known from before, or the solution in hand cannot be bettered."""
    prepare(stage, part)
    if part.known is not None:
        found = part.known.get(digest(part.key, stage, _how(options)))
        if found is not None and _take(part, found):
            return dataclasses.replace(found.proof, seconds=0.0)
    if part.solution is None:
        return None
    value, free = value_of(part), stage in ("cost", "walking")
    if not part.terms or (value <= part.constant + _ZERO and not free and _positive(part)):
        return Proof(status=Status.OPTIMAL, value=value, bound=min(part.constant, value), seconds=0.0)
    return None


def _answer_part(stage: str, part: Part, options: SolverOptions, seconds: float) -> Proof:
    """Solve a stage of one component, and keep what is proven for whoever asks again."""
    proof = _solve_part(stage, part, options, seconds)
    if part.known is not None and proof.seconds > 0 and proof.status in (Status.OPTIMAL, Status.WITHIN_GAP):
        part.known.put(digest(part.key, stage, _how(options)), Known(proof=proof, solution=_in_order(part)))
    return proof


def _how(options: SolverOptions) -> tuple[str, ...]:
    """Return what an answer depends on besides the problem; a proof does not depend on the time that there was."""
    return options.solver, str(options.gap), str(options.feasibility), str(options.presolve)


def _take(part: Part, found: Known) -> bool:
    """Make a known solution the one in hand, if it has the value that is said of it."""
    variables = part.model.model.variables
    if len(variables) != len(found.solution):
        return False
    before = part.solution
    values = zip(variables, found.solution.tolist(), strict=True)
    part.solution = {variable.name: value for variable, value in values if not math.isnan(value)}
    if abs(value_of(part) - found.proof.value) <= _SAME * max(1.0, abs(found.proof.value)):
        return True
    part.solution = before
    return False


def _in_order(part: Part) -> Floats:
    """Return the solution in hand by variable in the order in which the model states them, NaN for those it does not hold."""
    solution = part.solution or {}
    return np.array([solution.get(variable.name, math.nan) for variable in part.model.model.variables])


def _solve_part(stage: str, part: Part, options: SolverOptions, seconds: float) -> Proof:
    """Solve one stage of one component; keep the solution in hand where the time is up."""
    known = math.inf
    if part.solution is not None:
        known = value_of(part)
        if seconds <= 0:
            return _known(known, 0.0, options, 0.0)
    part.model.model.minimise(part.terms)
    proof = _try(part, dataclasses.replace(options, time_limit_s=max(seconds, SHORTEST_S)))
    if part.solution is None and proof.status in (Status.INFEASIBLE, Status.NO_SOLUTION):
        raise SolverError(f"{part.model.model.problem.name}: no plan holds all facilities that are locked")
    if proof.status == Status.INFEASIBLE and stage == "hard-worst":
        raise SolverError(f"{part.model.model.problem.name}: the solver finds no plan, though building nothing is one")
    worse = proof.status == Status.STOPPED and proof.value + part.constant > known
    if worse or proof.status in (Status.NO_SOLUTION, Status.INFEASIBLE):
        bound = 0.0 if proof.status == Status.INFEASIBLE else proof.bound + part.constant
        return _known(known, bound, options, proof.seconds)
    part.solution = snapshot(part)
    return Proof(
        status=proof.status,
        value=max(proof.value + part.constant, 0.0),
        bound=max(proof.bound + part.constant, 0.0),
        seconds=proof.seconds,
    )


def _positive(part: Part) -> bool:
    """Tell whether the objective cannot lie below its constant."""
    return all(c >= 0 for _, c in part.terms)


def _try(part: Part, limits: SolverOptions) -> Proof:
    """Solve; where the solver calls infeasible what is not, try again.

    What the stages before keep may be missed by a rounding error: the solution in hand shows that there is one.
    """
    proof = part.model.model.solve(limits, part.solution)
    for feasibility, presolve in _AGAIN if part.solution is not None else ():
        if proof.status != Status.INFEASIBLE:
            break
        proof = part.model.model.solve(dataclasses.replace(limits, feasibility=feasibility, presolve=presolve))
    return proof


def _known(value: float, bound: float, options: SolverOptions, seconds: float) -> Proof:
    """Return the proof of the solution in hand, which no run has bettered."""
    bound = min(max(bound, 0.0), value)
    return Proof(status=judge(value, bound, options.gap, finished=False), value=value, bound=bound, seconds=seconds)


def _nothing_new(model: JointModel) -> dict[str, float]:
    """Return the plan that builds nothing, which always exists where nothing is locked: every rule is elastic."""
    lowest = ("y_", "z_", "a_", "x_", "w_", "p_", "o_")
    return {
        variable.name: float((variable.lowBound if variable.name.startswith(lowest) else variable.upBound) or 0.0)
        for variable in model.model.variables
    }


def _complete(part: Part) -> None:
    """Give the solution in hand the values of variables that this stage added."""
    model, solution = part.model, part.solution
    assert solution is not None
    service = model.service

    def opened(number: int, t: int) -> int:
        inside = [model.y[s, t] for s in service.table.members[number] if (s, t) in model.y]
        return sum(solution.get(y.name, 0.0) > _HALF for y in inside)

    for (j, t), z in model.money.z.items():
        if z.name not in solution:  # of a site that nothing but the number of sites asks for
            here = [y for (s, when), y in model.y.items() if when == t and model.problem.slots.site[s] == j]
            solution[z.name] = max((solution.get(y.name, 0.0) for y in here), default=0.0)
    for (number, t), variable in service.n.items():
        if variable is not None:
            solution[variable.name] = 0.0 if opened(number, t) else 1.0
    for number, (variable, stands) in service.seconds.items():
        solution[variable.name] = float(stands + opened(number, model.last) < 2)  # noqa: PLR2004
    for terms, constant, walks in service.means:
        mean = (constant + sum(c * solution[v.name] for v, c in terms)) / walks
        solution[service.equity.name] = max(solution.get(service.equity.name, 0.0), mean)
    if model.worst is not None and model.worst.name not in solution:
        rows = model.rows.shortfalls[Strength.HARD]
        parts = [constant + sum(c * solution[v.name] for v, c in terms) for terms, constant in rows]
        solution[model.worst.name] = max([*parts, 0.0])


def value_of(part: Part) -> float:
    """Return the value of the stage's objective at the solution in hand, which gets the values of what the stage added."""
    _complete(part)
    assert part.solution is not None
    return part.constant + sum(c * part.solution.get(v.name, 0.0) for v, c in part.terms)


def snapshot(part: Part) -> dict[str, float]:
    """Return the solver's solution by variable name, binaries rounded; what is in no row is at its least."""
    variables = part.model.model.variables
    values = zip(variables, part.model.model.values(variables).tolist(), strict=True)
    return {v.name: float(round(value)) if v.name.startswith("y_") else value for v, value in values}


def _hold(stage: str, part: Part, value: float) -> None:
    """Make the later stages keep what this one reached."""
    model = part.model
    if stage in SHORTFALLS and value <= _ZERO:
        model.forbid_shortfall(SHORTFALLS[stage])
    elif stage == "cost":
        keep_costs(part)
    elif part.terms:
        scale = max(1.0, abs(value)) if stage in OWN_SCALE else 1.0
        model.keep(part.terms, value - part.constant, KEEP[stage] * scale, stage.replace("-", "_"))
    if part.known is not None:
        part.key = digest(part.key, stage, value, *(most for _, most in part.caps))


def keep_costs(part: Part) -> None:
    """Let each piece of a part cost no more than in the solution in hand and ``cost_slack`` of it.

    A slack that all of them shared would couple what nothing couples.
    """
    assert part.solution is not None
    for n, piece in enumerate(part.pieces or (None,)):
        terms, constant = part.model.priced(piece)
        cost = constant + sum(c * part.solution.get(v.name, 0.0) for v, c in terms)
        slack = KEEP["cost"] * max(1.0, abs(cost)) + part.model.problem.cost_slack * abs(cost)
        if terms:
            part.caps.append((terms, cost - constant + slack))
            part.model.keep(*part.caps[-1], 0.0, f"cost_{n}")
