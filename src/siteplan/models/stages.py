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

from siteplan.errors import SolverError
from siteplan.models.apart import Apart, PartAnswer, may_be_apart, solve_apart
from siteplan.models.components import Component, split
from siteplan.models.coupling import Coupling, broken, everything, with_coupling
from siteplan.models.fewer_slots import only_slots
from siteplan.models.joint import JointModel
from siteplan.models.joint_money import COST_UNIT
from siteplan.models.payments import pay
from siteplan.models.phases import last_phase, only_opened
from siteplan.models.portfolio import Portfolio
from siteplan.models.portfolio_rows import share_sites
from siteplan.models.reduce import nearest_first, tighten
from siteplan.models.reuse import KnownAnswers, fingerprints
from siteplan.models.stage_run import KEEP, StageProof, run_stage, start, trim
from siteplan.models.status import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.joint_problem import Bools, Floats, Ints, JointProblem
    from siteplan.models.solver import SolverOptions

    Progress = Callable[[str, int, int], None]

_HALF = 0.5
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
_HARDER = {"targets": 2.0, "aims": 2.0, "cost": 3.0, "walking": 6.0}
"""How much more time stages get than those that are not named."""
_LEAST_SHARE = 0.25
"""Share of the time that is left which every stage may take: most need little, and what they leave goes to those after them."""
_PATIENT = 1.5
"""Share of the time, 1 to so many, that a stage of a component may take for a first solution and bound."""
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
    if timed is not None:
        return _answer(problem, *timed)
    whole_, proofs = _all_phases(problem, final, proofs, options, deadline, progress)
    timed = _in_phases(problem, whole_, proofs[:-1], options, deadline, progress)
    return _answer(problem, *(timed or (whole_, proofs)))


def part_answer(problem: JointProblem, options: SolverOptions) -> PartAnswer:
    """Solve one component of a large problem of one phase; other processes call it."""
    answer = solve_joint(problem, options, apart=False)
    return PartAnswer(opened=answer.opened, area_m2=answer.area_m2[0], covered=answer.covered, stages=answer.stages)


def _in_phases(
    problem: JointProblem,
    final: _Run | Apart | _Wide,
    proofs: tuple[StageProof, ...],
    options: SolverOptions,
    deadline: float,
    progress: Progress | None,
) -> tuple[_Wide, tuple[StageProof, ...]] | None:
    """Put the facilities of a plan into phases: each built at once, or else let grow; None where that worsens a shortfall."""
    opened, area = final.last()
    kept = opened | problem.slots.existing
    for at_once in (True, False):
        chosen = only_opened(problem, opened, area, must=True, at_once=at_once)
        timed = _Run(only_slots(chosen, kept), decompose=True, known=final.known)
        names = _TIMED if problem.aim_price is None else (*_TIMED, "walking")  # priced aims are late, or not
        early = timed.stages(names, options, deadline, progress, infeasible_ok=True)
        if early and _same(proofs, early):
            delay = timed.stages(("delay",), options, deadline, progress)
            timed.trim(options)
            return _Wide(timed, kept), (*proofs, *delay)
    return None


def _last(
    problem: JointProblem,
    options: SolverOptions,
    deadline: float,
    progress: Progress | None,
    known: KnownAnswers,
    *,
    decompose: bool,
) -> tuple[_Run, tuple[StageProof, ...]]:
    """Solve a problem of one phase: what couples communities is put in where the answer breaks it."""
    names = stage_names(problem)
    first = names.index("cost") + 1
    all_ = everything(problem)
    coupling = Coupling() if decompose else all_
    while True:
        run = _Run(with_coupling(problem, coupling), decompose=decompose, tied=share_sites(problem), known=known)
        share = _BEFORE if coupling != all_ else 1.0
        proofs = run.stages(names[:first], options, _until(deadline, share), progress)
        missed = broken(problem, *run.last())
        if missed | coupling == coupling:
            proofs += run.stages(names[first:], options, _until(deadline, max(share, _LAST_STAGES)), progress)
            run.trim(options)
            missed = broken(problem, *run.last())
        if missed | coupling == coupling:
            return run, proofs
        if _joined(problem, missed | coupling) > max(_LARGEST_JOINED, run.largest):
            return _portfolio(problem, coupling, run, options, deadline, progress)
        coupling = coupling | missed


