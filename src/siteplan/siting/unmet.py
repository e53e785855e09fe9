"""What a plan does not meet, rule by rule and unit by unit, in each rule's own unit, at the end of the phase in which it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.messages import _, word
from siteplan.plans.plan import RECORDED_COLUMNS, UNMET_COLUMNS
from siteplan.siting.allocation import SERVED, nearest_open
from siteplan.siting.asks import Ask, area_asks, capacity_asks, count_asks, reach_asks, share_asks, unknown_load
from siteplan.siting.keeping import FACILITY_KINDS, Keeping
from siteplan.siting.loads import make_load
from siteplan.siting.standing import Standing
from siteplan.units import TOLERANCE, meets

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from siteplan.models.joint_problem import Bools, Floats, Ints
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

REQUIRED_SITE = "scenario:required"
"""Rule id under which a site that had to be opened and was not is listed."""

_NUMBERS = ("required", "achieved", "shortfall")
_Row = tuple[str, str, str, str, float, float, float, str, int]


def to_unmet(
    question: Question, facilities: gpd.GeoDataFrame, works: pd.DataFrame, allocation: pd.DataFrame
) -> pd.DataFrame:
    """Return every modelled rule that the facilities do not meet (plans.plan.UNMET_COLUMNS).

    Parameters
    ----------
    question : Question
    facilities : GeoDataFrame
        Open facilities.
    works : DataFrame
        What is built when.
    allocation : DataFrame
        Who is allocated where.
    """
    standing = Standing(facilities, works, question.scenario.n_phases)
    rows = [
        *_areas(question, standing),
        *_counts(question, standing),
        *_shares(question, standing),
        *_facility_rules(question, facilities, standing),
        *_households(question, facilities, allocation),
        *_required(question, facilities),
    ]
    kinds = dict.fromkeys(_NUMBERS, "float64") | {"phase": "int64"}
    frame = pd.DataFrame(rows, columns=list(UNMET_COLUMNS))
    return frame.astype({name: kinds.get(name, "str") for name in UNMET_COLUMNS})


def to_recorded(question: Question) -> pd.DataFrame:
    """Return the rules that are listed but not evaluated, and why (plans.plan.RECORDED_COLUMNS)."""
    rows = [tuple(entry) for entry in question.study.standards.recorded()]
    unknown: dict[str, tuple[str, str, str]] = {}
    for unit_id, rules in question.rules.items():
        for rule in rules:
            lacking = _unknown(question, rule, unit_id)
            if lacking:
                why = _(
                    "the layers do not say how many {denominator} there are", denominator=word("denominator", lacking)
                )
                unknown[rule.id] = (rule.id, rule.kind, why)
    for rule in question.unknown:
        why = _(
            "the layers do not say how many {metric} there are, so it is not known whether the rule applies",
            metric=word("denominator", rule.size.metric if rule.size else ""),
        )
        unknown[rule.id] = (rule.id, rule.kind, why)
    return pd.DataFrame([*rows, *unknown.values()], columns=list(RECORDED_COLUMNS)).astype("str")


def _unknown(question: Question, rule: Rule, unit_id: str) -> str:
    """Return the figure of a community that a rule multiplies and that the layers do not give; empty where they do."""
    if rule.kind in ("area_ratio", "staff") and np.isnan(rule.required(question.unit_values[unit_id])):
        return rule.denominator if rule.kind == "area_ratio" else "people"
    if rule.kind == "capacity" and unit_id in question.members and unknown_load(question, rule, unit_id):
        return rule.denominator
    return ""


def _missed(ask: Ask, achieved: float, unit: str) -> list[_Row]:
    rule, required = ask.rule, ask.required
    if meets(achieved, required):
        return []
    figures = (required, achieved, required - achieved)
    return [(rule.id, ";".join(rule.types), ask.unit, rule.strength, *figures, unit, ask.due)]


def _areas(question: Question, standing: Standing) -> Iterator[_Row]:
    for ask in area_asks(question):
        here = standing.counted(ask.rule, ask.places, ask.due)
        yield from _missed(ask, float(sum(f.area_m2 for f in here)), "m2")


def _counts(question: Question, standing: Standing) -> Iterator[_Row]:
    for ask in count_asks(question):
        yield from _missed(ask, float(len(standing.counted(ask.rule, ask.places, ask.due))), "facilities")


def _shares(question: Question, standing: Standing) -> Iterator[_Row]:
    for ask in share_asks(question):
        have = 0
        for place in ask.places:
            here = standing.counted(ask.rule, (place,), ask.due)
            found = float(sum(f.area_m2 for f in here)) if ask.rule.unit == "m2" else float(len(here))
            have += meets(found, float(ask.rule.figure or 0.0))
        yield from _missed(ask, float(have), "communities")


def _facility_rules(question: Question, facilities: gpd.GeoDataFrame, standing: Standing) -> Iterator[_Row]:
    """Yield rules on facilities: of those that a rule looks at in a community, how many keep it."""
    keeping = Keeping(question, facilities, standing)
    for rule, units in question.spoken(*FACILITY_KINDS):
        for unit_id in units:
            due = question.due(rule, unit_id)
            kept = keeping.of(rule, unit_id, due)
            yield from _missed(Ask(rule, unit_id, (unit_id,), float(len(kept)), due), float(sum(kept)), "facilities")


def _households(question: Question, facilities: gpd.GeoDataFrame, allocation: pd.DataFrame) -> Iterator[_Row]:
    """Yield rules on households: those within reach of a facility that serves them, those that have a place in one."""
    service = _Service(question, facilities, allocation)
    for ask in reach_asks(question):
        yield from _missed(ask, service.reached(ask, float(ask.rule.figure or 0.0)), "households")
    for ask in capacity_asks(question):
        yield from _missed(ask, service.reached(ask, np.inf), "households")


class _Service:
    """Who is served, by type: the metres to the nearest facility, and the parts of households that take room."""

    def __init__(self, question: Question, facilities: gpd.GeoDataFrame, allocation: pd.DataFrame) -> None:
        self.question = question
        self.load = make_load(question)
        self.nearest = _Nearest(question, facilities)
        row = pd.Series(np.arange(len(question.demand)), index=question.demand["building_id"].astype(str))
        opens = facilities.set_index("id")["phase"]
        served = allocation[allocation["status"] == SERVED]
        self.rows: dict[str, tuple[Ints, Floats, Floats, Floats]] = {}
        for key, rows in served.groupby("type"):
            if self._takes([str(key)]).any():
                self.rows[str(key)] = (
                    rows["building_id"].map(row).to_numpy(dtype=np.int64),
                    rows["facility_id"].map(opens).to_numpy(dtype=float),
                    rows["metres"].to_numpy(dtype=float),
                    rows["households"].to_numpy(dtype=float),
                )

    def reached(self, ask: Ask, metres: float) -> float:
        """Return the households that facilities of the rule's types serve within ``metres`` when the rule is due.

        Households that take room count where they have it at the end of the last phase, if that facility is open by then.
        """
        types = [key for key in ask.rule.types if key in self.question.types]
        members = np.concatenate([self.question.members[place] for place in ask.places])
        takes = self._takes(types)
        free = members[~takes[members]]
        near = _within(self.nearest.metres(tuple(types), ask.due)[free], metres)
        total = float(self.question.households[free[near]].sum())
        some = np.zeros(len(takes), dtype=bool)
        some[members[takes[members]]] = True
        for key in types:
            if key in self.rows:
                i, opens, walked, households = self.rows[key]
                total += float(households[some[i] & (opens <= ask.due) & _within(walked, metres)].sum())
        return total

    def _takes(self, types: list[str]) -> Bools:
        if self.load is None or not types:
            return np.zeros(len(self.question.demand), dtype=bool)
        known = ~np.isnan(self.load[[self.question.types.index(key) for key in types]])
        return np.asarray(known.any(axis=0))


class _Nearest:
    """Metres from each demand point to the nearest open facility that may serve it."""

    def __init__(self, question: Question, facilities: gpd.GeoDataFrame) -> None:
        self.question, self.facilities = question, facilities
        self.known: dict[tuple[str, int], Floats] = {}

    def metres(self, types: tuple[str, ...], phase: int) -> Floats:
        """Return them for any of ``types`` at the end of ``phase``, (n_demand,); inf: there is none."""
        least = np.full(len(self.question.demand), np.inf)
        for key in types:
            if (key, phase) not in self.known:
                open_ = self.facilities[(self.facilities["type"] == key) & (self.facilities["phase"] <= phase)]
                self.known[key, phase] = nearest_open(self.question, key, open_)[0]
            least = np.minimum(least, self.known[key, phase])
        return least


def _within(metres: Floats, limit: float) -> Bools:
    known = np.isfinite(metres)
    slack = TOLERANCE * np.maximum(1.0, np.where(known, metres, 1.0))
    return np.asarray(known & (np.where(known, metres, np.inf) <= limit + slack))


def _required(question: Question, facilities: gpd.GeoDataFrame) -> list[_Row]:
    sites, last = question.sites, question.scenario.n_phases
    marked = set(sites.loc[sites["state"] == "required", "id"].astype(str)) | set(question.scenario.required)
    opened = set(facilities.loc[facilities["status"] == "new", "site_id"])
    missing = sorted(marked - set(question.scenario.forbidden) - opened)
    return [(REQUIRED_SITE, "", site, "hard", 1.0, 0.0, 1.0, "sites", last) for site in missing]
