"""What a plan is bound by, one by one: rules each for its unit, money, numbers of sites, what is locked, required or forbidden.

Each can be taken away by itself, and nothing that was possible before becomes impossible: that is what makes a conflict of them minimal.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.planning.explaining.bench import RANKS
from siteplan.planning.explaining.weighed import weigh
from siteplan.siting.asks import POOL
from siteplan.siting.keeping import FACILITY_KINDS
from siteplan.siting.unmet import REQUIRED_SITE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import geopandas as gpd

    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.weighed import Key
    from siteplan.plans.scenario import Scenario
    from siteplan.siting.question import Question
    from siteplan.study.study import Study

RULE, BUDGET, PHASE_BUDGET, TOWNSHIP_BUDGET, FUNDS, MAX_SITES, LOCKED, REQUIRED, FORBIDDEN, PLACE = (
    "rule", "budget", "phase_budget", "township_budget", "funds", "max_sites", "locked", "required", "forbidden", "place",
)  # fmt: skip
MONEY = (BUDGET, PHASE_BUDGET, TOWNSHIP_BUDGET, FUNDS)


@dataclass(frozen=True, order=True)
class Element:
    """One thing that binds a plan.

    Attributes
    ----------
    kind : str
        rule, budget (of the study), phase_budget, township_budget, funds (all of them together), max_sites, locked, required, forbidden
        or place (alternatives).
    name : str
        Rule id, phase, township, facility, site or place; empty where there is one only.
    unit : str
        Of a rule: the community, township, ``pool:TOWNSHIP`` or ``study`` for which it speaks.
    """

    kind: str
    name: str = ""
    unit: str = ""

    @property
    def key(self) -> Key:
        """Rule and unit, as a plan's list of the unmet names them."""
        return (REQUIRED_SITE, self.name) if self.kind == REQUIRED else (self.name, self.unit)


def element_of(key: Key) -> Element:
    """Return the element that a plan lists as unmet under ``key``."""
    rule_id, unit = key
    return Element(REQUIRED, unit) if rule_id == REQUIRED_SITE else Element(RULE, rule_id, unit)


def elements(bench: Bench, key: Key) -> list[Element]:
    """Return everything that binds a plan and comes not after the rule ``key``: rules in the order of their units, then limits, money last.

    Of a hard rule these are the hard rules; of a target hard rules and targets; of an aim all.
    """
    question, rank = bench.question, bench.rank(key)
    rules = dict.fromkeys(
        Element(RULE, *other) for other, ask in bench.asks.items() if RANKS[ask.rule.strength] <= rank
    ) | dict.fromkeys(
        Element(RULE, rule.id, unit)
        for rule, units in question.spoken(*FACILITY_KINDS)
        if RANKS[rule.strength] <= rank
        for unit in units
    )
    return [*sorted(rules, key=lambda element: element.unit), *_limits(bench)]


def _limits(bench: Bench) -> Iterator[Element]:
    scenario, sites = bench.question.scenario, bench.question.sites
    free = (sites["kind"] != "existing") & np.array([not zones for zones in bench.zones], dtype=bool)
    for kind, marked in ((REQUIRED, scenario.required), (FORBIDDEN, scenario.forbidden)):
        by_layer = sites.loc[free & (sites["state"] == kind), "id"].astype(str)
        yield from (Element(kind, name) for name in sorted({*by_layer, *marked}))
    places = sites["place"].astype("object").where(sites["place"].notna(), "").astype(str).str.strip()
    shared = places[places.ne("") & places.duplicated(keep=False)]
    yield from (Element(PLACE, name) for name in sorted(set(shared)))
    yield from (Element(LOCKED, name) for name in dict.fromkeys((*scenario.locked, *scenario.locked_m2)))
    if scenario.max_sites is not None:
        yield Element(MAX_SITES)
    yield from _money(bench.question)


def _money(question: Question) -> Iterator[Element]:
    scenario, layer = question.scenario, question.study.layers.get("townships")
    if scenario.township_budgets and layer is not None:
        yield from (Element(TOWNSHIP_BUDGET, str(key)) for key in layer.loc[layer["budget_yuan"].notna(), "id"])
    yield from (Element(PHASE_BUDGET, phase.name) for phase in scenario.phases if phase.budget_yuan is not None)
    if scenario.budget_yuan is not None:
        yield Element(BUDGET)
    if scenario.funds:
        yield Element(FUNDS)


def loosened(bench: Bench, key: Key, active: Collection[Element], question: Question | None = None) -> Question:
    """Return a question, by default the plan's, in which the rule ``key`` and what is ``active`` of its elements are hard, and no other rule is."""
    kept = {*active, element_of(key)}
    off = [element for element in elements(bench, key) if element not in kept]
    gone = {kind: {e.name for e in off if e.kind == kind} for kind in (*MONEY, LOCKED, REQUIRED, FORBIDDEN, PLACE)}
    strengths = {(e.name, place): "target" for e in off if e.kind == RULE for place in _units(bench, e)}
    strengths |= {(e.name, place): "hard" for e in kept if e.kind == RULE for place in _units(bench, e)}
    question = weigh(bench.question if question is None else question, strengths)
    return dataclasses.replace(
        question,
        study=_without_budgets(question, gone[TOWNSHIP_BUDGET]),
        scenario=_scenario(question.scenario, gone, limited=Element(MAX_SITES) not in off),
        sites=_sites(question.sites, gone),
    )


def _units(bench: Bench, element: Element) -> tuple[str, ...]:
    """Return the units under which a rule is heard: of a pool, all its communities."""
    return bench.places(element.key) if element.unit.startswith(POOL) else (element.unit,)


def _scenario(scenario: Scenario, gone: dict[str, set[str]], *, limited: bool) -> Scenario:
    phases = tuple(
        dataclasses.replace(phase, budget_yuan=None) if phase.name in gone[PHASE_BUDGET] else phase
        for phase in scenario.phases
    )
    return scenario.but(
        budget_yuan=None if gone[BUDGET] else scenario.budget_yuan,
        phases=phases,
        funds=() if gone[FUNDS] else scenario.funds,
        max_sites=scenario.max_sites if limited else None,
        required=tuple(name for name in scenario.required if name not in gone[REQUIRED]),
        forbidden=tuple(name for name in scenario.forbidden if name not in gone[FORBIDDEN]),
        locked=tuple(name for name in scenario.locked if name not in gone[LOCKED]),
        locked_m2={name: m2 for name, m2 in scenario.locked_m2.items() if name not in gone[LOCKED]},
    )


def _sites(sites: gpd.GeoDataFrame, gone: dict[str, set[str]]) -> gpd.GeoDataFrame:
    ids = sites["id"].astype(str)
    freed = (ids.isin(gone[REQUIRED]) & (sites["state"] == "required")) | (
        ids.isin(gone[FORBIDDEN]) & (sites["state"] == "forbidden")
    )
    alone = sites["place"].astype("object").where(sites["place"].notna(), "").astype(str).str.strip()
    return sites.assign(
        state=sites["state"].mask(freed, "free"), place=alone.mask(alone.isin(gone[PLACE]), "").astype("str")
    )


def _without_budgets(question: Question, townships: set[str]) -> Study:
    study = question.study
    layer = study.layers.get("townships")
    if not townships or layer is None:
        return study
    gone = layer["id"].astype(str).isin(townships)
    frame = layer.assign(budget_yuan=layer["budget_yuan"].astype(float).mask(gone, np.nan))
    return study.but(layers=study.layers.but(vectors={**study.layers.vectors, "townships": frame}))
