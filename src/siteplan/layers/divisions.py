"""Division codes (统计用区划代码): twelve digits, province 2, city 2, county 2, township 3, village 3.

The structure is that of the National Bureau of Statistics' codes for statistics; provinces are those of GB/T 2260. Codes change with
time (旬阳 was county 610928 and is city 610981), so that registers of two years are brought together by the user's table of changes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from siteplan.errors import SettingsError
from siteplan.layers.repair import some
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siteplan.layers.repair import Place, Repair

Level = Literal["province", "city", "county", "township", "village"]

WIDTHS: dict[Level, int] = {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12}
"""Digits of a code that say where it lies, down to each level; what follows is zeros, or is left out."""

PROVINCES = frozenset({
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44", "45", "46",
    "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
})  # fmt: skip
"""First two digits that exist (GB/T 2260)."""

TIED_ROLES = ("sites", "communities")
"""Roles whose rows a code ties to a township."""


@dataclass(frozen=True, kw_only=True)
class Division:
    """One division.

    Parameters
    ----------
    code : str
        Twelve digits.
    level : {"province", "city", "county", "township", "village"}
    """

    code: str
    level: Level

    def part(self, level: Level) -> str:
        """Return the digits down to ``level``: six for the county, nine for the township.

        >>> parse_division("610981103201").part("county")
        '610981'
        """
        return self.code[: WIDTHS[level]]


def parse_division(text: object) -> Division | None:
    """Return the division that a code names; None where it is no code.

    Codes of 2, 4, 6, 9 or 12 digits are taken. County digits 00 before a township are right: cities such as Dongguan have no counties.

    Examples
    --------
    >>> [parse_division(code).level for code in ("520203001001", 520203107000, "520203", "441900003", "61")]
    ['village', 'township', 'county', 'township', 'province']
    >>> [parse_division(code) for code in ("520203000001", "990101", "52020", "5.20203E+11", None)]
    [None, None, None, None, None]
    """
    if text is None or (isinstance(text, float) and np.isnan(text)):
        return None
    whole = str(int(text)) if isinstance(text, float | int | np.number) and float(text) == int(text) else str(text)
    plain = whole.strip().removesuffix(".0")
    if not re.fullmatch(r"[0-9]+", plain) or len(plain) not in WIDTHS.values() or plain[:2] not in PROVINCES:
        return None
    code = plain.ljust(WIDTHS["village"], "0")
    city, county, township, village = code[2:4], code[4:6], code[6:9], code[9:]
    if (village != "000" and township == "000") or (city == "00" and set(county + township + village) != {"0"}):
        return None
    parts: tuple[tuple[Level, str], ...] = (
        ("village", village), ("township", township), ("county", county), ("city", city),
    )  # fmt: skip
    level: Level = next((name for name, digits in parts if set(digits) != {"0"}), "province")
    return Division(code=code, level=level)


def check_changes(changed: Mapping[str, str]) -> dict[str, str]:
    """Return a table of changed codes without the zeros that follow a code, so that a county's twelve digits stand for all in it, too.

    >>> check_changes({"610928000000": "610981000000"})
    {'610928': '610981'}

    Raises
    ------
    SettingsError
        If one of a pair is no code, the two are not of one level, a new code is an old one too, or one old code has two new ones.
    """
    short: dict[str, str] = {}
    for old, new in changed.items():
        was, now, why = parse_division(old), parse_division(new), ""
        if was is None or now is None or was.level != now.level or len(old) != len(new):
            why = _("both must be division codes of 6, 9 or 12 digits, equally long")
        elif new in changed and new != old:
            why = _("{code} is itself an old code", code=new)
        elif short.get(was.part(was.level), now.part(now.level)) != now.part(now.level):
            why = _("{code} has two new codes", code=was.part(was.level))
        if why or was is None or now is None:
            raise SettingsError(
                _('"{old}" = "{new}": {why}', old=old, new=new, why=why),
                remedy=_("write one line for each code that changed: {line}", line='"610928" = "610981"'),
                path="study.toml",
                row="[divisions] changed",
            )
        short[was.part(was.level)] = now.part(now.level)
    return short


def present_code(code: str, changed: Mapping[str, str]) -> str:
    """Return a twelve-digit code as the table of changes has it now; the longest old code that it begins with speaks.

    >>> present_code("610928103201", {"610928": "610981", "610928103": "610981105"})
    '610981105201'
    """
    for width in sorted(WIDTHS.values(), reverse=True):
        if code[:width] in changed:
            return changed[code[:width]] + code[width:]
    return code


def codes_of(frame: gpd.GeoDataFrame, place: Place, changed: Mapping[str, str]) -> pd.Series[str]:
    """Return the present twelve-digit code of every row, "" where it has none.

    Column ``code``; where it says nothing in any row and every id is a code of a township or village, the ids.

    Raises
    ------
    LayerError
        If column ``code`` holds something else.
    """
    given = frame["code"] if "code" in frame else pd.Series(None, index=frame.index, dtype=object)
    if given.isna().all():
        found = [parse_division(name) for name in frame["id"]]
        if not all(one is not None and one.level in ("township", "village") for one in found):
            return pd.Series("", index=frame.index, dtype="str")
    else:
        found = [parse_division(text) for text in given]
        wrong = [k for k, (one, text) in enumerate(zip(found, given, strict=True)) if one is None and pd.notna(text)]
        if wrong:
            raise place.error(
                _("column code is {value}, which is no division code", value=repr(given.iloc[wrong[0]])),
                remedy=_(
                    "a code has 6, 9 or 12 digits (520203001001); a spreadsheet that shows 5.20203E+11 has lost them: format the column as text"
                ),
                row=str(frame["id"].iloc[wrong[0]]),
            )
    codes = ["" if one is None else present_code(one.code, changed) for one in found]
    return pd.Series(codes, index=frame.index, dtype="str")


def tie_to_townships(
    vectors: Mapping[str, gpd.GeoDataFrame], places: Mapping[str, Place], changed: Mapping[str, str]
) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair]]:
    """Return the layers with ``township_id`` of sites and communities filled in by their codes, and notes.

    Parameters
    ----------
    vectors : mapping of str to GeoDataFrame
        By role.
    places : mapping of str to Place
        What errors and notes name, by role.
    changed : mapping of str to str
        The user's table: old code to new code, for whole counties, townships or villages.

    Raises
    ------
    LayerError
        As :func:`codes_of`; if two townships have one code.
    SettingsError
        As :func:`check_changes`.
    """
    changed = check_changes(changed)
    found = dict(vectors)
    notes: list[Repair] = []
    if "townships" not in vectors:
        return found, notes
    layer = vectors["townships"]
    known = codes_of(layer, places["townships"], changed).str[: WIDTHS["township"]]
    known = known[known != ""]
    twice = known[known.duplicated()]
    if len(twice):
        raise places["townships"].error(
            _("two townships have the code {code}", code=twice.iloc[0]),
            remedy=_("correct column code: each township has its own nine digits"),
            row=str(layer["id"].loc[twice.index[0]]),
        )
    town = {code: str(layer["id"].loc[row]) for row, code in known.items()}
    for role in TIED_ROLES:
        if role in vectors and town:
            found[role], said = _tied(vectors[role], town, places[role], changed)
            notes += said
    return found, notes


def _tied(
    frame: gpd.GeoDataFrame, town: Mapping[str, str], place: Place, changed: Mapping[str, str]
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    codes = codes_of(frame, place, changed)
    by_code = codes.str[: WIDTHS["township"]].map(town)
    own = frame["township_id"]
    notes: list[Repair] = []
    filled = own.isna() & by_code.notna()
    if filled.any():
        notes.append(place.note(_("township of {n} rows found by their division codes", n=int(filled.sum()))))
    for row in frame.index[own.notna() & by_code.notna() & (own != by_code)]:
        what = _("township_id is {own}, but its code {code} lies in {other}: left as it is",
                 own=own[row], code=codes[row], other=by_code[row])  # fmt: skip
        notes.append(place.note(what, row=str(frame["id"].loc[row])))
    lost = frame.index[(codes != "") & by_code.isna()]
    if len(lost):
        notes.append(place.note(_lost(codes[lost], frame["id"].loc[lost], set(town))))
    merged = own.where(own.notna(), by_code)
    return frame.assign(township_id=merged.astype("str") if merged.notna().all() else merged), notes


def _lost(codes: pd.Series[str], ids: pd.Series[str], towns: set[str]) -> str:
    """Return what to say of rows whose township the layer lacks: whole counties that it lacks have other codes now, or are elsewhere."""
    counties = codes.str[: WIDTHS["county"]]
    strange = sorted(set(counties) - {code[: WIDTHS["county"]] for code in towns})
    text = _(
        "the townships lack the code of {n} rows: {rows}", n=len(codes), rows=some([f"{a} ({b})" for a, b in zip(ids, codes, strict=True)])
    )  # fmt: skip
    if strange:
        text += _("; ") + _(
            "no township is of county {codes}: if its code has changed, write in study.toml: {line}",
            codes=some(strange),
            line=f'[divisions] changed = {{ "{strange[0]}" = "......" }}',
        )
    return text
