"""Who pays what: the payments of funds, site by site, for openings and areas that are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.solver import Model, SolverOptions

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Floats, Ints, JointProblem

_GROWN = 1e-6


def spent(problem: JointProblem, phase: Ints, area: Floats) -> Floats:
    """Return the yuan spent in each phase at each site, (n_phases, n_sites).

    Parameters
    ----------
    problem : JointProblem
    phase : (n_slots,) int64
        Phase in which each slot opens, 1 to n_phases; 0: it stands; -1: it is not opened.
    area : (n_phases, n_slots) float64, m2
    """
    slots, sites = problem.slots, problem.sites
    before = np.vstack([np.where(slots.existing, slots.existing_m2, 0.0), area[:-1]])
    money = np.zeros((problem.n_phases, len(sites)))
    begun = np.zeros(len(sites), dtype=bool)
    for t in range(problem.n_phases):
        more = np.maximum(area[t] - before[t], 0.0)
        np.add.at(money[t], slots.site, more * slots.cost_m2)
        grown = slots.existing & (area[t] > slots.existing_m2 * (1 + _GROWN) + _GROWN)
        touched = np.zeros(len(sites), dtype=bool)
        touched[slots.site[(phase == t + 1) | grown]] = True
        money[t] += np.where(touched & ~begun, sites.fixed, 0.0)
        begun |= touched
    return money


def pay(problem: JointProblem, phase: Ints, area: Floats) -> Floats:
    """Return the yuan that each fund pays in each phase at each site, (n_phases, n_funds, n_sites).

    A transportation problem for each phase; among the ways to pay it takes one that asks the earlier funds first.
    """
    paid = np.zeros((problem.n_phases, len(problem.funds), len(problem.sites)))
    if not problem.funds:
        return paid
    for t, bill in enumerate(spent(problem, phase, area)):
        if bill.any():
            _pay_phase(problem, t, bill, paid[t])
    return paid


def _pay_phase(problem: JointProblem, t: int, bill: Floats, paid: Floats) -> None:
    """Fill in the payments of one phase, (n_funds, n_sites)."""
    model = Model(f"payments_{t}")
    shares: dict[tuple[int, int], Any] = {}
    for f, fund in enumerate(problem.funds):
        for j in fund.sites[bill[fund.sites] > 0].tolist():
            shares[f, j] = model.var(f"p_{f}_{j}", 0, float(bill[j]))
    owed = {j: model.var(f"owed_{j}", 0, float(bill[j])) for j in np.flatnonzero(bill > 0).tolist()}
    for j, missing in owed.items():
        terms = [(p, 1.0) for (_f, site), p in shares.items() if site == j]
        model.add([*terms, (missing, 1.0)], "==", float(bill[j]), f"bill_{j}")
    for f, fund in enumerate(problem.funds):
        terms = [(p, 1.0) for (which, _j), p in shares.items() if which == f]
        if terms:
            model.add(terms, "<=", fund.limits[t], f"fund_{f}")
    order = [(p, 1.0 + f) for (f, _j), p in shares.items()]
    model.minimise([*order, *((missing, 1e3 * (1 + len(problem.funds))) for missing in owed.values())])
    model.solve(SolverOptions())
    for (f, j), p in shares.items():
        paid[f, j] = max(float(p.varValue or 0.0), 0.0)
