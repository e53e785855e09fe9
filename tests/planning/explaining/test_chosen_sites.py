"""Why a site was chosen: whom only it serves, and the next best without it, held to a plan solved anew with the site forbidden."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from infeasible import HERE, ROOM, unmet_of
from tiny_study import house, least, one, place, reach, write_study

from siteplan.errors import UsageError
from siteplan.planning.explaining.bench import bench
from siteplan.planning.explaining.explain import explain
from siteplan.planning.explaining.sites import explain_site, new_sites_of
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.planning.explaining.sites import SiteExplanation
    from siteplan.plans.plan import Plan

pytestmark = pytest.mark.once

CHEAPEST = Scenario(cost_slack=0.0)
NEAR = [*ROOM, reach("police_room", 500)]
TWO = [place("near", 300), place("far", 700, cost_per_m2_yuan=2000.0)]
SPREAD = [house("b1", 100, 50), house("b2", 500, 20), house("b3", 900, 30)]
ENDS = [place("west", 100), place("middle", 500, cost_per_m2_yuan=5000.0), place("east", 900)]


def cost(plan: Plan) -> float:
    return float(plan.facilities["cost_yuan"].sum())


def held_to_a_plan_without_it(plan: Plan, found: SiteExplanation) -> Plan:
    """Solve the study with a site forbidden, and hold what is said of the next best to that plan."""
    again = solve(plan.study, plan.scenario.but(forbidden=(found.site_id,)))
    after = found.next_best
    assert after is not None
    assert after.proven
    assert after.extra_yuan == pytest.approx(cost(again) - cost(plan), abs=1.0)
    assert {(rule, unit) for rule, unit, _strength in after.newly_unmet} == unmet_of(again) - unmet_of(plan)
    assert set(after.opened) == set(again.facilities["id"]) - set(plan.facilities["id"])
    assert set(after.closed) == set(plan.facilities["id"]) - set(again.facilities["id"])
    return again


def test_the_next_best_site_and_what_moving_there_costs(tmp_path: Path) -> None:
    # 30 m2 at 1000 yuan near, at 2000 yuan far; b1 is at 250: 50 m and 450 m to walk
    study = write_study(tmp_path, rules=NEAR, buildings=HERE, candidates=TWO)
    plan = solve(study, CHEAPEST)
    found = explain(plan).site("near")
    assert (found.served, found.only_here) == ({"police_room": 80.0}, {"police_room": 80.0})
    held_to_a_plan_without_it(plan, found)
    after = found.next_best
    assert after is not None
    assert (after.scope, after.sites) == ("study", (("far", ("police_room",)),))
    assert after.extra_yuan == pytest.approx(30_000.0, abs=1.0)
    assert after.farther_m == pytest.approx(400.0, abs=0.1)
    assert (after.unserved, after.newly_unmet, after.worse) == (0.0, (), ())
    text = found.sentence("en")
    for part in (
        "community police room 80",
        "far (community police room)",
        "30,000 yuan more",
        "400 m farther",
        "No rule is lost",
        "Proven",
    ):
        assert part in text


def test_whom_only_a_site_serves(tmp_path: Path) -> None:
    # west and east are both 400 m from b2; b1 and b3 are 800 m from the other one
    study = write_study(tmp_path, rules=NEAR, buildings=SPREAD, candidates=ENDS)
    plan = solve(study, CHEAPEST)
    assert sorted(new_sites_of(plan)) == ["east", "west"]
    only = {site.site_id: site.only_here["police_room"] for site in explain(plan).sites()}
    assert only == {"west": 50.0, "east": 30.0}


def test_without_the_site_a_rule_is_lost(tmp_path: Path) -> None:
    study = write_study(tmp_path, rules=NEAR, buildings=HERE, candidates=TWO[:1])
    plan = solve(study, CHEAPEST)
    found = explain(plan).site("near")
    held_to_a_plan_without_it(plan, found)
    after = found.next_best
    assert after is not None
    assert after.unserved == pytest.approx(80.0)
    assert {rule for rule, _unit, _strength in after.newly_unmet} == {"K-police_room", "K-police_room-reach"}
    assert (after.opened, after.extra_yuan) == ((), -30_000.0)
    assert "30,000 yuan less" in found.sentence("en")
    assert "K-police_room-reach @ A" in found.sentence("en")


def test_in_a_large_study_all_else_stays(tmp_path: Path) -> None:
    # solved as a large one: only what takes the site's place is free, so it cannot be cheaper than the plan that may change everywhere
    rules = [*NEAR, one("library"), least("library", 20)]
    study = write_study(tmp_path, rules=rules, buildings=SPREAD, candidates=ENDS)
    plan = solve(study, CHEAPEST)
    for site in new_sites_of(plan):
        found = explain_site(bench(plan, 20.0, whole_slots=0), site)
        after = found.next_best
        assert after is not None
        assert after.scope in ("added", "community")
        again = solve(study, CHEAPEST.but(forbidden=(site,)))
        lost = {(rule, unit) for rule, unit, _strength in after.newly_unmet}
        assert lost == unmet_of(again) - unmet_of(plan)
        assert after.extra_yuan >= cost(again) - cost(plan) - 1.0
        assert "With all else as the plan has it" in found.sentence("en")


def test_a_site_that_must_be_opened_says_so(tmp_path: Path) -> None:
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=TWO)
    for scenario in (CHEAPEST.but(required=("far",)), CHEAPEST.but(locked=("far/police_room",))):
        plan = solve(study, scenario)
        found = explain(plan).site("far")
        assert found.must
        assert "must be opened" in found.sentence("en")
        assert found.next_best is not None
        assert found.next_best.extra_yuan == pytest.approx(-30_000.0, abs=1.0)


def test_a_site_that_was_not_chosen_is_refused(tmp_path: Path) -> None:
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=TWO)
    with pytest.raises(UsageError, match="opens nothing new at 'fer'"):
        explain(solve(study, CHEAPEST)).site("fer")
