"""A register as rows of cells, before anybody knows where its headings are: CSV of any usual kind."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.layers.encoding import found_encoding, given_encoding
from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.layers.repair import Place, Repair

Cell = Any
"""str, int, float, bool, date, datetime or None."""

MOST_ROWS = 1_048_576
"""Rows that a sheet of Excel has; a register is never longer."""

MOST_COLUMNS = 1_000
_MOST_BYTES = 64 << 20
_MOST_CELL = 32_767  # characters that a cell of Excel holds
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",\t;|"
_SAMPLE = 50


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The cells of a register.

    Parameters
    ----------
    rows : list of list
        Cells; ``None`` where there is nothing. Rows may be of different length.
    numbers : list of int
        Where each row stands in the file, from 1: a line of CSV, a row of a workbook.
    merged : list of (int, int, int, int)
        First row, first column, last row, last column of merged cells, from 0, in ``rows``.
    notes : list of Repair
        How the file was understood.
    """

    rows: list[list[Cell]]
    numbers: list[int]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    notes: list[Repair] = field(default_factory=list)


def too_large(place: Place, what: str) -> Exception:
    """Return the error for a register of absurd size."""
    return place.error(
        what, remedy=_("no register is that large: remove what does not belong to it, or save it as GeoPackage")
    )


def read_csv(path: Path, place: Place, encoding: str | None) -> Sheet:
    """Read a CSV: its encoding and its delimiter are found, a row that does not fit its headings is refused later.

    Parameters
    ----------
    path : Path
    place : Place
        What errors and notes name.
    encoding : str or None
        As study.toml says; None: a byte order mark, else UTF-8, else GB18030.

    Raises
    ------
    LayerError
        If it is too large, in no known encoding, or no CSV.
    """
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise too_large(place, _("the file has {mb} MB", mb=f"{size / 2**20:,.0f}"))
    data = path.read_bytes()
    codec, notes = _encoding(data, place, encoding)
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:  # a character that the end of its line cuts
        raise place.error(
            _("the text is not {codec} throughout: {why}", codec=codec, why=error.reason),
            remedy=_("correct this row, or export the file again as CSV in UTF-8"),
            row=_("row {k}", k=data.count(b"\n", 0, error.start) + 1),
        ) from error
    text = text.removeprefix("\ufeff")  # the mark of UTF-8 where the encoding is given, or that of GB18030
    if "\0" in text:
        raise place.error(
            _("the file is no text: it has zero bytes"),
            remedy=_("export it again as CSV"),
            row=_("row {k}", k=text[: text.index("\0")].count("\n") + 1),
        )
    delimiter = _delimiter(text)
    rows, numbers = _rows(text, delimiter, place)
    if rows and text[-1:] not in "\r\n" and len(rows) > 1 and len(rows[-1]) < len(rows[-2]):
        raise place.error(
            _(
                "the file is cut off: its last row has {n} cells and the one before {m}",
                n=len(rows[-1]),
                m=len(rows[-2]),
            ),
            remedy=_("copy or export it again"),
            row=_("row {k}", k=numbers[-1]),
        )
    if rows and text[-1:] not in "\r\n":
        notes.append(
            place.note(
                _("the last row has no end of line: see that the file is not cut off"), row=_("row {k}", k=numbers[-1])
            )
        )
    if delimiter != ",":
        notes.append(place.note(_("cells are divided by {sign}", sign=repr(delimiter))))
    return Sheet(rows=rows, numbers=numbers, notes=notes)


def _encoding(data: bytes, place: Place, given: str | None) -> tuple[str, list[Repair]]:
    mark = next((codec for bom, codec in _BOMS if data.startswith(bom)), None)
    if mark is not None and given is None:
        given_encoding(mark, [data], place)
        return mark, []
    lines = data.split(b"\n")
    return (
        (given_encoding(given, [data], place), []) if given is not None else found_encoding(lines, place, western=None)
    )


def _delimiter(text: str) -> str:
    """Return the sign that divides the first rows into most cells, of equal ones the one by which rows are alike."""
    head = text[: 1 << 18].splitlines()[:_SAMPLE]

    def cells(sign: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader(head, delimiter=sign) if row]
        middle = float(np.median(counts)) if counts else 0.0
        return middle, counts.count(int(middle))

    try:
        return max(_DELIMITERS, key=cells)
    except csv.Error:
        return ","


def _rows(text: str, delimiter: str, place: Place) -> tuple[list[list[Cell]], list[int]]:
    rows: list[list[Cell]] = []
    numbers: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    at = 1
    try:
        for cells in reader:
            if len(cells) > MOST_COLUMNS or len(rows) > MOST_ROWS:
                raise too_large(place, _("row {k} has {n} cells", k=at, n=len(cells)))
            rows.append([_cell(cell, at, place) for cell in cells])
            numbers.append(at)
            at = reader.line_num + 1
    except csv.Error as error:
        raise place.error(
            _("this is no CSV: {why}", why=str(error)),
            remedy=_("look for a quotation mark that is opened and not closed, or export the file again"),
            row=_("row {k}", k=at),
        ) from error
    return rows, numbers


def _cell(text: str, at: int, place: Place) -> str | None:
    if len(text) > _MOST_CELL:
        raise place.error(
            _("a cell has {n} characters", n=len(text)),
            remedy=_("look for a quotation mark that is opened and not closed"),
            row=_("row {k}", k=at),
        )
    return text.strip() or None
