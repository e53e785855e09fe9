"""The facilities of a plan as a table: ids of their own, and the same columns whether anything is open or not."""

import pandas as pd
import pytest
from tiny_study import house, one, place, standing, write_study

from siteplan.errors import DataError
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Scenario
from siteplan.plans.store import LAYERS, TABLES, read_plan, write_plan


def study_of(folder, **more):
    rules = [one("service_centre"), one("library")]
    return write_study(folder, rules=rules, buildings=[house("h", 0, 10)], candidates=[place("c1", 500)], **more)


@pytest.mark.parametrize("scenario", [Scenario(), Scenario(budget_yuan=0)])
def test_an_id_that_a_new_facility_would_get_is_refused(tmp_path, scenario):
    study = study_of(tmp_path, facilities=[standing("c1/library", "service_centre", 0, 100)])
    with pytest.raises(DataError, match=r"layer facilities.*'c1/library'") as caught:
        solve(study, scenario)
    assert caught.value.row == "c1/library"
    assert caught.value.path == "layers.gpkg"
    assert caught.value.remedy


def test_an_id_that_only_looks_like_one_is_kept(tmp_path):
    study = study_of(tmp_path, facilities=[standing("c2/library", "library", 0, 100)])
    assert solve(study).facilities["id"].tolist() == ["c1/service_centre", "c2/library"]


def test_a_plan_without_facilities_is_read_back_equal(tmp_path):
    plan = solve(study_of(tmp_path), Scenario(forbidden=("c1",)))
    assert len(plan.facilities) == 0
    back = read_plan(write_plan(plan, tmp_path / "empty.gpkg"))
    for name in (*LAYERS, *TABLES):
        one_, other = getattr(plan, name), getattr(back, name)
        if "geometry" in one_.columns:
            assert one_.crs == other.crs
            assert one_.geometry.geom_equals(other.geometry).all()
            one_, other = pd.DataFrame(one_.drop(columns="geometry")), pd.DataFrame(other.drop(columns="geometry"))
        pd.testing.assert_frame_equal(one_, other)
