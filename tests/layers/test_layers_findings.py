"""What check finds in rows: places, sums, units and shapes, each with its row."""

import geopandas as gpd
import pytest
import shapely
from real_counties import FIVE, counties
from shifted_town import shown_in

from siteplan.layers.columns import conform
from siteplan.layers.datum import take_back
from siteplan.layers.findings import geometry_findings, in_short, place_findings, total_findings, unit_findings
from siteplan.layers.handling import Handling
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place

CRS = "EPSG:4547"
box = shapely.box


def layer(role, shapes, **columns):
    ids = columns.pop("id", [f"{role}-{k}" for k in range(len(shapes))])
    frame = gpd.GeoDataFrame({"id": ids} | columns, geometry=shapes, crs=CRS)
    return conform(frame, role)[0]


def rows(findings):
    return [(one.role, one.row, one.problem) for one in findings]


def test_shapes():
    frame = layer("buildings", [box(0, 0, 9, 9), box(0, 0, 9, 9), box(0, 0, 90, 0.2), box(5, 0, 14, 9),
                                shapely.MultiPolygon([box(100, 0, 109, 9), box(300, 0, 309, 9)])])  # fmt: skip
    found = list(geometry_findings(frame, Place(role="buildings", path="")))
    assert rows(found) == [
        ("buildings", "buildings-1", "duplicate"),
        ("buildings", "buildings-2", "sliver"),
        ("buildings", "buildings-1", "overlap"),
        ("buildings", "buildings-2", "overlap"),
        ("buildings", "buildings-2", "overlap"),
        ("buildings", "buildings-3", "overlap"),
        ("buildings", "buildings-3", "overlap"),
        ("buildings", "buildings-3", "overlap"),
        ("buildings", "buildings-4", "multipart"),
    ]
    assert "36.0 m2 of buildings-0" in found[5].what
    assert [text.split(":")[0] for text in in_short(found)] == [
        "1 rows of buildings repeat another", "1 rows of buildings are slivers", "3 rows of buildings overlap others",
        "1 rows of buildings have parts far apart",
    ]  # fmt: skip


def test_a_row_with_two_faults_of_a_kind_is_one_row():
    frame = layer("communities", [box(0, 0, 10, 10), box(10, 0, 20, 10), box(8, 0, 13, 10)], households=9.0)
    told = list(in_short(list(geometry_findings(frame, Place(role="communities", path="")))))
    assert told == ["1 rows of communities overlap others: communities-2 (covers 20.0 m2 of communities-0 too)"]


def test_streets_may_cross_and_repeat():
    line = shapely.LineString([(0, 0), (9, 9)])
    assert rows(geometry_findings(layer("streets", [line, line]), Place(role="streets", path=""))) == []


def test_sums_of_buildings():
    sites = layer("sites", [shapely.Point(0, 0)] * 4, households=[300, 120, 50, 7], people=[900, None, 150, 20])
    homes = layer(
        "buildings", [shapely.Point(k, 0) for k in range(6)], site_id=["sites-0", "sites-0", "sites-1", "sites-2", "sites-2", None],
        households=[200, 90, 120, 20, None, 4], people=[600, 300, 400, 60, 90, 9],
    )  # fmt: skip
    found = list(total_findings({"sites": sites, "buildings": homes}, {"sites": "a.gpkg"}))
    assert rows(found) == [("sites", "sites-0", "total")]
    assert found[0].what == "households 300 against 290 of its 2 buildings: -10"
    assert found[0].path == "a.gpkg"
    assert list(total_findings({"sites": sites}, {})) == []


def test_tables_without_the_columns_of_their_role_are_no_error():
    bare = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(0, 0)], crs=CRS)
    vectors = {"sites": bare, "buildings": bare, "candidates": bare}
    assert list(total_findings(vectors, {})) == list(place_findings(vectors, {})) == []
    assert list(unit_findings(bare, Place(role="candidates", path=""))) == []


def test_areas_in_another_unit_than_is_said():
    shapes = [box(0, 0, 100, 100), box(0, 0, 200, 100), box(0, 0, 50, 60), box(0, 0, 10, 10)]
    place = Place(role="candidates", path="")
    mu = layer("candidates", shapes, floor_capacity_m2=[1.0] * 4, land_m2=[15.0, 30.1, 4.5, 0.15])
    found = list(unit_findings(mu, place))
    assert rows(found) == [("candidates", "", "unit")]
    assert "land_m2 looks like mu" in found[0].what
    right = layer("candidates", shapes, floor_capacity_m2=[1.0] * 4, land_m2=[10_000.0, 20_000.0, 2_900.0, 100.0])
    assert list(unit_findings(right, place)) == []
    points = layer("candidates", [shapely.Point(0, 0)] * 4, floor_capacity_m2=[1.0] * 4, land_m2=[15.0] * 4)
    assert list(unit_findings(points, place)) == []


