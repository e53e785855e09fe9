"""A layer as a Shapefile: text in GBK, headings of ten bytes with a table of what they stand for, and nothing changed unseen."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyogrio

from siteplan.errors import DataError
from siteplan.layers.roles import ROLES
from siteplan.layers.shapefile import FIELDS_HEADINGS, fields_file
from siteplan.layers.writable import Kind, kind_of
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import geopandas as gpd

_NAME_BYTES = 10
_TEXT_BYTES = 254
_MOST_DIGITS = 18
_MOST_BYTES = 2**31 - 1
_MOST_FIELDS = 255
_LANGUAGE_BYTE, _GBK = 29, 0x4D


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of the table: its heading in the file, the column that it holds, and what became of its values."""

    field: str
    column: str
    kind: Kind
    note: str = ""


def write_shapefile(frame: gpd.GeoDataFrame, path: Path, named: Path) -> None:
    """Write a Shapefile with all its parts, read it again, and refuse it where a value is not what it was.

    Text is in GBK where GBK has all its characters, else in GB18030; the .cpg says which, and the language byte of the
    table says 936. Headings are cut at ten bytes, between characters, and made different by a number at their end;
    ``NAME.fields.csv`` beside it has the whole names. Times become text (ISO 8601), which that table says, so that
    they are read back as times; an empty text is a missing one.

    Parameters
    ----------
    frame : GeoDataFrame
    path : Path
        Where to write.
    named : Path
        The file that errors name.

    Raises
    ------
    DataError
        If a text is longer than 254 bytes, a number has too many digits, there are more than 255 columns, or a part
        would exceed 2 GiB.
    """
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    kinds = {str(name): kind_of(table[name], named) for name in table}
    codec = _codec(table, kinds)
    _check(table, kinds, codec, named)
    names = short_names(list(kinds), codec)
    fields = [
        Field(field=names[name], column=name, kind=kind, note=_note(table[name], kind)) for name, kind in kinds.items()
    ]
    out = frame.rename(columns=names)
    for field in fields:
        if field.kind == "time":
            out[field.field] = _iso(table[field.column])
        elif field.kind == "text":
            out[field.field] = out[field.field].replace("", None)
    pyogrio.write_dataframe(out, path, driver="ESRI Shapefile", encoding=codec.upper(), use_arrow=True)
    _say_language(path.with_suffix(".dbf"))
    _check_sizes(path, named)
    _check_same(out, path, codec, fields, named)
    _write_fields(fields, fields_file(path))


def _iso(values: pd.Series[Any]) -> pd.Series[Any]:
    return pd.Series(
        [None if value is pd.NaT else value.isoformat() for value in values], index=values.index, dtype=object
    )


def _note(values: pd.Series[Any], kind: Kind) -> str:
    if kind == "time":
        return _("time as text")
    if kind == "text" and values.eq("").any():
        return _("empty texts are missing ones")
    return ""


def _codec(table: pd.DataFrame, kinds: dict[str, Kind]) -> str:
    texts = [
        *kinds,
        *(text for name, kind in kinds.items() if kind == "text" for text in table[name].dropna().unique()),
    ]
    try:
        "".join(texts).encode("gbk")
    except UnicodeEncodeError:
        return "gb18030"
    return "gbk"


def short_names(names: Iterable[str], codec: str) -> dict[str, str]:
    """Return headings of at most ten bytes, all different whatever their case.

    >>> short_names(["主管部门名称", "主管部门电话", "id"], "gbk")
    {'主管部门名称': '主管部门名', '主管部门电话': '主管部门电', 'id': 'id'}
    >>> short_names(["cost_per_m2_yuan", "cost_per_m2_usd"], "gbk")
    {'cost_per_m2_yuan': 'cost_per_m', 'cost_per_m2_usd': 'cost_per_1'}
    """
    short: dict[str, str] = {}
    held: set[str] = set()
    whole = {name for name in names if len(name.encode(codec)) <= _NAME_BYTES}
    for name in sorted(names, key=lambda name: name not in whole):  # those that need no cut keep their names
        cut, k = _cut(name, _NAME_BYTES, codec), 0
        while cut.casefold() in held or not cut:
            k += 1
            cut = _cut(name, _NAME_BYTES - len(str(k)), codec) + str(k)
        short[name] = cut
        held.add(cut.casefold())
    return {name: short[name] for name in names}


