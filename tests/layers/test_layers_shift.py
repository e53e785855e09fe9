"""Beijing 1954 and Xian 1980: refused without parameters, and shifted exactly as the parameters say."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from siteplan.errors import LayerError, SettingsError
from siteplan.layers.crs import choose_metric_crs, to_crs
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place
from siteplan.layers.shift import Shift, check_known, settle, settle_grid
from siteplan.layers.write import write_layer

PLACE = Place(role="sites", path="a.gpkg")
SEVEN = (15.8, -154.4, -82.3, 1.0, -2.0, 3.0, 4.5)
SHIFT = Shift(towgs84=SEVEN, source="made for this test")
KRASSOWSKY = 6_378_245.0, 1 / 298.3
CGCS2000 = 6_378_137.0, 1 / 298.257222101


def layer(lon=116.44, lat=25.67, crs="EPSG:4214"):
    frame = gpd.GeoDataFrame({"id": ["a"], "households": [1.0]}, geometry=[shapely.Point(lon, lat)], crs="EPSG:4214")
    return frame if crs == "EPSG:4214" else frame.to_crs(crs)


def by_hand(lon, lat, seven, ellipsoid=KRASSOWSKY, sign=1):
    """The similarity transformation written out: to geocentric coordinates, turned, and back by Bowring's iteration."""
    a, f = ellipsoid
    e2 = f * (2 - f)
    lam, phi = np.radians(lon), np.radians(lat)
    n = a / np.sqrt(1 - e2 * np.sin(phi) ** 2)
    xyz = np.array([n * np.cos(phi) * np.cos(lam), n * np.cos(phi) * np.sin(lam), n * (1 - e2) * np.sin(phi)])
    rx, ry, rz = np.radians(np.array(seven[3:6]) / 3600) * sign
    turn = np.array([[1, -rz, ry], [rz, 1, -rx], [-ry, rx, 1]])
    x, y, z = np.array(seven[:3]) + (1 + seven[6] * 1e-6) * (turn @ xyz)
    a, f = CGCS2000
    e2 = f * (2 - f)
    p, phi = np.hypot(x, y), np.arctan2(z, np.hypot(x, y))
    for _ in range(10):
        n = a / np.sqrt(1 - e2 * np.sin(phi) ** 2)
        h = p / np.cos(phi) - n
        phi = np.arctan2(z, p * (1 - e2 * n / (n + h)))
    return np.degrees(np.arctan2(y, x)), np.degrees(phi)


@settings(deadline=None)
@given(st.floats(74, 134), st.floats(18, 53))
def test_seven_parameters_are_the_formula(lon, lat):
    moved, _ = settle(layer(lon, lat), {"beijing54": SHIFT}, PLACE)
    assert moved.crs == "EPSG:4490"
    assert shapely.get_coordinates(moved.geometry)[0] == pytest.approx(by_hand(lon, lat, SEVEN), abs=2e-9)


def test_the_two_conventions_differ_in_the_sign_of_the_rotations():
    frame = Shift(towgs84=SEVEN, convention="coordinate_frame", source="made")
    moved, _ = settle(layer(), {"beijing54": frame}, PLACE)
    assert shapely.get_coordinates(moved.geometry)[0] == pytest.approx(by_hand(116.44, 25.67, SEVEN, sign=-1), abs=2e-9)


def test_three_parameters_and_a_pipeline():
    three = Shift(towgs84=SEVEN[:3], source="made")
    moved, notes = settle(layer(), {"beijing54": three}, PLACE)
    wanted = by_hand(116.44, 25.67, (*SEVEN[:3], 0, 0, 0, 0))
    assert shapely.get_coordinates(moved.geometry)[0] == pytest.approx(wanted, abs=2e-9)
    assert "from Beijing 1954 to CGCS2000" in notes[0].what
    assert "15.8, -154.4, -82.3; made" in notes[0].what
    assert notes[0].original == {"datum": "Beijing 1954"}
    pipeline = Shift(pipeline=three.steps("+a=6378245 +rf=298.3"), source="made")
    again, notes = settle(layer(), {"beijing54": pipeline}, PLACE)
    assert again.geometry.geom_equals_exact(moved.geometry, 1e-12).all()
    assert "pipeline; made" in notes[0].what


@pytest.mark.parametrize(
    ("crs", "datum", "like"),
    [(2415, "beijing54", 4527), (2436, "beijing54", 4548), (21420, "beijing54", 4498), (2363, "xian80", 4527),
     (2384, "xian80", 4548), (4610, "xian80", 4490), (4776, "new_beijing", 4528)],
)  # fmt: skip
def test_the_zone_stays_the_same(crs, datum, like):
    moved, _ = settle(layer().to_crs(crs), {datum: SHIFT}, PLACE)
    assert moved.crs.to_epsg() == like
    ellipsoid = (6_378_140.0, 1 / 298.257) if datum == "xian80" else KRASSOWSKY
    own = layer().to_crs(crs).to_crs(CRS.from_epsg(crs).geodetic_crs)
    lon, lat = shapely.get_coordinates(own.geometry)[0]
    got = shapely.get_coordinates(moved.to_crs(4490).geometry)[0]
    assert got == pytest.approx(by_hand(lon, lat, SEVEN, ellipsoid), abs=3e-9)


OLD = [2415, 4214, 2363, 4610, 4555, "+proj=tmerc +lon_0=117 +x_0=500000 +ellps=krass +type=crs"]


@pytest.mark.parametrize("crs", OLD)
def test_without_parameters_it_is_refused(tmp_path, crs):
    # contract: C1
    path = write_layer(layer().to_crs(crs), tmp_path / "a.gpkg", "sites")
    with pytest.raises(LayerError) as caught:
        read_layer(path, "sites")
    assert caught.value.row == "crs"
    assert "nothing says how far" in caught.value.problem
    assert "[datums." in caught.value.remedy
    with pytest.raises(LayerError):
        to_crs(layer().to_crs(crs), CRS.from_epsg(32650), PLACE)


