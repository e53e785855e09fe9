"""What study.toml says of files: where they may lie, how they are read; and a whole study written, edited elsewhere and read back."""

import geopandas as gpd
import openpyxl
import pyogrio
import pytest
import shapely
from good_study import CRS, TOML, good_layers

from siteplan.errors import LayerError, SettingsError
from siteplan.layers.read import read_layer
from siteplan.layers.write import write_layer
from siteplan.study.check import check
from siteplan.study.study import open_study

SITES = """
[study]
crs = "EPSG:4547"
[layers.sites]
path = "{path}"
crs = "EPSG:4547"
"""


def study(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def sites():
    return gpd.GeoDataFrame({"id": ["s1"], "households": [3]}, geometry=[shapely.Point(500_000, 2_900_000)], crs=CRS)


def register(path, head, row):
    book = openpyxl.Workbook()
    for cells in (["安置点名册"], head, row):
        book.active.append(cells)
    book.save(path)


@pytest.mark.parametrize(
    "path", ["../sites.gpkg", "a/../../sites.gpkg", "a/../../../../../../etc/passwd", "link.gpkg", "ring"]
)
def test_a_relative_path_that_leaves_the_folder_is_refused(tmp_path, path):
    # contract: C9
    outside = write_layer(sites(), tmp_path / "sites.gpkg")
    folder = study(tmp_path / "study", SITES.format(path=path))
    (folder / "a").mkdir()
    (folder / "link.gpkg").symlink_to(outside)
    (folder / "ring").symlink_to(folder / "ring")
    with pytest.raises(SettingsError) as caught:
        open_study(folder)
    assert caught.value.exit_code == 3
    assert caught.value.path == str(folder / "study.toml")
    assert caught.value.row == "[layers.sites] path"
    assert "absolute path" in caught.value.remedy


def test_profiles_may_not_leave_it_either(tmp_path):
    folder = study(tmp_path / "study", SITES.format(path="sites.gpkg") + '[standards]\nfiles = ["../own.toml"]\n')
    with pytest.raises(SettingsError) as caught:
        open_study(folder)
    assert caught.value.row == "[standards] files, 1"


def test_an_absolute_path_is_there_for_all_to_see(tmp_path):
    path = write_layer(sites(), tmp_path / "sites.gpkg").as_posix()
    assert len(open_study(study(tmp_path / "study", SITES.format(path=path))).layers.require("sites", "")) == 1


@pytest.mark.parametrize("path", ["/dev/zero", "/vsicurl/http://127.0.0.1:9/a.gpkg", "http://127.0.0.1:9/a.gpkg"])
def test_what_is_no_file_is_not_opened(tmp_path, path):
    with pytest.raises((LayerError, SettingsError)) as caught:
        open_study(study(tmp_path / "study", SITES.format(path=path)))
    assert caught.value.exit_code == 3


def test_the_keys_for_registers(tmp_path):
    folder = study(
        tmp_path / "study",
        SITES.format(path="名册.xlsx")
        + """
heading_row = 2
unplaced = "drop"
columns = { x = "Y坐标", y = "X坐标" }
[aliases]
households = ["建档立卡户数"]
""",
    )
    register(folder / "名册.xlsx", ["编号", "建档立卡户数", "X坐标", "Y坐标"], ["s1", 12, 2_900_000, 500_000])
    opened = open_study(folder)
    frame = opened.layers.require("sites", "")
    assert frame["households"].tolist() == [12]
    assert frame.geometry.iloc[0].coords[0] == (500_000, 2_900_000)
    assert any("建档立卡户数" in note.what for note in check(opened).notes)


def test_headings_for_a_column_that_there_is_not(tmp_path):
    folder = study(tmp_path / "study", SITES.format(path="a.gpkg") + '[aliases]\nhousholds = ["户"]\n')
    with pytest.raises(SettingsError) as caught:
        open_study(folder)
    assert caught.value.row == "[aliases] housholds"
    assert "households" in caught.value.remedy


def test_the_encoding_of_a_shapefile(tmp_path):
    folder = study(tmp_path / "study", SITES.format(path="a.shp") + 'encoding = "gbk"\ncolumns = { name = "名" }\n')
    pyogrio.write_dataframe(sites().assign(名=["陆"]), folder / "a.shp", driver="ESRI Shapefile", encoding="GBK")
    (folder / "a.cpg").unlink()
    assert open_study(folder).layers.require("sites", "")["name"].tolist() == ["陆"]


def test_a_study_of_shapefiles_edited_elsewhere_is_read_back(tmp_path):
    """Written by siteplan in GBK, changed by GDAL in the place of a GIS program, opened again."""
    folder = study(tmp_path / "study", TOML)
    layers = good_layers()
    for role, frame in layers.items():
        path = folder / ("candidates.geojson" if role == "candidates" else "图层 一.gpkg")
        write_layer(frame, path, role)
    first = open_study(folder)
    again = study(
        tmp_path / "again", TOML.replace("图层 一.gpkg", "图层 一.shp").replace("candidates.geojson", "候选.shp")
    )
    text = (again / "study.toml").read_text(encoding="utf-8")
    for role in ("boundary", "sites", "buildings"):
        text = text.replace(f'path = "图层 一.shp"\nlayer = "{role}"', f'path = "{role}.shp"')
    (again / "study.toml").write_text(text.replace('columns = { households = "户数" }', ""), encoding="utf-8")
    for role in ("boundary", "sites", "buildings", "candidates"):
        write_layer(first.layers.require(role, ""), again / ("候选.shp" if role == "candidates" else f"{role}.shp"))
    second = open_study(again)
    for role, frame in first.layers.vectors.items():
        back = second.layers.require(role, "")
        assert list(back.columns) == list(frame.columns), role
        assert back["id"].tolist() == frame["id"].tolist()
        assert back.normalize().geom_equals_exact(frame.normalize(), 1e-6).all()  # rings turn the other way
        for name in frame.columns.drop(["geometry", "people"], errors="ignore"):  # people follow from the relocated
            assert back[name].isna().tolist() == frame[name].isna().tolist(), name
            assert back[name].dropna().tolist() == frame[name].dropna().tolist(), name
    raw = pyogrio.read_dataframe(again / "sites.shp")
    assert raw["name"].tolist() == ["幸福社区", "和谐社区"]
    raw.loc[0, "name"], raw.loc[1, "households"] = "幸福里社区", 121.0
    pyogrio.write_dataframe(raw.iloc[::-1], again / "sites.shp", driver="ESRI Shapefile", encoding="GBK")
    edited = open_study(again).layers.require("sites", "").set_index("id")
    assert edited["name"].to_dict() == {"s1": "幸福里社区", "s2": "和谐社区"}
    assert edited["households"].to_dict() == {"s1": 300.0, "s2": 121.0}
    assert edited["resettlement"].tolist() == [True, True]
    assert read_layer(again / "sites.shp", "sites")[0]["construction"].tolist() == ["new", "new"]


@pytest.mark.parametrize(
    "path",
    [
        "postgresql+psycopg2://planner:secret@db/county",
        "PG:host=db user=planner password=secret dbname=county",
        "host=db user=planner password=secret",
        " postgresql://planner:secret@db/county",
        "jdbc:postgresql://db/county?user=planner&password=secret",
        "postgis://planner:secret@db/county",
        "postgres:/planner:secret@db/county",
        "mysql://planner:secret@db/county",
    ],
)
def test_addresses_of_databases_in_other_forms_are_refused_and_not_shown(tmp_path, path):
    with pytest.raises(SettingsError, match="address of a database") as caught:
        open_study(study(tmp_path, SITES.format(path=path)))
    assert caught.value.row == "[layers.sites] path"
    assert "postgresql://USER@HOST" in caught.value.remedy
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "more",
    [
        '[household_register]\npath = "{url}"\nby = "id"',
        '[standards]\nfiles = ["{url}"]',
        '[layers.landcover]\npath = "a.tif"\nclasses = "{url}"',
    ],
)
def test_addresses_where_only_files_are_read_are_not_shown(tmp_path, more):
    url = "postgresql://planner:secret@db/county"
    with pytest.raises(SettingsError, match="address of a database") as caught:
        open_study(study(tmp_path, SITES.format(path="a.gpkg") + more.format(url=url)))
    assert "secret" not in str(caught.value)
