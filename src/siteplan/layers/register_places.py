"""Where the rows of a register lie: columns of coordinates, in numbers or in degrees, minutes and seconds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from siteplan.layers.aliases import PLACES, alias_of
from siteplan.layers.names import nearest
from siteplan.layers.roles import Column
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from siteplan.layers.repair import Place, Repair

_COLUMNS = {
    "x": Column(name="x", kind="number", unit="degrees", zh=""),
    "y": Column(name="y", kind="number", unit="degrees", zh=""),
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_SEXAGESIMAL = re.compile(
    r"(?:东经|北纬|[东北EN])?\s*(\d{1,3})\s*[°度]\s*(\d{1,2})\s*['′’分]\s*(?:(\d{1,2}(?:\.\d+)?)\s*(?:[\"″”秒]|'')?)?\s*(?:东经|北纬|[东北EN])?",
    re.IGNORECASE,
)
_SIXTY = 60.0


def with_places(
    table: pd.DataFrame,
    columns: Mapping[str, str],
    place: Place,
    *,
    unplaced: str,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a register as a layer of points, without CRS.

    Parameters
    ----------
    table : DataFrame
        As siteplan.layers.register.read_register gives it: the index is the row in the file.
    columns : mapping of str to str
        ``x`` (easting, longitude) and ``y`` (northing, latitude) to the headings, where study.toml says so.
    place : Place
        What errors and repairs name.
    unplaced : {"refuse", "drop"}
        What happens to rows without coordinates.
    aliases : mapping of str to sequence of str, optional
        The study's own headings.

    Returns
    -------
    frame : GeoDataFrame
        Points; the columns of coordinates are left out.
    repairs : list of Repair
        One for each row that was dropped; notes on where the coordinates stand.

    Raises
    ------
    LayerError
        If there are no such columns, a coordinate is no number, or a row has none.
    """
    found = {name: _heading(name, table, columns, place, aliases) for name in PLACES}
    notes = []
    for name, heading in found.items():
        if heading != name and name not in columns:
            notes.append(place.note(_("column {column} read from {heading}", column=name, heading=heading)))
    x, y = (_coordinates(table[found[name]], place, notes) for name in PLACES)
    half = np.flatnonzero(np.isnan(x) != np.isnan(y))
    if len(half):
        raise place.error(
            _("the row has one of {x} and {y}, not both", x=found["x"], y=found["y"]),
            remedy=_("give both coordinates, or none"),
            row=_("row {k}", k=table.index[half[0]]),
        )
    absent = np.isnan(x)
    if absent.any():
        notes += _without_place(table, absent, unplaced, place)
    kept = table[~absent].drop(columns=list(found.values()))
    return gpd.GeoDataFrame(kept, geometry=gpd.points_from_xy(x[~absent], y[~absent])), notes


def _heading(
    name: str,
    table: pd.DataFrame,
    columns: Mapping[str, str],
    place: Place,
    aliases: Mapping[str, Sequence[str]] | None,
) -> str:
    there = [str(heading) for heading in table.columns]
    if name in columns:
        if columns[name] in there:
            return columns[name]
        raise place.error(
            _("the file has no column {heading}, which [layers.{role}] gives for {column}",
              heading=columns[name], role=place.role, column=name),
            remedy=_("did you mean {near}? The file has: {headings}",
                     near=nearest(columns[name], there), headings=", ".join(there)),
            row=columns[name],
        )  # fmt: skip
    if name in there:
        return name
    heading = alias_of(_COLUMNS[name], there, place, aliases)
    if heading is None:
        raise place.error(
            _("the register has no column of coordinates {column}", column=name),
            remedy=_("write which headings they have under [layers.{role}]: {line} (x is easting or longitude: what "
                     "Chinese surveying calls Y); the file has: {headings}",
                     role=place.role, line='columns = { x = "...", y = "..." }', headings=", ".join(there)),
            row=name,
        )  # fmt: skip
    return heading


def _coordinates(values: pd.Series[Any], place: Place, notes: list[Repair]) -> npt.NDArray[np.float64]:
    """Return coordinates as numbers; NaN where a cell is empty."""
    result = np.full(len(values), np.nan)
    sexagesimal = 0
    for at, value in enumerate(values.tolist()):
        if value is None or value != value or (isinstance(value, str) and not value.strip()):  # noqa: PLR0124 - NaN
            continue
        match = _SEXAGESIMAL.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is not None and all(float(part or 0) < _SIXTY for part in match.groups()[1:]):
            degrees, minutes, seconds = (float(part or 0) for part in match.groups())
            result[at] = degrees + minutes / _SIXTY + seconds / _SIXTY**2
            sexagesimal += 1
        elif (isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)) or (
            isinstance(value, str) and _NUMBER.fullmatch(value.strip())
        ):
            result[at] = float(value)
        else:
            raise place.error(
                _(
                    "column {column} is {value}: {why}",
                    column=values.name,
                    value=repr(value),
                    why=_("it is no coordinate"),
                ),
                remedy=_("write it as a number, or as degrees, minutes and seconds (105°28′36″)"),
                row=_("row {k}", k=values.index[at]),
            )
    if sexagesimal:
        what = _("{n} coordinates in {column} read as degrees, minutes and seconds", n=sexagesimal, column=values.name)
        notes.append(place.note(what))
    return result


def _without_place(table: pd.DataFrame, absent: npt.NDArray[np.bool_], unplaced: str, place: Place) -> list[Repair]:
    rows = [str(number) for number in table.index[absent]]
    if unplaced != "drop" or len(rows) == len(table):
        raise place.error(
            _("{n} of {all} rows have no coordinates", n=len(rows), all=len(table)),
            remedy=_("fill them in, or leave these rows out with {line} under [layers.{role}]",
                     line='unplaced = "drop"', role=place.role),
            row=_("row {k}", k=rows[0]),
        )  # fmt: skip
    return [place.repair(_("left out: it has no coordinates"), row=_("row {k}", k=row)) for row in rows]
