"""Read a layer from PostGIS: one read-only transaction with a time limit, bounded rows, its own SRID, in an order that does not change.

The driver is Arrow's own for PostgreSQL (docs/decisions/0020-postgis.md), the optional part ``siteplan[postgis]``.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from siteplan.layers.names import nearest
from siteplan.layers.postgis_table import SRID, WKB, by_content, digest, numbers, to_frame
from siteplan.layers.postgis_url import connection_url, has_password, scrubbed
from siteplan.layers.repair import Place, Repair, some
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import pyarrow as pa

MAX_ROWS = 5_000_000
"""Rows that a layer may have where study.toml says nothing else: some five times a large county's buildings."""

TIMEOUT_S = 300.0
"""Seconds for each statement where study.toml says nothing else."""

_DRIVERS_WORDS = re.compile(r"^[A-Z_]+: (.*ERROR: +|\[libpq\] Failed to connect: )")
"""What the driver puts before the words of the database."""

_SHAPES = ("geometry", "geography")
_KEPT = {"int2", "int4", "int8", "float4", "float8", "bool", "text", "varchar", "timestamp", "timestamptz"}
_CAST = {"date": "timestamp", "oid": "int8"}
_LEFT_OUT = {"bytea", "raster", *_SHAPES}
_NO_TABLE, _NO_COLUMN, _NO_RIGHT, _STOPPED, _READ_ONLY = "42P01", "42703", "42501", "57014", "25006"


@dataclass(frozen=True, kw_only=True)
class TableSource:
    """Where a layer of a database is, and how much of it may be read.

    Parameters
    ----------
    url : str
        ``postgresql://...``, as libpq takes it.
    table : str or None
        ``table`` or ``schema.table``, exactly as the database writes it; None: the table called as the role.
    query : str or None
        A SELECT to read instead of a table.
    geometry : str or None
        The column of the geometry; None: the only one.
    max_rows : int
        More rows than this are an error.
    timeout_s : float
        Seconds for each statement.
    """

    url: str
    table: str | None = None
    query: str | None = None
    geometry: str | None = None
    max_rows: int = MAX_ROWS
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, kw_only=True, eq=False)
class DatabaseTable:
    """What was read from a database, before it becomes a layer of a role.

    Parameters
    ----------
    frame : GeoDataFrame
        Every column that a layer can hold, in the CRS of its SRID (None where the SRID is 0), in the order of the primary key or, without
        one, in an order of the content.
    notes : tuple of Repair
        What was left out, and where the password stands.
    sha256 : str
        Of the content.
    path : str
        The address, without the password.
    """

    frame: gpd.GeoDataFrame
    notes: tuple[Repair, ...]
    sha256: str
    path: str


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    kind: str


def read_table(source: TableSource, place: Place) -> DatabaseTable:
    """Read a table, a view or a query.

    Parameters
    ----------
    source : TableSource
    place : Place
        What errors and notes name; its path must be masked already.

    Raises
    ------
    LayerError
        If the driver is not installed; the server, the database, the table, the column or the right to read is missing; the statement is stopped
        by its time limit; there are no rows or more than allowed; or the geometries have several SRIDs or one that the database does not define.
    """
    if source.query is not None and source.table is not None:
        raise place.error(
            _("both a table and a query are named"), remedy=_("keep one of the lines layer and query"), row="query"
        )
    with _transaction(source, place) as cursor:
        postgis = _postgis_schema(cursor, place)
        body = _body(cursor, source, place)
        columns = _columns(cursor, body, place)
        shape = _shape_column(columns, source, place)
        key = _key(cursor, source, place)
        table = _fetch(cursor, _select(body, columns, shape, postgis) + _order(key) + f" LIMIT {source.max_rows + 1}")
        if table.num_rows > source.max_rows:
            raise place.error(
                _("there are more than {n} rows", n=f"{source.max_rows:,}"),
                remedy=_('narrow it with query = "SELECT ... WHERE ...", or raise max_rows in [layers.{role}]',
                         role=place.role),
            )  # fmt: skip
        if not table.num_rows:
            raise place.error(
                _("the layer is empty"),
                remedy=_("draw at least one row, or remove [layers.{role}]", role=place.role),
                row=source.table,
            )
        crs = _crs(cursor, table, postgis, place)
    table = numbers(table, [column.name for column in columns if column.kind == "numeric"])
    table = table if key else by_content(table)
    notes = tuple(_notes(source, columns, shape, place))
    return DatabaseTable(frame=to_frame(table, crs, place), notes=notes, sha256=digest(table), path=place.path)


