"""Why a rule is unmet: from facts of the sites where they alone say it, else from what it contradicts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.planning.explaining.elements import (
    BUDGET,
    FORBIDDEN,
    FUNDS,
    LOCKED,
    MAX_SITES,
    PHASE_BUDGET,
    PLACE,
    REQUIRED,
    TOWNSHIP_BUDGET,
)
from siteplan.planning.explaining.obstacles import EXCLUDED, SMALL, SPACE, capacity
from siteplan.siting.asks import AREA_KINDS
from siteplan.siting.keeping import FACILITY_KINDS
from siteplan.siting.modes import EXISTING
from siteplan.siting.money import may_have
from siteplan.siting.nearness import slack
from siteplan.siting.rows import Counted
from siteplan.standards.facility_types import facility_type
from siteplan.units import meets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.models.joint_problem import Bools, Ints
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.conflicts import Conflict
    from siteplan.planning.explaining.obstacles import Obstacle, Obstacles
    from siteplan.planning.explaining.weighed import Key
    from siteplan.siting.asks import Ask
    from siteplan.standards.rule import Rule

NO_CANDIDATE, BARRED, NOTHING_FITS, FEW, FEW_PLACES = "no_candidate", "barred", "nothing_fits", "few", "few_places"
LITTLE_SPACE, FAR, FULL, STANDS, ALL_THE_SAME = "little_space", "far", "full", "stands", "all_the_same"
NOT_SOUGHT = "not_sought"
NOT_PROVEN, OUTRANKED, CONFLICT, UNKNOWN = "not_proven", "outranked", "conflict", "unknown"
NO_FUND, LATE_MONEY = "no_fund", "late_money"
MONEY_REASONS = (BUDGET, PHASE_BUDGET, TOWNSHIP_BUDGET, FUNDS, NO_FUND, LATE_MONEY)
OF_SITES = (EXCLUDED, "forbidden", "types", "mode", "separation", "adjacency", "host", "company", SPACE, SMALL)
"""Reasons that are obstacles of sites, each the one that all sites of the place share."""
_OF_LIMITS = (LOCKED, REQUIRED, PLACE, MAX_SITES, FUNDS, BUDGET, PHASE_BUDGET, TOWNSHIP_BUDGET, FORBIDDEN)
"""Limits in a conflict that are its reason, the first of them that is there."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a rule is unmet.

    Parameters
    ----------
    kind : str
        Of the sites: no_candidate, excluded, forbidden, types, mode, separation, adjacency, host, company, space (none at all), small, barred
        (not all for one reason), nothing_fits (at a site that must be opened), few, few_places (of a share), little_space, far, full. Of the
        limits: locked, required, place (alternatives), max_sites, funds, no_fund, budget, phase_budget, late_money, township_budget. Otherwise:
        stands (what stands breaks it), all_the_same (what is new breaks it, because it is no hard rule), conflict (with other rules), outranked (a
        target or aim gives way), not_proven (the solver was stopped: it can be met), unknown, not_sought (the sites would do; not looked into).
    values : mapping
        What its sentence is filled with, as plain values.
    """

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)


def of_sites(bench: Bench, key: Key, obstacles: Obstacles) -> Reason | None:
    """Return the reason that the sites of the place give by themselves, whatever else is asked for; None where they give none."""
    rule = bench.rule(key)
    if rule is None:
        return _required(bench, key, obstacles)
    if rule.kind in FACILITY_KINDS:
        return _standing(bench, key, rule)
    ask = bench.asks[key]
    if rule.kind == "share":
        return _shared(bench, ask)
    if rule.kind in ("reach", "capacity"):
        return _households(bench, ask, obstacles)
    return _counted(bench, ask, obstacles)


def _standing(bench: Bench, key: Key, rule: Rule) -> Reason:
    """Return which facilities break a rule on facilities: what stands already, or what is built all the same because the rule is no hard one."""
    broken = bench.breaking(rule, key[1])
    status = bench.plan.facilities["status"]
    old = [f.id for f in broken if status.iloc[f.row] != "new"]
    values: dict[str, Any] = {"ids": tuple(old or [f.id for f in broken]), "rule_kind": rule.kind}
    values |= {"figure": float(rule.figure or 0.0), "host": rule.host, "modes": rule.modes}
    return Reason(kind=STANDS if old else ALL_THE_SAME, values=values)


def _required(bench: Bench, key: Key, obstacles: Obstacles) -> Reason | None:
    """Return that nothing that is planned may stand at a site that must be opened."""
    slots, question = bench.problem.slots, bench.question
    j = int(np.flatnonzero(question.sites["id"].astype(str) == key[1])[0])
    if (open_slots(bench) & (slots.site == j)).any():
        return None
    counts = Counter(kind for type_ in question.types for kind in {o.kind for o in obstacles.of(j, type_)})
    return Reason(
        kind=NOTHING_FITS, values={"counts": tuple((name, counts[name]) for name in OF_SITES if counts[name])}
    )


def _shared(bench: Bench, ask: Ask) -> Reason | None:
    """Return that too few communities have sites for what a share of them must have."""
    slots = bench.problem.slots
    counted, usable = Counted(bench.question, slots), open_slots(bench)
    most = 0
    for place in ask.places:
        mine = counted.of(ask.rule, (place,))
        mine = mine[usable[mine]]
        found = _most_area(bench, mine) if ask.rule.unit == "m2" else float(len(mine))
        most += meets(found, float(ask.rule.figure or 0.0))
    if most >= ask.required:
        return None
    return Reason(kind=FEW_PLACES, values={"most": most, "required": ask.required, "types": ask.rule.types})


def _counted(bench: Bench, ask: Ask, obstacles: Obstacles) -> Reason | None:
    """Return why the sites of the place cannot hold so many, or so much, as a rule on areas or openings asks for."""
    slots = bench.problem.slots
    mine = Counted(bench.question, slots).of(ask.rule, ask.places)
    usable = mine[open_slots(bench)[mine]]
    if ask.rule.kind in AREA_KINDS:
        most = _most_area(bench, usable)
        if meets(most, ask.required):
            return None
    else:
        most = float(len(usable))
        if most >= ask.required:
            return None
    if not (~slots.existing[usable]).any():
        reason = tally(bench, ask.rule.types, ask.places, obstacles)
        if reason is not None and not slots.existing[usable].any():
            return reason
    kind = LITTLE_SPACE if ask.rule.kind in AREA_KINDS else FEW
    return Reason(kind=kind, values={"most": most, "required": ask.required, "types": ask.rule.types})


def open_slots(bench: Bench) -> Bools:
    """Tell which slots stand, or may be opened where nothing else is asked for, (n_slots,) bool."""
    slots, sites = bench.problem.slots, bench.problem.sites
    may = (sites.state[slots.site] >= 0) & (slots.state >= 0) & (slots.min_m2 <= slots.max_m2 * (1 + 1e-9))
    found = slots.existing | may
    for _depth in range(len(bench.question.types)):  # a room stands where its host can
        found = found & np.where(slots.host >= 0, found[slots.host], True)  # noqa: FBT003 - a value of an array
    return np.asarray(found)


def _most_area(bench: Bench, usable: Ints) -> float:
    """Return an upper bound of the m2 that some slots can have together: what stands, and at each site what fits there."""
    slots = bench.problem.slots
    most: dict[int, float] = {}
    total = 0.0
    for s in usable.tolist():
        j = int(slots.site[s])
        total += float(slots.existing_m2[s])
        most[j] = max(most.get(j, 0.0), float(slots.max_m2[s] - slots.existing_m2[s]))
    return total + sum(most.values())


def _households(bench: Bench, ask: Ask, obstacles: Obstacles) -> Reason | None:
    """Return that too many households have no site near that may serve them; None where enough have one."""
    types = tuple(key for key in ask.rule.types if key in bench.question.types)
    members = np.concatenate([bench.question.members[place] for place in ask.places])
    nearest = nearest_usable(bench, types)[members]
    limits = _limits(bench, ask, types)
    lost = ~(nearest <= limits)
    households = bench.question.households[members]
    total = float(households.sum())
    if meets(total - float(households[lost].sum()), ask.required):
        return None
    barred = tally(bench, types, ask.places, obstacles, near=(members[lost], float(limits.max())))
    if barred is not None and barred.kind != NO_CANDIDATE:
        return barred
    known = nearest[lost & np.isfinite(nearest)]
    values = {
        "types": types,
        "metres": float(limits.max()),
        "households": float(households[lost].sum()),
        "nearest": float(known.min()) if len(known) else None,
    }
    return Reason(kind=FAR, values=values)


def _limits(bench: Bench, ask: Ask, types: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the metres within which each household of a rule is to be served, those of its places one after the other."""
    if ask.rule.kind == "reach":
        count = sum(len(bench.question.members[place]) for place in ask.places)
        return np.full(count, float(slack(float(ask.rule.figure or 0.0))))
    parts = [
        np.full(
            len(bench.question.members[place]),
            max(float(slack(bench.question.served_within(place, key))) for key in types),
        )
        for place in ask.places
    ]
    return np.concatenate(parts)


