"""What the numbers of a raster mean: voids that are declared or not, 8-bit heights, scale, feet, pictures, and files that claim too much."""

import numpy as np
import pytest
import rasterio
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

from siteplan.errors import LayerError, UsageError
from siteplan.layers.raster import open_raster

HERE = Affine(30, 0, 500_000, 0, -30, 2_900_000)


def tiff(path, values, *, crs="EPSG:4547", transform=HERE, scale=None, unit=None, **profile):
    values = (
        np.atleast_3d(np.moveaxis(np.asarray(values), 0, -1)) if np.ndim(values) == 3 else np.asarray(values)[..., None]
    )
    options = {
        "driver": "GTiff",
        "count": values.shape[2],
        "dtype": values.dtype,
        "crs": crs,
        "transform": transform,
        **profile,
    }
    with rasterio.open(path, "w", height=values.shape[0], width=values.shape[1], **options) as target:
        for band in range(values.shape[2]):
            target.write(values[..., band], band + 1)
        if scale:
            target.scales, target.offsets = (scale[0],), (scale[1],)
        if unit:
            target.units = (unit,)
    return path


@pytest.mark.parametrize(
    ("kind", "void"),
    [("int16", -32768), ("int16", -9999), ("int16", -32767), ("int16", 32767), ("uint16", 65535), ("uint16", 32768),
     ("float32", np.nan), ("float32", np.inf), ("float32", -3.4028234663852886e38), ("float64", -99999.0)],
)  # fmt: skip
def test_heights_that_no_land_has_are_no_heights_whatever_the_file_declares(tmp_path, kind, void):
    # contract: C1
    cells = np.array([[300, 8848], [0, 12]], dtype=kind)
    cells[1, 1] = void
    read, _ = open_raster(tiff(tmp_path / "a.tif", cells), "dem").read()
    assert read.mask.tolist() == [[False, False], [False, True]]
    assert read.compressed().tolist() == [300, 8848, 0]
    assert read.dtype == kind


def test_a_declared_void_and_one_that_the_study_names_both_count(tmp_path):
    cells = np.array([[300, 0], [-9999, 12]], dtype="int16")
    path = tiff(tmp_path / "a.tif", cells, nodata=-9999)
    assert open_raster(path, "dem").read()[0].mask.tolist() == [[False, False], [True, False]]
    assert open_raster(path, "dem", nodata=0).read()[0].mask.tolist() == [[False, True], [True, False]]
    with pytest.raises(LayerError, match="no cell can have this value, the cells are int16") as caught:
        open_raster(path, "dem", nodata=70000)
    assert caught.value.row == "nodata"


def test_8_bit_heights_are_refused_until_somebody_says_which_are_none(tmp_path):
    # contract: C1
    path = tiff(tmp_path / "a.tif", np.array([[0, 200], [255, 7]], dtype="uint8"))
    with pytest.raises(LayerError, match="8-bit numbers") as caught:
        open_raster(path, "dem")
    assert 'nodata = "none"' in caught.value.remedy
    assert open_raster(path, "dem", nodata=0).read()[0].mask.tolist() == [[True, False], [False, False]]
    assert not open_raster(path, "dem", nodata="none").read()[0].mask.any()
    assert not open_raster(path, "landcover").read()[0].mask.any()
    sixteen = open_raster(tiff(tmp_path / "b.tif", np.array([[0, 200]], dtype="uint16")), "dem")
    assert "0 is taken for a height" in sixteen.notes[0].what


def test_people_are_never_negative(tmp_path):
    cells = np.array([[-200.0, 0.0], [3.5, np.nan]], dtype="float32")
    assert open_raster(tiff(tmp_path / "a.tif", cells), "population").read()[0].compressed().tolist() == [0.0, 3.5]


def test_scale_offset_and_feet(tmp_path):
    cells = np.array([[1000, 2000], [-32768, 0]], dtype="int16")
    read, _ = open_raster(tiff(tmp_path / "a.tif", cells, scale=(0.1, 5.0), nodata=-32768), "dem").read()
    assert read.compressed().tolist() == pytest.approx([105.0, 205.0, 5.0])
    feet = open_raster(tiff(tmp_path / "b.tif", cells, unit="ft", nodata=-32768), "dem")
    assert feet.read()[0].compressed().tolist() == pytest.approx([304.8, 609.6, 0.0])
    assert "feet" in feet.notes[0].what
    with pytest.raises(LayerError, match="unit that is not known: fathom"):
        open_raster(tiff(tmp_path / "c.tif", cells, unit="fathom"), "dem")


