"""A demo county on disk."""

import tomllib

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from siteplan.demo.synthetic import FACILITY_TYPES, demo_layers, fingerprint, write_demo
from siteplan.errors import DataError, UsageError

FILES = ["dem.tif", "landcover.csv", "landcover.tif", "layers.gpkg", "study.toml"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_demo(tmp_path_factory.mktemp("演示 县") / "示范 study", sites=3, seed=4)


def test_files_are_complete_and_nothing_else_is_left(folder):
    assert sorted(path.name for path in folder.iterdir()) == FILES


def test_layers_read_back_equal(folder):
    layers = demo_layers(sites=3, seed=4)
    assert set(pyogrio.list_layers(folder / "layers.gpkg")[:, 0]) == set(layers)
    back = {role: gpd.read_file(folder / "layers.gpkg", layer=role) for role in layers}
    assert fingerprint(back) == fingerprint(layers)
    assert all(layer.crs.to_epsg() == 4545 for layer in back.values())


def test_study_names_what_is_there(folder):
    study = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    assert study["study"]["crs"] == "EPSG:4545"
    assert study["standards"]["profiles"] == ["p000", "p002"]
    assert study["scenario"]["name"] == "base"
    assert study["scenario"]["types"] == list(FACILITY_TYPES)
    assert len(FACILITY_TYPES) >= 12
    layers = set(pyogrio.list_layers(folder / "layers.gpkg")[:, 0])
    for role, source in study["layers"].items():
        assert (folder / source["path"]).exists()
        assert role in layers or source["path"].endswith(".tif")
    assert {entry["layer"] for entry in study["layers"].values() if "layer" in entry} == layers


def test_rasters_fit_the_county(folder):
    county = gpd.read_file(folder / "layers.gpkg", layer="boundary").geometry.iloc[0]
    for name in ("dem.tif", "landcover.tif"):
        with rasterio.open(folder / name) as raster:
            assert raster.crs.to_epsg() == 4545
            assert raster.res == (30.0, 30.0)
            west, south, east, north = county.bounds
            assert raster.bounds.left < west < east < raster.bounds.right
            assert raster.bounds.bottom < south < north < raster.bounds.top


def test_terrain_is_a_valley_country(folder):
    layers = {role: gpd.read_file(folder / "layers.gpkg", layer=role) for role in ("buildings", "exclusions")}
    middles = layers["buildings"].geometry.centroid
    with rasterio.open(folder / "dem.tif") as raster:
        height = raster.read(1)
        at_homes = np.array([v[0] for v in raster.sample(zip(middles.x, middles.y, strict=True))])
    with rasterio.open(folder / "landcover.tif") as raster:
        cover = raster.read(1)
        tags = raster.tags(1)
        river = layers["exclusions"].query("name == '云河'").geometry.iloc[0]
        bank = shapely.get_coordinates(river)[:-1]
        axis = (bank[: len(bank) // 2] + bank[::-1][: len(bank) // 2]) / 2
        wet = np.array([v[0] for v in raster.sample(axis[10:-10])])
        homes = np.array([v[0] for v in raster.sample(zip(middles.x, middles.y, strict=True))])
    assert np.isfinite(height).all()
    assert 200 < height.min() < 400
    assert height.max() - height.min() > 400
    assert np.median(at_homes) < np.median(height)  # people live in the valleys
    assert (wet == 1).all()
    assert {f"class_{k}" for k in range(1, 6)} <= set(tags)
    assert set(np.unique(cover)) == {1, 2, 3, 4, 5}
    assert (homes == 5).mean() > 0.9
    share = np.bincount(cover.ravel(), minlength=6) / cover.size
    assert share[3] == share.max()
    assert 0.002 < share[1] < 0.05


def test_same_seed_gives_the_same_bytes(folder, tmp_path):
    # contract: C12
    again = write_demo(tmp_path / "b", sites=3, seed=4)
    for name in FILES:
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_an_earlier_demo_is_replaced_but_no_other_study(tmp_path):
    write_demo(tmp_path, sites=1, seed=1)
    write_demo(tmp_path, sites=2, seed=1)
    assert len(gpd.read_file(tmp_path / "layers.gpkg", layer="sites")) == 2
    (tmp_path / "study.toml").write_text("[study]\nname = 'mine'\n", encoding="utf-8")
    before = (tmp_path / "layers.gpkg").read_bytes()
    with pytest.raises(DataError):
        write_demo(tmp_path, sites=1)
    assert (tmp_path / "layers.gpkg").read_bytes() == before
    assert (tmp_path / "study.toml").read_text(encoding="utf-8").startswith("[study]")


def test_senseless_numbers_leave_nothing(tmp_path):
    with pytest.raises(UsageError):
        write_demo(tmp_path / "x", sites=0)
    assert not (tmp_path / "x").exists()


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "x").write_text("", encoding="utf-8")
    with pytest.raises(DataError):
        write_demo(tmp_path / "x", sites=1)


def test_progress_is_told(tmp_path):
    told = []
    write_demo(tmp_path / "x", sites=2, progress=lambda *what: told.append(what))
    assert {"settlements", "premises", "layers", "terrain", "written"} <= {what for what, _done, _total in told}
    assert all(0 <= done <= total for _what, done, total in told)
