"""Budgets, funds, and what waiting weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.joint_problem import Budget, Fund

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Floats, Ints, Slots
    from siteplan.plans.scenario import Fund as Source
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Unit


def make_budgets(question: Question) -> tuple[Budget, ...]:
    """Return the budget of the whole study, those of its phases and those of townships."""
    scenario, sites = question.scenario, question.sites
    every = np.arange(len(sites), dtype=np.int64)
    budgets = []
    if scenario.budget_yuan is not None:
        budgets.append(Budget(sites=every, limit=scenario.budget_yuan))
    budgets += [
        Budget(sites=every, limit=phase.budget_yuan, phase=t)
        for t, phase in enumerate(scenario.phases)
        if phase.budget_yuan is not None
    ]
    layer = question.study.layers.get("townships")
    if scenario.township_budgets and layer is not None:
        township = sites["township_id"].to_numpy(dtype=object)
        for key, limit in zip(layer["id"].astype(str), layer["budget_yuan"].to_numpy(dtype=float), strict=True):
            here = np.flatnonzero(township == key)
            if np.isfinite(limit) and len(here):
                budgets.append(Budget(sites=here.astype(np.int64), limit=float(limit)))
    return tuple(budgets)


def make_funds(question: Question) -> tuple[Fund, ...]:
    """Return the scenario's funds in its order, each with the sites of the communities that may have it."""
    n_phases = question.scenario.n_phases
    funds = []
    for source in question.scenario.funds:
        units = [u for u, unit in question.unit_values.items() if may_have(source, unit, question.township_of[u])]
        sites = np.flatnonzero(np.isin(question.site_unit, units)).astype(np.int64)
        funds.append(Fund(sites=sites, limits=source.given(n_phases)))
    return tuple(funds)


def may_have(source: Source, unit: Unit, township: str) -> bool:
    """Tell whether a community may have money of a fund."""
    return (
        source.setting in {"any", unit.setting}
        and source.construction in {"any", unit.construction}
        and source.resettlement in {"any", "yes" if unit.resettlement else "no"}
        and source.key in {"any", "yes" if unit.key else "no"}
        and (not source.townships or township in source.townships)
    )


def waiting(question: Question, slots: Slots) -> tuple[Floats, Ints]:
    """Return what one phase of waiting for each slot weighs, and the phase (0 first) before which nobody waits for it.

    The households of its community, key communities and resettlement sites weighted; 0 for what stands already.
    """
    scenario = question.scenario
    weight, built = {}, {}
    for unit_id, unit in question.unit_values.items():
        here = question.members.get(unit_id)
        households = 0.0 if here is None else float(question.households[here].sum())
        key = scenario.key_weight if unit.key else 1.0
        resettled = scenario.resettlement_weight if unit.resettlement else 1.0
        weight[unit_id] = households * key * resettled
        built[unit_id] = min(max(unit.phase, 1), scenario.n_phases) - 1
    units = question.site_unit[slots.site]
    wait = np.array([weight[unit] for unit in units], dtype=float)
    earliest = np.array([built[unit] for unit in units], dtype=np.int64)
    return np.where(slots.existing, 0.0, wait), earliest
