"""A small study folder for the commands: two communities, six buildings, a street, three candidates; and ways to run siteplan on it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import pytest
import shapely

from siteplan.cli.main import main
from siteplan.layers.write import write_layer
from siteplan.messages import set_language

CRS = "EPSG:4547"
EAST, NORTH = 500_000, 2_900_000

TOML = """\
[study]
name = "示范县"
crs = "EPSG:4547"

[layers.boundary]
path = "layers.gpkg"
layer = "boundary"

[layers.communities]
path = "layers.gpkg"
layer = "communities"
defaults = { setting = "rural", construction = "new" }

[layers.buildings]
path = "layers.gpkg"
layer = "buildings"
columns = { households = "户数" }

[layers.streets]
path = "layers.gpkg"
layer = "streets"

[layers.candidates]
path = "candidates.gpkg"

[standards]
profiles = ["p000"]

[scenario]
types = ["service_centre", "childrens_home"]
"""


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """The one JSON document that is all of standard output."""
        return json.loads(self.out)

    @property
    def text(self):
        """Both streams, with line breaks as spaces."""
        return " ".join((self.out + self.err).split())


def at(x, y):
    return shapely.Point(EAST + x, NORTH + y)


def layers():
    """Return the layers of the study by role; households of buildings are under the heading 户数."""
    west, east = (
        shapely.box(EAST, NORTH, EAST + 500, NORTH + 1000),
        shapely.box(EAST + 500, NORTH, EAST + 1000, NORTH + 1000),
    )
    homes = [at(100, 510), at(200, 490), at(300, 510), at(700, 490), at(800, 510), at(900, 490)]
    return {
        "boundary": gpd.GeoDataFrame(
            {"id": ["b"]}, geometry=[shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)], crs=CRS
        ),
        "communities": gpd.GeoDataFrame(
            {"id": ["w", "e"], "name": ["幸福社区", "和谐社区"]}, geometry=[west, east], crs=CRS
        ),
        "buildings": gpd.GeoDataFrame(
            {"id": [f"h{k}" for k in range(1, 7)], "户数": [100.0, 120.0, 130.0, 140.0, 110.0, 100.0]},
            geometry=[home.buffer(8, cap_style="square") for home in homes],
            crs=CRS,
        ),
        "streets": gpd.GeoDataFrame(
            {"id": ["s1", "s2"]},
            geometry=[
                shapely.LineString([at(0, 500), at(500, 500)]),
                shapely.LineString([at(500, 500), at(1000, 500)]),
            ],
            crs=CRS,
        ),
        "candidates": gpd.GeoDataFrame(
            {
                "id": ["c1", "c2", "c3"],
                "floor_capacity_m2": [900.0, 900.0, 900.0],
                "cost_per_m2_yuan": [3000.0, 2500.0, 2800.0],
            },
            geometry=[at(250, 520), at(750, 520), at(950, 520)],
            crs=CRS,
        ),
    }


def make_county(parent, *, toml=TOML, **changed):
    """Write the study in ``parent``, with some layers changed, and return its folder."""
    folder = Path(parent) / "示范 县"
    folder.mkdir(exist_ok=True)
    for role, frame in (layers() | changed).items():
        write_layer(frame, folder / ("candidates.gpkg" if role == "candidates" else "layers.gpkg"), role)
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    return folder


def listing(folder):
    """Return every file and folder below ``folder`` with the hash of its content."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(Path(folder).rglob("*"))
    }


def run_here(capsys, *arguments):
    """Run a command in this process, through the program's own main."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in arguments])
    set_language(None)
    return Done(left.value.code, *capsys.readouterr())


def environment(**more):
    """Return this process's environment, speaking English whatever the machine's language."""
    return os.environ | {"SITEPLAN_LANG": "en", "PYTHONIOENCODING": "utf-8"} | more


def run_apart(*arguments, **options):
    """Run ``python -m siteplan`` in a process of its own."""
    command = [sys.executable, "-m", "siteplan", *(str(word) for word in arguments)]
    done = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, env=environment(), timeout=300, **options
    )
    return Done(done.returncode, done.stdout, done.stderr)
