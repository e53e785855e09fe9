"""Slope by Horn's formula and heights at points: against planes, against a second implementation, and without a seam between blocks."""

import subprocess
import sys

import numpy as np
import pytest
from pyproj import CRS, Geod, Transformer
from rasterio.transform import Affine
from scipy import ndimage
from test_raster_values import claim, tiff

from siteplan.layers import raster as raster_module
from siteplan.layers.heights import heights_at
from siteplan.layers.raster import open_raster
from siteplan.layers.slope import slope_blocks

TURN = np.radians(30)


def whole(dem, **options):
    """Return the slope of the whole model, put together from its blocks."""
    found = np.full((dem.height, dem.width), -1.0)
    for block, degrees in slope_blocks(dem, **options):
        found[block.row : block.row + degrees.shape[0], block.column : block.column + degrees.shape[1]] = degrees
    assert not (found == -1).any()
    return found


def plane(path, transform, crs, degrees, shape=(40, 50), scale=1.0):
    """Write a plane that rises to the north-east of its own axes by ``degrees``; coordinates are ``scale`` metres."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    x, y = (transform.a * columns + transform.b * rows) * scale, (transform.d * columns + transform.e * rows) * scale
    heights = 1000 + np.tan(np.radians(degrees)) * (x + y) / np.sqrt(2)
    return tiff(path, heights.astype("float64"), crs=crs, transform=transform)


@pytest.mark.parametrize(
    ("transform", "crs", "scale"),
    [
        (Affine(30, 0, 500_000, 0, -30, 2_900_000), "EPSG:4547", 1.0),
        (Affine(30, 0, 500_000, 0, 30, 2_900_000), "EPSG:4547", 1.0),  # south up
        (Affine(30, 0, 500_000, 0, -60, 2_900_000), "EPSG:4547", 1.0),  # cells that are no squares
        (Affine(30 * np.cos(TURN), 30 * np.sin(TURN), 500_000, 30 * np.sin(TURN), -30 * np.cos(TURN), 2_900_000), "EPSG:4547", 1.0),
        (Affine(30, 0, 38_500_000, 0, -30, 2_900_000), "EPSG:4526", 1.0),  # zone number in front of the easting
        (Affine(100, 0, 6_000_000, 0, -100, 2_000_000), "EPSG:2229", 1200 / 3937),  # feet
    ],
)  # fmt: skip
def test_a_plane_has_the_slope_that_it_was_made_with(tmp_path, transform, crs, scale):
    found = whole(open_raster(plane(tmp_path / "a.tif", transform, crs, 17.0, scale=scale), "dem"))
    assert np.isnan(found[0]).all()
    assert np.isnan(found[:, -1]).all()
    assert found[1:-1, 1:-1] == pytest.approx(17.0, abs=0.01)


@pytest.mark.parametrize(("crs", "step"), [("EPSG:4490", 1 / 1200), ("EPSG:3857", 100.0)])
def test_degrees_and_web_mercator_are_measured_on_the_ground(tmp_path, crs, step):
    """A slope to the east of 100 m in 1 km, at 60 degrees north where both are off by a factor of 2."""
    x, y = Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(110.0, 60.0)
    transform = Affine(step, 0, x, 0, -step, y)
    to_degrees = Transformer.from_crs(crs, "EPSG:4490", always_xy=True)
    lon, lat = to_degrees.transform(x + (np.arange(60) + 0.5) * step, np.full(60, y - 15 * step))
    east = Geod(ellps="GRS80").inv(np.full(60, lon[0]), lat, lon, lat)[2]
    path = tiff(tmp_path / "a.tif", np.tile(0.1 * east, (30, 1)), crs=crs, transform=transform)
    found = whole(open_raster(path, "dem"))[1:-1, 1:-1]
    assert found == pytest.approx(np.degrees(np.arctan(0.1)), rel=0.002)


def rough(shape, seed=3):
    return ndimage.gaussian_filter(np.random.default_rng(seed).normal(0, 400, shape), 3) + 800


def by_sobel(heights, cell):
    """Return Horn's slope by SciPy's convolution, degrees; NaN beside voids and at the edge."""
    right, down = (ndimage.sobel(heights, axis=axis, mode="constant", cval=np.nan) / (8 * cell) for axis in (1, 0))
    return np.degrees(np.arctan(np.hypot(right, down)))


def test_slopes_equal_those_of_another_implementation_and_voids_spread_by_one_cell(tmp_path):
    heights = rough((60, 70))
    heights[20:23, 30] = -32768
    found = whole(open_raster(tiff(tmp_path / "a.tif", heights), "dem"))
    expected = by_sobel(np.where(heights < -500, np.nan, heights), 30.0)
    around = ndimage.binary_dilation(heights < -500, np.ones((3, 3)))
    assert np.isnan(found[1:-1, 1:-1]).tolist() == around[1:-1, 1:-1].tolist()
    known = np.isfinite(found)
    assert found[known] == pytest.approx(expected[known], rel=2e-4)  # the ground is 0.01 % off the map there


@pytest.mark.parametrize("layout", [{"tiled": True, "blockxsize": 16, "blockysize": 32}, {"blockysize": 3}])
def test_blocks_meet_without_a_seam(tmp_path, monkeypatch, layout):
    path = tiff(tmp_path / "a.tif", rough((90, 75)).astype("float32"), **layout)
    at_once = whole(open_raster(path, "dem"))
    monkeypatch.setattr(raster_module, "BLOCK_SIDE", 20)
    dem = open_raster(path, "dem")
    assert dem.count_blocks() > 6
    assert whole(dem) == pytest.approx(
        at_once, rel=1e-4, nan_ok=True
    )  # the ground is measured in the middle of each block
    inner = (500_300.0, 2_898_000.0, 501_500.0, 2_899_400.0)
    cells = sum(degrees.size for _, degrees in slope_blocks(dem, inner))
    assert cells == 40 * 47


def test_heights_at_points_are_bilinear_by_block_and_in_any_system(tmp_path, monkeypatch):
    monkeypatch.setattr(raster_module, "BLOCK_SIDE", 16)
    heights = rough((64, 64))
    heights[5, 5] = -32768
    dem = open_raster(tiff(tmp_path / "a.tif", heights, tiled=True, blockxsize=16, blockysize=16), "dem")
    rng = np.random.default_rng(1)
    cell = rng.uniform(8, 63.4, (500, 2))
    xy = np.column_stack([500_000 + 30 * cell[:, 0], 2_900_000 - 30 * cell[:, 1]])
    expected = ndimage.map_coordinates(heights, (cell[:, 1] - 0.5, cell[:, 0] - 0.5), order=1, mode="nearest")
    assert heights_at(dem, xy, CRS("EPSG:4547")) == pytest.approx(expected, abs=1e-6)
    lon, lat = Transformer.from_crs("EPSG:4547", "EPSG:4490", always_xy=True).transform(xy[:, 0], xy[:, 1])
    assert heights_at(dem, np.column_stack([lon, lat]), CRS("EPSG:4490")) == pytest.approx(expected, abs=1e-3)
    corner, outside = [500_001.0, 2_899_999.0], [499_999.0, 2_899_999.0]
    beside, centre = [500_000 + 30 * 5.9, 2_900_000 - 30 * 5.5], [500_000 + 30 * 6.5, 2_900_000 - 30 * 5.5]
    found = heights_at(dem, np.array([corner, outside, beside, centre]), CRS("EPSG:4547"))
    assert found[0] == heights[0, 0]
    assert np.isnan(found[1:3]).all()
    assert found[3] == heights[5, 6]
    assert not len(heights_at(dem, np.empty((0, 2)), CRS("EPSG:4547")))


MEMORY = """
import resource, sys
import numpy as np
import rasterio
from siteplan.layers.raster import open_raster
from siteplan.layers.slope import slope_blocks
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
dem = open_raster(sys.argv[1], "dem")
next(iter(slope_blocks(dem)))
before = peak()
n = sum(int(np.isfinite(degrees).sum()) for _, degrees in slope_blocks(dem))
print(n, peak() - before)
"""


@pytest.mark.once
def test_memory_does_not_grow_with_the_raster(tmp_path):
    """6,000 x 6,000 heights as float64 are 288 MB; the slopes of all take little more than those of the first block, GDAL's cache included."""
    path = claim(tmp_path / "a.tif", 6_000, 6_000, dtype="float64", tiled=True, compress="deflate")
    command = [sys.executable, "-c", MEMORY, str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=120, env={"GDAL_CACHEMAX": "32", "PATH": ""}
    )
    cells, grown = done.stdout.split()
    assert int(cells) == 5_998 * 5_998
    assert float(grown) < 100
