"""A study whose layers come from web maps, old datums, other units and careless drawing: said in study.toml, told in check and plan."""

import json

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from click.testing import CliRunner
from good_study import TOML, good_layers, make_study
from rasterio.transform import Affine
from shifted_town import CRS, shown_in, town

from siteplan.cli.check import check as check_command
from siteplan.cli.undo import undo_command
from siteplan.errors import LayerError, SettingsError, SiteplanError, UsageError
from siteplan.layers.mend_rows import undo
from siteplan.layers.repair import Place
from siteplan.layers.shift import Shift, settle
from siteplan.layers.write import write_layer
from siteplan.study.check import check
from siteplan.study.keep_rows import keep_rows
from siteplan.study.repair_log import read_repairs, write_repairs
from siteplan.study.study import open_study

SEVEN = [15.8, -154.4, -82.3, 1.0, -2.0, 3.0, 4.5]
DATUMS = f'\n[datums.beijing54]\ntowgs84 = {SEVEN}\nconvention = "position_vector"\nsource = "made for this test"\n'


def town_study(folder, shown=(), lines=""):
    folder.mkdir(exist_ok=True)
    text = '[study]\nname = "town"\ncrs = "EPSG:4544"\n'
    for role, frame in town().items():
        write_layer(shown_in(frame, "gcj02") if role in shown else frame, folder / "town.gpkg", role)
        text += f'[layers.{role}]\npath = "town.gpkg"\n'
        text += 'defaults = { type = "police_room" }\n' if role == "facilities" else ""
        text += lines if role in shown else ""
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_layer_from_a_web_map_is_warned_of_with_the_evidence_and_right_once_it_is_said(tmp_path):
    # contract: C1
    report = check(open_study(town_study(tmp_path / "a", shown=["buildings"])))
    warned = [text for text in report.warnings if "looks shifted" in text]
    assert len(warned) == 1
    assert warned[0].startswith("buildings looks shifted by GCJ-02: of ")
    assert "rows of buildings streets cross" in warned[0]
    assert '[layers.buildings] datum = "gcj02"' in warned[0]
    assert "turned to other directions" in warned[0]
    study = open_study(town_study(tmp_path / "b", shown=["buildings"], lines='datum = "gcj02"\n'))
    assert not [text for text in check(study).warnings if "shifted" in text]
    assert study.layers.sources["buildings"].datum == "GCJ-02"
    assert any("taken back from GCJ-02" in note.what for note in check(study).notes)
    true = town()["buildings"].geometry.to_numpy()
    assert shapely.distance(study.layers.require("buildings", "").geometry.to_numpy(), true).max() < 0.001


def test_a_datum_that_is_said_of_a_layer_that_is_right_is_seen(tmp_path):
    folder = town_study(tmp_path / "a")
    text = (folder / "study.toml").read_text(encoding="utf-8")
    said = text.replace("[layers.buildings]\n", '[layers.buildings]\ndatum = "gcj02"\n')
    (folder / "study.toml").write_text(said, encoding="utf-8")
    warned = [told for told in check(open_study(folder)).warnings if "shifted" in told]
    assert any("remove datum from [layers.buildings], which was taken back from GCJ-02" in told for told in warned)


def test_what_cannot_be_told_is_noted(tmp_path):
    notes = [note.what for note in check(open_study(make_study(tmp_path))).notes if "cannot be told" in note.what]
    assert notes


def test_buildings_outside_the_boundary_because_they_are_shifted(tmp_path):
    true = town()
    tight = true["buildings"].union_all().convex_hull.buffer(5)
    folder = town_study(tmp_path / "a", shown=["buildings"])
    write_layer(true["boundary"].set_geometry([tight]), folder / "town.gpkg", "boundary")
    with pytest.raises(LayerError, match="outside the boundary") as caught:
        open_study(folder)
    assert '[layers.buildings] datum = "gcj02"' in caught.value.remedy


