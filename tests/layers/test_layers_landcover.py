"""Land cover classes by a table, the land survey's codes, and what `siteplan check` says of the rasters of a study."""

import numpy as np
import pytest
import rasterio
from county_folder import EAST, NORTH, TOML, make_county, run_here
from rasterio.transform import Affine

from siteplan.errors import LayerError
from siteplan.layers.collection import file_sha256
from siteplan.layers.landcover import read_classes, refuse_unknown
from siteplan.messages import set_language
from siteplan.study.check import check
from siteplan.study.study import open_study


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "类别.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_is_read_in_either_language_and_encoding(tmp_path, encoding):
    text = "编码,名称,地类\r\n10,旱地,耕地\r\n20,,woodland\r\n60.0,水,Water\r\n\r\n80,村庄,建设用地\r\n"
    classes = read_classes(table(tmp_path, text, encoding))
    assert dict(classes.uses) == {10: "cultivated", 20: "woodland", 60: "water", 80: "built"}
    codes = np.array([[10, 80], [7, 60]], dtype=np.uint8)
    assert classes.of(codes).tolist() == [["cultivated", "built"], ["", "water"]]
    assert classes.codes_of("built", "water").tolist() == [60, 80]
    with pytest.raises(LayerError, match="lacks: 7") as caught:
        refuse_unknown(codes, classes, "a.tif")
    assert caught.value.row == "7"
    refuse_unknown(codes[:1], classes, "a.tif")


def test_the_codes_of_the_land_survey_need_no_table():
    classes = read_classes("survey")
    assert classes.of(np.array([101, 103, 301, 1101])).tolist() == ["cultivated", "cultivated", "woodland", "water"]


@pytest.mark.parametrize(
    ("text", "problem", "row"),
    [
        ("code,use\n1,water\n1,built\n", "code 1 comes twice", "line 3"),
        ("code,use\n1,water\nx,built\n", "'x' is no code", "line 3"),
        ("code,use\n1.5,water\n", "'1.5' is no code", "line 2"),
        ("code,use\n1,woter\n", "'woter' is no class of land cover", "line 2"),
        ("code,use\n1\n", "'' is no class", "line 2"),
        ("use\nwater\n", "no column code", "code"),
        ("code,colour\n1,blue\n", "no column use", "use"),
        ("code,use\n", "empty", None),
        ("", "no table of classes", None),
        ('code,use\n1,"water\n', "no table of classes", None),
    ],
)
def test_a_spoilt_table_is_refused_with_its_line(tmp_path, text, problem, row):
    # contract: C9
    path = table(tmp_path, text)
    with pytest.raises(LayerError, match=problem) as caught:
        read_classes(path)
    assert (caught.value.path, caught.value.row) == (str(path), row)


def test_a_class_that_is_misspelt_names_the_nearest(tmp_path):
    with pytest.raises(LayerError) as caught:
        read_classes(table(tmp_path, "code,use\n1,woter\n"))
    assert "did you mean water?" in caught.value.remedy
    with pytest.raises(LayerError, match="no such file"):
        read_classes(tmp_path / "nix.csv")


def rasters(folder, dem, cover):
    shape = {
        "driver": "GTiff",
        "count": 1,
        "crs": "EPSG:4547",
        "transform": Affine(20, 0, EAST - 200, 0, -20, NORTH + 1200),
    }
    for name, cells in (("dem.tif", dem), ("cover.tif", cover)):
        with rasterio.open(folder / name, "w", height=70, width=70, dtype=cells.dtype, **shape) as target:
            target.write(cells, 1)


LINES = '\n[layers.dem]\npath = "dem.tif"\n\n[layers.landcover]\npath = "cover.tif"\nclasses = "classes.csv"\n'


def county(tmp_path, *, toml=TOML + LINES, text="code,use\n1,耕地\n2,林地\n"):
    """The small county on a slope of 30 degrees to its east and flat to its west, with a void and two classes; it lies 10 cells inside."""
    folder = make_county(tmp_path, toml=toml)
    across = np.maximum(0, np.arange(70) - 35) * 20 * np.tan(np.radians(30))
    dem = np.tile((500 + across).astype("float32"), (70, 1))
    dem[20, 20] = -9999
    cover = np.ones((70, 70), dtype="uint8")
    cover[:, 35:] = 2
    rasters(folder, dem, cover)
    (folder / "classes.csv").write_text(text, encoding="utf-8")
    return folder


def test_check_says_heights_slopes_classes_and_voids_of_the_studys_own_ground(tmp_path):
    report = check(open_study(county(tmp_path)))
    said = [note.what for note in report.notes if note.role in {"dem", "landcover"}]
    top = 500 + 24 * 20 * np.tan(np.radians(30))  # the easternmost cell inside is the 60th
    assert said[0] == f"heights from 500 to {top:,.0f} m"
    # 24 columns of 50 x 50 cells are on the slope, one is at its foot with half of it: 16.1 degrees; 9 cells are beside the void
    cells = 2500 - 9
    assert said[1].startswith(
        f"{1250 / cells:.1%} of the cells are steeper than 15 degrees, {1200 / cells:.1%} steeper than 25"
    )
    assert said[2] == "land cover: cultivated 50.0%, woodland 50.0%"
    assert f"dem has no data in {1 / 2500:.1%} of its cells where the study lies" in report.warnings


