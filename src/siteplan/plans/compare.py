"""Two plans beside one another: sites, areas and cost, households gained and lost, rules and proof."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.errors import DataError
from siteplan.layers.crs import name_of
from siteplan.messages import _
from siteplan.plans.compare_rules import rule_changes
from siteplan.plans.compare_service import (
    building_changes,
    community_changes,
    homes,
    planned_types,
    service_changes,
)
from siteplan.plans.compare_sites import SAME_PLACE_M, facility_changes, type_changes
from siteplan.standards.facility_types import facility_type
from siteplan.units import PROVEN_GAP, TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from siteplan.plans.plan import Plan

STAGE_CHANGE_COLUMNS = (
    "stage", "verdict", "value_a", "value_b", "difference", "bound_a", "bound_b", "gap_a", "gap_b", "status_a",
    "status_b", "objective_a", "objective_b",
)  # fmt: skip
TOTAL_COLUMNS = ("measure", "a", "b", "difference")
ASKED_COLUMNS = ("where", "field", "a", "b")
_STRENGTHS = {"hard_unmet": "hard", "targets_unmet": "target", "aims_unmet": "soft"}
_SHORT = 12
"""Digits of a SHA-256 that are shown."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What changes from plan ``a`` to plan ``b``. Columns that end in ``_a`` and ``_b`` are of the one and the other plan.

    Parameters
    ----------
    name_a, name_b : str
        Names of the plans: those of their scenarios, told apart where they are the same.
    facilities : DataFrame, columns plans.compare_sites.FACILITY_CHANGE_COLUMNS
        Each facility: opened, closed, moved, grown, shrunk, earlier, later or kept; see :func:`~siteplan.plans.compare_sites.facility_changes`.
    types : DataFrame
        By type: number, area in m2 and cost in yuan; see :func:`~siteplan.plans.compare_sites.type_changes`.
    service : DataFrame, columns plans.compare_service.SERVICE_COLUMNS
        By community and type: households served, gained and lost; see :func:`~siteplan.plans.compare_service.service_changes`.
    communities, buildings : DataFrame, columns plans.compare_service.COMMUNITY_CHANGE_COLUMNS and BUILDING_CHANGE_COLUMNS
        All communities, and the buildings that only one plan has or that the plans see differently.
    rules : DataFrame, columns plans.compare_rules.RULE_CHANGE_COLUMNS
        Rules that either plan does not meet: newly_unmet, now_met, still_unmet, newly_asked or no_longer_asked.
    stages : DataFrame, columns STAGE_CHANGE_COLUMNS
        The values of the objectives. ``verdict``: ``b`` has a lower or higher value, the same, or ``uncertain``: the difference lies within the
        proofs' uncertainty, that is, the ranges from bound to value overlap. ``not_comparable``: of another objective; only_a, only_b.
    totals : DataFrame, columns TOTAL_COLUMNS
        Numbers of facilities, of new ones and of new sites; floor (rooms inside a host are part of it) and land, m2; cost, yuan;
        households; unmet rules.
    asked : DataFrame, columns ASKED_COLUMNS
        What the plans were asked differently: fields of the scenario, settings, and files of layers (by SHA-256).
    notes : tuple of str
        What to mind when reading, in the language in which the comparison was made.
    """

    name_a: str
    name_b: str
    facilities: pd.DataFrame
    types: pd.DataFrame
    service: pd.DataFrame
    communities: pd.DataFrame
    buildings: pd.DataFrame
    rules: pd.DataFrame
    stages: pd.DataFrame
    totals: pd.DataFrame
    asked: pd.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Return what a planner asks first: sites, cost, areas, households, rules, proof."""
        from siteplan.plans.comparison_text import comparison_text

        return comparison_text(self)


