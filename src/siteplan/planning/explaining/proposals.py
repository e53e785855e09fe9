"""Which changes might meet a rule, each as small as it can be; whether they do is for try_change to tell."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.errors import SolverError
from siteplan.planning.explaining import changes as c
from siteplan.planning.explaining.areas import cheapest_to_enlarge, least_area
from siteplan.planning.explaining.changes import Change
from siteplan.planning.explaining.distances import relaxed_distances
from siteplan.planning.explaining.elements import LOCKED, REQUIRED, RULE
from siteplan.planning.explaining.money_changes import money_changes, raised_limits
from siteplan.planning.explaining.new_sites import new_candidates
from siteplan.planning.explaining.obstacles import COMPANY, HOST, MODE, SMALL, SPACE, TYPES, UNWANTED, capacity
from siteplan.planning.explaining.reasons import ALL_THE_SAME, MONEY_REASONS, NOT_PROVEN, STANDS, nearest_usable
from siteplan.planning.explaining.sizes import first_that, fits, least_reach, limits_only
from siteplan.planning.explaining.try_change import changed_question, solve_near
from siteplan.siting.modes import CONVERT, EXISTING
from siteplan.siting.nearness import slack
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from siteplan.models.joint_problem import Bools
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.conflicts import Conflict
    from siteplan.planning.explaining.obstacles import Obstacle, Obstacles
    from siteplan.planning.explaining.reasons import Reason
    from siteplan.planning.explaining.weighed import Key
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

_COMPLETED = (c.ADD_CANDIDATE, c.MORE_AREA, c.ALLOW_TYPE, c.UNFORBID, c.ALLOW_MODE, c.RELAX_REACH, c.RELAX_DISTANCE)
"""Changes that may lack nothing more than money and the number of sites."""
MOST_SITES = 6
"""Sites of which it is proposed that they hold more, or a type more: those where that seems to cost least."""
_SMALL_M2 = 50.0
MOST_LOOKED_AT = 40
"""Sites of which it is computed what more room would cost: those with most room."""


def proposals(
    bench: Bench, key: Key, reason: Reason, conflict: Conflict | None, obstacles: Obstacles
) -> Iterator[Change]:
    """Yield the changes that might meet the rule ``key``, given why it is unmet."""
    rule = bench.rule(key)
    if reason.kind == NOT_PROVEN:
        yield from kept_as_found(bench, key)
    elif rule is not None and reason.kind in (STANDS, ALL_THE_SAME):
        yield from _for_standing(bench, key, rule)
    else:
        limited = limits_only(bench, key)
        if limited:
            yield from raised_limits(bench, key)
            yield from money_changes(bench, key)
        yield from _of_members(bench, key, conflict)
        if reason.kind not in MONEY_REASONS or not limited or bench.whole:
            yield from _at_sites(bench, key, rule, obstacles, limited=limited)
            added = new_candidates(bench, key, limited=limited)
            yield from [added] if added is not None else []
            yield from relaxed_distances(bench, key, conflict, limited=limited)
    if rule is not None and rule.kind == "reach":
        yield from _farther(bench, key, rule)


def completed(bench: Bench, key: Key, change: Change, question: Question) -> Iterator[Change]:
    """Yield a change with what it lacks: the money and the sites, or room for the rules that would take what there is more of.

    ``question`` is the one with the change.
    """
    if change.kind == c.MORE_AREA:
        rivals = [other for other in bench.rivals(key) if _neighbours(bench, other, key)]
        need = (
            least_area(bench, key, change.site_id, others=rivals, limited=limits_only(bench, key)) if rivals else None
        )
        if need is not None and any(need):
            yield replace(change, floor_m2=need[0], land_m2=need[1])
    if (
        change.kind in _COMPLETED
        and not limits_only(bench, key)
        and fits(bench, key, question, limited=False) is not False
    ):
        for limits in raised_limits(bench, key, question):
            yield replace(change, also=(replace(limits, also=()), *limits.also))


def _neighbours(bench: Bench, one: Key, other: Key) -> bool:
    return not set(bench.places(one)).isdisjoint(bench.places(other))


def last_resorts(bench: Bench, key: Key) -> Iterator[Change]:
    """Yield what gives up some of what is asked for: the figure that the plan reaches already."""
    rule, unmet = bench.rule(key), bench.plan.unmet
    row = unmet[(unmet["rule_id"] == key[0]) & (unmet["unit_id"] == key[1])]
    if rule is None:
        yield Change(kind=c.NOT_REQUIRED, rule_id=key[0], site_id=key[1])
        return
    share = float(row["achieved"].iloc[0]) / float(row["required"].iloc[0]) if len(row) else 0.0
    if rule.kind in ("area_ratio", "area_floor", "presence", "capacity") and rule.figure and share > 0:
        yield Change(kind=c.LOWER_FIGURE, rule_id=key[0], figure=_rounded_down(float(rule.figure) * share))
    elif rule.kind in ("reach", "share") and share > 0:
        yield Change(
            kind=c.LOWER_FIGURE, rule_id=key[0], figure=rule.figure, share=_rounded_down(share * (rule.share or 1.0))
        )
    elif rule.kind == "unit_floor":
        here = bench.plan.facilities
        here = here[(here["community_id"] == key[1]) & here["type"].isin(rule.types) & (here["area_m2"] > 0)]
        if len(here):
            yield Change(kind=c.LOWER_FIGURE, rule_id=key[0], figure=_rounded_down(float(here["area_m2"].min())))


def _rounded_down(value: float) -> float:
    return math.floor(value * 1e4) / 1e4


def kept_as_found(bench: Bench, key: Key) -> Iterator[Change]:
    """Yield the facilities with which a further run meets the rule, to be locked: no run that is stopped early can lose them again."""
    for scope in ("added", "community"):
        try:
            solved = solve_near(bench, bench.question, key, scope)
        except SolverError:
            continue
        if key in set(zip(solved.unmet["rule_id"], solved.unmet["unit_id"], strict=True)):
            continue
        before = dict(zip(bench.plan.facilities["id"], bench.plan.facilities["area_m2"], strict=True))
        found = zip(solved.facilities["id"], solved.facilities["area_m2"], strict=True)
        more = tuple((str(name), float(m2)) for name, m2 in found if m2 > before.get(name, -1.0) * (1 + 1e-6))
        yield Change(kind=c.KEEP_FOUND, rule_id=key[0], locked=more)
        return


# sites ------------------------------------------------------------------------------------------------------------------


def _at_sites(bench: Bench, key: Key, rule: Rule | None, obstacles: Obstacles, *, limited: bool) -> Iterator[Change]:
    """Yield what takes the obstacles of single sites away: a type that they may hold, a way to have them, room."""
    question = bench.question
    types = [name for name in (rule.types if rule else ()) if name in question.types]
    roomy: dict[int, float] = {}
    singles: dict[Change, float] = {}
    for j in np.flatnonzero(_looked_at(bench, key, rule)).tolist():
        site = question.sites.iloc[j]
        for type_ in types:
            found = obstacles.of(j, type_)
            stands = site["kind"] == EXISTING
            if stands and site["existing_type"] == type_:
                found = ()  # it may grow
            elif any(o.kind == HOST and not o.rule_id for o in found):
                continue  # it is no host of it
            kinds = {o.kind for o in found}
            space = facility_type(type_).space
            if (
                kinds <= {SMALL, SPACE, HOST, COMPANY}
                and space != "none"
                and not (space == "land" and site["kind"] == CONVERT)
            ):
                roomy[j] = max(roomy.get(j, 0.0), capacity(site, space))
            for change in _single(key, str(site["id"]), type_, kinds, found):
                singles.setdefault(change, _price(site, space))
    yield from sorted(singles, key=lambda change: singles[change])[:MOST_SITES]
    most_room = sorted(roomy, key=lambda j: (-roomy[j], j))[:MOST_LOOKED_AT]
    for name in cheapest_to_enlarge(bench, key, most_room, MOST_SITES, limited=limited):
        yield from _enlarged(bench, key, name, limited=limited)


def _price(site: pd.Series[Any], space: str) -> float:
    """Return about what a small facility costs at a site, yuan."""
    name = {"floor": "cost_per_m2_yuan", "land": "land_cost_per_m2_yuan"}.get(space)
    price = float(np.nan_to_num(site[name])) if name else 0.0
    return float(np.nan_to_num(site["fixed_cost_yuan"])) + _SMALL_M2 * price


def _enlarged(bench: Bench, key: Key, site_id: str, *, limited: bool = True) -> Iterator[Change]:
    need = least_area(bench, key, site_id, limited=limited)
    if need is not None and not any(need):  # other rules take what would do without it
        need = least_area(bench, key, site_id, limited=limited, built=True)
    if need is not None and any(need):
        yield Change(kind=c.MORE_AREA, rule_id=key[0], site_id=site_id, floor_m2=need[0], land_m2=need[1])


def _single(key: Key, site_id: str, type_: str, kinds: set[str], found: tuple[Obstacle, ...]) -> Iterator[Change]:
    """Yield the change that takes away the one kind of obstacle that a site has; with a type its host and its company are allowed."""
    if kinds and kinds <= {TYPES, HOST, COMPANY}:
        hosts = [o.what for o in found if o.kind in (HOST, COMPANY)]
        yield Change(kind=c.ALLOW_TYPE, rule_id=key[0], site_id=site_id, type=";".join(dict.fromkeys([type_, *hosts])))
    elif kinds == {UNWANTED}:
        yield Change(kind=c.UNFORBID, rule_id=key[0], site_id=site_id)
    elif kinds == {MODE} and len(found) == 1:
        yield Change(kind=c.ALLOW_MODE, rule_id=found[0].rule_id, mode=found[0].what)


def _looked_at(bench: Bench, key: Key, rule: Rule | None) -> Bools:
    """Tell which sites are looked at: those of the rule's communities, and those within its reach."""
    question, places = bench.question, bench.places(key)
    here = np.isin(question.site_unit, places)
    if rule is not None and rule.kind in ("reach", "capacity"):
        matrix = question.matrix
        limit = slack(float(rule.figure or 0.0)) if rule.kind == "reach" else matrix.cutoff
        near = np.isin(question.demand_unit.astype(str)[matrix.i], places) & (matrix.cost <= limit)
        here = np.zeros(len(question.sites), dtype=bool)
        here[matrix.j[near]] = True
    return np.asarray(here)


