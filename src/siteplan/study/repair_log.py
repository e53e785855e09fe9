"""The repairs of a study as a table beside it, from which they can be undone: repairs.csv, and repairs.gpkg for a GIS."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import geopandas as gpd
from pyproj import CRS

from siteplan.errors import DataError
from siteplan.layers.crs import name_of
from siteplan.layers.mend_rows import shapes_before
from siteplan.layers.repair import Repair
from siteplan.layers.write import write_layer
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Sequence

TABLE, SHAPES = "repairs.csv", "repairs.gpkg"
"""Names of the two files in a study's folder."""

_COLUMNS = ("layer", "id", "problem", "done", "kind", "file", "original", "crs")


_LONGEST = 1 << 30
"""Characters of a cell: an outline of a million vertices has 32 million."""


def write_repairs(repairs: Sequence[Repair], folder: Path, crs: CRS) -> list[Path]:
    """Write repairs and findings beside a study: one row each, with what stood there before.

    Parameters
    ----------
    repairs : sequence of Repair
    folder : Path
    crs : CRS
        The study's, for the shapes.

    Returns
    -------
    list of Path
        ``repairs.csv`` (UTF-8 with a byte-order mark, so that spreadsheets show Chinese), and ``repairs.gpkg`` with the original
        shapes where repairs keep any.

    Raises
    ------
    DataError
        If the folder cannot be written to.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(_COLUMNS)
    for one in repairs:
        original = "" if one.original is None else json.dumps(dict(one.original), ensure_ascii=False)
        table.writerow([one.role, one.row, one.problem, one.what, one.kind, one.path, original, _system(one.crs)])
    written = [write_whole(folder / TABLE, text.getvalue().encode("utf-8-sig"))]
    shapes = [one for one in repairs if one.original is not None and one.original.get("geometry")]
    if shapes:
        written.append(write_layer(_shapes(shapes, crs), folder / SHAPES, "repairs"))
    else:
        (folder / SHAPES).unlink(missing_ok=True)
    return written


@cache
def _system(wkt: str) -> str:
    """Return the number of a system, or its WKT where it has none; "" stays."""
    name = name_of(CRS.from_wkt(wkt)) if wkt else ""
    return name if ":" in name else wkt


def _shapes(repairs: Sequence[Repair], crs: CRS) -> gpd.GeoDataFrame:
    columns = {
        "layer": [one.role for one in repairs],
        "id": [one.row for one in repairs],
        "problem": [one.problem for one in repairs],
        "done": [one.what for one in repairs],
    }
    return gpd.GeoDataFrame(columns, geometry=shapes_before(repairs, crs), crs=crs)


def write_whole(path: Path, data: bytes) -> Path:
    """Write a file whole or not at all.

    Raises
    ------
    DataError
        If it cannot be written; what stood there stands there still.
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            draft = Path(folder) / path.name
            draft.write_bytes(data)
            draft.replace(path)
    except OSError as error:
        raise DataError(
            _("the file cannot be written: {why}", why=error.strerror or str(error)),
            remedy=_("close it in other programs, or write to another folder"),
            path=path,
        ) from error
    return path


def read_repairs(path: Path) -> list[Repair]:
    """Read a table that :func:`write_repairs` wrote.

    Parameters
    ----------
    path : Path
        The file, or the folder that holds it.

    Raises
    ------
    DataError
        If it is missing or is no such table.
    """
    path = path / TABLE if path.is_dir() else path
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = _rows(file)
        return [_repair(row) for row in rows]
    except (OSError, UnicodeDecodeError, KeyError, ValueError, csv.Error) as error:
        raise DataError(
            _("no table of repairs: {why}", why=" ".join(str(error).split())),
            remedy=_("write it with siteplan check --save"),
            path=path,
        ) from error


def _rows(file: TextIO) -> list[dict[str, str]]:
    """Return the rows of a table whose cells may be long."""
    before = csv.field_size_limit(_LONGEST)
    try:
        return list(csv.DictReader(file))
    finally:
        csv.field_size_limit(before)


def _repair(row: dict[str, str]) -> Repair:
    kind = row["kind"]
    if kind not in ("repair", "note", "finding"):
        raise ValueError(kind)
    return Repair(
        role=row["layer"],
        path=row["file"],
        row=row["id"],
        what=row["done"],
        kind=kind,  # type: ignore[arg-type]
        problem=row["problem"],
        original=json.loads(row["original"]) if row["original"] else None,
        crs=_wkt(row["crs"]),
    )


@cache
def _wkt(system: str) -> str:
    return CRS.from_user_input(system).to_wkt() if system else ""
