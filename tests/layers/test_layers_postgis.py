"""Layers from a real PostgreSQL with PostGIS on loopback."""

import json
import traceback

import geopandas as gpd
import pytest
from county_folder import TOML, at, layers, make_county, run_here
from postgres_server import PASSWORD, READER_PASSWORD, serve
from pyproj import CRS

from siteplan.errors import LayerError
from siteplan.layers.postgis import TableSource, read_table
from siteplan.layers.postgis_url import masked
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place
from siteplan.study.study import open_study

pytestmark = pytest.mark.once

HOUSES = """CREATE TABLE public."建筑" (
    "编号" text PRIMARY KEY, "户数" integer, "面积" numeric(10,2), extra jsonb, tags text[], surveyed date, scan bytea,
    entrance gis.geometry(Point, 4547), geom gis.geometry(Polygon, 4547))"""


@pytest.fixture(scope="module")
def server():
    yield from serve()


def houses():
    frame = layers()["buildings"]
    return [
        f"""INSERT INTO public."建筑" VALUES ('{row.id}', {row.户数:g}, 64.25, '{{"a": 1}}', '{{x,y}}', '2024-05-06',
        '\\x00', NULL, gis.ST_GeomFromText('{row.geometry.wkt}', 4547))"""
        for row in frame.iloc[::-1].itertuples()
    ]


@pytest.fixture
def county(server):
    """The server, with the houses of the small county in a table of Chinese names."""
    drop = 'DROP TABLE IF EXISTS public."建筑"'
    server.run(drop, HOUSES, *houses())
    yield server
    server.run(drop)


def read(server, **source):
    url = source.pop("url", None) or server.url()
    return read_table(TableSource(url=url, **source), Place(role="buildings", path=masked(url)))


def refused(server, **source):
    """Return the error of a source, once nothing of it or behind it shows a password."""
    with pytest.raises(LayerError) as caught:
        read(server, **source)
    shown = "".join(traceback.format_exception(caught.value))
    for secret in (PASSWORD, "Geheim", READER_PASSWORD, "wrong-secret"):
        assert secret not in shown
    assert caught.value.exit_code == 3
    return caught.value


def test_a_table_is_read_as_it_stands(county):
    table = read(county, table="public.建筑", geometry="geom")
    frame = table.frame
    assert frame.crs == CRS("EPSG:4547")
    assert frame["编号"].tolist() == [f"h{k}" for k in range(1, 7)]  # the primary key's order, not the order of writing
    assert frame["户数"].tolist() == [100, 120, 130, 140, 110, 100]
    assert frame["面积"].dtype == "float64"
    assert frame["面积"].tolist() == [64.25] * 6
    assert (frame["extra"][0], frame["tags"][0], str(frame["surveyed"][0])[:10]) == ('{"a": 1}', "{x,y}", "2024-05-06")
    assert frame.geometry.geom_equals_exact(layers()["buildings"].geometry, 1e-9).all()
    assert "scan, entrance" in " ".join(note.what for note in table.notes)
    assert {"scan", "entrance"}.isdisjoint(frame.columns)
    layer, _ = read_layer(table, "buildings")
    assert layer["households"].tolist() == [100, 120, 130, 140, 110, 100]
    assert layer["id"].tolist() == [f"h{k}" for k in range(1, 7)]


def test_a_query_makes_points_of_coordinates_in_the_datum_it_names(server):
    query = """SELECT n AS id, 106.5 + n * 0.001 AS lon, gis.ST_SetSRID(gis.ST_MakePoint(106.5 + n * 0.001, 26.5, 9), 4490)
        AS g FROM generate_series(1, 3) AS n -- a comment at the end;"""
    frame = read(server, query=query).frame
    assert frame.crs == CRS("EPSG:4490")
    assert sorted(frame.geometry.x.round(6)) == [106.501, 106.502, 106.503]
    assert frame["lon"].round(6).tolist() == frame.geometry.x.round(6).tolist()
    assert frame.geometry.z.tolist() == [9, 9, 9]


