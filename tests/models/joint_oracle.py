"""An oracle for the joint model that shares nothing with it: enumerate openings, solve the areas by lexicographic LPs in SciPy."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog

from siteplan.models.joint_problem import JointProblem, Space, Strength

EPS = 1e-7


def best(problem: JointProblem) -> tuple[float, ...] | None:
    """Return the lexicographically least (worst, hard, target, aims, cost, new facilities, walking) over all plans."""
    slots, _sites = problem.slots, problem.sites
    free = [s for s in range(len(slots)) if not slots.existing[s]]
    found: tuple[float, ...] | None = None
    for bits in itertools.product((False, True), repeat=len(free)):
        opened = slots.existing.copy()
        opened[free] = bits
        if not _allowed(problem, opened):
            continue
        values = _areas(problem, opened)
        if values is None:
            continue
        new = int((opened & ~slots.existing).sum())
        values = (*values, float(new), _walking(problem, opened))
        if found is None or _less(values, found):
            found = values
    return found


def _less(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    for x, y in zip(a, b, strict=True):
        if abs(x - y) > 1e-5 * max(1.0, abs(y)):
            return x < y
    return False


def _allowed(problem: JointProblem, opened: np.ndarray) -> bool:
    slots, sites = problem.slots, problem.sites
    new = opened & ~slots.existing
    if (sites.state[slots.site[new]] < 0).any():
        return False
    for s in np.flatnonzero(new):
        if slots.host[s] >= 0 and not opened[slots.host[s]]:
            return False
    sites_opened = set(slots.site[new].tolist()) - set(slots.site[slots.existing].tolist())
    return problem.max_sites is None or len(sites_opened) <= problem.max_sites


def _constants(problem: JointProblem, opened: np.ndarray) -> list[tuple[float, int]]:
    rows = []
    counts = problem.count.matrix @ opened.astype(float)
    for r, required in enumerate(problem.count.required):
        rows.append((max(required - counts[r], 0) / required, int(problem.count.strength[r])))
    for row in problem.cover:
        missed = 0.0
        for i in row.demand:
            here = (problem.pair_demand == i) & (problem.pair_cost <= row.reach)
            served = any(problem.slots.type[s] == row.type and opened[s] for s in problem.pair_slot[here])
            missed += 0.0 if served else problem.weight[i]
        rows.append((missed / problem.weight[row.demand].sum(), row.strength))
    new = opened & ~problem.slots.existing
    used = set(problem.slots.site[new].tolist())
    rows.extend((0.0 if j in used else 1.0, 0) for j in np.flatnonzero(problem.sites.state > 0).tolist())
    return rows


def _areas(problem: JointProblem, opened: np.ndarray) -> tuple[float, ...] | None:
    slots, sites = problem.slots, problem.sites
    n, m = len(slots), len(problem.area)
    size = n + m + 1  # areas, shortfalls, worst
    new = opened & ~slots.existing
    bounds = []
    for s in range(n):
        has = slots.space[s] != Space.NONE and slots.max_m2[s] > 0
        if new[s] and slots.space[s] != Space.NONE and slots.min_m2[s] > slots.max_m2[s]:
            return None
        if not opened[s] or not has:
            bounds.append((0.0, 0.0))
        else:
            low = slots.existing_m2[s] if slots.existing[s] else slots.min_m2[s]
            if low > slots.max_m2[s]:
                return None
            bounds.append((low, slots.max_m2[s]))
    bounds += [(0.0, None)] * m + [(0.0, None)]
    rows_a, rows_b = [], []

    def at_most(vector: np.ndarray, right: float) -> None:
        rows_a.append(vector)
        rows_b.append(right)

    base = np.where(opened, slots.existing_m2, 0.0)
    for j in range(len(sites)):
        floor, land = np.zeros(size), np.zeros(size)
        for s in np.flatnonzero((slots.site == j) & opened):
            if slots.space[s] == Space.FLOOR and slots.host[s] < 0:
                floor[s] = 1
                land[s] = 1 / sites.storeys[j] if sites.storeys[j] > 0 else 0
            elif slots.space[s] == Space.LAND:
                land[s] = 1
        at_most(floor, sites.floor[j] + floor[:n] @ base)
        at_most(land, sites.land[j] + land[:n] @ base)
    for h in range(n):
        inner = [s for s in np.flatnonzero(opened) if slots.host[s] == h]
        if inner:
            row = np.zeros(size)
            row[inner] = 1
            row[h] -= 1
            at_most(row, 0.0)
    fixed = np.zeros(len(sites))
    for j in set(slots.site[new].tolist()):
        fixed[j] = sites.fixed[j]
    price = np.zeros(size)
    price[:n] = slots.cost_m2
    for budget in problem.budgets:
        row = np.where(np.isin(slots.site, budget.sites), slots.cost_m2, 0.0)
        at_most(np.concatenate([row, np.zeros(m + 1)]), budget.limit + row @ base - fixed[budget.sites].sum())
    dense = problem.area.matrix.toarray()
    for r in range(m):
        row = np.zeros(size)
        row[:n] = -dense[r]
        row[n + r] = -1
        at_most(row, -problem.area.required[r])
    constants = _constants(problem, opened)
    worst_constant = max([c for c, strength in constants if strength == 0], default=0.0)
    for r in np.flatnonzero(problem.area.strength == 0):
        row = np.zeros(size)
        row[n + r] = 1 / problem.area.required[r]
        row[-1] = -1
        at_most(row, 0.0)
    bounds[-1] = (worst_constant, None)
    objectives = [np.eye(size)[-1]]
    offsets = [0.0]
    for strength in Strength:
        row = np.zeros(size)
        for r in np.flatnonzero(problem.area.strength == strength):
            row[n + r] = 1 / problem.area.required[r]
        objectives.append(row)
        offsets.append(sum(c for c, k in constants if k == strength))
    objectives.append(price)
    offsets.append(fixed.sum() - price[:n] @ base)
    values = []
    for objective, offset in zip(objectives, offsets, strict=True):
        result = linprog(objective, A_ub=np.array(rows_a), b_ub=np.array(rows_b), bounds=bounds, method="highs")
        if not result.success:
            return None
        values.append(result.fun + offset)
        at_most(objective, result.fun + 1e-7 * max(1.0, abs(result.fun)))
    return tuple(values)


def _walking(problem: JointProblem, opened: np.ndarray) -> float:
    total = 0.0
    n_types, n_demand = problem.limit.shape
    for k in range(n_types):
        for i in range(n_demand):
            limit = problem.limit[k, i]
            if np.isnan(limit):
                continue
            here = (problem.pair_demand == i) & (problem.slots.type[problem.pair_slot] == k)
            costs = [c for s, c in zip(problem.pair_slot[here], problem.pair_cost[here], strict=True) if opened[s]]
            total += problem.weight[i] * min([*costs, limit])
    return total
