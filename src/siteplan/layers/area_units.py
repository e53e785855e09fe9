"""Areas in other units than square metres: said in study.toml, or by the heading of the column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.layers.columns import find_headings, role_of
from siteplan.layers.names import nearest
from siteplan.messages import _
from siteplan.units import M2_PER_MU

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import numpy.typing as npt

    from siteplan.layers.repair import Place, Repair

AREA_UNITS: dict[str, tuple[float, str]] = {
    "m2": (1.0, "SI"),
    "mu": (M2_PER_MU, "15 mu = 1 ha"),
    "ha": (10_000.0, "SI Brochure, 9th edition, table 8"),
    "km2": (1_000_000.0, "SI"),
    "10000 m2": (10_000.0, "SI"),
}
"""Square metres of one, and where that is from, by the word that study.toml says."""

_ALIKE = 0.02
_ROUND = 0.01
"""Areas in two columns are the same within a fiftieth, or a hundredth of the larger unit: tables are rounded."""

_WORDS = {
    "亩": "mu", "市亩": "mu", "mu": "mu", "公顷": "ha", "ha": "ha", "hm2": "ha", "hm²": "ha",
    "平方公里": "km2", "平方千米": "km2", "km2": "km2", "km²": "km2",
    "万平方米": "10000 m2", "万平米": "10000 m2", "万m2": "10000 m2", "万㎡": "10000 m2",
    "平方米": "m2", "平米": "m2", "m2": "m2", "m²": "m2", "㎡": "m2",
}  # fmt: skip
_CHINESE = "|".join(word for word in sorted(_WORDS, key=len, reverse=True) if not word.isascii())
_LATIN = "|".join(word for word in sorted(_WORDS, key=len, reverse=True) if word.isascii())
_HEADING = re.compile(
    rf"(?P<base>.+?)\s*(?:[（(\[_\-/ ]\s*(?P<marked>{_CHINESE}|{_LATIN})\s*[）)\]]?|(?P<bare>{_CHINESE}))",
    re.IGNORECASE,
)


def split_unit(heading: str) -> tuple[str, str | None]:
    """Return a heading without the unit at its end, and that unit as :data:`AREA_UNITS` names it.

    >>> split_unit("用地面积（亩）"), split_unit("land_ha"), split_unit("面积")
    (('用地面积', 'mu'), ('land', 'ha'), ('面积', None))
    """
    match = _HEADING.fullmatch(heading.strip())
    if match is None:
        return heading, None
    return match["base"], _WORDS[(match["marked"] or match["bare"]).casefold()]


def in_square_metres(
    frame: gpd.GeoDataFrame,
    columns: Mapping[str, str],
    units: Mapping[str, str],
    place: Place,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[gpd.GeoDataFrame, dict[str, str], list[Repair]]:
    """Return a table with its columns of areas in square metres beside those in the file's unit.

    Parameters
    ----------
    frame : GeoDataFrame
        As read.
    columns : mapping of str to str
        siteplan's column to the file's heading, as study.toml says.
    units : mapping of str to str
        siteplan's column to a unit in :data:`AREA_UNITS`, as study.toml says; Chinese words for them (亩) too.
    place : Place
    aliases : mapping of str to sequence of str, optional
        The study's own headings by column.

    Returns
    -------
    frame : GeoDataFrame
        With a column more for each that was converted; values that are no numbers stay for the reader to refuse.
    columns : dict of str to str
        As given, with the headings of converted columns.
    notes : list of Repair
        One for each converted column: the factor and its source.

    Raises
    ------
    LayerError
        If study.toml gives a unit for a column that is no area or is not there, or another than the heading does; or if
        several headings may be a column and their areas differ.
    """
    role = role_of(place.role)
    areas = [column.name for column in role.columns if column.unit == "m2"]
    headings = [str(name) for name in frame.columns if name != frame.geometry.name]
    units = {name: _WORDS.get(unit.casefold(), unit) for name, unit in units.items()}
    for name, unit in units.items():
        _check_unit(name, unit, areas, place)
    here, __ = find_headings(role, headings, columns, place, aliases)
    found: dict[str, tuple[str, str | None]] = {}
    for name, headed in _with_units(areas, headings, columns, place, here).items():
        one = _one(name, headed, here, frame, units, place)
        if one is not None:
            found[name] = one
    for name in units:
        if name not in found:
            if name not in here:
                raise place.error(
                    _("[layers.{role}] units: the file has no column {column}", role=place.role, column=name),
                    remedy=_("write which column it is: {line}", line=f'columns = {{ {name} = "..." }}'),
                    row=name,
                )
            found[name] = here[name], split_unit(here[name])[1]
    made, notes, mapped = {}, [], dict(columns)
    for name, (heading, said) in found.items():
        unit = units.get(name) or said or "m2"
        if said is not None and unit != said:
            raise place.error(
                _("study.toml says that {heading} is in {unit}, its heading says {said}",
                  heading=heading, unit=unit, said=said),
                remedy=_("correct units in [layers.{role}]", role=place.role),
                row=name,
            )  # fmt: skip
        if unit == "m2":
            continue
        factor, source = AREA_UNITS[unit]
        new = f"{heading} [{unit} -> m2]"
        made[new] = _times(frame[heading], factor)
        mapped[name] = new
        what = _("{column} read from {heading}: x {factor} m2 ({unit}; {source})",
                 column=name, heading=heading, factor=f"{factor:.9g}", unit=unit, source=source)  # fmt: skip
        notes.append(place.note(what))
    return (frame.assign(**made) if made else frame), mapped, notes


def _check_unit(name: str, unit: str, areas: Sequence[str], place: Place) -> None:
    if name not in areas:
        raise place.error(
            _("[layers.{role}] units: {column} is no column of areas in m2", role=place.role, column=name),
            remedy=_("columns of areas of this role: {columns}", columns=", ".join(areas) or "-"),
            row=name,
        )
    if unit not in AREA_UNITS:
        raise place.error(
            _("[layers.{role}] units: no unit {unit}", role=place.role, unit=unit),
            remedy=_("did you mean {near}? The units are {units}",
                     near=nearest(unit, AREA_UNITS), units=", ".join(AREA_UNITS)),
            row=name,
        )  # fmt: skip


def _with_units(
    areas: Sequence[str], headings: Sequence[str], columns: Mapping[str, str], place: Place, here: Mapping[str, str]
) -> dict[str, list[tuple[str, str]]]:
    """Return the headings that end in a unit other than m2 by the column that each may be: (heading, unit)."""
    role = role_of(place.role)
    found: dict[str, list[tuple[str, str]]] = {}
    for name, heading in columns.items():
        unit = split_unit(heading)[1]
        if name in areas and heading in headings and unit is not None and unit != "m2":
            found[name] = [(heading, unit)]
    for heading in headings:
        base, unit = split_unit(heading)
        if unit is None or unit == "m2" or heading in here.values():
            continue
        names = find_headings(role, [base], {}, place)[0] or find_headings(role, [f"{base}_m2"], {}, place)[0]
        for name in names:
            if name in areas and name not in columns:
                found.setdefault(name, []).append((heading, unit))
    return found


def _one(
    name: str,
    said: Sequence[tuple[str, str]],
    here: Mapping[str, str],
    frame: gpd.GeoDataFrame,
    units: Mapping[str, str],
    place: Place,
) -> tuple[str, str] | None:
    """Return the heading that is read as a column, of several that may be it; None: the one that needs no unit.

    Raises
    ------
    LayerError
        If their areas differ by more than a fiftieth.
    """
    own = here.get(name)
    if own is None or own in {heading for heading, _unit in said}:
        given = list(said)
    else:
        given = [(own, units.get(name, "m2")), *said]
    if len(given) == 1:
        return said[0]
    first, *others = (_square_metres(frame[heading], unit) for heading, unit in given)
    slack = _ROUND * max(AREA_UNITS[unit][0] for _heading, unit in given)
    if not all(np.allclose(first, other, rtol=_ALIKE, atol=slack, equal_nan=True) for other in others):
        names = [heading for heading, _unit in given]
        raise place.error(
            _("several columns may be {column}, and their areas differ: {headings}",
              column=name, headings=", ".join(names)),
            remedy=_("write which one under [layers.{role}]: {line}",
                     role=place.role, line=f'columns = {{ {name} = "{names[0]}" }}'),
            row=names[0],
        )  # fmt: skip
    return None if own == given[0][0] else said[0]


def _square_metres(values: pd.Series[Any], unit: str) -> npt.NDArray[np.float64]:
    return pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan) * AREA_UNITS[unit][0]


def _times(values: pd.Series[Any], factor: float) -> pd.Series[Any]:
    """Return numbers times ``factor``; what is no number stays as it is."""
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    scaled = numbers * factor
    odd = numbers.isna() & values.notna()
    return scaled if not odd.any() else scaled.astype(object).where(~odd, values)
