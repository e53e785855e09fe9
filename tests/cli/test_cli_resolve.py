"""siteplan solve --from: a plan in a file is revised after an edit of its study."""

from __future__ import annotations

import pytest
from county_folder import make_county, run_here

from siteplan.plans.store import read_plan


@pytest.fixture
def county(tmp_path):
    return make_county(tmp_path)


@pytest.fixture
def planned(county, capsys):
    assert run_here(capsys, "solve", county, "--name", "mine").code == 0
    return county / "mine.gpkg"


def ids(path):
    return set(read_plan(path).facilities["id"])


def test_a_plan_is_revised_with_what_is_approved_locked(county, planned, capsys):
    before = read_plan(planned).facilities
    new = before[before["status"] == "new"]
    site = str(new["site_id"].iloc[0])
    done = run_here(capsys, "solve", county, "--from", planned, "--lock", site, "--name", "revised", "--json")
    assert done.code == 0, done.text
    stages = {row["stage"]: row["value"] for row in done.json["stages"]}
    assert stages["changes"] == pytest.approx(0.0, abs=1e-6)
    revised = read_plan(county / "revised.gpkg")
    assert set(revised.facilities["id"]) == ids(planned)
    assert set(revised.scenario.locked) == set(new.loc[new["site_id"] == site, "id"])
    assert revised.scenario.notes["revises"] == "mine"


def test_the_plan_that_is_revised_is_not_replaced(county, planned, capsys):
    before = planned.read_bytes()
    done = run_here(capsys, "solve", county, "--from", planned)
    assert done.code == 2
    assert "would replace the one that it revises" in done.err
    assert planned.read_bytes() == before


def test_what_cannot_be_locked_is_usage(county, planned, capsys):
    done = run_here(capsys, "solve", county, "--from", planned, "--lock", "nowhere", "--name", "revised")
    assert done.code == 2
    assert "no facility or site 'nowhere' to lock" in done.err
    done = run_here(capsys, "solve", county, "--lock", "a", "--name", "revised")
    assert done.code == 2
    assert "--lock needs --from" in done.err
    assert not (county / "revised.gpkg").exists()


def test_a_file_that_is_no_plan_is_bad_data(county, capsys):
    assert run_here(capsys, "solve", county, "--from", county / "no.gpkg", "--name", "revised").code == 3
