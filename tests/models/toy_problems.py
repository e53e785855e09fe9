"""Builders of small joint problems for the tests of the models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from siteplan.models.joint_problem import Faults, JointProblem, Rows, ShareRow, Sites, Slots, Space

if TYPE_CHECKING:
    from collections.abc import Sequence

INTEGERS = ("state", "place")


class Slot(NamedTuple):
    """One slot; see siteplan.models.joint_problem.Slots."""

    site: int
    type: int
    existing_m2: float | None = None
    low: float = 0.0
    high: float = 100.0
    host: int = -1
    space: Space = Space.FLOOR
    price: float = 1000.0
    state: int = 0


class Row(NamedTuple):
    """One row: the slots that it counts, and what it asks for; a tuple of the first three is one that is due in the first phase."""

    slots: Sequence[int]
    required: float
    strength: int
    due: int = 0


def slots_of(entries: Sequence[Slot]) -> Slots:
    """Return ``entries`` as arrays."""
    return Slots(
        site=np.array([s.site for s in entries], dtype=np.int64),
        type=np.array([s.type for s in entries], dtype=np.int64),
        existing=np.array([s.existing_m2 is not None for s in entries], dtype=bool),
        existing_m2=np.array([s.existing_m2 or 0.0 for s in entries]),
        min_m2=np.array([s.low for s in entries]),
        max_m2=np.array([s.high for s in entries]),
        host=np.array([s.host for s in entries], dtype=np.int64),
        space=np.array([s.space for s in entries], dtype=np.int64),
        cost_m2=np.array([s.price for s in entries]),
        state=np.array([s.state for s in entries], dtype=np.int64),
    )


def sites_of(n: int, **columns: Sequence[float]) -> Sites:
    """Return ``n`` sites of 1000 m2 of floor and land, free, without fixed cost and alternatives unless ``columns`` say otherwise."""
    usual: dict[str, Any] = {
        "floor": [1000.0] * n, "land": [1000.0] * n, "storeys": [0.0] * n, "fixed": [0.0] * n, "state": [0] * n, "place": [-1] * n,
    }  # fmt: skip
    return Sites(
        **{
            name: np.array(value, dtype=np.int64 if name in INTEGERS else float)
            for name, value in (usual | columns).items()
        }
    )


def matrix_of(n_slots: int, members: Sequence[Sequence[int]]) -> sparse.csr_array:
    """Return ones where row r holds the slots ``members[r]``."""
    row = np.repeat(np.arange(len(members)), [len(slots) for slots in members])
    column = np.array([s for slots in members for s in slots], dtype=np.int64)
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(members), n_slots))


def rows_of(n_slots: int, entries: Sequence[Row | tuple[Any, ...]]) -> Rows:
    """Return rows (slots counted, required, strength, phase when due)."""
    rows = [Row(*entry) for entry in entries]
    return Rows(
        matrix=matrix_of(n_slots, [row.slots for row in rows]),
        required=np.array([row.required for row in rows], dtype=float),
        strength=np.array([row.strength for row in rows], dtype=np.int64),
        due=np.array([row.due for row in rows], dtype=np.int64),
    )


def faults_of(n_slots: int, entries: Sequence[tuple[int, bool, Sequence[int], int]]) -> Faults:
    """Return faults (slot, unless, the slots that it depends on, strength)."""
    return Faults(
        slot=np.array([entry[0] for entry in entries], dtype=np.int64),
        unless=np.array([entry[1] for entry in entries], dtype=bool),
        matrix=matrix_of(n_slots, [entry[2] for entry in entries]),
        strength=np.array([entry[3] for entry in entries], dtype=np.int64),
    )


def share_of(
    n_slots: int, communities: Sequence[Sequence[int]], least: float, required: float, **more: Any
) -> ShareRow:
    """Return a share row on the slots of ``communities``, hard and on areas unless told otherwise."""
    usual = {"area": True, "strength": 0} | more
    return ShareRow(matrix=matrix_of(n_slots, communities), least=least, required=required, **usual)


def problem_of(
    slots: Sequence[Slot],
    *,
    sites: Sites | None = None,
    weight: Sequence[float] = (1.0,),
    pairs: Sequence[tuple[int, int, float]] = (),
    area: Sequence[Row | tuple[Any, ...]] = (),
    count: Sequence[Row | tuple[Any, ...]] = (),
    faults: Sequence[tuple[int, bool, Sequence[int], int]] = (),
    limit: float = 1000.0,
    **more: Any,
) -> JointProblem:
    """Return a problem; ``pairs`` are (demand point, slot, metres), rows as in :func:`rows_of`, faults as in :func:`faults_of`."""
    n_types = 1 + max(s.type for s in slots)
    limits = np.full((n_types, len(weight)), np.nan)
    for i, s, _metres in pairs:
        limits[slots[s].type, i] = limit
    return JointProblem(
        weight=np.array(weight, dtype=float),
        slots=slots_of(slots),
        sites=sites or sites_of(1 + max(s.site for s in slots)),
        pair_demand=np.array([p[0] for p in pairs], dtype=np.int64),
        pair_slot=np.array([p[1] for p in pairs], dtype=np.int64),
        pair_cost=np.array([p[2] for p in pairs], dtype=float),
        limit=limits,
        area=rows_of(len(slots), area),
        count=rows_of(len(slots), count),
        faults=faults_of(len(slots), faults) if faults else None,
        **more,
    )
