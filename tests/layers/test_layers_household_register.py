"""A register of households joined to buildings: by id, name or address, with everything that found no partner told."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from openpyxl import Workbook
from shapely import Point

from siteplan.errors import LayerError
from siteplan.layers.household_register import join_register, plain_key, read_household_register
from siteplan.layers.read import read_layer
from siteplan.units import COUNTS

DATA = os.environ.get("SITEPLAN_DATA")
NAN = float("nan")


def buildings(**columns):
    n = len(next(iter(columns.values())))
    data = {"id": [f"b{k}" for k in range(n)], "name": "", "address": None} | {name: [NAN] * n for name in COUNTS}
    return gpd.GeoDataFrame(data | columns, geometry=[Point(k, 0) for k in range(n)], crs="EPSG:4547")


def written(path, text, encoding="gb18030"):
    path.write_bytes(text.encode(encoding))
    return path


def read(path, by="id", columns=None, **options):
    return read_household_register(path, by=by, columns=columns or {}, **options)


def joined(frame, counts, by="id"):
    found, notes = join_register(frame, counts, by=by, path="reg.csv")
    return found, [(note.kind, note.row, note.what) for note in notes]


def test_lines_of_one_building_are_added_up_and_joined_by_name(tmp_path):
    file = written(
        tmp_path / "r.csv", "楼栋,户数,人口,户籍人口,备注\n１号楼,12,40,44,\n2 号楼,10,,35,东侧\n2号楼,5,18,,西侧\n"
    )
    counts, notes = read(file, "name")
    assert counts.index.tolist() == ["1号楼", "2号楼"]
    found, said = joined(buildings(name=["1号楼", "2号楼", "3号楼"]), counts, "name")
    assert found["households"].tolist()[:2] == [12, 15]
    assert found["people"].tolist()[:2] == [40, 18]
    assert found["registered"].tolist()[:2] == [44, 35]
    assert np.isnan(found["households"][2])
    assert (
        said[0][2]
        == "27 of 27 households joined to 2 buildings by name; 0 lines find no building, 1 buildings have no line"
    )
    assert said[1][2] == "buildings without a line keep what the layer says: b2"
    assert any("GB18030" in note.what or "gb18030" in note.what for note in notes)
    partly = "1 lines have no people where others of their building do: counted as 0 (2 号楼: row 3)"
    assert partly in [note.what for note in notes]


def test_a_register_of_residents_alone_will_do(tmp_path):
    counts, _notes = read(written(tmp_path / "r.csv", "楼栋,常住人口\n1号楼,30\n9号楼,20\n"), "name")
    found, said = joined(buildings(name=["1号楼"]), counts, "name")
    assert found["resident"].tolist() == [30]
    assert said[0][2].startswith("30 of 50 resident joined to 1 buildings")


def test_a_workbook_with_a_title_and_a_total_is_read_by_address(tmp_path):
    book = Workbook()
    sheet = book.active
    for row in (["幸福小区住户登记"], ["门牌地址", "户数"], ["人民路1号", 8], ["人民路 2 号", 6], ["合计", 14]):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    book.save(tmp_path / "r.xlsx")
    counts, _notes = read(tmp_path / "r.xlsx", "address", {"address": "门牌地址"})
    found, said = joined(buildings(address=["人民路１号", "人民路2号"]), counts, "address")
    assert found["households"].tolist() == [8, 6]
    assert said[0][2].startswith("14 of 14 households joined")


def test_what_finds_no_building_is_told_line_by_line(tmp_path):
    file = written(tmp_path / "r.csv", "id,households\nb0,3\nbx,4\n,9\nb1,5\nby,2\n", "utf-8")
    counts, notes = read(file)
    left_out = [note for note in notes if note.kind == "repair"]
    assert [note.what for note in left_out] == ["1 rows name no building: left out (row 4)"]
    found, said = joined(buildings(name=["", "", ""]), counts)
    assert found["households"].tolist()[:2] == [3, 5]
    assert said[0][2].startswith("8 of 14 households joined to 2 buildings by id; 2 lines find no building, 1")
    assert said[1:3] == [
        ("repair", "row 3", "no building bx: 4 households left out"),
        ("repair", "row 6", "no building by: 2 households left out"),
    ]


def test_a_line_without_a_building_tells_the_people_where_it_has_no_households(tmp_path):
    counts, _notes = read(written(tmp_path / "r.csv", "id,households,people\nb0,3,9\nbx,,7\n", "utf-8"))
    _found, said = joined(buildings(name=[""]), counts)
    assert said[1] == ("repair", "row 3", "no building bx: 7 people left out")


def test_each_row_may_be_one_household(tmp_path):
    file = written(tmp_path / "r.csv", "楼栋编号,户主,人口\nb0,甲,3\nb0,乙,5\nb1,丙,2\n")
    counts, _notes = read(file, one_row_a_household=True)
    assert counts["households"].tolist() == [2, 1]
    assert counts["people"].tolist() == [8, 2]


def test_the_register_speaks_before_the_layer_and_says_so(tmp_path):
    counts, _notes = read(written(tmp_path / "r.csv", "id,households\nb0,3\nb1,5\n", "utf-8"))
    found, said = joined(buildings(households=[4.0, 5.0]), counts)
    assert found["households"].tolist() == [3, 5]
    assert said[0] == ("repair", "b0", "households: 3 of the register instead of 4 of the layer")


def test_a_key_of_two_buildings_is_refused_because_one_would_get_all(tmp_path):
    counts, _notes = read(written(tmp_path / "r.csv", "楼栋,户数\n1号楼,3\n"), "name")
    with pytest.raises(LayerError, match="name 1号楼 is that of 2 buildings: b0, b1") as caught:
        joined(buildings(name=["1号楼", "1 号楼"]), counts, "name")
    assert caught.value.row == "row 2"
    found, _said = joined(
        buildings(name=["1号楼", "门卫", "门卫"]), counts, "name"
    )  # twins that no line names do no harm
    assert found["households"][0] == 3


@pytest.mark.parametrize(
    ("text", "by", "says"),
    [
        ("楼栋,户数\n1号楼,3\n", "id", "no column id"),
        ("楼栋,备注\n1号楼,好\n", "name", "neither households nor people"),
        ("楼栋,户数\n1号楼,三\n", "name", "'三'"),
        ("楼栋,户数\n1号楼,-3\n", "name", "0 or more"),
    ],
)
def test_a_register_that_cannot_be_used_is_refused(tmp_path, text, by, says):
    with pytest.raises(LayerError, match=says) as caught:
        read(written(tmp_path / "r.csv", text), by)
    assert caught.value.exit_code == 3
    assert caught.value.path.endswith("r.csv")


def test_a_register_of_another_place_is_an_error_and_other_files_are_no_registers(tmp_path):
    counts, _notes = read(written(tmp_path / "r.csv", "id,households\nx0,3\n", "utf-8"))
    with pytest.raises(LayerError, match="no line of the register finds a building") as caught:
        joined(buildings(name=["", ""]), counts)
    assert "the register has x0, the buildings have b0" in caught.value.remedy
    buildings(name=[""]).to_file(tmp_path / "r.gpkg", driver="GPKG")
    with pytest.raises(LayerError, match="CSV or XLSX"):
        read(tmp_path / "r.gpkg")
    with pytest.raises(LayerError, match="no such file"):
        read(tmp_path / "none.csv")


@pytest.mark.real_data
@pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data")
def test_addresses_of_liechtenstein_find_their_buildings(tmp_path):
    # contract: C18
    file = Path(DATA) / "liechtenstein" / "liechtenstein.gpkg"
    layer, _repairs = read_layer(file, "buildings", layer="buildings", columns={"id": "osm_uid", "use": "building"})
    layer["address"] = layer["addr_street"] + " " + layer["addr_housenumber"]
    known = layer["address"].notna()
    once = known & ~layer["address"].map(plain_key).duplicated(keep=False)
    assert (known.sum(), once.sum()) == (12_141, 11_240)
    table = layer.loc[once, ["address"]].assign(households=range(1, once.sum() + 1))
    table["address"] = table["address"].str.upper()
    table.to_csv(tmp_path / "r.csv", index=False)
    counts, _notes = read(tmp_path / "r.csv", "address")
    found, said = joined(layer.drop(columns="address").assign(address=layer["address"].where(once)), counts, "address")
    assert found.loc[once, "households"].tolist() == list(range(1, once.sum() + 1))
    assert found.loc[~once, "households"].isna().all()
    assert "joined to 11240 buildings by address; 0 lines find no building" in said[0][2]
