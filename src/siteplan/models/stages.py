"""Solving the joint model objective by objective, component by component, and then phase by phase.

The objectives, in order: the worst hard rule, all hard rules, changes against an earlier plan, targets, soft aims, cost, the objectives that are
asked for beside them, and cost with walks and new facilities at their prices. Each stage keeps what the stages before it
reached, within a tolerance that it states, so its bound is conditional on their incumbents. Components share nothing but the objectives
of which the largest counts: that value is what every one of them has to keep, so that the answer is that of the undivided problem.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.apart import Apart, PartAnswer, may_be_apart, solve_apart
from siteplan.models.components import split
from siteplan.models.coupling import broken, everything, inside_components, with_coupling
from siteplan.models.fewer_slots import only_slots
from siteplan.models.joint_money import COST_UNIT
from siteplan.models.payments import pay
from siteplan.models.phases import last_phase, only_opened
from siteplan.models.portfolio import Portfolio
from siteplan.models.portfolio_rows import share_sites
from siteplan.models.reduce import tighten
from siteplan.models.reuse import KnownAnswers
from siteplan.models.run import Run, Wide, share_of, until
from siteplan.models.stage_run import KEEP, StageProof
from siteplan.models.status import Status, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.coupling import Coupling
    from siteplan.models.joint_problem import Bools, Floats, Ints, JointProblem
    from siteplan.models.solver import SolverOptions

    Progress = Callable[[str, int, int], None]

_SAME = 2e-6
"""Sums of relative shortfalls that differ by less are the same."""
_TIMED = ("hard-worst", "hard-sum", "targets", "aims")
"""Stages that the order of building may worsen."""
_BEFORE = 0.65
"""Share of the time for a run that leaves some of what couples communities out."""
_LAST_STAGES = 0.85
"""The same for the stages after the cost, which seldom break what was kept before."""
_BEFORE_PHASES = 0.9
"""Share of the time for the state at the end of the last phase."""
_PHASES_S = 3.0
"""Seconds that putting a plan into phases may take where the time is up: it is done in less, and without it nothing would be built."""
_LARGEST_JOINED = 800
"""Slots up to which components that something couples are solved in one model, and not by column generation."""
_LARGEST_WHOLE = 60_000
"""Slots times phases beyond which all phases are not solved in one model."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JointAnswer:
    """What the joint model answers.

    Parameters
    ----------
    opened : (n_slots,) bool
        Open at the end of the last phase, existing slots included.
    area_m2 : (n_phases, n_slots) float64
        Area at the end of each phase; 0 where not open or without area.
    phase : (n_slots,) int64
        Phase in which a slot opens, 1 to n_phases; 0: it stands already; -1: it is not opened.
    paid : (n_phases, n_funds, n_sites) float64, yuan
    covered : (n_cover,) float64
        Households that each cover row of a type with loads counts as served when it is due; NaN for other rows.
    stages : tuple of StageProof
    components : int
    """

    opened: Bools
    area_m2: Floats
    phase: Ints
    paid: Floats
    covered: Floats
    stages: tuple[StageProof, ...]
    components: int


def stage_names(problem: JointProblem) -> tuple[str, ...]:
    """Return the objectives of a problem in order, without that of the phases."""
    changes = ("changes",) if problem.previous is not None else ()
    extra = tuple(name for name in ("equity", "backup") if name in problem.extra)
    return ("hard-worst", "hard-sum", *changes, "targets", "aims", "cost", *extra, "walking")


