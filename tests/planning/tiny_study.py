"""Tiny studies written to real files, of which the right plan is known by reasoning, and the check of a plan against it.

Streets form a grid: horizontal ones at y = 0 and 500, vertical ones at every 500 m from x = 0 to 3000. Two communities lie
side by side, A west of x = 1000 and B east of it (where somebody lives). Everything stands on a street, so that a walk is |dx| + |dy| between
points on crossing streets. National rules are switched off but for those that a test keeps, so that a study has only the
rules that the test writes into the planner's own profile.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import LineString, Point, box

from siteplan.auditing.audit import audit
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Scenario
from siteplan.standards.library import load_standards
from siteplan.study.study import Study, open_study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from siteplan.plans.plan import Plan

CRS = "EPSG:4547"
X, Y = 500_000.0, 3_000_000.0
WEST, MIDDLE, EAST, LOW, HIGH = -60.0, 1000.0, 3060.0, -60.0, 560.0

PROFILE = """[profile]
name = "county"
title_zh = "示范县"
title_en = "A county"
document = "county.txt"
authority = 2
"""


def at(x: float, y: float = 0.0) -> Point:
    """Return the point ``x`` metres east and ``y`` north of the grid's corner."""
    return Point(X + x, Y + y)


def rule(name: str, kind: str, types: str, figure: float | None = None, unit: str = "-", **more: Any) -> dict[str, Any]:
    """Return one rule of the planner's profile; ``types`` are separated by spaces; hard unless said otherwise."""
    usual = {"strength": "hard", "status": "verified", "clause": "第一条", "key_phrase": "不低于"}
    figures = {} if figure is None else {"figure": float(figure)}
    return {"id": name, "kind": kind, "types": types.split(), "unit": unit} | figures | usual | more


def centre(figure: float, **more: Any) -> dict[str, Any]:
    """Return a hard ratio of the service centre, m2 per 100 households."""
    return rule("K-ratio", "area_ratio", "service_centre", figure, "m2/100hh", **more)


def one(type_: str, **more: Any) -> dict[str, Any]:
    """Return a hard rule: one ``type_`` in each community."""
    return rule(f"K-{type_}", "presence", type_, 1, "count", **more)


def least(type_: str, m2: float, **more: Any) -> dict[str, Any]:
    """Return a hard rule: each ``type_`` has at least ``m2``."""
    return rule(f"K-{type_}-size", "unit_floor", type_, m2, "m2", **more)


def reach(type_: str, metres: float, **more: Any) -> dict[str, Any]:
    """Return a hard rule: every household is within ``metres`` of a ``type_``."""
    return rule(f"K-{type_}-reach", "reach", type_, metres, "m", **more)


def inside(type_: str, host: str = "service_centre", **more: Any) -> dict[str, Any]:
    """Return a hard rule: each ``type_`` is a room inside a ``host``."""
    return rule(f"K-{type_}-inside", "inside", type_, host=host, **more)


def house(name: str, x: float, households: float, y: float = 0.0) -> dict[str, Any]:
    """Return a building."""
    return {"id": name, "households": float(households), "geometry": at(x, y)}


def place(name: str, x: float, y: float = 0.0, **more: Any) -> dict[str, Any]:
    """Return a candidate: 1000 m2 of floor at 1000 yuan/m2 unless said otherwise."""
    usual = {"kind": "build", "floor_capacity_m2": 1000.0, "cost_per_m2_yuan": 1000.0}
    return {"id": name} | usual | more | {"geometry": at(x, y)}


def standing(name: str, type_: str, x: float, area: float, y: float = 0.0, **more: Any) -> dict[str, Any]:
    """Return an existing facility."""
    return {"id": name, "type": type_, "area_m2": float(area)} | more | {"geometry": at(x, y)}