def _for_standing(bench: Bench, key: Key, rule: Rule) -> Iterator[Change]:
    """Yield what makes a facility keep a rule that it breaks: room for it to grow, a shorter or a longer distance, the way in which it is had."""
    broken = bench.breaking(rule, key[1])
    if rule.kind == "unit_floor":
        for site_id in dict.fromkeys(f.site_id for f in broken):
            yield from _enlarged(bench, key, site_id)
    elif rule.kind == "acquisition":
        modes = bench.plan.facilities["mode"].astype(str)
        for mode in sorted({modes.iloc[f.row] for f in broken}):
            yield Change(kind=c.ALLOW_MODE, rule_id=key[0], mode=mode)
    else:
        yield from relaxed_distances(bench, key, None)


# what it contradicts ----------------------------------------------------------------------------------------------------


def _of_members(bench: Bench, key: Key, conflict: Conflict | None) -> Iterator[Change]:
    """Yield what takes one of the limits away that the rule contradicts."""
    for element in conflict.members[1:] if conflict else ():
        if element.kind == LOCKED:
            yield Change(kind=c.UNLOCK, rule_id=key[0], site_id=element.name)
        elif element.kind == "forbidden":
            yield Change(kind=c.UNFORBID, rule_id=key[0], site_id=element.name)
        elif element.kind == REQUIRED:
            yield Change(kind=c.NOT_REQUIRED, rule_id=key[0], site_id=element.name)
        elif element.kind == RULE:
            rule = bench.rule(element.key)
            if rule is not None and rule.kind == "acquisition":
                for mode in sorted({"build", "extend", "convert", "buy", "swap"} - set(rule.modes)):
                    yield Change(kind=c.ALLOW_MODE, rule_id=rule.id, mode=mode)


