"""Real rasters, against what rasterio and SciPy make of the same files: an old Chinese DEM and land-use map, SRTM with voids, walks in the Alps."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pyproj import CRS, Transformer
from scipy import ndimage

from siteplan.access.network import Network
from siteplan.access.terrain import Terrain
from siteplan.errors import LayerError
from siteplan.layers.heights import heights_at
from siteplan.layers.landcover import read_classes, refuse_unknown
from siteplan.layers.raster import open_raster
from siteplan.layers.slope import slope_blocks
from siteplan.study.check import check
from siteplan.study.study import open_study

DATA = os.environ.get("SITEPLAN_DATA")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data"),
]
ROOT = Path(DATA or ".")
CHINA, ALPS = ROOT / "import_cn", ROOT / "liechtenstein"


def direct(path):
    """Return the cells as rasterio reads them, NaN where it masks them."""
    with rasterio.open(path) as source:
        return np.ma.filled(source.read(1, masked=True).astype("float64"), np.nan)


def slopes(dem):
    found = np.empty((dem.height, dem.width))
    for block, degrees in slope_blocks(dem):
        found[block.row : block.row + degrees.shape[0], block.column : block.column + degrees.shape[1]] = degrees
    return found


def by_sobel(heights, cell):
    right, down = (ndimage.sobel(heights, axis=axis, mode="constant", cval=np.nan) / (8 * cell) for axis in (1, 0))
    return np.degrees(np.arctan(np.hypot(right, down))) + 0 * heights


def test_the_old_chinese_dem_has_its_heights_and_slopes():
    path = CHINA / "ywzdem30m.tif"
    dem = open_raster(path, "dem")
    expected = direct(path)
    assert np.array_equal(np.ma.filled(dem.read()[0].astype("float64"), np.nan), expected, equal_nan=True)
    assert (dem.width, dem.height, dem.dtype) == (127, 98, "float32")
    assert dem.bounds[0] == pytest.approx(39_444_018.9, abs=0.1)  # the zone number in front of the easting
    found, other = slopes(dem), by_sobel(expected, 30.0)
    assert np.isnan(found).tolist() == np.isnan(other).tolist()
    assert found[np.isfinite(found)] == pytest.approx(other[np.isfinite(other)], abs=0.01)
    assert np.nanmax(found) == pytest.approx(33.25, abs=0.05)


def changting(tmp_path, more=""):
    """A study around the DEM, on CGCS2000: its boundary is drawn in degrees."""
    area = shapely.box(116.445, 25.69, 116.47, 25.71)
    gpd.GeoDataFrame({"id": ["b"]}, geometry=[area], crs="EPSG:4490").to_file(tmp_path / "b.gpkg")
    (tmp_path / "classes.csv").write_text(
        "编码,地类\n4,耕地\n6,林地\n8,林地\n18,草地\n33,园地\n104,建设用地\n106,裸地\n", encoding="utf-8"
    )
    text = f"""
