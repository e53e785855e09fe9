"""The joint model's answer as facilities, allocation and the list of what is unmet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.errors import DataError
from siteplan.messages import _
from siteplan.plans.plan import ALLOCATION_COLUMNS, FACILITY_COLUMNS
from siteplan.standards.facility_types import facility_type
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from siteplan.models.joint_problem import JointProblem
    from siteplan.models.stages import JointAnswer
    from siteplan.siting.question import Question

SERVED, OUT_OF_REACH, NONE = "served", "out_of_reach", "none"
_DIGITS = 6
"""Areas are rounded to this many digits of a square metre, which is what the solver's tolerance leaves."""

_NUMBERS = ("area_m2", "existing_m2", "cost_yuan", "households_served")
_OTHER = {"phase": "int64"}


def to_facilities(question: Question, problem: JointProblem, answer: JointAnswer) -> gpd.GeoDataFrame:
    """Return the open facilities (plans.plan.FACILITY_COLUMNS), households_served still 0.

    An existing facility keeps its id; a new one is called by its site and type, so that the same facility has the same
    id in every plan.

    Raises
    ------
    DataError
        If an existing facility has the id that a new one would get, whether that one is opened or not.
    """
    _check_ids(question, problem)
    slots = problem.slots
    sites = question.sites
    records: list[dict[str, Any]] = []
    fixed = _fixed_shares(problem, answer)
    for s in np.flatnonzero(answer.opened).tolist():
        site = sites.iloc[int(slots.site[s])]
        existing, host = bool(slots.existing[s]), int(slots.host[s])
        area, stood = round(float(answer.area_m2[s]), _DIGITS), float(slots.existing_m2[s])
        grown = area > stood + TOLERANCE * max(1.0, stood)
        new_m2 = area - stood if grown or not existing else 0.0
        key = question.counted[int(slots.type[s])]
        unit = str(site["community_id"])
        records.append(
            {
                "id": facility_id(question, problem, s),
                "type": key,
                "site_id": str(site["id"]),
                "site_name": str(site["name"] or ""),
                "site_kind": str(site["kind"]),
                "status": ("extended" if grown else "existing") if existing else "new",
                "community_id": unit,
                "township_id": "" if pd.isna(site["township_id"]) else str(site["township_id"]),
                "inside": facility_id(question, problem, host) if host >= 0 else "",
                "space": facility_type(key).space,
                "area_m2": area if grown or not existing else stood,
                "existing_m2": stood,
                "cost_yuan": round(new_m2 * float(slots.cost_m2[s]) + fixed[s], 2),
                "phase": 1,
                "households_served": 0.0,
                "rules": ";".join(r.id for r in question.rules[unit] if key in r.types),
                "geometry": site["geometry"],
            }
        )
    frame = gpd.GeoDataFrame(records, columns=[*FACILITY_COLUMNS, "geometry"], geometry="geometry", crs=sites.crs)
    frame = frame.astype(
        {name: "float64" if name in _NUMBERS else _OTHER.get(name, "str") for name in FACILITY_COLUMNS}
    )
    order = {key: k for k, key in enumerate(question.counted)}
    return frame.sort_values(
        ["community_id", "type", "id"], key=lambda c: c.map(order) if c.name == "type" else c
    ).reset_index(drop=True)


def facility_id(question: Question, problem: JointProblem, slot: int) -> str:
    """Return the id of the facility in ``slot``."""
    site = str(question.sites["id"].iloc[int(problem.slots.site[slot])])
    return site if problem.slots.existing[slot] else f"{site}/{question.types[int(problem.slots.type[slot])]}"


def _check_ids(question: Question, problem: JointProblem) -> None:
    """Refuse an existing facility that is called as a new one would be."""
    number = range(len(problem.slots))
    names = pd.Series([facility_id(question, problem, s) for s in number], dtype="str")
    clash = names[names.duplicated(keep=False) & problem.slots.existing]
    if len(clash):
        source = question.study.layers.sources.get("facilities")
        raise DataError(
            _(
                "layer {role}: the id {id} is that of the new facility which may be planned there",
                role="facilities",
                id=repr(clash.iloc[0]),
            ),
            remedy=_("give this row another id"),
            path=source.path if source else None,
            row=str(clash.iloc[0]),
        )


