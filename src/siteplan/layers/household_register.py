"""A register of who lives in each building, joined to the layer of buildings by id, name or address."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.layers.columns import find_headings, parse_values
from siteplan.layers.formats import REGISTERS, check_file, format_of
from siteplan.layers.people import IN_PLACE_OF_PEOPLE
from siteplan.layers.register import read_register
from siteplan.layers.repair import Place, some
from siteplan.layers.roles import ROLES
from siteplan.messages import _, word
from siteplan.units import COUNTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from siteplan.layers.repair import Repair

ROLE = "register"
"""What errors, notes and sources call it; it is no layer: its rows have no place of their own."""

WHO_LIVES_THERE = ("households", "people", *IN_PLACE_OF_PEOPLE)
"""Counts of which a register has one at least: households follow from any of them."""


def read_household_register(
    path: Path,
    *,
    by: str,
    columns: Mapping[str, str],
    one_row_a_household: bool = False,
    sheet: str | None = None,
    encoding: str | None = None,
    heading_row: int | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[pd.DataFrame, list[Repair]]:
    """Read a register of buildings, one line for each key.

    Parameters
    ----------
    path : Path
        CSV or XLSX.
    by : {"id", "name", "address"}
        What its rows name their building by.
    columns : mapping of str to str
        siteplan's column to the register's heading.
    one_row_a_household : bool
        Whether each row is one household, instead of having a count of them.
    sheet, encoding, heading_row, aliases
        As siteplan.layers.register.read_register.

    Returns
    -------
    counts : DataFrame
        Indexed by the key in plain form; ``written``: the key as the register has it; ``row``: its first row; and those of units.COUNTS that the
        register has, added up over the rows of the key.
    notes : list of Repair

    Raises
    ------
    LayerError
        If the file cannot be read, has no such column, no counts, or a count that is none; it names the row.
    """
    place = Place(role=ROLE, path=str(path))
    check_file(path, place)
    if format_of(path, place) not in REGISTERS:
        raise place.error(
            _("a register of buildings is a CSV or XLSX file"),
            remedy=_("save it as one; a layer with geometry belongs under [layers.buildings]"),
        )
    table, notes = read_register(
        path, place, sheet=sheet, encoding=encoding, heading_row=heading_row, wanted=tuple(columns.values()), aliases=aliases
    )  # fmt: skip
    role = ROLES["buildings"]
    of_buildings = Place(role=role.name, path=str(path))
    found, said = find_headings(role, [str(name) for name in table.columns], columns, of_buildings, aliases)
    counted = [name for name in COUNTS if name in found]
    _check_columns(by, found, counted, table, place, rows_are=one_row_a_household)
    rows = pd.Series([_("row {k}", k=k) for k in table.index], dtype="str")
    values = {
        name: parse_values(table[found[name]].reset_index(drop=True), role.column(name), rows, place)
        for name in counted
    }
    if one_row_a_household:
        values["households"] = pd.Series(1.0, index=rows.index)
    written = table[found[by]].reset_index(drop=True)
    frame = pd.DataFrame({"key": [plain_key(text) for text in written], "written": written, "row": rows} | values)
    nameless = frame["key"] == ""
    if nameless.any():
        what = _(
            "{n} rows name no building: left out ({rows})", n=int(nameless.sum()), rows=some(rows[nameless].tolist())
        )
        notes.append(place.repair(what))
    groups = frame[~nameless].groupby("key", sort=False)
    sums = groups[list(values)].sum(min_count=1)
    notes += _partly_counted(frame[~nameless], list(values), place)
    return groups[["written", "row"]].first().join(sums), notes + said


def _partly_counted(frame: pd.DataFrame, names: Sequence[str], place: Place) -> list[Repair]:
    """Return a note for each column that some lines of a building have and others do not: only the former are added up."""
    notes = []
    for name in names:
        silent = frame[name].isna()
        partly = silent & ~silent.groupby(frame["key"]).transform("all")
        if partly.any():
            what = _(
                "{n} lines have no {column} where others of their building do: counted as 0 ({rows})",
                n=int(partly.sum()),
                column=name,
                rows=some([f"{key}: {row}" for key, row in zip(frame["written"][partly], frame["row"][partly], strict=True)]),
            )  # fmt: skip
            notes.append(place.note(what))
    return notes


def _check_columns(
    by: str, found: Mapping[str, str], counted: Sequence[str], table: pd.DataFrame, place: Place, *, rows_are: bool
) -> None:
    headings = ", ".join(str(name) for name in table.columns)
    if by not in found:
        raise place.error(
            _("the register has no column {by} to find its buildings by", by=by),
            remedy=_("write in study.toml: {line}; the file has: {headings}",
                     line=f'[household_register] columns = {{ {by} = "..." }}', headings=headings),
            row=by,
        )  # fmt: skip
    if not set(WHO_LIVES_THERE) & set(counted) and not rows_are:
        raise place.error(
            _("the register counts neither households nor people"),
            remedy=_("write in study.toml: {line}; the file has: {headings}",
                     line='[household_register] columns = { households = "..." }, or one_row_a_household = true', headings=headings),
        )  # fmt: skip


def plain_key(value: object) -> str:
    """Return a key without what typing adds: full-width forms, blanks, and the case of letters; "" where there is none.

    >>> plain_key("１号楼 Ａ座"), plain_key(" 1号楼a座"), plain_key(12.0), plain_key(None)
    ('1号楼a座', '1号楼a座', '12', '')
    """
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def join_register(
    buildings: gpd.GeoDataFrame, counts: pd.DataFrame, *, by: str, path: str
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return the buildings with the counts of a register, and notes of every line and every building that found no partner.

    A building's count in the layer gives way to that of the register.

    Parameters
    ----------
    buildings : GeoDataFrame
        Role buildings.
    counts : DataFrame
        Of :func:`read_household_register`.
    by : {"id", "name", "address"}
    path : str
        The register, for errors and notes.

    Raises
    ------
    LayerError
        If a key of the register is that of two buildings, or no line finds a building.
    """
    place = Place(role=ROLE, path=path)
    keys = pd.Series([plain_key(text) for text in buildings[by]], index=buildings.index)
    twice = keys[keys.duplicated(keep=False) & keys.isin(counts.index)]
    if len(twice):
        ids = buildings["id"].loc[twice.index[twice == twice.iloc[0]]].astype(str).tolist()
        raise place.error(
            _("{by} {key} is that of {n} buildings: {ids}", by=by, key=counts.loc[twice.iloc[0], "written"], n=len(ids), ids=some(ids)),
            remedy=_("give each building its own {by}, or join by another column", by=by),
            row=str(counts.loc[twice.iloc[0], "row"]),
        )  # fmt: skip
    found = keys.isin(counts.index)
    if not found.any():
        first, other = counts["written"].iloc[0], next((str(text) for text in buildings[by] if pd.notna(text)), "-")
        raise place.error(
            _("no line of the register finds a building by {by}", by=by),
            remedy=_("the register has {first}, the buildings have {other}: name other columns, or write them alike", first=first, other=other),
            row=by,
        )  # fmt: skip
    notes = _overruled(buildings, counts, keys, place)
    changes: dict[str, Any] = {}
    for name in (name for name in COUNTS if name in counts):
        told = keys.map(counts[name])
        changes[name] = told.where(told.notna(), buildings[name]).astype(np.float64)
    notes += _told(buildings, counts, keys, place, by)
    return buildings.assign(**changes), notes


