"""Straight lines times a stated detour factor: what a walk is taken to be where there is no street network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from siteplan.access.pairs import SLACK_M, Pairs, shortest_pairs
from siteplan.errors import UsageError

if TYPE_CHECKING:
    import numpy.typing as npt


def straight_lines(
    origins: npt.NDArray[np.float64],
    destinations: npt.NDArray[np.float64],
    *,
    cutoff_m: float,
    detour_factor: float,
) -> Pairs:
    """Find every pair whose straight line times the detour factor is within a cutoff.

    Parameters
    ----------
    origins : (n, 2) float64
        Coordinates, metres.
    destinations : (m, 2) float64
        Coordinates, metres.
    cutoff_m : float
        Metres, inclusive; infinity: all pairs.
    detour_factor : float
        Walked metres for one metre of straight line, 1 or more.

    Raises
    ------
    UsageError
        If the factor is less than 1.

    Examples
    --------
    >>> import numpy as np
    >>> here, there = np.array([[0.0, 0.0]]), np.array([[0.0, 0.0], [30.0, 40.0]])
    >>> pairs = straight_lines(here, there, cutoff_m=65, detour_factor=1.3)
    >>> pairs.j.tolist(), pairs.cost.tolist()
    ([0, 1], [0.0, 65.0])
    """
    if not detour_factor >= 1:
        raise UsageError(f"detour_factor = {detour_factor}: must be 1 or more")
    if not len(origins) or not len(destinations):
        nothing = np.zeros(0, dtype=np.int64)
        return Pairs(nothing, nothing, np.zeros(0))
    radius = (cutoff_m + 2 * SLACK_M) / detour_factor
    found = KDTree(origins).sparse_distance_matrix(KDTree(destinations), radius, output_type="ndarray")
    return shortest_pairs(found["i"], found["j"], found["v"] * detour_factor, cutoff_m)
