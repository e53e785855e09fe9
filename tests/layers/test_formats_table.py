"""docs/formats.md is what its runs give, and nothing is changed on the way that the table does not tell."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def make():
    spec = importlib.util.spec_from_file_location("make_formats", ROOT / "docs" / "make_formats.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def text(make):
    return make.table()


def cells(text):
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    head, body = rows[0], [row for row in rows[1:] if "---" not in row[0]]
    return {(row[1], row[2]): dict(zip(head[3:], row[3:], strict=True)) for row in body}


def test_the_table_is_what_the_run_gives(text):
    written = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert written == text, "run: python docs/make_formats.py"


def test_nothing_is_changed(make, text):
    # contract: C1
    assert make.CHANGED not in text


def test_every_format_that_is_read_or_written_has_its_rows(make, text):
    found = {ending for ending, _direction in cells(text)}
    assert {make.FORMATS[ending] for ending in found} == set(make.FORMATS.values()) - {"KMZ"}
    assert {ending for (ending, way), row in cells(text).items() if way == "out, in" and row["text"] != "-"} == (
        set(make.WRITTEN) & found
    )


def test_what_siteplan_writes_comes_back_as_it_was_or_is_refused(text):
    for (ending, way), row in cells(text).items():
        if way == "out, in":
            assert set(row.values()) <= {"as it is", "refused", "-"}, ending


def test_the_comparison_tells_a_change(make):
    pd = make.pd
    assert make.outcome(pd.Series(["a"]), pd.Series(["b"])) == make.CHANGED
    assert make.outcome(pd.Series([1]), pd.Series([2])) == make.CHANGED
    assert make.outcome(pd.Series([1, None]), pd.Series([1, 1])) == make.CHANGED
    assert make.outcome(pd.Series([1]), pd.Series(["1"])) == "as text"
    assert make.outcome(pd.Series([1]), pd.Series([1.0])) == "with a point, 53 bits"
    assert make.outcome(pd.Series([True]), pd.Series([1])) == "as 1 and 0"