@contextmanager
def _transaction(source: TableSource, place: Place) -> Iterator[Any]:
    """Open one read-only transaction, and tell what goes wrong in it in words of ours, without the password."""
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi
    except ImportError as error:
        raise place.error(
            _("the driver for PostgreSQL is not installed"), remedy=_("install it: pip install 'siteplan[postgis]'")
        ) from error
    try:
        with dbapi.connect(connection_url(source.url, place)) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            for limit in ("statement_timeout", "lock_timeout"):
                cursor.execute(f"SET LOCAL {limit} = {max(1, round(source.timeout_s * 1000))}")
            yield cursor
            connection.rollback()
    except Error as error:
        # Not chained: the library's error may repeat the address.
        raise _told(error, source, place) from None


def _told(error: Any, source: TableSource, place: Place) -> Exception:
    """Return an error of the driver as one of ours."""
    why = _DRIVERS_WORDS.sub("", scrubbed(str(error).split("\n\nQuery was:")[0], source.url))
    state, row = getattr(error, "sqlstate", None), source.table or ("query" if source.query else None)
    if state is None:
        return place.error(
            _("the database cannot be reached: {why}", why=why),
            remedy=_("check host, port, database and user; the password may stand in PGPASSWORD or ~/.pgpass"),
        )
    if state == _STOPPED:
        return place.error(
            _("the database did not answer within {n} s", n=f"{source.timeout_s:g}"),
            remedy=_("narrow the query, or raise timeout_s in [layers.{role}]", role=place.role),
            row=row,
        )
    remedies = {
        _NO_COLUMN: _("correct the name in the query; the database writes it exactly so, capitals included"),
        _NO_TABLE: _("correct the name in the query; write schema.table where it is not in the search path"),
        _NO_RIGHT: _("ask the database's keeper for the right to read it (GRANT SELECT)"),
        _READ_ONLY: _("a layer is only read: let the query be one SELECT"),
    }
    remedy = remedies.get(state, _("try the query in psql or QGIS; it must be one SELECT without a semicolon"))
    return place.error(_("the database refuses: {why}", why=why), remedy=remedy, row=row)


def _rows(cursor: Any, query: str, *values: object) -> list[tuple[Any, ...]]:
    cursor.execute(query, values or None)
    return [tuple(row) for row in cursor.fetchall()]


def _quoted(name: str) -> str:
    """Return a name as SQL writes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def _postgis_schema(cursor: Any, place: Place) -> str:
    """Return the schema that PostGIS is installed in: it need not be in the search path."""
    found = _rows(
        cursor,
        "SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
        " WHERE e.extname = 'postgis'",
    )
    if not found:
        raise place.error(
            _("the database has no PostGIS"), remedy=_("name another database, or have CREATE EXTENSION postgis run")
        )
    return _quoted(str(found[0][0]))


def _body(cursor: Any, source: TableSource, place: Place) -> str:
    """Return what to select from: a quoted table that exists, or the query."""
    if source.query is not None:
        return f"({source.query.strip().rstrip(';')}\n) AS q"  # the line break ends a comment in the last line
    name = _table_name(source, place)
    if _rows(cursor, "SELECT to_regclass($1)::text", name)[0][0] is not None:
        return f"{name} AS q"
    tables = _rows(
        cursor,
        "SELECT DISTINCT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid"
        " WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND t.typname IN ('geometry', 'geography') ORDER BY 1",
    )
    known = [str(row[0]) for row in tables]
    wanted = source.table or place.role
    remedy = _("write layer = {line} in [layers.{role}]; tables with geometry: {known}",
               line=f'"{nearest(wanted, known) or "schema.table"}"', role=place.role, known=some(known, 20) or "-")  # fmt: skip
    raise place.error(_("the database has no table {name}", name=wanted), remedy=remedy, row=wanted)


def _table_name(source: TableSource, place: Place) -> str:
    parts = (source.table or place.role).split(".")
    if len(parts) > 2 or not all(parts):  # noqa: PLR2004 - schema and table
        raise place.error(
            _("layer = {name} names no table", name=f'"{source.table}"'),
            remedy=_("write it as table or schema.table, or use query for a name with a dot in it"),
            row=source.table,
        )
    return ".".join(map(_quoted, parts))


def _columns(cursor: Any, body: str, place: Place) -> list[_Column]:
    """Return the columns and their types as the database names them; no row is read."""
    names = cursor.adbc_execute_schema(f"SELECT * FROM {body}").names  # noqa: S608 - a quoted name, or the planner's own query
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise place.error(
            _("the query has two columns called {name}", name=twice[0]),
            remedy=_("name one of them otherwise (AS)"),
            row=twice[0],
        )
    kind_of = "(SELECT typname::text FROM pg_type WHERE oid = pg_typeof(q.{}))"
    types = ", ".join(kind_of.format(_quoted(name)) for name in names)
    empty = f"(SELECT 1) AS one LEFT JOIN LATERAL (SELECT * FROM {body} LIMIT 0) AS q ON true"  # noqa: S608 - as above
    kinds = _rows(cursor, f"SELECT {types} FROM {empty}")[0]  # noqa: S608 - as above
    return [_Column(name=name, kind=str(kind)) for name, kind in zip(names, kinds, strict=True)]


def _shape_column(columns: list[_Column], source: TableSource, place: Place) -> _Column:
    """Return the column of the geometry."""
    shapes = [column for column in columns if column.kind in _SHAPES]
    known = ", ".join(column.name for column in shapes)
    if source.geometry is not None:
        chosen = [column for column in shapes if column.name == source.geometry]
        if chosen:
            return chosen[0]
        raise place.error(
            _("there is no geometry column {name}", name=source.geometry),
            remedy=_("the geometry columns are: {known}", known=known or "-"),
            row=source.geometry,
        )
    if len(shapes) == 1:
        return shapes[0]
    if shapes:
        raise place.error(
            _("there are several geometry columns: {known}", known=known),
            remedy=_('write under [layers.{role}]: geometry = "{name}"', role=place.role, name=shapes[0].name),
        )
    raise place.error(
        _("there is no geometry column; the columns are {known}", known=some([column.name for column in columns], 20)),
        remedy=_("make points of coordinates in a query: {sql}",
                 sql="SELECT *, ST_SetSRID(ST_MakePoint(lon, lat), 4490) AS geom FROM ..."),
    )  # fmt: skip


def _select(body: str, columns: list[_Column], shape: _Column, postgis: str) -> str:
    """Return the statement: every column in a type that a layer can hold, the geometry as WKB beside its SRID."""
    wanted = []
    for column in columns:
        name = _quoted(column.name)
        if column.kind in _LEFT_OUT:
            continue
        cast = "" if column.kind in _KEPT else f"::{_CAST.get(column.kind, 'text')}"
        wanted.append(f"q.{name}{cast} AS {name}")
    geometry = f"q.{_quoted(shape.name)}::{postgis}.geometry"
    wanted += [
        f"{postgis}.ST_AsBinary({postgis}.ST_CurveToLine({geometry}), 'NDR') AS {_quoted(WKB)}",
        f"{postgis}.ST_SRID({geometry}) AS {_quoted(SRID)}",
    ]
    return f"SELECT {', '.join(wanted)} FROM {body}"  # noqa: S608 - quoted names only


def _key(cursor: Any, source: TableSource, place: Place) -> list[str]:
    """Return the columns of a table's primary key, none for a view or a query."""
    if source.query is not None:
        return []
    found = _rows(
        cursor,
        "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
        " AND a.attnum = ANY(i.indkey) WHERE i.indisprimary AND i.indrelid = to_regclass($1)"
        " ORDER BY array_position(i.indkey::int2[], a.attnum)",
        _table_name(source, place),
    )
    return [str(row[0]) for row in found]


