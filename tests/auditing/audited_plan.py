"""A small study written to files, and a plan of it made by hand, every figure of which is known by reasoning.

One street runs from west to east; every building and site stands on it, so that walks are differences of x.

    x     100   200   300   400       1000  1010   1250   1500   1600   1700
          b1    c1    b2    c5         c2    c4     e2     b3     e1     b4
    A (new, 250 households, phase 1)              B (existing, 120 households, phase 2)

Two phases. In 2026 c1 takes 400 m2 of the service centre f1 of A and its police room f2, and c5 the health station f6; in 2027 f1 grows
to 450 m2, c1 takes the square f4, and c2, of which c4 is the alternative, the street centre f5. e1 is B's own centre f3, e2 the health station
f7. A household takes half a m2 of a health station: f6 has room for 120, f7 for 140 of them. B has no police room and no square: both are unmet,
and so are the reach of the square, the health stations' room, the floor of police rooms, which the two small communities may have
together, and the share of communities with 420 m2 of rooms, which is due a phase before f1 grows.
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
    NEED_COLUMNS,
    PAYMENT_COLUMNS,
    STAGE_COLUMNS,
    UNMET_COLUMNS,
    WORK_COLUMNS,
    Plan,
)
from siteplan.plans.scenario import Fund, Phase, Scenario
from siteplan.study.study import Study, open_study

if TYPE_CHECKING:
    from pathlib import Path

CRS = "EPSG:4547"
X, Y = 500_000.0, 3_000_000.0
TYPES = ("service_centre", "police_room", "outdoor_square", "street_centre", "health_station")

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
    "C-beside": 'kind = "colocation"\ntypes = ["police_room"]\nhost = "service_centre"',
    "C-centre": 'kind = "presence"\ntypes = ["service_centre"]\nfigure = 1\nunit = "count"',
    "C-police": 'kind = "presence"\ntypes = ["police_room"]\nfigure = 1\nunit = "count"',
    "C-town": 'kind = "presence"\ntypes = ["street_centre"]\nfigure = 1\nunit = "count"\nscope = "township"',
    "C-reach": 'kind = "reach"\ntypes = ["service_centre"]\nfigure = 600\nunit = "m"',
    "C-square": 'kind = "area_floor"\ntypes = ["outdoor_square"]\nfigure = 100\nunit = "m2"',
    "C-pool": 'kind = "pooling"\ntypes = ["police_room"]\nfigure = 300\nunit = "households"',
    "C-pooled": 'kind = "area_floor"\ntypes = ["police_room"]\nfigure = 15\nunit = "m2"',
    "C-phase": 'kind = "phase"\ntypes = ["service_centre"]\nconstruction = "new"',
    "C-half": 'kind = "reach"\ntypes = ["health_station"]\nfigure = 1000\nunit = "m"\nshare = 0.5',
    "C-most": 'kind = "reach"\ntypes = ["street_centre"]\nfigure = 900\nunit = "m"\nshare = 0.9\nscope = "study"',
    "C-places": 'kind = "capacity"\ntypes = ["health_station"]\nfigure = 0.5\nunit = "m2/household"',
    "C-have": 'kind = "share"\ntypes = ["service_centre"]\nfigure = 1\nshare = 0.5\nunit = "count"\nphase = "2026"',
    "C-large": (
        'kind = "share"\ntypes = ["service_centre", "police_room"]\nfigure = 420\nshare = 0.5\nunit = "m2"\nphase = "Y1"'
    ),
    "C-apart": (
        'kind = "separation"\ntypes = ["street_centre"]\nfigure = 400\nunit = "m"\nstrength = "target"\n'
        'apart_from = ["dwellings", "service_centre"]'
    ),
    "C-water": 'kind = "separation"\ntypes = ["street_centre"]\napart_from = ["exclusion:water"]',
    "C-near": 'kind = "adjacency"\ntypes = ["outdoor_square"]\nfigure = 100\nunit = "m"',
    "C-had": 'kind = "acquisition"\ntypes = ["street_centre"]\nmodes = ["convert", "extend"]',
    "C-staff": 'kind = "staff"\nfigure = 5\nunit = "workers"',
    "C-heads": 'kind = "staff"\nfigure = 40\nunit = "households/worker"\nsubject = "heads"',
    "C-fund": 'kind = "fund"\nfigure = 10000\nunit = "yuan/year"',
    "C-party": 'kind = "fund"\nfigure = 20000\nunit = "yuan/year"\nsubject = "party"',
    "C-grid": 'kind = "grid"',
}
OFF = (
    "N-area_ratio-community_service",
    "N-reach-police_room-rural",
    "N-reach-street_centre-rural",
    "N-reach-health_station-rural",
    "N-unit_floor-street_centre",
    "N-unit_floor-outdoor_square",
    "N-unit_floor-health_station",
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
            phase=[1.0, 2.0],
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
            [at(200), at(1000), at(1900), at(1010), at(400)],
            id=["c1", "c2", "c3", "c4", "c5"],
            kind=["build", "convert", "build", "buy", "convert"],
            place=["", "西口", "", " 西口", ""],
            floor_capacity_m2=[450.0, 100.0, 500.0, 100.0, 60.0],
            land_m2=[250.0, 0.0, 0.0, 0.0, 0.0],
            storeys=[3.0, 0.0, 0.0, 0.0, 0.0],
            fixed_cost_yuan=[10_000.0, 5_000.0, 1.0, 0.0, 0.0],
            cost_per_m2_yuan=[1_000.0, 2_000.0, 1.0, 2_500.0, 500.0],
            land_cost_per_m2_yuan=[50.0, 0.0, 1.0, 0.0, 0.0],
            types=["", "street_centre", "", "", ""],
            state=["free", "required", "forbidden", "free", "free"],
        ),
        "facilities": frame(
            [at(1600), at(1250)],
            id=["e1", "e2"],
            type=["service_centre", "health_station"],
            area_m2=[400.0, 70.0],
            spare_m2=[50.0, 0.0],
            fixed_cost_yuan=[2_000.0, 0.0],
            cost_per_m2_yuan=[800.0, 0.0],
        ),
        "exclusions": frame([box(X + 950, Y + 300, X + 1050, Y + 400)], id=["x1"], kind=["water"]),
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
    body = [_rule(name, what) for name, what in (RULES | (rules or {})).items()]
    (folder / "county.toml").write_text("\n\n".join([PROFILE, *body]), encoding="utf-8")
    return open_study(folder)


def _rule(name: str, what: str) -> str:
    source = 'status = "verified"\nclause = "1"\nkey_phrase = "不低于"'
    strength = "" if "strength =" in what else 'strength = "hard"\n'
    return f'[[rule]]\nid = "{name}"\n{what}\n{strength}{source}'


def _facilities() -> gpd.GeoDataFrame:
    rows = [
        ("f1", "service_centre", "c1", "build", "new", "build", "A", "", "floor", 450.0, 0.0, 460_000.0, 1, 250.0),
        ("f2", "police_room", "c1", "build", "new", "build", "A", "f1", "floor", 20.0, 0.0, 0.0, 1, 250.0),
        ("f3", "service_centre", "e1", *["existing"] * 3, "B", "", "floor", 400.0, 400.0, 0.0, 0, 120.0),
        ("f4", "outdoor_square", "c1", "build", "new", "build", "A", "", "land", 100.0, 0.0, 5_000.0, 2, 250.0),
        ("f5", "street_centre", "c2", "convert", "new", "convert", "B", "", "floor", 100.0, 0.0, 205_000.0, 2, 370.0),
        ("f6", "health_station", "c5", "convert", "new", "convert", "A", "", "floor", 60.0, 0.0, 30_000.0, 1, 120.0),
        ("f7", "health_station", "e2", *["existing"] * 3, "B", "", "floor", 70.0, 70.0, 0.0, 0, 140.0),
    ]
    names = ["id", "type", "site_id", "site_kind", "status", "mode", "community_id", "inside", "space"]
    names += ["area_m2", "existing_m2", "cost_yuan", "phase", "households_served"]
    points = [at(200), at(200), at(1600), at(200), at(1000), at(400), at(1250)]
    frame = gpd.GeoDataFrame(pd.DataFrame(rows, columns=names), geometry=points, crs=CRS)
    frame = frame.assign(site_name="", township_id="t1", rules="")
    return frame[[*FACILITY_COLUMNS, "geometry"]]


def _works() -> pd.DataFrame:
    rows = [
        ("f1", 1, 400.0, 410_000.0),
        ("f1", 2, 450.0, 50_000.0),
        ("f2", 1, 20.0, 0.0),
        ("f4", 2, 100.0, 5_000.0),
        ("f5", 2, 100.0, 205_000.0),
        ("f6", 1, 60.0, 30_000.0),
    ]
    return pd.DataFrame(rows, columns=list(WORK_COLUMNS))


def _payments() -> pd.DataFrame:
    rows = [
        ("c1", 1, "衔接资金", 400_000.0),
        ("c1", 1, "县级", 10_000.0),
        ("c5", 1, "县级", 30_000.0),
        ("c1", 2, "衔接资金", 50_000.0),
        ("c1", 2, "新建", 5_000.0),
        ("c2", 2, "衔接资金", 145_000.0),
        ("c2", 2, "县级", 60_000.0),
    ]
    return pd.DataFrame(rows, columns=list(PAYMENT_COLUMNS))


def _needs() -> pd.DataFrame:
    rows = [
        ("A", "staff", "C-heads", 7.0, "workers"),
        ("A", "fund", "C-fund;C-party", 30_000.0, "yuan/year"),
        ("B", "staff", "C-staff", 5.0, "workers"),
        ("B", "fund", "C-fund;C-party", 30_000.0, "yuan/year"),
    ]
    return pd.DataFrame(rows, columns=list(NEED_COLUMNS))


def _allocation() -> pd.DataFrame:
    homes = {"b1": 100.0, "b2": 150.0, "b3": 50.0, "b4": 70.0}
    walks = {
        "service_centre": [("f1", 100), ("f1", 100), ("f3", 100), ("f3", 100)],
        "police_room": [("f2", 100), ("f2", 100), ("", math.nan), ("", math.nan)],
        "outdoor_square": [("f4", 100), ("f4", 100), ("f4", 1300), ("f4", 1500)],
        "street_centre": [("f5", 900), ("f5", 700), ("f5", 500), ("f5", 700)],
    }
    rows = []
    for kind, pairs in walks.items():
        for (building, households), (facility, metres) in zip(homes.items(), pairs, strict=True):
            far = kind == "outdoor_square" and metres > 500
            status = "out_of_reach" if far else "served" if facility else "none"
            rows.append((building, kind, facility, float(metres), status, households))
    rows += [
        ("b1", "health_station", "f6", 300.0, "full", 100.0),
        ("b2", "health_station", "f6", 100.0, "served", 120.0),
        ("b2", "health_station", "f7", 950.0, "served", 20.0),
        ("b2", "health_station", "f6", 100.0, "full", 10.0),
        ("b3", "health_station", "f7", 250.0, "served", 50.0),
        ("b4", "health_station", "f7", 450.0, "served", 70.0),
    ]
    return pd.DataFrame(rows, columns=list(ALLOCATION_COLUMNS))


UNMET = [
    ("C-police", "police_room", "B", "hard", 1.0, 0.0, 1.0, "facilities", 2),
    ("C-square", "outdoor_square", "B", "hard", 100.0, 0.0, 100.0, "m2", 2),
    ("C-pooled", "police_room", "pool:t1", "hard", 30.0, 20.0, 10.0, "m2", 2),
    ("C-places", "health_station", "A", "hard", 250.0, 140.0, 110.0, "households", 2),
    ("C-large", "service_centre;police_room", "study", "hard", 1.0, 0.0, 1.0, "communities", 1),
    ("N-reach-outdoor_square-rural", "outdoor_square", "B", "target", 120.0, 0.0, 120.0, "households", 2),
]

# What the plan has, of which the cost may be 2 % above the least. B has no police room: one could be set up in e1, so that its households walk
# the cutoff of 3000 m to it; no square could stand within 500 m of them, so that they walk nothing to it.
WALKS_A = 100 * (100 + 100 + 100 + 900 + 300) + 150 * (100 + 100 + 100 + 700 + 100)
WALKS_B = 50 * (100 + 3000 + 500 + 250) + 70 * (100 + 3000 + 700 + 450)
EQUITY = WALKS_B / (4 * 120)
WORTH = 700_000 + 5 * 1_000 + 0.1 * (WALKS_A + WALKS_B)
STAGES = [
    ("hard-worst", "", 1.0, 1.0, 0.0, "optimal", 0.1, 1, 1e-6),
    ("hard-sum", "", 3 + 10 / 30 + 110 / 250, 3 + 10 / 30 + 110 / 250, 0.0, "optimal", 0.1, 1, 1e-6),
    ("targets", "", 1.0, 1.0, 0.0, "optimal", 0.1, 1, 1e-6),
    ("aims", "", 0.0, 0.0, 0.0, "optimal", 0.1, 1, 1e-6),
    ("cost", "yuan", 690_000.0, 621_000.0, 0.1, "time limit", 0.1, 1, 1e-6),
    ("equity", "", EQUITY, EQUITY, 0.0, "optimal", 0.1, 1, 1e-6),
    ("backup", "", 3 * 370.0 + 100 + 50 + 70, 3 * 370.0 + 100 + 50 + 70, 0.0, "optimal", 0.1, 1, 1e-6),
    ("walking", "yuan", WORTH, WORTH, 0.0, "optimal", 0.1, 1, 1e-6),
    ("delay", "", 2 * 250.0, 2 * 250.0, 0.0, "optimal", 0.1, 1, 1e-6),
]


def make_scenario() -> Scenario:
    """Return what is asked: two phases with budgets, three funds, and a locked centre."""
    return Scenario(
        name="hand",
        types=TYPES,
        budget_yuan=700_000.0,
        max_sites=3,
        phases=(Phase(name="2026", budget_yuan=440_000.0), Phase(name="2027", budget_yuan=300_000.0)),
        funds=(
            Fund(name="衔接资金", yuan=(400_000.0, 200_000.0), resettlement="yes", townships=("t1",)),
            Fund(name="县级", yuan=(50_000.0, 100_000.0)),
            Fund(name="新建", yuan=(20_000.0,), construction="new"),
        ),
        objectives=("equity", "backup"),
        locked=("f1",),
        locked_m2={"f1": 400.0},
    )


def make_plan(study: Study) -> Plan:
    """Return the plan that the head of this file tells of."""
    demand = gpd.GeoDataFrame(
        pd.DataFrame(
            [
                ("b1", 100.0, 352.0, *[math.nan] * 5, "s1", "A"),
                ("b2", 150.0, 528.0, *[math.nan] * 5, "s1", "A"),
                ("b3", 50.0, 176.0, *[math.nan] * 5, "s2", "B"),
                ("b4", 70.0, 246.4, *[math.nan] * 5, "s2", "B"),
            ],
            columns=list(DEMAND_COLUMNS),
        ),
        geometry=[at(x) for x in (100, 300, 1500, 1700)],
        crs=CRS,
    )
    communities = gpd.GeoDataFrame(
        pd.DataFrame(
            [
                ("A", "甲", 250.0, 880.0, *[math.nan] * 5, "rural", "new", "t1", True, False, 1, "", ""),
                ("B", "乙", 120.0, 422.4, *[math.nan] * 5, "rural", "existing", "t1", True, False, 2, "", ""),
            ],
            columns=list(COMMUNITY_COLUMNS),
        ),
        geometry=[at(200), at(1600)],
        crs=CRS,
    )
    return Plan(
        study=study,
        scenario=make_scenario(),
        facilities=_facilities(),
        works=_works(),
        payments=_payments(),
        needs=_needs(),
        demand=demand,
        allocation=_allocation(),
        communities=communities,
        members=pd.DataFrame(
            [("s1", "A", "", 0.0, "given"), ("s2", "B", "", 0.0, "given")], columns=list(MEMBER_COLUMNS)
        ),
        unmet=pd.DataFrame(UNMET, columns=list(UNMET_COLUMNS)),
        recorded=pd.DataFrame(study.standards.recorded()),
        stages=pd.DataFrame(STAGES, columns=list(STAGE_COLUMNS)),
        provenance={
            f"sha256:{role}": file_sha256(study.folder / source.path) for role, source in study.layers.sources.items()
        },
    )
