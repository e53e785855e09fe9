"""Headings and words by which columns and values are recognised: two tables without contradictions."""

from collections import Counter

import geopandas as gpd
import pytest
import shapely

from siteplan.errors import LayerError
from siteplan.layers.aliases import PLACES, headings, plain, words
from siteplan.layers.columns import ID, conform
from siteplan.layers.roles import ROLES


def frame(**columns):
    n = len(next(iter(columns.values())))
    return gpd.GeoDataFrame(columns, geometry=[shapely.Point(k, 0) for k in range(n)], crs="EPSG:4547")


def test_every_heading_is_for_a_column_that_the_role_has():
    for entry in headings():
        roles = [ROLES[entry.role]] if entry.role else list(ROLES.values())
        known = {ID.name, *PLACES, *(column.name for role in roles for column in role.columns)}
        assert entry.column in known, entry


def test_no_heading_stands_for_two_columns_of_a_layer():
    for role in ROLES.values():
        own = {ID.name, *PLACES, *(column.name for column in role.columns)}
        for scope in ("", role.name):
            count = Counter(plain(entry.heading) for entry in headings() if entry.role == scope and entry.column in own)
            assert not [heading for heading, n in count.items() if n > 1], (role.name, scope)


def test_every_word_is_for_a_value_that_the_column_takes():
    columns = [column for role in ROLES.values() for column in role.columns if column.values]
    for entry in words():
        assert any(entry.column == column.name and entry.value in column.values for column in columns), entry


def test_headings_of_the_issue():
    read, notes = conform(frame(安置点名称=["岩脚"], 总户数=[12], 总人口=[40], 编号=["s1"]), "sites")
    assert (read["name"][0], read["households"][0], read["people"][0], read["id"][0]) == ("岩脚", 12, 40, "s1")
    assert any("name read from 安置点名称" in note.what for note in notes)


@pytest.mark.parametrize("heading", ["户数（户）", " 户 数 ", "户数(户)", "户数\n（户）"])
def test_headings_with_unit_and_blanks(heading):
    assert conform(frame(**{heading: [12]}), "sites")[0]["households"].tolist() == [12]


def test_another_unit_is_not_taken():
    with pytest.raises(LayerError) as caught:
        conform(frame(**{"户数（百户）": [12]}), "sites")
    assert caught.value.row == "households"


def test_own_names_come_before_others_and_several_others_are_refused():
    assert conform(frame(户数=[1], 总户数=[2]), "sites")[0]["households"].tolist() == [1]
    with pytest.raises(LayerError) as caught:
        conform(frame(总户数=[2], 安置户数=[3]), "sites")
    assert "总户数, 安置户数" in caught.value.problem
    assert 'columns = { households = "总户数" }' in caught.value.remedy
    read, _ = conform(frame(总户数=[2], 安置户数=[3]), "sites", columns={"households": "安置户数"})
    assert read["households"].tolist() == [3]


def test_the_studys_own_come_first():
    aliases = {"households": ["安置户数"]}
    assert conform(frame(总户数=[2], 安置户数=[3]), "sites", aliases=aliases)[0]["households"].tolist() == [3]


def test_words_for_values():
    read, _ = conform(frame(户数=[1, 2], 城乡类型=["城镇", "农村"], 建设性质=["新建", "existing"]), "sites")
    assert read["setting"].tolist() == ["urban", "rural"]
    assert read["construction"].tolist() == ["new", "existing"]
    with pytest.raises(LayerError, match="郊区"):
        conform(frame(户数=[1], 城乡类型=["郊区"]), "sites")
