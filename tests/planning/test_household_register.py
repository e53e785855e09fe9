"""A study whose households stand in a register: joined when it is opened, part of the plan's inputs, and unknown keys refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shapely import box
from tiny_study import X, Y, at, centre, check_plan, place, write_study

from siteplan.auditing.audit import audit
from siteplan.cli.outcome import as_json
from siteplan.errors import LayerError, SettingsError
from siteplan.study.study import Study, open_study

if TYPE_CHECKING:
    from pathlib import Path

HOMES = [{"id": f"b{n}", "name": f"{n}号楼", "geometry": at(x)} for n, x in ((1, 200), (2, 300))]
TERMS = '\n\n[household_register]\npath = "户数.csv"\nby = "name"\n'


def registered(folder: Path, text: str = "楼栋,户数\n1号楼,300\n2号楼,125\n", terms: str = TERMS) -> Study:
    """Return a study of two buildings without counts, and a register of them."""
    write_study(folder, rules=[centre(32)], buildings=HOMES, candidates=[place("c1", 300)])
    (folder / "户数.csv").write_bytes(text.encode("gb18030"))
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + terms, encoding="utf-8")
    return open_study(folder)


def test_households_of_the_register_are_planned_for_and_it_is_one_of_the_inputs(tmp_path: Path) -> None:
    # contract: C19
    study = registered(tmp_path)
    assert study.layers.require("buildings", "")["households"].tolist() == [300, 125]
    plan = check_plan(study, facilities={("service_centre", "c1"): 136.0}, cost=136_000)  # 425 x 0.32
    assert plan.provenance["file:register"] == "户数.csv"
    assert len(plan.provenance["sha256:register"]) == 64
    (tmp_path / "户数.csv").write_bytes("楼栋,户数\n1号楼,300\n2号楼,130\n".encode("gb18030"))
    (wrong,) = audit(plan).disagreements()
    assert (wrong["claim"], wrong["subject"]) == ("inputs", "register")


def test_what_the_register_leaves_out_comes_from_the_totals(tmp_path: Path) -> None:
    layer = [
        home | {"geometry": box(X + 190 + 100 * n, Y - 5, X + 210 + 100 * n, Y + 5)} for n, home in enumerate(HOMES)
    ]
    folder = tmp_path / "rest"
    write_study(
        folder, rules=[centre(32)], buildings=layer, candidates=[place("c1", 300)], each={"A": {"households": 425.0}}
    )
    (folder / "户数.csv").write_bytes("楼栋,户数\n1号楼,300\n9号楼,7\n".encode("gb18030"))
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + TERMS, encoding="utf-8")
    study = open_study(folder)
    assert any(repair.what == "no building 9号楼: 7 households left out" for repair in study.layers.repairs)
    plan = check_plan(study, facilities={("service_centre", "c1"): 136.0}, cost=136_000)
    assert plan.demand.set_index("building_id")["households"].to_dict() == pytest.approx({"b1": 300, "b2": 125})
    # what was assumed is printed with the plan, not only stored in it
    printed = repr(plan).splitlines()
    assert "  people of 2 buildings: 3.52 for each household (assumed)" in printed[printed.index("Notes") :]
    assert "people of 2 buildings: 3.52 for each household (assumed)" in as_json(plan)["notes"]


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ('\n\n[household_register]\nby = "name"\n', "names no file"),
        ('\n\n[household_register]\npath = "../r.csv"\n', "leads out"),
        ('\n\n[household_register]\npaht = "r.csv"\n', '"path"'),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path: Path, terms: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        registered(tmp_path, terms=terms)
    assert caught.value.row in {"[household_register]", "[household_register] path"}


def test_a_register_that_is_not_there_is_looked_for_where_study_toml_names_it(tmp_path: Path) -> None:
    with pytest.raises(LayerError, match="no such file") as caught:
        registered(tmp_path, terms='\n\n[household_register]\npath = "户.csv"\n')
    assert "correct path in [household_register]" in caught.value.remedy
    assert "户数.csv" in caught.value.remedy
