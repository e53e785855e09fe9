"""What each kind of rule asks of a unit, and whether it is met.

Nothing here knows how the plan was found. Each function takes a rule, the figures of one unit (a community, a township
or the whole study) and the facilities that stand in it, and returns an :class:`Outcome` in the rule's own unit. The
meaning of each kind is the table in docs/architecture.md, section Rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from siteplan.errors import StandardsError
from siteplan.messages import _, word
from siteplan.units import TOLERANCE, meets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt
    import pandas as pd

    from siteplan.standards.rule import Rule

PASS, FAIL, NOT_REGULATED, NOT_EVALUATED, OFF = "pass", "fail", "not regulated", "not evaluated", "off"

DIVISORS = {"m2/100hh": 100.0, "m2/person": 1.0, "m2/1000people": 1000.0}
"""How many of its denominator one figure of an ``area_ratio`` rule is for, by unit."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a rule asks of one unit and what stands there.

    Parameters
    ----------
    required, achieved : float
        In ``unit``; NaN where the rule could not be evaluated.
    unit : str
        m2, facilities or households.
    verdict : str
        ``"pass"``, ``"fail"`` or ``"not evaluated"``.
    note : str
        Why, where the figures alone do not say it.
    shortfall : float
        In ``unit``; 0 where the rule is met.
    offenders : dict of str to float
        Facilities that fail by themselves, with what each achieves (``unit_floor``: m2; ``inside``: 0).
    """

    required: float
    achieved: float
    unit: str
    verdict: str
    note: str = ""
    shortfall: float = 0.0
    offenders: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that a rule may look at in one unit.

    Parameters
    ----------
    figures : mapping of str to float
        households, people, elderly and children of the unit; NaN or absent where the layers do not say.
    facilities : DataFrame, plan columns id, type, site_id, inside, area_m2
        The facilities that belong to the unit.
    hosts : Series
        Type of every facility of the plan, by id.
    host_sites : Series
        Site of every facility of the plan, by id.
    households : (n,) float64
        Households of each building of the unit.
    nearest : callable
        From facility types to (n,) float64: walking metres from each building of the unit to the nearest facility of
        any of them that may serve it; inf where there is none.
    """

    figures: Mapping[str, float]
    facilities: pd.DataFrame
    hosts: pd.Series
    host_sites: pd.Series
    households: npt.NDArray[np.float64]
    nearest: Callable[[tuple[str, ...]], npt.NDArray[np.float64]]


def _at_least(required: float, achieved: float, unit: str, note: str = "") -> Outcome:
    met = meets(achieved, required)
    return Outcome(
        required=required,
        achieved=achieved,
        unit=unit,
        verdict=PASS if met else FAIL,
        note=note,
        shortfall=0.0 if met else required - achieved,
    )


def figure_of(rule: Rule) -> float:
    """Return the rule's figure.

    Raises
    ------
    StandardsError
        If it has none.
    """
    if rule.figure is None:
        raise StandardsError(
            _("rule {id} of kind {kind} has no figure", id=rule.id, kind=rule.kind), remedy=_("give it one")
        )
    return float(rule.figure)


def counted_area(facilities: pd.DataFrame, types: tuple[str, ...]) -> float:
    """Return the area that a rule on ``types`` counts, in m2.

    A rule for one type counts every facility of that type. A rule that counts several types together adds outermost
    facilities only, because a room inside a host is part of the host's area.
    """
    chosen = facilities[facilities["type"].isin(types)]
    if len(types) > 1:
        chosen = chosen[chosen["inside"].fillna("") == ""]
    return float(chosen["area_m2"].fillna(0.0).sum())


def area_ratio(rule: Rule, scene: Scene) -> Outcome:
    """Areas of the types >= figure x denominator."""
    if rule.unit not in DIVISORS:
        raise StandardsError(
            _("rule {id}: an area_ratio rule has no unit {unit}", id=rule.id, unit=rule.unit),
            remedy=_("use one of: {units}", units=", ".join(DIVISORS)),
        )
    basis = float(scene.figures.get(rule.denominator, math.nan))
    if math.isnan(basis):
        note = _(
            "the layers do not say how many {denominator} the unit has",
            denominator=word("denominator", rule.denominator),
        )
        return Outcome(required=math.nan, achieved=math.nan, unit="m2", verdict=NOT_EVALUATED, note=note)
    required = figure_of(rule) * basis / DIVISORS[rule.unit]
    return _at_least(required, counted_area(scene.facilities, rule.types), "m2")


