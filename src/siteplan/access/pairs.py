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
    i, j, cost = i[near].astype(np.int64), j[near].astype(np.int64), np.minimum(cost[near], cutoff_m)
    if not len(i):
        return Pairs(i, j, cost)
    key = i * (j.max() + 1) + j
    # A stable sort is linear on what is sorted already, as most of what comes here is.
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    return Pairs(i[order[first]], j[order[first]], np.minimum.reduceat(cost[order], first))
