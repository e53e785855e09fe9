"""A large problem of one phase, its components solved as problems of their own in processes beside this one.

No more than a component for each process is stated at a time, so that memory does not grow with the county, and stating models, which is Python's
work, is done side by side as well. Components share the largest shortfall of a hard rule: they are solved as if some other component had
the largest there can be, and those that this lets miss more than any other has to are solved again.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.by_community import giants, valued, within_communities
from siteplan.models.components import split
from siteplan.models.coupling import Coupling, broken, everything, inside_components, with_coupling
from siteplan.models.part_problem import PartProblems
from siteplan.models.portfolio_rows import share_sites
from siteplan.models.reuse import KnownAnswers, fingerprints
from siteplan.models.stage_run import LARGEST, overall
from siteplan.models.workers import WORKERS, Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.components import Component
    from siteplan.models.joint_problem import Bools, Floats, JointProblem
    from siteplan.models.run import Wide
    from siteplan.models.solver import SolverOptions
    from siteplan.models.stage_run import StageProof

    Progress = Callable[[str, int, int], None]
    Work = Callable[[JointProblem, SolverOptions], "PartAnswer"]

LARGE = 12_000
"""Slots from which a problem is solved in processes of its own."""
LARGEST_PART = 0.5
"""Share of all slots up to which a component that something couples is solved in one model."""
_FIRST = 0.65
"""Share of the time for a run that leaves some of what couples communities out."""
_HARDER = 1.2
"""Power of its slots with which the time for a component grows."""
_SHORTEST_S = 2.0
_MISSED = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class PartAnswer:
    """What one component answers: openings and areas of its slots, households counted by its cover rows, and its stages."""

    opened: Bools
    area_m2: Floats
    covered: Floats
    stages: tuple[StageProof, ...]


class Apart:
    """The answers of all components together.

    Parameters
    ----------
    problem : JointProblem
    parts : sequence of Component
    answers : sequence of PartAnswer
    """

    def __init__(self, problem: JointProblem, parts: Sequence[Component], answers: Sequence[PartAnswer]) -> None:
        self.parts = parts
        self.known = KnownAnswers()
        self._opened = problem.slots.existing.copy()
        self._area = np.where(problem.slots.existing, problem.slots.existing_m2, 0.0)
        self._covered = np.full(len(problem.cover), np.nan)
        for part, answer in zip(parts, answers, strict=True):
            self._opened[part.slots] = answer.opened
            self._area[part.slots] = answer.area_m2
            self._covered[part.cover_rows] = answer.covered

    def last(self) -> tuple[Bools, Floats]:
        """Return openings and areas, (n_slots,) each."""
        return self._opened, self._area

    def read(self) -> tuple[Bools, Floats]:
        """Return openings and areas of the one phase, (1, n_slots) each."""
        return self._opened[None, :], self._area[None, :]

    def covered(self) -> Floats:
        """Return the households that cover rows of types with loads count."""
        return self._covered


def may_be_apart(problem: JointProblem, options: SolverOptions) -> bool:
    """Tell whether a problem is large, of one phase, and of objectives that components do not share."""
    slots = problem.slots
    locked = bool(((slots.state > 0) & ~slots.existing).any())
    return (
        len(slots) >= LARGE
        and problem.n_phases == 1
        and "equity" not in problem.extra
        and not locked
        and options.solver.lower() == "highs"
    )


def solve_apart(
    problem: JointProblem, options: SolverOptions, deadline: float, progress: Progress | None, work: Work
) -> tuple[Apart | Wide, tuple[StageProof, ...]] | None:
    """Solve the components of a problem; what couples communities is put in where the answer breaks it.

    Parameters
    ----------
    problem : JointProblem
    options : SolverOptions
    deadline : float
        On the clock of time.monotonic.
    progress : callable, optional
        Called with ("components", done, of how many).
    work : callable
        Solves one component; a function of a module, which other processes can find.

    Returns
    -------
    tuple of Apart or Wide and tuple of StageProof, or None
        None where something couples so much that it has to be solved by column generation.
    """
    all_, first = everything(problem), _first_coupling(problem)
    coupling = first
    known: dict[bytes, PartAnswer] = {}
    while True:
        current = with_coupling(problem, coupling)
        parts = split(current, share_sites(problem))
        if (
            max((len(part.slots) for part in parts), default=0) > LARGEST_PART * len(problem.slots)
            and coupling != first
        ):
            return None
        share = 1.0 if coupling == all_ else _FIRST
        until = time.monotonic() + max(deadline - time.monotonic(), 0.0) * share
        large = giants(current, parts)
        if large.any():
            current = within_communities(current, large)
            parts = split(current, share_sites(problem))
        answers = _answers(current, parts, options, until, progress, work, known)
        run = Apart(problem, parts, answers)
        missed = broken(problem, *run.last())
        if missed | coupling != coupling:
            coupling = coupling | missed
        elif large.any():
            small = [answer.stages for part, answer in zip(parts, answers, strict=True) if not large[part.sites].any()]
            nothing = [tuple(dataclasses.replace(proof, bound=0.0) for proof in answers[0].stages)]
            return valued(problem, run.last(), small or nothing, options)
        else:
            return run, _together(answers, options)


def _first_coupling(problem: JointProblem) -> Coupling:
    """Return the coupling rows that join nothing which is solved apart."""
    large = giants(problem, split(with_coupling(problem, Coupling()), share_sites(problem)))
    return inside_components(within_communities(problem, large) if large.any() else problem, share_sites(problem))


def _answers(
    problem: JointProblem,
    parts: Sequence[Component],
    options: SolverOptions,
    until: float,
    progress: Progress | None,
    work: Work,
    known: dict[bytes, PartAnswer],
) -> list[PartAnswer]:
    """Return the answers of all components; those of which no other answer is known are solved."""
    keys = fingerprints(problem, parts)
    pool = _Pool(PartProblems(problem, parts), options, until, progress, work)
    pool.solve([c for c, key in enumerate(keys) if key not in known], 1.0)
    answers = [pool.found[c] if c in pool.found else known[key] for c, key in enumerate(keys)]
    worst = max((_value(answer, "hard-worst") for answer in answers), default=0.0)
    if worst < 1 - _MISSED:
        again = [c for c, answer in enumerate(answers) if _value(answer, "hard-sum") > worst]
        pool.solve(again, worst)
        answers = [pool.found.get(c, answer) for c, answer in enumerate(answers)]
    else:  # what others miss is the largest there is: the answers hold in every larger problem too
        known.update(zip(keys, answers, strict=True))
    return answers


def _value(answer: PartAnswer, stage: str) -> float:
    return next((proof.value for proof in answer.stages if proof.stage == stage), 0.0)


class _Pool:
    """Processes that solve components, the largest first; ``found`` is what they have answered."""

    def __init__(
        self, problems: PartProblems, options: SolverOptions, until: float, progress: Progress | None, work: Work
    ) -> None:
        self.problems = problems
        self.options = options
        self.until = until
        self.progress = progress
        self.work = work
        self.found: dict[int, PartAnswer] = {}

    def solve(self, which: Sequence[int], worst: float) -> None:
        """Solve some components, each in its share of the time that is left when it begins."""
        from loky import ProcessPoolExecutor, wait

        if not which:
            return
        weight = {c: (1.0 + len(self.problems.parts[c].slots)) ** _HARDER for c in which}
        clock, waiting = Clock(self.until, weight), list(which)
        with ProcessPoolExecutor(max_workers=WORKERS) as executor:
            running: dict[Any, int] = {}
            while waiting or running:
                while waiting and len(running) < WORKERS:
                    c = waiting.pop(0)
                    limit = dataclasses.replace(self.options, time_limit_s=max(clock.start(c), _SHORTEST_S))
                    running[executor.submit(self.work, self._part(c, worst), limit)] = c
                for future in wait(running, return_when="FIRST_COMPLETED").done:
                    c = running.pop(future)
                    self.found[c] = future.result()
                    done = clock.stop(c)
                    if self.progress:
                        self.progress("components", done, len(which))

    def _part(self, c: int, worst: float) -> JointProblem:
        return dataclasses.replace(self.problems.part(c), worst_elsewhere=worst)


def _together(answers: Sequence[PartAnswer], options: SolverOptions) -> tuple[StageProof, ...]:
    """Return the stages of all components together."""
    found = []
    for rows in zip(*(answer.stages for answer in answers), strict=True):
        combine = max if rows[0].stage in LARGEST else sum
        value, bound = float(combine(row.value for row in rows)), float(combine(row.bound for row in rows))
        found.append(
            dataclasses.replace(
                rows[0],
                value=value,
                bound=bound,
                status=overall([row.status for row in rows], value, bound, options.gap),
                seconds=sum(row.seconds for row in rows),
                components=sum(row.components for row in rows),
            )
        )
    return tuple(found)
