"""Builders of small joint problems for the tests of the models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from siteplan.models.joint_problem import JointProblem, Rows, Sites, Slots, Space

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    )


def sites_of(n: int, **columns: Sequence[float]) -> Sites:
    """Return ``n`` sites of 1000 m2 of floor and land, free and without fixed cost unless ``columns`` say otherwise."""
    usual: dict[str, Any] = {"floor": [1000.0] * n, "land": [1000.0] * n, "storeys": [0.0] * n, "fixed": [0.0] * n}
    values = {name: np.array(value, dtype=float) for name, value in (usual | columns).items() if name != "state"}
    return Sites(**values, state=np.array(columns.get("state", [0] * n), dtype=np.int64))


def rows_of(n_slots: int, entries: Sequence[tuple[Sequence[int], float, int]]) -> Rows:
    """Return rows (slots counted, required, strength)."""
    matrix = np.zeros((len(entries), n_slots))
    for r, (here, _required, _strength) in enumerate(entries):
        matrix[r, list(here)] = 1.0
    return Rows(
        matrix=sparse.csr_array(matrix),
        required=np.array([entry[1] for entry in entries], dtype=float),
        strength=np.array([entry[2] for entry in entries], dtype=np.int64),
    )


def problem_of(
    slots: Sequence[Slot],
    *,
    sites: Sites | None = None,
    weight: Sequence[float] = (1.0,),
    pairs: Sequence[tuple[int, int, float]] = (),
    area: Sequence[tuple[Sequence[int], float, int]] = (),
    count: Sequence[tuple[Sequence[int], float, int]] = (),
    limit: float = 1000.0,
    **more: Any,
) -> JointProblem:
    """Return a problem; ``pairs`` are (demand point, slot, metres), rows as in :func:`rows_of`."""
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
        **more,
    )
