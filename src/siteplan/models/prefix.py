"""Distinct prefix sets: of each demand point, the candidates up to a distance.

For a demand point whose candidates lie at the distinct costs D_1 < D_2 < ... < D_K, let S_k be those at cost <= D_k, and n_S = 1 exactly if no
facility of S is open. Its way to the nearest open one is then

    D_1 + sum over k of (D_(k+1) - D_k) n_{S_k}

Demand points that share a set share its variable, and each set is tied to one with fewer sites, so that a row holds only the sites
that are new in it: n_S >= n_{S'} - sum of y_j over S without S' (S. Elloumi: A tighter formulation of the p-median problem. Journal of
Combinatorial Optimization 19 (2010) 69-83; the idea of radii is of G. Cornuejols, G. Nemhauser, L. Wolsey: A canonical representation of simple plant
location problems and its applications. SIAM Journal on Algebraic and Discrete Methods 1 (1980) 261-272).

A set needs no variable if it holds a facility that is open anyway, or so many candidates that one of them must be open; what is farther is
never walked to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from siteplan.models.point_problem import Bools, Floats, Ints, Nearest


@dataclass(frozen=True, kw_only=True, eq=False)
class PrefixSets:
    """Distinct prefix sets.

    Parameters
    ----------
    constant : float
        Weighted cost of everyone to the first candidate; of those without any, nothing.
    parent : (n_sets,) int64
        The set before it, -1 for none.
    start : (n_sets + 1,) int64
    added : (n,) int64
        Candidates of each set that its parent lacks; CSR by ``start``.
    amount : (n_sets,) float64
        Weighted cost that is added if no facility of the set is open.
    last : (n_sets,) bool
        Whether the set holds all candidates of some demand point.
    """

    constant: float
    parent: Ints
    start: Ints
    added: Ints
    amount: Floats
    last: Bools

    def __len__(self) -> int:
        """Return the number of sets."""
        return len(self.parent)

    def added_of(self, s: int) -> Ints:
        """Return the candidates that set ``s`` adds to its parent."""
        return self.added[self.start[s] : self.start[s + 1]]


def prefix_sets(nearest: Nearest, weight: Floats, given: Bools, *, p: int, n_usable: int, far: float) -> PrefixSets:
    """Return the distinct prefix sets of all demand points.

    Parameters
    ----------
    nearest : Nearest
    weight : (n_demand,) float64
    given : (n_candidates,) bool
        Candidates that are open anyway.
    p, n_usable : int
        Of ``n_usable`` candidates p are open: more than n_usable - p of them hold an open one.
    far : float
        What demand out of reach of every open facility counts, at least the largest cost.
    """
    start, demand = nearest.start, nearest.demand
    some = np.diff(start) > 0
    constant = float((weight[some] * nearest.cost[start[:-1][some]]).sum())
    end, row_end = _ends(nearest, demand)
    open_anyway = np.r_[0, np.cumsum(given[nearest.site])]
    size = end + 1 - start[demand[end]]
    kept = (open_anyway[end + 1] == open_anyway[start[demand[end]]]) & (size <= n_usable - p)
    end, row_end = end[kept], row_end[kept]
    after = np.where(row_end, far, nearest.cost[np.minimum(end + 1, max(len(nearest.cost) - 1, 0))])
    number, first = _numbers(nearest, demand, end)
    n_sets = len(first)
    amount = np.bincount(number, weight[demand[end]] * (after - nearest.cost[end]), minlength=n_sets).astype(np.float64)
    last = np.zeros(n_sets, dtype=bool)
    last[number[row_end]] = True
    parent = np.full(n_sets, -1, dtype=np.int64)
    begin = start[demand[end]]
    follows = np.r_[False, demand[end][1:] == demand[end][:-1]][: len(end)]
    behind = np.flatnonzero(follows)
    begin[behind] = end[behind - 1] + 1
    parent[follows[first]] = number[first[follows[first]] - 1]
    pieces = [nearest.site[a : b + 1] for a, b in zip(begin[first].tolist(), end[first].tolist(), strict=True)]
    lengths = np.array([len(piece) for piece in pieces], dtype=np.int64)
    return PrefixSets(
        constant=constant,
        parent=parent,
        start=np.r_[0, np.cumsum(lengths)].astype(np.int64),
        added=np.concatenate(pieces) if pieces else np.empty(0, dtype=np.int64),
        amount=amount,
        last=last,
    )


def _ends(nearest: Nearest, demand: Ints) -> tuple[Ints, Bools]:
    """Return the last entry of each prefix, ties of cost together, and whether it is the last of its demand point."""
    cost = nearest.cost
    if not len(cost):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=bool)
    new_row = np.r_[demand[1:] != demand[:-1], True]
    end = np.flatnonzero(np.r_[cost[1:] > cost[:-1], True] | new_row)
    return end, new_row[end]


def _numbers(nearest: Nearest, demand: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return the number of the set of each prefix, and the first prefix with each number.

    Sets are told apart by the sum of two random 64-bit words of their candidates (modulo 2**64, always the same words): with a hundred
    million sets two of them would be taken for one with a probability below 1e-22.
    """
    rng = np.random.default_rng(20100101)
    n_words = int(nearest.site.max(initial=-1)) + 1
    words = rng.integers(0, 2**64, size=(2, n_words), dtype=np.uint64, endpoint=False)
    keys = np.empty((len(end), 2), dtype=np.uint64)
    begin = nearest.start[demand[end]]
    for column in range(2):
        sums: npt.NDArray[np.uint64] = np.zeros(len(nearest.site) + 1, dtype=np.uint64)
        np.cumsum(words[column][nearest.site], out=sums[1:])  # wraps around, as meant
        keys[:, column] = sums[end + 1] - sums[begin]
    if not len(end):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    _unique, first, number = np.unique(keys.view("u8,u8").ravel(), return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")  # in order of arrival
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return rank[number].astype(np.int64), first[order].astype(np.int64)
