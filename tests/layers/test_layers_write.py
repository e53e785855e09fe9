"""What is written reads back equal, in every format, and an error leaves what was there."""

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siteplan.errors import DataError
from siteplan.layers import write
from siteplan.layers.read import read_layer
from siteplan.layers.write import write_layer

FORMATS = ["a.gpkg", "a.geojson", "a.parquet", "a.shp"]


def sites(names=("岩脚镇", "木岗镇")):
    n = len(names)
    return gpd.GeoDataFrame(
        {
            "id": [f"点{k}" for k in range(n)],
            "name": list(names),
            "households": [12.5 + k for k in range(n)],
            "setting": ["urban"] * n,
            "resettlement": [k % 2 == 0 for k in range(n)],
            "迁出村": list(names),
        },
        geometry=[shapely.Point(500_000.25 + k, 2_900_000.5) for k in range(n)],
        crs="EPSG:4547",
    )


@pytest.mark.parametrize("name", FORMATS)
def test_round_trip_with_chinese_columns_and_values(tmp_path, name):
    folder = tmp_path / "示范县 一"
    folder.mkdir()
    path = write_layer(sites(), folder / name)
    first, _ = read_layer(path, "sites")
    assert first["name"].tolist() == ["岩脚镇", "木岗镇"]
    assert first["迁出村"].tolist() == ["岩脚镇", "木岗镇"]
    assert first["resettlement"].tolist() == [True, False]
    assert first.geometry.x.tolist() == pytest.approx([500_000.25, 500_001.25])
    assert first.crs == "EPSG:4547"
    if name.endswith(".shp"):  # headings cut at 10 bytes collide where the contract's names are long
        return
    again, repairs = read_layer(write_layer(first, folder / f"again-{name}"), "sites")
    assert_geodataframe_equal(first, again)
    assert [repair for repair in repairs if "lacks" in repair.what and "stay" not in repair.what] == []


texts = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(texts, min_size=1, max_size=3))
def test_any_text_survives(tmp_path, name, names):
    read, _ = read_layer(write_layer(sites(names), tmp_path / name), "sites")
    assert read["name"].tolist() == names


def test_geopackage_is_of_a_version_that_qgis_322_reads(tmp_path):
    path = write_layer(sites(), tmp_path / "a.gpkg")
    version = int.from_bytes(path.read_bytes()[60:64], "big")
    assert 10_200 <= version <= 10_300


def test_a_layer_is_added_to_a_geopackage_and_replaced_alone(tmp_path):
    path = write_layer(sites(), tmp_path / "a.gpkg", "one")
    write_layer(sites(["甲", "乙", "丙"]), path, "two")
    write_layer(sites(["丁"]), path, "one")
    assert sorted(name for name, _ in pyogrio.list_layers(path)) == ["one", "two"]
    assert len(read_layer(path, "sites", layer="one")[0]) == 1
    assert len(read_layer(path, "sites", layer="two")[0]) == 3


@pytest.mark.parametrize("name", FORMATS)
def test_an_error_in_writing_leaves_what_was_there(tmp_path, name, monkeypatch):
    # contract: C9
    path = write_layer(sites(), tmp_path / name)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    real = write._write

    def fails_at_the_end(*args):
        real(*args)
        raise OSError("disk full")

    monkeypatch.setattr(write, "_write", fails_at_the_end)
    with pytest.raises(DataError, match="disk full") as caught:
        write_layer(sites(["戊"]), path)
    assert caught.value.exit_code == 3
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(DataError) as caught:
        write_layer(sites(), tmp_path / "nowhere" / "a.gpkg")
    assert "folder" in caught.value.remedy


def test_unknown_ending(tmp_path):
    with pytest.raises(DataError, match=r"\.kml"):
        write_layer(sites(), tmp_path / "a.kml")


def test_shapefile_headings_that_collide(tmp_path):
    frame = sites().assign(cost_per_m2_a=1.0, cost_per_m2_b=2.0)
    with pytest.raises(DataError) as caught:
        write_layer(frame, tmp_path / "a.shp")
    assert caught.value.row == "cost_per_m2_a"
    assert list(tmp_path.iterdir()) == []


def test_shapefile_refuses_text_that_it_would_cut(tmp_path):
    with pytest.raises(DataError) as caught:
        write_layer(sites(["长" * 85, "短"]), tmp_path / "a.shp")
    assert caught.value.row == "name"


def test_shapefile_headings_are_cut_between_characters_and_read_again(tmp_path):
    frame = gpd.GeoDataFrame(
        {
            "id": ["a"],
            "type": ["police_room"],
            "community_id": ["c1"],
            "cost_per_m2_yuan": [3.0],
            "主管部门名称": ["民政局"],
        },
        geometry=[shapely.Point(500_000, 2_900_000)],
        crs="EPSG:4547",
    )
    read, repairs = read_layer(write_layer(frame, tmp_path / "a.shp"), "facilities")
    assert read["community_id"].tolist() == ["c1"]
    assert read["cost_per_m2_yuan"].tolist() == [3.0]
    assert read["主管部"].tolist() == ["民政局"]
    assert any("community_id read from community_" in repair.what for repair in repairs)


def test_missing_values_stay_missing(tmp_path):
    frame = sites().assign(people=[np.nan, 5.0], township_id=[None, "t1"])
    for name in FORMATS[:3]:
        read, _ = read_layer(write_layer(frame, tmp_path / name), "sites")
        assert read["people"].isna().tolist() == [True, False]
        assert read["township_id"].isna().tolist() == [True, False]