def test_rows_outside_the_area_that_they_name():
    communities = layer("communities", [box(0, 0, 100, 100), box(100, 0, 200, 100)], households=[1, 1])
    homes = layer(
        "buildings", [shapely.Point(50, 50), shapely.Point(150, 50), shapely.Point(100.9, 50), shapely.Point(150, 60)],
        community_id=["communities-0", "communities-0", "communities-0", None],
    )  # fmt: skip
    found = list(place_findings({"communities": communities, "buildings": homes}, {}))
    assert rows(found) == [("buildings", "buildings-1", "outside")]
    assert found[0].what.startswith("lies 50 m outside communities-0 of communities")


def test_sites_outside_the_boundary_are_found():
    shapes = [shapely.Point(5, 5), shapely.Point(10.5, 5), shapely.Point(5, 60)]
    vectors = {
        "boundary": layer("boundary", [shapely.box(0, 0, 10, 10)]),
        "sites": layer("sites", shapes, households=9.0),
    }
    found = list(place_findings(vectors, {}))
    assert [(one.role, one.problem, one.what) for one in found] == [
        ("sites", "outside", "lies 50 m outside the boundary")
    ]


def test_points_in_the_wrong_county_by_their_division_codes():
    boundary = layer("boundary", [box(0, 0, 100, 100), box(100, 0, 200, 100)], id=["520203", "520221"])
    towns = layer("townships", [shapely.Point(50, 50), shapely.Point(130, 50), shapely.Point(50, 50), shapely.Point(1, 1)],
                  id=["520203102000", "520203103000", "520999100000", "x"])  # fmt: skip
    found = list(place_findings({"boundary": boundary, "townships": towns}, {}))
    assert [(one.row, one.problem) for one in found] == [("520203103000", "outside"), ("520999100000", "outside")]
    assert "lies 30 m outside 520203 of boundary" in found[0].what
    assert "520999, which no part of the boundary has" in found[1].what


def test_division_codes_stand_in_their_column_and_other_numbers_are_none():
    boundary = layer("boundary", [box(0, 0, 100, 100), box(100, 0, 200, 100)], id=["520203", "520221"])
    shapes = [shapely.Point(50, 50), shapely.Point(130, 50), shapely.Point(50, 50)]
    sites = layer("sites", shapes, households=9.0, code=["520203102001", "520203103001", None])
    found = list(place_findings({"boundary": boundary, "sites": sites}, {}))
    assert [(one.row, one.what[:29]) for one in found] == [("sites-1", "lies 30 m outside 520203 of b")]
    numbered = ["338256373", "1002345678", "110101234567"]  # as OpenStreetMap numbers its ways
    vectors = {"boundary": boundary, "buildings": layer("buildings", shapes, id=numbered)}
    vectors["sites"] = layer("sites", shapes, households=9.0, id=numbered)
    assert list(place_findings(vectors, {})) == []


@pytest.mark.real_data
def test_real_places_lie_in_their_counties_once_taken_back(real_data):
    path = real_data / "import_cn" / "places_gbk.shp"
    boundary = counties(sum(FIVE.values(), ())).to_crs("EPSG:4546")
    for handling, wanted in ((Handling(), 4), (Handling(datum="gcj02"), 0)):
        places, notes = read_layer(
            path, "townships", columns={"id": "行政代码", "name": "名称"}, target_crs="EPSG:4546", handling=handling
        )
        assert len(places) == 494
        assert "岩脚镇" in set(places["name"])
        found = list(place_findings({"boundary": boundary, "townships": places}, {}))
        away = [one for one in found if one.what.startswith("lies")]
        assert len(away) == wanted
        # Xunyang is 610928 in this file and 610981 since it became a city
        old = [one for one in found if "610928, which no part of the boundary has" in one.what]
        assert len(old) == places["id"].str.startswith("610928").sum() == len(found) - wanted > 0
        assert any("by 457 to 635 m" in note.what for note in notes) == (wanted == 0)


def shown_in_reverse(frame):
    return take_back(frame, "gcj02", Place(role="townships", path=""))[0]


def test_the_other_way_is_the_web_map():
    point = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shapely.Point(105.48, 26.21)], crs="EPSG:4326")
    assert shown_in_reverse(shown_in(point, "gcj02")).geometry.iloc[0].equals_exact(point.geometry.iloc[0], 1e-9)
