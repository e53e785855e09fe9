"""A register as rows of cells: one sheet of a workbook, with its merged cells; formulas are never read as text."""

from __future__ import annotations

import datetime as dt
import lzma
import re
import warnings
import zipfile
import zlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from siteplan.errors import LayerError
from siteplan.layers.formats import check_markup
from siteplan.layers.names import nearest
from siteplan.layers.roles import ROLES
from siteplan.layers.sheet import MOST_COLUMNS, MOST_ROWS, Cell, Sheet, too_large
from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.layers.repair import Place

_MOST_CELLS = 3_000_000
_PEEK = 50
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+\d+:[A-Z]+\d+)"')
_HIDDEN = re.compile(rb'<(?:\w+:)?row\s(?=[^>]*?\bhidden="(?:1|true)")[^>]*?\br="(\d+)"[^>]*>')
_ZEROS = re.compile("00+")
_BLOCK, _OVERLAP = 1 << 20, 256


def read_workbook(path: Path, place: Place, sheet: str | None) -> Sheet:
    """Read a sheet of a workbook, row by row.

    Parameters
    ----------
    path : Path
        Its size has been checked.
    place : Place
        What errors and notes name.
    sheet : str or None
        Name of the sheet; None: the only one with cells, or the one named as the role or its Chinese name.

    Raises
    ------
    LayerError
        If it cannot be read or is too large, there is no such sheet, or a cell holds an error or a formula that no
        program has computed.
    """
    import openpyxl

    try:
        _check_members(path, place)
        with warnings.catch_warnings(), path.open("rb") as one, path.open("rb") as other:
            warnings.simplefilter("ignore")  # of styles and extensions that a register does not need
            written = openpyxl.load_workbook(one, read_only=True, data_only=False)
            computed = openpyxl.load_workbook(other, read_only=True, data_only=True)
            name, found = _chosen(written, sheet, place)
            rows, notes = _cells(written[name], computed[name], place)
            merged, hidden = _layout(path, written[name])
    except LayerError:
        raise
    except (LookupError, ValueError, TypeError, AttributeError, OSError, EOFError, SyntaxError, zipfile.BadZipFile,
            RuntimeError, zlib.error, lzma.LZMAError) as error:  # fmt: skip
        raise place.error(
            _("the file cannot be read: {why}", why=" ".join(str(error).split()) or type(error).__name__),
            remedy=_("open it in Excel or WPS to see whether it is whole, and save it again as .xlsx"),
        ) from error
    unseen = sum(at <= len(rows) and bool(rows[at - 1]) for at in hidden)
    if unseen:
        notes.append(_("{n} rows that are hidden in the sheet (by a filter, or by hand) are read as well", n=unseen))
    numbers = list(range(1, len(rows) + 1))
    return Sheet(rows=rows, numbers=numbers, merged=merged, notes=[place.note(text) for text in (*found, *notes)])


