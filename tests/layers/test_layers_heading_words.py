"""Headings of registers, of the land survey and of exclusions as counties write them."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from siteplan.layers.columns import conform
from siteplan.layers.land_survey import land_use


def conformed(role, shape=None, **columns):
    n = len(next(iter(columns.values())))
    frame = gpd.GeoDataFrame(pd.DataFrame(columns), geometry=[shape or Point(k, 0) for k in range(n)], crs="EPSG:4547")
    return conform(frame, role)[0]


def test_a_register_of_sites_with_all_kinds_of_people():
    found = conformed(
        "sites", 安置点名称=["幸福小区"], 户数=[120], 户籍人数=[430], 搬迁安置人口=[410], 常住人口=[388], 区划代码=["610981103201"],
        城乡分类代码=["121"],
    )  # fmt: skip
    row = found.iloc[0]
    assert (row["registered"], row["relocated"], row["resident"]) == (430, 410, 388)
    assert (row["code"], row["setting"]) == ("610981103201", "urban")


def test_the_code_of_a_township_stays_its_id():
    assert conformed("townships", 统计用区划代码=["610981103000"], 名称=["神河镇"])["id"].tolist() == ["610981103000"]


@pytest.mark.parametrize(("code", "setting"), [("111", "urban"), (123, "urban"), ("210", "rural"), (220, "rural")])
def test_codes_of_town_and_country(code, setting):
    assert conformed("sites", 户数=[1], 城乡分类代码=[code])["setting"].tolist() == [setting]


def test_parcels_of_the_land_survey_and_points_of_hazards():
    parcels = conformed("parcels", box(0, 0, 9, 9), DLBM=["1201", "0101"], DLMC=["空闲地", "水田"])
    assert [land_use(code).zh for code in parcels["land_code"]] == parcels["land_use"].tolist()
    hazards = conformed("exclusions", 灾害类型=["滑坡", "崩塌"], 避让距离=[50, None])
    assert hazards["kind"].tolist() == ["滑坡", "崩塌"]
    assert hazards["buffer_m"].tolist()[0] == 50
