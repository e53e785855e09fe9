"""What found candidates keep off: exclusions, steep ground, land that the survey has as no building land; and vacant parcels."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pyproj import CRS
from rasterio.transform import Affine
from shapely import LineString, Point, box

from siteplan.candidates.cover import covered
from siteplan.candidates.found import CandidateRules, find_candidates
from siteplan.candidates.limits import Limits
from siteplan.candidates.slope import slope_percent
from siteplan.errors import DataError, LayerError, SettingsError
from siteplan.layers.exclusions import keep_off
from siteplan.layers.landcover import read_classes
from siteplan.layers.raster import open_raster

HERE = CRS("EPSG:32648")
RULES = CandidateRules()


def frame(geometry, **columns):
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=HERE)


def layers():
    """One community of 1 km x 1 km, a street through its middle, homes north of it, a school south of it."""
    homes = [box(x, 560, x + 10, 570) for x in range(100, 900, 50)]
    return {
        "buildings": frame(
            [*homes, box(500, 300, 520, 310)],
            id=[f"h{k:02d}" for k in range(len(homes))] + ["school"],
            use=["house"] * len(homes) + ["学校"],
            floors=[2.0] * (len(homes) + 1),
            households=[2.0] * len(homes) + [0.0],
        ),
        "streets": frame([LineString([(0, 500), (1000, 500)])], name=["人民路"], highway=["residential"]),
        "communities": frame([box(0, 0, 1000, 1000)], id=["c"]),
        "facilities": frame([], id=[]),
    }


def dem(path, z, *, cell=10.0, left=-200.0, top=1200.0, crs=HERE, nodata=None):
    with rasterio.open(
        path, "w", driver="GTiff", width=z.shape[1], height=z.shape[0], count=1, dtype="float32",
        crs=crs.to_wkt(), transform=Affine(cell, 0.0, left, 0.0, -cell, top), nodata=nodata,
    ) as out:  # fmt: skip
        out.write(z.astype("float32"), 1)
    return open_raster(path, "dem")


def plane(size, cell, east, north, left=-200.0, top=1200.0):
    """Heights of a plane that rises ``east`` and ``north`` metres a metre, at cell centres."""
    x = left + (np.arange(size) + 0.5) * cell
    y = top - (np.arange(size) + 0.5) * cell
    return 500.0 + east * x[None, :] + north * y[:, None]


def test_the_slope_of_a_plane_is_its_own(tmp_path):
    raster = dem(tmp_path / "dem.tif", plane(140, 10.0, 0.03, -0.04))
    parcels = np.array([box(100, 100, 130, 130), box(500, 700, 504, 704), box(300, 300, 420, 350)], dtype=object)
    assert slope_percent(raster, parcels, HERE) == pytest.approx([5.0, 5.0, 5.0], abs=1e-3)
    assert slope_percent(raster, np.zeros(0, dtype=object), HERE).tolist() == []
    far = np.array([box(9000, 9000, 9030, 9030)], dtype=object)
    assert np.isnan(slope_percent(raster, far, HERE)).all()


def test_a_model_in_degrees_gives_the_slope_in_metres(tmp_path):
    degrees = CRS("EPSG:4326")
    corners = gpd.GeoSeries([Point(500_000, 3_000_000), Point(502_000, 3_002_000)], crs=HERE).to_crs(degrees)
    west, _south, east, north = corners.total_bounds
    size = 100
    lon = west + (np.arange(size) + 0.5) * (east - west) / size
    lat = north - (np.arange(size) + 0.5) * (east - west) / size
    grid = gpd.GeoSeries(gpd.points_from_xy(np.tile(lon, size), np.repeat(lat, size)), crs=degrees).to_crs(HERE)
    z = 800 + 0.12 * (grid.x.to_numpy() - 500_000).reshape(size, size)
    raster = dem(tmp_path / "dem.tif", z, cell=(east - west) / size, left=west, top=north, crs=degrees)
    parcel = np.array([box(501_000, 3_001_000, 501_030, 3_001_030)], dtype=object)
    assert slope_percent(raster, parcel, HERE) == pytest.approx([12.0], rel=0.01)


def test_open_land_is_no_steeper_than_the_limit_and_says_how_steep_it_is(tmp_path):
    # flat in the west, 20 % in the east
    z = np.maximum(plane(140, 10.0, 0.2, 0.0), 600.0)
    found = find_candidates(**layers(), limits=Limits(dem=dem(tmp_path / "dem.tif", z)))
    build = found[found["kind"] == "build"]
    assert len(build)
    assert (build.geometry.bounds["maxx"] < 520).all()
    assert build["basis"].str.contains(r"slope \d+\.\d % \(at most 8 %\)").all()
    steep = find_candidates(
        **layers(), settings=CandidateRules(max_slope_percent=25.0), limits=Limits(dem=dem(tmp_path / "again.tif", z))
    )
    assert (steep[steep["kind"] == "build"].geometry.bounds["maxx"] > 520).any()


def test_nothing_is_found_in_exclusions_nor_outside_the_urban_boundary():
    everywhere = find_candidates(**layers())
    assert "convert-school" in set(everywhere["id"])
    zones = frame(
        [box(0, 0, 600, 450), Point(800, 500), box(0, 0, 900, 1000)],
        id=["a", "b", "c"], kind=["生态保护红线", "滑坡", "城镇开发边界"], buffer_m=[0.0, 120.0, 0.0],
    )  # fmt: skip
    found = find_candidates(**layers(), limits=Limits(zones=keep_off(zones)))
    assert len(found) > 3
    assert set(found["kind"]) == {"build"}  # the school lies in the red line
    for shape in found.geometry:
        assert not shape.intersects(zones.geometry[0])
        assert shape.distance(zones.geometry[1]) >= 120
        assert zones.geometry[2].covers(shape)


def parcels(**changes):
    """Vacant by code, vacant by word, too small, built on, cropland along the south of the street."""
    rows = {
        "id": ["p1", "p2", "p3", "p4", "p5"],
        "name": ["老粮站", None, "", "", ""],
        "land_code": ["1201", None, "1201", "1201", "0103"],
        "land_use": [None, "空闲地", None, None, "旱地"],
    }
    shapes = [box(100, 600, 140, 640), box(700, 600, 720, 620), box(400, 600, 410, 610), box(480, 290, 540, 330), box(0, 400, 1000, 498)]  # fmt: skip
    return frame(shapes, **(rows | changes))


def vacant(limits, **changed):
    here = layers() | changed
    return limits.vacant(here["buildings"], here["facilities"], RULES)["id"].tolist()


def test_a_parcel_is_not_vacant_where_part_of_a_building_or_a_facility_stands_or_the_survey_has_cropland():
    # h00 is 100 to 110 east, 560 to 570 north
    beside = parcels().iloc[[0]].set_geometry([box(109.5, 540, 140, 580)])
    partly = parcels().iloc[[0]].set_geometry([box(108, 540, 140, 580)])
    assert vacant(Limits(parcels=beside)) == ["p1"]  # a wall drawn half a metre off
    assert vacant(Limits(parcels=partly)) == []
    facility = frame([Point(120, 620)], id=["f1"])
    assert vacant(Limits(parcels=parcels()), facilities=facility) == ["p2"]
    against = parcels(land_code=["1201", "0101", None, None, None])
    assert vacant(Limits(parcels=against)) == ["p1"]  # 空闲地 by its use, paddy by its code


def test_open_land_touches_no_plot_of_the_layer_of_farmland():
    plot = box(0, 505, 1000, 530)
    squares = find_candidates(**layers(), limits=Limits(farmland=np.array([plot], dtype=object)))
    assert squares["id"].str.startswith("build-").sum() > 3
    assert not squares.intersects(plot).any()
    assert find_candidates(**layers()).intersects(plot).any()


def test_vacant_parcels_are_candidates_with_their_own_land():
    found = find_candidates(**layers(), limits=Limits(parcels=parcels()))
    vacant = found[found["id"].str.startswith("vacant-")].set_index("id")
    assert sorted(vacant.index) == ["vacant-p1", "vacant-p2"]  # p3 is small, the school stands on p4
    assert vacant["land_m2"].to_dict() == {"vacant-p1": 1600, "vacant-p2": 400}
    assert vacant["floor_capacity_m2"].to_dict() == {"vacant-p1": 1600, "vacant-p2": 400}  # half of it on two storeys
    assert vacant["name"].to_dict() == {"vacant-p1": "老粮站", "vacant-p2": ""}
    assert vacant["basis"].str.startswith("assumed: a vacant parcel").all()
    assert vacant["basis"].str.endswith("slope not checked: no elevations").all()
    assert "1201" in vacant.loc["vacant-p1", "basis"]
    assert "空闲地" in vacant.loc["vacant-p2", "basis"]


def test_open_land_touches_no_cropland_of_the_survey():
    plain = find_candidates(**layers())
    assert plain.intersects(parcels().geometry[4]).any()
    found = find_candidates(**layers(), limits=Limits(parcels=parcels()))
    squares = found[found["id"].str.startswith("build-")]
    assert len(squares)
    assert not squares.intersects(parcels().geometry[4]).any()


def test_vacant_parcels_keep_off_exclusions_and_steep_ground_too(tmp_path):
    zone = keep_off(frame([box(90, 590, 110, 610)], id=["z"], kind=["永久基本农田"]))
    z = np.maximum(plane(140, 10.0, 0.2, 0.0), 600.0)
    limits = Limits(zones=zone, parcels=parcels(), dem=dem(tmp_path / "dem.tif", z))
    assert vacant(limits) == []  # p1 in the zone, p2 at 20 %
    assert vacant(Limits(parcels=parcels())) == ["p1", "p2"]


def test_a_code_that_the_survey_lacks_is_refused_with_file_and_row():
    wrong = parcels(land_code=["1201", "R2", None, None, None])
    with pytest.raises(DataError, match="'R2'") as caught:
        find_candidates(**layers(), limits=Limits(parcels=wrong, path="dltb.shp"))
    assert (caught.value.path, caught.value.row) == ("dltb.shp", "p2")


def test_a_community_gets_no_more_than_its_most_and_they_lie_apart():
    found = find_candidates(**layers(), settings=CandidateRules(max_per_community=4), limits=Limits(parcels=parcels()))
    assert len(found) == 4
    centres = shapely.get_coordinates(found.geometry.centroid)
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    assert apart[~np.eye(4, dtype=bool)].min() > RULES.side_m


def landcover(path, codes, *, classes="survey", crs=HERE):
    """A land cover of 50 m cells over the whole community."""
    with rasterio.open(
        path, "w", driver="GTiff", width=codes.shape[1], height=codes.shape[0], count=1, dtype="int16",
        crs=crs.to_wkt(), transform=Affine(50.0, 0.0, -100.0, 0.0, -50.0, 1100.0), nodata=0,
    ) as out:  # fmt: skip
        out.write(codes.astype("int16"), 1)
    raster = open_raster(path, "landcover")
    return raster if classes is None else dataclasses.replace(raster, classes=read_classes(classes))


def test_open_land_keeps_off_crops_and_water_of_the_land_cover(tmp_path):
    codes = np.full((24, 24), 404)  # other grassland
    codes[:12] = 101  # paddy north of the street, y >= 500
    codes[:, 16:] = 1104  # a pond east of x = 700
    found = find_candidates(**layers(), limits=Limits(landcover=landcover(tmp_path / "c.tif", codes)))
    build = found[found["kind"] == "build"]
    assert len(build) > 3
    bounds = build.geometry.bounds
    assert (bounds["maxy"] < 500).all()
    assert (bounds["maxx"] < 700).all()
    assert build["basis"].str.contains("; land cover checked").all()
    free = CandidateRules(avoid_cover=())
    everywhere = find_candidates(
        **layers(), settings=free, limits=Limits(landcover=landcover(tmp_path / "d.tif", codes))
    )
    assert (everywhere.geometry.bounds["maxx"] > 700).any()


def test_a_land_cover_without_a_table_is_not_read_and_unknown_classes_are_refused(tmp_path):
    codes = np.full((24, 24), 101)
    bare = landcover(tmp_path / "c.tif", codes, classes=None)
    assert find_candidates(**layers(), limits=Limits(landcover=bare)).equals(find_candidates(**layers()))
    wrong = CandidateRules(avoid_cover=("croplands",))
    with pytest.raises(SettingsError, match="croplands") as caught:
        find_candidates(**layers(), settings=wrong, limits=Limits(landcover=bare))
    assert caught.value.row == "[candidates] avoid_cover"


def test_codes_that_the_table_lacks_are_refused_where_they_would_count_as_free_land(tmp_path):
    codes = np.full((24, 24), 404)
    codes[3, 3] = 7
    raster = landcover(tmp_path / "c.tif", codes)
    assert not covered(raster, shapely.box([500], [500], [520], [520]), HERE, ("water",)).any()
    with pytest.raises(LayerError, match="lacks: 7") as caught:
        covered(raster, shapely.box([60], [920], [80], [940]), HERE, ("water",))
    assert 'classes = "TABLE.csv"' in caught.value.remedy


@pytest.mark.parametrize("seed", range(3))
def test_cover_is_that_of_any_of_nine_points(tmp_path, seed):
    draw = np.random.default_rng(seed)
    codes = draw.choice([0, 101, 404, 1101, 1003], (24, 24))
    raster = landcover(tmp_path / "c.tif", codes)
    corner = draw.uniform(-150, 1150, (80, 2))
    places = shapely.box(*corner.T, *(corner + draw.uniform(5, 80, (80, 2))).T)
    found = covered(raster, places, HERE, ("cultivated", "water"))
    for place, hit in zip(places, found, strict=True):
        west, south, east, north = place.bounds
        points = [(x, y) for x in (west, (west + east) / 2, east) for y in (south, (south + north) / 2, north)]
        cells = [(int((1100 - y) // 50), int((x + 100) // 50)) for x, y in points]
        assert hit == any(codes[r, c] in (101, 1101) for r, c in cells if 0 <= r < 24 and 0 <= c < 24)
