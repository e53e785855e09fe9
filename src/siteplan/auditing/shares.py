"""Rules on the whole study: a share of its communities (kind ``share``), a share of its households (kind ``reach``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from siteplan.auditing.needs import rounded_up
from siteplan.auditing.outcome import COMMUNITIES, Outcome, at_least
from siteplan.auditing.places import joined
from siteplan.auditing.rules import counted_area, evaluate
from siteplan.units import meets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.auditing.places import Place
    from siteplan.auditing.world import World
    from siteplan.standards.rule import Rule

STUDY: Literal["study"] = "study"


def spoken_for(places: Sequence[Place], rules: Sequence[Sequence[Rule]]) -> list[tuple[Rule, Place, tuple[Place, ...]]]:
    """Return the rules on the whole study, each with the communities for which it speaks: as one place, and one by one."""
    members: dict[str, list[Place]] = {}
    known: dict[str, Rule] = {}
    for place, speaking in zip(places, rules, strict=True):
        for rule in speaking:
            known[rule.id] = rule
            members.setdefault(rule.id, []).append(place)
    return [(rule, joined(STUDY, "", STUDY, members[name]), tuple(members[name])) for name, rule in known.items()]


def evaluate_study(rule: Rule, place: Place, members: Sequence[Place], phase: int, world: World) -> Outcome:
    """Return what a rule on the whole study asks at the end of ``phase``, and whether it is met.

    Parameters
    ----------
    place, members
        The communities for which it speaks, as one and one by one.
    """
    if rule.kind != "share":
        return evaluate(rule, world.scene(place, phase))
    have = sum(_has(rule, member, phase, world) for member in members)
    return at_least(rounded_up(float(rule.share or 1.0) * len(members)), float(have), COMMUNITIES)


def _has(rule: Rule, place: Place, phase: int, world: World) -> bool:
    """Tell whether a community has the figure that the rule names: m2 as rules on areas count them, or facilities."""
    here = world.of(place, phase)
    figure = float(rule.figure or 0.0)
    if rule.unit == "count":
        return meets(float(here["type"].isin(rule.types).sum()), figure)
    return meets(counted_area(here, rule.types), figure)
