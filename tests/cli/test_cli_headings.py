"""siteplan headings: the table of headings that anybody can review and extend."""

import json

import pytest
from county_folder import make_county, run_here


def test_headings_of_a_role_as_a_table(capsys):
    done = run_here(capsys, "headings", "--role", "sites")
    assert done.code == 0
    for word in ("安置点名称", "总户数", "经度", "农村"):
        assert word in done.out
    assert "楼栋名称" not in done.out


def test_headings_as_json_with_those_of_a_study(tmp_path, capsys):
    folder = make_county(tmp_path)
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[aliases]\nhouseholds = ["建档立卡户数"]\n')
    done = run_here(capsys, "headings", "--study", folder, "--json")
    found = json.loads(done.out)
    own = {"role": "", "column": "households", "heading": "建档立卡户数", "source": "study.toml"}
    assert own in found["headings"]
    assert {"role": "sites", "column": "name", "heading": "安置点名称", "source": "headings.csv"} in found["headings"]
    assert {"column": "setting", "word": "农村", "value": "rural"} in found["words"]
    assert run_here(capsys, "check", folder).code == 0


@pytest.mark.parametrize(("line", "code"), [('housholds = ["户"]', 3), ('households = "户"', 3)])
def test_headings_that_are_none(tmp_path, capsys, line, code):
    folder = make_county(tmp_path)
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[aliases]\n{line}\n")
    assert run_here(capsys, "headings", "--study", folder).code == code


def test_a_role_that_there_is_not(capsys):
    assert run_here(capsys, "headings", "--role", "sitse").code == 2