def test_the_table_of_classes_is_an_input_of_the_plan(tmp_path):
    folder = county(tmp_path)
    before = open_study(folder).layers.sources["landcover classes"]
    assert (before.path, before.sha256) == ("classes.csv", file_sha256(folder / "classes.csv"))
    (folder / "classes.csv").write_text("code,use\n1,林地\n2,耕地\n", encoding="utf-8")
    assert open_study(folder).layers.sources["landcover classes"].sha256 != before.sha256


def test_codes_without_a_meaning_are_warned_of(tmp_path):
    report = check(open_study(county(tmp_path, text="code,use\n1,耕地\n9,林地\n")))
    assert any("lacks: 2" in warning for warning in report.warnings)
    bare = check(open_study(county(tmp_path, toml=TOML + LINES.replace('classes = "classes.csv"\n', ""))))
    assert any("nothing says what the codes of landcover mean" in warning for warning in bare.warnings)
    assert "land cover: code 1 50.0%, code 2 50.0%" in [note.what for note in bare.notes]


def test_keys_for_rasters_are_refused_elsewhere_and_a_bad_table_ends_with_exit_code_3(tmp_path, capsys):
    spoilt = TOML.replace('layer = "buildings"', 'layer = "buildings"\nnodata = 0')
    done = run_here(capsys, "check", county(tmp_path, toml=spoilt))
    assert (done.code, "nodata is for rasters" in done.text) == (3, True)
    spoilt = TOML + LINES.replace('path = "dem.tif"', 'path = "dem.tif"\nclasses = "classes.csv"')
    done = run_here(capsys, "check", county(tmp_path, toml=spoilt))
    assert (done.code, "classes is for rasters, and not for dem" in done.text) == (3, True)
    spoilt = TOML + LINES.replace('"classes.csv"', '"../classes.csv"')
    done = run_here(capsys, "check", county(tmp_path, toml=spoilt))
    assert (done.code, "leads out of the study's folder" in done.text) == (3, True)
    spoilt = TOML + LINES.replace('path = "dem.tif"', 'path = "dem.tif"\nlayer = "dem"')
    done = run_here(capsys, "check", county(tmp_path, toml=spoilt))
    assert (done.code, "layer is for tables, and not for the raster dem" in done.text) == (3, True)
    done = run_here(capsys, "check", county(tmp_path, text="code,use\n1,x\n"))
    assert (done.code, "no class of land cover" in done.text) == (3, True)


def test_a_value_and_a_system_that_study_toml_gives(tmp_path):
    """Metres 35 m above the sea to the west are said to be none; the file says another zone, study.toml the right one."""
    folder = county(tmp_path)
    with rasterio.open(folder / "dem.tif", "r+") as target:
        target.write(np.where(target.read(1) == 500, 35, target.read(1)).astype("float32"), 1)
        target.crs = "EPSG:4548"
    lines = LINES.replace('path = "dem.tif"', 'path = "dem.tif"\nnodata = 35\ncrs = "EPSG:4547"\noverride_crs = true')
    (folder / "study.toml").write_text(TOML + lines, encoding="utf-8")
    report = check(open_study(folder))
    said = [note.what for note in report.notes if note.role == "dem"]
    assert said[0].startswith("heights from 512 to ")
    assert any(warning.startswith("dem has no data in 5") for warning in report.warnings)


def test_rasters_without_data_or_beside_the_study_are_told(tmp_path):
    folder = county(tmp_path)
    rasters(folder, np.full((70, 70), -9999, dtype="int16"), np.ones((70, 70), dtype="uint8"))
    assert "dem has no data anywhere in the study" in check(open_study(folder)).warnings


VRT = """<VRTDataset rasterXSize="70" rasterYSize="70"><SRS>EPSG:4547</SRS>
<GeoTransform>{west}, 20, 0, {north}, 0, -20</GeoTransform><VRTRasterBand dataType="Float32" band="1"><SimpleSource>
<SourceFilename relativeToVRT="{relative}">{file}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"""


def test_a_vrt_is_an_index_of_files_and_never_of_servers(tmp_path, capsys):
    folder = county(tmp_path, toml=TOML + LINES.replace("dem.tif", "dem.vrt"))
    vrt = {"west": EAST - 200, "north": NORTH + 1200}
    (folder / "dem.vrt").write_text(VRT.format(**vrt, relative=1, file="dem.tif"), encoding="utf-8")
    notes = [note.what for note in check(open_study(folder)).notes if note.role == "dem"]
    assert notes[0].startswith("a VRT is an index of other files")
    assert notes[1].startswith("heights from 500")
    for file in ("/vsicurl/http://127.0.0.1:9/dem.tif", "http://127.0.0.1:9/dem.tif", "/vsizip/a.zip/dem.tif"):
        (folder / "dem.vrt").write_text(VRT.format(**vrt, relative=0, file=file), encoding="utf-8")
        done = run_here(capsys, "check", folder)
        assert (done.code, "names files on servers" in done.text) == (3, True)


def test_classes_have_their_chinese_names(tmp_path):
    set_language("zh")
    try:
        said = [note.what for note in check(open_study(county(tmp_path))).notes if note.role == "landcover"]
    finally:
        set_language("en")
    assert any("耕地 50.0%, 林地 50.0%" in what for what in said)
