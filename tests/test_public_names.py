"""The package's front: sorted names, all there, none hiding a room, nothing heavy imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import siteplan


def test_names_are_sorted_and_there() -> None:
    assert list(siteplan.__all__) == sorted(siteplan.__all__)
    assert set(siteplan.__all__) == set(siteplan._HOMES)
    for name in siteplan.__all__:
        assert getattr(siteplan, name) is not None


def test_no_name_hides_a_room() -> None:
    rooms = {path.stem for path in Path(siteplan.__file__).parent.iterdir()}
    assert not rooms & set(siteplan.__all__)


def test_importing_the_package_and_the_program_is_light() -> None:
    code = (
        "import sys, siteplan, siteplan.cli.main\n"
        "heavy = {'geopandas', 'pandas', 'shapely', 'pulp', 'highspy', 'folium', 'scipy'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        _ = siteplan.nonsense
