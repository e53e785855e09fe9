"""A role's column contract applied to a table: headings found, ids made, every value parsed strictly."""

from __future__ import annotations

import dataclasses
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.errors import UsageError
from siteplan.layers.aliases import alias_of, several_fit, word_values
from siteplan.layers.damaged_ids import broken_counts, check_undamaged
from siteplan.layers.names import likeness, nearest
from siteplan.layers.repair import Place, Repair, mend_geometry, some
from siteplan.layers.roles import ROLES, Column, Role
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ID = Column(name="id", kind="text", zh="编号")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_FLAGS = {"true": True, "1": True, "是": True, "false": False, "0": False, "否": False}
_TEXT = pd.Series(["text"]).dtype  # "str" in pandas 3, object in pandas 2
_SHAPEFILE_NAME = 10
_ALIKE = 0.85


def role_of(name: str) -> Role:
    """Return the vector role called ``name``.

    Raises
    ------
    UsageError
        If there is none; it names the nearest.
    """
    if name not in ROLES:
        raise UsageError(_("no layer role {name}: did you mean {near}?", name=name, near=nearest(name, ROLES)))
    return ROLES[name]


def conform(
    frame: gpd.GeoDataFrame,
    role: str,
    *,
    path: str = "",
    columns: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a table as the contract of its role wants it.

    Parameters
    ----------
    frame : GeoDataFrame
        As it was read.
    role : str
        A vector role.
    path : str, default ""
        What errors and repairs call it.
    columns : mapping of str to str, optional
        siteplan's name to the table's heading.
    defaults : mapping of str to object, optional
        Values for columns that the table lacks; for optional columns, also for missing values.
    aliases : mapping of str to sequence of str, optional
        The study's own headings by column, beside those of siteplan.layers.aliases.

    Returns
    -------
    frame : GeoDataFrame
        ``id`` (text, unique), the role's columns (text, float64 or bool; missing is NaN), all others, ``geometry``.
    repairs : list of Repair
        Repairs and notes.

    Raises
    ------
    LayerError
        If a column, an id, a value or a geometry breaks the contract.
    """
    definition, place = role_of(role), Place(role=role, path=path)
    if not len(frame):
        raise place.error(
            _("the layer is empty"), remedy=_("draw at least one row, or remove [layers.{role}]", role=role)
        )
    columns, defaults = dict(columns or {}), dict(defaults or {})
    _check_names(columns, "columns", definition, place)
    _check_names(defaults, "defaults", definition, place)
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index(drop=True)
    headings, notes = find_headings(definition, [str(name) for name in table.columns], columns, place, aliases)
    _check_required(definition, headings, defaults, list(table.columns), place)
    made: dict[str, pd.Series[Any]] = {}
    rows = (
        frame.index.tolist() if frame.index.name == "row" else list(range(1, len(table) + 1))
    )  # of a register: in the file
    made["id"], id_notes = _ids(table[headings["id"]] if "id" in headings else None, rows, place)
    for column in definition.columns:
        values = table[headings[column.name]] if column.name in headings else None
        made[column.name] = _column(values, column, defaults, made["id"], place)
    notes += broken_counts(made, definition.columns, place)
    absent = [column for column in definition.columns if column.name not in headings]
    notes += id_notes + _absent_note(absent, defaults, table, headings, place)
    for heading in table.columns:
        if heading not in headings.values():
            made[f"{heading}_file" if heading in made or heading == "geometry" else str(heading)] = table[heading]
    result = gpd.GeoDataFrame(made, geometry=np.asarray(frame.geometry.array, dtype=object), crs=frame.crs)
    result, repairs = mend_geometry(result, definition.shape, place)
    return result, notes + repairs


def _check_names(names: Mapping[str, object], key: str, role: Role, place: Place) -> None:
    known = ["id", *(column.name for column in role.columns)]
    for name in names:
        if name not in known:
            raise place.error(
                _("[layers.{role}] {key}: role {role} has no column {name}", role=role.name, key=key, name=name),
                remedy=_("did you mean {near}? The role has: {known}",
                         near=nearest(name, known), known=", ".join(known)),
                row=name,
            )  # fmt: skip


def find_headings(
    role: Role,
    headings: Sequence[str],
    columns: Mapping[str, str],
    place: Place,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[dict[str, str], list[Repair]]:
    """Return the heading that stands for each column of a role.

    A column is looked for as ``columns`` says, else by its name, its Chinese name, its name in another case and,
    in Shapefiles, its first ten characters; else by the headings of siteplan.layers.aliases.

    Returns
    -------
    dict of str to str
        Column name to heading; columns that the table lacks are absent.
    list of Repair
        A note for every heading that is not simply the column's name.

    Raises
    ------
    LayerError
        If a mapped heading is not there, or several may be the column.
    """
    contract = (ID, *role.columns)
    found = {
        name: _mapped(column, columns[name], headings, place) for column in contract if (name := column.name) in columns
    }
    given = set(found)
    for look in (
        _heading,
        partial(alias_of, aliases=aliases),
    ):  # own names first: an alias of one column may be the name of another
        for column in contract:
            if column.name not in found:
                heading = look(column, [name for name in headings if name not in found.values()], place)
                if heading is not None:
                    found[column.name] = heading
    notes = [
        place.note(_("column {column} read from {heading}", column=name, heading=found[name]))
        for name in (column.name for column in contract)
        if name in found and name not in given and found[name] != name
    ]
    return found, notes


def _mapped(column: Column, heading: str, headings: Sequence[str], place: Place) -> str:
    if heading in headings:
        return heading
    near = nearest(heading, headings)
    raise place.error(
        _("the file has no column {heading}, which [layers.{role}] gives for {column}",
          heading=heading, role=place.role, column=column.name),
        remedy=_("did you mean {near}? The file has: {headings}", near=near, headings=", ".join(headings) or "-"),
        row=heading,
    )  # fmt: skip


def _check_required(
    role: Role, found: Mapping[str, str], defaults: Mapping[str, object], headings: Sequence[str], place: Place
) -> None:
    for column in role.columns:
        if not column.required or column.name in found or column.name in defaults:
            continue
        free = [name for name in headings if name not in found.values()]
        near = max(free, key=lambda name: max(likeness(name, column.name), likeness(name, column.zh)), default=None)
        line = f'columns = {{ {column.name} = "{near or "..."}" }}'
        raise place.error(
            _("the layer has no column {column} ({zh})", column=column.name, zh=column.zh),
            remedy=_("if another column holds it, write under [layers.{role}]: {line}; the file has: {headings}",
                     role=role.name, line=line, headings=", ".join(headings) or "-"),
            row=column.name,
        )  # fmt: skip


def _heading(column: Column, headings: Sequence[str], place: Place) -> str | None:
    for wanted in (column.name, column.zh):
        if wanted in headings:
            return wanted
    cut = column.name[:_SHAPEFILE_NAME] if place.path.casefold().endswith(".shp") else column.name
    fit = [name for name in headings if name.strip().casefold() in (column.name, cut, column.zh)]
    if len(fit) > 1:
        raise several_fit(column.name, fit, place)
    return fit[0] if fit else None


def _ids(values: pd.Series[Any] | None, rows: Sequence[int], place: Place) -> tuple[pd.Series[Any], list[Repair]]:
    if values is None:
        made = [f"{place.role}-{k}" for k in range(1, len(rows) + 1)]
        what = _(
            "the file has no column id: ids made from row numbers, {first} to {last}", first=made[0], last=made[-1]
        )
        return pd.Series(made, dtype=_TEXT), [place.note(what)]
    ids = _texts(values, ID, values, place)
    check_undamaged(values, ids, rows, place)
    absent = np.flatnonzero(ids.isna())
    if len(absent):
        raise place.error(
            _("column id is empty in {n} rows", n=len(absent)),
            remedy=_("give every row an id of its own"),
            row=_("row {k}", k=rows[absent[0]]),
        )
    twice = ids[ids.duplicated()].unique().tolist()
    if twice:
        raise place.error(
            _("{n} ids stand more than once: {ids}", n=len(twice), ids=some(twice)),
            remedy=_("give every row an id of its own (the column read as id is {heading})", heading=values.name),
            row=twice[0],
        )
    return ids, []


def _column(
    values: pd.Series[Any] | None, column: Column, defaults: Mapping[str, object], ids: pd.Series[Any], place: Place
) -> pd.Series[Any]:
    default = column.default
    name = column.name
    if values is not None and values.name != name:  # errors name the heading that the file has
        column = dataclasses.replace(column, name=f"{values.name} ({name})")
    if name in defaults:
        where = pd.Series([f"defaults.{name}"])
        default = parse_values(pd.Series([defaults[name]], dtype=object), column, where, place).iloc[0]
    if values is None:
        return _constant(default, column, len(ids))
    if column.required:
        default = None
    parsed = parse_values(values, column, ids, place)
    if default is not None:
        parsed = parsed.fillna(default)  # type: ignore[arg-type]
    if column.required and parsed.isna().any():
        row = int(np.flatnonzero(parsed.isna())[0])
        raise _bad(column, values.iloc[row], str(ids[row]), _("a value is needed"), place)
    return parsed.astype(bool) if column.kind == "flag" and not parsed.isna().any() else parsed


def _constant(value: object, column: Column, n: int) -> pd.Series[Any]:
    kinds: dict[str, Any] = {"text": _TEXT, "number": np.float64, "flag": "boolean" if value is None else bool}
    missing = np.nan if column.kind == "number" else None
    held: Any = missing if value is None else value
    series: pd.Series[Any] = pd.Series(held, index=pd.RangeIndex(n), dtype=kinds[column.kind])
    return series


def parse_values(values: pd.Series[Any], column: Column, ids: pd.Series[Any], place: Place) -> pd.Series[Any]:
    """Return the values of a column as its kind wants them: text, float64 or boolean; missing stays missing.

    Parameters
    ----------
    values : Series
        As read; index 0, 1, ...
    column : Column
    ids : Series of str
        What errors call the rows.
    place : Place

    Raises
    ------
    LayerError
        If a value is of another kind, or is not allowed; it names the row.
    """
    parse = {"text": _texts, "number": _numbers, "flag": _flags}[column.kind]
    return parse(values, column, ids, place)


def _bad(column: Column, value: object, row: str, why: str, place: Place) -> Exception:
    return place.error(
        _("column {column} is {value}: {why}", column=column.name, value=_shown(value), why=why),
        remedy=_("correct {column} of this row in the file", column=column.name),
        row=row,
    )


def _shown(value: object) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    return _("missing") if _missing(plain) else repr(plain)


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def _texts(values: pd.Series[Any], column: Column, ids: pd.Series[Any], place: Place) -> pd.Series[Any]:
    plain = _trimmed(values)
    words = column.values  # noqa: PD011 - of a Column, not of a table
    if words:
        plain = plain.replace(word_values(words))
        for row in np.flatnonzero(plain.notna() & ~plain.isin(words))[:1]:
            why = _("it must be one of {values}", values=", ".join(words))
            raise _bad(column, values.iloc[row], str(ids[row]), why, place)
    return plain


def _trimmed(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return values as text without blanks around it, missing where nothing is left; a million of them in a moment."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        if pd.api.types.is_integer_dtype(values.dtype):
            values = values.astype("string")
        texts = pa.array(values, type=pa.large_string(), from_pandas=True)
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # numbers, or texts and numbers in one column
        plain = [None if _missing(value) else _plain(value) for value in values.tolist()]
        texts = pa.array(plain, type=pa.large_string())
    texts = pc.utf8_trim_whitespace(texts)
    return pd.Series(pc.if_else(pc.equal(texts, ""), None, texts).to_pandas(), dtype=_TEXT)


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _numbers(values: pd.Series[Any], column: Column, ids: pd.Series[Any], place: Place) -> pd.Series[Any]:
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        numbers = np.array(
            [_number(value, column, row, place) for row, value in zip(ids, values.tolist(), strict=True)]
        )
    least = -np.inf if column.minimum is None else column.minimum
    for k in np.flatnonzero(np.isinf(numbers) | (numbers < least)):
        why = (
            _("it must be a finite number")
            if np.isinf(numbers[k])
            else _("it must be {least} or more", least=f"{least:g}")
        )
        raise _bad(column, values.iloc[k], str(ids[k]), why, place)
    return pd.Series(numbers, dtype=np.float64)


def _number(value: object, column: Column, row: str, place: Place) -> float:
    if _missing(value) or (isinstance(value, str) and not value.strip()):
        return float("nan")
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    raise _bad(column, value, row, _("it is not a number"), place)


def _flags(values: pd.Series[Any], column: Column, ids: pd.Series[Any], place: Place) -> pd.Series[Any]:
    result: list[bool | None] = []
    for row, value in zip(ids, values.tolist(), strict=True):
        text = "" if _missing(value) else _plain(value).strip().casefold()
        if text and text not in _FLAGS:
            raise _bad(column, value, row, _("it must be one of {values}", values=", ".join(_FLAGS)), place)
        result.append(_FLAGS[text] if text else None)
    return pd.Series(result, dtype="boolean")


def _absent_note(
    absent: Sequence[Column],
    defaults: Mapping[str, object],
    table: pd.DataFrame,
    headings: Mapping[str, str],
    place: Place,
) -> list[Repair]:
    """Return notes on columns that the file lacks: what stands there instead, and headings that look like them."""
    notes = []
    filled = {column.name: defaults.get(column.name, column.default) for column in absent}
    given = [f"{name} = {value!r}" for name, value in filled.items() if value is not None]
    if given:
        notes.append(place.note(_("columns that the file lacks are taken as: {columns}", columns=", ".join(given))))
    left = [name for name, value in filled.items() if value is None]
    if left:
        notes.append(place.note(_("columns that the file lacks stay empty: {columns}", columns=", ".join(left))))
    for column in absent:
        for heading in table.columns:
            if heading not in headings.values() and likeness(column.name, str(heading)) >= _ALIKE:
                what = _("column {heading} is not read: is it {column}?", heading=heading, column=column.name)
                notes.append(place.note(what))
    return notes
