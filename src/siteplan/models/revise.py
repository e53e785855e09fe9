"""Solving the joint model again after an edit: what nothing forces to change is kept without being decided anew.

The hard rules come first and then the fewest changes, so a plan that keeps every opening and meets the hard rules as well as they can be met
is the answer but for its areas. Whether the hard rules can be met better is asked community by community, without what couples them:
that is a bound for the whole. Only components that need a change are opened to all their slots (docs/decisions/0012-reuse.md).
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.errors import SolverError
from siteplan.models.components import Component, split
from siteplan.models.coupling import Coupling, with_coupling
from siteplan.models.fewer_slots import only_slots
from siteplan.models.joint import JointModel
from siteplan.models.joint_problem import Space
from siteplan.models.phases import last_phase
from siteplan.models.reduce import nearest_first, tighten
from siteplan.models.reuse import KnownAnswers, fingerprints
from siteplan.models.stage_run import KEEP, StageProof, run_stage, start
from siteplan.models.stages import JointAnswer, solve_joint
from siteplan.models.status import judge
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.joint_problem import Bools, JointProblem, Slots
    from siteplan.models.reduce import Lists
    from siteplan.models.solver import SolverOptions

    Progress = Callable[[str, int, int], None]

FIRST = ("hard-worst", "hard-sum", "changes")
"""The stages that are bounded before the rest is solved."""
_FOR_BOUNDS = 0.3
"""Share of the time for the bounds; where it is not enough the problem is solved as if nothing were known."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Bounds:
    """What no plan can be better than, and the slots of components in which something has to change."""

    least: dict[str, float]
    free: Bools


def revise_joint(
    problem: JointProblem,
    options: SolverOptions,
    *,
    progress: Progress | None = None,
    known: KnownAnswers | None = None,
) -> JointAnswer:
    """Solve a joint siting problem that has an earlier plan; the values of the stages are those of ``solve_joint``.

    Parameters
    ----------
    problem : JointProblem
        With ``previous``.
    options : SolverOptions
        ``time_limit_s`` is for everything together.
    progress : callable, optional
        Called with (stage, components done, components).
    known : KnownAnswers, optional
        What has been solved before; gets what is solved now.

    Raises
    ------
    SolverError
        If a component has no solution within the time limit, or none at all.
    """
    began = time.monotonic()
    known = KnownAnswers() if known is None else known
    bounds = _bounds(problem, options, progress, known)
    if bounds is not None:
        smaller, kept = keep_openings(problem, bounds.free)
        try:
            answer = solve_joint(
                smaller, _rest(options, began), decompose=bool(bounds.free.any()), progress=progress, known=known
            )
        except SolverError:  # the money or the land no longer carries what stood in the plan
            pass
        else:
            proofs = _proven(answer.stages, bounds)
            if proofs is not None:
                return _whole(problem, answer, kept, proofs)
    return solve_joint(problem, _rest(options, began), progress=progress, known=known)


def keep_openings(problem: JointProblem, free: Bools) -> tuple[JointProblem, Bools]:
    """Return the problem in which all but ``free`` slots are open or closed as they were, without those that stay closed.

    Parameters
    ----------
    problem : JointProblem
        With ``previous``.
    free : (n_slots,) bool

    Returns
    -------
    JointProblem
    kept : (n_slots,) bool
        Its slots.
    """
    slots = problem.slots
    assert problem.previous is not None
    held = np.where(problem.previous & ~_lost(problem), 1, -1)
    state = np.where(free | slots.existing, slots.state, held).astype(np.int64)
    kept = _with_hosts(slots, _with_walkers(problem, slots.existing | (state >= 0) | problem.previous))
    return only_slots(dataclasses.replace(problem, slots=dataclasses.replace(slots, state=state)), kept), kept


def _with_walkers(problem: JointProblem, kept: Bools) -> Bools:
    """Return ``kept`` and a slot for everybody whom none of them may serve: who walks to nothing is still counted."""
    key = problem.slots.type[problem.pair_slot] * len(problem.weight) + problem.pair_demand
    served = np.zeros(problem.limit.size, dtype=bool)
    served[key[kept[problem.pair_slot]]] = True
    alone = np.flatnonzero(~served[key])
    first = alone[np.unique(key[alone], return_index=True)[1]]
    more = kept.copy()
    more[problem.pair_slot[first]] = True
    return more


def _with_hosts(slots: Slots, kept: Bools) -> Bools:
    """Return ``kept`` and what they are rooms in."""
    more = kept.copy()
    while True:
        hosts = slots.host[more]
        hosts = hosts[hosts >= 0]
        if more[hosts].all():
            return more
        more[hosts] = True


def _rest(options: SolverOptions, began: float) -> SolverOptions:
    left = options.time_limit_s - (time.monotonic() - began)
    return dataclasses.replace(options, time_limit_s=max(left, 0.1 * options.time_limit_s))


def _bounds(
    problem: JointProblem, options: SolverOptions, progress: Progress | None, known: KnownAnswers
) -> _Bounds | None:
    """Bound the hard rules and the changes, each component by itself; None where that is not proven in time."""
    limit = _FOR_BOUNDS * options.time_limit_s
    apart = with_coupling(tighten(last_phase(problem)), Coupling())
    components = split(apart)
    asking = _not_kept(apart, components, options, known)
    least, free = dict.fromkeys(FIRST, 0.0), np.zeros(len(problem.slots), dtype=bool)
    if asking:
        proofs, free = _solve_first(apart, asking, dataclasses.replace(options, time_limit_s=limit), progress, known)
        if proofs is None:
            return None
        least = {proof.stage: proof.bound for proof in proofs}
    elsewhere = _lost(apart)
    elsewhere[[s for component in asking for s in component.slots.tolist()]] = False
    return _Bounds(least=least | {"changes": least["changes"] + float(elsewhere.sum())}, free=free)


