"""siteplan frontier: a table, a picture and plans in a folder."""

from __future__ import annotations

import pandas as pd
import pytest
from county_folder import listing, make_county, run_here

from siteplan.planning import frontier_plot
from siteplan.plans.store import read_plan


@pytest.fixture
def county(tmp_path):
    return make_county(tmp_path)


def test_table_picture_and_plans_are_written(county, capsys):
    done = run_here(capsys, "frontier", county, "--steps", 4)
    assert done.code == 0, done.text
    assert "Frontier of" in done.out
    folder = county / "frontier"
    table = pd.read_csv(folder / "frontier.csv", encoding="utf-8")
    assert table.columns[0] == "point", "the mark of UTF-8 is read away"
    assert table["cost_yuan"].is_monotonic_increasing
    assert table["coverage"].is_monotonic_increasing
    assert len(table) >= 2
    names = {path.name for path in folder.iterdir()}
    assert names == {"frontier.csv", "frontier.png", *(f"plan-{n}.gpkg" for n in table["point"])}
    for row in table.itertuples():
        plan = read_plan(folder / f"plan-{row.point}.gpkg", study=county)
        assert plan.facilities["cost_yuan"].sum() == pytest.approx(row.cost_yuan)


def test_json_has_every_point_and_what_was_dropped(county, tmp_path, capsys):
    done = run_here(capsys, "frontier", county, "--steps", 4, "--nested", "-o", tmp_path / "前沿", "--json")
    assert (done.code, done.err) == (0, "")
    value = done.json
    assert value["nested"]
    assert value["solves"] >= 2 * len(value["points"]) - 1
    assert value["points"][0]["price_of_nesting"] == pytest.approx(0.0, abs=1e-9)
    assert value["points"][0]["gain"] is None
    assert value["dropped"], "the areas that rules want cost more and serve nobody more"
    for drop in value["dropped"]:
        assert drop["cost_yuan"] > drop["by_cost_yuan"]
        assert drop["coverage"] <= drop["by_coverage"] + 1e-9
    assert [path.rsplit("/", 1)[-1] for path in value["files"]][:2] == ["frontier.csv", "frontier.png"]


def test_without_matplotlib_everything_but_the_picture_is_there(county, capsys, monkeypatch):
    monkeypatch.setattr(frontier_plot, "available", lambda: False)
    done = run_here(capsys, "frontier", county, "--steps", 2)
    assert done.code == 0, done.text
    assert "pip install 'siteplan[plot]'" in done.out
    assert not (county / "frontier" / "frontier.png").exists()
    assert (county / "frontier" / "frontier.csv").exists()


def test_bad_folders_and_steps_are_refused_before_the_work(county, tmp_path, capsys):
    before = listing(county)
    taken = tmp_path / "file"
    taken.write_text("text", encoding="utf-8")
    assert run_here(capsys, "frontier", county, "-o", taken).code == 3
    assert run_here(capsys, "frontier", county, "-o", tmp_path / "no" / "folder").code == 3
    assert run_here(capsys, "frontier", county, "--steps", 1).code == 2
    assert listing(county) == before
