"""A Shapefile in GBK: names cut between characters, told apart, and found again; nothing is changed without a word."""

import csv
import sqlite3
from contextlib import closing

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from siteplan.errors import DataError, LayerError
from siteplan.layers import write_shapefile
from siteplan.layers.collection import file_sha256
from siteplan.layers.read import read_layer
from siteplan.layers.write import write_layer

LONG = {
    "id": ["f1", "f2"],
    "type": ["police_room", "service_centre"],
    "community_id": ["c1", None],
    "cost_per_m2_yuan": [3.0, 4.5],
    "主管部门名称": ["民政局", "公安局"],
    "主管部门名单": ["甲", "乙"],
    "ABCDEFGHIJK": ["x", "y"],
    "abcdefghijl": [1, 2],
}


def frame(n=2, **columns):
    points = [shapely.Point(500_000 + k, 2_900_000) for k in range(n)]
    return gpd.GeoDataFrame(columns or LONG, geometry=points, crs="EPSG:4547")


def raw(path, encoding):
    """Return a Shapefile as any other program sees it."""
    return pyogrio.read_dataframe(path, encoding=encoding)


def fields_of(path):
    with path.with_name(path.stem + ".fields.csv").open(encoding="utf-8-sig", newline="") as stream:
        return {row["column"]: row for row in csv.DictReader(stream)}


def test_text_is_gbk_and_cpg_and_language_byte_say_so(tmp_path):
    path = write_layer(frame(), tmp_path / "设施.shp")
    assert path.with_suffix(".cpg").read_text("ascii") == "GBK"
    table = path.with_suffix(".dbf").read_bytes()
    assert table[29] == 0x4D
    assert "民政局".encode("gbk") in table
    assert "民政局".encode() not in table
    assert raw(path, None)["主管部门名"].tolist() == ["民政局", "公安局"]


def test_characters_outside_gbk_make_it_gb18030(tmp_path):
    path = write_layer(frame(2, id=["a", "b"], name=["㐂镇", "𠀀村"]), tmp_path / "a.shp")
    assert path.with_suffix(".cpg").read_text("ascii") == "GB18030"
    assert read_layer(path, "townships")[0]["name"].tolist() == ["㐂镇", "𠀀村"]


def test_names_are_cut_between_characters_and_all_different(tmp_path):
    path = write_layer(frame(), tmp_path / "a.shp")
    headings = [name for name in raw(path, None).columns if name != "geometry"]
    assert headings == ["id", "type", "community_", "cost_per_m", "主管部门名", "主管部门1", "ABCDEFGHIJ", "abcdefghi1"]
    assert all(len(name.encode("gbk")) <= 10 for name in headings)
    assert {row["field"]: column for column, row in fields_of(path).items()} == dict(zip(headings, LONG, strict=True))


def test_the_table_of_names_has_chinese_names_units_and_kinds(tmp_path):
    fields = fields_of(write_layer(frame(), tmp_path / "a.shp"))
    assert fields["cost_per_m2_yuan"]["zh"] == "扩建单方造价"
    assert fields["cost_per_m2_yuan"]["unit"] == "yuan/m2"
    assert (fields["cost_per_m2_yuan"]["kind"], fields["id"]["kind"], fields["abcdefghijl"]["kind"]) == (
        "float", "text", "int",
    )  # fmt: skip


def test_whole_names_come_back(tmp_path):
    read, repairs = read_layer(write_layer(frame(), tmp_path / "a.shp"), "facilities")
    assert set(LONG) <= set(read.columns)
    assert read["cost_per_m2_yuan"].tolist() == [3.0, 4.5]
    assert read["主管部门名单"].tolist() == ["甲", "乙"]
    assert any("cost_per_m = cost_per_m2_yuan" in repair.what for repair in repairs)


def test_without_the_table_names_of_the_contract_are_still_found(tmp_path):
    path = write_layer(frame(), tmp_path / "a.shp")
    path.with_name("a.fields.csv").unlink()
    read, repairs = read_layer(path, "facilities")
    assert read["community_id"].tolist()[0] == "c1"
    assert read["cost_per_m2_yuan"].tolist() == [3.0, 4.5]
    assert any("community_id read from community_" in repair.what for repair in repairs)