def area_floor(rule: Rule, scene: Scene) -> Outcome:
    """Areas of the types >= figure."""
    return _at_least(figure_of(rule), counted_area(scene.facilities, rule.types), "m2")


def unit_floor(rule: Rule, scene: Scene) -> Outcome:
    """Each facility of the types >= figure; ``achieved`` is the smallest one."""
    chosen = scene.facilities[scene.facilities["type"].isin(rule.types)]
    required = figure_of(rule)
    if chosen.empty:
        return Outcome(required=required, achieved=math.nan, unit="m2", verdict=PASS, note=_("no such facility here"))
    areas = dict(zip(chosen["id"].astype(str), chosen["area_m2"].fillna(0.0).astype(float), strict=True))
    small = {name: area for name, area in areas.items() if not meets(area, required)}
    note = _("too small: {ids}", ids=", ".join(sorted(small))) if small else ""
    return Outcome(
        required=required,
        achieved=min(areas.values()),
        unit="m2",
        verdict=FAIL if small else PASS,
        note=note,
        shortfall=required - min(small.values()) if small else 0.0,
        offenders=small,
    )


def presence(rule: Rule, scene: Scene) -> Outcome:
    """At least figure facilities of the types."""
    count = int(scene.facilities["type"].isin(rule.types).sum())
    return _at_least(figure_of(rule), float(count), "facilities")


def inside(rule: Rule, scene: Scene) -> Outcome:
    """Each facility of the types is a room inside a facility of type ``host`` at the same site."""
    chosen = scene.facilities[scene.facilities["type"].isin(rule.types)]
    holder = chosen["inside"].fillna("").astype(str)
    right_host = holder.map(scene.hosts).eq(rule.host).fillna(value=False)
    same_site = holder.map(scene.host_sites).eq(chosen["site_id"]).fillna(value=False)
    good = right_host.astype(bool) & same_site.astype(bool)
    outside = sorted(chosen.loc[~good, "id"].astype(str))
    if chosen.empty:
        note = _("no such facility here")
    else:
        note = _("outside a {host}: {ids}", host=rule.host, ids=", ".join(outside)) if outside else ""
    return Outcome(
        required=float(len(chosen)),
        achieved=float(good.sum()),
        unit="facilities",
        verdict=FAIL if outside else PASS,
        note=note,
        shortfall=float(len(outside)),
        offenders=dict.fromkeys(outside, 0.0),
    )


def within(metres: npt.NDArray[np.float64], limit: float | npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which of ``metres`` are within ``limit``, inclusive, with the tolerance of every comparison.

    >>> within(np.array([500.0, 500.01, np.inf]), 500.0).tolist()
    [True, False, False]
    """
    known = np.isfinite(metres)
    slack = TOLERANCE * np.maximum(1.0, np.where(known, metres, 1.0))
    return np.asarray(known & (np.where(known, metres, np.inf) <= limit + slack), dtype=np.bool_)


def reach(rule: Rule, scene: Scene) -> Outcome:
    """Every household within figure metres (walking, inclusive) of a facility of the types that may serve it."""
    near = within(scene.nearest(rule.types), figure_of(rule))
    achieved = math.fsum(scene.households[near])
    return _at_least(math.fsum(scene.households), achieved, "households")


EVALUATORS: dict[str, Callable[[Rule, Scene], Outcome]] = {
    "area_ratio": area_ratio,
    "area_floor": area_floor,
    "unit_floor": unit_floor,
    "presence": presence,
    "inside": inside,
    "reach": reach,
}
"""The kinds that are modelled and audited; every other kind is recorded, not evaluated."""


def evaluate(rule: Rule, scene: Scene) -> Outcome:
    """Return what ``rule`` asks of the unit in ``scene`` and whether it is met."""
    evaluator = EVALUATORS.get(rule.kind)
    if evaluator is None:
        note = _("recorded, not evaluated")
        return Outcome(required=math.nan, achieved=math.nan, unit=str(rule.unit), verdict=NOT_EVALUATED, note=note)
    return evaluator(rule, scene)
