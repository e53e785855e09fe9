"""What is written reads back equal, in every format, and an error leaves what was there."""

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
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

FORMATS = ["a.gpkg", "a.geojson", "a.parquet", "a.fgb", "a.shp"]


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


def test_missing_values_stay_missing(tmp_path):
    frame = sites().assign(people=[np.nan, 5.0], township_id=[None, "t1"])
    for name in FORMATS:
        read, _ = read_layer(write_layer(frame, tmp_path / name), "sites")
        assert read["people"].isna().tolist() == [True, False]
        assert read["township_id"].isna().tolist() == [True, False]


@pytest.mark.parametrize("name", FORMATS)
def test_kinds_of_values_stay_what_they_are(tmp_path, name):
    frame = sites().assign(
        时刻=pd.to_datetime(["2020-05-01T08:30:15.125", None]),
        是否=pd.array([True, None], dtype="boolean"),
        大数=[10**17 + 1, -7],
        大数空=pd.array([10**17 + 1, None], dtype="Int64"),
        小数=[0.1 + 0.2, np.nan],
    )
    if not name.endswith(".fgb"):
        frame = frame.assign(日期=pd.Series([dt.date(2020, 5, 1), None], dtype=object))
    read, _ = read_layer(write_layer(frame, tmp_path / name), "sites")
    assert read["时刻"].iloc[0] == pd.Timestamp("2020-05-01T08:30:15.125")
    assert pd.isna(read["时刻"].iloc[1])
    assert read["是否"].astype(object).where(read["是否"].notna(), None).tolist() == [True, None]
    assert read["大数"].tolist() == [10**17 + 1, -7]
    assert int(read["大数空"].iloc[0]) == 10**17 + 1
    assert pd.isna(read["大数空"].iloc[1])
    assert read["小数"].iloc[0] == pytest.approx(0.1 + 0.2, rel=1e-15)
    if "日期" in frame:
        assert read["日期"].tolist() == [dt.date(2020, 5, 1), None]


def test_flatgeobuf_keeps_the_order_of_rows_and_refuses_dates(tmp_path):
    n = 500
    frame = sites([f"村{k}" for k in range(n)])
    frame = frame.set_geometry(frame.geometry.sample(frac=1, random_state=1).to_numpy())
    read, _ = read_layer(write_layer(frame, tmp_path / "a.fgb"), "sites")
    assert read["id"].tolist() == frame["id"].tolist()
    with pytest.raises(DataError, match="no dates") as caught:
        write_layer(sites().assign(d=dt.date(2020, 1, 1)), tmp_path / "b.fgb")
    assert caught.value.row == "d"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("bad", [[["a"], ["b"]], ["a", 1], ["a\0b", "c"], [pd.Timedelta(1), None], [["a"], "b"]])
def test_values_that_a_format_cannot_hold_are_refused(tmp_path, name, bad):
    if name.endswith(".parquet") and isinstance(bad[-1], list):
        read, _ = read_layer(write_layer(sites().assign(列=pd.Series(bad, dtype=object)), tmp_path / name), "sites")
        assert [list(value) for value in read["列"]] == bad
        return
    with pytest.raises(DataError) as caught:
        write_layer(sites().assign(列=pd.Series(bad, dtype=object)), tmp_path / name)
    assert caught.value.row == "列"
    assert caught.value.path == str(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FORMATS)
def test_columns_named_as_what_a_geopackage_has_of_its_own(tmp_path, name):
    frame = sites().assign(fid=[7, 7], geom=["a", "b"], ogc_fid=["9", "8"])
    read, _ = read_layer(write_layer(frame, tmp_path / name), "sites")
    for column in ("id", "fid", "geom", "ogc_fid"):
        assert read[column].tolist() == frame[column].tolist()
    read, _ = read_layer(write_layer(sites().assign(FID=[5, 3]), tmp_path / name), "sites")
    assert read["id"].tolist() == sites()["id"].tolist()
    assert read["FID"].tolist() == [5, 3]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("NAME", ["c", "d"]),
        ("大数", np.array([2**64 - 1, 1], dtype=np.uint64)),
        ("时", pd.to_datetime(["2024-01-01T00:00:00.123456", "2024-01-01"], format="ISO8601")),
    ],
)
def test_what_gdal_would_lose_without_a_word_is_refused_or_kept(tmp_path, name, column, values):
    frame = sites().assign(**{column: values})
    if name.endswith((".parquet", ".shp")) and not (name.endswith(".shp") and column == "大数"):
        read, _ = read_layer(write_layer(frame, tmp_path / name), "sites")
        assert read[column].tolist() == frame[column].tolist()
        assert read["name"].tolist() == frame["name"].tolist()
        return
    with pytest.raises(DataError) as caught:
        write_layer(frame, tmp_path / name)
    assert caught.value.row == column
    assert list(tmp_path.iterdir()) == []
