"""Rasters: opened without reading, read by window, voids masked."""

import numpy as np
import pytest
import rasterio
from pyproj import CRS, Transformer
from rasterio.transform import Affine

from siteplan.errors import DataError, LayerError, UsageError
from siteplan.layers.raster import open_raster

CELLS = np.arange(20, dtype=np.int16).reshape(4, 5)


def tiff(path, values=CELLS, crs="EPSG:4547", nodata=None):
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype=values.dtype,
        crs=crs, transform=Affine(10, 0, 500_000, 0, -10, 2_900_040), nodata=nodata,
    ) as target:  # fmt: skip
        target.write(values, 1)
    return path


def test_what_it_is(tmp_path):
    raster = open_raster(tiff(tmp_path / "高程 1.tif"), "dem")
    assert (raster.width, raster.height, raster.dtype, raster.nodata) == (5, 4, "int16", None)
    assert raster.bounds == (500_000, 2_900_000, 500_050, 2_900_040)
    assert "5 x 4 int16" in repr(raster)


def test_windows_hold_every_cell_touched(tmp_path):
    raster = open_raster(tiff(tmp_path / "a.tif"), "dem")
    values, transform = raster.read((500_011, 2_900_011, 500_029, 2_900_019))
    assert values.tolist() == [[11, 12]]
    assert (transform.c, transform.f) == (500_010, 2_900_020)
    assert raster.read()[0].tolist() == CELLS.tolist()
    assert raster.read((0, 0, 1e9, 1e9))[0].shape == (4, 5)


def test_bounds_in_another_crs(tmp_path):
    raster = open_raster(tiff(tmp_path / "a.tif"), "dem")
    to_degrees = Transformer.from_crs("EPSG:4547", "EPSG:4490", always_xy=True)
    box = to_degrees.transform_bounds(500_011, 2_900_011, 500_029, 2_900_019)
    assert raster.read(box, crs=CRS("EPSG:4490"))[0].tolist() == [[11, 12]]


def test_voids_are_masked(tmp_path):
    values = CELLS.copy()
    values[0, 0], values[1, 1] = -32768, -9999
    read, _ = open_raster(tiff(tmp_path / "a.tif", values, nodata=-9999), "dem").read()
    assert np.argwhere(read.mask).tolist() == [[0, 0], [1, 1]]
    read, _ = open_raster(tiff(tmp_path / "b.tif", values), "landcover").read()
    assert not np.ma.getmaskarray(read).any()


def test_outside(tmp_path):
    with pytest.raises(DataError) as caught:
        open_raster(tiff(tmp_path / "a.tif"), "dem").read((0, 0, 1, 1))
    assert caught.value.row == "dem"


def test_no_crs(tmp_path):
    path = tiff(tmp_path / "a.tif", crs=None)
    with pytest.raises(LayerError) as caught:
        open_raster(path, "dem")
    assert caught.value.path == str(path)
    assert '[layers.dem] in study.toml: crs = "EPSG:..."' in caught.value.remedy
    assert open_raster(path, "dem", crs="EPSG:4547").crs == CRS("EPSG:4547")


def test_crs_given_against_the_files_own(tmp_path):
    path = tiff(tmp_path / "a.tif")
    assert open_raster(path, "dem", crs="EPSG:4547").crs == CRS("EPSG:4547")
    with pytest.raises(LayerError, match="EPSG:4490"):
        open_raster(path, "dem", crs="EPSG:4490")


def test_a_crs_that_is_said_to_be_wrong_is_replaced_only_by_another(tmp_path):
    path = tiff(tmp_path / "a.tif")
    assert open_raster(path, "dem", crs="EPSG:4490", override_crs=True).crs == CRS("EPSG:4490")
    with pytest.raises(LayerError) as caught:
        open_raster(path, "dem", override_crs=True)
    assert caught.value.row == "crs"


def test_missing_and_broken(tmp_path):
    tiff(tmp_path / "dem.tif")
    with pytest.raises(LayerError) as caught:
        open_raster(tmp_path / "den.tif", "dem")
    assert "dem.tif" in caught.value.remedy
    (tmp_path / "c.tif").write_text("no raster", encoding="utf-8")
    with pytest.raises(LayerError, match="cannot be read"):
        open_raster(tmp_path / "c.tif", "dem")


def test_unknown_role(tmp_path):
    with pytest.raises(UsageError, match="landcover"):
        open_raster(tmp_path / "a.tif", "land_cover")
