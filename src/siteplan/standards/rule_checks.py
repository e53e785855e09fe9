"""What makes a rule unusable: a word siteplan does not know, a figure that is none, no source."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from siteplan.errors import StandardsError
from siteplan.messages import _
from siteplan.standards import kinds
from siteplan.standards.facility_types import FACILITY_TYPES
from siteplan.standards.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siteplan.standards.rule import Rule

_RECORD = re.compile(r"docs/decisions/\d{4}-[\w-]+\.md")
DENOMINATORS = {
    "m2/100hh": ("households",),
    "m2/person": ("people", "elderly", "children"),
    "m2/1000people": ("people",),
}
"""What the figure of each unit may be multiplied by, the usual one first."""


def check_rule(rule: Rule) -> None:
    """Refuse a rule that cannot be used.

    Raises
    ------
    StandardsError
        Naming the rule, what is wrong with it, and the remedy.
    """
    _check_words(rule)
    _check_township(rule)
    _check_figure(rule)
    _check_types(rule)
    _check_source(rule)


def _refuse(rule: Rule, problem: str, remedy: str) -> StandardsError:
    return StandardsError(problem, remedy=remedy, row=_("rule {rule}", rule=rule.id))


def _known(rule: Rule, field: str, value: str, known: Iterable[str]) -> None:
    options = tuple(known)
    if value not in options:
        raise _refuse(
            rule,
            _("unknown {field} {value}", field=field, value=repr(value)),
            _("the nearest known one is {known}", known=nearest(value, options)),
        )


def _check_words(rule: Rule) -> None:
    _known(rule, "kind", rule.kind, kinds.KINDS)
    for name, options in (
        ("unit", kinds.UNITS.get(rule.kind, kinds.RECORDED_UNITS)),
        ("scope", kinds.SCOPES.get(rule.kind, kinds.RECORDED_SCOPES)),
        ("strength", kinds.STRENGTHS),
        ("status", kinds.STATUSES),
        ("setting", kinds.SETTINGS),
        ("construction", kinds.CONSTRUCTIONS),
        ("resettlement", kinds.ANSWERS),
        ("key", kinds.ANSWERS),
        ("denominator", DENOMINATORS.get(rule.unit, kinds.DENOMINATORS)),
    ):
        _known(rule, name, getattr(rule, name), options)
    if rule.kind == "formation":
        _known(rule, "forms", rule.forms, kinds.FORMS)
    if rule.size is not None:
        _known(rule, "size.metric", rule.size.metric, kinds.DENOMINATORS[:-1])
        if not 0 <= rule.size.min < rule.size.max:
            raise _refuse(rule, _("the size class {size} is empty", size=str(rule.size)), _("give min below max"))


def _check_township(rule: Rule) -> None:
    """Refuse conditions that a township cannot meet or miss: it is neither urban nor new, only its communities are."""
    if not rule.modelled or rule.scope != "township":
        return
    for name in ("setting", "construction", "resettlement", "key"):
        value = getattr(rule, name)
        if value != "any":
            raise _refuse(
                rule,
                _("a rule of scope township cannot ask for {field} = {value}", field=name, value=value),
                _('a township has a size only: write {field} = "any", or a rule of scope community', field=name),
            )


def _check_figure(rule: Rule) -> None:
    if rule.figure is None and rule.modelled and rule.kind != "inside":
        raise _refuse(
            rule, _("a rule of kind {kind} needs a figure", kind=rule.kind), _("give figure, in {unit}", unit=rule.unit)
        )
    for name in ("figure", "figure_max", "share"):
        value = getattr(rule, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise _refuse(
                rule,
                _("{field} = {value} is not a number above 0", field=name, value=value),
                _("correct it, or leave the rule out"),
            )
    if rule.share is not None and rule.share > 1:
        raise _refuse(rule, _("share = {value} is above 1", value=rule.share), _("write 40 % as 0.40"))
    if rule.modelled and (rule.figure_max is not None or rule.share is not None):
        raise _refuse(
            rule,
            _("a rule of kind {kind} takes neither figure_max nor share", kind=rule.kind),
            _("a share of communities is a rule of kind share"),
        )


def _check_types(rule: Rule) -> None:
    for key in rule.types:
        _known(rule, _("facility type"), key, FACILITY_TYPES)
    if rule.modelled and not rule.types:
        raise _refuse(rule, _("it binds no facility type"), _('give types, such as types = ["service_centre"]'))
    if rule.kind in {"unit_floor", "inside", "reach"} and len(rule.types) > 1:
        raise _refuse(
            rule,
            _("a rule of kind {kind} binds one facility type", kind=rule.kind),
            _("write one rule for each of {types}", types=", ".join(rule.types)),
        )
    spaces = {FACILITY_TYPES[key].space for key in rule.types}
    if rule.kind in {"area_ratio", "area_floor", "unit_floor"} and ("none" in spaces or len(spaces) > 1):
        raise _refuse(
            rule,
            _("it adds up types that do not share one kind of area: floor, or land"),
            _("write one rule for building floor and one for open land"),
        )
    if rule.kind == "inside":
        _known(rule, "host", rule.host, FACILITY_TYPES)
        if rule.host in rule.types:
            raise _refuse(rule, _("a facility cannot stand inside its own type"), _("name another host"))
        host = FACILITY_TYPES[rule.host].space
        if host == "none" or not spaces <= {host, "none"}:
            raise _refuse(
                rule,
                _("a room and its host do not share one kind of area: floor, or land"),
                _("write a rule of kind presence for what stands beside it"),
            )


def _check_source(rule: Rule) -> None:
    if not rule.source.strip() and not (rule.document.strip() and rule.clause.strip() and rule.key_phrase.strip()):
        raise _refuse(
            rule,
            _("it has no source"),
            _("give document, clause and key_phrase, or say in source where the figure was read"),
        )
    if rule.status == "judgement" and not _RECORD.search(rule.source):
        raise _refuse(
            rule,
            _("a judgement must cite the record of why it was made"),
            _("name it in source, such as docs/decisions/0003-default-radii.md"),
        )
    if rule.status in kinds.WEAK_STATUSES and rule.strength == "hard" and not rule.overridden_by:
        raise _refuse(
            rule,
            _("a figure whose status is {status} cannot be hard", status=rule.status),
            _("write strength target or soft; a planner may make it hard in study.toml, with a reason"),
        )
