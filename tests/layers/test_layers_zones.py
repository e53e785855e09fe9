"""China's Gauss-Krueger zones: the whole table against PROJ's, zone numbers in front, and the towns of the documents."""

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from pyproj.database import query_crs_info
from real_counties import FIVE, counties

from siteplan.errors import LayerError
from siteplan.layers.crs import choose_metric_crs, fitting_zones, to_crs
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place
from siteplan.layers.write import write_layer
from siteplan.layers.zones import (
    Zone,
    fit_zone,
    gauss_krueger,
    old_datum,
    on_cgcs2000,
    other_zone,
    zone_numbered,
    zones_at,
)

PLACE = Place(role="sites", path="a.gpkg")
ZONES = [Zone(width=3, number=n) for n in range(25, 46)] + [Zone(width=6, number=n) for n in range(13, 24)]
CHANGTING = (39_444_018.9, 2_840_045.8, 39_447_828.9, 2_842_985.8)
"""Bounds of a real DEM in Beijing 1954, 3-degree zone 39."""


@pytest.mark.parametrize("numbered", [True, False])
@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: f"{zone.width}-{zone.number}")
def test_the_table_is_that_of_proj(zone, numbered):
    crs = CRS.from_epsg(zone.epsg(numbered=numbered))
    ending = f"zone {zone.number}" if numbered else f"CM {zone.meridian}E"
    assert crs.name == f"CGCS2000 / {'3-degree ' if zone.width == 3 else ''}Gauss-Kruger {ending}"
    known = gauss_krueger(crs)
    assert (known.meridian, known.number) == (zone.meridian, zone.number if numbered else 0)
    x, y = Transformer.from_crs(4490, crs, always_xy=True).transform(zone.meridian + 0.5, 30)
    assert x // 1_000_000 == (zone.number if numbered else 0)
    assert x % 1_000_000 == pytest.approx(548_247, abs=100)  # half a degree at 30 north, easting first
    assert y == pytest.approx(3_320_000, abs=2_000)


def test_every_chinese_zone_of_proj_has_its_like_on_cgcs2000():
    seen = 0
    for info in query_crs_info(auth_name="EPSG"):
        if info.deprecated or not re.match(
            r"(Beijing 1954|Xian 1980|New Beijing|CGCS2000) / .*Gauss-Kruger", info.name
        ):
            continue
        crs = CRS.from_epsg(info.code)
        known, like = gauss_krueger(crs), gauss_krueger(on_cgcs2000(crs))
        assert known == like, info.name
        assert on_cgcs2000(crs).to_epsg() in range(4491, 4555)
        assert (old_datum(crs) is None) == info.name.startswith("CGCS2000")
        seen += 1
    assert seen == 4 * 64


