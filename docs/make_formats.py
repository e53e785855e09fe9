# ruff: noqa: INP001 - a script beside the table that it writes
"""Write docs/formats.md: what each format makes of Chinese names and of each kind of value, on the way in and on the way out.

Every cell is a run: a file is made, read, and compared with what went in. ``tests/layers/test_formats_table.py`` holds that the file is as
written here. Run ``python docs/make_formats.py`` after a change.
"""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import shapely

from siteplan.errors import DataError
from siteplan.layers.formats import FORMATS, REGISTERS
from siteplan.layers.read import read_layer
from siteplan.layers.write import WRITTEN, write_layer
from siteplan.messages import set_language

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
CRS = "EPSG:4490"
AS_IT_IS, MISSING, CHANGED, REFUSED = "as it is", "missing", "CHANGED", "refused"
HEAD = """# Formats

What siteplan reads and writes, and what becomes of names and values on the way. This file is written by `docs/make_formats.py`: each cell is a run in
which a file was made, read and compared with what went in; a test holds that the file is what the run gives.

- **in**: a file that another program made (GDAL's driver, pyarrow, openpyxl, Python's csv), read by siteplan. What a format itself cannot hold was
  lost before siteplan saw it: a Shapefile has no times, a CSV has only text.
- **out, in**: written by siteplan, and read again.
- **as it is**: the same name, the same values, the same kind. **as text**, **as time**, **as 1 and 0**, **with a point**: the same values as another
  kind. **53 bits**, **to 15 digits**, **whole seconds**: rounded in the file already, as its format or the program that wrote it has it.
  **refused**: an error that names the column, and nothing is written. What siteplan does not write is marked "-".

Values: a field name of nine Chinese characters beside another that begins with the same eight; text with characters of GBK and of GB18030
alone; a date; a time with milliseconds; yes and no; a whole number of 18 digits; 0.1 + 0.2; text with comma, quotation marks and a line
break; and in each column a row without a value ("missing" says whether it stays one).

| format | ending | direction | {kinds} |
| --- | --- | --- | {rules} |
"""

KINDS: dict[str, dict[str, pd.Series[Any]]] = {
    "Chinese field names": {
        "安置点主管部门名称": pd.Series(["a", "b"]),
        "安置点主管部门名单": pd.Series(["c", "d"]),
    },
    "Chinese values": {"说明": pd.Series(["岩脚镇", "㐂村𠀀"])},
    "date": {"日期": pd.Series([dt.date(2020, 5, 1), None], dtype=object)},
    "time": {"时刻": pd.Series(pd.to_datetime(["2020-05-01T08:30:15.125", None]))},
    "bool": {"是否": pd.Series([True, False])},
    "int": {"整数": pd.Series([110101199001011234, -7])},
    "float": {"小数": pd.Series([0.1 + 0.2, np.nan])},
    "text": {"文字": pd.Series(["甲, \"乙\" '丙'\n丁", None])},
    MISSING: {
        "空文字": pd.Series(["甲", None]),
        "空日期": pd.Series([dt.date(2020, 5, 1), None], dtype=object),
        "空是否": pd.Series([True, None], dtype="boolean"),
        "空整数": pd.Series([110101199001011234, None], dtype="Int64"),
        "空小数": pd.Series([0.5, np.nan]),
    },
}
DRIVERS = {
    ".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf", ".kml": "LIBKML", ".gdb": "OpenFileGDB",
}  # fmt: skip
ENDINGS = (".gpkg", ".shp", ".geojson", ".parquet", ".fgb", ".kml", ".gdb", ".csv", ".xlsx")


class Row(NamedTuple):
    """One row of the table: what was found for each kind, and the errors of what was refused."""

    ending: str
    direction: str
    cells: dict[str, str]
    refusals: list[str]


def layer(columns: dict[str, pd.Series[Any]]) -> gpd.GeoDataFrame:
    """Return two points with an id and the given columns."""
    table = {"id": ["1a", "2b"], **columns}
    return gpd.GeoDataFrame(table, geometry=[shapely.Point(105.4, 26.2), shapely.Point(105.5, 26.3)], crs=CRS)


