"""Real files as they come: GBK names without a .cpg, OpenStreetMap extracts, an old Chinese DEM."""

import os
from pathlib import Path

import pytest

from siteplan.errors import LayerError
from siteplan.layers.raster import open_raster
from siteplan.layers.read import read_layer

DATA = os.environ.get("SITEPLAN_DATA")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data"),
]
ROOT = Path(DATA or ".")


def test_gbk_names_decode():
    path = ROOT / "import_cn" / "places_gbk.shp"
    frame, repairs = read_layer(path, "townships", columns={"id": "行政代码"})
    assert len(frame) == 494
    assert {"岩脚镇", "木岗镇", "大用镇"} <= set(frame["name"])
    assert (frame["县区"] == "六枝特区").any()
    assert any("GB18030" in repair.what for repair in repairs)
    assert any("name read from 名称" in repair.what for repair in repairs)


def test_liechtenstein():
    path = ROOT / "liechtenstein" / "liechtenstein.gpkg"
    frame, repairs = read_layer(
        path, "buildings", layer="buildings", columns={"id": "osm_uid", "use": "building"}, target_crs="EPSG:32632"
    )
    assert len(frame) == 17_677
    assert frame["id"].is_unique
    assert frame.geometry.is_valid.all()
    assert frame.geometry.area.sum() == pytest.approx(frame["area_m2"].sum(), rel=1e-6)
    assert not [repair for repair in repairs if repair.kind == "repair"]
    people = read_layer(path, "communities", layer="municipalities", columns={"people": "population"})[0]["people"]
    assert people.sum() == 38_086


def test_a_word_among_the_numbers_of_openstreetmap_is_named():
    path = ROOT / "liechtenstein" / "liechtenstein.gpkg"
    with pytest.raises(LayerError) as caught:
        read_layer(path, "buildings", layer="buildings", columns={"id": "osm_uid", "floors": "building_levels"})
    assert caught.value.row == "r8369757"
    assert "floors" in caught.value.problem
    assert "'EG'" in caught.value.problem


def test_elevations_of_liechtenstein():
    raster = open_raster(ROOT / "liechtenstein" / "dem_srtm3_utm_90m.tif", "dem")
    values, _ = raster.read()
    assert 400 < values.min() < 500
    assert 2_500 < values.max() < 2_700


def test_chinese_dem():
    raster = open_raster(ROOT / "import_cn" / "ywzdem30m.tif", "dem")
    assert raster.width > 0
    assert raster.read()[0].count() > 0