def _cut(name: str, most: int, codec: str) -> str:
    """Return the beginning of a name that takes at most so many bytes, whole characters only."""
    while len(name.encode(codec)) > most:
        name = name[:-1]
    return name


def _check(table: pd.DataFrame, kinds: dict[str, Kind], codec: str, path: Path) -> None:
    if len(kinds) > _MOST_FIELDS:
        raise _refused(
            _("{n} columns are more than the {most} that Shapefile holds", n=len(kinds), most=_MOST_FIELDS), path
        )
    for name, kind in kinds.items():
        values = table[name].dropna()
        if kind == "text":
            long = [text for text in values.unique() if len(text.encode(codec)) > _TEXT_BYTES]
            if long:
                raise _refused(
                    _("{n} texts are longer than the 254 bytes that Shapefile holds", n=len(long)), path, str(name)
                )
        if kind == "int" and len(values) and max(abs(int(values.max())), abs(int(values.min()))) >= 10**_MOST_DIGITS:
            raise _refused(
                _("a number has more than the {n} digits that Shapefile holds", n=_MOST_DIGITS), path, str(name)
            )
        if kind == "float" and np.isinf(values.to_numpy(dtype=np.float64)).any():
            raise _refused(_("a number is infinite, which Shapefile does not hold"), path, str(name))


def _refused(problem: str, path: Path, row: str | None = None) -> DataError:
    return DataError(problem, remedy=_("write GeoPackage instead, or shorten it"), path=path, row=row)


def _say_language(table: Path) -> None:
    """Write the code page into the table too: programs that know no .cpg look there."""
    with table.open("r+b") as stream:
        stream.seek(_LANGUAGE_BYTE)
        stream.write(bytes([_GBK]))


def _check_sizes(path: Path, named: Path) -> None:
    for suffix in (".shp", ".dbf"):
        if path.with_suffix(suffix).stat().st_size > _MOST_BYTES:
            raise _refused(_("the {suffix} file would be larger than the 2 GiB of a Shapefile", suffix=suffix), named)


def _check_same(out: gpd.GeoDataFrame, path: Path, codec: str, fields: list[Field], named: Path) -> None:
    """Read what was written and compare each value: GDAL rounds and cuts without an error."""
    back = pyogrio.read_dataframe(path, encoding=codec.upper(), use_arrow=True)
    if len(back) != len(out) or list(back.columns[:-1]) != [field.field for field in fields]:
        raise _refused(_("the file does not hold all rows and columns that were written"), named)
    for field in fields:
        mine, theirs = out[field.field], back[field.field]
        if field.kind in {"int", "float", "bool"}:
            a, b = (values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan) for values in (mine, theirs))
            same = np.isclose(a, b, rtol=1e-14, atol=0.0, equal_nan=True)
        else:
            a, b = (values.astype(object).where(values.notna(), None).to_numpy() for values in (mine, theirs))
            same = np.array([x == y for x, y in zip(a, b, strict=True)], dtype=bool)
        if not same.all():
            k = int(np.flatnonzero(~same)[0])
            raise _refused(
                _("row {k}: {value} would become {other}", k=k + 1, value=repr(a[k]), other=repr(b[k])),
                named,
                field.column,
            )


def _write_fields(fields: list[Field], path: Path) -> None:
    known = {column.name: column for role in ROLES.values() for column in role.columns}
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(FIELDS_HEADINGS)
        for field in fields:
            column = known.get(field.column)
            zh, unit = (column.zh, column.unit) if column is not None else ("", "")
            writer.writerow([field.field, field.column, zh, unit, field.kind, field.note])
