"""What is left in the folder when a plan cannot be written."""

import sys
from pathlib import Path

import pyogrio
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "planning"))  # random studies live with the tests of planning

from random_study import random_study

from siteplan.errors import DataError
from siteplan.planning.solve import solve
from siteplan.plans import store


@pytest.fixture(scope="module")
def plan():
    study, scenario = random_study(4)
    return solve(study, scenario)


@pytest.mark.parametrize("name", ["c[1].gpkg", "计划?.gpkg"])
def test_a_failed_write_leaves_nothing_behind(plan, tmp_path, monkeypatch, name):
    real = store._write

    def breaks_at_unmet(frame, path, layer):
        if layer == "unmet":
            raise pyogrio.errors.DataSourceError("disk full")
        real(frame, path, layer)

    monkeypatch.setattr(store, "_write", breaks_at_unmet)
    (tmp_path / "other.gpkg").write_bytes(b"another file")
    with pytest.raises(DataError, match="disk full"):
        store.write_plan(plan, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["other.gpkg"]


@pytest.mark.parametrize("name", ["c[1].gpkg", "base.gpkg"])
def test_a_plan_is_one_file(plan, tmp_path, name):
    store.write_plan(plan, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
