"""What a rule asks of one unit and what stands there: the figures, the verdict, and what breaks it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from siteplan.messages import _, word
from siteplan.units import TOLERANCE, meets

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

PASS, FAIL, NOT_REGULATED, NOT_EVALUATED, OFF = "pass", "fail", "not regulated", "not evaluated", "off"
FACILITIES, HOUSEHOLDS, COMMUNITIES, M2 = "facilities", "households", "communities", "m2"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a rule asks of one unit and what stands there.

    Parameters
    ----------
    required, achieved : float
        In ``unit``; NaN where the rule could not be evaluated.
    unit : str
        m2, facilities, households, communities, workers or yuan/year.
    verdict : str
        ``"pass"``, ``"fail"`` or ``"not evaluated"``.
    note : str
        Why, where the figures alone do not say it.
    shortfall : float
        In ``unit``; 0 where the rule is met.
    offenders : dict of str to float
        Facilities that break a rule on facilities, each with its relative shortfall (1; ``unit_floor``: the share of m2 that it lacks).
    """

    required: float
    achieved: float
    unit: str
    verdict: str
    note: str = ""
    shortfall: float = 0.0
    offenders: dict[str, float] = field(default_factory=dict)


def at_least(required: float, achieved: float, unit: str, note: str = "") -> Outcome:
    """Return the outcome of a rule that asks for ``required`` or more.

    >>> at_least(400.0, 399.0, "m2").shortfall
    1.0
    """
    met = meets(achieved, required)
    return Outcome(
        required=required,
        achieved=achieved,
        unit=unit,
        verdict=PASS if met else FAIL,
        note=note,
        shortfall=0.0 if met else required - achieved,
    )


def not_evaluated(unit: str, note: str) -> Outcome:
    """Return the outcome of a rule that could not be evaluated, and why."""
    return Outcome(required=math.nan, achieved=math.nan, unit=unit, verdict=NOT_EVALUATED, note=note)


def without_figure(unit: str, denominator: str) -> Outcome:
    """Return the outcome of a rule that multiplies a figure of the unit which the layers do not give."""
    note = _("the layers do not say how many {denominator} the unit has", denominator=word("denominator", denominator))
    return not_evaluated(unit, note)


def each_of(facilities: pd.DataFrame, keeps: npt.ArrayLike, lacks: npt.ArrayLike = 1.0, note: str = "") -> Outcome:
    """Return the outcome of a rule on facilities.

    Parameters
    ----------
    facilities : DataFrame
        Those that the rule looks at.
    keeps : (n,) bool
        Which of them keep it.
    lacks : (n,) float or float
        Relative shortfall of each that breaks it.
    note : str
        What is wrong with those that break it; their ids are added.
    """
    if facilities.empty:
        return Outcome(required=0.0, achieved=0.0, unit=FACILITIES, verdict=PASS, note=_("no such facility here"))
    good = np.asarray(keeps, dtype=bool)
    shares = np.broadcast_to(np.asarray(lacks, dtype=float), good.shape)
    names = facilities["id"].astype(str).to_numpy()
    bad = dict(sorted(zip(names[~good].tolist(), shares[~good].tolist(), strict=True)))
    return Outcome(
        required=float(len(good)),
        achieved=float(good.sum()),
        unit=FACILITIES,
        verdict=FAIL if bad else PASS,
        note=f"{note}: {', '.join(bad)}" if bad else "",
        shortfall=float(len(bad)),
        offenders=bad,
    )


def within(metres: npt.NDArray[np.float64], limit: float | npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which of ``metres`` are within ``limit``, inclusive, with the tolerance of every comparison.

    >>> within(np.array([500.0, 500.01, np.inf]), 500.0).tolist()
    [True, False, False]
    """
    known = np.isfinite(metres)
    slack = TOLERANCE * np.maximum(1.0, np.where(known, metres, 1.0))
    return np.asarray(known & (np.where(known, metres, np.inf) <= limit + slack), dtype=np.bool_)
