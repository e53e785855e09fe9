"""What a map page holds of a plan, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siteplan.errors import DataError, StandardsError
from siteplan.messages import LANGUAGES, _, language
from siteplan.outputs.encode import columns, rings
from siteplan.outputs.style import MAJOR_STREETS, SERVICE, STYLE, UNKNOWN_COLOUR
from siteplan.outputs.texts import basis_text, texts
from siteplan.standards.facility_types import FACILITY_TYPES

if TYPE_CHECKING:
    from siteplan.plans.plan import Plan

_FACILITY = (
    "id", "site_id", "site_name", "status", "community_id", "inside", "area_m2", "existing_m2", "cost_yuan", "phase",
    "households_served", "rules",
)  # fmt: skip
_RULE = ("document", "source", "clause", "key_phrase", "figure", "unit", "strength")
_STRENGTH_ORDER = ("hard", "target", "soft")
_NO_SPACING_M = 500.0


def page_data(plan: Plan, lang: str | None = None) -> dict[str, Any]:
    """Return everything that the page of ``plan`` shows.

    Parameters
    ----------
    plan : Plan
        Its layers in one projected CRS.
    lang : {"zh", "en"}, optional
        Language in which the page opens; None: the language spoken now.

    Returns
    -------
    dict
        Values that JSON can hold; geometry as in :func:`siteplan.outputs.encode.rings`.

    Raises
    ------
    DataError
        If the plan has no CRS, or nothing in it has a place.
    """
    types = _type_order(plan)
    bounds = _bounds(plan)
    origin = (round(bounds[0][1], 4), round(bounds[0][0], 4))
    data: dict[str, Any] = {
        "language": lang or language(),
        "texts": texts(),
        "style": STYLE,
        "head": _head(plan),
        "origin": origin,
        "bounds": bounds,
        "spacing": _spacing(plan.facilities),
        "types": [_type(key) for key in types],
        "facilities": _facilities(plan, types),
        "communities": _communities(plan, origin),
        "rules": _rules(plan),
        "unmet": _unmet(plan, types),
        "townships": _townships(plan),
        "provenance": {str(key): str(value) for key, value in plan.provenance.items()},
    }
    return data | _buildings(plan, types, origin) | _context(plan, origin)


def _bounds(plan: Plan) -> list[list[float]]:
    """Return ((south, west), (north, east)) of all that the plan is about, in degrees."""
    if plan.demand.crs is None:
        raise DataError(
            _("the plan's layers have no coordinate reference system"),
            remedy=_("solve the study again: a plan keeps the study's CRS"),
        )
    frames = [plan.demand, plan.facilities, plan.communities, _layer(plan, "boundary")]
    boxes = [frame.to_crs("EPSG:4326").total_bounds for frame in frames if frame is not None and len(frame)]
    if not boxes or not np.isfinite(boxes).all():
        raise DataError(
            _("nothing in the plan has a place on the map"),
            remedy=_("check that its buildings and sites have geometry, then solve again"),
        )
    box = np.array(boxes)
    west, south = box[:, :2].min(axis=0)
    east, north = box[:, 2:].max(axis=0)
    return [[round(float(south), 6), round(float(west), 6)], [round(float(north), 6), round(float(east), 6)]]


def _layer(plan: Plan, role: str) -> gpd.GeoDataFrame | None:
    frame = plan.study.layers.get(role)
    return None if frame is None or not len(frame) else frame.to_crs(plan.demand.crs)


def _head(plan: Plan) -> dict[str, Any]:
    gaps = plan.stages["gap"].astype(float).fillna(np.inf).to_numpy()
    worst = str(plan.stages["stage"].iloc[int(gaps.argmax())]) if len(gaps) else ""
    gap = float(plan.gap)
    return {
        "study": plan.study.name,
        "scenario": plan.scenario.name,
        "attribution": str(plan.provenance.get("attribution", "")),
        "basis": {lang: basis_text(str(plan.provenance.get("walking", "")), lang) for lang in LANGUAGES},
        "proven": bool(len(plan.stages)) and plan.proven,
        "gap": gap if np.isfinite(gap) else None,
        "worst_stage": worst,
        "stages": pd.DataFrame(columns(plan.stages, ["stage", "value", "gap", "status"])).to_dict("records"),
    }


def _type_order(plan: Plan) -> list[str]:
    used = dict.fromkeys([*plan.allocation["type"], *plan.facilities["type"]])
    return [key for key in FACILITY_TYPES if key in used] + [key for key in used if key not in FACILITY_TYPES]


def _type(key: str) -> dict[str, str]:
    known = FACILITY_TYPES.get(key)
    if known is None:
        return {
            "key": key,
            "zh": key,
            "en": key,
            "space": "floor",
            "colour": UNKNOWN_COLOUR,
            "on": "#ffffff",
            "symbol": key[:1],
        }
    shown = {"zh": known.zh, "en": known.en, "space": known.space, "colour": known.colour, "symbol": known.symbol}
    return shown | {"key": key, "on": "#ffffff"}


def _degrees(points: gpd.GeoSeries) -> dict[str, list[float]]:
    lonlat = points.to_crs("EPSG:4326")
    return {"lon": lonlat.x.round(6).tolist(), "lat": lonlat.y.round(6).tolist()}


def _facilities(plan: Plan, types: list[str]) -> dict[str, list[Any]]:
    frame = plan.facilities
    if not len(frame):
        return {}
    text = [name for name in _FACILITY if name not in ("area_m2", "existing_m2", "cost_yuan", "households_served")]
    table = columns(frame, _FACILITY)
    for name in text:
        table[name] = [value if value is not None else "" for value in table[name]]
    number = {key: k for k, key in enumerate(types)}
    return table | _degrees(frame.geometry) | {"type": [number[key] for key in frame["type"]]}


def _spacing(facilities: gpd.GeoDataFrame) -> float:
    """Return the median distance in metres from one facility site to the next."""
    places = (
        np.unique(np.column_stack([facilities.geometry.x, facilities.geometry.y]).round(1), axis=0)
        if len(facilities)
        else np.zeros((0, 2))
    )
    if len(places) <= 1:
        return _NO_SPACING_M
    metres, _row = cKDTree(places).query(places, k=[2])
    return float(np.median(metres))


def _communities(plan: Plan, origin: tuple[float, float]) -> dict[str, Any]:
    frame = plan.communities
    members = plan.members.groupby("community_id").size()
    table = columns(frame, ["id", "name", "households", "people", "size_class", "decided_by"])
    middle = frame.geometry.map(_largest_part).representative_point()
    table |= {"members": [int(members.get(key, 0)) for key in frame["id"]]} | _degrees(middle)
    table |= {"top": frame.geometry.to_crs("EPSG:4326").bounds["maxy"].round(6).tolist()}
    biggest = np.argsort(-frame["households"].fillna(0).to_numpy(dtype=float), kind="stable")
    rows = {name: [values[k] for k in biggest] for name, values in table.items()}
    return {"rows": rows, "geometry": rings(frame.geometry.iloc[biggest], origin, simplify_m=1.0)}


def _largest_part(shape: Any) -> Any:
    """Return the part of a shape in which its label belongs: of several, the one with most area."""
    return max(shape.geoms, key=lambda part: part.area) if hasattr(shape, "geoms") else shape


def _townships(plan: Plan) -> dict[str, str]:
    frame = _layer(plan, "townships")
    return (
        {}
        if frame is None
        else {str(key): str(name) for key, name in zip(frame["id"], frame["name"], strict=True) if name}
    )


def _rules(plan: Plan) -> dict[str, dict[str, Any]]:
    named = ";".join([*plan.facilities["rules"].fillna("")]).split(";")
    wanted = dict.fromkeys([*named, *plan.unmet["rule_id"], *plan.communities["decided_by"].fillna("")])
    found = {}
    for rule_id in sorted(key for key in wanted if key):
        try:
            rule = plan.study.standards.get(rule_id)
        except (StandardsError, KeyError):  # a plan read back under other profiles: its id is still shown
            continue
        if rule is not None:
            found[rule_id] = {name: getattr(rule, name) for name in _RULE}
    return found


def _unmet(plan: Plan, types: list[str]) -> dict[str, list[Any]]:
    rank = {strength: k for k, strength in enumerate(_STRENGTH_ORDER)}
    frame = plan.unmet.assign(rank=plan.unmet["strength"].map(rank)).sort_values(
        ["rank", "rule_id", "unit_id"], kind="stable"
    )
    number = {key: k for k, key in enumerate(types)}
    table = columns(frame, ["rule_id", "unit_id", "strength", "required", "achieved", "shortfall", "unit"])
    names = [str(value).replace(",", ";").split(";") if isinstance(value, str) else [] for value in frame["type"]]
    return table | {
        "type": [[number.get(name.strip(), name.strip()) for name in some if name.strip()] for some in names]
    }


def _buildings(plan: Plan, types: list[str], origin: tuple[float, float]) -> dict[str, Any]:
    """Return one table of buildings for all types: those with households first, then the others as background."""
    demand = plan.demand
    layer = _layer(plan, "buildings")
    geometry = np.array(demand.geometry.array, dtype=object)
    others = np.zeros(0, dtype=object)
    if layer is not None:
        row = pd.Index(layer["id"]).get_indexer(demand["building_id"])
        outlines = np.array(layer.geometry.array, dtype=object)
        geometry[row >= 0] = outlines[row[row >= 0]]
        others = outlines[~layer["id"].isin(demand["building_id"]).to_numpy()]
    community = pd.Index(_communities(plan, origin)["rows"]["id"]).get_indexer(demand["community_id"])
    table = {
        "id": [str(value) for value in demand["building_id"]],
        "households": demand["households"].astype(float).fillna(0).round(3).tolist(),
        "community": community.tolist(),
        "geometry": rings(gpd.GeoSeries(np.concatenate([geometry, others]), crs=demand.crs), origin, simplify_m=0.3),
    }
    return {"buildings": table, "service": _service(plan, types)}


def _service(plan: Plan, types: list[str]) -> dict[str, Any]:
    """Return, for each planned type, a code, the facility and the metres of every building of the demand."""
    building = pd.Index(plan.demand["building_id"])
    facility = pd.Index(plan.facilities["id"])
    table: dict[str, list[Any]] = {"types": [], "status": [], "facility": [], "metres": []}
    for number, key in enumerate(types):
        rows = plan.allocation[plan.allocation["type"] == key]
        if rows.empty:
            continue
        at = building.get_indexer(rows["building_id"])
        if (at < 0).any():
            raise DataError(
                _("the allocation of {type} names a building that the plan does not have", type=key),
                remedy=_("solve the study again"),
                row=str(rows["building_id"].to_numpy()[at < 0][0]),
            )
        code = np.full(len(building), "3", dtype="<U1")
        nearest = np.full(len(building), -1)
        metres = np.full(len(building), -1)
        code[at] = rows["status"].map(SERVICE).to_numpy(dtype="<U1")
        nearest[at] = facility.get_indexer(rows["facility_id"])
        metres[at] = rows["metres"].astype(float).fillna(-1).round().to_numpy(dtype=int)
        table["types"].append(number)
        table["status"].append("".join(code))
        table["facility"].append(nearest.tolist())
        table["metres"].append(metres.tolist())
    return table


def _context(plan: Plan, origin: tuple[float, float]) -> dict[str, Any]:
    """Return the study's own layers that the plan is drawn over, those that it has."""
    found: dict[str, Any] = {}
    boundary, sites = _layer(plan, "boundary"), _layer(plan, "sites")
    streets, candidates = _layer(plan, "streets"), _layer(plan, "candidates")
    if boundary is not None:
        found["boundary"] = {"geometry": rings(boundary.geometry, origin, simplify_m=2.0)}
    if sites is not None:
        found["sites"] = {
            "geometry": rings(sites.geometry, origin, simplify_m=1.0),
            "rows": columns(sites, ["id", "name", "households"]),
        }
    if streets is not None:
        kind = streets["highway"] if "highway" in streets else pd.Series("", index=streets.index)
        found["streets"] = {
            "geometry": rings(streets.geometry, origin, simplify_m=2.0),
            "major": kind.isin(MAJOR_STREETS).astype(int).tolist(),
        }
    if candidates is not None:
        names = ["id", "name", "kind", "floor_capacity_m2", "basis"]
        found["candidates"] = {
            "geometry": rings(candidates.geometry, origin, simplify_m=1.0),
            "rows": columns(candidates, names),
        }
    return found
