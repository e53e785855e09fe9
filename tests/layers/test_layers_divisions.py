"""Division codes: parsed, checked, brought up to date by the user's table, and used to tie rows to townships."""

import os
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point

from siteplan.errors import LayerError, SettingsError
from siteplan.layers.divisions import (
    PROVINCES,
    check_changes,
    codes_of,
    parse_division,
    present_code,
    tie_to_townships,
)
from siteplan.layers.repair import Place

DATA = os.environ.get("SITEPLAN_DATA")
PLACES = {role: Place(role=role, path=f"{role}.csv") for role in ("townships", "sites", "communities")}
XUNYANG = {"610928": "610981"}


def layer(ids, **columns):
    columns = {"township_id": [None] * len(ids)} | columns
    return gpd.GeoDataFrame({"id": ids, **columns}, geometry=[Point(k, 0) for k in range(len(ids))], crs="EPSG:4547")


def towns(*codes, ids=None):
    return layer(ids or [f"t{k}" for k in range(len(codes))], code=list(codes))


def tied(sites, townships, changed=None):
    found, notes = tie_to_townships({"sites": sites, "townships": townships}, PLACES, changed or {})
    return found["sites"]["township_id"], [note.what for note in notes]


@pytest.mark.parametrize(
    ("text", "level", "county"),
    [
        ("520203001001", "village", "520203"),
        (520203001001, "village", "520203"),
        (520203001001.0, "village", "520203"),
        ("520203107", "township", "520203"),
        ("520203107000", "township", "520203"),
        ("441900003", "township", "441900"),  # a city without counties
        (" 610981 ", "county", "610981"),
        ("610900000000", "city", "610900"),
        ("61", "province", "610000"),
    ],
)
def test_a_code_tells_its_level_and_what_it_lies_in(text, level, county):
    found = parse_division(text)
    assert (found.level, found.part("county"), len(found.code)) == (level, county, 12)


@pytest.mark.parametrize(
    "text",
    ["", "52020", "52020300", "520203000001", "160203001001", "610028001001", "5.20203E+11", "52020300100A", "52020300100１", None, float("nan")],
)  # fmt: skip
def test_what_is_no_code_is_none(text):
    assert parse_division(text) is None


def test_there_are_34_divisions_of_the_first_level():
    assert len(PROVINCES) == 34
    assert {"11", "52", "61", "71", "82"} <= PROVINCES


def test_rows_are_tied_by_the_first_nine_digits():
    sites = layer(["a", "b", "c"], code=["610981103201", "610981104", None])
    found, notes = tied(sites, towns("610981103000", "610981104"))
    assert found.tolist()[:2] == ["t0", "t1"]
    assert pd.isna(found[2])
    assert notes == ["township of 2 rows found by their division codes"]


def test_ids_are_codes_where_all_of_them_are():
    sites = layer(["610981103201", "610981104202"])
    assert tied(sites, layer(["610981103000", "610981104000"]))[0].tolist() == ["610981103000", "610981104000"]
    assert codes_of(layer(["610981103201", "s2"]), PLACES["sites"], {}).tolist() == ["", ""]
    assert codes_of(layer(["1001", "1002"]), PLACES["sites"], {}).tolist() == ["", ""]


def test_a_township_that_is_given_stays_and_a_code_that_says_another_is_told():
    sites = layer(["a", "b"], code=["610981103201", "610981104202"], township_id=["t1", "t1"])
    found, notes = tied(sites, towns("610981103", "610981104"))
    assert found.tolist() == ["t1", "t1"]
    assert notes == ["township_id is t1, but its code 610981103201 lies in t0: left as it is"]


def test_a_county_that_changed_its_code_is_told_and_the_users_table_mends_it():
    sites = layer(["a", "b", "c"], code=["610928103201", "610928104202", "610928999001"])
    townships = towns("610981103", "610981104")
    found, notes = tied(sites, townships)
    assert found.isna().all()
    (note,) = notes
    assert "3 rows: a (610928103201)" in note
    assert "no township is of county 610928" in note
    assert 'changed = { "610928" = "......" }' in note
    found, notes = tied(sites, townships, XUNYANG)
    assert found.tolist()[:2] == ["t0", "t1"]
    assert "the townships lack the code of 1 rows: c (610981999001)" in notes[1]
    assert "county" not in notes[1]


