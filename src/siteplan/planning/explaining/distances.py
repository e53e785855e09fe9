"""Rules that keep apart or near, relaxed to the distance that the rule in question needs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.planning.explaining.changes import RELAX_DISTANCE, Change
from siteplan.planning.explaining.obstacles import ADJACENCY, SEPARATION, distance_to
from siteplan.planning.explaining.sizes import first_that, fits
from siteplan.planning.explaining.try_change import changed_question
from siteplan.siting.nearness import site_xy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.conflicts import Conflict
    from siteplan.planning.explaining.weighed import Key
    from siteplan.standards.rule import Rule


def relaxed_distances(bench: Bench, key: Key, conflict: Conflict | None, *, limited: bool = True) -> Iterator[Change]:
    """Yield the rules of separation and adjacency that bear on a rule, each relaxed as little as makes the rule hold, in whole metres.

    These are the rule itself, those in its conflict, and those that bar its types from the sites of its places.
    """
    for rule in _bearing(bench, key, conflict):
        figures = _figures(bench, key, rule)

        def good(figure: float, rule_id: str = rule.id) -> bool:
            change = Change(kind=RELAX_DISTANCE, rule_id=rule_id, figure=abs(figure))
            changed = changed_question(bench, *change.apply(bench.plan.study, bench.plan.scenario))
            return fits(bench, key, changed.question, limited=limited) is True

        sign = (
            -1.0 if rule.kind == SEPARATION else 1.0
        )  # the least change first: the largest distance that still keeps apart
        found = first_that(sorted(sign * figure for figure in figures), good)
        if found is not None:
            yield Change(kind=RELAX_DISTANCE, rule_id=rule.id, figure=abs(found))


def _bearing(bench: Bench, key: Key, conflict: Conflict | None) -> list[Rule]:
    mine = bench.rule(key)
    members = {element.name for element in conflict.members} if conflict else set()
    types = set(mine.types) if mine else set()
    found = []
    for rule, units in bench.question.spoken(SEPARATION, ADJACENCY):
        about = not types.isdisjoint((*rule.types, *rule.apart_from)) and not set(bench.places(key)).isdisjoint(units)
        hard = rule.strength == "hard" or rule.id == key[0]
        if rule.figure and hard and (rule.id == key[0] or rule.id in members or about):
            found.append(rule)
    return found


def _figures(bench: Bench, key: Key, rule: Rule) -> set[float]:
    """Return the whole metres at which something changes for a rule: the distances of the sites of the places, smaller or larger than its figure."""
    question, figure = bench.question, float(rule.figure or 0.0)
    here = np.flatnonzero(np.isin(question.site_unit, bench.places(key)))
    if rule.kind == ADJACENCY:
        matrix = question.matrix
        own = question.demand_unit[matrix.i].astype(str) == question.site_unit[matrix.j]
        costs = matrix.cost[own & np.isin(matrix.j, here) & (question.households[matrix.i] > 0)]
        return {float(metres) for metres in np.ceil(costs - 1e-6).tolist() if metres > figure}
    points = shapely.points(site_xy(question))
    metres = [distance_to(question, rule, int(j)) for j in here]
    metres += shapely.distance(points[here][:, None], points[None, :]).ravel().tolist()
    known = {float(math.floor(found + 1e-6)) for found in metres if math.isfinite(found)}
    return {found for found in known if 1 <= found < figure}
