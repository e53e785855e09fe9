"""Pools: small communities of one township that meet a hard rule on areas together (rule kind ``pooling``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from siteplan.auditing.outcome import M2, NOT_EVALUATED, at_least
from siteplan.auditing.places import joined
from siteplan.auditing.rules import AREAS, evaluate
from siteplan.standards.due import due_phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from siteplan.auditing.outcome import Outcome
    from siteplan.auditing.places import Place
    from siteplan.auditing.world import World
    from siteplan.standards.rule import Rule

POOL = "pool"


class Pool(NamedTuple):
    """A rule that several communities of a township meet together, and when."""

    rule: Rule
    place: Place
    members: tuple[Place, ...]
    due: int


def may_pool(rule: Rule, place: Place, speaking: Sequence[Rule]) -> bool:
    """Tell whether a community may meet ``rule`` together with others: it is small, and the rule a hard one on areas of the pool's types."""
    return (
        rule.strength == "hard"
        and rule.kind in AREAS
        and any(
            pooling.kind == "pooling"
            and place.unit.households < float(pooling.figure or 0.0)
            and (not pooling.types or set(rule.types) <= set(pooling.types))
            for pooling in speaking
        )
    )


def pools(
    places: Sequence[Place],
    rules: Sequence[Sequence[Rule]],
    townships: Mapping[str, str],
    names: Mapping[str, str],
    phases: Sequence[str],
) -> tuple[list[Pool], set[tuple[str, str]]]:
    """Return the pools, and the pairs of rule and community that they stand for.

    A pool of one community is that community itself; a community in no township, or of which the rule asks nothing, is in none.

    Parameters
    ----------
    places, rules
        Communities, and the rules that speak for each.
    townships, names : mapping of str to str
        Township of each community; names of townships.
    phases : sequence of str
        Names of the scenario's phases.
    """
    together: dict[tuple[str, str], list[Place]] = {}
    known: dict[str, Rule] = {}
    for place, speaking in zip(places, rules, strict=True):
        township = townships.get(place.unit.id, "")
        for rule in speaking:
            if township and may_pool(rule, place, speaking) and _asks(rule, place):
                known[rule.id] = rule
                together.setdefault((rule.id, township), []).append(place)
    found = []
    for (rule_id, township), members in together.items():
        if len(members) > 1:
            rule = known[rule_id]
            place = joined(f"{POOL}:{township}", names.get(township, ""), POOL, members)
            due = max(due_phase(rule, member.unit.phase, phases) for member in members)
            found.append(Pool(rule=rule, place=place, members=tuple(members), due=due))
    return found, {(pool.rule.id, member.unit.id) for pool in found for member in pool.members}


def _asks(rule: Rule, place: Place) -> bool:
    """Tell whether a rule on areas asks something of a community; a ratio of nobody, or of an unknown number, does not."""
    return rule.kind != "area_ratio" or place.figures[rule.denominator] > 0


def evaluate_pool(pool: Pool, world: World) -> Outcome:
    """Return what the members have to have together, and what they have."""
    alone = [evaluate(pool.rule, world.scene(member, pool.due)) for member in pool.members]
    known = [outcome for outcome in alone if outcome.verdict != NOT_EVALUATED]
    return at_least(math.fsum(one.required for one in known), math.fsum(one.achieved for one in known), M2)
