"""What a plan does not meet, rule by rule and unit by unit, in each rule's own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.messages import _, word
from siteplan.plans.plan import RECORDED_COLUMNS, UNMET_COLUMNS
from siteplan.siting.rules_to_arrays import area_rules, presence_rules
from siteplan.units import TOLERANCE, meets

if TYPE_CHECKING:
    import geopandas as gpd

    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

REQUIRED_SITE = "scenario:required"
"""Rule id under which a site that had to be opened and was not is listed."""

_Row = tuple[str, str, str, str, float, float, float, str]


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
    rows = [
        *_areas(question, facilities),
        *_presence(question, facilities),
        *_facility_rules(question, facilities),
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
    return pd.DataFrame([*rows, *unknown.values()], columns=list(RECORDED_COLUMNS)).astype("str")


def _missed(rule: Rule, unit_id: str, required: float, achieved: float, unit: str) -> list[_Row]:
    if meets(achieved, required):
        return []
    return [(rule.id, ";".join(rule.types), unit_id, rule.strength, required, achieved, required - achieved, unit)]


def _areas(question: Question, facilities: gpd.GeoDataFrame) -> list[_Row]:
    rows: list[_Row] = []
    for unit, rule, required in area_rules(question):
        here = facilities[(facilities["community_id"] == unit.id) & facilities["type"].isin(rule.types)]
        if rule.counts == "outermost":
            here = here[here["inside"] == ""]
        rows += _missed(rule, unit.id, required, float(here["area_m2"].sum()), "m2")
    return rows


def _presence(question: Question, facilities: gpd.GeoDataFrame) -> list[_Row]:
    rows: list[_Row] = []
    for place, rules in presence_rules(question):
        for rule in rules:
            column = "township_id" if rule.scope == "township" else "community_id"
            here = facilities[(facilities[column] == place) & facilities["type"].isin(rule.types)]
            rows += _missed(rule, place, float(rule.figure or 1.0), float(len(here)), "facilities")
    return rows


def _facility_rules(question: Question, facilities: gpd.GeoDataFrame) -> list[_Row]:
    rows: list[_Row] = []
    kind_of = facilities.set_index("id")["type"]
    for unit_id, rules in question.rules.items():
        mine = facilities[facilities["community_id"] == unit_id]
        for rule in rules:
            here = mine[mine["type"].isin(rule.types)]
            if not len(here):
                continue
            if rule.kind == "unit_floor":
                rows += _missed(rule, unit_id, float(rule.figure or 0.0), float(here["area_m2"].min()), "m2")
            elif rule.kind == "inside":
                hosted = (here["inside"].map(kind_of) == rule.host).sum()
                rows += _missed(rule, unit_id, float(len(here)), float(hosted), "facilities")
    return rows


def _reach(question: Question, allocation: pd.DataFrame) -> list[_Row]:
    rows: list[_Row] = []
    households = question.demand["households"].to_numpy(dtype=float)
    metres = {key: part["metres"].to_numpy(dtype=float) for key, part in allocation.groupby("type")}
    for unit_id, rules in question.rules.items():
        members = question.demand_unit == unit_id
        total = float(households[members].sum())
        for rule in rules:
            if rule.kind != "reach" or not members.any():
                continue
            nearest = np.min([metres[key] for key in rule.types if key in metres], axis=0)
            limit = float(rule.figure or 0.0) + TOLERANCE * np.maximum(1.0, np.nan_to_num(nearest, nan=1.0))
            near = members & (np.nan_to_num(nearest, nan=np.inf) <= limit)
            rows += _missed(rule, unit_id, total, float(households[near].sum()), "households")
    return rows


def _required(question: Question, facilities: gpd.GeoDataFrame) -> list[_Row]:
    sites = question.sites
    marked = set(sites.loc[sites["state"] == "required", "id"].astype(str)) | set(question.scenario.required)
    opened = set(facilities.loc[facilities["status"] == "new", "site_id"])
    missing = sorted(marked - set(question.scenario.forbidden) - opened)
    return [(REQUIRED_SITE, "", site, "hard", 1.0, 0.0, 1.0, "sites") for site in missing]
