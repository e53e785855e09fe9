"""A Chinese town from an OpenStreetMap export: its names stay Chinese from the file to the plan and the map."""

import re

import pytest
from real_jobs import check_map, check_proof, check_read_back, plan_place

from siteplan.planning.new_study import new_study

pytestmark = pytest.mark.real_data
CHINESE = re.compile(r"[\u4e00-\u9fff]{2,}")


def test_chinese_names_survive_into_plan_and_map(real_data, tmp_path):
    folder = new_study(tmp_path / "贵溪 市", osm=real_data / "guixi" / "mapofgx.osm", people=20_000, name="贵溪市区")
    plan = plan_place(folder)
    check_proof(plan)
    again = check_read_back(plan, folder / "base.gpkg")
    assert again.study.name == "贵溪市区"
    given = {str(name) for name in again.study.layers.require("candidates", "")["name"] if CHINESE.search(str(name))}
    shown = set(again.facilities["site_name"]) & given
    assert shown, given
    page = check_map(again, folder / "图.html")
    for name in shown:
        assert name in page
    streets = again.study.layers.require("streets", "")["name"].dropna()
    assert streets.str.contains(CHINESE).any()
