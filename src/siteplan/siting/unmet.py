"""What a plan does not meet, rule by rule and unit by unit, in each rule's own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.messages import _, word
from siteplan.plans.plan import RECORDED_COLUMNS, UNMET_COLUMNS
from siteplan.siting.rules_to_arrays import area_rules, presence_rules
from siteplan.units import TOLERANCE, meets

if TYPE_CHECKING:
    from collections.abc import Hashable

    import geopandas as gpd

    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

REQUIRED_SITE = "scenario:required"
"""Rule id under which a site that had to be opened and was not is listed."""

_Row = tuple[str, str, str, str, float, float, float, str]


class _Places:
    """The facilities by community and by township, as plain records: there are as many look-ups as rules and communities."""

    def __init__(self, facilities: gpd.GeoDataFrame) -> None:
        columns = ["id", "type", "inside", "area_m2", "community_id", "township_id"]
        records = pd.DataFrame(facilities[columns]).to_dict("records")
        self.kind_of = {record["id"]: record["type"] for record in records}
        self._by: dict[tuple[str, str], list[dict[Hashable, Any]]] = {}
        for record in records:
            for column in ("community_id", "township_id"):
                self._by.setdefault((column, record[column]), []).append(record)

    def of(self, column: str, place: str) -> list[dict[Hashable, Any]]:
        """Return the facilities of one community or township."""
        return self._by.get((column, place), [])


def to_unmet(question: Question, facilities: gpd.GeoDataFrame, allocation: pd.DataFrame) -> pd.DataFrame:
    """Return every modelled rule that the facilities do not meet (plans.plan.UNMET_COLUMNS).

    Parameters
    ----------
    question : Question
    facilities : GeoDataFrame
        Open facilities.
    allocation : DataFrame
        Who is allocated where.
    """
    places = _Places(facilities)
    rows = [
        *_areas(question, places),
        *_presence(question, places),
        *_facility_rules(question, places),
        *_reach(question, allocation),
        *_required(question, facilities),
    ]
    return pd.DataFrame(rows, columns=list(UNMET_COLUMNS)).astype(
        {name: "float64" if name in ("required", "achieved", "shortfall") else "str" for name in UNMET_COLUMNS}
    )


def to_recorded(question: Question) -> pd.DataFrame:
    """Return the rules that are listed but not evaluated, and why (plans.plan.RECORDED_COLUMNS)."""
    rows = [tuple(entry) for entry in question.study.standards.recorded()]
    unknown: dict[str, tuple[str, str, str]] = {}
    for unit_id, rules in question.rules.items():
        unit = question.unit_values[unit_id]
        for rule in rules:
            if rule.kind == "area_ratio" and np.isnan(rule.required(unit)):
                why = _(
                    "the layers do not say how many {denominator} there are",
                    denominator=word("denominator", rule.denominator),
                )
                unknown[rule.id] = (rule.id, rule.kind, why)
    for rule in question.unknown:
        why = _(
            "the layers do not say how many {metric} there are, so it is not known whether the rule applies",
            metric=word("denominator", rule.size.metric if rule.size else ""),
        )
        unknown[rule.id] = (rule.id, rule.kind, why)
    return pd.DataFrame([*rows, *unknown.values()], columns=list(RECORDED_COLUMNS)).astype("str")


def _missed(rule: Rule, unit_id: str, required: float, achieved: float, unit: str) -> list[_Row]:
    if meets(achieved, required):
        return []
    return [(rule.id, ";".join(rule.types), unit_id, rule.strength, required, achieved, required - achieved, unit)]


def _areas(question: Question, places: _Places) -> list[_Row]:
    rows: list[_Row] = []
    for unit, rule, required in area_rules(question):
        here = [f for f in places.of("community_id", unit.id) if f["type"] in rule.types]
        if rule.counts == "outermost":
            here = [f for f in here if not f["inside"]]
        rows += _missed(rule, unit.id, required, float(sum(f["area_m2"] for f in here)), "m2")
    return rows


def _presence(question: Question, places: _Places) -> list[_Row]:
    rows: list[_Row] = []
    for place, rules in presence_rules(question):
        for rule in rules:
            column = "township_id" if rule.scope == "township" else "community_id"
            here = [f for f in places.of(column, place) if f["type"] in rule.types]
            rows += _missed(rule, place, float(rule.figure or 1.0), float(len(here)), "facilities")
    return rows


def _facility_rules(question: Question, places: _Places) -> list[_Row]:
    rows: list[_Row] = []
    for unit_id, rules in question.rules.items():
        mine = places.of("community_id", unit_id)
        for rule in rules:
            here = [f for f in mine if f["type"] in rule.types]
            if not here:
                continue
            if rule.kind == "unit_floor":
                smallest = min(float(f["area_m2"]) for f in here)
                rows += _missed(rule, unit_id, float(rule.figure or 0.0), smallest, "m2")
            elif rule.kind == "inside":
                hosted = sum(places.kind_of.get(f["inside"]) == rule.host for f in here)
                rows += _missed(rule, unit_id, float(len(here)), float(hosted), "facilities")
    return rows


def _reach(question: Question, allocation: pd.DataFrame) -> list[_Row]:
    rows: list[_Row] = []
    households = question.demand["households"].to_numpy(dtype=float)
    metres = {key: part["metres"].to_numpy(dtype=float) for key, part in allocation.groupby("type")}
    members = pd.Series(np.arange(len(households))).groupby(question.demand_unit.astype(str)).indices
    for unit_id, rules in question.rules.items():
        if unit_id not in members:
            continue
        mine = members[unit_id]
        total = float(households[mine].sum())
        for rule in rules:
            if rule.kind != "reach":
                continue
            nearest = np.min([metres[key][mine] for key in rule.types if key in metres], axis=0)
            limit = float(rule.figure or 0.0) + TOLERANCE * np.maximum(1.0, np.nan_to_num(nearest, nan=1.0))
            near = np.nan_to_num(nearest, nan=np.inf) <= limit
            rows += _missed(rule, unit_id, total, float(households[mine[near]].sum()), "households")
    return rows


def _required(question: Question, facilities: gpd.GeoDataFrame) -> list[_Row]:
    sites = question.sites
    marked = set(sites.loc[sites["state"] == "required", "id"].astype(str)) | set(question.scenario.required)
    opened = set(facilities.loc[facilities["status"] == "new", "site_id"])
    missing = sorted(marked - set(question.scenario.forbidden) - opened)
    return [(REQUIRED_SITE, "", site, "hard", 1.0, 0.0, 1.0, "sites") for site in missing]
