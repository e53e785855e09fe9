"""siteplan compare on two plans in files."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
from audited_plan import write_study
from compared_plans import BASE, CENTRE, Built, missed
from county_folder import listing, run_here

from siteplan.cli.compare import TABLES
from siteplan.plans.store import write_plan

FAR = BASE.but(
    built=(dataclasses.replace(BASE.built[0], site="c9", x=500), *BASE.built[1:], Built(type=CENTRE, site="c4", x=0, community="B")),
    served=BASE.served | {("b1", CENTRE): 0},
    unmet=(missed("C-square", "outdoor_square", "A", 100, 40),),
    scenario=BASE.scenario.but(name="far", budget_yuan=9e5),
)  # fmt: skip


@pytest.fixture(scope="module")
def plans(tmp_path_factory):
    """Return the files of BASE and FAR, in the folder of their study."""
    study = write_study(tmp_path_factory.mktemp("比较") / "县 城")
    return tuple(write_plan(draft.plan(study), study.folder / f"{draft.scenario.name}.gpkg") for draft in (BASE, FAR))


def test_what_changes_is_printed(plans, capsys):
    done = run_here(capsys, "compare", *plans)
    assert done.code == 0, done.text
    assert "From plan base to plan far: 1 facilities opened, 1 moved, 0 closed" in done.out
    assert "c1 to c9, 300 m" in done.out
    assert "scenario.budget_yuan: - -> 900000.0" in done.out


def test_json_holds_every_table_and_no_figure_that_is_none(plans, capsys):
    done = run_here(capsys, "compare", *plans, "--json")
    assert (done.code, done.err) == (0, "")
    value = done.json
    assert set(TABLES) <= set(value)
    assert (value["first"], value["second"], value["files"]) == ("base", "far", [])
    opened = [row for row in value["facilities"] if row["change"] == "opened"]
    assert [(row["id"], row["metres"], row["site_from"]) for row in opened] == [("c4/service_centre", None, "")]
    lost = [row for row in value["service"] if row["lost"]]
    assert [(row["community_id"], row["type"], row["lost"]) for row in lost] == [("A", CENTRE, 100.0)]
    back = run_here(capsys, "compare", *plans[::-1], "--json").json
    assert [row["change"] for row in back["rules"]] == ["newly_unmet", "still_unmet"]


def test_tables_are_written_as_csv_that_spreadsheets_read(plans, tmp_path, capsys):
    folder = tmp_path / "表"
    done = run_here(capsys, "compare", *plans, "-o", folder)
    assert done.code == 0, done.text
    assert sorted(path.stem for path in folder.iterdir()) == sorted(TABLES)
    service = pd.read_csv(folder / "service.csv", encoding="utf-8")
    assert service.columns[0] == "community_id", "the mark of UTF-8 is read away"
    assert set(service["community_name"]) == {"甲", "乙"}
    assert service["lost"].sum() == 100
    (folder / "mine.csv").write_text("kept", encoding="utf-8")
    before = listing(folder)
    assert run_here(capsys, "compare", *plans, "-o", folder).code == 0
    assert listing(folder) == before


def test_bad_files_are_exit_code_3_and_leave_nothing(plans, tmp_path, capsys):
    other = tmp_path / "no plan.gpkg"
    other.write_text("text", encoding="utf-8")
    for first, second in ((tmp_path / "missing.gpkg", plans[1]), (plans[0], other), (plans[0], tmp_path)):
        done = run_here(capsys, "compare", first, second, "-o", tmp_path / "out")
        assert done.code == 3
        assert "What to do" in done.err
    assert run_here(capsys, "compare", *plans, "-o", other).code == 3
    assert run_here(capsys, "compare", *plans, "-o", tmp_path / "no" / "out").code == 3
    assert run_here(capsys, "compare", *plans, "--study", tmp_path).code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["no plan.gpkg"]


def test_a_table_that_cannot_be_written_leaves_no_folder(plans, tmp_path, capsys, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device", str(tmp_path / "out" / "draft"))

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    done = run_here(capsys, "compare", *plans, "-o", tmp_path / "out")
    assert done.code == 3
    assert list(tmp_path.iterdir()) == []


def test_one_plan_is_a_wrong_use(plans, capsys):
    assert run_here(capsys, "compare", plans[0]).code == 2
    assert run_here(capsys, "compare", *plans, "third.gpkg").code == 2