def solve_joint(
    problem: JointProblem,
    options: SolverOptions,
    *,
    decompose: bool = True,
    progress: Progress | None = None,
    known: KnownAnswers | None = None,
    apart: bool = True,
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
    known : KnownAnswers, optional
        What has been solved before; components that are the same are not solved again. Gets what is solved now.
    apart : bool
        Whether the components of a large problem may be solved in other processes.

    Raises
    ------
    SolverError
        If a component has no solution within the time limit, or none at all.

    Notes
    -----
    With several phases the state at the end of the last one is solved first, with all money in one purse: no order of building can do
    better, so its bounds hold for the phased problem. Then the facilities chosen are put into phases. Where that reaches the same values
    the plan is proven by those bounds; where it does not, all phases are solved in one model (docs/decisions/0009-phases.md).
    """
    deadline = time.monotonic() + options.time_limit_s
    problem = tighten(problem)
    share = 1.0 if problem.n_phases == 1 else _BEFORE_PHASES
    known = KnownAnswers() if known is None else known
    until = time.monotonic() + share * options.time_limit_s
    ends = last_phase(problem)
    found = None
    if decompose and apart and may_be_apart(ends, options):
        found = solve_apart(ends, options, until, progress, part_answer)
    final, proofs = found or _last(ends, options, until, progress, known, decompose=decompose)
    if problem.n_phases == 1:
        return _answer(problem, final, proofs)
    timed = _in_phases(problem, final, proofs, options, deadline, progress)
    if timed is not None and timed.same:
        return _answer(problem, timed.run, timed.proofs)
    whole_, proofs = _all_phases(problem, final, proofs, options, deadline, progress)
    again = _in_phases(problem, whole_, proofs[:-1], options, deadline, progress)
    best = again if again is not None and again.same else _Timed(whole_, proofs)
    if timed is not None and _better(timed.proofs, best.proofs):
        best = timed
    return _answer(problem, best.run, best.proofs)


def part_answer(problem: JointProblem, options: SolverOptions) -> PartAnswer:
    """Solve one component of a large problem of one phase; other processes call it."""
    answer = solve_joint(problem, options, apart=False)
    return PartAnswer(opened=answer.opened, area_m2=answer.area_m2[0], covered=answer.covered, stages=answer.stages)


@dataclass(frozen=True, eq=False)
class _Timed:
    """A plan in phases; ``same``: putting it into phases has worsened nothing that must not be."""

    run: Run | Wide
    proofs: tuple[StageProof, ...]
    same: bool = False


def _in_phases(
    problem: JointProblem,
    final: Run | Apart | Wide,
    proofs: tuple[StageProof, ...],
    options: SolverOptions,
    deadline: float,
    progress: Progress | None,
) -> _Timed | None:
    """Put the facilities of a plan into phases: each built at once, or else let grow.

    Returns the first of the two that worsens no shortfall, else the better one, None where the budgets of the phases allow neither.
    """
    opened, area = final.last()
    kept = opened | problem.slots.existing
    deadline = max(deadline, time.monotonic() + _PHASES_S)
    best = None
    for at_once in (True, False):
        chosen = only_opened(problem, opened, area, must=True, at_once=at_once)
        timed = Run(only_slots(chosen, kept), decompose=True, known=final.known)
        names = _TIMED if problem.aim_price is None else (*_TIMED, "walking")  # priced aims are late, or not
        early = timed.stages(names, options, deadline, progress, infeasible_ok=True)
        if early and _same(proofs, early):
            delay = timed.stages(("delay",), options, deadline, progress)
            timed.trim(options)
            return _Timed(Wide(timed, kept), (*_with_values(proofs, early, options.gap), *delay), same=True)
        if early:
            found = _late(
                problem, timed, (*early, *(proof for proof in proofs if proof.stage == "changes")), options, progress
            )
            timed.trim(options)
            if best is None or _better(found, best.proofs):
                best = _Timed(Wide(timed, kept), _bounded(found, proofs))
    return best


def _with_values(proofs: Sequence[StageProof], timed: Sequence[StageProof], gap: float) -> tuple[StageProof, ...]:
    """Give stages that were stopped the values of the plan in phases where these are less: with the facilities chosen more was to be had."""
    less = {proof.stage: proof.value for proof in timed}
    found = []
    for proof in proofs:
        value = less.get(proof.stage, proof.value)
        if proof.status == Status.STOPPED and value < proof.value:
            bound = min(proof.bound, value)
            status = judge(value, bound, gap, finished=False)
            found.append(dataclasses.replace(proof, value=value, bound=bound, status=status))
        else:
            found.append(proof)
    return tuple(found)


def _late(
    problem: JointProblem,
    timed: Run,
    early: tuple[StageProof, ...],
    options: SolverOptions,
    progress: Progress | None,
) -> tuple[StageProof, ...]:
    """Return all stages of a plan whose facilities are chosen and come later than they should.

    Those but ``early`` are valued, not solved; ``changes``, which counts facilities that are not in ``timed``, has to be among these.
    """
    known = {proof.stage: proof for proof in early}
    every = (*stage_names(problem), "delay")
    rest = timed.stages([name for name in every if name not in known], options, time.monotonic(), progress)
    known |= {proof.stage: proof for proof in rest}
    return tuple(known[name] for name in every)


def _better(proofs: Sequence[StageProof], others: Sequence[StageProof]) -> bool:
    """Tell whether the first objective in which two plans differ is less in the first of them, and not by a tolerance of what the other proves."""
    for proof, other in zip(proofs, others, strict=True):
        if abs(proof.value - other.value) > _SAME * max(1.0, abs(other.value)):
            return proof.value < other.value and other.status == Status.STOPPED
    return False


def _last(
    problem: JointProblem,
    options: SolverOptions,
    deadline: float,
    progress: Progress | None,
    known: KnownAnswers,
    *,
    decompose: bool,
) -> tuple[Run, tuple[StageProof, ...]]:
    """Solve a problem of one phase: what couples components is put in where the answer breaks it."""
    names = stage_names(problem)
    first = names.index("cost") + 1
    all_ = everything(problem)
    coupling = inside_components(problem, share_sites(problem)) if decompose else all_
    while True:
        run = Run(with_coupling(problem, coupling), decompose=decompose, tied=share_sites(problem), known=known)
        share = _BEFORE if coupling != all_ else 1.0
        proofs = run.stages(names[:first], options, until(deadline, share), progress)
        missed = broken(problem, *run.last())
        if missed | coupling == coupling:
            proofs += run.stages(names[first:], options, until(deadline, max(share, _LAST_STAGES)), progress)
            run.trim(options)
            missed = broken(problem, *run.last())
        if missed | coupling == coupling:
            return run, proofs
        if _joined(problem, missed | coupling) > max(_LARGEST_JOINED, run.largest):
            return _portfolio(problem, coupling, run, options, deadline, progress)
        coupling = coupling | missed


def _joined(problem: JointProblem, coupling: Coupling) -> int:
    """Return the slots of the largest component with these coupling rows."""
    return max((len(part.slots) for part in split(with_coupling(problem, coupling), share_sites(problem))), default=0)


def _portfolio(
    problem: JointProblem,
    coupling: Coupling,
    known: Run,
    options: SolverOptions,
    deadline: float,
    progress: Progress | None,
) -> tuple[Run, tuple[StageProof, ...]]:
    """Choose a plan for each component under what couples them: column generation."""
    run = Run(with_coupling(problem, coupling), decompose=True, tied=share_sites(problem))
    rest = with_coupling(problem, everything(problem) - coupling)
    portfolio = Portfolio(rest, run.parts, [part.solution or {} for part in known.parts])
    names = stage_names(problem)
    proofs = []
    for number, name in enumerate(names):
        budget = max(deadline - time.monotonic(), 0.0) * share_of(names, number)
        proofs.append(portfolio.stage(name, options, budget, progress))
    for part, solution in zip(run.parts, portfolio.finish(), strict=True):
        part.solution = solution
    run.trim(options)
    return run, tuple(proofs)


def _all_phases(
    problem: JointProblem,
    final: Run | Apart | Wide,
    proofs: tuple[StageProof, ...],
    options: SolverOptions,
    deadline: float,
    progress: Progress | None,
) -> tuple[Run, tuple[StageProof, ...]]:
    """Solve all phases in one model; where that is too large, those slots alone that the last phase opens."""
    whole_ = len(problem.slots) * problem.n_phases <= _LARGEST_WHOLE
    opened, area = final.last()
    chosen = problem if whole_ else only_opened(problem, opened, area, must=False)
    run = Run(chosen, decompose=whole_, known=final.known)
    found = run.stages((*stage_names(problem), "delay"), options, deadline, progress)
    if not whole_:
        found = _bounded(found, proofs)
    run.trim(options)
    return run, found


def _bounded(found: Sequence[StageProof], proofs: Sequence[StageProof]) -> tuple[StageProof, ...]:
    """Give the stages of a restricted model the bounds of the last phase, as far as these hold: up to the first that is missed."""
    bounds = {proof.stage: proof for proof in proofs}
    same = True
    rows = []
    for proof in found:
        known = bounds.get(proof.stage)
        bound = known.bound if same and known is not None else 0.0
        gap_closed = known is not None and same and abs(proof.value - known.value) <= _SAME * max(1.0, abs(known.value))
        status = known.status if gap_closed and known is not None else Status.STOPPED
        rows.append(dataclasses.replace(proof, bound=min(bound, proof.value), status=status))
        same = same and gap_closed
    return tuple(rows)


def _same(proofs: Sequence[StageProof], timed: Sequence[StageProof]) -> bool:
    """Tell whether the order of building worsens no shortfall, and nothing that is priced."""
    least = {proof.stage: proof.value for proof in proofs}
    slack = {"walking": KEEP["walking"] * max(COST_UNIT, abs(least["walking"]))}
    return all(proof.value <= least[proof.stage] + slack.get(proof.stage, _SAME) for proof in timed)


def _answer(problem: JointProblem, run: Run | Apart | Wide, proofs: Sequence[StageProof]) -> JointAnswer:
    opened, area = run.read()
    first = np.where(opened.any(axis=0), opened.argmax(axis=0) + 1, -1)
    phase = np.where(problem.slots.existing, 0, first).astype(np.int64)
    return JointAnswer(
        opened=opened[-1],
        area_m2=area,
        phase=phase,
        paid=pay(problem, phase, area),
        covered=run.covered(),
        stages=tuple(proofs),
        components=len(run.parts),
    )
