"""Joint problems put beside one another: one problem that nothing couples."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from random_joint import random_joint
from scipy import sparse

from siteplan.models.joint_problem import Budget, CoverRow, Faults, JointProblem, Rows, ShareRow, Sites, SizeRows, Slots

if TYPE_CHECKING:
    from collections.abc import Sequence

ASKED = ("aim_price", "facility_yuan", "walking_yuan_per_km", "cost_slack", "extra", "n_phases")


def blocks(seed: int, n: int) -> list[JointProblem]:
    """Return problems that can be put beside one another: alike in what they have at all."""
    rng = np.random.default_rng(seed)
    found = []
    for number in rng.integers(0, 10_000, n).tolist():
        problem = random_joint(int(number), n_phases=1, n_sites=2, n_demand=3, most_new=4)
        load = np.full(problem.limit.shape, np.nan) if problem.load is None else problem.load
        slots = dataclasses.replace(problem.slots, state=np.minimum(problem.slots.state, 0))
        less = {"previous": None, "max_sites": None, "funds": (), "extra": (), "shares": ()}
        found.append(dataclasses.replace(problem, load=load, slots=slots, **less))
    same = {"aim_price": None, "facility_yuan": 1e3, "walking_yuan_per_km": 1e3, "cost_slack": 0.0}
    return [dataclasses.replace(problem, **same) for problem in found]


def alone(problem: JointProblem) -> JointProblem:
    """Return a problem without what would be asked of all together: it can be put beside any other that is treated so."""
    load = np.full(problem.limit.shape, np.nan) if problem.load is None else problem.load
    return dataclasses.replace(problem, load=load, previous=None, max_sites=None, funds=())


def beside(problems: Sequence[JointProblem], **more: Any) -> JointProblem:
    """Return the problems as one, that is asked what the first is asked.

    Each needs loads, communities, waiting and an earlier plan if one of them has them; the limit on sites and the funds are left out.
    """
    slot, site, demand, unit = (starts(problems, size) for size in (n_slots, n_sites, n_demand, n_units))
    first = problems[0]

    def joined(name: str, more: Sequence[int] | None = None) -> Any:
        parts = [getattr(p, name) for p in problems]
        return (
            None
            if parts[0] is None
            else np.concatenate([part + (more[n] if more else 0) for n, part in enumerate(parts)])
        )

    def wide(name: str) -> Any:
        parts = [getattr(p, name) for p in problems]
        return None if parts[0] is None else np.hstack(parts)

    return JointProblem(
        weight=joined("weight"), slots=_slots(problems, slot, site), sites=_sites(problems),
        pair_demand=joined("pair_demand", demand), pair_slot=joined("pair_slot", slot), pair_cost=joined("pair_cost"),
        limit=wide("limit"), area=_rows([p.area for p in problems]), count=_rows([p.count for p in problems]),
        size=_size(problems, slot), faults=_faults(problems, slot),
        cover=tuple(_cover(row, demand[n]) for n, p in enumerate(problems) for row in p.cover),
        shares=tuple(_share(row, slot[n], sum(map(n_slots, problems))) for n, p in enumerate(problems) for row in p.shares),
        budgets=tuple(Budget(sites=b.sites + site[n], limit=b.limit, phase=b.phase) for n, p in enumerate(problems) for b in p.budgets),
        load=wide("load"), community=joined("community", unit), wait=joined("wait"), earliest=joined("earliest"),
        previous=joined("previous") if first.previous is None else np.concatenate([p.previous for p in problems]),
        **{name: getattr(first, name) for name in ASKED} | more,
    )  # fmt: skip


def n_slots(problem: JointProblem) -> int:
    return len(problem.slots)


def n_sites(problem: JointProblem) -> int:
    return len(problem.sites)


def n_demand(problem: JointProblem) -> int:
    return len(problem.weight)


def n_units(problem: JointProblem) -> int:
    return 0 if problem.community is None else int(problem.community.max()) + 1


def starts(problems: Sequence[JointProblem], size: Any) -> list[int]:
    """Return where each problem's numbers begin."""
    return np.concatenate([[0], np.cumsum([size(p) for p in problems])]).astype(int).tolist()


def _slots(problems: Sequence[JointProblem], slot: list[int], site: list[int]) -> Slots:
    fields = {f.name: [getattr(p.slots, f.name) for p in problems] for f in dataclasses.fields(Slots)}
    fields["site"] = [values + site[n] for n, values in enumerate(fields["site"])]
    fields["host"] = [np.where(values >= 0, values + slot[n], -1) for n, values in enumerate(fields["host"])]
    return Slots(**{name: np.concatenate(values) for name, values in fields.items()})


def _sites(problems: Sequence[JointProblem]) -> Sites:
    fields = {f.name: [getattr(p.sites, f.name) for p in problems] for f in dataclasses.fields(Sites)}
    fields["place"] = [np.where(values >= 0, values + 100 * n, -1) for n, values in enumerate(fields["place"])]
    return Sites(**{name: np.concatenate(values) for name, values in fields.items()})


def _rows(rows: Sequence[Rows]) -> Rows:
    return Rows(
        matrix=sparse.csr_array(sparse.block_diag([r.matrix for r in rows], format="csr")),
        **{name: np.concatenate([getattr(r, name) for r in rows]) for name in ("required", "strength", "due")},
    )


def _size(problems: Sequence[JointProblem], slot: list[int]) -> SizeRows | None:
    parts = [(p.size, slot[n]) for n, p in enumerate(problems) if p.size is not None]
    if not parts:
        return None
    return SizeRows(
        slot=np.concatenate([size.slot + at for size, at in parts]),
        least_m2=np.concatenate([size.least_m2 for size, _ in parts]),
        strength=np.concatenate([size.strength for size, _ in parts]),
    )


def _faults(problems: Sequence[JointProblem], slot: list[int]) -> Faults | None:
    parts = [(p.faults, slot[n]) for n, p in enumerate(problems) if p.faults is not None]
    if not parts:
        return None
    total = sum(map(n_slots, problems))
    matrices = [_shifted(faults.matrix, at, total) for faults, at in parts]
    return Faults(
        slot=np.concatenate([faults.slot + at for faults, at in parts]),
        unless=np.concatenate([faults.unless for faults, _ in parts]),
        matrix=sparse.csr_array(sparse.vstack(matrices, format="csr")),
        strength=np.concatenate([faults.strength for faults, _ in parts]),
    )


def _shifted(matrix: sparse.csr_array, at: int, total: int) -> sparse.csr_array:
    """Return the matrix with its columns ``at`` farther right, of ``total``."""
    return sparse.csr_array((matrix.data, matrix.indices + at, matrix.indptr), shape=(matrix.shape[0], total))


def _cover(row: CoverRow, at: int) -> CoverRow:
    return dataclasses.replace(row, demand=row.demand + at)


def _share(row: ShareRow, at: int, total: int) -> ShareRow:
    return dataclasses.replace(row, matrix=_shifted(row.matrix, at, total))
