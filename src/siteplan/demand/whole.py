"""Whole households: shares of a total rounded so that the total stays what it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def whole_shares(share: Numbers, group: npt.NDArray[np.int64], total: npt.NDArray[np.int64]) -> Numbers:
    """Return whole shares that sum to each group's total, by largest remainder (Hamilton's method).

    Each share is rounded down; what is left of the total goes, one each, to the shares that lost most, of equals to the first.

    Parameters
    ----------
    share : (n,) float64
        Shares, not below 0; those of a group sum to less than one more or less than its total.
    group : (n,) int64
        Group of each, 0 to n_groups - 1.
    total : (n_groups,) int64

    Returns
    -------
    (n,) float64
        Whole numbers; 0 where the share is 0.

    Examples
    --------
    >>> whole_shares(np.array([1.4, 1.4, 2.2, 0.0]), np.array([0, 0, 0, 0]), np.array([5])).tolist()
    [2.0, 1.0, 2.0, 0.0]
    """
    down = np.floor(share + 1e-9)
    down[share <= 0] = 0.0
    lost = np.where(share > 0, share - down, -1.0)
    left = total - np.bincount(group, weights=down, minlength=len(total)).round().astype(np.int64)
    order = np.lexsort((np.arange(len(share)), -lost.round(9), group))
    first = np.searchsorted(group[order], np.arange(len(total)))
    rank = np.empty(len(share), dtype=np.int64)
    rank[order] = np.arange(len(share)) - first[group[order]]
    return np.asarray(down + ((rank < left[group]) & (share > 0)), dtype=np.float64)
