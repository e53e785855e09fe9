"""The right plan by reasoning over several phases: money of each, who pays, what is due when, what an earlier plan holds.

tiny_study tells of the grid.

A candidate has 1000 m2 of floor at 1000 yuan/m2 unless the test says otherwise, a rule is hard unless it says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_study import centre, check_plan, house, inside, least, one, place, rule, stage, standing, write_study

from siteplan.auditing.audit import audit
from siteplan.errors import UsageError
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Fund, Phase, Scenario
from siteplan.plans.store import read_plan, write_plan

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.plans.plan import Plan

HERE = [house("b1", 200, 425)]
BOTH = [house("b1", 200, 425), house("b2", 1500, 100)]
PLACES = [place("c1", 300), place("c2", 1400)]
LIBRARY = [one("library"), least("library", 20)]


def phases(*yuan: float | None) -> tuple[Phase, ...]:
    """Return phases 2026, 2027 ... of these budgets."""
    return tuple(Phase(name=str(2026 + n), budget_yuan=limit) for n, limit in enumerate(yuan))


def opened(plan: Plan) -> dict[str, int]:
    """Return the phase in which each facility opens."""
    return {row.id: row.phase for row in plan.facilities.itertuples()}


def works(plan: Plan) -> list[tuple[str, int, float, float]]:
    """Return what is built when."""
    return [
        (row.facility_id, row.phase, round(row.area_m2, 3), round(row.cost_yuan)) for row in plan.works.itertuples()
    ]


# what is built when ------------------------------------------------------------------------------------------------------


def test_money_of_each_phase_puts_key_communities_first(tmp_path: Path) -> None:
    # 20,000 yuan a phase buy one library. B has fewer households, but is key: 100 x 4 is less than 425, 100 x 5 is more. Both are resettled.
    for weight, first in ((4.0, "c1"), (5.0, "c2")):
        study = write_study(
            tmp_path / first, rules=LIBRARY, buildings=BOTH, candidates=PLACES, each={"B": {"key": True}}
        )
        expected = {("library", "c1"): 20.0, ("library", "c2"): 20.0}
        scenario = Scenario(phases=phases(20_000.0, 20_000.0), key_weight=weight)
        plan = check_plan(study, scenario, facilities=expected, cost=40_000)
        later = {"c1": "c2", "c2": "c1"}[first]
        assert opened(plan) == {f"{first}/library": 1, f"{later}/library": 2}
        assert works(plan) == sorted([(f"{first}/library", 1, 20.0, 20_000), (f"{later}/library", 2, 20.0, 20_000)])
        waits = {"c1": 425 * 2, "c2": 100 * weight * 2}[later]
        assert stage(plan, "delay") == pytest.approx(waits)


def test_everything_at_once_where_there_is_money(tmp_path: Path) -> None:
    # B's housing is built in phase 2: its library may come then as well as before, A's in phase 1.
    study = write_study(tmp_path, rules=LIBRARY, buildings=BOTH, candidates=PLACES, each={"B": {"phase": 2.0}})
    expected = {("library", "c1"): 20.0, ("library", "c2"): 20.0}
    plan = check_plan(study, Scenario(phases=phases(None, None, None)), facilities=expected, cost=40_000)
    assert opened(plan)["c1/library"] == 1
    assert opened(plan)["c2/library"] <= 2
    assert stage(plan, "delay") == pytest.approx(0.0, abs=1e-6)


def test_what_is_due_in_a_phase_and_what_that_phase_cannot_pay(tmp_path: Path) -> None:
    # The centre of 136 m2 is due in 2026, which has 100,000 yuan; 36 m2 are missing then, and not built later, for nobody asks for them later.
    rules = [centre(32, phase="2026"), one("library", phase="Y2"), least("library", 20)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[PLACES[0]])
    scenario = Scenario(phases=phases(100_000.0, 50_000.0))
    plan = solve(study, scenario)
    row = plan.unmet.set_index("rule_id").loc["K-ratio"]
    assert (row["required"], row["phase"], row["unit_id"]) == (136.0, 1, "A")
    assert row["achieved"] == pytest.approx(100.0, rel=1e-5)
    assert len(plan.unmet) == 1
    assert opened(plan) == {"c1/service_centre": 1, "c1/library": 2}
    assert audit(plan).disagreements() == []


def test_what_opens_with_the_housing(tmp_path: Path) -> None:
    # A centre is to be open when the housing is built: A's in 2026, B's in 2027. There is money for one a year, but B's is cheaper to be early with.
    rules = [rule("K-with", "phase", "service_centre", construction="new"), least("service_centre", 20)]
    study = write_study(
        tmp_path / "both", rules=rules, buildings=BOTH, candidates=PLACES, each={"B": {"phase": 2.0, "key": True}}
    )
    expected = {("service_centre", "c1"): 20.0, ("service_centre", "c2"): 20.0}
    plan = check_plan(study, Scenario(phases=phases(20_000.0, 20_000.0)), facilities=expected, cost=40_000)
    assert opened(plan) == {"c1/service_centre": 1, "c2/service_centre": 2}
    # With nothing to spend in 2026 A's comes a year late, and that is listed by its phase: nobody asks for it later.
    plan = solve(study, Scenario(phases=phases(0.0, 40_000.0)))
    listed = plan.unmet[["rule_id", "unit_id", "required", "achieved", "unit", "phase"]].to_numpy().tolist()
    assert listed == [["K-with", "A", 1.0, 0.0, "facilities", 1]]
    assert audit(plan).disagreements() == []


def test_an_extension_and_rooms_over_phases(tmp_path: Path) -> None:
    # e1 has 50 m2 and needs 136: 500 yuan a m2, 7,000 once. 2026 has 27,000 yuan: 40 m2. The rest comes in 2027.
    e1 = standing("e1", "service_centre", 300, 50, spare_m2=100.0, cost_per_m2_yuan=500.0, fixed_cost_yuan=7000.0)
    rules = [rule("K-first", "area_floor", "service_centre", 90, "m2", phase="Y1"), centre(32),
             one("library"), least("library", 20), inside("library")]  # fmt: skip
    study = write_study(tmp_path, rules=rules, buildings=HERE, facilities=[e1])
    expected = {("service_centre", "e1"): 136.0, ("library", "e1"): 20.0}
    plan = check_plan(study, Scenario(phases=phases(27_000.0, None)), facilities=expected, cost=43_000 + 7000)
    assert opened(plan) == {"e1": 0, "e1/library": 1}
    assert plan.facilities.set_index("id")["status"].to_dict() == {"e1": "extended", "e1/library": "new"}
    assert plan.works.groupby("phase")["cost_yuan"].sum().to_dict() == pytest.approx({1: 27_000, 2: 23_000}, abs=1)
    grown = plan.works[plan.works["facility_id"] == "e1"]
    assert grown["area_m2"].tolist() == pytest.approx([90, 136], rel=1e-5)


# who pays ----------------------------------------------------------------------------------------------------------------


def test_funds_pay_for_whom_they_are(tmp_path: Path) -> None:
    # 衔接资金 are for resettlement communities, so for A only; the county's own 20,000 a year then are B's. A's library costs 20,000 as well.
    study = write_study(tmp_path, rules=LIBRARY, buildings=BOTH, candidates=PLACES, each={"B": {"resettlement": False}})
    funds = (Fund(name="county", yuan=(20_000.0,)), Fund(name="衔接资金", yuan=(20_000.0,), resettlement="yes"))
    expected = {("library", "c1"): 20.0, ("library", "c2"): 20.0}
    plan = check_plan(study, Scenario(funds=funds), facilities=expected, cost=40_000)
    paid = {(row.site_id, row.phase, row.fund): row.yuan for row in plan.payments.itertuples()}
    assert paid == {("c1", 1, "衔接资金"): 20_000.0, ("c2", 1, "county"): 20_000.0}
    # Without the county's money nobody may pay for B.
    plan = check_plan(
        study,
        Scenario(funds=funds[1:]),
        facilities={("library", "c1"): 20.0},
        cost=20_000,
        unmet={("K-library", "B"): (1.0, 0.0)},
    )
    assert plan.payments.to_numpy().tolist() == [["c1", 1, "衔接资金", 20_000.0]]


def test_what_a_fund_does_not_spend_lapses(tmp_path: Path) -> None:
    # 10,000 a year for two years do not make a library of 20,000; with 10,000 of the county's in 2027 they do, and both pay.
    study = write_study(tmp_path, rules=LIBRARY, buildings=HERE, candidates=[PLACES[0]])
    a = Fund(name="a", yuan=(10_000.0, 10_000.0))
    unmet = {("K-library", "A"): (1.0, 0.0)}
    check_plan(study, Scenario(phases=phases(None, None), funds=(a,)), facilities={}, cost=0, unmet=unmet)
    both = (a, Fund(name="b", yuan=(0.0, 10_000.0)))
    plan = check_plan(
        study, Scenario(phases=phases(None, None), funds=both), facilities={("library", "c1"): 20.0}, cost=20_000
    )
    assert plan.payments.to_numpy().tolist() == [["c1", 2, "a", 10_000.0], ["c1", 2, "b", 10_000.0]]
    assert opened(plan) == {"c1/library": 2}


# earlier plans -----------------------------------------------------------------------------------------------------------


def test_a_revised_plan_keeps_what_was_opened_though_it_is_dearer_now(tmp_path: Path) -> None:
    # The library was planned at c1. Now c2 is cheaper by half: a new plan goes there, a revised one stays.
    study = write_study(
        tmp_path / "old",
        rules=LIBRARY,
        buildings=HERE,
        candidates=[PLACES[0], place("c2", 600, cost_per_m2_yuan=2000.0)],
    )
    old = check_plan(study, facilities={("library", "c1"): 20.0}, cost=20_000)
    study = write_study(
        tmp_path / "new",
        rules=LIBRARY,
        buildings=HERE,
        candidates=[PLACES[0], place("c2", 600, cost_per_m2_yuan=500.0)],
    )
    check_plan(study, facilities={("library", "c2"): 20.0}, cost=10_000)
    plan = check_plan(study, previous=old, facilities={("library", "c1"): 20.0}, cost=20_000)
    assert stage(plan, "changes") == pytest.approx(0.0, abs=1e-6)
    # Where a hard rule needs it something is changed: c2 is opened, and c1, which may not stand any more, closed.
    plan = check_plan(
        study, Scenario(forbidden=("c1",)), previous=old, facilities={("library", "c2"): 20.0}, cost=10_000
    )
    assert stage(plan, "changes") == pytest.approx(2.0)


def test_locked_facilities_stay_with_their_size(tmp_path: Path) -> None:
    # The centre at the dear c2 is approved with 50 m2; the other 86 m2 are built at c1.
    study = write_study(
        tmp_path, rules=[centre(32)], buildings=HERE, candidates=[PLACES[0], place("c2", 600, cost_per_m2_yuan=2000.0)]
    )
    scenario = Scenario(locked=("c2/service_centre",), locked_m2={"c2/service_centre": 50.0})
    expected = {("service_centre", "c1"): 86.0, ("service_centre", "c2"): 50.0}
    check_plan(study, scenario, facilities=expected, cost=86_000 + 100_000)
    with pytest.raises(
        UsageError, match=r"'c3/service_centre' can no longer stand; the nearest id is c1/service_centre"
    ):
        solve(study, Scenario(locked=("c3/service_centre",)))


def test_a_phased_plan_is_read_back_equal(tmp_path: Path) -> None:
    import pandas as pd

    study = write_study(tmp_path, rules=LIBRARY, buildings=BOTH, candidates=PLACES)
    funds = (Fund(name="a", yuan=(20_000.0,)),)
    plan = solve(study, Scenario(phases=phases(None, 30_000.0), funds=funds))
    back = read_plan(write_plan(plan, tmp_path / "phased.gpkg"))
    assert back.scenario == plan.scenario
    for name in ("works", "payments", "needs", "allocation", "unmet", "stages"):
        pd.testing.assert_frame_equal(getattr(plan, name), getattr(back, name))
    assert opened(back) == opened(plan)
