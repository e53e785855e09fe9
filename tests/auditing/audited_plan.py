"""A small study written to files, and a plan of it made by hand, every figure of which is known by reasoning.

One street runs from west to east; every building and site stands on it, so that walks are differences of x.

    x     100   200   300        1000        1500   1600   1700
          b1    c1    b2          c2          b3     e1     b4
    A (new, 250 households)                   B (existing, 120 households)

c1 takes the service centre f1 of A, its police room f2 and the square f4; c2 the street centre f5; e1 is B's own centre
f3. B has no police room and no square: both are unmet, and so is the reach of the square.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
from shapely import LineString, Point, box

from siteplan.layers.collection import file_sha256
from siteplan.plans.plan import (
    ALLOCATION_COLUMNS,
    COMMUNITY_COLUMNS,
    DEMAND_COLUMNS,
    FACILITY_COLUMNS,
    MEMBER_COLUMNS,
    STAGE_COLUMNS,
    UNMET_COLUMNS,
    Plan,
)
from siteplan.plans.scenario import Scenario
from siteplan.study.study import Study, open_study

if TYPE_CHECKING:
    from pathlib import Path

CRS = "EPSG:4547"
X, Y = 500_000.0, 3_000_000.0
TYPES = ("service_centre", "police_room", "outdoor_square", "street_centre")

PROFILE = """
[profile]
name = "county"
title_zh = "示范县"
title_en = "A county"
document = "county.txt"
"""
RULES = {
    "C-ratio": 'kind = "area_ratio"\ntypes = ["service_centre"]\nfigure = 32\nunit = "m2/100hh"\nconstruction = "new"',
    "C-total": 'kind = "area_ratio"\ntypes = ["service_centre", "police_room"]\nfigure = 30\nunit = "m2/100hh"',
    "C-floor": 'kind = "area_floor"\ntypes = ["service_centre"]\nfigure = 400\nunit = "m2"',
    "C-room": 'kind = "unit_floor"\ntypes = ["police_room"]\nfigure = 20\nunit = "m2"',
    "C-inside": 'kind = "inside"\ntypes = ["police_room"]\nhost = "service_centre"',
    "C-centre": 'kind = "presence"\ntypes = ["service_centre"]\nfigure = 1\nunit = "count"',
    "C-police": 'kind = "presence"\ntypes = ["police_room"]\nfigure = 1\nunit = "count"',
    "C-town": 'kind = "presence"\ntypes = ["street_centre"]\nfigure = 1\nunit = "count"\nscope = "township"',
    "C-reach": 'kind = "reach"\ntypes = ["service_centre"]\nfigure = 600\nunit = "m"',
    "C-square": 'kind = "area_floor"\ntypes = ["outdoor_square"]\nfigure = 100\nunit = "m2"',
    "C-fund": 'kind = "fund"\nfigure = 10000\nunit = "yuan/year"',
}
OFF = (
    "N-area_ratio-community_service",
    "N-reach-police_room-rural",
    "N-reach-street_centre-rural",
    "N-unit_floor-street_centre",
    "N-unit_floor-outdoor_square",
)


def at(x: float, y: float = 0.0) -> Point:
    """Return the point ``x`` metres along the street and ``y`` beside it."""
    return Point(X + x, Y + y)


def _layers() -> dict[str, gpd.GeoDataFrame]:
    def frame(points: list[object], **columns: list[object]) -> gpd.GeoDataFrame:
        return gpd.GeoDataFrame(columns, geometry=points, crs=CRS)

    return {
        "sites": frame(
            [box(X, Y - 50, X + 400, Y + 50), box(X + 1400, Y - 50, X + 1800, Y + 50)],
            id=["s1", "s2"],
            name=["甲", "乙"],
            households=[250.0, 120.0],
            setting=["rural", "rural"],
            construction=["new", "existing"],
            township_id=["t1", "t1"],
        ),
        "townships": frame([box(X - 100, Y - 500, X + 2100, Y + 500)], id=["t1"], name=["丙"], budget_yuan=[1e6]),
        "buildings": frame(
            [box(X + x - 5, Y - 5, X + x + 5, Y + 5) for x in (100, 300, 1500, 1700)],
            id=["b1", "b2", "b3", "b4"],
            households=[100.0, 150.0, None, None],
            floors=[5.0, 5.0, 5.0, 7.0],
            site_id=["s1", "s1", "s2", "s2"],
        ),
        "streets": frame([LineString([at(0), at(2000)])], id=["w1"], highway=["residential"]),
        "candidates": frame(
            [at(200), at(1000), at(1900)],
            id=["c1", "c2", "c3"],
            kind=["build", "convert", "build"],
            floor_capacity_m2=[450.0, 100.0, 500.0],
            land_m2=[250.0, 0.0, 0.0],
            storeys=[3.0, 0.0, 0.0],
            fixed_cost_yuan=[10_000.0, 5_000.0, 1.0],
            cost_per_m2_yuan=[1_000.0, 2_000.0, 1.0],
            land_cost_per_m2_yuan=[50.0, 0.0, 1.0],
            types=["", "street_centre", ""],
            state=["free", "required", "forbidden"],
        ),
        "facilities": frame(
            [at(1600)],
            id=["e1"],
            type=["service_centre"],
            area_m2=[400.0],
            spare_m2=[50.0],
            cost_per_m2_yuan=[800.0],
        ),
    }


def write_study(folder: Path, rules: dict[str, str] | None = None, **layers: gpd.GeoDataFrame) -> Study:
    """Write the study, with more ``rules`` and other ``layers``, to ``folder`` and open it from there."""
    folder.mkdir(parents=True, exist_ok=True)
    text = [f'[study]\nname = "hand"\ncrs = "{CRS}"\nsetting = "rural"']
    for role, frame in (_layers() | layers).items():
        frame.to_file(folder / f"{role}.gpkg", layer=role, driver="GPKG")
        text.append(f'[layers.{role}]\npath = "{role}.gpkg"')
    text.append('[standards]\nprofiles = ["county"]\nfiles = ["county.toml"]')
    text += [f'[standards.rules."{rule}"]\noff = true\nreason = "not in this test"' for rule in OFF]
    (folder / "study.toml").write_text("\n\n".join(text), encoding="utf-8")
    source = 'strength = "hard"\nstatus = "verified"\nclause = "1"\nkey_phrase = "不低于"'
    body = [f'[[rule]]\nid = "{name}"\n{what}\n{source}' for name, what in (RULES | (rules or {})).items()]
    (folder / "county.toml").write_text("\n\n".join([PROFILE, *body]), encoding="utf-8")
    return open_study(folder)


def _facilities() -> gpd.GeoDataFrame:
    rows = [
        ("f1", "service_centre", "c1", "build", "new", "A", "", "floor", 450.0, 0.0, 460_000.0, 250.0),
        ("f2", "police_room", "c1", "build", "new", "A", "f1", "floor", 20.0, 0.0, 0.0, 250.0),
        ("f3", "service_centre", "e1", "existing", "existing", "B", "", "floor", 400.0, 400.0, 0.0, 120.0),
        ("f4", "outdoor_square", "c1", "build", "new", "A", "", "land", 100.0, 0.0, 5_000.0, 250.0),
        ("f5", "street_centre", "c2", "convert", "new", "B", "", "floor", 100.0, 0.0, 205_000.0, 370.0),
    ]
    names = ["id", "type", "site_id", "site_kind", "status", "community_id", "inside", "space"]
    names += ["area_m2", "existing_m2", "cost_yuan", "households_served"]
    points = [at(200), at(200), at(1600), at(200), at(1000)]
    frame = gpd.GeoDataFrame(pd.DataFrame(rows, columns=names), geometry=points, crs=CRS)
    frame = frame.assign(site_name="", township_id="t1", phase=1, rules="")
    return frame[[*FACILITY_COLUMNS, "geometry"]]


def _allocation() -> pd.DataFrame:
    walks = {
        "service_centre": [("f1", 100), ("f1", 100), ("f3", 100), ("f3", 100)],
        "police_room": [("f2", 100), ("f2", 100), ("", math.nan), ("", math.nan)],
        "outdoor_square": [("f4", 100), ("f4", 100), ("f4", 1300), ("f4", 1500)],
        "street_centre": [("f5", 900), ("f5", 700), ("f5", 500), ("f5", 700)],
    }
    rows = []
    for kind, pairs in walks.items():
        for building, (facility, metres) in zip(("b1", "b2", "b3", "b4"), pairs, strict=True):
            far = kind == "outdoor_square" and metres > 500
            rows.append(
                (building, kind, facility, float(metres), "out_of_reach" if far else "served" if facility else "none")
            )
    return pd.DataFrame(rows, columns=list(ALLOCATION_COLUMNS))


def make_plan(study: Study) -> Plan:
    """Return the plan that the head of this file tells of."""
    demand = gpd.GeoDataFrame(
        pd.DataFrame(
            [
                ("b1", 100.0, 352.0, math.nan, math.nan, "s1", "A"),
                ("b2", 150.0, 528.0, math.nan, math.nan, "s1", "A"),
                ("b3", 50.0, 176.0, math.nan, math.nan, "s2", "B"),
                ("b4", 70.0, 246.4, math.nan, math.nan, "s2", "B"),
            ],
            columns=list(DEMAND_COLUMNS),
        ),
        geometry=[at(x) for x in (100, 300, 1500, 1700)],
        crs=CRS,
    )
    communities = gpd.GeoDataFrame(
        pd.DataFrame(
            [
                ("A", "甲", 250.0, 880.0, math.nan, math.nan, "rural", "new", "t1", True, False, "", ""),
                ("B", "乙", 120.0, 422.4, math.nan, math.nan, "rural", "existing", "t1", True, False, "", ""),
            ],
            columns=list(COMMUNITY_COLUMNS),
        ),
        geometry=[at(200), at(1600)],
        crs=CRS,
    )
    unmet = [
        ("C-police", "police_room", "B", "hard", 1.0, 0.0, 1.0, "facilities"),
        ("C-square", "outdoor_square", "B", "hard", 100.0, 0.0, 100.0, "m2"),
        ("N-reach-outdoor_square-rural", "outdoor_square", "B", "target", 120.0, 0.0, 120.0, "households"),
    ]
    stages = [
        ("hard-worst", "", 1.0, 1.0, 0.0, "optimal", 0.1, 1, 1e-6),
        ("cost", "yuan", 670_000.0, 603_000.0, 0.1, "time limit", 0.1, 1, 1e-6),
    ]
    return Plan(
        study=study,
        scenario=Scenario(name="hand", types=TYPES, budget_yuan=670_000.0, max_sites=2),
        facilities=_facilities(),
        demand=demand,
        allocation=_allocation(),
        communities=communities,
        members=pd.DataFrame(
            [("s1", "A", "", 0.0, "given"), ("s2", "B", "", 0.0, "given")], columns=list(MEMBER_COLUMNS)
        ),
        unmet=pd.DataFrame(unmet, columns=list(UNMET_COLUMNS)),
        recorded=pd.DataFrame(study.standards.recorded()),
        stages=pd.DataFrame(stages, columns=list(STAGE_COLUMNS)),
        provenance={
            f"sha256:{role}": file_sha256(study.folder / source.path) for role, source in study.layers.sources.items()
        },
    )