def _farther(bench: Bench, key: Key, rule: Rule) -> Iterator[Change]:
    """Yield the least whole metres of reach with which the rule can hold, within the study's walking matrix."""
    question, ask = bench.question, bench.asks[key]
    types = tuple(name for name in rule.types if name in question.types)
    members = np.concatenate([question.members[place] for place in ask.places])
    nearest = nearest_usable(bench, types)[members]
    bound = least_reach(nearest.tolist(), question.households[members].tolist(), ask.required)
    if not math.isfinite(bound):
        return
    matrix = question.matrix
    costs = matrix.cost[np.isin(matrix.i, members)]
    least = max(math.ceil(bound - 1e-6), math.floor(float(rule.figure or 0.0)) + 1)
    metres = sorted({float(least), *np.ceil(costs[costs > least] - 1e-6).tolist()})

    def good(figure: float) -> bool:
        change = Change(kind=c.RELAX_REACH, rule_id=key[0], figure=figure)
        changed = changed_question(bench, *change.apply(bench.plan.study, bench.plan.scenario))
        return fits(bench, key, changed.question, limited=limited) is True

    limited = limits_only(bench, key)
    found = first_that(metres, good)
    if found is not None:
        yield Change(kind=c.RELAX_REACH, rule_id=key[0], figure=found)