def made_elsewhere(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a layer as another program would, without siteplan."""
    ending = path.suffix
    if ending in DRIVERS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the format changes: the table tells
            encoding = {"encoding": "GB18030"} if ending == ".shp" else {}
            pyogrio.write_dataframe(frame, path, driver=DRIVERS[ending], use_arrow=True, **encoding)
    elif ending == ".parquet":
        frame.to_parquet(path)
    else:
        plain = pd.DataFrame(frame.drop(columns="geometry")).assign(经度=frame.geometry.x, 纬度=frame.geometry.y)
        plain = plain.astype(object).where(plain.notna(), None)
        write_register([list(plain.columns), *plain.to_numpy().tolist()], path)


def write_register(rows: list[list[Any]], path: Path) -> None:
    """Write rows as a CSV in GB18030, or as a workbook."""
    if path.suffix == ".csv":
        with path.open("w", encoding="gb18030", newline="") as stream:
            csv.writer(stream).writerows(rows)
        return
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell for cell in row])
    book.save(path)


def read_back(path: Path) -> pd.DataFrame:
    """Return a layer of two rows as siteplan reads it, in order of its ids."""
    crs = CRS if FORMATS[path.suffix] in REGISTERS else None
    return pd.DataFrame(read_layer(path, "barriers", crs=crs)[0]).sort_values("id").reset_index(drop=True)


def outcome(given: pd.Series[Any], found: pd.Series[Any]) -> str:
    """Return what became of a column, in the words of the table."""
    if (given.isna() != found.isna()).any():
        return CHANGED
    pairs = [(a, b) for a, b in zip(given.tolist(), found.tolist(), strict=True) if not pd.isna(a)]
    found_kinds = [words for words, same in WAYS if all(same(a, b) for a, b in pairs)]
    return found_kinds[0] if found_kinds else CHANGED


def _same(a: Any, b: Any) -> bool:
    whole = isinstance(a, int) and not isinstance(a, bool)
    if whole:
        return isinstance(b, int) and not isinstance(b, bool) and a == b
    if isinstance(a, float):
        return isinstance(b, float) and abs(a - b) <= abs(a) * 1e-15
    return type(a) is type(b) and a == b


def _as_text(a: Any, b: Any) -> bool:
    if not isinstance(b, str):
        return False
    if isinstance(a, dt.date):  # and times
        return pd.Timestamp(b) == pd.Timestamp(a)
    return b.casefold() == str(a).casefold()


def _as_time(a: Any, b: Any) -> bool:
    return isinstance(a, dt.date) and isinstance(b, pd.Timestamp) and b.tz is None and b == pd.Timestamp(a)


def _in_utc(a: Any, b: Any) -> bool:
    return (
        isinstance(a, dt.date)
        and isinstance(b, pd.Timestamp)
        and b.tz is not None
        and b.tz_localize(None) == pd.Timestamp(a)
    )


def _whole_seconds(a: Any, b: Any) -> bool:
    return isinstance(a, pd.Timestamp) and isinstance(b, pd.Timestamp) and b.tz_localize(None) == a.floor("s")


def _number(a: Any) -> bool:
    return isinstance(a, int) and not isinstance(a, bool)


WAYS = (
    (AS_IT_IS, _same),
    ("as time", _as_time),
    ("as time in UTC", _in_utc),
    ("whole seconds, in UTC", _whole_seconds),
    ("as 1 and 0", lambda a, b: isinstance(a, bool) and b in (0, 1)),
    ("with a point, 53 bits", lambda a, b: _number(a) and isinstance(b, float) and float(a) == b),
    ("to 15 digits", lambda a, b: _number(a) and isinstance(b, int | float) and abs(a - b) <= abs(a) * 1e-15),
    ("as text", _as_text),
)


def run(ending: str, direction: str, folder: Path) -> Row:
    """Make, read and compare one file for each kind of value."""
    cells, refusals = {}, []
    for kind, held in KINDS.items():
        path = folder / f"{direction.partition(',')[0]}-{kind.replace(' ', '-')}{ending}"
        without_dates = ending == ".fgb" and direction != "in" and kind == MISSING  # a date is refused, missing or not
        columns = {name: values for name, values in held.items() if not (without_dates and name == "空日期")}
        frame = layer(columns)
        try:
            if direction == "in":
                made_elsewhere(frame, path)
            else:
                write_layer(frame, path)
            back = read_back(path)
        except DataError as error:
            cells[kind] = REFUSED
            refusals.append(
                f"{FORMATS[ending]}, {direction}, {kind}: {error.problem}. {error.remedy[:1].upper()}{error.remedy[1:]}."
            )
            continue
        cells[kind] = told(kind, columns, back)
    return Row(ending, direction, cells, refusals)


def told(kind: str, columns: dict[str, pd.Series[Any]], back: pd.DataFrame) -> str:
    """Return the cell of one kind."""
    if kind == "Chinese field names":
        cut = [name for name in columns if name not in back]
        return AS_IT_IS if not cut else f"cut: {', '.join(str(name) for name in back if str(name).startswith('安置'))}"
    if kind == MISSING:
        stay = all(name in back and (columns[name].isna() == back[name].isna()).all() for name in columns)
        return AS_IT_IS if stay else CHANGED
    return next(outcome(values, back[name]) if name in back else CHANGED for name, values in columns.items())


def rows() -> Iterator[Row]:
    """Yield the rows of the table."""
    with tempfile.TemporaryDirectory() as name:
        for ending in ENDINGS:
            yield run(ending, "in", Path(name))
            if ending in WRITTEN:
                yield run(ending, "out, in", Path(name))
            else:
                yield Row(ending, "out, in", dict.fromkeys(KINDS, "-"), [])


def table() -> str:
    """Return the text of docs/formats.md."""
    set_language("en")
    try:
        found = list(rows())
    finally:
        set_language(None)
    lines = [
        f"| {FORMATS[row.ending]} | {row.ending} | {row.direction} | "
        + " | ".join(row.cells[kind] for kind in KINDS)
        + " |"
        for row in found
    ]
    text = HEAD.format(kinds=" | ".join(KINDS), rules=" | ".join("---" for _ in KINDS)) + "\n".join(lines) + "\n"
    refusals = [f"- {refusal}" for row in found for refusal in row.refusals]
    return text + ("\n## What is refused\n\n" + "\n".join(refusals) + "\n" if refusals else "")


if __name__ == "__main__":
    (ROOT / "docs" / "formats.md").write_text(table(), encoding="utf-8")
