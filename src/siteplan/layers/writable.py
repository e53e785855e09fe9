"""What a table may hold so that a file can hold it: one kind of value a column, and none that a format would change unseen."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from siteplan.errors import DataError
from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["text", "date", "time", "bool", "int", "float", "empty"]

_KINDS: dict[frozenset[type], Kind] = {
    frozenset(): "empty",
    frozenset({str}): "text",
    frozenset({dt.date}): "date",
    frozenset({bool}): "bool",
    frozenset({np.bool_}): "bool",
    frozenset({int}): "int",
    frozenset({float}): "float",
    frozenset({int, float}): "float",
    frozenset({dt.datetime}): "time",
    frozenset({pd.Timestamp}): "time",
}


def kind_of(values: pd.Series[Any], path: Path) -> Kind:
    """Return the kind of value that a column holds.

    Parameters
    ----------
    values : Series
        Its name is that of the column.
    path : Path
        The file, for the error.

    Raises
    ------
    DataError
        If it holds several kinds, or one that files of layers do not have (lists, tables, spans of time, zero bytes in text).
    """
    dtype = values.dtype
    types = pd.api.types
    if types.is_bool_dtype(dtype):
        return "bool"
    if types.is_integer_dtype(dtype):
        return "int"
    if types.is_float_dtype(dtype):
        return "float"
    if types.is_datetime64_any_dtype(dtype):
        return "time"
    if not (types.is_object_dtype(dtype) or types.is_string_dtype(dtype)) or isinstance(dtype, pd.CategoricalDtype):
        raise _refused(
            values,
            _("column {column} is of a kind that no layer file has: {kind}", column=values.name, kind=str(dtype)),
            path,
        )
    there = values.dropna()
    found = frozenset(type(value) for value in there)
    if found not in _KINDS:
        names = ", ".join(sorted(kind.__name__ for kind in found))
        raise _refused(values, _("column {column} holds values that no layer file has side by side: {kinds}",
                                 column=values.name, kinds=names), path)  # fmt: skip
    if _KINDS[found] == "text":
        zero = there[there.str.contains("\0", regex=False)]
        if len(zero):
            raise _refused(values, _("column {column} has a text with a zero byte", column=values.name), path)
    return _KINDS[found]


def _refused(values: pd.Series[Any], problem: str, path: Path) -> DataError:
    return DataError(
        problem,
        remedy=_("make it one kind of value in each column (lists as text), or leave the column out"),
        path=path,
        row=str(values.name),
    )
