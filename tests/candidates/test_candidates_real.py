"""Candidates found in real places: Liechtenstein with its forests, streams and slopes, and Guixi, a Chinese town."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import Point

from siteplan.auditing.audit import audit
from siteplan.candidates.found import find_candidates
from siteplan.candidates.limits import Limits
from siteplan.layers.collection import Layers
from siteplan.layers.exclusions import keep_off, settle_exclusions
from siteplan.layers.raster import open_raster
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place
from siteplan.layers.slope import slope_blocks
from siteplan.planning.new_study import draft_study
from siteplan.planning.solve import solve
from siteplan.standards.library import load_standards
from siteplan.study.settings import Settings
from siteplan.study.study import Study

DATA = os.environ.get("SITEPLAN_DATA")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data"),
]
UTM = "EPSG:32632"


def settled(*parts):
    """Return one layer of exclusions of (kind, geometries, buffer)."""
    rows = [(kind, shape, buffer) for kind, shapes, buffer in parts for shape in shapes]
    columns = {"id": [f"z{n}" for n in range(len(rows))], "name": "", "kind": [row[0] for row in rows]}
    layer = gpd.GeoDataFrame(
        columns | {"buffer_m": [row[2] for row in rows]}, geometry=[row[1] for row in rows], crs=UTM
    )
    return settle_exclusions(layer, Place(role="exclusions", path=""), named={}, buffers={}, farmland={})[0]


@pytest.fixture(scope="module")
def liechtenstein():
    file = Path(DATA) / "liechtenstein" / "liechtenstein.gpkg"
    buildings = read_layer(
        file, "buildings", layer="buildings", columns={"id": "osm_uid", "use": "building"}, target_crs=UTM
    )[0]
    communities = read_layer(
        file, "communities", layer="municipalities", columns={"people": "population"}, target_crs=UTM
    )[0]
    drawn = {name: gpd.read_file(file, layer=name).to_crs(UTM) for name in ("roads", "landuse", "waterways")}
    return {
        "buildings": buildings,
        "streets": drawn["roads"].rename(columns={"osm_id": "id"}),
        "communities": communities,
        "facilities": gpd.GeoDataFrame({"id": []}, geometry=[], crs=UTM),
    }, drawn


def slopes_by_horn(dem, points):
    """Return the slope in per cent of the cell that each point lies in."""
    grid = np.full((dem.height, dem.width), np.nan)
    for block, degrees in slope_blocks(dem):
        grid[block.row : block.row + degrees.shape[0], block.column : block.column + degrees.shape[1]] = degrees
    x, y = points.x.to_numpy(), points.y.to_numpy()
    row = ((dem.transform[5] - y) / -dem.transform[4]).astype(int)
    column = ((x - dem.transform[2]) / dem.transform[0]).astype(int)
    return 100 * np.tan(np.radians(grid[row, column]))


def test_liechtenstein_keeps_off_forests_streams_and_steep_ground(liechtenstein):
    layers, drawn = liechtenstein
    forests = drawn["landuse"].geometry[drawn["landuse"]["landuse"] == "forest"].to_numpy()
    streams = drawn["waterways"].geometry[drawn["waterways"]["waterway"].isin(["river", "stream"])].to_numpy()
    assert (len(forests), len(streams)) == (319, 512)
    zones = keep_off(settled(("生态保护红线", forests, np.nan), ("洪水淹没区", streams, 50.0)))
    dem = open_raster(Path(DATA) / "liechtenstein" / "dem_srtm3_utm_90m.tif", "dem")
    plain = find_candidates(**layers)
    found = find_candidates(**layers, limits=Limits(zones=zones, dem=dem))
    assert len(plain) == 165
    assert 100 < len(found) < 165
    assert set(found["community_id"]) == set(layers["communities"]["id"])
    shapes = found.geometry.to_numpy()
    assert not shapely.intersects(shapely.union_all(forests), shapes).any()
    assert shapely.distance(shapely.union_all(streams), shapes).min() >= 50
    assert shapely.distance(shapely.union_all(streams), plain.geometry.to_numpy()).min() < 50
    assert found["basis"].str.startswith("assumed").all()
    build = found[found["kind"] == "build"]
    steep = Limits(dem=dem).steepness(plain.geometry[plain["kind"] == "build"].to_numpy(), plain.crs) > 8
    assert 0.5 < steep.mean() < 0.8  # most squares along the streets of this country lie on slopes
    told = build["basis"].str.extract(r"slope (\d+\.\d) %")[0].astype(float)
    assert told.max() <= 8.05
    horn = slopes_by_horn(dem, build.geometry.centroid)
    assert np.median(np.abs(horn - told.to_numpy())) < 2  # the slope of the cells around, by another formula
    assert np.median(horn) < 8


def test_guixi_is_planned_inside_its_urban_boundary_and_away_from_a_landslide(tmp_path):
    draft = draft_study(osm=Path(DATA) / "guixi" / "mapofgx.osm", people=20_000)
    homes = draft.layers["buildings"]
    west, south, east, north = homes.total_bounds
    boundary = shapely.box(west, south, (west + east) / 2, north)
    slide = Point((west * 3 + east) / 4, (south + north) / 2)
    zones = gpd.GeoDataFrame(
        {
            "id": ["开发边界", "北山"],
            "name": "",
            "kind": ["城镇开发边界", "地质灾害隐患点"],
            "buffer_m": [np.nan, 150.0],
        },
        geometry=[boundary, slide],
        crs=draft.crs,
    )
    zones = settle_exclusions(zones, Place(role="exclusions", path=""), named={}, buffers={}, farmland={})[0]
    vectors = {role: frame for role, frame in draft.layers.items() if role != "candidates"} | {"exclusions": zones}
    study = Study(
        folder=tmp_path,
        settings=Settings().but(scenario={"types": ("service_centre",)}),
        layers=Layers(crs=draft.crs, vectors=vectors),
        standards=load_standards(["p004"]),
    )
    plan = solve(study)
    new = plan.facilities[plan.facilities["status"] == "new"]
    assert len(new)
    assert new.geometry.within(boundary).all()
    assert (new.distance(slide) >= 150).all()
    assert audit(plan).disagreements() == []
    assert any("found by rules" in text for text in plan.provenance.values())
    moved = plan.facilities.geometry.where(plan.facilities["status"] != "new", slide)
    wrong = {
        row["claim"]: row["recomputed"]
        for row in audit(plan.but(facilities=plan.facilities.set_geometry(moved))).disagreements()
    }
    assert wrong["outside exclusion zones"] == "地质灾害隐患点"
