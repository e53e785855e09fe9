"""Minimal conflicts: studies of the members alone cannot meet them all, and without any one of them they can."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from infeasible import HERE, ROOM, unmet_of
from tiny_study import centre, house, least, one, place, rule, write_study

from siteplan.planning.explaining import conflicts as conflicts_module
from siteplan.planning.explaining.bench import bench
from siteplan.planning.explaining.conflicts import can_hold, minimal_subset
from siteplan.planning.explaining.elements import Element
from siteplan.planning.explaining.explain import explain
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

pytestmark = pytest.mark.once

LIBRARY = [one("library"), least("library", 20)]
APART = rule("K-apart", "separation", "police_room", 500, "m", apart_from=["library"])
TYPES = ("police_room", "library", "service_centre")
STUDIES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], Scenario, set[str]]] = {
    "kept apart": (
        [*ROOM, *LIBRARY, APART, centre(10)],
        [
            place("a", 300, types="library"),
            place("b", 600, types="police_room"),
            place("c", 900, types="service_centre"),
        ],
        Scenario(types=TYPES),
        {"K-police_room", "K-library", "K-apart"},
    ),
    "one floor": (
        [*ROOM, *LIBRARY, centre(100)],
        [
            place("a", 500, floor_capacity_m2=100.0, types="police_room;service_centre"),
            place("c", 900, types="library"),
        ],
        Scenario(types=TYPES),
        {"K-police_room", "K-police_room-size", "K-ratio"},
    ),
    "one purse": (
        [*ROOM, *LIBRARY],
        [place("a", 500)],
        Scenario(types=TYPES, budget_yuan=45_000.0),
        {"K-police_room", "K-police_room-size", "K-library", "K-library-size", "budget"},
    ),
    "one place": (
        [*ROOM, *LIBRARY],
        [place("a", 500, place="p", types="library"), place("b", 700, place="p", types="police_room")],
        Scenario(types=TYPES),
        {"K-police_room", "K-library", "place"},
    ),
    "a number of sites": (
        [*ROOM, *LIBRARY],
        [place("a", 500, types="library"), place("b", 700, types="police_room")],
        Scenario(types=TYPES, max_sites=1),
        {"K-police_room", "K-library", "max_sites"},
    ),
}


def can_all_hold(folder: Path, kept: Collection[str], name: str) -> bool:
    """Tell whether a study with only the rules and limits that are kept meets all of them, by solving it."""
    rules, candidates, scenario, _members = STUDIES[name]
    if "place" not in kept:
        candidates = [{**site, "place": ""} for site in candidates]
    if "budget" not in kept:
        scenario = scenario.but(budget_yuan=None)
    if "max_sites" not in kept:
        scenario = scenario.but(max_sites=None)
    study = write_study(
        folder, rules=[entry for entry in rules if entry["id"] in kept], buildings=HERE, candidates=candidates
    )
    return not unmet_of(solve(study, scenario))


@pytest.mark.parametrize("name", STUDIES)
def test_a_conflict_is_one_and_is_minimal(name: str, tmp_path: Path) -> None:
    rules, candidates, scenario, expected = STUDIES[name]
    study = write_study(tmp_path / "all", rules=rules, buildings=HERE, candidates=candidates)
    plan = solve(study, scenario)
    (found,) = explain(plan).rules
    assert found.conflict is not None
    assert found.conflict.minimal
    assert found.conflict.proven
    members = found.conflict.members
    assert members[0].key == (found.rule_id, found.unit_id)
    names = {member.name if member.kind == "rule" else member.kind for member in members}
    assert names == expected
    assert len(members) == len(expected)
    for lang in ("en", "zh"):
        assert all(text and "{" not in text for text in found.conflict.names(lang))


@pytest.mark.parametrize("name", ["kept apart", "one purse"])
def test_studies_of_the_members_alone_say_the_same(name: str, tmp_path: Path) -> None:
    names = STUDIES[name][3]
    assert not can_all_hold(tmp_path / "members", names, name)
    for n, left_out in enumerate(sorted(names)):
        assert can_all_hold(tmp_path / str(n), names - {left_out}, name), left_out


def test_a_rule_that_no_site_can_meet_is_a_conflict_by_itself(tmp_path: Path) -> None:
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=[place("a", 500, floor_capacity_m2=20.0)])
    found = explain(solve(study, Scenario()))
    conflict = found.conflict("K-police_room", "A")
    assert conflict is not None
    # the least size bars the site, so that the two rules are what cannot be had together there
    assert {member.name for member in conflict.members} == {"K-police_room", "K-police_room-size"}
    assert conflict.minimal


def test_what_happens_elsewhere_is_not_in_it(tmp_path: Path) -> None:
    # B has the same rules and no trouble
    rules, candidates, scenario, expected = STUDIES["kept apart"]
    study = write_study(
        tmp_path,
        rules=rules,
        buildings=[*HERE, house("b2", 1500, 80)],
        candidates=[*candidates, place("d", 1200), place("e", 2900)],
    )
    (found,) = explain(solve(study, scenario)).rules
    assert found.conflict is not None
    assert {(member.name, member.unit) for member in found.conflict.members} == {(name, "A") for name in expected}


def test_a_rule_that_cannot_hold_by_itself_is_not_blamed(tmp_path: Path) -> None:
    # the library takes all 50 m2, though 80 would be needed; the police room, a target, gets none, and both together are no minimal conflict
    rules = [
        rule("K-full", "capacity", "library", 1, "m2/household"),
        one("police_room", strength="target"),
        ROOM[1],
    ]
    candidates = [place("a", 500, floor_capacity_m2=50.0)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=candidates)
    found = explain(solve(study, Scenario(types=TYPES)), strengths=("target",)).of("K-police_room", "A")
    assert (found.reason.kind, found.conflict) == ("outranked", None)
    assert found.cheapest is not None


def test_a_run_that_is_out_of_time_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules, candidates, scenario, _expected = STUDIES["kept apart"]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=candidates)
    plan = solve(study, scenario)

    def too_late(_problem: object, _parts: object, runs: Any) -> None:
        runs.stopped += 1

    monkeypatch.setattr(conflicts_module, "holds", too_late)
    (found,) = explain(plan).rules
    assert found.conflict is not None
    assert not found.conflict.proven
    assert not found.conflict.minimal
    assert found.reason.kind == "unknown"
    assert found.stopped
    assert "in the time given" in repr(found)
    assert can_hold(bench(plan, 20.0), (found.rule_id, found.unit_id), []) is None


def test_of_several_minimal_subsets_what_is_tried_last_is_kept() -> None:
    a, b, c, d = (Element("rule", name) for name in "abcd")

    def clash(kept: Collection[Element]) -> bool:
        return {a, b} <= set(kept) or {c, d} <= set(kept)

    assert minimal_subset([[a, b], [c, d]], clash) == (c, d)
    assert minimal_subset([[c, d], [a, b]], clash) == (a, b)
    assert minimal_subset([[a, b, c, d]], clash) == (c, d)
