"""The main job on a whole country: 17,677 buildings, 38,086 people in 11 municipalities."""

import pytest
from real_jobs import TYPES, check_allocation, check_map, check_proof, check_read_back, plan_place

from siteplan.planning.new_study import new_study

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def folder(real_data, tmp_path_factory):
    data = real_data / "liechtenstein"
    return new_study(
        tmp_path_factory.mktemp("real") / "liechtenstein",
        osm=data / "liechtenstein-240303.osm.pbf",
        communities=data / "liechtenstein.gpkg",
        communities_layer="municipalities",
        columns={"people": "population"},
        types=TYPES,
        setting="rural",
    )


def test_from_the_extract_to_the_map(folder):
    plan = plan_place(folder)
    check_proof(plan)
    check_allocation(plan)
    assert len(plan.communities) == 11
    assert plan.demand["people"].sum() == pytest.approx(38_086)
    assert len(plan.study.layers.require("buildings", "")) == 17_677
    again = check_read_back(plan, folder / "base.gpkg")
    page = check_map(again, folder / "base.html")
    for name in ("Vaduz", "Schaan", "Triesenberg"):
        assert name in page
