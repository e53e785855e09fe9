"""Rules on registered, relocated and resident people: each takes its own figure, says which, and asks for nothing where nobody counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_study import centre, check_plan, house, place, rule, write_study

from siteplan.auditing.audit import audit
from siteplan.planning.solve import solve
from siteplan.plans.store import read_plan, write_plan
from siteplan.study.study import open_study

if TYPE_CHECKING:
    from pathlib import Path

HERE = [house("b1", 200, 100) | {"people": 330.0, "registered": 400.0, "resident": 250.0}]
PLACES = [place("c1", 300)]


def per_person(denominator: str) -> dict[str, object]:
    return rule("K-each", "area_ratio", "library", 1.0, "m2/person", denominator=denominator)


def test_each_rule_is_multiplied_by_the_people_that_it_names(tmp_path: Path) -> None:
    areas = {"people": ("library", 330), "registered": ("culture_room", 400), "resident": ("mediation_room", 250)}
    rules = [
        rule(f"K-{denominator}", "area_ratio", type_, 1.0, "m2/person", denominator=denominator)
        for denominator, (type_, _area) in areas.items()
    ]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=PLACES)
    plan = check_plan(study, facilities={(type_, "c1"): area for type_, area in areas.values()}, cost=980_000)
    table = audit(plan).table.set_index("rule_id")
    for denominator, (_type, area) in areas.items():
        assert table.loc[f"K-{denominator}", "required"] == pytest.approx(area)
        assert table.loc[f"K-{denominator}", "note"] == f"for {area} {denominator}"
    again = read_plan(write_plan(plan, tmp_path / "plan.gpkg"))
    assert again.demand[["people", "registered", "resident"]].to_numpy().tolist() == [[330, 400, 250]]
    assert audit(again).ok


def test_the_relocated_are_those_of_the_community_where_buildings_do_not_say(tmp_path: Path) -> None:
    # the tiny communities are resettlement ones; the layer gives no people of A, so 100 households x 3.52 = 352 were relocated (assumed)
    each = {"A": {"households": 100.0}}
    study = write_study(
        tmp_path, rules=[per_person("relocated")], buildings=[house("b1", 200, 100)], candidates=PLACES, each=each
    )
    assert any("3.52 for each household" in note.what for note in study.layers.repairs)
    check_plan(study, facilities={("library", "c1"): 352.0}, cost=352_000)


def test_a_rule_on_people_that_nobody_counted_is_recorded_and_never_met(tmp_path: Path) -> None:
    # contract: C16
    rules = [per_person("resident"), centre(32)]
    study = write_study(tmp_path, rules=rules, buildings=[house("b1", 200, 100)], candidates=PLACES)
    plan = solve(study)
    assert "resident" in plan.recorded.set_index("rule_id").loc["K-each", "why"]
    table = audit(plan).table.set_index("rule_id")
    assert table.loc["K-each", "verdict"] == "not evaluated"
    assert "resident" in table.loc["K-each", "note"]
    told = house("b1", 200, 100) | {"people": 330.0}
    study = write_study(tmp_path / "told", rules=rules, buildings=[told], candidates=PLACES)
    file = tmp_path / "told" / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + '\n\n[demand]\npeople_are = "resident"\n', encoding="utf-8")
    plan = solve(open_study(tmp_path / "told"))
    table = audit(plan).table.set_index("rule_id")
    assert table.loc["K-each", "required"] == pytest.approx(330)


def test_a_plan_that_counts_other_people_than_the_layer_is_caught(tmp_path: Path) -> None:
    study = write_study(tmp_path, rules=[per_person("registered")], buildings=HERE, candidates=PLACES)
    plan = solve(study)
    wrong = plan.but(demand=plan.demand.assign(registered=300.0), communities=plan.communities.assign(registered=300.0))
    assert "registered of building" in {row["claim"] for row in audit(wrong).disagreements()}


def test_people_of_a_community_are_kept_where_some_buildings_count_them_and_the_audit_adds_them_up(
    tmp_path: Path,
) -> None:
    # 350 people in all, 20 of them in b1: the 90 households of b2 are 330 people, not 90 x 3.52
    homes = [house("b1", 200, 10) | {"people": 20.0}, house("b2", 250, 90)]
    each = {"A": {"households": 100.0, "people": 350.0}}
    study = write_study(tmp_path, rules=[per_person("people")], buildings=homes, candidates=PLACES, each=each)
    plan = check_plan(study, facilities={("library", "c1"): 350.0}, cost=350_000)
    wrong = plan.but(demand=plan.demand.assign(people=[20.0, 316.8]), communities=plan.communities.assign(people=336.8))
    assert "people by community_id" in {row["claim"] for row in audit(wrong).disagreements()}


def test_a_total_that_was_rounded_to_whole_households_is_what_the_audit_expects(tmp_path: Path) -> None:
    homes = [{"id": "b1", "households": None, "geometry": house("b1", 200, 0)["geometry"]}]
    each = {"A": {"households": 99.6}}
    study = write_study(tmp_path, rules=[centre(32)], buildings=homes, candidates=PLACES, each=each)
    file = study.folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + "\n\n[demand]\nwhole_households = true\n", encoding="utf-8")
    plan = check_plan(open_study(study.folder), facilities={("service_centre", "c1"): 32.0}, cost=32_000)
    assert plan.demand["households"].tolist() == [100]
    assert "households by community_id" in {
        row["claim"] for row in audit(plan.but(demand=plan.demand.assign(households=98.0))).disagreements()
    }