def _until(deadline: float, share: float) -> float:
    """Return the end of a share of the time that is left."""
    now = time.monotonic()
    return now + max(deadline - now, 0.0) * share


def _share_of(names: Sequence[str], number: int) -> float:
    """Return the share of the time for a stage among those that are left."""
    weights = [_HARDER.get(name, 1.0) for name in names[number:]]
    return max(weights[0] / sum(weights), _LEAST_SHARE)


def _joined(problem: JointProblem, coupling: Coupling) -> int:
    """Return the slots of the largest component with these coupling rows."""
    return max((len(part.slots) for part in split(with_coupling(problem, coupling), share_sites(problem))), default=0)


def _portfolio(
    problem: JointProblem,
    coupling: Coupling,
    known: _Run,
    options: SolverOptions,
    deadline: float,
    progress: Progress | None,
) -> tuple[_Run, tuple[StageProof, ...]]:
    """Choose a plan for each component under what couples them: column generation."""
    run = _Run(with_coupling(problem, coupling), decompose=True, tied=share_sites(problem))
    rest = with_coupling(problem, everything(problem) - coupling)
    portfolio = Portfolio(rest, run.parts, [part.solution or {} for part in known.parts])
    names = stage_names(problem)
    proofs = []
    for number, name in enumerate(names):
        budget = max(deadline - time.monotonic(), 0.0) * _share_of(names, number)
        proofs.append(portfolio.stage(name, options, budget, progress))
    for part, solution in zip(run.parts, portfolio.finish(), strict=True):
        part.solution = solution
    run.trim(options)
    return run, tuple(proofs)


def _all_phases(
    problem: JointProblem,
    final: _Run | Apart,
    proofs: tuple[StageProof, ...],
    options: SolverOptions,
    deadline: float,
    progress: Progress | None,
) -> tuple[_Run, tuple[StageProof, ...]]:
    """Solve all phases in one model; where that is too large, those slots alone that the last phase opens."""
    whole_ = len(problem.slots) * problem.n_phases <= _LARGEST_WHOLE
    opened, area = final.last()
    chosen = problem if whole_ else only_opened(problem, opened, area, must=False)
    run = _Run(chosen, decompose=whole_, known=final.known)
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


