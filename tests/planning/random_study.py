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
from siteplan.plans.scenario import Scenario
from siteplan.standards.library import load_standards
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
