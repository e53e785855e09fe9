"""Pairs of points and their cost, sparse: what every way of costing a walk gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

SLACK_M = 1e-6
"""Metres: a walk longer than a limit by no more than this, the noise of adding floats, is taken as the limit itself."""


class Pairs(NamedTuple):
    """Pairs within a cutoff, sorted by (i, j), each once.

    Attributes
    ----------
    i, j : (n_pairs,) int64
        Rows of the first and of the second set of points.
    cost : (n_pairs,) float64
        Metres.
    """

    i: Ints
    j: Ints
    cost: Floats


def shortest_pairs(i: Ints, j: Ints, cost: Floats, cutoff_m: float) -> Pairs:
    """Return the pairs with cost <= ``cutoff_m`` (inclusive, see SLACK_M), each once at its least cost."""
    near = cost <= cutoff_m + SLACK_M
    if not near.all():
        i, j, cost = i[near], j[near], cost[near]
    width = int(j.max()) + 1 if len(j) else 1
    key = i * np.int64(width) + j
    # A stable sort is linear on what is sorted already, as most of what comes here is.
    order = np.argsort(key, kind="stable")
    key, cost = key[order], np.minimum(cost[order], cutoff_m)
    del order  # a county has tens of millions of pairs
    new = np.r_[True, key[1:] != key[:-1]][: len(key)]
    if not new.all():
        first = np.flatnonzero(new)
        key, cost = key[first], np.minimum.reduceat(cost, first)
    row = key // width
    key -= row * width
    return Pairs(row, key, cost)
