"""Layers against one another: nowhere near, exchanged axes, outside the boundary, ids that do not exist."""

import geopandas as gpd
import pytest
import shapely

from siteplan.errors import DataError, LayerError
from siteplan.layers.collection import Layers
from siteplan.layers.repair import Place
from siteplan.layers.validate import check_extents, check_inside, check_references

PATHS = {role: f"{role}.gpkg" for role in ("boundary", "buildings", "candidates", "facilities", "sites", "streets")}


def frame(*geometries, crs="EPSG:4326", **columns):
    return gpd.GeoDataFrame(
        {"id": [f"x{k}" for k in range(len(geometries))]} | columns, geometry=list(geometries), crs=crs
    )


def near_vaduz(crs="EPSG:4326"):
    return frame(shapely.Point(9.52, 47.14), shapely.Point(9.53, 47.15)).to_crs(crs)


SWAPPED = frame(shapely.Point(47.14, 9.52), shapely.Point(47.15, 9.53))
FAR = frame(shapely.Point(105.4, 26.2))


def test_layers_in_several_systems_belong_together():
    check_extents(
        {"buildings": near_vaduz(), "sites": near_vaduz("EPSG:32632"), "streets": near_vaduz("EPSG:3857")}, {}, PATHS
    )


@pytest.mark.parametrize("role", ["boundary", "buildings", "candidates"])
def test_exchanged_axes_blame_the_layer_that_is_alone(role):
    vectors = {"boundary": near_vaduz(), "buildings": near_vaduz(), "candidates": near_vaduz()} | {role: SWAPPED}
    with pytest.raises(LayerError) as caught:
        check_extents(vectors, {}, PATHS)
    assert caught.value.path == f"{role}.gpkg"
    assert "exchanged" in caught.value.problem
    assert "easting (longitude) first" in caught.value.remedy


def test_of_two_layers_the_boundary_is_right():
    with pytest.raises(LayerError) as caught:
        check_extents({"boundary": near_vaduz(), "buildings": SWAPPED}, {}, PATHS)
    assert caught.value.path == "buildings.gpkg"


def test_nowhere_near():
    with pytest.raises(LayerError) as caught:
        check_extents({"boundary": near_vaduz(), "buildings": near_vaduz(), "streets": FAR}, {}, PATHS)
    assert caught.value.path == "streets.gpkg"
    assert "nowhere near" in caught.value.problem
    assert "EPSG:4326" in caught.value.remedy


def test_rows_too_far_apart_for_any_system_in_metres():
    # contract: C1
    sites = frame(shapely.Point(9.52, 47.14), shapely.Point(9.53, 47.15), shapely.Point(0, 0))
    with pytest.raises(LayerError, match="no system in metres is true to length") as caught:
        check_extents({"sites": sites, "buildings": near_vaduz()}, {}, PATHS)
    assert (caught.value.path, caught.value.row) == ("sites.gpkg", "x2")
    provinces = frame(
        shapely.Point(105.4, 26.2), shapely.Point(109, 32.7), shapely.Point(120, 45)
    )  # Guizhou to Inner Mongolia
    check_extents({"sites": provinces}, {}, PATHS)
    with pytest.raises(LayerError, match="no system in metres"):
        check_extents({"sites": frame(shapely.Point(85, 40), shapely.Point(120, 42))}, {}, PATHS)
    check_extents({"sites": frame(shapely.Point(85, 70), shapely.Point(120, 70))}, {}, PATHS)  # 35 degrees there are 12


SQUARE = frame(shapely.box(0, 0, 100, 100), crs="EPSG:4547")


@pytest.mark.parametrize("role", ["candidates", "buildings", "facilities"])
def test_outside_the_boundary(role):
    points = frame(shapely.Point(50, 50), shapely.Point(500, 50), shapely.Point(50, 900), crs="EPSG:4547")
    with pytest.raises(LayerError) as caught:
        check_inside({"boundary": SQUARE, role: points}, PATHS)
    assert (caught.value.path, caught.value.row) == (f"{role}.gpkg", "x1")
    assert f"2 of 3 {role} lie outside the boundary: x1, x2" in caught.value.problem
    assert "boundary.gpkg" in caught.value.remedy


def test_on_the_line_is_inside():
    points = frame(shapely.Point(100, 50), shapely.Point(100.9, 50), shapely.box(90, 90, 200, 200), crs="EPSG:4547")
    check_inside({"boundary": SQUARE, "candidates": points}, PATHS)
    check_inside({"candidates": points}, PATHS)


def test_ids_that_do_not_exist():
    sites = frame(shapely.Point(0, 0), crs="EPSG:4547")
    homes = frame(
        shapely.Point(0, 0), shapely.Point(1, 1), shapely.Point(2, 2), crs="EPSG:4547", site_id=[None, "x0", "y0"]
    )
    homes["community_id"] = "c1"
    with pytest.raises(LayerError) as caught:
        check_references({"sites": sites.assign(township_id=None), "buildings": homes}, PATHS)
    assert (caught.value.path, caught.value.row) == ("buildings.gpkg", "x2")
    assert "site_id" in caught.value.problem
    assert "y0" in caught.value.problem
    assert "x0" in caught.value.remedy
    check_references({"buildings": homes}, PATHS)


def test_require_says_how_to_add_a_layer():
    layers = Layers(crs=SQUARE.crs, vectors={"boundary": SQUARE})
    assert layers.get("sites") is None
    assert layers.require("boundary", "extent") is SQUARE
    with pytest.raises(DataError) as caught:
        layers.require("sites", "communities are formed from them")
    assert "[layers.sites]" in caught.value.remedy
    assert "communities are formed" in caught.value.problem


def test_layers_do_not_change():
    layers = Layers(crs=SQUARE.crs, vectors={"boundary": SQUARE})
    with pytest.raises(TypeError):
        layers.vectors["sites"] = SQUARE
    assert layers.but(vectors={"sites": SQUARE, "boundary": SQUARE}).vectors.keys() == {"sites", "boundary"}


def test_an_id_that_several_rows_had_says_of_none_which_is_meant():
    # contract: C1
    sites = frame(shapely.Point(1, 1), shapely.Point(2, 2), crs="EPSG:4547").assign(id=["s1", "s1-2"])
    made = Place(role="sites", path="").repair("made", row="s1-2", problem="id", original={"id": "s1"})
    homes = frame(shapely.Point(1, 1), crs="EPSG:4547", site_id=["s1"], community_id=[None])
    with pytest.raises(LayerError, match="is it s1 or s1-2") as caught:
        check_references({"sites": sites, "buildings": homes}, PATHS, [made])
    assert (caught.value.path, caught.value.row) == ("buildings.gpkg", "x0")
    check_references(
        {"sites": sites.iloc[:1], "buildings": homes}, PATHS, [made]
    )  # the other one was left out as a repeat
    check_references({"sites": sites, "buildings": homes.assign(site_id="s1-2")}, PATHS, [made])
