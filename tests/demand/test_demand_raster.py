"""Households from a population raster: the people of each cell go to its homes, and none is lost."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pyproj import CRS
from rasterio.transform import Affine
from shapely import box

from siteplan.auditing.audit import audit
from siteplan.demand.from_raster import inhabited_cells, people_from_raster
from siteplan.demand.households import households_on_buildings
from siteplan.errors import DataError
from siteplan.layers.collection import Layers
from siteplan.layers.raster import open_raster
from siteplan.layers.read import read_layer
from siteplan.planning.solve import solve
from siteplan.standards.library import load_standards
from siteplan.study.settings import Settings
from siteplan.study.study import Study

DATA = os.environ.get("SITEPLAN_DATA")
HERE = CRS("EPSG:32648")
X, Y = 500_000.0, 3_000_000.0


def raster(path, people, *, cell=100.0, crs=HERE, left=X, top=Y + 300.0, nodata=-9999.0):
    people = np.asarray(people, dtype="float32")
    with rasterio.open(
        path, "w", driver="GTiff", width=people.shape[1], height=people.shape[0], count=1, dtype="float32",
        crs=crs.to_wkt(), transform=Affine(cell, 0.0, left, 0.0, -cell, top), nodata=nodata,
    ) as out:  # fmt: skip
        out.write(people, 1)
    return open_raster(path, "population")


def homes(*rows, **columns):
    """Return square buildings: (x, y, side)."""
    shapes = [box(X + x, Y + y, X + x + side, Y + y + side) for x, y, side in rows]
    data = {"id": [f"b{n}" for n in range(len(rows))], **columns}
    return gpd.GeoDataFrame(data, geometry=shapes, crs=HERE)


def study(tmp_path, people, buildings, demand=None, area=None, **layers):
    boundary = gpd.GeoDataFrame({"id": ["z"]}, geometry=[area or box(X, Y, X + 300, Y + 300)], crs=HERE)
    vectors = {"buildings": buildings, "boundary": boundary, **layers}
    vectors = {role: frame for role, frame in vectors.items() if frame is not None}
    return Study(
        folder=tmp_path,
        settings=Settings().but(demand=demand or {}),
        layers=Layers(crs=HERE, vectors=vectors, rasters={"population": raster(tmp_path / "p.tif", people)}),
        standards=load_standards([]),
    )


def test_people_of_a_cell_go_to_its_homes_by_floor_area(tmp_path):
    buildings = homes(
        (10, 210, 10), (40, 210, 10), (110, 210, 20), floors=[1.0, 3.0, 2.0], use=["house", "house", "school"]
    )
    demand = households_on_buildings(study(tmp_path, [[35.2, 0, 0], [0, -9999, 0], [0, 0, 0]], buildings))
    assert demand.basis == "dasymetric"
    assert demand.buildings["building_id"].tolist() == ["b0", "b1"]
    assert demand.buildings["people"].tolist() == pytest.approx([8.8, 26.4], rel=1e-6)
    assert demand.buildings["households"].tolist() == pytest.approx([2.5, 7.5], rel=1e-6)
    said = " ".join(demand.notes)
    assert "35 people of the population raster spread over 2 buildings" in said
    assert "10 households: 3.52 people to each (assumed)" in said


def test_people_of_cells_without_homes_live_in_the_nearest_and_nobody_is_lost(tmp_path):
    people = [[10.0, 0, 0], [0, 0, 7], [0, 3, 0]]
    buildings = homes((10, 210, 10), (210, 10, 10), floors=[1.0, 1.0])
    found = households_on_buildings(study(tmp_path, people, buildings))
    assert found.buildings["people"].tolist() == pytest.approx([10, 10])
    assert any("10 of them (50.0%) live in cells without a home" in note for note in found.notes)


def test_cells_outside_the_study_do_not_count(tmp_path):
    people = [[10.0, 20, 0], [0, 0, 0], [0, 0, 40]]
    west = box(X, Y, X + 140, Y + 300)  # the middle column's centres lie at 150
    found = households_on_buildings(study(tmp_path, people, homes((10, 210, 10)), area=west))
    assert found.buildings["people"].sum() == pytest.approx(10)


def test_homes_where_the_raster_has_no_people_or_ends_are_told(tmp_path):
    buildings = homes((10, 10, 10), (110, 10, 10), (210, 10, 10))
    told = households_on_buildings(study(tmp_path, [[np.nan, 0.0], [np.nan, 0.0], [-9999.0, 4.0]], buildings)).notes
    assert any(
        "2 of 3 buildings with homes lie where the population raster has no people or no data" in n for n in told
    )
    full = households_on_buildings(study(tmp_path, np.full((3, 3), 4.0), buildings)).notes
    assert not any("nobody lives in them" in note for note in full)


def test_whole_households_sum_to_the_rounded_total(tmp_path):
    rng = np.random.default_rng(3)
    buildings = homes(*((x, y, 8) for x in range(5, 290, 40) for y in range(5, 290, 40)))
    people = rng.integers(0, 60, (3, 3)).astype(float)
    found = households_on_buildings(study(tmp_path, people, buildings, {"whole_households": True}))
    households = found.buildings["households"].to_numpy()
    assert (households == households.round()).all()
    assert households.sum() == round(people.sum() / 3.52)
    assert (np.abs(households - found.buildings["people"] / 3.52) < 1.1).all()
    # with few people many homes get no household: those who live there are not lost with them
    found = households_on_buildings(study(tmp_path, people / 20, buildings, {"whole_households": True}))
    assert len(found.buildings) < len(buildings) / 2
    assert found.buildings["people"].sum() == pytest.approx(people.sum() / 20, rel=1e-6)


def test_a_count_anywhere_keeps_the_raster_out(tmp_path):
    buildings = homes((10, 210, 10), households=[4.0])
    found = households_on_buildings(study(tmp_path, [[35.2, 0, 0]] * 3, buildings))
    assert found.buildings["households"].tolist() == [4]
    assert found.basis == "given"


def test_without_an_area_or_people_there_is_an_error_and_no_guess(tmp_path):
    buildings = homes((10, 210, 10))
    with pytest.raises(DataError, match="where the study ends"):
        households_on_buildings(study(tmp_path, [[1.0, 0, 0]] * 3, buildings, boundary=None))
    for people, use in (([[0.0, 0, 0]] * 3, "house"), ([[9.0, 0, 0]] * 3, "school")):
        with pytest.raises(DataError, match="no people where the study is") as caught:
            households_on_buildings(study(tmp_path, people, buildings.assign(use=use)))
        assert caught.value.path.endswith("p.tif")


def test_cells_are_found_block_by_block_in_another_coordinate_system(tmp_path):
    degrees = CRS("EPSG:4326")
    rng = np.random.default_rng(1)
    people = rng.integers(0, 5, (2300, 40)).astype("float32")
    tall = raster(tmp_path / "tall.tif", people, cell=1e-4, crs=degrees, left=105.0, top=27.2)
    area = gpd.GeoSeries([box(105.0005, 27.0, 105.0035, 27.1)], crs=degrees).to_crs(HERE).iloc[0]
    found = inhabited_cells(tall, area, HERE)
    lon, lat = np.meshgrid(105.0 + (np.arange(40) + 0.5) * 1e-4, 27.2 - (np.arange(2300) + 0.5) * 1e-4)
    centres = gpd.GeoSeries(gpd.points_from_xy(lon.ravel(), lat.ravel()), crs=degrees).to_crs(HERE)
    inside = shapely.intersects(area, centres.to_numpy()) & (people.ravel() > 0)
    assert sorted(found.number) == np.flatnonzero(inside).tolist()
    assert found.people.sum() == people.ravel()[inside].sum() > 0


@pytest.mark.real_data
@pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data")
def test_liechtenstein_keeps_its_38086_people():
    # contract: C18
    folder = Path(DATA) / "liechtenstein"
    layers = {
        name: read_layer(folder / "liechtenstein.gpkg", name, layer=name, columns=columns, target_crs="EPSG:32632")[0]
        for name, columns in (("buildings", {"id": "osm_uid", "use": "building"}), ("boundary", {}))
    }
    population = open_raster(folder / "derived_population_dasymetric_100m.tif", "population")
    buildings = layers["buildings"]
    area = shapely.union_all(layers["boundary"].geometry.to_numpy())
    weight = np.where(
        buildings["use"].isin(["house", "residential", "apartments", "detached", "yes"]), buildings.geometry.area, 0
    )
    people, notes = people_from_raster(population, area, buildings.geometry.representative_point(), weight)
    values, transform = population.read()
    column, row = np.meshgrid(np.arange(population.width) + 0.5, np.arange(population.height) + 0.5)
    inside = shapely.intersects_xy(area, transform[2] + column * transform[0], transform[5] + row * transform[4])
    assert people.sum() == pytest.approx(float(values.filled(0.0)[inside].astype(float).sum()), rel=1e-9)
    assert people.sum() == pytest.approx(
        38_055, abs=1
    )  # 38,086 in all, 31 of them in cells whose centres lie across the border
    assert (people[weight == 0] == 0).all()
    assert "38,055 people" in notes[0]


def test_the_audit_counts_the_people_of_the_raster_again(tmp_path):
    people = [[350.0, 0, 0], [0, 0, 210], [0, -9999, 140]]
    buildings = homes((10, 210, 10), (210, 110, 10), floors=[2.0, 1.0])
    communities = gpd.GeoDataFrame({"id": ["c"], "name": ["c"]}, geometry=[box(X, Y, X + 300, Y + 300)], crs=HERE)
    here = study(tmp_path, people, buildings, communities=communities)
    candidates = gpd.GeoDataFrame(
        {"id": ["k"], "name": "", "kind": "build", "place": "", "floor_capacity_m2": 900.0, "land_m2": 900.0, "storeys": 0.0,
         "fixed_cost_yuan": 0.0, "cost_per_m2_yuan": 1.0, "land_cost_per_m2_yuan": 0.0, "types": "", "state": "free", "community_id": "c",
         "basis": "given"},
        geometry=[box(X + 100, Y + 100, X + 130, Y + 130)], crs=HERE,
    )  # fmt: skip
    here = here.but(
        layers=here.layers.but(vectors={**here.layers.vectors, "candidates": candidates}),
        settings=here.settings.but(scenario={"types": ("service_centre",)}),
    )
    plan = solve(here)
    (claim,) = [
        row for row in audit(plan).claims.to_dict("records") if row["claim"] == "people of the population raster"
    ]
    assert (claim["verdict"], float(claim["recomputed"])) == ("pass", 700.0)
    fewer = plan.but(demand=plan.demand.assign(people=plan.demand["people"] * 0.99))
    wrong = {row["claim"] for row in audit(fewer).disagreements()}
    assert "people of the population raster" in wrong