[study]
crs = "EPSG:4547"
[layers.boundary]
path = "b.gpkg"
[layers.dem]
path = '{CHINA / "ywzdem30m.tif"}'
[layers.landcover]
path = '{CHINA / "ywzlanduse30m_upd.tif"}'
classes = "classes.csv"
"""
    (tmp_path / "study.toml").write_text(text + more, encoding="utf-8")
    return tmp_path


GIVEN = '[datums.beijing54]\ntowgs84 = [-100.0, -60.0, -25.0]\nsource = "made up for this test"\n'


def test_rasters_on_beijing_54_are_refused_without_parameters_and_moved_with_them(tmp_path):
    with pytest.raises(LayerError, match="Beijing") as caught:
        open_study(changting(tmp_path))
    assert caught.value.path.endswith("ywzdem30m.tif")
    study = open_study(changting(tmp_path, GIVEN))
    dem = study.layers.rasters["dem"]
    assert dem.crs.geodetic_crs.name == "China Geodetic Coordinate System 2000"
    lon, lat = Transformer.from_crs(dem.crs, "EPSG:4490", always_xy=True).transform(*dem.bounds[:2])
    assert (lon, lat) == (pytest.approx(116.44, abs=0.01), pytest.approx(25.67, abs=0.02))
    # a cell's centre, taken from Beijing 54 to CGCS2000 by PROJ itself, has the height of that cell
    with rasterio.open(CHINA / "ywzdem30m.tif") as source:
        x, y = source.transform.c + 30 * 60.5, source.transform.f - 30 * 40.5
    flat = "+proj=tmerc +lat_0=0 +lon_0=117 +k=1 +x_0=39500000 +y_0=0 +ellps=krass +towgs84=-100,-60,-25 +units=m"
    place = Transformer.from_crs(flat, "EPSG:4326", always_xy=True).transform(x, y)
    height = heights_at(dem, np.array([place]), CRS("EPSG:4490"))[0]
    assert height == pytest.approx(direct(CHINA / "ywzdem30m.tif")[40, 60], abs=0.5)
    notes = " ".join(note.what for note in check(study).notes)
    assert "heights from" in notes
    assert "woodland" in notes


def test_the_old_chinese_land_use_map_has_its_codes():
    path = CHINA / "ywzlanduse30m_upd.tif"
    values, _ = open_raster(path, "landcover").read()
    codes, counts = np.unique(values.compressed(), return_counts=True)
    assert dict(zip(codes.tolist(), counts.tolist(), strict=True)) == {
        4: 764, 6: 1569, 8: 3157, 18: 63, 33: 1329, 104: 300, 106: 128,
    }  # fmt: skip
    assert int(np.ma.getmaskarray(values).sum()) == 3315
    with pytest.raises(LayerError, match="lacks: 4, 6, 8, 18, 33, 104, 106"):
        refuse_unknown(values.compressed(), read_classes("survey"), str(path))


@pytest.mark.parametrize(("name", "voids"), [("dem_srtm3_utm_90m.tif", 1650), ("dem_srtm3_wgs84.tif", 1182)])
def test_voids_of_srtm_are_no_heights(name, voids):
    dem = open_raster(ALPS / name, "dem")
    values, _ = dem.read()
    assert int(np.ma.getmaskarray(values).sum()) == voids
    expected = direct(ALPS / name)
    assert np.array_equal(np.ma.filled(values.astype("float64"), np.nan), expected, equal_nan=True)
    assert values.min() > 400


def test_metres_and_degrees_give_the_same_slopes():
    """Of one terrain in two systems: at the same 2,000 places heights and slopes agree as far as cells of 63 x 93 and 90 x 90 m can."""
    utm, degrees = (open_raster(ALPS / f"dem_srtm3_{name}.tif", "dem") for name in ("utm_90m", "wgs84"))
    rng = np.random.default_rng(1)
    west, south, east, north = utm.bounds
    xy = np.column_stack([rng.uniform(west + 500, east - 500, 2000), rng.uniform(south + 500, north - 500, 2000)])
    one, other = heights_at(utm, xy, utm.crs), heights_at(degrees, xy, utm.crs)
    both = np.isfinite(one) & np.isfinite(other)
    assert both.mean() > 0.9
    assert np.median(np.abs(one - other)[both]) < 5
    steep = slopes(utm), slopes(degrees)
    assert np.nanmedian(steep[0]) == pytest.approx(np.nanmedian(steep[1]), rel=0.05)
    found, expected = steep[0], by_sobel(direct(ALPS / "dem_srtm3_utm_90m.tif"), 90.0)
    assert found[np.isfinite(found)] == pytest.approx(expected[np.isfinite(expected)], rel=0.002, abs=1e-6)


def test_up_to_triesenberg_takes_longer_than_down_to_vaduz():
    """Real streets on real ground: some 400 m up in 3 to 5 km; networkx has tested the formula, this is how it comes out."""
    roads = gpd.read_file(ALPS / "liechtenstein.gpkg", layer="roads", columns=["highway"])
    streets = roads.to_crs("EPSG:32632")
    network = Network.from_streets(streets)
    dem = open_raster(ALPS / "dem_srtm3_utm_90m.tif", "dem")
    terrain = Terrain.of(network, dem)
    assert terrain.unknown_share < 0.01
    places = gpd.GeoSeries.from_xy([9.52154, 9.54197], [47.14151, 47.11815], crs="EPSG:4326").to_crs("EPSG:32632")
    vaduz, triesenberg = (network.snap(places.to_numpy()[[k]], 500.0) for k in (0, 1))
    metres = network.walks(vaduz, triesenberg, np.inf).cost
    pair = np.zeros(1, dtype=np.int64)
    up, down = (float(side[0]) for side in terrain.minutes(vaduz, triesenberg, pair, pair, metres))
    climb = np.diff(heights_at(dem, shapely.get_coordinates(places.to_numpy()), CRS("EPSG:32632")))[0]
    assert 350 < climb < 500
    flat = metres[0] / 83.9
    assert flat < down < up
    assert up > 1.2 * flat
