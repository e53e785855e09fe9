"""Random tiny studies, made in memory: two to four communities along a street, with the rules of a real profile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS
from shapely import LineString, Point, box

from siteplan.layers.collection import Layers
from siteplan.layers.roles import ROLES
from siteplan.plans.scenario import Fund, Phase, Scenario
from siteplan.standards.library import Standards, load_standards
from siteplan.standards.rule import Rule
from siteplan.study.settings import Settings
from siteplan.study.study import Study

METRIC = CRS.from_epsg(4547)
X, Y, WIDE, DEEP = 500_000.0, 3_000_000.0, 600.0, 300.0
PROFILES = ("p000", "p002", "p004")
STANDING = (
    "service_centre", "police_room", "health_station", "outdoor_square", "elderly_care", "library", "legal_point",
    "parcel_point",
)  # fmt: skip
_TYPES = {"text": "str", "number": "float64", "flag": "bool"}


def layer(role: str, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """Return a layer with every column of its role, as one that was read would be."""
    columns = {column.name: column for column in ROLES[role].columns}
    frame = pd.DataFrame([{name: c.default for name, c in columns.items()} | row for row in rows])
    kinds = {"id": "str"} | {name: _TYPES[c.kind] for name, c in columns.items()}
    return gpd.GeoDataFrame(frame.astype(kinds), geometry="geometry", crs=METRIC)


def random_study(seed: int) -> tuple[Study, Scenario]:
    """Return a study and a scenario; everything in them follows from ``seed``."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 5))
    settings = ("urban", "rural")
    communities = [
        {
            "id": f"K{k}",
            "name": f"K{k}",
            "setting": rng.choice(settings),
            "construction": rng.choice(["new", "existing"]),
            "resettlement": bool(rng.random() < 0.8),
            "key": bool(rng.random() < 0.5),
            "township_id": rng.choice(["T1", "T2"]),
            "geometry": box(X + k * WIDE, Y, X + (k + 1) * WIDE, Y + DEEP),
        }
        for k in range(n)
    ]

    def somewhere(k: int) -> Point:
        return Point(X + (k + rng.uniform(0.02, 0.98)) * WIDE, Y + rng.uniform(2, DEEP - 2))

    homes = [*range(n), *rng.integers(0, n, int(rng.integers(4, 9))).tolist()]
    buildings = [
        {"id": f"b{i}", "households": float(rng.integers(1, 300)), "geometry": somewhere(k)}
        for i, k in enumerate(homes)
    ]
    vectors = {
        "communities": layer("communities", communities),
        "townships": layer("townships", [_township(rng, name, n) for name in ("T1", "T2")]),
        "buildings": layer("buildings", buildings),
        "candidates": layer(
            "candidates", [_candidate(rng, f"c{j}", somewhere(j % n)) for j in range(rng.integers(3, 9))]
        ),
    }
    stands = [_standing(rng, f"e{j}", somewhere(int(rng.integers(n)))) for j in range(rng.integers(0, 4))]
    if stands:
        vectors["facilities"] = layer("facilities", stands)
    if rng.random() < 0.7:
        vectors["streets"] = layer("streets", _streets(n))
    profile = PROFILES[seed % len(PROFILES)]
    study = Study(
        folder=Path("tiny"),
        settings=Settings().but(demand={"elderly_share": 0.2} if rng.random() < 0.5 else {}),
        layers=Layers(crs=METRIC, vectors=vectors),
        standards=load_standards([profile]),
    )
    return study, _scenario(rng)


def _township(rng: np.random.Generator, name: str, n: int) -> dict[str, Any]:
    budget = float(rng.integers(0, 400)) * 1e3 if rng.random() < 0.3 else None
    return {"id": name, "name": name, "budget_yuan": budget, "geometry": box(X, Y, X + n * WIDE, Y + DEEP)}


def _candidate(rng: np.random.Generator, name: str, point: Point) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "kind": rng.choice(["build", "convert"]),
        "floor_capacity_m2": float(rng.integers(0, 60)) * 10,
        "land_m2": float(rng.integers(0, 40)) * 10,
        "storeys": float(rng.integers(0, 4)),
        "fixed_cost_yuan": float(rng.choice([0, 10_000, 50_000])),
        "cost_per_m2_yuan": float(rng.choice([0, 800, 1500])),
        "land_cost_per_m2_yuan": float(rng.choice([0, 100])),
        "types": rng.choice(["", "", "", "service_centre;police_room;library", "health_station;outdoor_square"]),
        "state": rng.choice(["free", "free", "free", "free", "required", "forbidden"]),
        "geometry": point,
    }


def _standing(rng: np.random.Generator, name: str, point: Point) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "type": rng.choice(STANDING),
        "area_m2": float(rng.integers(1, 60)) * 10 if rng.random() < 0.9 else None,
        "spare_m2": float(rng.integers(0, 10)) * 10,
        "cost_per_m2_yuan": float(rng.choice([0, 700])),
        "geometry": point,
    }


def _streets(n: int) -> list[dict[str, Any]]:
    lines = [LineString([(X + WIDE * k / 2, Y + DEEP / 2) for k in range(2 * n + 1)])]
    lines += [
        LineString([(X + WIDE * k / 2, Y), (X + WIDE * k / 2, Y + DEEP / 2), (X + WIDE * k / 2, Y + DEEP)])
        for k in range(1, 2 * n)
    ]
    return [{"id": f"w{i}", "highway": "residential", "geometry": line} for i, line in enumerate(lines)]