def old_datum_study(folder, lines=""):
    layers = {role: frame.set_crs("EPSG:2434", allow_override=True) for role, frame in good_layers().items()}
    study = make_study(folder, toml=TOML.replace('crs = "EPSG:4547"\n', "") + lines, **layers)
    candidates = layers["candidates"]
    candidates.to_parquet(study / "candidates.parquet")
    text = (study / "study.toml").read_text(encoding="utf-8").replace("candidates.geojson", "candidates.parquet")
    (study / "study.toml").write_text(text, encoding="utf-8")
    return study


def test_beijing_1954_needs_parameters_in_study_toml(tmp_path):
    # contract: C1
    with pytest.raises(LayerError) as caught:
        open_study(old_datum_study(tmp_path))
    assert "Beijing 1954" in caught.value.problem
    assert "[datums.beijing54]" in caught.value.remedy
    study = open_study(old_datum_study(tmp_path, DATUMS))
    assert study.crs.to_epsg() == 4546  # the same zone on CGCS2000
    assert {source.datum for source in study.layers.sources.values()} == {"Beijing 1954"}
    own = good_layers()["sites"].set_crs("EPSG:2434", allow_override=True)
    shift = Shift(towgs84=tuple(SEVEN), source="x")
    wanted = settle(own, {"beijing54": shift}, Place(role="sites", path=""))[0].geometry.to_numpy()
    assert shapely.equals_exact(study.layers.require("sites", "").geometry.to_numpy(), wanted, 1e-6).all()
    assert any("made for this test" in note.what for note in check(study).notes)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (DATUMS.replace('convention = "position_vector"\n', ""), "convention"),
        (DATUMS.replace('source = "made for this test"\n', ""), "source is missing"),
        (DATUMS.replace(", 4.5]", "]"), "3 or 7 numbers"),
        (DATUMS.replace("beijing54", "beijing"), "beijing54"),
        (DATUMS + 'pipeline = "+proj=noop"\n', "either towgs84 or pipeline"),
    ],
)
def test_parameters_are_whole_or_refused(tmp_path, lines, words):
    with pytest.raises(SettingsError) as caught:
        open_study(old_datum_study(tmp_path, lines))
    assert words in caught.value.problem


@pytest.mark.parametrize("line", ['pipeline = "+proj=noop"', "towgs84 = [0, 0, 0]"])
def test_parameters_that_move_next_to_nothing_are_refused(tmp_path, line):
    # contract: C1
    lines = f'\n[datums.beijing54]\n{line}\nsource = "nobody"\n'
    with pytest.raises(SettingsError, match=r"by only [0-2]"):
        open_study(old_datum_study(tmp_path, lines))


def with_dem(folder, crs, lines=""):
    study = make_study(folder, toml=TOML + '\n[layers.dem]\npath = "dem.tif"\n' + lines)
    with rasterio.open(
        study / "dem.tif", "w", driver="GTiff", width=60, height=60, count=1, dtype="float32", crs=crs,
        transform=Affine(30, 0, 499_500, 0, -30, 2_901_500), nodata=-9999,
    ) as file:  # fmt: skip
        file.write(np.arange(3600, dtype="float32").reshape(60, 60), 1)
    return study


def test_a_raster_on_an_old_datum_needs_parameters_too(tmp_path):
    # contract: C1
    with pytest.raises(LayerError) as caught:
        open_study(with_dem(tmp_path, "EPSG:2435"))
    assert caught.value.path.endswith("dem.tif")
    study = open_study(with_dem(tmp_path, "EPSG:2435", DATUMS))
    dem = study.layers.rasters["dem"]
    assert dem.crs.to_epsg() == 4547
    off = np.array(dem.bounds[:2]) - (499_500, 2_901_500 - 1800)
    assert 100 < np.hypot(*off) < 250
    assert study.layers.sources["dem"].datum == "Beijing 1954"
    values, transform = dem.read((500_000, 2_900_000, 500_030, 2_900_030))
    assert values.count() >= 1
    assert transform[2] == pytest.approx(dem.transform[2] + round((transform[2] - dem.transform[2]) / 30) * 30)