@settings(deadline=None)
@given(st.floats(73.6, 134.7), st.floats(18.2, 53.5))
def test_each_place_in_china_has_zones_of_both_widths(lon, lat):
    zones = zones_at(lon)
    assert {zone.width for zone in zones} == {3, 6}
    for zone in zones:
        crs = CRS.from_epsg(zone.epsg(numbered=True))
        area = crs.area_of_use
        assert area.west - 0.02 <= lon <= area.east + 0.02 or lon < 75 or lon > 133
        x, y = Transformer.from_crs(4490, crs, always_xy=True).transform(lon, lat)
        assert zone_numbered(int(x // 1_000_000)) == zone
        back = Transformer.from_crs(crs, 4490, always_xy=True).transform(x, y)
        assert back == pytest.approx((lon, lat), abs=1e-9)


WANTED = {
    "Liuzhi (Guizhou, document 004)": ([35], [18]),
    "Ankang (Shaanxi, document 002)": ([36, 37], [19]),
    "Chifeng (Inner Mongolia, document 003)": ([39, 40], [20, 21]),
}


@pytest.mark.parametrize("town", FIVE)
def test_towns_of_the_documents_are_within_reach(town):
    outlines = counties(FIVE[town])
    assert len(outlines) == len(FIVE[town])
    west, south, east, north = outlines.total_bounds
    zones = zones_at(west, east)
    narrow, wide = ([zone.number for zone in zones if zone.width == width] for width in (3, 6))
    assert (narrow, wide) == WANTED[town]
    centre = fitting_zones((west, south, east, north))
    assert {zone.width for zone in centre} == {3, 6}
    for zone in centre:
        for numbered in (True, False):
            crs = CRS.from_epsg(zone.epsg(numbered=numbered))
            assert choose_metric_crs({"boundary": outlines}, f"EPSG:{crs.to_epsg()}") == crs
            moved, notes = to_crs(outlines, crs, Place(role="boundary", path="a.gpkg"))
            assert notes == []
            back = moved.to_crs(4490).geometry.to_numpy()
            assert shapely.equals_exact(back, outlines.geometry.to_numpy(), 1e-9).all()
            x = moved.total_bounds[0]
            assert x // 1_000_000 == (zone.number if numbered else 0)


def test_places_outside_china_have_no_zone():
    assert zones_at(9.5) == []
    assert zone_numbered(24) is None
    assert zone_numbered(46) is None


@pytest.mark.parametrize(
    ("file", "right"), [(4548, 4527), (4509, 4527), (2436, None), (4547, "refused"), (4525, "refused")]
)
def test_a_zone_number_in_front_is_recognised(file, right):
    # contract: C1
    crs = CRS.from_epsg(file)
    if right == "refused":
        with pytest.raises(LayerError) as caught:
            fit_zone(CHANGTING, crs, PLACE)
        assert "begin with 39" in caught.value.problem
        assert 'crs = "EPSG:4527", override_crs = true' in caught.value.remedy
        return
    fitting, notes = fit_zone(CHANGTING, crs, PLACE)
    assert "zone number 39" in notes[0].what
    assert gauss_krueger(fitting).number == 39
    assert old_datum(fitting) == old_datum(crs)
    assert fitting.to_epsg() == right or right is None


def test_a_zone_number_that_is_missing_is_recognised():
    west, south, east, north = CHANGTING
    without = (west - 39e6, south, east - 39e6, north)
    fitting, notes = fit_zone(without, CRS.from_epsg(4527), PLACE)
    assert fitting.to_epsg() == 4548
    assert "lack the zone number 39" in notes[0].what
    assert fit_zone(without, CRS.from_epsg(4548), PLACE) == (CRS.from_epsg(4548), [])
    assert fit_zone(CHANGTING, CRS.from_epsg(4527), PLACE) == (CRS.from_epsg(4527), [])
    assert fit_zone(CHANGTING, CRS.from_epsg(32650), PLACE) == (CRS.from_epsg(32650), [])


def test_two_zones_in_one_layer_are_refused():
    with pytest.raises(LayerError, match="different zones"):
        fit_zone((38_600_000, 2_840_000, 39_400_000, 2_850_000), CRS.from_epsg(4527), PLACE)


def test_northing_first_is_recognised_by_the_zone_number():
    west, south, east, north = CHANGTING
    with pytest.raises(LayerError, match="x and y are exchanged"):
        fit_zone((south, west, north, east), CRS.from_epsg(4527), PLACE)


def point_layer(x, y, crs):
    return gpd.GeoDataFrame({"id": ["a"], "households": [1]}, geometry=[shapely.Point(x, y)], crs=crs)


def test_read_with_the_zone_number_in_front_and_without(tmp_path):
    x, y = Transformer.from_crs(4490, 4548, always_xy=True).transform(116.44, 25.67)
    for name, shift, crs in (("plain", 0, 4548), ("both", 39e6, 4527), ("lost", 0, 4527), ("kept", 39e6, 4548)):
        write_layer(point_layer(x + shift, y, crs), tmp_path / f"{name}.gpkg", "sites")
        frame, _notes = read_layer(tmp_path / f"{name}.gpkg", "sites", target_crs="EPSG:4490")
        assert shapely.get_coordinates(frame.geometry)[0] == pytest.approx((116.44, 25.67), abs=1e-9)


def test_cgcs2000_degrees_are_longitude_first(tmp_path):
    for end in ("gpkg", "shp", "parquet"):
        write_layer(point_layer(105.48, 26.21, "EPSG:4490"), tmp_path / f"a.{end}", "sites")
        frame, _notes = read_layer(tmp_path / f"a.{end}", "sites", columns={"households": "households"})
        assert (frame.geometry.x[0], frame.geometry.y[0]) == pytest.approx((105.48, 26.21))
        assert frame.crs.axis_info[0].direction == "north"  # as EPSG says, and not as the numbers stand


def test_another_meridian_is_recognised_by_the_other_layers():
    liuzhi = (105.2, 26.0, 105.6, 26.5)
    west, south, east, north = liuzhi
    said = (west + 9, south, east + 9, north)  # read as EPSG:4547, 114 E, though drawn at 105 E
    assert other_zone(said, CRS.from_epsg(4547), [liuzhi], 0.1).to_epsg() == 4544
    assert other_zone(said, CRS.from_epsg(4526), [liuzhi], 0.1).to_epsg() == 4523
    assert other_zone(said, CRS.from_epsg(32650), [liuzhi], 0.1) is None
    assert other_zone((west + 9, south + 9, east + 9, north + 9), CRS.from_epsg(4547), [liuzhi], 0.1) is None


def test_a_datum_without_a_name_is_told_by_its_ellipsoid():
    assert old_datum(CRS.from_user_input("+proj=tmerc +lon_0=105 +x_0=500000 +ellps=krass +type=crs")) == "beijing54"
    assert old_datum(CRS.from_user_input("+proj=tmerc +lon_0=105 +x_0=500000 +a=6378140 +rf=298.257 +type=crs")) is None
    assert old_datum(CRS.from_epsg(4326)) is None
    assert old_datum(CRS.from_epsg(4490)) is None
    assert old_datum(CRS.from_epsg(4610)) == "xian80"
    assert on_cgcs2000(CRS.from_epsg(4214)).to_epsg() == 4490


@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("北京54", "beijing54"),
        ("1980西安坐标系", "xian80"),
        ("D_Xian_1980", "xian80"),
        ("新北京", "new_beijing"),
        ("2000国家大地坐标系", None),
    ],
)
def test_datums_are_known_by_their_chinese_names_too(name, old):
    # contract: C1
    wkt = CRS.from_epsg(4546 if old is None else 2434).to_wkt("WKT1_ESRI")
    crs = CRS.from_wkt(re.sub(r'DATUM\["[^"]+"', f'DATUM["{name}"', wkt))
    assert old_datum(crs) == old
    known = gauss_krueger(crs)
    assert known is not None
    assert known.meridian == 111


def test_a_local_meridian_keeps_its_projection_on_cgcs2000():
    local = CRS.from_user_input("+proj=tmerc +lat_0=0 +lon_0=105.5 +k=1 +x_0=500000 +y_0=0 +ellps=krass +type=crs")
    like = on_cgcs2000(local)
    assert like.to_epsg() is None
    assert gauss_krueger(like).meridian == 105.5
    lon, lat = Transformer.from_crs(like, 4490, always_xy=True).transform(500_000, 2_900_000)
    assert lon == pytest.approx(105.5)
    assert np.isclose(lat, 26.2, atol=0.1)
