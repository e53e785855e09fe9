"""siteplan explain: reasons and changes in both languages, conflicts, chosen sites, JSON, exit codes."""

from __future__ import annotations

import pytest
from county_folder import make_county, run_here
from infeasible import HERE
from tiny_study import least, one, place, write_study

from siteplan.planning.solve import solve
from siteplan.plans.store import write_plan

pytestmark = pytest.mark.once

RULES = [one("police_room"), least("police_room", 30), one("library"), least("library", 20)]
SITES = [place("a", 300, types="library"), place("b", 600, types="library")]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Return the file of a plan whose police room may stand nowhere, and whose library stands at a."""
    folder = tmp_path_factory.mktemp("county")
    study = write_study(folder / "study", rules=RULES, buildings=HERE, candidates=SITES)
    write_plan(solve(study), folder / "plan.gpkg")
    return folder / "plan.gpkg"


def test_each_unmet_rule_has_a_reason_and_a_cheapest_change(plan, capsys):
    done = run_here(capsys, "--lang", "en", "explain", plan)
    assert done.code == 0, done.text
    lines = done.out.splitlines()
    assert lines[0] == "Plan base: 1 rules unmet, 1 explained with changes"
    assert lines[1] == "K-police_room @ A (hard): required 1, achieved 0 facilities"
    assert lines[2] == "  No candidate site of A (2) may hold community police room: their lists of types leave it out."
    assert lines[3].startswith("  Cheapest change: Let site ")
    assert lines[3].endswith("hold community police room too. It costs 30,000 yuan more.")


def test_chinese_says_it_in_chinese(plan, capsys):
    done = run_here(capsys, "--lang", "zh", "explain", plan)
    assert done.code == 0, done.text
    assert "社区警务室" in done.out
    assert "Cheapest" not in done.out
    assert "{" not in done.out


def test_conflicts_and_sites(plan, capsys):
    done = run_here(capsys, "--lang", "en", "explain", plan, "--conflicts", "--sites")
    assert done.code == 0, done.text
    assert "K-police_room @ A: no site can meet it, whatever else is left out" in done.out
    assert "a: households that only it serves: library 80. Next best without it: b (" in done.text
    assert run_here(capsys, "--lang", "en", "explain", plan, "--site", "a").out.count("Next best") == 1


def test_json_has_both_languages_and_what_to_apply(plan, capsys):
    done = run_here(capsys, "explain", plan, "--conflicts", "--site", "a", "--json")
    assert (done.code, done.err) == (0, "")
    value = done.json
    (rule,) = value["rules"]
    assert (rule["rule_id"], rule["unit_id"], rule["strength"], rule["reason"]) == (
        "K-police_room",
        "A",
        "hard",
        "types",
    )
    assert (rule["sought"], rule["stopped"]) == (True, False)
    assert set(rule["text"]) == {"en", "zh"}
    assert rule["text"]["en"] != rule["text"]["zh"]
    assert rule["changes"][0]["change"]["kind"] == "allow_type"
    assert rule["changes"][0]["extra_yuan"] == pytest.approx(30_000)
    assert rule["changes"][0]["proven"] is True
    assert [member["name"] for member in rule["conflict"]["members"]] == ["K-police_room"]
    (site,) = value["sites"]
    assert (site["site_id"], site["only_here"]) == ("a", {"library": 80.0})
    assert site["next_best"]["sites"] == [["b", ["library"]]]
    assert value["exit_code"] == 0


def test_rules_and_strengths_are_chosen(plan, capsys):
    done = run_here(capsys, "explain", plan, "--rule", "K-police_room", "--json")
    assert [rule["sought"] for rule in done.json["rules"]] == [True]
    done = run_here(capsys, "explain", plan, "--strength", "target", "--json")
    assert [(rule["sought"], rule["changes"]) for rule in done.json["rules"]] == [(False, [])]


def test_what_makes_no_sense_is_refused(plan, tmp_path, capsys):
    done = run_here(capsys, "--lang", "en", "explain", plan, "--rule", "K-police")
    assert done.code == 2
    assert "the nearest is K-police_room" in done.text
    done = run_here(capsys, "--lang", "en", "explain", plan, "--site", "zzz")
    assert done.code == 2
    assert "opens nothing new at 'zzz'" in done.text
    assert run_here(capsys, "explain", plan, "--time-limit", 0).code == 2
    assert run_here(capsys, "explain", tmp_path / "no.gpkg").code == 3
    assert run_here(capsys, "explain", plan, "--study", tmp_path).code == 3


def test_a_plan_that_meets_everything_has_nothing_to_explain(tmp_path, capsys):
    county = make_county(tmp_path)
    code = run_here(capsys, "solve", county, "--type", "service_centre", "-o", county / "p.gpkg").code
    done = run_here(capsys, "--lang", "en", "explain", county / "p.gpkg")
    assert (code, done.code) == (0, 0)
    assert "rules unmet, 0 explained with changes" in done.out
