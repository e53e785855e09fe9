"""read_layer: every bad file of a planner is an error that names file, row or column, and remedy."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from siteplan.errors import LayerError, SettingsError, UsageError
from siteplan.layers.read import read_layer
from siteplan.layers.write import write_layer

CRS = "EPSG:4547"


def sites(n=3, crs=CRS, **columns):
    points = [shapely.Point(500_000 + 100 * k, 2_900_000 + 50 * k) for k in range(n)]
    table = {
        "id": [f"s{k}" for k in range(n)],
        "name": [f"安置点{k}" for k in range(n)],
        "households": [100 + k for k in range(n)],
    }
    table |= columns
    return gpd.GeoDataFrame({k: v for k, v in table.items() if v is not None}, geometry=points, crs=crs)


def saved(frame, path, layer=None):
    return write_layer(frame, path, layer)


def refused(path, role="sites", error=LayerError, **options):
    """Return the error of reading; it must be of the right class, name the file and end the program with 3."""
    with pytest.raises(error) as caught:
        read_layer(path, role, **options)
    assert caught.value.exit_code == 3
    assert str(caught.value.path) == str(path)
    assert str(path) in str(caught.value)
    return caught.value


def test_a_good_layer_has_id_contract_columns_others_and_geometry(tmp_path):
    path = saved(sites(3, 备注=["甲", "乙", None], elderly=[1.0, np.nan, 3.0]), tmp_path / "安置 点.gpkg")
    frame, _repairs = read_layer(path, "sites")
    assert frame.columns.tolist() == [
        "id", "name", "households", "people", "registered", "relocated", "resident", "elderly", "children", "setting", "construction", "township_id",
        "resettlement", "key", "phase", "code", "备注", "geometry",
    ]  # fmt: skip
    assert frame["id"].tolist() == ["s0", "s1", "s2"]
    assert frame["households"].dtype == np.float64
    assert frame["people"].isna().all()
    assert frame["elderly"].isna().tolist() == [False, True, False]
    assert frame["resettlement"].dtype == bool
    assert frame["resettlement"].all()
    assert not frame["key"].any()
    assert frame["备注"].tolist()[:2] == ["甲", "乙"]


def test_defaults_of_the_contract_are_reported(tmp_path):
    # contract: C14
    _frame, repairs = read_layer(saved(sites(), tmp_path / "a.gpkg"), "sites")
    assert {repair.kind for repair in repairs} == {"note"}
    assert any("resettlement = True" in repair.what for repair in repairs)
    assert any("people, registered, relocated, resident, elderly, children" in repair.what for repair in repairs)


def test_missing_file_names_the_nearest_in_the_folder(tmp_path):
    saved(sites(), tmp_path / "sites.gpkg")
    (tmp_path / "readme.txt").write_text("x", encoding="utf-8")
    error = refused(tmp_path / "site.gpkg")
    assert "sites.gpkg" in error.remedy
    assert "[layers.sites]" in error.remedy


def test_missing_folder(tmp_path):
    assert str(tmp_path / "nowhere") in refused(tmp_path / "nowhere" / "site.gpkg").problem


def test_unknown_format(tmp_path):
    path = tmp_path / "sites.dwg"
    path.write_bytes(b"AC1027")
    error = refused(path)
    assert ".dwg" in error.problem
    assert "GeoPackage" in error.remedy


def test_missing_layer_names_the_nearest_and_lists_them(tmp_path):
    path = saved(sites(), tmp_path / "all.gpkg", "villages")
    saved(sites(), path, "towns")
    error = refused(path, layer="vilages")
    assert error.row == "vilages"
    assert 'layer = "villages"' in error.remedy
    assert "towns" in error.remedy


def test_several_layers_and_none_named(tmp_path):
    path = saved(sites(), tmp_path / "all.gpkg", "villages")
    saved(sites(), path, "towns")
    assert "several layers" in refused(path).problem
    saved(sites(5), path, "sites")
    frame, repairs = read_layer(path, "sites")
    assert len(frame) == 5
    assert any("read the one named sites" in repair.what for repair in repairs)


def test_layer_named_in_a_file_that_has_none(tmp_path):
    error = refused(saved(sites(), tmp_path / "a.geojson"), layer="a")
    assert 'layer = "a"' in error.remedy


def test_no_crs(tmp_path):
    path = saved(sites(), tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    error = refused(path)
    assert "coordinate system" in error.problem
    assert 'crs = "EPSG:..."' in error.remedy
    assert "[layers.sites]" in error.remedy
    assert read_layer(path, "sites", crs=CRS)[0].crs == CRS


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_no_crs_in_a_geopackage(tmp_path):
    pyogrio.write_dataframe(sites(crs=None), tmp_path / "a.gpkg", driver="GPKG")
    assert "coordinate system" in refused(tmp_path / "a.gpkg").problem


def test_crs_given_against_the_files_own(tmp_path):
    error = refused(saved(sites(), tmp_path / "a.gpkg"), crs="EPSG:4490")
    assert "EPSG:4547" in error.problem
    assert "EPSG:4490" in error.problem
    assert read_layer(tmp_path / "a.gpkg", "sites", crs=CRS)[0].crs == CRS


def test_crs_that_does_not_exist(tmp_path):
    path = saved(sites(), tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(SettingsError) as caught:
        read_layer(path, "sites", crs="EPSG:999999")
    assert "EPSG:999999" in caught.value.problem
    assert caught.value.row == "[layers.sites] crs"


def test_geojson_without_crs_is_wgs84_unless_said(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"a","households":5},'
        '"geometry":{"type":"Point","coordinates":[105.4,26.2]}}]}',
        encoding="utf-8",
    )
    assert read_layer(path, "sites")[0].crs == "EPSG:4326"
    assert read_layer(path, "sites", crs="EPSG:4490")[0].crs == "EPSG:4490"


def test_empty_layer(tmp_path):
    path = saved(sites().iloc[:0], tmp_path / "a.gpkg")
    error = refused(path)
    assert "empty" in error.problem
    assert "[layers.sites]" in error.remedy


def test_wrong_column_names_nearest_heading_and_the_line_to_write(tmp_path):
    path = saved(sites(households=None, housholds_n=[1, 2, 3], 备注=["a", "b", "c"]), tmp_path / "a.gpkg")
    error = refused(path)
    assert error.row == "households"
    assert 'columns = { households = "housholds_n" }' in error.remedy
    assert "备注" in error.remedy


def test_mapped_column_that_the_file_lacks(tmp_path):
    path = saved(sites(households=None, 总户数=[1, 2, 3]), tmp_path / "a.gpkg")
    error = refused(path, columns={"households": "户数"})
    assert error.row == "户数"
    assert "总户数" in error.remedy
    assert read_layer(path, "sites", columns={"households": "总户数"})[0]["households"].tolist() == [1, 2, 3]


def test_mapping_of_a_column_that_the_role_lacks(tmp_path):
    path = saved(sites(), tmp_path / "a.gpkg")
    assert "households" in refused(path, columns={"housholds": "households"}).remedy
    assert "households" in refused(path, defaults={"housholds": 3}).remedy


def test_mapped_column_wins_over_one_of_that_name(tmp_path):
    path = saved(sites(户数=[7, 8, 9]), tmp_path / "a.gpkg")
    frame, _ = read_layer(path, "sites", columns={"households": "户数"})
    assert frame["households"].tolist() == [7, 8, 9]
    assert frame["households_file"].tolist() == [100, 101, 102]


def test_chinese_heading_is_a_column_name_and_reported(tmp_path):
    path = saved(sites(households=None, 户数=[1, 2, 3], id=None, 编号=["a", "b", "c"]), tmp_path / "a.gpkg")
    frame, repairs = read_layer(path, "sites")
    assert frame["households"].tolist() == [1, 2, 3]
    assert frame["id"].tolist() == ["a", "b", "c"]
    assert "户数" not in frame
    assert sum("户数" in repair.what for repair in repairs) == 1


def test_a_heading_that_is_almost_a_column_is_pointed_out(tmp_path):
    _frame, repairs = read_layer(saved(sites(elderley=[1, 2, 3]), tmp_path / "a.gpkg"), "sites")
    assert any("elderley is not read: is it elderly?" in repair.what for repair in repairs)


def test_ids_are_made_and_reported(tmp_path):
    frame, repairs = read_layer(saved(sites(id=None), tmp_path / "a.gpkg"), "sites")
    assert frame["id"].tolist() == ["sites-1", "sites-2", "sites-3"]
    assert any("sites-1 to sites-3" in repair.what for repair in repairs)


def test_number_ids_become_text(tmp_path):
    assert read_layer(saved(sites(id=[7.0, 8.0, 9.0]), tmp_path / "a.gpkg"), "sites")[0]["id"].tolist() == [
        "7",
        "8",
        "9",
    ]


def test_duplicate_ids(tmp_path):
    error = refused(saved(sites(4, id=["a", "b", "a", "b"]), tmp_path / "a.gpkg"))
    assert error.row == "a"
    assert "a, b" in error.problem
    assert "id" in error.remedy


def test_missing_ids(tmp_path):
    assert refused(saved(sites(id=["a", None, "c"]), tmp_path / "a.gpkg")).row == "row 2"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([1.0, np.nan, 3.0], "missing"),
        ([1, -5, 3], "-5"),
        ([1.0, np.inf, 3.0], "inf"),
        (["1", "abc", "3"], "'abc'"),
        (["1", "NaN", "3"], "'NaN'"),
        (["1", "1_000", "3"], "'1_000'"),
        (["1", "-5", "3"], "-5"),
        (["1", " ", "3"], "' '"),
    ],
)
def test_bad_households_name_row_column_and_value(tmp_path, values, shown):
    # contract: C9
    path = tmp_path / "a.parquet"  # the one format that keeps every one of these values as it is
    sites(households=values).to_parquet(path)
    error = refused(path)
    assert error.row == "s1"
    assert "households" in error.problem
    assert shown in error.problem
    assert "households" in error.remedy


def test_bool_is_no_number(tmp_path):
    assert "households" in refused(saved(sites(households=[True, False, True]), tmp_path / "a.gpkg")).problem


def test_text_numbers(tmp_path):
    path = saved(sites(households=["12", " 1.5e2 ", "１２"]), tmp_path / "a.gpkg")
    assert read_layer(path, "sites")[0]["households"].tolist() == [12, 150, 12]


@pytest.mark.parametrize(
    "values", [[True, False, True], [1, 0, 1], ["是", "否", "是"], ["TRUE", "false", "1"], [1.0, 0.0, 1.0]]
)
def test_flags(tmp_path, values):
    assert read_layer(saved(sites(key=values), tmp_path / "a.gpkg"), "sites")[0]["key"].tolist() == [True, False, True]


def test_missing_flags_take_the_default(tmp_path):
    frame, _ = read_layer(saved(sites(resettlement=["否", None, ""]), tmp_path / "a.gpkg"), "sites")
    assert frame["resettlement"].tolist() == [False, True, True]
    assert frame["resettlement"].dtype == bool


def test_bad_flag_and_bad_word(tmp_path):
    error = refused(saved(sites(key=["是", "maybe", "否"]), tmp_path / "a.gpkg"))
    assert (error.row, "maybe" in error.problem, "key" in error.remedy) == ("s1", True, True)
    error = refused(saved(sites(setting=["rural", "urban", "town"]), tmp_path / "b.gpkg"))
    assert (error.row, "urban, rural" in error.problem) == ("s2", True)


def test_defaults_fill_what_the_file_lacks_and_are_checked(tmp_path):
    path = saved(sites(households=None), tmp_path / "a.gpkg")
    frame, _ = read_layer(path, "sites", defaults={"households": 30, "construction": "new"})
    assert frame["households"].tolist() == [30, 30, 30]
    assert frame["construction"].tolist() == ["new"] * 3
    assert refused(path, defaults={"households": -1}).row == "defaults.households"


def test_a_default_never_hides_a_missing_required_value(tmp_path):
    # contract: C1
    path = saved(sites(households=[1.0, np.nan, 3.0]), tmp_path / "a.gpkg")
    assert refused(path, defaults={"households": 30}).row == "s1"


def polygons(*shapes, crs=CRS, **columns):
    return gpd.GeoDataFrame({"id": [f"p{k}" for k in range(len(shapes))]} | columns, geometry=list(shapes), crs=crs)


BOWTIE = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])


def test_self_intersecting_polygon_is_repaired_and_reported(tmp_path):
    path = saved(polygons(shapely.box(0, 0, 1, 1), BOWTIE), tmp_path / "a.gpkg")
    frame, repairs = read_layer(path, "boundary")
    assert frame.geometry.is_valid.all()
    assert frame.geometry.iloc[1].area == pytest.approx(50)
    mended = [repair for repair in repairs if repair.kind == "repair"]
    assert [(repair.role, repair.path, repair.row) for repair in mended] == [("boundary", str(path), "p1")]
    assert "Self-intersection" in mended[0].what


def test_only_polygons_are_kept_of_a_repair(tmp_path):
    spike = shapely.Polygon([(0, 0), (0, 10), (10, 10), (20, 10), (10, 10), (10, 0)])
    frame, repairs = read_layer(saved(polygons(spike), tmp_path / "a.gpkg"), "boundary")
    assert frame.geometry.iloc[0].geom_type in ("Polygon", "MultiPolygon")
    assert frame.geometry.iloc[0].area == pytest.approx(100)
    assert len([repair for repair in repairs if repair.kind == "repair"]) == 1


def test_polygon_beyond_repair(tmp_path):
    flat = shapely.Polygon([(0, 0), (10, 0), (0, 0), (10, 0)])
    error = refused(saved(polygons(shapely.box(0, 0, 1, 1), flat), tmp_path / "a.gpkg"), "boundary")
    assert error.row == "p1"
    assert "redraw" in error.remedy


def test_wrong_geometry_type(tmp_path):
    error = refused(saved(sites(), tmp_path / "a.gpkg"), "boundary")
    assert (error.row, "Point" in error.problem, "[layers.boundary]" in error.remedy) == ("s0", True, True)


def test_rows_without_geometry(tmp_path):
    frame = sites()
    frame.loc[1, "geometry"] = None
    error = refused(saved(frame, tmp_path / "a.gpkg"))
    assert error.row == "s1"
    assert "no geometry" in error.problem


def test_multipoints(tmp_path):
    frame = sites(2)
    frame["geometry"] = [shapely.MultiPoint([(1, 2)]), shapely.MultiPoint([(3, 4)])]
    assert read_layer(saved(frame, tmp_path / "a.gpkg"), "sites")[0].geom_type.tolist() == ["Point", "Point"]
    frame["geometry"] = [shapely.MultiPoint([(1, 2)]), shapely.MultiPoint([(3, 4), (5, 6)])]
    assert refused(saved(frame, tmp_path / "b.gpkg")).row == "s1"


def test_heights_are_dropped_and_reported(tmp_path):
    frame = sites(2)
    frame["geometry"] = shapely.points([[1, 2, 3], [4, 5, 6]])
    read, repairs = read_layer(saved(frame, tmp_path / "a.gpkg"), "sites")
    assert not read.has_z.any()
    assert [repair.what for repair in repairs if repair.kind == "repair"] == ["heights (z) of 2 geometries dropped"]


def test_latitude_beyond_90_is_exchanged_axes(tmp_path):
    frame = sites(2, crs="EPSG:4490").set_geometry(gpd.points_from_xy([26.2, 26.3], [105.4, 105.5], crs="EPSG:4490"))
    error = refused(saved(frame, tmp_path / "a.gpkg"))
    assert "exchanged" in error.problem
    assert "easting (longitude) first" in error.remedy


def test_northing_first_in_a_projected_system(tmp_path):
    frame = sites(2).set_geometry(gpd.points_from_xy([2_900_000, 2_900_100], [500_000, 500_100], crs=CRS))
    assert "exchanged" in refused(saved(frame, tmp_path / "a.gpkg")).problem


def test_metres_labelled_as_degrees(tmp_path):
    frame = sites(2).set_crs("EPSG:4326", allow_override=True)
    frame.to_parquet(tmp_path / "a.parquet")
    assert "no degrees" in refused(tmp_path / "a.parquet").problem


def test_target_crs(tmp_path):
    degrees = sites().to_crs("EPSG:4490")
    frame, _ = read_layer(saved(degrees, tmp_path / "a.gpkg"), "sites", target_crs=CRS)
    assert frame.crs == CRS
    assert frame.geometry.x.iloc[0] == pytest.approx(500_000, abs=0.01)
    assert frame.geometry.y.iloc[0] == pytest.approx(2_900_000, abs=0.01)


def test_a_broken_file(tmp_path):
    for name in ("a.gpkg", "a.geojson", "a.parquet"):
        path = tmp_path / name
        path.write_bytes(b"this is no layer")
        assert "damaged" in refused(path).remedy


def test_shapefile_without_its_parts(tmp_path):
    path = saved(sites(), tmp_path / "a.shp")
    (tmp_path / "a.dbf").unlink()
    assert refused(path).row == "a.dbf"


def test_table_without_geometry(tmp_path):
    pyogrio.write_dataframe(pd.DataFrame({"id": ["a"]}), tmp_path / "a.gpkg", driver="GPKG", layer="t")
    assert "no layer with geometry" in refused(tmp_path / "a.gpkg").problem


def test_unknown_role(tmp_path):
    with pytest.raises(UsageError, match="buildings"):
        read_layer(tmp_path / "a.gpkg", "bulidings")


def test_geometry_under_another_name_beside_a_column_called_geometry(tmp_path):
    frame = sites(2).rename_geometry("geom").assign(geometry=["north", "south"])
    frame.to_parquet(tmp_path / "a.parquet")
    read, _ = read_layer(tmp_path / "a.parquet", "sites")
    assert read.geometry.name == "geometry"
    assert read.geometry.x.tolist() == [500_000, 500_100]
    assert read["geometry_file"].tolist() == ["north", "south"]


def test_polygons_and_multipolygons_in_one_layer(tmp_path):
    both = polygons(shapely.box(0, 0, 1, 1), shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 3, 3)]))
    for name in ("a.gpkg", "a.geojson", "a.parquet", "a.shp"):
        assert read_layer(saved(both, tmp_path / name), "boundary")[0].geometry.area.tolist() == [1, 2]
