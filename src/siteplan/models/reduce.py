"""Exact reduction of demand to site sets.

Whether a household is covered, and how far it walks, depends on the open facilities only through the *sets* of slots that lie within a
distance of it. For demand point i and type k let s_1, s_2, ... be the slots that may serve it, nearest first, with walking cost
c_1 <= c_2 <= ... <= c_n, and L the walking limit. With n_S = 1 exactly if no slot of the set S is open,

    walk_i = c_1 + sum_m (c_(m+1) - c_m) * n_{s_1..s_m} + (L - c_n) * n_{s_1..s_n}
    uncovered_i = n_{slots within reach of i}

Demand points that share a set share its variable, so the model's size follows the number of distinct sets and not of households
(the radius formulation of Cornuejols, Nemhauser and Wolsey 1980, with equal radii merged). A set that holds an existing facility has n_S = 0.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.models.joint_problem import CoverRow, Floats, Ints, JointProblem


def tighten(problem: JointProblem) -> JointProblem:
    """Return the problem with each slot's largest area cut to what its rows can ask for.

    More area than the largest row that counts a slot, its least sizes and the rooms inside it together meets nothing further, so
    the optimum of no objective changes; but ``a_s <= max_s y_s`` binds tighter, and the bounds with it.
    """
    slots = problem.slots
    need = slots.min_m2.copy()
    rows = problem.area.matrix.tocoo()
    np.maximum.at(need, rows.col, problem.area.required[rows.row])
    if problem.size is not None:
        np.maximum.at(need, problem.size.slot, problem.size.least_m2)
    for share in problem.shares:
        if share.area:
            np.maximum.at(need, share.matrix.indices, share.least)
    if problem.load is not None:
        taken = problem.load[slots.type[problem.pair_slot], problem.pair_demand]
        served = np.bincount(problem.pair_slot, weights=np.nan_to_num(taken), minlength=len(slots))
        need = np.maximum(need, served)
    rooms = slots.host >= 0
    for _depth in range(len(problem.limit)):  # a room may hold rooms of its own
        inside = np.zeros(len(slots))
        np.add.at(inside, slots.host[rooms], np.minimum(need, slots.max_m2)[rooms])
        need = np.maximum(need, inside)
    largest = np.minimum(slots.max_m2, np.maximum(need, slots.existing_m2))
    return dataclasses.replace(problem, slots=dataclasses.replace(slots, max_m2=largest))


@dataclass(frozen=True, kw_only=True, eq=False)
class Lists:
    """For each (type, demand point) its slots, nearest first: CSR by ``start``; row = type * n_demand + i."""

    n_demand: int
    start: Ints
    slot: Ints
    cost: Floats

    def of(self, type_: int, i: int) -> tuple[Ints, Floats]:
        """Return the slots and costs of demand point ``i`` for ``type_``."""
        row = type_ * self.n_demand + i
        part = slice(self.start[row], self.start[row + 1])
        return self.slot[part], self.cost[part]


def nearest_first(problem: JointProblem) -> Lists:
    """Sort the pairs into lists, nearest first, ties by slot."""
    n_types, n_demand = problem.limit.shape
    row = problem.slots.type[problem.pair_slot] * n_demand + problem.pair_demand
    order = np.lexsort((problem.pair_slot, problem.pair_cost, row))
    start = np.zeros(n_types * n_demand + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=n_types * n_demand), out=start[1:])
    return Lists(n_demand=n_demand, start=start, slot=problem.pair_slot[order], cost=problem.pair_cost[order])


@dataclass(eq=False)
class SetTable:
    """Distinct slot sets, each a sorted tuple, numbered in order of arrival.

    ``inner`` has, for sets of which it is known, the number of a set that lies inside of it: the one before it on the way of a household.

    >>> table = SetTable()
    >>> table.number((3, 1)), table.number((1, 3)), table.number((2,))
    (0, 0, 1)
    >>> table.members[0]
    (1, 3)
    """

    members: list[tuple[int, ...]] = field(default_factory=list)
    inner: dict[int, int] = field(default_factory=dict)
    _numbers: dict[tuple[int, ...], int] = field(default_factory=dict)

    def number(self, slots: tuple[int, ...]) -> int:
        """Return the number of the set ``slots``, a new one if it is new."""
        key = tuple(sorted(slots))
        found = self._numbers.get(key)
        if found is None:
            found = len(self.members)
            self._numbers[key] = found
            self.members.append(key)
        return found


def cover_sets(problem: JointProblem, lists: Lists, row: CoverRow, table: SetTable) -> dict[int, float]:
    """Return households by set for one cover row: those uncovered exactly if no slot of the set is open.

    Demand points with an existing facility within reach are left out; those with no slot at all are under the empty set.
    """
    households: dict[int, float] = {}
    existing = problem.slots.existing
    for i in row.demand:
        slots, cost = lists.of(row.type, int(i))
        near = slots[: np.searchsorted(cost, row.reach, side="right")]
        if existing[near].any():
            continue
        key = table.number(tuple(near.tolist()))
        households[key] = households.get(key, 0.0) + float(problem.weight[i])
    return households


def walking_sets(problem: JointProblem, lists: Lists, demand: Ints, table: SetTable) -> tuple[float, dict[int, float]]:
    """Return the constant and the household-metres by set of the walking objective.

    Parameters
    ----------
    problem : JointProblem
    lists : Lists
    demand : (n,) int64
        Pairs of type and demand point, type * n_demand + i.
    table : SetTable
        Gets the sets.
    """
    constant = 0.0
    metres: dict[int, float] = {}
    for key in demand.tolist():
        type_, i = divmod(key, lists.n_demand)
        limit = float(problem.limit[type_, i])
        if math.isnan(limit):
            continue
        weight = float(problem.weight[i])
        first, steps = _steps(problem, lists, type_, i, limit)
        constant += weight * first
        before = None
        for prefix, more in steps:
            number = table.number(prefix)
            if before is not None:
                table.inner.setdefault(number, before)
            before = number
            metres[number] = metres.get(number, 0.0) + weight * more
    return constant, metres


def _steps(
    problem: JointProblem, lists: Lists, type_: int, i: int, limit: float
) -> tuple[float, Iterator[tuple[tuple[int, ...], float]]]:
    """Return the metres to the first slot and, set by set, the metres added if the whole set is closed."""
    slots, cost = lists.of(type_, i)
    keep = int(np.searchsorted(cost, limit, side="right"))
    standing = np.flatnonzero(problem.slots.existing[slots[:keep]])
    if len(standing):
        keep = int(standing[0]) + 1
    slots_kept = slots[:keep].tolist()
    costs = cost[:keep].tolist()
    if not costs:
        return limit, iter(())
    ends = costs[1:] if len(standing) else [*costs[1:], limit]

    def walk() -> Iterator[tuple[tuple[int, ...], float]]:
        for m, end in enumerate(ends):
            if end > costs[m]:
                yield tuple(slots_kept[: m + 1]), end - costs[m]

    return costs[0], walk()
