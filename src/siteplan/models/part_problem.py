"""A component of a joint problem as a problem of its own, numbered by itself."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from siteplan.models.joint_problem import Budget, Faults, Fund, JointProblem, Sites, SizeRows, Slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.models.components import Component
    from siteplan.models.joint_problem import Floats, Ints, Rows


Purse = TypeVar("Purse", Budget, Fund)


class PartProblems:
    """The components of a problem, each of which can be had as a problem of its own.

    Parameters
    ----------
    problem : JointProblem
    parts : sequence of Component
        Each slot in one of them.
    """

    def __init__(self, problem: JointProblem, parts: Sequence[Component]) -> None:
        self.problem = problem
        self.parts = parts
        home = np.full(len(problem.slots), -1, dtype=np.int64)
        for c, part in enumerate(parts):
            home[part.slots] = c
        self._pairs = _by_part(home[problem.pair_slot], len(parts))
        self._sized = _by_part(home[problem.size.slot], len(parts)) if problem.size is not None else []

    def part(self, c: int) -> JointProblem:
        """Return component ``c``: its slots, sites and rows in the order in which the whole has them."""
        problem, part = self.problem, self.parts[c]
        slots, sites, pairs = part.slots, part.sites, self._pairs[c]
        types, point = np.divmod(part.demand, problem.limit.shape[1])
        here = np.unique(point)
        return dataclasses.replace(
            problem,
            weight=problem.weight[here],
            slots=_slots(problem.slots, slots, sites),
            sites=Sites(**{f.name: getattr(problem.sites, f.name)[sites] for f in dataclasses.fields(Sites)}),
            pair_demand=np.searchsorted(here, problem.pair_demand[pairs]),
            pair_slot=np.searchsorted(slots, problem.pair_slot[pairs]),
            pair_cost=problem.pair_cost[pairs],
            limit=_of_part(problem.limit, types, point, here),
            load=None if problem.load is None else _of_part(problem.load, types, point, here),
            community=None if problem.community is None else problem.community[here],
            home=None if problem.home is None else problem.home[sites],
            area=_rows(problem.area, part.area_rows, slots),
            count=_rows(problem.count, part.count_rows, slots),
            size=self._size(c),
            faults=_faults(problem.faults, part.faults, slots),
            cover=tuple(
                dataclasses.replace(problem.cover[r], demand=np.searchsorted(here, problem.cover[r].demand))
                for r in part.cover_rows.tolist()
            ),
            shares=tuple(
                dataclasses.replace(problem.shares[r], matrix=problem.shares[r].matrix[:, slots])
                for r in part.shares.tolist()
            ),
            budgets=tuple(_purse(problem.budgets[b], sites) for b in part.budgets.tolist()),
            funds=tuple(_purse(fund, sites) for fund in problem.funds),
            wait=None if problem.wait is None else problem.wait[slots],
            earliest=None if problem.earliest is None else problem.earliest[slots],
            previous=None if problem.previous is None else problem.previous[slots],
        )

    def _size(self, c: int) -> SizeRows | None:
        size = self.problem.size
        if size is None:
            return None
        rows = self._sized[c]
        return SizeRows(
            slot=np.searchsorted(self.parts[c].slots, size.slot[rows]),
            least_m2=size.least_m2[rows],
            strength=size.strength[rows],
        )


def _by_part(home: Ints, n: int) -> list[Ints]:
    """Return the numbers of the entries of ``home`` that are of each part, in their order."""
    order = np.argsort(home, kind="stable")
    ends = np.searchsorted(home[order], np.arange(n + 1))
    return [order[first:last] for first, last in itertools.pairwise(ends)]


def _slots(slots: Slots, chosen: Ints, sites: Ints) -> Slots:
    fields = {field.name: getattr(slots, field.name)[chosen] for field in dataclasses.fields(slots)}
    host = fields["host"]
    fields["site"] = np.searchsorted(sites, fields["site"])
    fields["host"] = np.where(host >= 0, np.searchsorted(chosen, host), -1)
    return Slots(**fields)


def _of_part(table: Floats, types: Ints, point: Ints, here: Ints) -> Floats:
    """Return a table by type and demand point for the demand points ``here``: NaN where a pair of them is not of the part."""
    found = np.full((len(table), len(here)), np.nan)
    found[types, np.searchsorted(here, point)] = table[types, point]
    return found


def _rows(rows: Rows, chosen: Ints, slots: Ints) -> Rows:
    return dataclasses.replace(
        rows,
        matrix=rows.matrix[chosen][:, slots],
        required=rows.required[chosen],
        strength=rows.strength[chosen],
        due=rows.due[chosen],
    )


def _faults(faults: Faults | None, rows: Ints, slots: Ints) -> Faults | None:
    if faults is None:
        return None
    return Faults(
        slot=np.searchsorted(slots, faults.slot[rows]),
        unless=faults.unless[rows],
        matrix=faults.matrix[rows][:, slots],
        strength=faults.strength[rows],
    )


def _purse(purse: Purse, sites: Ints) -> Purse:
    return dataclasses.replace(purse, sites=np.flatnonzero(np.isin(sites, purse.sites)))
