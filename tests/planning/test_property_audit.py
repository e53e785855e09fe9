"""Whatever the study: a plan's audit never disagrees with its solver, a plan is read back equal, and more means never worse."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_study import METRIC, layer, random_study
from small_studies import small_study

from siteplan.auditing.audit import audit
from siteplan.errors import UsageError
from siteplan.planning.solve import solve
from siteplan.plans.store import LAYERS, TABLES, read_plan, write_plan
from siteplan.siting.keeping import FACILITY_KINDS
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    from siteplan.plans.plan import Plan
    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study

SEEDS = st.integers(0, 10**6)
FEW = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def solved(study: Study, scenario: Scenario) -> Plan:
    """Return the plan; studies whose scenario requires what the layer forbids are no question."""
    try:
        return solve(study, scenario)
    except UsageError:
        assume(False)
        raise


def assert_equal(left: Plan, right: Plan) -> None:
    """Hold every table of two plans equal, types and geometry included; seconds are not of the plan."""
    for name in (*LAYERS, *TABLES):
        one, other = getattr(left, name), getattr(right, name)
        if "geometry" in one.columns:
            assert one.geometry.geom_equals(other.geometry).all()
            assert one.crs == other.crs == METRIC
            one, other = pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(other.drop(columns="geometry"))
        if name == "stages":
            one, other = one.drop(columns="seconds"), other.drop(columns="seconds")
        pd.testing.assert_frame_equal(one, other)


def hard(plan: Plan) -> tuple[float, float]:
    """Return the values of the two hard stages."""
    values = plan.stages.set_index("stage")["value"]
    return float(values["hard-worst"]), float(values["hard-sum"])


def no_worse(plan: Plan, than: Plan) -> bool:
    """Tell whether the hard rules of ``plan`` are met as well as those of ``than``, the worst first."""
    (worst, total), (worst_before, total_before) = hard(plan), hard(than)
    if abs(worst - worst_before) > 1e-5:
        return worst < worst_before
    return total <= total_before + 1e-4


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=SEEDS)
def test_the_audit_never_disagrees_with_the_solver(seed: int) -> None:
    study, scenario = random_study(seed)
    plan = solved(study, scenario)
    found = audit(plan)
    assert found.disagreements() == []
    for stage in plan.stages.itertuples():  # a run that was stopped says so, however small the study
        assert (stage.status == "optimal") == (stage.gap <= PROVEN_GAP), stage
    listed = plan.unmet[(plan.unmet["strength"] == "hard") & (plan.unmet["rule_id"] != "scenario:required")]
    assert found.hard_failed == len(listed)
    assert hard(plan)[0] == pytest.approx(_largest(plan), abs=1e-5)


def _largest(plan: Plan) -> float:
    """Return the largest relative shortfall of the hard rules; of rules on facilities that of the worst facility."""
    rows = plan.unmet[plan.unmet["strength"] == "hard"]
    kinds = {rule.id: rule for rule in plan.study.standards.rules}
    found = [0.0]
    for row in rows.itertuples():
        rule = kinds.get(row.rule_id)
        if rule is not None and rule.kind == "unit_floor":
            here = plan.facilities[
                (plan.facilities["community_id"] == row.unit_id) & (plan.facilities["type"] == rule.types[0])
            ]
            found.append(1.0 - float(here["area_m2"].min()) / float(rule.figure or 1.0))
        else:
            found.append(
                1.0
                if row.unit == "facilities" and rule is not None and rule.kind in FACILITY_KINDS
                else row.shortfall / row.required
            )
    return max(found)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=SEEDS)
def test_the_audit_never_disagrees_about_small_studies(seed: int) -> None:
    study, scenario = small_study(seed)
    plan = solved(study, scenario)
    assert audit(plan).disagreements() == []


@FEW
@given(seed=SEEDS)
def test_a_plan_is_read_back_equal(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    study, scenario = random_study(seed)
    plan = solved(study, scenario)
    back = read_plan(write_plan(plan, tmp_path_factory.mktemp("plan") / "计划.gpkg"), study)
    assert_equal(plan, back)
    assert (back.scenario, back.provenance) == (plan.scenario, plan.provenance)
    before, after = audit(plan), audit(back)
    pd.testing.assert_frame_equal(before.table, after.table)
    pd.testing.assert_frame_equal(before.claims, after.claims)


@FEW
@given(seed=SEEDS)
def test_the_same_question_has_the_same_answer(seed: int) -> None:
    study, scenario = random_study(seed)
    assert_equal(solved(study, scenario), solved(study, scenario))


@FEW
@given(seed=SEEDS)
def test_more_money_is_never_worse(seed: int) -> None:
    study, scenario = random_study(seed)
    plans = [solved(study, scenario.but(budget_yuan=limit)) for limit in (0.0, 150_000.0, 600_000.0, None)]
    for less, more in itertools.pairwise(plans):
        assert no_worse(more, than=less)


@FEW
@given(seed=SEEDS)
def test_one_more_candidate_is_never_worse(seed: int) -> None:
    study, scenario = random_study(seed)
    before = solved(study, scenario)
    given_ = study.layers.vectors["candidates"]
    row = given_.iloc[0].to_dict() | {"id": "more", "state": "free", "types": "", "floor_capacity_m2": 500.0}
    more = layer("candidates", [*given_.to_dict("records"), row])
    layers = study.layers.but(vectors={**study.layers.vectors, "candidates": more})
    assert no_worse(solved(study.but(layers=layers), scenario), than=before)