def test_pictures_and_rasters_without_a_place_are_refused(tmp_path):
    picture = tiff(tmp_path / "a.tif", np.zeros((3, 2, 2), dtype="uint8"))
    with pytest.raises(LayerError, match="a picture"):
        open_raster(picture, "dem")
    bands = open_raster(tiff(tmp_path / "b.tif", np.zeros((2, 2, 2), dtype="int16")), "dem")
    assert "2 bands: the first is read" in bands.notes[0].what
    with pytest.warns(NotGeoreferencedWarning):
        lost = tiff(tmp_path / "c.tif", np.zeros((2, 2), dtype="int16"), transform=Affine(1, 0, 0, 0, 1, 0))
    with pytest.raises(LayerError, match="has no place"):
        open_raster(lost, "dem")


def claim(path, width, height, **options):
    """Write the head of a huge raster: none of its blocks is there."""
    options = {"driver": "GTiff", "count": 1, "dtype": "int16", "crs": "EPSG:4547", "transform": HERE, **options}
    with rasterio.open(path, "w", width=width, height=height, sparse_ok=True, bigtiff="yes", **options):
        pass
    return path


def test_a_raster_of_20_gb_is_read_by_its_windows(tmp_path):
    path = claim(tmp_path / "a.tif", 100_000, 100_000, tiled=True, blockxsize=512, blockysize=512, nodata=-32768)
    with rasterio.open(path, "r+") as target:
        target.write(np.full((1, 10, 10), 77, dtype="int16"), window=rasterio.windows.Window(70_000, 60_000, 10, 10))
    assert path.stat().st_size < 4e6
    raster = open_raster(path, "dem")
    with pytest.raises(UsageError, match="read in blocks"):
        raster.read()
    west, north = 500_000 + 30 * 70_000, 2_900_000 - 30 * 60_000
    values, _ = raster.read((west + 1, north - 299, west + 299, north - 1))
    assert values.tolist() == [[77] * 10] * 10
    assert raster.count_blocks() == 98 * 98
    some = list(raster.blocks(most=3))
    assert [block.row // 1024 for block in some] == [16, 49, 81]


def test_a_raster_that_can_only_be_read_whole_is_refused(tmp_path):
    path = claim(tmp_path / "a.tif", 20_000, 20_000, blockysize=20_000, compress="deflate")
    with pytest.raises(LayerError, match=r"20,000 x 20,000 cells, 800 MB each") as caught:
        open_raster(path, "dem")
    assert "TILED=YES" in caught.value.remedy


def test_a_raster_whose_blocks_are_not_there_is_told_when_they_are_read(tmp_path):
    whole = tiff(tmp_path / "a.tif", np.ones((600, 600), dtype="int16"), tiled=True, blockxsize=256, blockysize=256)
    data = whole.read_bytes()
    cut = tmp_path / "b.tif"
    cut.write_bytes(data[: len(data) // 2])
    raised = None
    try:
        raster = open_raster(cut, "dem")
        for _ in raster.blocks():
            pass
    except LayerError as error:
        raised = error
    assert raised is not None
    assert "cannot be read" in raised.problem
    assert raised.path == str(cut)


def test_a_declared_void_counts_beside_a_mask_too(tmp_path):
    cells = np.array([[300, 0], [7, 12]], dtype="int16")
    path = tiff(tmp_path / "a.tif", cells, nodata=0)
    with rasterio.open(path, "r+") as target:
        target.write_mask(np.array([[255, 255], [0, 255]], dtype="uint8"))
    assert open_raster(path, "dem").read()[0].mask.tolist() == [[False, True], [True, False]]


def test_none_against_a_declared_void_is_refused(tmp_path):
    path = tiff(tmp_path / "a.tif", np.array([[300, 0]], dtype="int16"), nodata=0)
    with pytest.raises(LayerError, match="the file declares 0 to be no data") as caught:
        open_raster(path, "dem", nodata="none")
    assert caught.value.row == "nodata"


@pytest.mark.parametrize(
    ("role", "void"), [("landcover", -3.4028234663852886e38), ("population", 3.4028234663852886e38)]
)
def test_the_ends_of_float32_are_no_codes_and_no_people(tmp_path, role, void):
    cells = np.array([[3, void]], dtype="float32")
    assert open_raster(tiff(tmp_path / "a.tif", cells), role).read()[0].mask.tolist() == [[False, True]]


def test_codes_that_were_interpolated_are_refused_where_they_are_read(tmp_path):
    whole = np.array([[3, 4], [np.nan, 5]], dtype="float32")
    assert open_raster(tiff(tmp_path / "a.tif", whole), "landcover").read()[0].compressed().tolist() == [3, 4, 5]
    whole[0, 1] = 3.5
    raster = open_raster(tiff(tmp_path / "b.tif", whole), "landcover")
    with pytest.raises(LayerError, match=r"3\.5 is no code of a class") as caught:
        next(raster.blocks())
    assert "-r near" in caught.value.remedy