def test_large_numbers_beside_gaps_are_not_rounded_and_rows_without_geometry_are_named(server):
    shape = "gis.ST_SetSRID(gis.ST_MakePoint(1, 2), 4547)"
    query = f"SELECT 'a' AS id, 9007199254740993 AS code, 7::bigint AS n, {shape} AS g UNION ALL SELECT 'b', NULL, NULL, {shape}"
    frame = read(server, query=query).frame.set_index("id")
    assert frame.loc["a", "code"] == "9007199254740993"
    assert frame.loc["a", "n"] == 7
    table = read(server, query=f"SELECT 'a' AS id, {shape} AS g UNION ALL SELECT 'b', NULL")
    assert table.frame.crs == CRS("EPSG:4547")
    with pytest.raises(LayerError) as caught:
        read_layer(table, "boundary")
    assert caught.value.row == "b"


def test_numeric_codes_of_18_digits_are_not_rounded_and_counts_stay_numbers(server):
    shape = "gis.ST_SetSRID(gis.ST_MakePoint(105, 26), 4490) AS geom"
    rows = "(VALUES (610928199901011235::numeric(20,2), 3.5::numeric), (610928199901011236, NULL)) AS v(id, n)"
    found = read(server, query=f"SELECT v.id, v.n AS households, {shape} FROM {rows}")
    layer, _repairs = read_layer(found, "buildings")
    assert sorted(layer["id"]) == ["610928199901011235", "610928199901011236"]
    assert sorted(layer["households"].dropna()) == [3.5]


def test_a_table_without_rows_is_called_empty(server):
    query = "SELECT 1 AS id, gis.ST_SetSRID(gis.ST_MakePoint(105, 26), 4490) AS geom WHERE false"
    assert refused(server, query=query).problem == "the layer is empty"


def test_geography_and_curves_are_shapes_too(server):
    geography = "SELECT 1 AS id, 'POINT(106 26)'::gis.geography AS g"
    assert read(server, query=geography).frame.crs == CRS("EPSG:4326")
    curve = (
        "SELECT 1 AS id, gis.ST_GeomFromText('CURVEPOLYGON(CIRCULARSTRING(0 0, 10 0, 10 10, 0 10, 0 0))', 4547) AS g"
    )
    shape = read(server, query=curve).frame.geometry.iloc[0]
    assert shape.geom_type == "Polygon"
    assert shape.area == pytest.approx(3.141592653589793 * 50, rel=0.001)
    assert "kind that layers do not have" in refused(
        server, query="SELECT 1 AS id, gis.ST_GeomFromText('TIN(((0 0 0, 0 0 1, 0 1 0, 0 0 0)))', 4547) AS g"
    ).problem.replace("\n", " ")


def test_rows_without_a_key_come_in_one_order_and_with_one_digest(server):
    rows = [f"SELECT '{k}' AS name, gis.ST_SetSRID(gis.ST_MakePoint({k}, 1), 4547) AS g" for k in range(20)]
    one, other = " UNION ALL ".join(rows), " UNION ALL ".join(reversed(rows))
    first, second = read(server, query=one), read(server, query=other)
    assert first.frame.equals(second.frame)
    assert first.sha256 == second.sha256
    changed = read(server, query=one.replace("'7' AS", "'8' AS"))
    moved = read(server, query=one.replace("MakePoint(7, 1)", "MakePoint(7, 1.001)"))
    assert len({first.sha256, changed.sha256, moved.sha256}) == 3


