"""A register (CSV or XLSX) as a table: headings below titles, merged cells, totals and remarks told from rows."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from siteplan.layers.aliases import PLACES, headings, plain
from siteplan.layers.formats import FORMATS
from siteplan.layers.register_head import Head, find_head
from siteplan.layers.roles import ROLES
from siteplan.layers.sheet import Cell, Sheet, read_csv, too_large
from siteplan.layers.workbook import read_workbook
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from siteplan.layers.repair import Place, Repair

_TOTAL = re.compile(r"(.*)(合计|总计|小计|共计|累计|total|subtotal)数?[:：]?(\(.*\))?", re.IGNORECASE)
_REMARK = re.compile(r"\(?(注|备注|说明|填表|制表|单位|数据来源|来源|填报|审核|联系)")
_FORMULA = re.compile(r"=|[@+\-]\s*[A-Za-z]+\s*\(")
_QUOTED = re.compile(r'="(.*)"')
_FIRST_CELLS = 3
_MOST_FILLED = 3_000_000


def read_register(
    path: Path,
    place: Place,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    heading_row: int | None = None,
    wanted: Sequence[str] = (),
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[pd.DataFrame, list[Repair]]:
    """Read a register as a table.

    Parameters
    ----------
    path : Path
        A .csv, .xlsx or .xlsm; see siteplan.layers.formats.format_of for what is checked before.
    place : Place
        The layer, or what else errors and notes are to name.
    sheet : str, optional
        Sheet of a workbook.
    encoding : str, optional
        Encoding of a CSV; None: found.
    heading_row : int, optional
        Row of the headings in the file, from 1; None: the one with most headings that are known.
    wanted : sequence of str
        Headings that the study names.
    aliases : mapping of str to sequence of str, optional
        The study's own headings by column.

    Returns
    -------
    table : DataFrame
        One row for each of the register, by its number in the file; text cells of a CSV stay text. Rows of totals,
        remarks and blank rows are left out; a text in cells merged downwards stands in each row, a number in the first.
    notes : list of Repair
        What was left out (repairs), and how the file was understood (notes).

    Raises
    ------
    LayerError
        Naming row or cell: no headings, a row with more cells than headings, a formula without a value, ...
    """
    is_csv = FORMATS[path.suffix.casefold()] == "CSV"
    cells = read_csv(path, place, encoding) if is_csv else read_workbook(path, place, sheet)
    _fill_merged(cells, place)
    head = find_head(cells, _known(place, wanted, aliases), heading_row, place, exact=is_csv)
    notes = [*cells.notes, *head.notes]
    body = _body(cells, head, place, exact=is_csv)
    if is_csv:
        notes += _without_formulas(body, head, place)
    notes += body.notes
    if not body.rows:
        raise place.error(
            _("the register has no rows below its headings"),
            remedy=_("write the row of the headings under [layers.{role}]: {line}",
                     role=place.role, line="heading_row = 2"),
        )  # fmt: skip
    columns = {name: _series([row[at] for row in body.rows]) for at, name in head.names.items()}
    table = pd.DataFrame(columns)
    table.index = pd.Index(body.numbers, name="row")
    return table, notes


def _known(place: Place, wanted: Sequence[str], aliases: Mapping[str, Sequence[str]] | None) -> set[str]:
    """Return every heading, in one form, that a register of this role may have."""
    roles = [ROLES[place.role]] if place.role in ROLES else list(ROLES.values())
    names = {role.name for role in roles}
    known = {entry.heading for entry in headings() if entry.role in names or not entry.role}
    known |= {text for role in roles for column in role.columns for text in (column.name, column.zh) if text}
    known |= {"id", "编号", *PLACES, *wanted, *(name for more in (aliases or {}).values() for name in more)}
    return {plain(name) for name in known}


def _fill_merged(sheet: Sheet, place: Place) -> None:
    """Repeat a text in every row of cells merged downwards; a number stays in the first, or sums would grow."""
    filled = 0
    numbers = []
    for top, left, bottom, _right in sheet.merged:
        if bottom == top or top >= len(sheet.rows) or left >= len(sheet.rows[top]):
            continue
        value = sheet.rows[top][left]
        if not isinstance(value, str):
            numbers += [] if value is None else [sheet.numbers[top]]
            continue
        for row in sheet.rows[top + 1 : bottom + 1]:
            row.extend([None] * (left + 1 - len(row)))
            if row[left] is None:
                row[left] = value
            filled += 1
            if filled > _MOST_FILLED:
                raise too_large(place, _("more than {n} cells are merged", n=f"{_MOST_FILLED:,}"))
    if numbers:
        rows = ", ".join(map(str, numbers[:5])) + (", ..." if len(numbers) > 5 else "")  # noqa: PLR2004 - a few to look at
        sheet.notes.append(
            place.note(
                _(
                    "numbers in merged cells count for their first row alone, the others stay empty: rows {rows}",
                    rows=rows,
                )
            )
        )


@dataclass
class _Body:
    """The rows below the headings."""

    rows: list[list[Cell]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    notes: list[Repair] = field(default_factory=list)


def _body(sheet: Sheet, head: Head, place: Place, *, exact: bool) -> _Body:
    """Return the rows that are rows, each as wide as the table; ``exact``: more cells than headings are an error."""
    body = _Body()
    totals: list[tuple[int, list[Cell]]] = []
    for row, number in zip(sheet.rows[head.below :], sheet.numbers[head.below :], strict=True):
        filled = [cell for cell in row if cell is not None]
        if not filled:
            continue
        where = _("row {k}", k=number)
        if exact and any(cell is not None for cell in row[head.width :]):
            raise place.error(
                _("the row has {n} cells, and there are {m} headings", n=len(row), m=head.width),
                remedy=_("put a cell that holds the dividing sign itself into quotation marks"),
                row=where,
            )
        wide = [*row[: head.width], *[None] * (head.width - len(row))]
        first = [cell for cell in wide if cell is not None][:_FIRST_CELLS]
        total = next((cell for cell in first if isinstance(cell, str) and _TOTAL.fullmatch(plain(cell))), None)
        if total is not None:
            totals.append((number, wide))
            body.notes.append(place.repair(_("a row of totals ({text}) left out", text=total), row=where))
        elif (
            len(filled) == 1 and len(head.names) > 1 and isinstance(filled[0], str) and _REMARK.match(plain(filled[0]))
        ):
            body.notes.append(place.repair(_("a remark left out: {text}", text=filled[0]), row=where))
        else:
            body.rows.append(wide)
            body.numbers.append(number)
    body.notes += _totals_that_differ(totals, body.rows, head, place)
    return body


def _totals_that_differ(
    totals: list[tuple[int, list[Cell]]], rows: list[list[Cell]], head: Head, place: Place
) -> list[Repair]:
    """Return notes on columns whose sum is not what the grand total at the end of the register says."""
    grand = [
        (number, row)
        for number, row in totals
        if any(plain(str(cell)).startswith(("合计", "总计", "共计", "total")) for cell in row)
    ]
    if len(grand) != 1:
        return []
    number, total = grand[0]
    notes = []
    for at, name in head.names.items():
        said, values = _as_number(total[at]), [_as_number(row[at]) for row in rows if row[at] is not None]
        if said is None or not values or any(value is None for value in values):
            continue
        found = sum(value for value in values if value is not None)
        if abs(found - said) > 1e-6 * max(1.0, abs(said)):
            what = _("{column}: the rows sum to {found}, the row of totals says {said}",
                     column=name, found=f"{found:g}", said=f"{said:g}")  # fmt: skip
            notes.append(place.note(what, row=_("row {k}", k=number)))
    return notes


def _as_number(cell: Cell) -> float | None:
    if isinstance(cell, bool) or cell is None:
        return None
    if isinstance(cell, int | float):
        return float(cell)
    try:
        return float(cell) if isinstance(cell, str) else None
    except ValueError:
        return None


def _without_formulas(body: _Body, head: Head, place: Place) -> list[Repair]:
    """Refuse formulas in a CSV; ``="0123"``, which keeps a spreadsheet from dropping zeros, is the text 0123."""
    quoted = 0
    for row, number in zip(body.rows, body.numbers, strict=True):
        for at, name in head.names.items():
            cell = row[at]
            if not isinstance(cell, str) or not _FORMULA.match(cell):
                continue
            text = _QUOTED.fullmatch(cell)
            if text is None or '"' in text.group(1):
                raise place.error(
                    _("column {column} holds a formula: {formula}", column=name, formula=cell),
                    remedy=_("open the file in Excel or WPS, paste values over the formulas, and save it as CSV again"),
                    row=_("row {k}", k=number),
                )
            row[at] = text.group(1).strip() or None
            quoted += 1
    return [place.note(_('{n} cells written as ="..." read as text', n=quoted))] if quoted else []


def _series(values: list[Cell]) -> pd.Series[Any]:
    """Return a column of the type that all its cells have: text, numbers, yes or no, dates, times; else as it is."""
    kinds = {type(value) for value in values if value is not None}
    whole = None not in values
    dtypes: dict[frozenset[type], Any] = {
        frozenset(): pd.Series(["text"]).dtype,
        frozenset({str}): pd.Series(["text"]).dtype,
        frozenset({bool}): bool if whole else "boolean",
        frozenset({int}): "int64" if whole else "Int64",
        frozenset({float}): "float64",
        frozenset({int, float}): "float64",
    }
    if kinds == {dt.datetime}:
        return _times(values)
    series: pd.Series[Any] = pd.Series(values, dtype=dtypes.get(frozenset(kinds), object))
    return series


def _times(values: list[Cell]) -> pd.Series[Any]:
    """Return a column of dates where all are midnight, as a workbook has no dates but times."""
    if all(value is None or value.time() == dt.time() for value in values):
        return pd.Series([value if value is None else value.date() for value in values], dtype=object)
    times: pd.Series[Any] = pd.to_datetime(pd.Series(values, dtype=object))
    return times
