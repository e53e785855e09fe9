"""How facilities are had, and which ways a community's rules allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

EXISTING, EXTEND, CONVERT = "existing", "extend", "convert"


def mode_of(site_kind: str, *, new: bool, grown: bool = False) -> str:
    """Return how a facility is had.

    What is new on a candidate is had as the candidate is; rooms set up in an existing facility are converted; what stands is extended, or as it was.

    >>> mode_of("buy", new=True), mode_of("existing", new=True), mode_of("existing", new=False, grown=True)
    ('buy', 'convert', 'extend')
    """
    if new:
        return CONVERT if site_kind == EXISTING else site_kind
    return EXTEND if grown else EXISTING


def acquisition_rules(question: Question, unit_id: str, type_: str) -> Iterator[Rule]:
    """Yield the rules on how a ``type_`` in a community is to be had."""
    stands = question.standing[unit_id]
    for rule in question.rules[unit_id]:
        if rule.kind == "acquisition" and (not rule.types or type_ in rule.types):
            if rule.standing and stands.isdisjoint(rule.types):
                continue
            yield rule


def allowed(question: Question, unit_id: str, type_: str, mode: str) -> bool:
    """Tell whether every hard rule allows a ``type_`` in a community to be had by ``mode``."""
    rules = acquisition_rules(question, unit_id, type_)
    return all(mode in rule.modes for rule in rules if rule.strength == "hard")
