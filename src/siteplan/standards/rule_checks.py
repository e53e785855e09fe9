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
from siteplan.units import KINDS_OF_PEOPLE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siteplan.standards.rule import Rule

_RECORD = re.compile(r"docs/decisions/\d{4}-[\w-]+\.md")
DENOMINATORS = {
    "m2/100hh": ("households",),
    "m2/household": ("households",),
    "m2/person": ("people", *KINDS_OF_PEOPLE, "elderly", "children"),
    "m2/1000people": ("people", *KINDS_OF_PEOPLE),
}
"""What the figure of each unit may be multiplied by, the usual one first."""

_OWN = {
    "host": ("inside", "colocation"),
    "modes": ("acquisition",),
    "standing": ("acquisition",),
    "apart_from": ("separation",),
    "forms": ("formation",),
}
"""Fields that only some kinds have."""


def check_rule(rule: Rule) -> None:
    """Refuse a rule that cannot be used.

    Raises
    ------
    StandardsError
        Naming the rule, what is wrong with it, and the remedy.
    """
    _check_words(rule)
    _check_fields(rule)
    _check_township(rule)
    _check_figure(rule)
    _check_share(rule)
    _check_types(rule)
    _check_areas(rule)
    _check_host(rule)
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


def _units(rule: Rule) -> tuple[str, ...]:
    """Return the units that a rule may have; one of a modelled kind that gives no figure need not have any."""
    units = kinds.UNITS.get(rule.kind, kinds.RECORDED_UNITS)
    return units if rule.figure is not None or "-" in units else (*units, "-")


def _check_words(rule: Rule) -> None:
    _known(rule, "kind", rule.kind, kinds.KINDS)
    for name, options in (
        ("unit", _units(rule)),
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
    for key in rule.types:
        _known(rule, _("facility type"), key, FACILITY_TYPES)
    for mode in rule.modes:
        _known(rule, "modes", mode, kinds.MODES)
    for word in rule.apart_from:
        if not word.startswith(kinds.EXCLUSION) or word == kinds.EXCLUSION:
            _known(rule, "apart_from", word, (kinds.DWELLINGS, *FACILITY_TYPES, kinds.EXCLUSION + "..."))
    if rule.kind == "formation":
        _known(rule, "forms", rule.forms, kinds.FORMS)
    if rule.size is not None:
        _known(rule, "size.metric", rule.size.metric, kinds.DENOMINATORS[:-1])
        if not 0 <= rule.size.min < rule.size.max:
            raise _refuse(rule, _("the size class {size} is empty", size=str(rule.size)), _("give min below max"))


def _check_fields(rule: Rule) -> None:
    """Refuse fields that a rule of this kind does not have: they would be read by nobody."""
    for name, owners in _OWN.items():
        if getattr(rule, name) and rule.kind not in owners:
            raise _refuse(
                rule,
                _("a rule of kind {kind} takes no {field}", kind=rule.kind, field=name),
                _("leave it out: it belongs to kind {kinds}", kinds=_(", ").join(owners)),
            )


def _check_township(rule: Rule) -> None:
    """Refuse conditions that a township cannot meet or miss: it is neither urban nor new, only its communities are."""
    if rule.kind not in kinds.MODELLED_KINDS or rule.scope != "township":
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
    for name in ("figure", "figure_max", "share"):
        value = getattr(rule, name)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise _refuse(
                rule,
                _("{field} = {value} is not a number above 0", field=name, value=value),
                _("correct it, or leave the rule out"),
            )
    if rule.modelled and rule.kind in kinds.NO_FIGURE and rule.figure is not None:
        raise _refuse(
            rule,
            _("a rule of kind {kind} takes no {field}", kind=rule.kind, field="figure"),
            _("leave it out"),
        )
    if rule.modelled and rule.figure_max is not None:
        raise _refuse(
            rule,
            _("a rule of kind {kind} takes no {field}", kind=rule.kind, field="figure_max"),
            _("write the figure that must be met, and the range in note"),
        )


def _check_share(rule: Rule) -> None:
    if rule.share is None:
        return
    if rule.share > 1:
        raise _refuse(rule, _("share = {value} is above 1", value=rule.share), _("write 40 % as 0.40"))
    if rule.modelled and rule.kind not in kinds.WITH_SHARE:
        raise _refuse(
            rule,
            _("a rule of kind {kind} takes no {field}", kind=rule.kind, field="share"),
            _("a share of communities is a rule of kind share, a share of households one of kind reach"),
        )


def _check_types(rule: Rule) -> None:
    if rule.kind in kinds.MODELLED_KINDS and not rule.types and (rule.kind not in kinds.NO_TYPES or rule.standing):
        raise _refuse(rule, _("it binds no facility type"), _('give types, such as types = ["service_centre"]'))
    if rule.kind in kinds.ONE_TYPE and len(rule.types) > 1:
        raise _refuse(
            rule,
            _("a rule of kind {kind} binds one facility type", kind=rule.kind),
            _("write one rule for each of {types}", types=", ".join(rule.types)),
        )
    own = [key for key in rule.apart_from if key in rule.types]
    if own:
        raise _refuse(
            rule,
            _("a facility cannot be kept apart from its own type {type}", type=own[0]),
            _("take it out of apart_from, or write rules for each of the types"),
        )


def _check_areas(rule: Rule) -> None:
    spaces = {FACILITY_TYPES[key].space for key in rule.types}
    area = rule.kind in kinds.AREA_KINDS or (rule.kind == "share" and rule.unit == "m2")
    if area and ("none" in spaces or len(spaces) > 1):
        raise _refuse(
            rule,
            _("it adds up types that do not share one kind of area: floor, or land"),
            _("write one rule for building floor and one for open land"),
        )


def _check_host(rule: Rule) -> None:
    if not rule.host:
        return
    _known(rule, "host", rule.host, FACILITY_TYPES)
    if rule.host in rule.types:
        raise _refuse(rule, _("a facility cannot stand inside its own type"), _("name another host"))
    host = FACILITY_TYPES[rule.host].space
    spaces = {FACILITY_TYPES[key].space for key in rule.types}
    if rule.kind == "inside" and (host == "none" or not spaces <= {host, "none"}):
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
