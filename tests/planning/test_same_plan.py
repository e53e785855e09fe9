"""The same study gives the same plan, whatever order a process keeps its sets in."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal

from siteplan.demo.synthetic import write_demo
from siteplan.plans.store import read_plan

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.plans.plan import Plan

TYPES = ("service_centre", "childrens_home", "police_room", "health_station", "outdoor_square")


def solved(folder: Path, name: str, hash_seed: str) -> Plan:
    """Solve the study in a process of its own, from the command line, and read the plan back."""
    path = folder / f"{name}.gpkg"
    asked = [word for key in TYPES for word in ("-t", key)]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "siteplan", "solve", str(folder), "-o", str(path), *asked, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode in {0, 4}, done.stderr.decode()
    return read_plan(path)


def test_the_same_study_gives_the_same_plan(tmp_path: Path) -> None:
    # contract: C12
    folder = write_demo(tmp_path / "县", sites=3)
    one, other = solved(folder, "one", "1"), solved(folder, "other", "2")
    assert len(one.facilities) > len(TYPES)
    for name in ("facilities", "demand", "communities"):
        assert_geodataframe_equal(getattr(one, name), getattr(other, name))
    for name in ("allocation", "members", "unmet", "recorded"):
        assert_frame_equal(getattr(one, name), getattr(other, name))
    assert_frame_equal(one.stages.drop(columns="seconds"), other.stages.drop(columns="seconds"))
    assert one.provenance == other.provenance