def compare(a: Plan, b: Plan) -> Comparison:
    """Compare two plans, of one study or of two editions of it.

    Parameters
    ----------
    a, b : Plan
        From ``a`` to ``b``: what only ``b`` has is opened. The other way round, opened and closed, gained and lost, now met and newly unmet change
        places; buildings that belong to another community are counted in that of the second plan.

    Returns
    -------
    Comparison

    Raises
    ------
    DataError
        If the plans are of different CRSs.
    """
    if not a.study.crs.equals(b.study.crs, ignore_axis_order=True):
        raise DataError(
            _(
                "the plans are of different CRSs: {first} and {second}",
                first=name_of(a.study.crs),
                second=name_of(b.study.crs),
            ),
            remedy=_("give both studies the same crs in study.toml, and solve again"),
        )
    planned, table = planned_types(a, b), homes(a, b)
    facilities, communities = facility_changes(a, b), community_changes(a, b, table)
    name_a, name_b = _names(a, b)
    return Comparison(
        name_a=name_a,
        name_b=name_b,
        facilities=facilities,
        types=type_changes(a, b, facilities, planned),
        service=service_changes(a, b, table, communities, planned),
        communities=communities,
        buildings=building_changes(table),
        rules=rule_changes(a, b, planned),
        stages=_stages(a, b),
        totals=_totals(a, b),
        asked=pd.DataFrame(_asked(a, b), columns=list(ASKED_COLUMNS)).astype("str"),
        notes=tuple(_notes((a, b), (name_a, name_b), planned)),
    )


def _names(a: Plan, b: Plan) -> tuple[str, str]:
    first, second = a.scenario.name, b.scenario.name
    if first != second:
        return first, second
    return _("{name} (first)", name=first), _("{name} (second)", name=second)


def _stages(a: Plan, b: Plan) -> pd.DataFrame:
    first, second = ({str(row["stage"]): row for row in plan.stages.to_dict("records")} for plan in (a, b))
    rows = []
    for name in [*first, *(name for name in second if name not in first)]:
        one, other = first.get(name), second.get(name)
        row: dict[str, Any] = {"stage": name, "verdict": _verdict(one, other)}
        for end, stage in (("a", one), ("b", other)):
            row |= {f"{key}_{end}": float(stage[key]) if stage else math.nan for key in ("value", "bound", "gap")}
            row |= {f"{key}_{end}": str(stage[key]) if stage else "" for key in ("status", "objective")}
        row["difference"] = row["value_b"] - row["value_a"] if row["verdict"] != "not_comparable" else math.nan
        rows.append(row)
    words = ("stage", "verdict", "status_a", "status_b", "objective_a", "objective_b")
    kinds = {name: "str" if name in words else "float64" for name in STAGE_CHANGE_COLUMNS}
    return pd.DataFrame(rows, columns=list(STAGE_CHANGE_COLUMNS)).astype(kinds)


def _verdict(one: Mapping[Any, Any] | None, other: Mapping[Any, Any] | None) -> str:
    """Return how the value of the second plan's stage stands to that of the first; every stage is minimised."""
    if one is None or other is None:
        return "only_b" if one is None else "only_a"
    if one["objective"] != other["objective"]:
        return "not_comparable"
    first, second = float(one["value"]), float(other["value"])
    bounds = float(one["bound"]), float(other["bound"])
    if not (math.isfinite(first) and math.isfinite(second)):
        return "uncertain"
    if abs(second - first) <= max(TOLERANCE, PROVEN_GAP * max(abs(first), abs(second))):
        return "same"
    if not max(bounds) > min(first, second):
        return "uncertain"
    return "lower" if second < first else "higher"


def _totals(a: Plan, b: Plan) -> pd.DataFrame:
    first, second = _figures(a), _figures(b)
    rows = [(name, first[name], second[name], second[name] - first[name]) for name in first]
    kinds = {name: "str" if name == "measure" else "float64" for name in TOTAL_COLUMNS}
    return pd.DataFrame(rows, columns=list(TOTAL_COLUMNS)).astype(kinds)


