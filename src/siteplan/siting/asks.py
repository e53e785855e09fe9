"""What each rule asks of which communities, in the rule's own unit, and when: what the model's rows and the list of the unmet share."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

STUDY = "study"
"""Unit of rules on the whole study."""

POOL = "pool:"
"""What stands before the township in the unit of small communities that meet a rule together."""

AREA_KINDS = ("area_ratio", "area_floor")


class Ask(NamedTuple):
    """What one rule asks of one unit.

    Attributes
    ----------
    rule : Rule
    unit : str
        A community, a township, ``pool:TOWNSHIP`` or ``study``.
    places : tuple of str
        The communities whose facilities, or households, count.
    required : float
        m2, facilities, households or communities.
    due : int
        Phase, 1 to n_phases, at whose end it is due.
    """

    rule: Rule
    unit: str
    places: tuple[str, ...]
    required: float
    due: int


def area_asks(question: Question) -> list[Ask]:
    """Return what area rules ask, where there is something to require; small communities of a township are asked together.

    A ratio of a figure that is not known asks nothing: the plan lists it as recorded. A pool of one community is that community.
    """
    found: list[Ask] = []
    pools: dict[tuple[str, str], list[Ask]] = {}
    for unit_id, rules in question.rules.items():
        for rule in rules:
            if rule.kind not in AREA_KINDS:
                continue
            required = rule.required(question.unit_values[unit_id])
            if not required > 0:  # NaN where the denominator is not known
                continue
            ask = Ask(rule, unit_id, (unit_id,), required, question.due(rule, unit_id))
            pool = _pool(question, rule, unit_id)
            if pool:
                pools.setdefault((rule.id, pool), []).append(ask)
            else:
                found.append(ask)
    for (_rule_id, pool), asks in pools.items():
        found.append(asks[0] if len(asks) == 1 else _together(pool, asks))
    return found


def _pool(question: Question, rule: Rule, unit_id: str) -> str:
    """Return the pool in which a community may meet a hard area rule with its neighbours, empty for none."""
    unit, township = question.unit_values[unit_id], question.township_of[unit_id]
    if rule.strength != "hard" or not township:
        return ""
    for pooling in question.rules[unit_id]:
        about = not pooling.types or set(rule.types) <= set(pooling.types)
        if pooling.kind == "pooling" and about and unit.households < float(pooling.figure or 0.0):
            return POOL + township
    return ""


def _together(pool: str, asks: list[Ask]) -> Ask:
    places = tuple(place for ask in asks for place in ask.places)
    return Ask(asks[0].rule, pool, places, sum(ask.required for ask in asks), max(ask.due for ask in asks))


def count_asks(question: Question) -> list[Ask]:
    """Return what rules on the number of facilities ask: presence, and one that is open when the housing is built (phase)."""
    found = []
    for unit_id, rules in question.rules.items():
        for rule in rules:
            if rule.kind in ("presence", "phase"):
                required = rule.required(question.unit_values[unit_id])
                found.append(Ask(rule, unit_id, (unit_id,), required, question.due(rule, unit_id)))
    for township, rules in question.township_rules.items():
        places = tuple(unit for unit, name in question.township_of.items() if name == township)
        found += [
            Ask(r, township, places, float(r.figure or 1.0), question.due(r)) for r in rules if r.kind == "presence"
        ]
    return found


def share_asks(question: Question) -> list[Ask]:
    """Return what rules on a share of the communities ask: how many of those for which they speak."""
    return [
        Ask(rule, STUDY, places, float(rule.communities(len(places))), question.due(rule))
        for rule, places in _of_study(question, "share")
    ]


def reach_asks(question: Question) -> list[Ask]:
    """Return what rules on reach ask: households, of communities that have any and of the study."""
    found = []
    for unit_id, rules in question.rules.items():
        for rule in rules:
            if rule.kind == "reach" and unit_id in question.members:
                required = (rule.share or 1.0) * _households(question, (unit_id,))
                found.append(Ask(rule, unit_id, (unit_id,), required, question.due(rule, unit_id)))
    for rule, places in _of_study(question, "reach"):
        inhabited = tuple(place for place in places if place in question.members)
        if inhabited:
            required = (rule.share or 1.0) * _households(question, inhabited)
            found.append(Ask(rule, STUDY, inhabited, required, question.due(rule)))
    return found


def capacity_asks(question: Question) -> list[Ask]:
    """Return what capacity rules ask: every household of the community has a place, where it is known what each takes."""
    found = []
    for unit_id, rules in question.rules.items():
        for rule in rules:
            if rule.kind == "capacity" and unit_id in question.members and not unknown_load(question, rule, unit_id):
                required = _households(question, (unit_id,))
                found.append(Ask(rule, unit_id, (unit_id,), required, question.due(rule, unit_id)))
    return found


def unknown_load(question: Question, rule: Rule, unit_id: str) -> bool:
    """Tell whether the layers do not say how many there are of those for whom a capacity rule gives its figure."""
    return bool(question.demand[rule.denominator].iloc[question.members[unit_id]].isna().any())


def _households(question: Question, places: tuple[str, ...]) -> float:
    return float(sum(question.households[question.members[place]].sum() for place in places))


def _of_study(question: Question, kind: str) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    """Yield the rules on the whole study, each with the communities that it counts."""
    places: dict[str, list[str]] = {}
    for unit_id, rules in question.study_rules.items():
        for rule in rules:
            if rule.kind == kind:
                places.setdefault(rule.id, []).append(unit_id)
    for rule in question.study.standards.rules:
        if rule.id in places:
            yield rule, tuple(places[rule.id])