def _fixed_shares(problem: JointProblem, answer: JointAnswer) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return each new outermost facility's equal share of its site's fixed cost, yuan; all new ones where none is outermost."""
    slots = problem.slots
    share = np.zeros(len(slots))
    new = answer.opened & ~slots.existing
    for j in np.unique(slots.site[new]):
        here = np.flatnonzero(new & (slots.site == j))
        outer = here[slots.host[here] < 0]
        bearers = outer if len(outer) else here
        share[bearers] = float(problem.sites.fixed[j]) / len(bearers)
    return share


def to_allocation(question: Question, facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return for every building and type the nearest open facility that may serve it (plans.plan.ALLOCATION_COLUMNS).

    Ties go to the facility that stands first in ``facilities``. A building within the least reach that a rule names for its
    community is served; beyond it, out of reach.
    """
    matrix = question.matrix
    site_row = pd.Series(np.arange(len(question.sites)), index=question.sites["id"].astype(str))
    by_site = np.argsort(matrix.j, kind="stable")
    starts = np.searchsorted(matrix.j[by_site], np.arange(len(question.sites) + 1))
    parts = []
    for key in question.types:
        open_ = facilities[facilities["type"] == key]
        nearest = np.full(len(question.demand), np.inf)
        who = np.full(len(question.demand), -1, dtype=np.int64)
        only_own = facility_type(key).serves == "community"
        for row, site, unit in zip(open_.index, open_["site_id"], open_["community_id"], strict=True):
            j = int(site_row[site])
            pairs = by_site[starts[j] : starts[j + 1]]
            if only_own:
                pairs = pairs[question.demand_unit[matrix.i[pairs]] == unit]
            i, cost = matrix.i[pairs], matrix.cost[pairs]
            closer = cost < nearest[i]
            nearest[i[closer]], who[i[closer]] = cost[closer], row
        parts.append(_rows(question, key, open_, nearest, who))
    return pd.concat(parts, ignore_index=True)


def _rows(
    question: Question,
    key: str,
    open_: gpd.GeoDataFrame,
    nearest: np.ndarray[Any, np.dtype[np.float64]],
    who: np.ndarray[Any, np.dtype[np.int64]],
) -> pd.DataFrame:
    """Return the allocation of one type."""
    if facility_type(key).serves == "community":
        may = np.isin(question.demand_unit.astype(str), open_["community_id"].astype(str).to_numpy())
    else:
        may = np.full(len(nearest), len(open_) > 0)
    limits = {u: _served_within(question, u, key) for u in question.unit_values}
    limit = np.array([limits[u] for u in question.demand_unit])
    within = nearest <= limit + TOLERANCE * np.maximum(1.0, np.where(np.isfinite(nearest), nearest, 1.0))
    names = np.append(open_["id"].to_numpy(dtype=object), "")
    place = pd.Series(np.arange(len(open_)), index=open_.index)
    position = np.where(who >= 0, place.reindex(who).fillna(-1).to_numpy(dtype=np.int64), -1)
    frame = pd.DataFrame(
        {
            "building_id": question.demand["building_id"].to_numpy(dtype=object),
            "type": key,
            "facility_id": names[position],
            "metres": np.where(np.isfinite(nearest), nearest, np.nan),
            "status": np.where(within & (who >= 0), SERVED, np.where(may, OUT_OF_REACH, NONE)),
        },
        columns=list(ALLOCATION_COLUMNS),
    )
    return frame.astype(dict.fromkeys(("building_id", "type", "facility_id", "status"), "str"))


def _served_within(question: Question, unit_id: str, type_: str) -> float:
    figures = [r.figure for r in question.rules[unit_id] if r.kind == "reach" and type_ in r.types and r.figure]
    return min(figures, default=question.cutoff_m)


def with_served(facilities: gpd.GeoDataFrame, allocation: pd.DataFrame, demand: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return ``facilities`` with households_served: those of the buildings that it serves."""
    households = demand.set_index("building_id")["households"]
    served = allocation[allocation["status"] == SERVED]
    total = served["building_id"].map(households).astype(float).groupby(served["facility_id"]).sum()
    return facilities.assign(households_served=total.reindex(facilities["id"]).fillna(0.0).to_numpy(dtype=float))