def _frame(rows: Sequence[dict[str, Any]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry="geometry", crs=CRS)


def _streets() -> gpd.GeoDataFrame:
    lines = [LineString([at(x, y) for x in range(0, 3001, 500)]) for y in (0, 500)]
    lines += [LineString([at(x, 0), at(x, 500)]) for x in range(0, 3001, 500)]
    rows = [{"id": f"w{n}", "highway": "residential", "geometry": line} for n, line in enumerate(lines)]
    return _frame(rows)


def _communities(
    about: Mapping[str, Any],
    each: Mapping[str, Mapping[str, Any]],
    townships: tuple[str, str],
    buildings: Sequence[dict[str, Any]],
) -> gpd.GeoDataFrame:
    """Return the communities that hold a building."""
    usual = {"setting": "rural", "construction": "new", "resettlement": True, "key": False, "phase": 1.0} | about
    areas = [box(X + WEST, Y + LOW, X + MIDDLE, Y + HIGH), box(X + MIDDLE, Y + LOW, X + EAST, Y + HIGH)]
    rows = [{"id": name, "name": name, "township_id": town, "geometry": area} | usual | each.get(name, {})
            for name, town, area in zip("AB", townships, areas, strict=True)
            if any(area.contains(building["geometry"]) for building in buildings)]  # fmt: skip
    return _frame(rows)


def _townships(budgets: Mapping[str, float | None]) -> gpd.GeoDataFrame:
    area = box(X + WEST, Y + LOW, X + EAST, Y + HIGH)
    return _frame(
        [{"id": name, "name": name, "budget_yuan": limit, "geometry": area} for name, limit in budgets.items()]
    )


def _toml(table: str, values: Mapping[str, Any]) -> str:
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([table, *lines])


def _overrides(kept: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return study.toml's tables that switch off every modelled national rule but those kept, which they change."""
    off = {"off": True, "reason": "this study has the planner's rules only"}
    national = [r.id for r in load_standards([]).rules if r.modelled]
    return [_toml(f'[standards.rules."{name}"]', kept.get(name, off)) for name in national]


def write_study(
    folder: Path,
    *,
    rules: Sequence[dict[str, Any]],
    buildings: Sequence[dict[str, Any]],
    candidates: Sequence[dict[str, Any]] = (),
    facilities: Sequence[dict[str, Any]] = (),
    exclusions: Sequence[dict[str, Any]] = (),
    about: Mapping[str, Any] | None = None,
    each: Mapping[str, Mapping[str, Any]] | None = None,
    townships: tuple[str, str] = ("T", "T"),
    budgets: Mapping[str, float | None] | None = None,
    national: Mapping[str, Mapping[str, Any]] | None = None,
    cutoff_m: float = 3000.0,
) -> Study:
    """Write a study folder (GeoPackage, GeoJSON, study.toml, the planner's profile) and open it from there.

    Parameters
    ----------
    about : mapping, optional
        Attributes of both communities instead of rural, new, resettlement, not key and phase 1.
    each : mapping of community to attributes, optional
        Those of one of them.
    exclusions : sequence, optional
        Writes a layer of exclusions.
    townships : (str, str)
        Townships of A and of B.
    candidates : sequence, optional
        Without any, the layer holds one that is forbidden; without the layer, candidates would be looked for.
    budgets : mapping of township to yuan, optional
        Writes a layer of townships.
    national : mapping of rule id to override, optional
        National rules that stay on, with what study.toml changes in them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    layers = {
        "communities": _communities(about or {}, each or {}, townships, buildings),
        "buildings": _frame(buildings),
        "streets": _streets(),
    }
    layers["candidates"] = _frame(candidates or [place("barred", 0, state="forbidden")])
    if facilities:
        layers["facilities"] = _frame(facilities)
    if exclusions:
        layers["exclusions"] = _frame(exclusions)
    text = [_toml("[study]", {"name": "tiny", "crs": CRS}), _toml("[access]", {"cutoff_m": cutoff_m})]
    for role, frame in layers.items():
        frame.to_file(folder / "layers.gpkg", layer=role, driver="GPKG")
        text.append(_toml(f"[layers.{role}]", {"path": "layers.gpkg", "layer": role}))
    if budgets:
        _townships(budgets).to_crs(4490).to_file(folder / "townships.geojson", driver="GeoJSON")
        text.append(_toml("[layers.townships]", {"path": "townships.geojson"}))
    text.append(_toml("[standards]", {"profiles": ["county"], "files": ["county.toml"]}))
    text += _overrides(national or {})
    (folder / "study.toml").write_text("\n\n".join(text), encoding="utf-8")
    profile = "\n\n".join([PROFILE, *(_toml("[[rule]]", entry) for entry in rules)])
    (folder / "county.toml").write_text(profile, encoding="utf-8")
    return open_study(folder)


def check_plan(
    study: Study,
    scenario: Scenario | None = None,
    *,
    previous: Plan | None = None,
    facilities: Mapping[tuple[str, str], float],
    cost: float,
    unmet: Mapping[tuple[str, str], tuple[float, float]] | None = None,
) -> Plan:
    """Solve the study at the least cost and hold the plan to what is known: what is open and how large, the cost, what is unmet.

    Parameters
    ----------
    previous : Plan, optional
        The plan that is revised.
    facilities : mapping of (type, site) to m2
        Every open facility.
    cost : float
        Yuan in all.
    unmet : mapping of (rule, unit) to (required, achieved)
        Every rule that is not met; none by default.

    Returns
    -------
    Plan
        Every stage of it proven, and its audit without disagreement.
    """
    plan = solve(study, (scenario or Scenario()).but(cost_slack=0.0), previous=previous)
    found = {(row.type, row.site_id): row.area_m2 for row in plan.facilities.itertuples()}
    assert len(found) == len(plan.facilities)
    assert found == pytest.approx(dict(facilities), abs=1e-3)
    assert plan.facilities["cost_yuan"].sum() == pytest.approx(cost, rel=1e-5, abs=0.5)
    listed = {(row.rule_id, row.unit_id): (row.required, row.achieved) for row in plan.unmet.itertuples()}
    assert set(listed) == set(unmet or {})
    for key, figures in (unmet or {}).items():
        assert listed[key] == pytest.approx(figures, rel=1e-5)
    assert plan.unmet["shortfall"].to_numpy() == pytest.approx(
        (plan.unmet["required"] - plan.unmet["achieved"]).to_numpy()
    )
    assert plan.stages["stage"].tolist() == stages_of(plan, previous)
    assert plan.proven
    assert math.isclose(plan.gap, 0.0, abs_tol=1e-5)
    found_by_audit = audit(plan)
    assert found_by_audit.disagreements() == []
    assert found_by_audit.hard_failed == (plan.unmet["strength"] == "hard").sum() - _closed(plan)
    return plan


def stages_of(plan: Plan, previous: Plan | None) -> list[str]:
    """Return the stages that a plan has, in order."""
    asked = [name for name in ("equity", "backup") if name in plan.scenario.objectives]
    changes = [] if previous is None else ["changes"]
    delay = ["delay"] if plan.scenario.n_phases > 1 else []
    return ["hard-worst", "hard-sum", *changes, "targets", "aims", "cost", *asked, "walking", *delay]


def _closed(plan: Plan) -> int:
    """Return how many required sites stayed closed: the plan lists them as hard, but they are no rule of a profile."""
    return int((plan.unmet["rule_id"] == "scenario:required").sum())


def stage(plan: Plan, name: str) -> float:
    """Return the value of one stage of a plan."""
    return float(plan.stages.set_index("stage")["value"][name])