def nearest_usable(bench: Bench, types: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the metres from each demand point to the nearest site that may hold one of ``types`` and serve it, (n_demand,); inf: none."""
    question = bench.question
    matrix, nearest = question.matrix, np.full(len(question.demand), np.inf)
    usable = open_slots(bench)
    own = question.demand_unit[matrix.i].astype(str) == question.site_unit[matrix.j]
    for key in types:
        k = question.counted.index(key)
        holds = np.zeros(len(question.sites), dtype=bool)
        holds[bench.problem.slots.site[usable & (bench.problem.slots.type == k)]] = True
        pairs = holds[matrix.j] & (own if facility_type(key).serves == "community" else True)
        np.minimum.at(nearest, matrix.i[pairs], matrix.cost[pairs])
    return nearest


def tally(
    bench: Bench,
    types: tuple[str, ...],
    places: tuple[str, ...],
    obstacles: Obstacles,
    near: tuple[Ints, float] | None = None,
) -> Reason | None:
    """Return what keeps ``types`` from the sites of ``places``, or from those near some demand points; None where some site may hold one.

    Parameters
    ----------
    near : ((n,) int64, float), optional
        Demand points and metres: only sites so near to one of them are looked at.
    """
    question = bench.question
    looked: list[tuple[int, str, tuple[Obstacle, ...]]] = []
    for j in _candidates(bench, places, near):
        for key in types:
            found = obstacles.of(j, key)
            if question.sites["kind"].iloc[j] == EXISTING and any(o.kind == "host" and not o.rule_id for o in found):
                continue  # what stands there is no host of it
            if not found:
                return None
            looked.append((j, key, found))
    if not looked:
        return Reason(kind=NO_CANDIDATE, values={"types": types})
    shared = set.intersection(*({o.kind for o in found} for _j, _key, found in looked))
    counts = Counter(kind for _j, _key, found in looked for kind in {o.kind for o in found})
    kind = next((name for name in OF_SITES if name in shared), BARRED)
    first = [o for _j, _key, found in looked for o in found if o.kind == kind]
    best = max(first, key=lambda o: o.have) if first else None
    values: dict[str, Any] = {"types": types, "n": len({j for j, _key, _found in looked})}
    values["counts"] = tuple((name, counts[name]) for name in OF_SITES if counts[name])
    if best is not None:
        most = max((capacity(question.sites.iloc[j], facility_type(k).space) for j, k, _found in looked), default=0.0)
        values |= {"rule_id": best.rule_id, "have": best.have, "need": best.need, "what": best.what, "most": most}
    return Reason(kind=kind, values=values)


def _candidates(bench: Bench, places: tuple[str, ...], near: tuple[Ints, float] | None) -> list[int]:
    question = bench.question
    if near is None:
        rows = np.flatnonzero(np.isin(question.site_unit, places))
    else:
        demand, metres = near
        matrix = question.matrix
        pairs = np.isin(matrix.i, demand) & (matrix.cost <= metres)
        rows = np.unique(matrix.j[pairs])
    return [int(j) for j in rows]


def of_conflict(bench: Bench, key: Key, conflict: Conflict) -> Reason:
    """Return the reason that a minimal conflict gives: the first limit in it, else that rules contradict one another."""
    rule = bench.rule(key)
    members = conflict.members[1:]
    values: dict[str, Any] = {"types": rule.types if rule else ()}
    for kind in _OF_LIMITS:
        names = tuple(element.name for element in members if element.kind == kind)
        if names:
            return Reason(kind=_money_kind(bench, key, kind), values=values | {"names": names})
    others = tuple(element.key for element in members)
    if others:
        return Reason(kind=CONFLICT, values=values | {"others": others})
    full = rule is not None and rule.kind == "capacity"
    return Reason(kind=FULL if full else LITTLE_SPACE, values=values | {"most": None, "required": None})


def _money_kind(bench: Bench, key: Key, kind: str) -> str:
    """Return the reason that lack of money gives: there is none for this place, it comes too late, or it is not enough."""
    scenario, question, due = bench.plan.scenario, bench.question, due_of(bench, key)
    places = [question.unit_values[place] for place in bench.places(key)]
    if kind == FUNDS:
        payers = [
            fund
            for fund in scenario.funds
            if any(may_have(fund, unit, question.township_of[unit.id]) for unit in places)
        ]
        if not payers:
            return NO_FUND
        later = any(sum(fund.given(scenario.n_phases)[due:]) > 0 for fund in payers)
        return LATE_MONEY if later else FUNDS
    if kind == PHASE_BUDGET:
        left = [phase.budget_yuan for phase in scenario.phases[due:]]
        return LATE_MONEY if any(yuan is None or yuan > 0 for yuan in left) else PHASE_BUDGET
    return kind


def due_of(bench: Bench, key: Key) -> int:
    """Return the phase, 1 to n_phases, at whose end a rule is due."""
    if key in bench.asks:
        return bench.asks[key].due
    rule = bench.rule(key)
    return bench.plan.scenario.n_phases if rule is None else bench.question.due(rule, key[1])
