"""Every plan of a small joint problem: what opens in which phase, and what follows from that alone. Shares nothing with the model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.joint_problem import Faults, JointProblem, ShareRow, Space, Strength

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.models.joint_problem import CoverRow, Ints

Lack = tuple[float, int]
"""A relative shortfall and its strength."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What is opened when.

    Parameters
    ----------
    opens : (n_slots,) int64
        Phase, 0 first; -1 for what stands, n_phases for what is never opened.
    grows : dict of int to int
        Phase in which what stands at a site first grows, by site; n_phases: it does not. Other sites' facilities grow when they like.
    met : dict of int to frozenset of int
        Communities of which the areas of a share row are to suffice, by row.
    """

    opens: Ints
    grows: dict[int, int] = field(default_factory=dict)
    met: dict[int, frozenset[int]] = field(default_factory=dict)

    def at(self, t: int) -> np.ndarray:
        """Return the slots that are open at the end of phase ``t``."""
        return self.opens <= t


def members(matrix: object, r: int) -> list[int]:
    return np.flatnonzero(matrix.toarray()[r]).tolist()


def has_area(problem: JointProblem, s: int) -> bool:
    return bool(problem.slots.space[s] != Space.NONE and problem.slots.max_m2[s] > 0)


def may_grow(problem: JointProblem, s: int) -> bool:
    slots = problem.slots
    return bool(slots.existing[s] and has_area(problem, s) and slots.max_m2[s] > slots.existing_m2[s])


def watched(problem: JointProblem) -> list[int]:
    """Return the sites at which it matters when what stands begins to grow: they cost something, or are alternatives."""
    sites = {int(problem.slots.site[s]) for s in range(len(problem.slots)) if may_grow(problem, s)}
    return sorted(j for j in sites if problem.sites.fixed[j] > 0 or problem.sites.place[j] >= 0)


def plans(problem: JointProblem) -> Iterator[Plan]:
    """Yield every plan that opens nothing which may not be opened."""
    slots, last, never = problem.slots, problem.n_phases - 1, problem.n_phases
    choices: list[tuple[int, ...]] = []
    for s in range(len(slots)):
        barred = problem.sites.state[slots.site[s]] < 0 or slots.state[s] < 0
        small = slots.space[s] != Space.NONE and slots.min_m2[s] > slots.max_m2[s]
        if slots.existing[s]:
            choices.append((-1,))
        elif barred or small:
            choices.append(() if slots.state[s] > 0 else (never,))
        else:
            choices.append(tuple(range(last + 1)) if slots.state[s] > 0 else tuple(range(never + 1)))
    growing = watched(problem)
    shares = [(r, _open_question(problem, row)) for r, row in enumerate(problem.shares) if row.area]
    subsets = [
        [frozenset(c) for n in range(len(here) + 1) for c in itertools.combinations(here, n)] for _, here in shares
    ]
    for opens in itertools.product(*choices):
        phases = np.array(opens, dtype=np.int64)
        if not _allowed(problem, phases):
            continue
        for grown in itertools.product(range(never + 1), repeat=len(growing)):
            grows = dict(zip(growing, grown, strict=True))
            if not _alternatives(problem, phases, grows):
                continue
            for met in itertools.product(*subsets):
                yield Plan(phases, grows, {r: found for (r, _), found in zip(shares, met, strict=True)})


def _open_question(problem: JointProblem, row: ShareRow) -> list[int]:
    """Return the communities that do not have enough already."""
    stands = row.matrix.toarray() @ np.where(problem.slots.existing, problem.slots.existing_m2, 0.0)
    return np.flatnonzero(stands < row.least).tolist()


def _allowed(problem: JointProblem, opens: Ints) -> bool:
    slots, never = problem.slots, problem.n_phases
    for s in np.flatnonzero(opens < never).tolist():
        if not slots.existing[s] and slots.host[s] >= 0 and opens[slots.host[s]] > opens[s]:
            return False
    new = ~slots.existing & (opens < never)
    begun = set(slots.site[new].tolist()) - set(slots.site[slots.existing].tolist())
    if problem.max_sites is not None and len(begun) > problem.max_sites:
        return False
    faults = problem.faults
    if faults is None:
        return True
    hard = np.flatnonzero(faults.strength == Strength.HARD).tolist()
    return not any(broken(faults, f, opens < never) and not _stands(problem, faults, f) for f in hard)


def broken(faults: Faults, f: int, opened: np.ndarray) -> bool:
    """Tell whether a fault is there."""
    others = members(faults.matrix, f)
    some = bool(opened[others].any())
    return bool(opened[faults.slot[f]]) and (not some if faults.unless[f] else some or not others)


def _stands(problem: JointProblem, faults: Faults, f: int) -> bool:
    """Tell whether no new facility makes a fault."""
    existing, others = problem.slots.existing, members(faults.matrix, f)
    if not existing[faults.slot[f]]:
        return False
    return bool(faults.unless[f]) or not others or bool(existing[others].any())


def _alternatives(problem: JointProblem, opens: Ints, grows: dict[int, int]) -> bool:
    new = ~problem.slots.existing & (opens < problem.n_phases)
    used = set(problem.slots.site[new].tolist()) | {j for j, t in grows.items() if t < problem.n_phases}
    places = [int(problem.sites.place[j]) for j in used if problem.sites.place[j] >= 0]
    return len(places) == len(set(places))


# what follows from the openings alone ------------------------------------------------------------------------------


def loaded(problem: JointProblem, type_: int) -> bool:
    return problem.load is not None and bool(np.isfinite(problem.load[type_]).any())


def lacks(problem: JointProblem, plan: Plan) -> list[Lack]:
    """Return the relative shortfalls that areas do not touch."""
    found = [_count(problem, plan, r) for r in range(len(problem.count))]
    found += [_cover(problem, plan, row) for row in problem.cover if not loaded(problem, row.type)]
    found += [_share(problem, plan, r) for r in range(len(problem.shares))]
    opened = plan.at(problem.n_phases - 1)
    faults = problem.faults
    if faults is not None:
        found += [(1.0, int(faults.strength[f])) for f in range(len(faults)) if broken(faults, f, opened)]
    if problem.size is not None:
        for s, strength in zip(problem.size.slot.tolist(), problem.size.strength.tolist(), strict=True):
            if opened[s] and not has_area(problem, s):
                found.append((1.0, strength))
    new = opened & ~problem.slots.existing
    for j in np.flatnonzero(problem.sites.state > 0).tolist():
        found.append((0.0 if (problem.slots.site[new] == j).any() else 1.0, int(Strength.HARD)))
    return found


def _count(problem: JointProblem, plan: Plan, r: int) -> Lack:
    rows = problem.count
    there = int(plan.at(int(rows.due[r]))[members(rows.matrix, r)].sum())
    return max(float(rows.required[r]) - there, 0.0) / float(rows.required[r]), int(rows.strength[r])


def _cover(problem: JointProblem, plan: Plan, row: CoverRow) -> Lack:
    opened = plan.at(row.due)
    total = float(problem.weight[row.demand].sum())
    served = 0.0
    for i in row.demand.tolist():
        here = (problem.pair_demand == i) & (problem.pair_cost <= row.reach)
        slots = problem.pair_slot[here]
        if (opened[slots] & (problem.slots.type[slots] == row.type)).any():
            served += float(problem.weight[i])
    return max(row.share * total - served, 0.0) / (row.share * total), row.strength


def _share(problem: JointProblem, plan: Plan, r: int) -> Lack:
    row = problem.shares[r]
    if row.area:
        have = row.matrix.shape[0] - len(_open_question(problem, row)) + len(plan.met[r])
    else:
        have = int((row.matrix.toarray() @ plan.at(row.due) >= row.least).sum())
    return max(row.required - have, 0.0) / row.required, row.strength


def changes(problem: JointProblem, plan: Plan) -> float:
    """Return the slots that are opened or closed against the earlier plan."""
    new = ~problem.slots.existing
    return float((plan.at(problem.n_phases - 1)[new] != problem.previous[new]).sum())


def walks(problem: JointProblem, plan: Plan) -> np.ndarray:
    """Return the household-kilometres by type and demand point at the end, (n_types, n_demand); NaN where nothing is counted."""
    opened = plan.at(problem.n_phases - 1)
    found = np.full(problem.limit.shape, np.nan)
    for k, i in zip(*np.nonzero(~np.isnan(problem.limit)), strict=True):
        here = (problem.pair_demand == i) & (problem.slots.type[problem.pair_slot] == k) & opened[problem.pair_slot]
        metres = min([*problem.pair_cost[here].tolist(), problem.limit[k, i]])
        found[k, i] = problem.weight[i] * metres / 1e3
    return found


def worst_mean(problem: JointProblem, plan: Plan) -> float:
    """Return the largest mean walk of a community, metres."""
    walked = walks(problem, plan)
    counted = ~np.isnan(walked)
    means = []
    for c in np.unique(problem.community).tolist():
        mine = counted & (problem.community == c)[None, :]
        homes = float((mine * problem.weight).sum())
        if homes > 0:
            means.append(1e3 * float(walked[mine].sum()) / homes)
    return max(means, default=0.0)


def single(problem: JointProblem, plan: Plan) -> float:
    """Return the households, type by type, of cover rows that have fewer than two facilities within the widest of their reaches."""
    opened = plan.at(problem.n_phases - 1)
    widest: dict[tuple[int, int], float] = {}
    for row in problem.cover:
        for i in row.demand.tolist():
            widest[row.type, i] = max(widest.get((row.type, i), 0.0), row.reach)
    lonely = 0.0
    for (k, i), reach in widest.items():
        here = (problem.pair_demand == i) & (problem.pair_cost <= reach)
        slots = problem.pair_slot[here]
        if (opened[slots] & (problem.slots.type[slots] == k)).sum() < 2:
            lonely += float(problem.weight[i])
    return lonely


def delay(problem: JointProblem, plan: Plan) -> float:
    """Return what the waiting for what is opened weighs."""
    waited = np.maximum(plan.opens - problem.earliest, 0)
    new = ~problem.slots.existing & (plan.opens < problem.n_phases)
    return float((problem.wait * waited)[new].sum())
