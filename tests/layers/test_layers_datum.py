"""Web maps' datums: against another implementation, there and back, and no shift outside China."""

import itertools

import geopandas as gpd
import numpy as np
import prcoords
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from siteplan.errors import LayerError
from siteplan.layers.datum import (
    CHINA,
    bd09_to_gcj02,
    from_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_china,
    take_back,
    to_wgs84,
    wgs84_to_gcj02,
)
from siteplan.layers.handling import Handling
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place

PLACE = Place(role="sites", path="a.gpkg")
METRES = Geod(ellps="WGS84")
LON, LAT = st.floats(73.5, 134.8), st.floats(18.1, 53.6)


def apart(lon, lat, other):
    return np.asarray(METRES.inv(lon, lat, *other)[2])


@settings(deadline=None)
@given(LON, LAT)
def test_gcj02_and_bd09_are_those_of_another_implementation(lon, lat):
    for ours, theirs in (("gcj02", prcoords.wgs_gcj), ("bd09", prcoords.wgs_bd)):
        wanted = theirs((lat, lon))
        got = from_wgs84(np.array([lon]), np.array([lat]), ours)
        assert got[0][0] == pytest.approx(wanted.lon, abs=1e-11)
        assert got[1][0] == pytest.approx(wanted.lat, abs=1e-11)


@settings(deadline=None)
@given(LON, LAT)
def test_the_rough_inverse_of_another_implementation_is_near(lon, lat):
    shown = np.array([lon]), np.array([lat])
    for ours, theirs in (("gcj02", prcoords.gcj_wgs), ("bd09", prcoords.bd_wgs)):
        wanted = theirs((lat, lon))
        assert apart(*to_wgs84(*shown, ours), (np.array([wanted.lon]), np.array([wanted.lat]))).max() < 10


@pytest.mark.once
@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_million_points_there_and_back_within_a_millimetre(datum):
    random = np.random.default_rng(4)
    lon, lat = random.uniform(73, 135, 1_000_000), random.uniform(18, 54, 1_000_000)
    lon[:1000] = 105.0 + np.linspace(-1e-6, 1e-6, 1000)  # where the formula's root has no derivative
    shown = from_wgs84(lon, lat, datum)
    back = to_wgs84(*shown, datum)
    assert np.median(apart(lon[:5000], lat[:5000], (shown[0][:5000], shown[1][:5000]))) > 300
    degree = 111_700.0  # metres of a degree at most, of latitude as of longitude
    assert np.hypot(back[0] - lon, back[1] - lat).max() * degree < 1e-3


def test_back_and_there():
    random = np.random.default_rng(5)
    shown = random.uniform(74, 134, 10_000), random.uniform(19, 53, 10_000)
    assert apart(*shown, wgs84_to_gcj02(*gcj02_to_wgs84(*shown))).max() < 1e-3
    assert apart(*shown, gcj02_to_bd09(*bd09_to_gcj02(*shown))).max() < 1e-3


def test_nothing_is_shifted_outside_china():
    lon, lat = np.array([9.52, -74.0, 138.0, 105.0]), np.array([47.14, 40.7, 36.0, 0.5])
    assert not in_china(lon, lat).any()
    for convert in (wgs84_to_gcj02, gcj02_to_wgs84):
        assert np.array_equal(np.array(convert(lon, lat)), np.array([lon, lat]))
    for convert, datum in itertools.product((from_wgs84, to_wgs84), ("gcj02", "bd09")):
        assert np.array_equal(np.array(convert(lon, lat, datum)), np.array([lon, lat]))


def test_the_rectangle_is_closed():
    west, south, east, north = CHINA
    assert in_china(np.array([west, east]), np.array([south, north])).all()
    assert not in_china(np.array([west - 1e-9, east + 1e-9]), np.array([south, north])).any()


def layer(shapes, crs="EPSG:4326"):
    return gpd.GeoDataFrame({"id": [f"x{k}" for k in range(len(shapes))]}, geometry=shapes, crs=crs)


TOWN = [
    shapely.Point(105.48, 26.21),
    shapely.box(105.40, 26.20, 105.41, 26.21),
    shapely.LineString([(105, 26), (106, 27)]),
]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "EPSG:3857", "EPSG:4544"])
def test_a_layer_is_taken_back_in_its_own_system(crs):
    true = layer(TOWN)
    shown = true.set_geometry(
        shapely.transform(true.geometry.to_numpy(), lambda p: np.column_stack(wgs84_to_gcj02(p[:, 0], p[:, 1])))
    )
    back, notes = take_back(shown.set_crs("EPSG:4326", allow_override=True).to_crs(crs), "gcj02", PLACE)
    assert back.crs == crs
    assert shapely.equals_exact(back.to_crs("EPSG:4326").geometry.to_numpy(), true.geometry.to_numpy(), 1e-8).all()
    assert notes[0].kind == "note"
    assert "GCJ-02" in notes[0].what
    assert notes[0].original == {"datum": "GCJ-02"}


def test_a_layer_outside_china_is_refused_and_rows_outside_are_told():
    with pytest.raises(LayerError, match="does not lie in China") as caught:
        take_back(layer([shapely.Point(9.5, 47.1)]), "gcj02", PLACE)
    assert "[layers.sites]" in caught.value.remedy
    moved, notes = take_back(layer([TOWN[0], shapely.Point(9.5, 47.1)]), "gcj02", PLACE)
    assert "1 rows lie outside China" in notes[1].what
    assert moved.geometry.iloc[1].equals(shapely.Point(9.5, 47.1))


def test_a_register_with_positions_from_a_web_map(tmp_path):
    lon, lat = from_wgs84(np.array([105.48, 105.5]), np.array([26.21, 26.3]), "bd09")
    rows = [f"a{k},{lon[k]:.9f},{lat[k]:.9f},{k + 30}" for k in range(2)]
    path = tmp_path / "安置点.csv"
    path.write_text("\n".join(["编号,经度,纬度,户数", *rows]), encoding="gb18030")
    frame, notes = read_layer(path, "sites", crs="EPSG:4326", handling=Handling(datum="bd09"))
    assert frame["households"].tolist() == [30, 31]
    assert shapely.get_coordinates(frame.geometry).ravel() == pytest.approx([105.48, 26.21, 105.5, 26.3], abs=1e-8)
    assert any("taken back from BD-09" in note.what for note in notes)
