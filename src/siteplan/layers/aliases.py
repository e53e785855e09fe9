"""Headings and words that Chinese files use for siteplan's columns and values: two tables that anybody can review.

``headings.csv`` gives headings by role and column (no role: any), ``words.csv`` the words for the values of columns that
take only certain ones. A study adds its own under ``[aliases]``. ``siteplan headings`` prints both.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from siteplan.layers.repair import Place
    from siteplan.layers.roles import Column

PLACES = ("x", "y")
"""Columns of a register that say where a row lies: easting or longitude, northing or latitude."""

_UNITS = {
    "households": ("户",),
    "people": ("人", "口"),
    "m2": ("m2", "平方米", "平米"),
    "yuan": ("元",),
    "floors": ("层",),
    "yuan/m2": ("元/m2", "元/平方米", "元/平米"),
    "yuan/mu/year": ("元/亩", "元/亩/年", "元/亩.年", "元/亩年"),
    "degrees": ("度", "°", "e", "n"),
}
"""How Chinese headings write the unit of a column; another unit is another quantity, and is not taken."""

_WITH_UNIT = re.compile(r"(.+?)[(\[]([^()\[\]]+)[)\]]")


class Heading(NamedTuple):
    """One row of headings.csv."""

    role: str
    column: str
    heading: str


class Word(NamedTuple):
    """One row of words.csv."""

    column: str
    word: str
    value: str


@cache
def headings() -> tuple[Heading, ...]:
    """Return the headings that are known."""
    return tuple(Heading(*row) for row in _rows("headings.csv"))


@cache
def words() -> tuple[Word, ...]:
    """Return the words for values that are known."""
    return tuple(Word(*row) for row in _rows("words.csv"))


def _rows(name: str) -> Iterable[list[str]]:
    text = files("siteplan.layers").joinpath(name).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines()))[1:]


def word_values(values: Iterable[str]) -> dict[str, str]:
    """Return the words that stand for the values which a column takes.

    >>> word_values(("urban", "rural"))["农村"], word_values(("new", "existing"))["新建"], word_values(("build", "convert"))["新建"]
    ('rural', 'new', 'build')
    """
    taken = set(values)
    return {entry.word: entry.value for entry in words() if entry.value in taken}


def plain(heading: str) -> str:
    """Return a heading in one form: half-width, without blanks, in lower case.

    >>> plain("户 数（户）")
    '户数(户)'
    """
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", heading)).replace("·", ".").casefold()


def without_unit(heading: str, unit: str) -> str:
    """Return a heading in one form, without the unit behind it where it is the column's own.

    >>> without_unit("面积（㎡）", "m2"), without_unit("面积（亩）", "m2")
    ('面积', '面积(亩)')
    """
    text = plain(heading)
    match = _WITH_UNIT.fullmatch(text)
    return match.group(1) if match is not None and match.group(2) in _UNITS.get(unit, ()) else text


def known_headings(role: str) -> frozenset[str]:
    """Return every heading of headings.csv that ``role`` may have, in one form."""
    return frozenset(plain(entry.heading) for entry in headings() if entry.role in ("", role))


def alias_of(
    column: Column, there: Sequence[str], place: Place, aliases: Mapping[str, Sequence[str]] | None = None
) -> str | None:
    """Return the heading that stands for a column by another name than its own.

    The study's own names come first, then those of the role, then those of any role.

    Parameters
    ----------
    column : Column
        Its Chinese name with its unit behind it counts too.
    there : sequence of str
        Headings of the file that are still free.
    place : Place
        What an error names.
    aliases : mapping of str to sequence of str, optional
        The study's own, by column.

    Returns
    -------
    str or None
        None where no heading is known.

    Raises
    ------
    LayerError
        If several headings fit equally well: one of them has to be named.
    """
    known = [entry for entry in headings() if entry.column == column.name]
    ranks = (
        tuple((aliases or {}).get(column.name, ())),
        (column.zh,) if column.zh else (),
        tuple(entry.heading for entry in known if entry.role == place.role),
        tuple(entry.heading for entry in known if not entry.role),
    )
    for rank in ranks:
        wanted = {plain(name) for name in rank}
        fit = [name for name in there if plain(name) in wanted or without_unit(name, column.unit) in wanted]
        if len(fit) > 1:
            raise several_fit(column.name, fit, place)
        if fit:
            return fit[0]
    return None


def several_fit(column: str, headings: Sequence[str], place: Place) -> Exception:
    """Return the error for headings that fit one column equally well."""
    return place.error(
        _("several columns may be {column}: {headings}", column=column, headings=", ".join(headings)),
        remedy=_(
            "write which one under [layers.{role}]: {line}",
            role=place.role,
            line=f'columns = {{ {column} = "{headings[0]}" }}',
        ),
        row=headings[0],
    )