def test_srids_are_taken_as_the_database_defines_them_or_refused(server):
    point = "SELECT 1 AS id, gis.ST_SetSRID(gis.ST_MakePoint(0, 0), {}) AS g"
    none = read(server, query=point.format(0))
    assert none.frame.crs is None
    with pytest.raises(LayerError, match="no coordinate system") as caught:
        read_layer(none, "facilities", defaults={"type": "library"})
    assert caught.value.row == "crs"
    frame, _ = read_layer(none, "facilities", defaults={"type": "library"}, crs="EPSG:4547")
    assert frame.crs == CRS("EPSG:4547")
    both = f"{point.format(4547)} UNION ALL {point.format(4490)} UNION ALL {point.format(4490)}"
    assert "4490 (2), 4547 (1)" in refused(server, query=both).problem
    assert "does not define SRID 777777" in refused(server, query=point.format(777777)).problem
    own = CRS("+proj=tmerc +lon_0=106.55 +x_0=500000 +ellps=GRS80 +units=m").to_wkt("WKT1_GDAL").replace("'", "''")
    server.run(
        f"INSERT INTO gis.spatial_ref_sys (srid, auth_name, auth_srid, srtext) VALUES (990001, 'county', 1, '{own}')"
    )
    try:
        crs = read(server, query=point.format(990001)).frame.crs
        assert crs.coordinate_operation.params[1].value == 106.55
    finally:
        server.run("DELETE FROM gis.spatial_ref_sys WHERE srid = 990001")


def test_what_is_missing_is_named(county):
    # contract: C9
    assert "cannot be reached" in refused(county, url="postgresql://planner:wrong-secret@127.0.0.1:9/county").problem
    assert '"nix" does not exist' in refused(county, url=county.url("nix")).problem
    assert "password authentication failed" in refused(county, url=county.url(password="wrong-secret")).problem
    error = refused(county, table="建筑物")
    assert error.row == "建筑物"
    assert 'layer = "public.建筑"' in error.remedy
    assert "no table buildings" in refused(county).problem  # no table named: the one called as the role
    assert "capitals included" in refused(county, query="SELECT nix FROM public.建筑").remedy
    assert "entrance, geom" in refused(county, table="建筑").problem
    assert "entrance, geom" in refused(county, table="建筑", geometry="g").remedy
    assert "no geometry column" in refused(county, query="SELECT 1 AS id").problem
    assert "two columns called id" in refused(county, query="SELECT 1 AS id, 2 AS id").problem
    assert "names no table" in refused(county, table="a.b.c").problem
    assert "has no PostGIS" in refused(county, url=county.url("bare"), query="SELECT 1").problem
    assert "both a table and a query" in refused(county, table="a", query="SELECT 1").problem
    reader = county.url(user="reader", password=READER_PASSWORD)
    assert "GRANT SELECT" in refused(county, url=reader, table="建筑", geometry="geom").remedy


def test_a_database_in_the_old_chinese_encoding_is_read_too(server):
    server.run("CREATE DATABASE old ENCODING 'EUC_CN' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    server.run(
        "CREATE EXTENSION postgis",
        'CREATE TABLE "建筑" ("编号" text PRIMARY KEY, geom geometry(Point, 4547))',
        "INSERT INTO \"建筑\" VALUES ('一号楼', ST_SetSRID(ST_MakePoint(1, 2), 4547))",
        database="old",
    )
    assert read(server, url=server.url("old"), table="建筑").frame["编号"].tolist() == ["一号楼"]


def test_the_databases_own_words_are_told_without_the_drivers(county):
    problem = refused(county, query="SELECT nix FROM public.建筑").problem
    assert problem.startswith('the database refuses: column "nix" does not exist')
    assert "database cannot be reached: connection to server" in refused(county, url=county.url("nix")).problem


def test_a_name_is_a_name_and_no_sql(county):
    error = refused(county, table='建筑"; DROP TABLE public."建筑', geometry="geom")
    assert "no table" in error.problem
    assert len(read(county, table="建筑", geometry="geom").frame) == 6


