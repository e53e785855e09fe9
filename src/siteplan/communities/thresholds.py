"""What the formation rules make of a settlement: a community of its own, or a part of the nearest one."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from siteplan.errors import StandardsError
from siteplan.messages import _
from siteplan.standards.rule import Unit

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from siteplan.standards.rule import Rule

NO_RULE = "no rule"
"""What decided where no formation rule speaks of a settlement: it is a community of its own."""

_LABELS = {
    "households": {"attach": "S", "pool": "M", "community": "L", "street": "L"},
    "people": {"attach": "C", "pool": "B", "community": "B", "street": "A"},
    "relocated": {"attach": "C", "pool": "B", "community": "B", "street": "A"},
}
"""Names of the size classes: S, M and L by households (document 002), C, B and A by relocated people (document 000) or people."""


class Verdict(NamedTuple):
    """What the rules make of one settlement.

    Attributes
    ----------
    hosts : bool
        Whether it is a community that smaller ones may join.
    decided_by : str
        Id of the rule that spoke, or NO_RULE.
    forms : str
        ``forms`` of that rule, ``""`` without one.
    size_class : str
        S, M or L by households; A, B or C by people; ``""`` without a rule.
    """

    hosts: bool
    decided_by: str
    forms: str
    size_class: str


def judge(unit: Unit, rules: Sequence[Rule]) -> Verdict:
    """Return what the formation rules of one profile make of a settlement.

    Parameters
    ----------
    unit : Unit
        The settlement with its households and people; where nobody says how many were relocated, all people are taken.
    rules : sequence of Rule
        Of kind ``formation``; size classes are half-open. Of several that apply, the one with the highest lower bound
        speaks. A rule with ``forms = "size"`` (the households a community should have) speaks where no other does:
        below its figure a settlement joins another.

    Raises
    ------
    StandardsError
        If a rule's figure was changed but its size class was not, so that the change would be without effect.
    """
    for rule in rules:
        _check(rule)
    if math.isnan(unit.relocated):
        unit = dataclasses.replace(unit, relocated=unit.people)
    applying = [rule for rule in rules if rule.forms != "size" and rule.applies_to(unit)]
    if applying:
        rule = max(applying, key=lambda one: -1.0 if one.size is None else one.size.min)
        metric = "households" if rule.size is None else rule.size.metric
        label = _LABELS.get(metric, {}).get(rule.forms, "")
        return Verdict(rule.forms != "attach", rule.id, rule.forms, label)
    for rule in rules:
        if rule.forms == "size" and rule.figure is not None and rule.applies_to(unit):
            return _by_wanted_size(unit, rule)
    return Verdict(hosts=True, decided_by=NO_RULE, forms="", size_class="")


def judge_all(units: pd.DataFrame, rules: Sequence[Rule]) -> pd.DataFrame:
    """Return :func:`judge` of every row.

    Parameters
    ----------
    units : DataFrame
        Columns id, households, people (no NaN); relocated where known; setting, construction, resettlement and key where known.
    rules : sequence of Rule

    Returns
    -------
    DataFrame
        Columns hosts, decided_by, forms, size_class; index as ``units``.
    """
    verdicts = [judge(_unit(row), rules) for row in units.to_dict("records")]
    frame = pd.DataFrame(verdicts, columns=list(Verdict._fields), index=units.index)
    return frame.astype({"hosts": "bool", "decided_by": "str", "forms": "str", "size_class": "str"})


def _by_wanted_size(unit: Unit, rule: Rule) -> Verdict:
    assert rule.figure is not None
    metric = "people" if rule.unit == "people" else "households"
    count = float(getattr(unit, metric))
    if count < rule.figure:
        forms, size = "attach", "attach"
    else:
        forms = "community"
        size = "pool" if rule.figure_max is not None and count < rule.figure_max else "community"
    return Verdict(forms == "community", rule.id, forms, _LABELS[metric][size])


def _check(rule: Rule) -> None:
    if rule.size is None or rule.figure is None or rule.figure in (rule.size.min, rule.size.max):
        return
    raise StandardsError(
        _("figure {figure:g} is no bound of the size class {size}", figure=rule.figure, size=str(rule.size)),
        remedy=_("write the changed classes as formation rules in a profile of your own, and name it first"),
        row=_("rule {rule}", rule=rule.id),
    )


def _unit(row: dict[Hashable, Any]) -> Unit:
    def text(name: str) -> str:
        value = row.get(name)
        return value if isinstance(value, str) else ""

    def flag(name: str) -> bool:
        value = row.get(name)
        return not pd.isna(value) and bool(value)

    return Unit(
        id=str(row["id"]),
        households=float(row["households"]),
        people=float(row["people"]),
        relocated=math.nan if pd.isna(row.get("relocated", math.nan)) else float(row["relocated"]),
        setting=text("setting"),
        construction=text("construction"),
        resettlement=flag("resettlement"),
        key=flag("key"),
    )