def _order(key: list[str]) -> str:
    return " ORDER BY " + ", ".join(f"q.{_quoted(name)}" for name in key) if key else ""


def _fetch(cursor: Any, select: str) -> pa.Table:
    cursor.execute(select)
    return cursor.fetch_arrow_table().combine_chunks()


def _crs(cursor: Any, table: pa.Table, postgis: str, place: Place) -> CRS | None:
    """Return the CRS of the geometries' one SRID, None for 0, as the database itself defines it."""
    import pyarrow.compute as pc

    counts = {item["values"]: item["counts"] for item in pc.value_counts(table[SRID].drop_null()).to_pylist()}
    if len(counts) > 1:
        raise place.error(
            _(
                "the geometries have several SRIDs: {srids}",
                srids=", ".join(f"{k} ({n})" for k, n in sorted(counts.items())),
            ),
            remedy=_("bring them to one with a query (ST_Transform), or set the wrong ones right (ST_SetSRID)"),
        )
    srid = next(iter(counts), 0)
    if not srid:
        return None
    found = _rows(cursor, f"SELECT auth_name, auth_srid, srtext FROM {postgis}.spatial_ref_sys WHERE srid = $1", srid)  # noqa: S608
    for authority, number, text in found:
        for definition in (f"{authority}:{number}" if authority and number else "", text or ""):
            try:
                return CRS.from_user_input(definition) if definition else None
            except CRSError:
                continue
    raise place.error(
        _("the database does not define SRID {srid}", srid=srid),
        remedy=_("have it added to spatial_ref_sys, or set the right one with a query (ST_SetSRID)"),
        row=str(srid),
    )


def _notes(source: TableSource, columns: list[_Column], shape: _Column, place: Place) -> list[Repair]:
    left = [column.name for column in columns if column.kind in _LEFT_OUT and column is not shape]
    notes = []
    if left:
        notes.append(place.note(_("columns without a place in a layer were not read: {names}", names=", ".join(left))))
    if has_password(source.url):
        notes.append(
            place.note(
                _("the password of the database stands in study.toml: PGPASSWORD or ~/.pgpass keep it out of it")
            )
        )
    return notes