def test_the_longest_old_code_speaks():
    changed = {"610928": "610981", "610928103": "610981200", "610928103201": "610902001001"}
    codes = ("610928104205", "610928103202", "610928103201", "520203001001")
    assert [present_code(code, changed) for code in codes] == ["610981104205", "610981200202", "610902001001", "520203001001"]  # fmt: skip


def test_a_county_written_with_twelve_digits_stands_for_all_in_it():
    sites = layer(["a"], code=["610928103201"])
    found, _notes = tied(sites, towns("610981103"), {"610928000000": "610981000000"})
    assert found.tolist() == ["t0"]


@pytest.mark.parametrize(
    "changed",
    [
        {"610928": "61098"},
        {"610928": "610981103"},
        {"旬阳": "610981"},
        {"610928": "610981", "610981": "610902"},
        {"610928000": "610981103"},
        {"610928": "610981", "610928000": "610902000"},
    ],
)
def test_a_table_of_changes_that_cannot_be_used_is_refused(changed):
    with pytest.raises(SettingsError) as caught:
        check_changes(changed)
    assert caught.value.row == "[divisions] changed"
    assert caught.value.exit_code == 3


def test_a_code_that_is_none_is_refused_with_its_row():
    with pytest.raises(LayerError, match=r"5\.20203E\+11") as caught:
        tied(layer(["a", "b"], code=["520203107", "5.20203E+11"]), towns("520203107"))
    assert (caught.value.row, caught.value.path) == ("b", "sites.csv")
    assert "text" in caught.value.remedy
    with pytest.raises(LayerError, match="two townships") as caught:
        tied(layer(["a"], code=["520203107001"]), towns("520203107", "520203107000"))
    assert caught.value.row == "t1"


@pytest.mark.real_data
@pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data")
class TestRegisters:
    """The registers of 2016 and 2023."""

    @staticmethod
    def files():
        folder = Path(DATA) / "import_cn"
        old = gpd.read_file(folder / "places_gbk.shp", encoding="gb18030")
        new = pd.read_csv(folder / "register_2023_utf8.csv", dtype=str)
        return old, new, pd.read_csv(folder / "liuzhi_register_2016_gb18030.csv", dtype=str, encoding="gb18030")

    def test_every_code_is_parsed_and_has_the_level_that_the_register_says(self):
        old, new, liuzhi = self.files()
        levels = {"town": "township", "village": "village", "county": "county"}
        for frame, code in ((old, "行政代码"), (liuzhi, "区划代码")):
            assert [parse_division(text).level for text in frame[code]] == frame["级别"].map(levels).tolist()
        assert {parse_division(code).level for code in new["code"]} == {"village"}
        assert all(parse_division(row.code).part("township") == row.streetCode for row in new.itertuples())
        assert (len(old), len(new), len(liuzhi)) == (494, 4634, 264)

    def test_villages_of_2023_are_tied_to_townships_of_2016_once_the_change_is_told(self):
        old, new, _liuzhi = self.files()
        townships = old[old["级别"] == "town"]
        townships = townships.assign(id=townships["行政代码"], code=None, township_id=None).reset_index(drop=True)
        sites = layer(new["code"].tolist())
        found, notes = tied(sites, townships)
        before = found.notna()
        assert not before[new["areaCode"] == "610981"].any()
        assert "no township is of county 610981" in notes[1]
        found, notes = tied(sites, townships, {"610981": "610928"})
        after = found.notna()
        here = new["areaCode"] == "610981"
        assert (after & ~before).sum() == (after & here).sum() == 273
        assert set(new["street"][here & ~after]) == {"蜀河镇", "桐木镇"}  # of which the file of 2016 has no point
        name = found[after].map(townships.set_index("id")["名称"]).str.removesuffix("办事处")
        differ = name != new["street"][after]
        assert (after.sum(), differ.sum()) == (4049, 29)
        assert set(name[differ]) == {"甸子镇", "构扒镇"}  # two towns that were renamed
