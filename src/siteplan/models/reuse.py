"""Answers that are known already: a component whose arrays are the same has the same answer.

A component is known by a digest of everything its model is made from, in its own numbering (its first site is 0, and so on), so that it is found
again when sites, rows or buildings before it come or go. What a stage answers depends besides on what the stages before it are
held at: the key of a part goes on from stage to stage with these values (docs/decisions/0012-reuse.md).
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from siteplan.models.components import Component
    from siteplan.models.joint_problem import Floats, Ints, JointProblem, Rows
    from siteplan.models.status import Proof

LARGEST = 30_000_000
"""Figures that are kept at most, 240 MB; what was used longest ago is given up."""
_SCALARS = (
    "max_sites", "aim_price", "facility_yuan", "walking_yuan_per_km", "cost_slack", "extra", "n_phases", "worst_elsewhere",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """What one stage of one component answers.

    Parameters
    ----------
    proof : Proof
    solution : (n_variables,) float64
        By variable in the order in which the model states them; NaN for those that were in no row.
    """

    proof: Proof
    solution: Floats


class KnownAnswers:
    """Answers by key. Only those that are proven, or within the gap that was asked for, are to be put in."""

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, Known] = OrderedDict()
        self._figures = 0
        self.found = 0

    def __len__(self) -> int:
        """Return how many answers there are."""
        return len(self._answers)

    def get(self, key: bytes) -> Known | None:
        """Return the answer of ``key``, None where it is not known."""
        known = self._answers.get(key)
        if known is not None:
            self._answers.move_to_end(key)
            self.found += 1
        return known

    def put(self, key: bytes, known: Known) -> None:
        """Keep an answer."""
        if key in self._answers:
            return
        self._answers[key] = known
        self._figures += len(known.solution)
        while self._figures > LARGEST and len(self._answers) > 1:
            _key, oldest = self._answers.popitem(last=False)
            self._figures -= len(oldest.solution)


def digest(*values: object) -> bytes:
    """Return a digest of arrays, numbers, texts and tuples of them, by content.

    >>> digest(np.arange(3), "a") == digest(np.arange(3), "a")
    True
    >>> digest(np.arange(3)) == digest(np.arange(3.0))
    False
    """
    found = hashlib.blake2b(digest_size=20)
    for value in values:
        if isinstance(value, np.ndarray):
            found.update(f"{value.dtype.str}{value.shape}".encode())
            found.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, tuple):
            found.update(f"({len(value)}".encode())
            found.update(digest(*value))
        elif isinstance(value, bytes):
            found.update(f"b{len(value)}".encode())
            found.update(value)
        else:
            found.update(f"{type(value).__name__}:{value!r};".encode())
    return found.digest()


def fingerprints(problem: JointProblem, components: Sequence[Component]) -> list[bytes]:
    """Return the key of each of the components of ``problem`` before its first stage."""
    asked = tuple(getattr(problem, name) for name in _SCALARS)
    pairs = _pairs(problem, components)
    return [digest(asked, *_local(problem, component, own)) for component, own in zip(components, pairs, strict=True)]


def _pairs(problem: JointProblem, components: Sequence[Component]) -> list[Ints]:
    """Return the pairs of each component, in their order."""
    label = np.full(len(problem.slots), -1, dtype=np.int32)
    for c, component in enumerate(components):
        label[component.slots] = c
    of = label[problem.pair_slot]
    order = np.argsort(of, kind="stable")
    ends = np.searchsorted(of[order], np.arange(len(components) + 1))
    return [order[first:last] for first, last in itertools.pairwise(ends)]


def _local(problem: JointProblem, component: Component, pairs: Ints) -> Iterator[Any]:
    """Yield everything that a component's model is made from, in its own numbering."""
    n_demand = len(problem.weight)
    types, point = np.divmod(component.demand, n_demand)
    here = np.unique(point)
    yield (types, np.searchsorted(here, point), problem.limit[types, point], problem.weight[here])
    if problem.load is not None:
        yield problem.load[types, point]
    if problem.community is not None:
        yield np.unique(problem.community[here], return_inverse=True)[1]
    if problem.home is not None:
        yield np.unique(problem.home[component.sites], return_inverse=True)[1]
    yield from _slots(problem, component)
    yield from _sites(problem, component)
    yield np.searchsorted(component.slots, problem.pair_slot[pairs])
    yield np.searchsorted(here, problem.pair_demand[pairs])
    yield problem.pair_cost[pairs]
    for rows, numbers in ((problem.area, component.area_rows), (problem.count, component.count_rows)):
        yield _rows(rows, numbers, component.slots)
    yield from _size_and_faults(problem, component)
    for r in component.cover_rows.tolist():
        row = problem.cover[r]
        yield (row.type, np.searchsorted(here, row.demand), row.reach, int(row.strength), row.share, row.due)
    for r in component.shares.tolist():
        share = problem.shares[r]
        yield (
            *_matrix(share.matrix, component.slots),
            share.least,
            share.area,
            share.required,
            int(share.strength),
            share.due,
        )


def _slots(problem: JointProblem, component: Component) -> Iterator[Any]:
    slots, chosen = problem.slots, component.slots
    for field in dataclasses.fields(slots):
        values = getattr(slots, field.name)[chosen]
        if field.name == "site":
            values = np.searchsorted(component.sites, values)
        elif field.name == "host":
            values = np.where(values >= 0, np.searchsorted(chosen, values), -1)
        yield values
    for more in (problem.wait, problem.earliest, problem.previous):
        yield None if more is None else more[chosen]


def _sites(problem: JointProblem, component: Component) -> Iterator[Any]:
    sites, chosen = problem.sites, component.sites
    for field in dataclasses.fields(sites):
        values = getattr(sites, field.name)[chosen]
        if field.name == "place":  # numbers of places are names: only which are the same counts
            first = np.unique(values, return_index=True, return_inverse=True)
            values = np.where(values >= 0, first[1][first[2]], -1)
        yield values
    for b in component.budgets.tolist():
        budget = problem.budgets[b]
        yield (np.searchsorted(chosen, budget.sites), budget.limit, budget.phase)
    for fund in problem.funds:
        inside = np.isin(fund.sites, chosen)
        yield (np.searchsorted(chosen, fund.sites[inside]), tuple(fund.limits))


def _size_and_faults(problem: JointProblem, component: Component) -> Iterator[Any]:
    """Yield the rows of a component's slots; None where it has none, whatever there is elsewhere."""
    size, faults = problem.size, problem.faults
    here = np.zeros(0, dtype=np.int64) if size is None else np.flatnonzero(np.isin(size.slot, component.slots))
    if size is None or not len(here):
        yield None
    else:
        yield (np.searchsorted(component.slots, size.slot[here]), size.least_m2[here], size.strength[here])
    chosen = component.faults
    if faults is None or not len(chosen):
        yield None
    else:
        yield (np.searchsorted(component.slots, faults.slot[chosen]), faults.unless[chosen], faults.strength[chosen])
        yield _matrix(faults.matrix[chosen], component.slots)


def _rows(rows: Rows, numbers: Ints, slots: Ints) -> tuple[Any, ...]:
    return (*_matrix(rows.matrix[numbers], slots), rows.required[numbers], rows.strength[numbers], rows.due[numbers])


def _matrix(matrix: Any, slots: Ints) -> tuple[Any, ...]:
    """Return a CSR matrix over all slots as arrays over ``slots``, entries of a row in the order in which they are stored."""
    return (matrix.indptr, np.searchsorted(slots, matrix.indices), matrix.data)
