"""The least level that is possible, where every level above a possible one is possible too.

Bottleneck problems (p-center, p-dispersion) are solved so: a level is a distance, and each attempt asks a solver whether the distance can be
held. A level is given up only if the solver has proven it impossible, so the answer has a bound even where the time was too short.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.models.point_problem import Bools


@dataclass(frozen=True, kw_only=True, eq=False)
class Attempt:
    """What a solver found at one level.

    Parameters
    ----------
    possible : bool or None
        None: it was stopped before it knew.
    level : int
        The level that its solution holds, at most the one attempted; only read where it is possible.
    opened : (n_candidates,) bool
        Its solution; empty where none is asked for.
    """

    possible: bool | None
    level: int = -1
    opened: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))


def least_level(
    best: Attempt, attempt: Callable[[int], Attempt], *, low: int = 0, enough: Callable[[int, int], bool] | None = None
) -> tuple[int, Attempt]:
    """Find the least possible level.

    Levels from ``low`` up are attempted in growing steps, because bounds are often tight, and what is left is halved.

    Parameters
    ----------
    best : Attempt
        A possible one to begin with.
    attempt : callable
        Called with a level.
    low : int
        Levels below are known to be impossible.
    enough : callable, optional
        Called with the least level not proven impossible and the best level; True ends the search.

    Returns
    -------
    low : int
        Least level that is not proven impossible.
    best : Attempt
        The best that was found; of level ``low`` if the search came to its end.
    """
    step = 1
    while low < best.level and not (enough and enough(low, best.level)):
        level = min(low + step - 1, (low + best.level - 1) // 2)
        tried = attempt(level)
        if tried.possible is None:
            break
        if tried.possible:
            best = tried
            step = best.level + 1
        else:
            low = level + 1
            step *= 2
    return low, best
