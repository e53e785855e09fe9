"""Every format is read right, and a file that is cut off, renamed or made to do harm is refused, whole."""

import datetime as dt
import gzip
import json
import os
import struct
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely

from siteplan.errors import DataError, LayerError
from siteplan.layers import files
from siteplan.layers.collection import file_sha256
from siteplan.layers.files import FileOptions
from siteplan.layers.osm import read_osm
from siteplan.layers.read import read_layer
from siteplan.layers.write import write_layer

CRS = "EPSG:4490"
KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>图</name><Folder><name>乡镇</name>
<Placemark><name>岩脚镇</name><ExtendedData><Data name="编号"><value>t1</value></Data>
<Data name="户数"><value>12</value></Data><Data name="主管&amp;单位"><value>民政局</value></Data></ExtendedData>
<Point><coordinates>105.4,26.3,0</coordinates></Point></Placemark></Folder></Document></kml>"""
BOMB = '<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + k)} "{f"&{chr(97 + k)};" * 10}">' for k in range(9)
)


def towns(n=3):
    return gpd.GeoDataFrame(
        {"编号": [f"t{k}" for k in range(n)], "名称": [f"镇{k}" for k in range(n)], "预算": np.arange(n) + 0.5},
        geometry=shapely.points(105 + np.arange(n) / 1e3, 26 + np.arange(n) / 1e3),
        crs=CRS,
    )


DRIVERS = {
    "a.gpkg": "GPKG",
    "a.shp": "ESRI Shapefile",
    "a.geojson": "GeoJSON",
    "a.fgb": "FlatGeobuf",
    "a.kml": "LIBKML",
    "a.gdb": "OpenFileGDB",
}
NAMES = [*DRIVERS, "a.parquet", "a.csv", "a.xlsx"]


def made(folder, name, frame=None):
    """Make a file as another program would: through GDAL, pyarrow or openpyxl, not through siteplan."""
    frame = towns() if frame is None else frame
    path = folder / name
    if name in DRIVERS:
        more = {"encoding": "UTF-8"} if name == "a.shp" else {}
        pyogrio.write_dataframe(frame, path, driver=DRIVERS[name], **more)
    elif name == "a.parquet":
        frame.to_parquet(path)
    else:
        plain = frame.drop(columns="geometry").assign(经度=frame.geometry.x, 纬度=frame.geometry.y)
        rows = [list(plain.columns), *plain.astype(object).to_numpy().tolist()]
        if name == "a.csv":
            path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows), encoding="gb18030")
        else:
            book = openpyxl.Workbook()
            for row in rows:
                book.active.append(row)
            book.save(path)
    return path


def read(path, **options):
    given = None if path.suffix in {".gpkg", ".shp", ".geojson", ".fgb", ".kml", ".kmz", ".gdb", ".parquet"} else CRS
    return read_layer(path, "townships", crs=given, **options)


def refused(path, **options):
    with pytest.raises(LayerError) as caught:
        read(path, **options)
    assert caught.value.exit_code == 3
    assert caught.value.path == str(path)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("name", NAMES)
def test_names_values_and_positions(tmp_path, name):
    frame, _ = read(made(tmp_path, name))
    assert sorted(frame["id"]) == ["t0", "t1", "t2"]
    frame = frame.sort_values("id")
    assert frame["name"].tolist() == ["镇0", "镇1", "镇2"]
    assert frame["budget_yuan"].tolist() == [0.5, 1.5, 2.5]
    assert frame.geometry.x.tolist() == pytest.approx([105, 105.001, 105.002])
    assert frame.geometry.y.tolist() == pytest.approx([26, 26.001, 26.002])
    assert not {"编号", "名称", "预算", "经度", "纬度", "Name", "tessellate", "icon"} & set(frame.columns)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_cut_off_anywhere_is_refused_or_read_whole(tmp_path, name):
    # contract: C1
    frame = towns(600)
    path = made(tmp_path, name, frame)
    parts = [path] if path.is_file() else sorted(path.iterdir())
    if name == "a.shp":
        parts = [path.with_suffix(suffix) for suffix in (".shp", ".dbf", ".shx")]
    if name == "a.gdb":
        parts = sorted(parts, key=lambda part: part.stat().st_size)[-4:]
    refusals = []
    for part in parts:
        data = part.read_bytes()
        for share in (0.0, 0.03, 0.31, 0.62, 0.9, 0.999):
            part.write_bytes(data[: int(len(data) * share)])
            try:
                found, notes = read(path)
            except LayerError as error:
                refusals.append(error)
                continue
            if any("not cut off" in note.what for note in notes):  # what a text of rows cannot tell for certain
                assert name == "a.csv"
                continue
            assert len(found) == len(frame), (part.name, share)
            assert found["name"].notna().all()
            assert found.geometry.x.min() == 105
        part.write_bytes(data)
    assert len(refusals) >= (2 if name == "a.csv" else 5)
    assert all(error.path == str(path) and error.remedy for error in refusals)


@pytest.mark.parametrize("name", NAMES)
def test_damage_anywhere_is_refused_or_does_not_matter(tmp_path, name):
    """Some bytes changed at random: an error of ours, never another, nor the end of the process."""
    path = made(tmp_path, name)
    parts = [path] if path.is_file() else sorted(path.iterdir(), key=lambda part: part.stat().st_size)[-2:]
    parts += [path.with_suffix(suffix) for suffix in (".dbf", ".shx", ".prj")] if name == "a.shp" else []
    chance = np.random.default_rng(7)
    for part in parts:
        data = part.read_bytes()
        for _ in range(60 // len(parts)):
            bytes_ = np.frombuffer(data, dtype=np.uint8).copy()
            bytes_[chance.integers(len(bytes_), size=chance.integers(1, 40))] = chance.integers(256)
            part.write_bytes(bytes_.tobytes())
            try:
                read(path)
            except DataError as error:
                assert error.exit_code == 3  # noqa: PT017 - most bytes do not matter
        part.write_bytes(data)


def test_a_shapefile_of_two_different_ones(tmp_path):
    path = made(tmp_path, "a.shp")
    other = tmp_path / "other"
    other.mkdir()
    made(other, "a.shp", towns(5)).with_suffix(".dbf").replace(tmp_path / "a.dbf")
    error = refused(path)
    assert error.row == "a.dbf"
    assert "3 rows" in error.problem
    assert "5" in error.problem


@pytest.mark.parametrize("name", [name for name in NAMES if name != "a.gdb"])
@pytest.mark.parametrize("wrong", [".gpkg", ".shp", ".geojson", ".fgb", ".kml", ".parquet", ".csv", ".xlsx"])
def test_a_wrong_ending_is_found_by_the_first_bytes(tmp_path, name, wrong):
    path = made(tmp_path, name)
    if path.suffix == wrong:
        return
    moved = path.rename(path.with_suffix(wrong))
    error = refused(moved)
    assert wrong in error.problem or "headings" in error.problem or "no CSV" in error.problem
    if name not in {"a.csv", "a.shp"} and wrong != ".csv":
        assert f"a{path.suffix}" in error.remedy or name == "a.xlsx"


@pytest.mark.parametrize(
    ("name", "data", "remedy"),
    [
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"),
        ("a.xlsx", b"<html><table><tr><td>1</td></tr></table></html>", "a.html"),
        ("a.zip", b"PK\x03\x04", "unpack"),
        ("a.osm.pbf", b"\0\0\0\r", "siteplan new --from-osm"),
        ("a.dbf", b"\x03", ".shp"),
        ("a.gpkg", b"", "again"),
        ("a.geojson", b'<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>', "a.xml"),
    ],
)
def test_what_is_no_layer(tmp_path, name, data, remedy):
    path = tmp_path / name
    path.write_bytes(data)
    assert remedy in refused(path).remedy


def test_a_gdb_is_a_folder_of_tables(tmp_path):
    path = tmp_path / "a.gdb"
    path.mkdir()
    assert "gdbtable" in refused(path).problem
    path.rmdir()
    path.write_bytes(b"x")
    assert "whole folder" in refused(path).remedy


def test_a_geodatabase_has_a_digest(tmp_path):
    path = made(tmp_path, "a.gdb")
    before = file_sha256(path)
    (path / "x.rd.lock").write_text("", encoding="ascii")
    assert file_sha256(path) == before
    part = max(path.iterdir(), key=lambda file: file.stat().st_size)
    part.write_bytes(part.read_bytes()[:-1] + b"!")
    assert file_sha256(path) != before


def test_layers_of_a_geodatabase(tmp_path):
    path = made(tmp_path, "a.gdb")
    pyogrio.write_dataframe(towns(5), path, driver="OpenFileGDB", layer="townships", append=False)
    pyogrio.write_dataframe(towns(2), path, driver="OpenFileGDB", layer="乡镇", append=False)
    assert len(read(path)[0]) == 5
    assert len(read(path, layer="乡镇")[0]) == 2
    assert 'layer = "乡镇"' in refused(path, layer="乡镇1").remedy


def test_kml_and_kmz_by_hand(tmp_path):
    (tmp_path / "a.kml").write_text(KML, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "a.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", KML)
        archive.writestr("files/icon.png", b"png")
    (tmp_path / "b.kml").write_bytes(KML.replace('"UTF-8"', '"GBK"').encode("gbk"))
    for name in ("a.kml", "a.kmz", "b.kml"):
        frame, _ = read(tmp_path / name)
        assert frame["id"].tolist() == ["t1"]
        assert frame["name"].tolist() == ["岩脚镇"]
        assert frame[["户数", "主管&单位"]].to_numpy().tolist() == [["12", "民政局"]]
        assert frame.geometry.iloc[0].coords[0] == (105.4, 26.3)
        assert "tessellate" not in frame
        assert "visibility" not in frame


def test_a_kml_of_absurd_size(tmp_path):
    with (tmp_path / "a.kml").open("wb") as stream:
        stream.write(KML.encode())
        stream.truncate(2 << 30)  # sparse
    assert "2,048 MB" in refused(tmp_path / "a.kml").problem


def test_a_kml_in_another_encoding_than_it_declares(tmp_path):
    (tmp_path / "a.kml").write_bytes(KML.encode("gbk"))
    assert "UTF-8" in refused(tmp_path / "a.kml").remedy


def test_xml_that_declares_entities_is_refused(tmp_path):
    # contract: C9
    kml, osm = tmp_path / "a.kml", tmp_path / "a.osm"
    kml.write_text(BOMB + "]>" + KML.partition("?>")[2].replace("岩脚镇", "&j;"), encoding="utf-8")
    assert "entities" in refused(kml).problem
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", '<!DOCTYPE kml SYSTEM "file:///etc/passwd">' + KML.partition("?>")[2])
    assert "entities" in refused(tmp_path / "a.kmz").problem
    node = '<node id="1" lat="26" lon="105" version="1"><tag k="name" v="&j;"/></node>'
    osm.write_text(f'{BOMB}]>\n<osm version="0.6" generator="x">{node}</osm>', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_osm(osm)
    assert str(osm) in str(caught.value)
    (tmp_path / "b.osm.gz").write_bytes(gzip.compress(osm.read_bytes()))
    with pytest.raises(DataError):
        read_osm(tmp_path / "b.osm.gz")


def workbook_with(path, member, text):
    """Put something into a workbook's XML."""
    made(path.parent, "a.xlsx")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[member] = text
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.once
def test_workbooks_that_do_harm(tmp_path):
    path = tmp_path / "a.xlsx"
    workbook_with(path, "xl/worksheets/sheet1.xml", f"{BOMB}]><worksheet>&j;</worksheet>".encode())
    assert "entities" in refused(path).problem
    workbook_with(path, "xl/media/inner.zip", b"PK\x03\x04")
    assert refused(path).row == "xl/media/inner.zip"
    workbook_with(path, "xl/sharedStrings.xml", b"<sst>" + b" " * (300 << 20) + b"</sst>")
    assert "would unpack to 300 MB" in refused(path).problem
    workbook_with(path, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row><c></worksheet>")
    assert "cannot be read" in refused(path).problem
    workbook_with(path, "xl/workbook.xml", b"<workbook/>")
    assert refused(path).remedy


@pytest.mark.once
def test_a_row_number_beyond_the_sheet(tmp_path):
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>x</t></is></c></row>'
        b'<row r="4000000000"><c r="A4000000000"><v>1</v></c></row></sheetData></worksheet>'
    )
    workbook_with(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", sheet)
    assert "no register is that large" in refused(tmp_path / "a.xlsx").remedy


@pytest.mark.once
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc: the peak of memory is not known")
def test_memory_stays_bounded(tmp_path):
    """In a process of its own, as the peak of this one is that of all tests."""
    bombs = [tmp_path / name for name in ("a.kml", "b.kmz", "c.xlsx", "d.csv", "e.geojson")]
    bombs[0].write_text(BOMB + "]><kml>&j;</kml>", encoding="utf-8")
    for path, member in ((bombs[1], "doc.kml"), (bombs[2], "xl/workbook.xml")):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(member, "w") as stream:
            for _ in range(600):
                stream.write(b" " * (1 << 20))
    with bombs[3].open("wb") as stream:
        stream.truncate(5 << 30)  # sparse: takes no room on the disk
    bombs[4].write_text('{"a":' * 100_000, encoding="ascii")
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from siteplan.errors import LayerError
        from siteplan.layers.read import read_layer

        def peak():  # of this process alone: ru_maxrss would count that of its parent
            lines = Path("/proc/self/status").read_text().splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024

        before = peak()
        for path in sys.argv[1:]:
            try:
                read_layer(path, "townships", crs="EPSG:4490")
            except LayerError as error:
                print(error.path == path and bool(error.remedy))
        print(peak() - before)
    """)
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, bombs)],
        capture_output=True, text=True, check=True, env={**os.environ, "SITEPLAN_LANG": "en"},
    )  # fmt: skip
    *refusals, megabytes = done.stdout.split()
    assert refusals == ["True"] * len(bombs)
    assert int(megabytes) < 200


def test_whole_numbers_beyond_a_float_stay_exact_where_some_are_missing(tmp_path):
    number = 110101199001011234
    for name in ("a.gpkg", "a.geojson", "a.parquet", "a.fgb"):
        frame = towns(2).assign(证号=gpd.pd.array([number, None], dtype="Int64"))
        found, _ = read(write_layer(frame, tmp_path / name))
        assert int(found["证号"].iloc[0]) == number
        assert gpd.pd.isna(found["证号"].iloc[1])


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.fgb", "a.gdb", "a.parquet"])
def test_more_rows_than_any_county_has_are_refused_before_they_are_read(tmp_path, name, monkeypatch):
    path = made(tmp_path, name, towns(30))
    monkeypatch.setattr(files, "MOST_ROWS", 29)
    error = refused(path)
    assert "30 rows" in error.problem
    assert "county" in error.remedy


def test_a_parquet_that_would_unpack_to_too_much(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    towns(300).assign(x="0" * (1 << 17)).to_parquet(path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 1 << 17
    monkeypatch.setattr(files, "_MOST_UNPACKED", 8 << 20)
    assert "unpack to 38 MB" in refused(path).problem


def test_curves_become_lines_and_dates_stay_dates(tmp_path):
    """A circle of two arcs, as CAD draws it: CURVEPOLYGON of CIRCULARSTRING in WKB."""
    ring = struct.pack("<BII10d", 1, 8, 5, *(0, 0, 1, 1, 2, 0, 1, -1, 0, 0))
    circle = np.array([struct.pack("<BII", 1, 10, 1) + ring], dtype=object)
    path = tmp_path / "a.gpkg"
    pyogrio.raw.write(
        path, circle, [np.array(["a"], dtype=object), np.array(["2020-05-01"], dtype="datetime64[D]")], ["id", "日期"],
        geometry_type="Unknown", crs="EPSG:4547", driver="GPKG",
    )  # fmt: skip
    frame, repairs = read_layer(path, "boundary")
    assert frame.geometry.iloc[0].geom_type == "Polygon"
    assert frame.geometry.iloc[0].area == pytest.approx(np.pi, rel=1e-3)
    assert frame["日期"].tolist() == [dt.date(2020, 5, 1)]
    assert any("curves" in repair.what for repair in repairs)


def test_measures_are_dropped_and_said(tmp_path):
    point = np.array([struct.pack("<BI3d", 1, 2001, 500_000.0, 2_900_000.0, 7.0)], dtype=object)  # POINT M in WKB
    path = tmp_path / "a.gpkg"
    pyogrio.raw.write(
        path, point, [np.array(["a"], dtype=object)], ["id"], geometry_type="Unknown", crs="EPSG:4547", driver="GPKG"
    )
    frame, repairs = read_layer(path, "townships")
    assert frame.geometry.iloc[0].wkt == "POINT (500000 2900000)"
    assert any("measures (m) of 1" in repair.what for repair in repairs)


def test_a_geojson_that_is_no_layer(tmp_path):
    path = tmp_path / "a.geojson"
    for content in ({"a": 1}, {"type": "FeatureCollection", "features": []}, [1, 2]):
        path.write_text(json.dumps(content), encoding="utf-8")
        assert refused(path).remedy


def test_encoding_given_for_a_shapefile(tmp_path):
    path = made(tmp_path, "a.shp")
    assert "not in that encoding" in refused(path, options=FileOptions(encoding="big5")).problem
    assert read(path, options=FileOptions(encoding="UTF-8"))[0]["name"].tolist() == ["镇0", "镇1", "镇2"]


def test_rows_of_a_shapefile_that_are_marked_as_deleted_are_left_out_and_said(tmp_path):
    path = made(tmp_path, "a.shp")
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    start, length = (int.from_bytes(data[at : at + 2], "little") for at in (8, 10))
    data[start + length] = ord("*")  # the second row
    table.write_bytes(data)
    frame, repairs = read(path)
    assert frame["id"].tolist() == ["t0", "t2"]
    assert [(repair.row, repair.what) for repair in repairs if repair.kind == "repair"] == [
        ("row 2", "left out: the table marks it as deleted")
    ]


@pytest.mark.parametrize("part", ["A.dbf", "A.DBF", "a.Dbf", "a.Prj"])
def test_parts_of_a_shapefile_in_another_case_are_refused_and_not_missed(tmp_path, part):
    path = made(tmp_path, "a.shp")
    path.with_suffix(part[1:].casefold()).rename(tmp_path / part)
    error = refused(path)
    assert error.row == part
    assert error.remedy == f"rename it to a{part[1:].casefold()}"


def test_a_shapefile_in_capitals(tmp_path):
    path = made(tmp_path, "a.shp")
    for file in tmp_path.iterdir():
        file.rename(tmp_path / f"A{file.suffix.upper()}")
    assert read(path.with_name("A.SHP"))[0]["name"].tolist() == ["镇0", "镇1", "镇2"]


def test_a_parquet_without_geometry(tmp_path):
    path = tmp_path / "a.parquet"
    towns().drop(columns="geometry").to_parquet(path)
    assert "a table without geometry" in refused(path).problem


def test_a_geojson_in_gbk(tmp_path):
    path = made(tmp_path, "a.geojson")
    path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
    assert (refused(path).problem, refused(path).remedy) == (
        "the text is not in UTF-8",
        "export the layer again in UTF-8",
    )
