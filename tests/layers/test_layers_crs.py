"""One metric CRS: chosen, refused, and reached with x first."""

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod
from pyproj.crs import ProjectedCRS

from siteplan.errors import LayerError, SettingsError
from siteplan.layers.crs import check_axes, check_rows, choose_metric_crs, exchanged, name_of, to_crs
from siteplan.layers.repair import Place

PLACE = Place(role="sites", path="a.gpkg")


def points(coordinates, crs):
    return gpd.GeoDataFrame(
        {"id": [f"p{k}" for k in range(len(coordinates))]}, geometry=[shapely.Point(xy) for xy in coordinates], crs=crs
    )


LIUZHI = {"sites": points([(105.4, 26.2), (105.5, 26.3)], "EPSG:4490")}


def test_utm_zone_of_the_layers_by_default():
    assert choose_metric_crs(LIUZHI) == CRS("EPSG:32648")
    assert choose_metric_crs({"sites": points([(9.5, 47.1)], "EPSG:4326")}) == CRS("EPSG:32632")


def test_the_boundary_decides():
    layers = {"boundary": points([(105.4, 26.2)], "EPSG:4490"), "barriers": points([(120.0, 26.0)], "EPSG:4490")}
    assert choose_metric_crs(layers) == CRS("EPSG:32648")


def test_wanted_crs():
    assert choose_metric_crs(LIUZHI, "EPSG:4544") == CRS("EPSG:4544")


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ("EPSG:4490", "not projected in metres"),
        ("EPSG:2263", "not projected in metres"),  # New York, in feet
        ("EPSG:3857", "lengths in EPSG:3857 are wrong by"),  # Web Mercator stretches by 1 / cos(latitude)
        ("EPSG:32632", "lengths in EPSG:32632 are wrong by"),  # the zone of another continent
        ("EPSG:0", "no such coordinate system"),
        ("Beijing", "no such coordinate system"),
    ],
)
def test_refused_crs(wanted, problem):
    with pytest.raises(SettingsError) as caught:
        choose_metric_crs(LIUZHI, wanted)
    assert problem in caught.value.problem
    assert caught.value.path == "study.toml"
    assert caught.value.row == "[study] crs"
    assert "EPSG:32648" in caught.value.remedy or "EPSG:4547" in caught.value.remedy


@settings(deadline=None, max_examples=30)
@given(st.floats(74, 134), st.floats(18, 53))
def test_a_kilometre_is_a_kilometre(lon, lat):
    there = Geod(ellps="WGS84").fwd(lon, lat, 30, 1000)
    layer = points([(lon, lat), there[:2]], "EPSG:4326")
    moved, _ = to_crs(layer, choose_metric_crs({"sites": layer}), PLACE)
    assert moved.geometry.iloc[0].distance(moved.geometry.iloc[1]) == pytest.approx(1000, rel=0.0015)


@settings(deadline=None, max_examples=30)
@given(st.floats(104, 108), st.floats(24, 29))
def test_there_and_back(lon, lat):
    layer = points([(lon, lat)], "EPSG:4490")
    moved, _ = to_crs(layer, CRS("EPSG:4544"), PLACE)
    back, _ = to_crs(moved, CRS("EPSG:4490"), PLACE)
    assert (back.geometry.x.iloc[0], back.geometry.y.iloc[0]) == pytest.approx((lon, lat), abs=1e-9)
    assert moved.geometry.x.iloc[0] == pytest.approx(500_000, abs=350_000)  # easting first


def test_no_known_datum_shift_is_said():
    # contract: C1
    _moved, notes = to_crs(points([(13.4, 52.5)], "EPSG:4267"), CRS("EPSG:32633"), PLACE)  # NAD27, outside America
    assert any("no datum shift" in note.what for note in notes)


def test_same_datum_says_nothing():
    assert to_crs(LIUZHI["sites"], CRS("EPSG:4544"), PLACE)[1] == []


def test_name():
    assert name_of(CRS("EPSG:4547")) == "EPSG:4547"


@pytest.mark.parametrize(
    ("crs", "there", "astray"),
    [("EPSG:4490", (114.1, 26.2), (0.0, 0.0)), ("EPSG:4544", (444_018.0, 2_900_000.0), (104.5, 26.2)),
     ("EPSG:4523", (35_444_018.0, 2_900_000.0), (35_000_000.0, 0.0))],
)  # fmt: skip
def test_a_row_far_from_where_its_system_is_made_for(crs, there, astray):
    # contract: C1
    with pytest.raises(LayerError, match="1 rows lie far outside the area") as caught:
        check_rows(points([there, astray], crs), PLACE)
    assert caught.value.row == points([there, astray], crs)["id"].iloc[1]
    check_rows(points([there], crs), PLACE)
    check_rows(points([astray], crs), PLACE)  # alone: other layers tell
    check_rows(points([(-179.9, 60.0), (179.9, 60.0)], "EPSG:4326"), PLACE)


def test_metres_that_are_said_to_be_degrees_name_their_zone():
    with pytest.raises(LayerError, match="are no degrees") as caught:
        check_axes((35_444_018.0, 2_900_000.0, 35_445_018.0, 2_900_100.0), CRS("EPSG:4490"), PLACE)
    assert "3-degree zone 35, 105 E: EPSG:4544, with the zone number in front EPSG:4523" in caught.value.remedy
    with pytest.raises(LayerError, match="are no degrees") as caught:
        check_axes((444_018.0, 2_900_000.0, 445_018.0, 2_900_100.0), CRS("EPSG:4490"), PLACE)
    assert "zone" not in caught.value.remedy


def test_axes_and_rows_of_a_county_with_a_meridian_of_its_own():
    # contract: C1
    own = ProjectedCRS(CRS("+proj=tmerc +lon_0=104.5 +x_0=500000").coordinate_operation, geodetic_crs=CRS("EPSG:4490"))
    assert own.area_of_use is None
    there = (494_018.0, 2_900_000.0, 495_018.0, 2_900_100.0)
    check_axes(there, own, PLACE)
    with pytest.raises(LayerError, match="x and y are exchanged"):
        check_axes(exchanged(there), own, PLACE)
    with pytest.raises(LayerError, match="far outside the area"):
        check_rows(points([there[:2], (104.5, 26.2)], own), PLACE)
    check_rows(points([there[:2], there[2:]], own), PLACE)


def test_degrees_that_are_said_to_be_metres():
    # contract: C1
    with pytest.raises(LayerError, match="are degrees, but the layer is said to be in EPSG:4544") as caught:
        check_axes((104.5, 26.2, 104.6, 26.3), CRS("EPSG:4544"), PLACE)
    assert 'crs = "EPSG:4490"' in caught.value.remedy
    check_axes(
        (0.0, 0.0, 100.0, 100.0), CRS("+proj=tmerc +lon_0=105 +lat_0=26 +type=crs"), PLACE
    )  # a grid of a town's own
