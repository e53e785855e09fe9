"""What households bear: how far they walk, whether they have a second facility, how long they wait. The later stages are about it.

A household with no open facility within the limit of its walk counts the limit where some facility could stand within it, and nothing where none
could (docs/architecture.md, Objectives). Which of the two holds is not always to be seen without repeating the optimiser; the figure is then a range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from siteplan.auditing.heard import reaches
from siteplan.auditing.objectives import KEPT, Range
from siteplan.auditing.outcome import within
from siteplan.auditing.sites import NEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from siteplan.auditing.chances import Chances
    from siteplan.auditing.heard import Heard
    from siteplan.auditing.phases import Course
    from siteplan.auditing.service import Service
    from siteplan.plans.scenario import Scenario
    from siteplan.standards.rule import Unit

UNIT = 1e3
"""Metres of which that share is taken at least."""
SECOND = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Walked:
    """How far the households of each building walk to each planned type.

    Parameters
    ----------
    metres : (n_types, n_buildings) float64
        To the nearest open facility within the limit; else the limit.
    sure, maybe : (n_types, n_buildings) bool
        Whether the walk surely counts, and whether it may.
    """

    metres: npt.NDArray[np.float64]
    sure: npt.NDArray[np.bool_]
    maybe: npt.NDArray[np.bool_]


def walking_limits(
    heard: Heard, service: Service, types: Sequence[str], served_within: pd.DataFrame
) -> npt.NDArray[np.float64]:
    """Return the metres that a household walks at most to each type, (n_types, n_buildings).

    The largest reach that a rule names for its community, or for a study that counts it; else the study's cutoff. Households that take room of a
    facility go no farther than they are served.

    Parameters
    ----------
    served_within : DataFrame, (n_buildings, types)
        Metres within which each building is served by a type.
    """
    limit = served_within[list(types)].to_numpy(dtype=float).T.copy()
    for k, kind in enumerate(types):
        free = ~service.takes([kind])
        for place, speaking in zip(heard.communities, heard.for_households, strict=True):
            named = reaches(speaking, kind)
            if named:
                limit[k, place.buildings[free[place.buildings]]] = max(named)
    return limit


def walked(
    service: Service, heard: Heard, types: Sequence[str], limit: npt.NDArray[np.float64], chances: Chances
) -> Walked:
    """Return how far the households of each building walk at the end of the last phase.

    A type for which no rule names a reach or a capacity in any community walks within its own community, whomever it serves.
    """
    metres = np.empty_like(limit)
    bounded = [
        kind in service.loads or any(reaches(speaking, kind) for speaking in heard.for_households) for kind in types
    ]
    for k, kind in enumerate(types):
        metres[k] = service.walks.nearest([kind], service.course.opened, own=not bounded[k])
    served = np.asarray(within(metres, limit))
    metres = np.where(served, metres, limit)
    if served.all():
        return Walked(metres=metres, sure=served, maybe=served)
    sure, maybe = chances.within(limit, bounded)
    return Walked(metres=metres, sure=served | sure, maybe=served | maybe)


def walking(walk: Walked, households: npt.NDArray[np.float64], cost: Range, built: int, scenario: Scenario) -> Range:
    """Return the yuan of the cost, of the new facilities and of the kilometres that households walk to all types, at their prices.

    Parameters
    ----------
    cost : Range
        Of objectives.spent, without the slack that later stages have.
    built : int
        New facilities.
    """
    price = scenario.walking_yuan_per_km / 1e3
    low, high = (price * float((walk.metres * counts * households).sum()) for counts in (walk.sure, walk.maybe))
    more = scenario.facility_yuan * built
    return Range(cost.low + more + low, cost.high + more + high, cost.tolerance + KEPT * (more + high))


def equity(walk: Walked, households: npt.NDArray[np.float64], heard: Heard) -> Range:
    """Return the largest mean walk of a community: over its households, and the types that each may be served."""
    low = high = 0.0
    for place in heard.communities:
        mine = place.buildings
        homes, metres = households[mine], walk.metres[:, mine]
        sure, maybe = walk.sure[:, mine], walk.maybe[:, mine]
        known, unknown = float((sure * homes).sum()), float(((maybe & ~sure) * homes).sum())
        way, more = float((metres * sure * homes).sum()), float((metres * (maybe & ~sure) * homes).sum())
        if known + unknown > 0:
            low = max(low, way / (known + unknown))
            longest = metres.max(initial=0.0, where=maybe)
            high = max(high, (way + more) / known if unknown and known else way / known if known else longest)
    return Range(low, high, KEPT * (high + UNIT))


def backup(
    service: Service,
    heard: Heard,
    types: Sequence[str],
    served_within: pd.DataFrame,
    households: npt.NDArray[np.float64],
) -> Range:
    """Return the households with fewer than two open facilities in reach, summed over the types for which a rule names a reach.

    In reach is what lies within the widest reach of a rule; for households that take room, within the least, up to which they are served. Whether a
    capacity rule names a reach may be read either way.
    """
    open_ = np.flatnonzero(service.course.opened)
    totals = np.zeros(2)
    for kind in types:
        limit = np.full(len(households), -1.0)
        for place, speaking in zip(heard.communities, heard.for_households, strict=True):
            limit[place.buildings] = max(reaches(speaking, kind), default=-1.0)
        wide = np.where(service.takes([kind]), served_within[kind], limit)
        limit = np.where(limit >= 0, wide, limit)
        for n, within_m in enumerate((limit, wide)):
            count = np.zeros(len(households), dtype=np.int64)
            for row in np.intersect1d(service.walks.rows_of([kind]), open_):
                buildings, cost = service.walks.of_facility(int(row))
                count[buildings] += within(cost, within_m[buildings])
            totals[n] += households[(within_m >= 0) & (count < SECOND)].sum()
    low, high = float(totals.min()), float(totals.max())
    return Range(low, high, KEPT * (high + 1.0))


def delay(course: Course, units: dict[str, Unit], scenario: Scenario) -> Range:
    """Return how long households wait for the new facilities of their communities: households times phases, weighted.

    Nobody waits before the housing is built. Key communities and resettlement communities count as often as the scenario says (S4-07,
    docs/decisions/0009-phases.md).
    """
    waits = []
    new = (course.facilities["status"] == NEW).to_numpy(dtype=bool) & course.opened
    for home, opens in zip(course.facilities.loc[new, "community_id"], course.opens[new], strict=True):
        unit = units.get(str(home))
        if unit is not None:
            weight = (scenario.key_weight if unit.key else 1.0) * (
                scenario.resettlement_weight if unit.resettlement else 1.0
            )
            waits.append(weight * unit.households * max(0, int(opens) - max(1, unit.phase)))
    found = math.fsum(waits)
    return Range(found, found, KEPT * (found + 1.0))