def _scenario(rng: np.random.Generator) -> Scenario:
    return Scenario(
        budget_yuan=float(rng.choice([0, 100_000, 400_000, 1_500_000])) if rng.random() < 0.5 else None,
        max_sites=int(rng.integers(0, 4)) if rng.random() < 0.3 else None,
        aim_price_yuan_per_m2=float(rng.choice([100, 1000, 3000])) if rng.random() < 0.3 else None,
        township_budgets=bool(rng.random() < 0.7),
        required=("c0",) if rng.random() < 0.1 else (),
        time_limit_s=60.0,
    )


def random_programme(seed: int) -> tuple[Study, Scenario]:
    """Return the study of :func:`random_study` with phases, funds, alternatives and rules of the other kinds, as ``seed`` has it."""
    study, scenario = random_study(seed)
    rng = np.random.default_rng([seed, 1])
    vectors = dict(study.layers.vectors)
    n = len(vectors["communities"])
    n_phases = int(rng.integers(1, 4))
    vectors["communities"] = vectors["communities"].assign(phase=rng.integers(1, n_phases + 1, n).astype(float))
    candidates = vectors["candidates"]
    vectors["candidates"] = candidates.assign(
        kind=rng.choice(["build", "convert", "buy", "swap"], len(candidates)),
        place=rng.choice(["", "", "mill", "hall"], len(candidates)),
    )
    if "facilities" in vectors:
        stands = vectors["facilities"]
        vectors["facilities"] = stands.assign(fixed_cost_yuan=rng.choice([0.0, 20_000.0], len(stands)))
    if not (candidates["state"] == "required").any() and not scenario.required:
        vectors["exclusions"] = layer(
            "exclusions",
            [{"id": "z", "kind": "水源", "geometry": Point(X + rng.uniform(0, n) * WIDE, Y).buffer(60.0)}],
        )
    rules = tuple(rule for rule in _rules(rng) if rng.random() < 0.4)
    standards = Standards(profiles=study.standards.profiles, rules=(*rules, *study.standards.rules))
    study = study.but(layers=study.layers.but(vectors=vectors), standards=standards)
    return study, scenario.but(**_programme(rng, n_phases))


def _programme(rng: np.random.Generator, n_phases: int) -> dict[str, Any]:
    """Return phases, funds and objectives."""
    fields: dict[str, Any] = {
        "phases": tuple(
            Phase(name=str(t), budget_yuan=float(rng.choice([100_000, 500_000])) if rng.random() < 0.3 else None)
            for t in range(n_phases)
        ),
        "objectives": tuple(name for name in ("equity", "backup") if rng.random() < 0.2),
        "cost_slack": float(rng.choice([0.0, 0.02, 0.2])),
    }
    if rng.random() < 0.5:
        fields["funds"] = (
            Fund(name="衔接", yuan=tuple(float(x) for x in rng.integers(0, 400, n_phases) * 1000), resettlement="yes"),
            Fund(name="county", yuan=(float(rng.integers(0, 400)) * 1000,)),
        )
    return fields


def _rules(rng: np.random.Generator) -> list[Rule]:
    """Return rules of the kinds that the profiles have few of, of any strength."""
    given: list[dict[str, Any]] = [
        {"kind": "separation", "types": ("police_room",), "figure": 40, "unit": "m", "apart_from": ("dwellings",)},
        {
            "kind": "separation",
            "types": ("health_station",),
            "figure": 250,
            "unit": "m",
            "apart_from": ("library", "exclusion:水源"),
        },
        {"kind": "separation", "types": ("library", "elderly_care"), "apart_from": ("exclusion:水源",)},
        {"kind": "adjacency", "types": ("elderly_care",), "figure": 150, "unit": "m"},
        {"kind": "colocation", "types": ("library",), "host": "service_centre"},
        {"kind": "acquisition", "types": (), "modes": ("build", "convert", "extend")},
        {"kind": "acquisition", "types": ("service_centre",), "modes": ("extend", "buy"), "standing": True},
        {"kind": "capacity", "types": ("health_station",), "figure": 0.3, "unit": "m2/person"},
        {"kind": "capacity", "types": ("elderly_care",), "figure": 2, "unit": "m2/person", "denominator": "elderly"},
        {"kind": "capacity", "types": ("outdoor_square",), "figure": 40, "unit": "m2/100hh"},
        {"kind": "share", "types": ("service_centre", "library"), "figure": 200, "unit": "m2", "share": 0.6},
        {"kind": "share", "types": ("library",), "figure": 1, "unit": "count", "share": 0.5, "key": "yes"},
        {"kind": "reach", "types": ("library",), "figure": 400, "unit": "m", "share": 0.7},
        {"kind": "reach", "types": ("police_room",), "figure": 500, "unit": "m", "share": 0.8, "scope": "study"},
        {"kind": "pooling", "types": (), "figure": 400, "unit": "households"},
        {"kind": "phase", "types": ("service_centre",), "construction": "new"},
        {"kind": "staff", "types": (), "figure": 300, "unit": "households/worker"},
        {"kind": "fund", "types": (), "figure": 10_000, "unit": "yuan/year", "subject": "work"},
    ]
    return [
        Rule(id=f"X-{n}", profile="county", strength=str(rng.choice(["hard", "target", "soft"])), status="verified",
             source="made up", phase=str(rng.choice(["", "Y1", "Y2"])), **fields)
        for n, fields in enumerate(given)
    ]  # fmt: skip
