"""A small plan made by hand, of real layers and rules, for the tests of outputs."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from shapely.geometry import LineString, Point, Polygon, box

from siteplan.layers.collection import Layers
from siteplan.plans.plan import NEED_COLUMNS, PAYMENT_COLUMNS, RECORDED_COLUMNS, WORK_COLUMNS, Plan
from siteplan.plans.scenario import Scenario
from siteplan.standards.library import Standards
from siteplan.standards.rule import Rule
from siteplan.study.settings import Settings, StudySettings
from siteplan.study.study import Study

METRIC = "EPSG:4544"
TYPES = ("service_centre", "police_room", "childrens_home", "health_station")
REACH_M = {"service_centre": 420.0, "police_room": 600.0, "childrens_home": 350.0, "health_station": 500.0}
HOSTILE = '</script><script>alert("1")</script><img src=x onerror=alert(2)> & \'quoted\' "twice" \u2028 https://evil.example/x.js'
NAMES = ("幸福社区", "新安社区", "和谐社区", "团结社区")
UNKNOWN = dict.fromkeys(("registered", "relocated", "resident"), float("nan"))
"""Kinds of people that no layer counts."""
WEST, SOUTH = 549_000.0, 2_898_000.0
DOCUMENT = "000_216eebc3dad62e89.txt"


def _rule(rule_id, kind, types, figure, unit, phrase, **more):
    return Rule(
        id=rule_id, kind=kind, types=types, figure=figure, unit=unit, document=DOCUMENT, clause="二(七)", key_phrase=phrase,
        status="verified", strength=more.pop("strength", "hard"), **more,
    )  # fmt: skip


RULES = (
    _rule("S0-12", "area_ratio", ("service_centre",), 32.0, "m2/100hh", "每百户不低于32平方米"),
    _rule("S0-14", "area_floor", ("service_centre",), 400.0, "m2", "不得低于400平方米"),
    _rule("S0-15", "unit_floor", ("childrens_home",), 40.0, "m2", "不少于40平方米"),
)


def _centres(communities):
    return [(WEST + 1_100 * (k % 2) + 500, SOUTH + 1_000 * (k // 2) + 450) for k in range(communities)]


def _layers(buildings_each, name):
    outlines, ids, community, lines, classes = [], [], [], [], []
    side = int(np.ceil(np.sqrt(buildings_each)))
    step = 800 / side
    for c, (x, y) in enumerate(_centres(4)):
        for k in range(buildings_each):
            west, south = x - 400 + step * (k % side), y - 400 + step * (k // side)
            width = step * 0.55
            outlines.append(
                Polygon(
                    [
                        (west, south),
                        (west + width, south + step / 9),
                        (west + width, south + width),
                        (west, south + width),
                    ]
                )
            )
            ids.append(f"b{c}-{k}")
            community.append(f"c{c}")
        lines += [LineString([(x - 430, y + d), (x + 430, y + d)]) for d in (-420, -140, 140, 420)]
        lines += [LineString([(x + d, y - 430), (x + d, y + 430)]) for d in (-430, 0, 430)]
        classes += ["residential"] * 6 + ["secondary"]
    sheds = [box(WEST + 1_020 + 12 * k, SOUTH + 60, WEST + 1_028 + 12 * k, SOUTH + 70) for k in range(5)]
    buildings = gpd.GeoDataFrame(
        {"id": [*ids, *(f"shed{k}" for k in range(5))], "community_id": [*community, *["c0"] * 5]},
        geometry=[*outlines, *sheds],
        crs=METRIC,
    )
    areas = [box(x - 460, y - 450, x + 460, y + 450) for x, y in _centres(4)]
    vectors = {
        "boundary": gpd.GeoDataFrame(
            {"id": ["county"], "name": ["county"]}, geometry=[box(WEST - 150, SOUTH - 150, WEST + 2_250, SOUTH + 2_050)], crs=METRIC
        ),
        "sites": gpd.GeoDataFrame(
            {"id": [f"s{k}" for k in range(4)], "name": [name or n + "安置点" for n in NAMES], "households": [float(buildings_each)] * 4},
            geometry=[area.buffer(-20) for area in areas], crs=METRIC,
        ),
        "buildings": buildings,
        "streets": gpd.GeoDataFrame({"id": [f"w{k}" for k in range(len(lines))], "highway": classes}, geometry=lines, crs=METRIC),
        "candidates": gpd.GeoDataFrame(
            {"id": ["k0"], "name": [name or "闲置小学"], "kind": ["convert"], "floor_capacity_m2": [900.0], "basis": ["assumed"]},
            geometry=[Point(WEST + 900, SOUTH + 1_800)], crs=METRIC,
        ),
    }  # fmt: skip
    return Layers(crs=CRS(METRIC), vectors=vectors), areas


def _facilities(name):
    rows, points = [], []
    for c, (x, y) in enumerate(_centres(4)):
        types = TYPES if c < 3 else TYPES[:1]
        for type_ in types:
            status = (
                "extended"
                if (c, type_) == (1, "service_centre")
                else "existing"
                if type_ == "health_station"
                else "new"
            )
            area, old = {"service_centre": (400.0, 0.0), "childrens_home": (40.0, 0.0)}.get(type_, (60.5, 0.0))
            old = area if status == "existing" else 150.0 if status == "extended" else old
            at = (x - 150, y + 120) if type_ == "health_station" else (x + 60 - 200 * (c == 3), y)
            rows.append({
                "id": f"f-{type_}-{c}", "type": type_, "site_id": f"k{c}", "site_name": name or f"{NAMES[c]}综合楼", "site_kind": "build",
                "status": status, "community_id": f"c{c}", "township_id": "t0", "space": "floor", "area_m2": area, "existing_m2": old,
                "inside": f"f-service_centre-{c}" if type_ in ("police_room", "childrens_home") else "",
                "mode": "existing" if status == "existing" else "extend" if status == "extended" else "build",
                "cost_yuan": (area - old) * 2_600.0, "phase": 0 if old else 1, "households_served": 0.0,
                "rules": {"service_centre": "S0-12;S0-14", "childrens_home": "S0-15"}.get(type_, ""),
            })  # fmt: skip
            points.append(Point(at))
    return gpd.GeoDataFrame(rows, geometry=points, crs=METRIC)


def _allocation(demand, facilities):
    found = []
    for type_ in TYPES:
        for community, rows in demand.groupby("community_id"):
            own = facilities[(facilities["type"] == type_) & (facilities["community_id"] == community)]
            one = {
                "building_id": rows["building_id"],
                "type": type_,
                "facility_id": "",
                "metres": np.nan,
                "status": "none",
                "households": 6.0,
            }
            if len(own):
                metres = rows.distance(own.geometry.iloc[0]) * 1.3
                status = np.where(metres <= REACH_M[type_], "served", "out_of_reach")
                one |= {"facility_id": own["id"].iloc[0], "metres": metres, "status": status}
            found.append(pd.DataFrame(one))
    return pd.concat(found, ignore_index=True)


def handmade_plan(buildings_each=60, *, name=""):
    """Return a plan of four communities; ``name``, if any, stands for every name in its layers."""
    layers, areas = _layers(buildings_each, name)
    outlines = layers.vectors["buildings"].iloc[: 4 * buildings_each]
    demand = gpd.GeoDataFrame(
        {
            "building_id": outlines["id"], "households": 6.0, "people": 21.1, **UNKNOWN, "elderly": 3.0, "children": 4.0,
            "site_id": outlines["community_id"].str.replace("c", "s"), "community_id": outlines["community_id"],
        },
        geometry=outlines.centroid, crs=METRIC,
    )  # fmt: skip
    facilities = _facilities(name)
    allocation = _allocation(demand, facilities)
    households = allocation[allocation["status"] == "served"].groupby("facility_id").size() * 6.0
    facilities["households_served"] = facilities["id"].map(households).fillna(0.0).astype(float)
    communities = gpd.GeoDataFrame(
        {
            "id": [f"c{k}" for k in range(4)], "name": [name or n for n in NAMES], "households": 6.0 * buildings_each,
            "people": 21.1 * buildings_each, **UNKNOWN, "elderly": 0.0, "children": 0.0,
            "setting": "rural", "construction": "new", "township_id": "t0",
            "resettlement": True, "key": False, "phase": 1, "size_class": "B", "decided_by": "S0-12",
        },
        geometry=areas, crs=METRIC,
    )  # fmt: skip
    unmet = pd.DataFrame(
        [
            ("S0-15", "childrens_home", "c3", "soft", 40.0, 0.0, 40.0, "m2", 1),
            ("S0-14", "service_centre", "c3", "hard", 400.0, 320.0, 80.0, "m2", 1),
            ("S0-12", "service_centre;police_room", name or "t0", "target", 2.0, 1.0, 1.0, "facilities", 1),
        ],
        columns=["rule_id", "type", "unit_id", "strength", "required", "achieved", "shortfall", "unit", "phase"],
    )
    stages = pd.DataFrame(
        [
            ("hard-worst", "o", 0.2, 0.2, 0.0, "optimal", 0.1, 1, 0.0),
            ("cost", "o", 3.1e6, 3.07e6, 0.0096, "feasible", 9.0, 1, 0.0),
        ],
        columns=["stage", "objective", "value", "bound", "gap", "status", "seconds", "components", "tolerance"],
    )
    members = pd.DataFrame(
        {
            "site_id": [f"s{k}" for k in range(4)],
            "community_id": [f"c{k}" for k in range(4)],
            "decided_by": "S0-12",
            "metres": 0.0,
            "basis": "network",
        }
    )
    return Plan(
        study=Study(
            folder=Path("handmade"), settings=Settings(study=StudySettings(name=name or "示范县"), layers={}),
            layers=layers, standards=Standards(profiles=(), rules=RULES),
        ),
        scenario=Scenario(name=name or "base", types=TYPES), facilities=facilities, works=pd.DataFrame(columns=list(WORK_COLUMNS)),
        payments=pd.DataFrame(columns=list(PAYMENT_COLUMNS)), needs=pd.DataFrame(columns=list(NEED_COLUMNS)), demand=demand, allocation=allocation,
        communities=communities, members=members, unmet=unmet, recorded=pd.DataFrame(columns=list(RECORDED_COLUMNS)), stages=stages,
        provenance={"walking": "straight line x 1.3", "note": name or "handmade", "attribution": name or "© OpenStreetMap contributors"},
    )  # fmt: skip
