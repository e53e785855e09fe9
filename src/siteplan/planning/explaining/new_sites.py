"""New candidates that would meet a rule: where, how large, and what they are assumed to cost."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siteplan.candidates.found import CandidateRules
from siteplan.messages import _
from siteplan.planning.explaining.areas import least_area
from siteplan.planning.explaining.changes import ADD_CANDIDATE, Change, NewSite
from siteplan.planning.explaining.reasons import nearest_usable
from siteplan.planning.explaining.trial_points import chosen_spots, trial_spots
from siteplan.planning.explaining.try_change import changed_question
from siteplan.siting.modes import allowed
from siteplan.siting.nearness import slack
from siteplan.units import meets

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.models.joint_problem import Bools, Ints
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.weighed import Key
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

MOST = 5
"""New candidates that are proposed for one rule at most."""
_PLENTY_M2 = 1e5
_KINDS = ("build", "convert", "buy", "swap")


class _Where(NamedTuple):
    """Demand points of one community for which a new candidate is looked for.

    ``reach``: the metres within which ``wanted`` of their households are to come; None: it only has to be in the community, ``number`` times.
    """

    place: str
    demand: Ints
    reach: float | None
    wanted: float
    number: int


def new_candidates(bench: Bench, key: Key, *, limited: bool = True) -> Change | None:
    """Return the new candidates that would meet a rule, as few as a greedy choice finds; None where it finds none.

    Each stands where most of the households without a site in reach come into it, and of such points where they walk least; of a rule without a
    reach at the 1-median of its community. It lies outside of exclusion zones, as far from what rules keep apart as they ask, and is as large as
    the hard rules need. Prices are the medians of the candidates that there are.
    """
    rule = bench.rule(key)
    if rule is None:
        return None
    chosen: list[NewSite] = []
    for where in _wheres(bench, key, rule):
        types = _together(bench.question, rule, where.place)
        spots = trial_spots(bench.question, where.place, where.demand, types, bench.cache)
        weight = bench.question.households[where.demand]
        rows = chosen_spots(spots, weight, where.reach, where.wanted, where.number)
        if not rows:
            return None
        for row in rows:
            x, y = spots.xy[row].tolist()
            chosen.append(_new_site(bench, types, where.place, (x, y), len(chosen) + 1))
    if not chosen or len(chosen) > MOST:
        return None
    return _sized(bench, key, chosen, limited=limited)


def _together(question: Question, rule: Rule, place: str) -> tuple[str, ...]:
    """Return the type that a new candidate is for, with those in or beside which hard rules want it."""
    planned = [key for key in rule.types if key in question.types]
    found = planned[:1]
    for key in found:
        hosts = {
            str(r.host)
            for r in question.rules[place]
            if r.kind in ("inside", "colocation") and r.strength == "hard" and key in r.types
        }
        found += sorted(hosts - set(found))
    return tuple(found)


def _wheres(bench: Bench, key: Key, rule: Rule) -> list[_Where]:
    """Return for which households new candidates are looked for."""
    question = bench.question
    ask = bench.asks.get(key)
    if ask is None or not any(name in question.types for name in rule.types):
        return []
    places = [place for place in ask.places if place in question.members]
    if rule.kind in ("reach", "capacity"):
        return _out_of_reach(bench, ask.required, rule, places)
    lacking = [place for place in places if not _has(bench, rule, place)] if rule.kind == "share" else places
    if rule.kind == "share":
        have = len(ask.places) - len([place for place in ask.places if not _has(bench, rule, place)])
        wanted = round(ask.required) - have
        return [_Where(place, question.members[place], None, 0.0, 1) for place in lacking[:wanted]]
    if not places:
        return []
    largest = max(places, key=lambda place: float(question.households[question.members[place]].sum()))
    number = 1
    if rule.kind in ("presence", "phase"):
        row = bench.plan.unmet[(bench.plan.unmet["rule_id"] == key[0]) & (bench.plan.unmet["unit_id"] == key[1])]
        number = max(round(float(row["shortfall"].iloc[0])), 1) if len(row) else 1
    return [_Where(largest, question.members[largest], None, 0.0, number)]


def _has(bench: Bench, rule: Rule, place: str) -> bool:
    """Tell whether a community has what a share rule asks for, in the plan."""
    facilities = bench.plan.facilities
    here = facilities[(facilities["community_id"] == place) & facilities["type"].isin(rule.types)]
    if rule.counts == "outermost":
        here = here[here["inside"] == ""]
    have = float(here["area_m2"].sum()) if rule.unit == "m2" else float(len(here))
    return meets(have, float(rule.figure or 0.0))


def _out_of_reach(bench: Bench, required: float, rule: Rule, places: list[str]) -> list[_Where]:
    """Return the households without a site in reach by community, of whom so many are to come into reach that the rule is met.

    Where every household has one, those are looked at whom the plan does not serve.
    """
    question = bench.question
    types = tuple(key for key in rule.types if key in question.types)
    nearest = nearest_usable(bench, types)
    served = _served(bench, types)
    found = []
    total = sum(float(question.households[question.members[place]].sum()) for place in places)
    spare = total - required
    for place in places:
        reach = float(rule.figure or 0.0) if rule.kind == "reach" else question.served_within(place, types[0])
        members = question.members[place]
        lost = members[~(nearest[members] <= slack(reach))]
        lost = lost if len(lost) else members[~served[members]]
        if len(lost):
            found.append((place, lost, reach, float(question.households[lost].sum())))
    wheres = []
    for place, lost, reach, households in sorted(found, key=lambda entry: entry[3]):
        left_out = min(spare, households)
        spare -= left_out
        if not meets(0.0, households - left_out):
            wheres.append(_Where(place, lost, reach, households - left_out, 1))
    return wheres


def _served(bench: Bench, types: tuple[str, ...]) -> Bools:
    """Tell which demand points the plan serves whole, (n_demand,) bool."""
    allocation = bench.plan.allocation
    mine = allocation[allocation["type"].isin(types) & (allocation["status"] == "served")]
    served = mine.groupby("building_id")["households"].sum()
    have = bench.question.demand["building_id"].map(served).fillna(0.0).to_numpy()
    return np.array([meets(*pair) for pair in zip(have, bench.question.households, strict=True)])


# what it holds and costs ------------------------------------------------------------------------------------------------


def _new_site(bench: Bench, types: tuple[str, ...], place: str, xy: tuple[float, float], number: int) -> NewSite:
    """Return a new candidate with room for anything; its prices are medians of those nearest to it in kind and place."""
    question = bench.question
    ways = [kind for kind in _KINDS if all(allowed(question, place, key, kind) for key in types)]
    kind = ways[0] if ways else _KINDS[0]
    prices, source = _prices(question, place, kind)
    taken = set(question.sites["id"].astype(str))
    name = f"new-{place}-{number}"
    while name in taken:
        name += "x"
    return NewSite(
        id=name,
        community_id=place,
        community=bench.name(place),
        kind=kind,
        types=";".join(types),
        x=xy[0],
        y=xy[1],
        floor_m2=_PLENTY_M2,
        land_m2=_PLENTY_M2,
        storeys=0.0 if kind == "convert" else prices["storeys"],
        fixed_yuan=prices["fixed_cost_yuan"],
        floor_yuan_per_m2=prices["cost_per_m2_yuan"],
        land_yuan_per_m2=prices["land_cost_per_m2_yuan"],
        basis=_(
            "assumed: proposed by siteplan explain; nobody has looked at the place; prices: {source}", source=source
        ),
    )


def _prices(question: Question, place: str, kind: str) -> tuple[dict[str, float], str]:
    """Return the median prices and storeys of the candidates of a kind in the community, else in the township, else in the study."""
    sites = question.sites[question.sites["kind"] != "existing"]
    same = sites[sites["kind"] == kind]
    groups: list[tuple[pd.DataFrame, str]] = []
    for some, what in ((same, _("of candidates of its kind")), (sites, _("of all candidates"))):
        groups.append(
            (some[some["community_id"].astype(str) == place], _("medians {what} in its community", what=what))
        )
        town = question.township_of[place]
        groups.append((some[some["township_id"].astype(str) == town], _("medians {what} in its township", what=what)))
        groups.append((some, _("medians {what} in the study", what=what)))
    names = ("fixed_cost_yuan", "cost_per_m2_yuan", "land_cost_per_m2_yuan", "storeys")
    for frame, text in groups:
        if len(frame):
            return {name: float(frame[name].astype(float).fillna(0.0).median()) for name in names}, text
    rules = CandidateRules()
    old = kind == "convert"
    figures = {
        "fixed_cost_yuan": rules.convert_fixed_yuan if old else rules.build_fixed_yuan,
        "cost_per_m2_yuan": rules.convert_yuan_per_m2 if old else rules.build_yuan_per_m2,
        "land_cost_per_m2_yuan": 0.0 if old else rules.land_yuan_per_m2,
        "storeys": 0.0 if old else rules.storeys,
    }
    return figures, _("those assumed of candidates that are found by rules")


def _sized(bench: Bench, key: Key, chosen: list[NewSite], *, limited: bool) -> Change | None:
    """Return the change with one new candidate after the other no larger than the rules need; None where they do not help however large they are."""
    roomy = Change(kind=ADD_CANDIDATE, rule_id=key[0], sites=tuple(chosen))
    question = changed_question(bench, *roomy.apply(bench.plan.study, bench.plan.scenario)).question
    sized = []
    for site in chosen:
        question = _with_room(question, site.id, (0.0, 0.0))
        need = least_area(bench, key, site.id, question, limited=limited)
        if need is not None and not any(need):  # other rules take what would do without it
            need = least_area(bench, key, site.id, question, limited=limited, built=True) or need
        if need is None:
            return None
        question = _with_room(question, site.id, need)
        sized.append(dataclasses.replace(site, floor_m2=need[0], land_m2=need[1]))
    return dataclasses.replace(roomy, sites=tuple(sized))


def _with_room(question: Question, site_id: str, room: tuple[float, float]) -> Question:
    sites = question.sites.copy()
    here = sites["id"].astype(str) == site_id
    sites.loc[here, ["floor_capacity_m2", "land_m2"]] = room
    return dataclasses.replace(question, sites=sites)