def _lost(problem: JointProblem) -> Bools:
    """Return the slots of the earlier plan that may not be opened any more."""
    slots = problem.slots
    assert problem.previous is not None
    barred = (slots.state < 0) | (problem.sites.state[slots.site] < 0)
    small = (slots.space != Space.NONE) & (slots.min_m2 > slots.max_m2)
    return np.asarray(problem.previous & ~slots.existing & (barred | small))


def _not_kept(
    problem: JointProblem, components: Sequence[Component], options: SolverOptions, known: KnownAnswers
) -> list[Component]:
    """Return the components in which the openings of the earlier plan leave a hard rule unmet, or cannot be kept."""
    assert problem.previous is not None
    locked = (problem.slots.state > 0) & ~problem.slots.existing & ~problem.previous
    lost = np.zeros(len(problem.sites), dtype=bool)
    lost[problem.slots.site[locked]] = True
    nothing = np.zeros(len(problem.slots), dtype=bool)
    smaller, _kept = keep_openings(problem, nothing)
    label = _Labels(problem, components)
    asking = {c for c, component in enumerate(components) if lost[component.sites].any()}
    lists, smaller_components = nearest_first(smaller), split(smaller)
    keys = fingerprints(smaller, smaller_components)
    for component, key in zip(smaller_components, keys, strict=True):
        home = label.of(component)
        if home in asking:
            continue
        if not _kept_whole(smaller, component, lists, options, known, key):
            asking.add(home)
    return [components[c] for c in sorted(asking)]


def _kept_whole(
    problem: JointProblem, component: Component, lists: Lists, options: SolverOptions, known: KnownAnswers, key: bytes
) -> bool:
    """Tell whether every hard rule of a component is met with the openings that are kept."""
    try:
        part = start(JointModel(problem, component, lists, "kept"), 1.0, known, key)
        proof = run_stage("hard-sum", [part], options, options.time_limit_s)
    except SolverError:
        return False
    return proof.value <= KEEP["hard-sum"]


class _Labels:
    """Which component of the whole a component of the smaller problem belongs to: sites and rows have the same numbers in both."""

    def __init__(self, problem: JointProblem, components: Sequence[Component]) -> None:
        sizes = {
            "sites": len(problem.sites),
            "area_rows": len(problem.area),
            "count_rows": len(problem.count),
            "cover_rows": len(problem.cover),
            "demand": problem.limit.size,
        }
        self.home = {name: np.full(size, -1, dtype=np.int64) for name, size in sizes.items()}
        for c, component in enumerate(components):
            for name, numbers in self.home.items():
                numbers[getattr(component, name)] = c

    def of(self, component: Component) -> int:
        """Return the number of the component that holds it."""
        for name, numbers in self.home.items():
            inside = getattr(component, name)
            if len(inside):
                return int(numbers[inside[0]])
        return 0


def _solve_first(
    problem: JointProblem,
    components: Sequence[Component],
    options: SolverOptions,
    progress: Progress | None,
    known: KnownAnswers,
) -> tuple[tuple[StageProof, ...] | None, Bools]:
    """Solve the first stages of some components; return the proofs and the slots of those that change."""
    lists = nearest_first(problem)
    total = max(sum(len(component.slots) for component in components), 1)
    keys = fingerprints(problem, components)
    parts = [
        start(JointModel(problem, component, lists, f"first_{c}"), len(component.slots) / total, known, keys[c])
        for c, component in enumerate(components)
    ]
    deadline = time.monotonic() + options.time_limit_s
    free = np.zeros(len(problem.slots), dtype=bool)
    proofs = []
    for number, stage in enumerate(FIRST):
        budget = max(deadline - time.monotonic(), 0.0) / (len(FIRST) - number)
        proof = run_stage(stage, parts, options, budget, progress)
        if proof.gap > PROVEN_GAP:
            return None, free
        proofs.append(proof)
    for part in parts:
        solution = part.solution or {}
        before = problem.previous
        assert before is not None
        if any(round(solution.get(y.name, 0.0)) != int(before[s]) for (s, _t), y in part.model.y.items()):
            free[part.model.component.slots] = True
    return tuple(proofs), free


def _proven(stages: Sequence[StageProof], bounds: _Bounds) -> tuple[StageProof, ...] | None:
    """Return the stages with the bounds of the whole problem; None where the first ones do not reach them."""
    found = []
    for proof in stages:
        bound = bounds.least.get(proof.stage)
        if bound is None:
            found.append(proof)
            continue
        if proof.value - bound > max(KEEP[proof.stage], PROVEN_GAP * abs(proof.value)):
            return None
        bound = min(bound, proof.value)
        # a difference of rounding is none: the bound is the value
        same = proof.value - bound <= KEEP[proof.stage]
        bound = proof.value if same else bound
        found.append(dataclasses.replace(proof, bound=bound, status=judge(proof.value, bound, 0.0, finished=True)))
    return tuple(found)


def _whole(problem: JointProblem, answer: JointAnswer, kept: Bools, stages: tuple[StageProof, ...]) -> JointAnswer:
    """Return the answer to the smaller problem as one to the whole: all other slots stay closed."""
    n_slots = len(problem.slots)
    opened = np.zeros(n_slots, dtype=bool)
    opened[kept] = answer.opened
    area = np.zeros((problem.n_phases, n_slots))
    area[:, kept] = answer.area_m2
    phase = np.full(n_slots, -1, dtype=np.int64)
    phase[kept] = answer.phase
    return dataclasses.replace(answer, opened=opened, area_m2=area, phase=phase, stages=stages)
