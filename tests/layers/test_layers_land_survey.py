"""Codes of the Third National Land Survey: the table, and codes as files write them."""

import pytest

from siteplan.errors import DataError
from siteplan.layers.land_survey import LAND_USES, LAND_VALUES, land_use, land_uses

FIRST_LEVEL = {"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"}


def test_the_table_is_whole_and_its_words_are_known():
    assert {code[:2] for code in LAND_USES} == FIRST_LEVEL
    assert len(LAND_USES) == 69
    assert len({use.zh for use in LAND_USES.values()}) == 69
    assert {use.build for use in LAND_USES.values()} == {"open", "built", "permit", "no"}
    assert {use.farm for use in LAND_USES.values()} == {"yes", "adjustable", "no"}
    assert [code for code, use in LAND_USES.items() if use.build == "open"] == ["1201"]


def test_what_can_return_to_cropland_bears_its_letter():
    for code, use in LAND_USES.items():
        assert (use.farm == "adjustable") == code.endswith("K")
        assert use.zh.startswith("可调整") == code.endswith("K")
    assert {code for code, use in LAND_USES.items() if use.farm == "yes"} == {"0101", "0102", "0103"}


def test_nothing_is_built_on_water_and_wetland():
    for use in LAND_USES.values():
        if use.use in ("water", "wetland"):
            assert use.build == "no"


def test_numbers_of_rasters_are_codes_without_the_zero_in_front():
    assert LAND_VALUES[101].zh == "水田"
    assert LAND_VALUES[1201].zh == "空闲地"
    assert all(land_use(value) is use for value, use in LAND_VALUES.items())
    assert len(LAND_VALUES) == sum(code.isdigit() for code in LAND_USES)


@pytest.mark.parametrize("code", ["0101", "101", 101, 101.0, "101.0", " 0101 "])
def test_a_code_is_read_as_files_write_it(code):
    assert land_use(code).zh == "水田"


def test_a_code_of_another_table_is_refused_with_the_row():
    found = land_uses(["08h1", None, float("nan"), ""], path="dltb.shp", ids=list("abcd"))
    assert [use and use.zh for use in found] == ["机关团体新闻出版用地", None, None, None]
    with pytest.raises(DataError, match="'0501'") as caught:
        land_uses(["0101", "0501"], path="dltb.shp", ids=["a", "b"])  # GB/T 21010: retail
    assert (caught.value.path, caught.value.row) == ("dltb.shp", "b")
    assert "DLBM" in caught.value.remedy
