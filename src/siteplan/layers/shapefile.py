"""The parts of a Shapefile: whether they are whole, and the names that its headings of ten bytes stand for."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.layers.encoding import sidecar
from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from siteplan.layers.repair import Place, Repair

FIELDS_SUFFIX = ".fields.csv"
"""End of the name of the table of field names beside a Shapefile, in place of ``.shp``."""

FIELDS_HEADINGS = ("field", "column", "zh", "unit", "kind", "note")
"""Headings of that table."""

_WORD = 2
_DELETED = ord("*")
_FILE_LENGTH = slice(24, 28)
_SHX_HEADER, _SHX_RECORD = 100, 8


def check_parts(path: Path, place: Place) -> None:
    """Refuse a Shapefile that lacks a part, or of which one is shorter than it says.

    GDAL reads such files without a word: rows are missing, or have no geometry.

    Raises
    ------
    LayerError
        Naming the part.
    """
    for suffix in (".dbf", ".shx"):
        if sidecar(path, suffix) is None:
            raise place.error(
                _("the Shapefile lacks its {suffix} file", suffix=suffix),
                remedy=_("copy all files of that name (.shp, .shx, .dbf, .prj) into the folder"),
                row=path.with_suffix(suffix).name,
            )
    for suffix in (".dbf", ".shx", ".prj"):
        part = sidecar(path, suffix)
        if part is not None and part.name not in (path.stem + suffix, path.stem + suffix.upper()):
            raise place.error(
                _(
                    "{part} and {shp} are written differently, and are not found to belong together",
                    part=part.name,
                    shp=path.name,
                ),
                remedy=_("rename it to {name}", name=path.stem + suffix),
                row=part.name,
            )
    table, index = sidecar(path, ".dbf"), sidecar(path, ".shx")
    assert table is not None
    assert index is not None
    for part in (path, index):
        with part.open("rb") as stream:
            said = int.from_bytes(stream.read(28)[_FILE_LENGTH], "big") * _WORD
        if part.stat().st_size < said:
            raise _cut_off(part, said, place)
    with table.open("rb") as stream:
        head = stream.read(12)
    count, start, length = (int.from_bytes(head[at], "little") for at in (slice(4, 8), slice(8, 10), slice(10, 12)))
    if table.stat().st_size < start + count * length:
        raise _cut_off(table, start + count * length, place)
    rows = (index.stat().st_size - _SHX_HEADER) // _SHX_RECORD
    if rows != count:
        raise place.error(
            _("{shx} has {n} rows and {dbf} has {m}", shx=index.name, n=rows, dbf=table.name, m=count),
            remedy=_("the parts are not of one Shapefile, or one is damaged: copy all of them again"),
            row=table.name,
        )


def rows_deleted(path: Path, place: Place) -> list[Repair]:
    """Return a repair for each row that the table marks as deleted: dBASE keeps such rows, and GDAL skips them."""
    table = sidecar(path, ".dbf")
    assert table is not None
    data = np.memmap(table, dtype=np.uint8, mode="r")
    count, start, length = (
        int.from_bytes(bytes(data[at]), "little") for at in (slice(4, 8), slice(8, 10), slice(10, 12))
    )
    marks = data[start : start + count * length : length] if length else data[:0]
    return [
        place.repair(_("left out: the table marks it as deleted"), row=_("row {k}", k=k + 1))
        for k in np.flatnonzero(marks == _DELETED).tolist()
    ]


def _cut_off(part: Path, said: int, place: Place) -> Exception:
    return place.error(
        _("{part} is cut off: it says that it has {said} bytes, and has {size}",
          part=part.name, said=said, size=part.stat().st_size),
        remedy=_("copy all files of the Shapefile again"),
        row=part.name,
    )  # fmt: skip


def fields_file(path: Path) -> Path:
    """Return the table of field names beside a Shapefile.

    >>> from pathlib import Path
    >>> fields_file(Path("a/sites.shp")).name
    'sites.fields.csv'
    """
    return path.with_name(path.stem + FIELDS_SUFFIX)


def with_whole_names(frame: gpd.GeoDataFrame, path: Path, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Give a Shapefile's columns the names that the table beside it has for its fields.

    Fields that the table does not know keep their names: somebody added them. Fields that the file lacks were
    deleted, which is said.

    Raises
    ------
    LayerError
        If the table cannot be read, or gives two fields one name.
    """
    file = fields_file(path)
    if not file.is_file():
        return frame, []
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
        names = {row["field"]: row["column"] for row in rows}
        times = [row["field"].casefold() for row in rows if row["kind"] == "time"]
    except (KeyError, UnicodeDecodeError, csv.Error) as error:
        raise place.error(
            _("{file} is not the table of field names that siteplan wrote", file=file.name),
            remedy=_("remove it, or write its headings as {headings}", headings=",".join(FIELDS_HEADINGS)),
            row=file.name,
        ) from error
    there = {heading.casefold(): heading for heading in map(str, frame.columns)}
    new = {there[field.casefold()]: name for field, name in names.items() if field.casefold() in there and name}
    whole = [new.get(str(name), str(name)) for name in frame.columns]
    twice = next((name for name in whole if whole.count(name) > 1), None)
    if twice is not None:
        raise place.error(
            _("{file} gives two fields the name {name}", file=file.name, name=twice),
            remedy=_("correct it, or remove it to read the fields under their own names"),
            row=file.name,
        )
    notes = []
    changed = {field: name for field, name in new.items() if field != name}
    if changed:
        pairs = ", ".join(f"{field} = {name}" for field, name in changed.items())
        notes.append(place.note(_("fields named as {file} says: {pairs}", file=file.name, pairs=pairs)))
    gone = [name for field, name in names.items() if field.casefold() not in there]
    if gone:
        notes.append(
            place.note(
                _("fields that {file} names are not in the file: {names}", file=file.name, names=", ".join(gone))
            )
        )
    for field in times:
        if field in there:
            frame = frame.assign(**{there[field]: _as_times(frame[there[field]])})
    return frame.rename(columns=new), notes


def _as_times(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return texts as times where all of them are; a text that somebody wrote otherwise stays what it is."""
    try:
        times: pd.Series[Any] = pd.to_datetime(values, format="ISO8601")
    except (ValueError, TypeError):
        return values
    return times
