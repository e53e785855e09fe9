"""Which types a plan is about: those that rules ask for here, and those of which what stands counts together with them.

The grid, its two communities A and B and the defaults are those of tiny_study.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import pytest
from random_study import layer, random_study
from tiny_study import check_plan, house, inside, least, one, place, rule, standing, write_study

from siteplan.auditing.audit import audit
from siteplan.errors import LayerError, UsageError
from siteplan.planning.solve import prepare, solve
from siteplan.plans.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.siting.question import Question
    from siteplan.study.study import Study

TWO_OF_1000 = [house("b1", 200, 1000), house("b2", 1500, 1000)]
HERE = [house("b1", 200, 1000)]


def size(metric: str, least_: float) -> dict[str, Any]:
    """Return the size condition of a rule."""
    return {"size.metric": metric, "size.min": least_}


def with_column(study: Study, role: str, **columns: Any) -> Study:
    """Return the study with other values in one of its layers."""
    vectors = dict(study.layers.vectors)
    return study.but(layers=study.layers.but(vectors=vectors | {role: vectors[role].assign(**columns)}))


def question_of(study: Study, scenario: Scenario | None = None) -> Question:
    """Return the question that is put to the model."""
    return prepare(study, scenario or Scenario()).question


# what is asked for ------------------------------------------------------------------------------------------------------


def test_a_township_rule_looks_at_the_totals_of_townships(tmp_path: Path) -> None:
    # Townships of 1,500 households or more need a police station. T has 2 x 1,000: one, though no community has so many.
    station = one("police_station", scope="township", **size("households", 1500))
    rules = [station, least("police_station", 100)]
    study = write_study(
        tmp_path / "T", rules=rules, buildings=TWO_OF_1000, candidates=[place("c1", 300)], townships=("T", "T")
    )
    check_plan(study, facilities={("police_station", "c1"): 100.0}, cost=100_000)
    bare = write_study(tmp_path / "none", rules=rules, buildings=TWO_OF_1000, townships=("T", "T"))
    check_plan(bare, facilities={}, cost=0, unmet={("K-police_station", "T"): (1.0, 0.0)})


def test_nothing_asked_for_here_is_refused(tmp_path: Path) -> None:
    # T and U have 1,000 households each: nobody asks for a police station, and there is nothing else to plan.
    station = one("police_station", scope="township", **size("households", 1500))
    study = write_study(
        tmp_path, rules=[station], buildings=TWO_OF_1000, candidates=[place("c1", 300)], townships=("T", "U")
    )
    with pytest.raises(UsageError, match="no rule of county, national asks"):
        solve(study)
    assert solve(study, Scenario(types=("police_station",))).unmet.empty


def test_a_type_that_no_community_asks_for_is_not_planned(tmp_path: Path) -> None:
    rules = [one("service_centre"), least("service_centre", 50), one("cemetery", setting="urban")]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 300, land_m2=500.0)])
    plan = check_plan(study, facilities={("service_centre", "c1"): 50.0}, cost=50_000)
    assert plan.scenario.types == ("service_centre",)


def test_hosts_of_hosts_are_planned(tmp_path: Path) -> None:
    # The legal point is a room of the police room, which is a room of the centre: all three are planned.
    rules = [one("legal_point"), inside("legal_point", "police_room"), inside("police_room")]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 300)])
    plan = check_plan(
        study,
        facilities={("service_centre", "c1"): 10.0, ("police_room", "c1"): 10.0, ("legal_point", "c1"): 10.0},
        cost=10_000,
    )
    assert set(plan.scenario.types) == {"service_centre", "police_room", "legal_point"}


# what stands and counts -------------------------------------------------------------------------------------------------

TOGETHER = rule("K-all", "area_ratio", "service_centre library", 60, "m2/100hh")


def test_what_stands_of_a_counted_type_counts(tmp_path: Path) -> None:
    # 1,000 households need 600 m2 of centre and library together; a library of 500 m2 stands: 100 m2 of centre are built.
    rules = [one("service_centre"), TOGETHER]
    e1 = standing("e1", "library", 400, 500, spare_m2=300.0, cost_per_m2_yuan=1.0)
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 300)], facilities=[e1])
    plan = check_plan(study, facilities={("service_centre", "c1"): 100.0, ("library", "e1"): 500.0}, cost=100_000)
    assert plan.scenario.types == ("service_centre",)
    assert set(plan.allocation["type"]) == {"service_centre"}
    library = plan.facilities.set_index("id").loc["e1"]
    assert (library["status"], library["households_served"], library["rules"]) == ("existing", 0.0, "K-all")


def test_what_stands_of_a_counted_type_is_not_extended_and_no_more_is_built(tmp_path: Path) -> None:
    # No candidate: the library's 500 m2 stay, though 300 m2 more would fit it, and 100 m2 are what is unmet.
    rules = [one("service_centre", strength="target"), TOGETHER]
    e1 = standing("e1", "library", 400, 500, spare_m2=300.0)
    study = write_study(tmp_path, rules=rules, buildings=HERE, facilities=[e1])
    unmet = {("K-all", "A"): (600.0, 500.0), ("K-service_centre", "A"): (1.0, 0.0)}
    plan = check_plan(study, facilities={("library", "e1"): 500.0}, cost=0, unmet=unmet)
    assert plan.facilities["status"].tolist() == ["existing"]


def test_presence_counts_what_stands_of_several_types(tmp_path: Path) -> None:
    # One of centre and library in each community and in each township; A has a library, B nothing.
    rules = [
        rule("K-any", "presence", "service_centre library", 1, "count"),
        rule("K-town", "presence", "service_centre health_centre", 1, "count", scope="township"),
    ]
    e1, e2 = standing("e1", "library", 400, 50), standing("e2", "health_centre", 500, 80)
    study = write_study(
        tmp_path, rules=rules, buildings=TWO_OF_1000, candidates=[place("c2", 1400)], facilities=[e1, e2],
        townships=("T", "U"),
    )  # fmt: skip
    expected = {("library", "e1"): 50.0, ("health_centre", "e2"): 80.0, ("service_centre", "c2"): 10.0}
    check_plan(study, Scenario(types=("service_centre",)), facilities=expected, cost=10_000)


def test_the_audit_misses_what_stands_of_a_counted_type(tmp_path: Path) -> None:
    rules = [one("service_centre"), TOGETHER]
    e1 = standing("e1", "library", 400, 500, spare_m2=300.0)
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 300)], facilities=[e1])
    plan = solve(study)
    assert audit(plan).disagreements() == []
    row = plan.facilities["id"] == "e1"
    for facilities, claim in (
        (plan.facilities[~row], "existing facilities"),
        (plan.facilities.assign(area_m2=plan.facilities["area_m2"].mask(row, 600.0)), "existing area"),
        (plan.facilities.assign(status=plan.facilities["status"].mask(row, "extended")), "planned types"),
        (plan.facilities.assign(type=plan.facilities["type"].mask(~row, "library")), "planned types"),
    ):
        assert claim in {entry["claim"] for entry in audit(plan.but(facilities=facilities)).disagreements()}


# what is not known ------------------------------------------------------------------------------------------------------


def test_totals_of_townships_keep_what_is_not_known(tmp_path: Path) -> None:
    # Both communities lie in T; nobody says how many elderly B has.
    study = write_study(tmp_path, rules=[one("service_centre")], buildings=TWO_OF_1000, townships=("T", "T"))
    question = question_of(study)
    units = question.units.assign(elderly=[150.0, math.nan], children=[30.0, 40.0])
    town = dataclasses.replace(question, units=units).townships["T"]
    assert (town.households, town.children) == (2000.0, 70.0)
    assert math.isnan(town.elderly)
    known = dataclasses.replace(question, units=units.assign(elderly=[150.0, 50.0]))
    assert known.townships["T"].elderly == 200.0


@pytest.mark.parametrize("scope", ["community", "township"])
def test_a_rule_sized_by_a_figure_that_nobody_knows_is_recorded(tmp_path: Path, scope: str) -> None:
    # A library where 100 elderly live or more: no layer says how many elderly there are.
    rules = [one("service_centre"), one("library", scope=scope, **size("elderly", 100))]
    study = write_study(tmp_path / "a", rules=rules, buildings=HERE, candidates=[place("c1", 300)])
    plan = check_plan(study, facilities={("service_centre", "c1"): 10.0}, cost=10_000)
    recorded = plan.recorded.set_index("rule_id")["why"]
    assert "how many elderly there are, so it is not known whether the rule applies" in recorded["K-library"]
    table = audit(plan).table.set_index("rule_id")
    assert table.loc["K-library", "verdict"] == "not evaluated"
    assert table.loc["K-library", "unit_id"] == ("A" if scope == "community" else "T")
    assert "elderly" in table.loc["K-library", "note"]

    known = with_column(study, "buildings", households=1000.0, people=3000.0)
    known = known.but(settings=known.settings.but(demand={"elderly_share": 0.2}))
    plan = check_plan(known, facilities={("service_centre", "c1"): 10.0, ("library", "c1"): 10.0}, cost=20_000)
    assert "K-library" not in set(plan.recorded["rule_id"])


def test_a_community_without_anybody_has_no_elderly_either(tmp_path: Path) -> None:
    study, scenario = random_study(3)
    vectors = dict(study.layers.vectors)
    homes = vectors["buildings"]
    first = homes[homes["id"] == "b0"]
    vectors = {name: vectors[name] for name in ("communities", "candidates", "townships")} | {"buildings": first}
    question = question_of(study.but(layers=study.layers.but(vectors=vectors)), scenario.but(required=()))
    empty = question.units[question.units["id"] != first["id"].iloc[0].replace("b", "K")]
    assert len(empty)
    assert empty["elderly"].tolist() == [0.0] * len(empty)


# types that nobody knows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "column", "value"),
    [
        ("candidates", "types", "library;libary"),
        ("facilities", "type", "libary"),
        ("facilities", "type", "library;shelter"),
    ],
)
def test_a_study_made_in_memory_is_refused_as_well(role: str, column: str, value: str) -> None:
    study, _scenario = random_study(4)
    vectors = dict(study.layers.vectors)
    vectors[role] = layer(role, [{"id": "x1", column: value, "geometry": vectors["buildings"].geometry.iloc[0]}])
    with pytest.raises(LayerError, match="unknown facility type") as caught:
        study.but(layers=study.layers.but(vectors=vectors))
    assert caught.value.row == f"x1, {column}"