def test_proj_alone_would_not_shift():
    unshifted = Transformer.from_crs(4214, 4490, always_xy=True).transform(116.44, 25.67)
    assert unshifted == pytest.approx((116.44, 25.67), abs=1e-9)
    assert layer().to_crs(4490).geometry.iloc[0].equals(shapely.Point(unshifted))


def test_parameters_in_the_file_are_used():
    said = ",".join(map(str, SEVEN))
    bound = CRS.from_user_input(f"+proj=longlat +ellps=krass +towgs84={said} +type=crs")
    check_known(bound, PLACE)
    moved, notes = settle(layer().set_crs(bound, allow_override=True), {}, PLACE)
    assert shapely.get_coordinates(moved.geometry)[0] == pytest.approx(by_hand(116.44, 25.67, SEVEN), abs=1e-6)
    assert "the file's own parameters" in notes[0].what
    zeros = CRS.from_user_input("+proj=longlat +ellps=krass +towgs84=0,0,0,0,0,0,0 +type=crs")
    with pytest.raises(LayerError):
        settle(layer().set_crs(zeros, allow_override=True), {}, PLACE)


PRJ = (
    'PROJCS["Xian 1980 / 3-degree Gauss-Kruger zone 36",GEOGCS["Xian 1980",DATUM["Xian_1980",SPHEROID["IAG 1975",6378140,298.257]{shift}],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],'
    'PARAMETER["central_meridian",108],PARAMETER["scale_factor",1],PARAMETER["false_easting",36500000],PARAMETER["false_northing",0],UNIT["metre",1]]'
)


@pytest.mark.parametrize("shift", ["", ",TOWGS84[0,0,0,0,0,0,0]", ",TOWGS84[24,-123,-94,-0.32,0.45,0.83,1.7]"])
def test_a_shapefile_whose_prj_gives_parameters(tmp_path, shift):
    own = layer(108.4, 25.67).set_crs("EPSG:4610", allow_override=True)
    path = write_layer(own.to_crs(2360), tmp_path / "a.shp")
    path.with_suffix(".prj").write_text(PRJ.format(shift=shift), encoding="utf-8")
    if "24" not in shift:
        with pytest.raises(LayerError, match="Xian 1980"):
            read_layer(path, "sites")
        return
    frame, notes = read_layer(path, "sites", target_crs="EPSG:4490")
    wanted = by_hand(108.4, 25.67, (24, -123, -94, -0.32, 0.45, 0.83, 1.7), (6_378_140.0, 1 / 298.257))
    assert shapely.get_coordinates(frame.geometry)[0] == pytest.approx(wanted, abs=1e-8)
    assert any("the file's own parameters" in note.what for note in notes)


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (Shift(towgs84=(15_800.0, -154.4, -82.3), source="x"), "no datums of China are so far apart"),
        (Shift(pipeline="+proj=foo", source="x"), "PROJ does not take the parameters"),
        (Shift(pipeline="+proj=affine +xoff=1", source="x"), "so far apart"),
    ],
)
def test_parameters_that_cannot_be_right_are_refused(shift, words):
    with pytest.raises(SettingsError) as caught:
        settle(layer(), {"beijing54": shift}, PLACE)
    assert words in caught.value.problem
    assert (caught.value.path, caught.value.row) == ("study.toml", "[datums.beijing54]")


def test_other_datums_are_left_alone():
    frame = layer().set_crs("EPSG:4490", allow_override=True)
    assert settle(frame, {"beijing54": SHIFT}, PLACE) == (frame, [])


def test_a_study_is_not_planned_on_an_old_datum():
    frame = layer().set_crs("EPSG:4490", allow_override=True)
    with pytest.raises(SettingsError, match="layers are planned on CGCS2000"):
        choose_metric_crs({"sites": frame}, "EPSG:2415")


GRID = (30.0, 0.0, 39_444_018.9, 0.0, -30.0, 2_842_985.8)


@pytest.mark.parametrize("size", [(127, 98), (40_000, 40_000)])
def test_a_raster_is_moved_as_its_cells_are(size):
    affine, crs, notes = settle_grid(GRID, size, CRS.from_epsg(2415), {"beijing54": SHIFT}, PLACE)
    assert crs.to_epsg() == 4527
    assert "from Beijing 1954" in notes[0].what
    corners = np.array([(0, 0), (size[0], 0), (0, size[1]), size, (size[0] / 3, size[1] / 2)])
    a, b, c, d, e, f = GRID
    own = gpd.GeoDataFrame(
        geometry=shapely.points(a * corners[:, 0] + b * corners[:, 1] + c, d * corners[:, 0] + e * corners[:, 1] + f),
        crs=2415,
    )
    wanted = shapely.get_coordinates(settle(own, {"beijing54": SHIFT}, PLACE)[0].geometry)
    a, b, c, d, e, f = affine
    got = np.column_stack([a * corners[:, 0] + b * corners[:, 1] + c, d * corners[:, 0] + e * corners[:, 1] + f])
    assert np.hypot(*(got - wanted).T).max() < 3.0  # a tenth of a cell
    assert (b == d == 0) == (size == (127, 98))


def test_a_raster_on_another_datum_is_left_alone():
    assert settle_grid(GRID, (127, 98), CRS.from_epsg(4527), {}, PLACE) == (GRID, CRS.from_epsg(4527), [])
    with pytest.raises(LayerError):
        settle_grid(GRID, (127, 98), CRS.from_epsg(2415), {}, PLACE)
