"""A plan is revised after an edit: what is approved stays, little else changes, and the audit agrees with what comes out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_study import random_study
from tiny_study import centre, house, inside, one, place, reach, stage, write_study

from siteplan.auditing.audit import audit
from siteplan.errors import UsageError
from siteplan.models.revise import revise_joint
from siteplan.models.solver import Model, SolverOptions
from siteplan.models.stages import solve_joint
from siteplan.planning.cache import SolveCache
from siteplan.planning.resolve import approved, asked_again, resolve
from siteplan.planning.solve import prepare, solve
from siteplan.plans.scenario import Scenario
from siteplan.plans.store import read_plan, write_plan
from siteplan.siting.rules_to_arrays import to_problem
from siteplan.study.study import open_study

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd

    from siteplan.models.status import Proof
    from siteplan.plans.plan import Plan
    from siteplan.study.study import Study

HOMES = [house("b1", 200, 400), house("b2", 1500, 200)]
PLACES = [place("a1", 300), place("a2", 700), place("b1x", 1600), place("b2x", 2500)]
RULES = [centre(32), one("library"), inside("library"), reach("service_centre", 800)]


def edited(study: Study, role: str, edit: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Study:
    """Return the study with one layer edited."""
    layers = study.layers
    return study.but(layers=dataclasses.replace(layers, vectors=layers.vectors | {role: edit(layers.vectors[role])}))


def with_value(row: str, column: str, value: Any) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    def edit(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        frame = frame.copy()
        frame.loc[frame["id"] == row, column] = value
        return frame

    return edit


def without(row: str) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
    return lambda frame: frame[frame["id"] != row].reset_index(drop=True)


def opened(plan: Plan) -> dict[str, float]:
    return {str(row.id): round(row.area_m2, 3) for row in plan.facilities.itertuples()}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return write_study(tmp_path, rules=RULES, buildings=HOMES, candidates=PLACES)


@pytest.fixture
def plan(study: Study) -> Plan:
    return solve(study, Scenario(cost_slack=0.0))


def check(plan: Plan, facilities: dict[str, float], changes: float) -> None:
    assert opened(plan) == pytest.approx(facilities, abs=1e-2)
    assert stage(plan, "changes") == pytest.approx(changes, abs=1e-6)
    assert plan.proven
    assert audit(plan).disagreements() == []


BEFORE = {"a1/service_centre": 128.0, "a1/library": 10.0, "b1x/service_centre": 64.0, "b1x/library": 10.0}


def test_the_plan_that_is_revised(plan: Plan) -> None:
    assert opened(plan) == pytest.approx(BEFORE)


def test_more_households_change_areas_and_no_opening(study: Study, plan: Plan) -> None:
    # 500 households need 160 m2 at a1; B is as it was
    found = resolve(plan, edited(study, "buildings", with_value("b1", "households", 500.0)))
    check(found, BEFORE | {"a1/service_centre": 160.0}, 0)


def test_a_better_candidate_does_not_move_what_is_planned(study: Study, plan: Plan) -> None:
    cheaper = edited(study, "candidates", with_value("a2", "cost_per_m2_yuan", 100.0))
    assert "a2/service_centre" in opened(solve(cheaper, plan.scenario))
    check(resolve(plan, cheaper), BEFORE, 0)


def test_what_may_not_stand_any_more_is_replaced_and_nothing_else(study: Study, plan: Plan) -> None:
    # the centre of B and its library move to b2x, 1,000 m from its households: closed, opened, twice, and b2 is out of reach
    gone = edited(study, "candidates", with_value("b1x", "state", "forbidden"))
    found = resolve(plan, gone)
    after = {name.replace("b1x", "b2x"): m2 for name, m2 in BEFORE.items()}
    check(found, after, 4)
    assert found.unmet["rule_id"].tolist() == ["K-service_centre-reach"]


def test_a_candidate_that_moves_keeps_its_facilities_where_the_rules_allow(study: Study, plan: Plan) -> None:
    def move(metres: float) -> Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]:
        def edit(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
            frame = frame.copy()
            at = frame["id"] == "a1"
            frame.loc[at, "geometry"] = frame.loc[at, "geometry"].translate(metres)
            return frame

        return edit

    check(resolve(plan, edited(study, "candidates", move(100.0))), BEFORE, 0)
    # in the other community it no longer serves b1: two facilities are opened at a2, and closing a1 would be two changes more
    found = resolve(plan, edited(study, "candidates", move(900.0)))
    assert set(opened(found)) == {*BEFORE, "a2/service_centre", "a2/library"}
    assert stage(found, "changes") == pytest.approx(2.0)
    assert audit(found).disagreements() == []


def test_approved_sites_stay_no_smaller_than_they_are(study: Study, plan: Plan) -> None:
    fewer = edited(study, "buildings", with_value("b1", "households", 100.0))
    check(resolve(plan, fewer), BEFORE | {"a1/service_centre": 32.0}, 0)
    kept = resolve(plan, fewer, locked=["a1"])
    check(kept, BEFORE, 0)
    assert kept.scenario.locked == ("a1/service_centre", "a1/library")
    assert kept.scenario.notes["revises"] == "base"
    # what was approved once stays approved in the next revision
    again = resolve(kept, edited(study, "buildings", with_value("b1", "households", 50.0)))
    check(again, BEFORE, 0)


def test_what_is_approved_and_gone_is_an_error(study: Study, plan: Plan) -> None:
    gone = edited(study, "candidates", without("a1"))
    with pytest.raises(UsageError, match="'a1/service_centre' can no longer stand"):
        resolve(plan, gone, locked=["a1"])
    barred = edited(study, "candidates", with_value("a1", "state", "forbidden"))
    with pytest.raises(UsageError, match="'a1/service_centre' can no longer stand"):
        resolve(plan, barred, locked=["a1/service_centre"])


def test_ids_that_the_plan_does_not_have_are_refused(plan: Plan) -> None:
    with pytest.raises(UsageError, match=r"no facility or site 'a1/libary' to lock; the nearest id is a1/library"):
        resolve(plan, locked=["a1/libary"])
    with pytest.raises(UsageError, match="no facility or site 'a2' to lock"):
        approved(plan, ["a2"])
    assert approved(plan, ["b1x", "a1/library"]) == {
        "b1x/service_centre": 64.0,
        "b1x/library": 10.0,
        "a1/library": 10.0,
    }


def test_a_smaller_budget_closes_as_little_as_it_must(study: Study, plan: Plan) -> None:
    # 192 m2 cost 192,000: for 130,000 the hard rules are missed as little as can be, and both centres stay
    found = resolve(plan, study, scenario=plan.scenario.but(budget_yuan=130_000.0))
    afresh = solve(study, plan.scenario.but(budget_yuan=130_000.0))
    for name in ("hard-worst", "hard-sum"):
        assert stage(found, name) == pytest.approx(stage(afresh, name), rel=1e-5)
    assert set(opened(found)) == set(BEFORE)
    assert stage(found, "changes") == pytest.approx(0.0, abs=1e-6)


def test_what_study_toml_asks_now_is_heard_and_the_rest_of_the_plan_is_asked_again(study: Study, plan: Plan) -> None:
    plan = solve(study, Scenario(cost_slack=0.0, forbidden=("a2",), name="mine"))
    path = write_plan(plan, study.folder / "mine.gpkg")
    text = (study.folder / "study.toml").read_text(encoding="utf-8")
    (study.folder / "study.toml").write_text(text + "\n[scenario]\nbudget_yuan = 150000\n", encoding="utf-8")
    now = open_study(study.folder)
    asked = asked_again(read_plan(path, now), now)
    assert (asked.budget_yuan, asked.forbidden, asked.name, asked.cost_slack) == (150_000.0, ("a2",), "mine", 0.0)
    assert asked_again(plan, study) == plan.scenario


def test_a_cache_changes_no_plan_and_saves_the_solver(
    study: Study, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    solves = []
    run = Model.solve

    def counted(model: Model, *asked: Any) -> Proof:
        solves.append(model.problem.name)
        return run(model, *asked)

    monkeypatch.setattr(Model, "solve", counted)
    cache = SolveCache()
    more = edited(study, "buildings", with_value("b1", "households", 500.0))
    first = resolve(plan, more, cache=cache)
    n_first = len(solves)
    again = resolve(plan, more, cache=cache)
    assert n_first > 0
    assert len(solves) == n_first
    assert opened(again) == opened(first) == opened(resolve(plan, more))
    assert again.stages.drop(columns="seconds").equals(first.stages.drop(columns="seconds"))


def test_streets_and_walks_are_made_again_only_where_they_change(study: Study) -> None:
    cache = SolveCache()
    asked = Scenario()
    before = prepare(study, asked, cache=cache).question.matrix
    people = edited(study, "buildings", with_value("b1", "households", 500.0))
    assert prepare(people, asked, cache=cache).question.matrix is before
    moved = edited(study, "candidates", lambda frame: frame.assign(geometry=frame.geometry.translate(10.0)))
    after = prepare(moved, asked, cache=cache).question.matrix
    assert after is not before
    assert after.cost.tolist() == prepare(moved, asked).question.matrix.cost.tolist()
    streets = study.layers.vectors["streets"]
    network, key = cache.network(streets)
    assert cache.network(streets.copy())[0] is network
    other, other_key = cache.network(streets.assign(geometry=streets.geometry.scale(1.1, 1.0)))
    assert (other is network, other_key == key) == (False, False)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000))
def test_random_studies_revised_are_as_good_as_solved_whole(seed: int) -> None:
    study, scenario = random_study(seed)
    plan = solve(study, scenario)
    more = edited(study, "buildings", lambda f: f.assign(households=f["households"] * 1.3))
    asked = plan.scenario
    problem = to_problem(prepare(more, asked).question, plan)
    options = SolverOptions(time_limit_s=60.0)
    expected, found = solve_joint(problem, options), revise_joint(problem, options)
    for one_, other in zip(expected.stages, found.stages, strict=True):
        assert other.value == pytest.approx(one_.value, rel=1e-4, abs=1e-4), one_.stage
    assert audit(resolve(plan, more)).disagreements() == []
