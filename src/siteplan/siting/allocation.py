"""Who is allocated where: the nearest facility, and where facilities have room for so many, a split of the households over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.models.transport import Transport, share_out
from siteplan.plans.plan import ALLOCATION_COLUMNS
from siteplan.siting.locks import facility_ids
from siteplan.standards.facility_types import facility_type
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    import geopandas as gpd

    from siteplan.models.joint_problem import Floats, Ints, JointProblem
    from siteplan.models.stages import JointAnswer
    from siteplan.siting.question import Question

SERVED, FULL, OUT_OF_REACH, NONE = "served", "full", "out_of_reach", "none"
_TEXTS = ("building_id", "type", "facility_id", "status")


def to_allocation(
    question: Question, problem: JointProblem, answer: JointAnswer, facilities: gpd.GeoDataFrame
) -> pd.DataFrame:
    """Return who is served by what of each type at the end of the last phase (plans.plan.ALLOCATION_COLUMNS).

    A building goes to the nearest open facility that may serve it; ties to the one that stands first in ``facilities``. Within the least reach
    that a rule names for its community it is served; beyond it, out of reach. Households that take room of a facility are split over those
    within that reach, so that as many as fit are served, and then that they walk least.
    """
    parts = []
    for k, key in enumerate(question.types):
        rows = _nearest(question, key, facilities[facilities["type"] == key])
        takes = np.zeros(len(rows), dtype=bool) if problem.load is None else ~np.isnan(problem.load[k])
        if takes.any():
            rows = _split(question, problem, answer, facilities, rows, k)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def nearest_open(question: Question, key: str, open_: gpd.GeoDataFrame) -> tuple[Floats, Ints]:
    """Return the metres to the nearest of the facilities ``open_`` of type ``key`` that may serve each demand point, and its position.

    Returns
    -------
    (n_demand,) float64, (n_demand,) int64
        inf and -1 where there is none.
    """
    matrix = question.matrix
    site_row = pd.Series(np.arange(len(question.sites)), index=question.sites["id"].astype(str))
    by_site, starts = question.pairs_by_site
    nearest = np.full(len(question.demand), np.inf)
    who = np.full(len(question.demand), -1, dtype=np.int64)
    only_own = facility_type(key).serves == "community"
    for position, site in enumerate(open_["site_id"]):
        j = int(site_row[site])
        pairs = by_site[starts[j] : starts[j + 1]]
        if only_own:
            pairs = pairs[question.demand_number[matrix.i[pairs]] == question.site_number[j]]
        i, cost = matrix.i[pairs], matrix.cost[pairs]
        closer = cost < nearest[i]
        nearest[i[closer]], who[i[closer]] = cost[closer], position
    return nearest, who


def _nearest(question: Question, key: str, open_: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return each building with the nearest of the facilities ``open_`` of one type."""
    nearest, who = nearest_open(question, key, open_)
    if facility_type(key).serves == "community":
        may = np.isin(question.demand_unit.astype(str), open_["community_id"].astype(str).to_numpy())
    else:
        may = np.full(len(nearest), len(open_) > 0)
    limits = {unit: question.served_within(unit, key) for unit in question.unit_values}
    limit = np.array([limits[unit] for unit in question.demand_unit])
    within = nearest <= limit + TOLERANCE * np.maximum(1.0, np.where(np.isfinite(nearest), nearest, 1.0))
    names = np.append(open_["id"].to_numpy(dtype=object), "")
    frame = pd.DataFrame(
        {
            "building_id": question.demand["building_id"].to_numpy(dtype=object),
            "type": key,
            "facility_id": names[who],
            "metres": np.where(np.isfinite(nearest), nearest, np.nan),
            "status": np.where(within & (who >= 0), SERVED, np.where(may, OUT_OF_REACH, NONE)),
            "households": question.households,
        },
        columns=list(ALLOCATION_COLUMNS),
    )
    return frame.astype(dict.fromkeys(_TEXTS, "str"))


def _split(
    question: Question,
    problem: JointProblem,
    answer: JointAnswer,
    facilities: gpd.GeoDataFrame,
    nearest: pd.DataFrame,
    k: int,
) -> pd.DataFrame:
    """Return the rows of a type of which some households take room, in place of the ``nearest`` ones.

    One row for each facility that serves some of a building's households, the first its nearest, and one for those that nobody serves.
    """
    pair = np.flatnonzero(answer.opened[problem.pair_slot] & (problem.slots.type[problem.pair_slot] == k))
    slots, facility = np.unique(problem.pair_slot[pair], return_inverse=True)
    ids = np.array(facility_ids(question, problem.slots), dtype=object)[slots]
    area = facilities.set_index("id")["area_m2"].reindex(ids).to_numpy(dtype=float)
    transport = _transport(problem, answer, pair.astype(np.int64), facility.astype(np.int64), area, k)
    served = share_out(transport)
    takes = ~np.isnan(problem.load[k]) & (question.households > 0) if problem.load is not None else np.zeros(0, bool)
    left = question.households - np.bincount(transport.demand, served, minlength=len(question.households))
    served = _whole(transport, served, left)
    left[left <= TOLERANCE * np.maximum(1.0, question.households)] = 0.0
    chosen = np.flatnonzero((served > 0) & takes[transport.demand])
    i = transport.demand[chosen]
    part = nearest.iloc[i].assign(
        facility_id=ids[transport.facility[chosen]],
        metres=transport.metres[chosen],
        status=SERVED,
        households=served[chosen],
    )
    reached = np.zeros(len(left), dtype=bool)
    reached[transport.demand] = True
    missing = takes & (left > 0)
    rest = nearest[missing].assign(households=left[missing])
    rest["status"] = np.where(reached[missing], FULL, rest["status"])
    frame = pd.concat([part, rest, nearest[~takes]])
    order = np.lexsort((frame["facility_id"], frame["metres"], frame["status"] != SERVED, frame.index))
    return frame.iloc[order].astype(dict.fromkeys(_TEXTS, "str")).reset_index(drop=True)


def _transport(
    problem: JointProblem, answer: JointAnswer, pair: Ints, facility: Ints, area: Floats, k: int
) -> Transport:
    """Return the problem of splitting the households over the open facilities of type ``k``; ``pair`` are the rows of its pairs."""
    demand, metres = problem.pair_demand[pair], problem.pair_cost[pair]
    keep = []
    for row, covered in zip(problem.cover, answer.covered.tolist(), strict=True):
        if row.type == k and np.isfinite(covered):
            keep.append((np.flatnonzero(np.isin(demand, row.demand) & (metres <= row.reach)).astype(np.int64), covered))
    load = np.zeros(len(problem.weight)) if problem.load is None else np.nan_to_num(problem.load[k])
    return Transport(
        households=problem.weight,
        load=load,
        room=area,
        demand=demand,
        facility=facility,
        metres=metres,
        keep=tuple(keep),
    )


def _whole(transport: Transport, served: Floats, left: Floats) -> Floats:
    """Return the parts with what the solver rounds off put to the largest part of its building."""
    served = served.copy()
    some = (left != 0) & (np.abs(left) <= TOLERANCE * np.maximum(1.0, transport.households))
    order = np.lexsort((served, transport.demand))
    last = np.r_[transport.demand[order][1:] != transport.demand[order][:-1], True][: len(order)]
    largest = order[last]
    largest = largest[(served[largest] > 0) & some[transport.demand[largest]]]
    served[largest] += left[transport.demand[largest]]
    return served
