"""docs/requirements.md: all 139 requirements, none lost, none called modelled without a test that names it."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_requirements", ROOT / "docs" / "make_requirements.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = _generator()


def test_the_table_is_as_written() -> None:
    written = (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8")
    assert written == make.table(), "run: python docs/make_requirements.py"


def test_every_requirement_is_in_a_profile_or_left_out_with_a_reason() -> None:
    rows = make.requirements()
    held = set(make.rules())
    assert len(rows) == len({row.id for row in rows}) == 139
    assert {row.id for row in rows if not row.out_of_scope} == held
    assert {row.id for row in rows if row.out_of_scope} & held == set()


def test_every_modelled_requirement_is_named_by_a_test() -> None:
    tests = make.citations()
    modelled = {key for key, rules in make.rules().items() if any(rule.modelled for rule in rules)}
    assert len(modelled) >= 62
    assert modelled - set(tests) == set()
    assert set(tests) - {row.id for row in make.requirements()} == set(), "a test names a requirement that is none"


def test_rules_stand_where_their_requirement_stands() -> None:
    for row in make.requirements():
        for rule in make.rules().get(row.id, ()):
            assert (rule.document, rule.clause) == (row.document, row.clause), rule.id
            assert row.key_phrase in rule.key_phrase, rule.id


def test_a_citation_that_nobody_would_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    path = folder / "test_one.py"
    path.write_text("def test_a():\n    pass  # requirement: S0-12, S2-09a\n", encoding="utf-8")
    assert make.citations(tmp_path) == {"S0-12": ["tests/test_one.py::test_a"], "S2-09a": ["tests/test_one.py::test_a"]}
    path.write_text("CASES = [1]  # requirement: S0-12\n", encoding="utf-8")
    with pytest.raises(ValueError, match="outside every test"):
        make.citations(tmp_path)
    path.write_text("def test_a():\n    pass  # requirement: S0-12 and more\n", encoding="utf-8")
    with pytest.raises(ValueError, match="write the ids alone"):
        make.citations(tmp_path)


@pytest.mark.real_data
def test_the_rows_are_those_of_the_facts_beside_the_data(real_data: Path) -> None:
    path = real_data.parent / "standards" / "requirements.csv"
    if not path.is_file():
        pytest.skip("no requirements table beside SITEPLAN_DATA")
    with path.open(encoding="utf-8", newline="") as file:
        facts = {row["id"]: (row["document"], row["clause"], row["key_phrase"]) for row in csv.DictReader(file)}
    assert {row.id: (row.document, row.clause, row.key_phrase) for row in make.requirements()} == facts
