"""open_study: a good folder opens, every bad one is an error with exit code 3 that names file, row and remedy."""

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from good_study import EAST, NORTH, TOML, good_layers, make_study

from siteplan.cli.check import check as check_command
from siteplan.errors import LayerError, SettingsError, SiteplanError, StandardsError
from siteplan.study.study import open_study

BOWTIE = shapely.Polygon(
    [(EAST, NORTH), (EAST + 1000, NORTH + 1000), (EAST + 1000, NORTH), (EAST, NORTH + 1000), (EAST, NORTH)]
)


def with_value(role, column, row, value):
    frame = good_layers()[role].copy()
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    return {role: frame.infer_objects()}


def test_a_good_study(tmp_path):
    folder = make_study(tmp_path)
    study = open_study(folder)
    assert study.name == "示范县"
    assert study.crs == "EPSG:4547"
    assert study.layers.vectors.keys() == {"sites", "buildings", "candidates", "boundary"}
    assert study.layers.require("sites", "test")["households"].tolist() == [300, 120]
    assert study.layers.require("sites", "test")["setting"].tolist() == ["rural", "rural"]
    assert study.layers.require("sites", "test")["construction"].tolist() == ["new", "new"]
    assert any("setting of 2 rows taken as rural" in note.what for note in study.layers.repairs)
    assert open_study(folder / "study.toml").name == "示范县"
    assert "service_centre" in study.standards.types()


def test_repr_is_worth_reading(tmp_path):
    text = repr(open_study(make_study(tmp_path)))
    assert "示范县" in text
    assert "EPSG:4547" in text
    assert "p000, national" in text
    assert "buildings" in text


def test_sources_say_where_layers_came_from(tmp_path):
    sources = open_study(make_study(tmp_path)).layers.sources
    assert sources["sites"].layer == "sites"
    assert sources["sites"].rows == 2
    assert sources["sites"].sha256 == sources["boundary"].sha256 != sources["candidates"].sha256
    assert len(sources["sites"].sha256) == 64


def test_frozen_and_changed_by_but(tmp_path):
    study = open_study(make_study(tmp_path))
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.folder = None
    other = study.but(settings=study.settings.but(access={"cutoff_m": 900.0}))
    assert (study.settings.access.cutoff_m, other.settings.access.cutoff_m) == (3000, 900)


def test_layers_in_several_systems_come_into_one(tmp_path):
    layers = good_layers()
    moved = {
        "buildings": layers["buildings"].to_crs("EPSG:4490"),
        "candidates": layers["candidates"].to_crs("EPSG:4326"),
    }
    study = open_study(make_study(tmp_path, **moved))
    assert {str(frame.crs) for frame in study.layers.vectors.values()} == {"EPSG:4547"}
    homes = study.layers.require("buildings", "test")
    assert homes.geometry.centroid.x.tolist() == pytest.approx([EAST + 310, EAST + 290, EAST + 700], abs=0.01)
    assert study.layers.sources["buildings"].crs == "EPSG:4490"


def test_the_system_that_the_layers_share_where_no_crs_is_given(tmp_path):
    study = open_study(make_study(tmp_path, toml=TOML.replace('crs = "EPSG:4547"\n', "")))
    assert study.crs == "EPSG:4547", "the metric system that all layers share"


def without(column):
    layers = good_layers()
    return {"candidates": layers["candidates"].drop(columns=column)}


def swapped():
    frame = good_layers()["buildings"].to_crs("EPSG:4490")
    turned = shapely.transform(frame.geometry.to_numpy(), lambda xy: xy[:, ::-1])
    return {"buildings": frame.set_geometry(gpd.GeoSeries(turned, crs="EPSG:4490"))}