def test_rows_and_time_have_bounds(county):
    assert len(read(county, table="建筑", geometry="geom", max_rows=6).frame) == 6
    assert "more than 5 rows" in refused(county, table="建筑", geometry="geom", max_rows=5).problem
    slow = "SELECT 1 AS id, pg_sleep(30)::text, gis.ST_MakePoint(0, 0) AS g"
    assert "did not answer within 0.2 s" in refused(county, query=slow, timeout_s=0.2).problem


def test_nothing_is_written(county):
    county.run(
        "CREATE OR REPLACE FUNCTION public.spoil() RETURNS integer LANGUAGE sql AS"
        " 'DELETE FROM public.建筑; SELECT 1'"
    )  # fmt: skip
    shape = "gis.ST_SetSRID(gis.ST_MakePoint(0, 0), 4547) AS g"
    assert "only read" in refused(county, query=f"SELECT public.spoil() AS id, {shape}").remedy
    off = f"SELECT set_config('transaction_read_only', 'off', true) AS id, public.spoil() AS n, {shape}"
    assert "read-write mode must be set before any query" in refused(county, query=off).problem
    assert "refuses" in refused(county, query="SELECT 1) AS q; DELETE FROM public.建筑; SELECT (1").problem
    assert len(read(county, table="建筑", geometry="geom").frame) == 6


def test_the_password_may_stand_outside(county, monkeypatch, tmp_path):
    url = county.url(password="")
    assert "no password supplied" in refused(county, url=url, table="建筑", geometry="geom").problem
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert read(county, url=url, table="建筑", geometry="geom").notes[-1].what.startswith("columns without")
    monkeypatch.delenv("PGPASSWORD")
    pgpass = tmp_path / "pgpass"
    pgpass.write_text(f"127.0.0.1:{county.port}:*:planner:{PASSWORD.replace(':', chr(92) + ':')}\n", encoding="utf-8")
    pgpass.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(pgpass))
    assert len(read(county, url=url, table="建筑", geometry="geom").frame) == 6
    monkeypatch.delenv("PGPASSFILE")
    service = tmp_path / "services"
    lines = (f"host=127.0.0.1\nport={county.port}\ndbname=county\nuser=planner\n", f"password={PASSWORD}\n")
    service.write_text("[county]\n" + "".join(lines), encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    assert len(read(county, url="postgresql://?service=county", table="建筑", geometry="geom").frame) == 6


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://planner:wrong%secret@127.0.0.1/county",
        "postgresql://planner:wrong-secret/x@127.0.0.1/county",
        "postgresql://planner:wrong-secret?x@127.0.0.1/county",
        "postgresql://planner:wrong-secret@x@127.0.0.1/county",
        "postgresql://127.0.0.1/county?user=planner&password=wrong-secret@x",
        "postgresql://planner:wrong-secret x@127.0.0.1/county",
        "postgresql+psycopg2://planner:wrong-secret@127.0.0.1/county",
        "PG:host=127.0.0.1 user=planner password=wrong-secret",
    ],
)
def test_a_malformed_address_is_not_handed_on_and_not_shown(url):
    with pytest.raises(LayerError, match="malformed") as caught:
        read_table(TableSource(url=url), Place(role="buildings", path=masked(url)))
    assert "secret" not in "".join(traceback.format_exception(caught.value))


def toml(server, url=None):
    lines = f'path = "{url or server.url()}"\nlayer = "建筑"\ngeometry = "geom"'
    return TOML.replace('path = "layers.gpkg"\nlayer = "buildings"', lines)


