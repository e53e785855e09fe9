"""What else an explanation promises: large studies, targets, plans that were stopped early, and that nothing helps where nothing does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from infeasible import HERE, KEY, ROOM, WAYS, shown, unmet_of
from shapely import box
from tiny_study import X, Y, least, one, place, rule, write_study

from siteplan.errors import DataError, UsageError
from siteplan.planning.explaining import explain as explain_module
from siteplan.planning.explaining.bench import bench
from siteplan.planning.explaining.explain import explain
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.plans.plan import Plan

pytestmark = pytest.mark.once

SOME = (
    "the only site is too small, and the budget too",
    "two hard rules that contradict one another by a third",
)


@pytest.mark.parametrize("way", [way for way in WAYS if way.name in SOME], ids=lambda way: way.name)
def test_a_large_study_is_explained_with_all_else_as_it_is(
    way: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain_module, "make_bench", partial(bench, whole_slots=0))
    found = shown(way, tmp_path / "study")  # type: ignore[arg-type] - one of WAYS
    assert {proposal.scope for proposal in found.proposals} <= {"added", "community"}


def test_where_nothing_helps_nothing_is_proposed(tmp_path: Path) -> None:
    flood = {"id": "z", "kind": "flood", "geometry": box(X - 500, Y - 500, X + 4000, Y + 1500)}
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=[place("a", 500)], exclusions=[flood])
    found = explain(solve(study, Scenario())).of(*KEY)
    assert found.reason.kind == "excluded"
    assert (found.cheapest, found.proposals, found.stopped) == (None, (), False)
    assert "No single change was found that meets it." in repr(found)


def test_what_is_asked_for_is_given_up_only_where_nothing_else_helps(tmp_path: Path) -> None:
    # two are asked for, and all but the one site is flooded
    dry = box(X + 490, Y - 10, X + 510, Y + 10)
    zones = [{"id": "z", "kind": "flood", "geometry": box(X - 500, Y - 500, X + 4000, Y + 1500).difference(dry)}]
    rules = [ROOM[0] | {"figure": 2.0}, ROOM[1]]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("a", 500)], exclusions=zones)
    found = explain(solve(study, Scenario())).of(*KEY)
    assert found.reason.kind == "few"
    assert [(p.change.kind, p.change.figure) for p in found.proposals] == [("lower_figure", 1.0)]
    assert "Lower the figure of rule K-police_room to 1." in repr(found)


# targets and aims ---------------------------------------------------------------------------------------------------------


def test_a_target_is_explained_and_does_not_cost_another(tmp_path: Path) -> None:
    # 45,000 yuan pay for the police room or for the library, both targets: neither may be lost for the other
    rules = [one("police_room", strength="target"), ROOM[1], one("library", strength="target"), least("library", 30)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("a", 500)])
    scenario = Scenario(budget_yuan=45_000.0)
    plan = solve(study, scenario)
    (key,) = unmet_of(plan)
    (without,) = explain(plan).rules
    assert (without.sought, without.proposals, without.reason.kind) == (False, (), "not_sought")
    assert "was not looked into" in without.sentence("en")
    assert "was not looked into" in repr(explain(plan))
    (found,) = explain(plan, strengths=("target",)).rules
    assert found.reason.kind == "budget"
    assert found.cheapest is not None
    assert found.cheapest.money_yuan == pytest.approx(15_000.0)
    assert not unmet_of(solve(*found.cheapest.apply(study, scenario)))
    by_name = explain(plan, rules=[key[0]]).of(*key)
    assert by_name.cheapest == found.cheapest


def test_a_facility_that_breaks_a_target_is_named(tmp_path: Path) -> None:
    rules = [*ROOM, rule("K-had", "acquisition", "police_room", modes=["convert"], strength="target")]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("a", 500)])
    (found,) = explain(solve(study, Scenario()), strengths=("target",)).rules
    assert found.reason.kind == "all_the_same"
    assert "had in another way than the rule allows (convert): a/police_room" in found.sentence("en")
    assert found.cheapest is not None
    assert (found.cheapest.change.kind, found.cheapest.change.mode) == ("allow_mode", "build")


def test_weaker_rules_that_pay_for_a_change_are_named(tmp_path: Path) -> None:
    # the library, a target, takes all the money; the police room may stand at b only if that is allowed
    rules = [*ROOM, one("library", strength="target"), least("library", 30)]
    study = write_study(
        tmp_path,
        rules=rules,
        buildings=HERE,
        candidates=[place("a", 500, types="library"), place("b", 700, types="library")],
    )
    plan = solve(study, Scenario(budget_yuan=30_000.0))
    found = explain(plan).of(*KEY)
    assert found.cheapest is not None
    assert (found.cheapest.change.kind, found.cheapest.extra_yuan) == ("allow_type", 0.0)
    assert found.cheapest.worse == (("K-library", "A"),)
    assert (
        "It costs nothing more. Weaker rules that are missed by more for it: K-library @ A."
        in found.cheapest.sentence("en")
    )


# plans that were stopped, or that no longer fit ---------------------------------------------------------------------------


def stopped_early(folder: Path) -> Plan:
    """Return a plan that lacks what could be had, and whose stages are not proven."""
    study = write_study(folder, rules=ROOM, buildings=HERE, candidates=[place("a", 500)])
    plan = solve(study, Scenario(forbidden=("a",)))
    return plan.but(scenario=Scenario(), stages=plan.stages.assign(status="stopped early"))


def test_a_plan_that_was_stopped_early_is_not_said_to_be_the_best(tmp_path: Path) -> None:
    plan = stopped_early(tmp_path)
    found = explain(plan).of(*KEY)
    assert found.reason.kind == "not_proven"
    assert found.conflict is None
    assert "stopped too early" in found.sentence("en")
    assert found.cheapest is not None
    assert found.cheapest.change.kind == "keep_found"
    assert not unmet_of(solve(*found.cheapest.apply(plan.study, plan.scenario)))


def test_a_study_that_has_changed_is_refused(tmp_path: Path) -> None:
    study = write_study(tmp_path / "one", rules=ROOM, buildings=HERE, candidates=[place("a", 500)])
    other = write_study(tmp_path / "two", rules=ROOM, buildings=HERE, candidates=[place("b", 500)])
    with pytest.raises(DataError, match="a/police_room"):
        explain(solve(study, Scenario()).but(study=other))


def test_rules_that_are_not_unmet_are_refused(tmp_path: Path) -> None:
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=[place("a", 500, floor_capacity_m2=20.0)])
    plan = solve(study, Scenario())
    with pytest.raises(UsageError, match="nearest is K-police_room"):
        explain(plan, rules=["K-police"])
    with pytest.raises(UsageError, match="does not list rule K-police_room"):
        explain(plan).of("K-police_room", "B")