BAD = {
    "missing file": (
        LayerError,
        {},
        ("candidates.geojson", "candidate.geojson"),
        "candidate.geojson",
        None,
        "candidates.geojson",
    ),
    "missing layer": (LayerError, {}, ('layer = "sites"', 'layer = "site"'), "图层 一.gpkg", "site", 'layer = "sites"'),
    "wrong column": (
        LayerError,
        without("floor_capacity_m2"),
        None,
        "candidates.geojson",
        "floor_capacity_m2",
        "columns = {",
    ),
    "wrong mapping": (LayerError, {}, ('"户数"', '"户 数"'), "图层 一.gpkg", "户 数", "户数"),
    "empty layer": (
        LayerError,
        {"buildings": good_layers()["buildings"].iloc[:0]},
        None,
        "图层 一.gpkg",
        None,
        "[layers.buildings]",
    ),
    "duplicate ids": (LayerError, with_value("sites", "id", 1, "s1"), None, "图层 一.gpkg", "s1", "id of its own"),
    "NaN households": (
        LayerError,
        with_value("sites", "户数", 1, np.nan),
        None,
        "图层 一.gpkg",
        "s2",
        "correct 户数 (households)",
    ),
    "negative households": (
        LayerError,
        with_value("buildings", "households", 2, -3.0),
        None,
        "图层 一.gpkg",
        "h3",
        "correct households",
    ),
    "swapped axes": (LayerError, swapped(), None, "图层 一.gpkg", None, "easting (longitude) first"),
    "candidate outside": (
        LayerError,
        {
            "candidates": good_layers()["candidates"].set_geometry(
                gpd.points_from_xy([EAST, EAST + 2000], [NORTH, NORTH], crs="EPSG:4547")
            )
        },
        None,
        "candidates.geojson",
        "c2",
        "remove these rows",
    ),
    "site that does not exist": (
        LayerError,
        with_value("buildings", "site_id", 0, "s9"),
        None,
        "图层 一.gpkg",
        "h1",
        "nearest id is s1",
    ),
    "CRS in degrees": (
        SettingsError,
        {},
        ('crs = "EPSG:4547"', 'crs = "EPSG:4490"'),
        "study.toml",
        "[study] crs",
        "projected system in metres",
    ),
    "unknown key": (SettingsError, {}, ("[standards]", "[standard]"), "study.toml", None, '"standards"'),
    "unknown profile": (StandardsError, {}, ('"p000"', '"p00"'), None, None, "p000"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(tmp_path, case):
    # contract: C9
    error, layers, change, file, row, remedy = BAD[case]
    folder = make_study(tmp_path, toml=TOML.replace(*change) if change else TOML, **layers)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(SiteplanError) as caught:
        open_study(folder)
    assert type(caught.value) is error
    assert caught.value.exit_code == 3
    if file is not None:
        assert caught.value.path.endswith(file)
        assert file in str(caught.value)
    if row is not None:
        assert caught.value.row == row
    assert remedy in caught.value.remedy
    ran = CliRunner().invoke(check_command, [str(folder), "--json"])
    assert type(ran.exception) is error
    assert ran.stdout == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_no_crs(tmp_path):
    folder = make_study(tmp_path, toml=TOML.replace("candidates.geojson", "candidates.parquet"))
    frame = good_layers()["candidates"].set_crs(None, allow_override=True)
    frame.to_parquet(folder / "candidates.parquet")
    with pytest.raises(LayerError) as caught:
        open_study(folder)
    assert caught.value.exit_code == 3
    assert caught.value.path.endswith("candidates.parquet")
    assert '[layers.candidates] in study.toml: crs = "EPSG:..."' in caught.value.remedy


def test_self_intersecting_polygons_are_repaired_and_reported(tmp_path):
    layers = good_layers()
    study = open_study(
        make_study(
            tmp_path, boundary=layers["boundary"].set_geometry([shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)])
        )
    )
    assert not [repair for repair in study.layers.repairs if repair.kind == "repair"]
    home = layers["buildings"].copy()
    home.loc[0, "geometry"] = shapely.affinity.scale(BOWTIE, 0.02, 0.02)
    study = open_study(make_study(tmp_path, buildings=home))
    mended = [repair for repair in study.layers.repairs if repair.kind == "repair"]
    assert [(repair.role, repair.row) for repair in mended] == [("buildings", "h1")]
    assert study.layers.require("buildings", "test").geometry.is_valid.all()


def test_a_study_without_layers(tmp_path):
    (tmp_path / "study.toml").write_text("[study]\nname = 'a'\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        open_study(tmp_path)
    assert "[layers.buildings]" in caught.value.remedy
