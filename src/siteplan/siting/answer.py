"""The joint model's answer as facilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.errors import DataError
from siteplan.messages import _
from siteplan.plans.plan import FACILITY_COLUMNS
from siteplan.siting.locks import facility_ids
from siteplan.siting.modes import mode_of
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.models.joint_problem import JointProblem
    from siteplan.models.stages import JointAnswer
    from siteplan.siting.question import Question
    from siteplan.siting.works import Work

_NUMBERS = ("area_m2", "existing_m2", "cost_yuan", "households_served")
_OTHER = {"phase": "int64"}


def to_facilities(
    question: Question, problem: JointProblem, answer: JointAnswer, works: Sequence[Work]
) -> gpd.GeoDataFrame:
    """Return the open facilities (plans.plan.FACILITY_COLUMNS), households_served still 0.

    Parameters
    ----------
    question, problem, answer
    works : sequence of Work
        What is built of each (siting.works.works_of).

    Raises
    ------
    DataError
        If an existing facility has the id that a new one would get, whether that one is opened or not.
    """
    ids = facility_ids(question, problem.slots)
    _check_ids(question, problem, ids)
    built: dict[int, list[Work]] = {}
    for work in works:
        built.setdefault(work.slot, []).append(work)
    records = [
        _record(question, problem, ids, s, built.get(s, []), int(answer.phase[s]))
        for s in np.flatnonzero(answer.opened).tolist()
    ]
    sites = question.sites
    frame = gpd.GeoDataFrame(records, columns=[*FACILITY_COLUMNS, "geometry"], geometry="geometry", crs=sites.crs)
    frame = frame.astype(
        {name: "float64" if name in _NUMBERS else _OTHER.get(name, "str") for name in FACILITY_COLUMNS}
    )
    order = {key: k for k, key in enumerate(question.counted)}
    return frame.sort_values(
        ["community_id", "type", "id"], key=lambda c: c.map(order) if c.name == "type" else c
    ).reset_index(drop=True)


def _record(
    question: Question, problem: JointProblem, ids: Sequence[str], s: int, built: Sequence[Work], phase: int
) -> dict[str, Any]:
    """Return one facility: as it stands at the end of the last phase, with what it costs over all of them."""
    slots = problem.slots
    site = question.sites.iloc[int(slots.site[s])]
    existing, host = bool(slots.existing[s]), int(slots.host[s])
    stood = float(slots.existing_m2[s])
    key, unit, kind = question.counted[int(slots.type[s])], str(site["community_id"]), str(site["kind"])
    return {
        "id": ids[s],
        "type": key,
        "site_id": str(site["id"]),
        "site_name": str(site["name"] or ""),
        "site_kind": kind,
        "status": ("extended" if built else "existing") if existing else "new",
        "mode": mode_of(kind, new=not existing, grown=bool(built)),
        "community_id": unit,
        "township_id": "" if pd.isna(site["township_id"]) else str(site["township_id"]),
        "inside": ids[host] if host >= 0 else "",
        "space": facility_type(key).space,
        "area_m2": built[-1].area_m2 if built else stood,
        "existing_m2": stood,
        "cost_yuan": round(sum(work.cost_yuan for work in built), 2),
        "phase": 0 if existing else phase,
        "households_served": 0.0,
        "rules": ";".join(r.id for r in question.rules[unit] if key in r.types),
        "geometry": site["geometry"],
    }


def _check_ids(question: Question, problem: JointProblem, ids: Sequence[str]) -> None:
    """Refuse an existing facility that is called as a new one would be."""
    names = pd.Series(ids, dtype="str")
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


def with_served(facilities: gpd.GeoDataFrame, allocation: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return ``facilities`` with households_served: those that each of them serves."""
    served = allocation[allocation["status"] == "served"]
    total = served["households"].groupby(served["facility_id"]).sum()
    return facilities.assign(households_served=total.reindex(facilities["id"]).fillna(0.0).to_numpy(dtype=float))
