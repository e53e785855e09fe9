"""A joint problem, taken apart, on its way through the stages."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np

from siteplan.errors import SolverError
from siteplan.models.components import Component, split, whole
from siteplan.models.coupling import Coupling, everything, with_coupling
from siteplan.models.joint import JointModel
from siteplan.models.reduce import nearest_first
from siteplan.models.reuse import KnownAnswers, fingerprints
from siteplan.models.stage_run import run_stage, start, trim

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.joint_problem import Bools, Floats, Ints, JointProblem
    from siteplan.models.solver import SolverOptions
    from siteplan.models.stage_run import StageProof

    Progress = Callable[[str, int, int], None]

_HARDER = {"targets": 2.0, "aims": 2.0, "cost": 3.0, "walking": 6.0}
"""How much more time stages get than those that are not named."""
_LEAST_SHARE = 0.25
"""Share of the time that is left which every stage may take: most need little, and what they leave goes to those after them."""
_PATIENT = 1.5
"""Share of the time, 1 to so many, that a stage of a component may take for a first solution and bound."""
_HALF = 0.5


class Run:
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
            budget = max(deadline - time.monotonic(), 0.0) * share_of(names, number)
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


class Wide:
    """A run of some slots of a problem as one of all: the others stay closed."""

    def __init__(self, run: Run, kept: Bools) -> None:
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


def until(deadline: float, share: float) -> float:
    """Return the end of a share of the time that is left."""
    now = time.monotonic()
    return now + max(deadline - now, 0.0) * share


def share_of(names: Sequence[str], number: int) -> float:
    """Return the share of the time for a stage among those that are left."""
    weights = [_HARDER.get(name, 1.0) for name in names[number:]]
    return max(weights[0] / sum(weights), _LEAST_SHARE)
