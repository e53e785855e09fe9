"""The main job on a real place: from a map extract to a plan on disk, its audit and its offline map; and what must be true of each."""

import json
import re

from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

from siteplan.auditing.audit import audit
from siteplan.outputs.map import build_map
from siteplan.outputs.offline import addresses
from siteplan.planning.solve import default_scenario, solve
from siteplan.plans.store import LAYERS, TABLES, read_plan, write_plan
from siteplan.study.study import open_study

TYPES = ("service_centre", "police_room", "childrens_home", "health_station")
GAP = 0.01


def plan_place(folder):
    """Solve a study folder to a gap of one per cent, write the plan in it and return it."""
    study = open_study(folder)
    plan = solve(study, default_scenario(study).but(gap=GAP))
    write_plan(plan, folder / "base.gpkg")
    return plan


def check_proof(plan):
    """Every stage has a bound within the gap that was asked for, and none claims more than its bound shows."""
    assert list(plan.stages["stage"]) == ["hard-worst", "hard-sum", "targets", "aims", "cost", "walking"]
    assert (plan.stages["gap"] <= GAP).all(), plan.stages
    assert set(plan.stages["status"]) <= {"optimal", "within gap"}
    slack = 1e-6 * plan.stages["value"].abs().clip(lower=1.0)
    assert (plan.stages["bound"] <= plan.stages["value"] + slack).all()


def check_allocation(plan):
    """Every building that has households has one answer for every type that is planned, and served means a facility."""
    rows = plan.allocation
    assert set(TYPES) <= set(plan.scenario.types)
    assert not rows.duplicated(["building_id", "type"]).any()
    homes = set(plan.demand["building_id"])
    for key, own in rows.groupby("type"):
        assert set(own["building_id"]) == homes, key
    assert set(rows["type"]) == set(plan.scenario.types)
    served = rows[rows["status"] == "served"]
    kinds = plan.facilities.set_index("id")["type"]
    assert (served["facility_id"].map(kinds) == served["type"]).all()
    assert served["metres"].ge(0).all()


def check_read_back(plan, path):
    """What is read from the file is what was solved, and its audit finds nothing that does not hold."""
    again = read_plan(path)
    assert again.scenario == plan.scenario
    assert again.provenance == plan.provenance
    for name in LAYERS:
        assert_geodataframe_equal(getattr(again, name), getattr(plan, name), check_like=True, check_less_precise=False)
    for name in TABLES:
        assert_frame_equal(getattr(again, name), getattr(plan, name), check_like=True)
    assert audit(again).disagreements() == []
    return again


def check_map(plan, path):
    """The map is written, needs no network, and shows every facility."""
    page = build_map(plan, path).read_text(encoding="utf-8")
    assert addresses(page) == []
    block = re.search(r'<script type="application/json" id="siteplan-data">(.*?)</script>', page, re.DOTALL)
    data = json.loads(block.group(1))
    assert len(data["facilities"]["type"]) == len(plan.facilities)
    return page
