"""A plan's facilities on the slots of a problem, and a problem in which all but some of them stay as the plan has them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.siting.locks import facility_ids

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Bools, Floats, Ints, JointProblem, Slots
    from siteplan.plans.plan import Plan
    from siteplan.siting.question import Question

_ROUNDED_M2 = 1e-5
"""By how much an area may lie beside that of the plan, which is rounded."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Built:
    """What a plan builds, by slot.

    Parameters
    ----------
    phase : (n_slots,) int64
        Phase in which a slot opens, 1 first; 0: it stands already; -1: the plan does not open it.
    area_m2 : (n_phases, n_slots) float64
        Area at the end of each phase.
    """

    phase: Ints
    area_m2: Floats

    @property
    def opened(self) -> Bools:
        """Which slots are open at the end of the last phase."""
        return np.asarray(self.phase >= 0)


def built_by(plan: Plan, question: Question, slots: Slots) -> Built:
    """Return what ``plan`` builds on the slots of a question, which may be another than its own: facilities are known by their ids."""
    place = {name: s for s, name in enumerate(facility_ids(question, slots))}
    phase = np.where(slots.existing, 0, -1).astype(np.int64)
    area = np.tile(np.where(slots.existing, slots.existing_m2, 0.0), (question.scenario.n_phases, 1))
    opens = zip(plan.facilities["id"], plan.facilities["status"], plan.facilities["phase"], strict=True)
    for name, status, first in opens:
        if status == "new" and name in place:
            phase[place[name]] = min(int(first), question.scenario.n_phases)
    works = plan.works.sort_values("phase")
    for name, first, m2 in zip(works["facility_id"], works["phase"], works["area_m2"], strict=True):
        if name in place:
            area[min(int(first), len(area)) - 1 :, place[name]] = float(m2)
    return Built(phase=phase, area_m2=area)


def hold(problem: JointProblem, built: Built, free: Bools, grow: Bools) -> JointProblem:
    """Return the problem in which all but some slots are as the plan has them.

    Parameters
    ----------
    problem : JointProblem
    built : Built
    free : (n_slots,) bool
        Slots of which anything may become.
    grow : (n_slots,) bool
        Slots that stay open if they are, and may become larger.

    Notes
    -----
    Pairs of slots that stay closed are left out, and hosts of free slots are freed with them. What the plan opens at a site that is
    forbidden now is closed.
    """
    slots = problem.slots
    hosts = slots.host[free & (slots.host >= 0)]
    free = free.copy()
    while len(hosts):
        free[hosts] = True
        hosts = slots.host[hosts]
        hosts = hosts[hosts >= 0]
    opened, last = built.opened & (slots.existing | (problem.sites.state[slots.site] >= 0)), built.area_m2[-1]
    kept = ~free & opened
    least = np.where(kept, np.clip(last - _ROUNDED_M2, slots.min_m2, slots.max_m2), slots.min_m2)
    largest = np.where(kept & ~grow, np.clip(last + _ROUNDED_M2, least, slots.max_m2), slots.max_m2)
    state = np.where(~free & ~slots.existing, np.where(opened, 1, -1), slots.state)
    stays = (state >= 0)[problem.pair_slot]
    return dataclasses.replace(
        problem,
        slots=dataclasses.replace(slots, min_m2=least, max_m2=largest, state=state),
        pair_demand=problem.pair_demand[stays],
        pair_slot=problem.pair_slot[stays],
        pair_cost=problem.pair_cost[stays],
    )


def of_types(question: Question, slots: Slots, types: tuple[str, ...]) -> Bools:
    """Tell which slots are of one of ``types``; all of them where none is named."""
    kind = np.array(question.counted, dtype=object)[slots.type]
    return np.isin(kind, types) if types else np.ones(len(slots), dtype=bool)


def near(question: Question, problem: JointProblem, places: tuple[str, ...], types: tuple[str, ...]) -> Bools:
    """Tell which slots lie in ``places``, or are of ``types`` and may serve households there, (n_slots,) bool."""
    slots = problem.slots
    here = np.isin(question.site_unit[slots.site], places)
    if types:
        homes = np.isin(question.demand_unit.astype(str)[problem.pair_demand], places)
        serving = np.zeros(len(slots), dtype=bool)
        serving[problem.pair_slot[homes]] = True
        here |= serving & of_types(question, slots, types)
    return here