class _Run:
    """One problem, taken apart, on its way through stages; ``known`` is what has been solved before."""

    def __init__(
        self,
        problem: JointProblem,
        *,
        decompose: bool,
        tied: Sequence[Ints] = (),
        known: KnownAnswers | None = None,
    ) -> None:
        self.problem = problem
        self.known = known
        lists = nearest_first(problem)
        components = split(problem, tied) if decompose else [whole(problem)]
        total = max(sum(len(part.slots) for part in components), 1)
        models = [JointModel(problem, part, lists, f"joint_{c}") for c, part in enumerate(components)]
        self.largest = max((len(part.slots) for part in components), default=0)
        keys = fingerprints(problem, components)
        self.parts = [
            start(model, len(model.component.slots) / total, known, key)
            for model, key in zip(models, keys, strict=True)
        ]
        for part, pieces in zip(self.parts, pieces_of(problem, components, tied), strict=True):
            part.pieces = pieces

    def stages(
        self,
        names: Sequence[str],
        options: SolverOptions,
        deadline: float,
        progress: Progress | None,
        *,
        infeasible_ok: bool = False,
    ) -> tuple[StageProof, ...]:
        """Run stages in order; with ``infeasible_ok`` nothing is returned where there is no solution."""
        proofs = []
        for number, name in enumerate(names):
            budget = max(deadline - time.monotonic(), 0.0) * _share_of(names, number)
            left = max(deadline - time.monotonic(), 0.0)
            patient = dataclasses.replace(options, kernel_s=left / _PATIENT)
            try:
                proofs.append(run_stage(name, self.parts, patient, budget, progress))
            except SolverError:
                if not infeasible_ok:
                    raise
                return ()
        return tuple(proofs)

    def trim(self, options: SolverOptions) -> None:
        """Take no more area than is needed."""
        for part in self.parts:
            trim(part, options)

    def read(self) -> tuple[Bools, Floats]:
        """Return openings at the end of each phase, (n_phases, n_slots), and areas."""
        slots, n_phases = self.problem.slots, self.problem.n_phases
        opened = np.tile(slots.existing, (n_phases, 1))
        area = np.tile(np.where(slots.existing, slots.existing_m2, 0.0), (n_phases, 1))
        for part in self.parts:
            solution = part.solution or {}
            for (s, t), y in part.model.y.items():
                opened[t, s] = solution.get(y.name, 0.0) > _HALF
            for (s, t), a in part.model.a.items():
                area[t, s] = solution.get(a.name, area[t, s]) if opened[t, s] else 0.0
        return opened, np.maximum.accumulate(area, axis=0)

    def last(self) -> tuple[Bools, Floats]:
        """Return openings and areas at the end of the last phase, (n_slots,) each."""
        opened, area = self.read()
        return opened[-1], area[-1]

    def covered(self) -> Floats:
        """Return the households that cover rows of types with loads count."""
        counted = np.full(len(self.problem.cover), np.nan)
        for part in self.parts:
            solution = part.solution or {}
            for r, terms in part.model.service.served.items():
                counted[r] = sum(c * solution.get(v.name, 0.0) for v, c in terms)
        return counted


class _Wide:
    """A run of some slots of a problem as one of all: the others stay closed."""

    def __init__(self, run: _Run, kept: Bools) -> None:
        self.run = run
        self.kept = kept
        self.known = run.known
        self.parts = run.parts

    def read(self) -> tuple[Bools, Floats]:
        """Return openings at the end of each phase, (n_phases, n_slots), and areas."""
        opened, area = self.run.read()
        shape = (len(opened), len(self.kept))
        wide, m2 = np.zeros(shape, dtype=bool), np.zeros(shape)
        wide[:, self.kept], m2[:, self.kept] = opened, area
        return wide, m2

    def last(self) -> tuple[Bools, Floats]:
        """Return openings and areas at the end of the last phase, (n_slots,) each."""
        opened, area = self.read()
        return opened[-1], area[-1]

    def covered(self) -> Floats:
        """Return the households that cover rows of types with loads count."""
        return self.run.covered()


def pieces_of(
    problem: JointProblem, components: Sequence[Component], tied: Sequence[Ints]
) -> list[tuple[Component, ...]]:
    """Return the pieces of each component that only what couples the whole study couples; none where it is one."""
    free = with_coupling(problem, Coupling())
    if len(components) > 1 and everything(problem) == Coupling():
        return [() for _component in components]
    home = np.zeros(len(problem.sites), dtype=np.int64)
    for c, component in enumerate(components):
        home[component.sites] = c
    found: list[list[Component]] = [[] for _component in components]
    for piece in split(free, tied):
        if len(piece.sites):
            found[home[piece.sites[0]]].append(piece)
    return [tuple(pieces) if len(pieces) > 1 else () for pieces in found]


def whole(problem: JointProblem) -> Component:
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
        faults=np.arange(len(problem.faults) if problem.faults is not None else 0),
        shares=np.arange(len(problem.shares)),
    )


def _answer(problem: JointProblem, run: _Run | Apart | _Wide, proofs: Sequence[StageProof]) -> JointAnswer:
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