def _check_members(path: Path, place: Place) -> None:
    """Refuse a workbook whose XML declares entities."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.casefold().endswith((".xml", ".rels")):
                with archive.open(name) as stream:
                    check_markup(stream.read, place)


def _chosen(book: Any, wanted: str | None, place: Place) -> tuple[str, list[str]]:
    """Return the name of the sheet to read, and what to say of the choice."""
    names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if wanted is not None and wanted in names:
        return wanted, []
    if wanted is None:
        own = (place.role, ROLES[place.role].zh) if place.role in ROLES else ()
        named = next((name for name in names if name in own), None)
        if named is not None:
            return named, [_("the file has several sheets: read the one named {layer}", layer=named)] * (len(names) > 1)
        filled = [name for name in names if _has_cells(book[name])] if len(names) > 1 else names
        if len(filled) == 1:
            return filled[0], []
    near = nearest(wanted or place.role, names)
    problem = (
        _("the file has several sheets, and none is named")
        if wanted is None
        else _("the file has no sheet {layer}", layer=wanted)
    )
    raise place.error(
        problem,
        remedy=_("write under [layers.{role}] in study.toml: {line}; the file has: {layers}",
                 role=place.role, line=f'layer = "{near}"', layers=", ".join(names) or "-"),
        row=wanted,
    )  # fmt: skip


def _has_cells(sheet: Any) -> bool:
    sheet.reset_dimensions()
    return any(cell.value is not None for row in islice(sheet.iter_rows(), _PEEK) for cell in row)


def _cells(written: Any, computed: Any, place: Place) -> tuple[list[list[Cell]], list[str]]:
    """Return the rows of a sheet, the values of formulas as they were last computed."""
    from openpyxl.utils import get_column_letter

    for sheet in (written, computed):
        sheet.reset_dimensions()  # what a file says of its size may be wrong, and rows would be left out
    rows: list[list[Cell]] = []
    formulas: dict[str, int] = {}
    total = blank = 0
    for at, (row, values) in enumerate(zip(written.iter_rows(), computed.iter_rows(), strict=True), start=1):
        cells: list[Cell] = []
        for column, (cell, value) in enumerate(zip(row, values, strict=True), start=1):
            if cell.data_type == "f":
                letter = get_column_letter(column)
                formulas[letter] = formulas.get(letter, 0) + 1
                _check_computed(value, f"{letter}{at}", place)
            if value.data_type == "e":
                raise place.error(
                    _("the cell holds an error: {value}", value=value.value),
                    remedy=_("correct it in Excel or WPS, or empty the cell"),
                    row=f"{get_column_letter(column)}{at}",
                )
            cells.append(_value(value))
        while cells and cells[-1] is None:
            cells.pop()
        total, blank = total + len(cells), 0 if cells else blank + 1
        if total > _MOST_CELLS or at - blank > MOST_ROWS or len(cells) > MOST_COLUMNS or at > MOST_ROWS:
            raise too_large(place, _("the sheet has {n} cells in {rows} rows and more", n=f"{total:,}", rows=f"{at:,}"))
        rows.append(cells)
    del rows[len(rows) - blank :]
    if not formulas:
        return rows, []
    which = ", ".join(f"{letter} ({n})" for letter, n in formulas.items())
    return rows, [
        _("formulas in columns {columns}: read with the values of the last time they were computed", columns=which)
    ]


def _check_computed(value: Any, cell: str, place: Place) -> None:
    """Refuse a formula that no program has computed; one that gives an empty text has the type of text."""
    if value.value is None and value.data_type == "n":
        raise place.error(
            _("the cell holds a formula that no program has computed"),
            remedy=_("open the file in Excel or WPS and save it, or paste values over the formulas"),
            row=cell,
        )


def _value(cell: Any) -> Cell:
    value = cell.value
    if isinstance(value, int) and not isinstance(value, bool) and _ZEROS.fullmatch(cell.number_format or ""):
        return f"{value:0{len(cell.number_format)}d}"  # a code: 000000 shows 12 as 000012
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, dt.time | dt.timedelta):
        return str(value)
    return value


def _layout(path: Path, sheet: Any) -> tuple[list[tuple[int, int, int, int]], set[int]]:
    """Return the merged cells of a sheet, and the numbers of rows that it hides: openpyxl does not tell row by row."""
    from openpyxl.utils.cell import range_boundaries

    found: set[bytes] = set()
    hidden: set[int] = set()
    with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path) as stream:  # noqa: SLF001 - nothing public names it
        held = b""
        while block := stream.read(_BLOCK):
            held = held[-_OVERLAP:] + block
            found.update(_MERGED.findall(held))
            hidden.update(map(int, _HIDDEN.findall(held)))
    merged = []
    for ref in sorted(found):
        left, top, right, bottom = range_boundaries(ref.decode("ascii"))
        merged.append((top - 1, left - 1, bottom - 1, right - 1))
    return sorted(merged), hidden