def test_a_study_on_a_database_is_planned_audited_and_never_shows_the_password(county, tmp_path, capsys, caplog):
    # contract: C19
    caplog.set_level("DEBUG")
    folder = make_county(tmp_path, toml=toml(county))
    study = open_study(folder)
    source = study.layers.sources["buildings"]
    assert (source.path, source.layer) == (f"postgresql://planner:***@127.0.0.1:{county.port}/county", "建筑")
    assert "password of the database stands in study.toml" in str(study.layers.repairs)
    outputs = [
        repr(study),
        repr(study.settings),
        str(study.settings),
        repr(study.layers),
        study.settings.model_dump_json(),
    ]
    for words in (("check", folder), ("check", folder, "--json"), ("solve", folder)):
        done = run_here(capsys, *words)
        assert done.code in {0, 4}, done.text
        outputs += [done.out, done.err]
    plan = (folder / "base.gpkg").read_bytes()
    assert PASSWORD.encode() not in plan
    assert b"Geheim" not in plan
    assert b"planner:***@" in plan
    assert not any("Geheim" in text for text in (*outputs, caplog.text))
    changed = "the table has changed since the plan was made"
    before = run_here(capsys, "audit", folder / "base.gpkg", "--json").json
    county.run("""UPDATE public."建筑" SET "面积" = 65 WHERE "编号" = 'h1'""")
    after = run_here(capsys, "audit", folder / "base.gpkg", "--json").json
    assert changed not in json.dumps(before)
    assert changed in json.dumps(after)
    assert "Geheim" not in json.dumps((before, after))


def test_bad_databases_end_with_exit_code_3_and_a_hidden_password(county, tmp_path, capsys):
    for url in (county.url("nix"), "postgresql://planner:Geheim%zz@127.0.0.1/county"):
        done = run_here(capsys, "check", make_county(tmp_path, toml=toml(county, url)))
        assert done.code == 3
        assert "planner:***@127.0.0.1" in done.text
        assert "Geheim" not in done.text
    broken = toml(county).replace('geometry = "geom"', "geometry = geom").replace(f'"{county.url()}"', county.url())
    done = run_here(capsys, "check", make_county(tmp_path, toml=broken))
    assert (done.code, "Geheim" in done.text) == (3, False)
    as_text = TOML.replace('[layers.buildings]\npath = "layers.gpkg"\nlayer = "buildings"', "")
    as_text = as_text.replace('columns = { households = "户数" }\n', "") + f'\n[layers]\nbuildings = "{county.url()}"\n'
    done = run_here(capsys, "check", make_county(tmp_path, toml=as_text))
    assert (done.code, "Geheim" in done.text) == (3, False)


def test_keys_for_databases_are_refused_on_files_and_rasters_in_databases(tmp_path, capsys):
    spoilt = TOML.replace('layer = "buildings"', 'layer = "buildings"\nquery = "SELECT 1"')
    done = run_here(capsys, "check", make_county(tmp_path, toml=spoilt))
    assert done.code == 3
    assert "query is for layers of a database" in done.text
    spoilt = TOML.replace('path = "layers.gpkg"\nlayer = "buildings"', 'path = "postgresql://db/x"\nencoding = "gbk"')
    done = run_here(capsys, "check", make_county(tmp_path, toml=spoilt))
    assert (done.code, "encoding is for files, and path names a database" in done.text) == (3, True)
    done = run_here(capsys, "check", make_county(tmp_path, toml=TOML + '\n[layers.dem]\npath = "postgresql://db/x"\n'))
    assert done.code == 3
    assert "rasters are not read from databases" in done.text


def test_without_the_driver_the_remedy_is_said(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "adbc_driver_postgresql", None)
    with pytest.raises(LayerError, match=r"pip install 'siteplan\[postgis\]'"):
        read_table(TableSource(url="postgresql://db/x"), Place(role="buildings", path="x"))


def test_points_lie_where_the_files_points_lie(county, tmp_path):
    """The same houses from the file and from the database are the same layer."""
    from_file = open_study(make_county(tmp_path)).layers.get("buildings")
    from_table = open_study(make_county(tmp_path, toml=toml(county))).layers.get("buildings")
    assert isinstance(from_table, gpd.GeoDataFrame)
    assert from_table.geometry.geom_equals_exact(from_file.geometry, 1e-6).all()
    assert from_table["households"].tolist() == from_file["households"].tolist()
    assert from_table.geometry.iloc[0].contains(at(100, 510))
