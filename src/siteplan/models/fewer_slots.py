"""A joint problem without slots that stay closed: the same answer from a smaller problem."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.joint_problem import Faults, JointProblem, SizeRows, Slots

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Bools, Ints, Rows


def only_slots(problem: JointProblem, kept: Bools) -> JointProblem:
    """Return ``problem`` with the slots ``kept`` alone, renumbered in their order; sites, demand and rows stay as they are.

    Parameters
    ----------
    problem : JointProblem
    kept : (n_slots,) bool
        Every existing slot, and the host of every slot that is kept, must be among them.
    """
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    chosen = np.flatnonzero(kept)
    pairs = kept[problem.pair_slot]
    return dataclasses.replace(
        problem,
        slots=_slots(problem.slots, chosen, number),
        pair_demand=problem.pair_demand[pairs],
        pair_slot=number[problem.pair_slot[pairs]].astype(np.int64),
        pair_cost=problem.pair_cost[pairs],
        area=_rows(problem.area, chosen),
        count=_rows(problem.count, chosen),
        size=_size(problem.size, kept, number),
        faults=_faults(problem.faults, kept, number),
        shares=tuple(dataclasses.replace(row, matrix=row.matrix[:, chosen]) for row in problem.shares),
        wait=None if problem.wait is None else problem.wait[chosen],
        earliest=None if problem.earliest is None else problem.earliest[chosen],
        previous=None if problem.previous is None else problem.previous[chosen],
    )


def _slots(slots: Slots, chosen: Ints, number: Ints) -> Slots:
    fields = {field.name: getattr(slots, field.name)[chosen] for field in dataclasses.fields(slots)}
    host = slots.host[chosen]
    fields["host"] = np.where(host >= 0, number[host], -1).astype(np.int64)
    return Slots(**fields)


def _rows(rows: Rows, chosen: Ints) -> Rows:
    return dataclasses.replace(rows, matrix=rows.matrix[:, chosen])


def _size(size: SizeRows | None, kept: Bools, number: Ints) -> SizeRows | None:
    if size is None:
        return None
    here = kept[size.slot]
    return SizeRows(
        slot=number[size.slot[here]].astype(np.int64), least_m2=size.least_m2[here], strength=size.strength[here]
    )


def _faults(faults: Faults | None, kept: Bools, number: Ints) -> Faults | None:
    """Return the faults of slots that are kept; one that only slots which stay closed would make is none."""
    if faults is None:
        return None
    matrix = faults.matrix[:, np.flatnonzero(kept)]
    before, left = np.diff(faults.matrix.indptr), np.diff(matrix.indptr)
    here = np.flatnonzero(kept[faults.slot] & (faults.unless | (before == 0) | (left > 0)))
    return Faults(
        slot=number[faults.slot[here]].astype(np.int64),
        unless=faults.unless[here],
        matrix=matrix[here],
        strength=faults.strength[here],
    )
