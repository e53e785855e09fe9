"""check: what a planner should know of a study that can be opened."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from good_study import TOML, good_layers, make_study

from siteplan.cli.check import check as check_command
from siteplan.study.check import check
from siteplan.study.study import open_study


def warned(folder, words):
    return any(words in warning for warning in check(open_study(folder)).warnings)


def test_counts_extents_and_notes(tmp_path):
    report = check(open_study(make_study(tmp_path)))
    by_role = {layer.role: layer for layer in report.layers}
    assert by_role["buildings"].rows == 3
    assert by_role["boundary"].bounds == (500_000, 2_900_000, 501_000, 2_901_000)
    assert report.repairs == ()
    assert any("resettlement = True" in note.what for note in report.notes)
    assert "buildings" in repr(report)


def test_no_streets_is_a_straight_line_and_said(tmp_path):
    assert warned(make_study(tmp_path), "straight line x 1.3")
    assert warned(make_study(tmp_path, toml=TOML + "\n[access]\ndetour_factor = 1.5\n"), "straight line x 1.5")


def test_costs_missing_are_taken_as_0(tmp_path):
    assert not warned(make_study(tmp_path), "no costs")
    layers = good_layers()["candidates"]
    assert warned(
        make_study(tmp_path, candidates=layers.drop(columns="cost_per_m2_yuan")), "2 of 2 candidates have no costs"
    )
    assert warned(make_study(tmp_path, candidates=layers.assign(cost_per_m2_yuan=[3000.0, 0.0])), "1 of 2 candidates")


def test_households_missing_on_buildings(tmp_path):
    homes = good_layers()["buildings"]
    assert not warned(make_study(tmp_path), "households")
    assert warned(
        make_study(tmp_path, buildings=homes.drop(columns="households")), "distributed over residential buildings"
    )
    assert warned(make_study(tmp_path, buildings=homes.assign(households=[1.0, np.nan, 3.0])), "1 of 3 buildings")


def test_candidates_that_hold_nothing(tmp_path):
    empty = good_layers()["candidates"].assign(floor_capacity_m2=[0.0, 5.0])
    assert warned(make_study(tmp_path, candidates=empty), "1 candidates have neither floor nor land")


def test_setting_and_construction_missing_are_noted(tmp_path):
    toml = TOML.replace('setting = "rural"\n', "").replace('defaults = { construction = "new" }\n', "")
    notes = [note.what for note in check(open_study(make_study(tmp_path, toml=toml))).notes]
    assert any("urban or rural" in note for note in notes)
    assert any("new or existing" in note for note in notes)


def test_a_rule_changed_without_a_reason(tmp_path):
    rule = "S0-12"
    assert warned(make_study(tmp_path, toml=f'{TOML}\n[standards.rules."{rule}"]\noff = true\n'), rule)


def test_json_and_table(tmp_path):
    folder = make_study(tmp_path)
    ran = CliRunner().invoke(check_command, [str(folder), "--json"])
    assert ran.exit_code == 0
    report = json.loads(ran.stdout)
    assert report["name"] == "示范县"
    assert {layer["role"] for layer in report["layers"]} == {"sites", "buildings", "candidates", "boundary"}
    ran = CliRunner().invoke(check_command, [str(folder)])
    assert ran.exit_code == 0
    assert "示范县" in ran.stdout
    assert "straight line x 1.3" in ran.stdout


DATA = os.environ.get("SITEPLAN_DATA")


@pytest.mark.real_data
@pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data")
def test_liechtenstein(tmp_path):
    folder = Path(DATA) / "liechtenstein"
    file = (folder / "liechtenstein.gpkg").as_posix()
    (tmp_path / "study.toml").write_text(
        f"""
        [study]
        name = "Liechtenstein"
        [layers.boundary]
        path = "{file}"
        layer = "boundary"
        [layers.communities]
        path = "{file}"
        layer = "municipalities"
        columns = {{ people = "population" }}
        [layers.buildings]
        path = "{file}"
        layer = "buildings"
        columns = {{ id = "osm_uid", use = "building" }}
        [layers.streets]
        path = "{file}"
        layer = "roads"
        [layers.dem]
        path = "{(folder / "dem_srtm3_wgs84.tif").as_posix()}"
        """,
        encoding="utf-8",
    )
    study = open_study(tmp_path)
    assert study.crs == "EPSG:32632"
    rows = {layer.role: layer.rows for layer in check(study).layers}
    assert (rows["buildings"], rows["streets"], rows["communities"]) == (17_677, 8_117, 11)
    assert len(study.layers.sources) == 5