def _overruled(buildings: gpd.GeoDataFrame, counts: pd.DataFrame, keys: pd.Series[str], place: Place) -> list[Repair]:
    """Return a repair for every count of the layer that the register changes."""
    notes = []
    for name in (name for name in COUNTS if name in counts):
        told, own = keys.map(counts[name]), buildings[name]
        for row in buildings.index[told.notna() & own.notna() & (told != own)]:
            what = _(
                "{column}: {told:g} of the register instead of {own:g} of the layer",
                column=name,
                told=told[row],
                own=own[row],
            )
            notes.append(place.repair(what, row=str(buildings["id"].loc[row])))
    return notes


def _told(
    buildings: gpd.GeoDataFrame, counts: pd.DataFrame, keys: pd.Series[str], place: Place, by: str
) -> list[Repair]:
    """Return what was joined, what of the register found no building, and which buildings are in no line."""
    what = next(name for name in WHO_LIVES_THERE if name in counts)
    lost = counts[~counts.index.isin(keys)]
    bare = buildings["id"][~keys.isin(counts.index)].astype(str).tolist()
    notes = [
        place.note(
            _(
                "{n:,.0f} of {all:,.0f} {what} joined to {buildings} buildings by {by}; {lost} lines find no building, {bare} buildings have no line",
                n=float(counts[what].sum() - lost[what].sum()),
                all=float(counts[what].sum()),
                what=word("denominator", what),
                buildings=len(buildings) - len(bare),
                by=by,
                lost=len(lost),
                bare=len(bare),
            )
        )
    ]
    for _key, line in lost.iterrows():
        name = next((name for name in WHO_LIVES_THERE if name in counts and pd.notna(line[name])), what)
        text = _(
            "no building {written}: {n:g} {what} left out",
            written=line["written"],
            n=np.nan_to_num(line[name]),
            what=word("denominator", name),
        )
        notes.append(place.repair(text, row=str(line["row"])))
    if bare:
        notes.append(place.note(_("buildings without a line keep what the layer says: {ids}", ids=some(bare))))
    return notes