def test_what_another_program_changed_is_read_back(tmp_path):
    """GDAL, in the place of a GIS program: a row added, one moved, a field added, one deleted, names in capitals."""
    path = write_layer(frame(), tmp_path / "a.shp")
    edited = raw(path, None).drop(columns="ABCDEFGHIJ").rename(columns={"cost_per_m": "COST_PER_M"})
    edited = edited.iloc[[0, 1, 1]].reset_index(drop=True).assign(说明=["一", "二", "三"])
    edited.loc[2, ["id", "主管部门名"]] = ["f3", "司法局"]
    edited = edited.set_geometry(shapely.points([[500_010, 2_900_000], [500_001, 2_900_000], [500_002, 2_900_009]]))
    pyogrio.write_dataframe(edited.set_crs("EPSG:4547"), path, driver="ESRI Shapefile", encoding="GBK")
    read, repairs = read_layer(path, "facilities")
    assert read["id"].tolist() == ["f1", "f2", "f3"]
    assert read["主管部门名称"].tolist() == ["民政局", "公安局", "司法局"]
    assert read["cost_per_m2_yuan"].tolist() == [3.0, 4.5, 4.5]
    assert read["说明"].tolist() == ["一", "二", "三"]
    assert read.geometry.x.tolist() == [500_010, 500_001, 500_002]
    assert any("ABCDEFGHIJK" in repair.what and "not in the file" in repair.what for repair in repairs)


def test_a_table_of_names_that_is_none(tmp_path):
    path = write_layer(frame(), tmp_path / "a.shp")
    path.with_name("a.fields.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(LayerError) as caught:
        read_layer(path, "facilities")
    assert caught.value.row == "a.fields.csv"
    path.with_name("a.fields.csv").write_text("field,column,kind\nid,type,text\n", encoding="utf-8")
    with pytest.raises(LayerError, match="two fields the name type"):
        read_layer(path, "facilities")


def test_the_table_of_names_is_part_of_what_a_plan_remembers(tmp_path):
    path = write_layer(frame(), tmp_path / "a.shp")
    before = file_sha256(path)
    with path.with_name("a.fields.csv").open("a", encoding="utf-8") as stream:
        stream.write("x,y,,,text,\n")
    assert file_sha256(path) != before


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("名称", "长" * 128),
        ("名称", "尾部空格 "),
        ("数", 10**18),
        ("数", 1e300),
        ("数", np.inf),
        ("数", 1.23456789012345e-12),
    ],
)
def test_values_that_would_change_are_refused_and_nothing_is_left(tmp_path, column, value):
    with pytest.raises(DataError) as caught:
        write_layer(frame(1, id=["a"], **{column: [value]}), tmp_path / "a.shp")
    assert caught.value.row == column
    assert "GeoPackage" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_127_characters_fit(tmp_path):
    path = write_layer(frame(1, id=["a"], name=["长" * 127]), tmp_path / "a.shp")
    assert read_layer(path, "townships")[0]["name"].tolist() == ["长" * 127]


def test_empty_text_is_missing_and_said_so(tmp_path):
    path = write_layer(frame(2, id=["a", "b"], 备注=["", "x"]), tmp_path / "a.shp")
    assert fields_of(path)["备注"]["note"]
    assert read_layer(path, "townships")[0]["备注"].isna().tolist() == [True, False]


def test_parts_of_more_than_2_gib_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(write_shapefile, "_MOST_BYTES", 100)
    with pytest.raises(DataError, match="2 GiB"):
        write_layer(frame(), tmp_path / "a.shp")
    assert list(tmp_path.iterdir()) == []


def test_more_than_255_columns_are_refused(tmp_path):
    many = {f"c{k}": [1] for k in range(256)}
    with pytest.raises(DataError, match="255"):
        write_layer(frame(1, **many), tmp_path / "a.shp")


def test_a_geopackage_edited_with_sql_is_read_back(tmp_path):
    """SQLite alone, in the place of another program."""
    path = write_layer(frame(), tmp_path / "a.gpkg", "facilities")
    with closing(sqlite3.connect(path)) as base, base:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):  # triggers name them
            base.create_function(name, 1, lambda _geometry: 0)
        base.execute("UPDATE facilities SET 主管部门名称 = '教育局' WHERE id = 'f2'")
        base.execute("ALTER TABLE facilities ADD COLUMN 说明 TEXT")
        base.execute("UPDATE facilities SET 说明 = '新' WHERE id = 'f1'")
    read, _ = read_layer(path, "facilities")
    assert read["主管部门名称"].tolist() == ["民政局", "教育局"]
    assert read["说明"].isna().tolist() == [False, True]
