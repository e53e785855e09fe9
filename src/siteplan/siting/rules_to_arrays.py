"""Rules and layers as the arrays of the joint model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.joint_problem import JointProblem
from siteplan.siting.faults import make_faults
from siteplan.siting.loads import make_load
from siteplan.siting.locks import facility_ids
from siteplan.siting.money import make_budgets, make_funds, waiting
from siteplan.siting.nearness import slack
from siteplan.siting.rows import Counted, cover_rows
from siteplan.siting.slots import make_slots
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Bools, Floats, Ints, Slots
    from siteplan.plans.plan import Plan
    from siteplan.siting.question import Question


def to_problem(question: Question, previous: Plan | None = None) -> JointProblem:
    """Return the joint siting problem of ``question``.

    Rules whose denominator is not known (elderly, children) are left out here; the plan lists them as recorded.

    Parameters
    ----------
    question : Question
    previous : Plan, optional
        An earlier plan, from which as little as possible is to be changed.

    Raises
    ------
    UsageError
        If a facility that the scenario locks can no longer stand.
    """
    table = make_slots(question)
    slots = table.slots
    load = make_load(question)
    limit = walking_limits(question, load)
    pair_demand, pair_slot, pair_cost = _pairs(question, slots, limit, load)
    used = np.zeros_like(limit, dtype=bool)
    used[slots.type[pair_slot], pair_demand] = True
    counted = Counted(question, slots)
    wait, earliest = waiting(question, slots)
    return JointProblem(
        weight=question.households,
        slots=slots,
        sites=table.sites,
        pair_demand=pair_demand,
        pair_slot=pair_slot,
        pair_cost=pair_cost,
        limit=np.where(used, limit, np.nan),
        area=counted.area_rows(),
        count=counted.count_rows(),
        size=table.size,
        faults=make_faults(question, slots),
        cover=cover_rows(question),
        shares=counted.share_rows(),
        budgets=make_budgets(question),
        funds=make_funds(question),
        max_sites=question.scenario.max_sites,
        aim_price=question.scenario.aim_price_yuan_per_m2,
        load=load,
        community=question.demand_number,
        home=question.site_number,
        facility_yuan=question.scenario.facility_yuan,
        walking_yuan_per_km=question.scenario.walking_yuan_per_km,
        cost_slack=question.scenario.cost_slack,
        wait=wait,
        earliest=earliest,
        previous=_previous(question, slots, previous),
        extra=tuple(question.scenario.objectives),
        n_phases=question.scenario.n_phases,
    )


def walking_limits(question: Question, load: Floats | None = None) -> Floats:
    """Return the walking limit of each counted type for each demand point, (n_types, n_demand), metres.

    It is the largest reach that a rule gives the type in the demand point's community, else the study's cutoff. Households that take room
    (``load``) are served within the least reach, and go no farther.
    """
    units, inverse = np.unique(question.demand_unit.astype(str), return_inverse=True)
    limits = np.full((len(question.counted), len(units)), question.cutoff_m)
    served = limits.copy()
    for k, type_ in enumerate(question.types):
        for u, unit_id in enumerate(units.tolist()):
            reach = question.reach(unit_id, type_)
            if reach is not None:
                limits[k, u] = slack(reach)
            served[k, u] = slack(question.served_within(unit_id, type_))
    limits = limits[:, inverse]
    return limits if load is None else np.where(np.isnan(load), limits, served[:, inverse])


def _pairs(question: Question, slots: Slots, limit: Floats, load: Floats | None) -> tuple[Ints, Ints, Floats]:
    """Return which slot may serve which demand point within the walking limit of its type.

    A type without any rule on reach or capacity is coupled within its own community only, whomever it may serve; what is counted but not
    planned serves nobody here.
    """
    matrix = question.matrix
    own = question.demand_number[matrix.i] == question.site_number[matrix.j]
    by_site, starts = question.pairs_by_site
    demand: list[Ints] = []
    slot: list[Ints] = []
    cost: list[Floats] = []
    bounded = [any(question.reach(u, key) is not None for u in question.rules) for key in question.types]
    if load is not None:
        bounded = [bound or bool((~np.isnan(load[k])).any()) for k, bound in enumerate(bounded)]
    for s, (j, k) in enumerate(zip(slots.site.tolist(), slots.type.tolist(), strict=True)):
        if k >= len(question.types):
            continue
        pairs = by_site[starts[j] : starts[j + 1]]
        keep = matrix.cost[pairs] <= limit[k, matrix.i[pairs]]
        if facility_type(question.types[k]).serves == "community" or not bounded[k]:
            keep &= own[pairs]
        chosen = pairs[keep]
        demand.append(matrix.i[chosen])
        slot.append(np.full(len(chosen), s, dtype=np.int64))
        cost.append(matrix.cost[chosen])
    none = np.zeros(0, dtype=np.int64)
    return (
        np.concatenate([none, *demand]),
        np.concatenate([none, *slot]),
        np.concatenate([none.astype(float), *cost]),
    )


def _previous(question: Question, slots: Slots, plan: Plan | None) -> Bools | None:
    """Return the slots of facilities that ``plan`` opened; None without one."""
    if plan is None:
        return None
    opened = set(plan.facilities.loc[plan.facilities["status"] == "new", "id"].astype(str))
    there = np.array([name in opened for name in facility_ids(question, slots)], dtype=bool)
    return there & ~slots.existing
