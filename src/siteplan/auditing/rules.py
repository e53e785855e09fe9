"""What each kind of rule asks of a unit, and whether it is met.

Nothing here knows how the plan was found. Each function takes a rule and a :class:`Scene`, one unit at the end of the phase in which the rule is due,
and returns an :class:`Outcome` in the rule's own unit. The meaning of each kind is the table in docs/architecture.md, section Rules. Rules on
facilities are in :mod:`keeps`, those on workers and yearly money in :mod:`needs`, those on the whole study in :mod:`shares`, pools in :mod:`pools`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from siteplan.auditing.keeps import acquisition, adjacency, colocation, inside, separation, unit_floor
from siteplan.auditing.needs import fund, staff
from siteplan.auditing.outcome import FACILITIES, HOUSEHOLDS, M2, Outcome, at_least, not_evaluated, without_figure
from siteplan.errors import StandardsError
from siteplan.messages import _, word

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from siteplan.auditing.scene import Scene
    from siteplan.standards.rule import Rule

DIVISORS = {"m2/100hh": 100.0, "m2/person": 1.0, "m2/1000people": 1000.0}
"""How many of its denominator one figure of an ``area_ratio`` rule is for, by unit."""


AREAS = ("area_ratio", "area_floor")
"""Kinds that add up areas of a community."""


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
        chosen = chosen[chosen["inside"] == ""]
    return float(chosen["area_m2"].sum())


def area_ratio(rule: Rule, scene: Scene) -> Outcome:
    """Areas of the types >= figure x denominator."""
    if rule.unit not in DIVISORS:
        raise StandardsError(
            _("rule {id}: an area_ratio rule has no unit {unit}", id=rule.id, unit=rule.unit),
            remedy=_("use one of: {units}", units=", ".join(DIVISORS)),
        )
    basis = float(scene.figures.get(rule.denominator, math.nan))
    if math.isnan(basis):
        return without_figure(M2, rule.denominator)
    required = figure_of(rule) * basis / DIVISORS[rule.unit]
    note = _("for {count:,.5g} {denominator}", count=basis, denominator=word("denominator", rule.denominator))
    return at_least(required, counted_area(scene.facilities, rule.types), M2, note)


def area_floor(rule: Rule, scene: Scene) -> Outcome:
    """Areas of the types >= figure."""
    return at_least(figure_of(rule), counted_area(scene.facilities, rule.types), M2)


def presence(rule: Rule, scene: Scene) -> Outcome:
    """At least figure facilities of the types."""
    return at_least(figure_of(rule), float(len(scene.of(rule.types))), FACILITIES)


def phase(rule: Rule, scene: Scene) -> Outcome:
    """At least one facility of the types is open; the scene is that of the phase in which the housing is built."""
    return at_least(1.0, float(len(scene.of(rule.types))), FACILITIES)


def reach(rule: Rule, scene: Scene) -> Outcome:
    """``share`` of the households within figure metres (walking, inclusive) of a facility of the types that serves them."""
    required = (rule.share or 1.0) * scene.figures["households"]
    return at_least(required, scene.reached(rule.types, figure_of(rule)), HOUSEHOLDS)


def capacity(rule: Rule, scene: Scene) -> Outcome:
    """Every household is served by a facility of the types that has room for it."""
    if rule.unit == "m2/person" and math.isnan(float(scene.figures.get(rule.denominator, math.nan))):
        return without_figure(HOUSEHOLDS, rule.denominator)
    return at_least(scene.figures["households"], scene.reached(rule.types, math.inf), HOUSEHOLDS)


EVALUATORS: dict[str, Callable[[Rule, Scene], Outcome]] = {
    "area_ratio": area_ratio,
    "area_floor": area_floor,
    "unit_floor": unit_floor,
    "presence": presence,
    "inside": inside,
    "colocation": colocation,
    "reach": reach,
    "phase": phase,
    "capacity": capacity,
    "separation": separation,
    "adjacency": adjacency,
    "acquisition": acquisition,
    "staff": staff,
    "fund": fund,
}
"""How a rule of each kind is evaluated for one community or township. Kinds ``share`` and ``pooling`` look at several."""


def evaluate(rule: Rule, scene: Scene) -> Outcome:
    """Return what ``rule`` asks of the unit in ``scene`` and whether it is met."""
    evaluator = EVALUATORS.get(rule.kind)
    if evaluator is None or not rule.modelled:
        return not_evaluated(str(rule.unit), _("recorded, not evaluated"))
    return evaluator(rule, scene)