def _figures(plan: Plan) -> dict[str, float]:
    facilities = plan.facilities
    new = facilities["status"] == "new"
    outermost = facilities["inside"].fillna("") == ""
    floor, land = facilities["space"] == "floor", facilities["space"] == "land"
    return {
        "facilities": float(len(facilities)),
        "new_facilities": float(new.sum()),
        "new_sites": float(facilities.loc[new & (facilities["site_kind"] != "existing"), "site_id"].nunique()),
        "floor_m2": float(facilities.loc[floor & outermost, "area_m2"].sum()),
        "land_m2": float(facilities.loc[land, "area_m2"].sum()),
        "cost_yuan": float(facilities["cost_yuan"].sum()),
        "households": float(plan.demand["households"].sum()),
        **{name: float((plan.unmet["strength"] == word).sum()) for name, word in _STRENGTHS.items()},
    }


def _asked(a: Plan, b: Plan) -> Iterator[tuple[str, str, str, str]]:
    """Yield where the scenarios, the settings and the layers' files of two plans differ."""
    for where, fields in (("scenario", _scenario), ("settings", _settings), ("inputs", _inputs)):
        first, second = fields(a), fields(b)
        for key in sorted(first.keys() | second.keys()):
            one, other = first.get(key, ""), second.get(key, "")
            if one != other:
                yield where, key, one, other


def _scenario(plan: Plan) -> dict[str, str]:
    fields = dataclasses.asdict(plan.scenario)
    return {key: _said(value) for key, value in fields.items() if key not in {"name", "notes"}}


def _settings(plan: Plan) -> dict[str, str]:
    """Return the settings that the plan was made with, by ``table.key``; those of the scenario are the scenario's."""
    text = plan.provenance.get("settings")
    settings = json.loads(text) if text else plan.study.settings.model_dump(mode="json")
    return dict(_flat({key: value for key, value in settings.items() if key != "scenario"}, ""))


def _inputs(plan: Plan) -> dict[str, str]:
    hashes = {key.removeprefix("sha256:"): text for key, text in plan.provenance.items() if key.startswith("sha256:")}
    return {role: text[:_SHORT] for role, text in hashes.items()}


def _flat(value: Mapping[str, Any], head: str) -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{head}{key}.")
        else:
            yield f"{head}{key}", _said(inner)


def _said(value: object) -> str:
    """Return a value as text; "" for none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=float)


def _notes(plans: tuple[Plan, Plan], names: tuple[str, str], planned: Mapping[str, str]) -> Iterator[str]:
    """Yield what a reader has to mind."""
    for which, name in zip("ab", names, strict=True):
        alone = [facility_type(key).label for key, end in planned.items() if end == which]
        if alone:
            yield _("only {name} plans {types}: whom they serve is not compared", name=name, types=", ".join(alone))
    first, second = (plan.scenario.phase_names for plan in plans)
    if not (set(first) <= set(second) or set(second) <= set(first)):
        yield _("the phases have other names: no facility is called earlier or later")
    apart = _apart(*plans)
    if len(apart):
        yield _(
            "{n} buildings have the same id in both plans but stand elsewhere, up to {metres} m apart",
            n=len(apart),
            metres=f"{apart.max():,.0f}",
        )
    for plan, name in zip(plans, names, strict=True):
        if _other_standards(plan):
            yield _(
                "the standards of study.toml have changed since plan {name} was made: which rules it is asked is told by study.toml as it is now",
                name=name,
            )


def _other_standards(plan: Plan) -> bool:
    """Tell whether a plan says that it was made with other standards than its study has now."""
    now = plan.study.settings.standards
    made = json.loads(plan.provenance.get("settings", "{}")).get("standards")
    try:
        return made is not None and type(now).model_validate_json(json.dumps(made)) != now
    except ValueError:  # written by a version that knew other settings
        return True


def _apart(a: Plan, b: Plan) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the distances, m, of buildings that do not stand where the other plan has them."""
    first, second = (
        pd.DataFrame(
            {"x": plan.demand.geometry.x.to_numpy(), "y": plan.demand.geometry.y.to_numpy()},
            index=plan.demand["building_id"].astype(str),
        )
        for plan in (a, b)
    )
    shared = first.index.intersection(second.index)
    metres = np.hypot(*(first.loc[shared] - second.loc[shared]).to_numpy().T)
    return np.asarray(metres[metres > SAME_PLACE_M], dtype=np.float64)
