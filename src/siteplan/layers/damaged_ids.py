"""Values that a spreadsheet made something else of: an id that became a day or a rounded number, a count of thousands with a decimal point."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.layers.formats import FORMATS
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from siteplan.layers.repair import Place, Repair
    from siteplan.layers.roles import Column

_ROUNDED = r"^\d(\.\d+)?[eE]\+\d+$"
"""How spreadsheets write 520203001001 where a column is narrow, and into a CSV: 5.20203E+11."""

_DIGITS = 10**15
"""Spreadsheets keep 15 digits of a number and make the others zero."""


def check_undamaged(values: pd.Series[Any], ids: pd.Series[Any], rows: Sequence[int], place: Place) -> None:
    """Refuse ids that are dates, rounded numbers (5.20203E+11) or, in a workbook, numbers of more than 15 digits.

    Parameters
    ----------
    values : Series
        As they stand in the file.
    ids : Series of str
        The same as text.
    rows : sequence of int
        Where each stands in the file.
    place : Place
        What the error names.

    Raises
    ------
    LayerError
        Naming the first such row.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rounded = pc.match_substring_regex(pa.array(ids, type=pa.large_string(), from_pandas=True), _ROUNDED)
    damaged = rounded.fill_null(fill_value=False).to_numpy(zero_copy_only=False).astype(bool)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        damaged |= values.notna().to_numpy()
    elif values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) != "string":
        damaged |= np.array([isinstance(value, dt.date) for value in values.tolist()])
    if FORMATS.get("." + place.path.rpartition(".")[2].casefold()) == "XLSX":
        damaged |= np.array([not isinstance(value, str) and _is_long(value) for value in values.tolist()])
    bad = np.flatnonzero(damaged)
    if len(bad):
        raise place.error(
            _("{n} ids were made dates or rounded numbers by a spreadsheet; the first is {id}",
              n=len(bad), id=str(ids.iloc[bad[0]]).removesuffix(" 00:00:00")),
            remedy=_("format the column {heading} as text, and enter these ids as they were; or name another column as id",
                     heading=values.name),
            row=_("row {k}", k=rows[bad[0]]),
        )  # fmt: skip


def _is_long(value: object) -> bool:
    return isinstance(value, int | float | np.number) and abs(float(value)) >= _DIGITS


def broken_counts(table: Mapping[str, pd.Series[Any]], columns: Sequence[Column], place: Place) -> list[Repair]:
    """Return a note for each column that counts households or people and has parts of them: 1.234 may stand for 1,234.

    Parameters
    ----------
    table : mapping of str to Series
        ``id`` and the columns, as numbers.
    columns : sequence of Column
        Those to look at.
    place : Place
        What the notes name.
    """
    notes = []
    for column in columns:
        values = table[column.name]
        if column.unit not in {"households", "people"}:
            continue
        broken = np.flatnonzero((values.notna() & (values != values.round())).to_numpy())
        if len(broken):
            what = _("{n} values of {column} are no whole numbers, as {value} of {id}: see that 1.234 is not 1,234",
                     n=len(broken), column=column.name, value=f"{values.iloc[broken[0]]:g}", id=table["id"].iloc[broken[0]])  # fmt: skip
            notes.append(place.note(what))
    return notes
