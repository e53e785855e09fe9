"""The classic location problems as arrays: demand points i, candidate sites j, and what it costs to get from one to the other.

One facility type and no rules; all classic models (LSCP, MCLP, p-median, p-center, capacitated ones, backup) read these same arrays. A pair that is
not there is out of reach: it never counts as 0.

What a candidate's state means is the same in every model:

- free: it may be opened;
- required: it is opened, and its site cost counts;
- existing: it stands already, is open, and costs nothing;
- forbidden: it is never opened.

Where a number p of facilities is given, it is all that are open in the end, existing and required ones included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from siteplan.units import TOLERANCE

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class State(IntEnum):
    """What may become of a candidate."""

    FORBIDDEN = -1
    FREE = 0
    REQUIRED = 1
    EXISTING = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearest:
    """For each demand point the candidates that may serve it, nearest first, ties by candidate; CSR by ``start``.

    Parameters
    ----------
    start : (n_demand + 1,) int64
    site : (n,) int64
    cost : (n,) float64
    """

    start: Ints
    site: Ints
    cost: Floats

    def of(self, i: int) -> tuple[Ints, Floats]:
        """Return the candidates and costs of demand point ``i``."""
        part = slice(self.start[i], self.start[i + 1])
        return self.site[part], self.cost[part]

    @property
    def demand(self) -> Ints:
        """Demand point of each entry, (n,) int64."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.int64), np.diff(self.start))


@dataclass(frozen=True, kw_only=True, eq=False)
class PointProblem:
    """A classic location problem.

    Parameters
    ----------
    weight : (n_demand,) float64, >= 0
        What each demand point counts: households, people, or 1.
    i, j : (n_pairs,) int64
        Demand point and candidate of each pair; each pair at most once. An absent pair is out of reach.
    cost : (n_pairs,) float64, >= 0
        Distance or time, in one unit.
    state : (n_candidates,) int64
        A :class:`State`.
    fixed : (n_candidates,) float64, >= 0, optional
        Cost of opening each candidate, by default 1. Existing ones cost nothing whatever is given.
    capacity : (n_candidates,) float64, >= 0, optional
        Most load that each facility serves; only capacitated models read it.
    load : (n_demand,) float64, >= 0, optional
        What each demand point takes of a capacity, by default its weight.

    Raises
    ------
    ValueError
        If an array has another length, an index or a state is not known, a pair stands twice, or a figure is negative or not finite.
    """

    weight: Floats
    i: Ints
    j: Ints
    cost: Floats
    state: Ints
    fixed: Floats | None = None
    capacity: Floats | None = None
    load: Floats | None = None

    def __post_init__(self) -> None:
        """Check the arrays."""
        if not len(self.i) == len(self.j) == len(self.cost):
            raise ValueError("i, j and cost must be of one length")
        for name, values, n in (("i", self.i, self.n_demand), ("j", self.j, self.n_candidates)):
            if len(values) and not (values.min() >= 0 and values.max() < n):
                raise ValueError(f"{name} holds an index outside 0 to {n - 1}")
        if len(np.unique(self.i * np.int64(max(self.n_candidates, 1)) + self.j)) != len(self.i):
            raise ValueError("a pair stands twice")
        if not np.isin(self.state, list(State)).all():
            raise ValueError("state holds a value that is no State")
        lengths = {"fixed": self.n_candidates, "capacity": self.n_candidates, "load": self.n_demand}
        for name in ("weight", "cost", *lengths):
            values = getattr(self, name)
            if values is None:
                continue
            if len(values) != lengths.get(name, len(values)):
                raise ValueError(f"{name} has {len(values)} entries, not {lengths[name]}")
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise ValueError(f"{name} holds a figure that is negative or not finite")

    def __repr__(self) -> str:
        """Return the sizes."""
        return f"PointProblem({self.n_demand} demand points, {self.n_candidates} candidates, {len(self.cost)} pairs)"

    @property
    def n_demand(self) -> int:
        """Number of demand points."""
        return len(self.weight)

    @property
    def n_candidates(self) -> int:
        """Number of candidates, forbidden ones included."""
        return len(self.state)

    @property
    def usable(self) -> Bools:
        """Candidates that are not forbidden, (n_candidates,) bool."""
        return np.not_equal(self.state, State.FORBIDDEN)

    @property
    def given(self) -> Bools:
        """Candidates that are open in every solution: required and existing ones, (n_candidates,) bool."""
        return np.isin(self.state, (State.REQUIRED, State.EXISTING))

    @property
    def site_cost(self) -> Floats:
        """Cost of opening each candidate, (n_candidates,) float64; 0 for existing ones."""
        fixed = np.ones(self.n_candidates) if self.fixed is None else self.fixed
        return np.where(self.state == State.EXISTING, 0.0, fixed)

    @property
    def loads(self) -> Floats:
        """Load of each demand point, (n_demand,) float64."""
        return self.weight if self.load is None else self.load

    def nearest(self, reach: float = math.inf, *, tolerance: float = TOLERANCE) -> Nearest:
        """Return the usable candidates within ``reach`` of each demand point, nearest first (see :func:`within`)."""
        kept = np.flatnonzero(self.usable[self.j] & within(self.cost, reach, tolerance))
        i, j, cost = self.i[kept], self.j[kept], self.cost[kept]
        order = np.lexsort((j, cost, i))
        start = np.zeros(self.n_demand + 1, dtype=np.int64)
        np.cumsum(np.bincount(i, minlength=self.n_demand), out=start[1:])
        return Nearest(start=start, site=j[order].astype(np.int64), cost=cost[order].astype(np.float64))

    def unreachable(self, reach: float = math.inf) -> Ints:
        """Return the demand points that no usable candidate reaches, (n,) int64."""
        return np.flatnonzero(np.diff(self.nearest(reach).start) == 0)


def within(cost: Floats, reach: float, tolerance: float = TOLERANCE) -> Bools:
    """Tell which costs are within ``reach``, inclusive, with the relative tolerance of :func:`siteplan.units.meets`.

    >>> within(np.array([500.0, 500.0001, 500.01]), 500.0).tolist()
    [True, True, False]
    """
    if math.isinf(reach):
        return np.ones(len(cost), dtype=bool)
    return cost <= reach + tolerance * max(1.0, abs(reach))


def cover_groups(nearest: Nearest) -> list[tuple[Ints, Ints]]:
    """Return the distinct sets of candidates that cover a demand point, and the demand points of each.

    Demand points with the same set share one row of a covering model. Those that nothing covers are left out.

    Returns
    -------
    list of ((n_sites,) int64 ascending, (n_points,) int64 ascending)
        In order of the first demand point.
    """
    groups: dict[bytes, list[int]] = {}
    for i in range(len(nearest.start) - 1):
        sites, _cost = nearest.of(i)
        if len(sites):
            groups.setdefault(np.sort(sites).tobytes(), []).append(i)
    return [(np.frombuffer(key, dtype=np.int64), np.array(points)) for key, points in groups.items()]
