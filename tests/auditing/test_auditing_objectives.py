"""The values that a plan's stages state, against what its tables say: random plans agree, invented values do not."""

import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "planning"))  # random studies live with the tests of planning

from random_study import random_study
from tiny_study import centre, house, least, place, reach, standing, write_study

from siteplan.auditing.audit import audit
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Phase, Scenario

CLAIM = "stage value"


def values(plan):
    """Return the claims on values that were recomputed, by stage."""
    claims = audit(plan).claims
    mine = claims[claims["claim"] == CLAIM]
    return dict(zip(mine["subject"], mine["verdict"], strict=True))


def invented(plan, stage, value):
    """Replace one stage by a value that is its own bound and is called proven."""
    stages = plan.stages.copy()
    row = stages["stage"] == stage
    stages.loc[row, ["value", "bound", "gap"]] = [value, value, 0.0]
    stages.loc[row, "status"] = "optimal"
    return plan.but(stages=stages)


PHASES = (Phase(name="2026"), Phase(name="2027", budget_yuan=0.0), Phase(name="2028"))
STAGES = ("hard-worst", "hard-sum", "targets", "aims", "cost", "equity", "backup", "walking", "delay")


@pytest.fixture(scope="module")
def plan():
    study, scenario = random_study(8)
    asked = scenario.but(aim_price_yuan_per_m2=None, objectives=("equity", "backup"), phases=PHASES)
    return solve(study, asked)


def test_the_values_of_a_solved_plan_are_confirmed(plan):
    assert values(plan) == dict.fromkeys(STAGES, "pass")


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("factor", [0.0, 0.6, 1.2])
def test_an_invented_value_is_no_longer_confirmed(plan, stage, factor):
    said = float(plan.stages.set_index("stage")["value"][stage])
    value = said * factor if said else 1.0
    assert values(invented(plan, stage, value))[stage] == "fail"


def test_changes_need_the_earlier_plan(plan):
    """What a plan changes is known only beside the plan that it revises, which it does not hold."""
    rows = plan.stages[plan.stages["stage"] == "targets"].assign(stage="changes")
    stages = pd.concat([plan.stages.iloc[:2], rows, plan.stages.iloc[2:]])
    assert values(plan.but(stages=stages))["changes"] == "not evaluated"
    assert audit(plan.but(stages=stages)).disagreements() == []


def test_each_small_facility_counts_and_a_closed_required_site(tmp_path):
    study = write_study(
        tmp_path,
        rules=[least("service_centre", 200), reach("service_centre", 100)],
        buildings=[house("h1", 0, 100), house("h2", 900, 300)],
        candidates=[place("c1", 500, state="required", cost_per_m2_yuan=1e6)],
        facilities=[standing("e1", "service_centre", 0, 100), standing("e2", "service_centre", 500, 50)],
    )
    plan = solve(study, Scenario(budget_yuan=0))
    stages = plan.stages.set_index("stage")["value"]
    # half of e1, three quarters of e2, the 300 households of h2 among 400, and c1
    assert stages["hard-sum"] == pytest.approx(0.5 + 0.75 + 0.75 + 1, abs=1e-5)
    assert {values(plan)[name] for name in ("hard-worst", "hard-sum", "cost")} == {"pass"}


@pytest.mark.parametrize("price", [None, 500.0, 2000.0])
def test_missing_aims_are_part_of_the_cost_where_they_have_a_price(tmp_path, price):
    study = write_study(
        tmp_path,
        rules=[centre(100, strength="soft")],
        buildings=[house("h1", 0, 100)],
        candidates=[place("c1", 500, floor_capacity_m2=60.0)],
    )
    plan = solve(study, Scenario(aim_price_yuan_per_m2=price))
    assert values(plan)["cost"] == values(plan)["aims"] == "pass"
    assert (
        values(invented(plan, "cost", 1.0 + 2 * float(plan.stages.set_index("stage")["value"]["cost"])))["cost"]
        == "fail"
    )


def test_columns_of_the_claim_are_text(plan):
    claims = audit(plan).claims
    assert all(pd.api.types.is_string_dtype(claims[name]) for name in claims.columns)
