"""Which row of a register holds its headings, and what they are: below titles, and over one or two rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siteplan.layers.aliases import plain
from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.layers.repair import Place, Repair
    from siteplan.layers.sheet import Cell, Sheet

_LOOKED_AT = 30
_MOST_FILLED = 0.6
_UNIT = re.compile(r"[(\[][^()\[\]]*[)\]]$")
_SHOWN = 60


@dataclass(frozen=True, kw_only=True)
class Head:
    """The headings of a register.

    Parameters
    ----------
    names : dict of int to str
        Heading by column, from 0; columns without heading and without values are absent.
    below : int
        First row below the headings, in the sheet's rows.
    width : int
        Columns of the table.
    notes : list of Repair
        Which row was taken, what stood above it, and columns that were given names.
    """

    names: dict[int, str]
    below: int
    width: int
    notes: list[Repair]


def find_head(sheet: Sheet, known: set[str], given: int | None, place: Place, *, exact: bool) -> Head:
    """Find the headings of a register.

    The row is the one of the first 30 with most headings that are known; where none is, the first whose cells are all
    text, all different, and fill most of the table. With merged cells it may reach over several rows: a heading is then
    the lowest text above its column, or all of them where that would be there twice.

    Parameters
    ----------
    sheet : Sheet
        With texts repeated in cells merged downwards.
    known : set of str
        Headings that may be meant, in one form.
    given : int or None
        The row that study.toml names.
    place : Place
        What errors and notes name.
    exact : bool
        Whether the table is as wide as its headings (CSV); else columns without a heading belong to it.

    Raises
    ------
    LayerError
        If there is no such row.
    """
    width = max((len(row) for row in sheet.rows), default=0)
    top = _given(sheet, given, place) if given is not None else _found(sheet, known, width, place)
    over = [first for first, _left, last, _right in sheet.merged if first < top <= last]
    top = min([top, *over])
    below = _below(sheet, top, width)
    if exact:
        width = len(_trimmed(sheet.rows[top]))
    names, notes = _names(sheet, top, below, max(width, 1), place)
    above = [str(cell) for row in sheet.rows[:top] for cell in row if cell is not None]
    if above or given is not None:
        text = " / ".join(dict.fromkeys(above))
        what = _("headings read from row {k}; above it stands: {text}", k=sheet.numbers[top], text=text[:_SHOWN] or "-")
        notes.insert(0, place.note(what))
    return Head(names=names, below=below, width=max(width, 1), notes=notes)


def _given(sheet: Sheet, given: int, place: Place) -> int:
    if given in sheet.numbers:
        return sheet.numbers.index(given)
    raise place.error(
        _("the file has no row {k}", k=given),
        remedy=_("correct heading_row in [layers.{role}]", role=place.role),
        row="heading_row",
    )


def _trimmed(row: list[Cell]) -> list[Cell]:
    cells = list(row)
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _found(sheet: Sheet, known: set[str], width: int, place: Place) -> int:
    best, most = None, (0, 0)
    for at, row in enumerate(sheet.rows[:_LOOKED_AT]):
        texts = {plain(cell) for cell in row if isinstance(cell, str)}
        fit = sum(text in known or _UNIT.sub("", text) in known for text in texts)
        words = len(texts) >= _MOST_FILLED * sum(cell is not None for cell in row)  # a row of data has numbers too
        if fit and words and (fit, len(texts)) > most:
            best, most = at, (fit, len(texts))
    if best is not None:
        return best
    for at, row in enumerate(sheet.rows[:_LOOKED_AT]):
        cells = [cell for cell in row if cell is not None]
        texts = {cell for cell in cells if isinstance(cell, str)}
        if len(texts) == len(cells) and len(cells) >= max(_MOST_FILLED * width, min(2, width), 1):
            return at
    raise place.error(
        _("no row of headings is found in the first {n} rows", n=_LOOKED_AT),
        remedy=_("write it under [layers.{role}] in study.toml: {line}", role=place.role, line="heading_row = 3"),
    )


def _below(sheet: Sheet, top: int, width: int) -> int:
    """Return the first row below headings that begin in row ``top``."""
    below = top + 1
    for first, left, last, right in sheet.merged:
        if first != top:
            continue
        below = max(below, last + 1)
        under = sheet.rows[last + 1][left : right + 1] if last + 1 < len(sheet.rows) else []
        parted = right > left and right - left + 1 < width
        if (
            parted
            and len(under) > 1
            and all(isinstance(cell, str) for cell in under)
            and _goes_on(sheet, top, last + 1)
        ):
            below = max(below, last + 2)
    return below


def _goes_on(sheet: Sheet, top: int, row: int) -> bool:
    """Tell whether ``row`` may go on with the headings of row ``top``: below a heading of one column stands nothing new."""
    across = {
        at
        for first, left, _last, right in sheet.merged
        if first == top and right > left
        for at in range(left, right + 1)
    }
    pairs = zip(sheet.rows[row], sheet.rows[top], strict=False)
    return all(cell in (None, over) or over is None or at in across for at, (cell, over) in enumerate(pairs))


def _names(sheet: Sheet, top: int, below: int, width: int, place: Place) -> tuple[dict[int, str], list[Repair]]:
    """Return the heading of each column that has one or has values, each once, and notes on those that were given."""
    across = {
        (row, column): sheet.rows[first][left]
        for first, left, last, right in sheet.merged
        if top <= first < below and left < len(sheet.rows[first])
        for row in range(first, min(last, below - 1) + 1)
        for column in range(left, min(right, width - 1) + 1)
    }
    stacks: dict[int, list[str]] = {}
    for column in range(width):
        cells = [
            across.get((row, column), sheet.rows[row][column] if column < len(sheet.rows[row]) else None)
            for row in range(top, below)
        ]
        stacks[column] = list(dict.fromkeys(" ".join(str(cell).split()) for cell in cells if cell is not None))
    filled = {at for row in sheet.rows[below:] for at, cell in enumerate(row) if cell is not None}
    notes = []
    lowest = [texts[-1] for texts in stacks.values() if texts]
    names: dict[int, str] = {}
    for column, texts in stacks.items():
        if not texts and column not in filled:
            continue
        if not texts:
            names[column] = _("column {k}", k=column + 1)
            notes.append(place.note(_("column {k} has values and no heading", k=column + 1)))
            continue
        names[column] = texts[-1] if lowest.count(texts[-1]) == 1 else "/".join(texts)
    return _each_once(names, notes, place)


def _each_once(names: dict[int, str], notes: list[Repair], place: Place) -> tuple[dict[int, str], list[Repair]]:
    """Give headings that stand more than once a number each, so that none is taken for a column without being named."""
    held = list(names.values())
    twice = {name for name in held if held.count(name) > 1}
    seen: dict[str, int] = {}
    for column, name in names.items():
        if name in twice:
            seen[name] = seen.get(name, 0) + 1
            names[column] = f"{name} ({seen[name]})"
    if twice:
        what = _("headings that stand more than once are numbered, as in {name}: {headings}",
                 name=f"{min(twice)} (1)", headings=", ".join(sorted(twice)))  # fmt: skip
        notes.append(place.note(what))
    return names, notes