def test_a_raster_is_not_taken_back_from_a_web_map(tmp_path):
    with pytest.raises(LayerError, match="datum is not for rasters"):
        open_study(with_dem(tmp_path, "EPSG:4547", 'datum = "gcj02"\n'))


@pytest.mark.real_data
def test_the_real_chinese_dem(tmp_path, real_data):
    text = '[study]\nname = "Changting"\n[layers.candidates]\npath = "c.gpkg"\n[layers.dem]\npath = "{path}"\n'
    frame = gpd.GeoDataFrame(
        {"id": ["c"], "floor_capacity_m2": [10.0]}, geometry=[shapely.Point(39_446_000, 2_841_500)], crs="EPSG:4527"
    )
    write_layer(frame, tmp_path / "c.gpkg", "candidates")
    path = real_data / "import_cn" / "ywzdem30m.tif"
    (tmp_path / "study.toml").write_text(text.format(path=path), encoding="utf-8")
    with pytest.raises(LayerError, match="Beijing 1954"):
        open_study(tmp_path)
    (tmp_path / "study.toml").write_text(text.format(path=path) + DATUMS, encoding="utf-8")
    study = open_study(tmp_path)
    assert study.crs.to_epsg() == 4527  # zone 39 in front of the eastings
    dem = study.layers.rasters["dem"]
    west, south, east, north = dem.bounds
    assert (west // 1_000_000, east - west, north - south) == (39, pytest.approx(3810), pytest.approx(2940))
    values, _transform = dem.read((39_445_900, 2_841_400, 39_446_100, 2_841_600), crs=study.crs)
    assert 200 < values.mean() < 1500


def test_another_zone_than_the_file_says(tmp_path):
    wrong = good_layers()["buildings"].set_crs("EPSG:4544", allow_override=True)
    folder = make_study(tmp_path, buildings=wrong)
    with pytest.raises(LayerError, match="nowhere near") as caught:
        open_study(folder)
    assert "EPSG:4547" in caught.value.remedy
    line = 'crs = "EPSG:4547"\noverride_crs = true\n'
    toml = TOML.replace("[layers.buildings]\n", f"[layers.buildings]\n{line}")
    study = open_study(make_study(tmp_path, toml=toml, buildings=wrong))
    assert len(study.layers.require("buildings", "")) == 3
    with pytest.raises(LayerError, match="override_crs stands without crs"):
        open_study(make_study(tmp_path, toml=toml.replace('crs = "EPSG:4547"\noverride', "override"), buildings=wrong))


def test_check_names_the_zones_that_fit_and_the_province_of_the_codes(tmp_path):
    # contract: C1
    sites = good_layers()["sites"].assign(code=["520203102000", "520203103000"])
    warned = check(open_study(make_study(tmp_path, sites=sites))).warnings
    told = [text for text in warned if "division codes" in text]
    assert len(told) == 1
    assert told[0].startswith(
        "sites: 2 of 2 rows lie outside the province of their division codes (52, longitude 103.6 .. 109.6)"
    )
    assert 'crs = "EPSG:4544", override_crs = true' in told[0] or 'crs = "EPSG:4545", override_crs = true' in told[0]
    far = {role: frame.to_crs("EPSG:4544") for role, frame in good_layers().items()}
    toml = TOML.replace("candidates.geojson", "candidates.parquet")
    folder = make_study(tmp_path, toml=toml, **far)
    far["candidates"].to_parquet(folder / "candidates.parquet")
    warned = check(open_study(folder)).warnings
    assert any(
        "buildings lies outside the area that EPSG:4544 is made for" in text and "EPSG:4547" in text for text in warned
    )


def careless():
    homes = good_layers()["buildings"]
    again = homes.iloc[[0]].assign(id="h4")
    thin = (
        homes.iloc[[0]]
        .assign(id="h5", households=0.0)
        .set_geometry([shapely.box(500_000, 2_900_000, 500_100, 2_900_000.2)])
    )
    away = homes.iloc[[0]].assign(id="h6", households=1.0).set_geometry([shapely.Point(505_000, 2_900_000)])
    none = homes.iloc[[0]].assign(id="h7", households=1.0).set_geometry([None])
    twice = homes.iloc[[0]].assign(id="h1", households=2.0)
    return gpd.GeoDataFrame(gpd.pd.concat([homes, again, thin, away, none, twice], ignore_index=True), crs=homes.crs)


ASKED = TOML.replace(
    "[layers.buildings]\n", '[layers.buildings]\nrepair = ["empty", "id", "duplicate", "sliver", "outside"]\n'
)


def test_repairs_that_are_asked_are_made_told_saved_and_undone(tmp_path):
    # contract: C14
    with pytest.raises(LayerError):
        open_study(make_study(tmp_path, buildings=careless()))
    folder = make_study(tmp_path, toml=ASKED, buildings=careless())
    study = open_study(folder)
    homes = study.layers.require("buildings", "")
    assert homes["id"].tolist() == ["h1", "h2", "h3", "h1-2"]
    report = check(study)
    assert [(one.row, one.problem) for one in report.repairs] == [
        ("h7", "empty"), ("h1-2", "id"), ("h4", "duplicate"), ("h5", "sliver"), ("h6", "outside"),
    ]  # fmt: skip
    written = write_repairs([*report.repairs, *report.findings], folder, study.crs)
    assert [path.name for path in written] == ["repairs.csv", "repairs.gpkg"]
    again = read_repairs(folder)
    assert [(one.role, one.row, one.problem, one.what, one.original) for one in again[:5]] == [
        (one.role, one.row, one.problem, one.what, one.original) for one in report.repairs
    ]
    back = undo(homes, [one for one in again if one.role == "buildings"], ["h4", "h6"])
    assert sorted(back["id"]) == ["h1", "h1-2", "h2", "h3", "h4", "h6"]
    assert back.set_index("id").loc["h6", "households"] == 1.0
    shapes = gpd.read_file(folder / "repairs.gpkg", layer="repairs")
    assert shapes["id"].tolist() == ["h4", "h5", "h6"]
    assert shapes["done"].iloc[2] == "left out: it lies outside the boundary"


def test_check_says_whose_households_are_left_out(tmp_path):
    # contract: C14
    homes = good_layers()["buildings"]
    cover = homes.iloc[[0]].assign(id="h4", households=1.0).set_geometry([homes.geometry.iloc[0].buffer(0.2)])
    homes = gpd.GeoDataFrame(gpd.pd.concat([homes, cover], ignore_index=True), crs=homes.crs)
    toml = TOML.replace("[layers.buildings]\n", '[layers.buildings]\nrepair = ["overlap"]\n')
    report = check(open_study(make_study(tmp_path, toml=toml, buildings=homes)))
    assert [(one.row, one.what) for one in report.repairs] == [("h1", "left out: it lies wholly on h4")]
    told = [text for text in report.warnings if "left out" in text]
    assert told == ["1 rows of buildings are left out with 200 households, 0 people: nothing is planned for them (h1)"]
    assert not [text for text in check(open_study(make_study(tmp_path))).warnings if "left out" in text]


def test_undo_on_the_command_line_keeps_the_row(tmp_path):
    folder = make_study(tmp_path, toml="# 说明\n" + ASKED, buildings=careless())
    ran = CliRunner().invoke(undo_command, [str(folder), "buildings", "h4", "--json"])
    assert ran.exit_code == 0, ran.exception
    assert json.loads(ran.stdout) == {"layer": "buildings", "keep": ["h4"]}
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert text.startswith("# 说明\n")
    assert 'keep = ["h4"]' in text
    assert open_study(folder).layers.require("buildings", "")["id"].tolist() == ["h1", "h2", "h3", "h4", "h1-2"]
    before = (folder / "study.toml").read_bytes()
    for layer, row in (("streets", "x"), ("buildings", "h2")):
        assert isinstance(CliRunner().invoke(undo_command, [str(folder), layer, row]).exception, UsageError)
    for row, words in (
        ("h1-2", "more than once"),
        ("h7", "no geometry"),
        ("h6", ""),
    ):  # what was repaired of this row makes it of no use
        ran = CliRunner().invoke(undo_command, [str(folder), "buildings", row])
        assert (ran.exit_code == 0) == (not words), ran.exception
        if words:
            assert words in str(ran.exception)
            assert (folder / "study.toml").read_bytes() == before
    assert len(open_study(folder).layers.require("buildings", "")) == 6


def test_undo_of_what_cannot_be_used_leaves_study_toml_alone(tmp_path):
    home = good_layers()["buildings"]
    bowtie = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    home.loc[0, "geometry"] = shapely.affinity.translate(bowtie, 500_300, 2_900_300)
    folder = make_study(tmp_path, buildings=home)
    before = (folder / "study.toml").read_bytes()
    ran = CliRunner().invoke(undo_command, [str(folder), "buildings", "h1"])
    assert isinstance(ran.exception, LayerError)
    assert "redraw it" in ran.exception.remedy
    assert (folder / "study.toml").read_bytes() == before
    with pytest.raises(UsageError, match="no layer streets"):
        keep_rows(folder, "streets", ["a"])


def test_undo_of_what_keep_does_not_undo_says_so(tmp_path):
    # contract: C1
    (tmp_path / "r.csv").write_text("id,户数,经度,纬度\ns1,10,114.1,26.2\ns2,20,,\n", encoding="utf-8")
    text = '[study]\nname = "x"\n[layers.sites]\npath = "r.csv"\ncrs = "EPSG:4490"\nunplaced = "drop"\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    ran = CliRunner().invoke(undo_command, [str(tmp_path), "sites", "row 3"])
    assert isinstance(ran.exception, UsageError)
    assert "keep does not undo this: sites row 3: left out: it has no coordinates" in str(ran.exception)
    assert (tmp_path / "study.toml").read_text(encoding="utf-8") == text


def test_a_row_of_the_register_where_no_place_was_entered(tmp_path):
    # contract: C1
    (tmp_path / "r.csv").write_text(
        "id,户数,经度,纬度\ns1,10,114.1,26.2\ns2,20,0,0\ns3,9,114.1,26.1\n", encoding="utf-8"
    )
    text = '[study]\nname = "x"\n[layers.sites]\npath = "r.csv"\ncrs = "{crs}"\n'
    for crs in ("EPSG:4490", "EPSG:4326"):
        (tmp_path / "study.toml").write_text(text.format(crs=crs), encoding="utf-8")
        with pytest.raises(LayerError) as caught:
            open_study(tmp_path)
        assert caught.value.row == "s2"


def test_repairs_of_long_outlines_are_read_again(tmp_path):
    ring = shapely.Point(500_500, 2_900_500).buffer(100, quad_segs=1500).exterior.coords[:-1]
    knot = shapely.Polygon([*ring, (500_700, 2_900_500), (500_650, 2_900_600), (500_650, 2_900_400)])
    assert not knot.is_valid
    home = good_layers()["buildings"]
    home.loc[0, "geometry"] = knot
    folder = make_study(tmp_path, buildings=home)
    study = open_study(folder)
    write_repairs(study.layers.repairs, folder, study.crs)
    repairs = [one for one in read_repairs(folder) if one.kind == "repair"]
    back = undo(study.layers.require("buildings", ""), repairs)
    assert back.geometry.iloc[0].equals_exact(knot, 1e-6)


def test_ids_that_stand_twice_are_not_repaired_where_buildings_name_them(tmp_path):
    # contract: C1
    twice = good_layers()["sites"].assign(id="s1")
    homes = good_layers()["buildings"].assign(site_id="s1")
    toml = TOML.replace("[layers.sites]\n", '[layers.sites]\nrepair = ["id"]\n')
    with pytest.raises(LayerError, match="is it s1 or s1-2"):
        open_study(make_study(tmp_path, toml=toml, sites=twice, buildings=homes))


def test_a_register_that_names_an_id_of_several_buildings_is_refused(tmp_path):
    # contract: C1
    homes = good_layers()["buildings"].assign(id=["h1", "h1", "h3"])
    toml = TOML.replace("[layers.buildings]\n", '[layers.buildings]\nrepair = ["id"]\n')
    toml += '[household_register]\npath = "r.csv"\nby = "id"\n'
    folder = make_study(tmp_path, toml=toml, buildings=homes)
    (folder / "r.csv").write_text("id,户数\nh3,5\nh1,7\n", encoding="utf-8")
    with pytest.raises(LayerError, match="is it h1 or h1-2") as caught:
        open_study(folder)
    assert caught.value.row == "row 3"
    (folder / "r.csv").write_text("id,户数\nh3,5\n", encoding="utf-8")
    assert open_study(folder).layers.require("buildings", "")["households"].tolist() == [200, 100, 5]


def test_check_saves_and_shows(tmp_path):
    folder = make_study(tmp_path, toml=ASKED, buildings=careless())
    ran = CliRunner().invoke(check_command, [str(folder), "--save"])
    assert ran.exit_code == 0, ran.exception
    assert "repairs.csv" in ran.stdout
    assert (folder / "repairs.csv").read_bytes().startswith(b"\xef\xbb\xbflayer,id,problem,done")
    told = json.loads(CliRunner().invoke(check_command, [str(folder), "--json"]).stdout)
    assert {one["problem"] for one in told["repairs"]} == {"id", "empty", "duplicate", "sliver", "outside"}


def test_check_tells_what_it_found_before_it_refuses_what_cannot_be_planned(tmp_path):
    homes = good_layers()["buildings"].drop(columns=["households", "site_id"])
    text = TOML.replace("[layers.sites]", "[layers.communities]")
    communities = good_layers()["sites"].assign(户数=np.nan)
    folder = make_study(tmp_path, toml=text, sites=communities, buildings=homes)
    ran = CliRunner().invoke(check_command, [str(folder)])
    assert isinstance(ran.exception, SiteplanError)
    assert "no building has households" in ran.stdout


def test_sums_and_places_are_found(tmp_path):
    homes = good_layers()["buildings"].assign(households=[200.0, 90.0, 120.0])
    report = check(open_study(make_study(tmp_path, buildings=homes)))
    assert [(one.role, one.row, one.problem) for one in report.findings] == [("sites", "s1", "total")]
    assert any("1 counts of sites are not the sums of their buildings: s1" in text for text in report.warnings)
    assert "1 repairs and faulty rows" in CliRunner().invoke(check_command, [str(tmp_path / "示范 县")]).stdout
    assert check(open_study(make_study(tmp_path))).findings == ()


def test_a_plan_says_from_which_datum_its_layers_were_taken(tmp_path):
    study = open_study(old_datum_study(tmp_path, DATUMS))
    assert study.settings.model_dump(mode="json")["datums"]["beijing54"]["towgs84"] == SEVEN
    assert study.layers.sources["buildings"].datum == "Beijing 1954"


def test_the_town_is_where_it_is_said_to_be():
    lon, lat = shapely.get_coordinates(town()["boundary"].centroid.to_crs(4490))[0]
    assert (lon, lat) == pytest.approx((105.5, 26.2), abs=0.1)
    assert CRS == "EPSG:4544"
