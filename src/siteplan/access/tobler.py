"""Tobler's hiking function: how fast people walk on a slope.

Tobler, W. (1993): Three presentations on geographical analysis and modeling, NCGIA Technical Report 93-1, "Non-isotropic geographic modeling"; on a
footpath::

    km/h = 6 exp(-3.5 |S + 0.05|),    S = rise / run

It is fastest (6 km/h) at 5 % downhill and 5.04 km/h on the flat; uphill and downhill differ. It is an average of hikers: old people and children with
schoolbags are slower, in the same proportions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

FASTEST_M_PER_MIN = 100.0
"""6 km/h."""
_STEEPNESS, _BEST = 3.5, -0.05


def minutes(run: Floats, rise: Floats) -> Floats:
    """Return the minutes of a walk.

    Parameters
    ----------
    run : float64 array
        Metres along the way, on the map.
    rise : float64 array
        Metres upward; negative: downward.

    Returns
    -------
    float64 array
        0 where the run is 0.

    Examples
    --------
    >>> run, rise = np.array([1000.0, 1000.0, 1000.0, 0.0]), np.array([0.0, -50.0, 100.0, 3.0])
    >>> minutes(run, rise).round(2).tolist()
    [11.91, 10.0, 16.9, 0.0]
    """
    slope = np.divide(rise, run, out=np.zeros_like(run), where=run > 0)
    return np.asarray(run / FASTEST_M_PER_MIN * np.exp(_STEEPNESS * np.abs(slope - _BEST)), dtype=np.float64)


FLAT_M_PER_MIN = FASTEST_M_PER_MIN * float(np.exp(_STEEPNESS * _BEST))
"""Metres a minute on the flat: 83.9."""
