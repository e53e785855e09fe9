"""The kinds of areas that a county must keep off: their names in files, and what each means for siting and farmland."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from siteplan.messages import language

if TYPE_CHECKING:
    from collections.abc import Mapping

Way = Literal["barred", "open"]

_BREAKS = re.compile(r"[\s_\-()（）]+")


@dataclass(frozen=True, kw_only=True)
class ExclusionKind:
    """One kind of area to keep off.

    Parameters
    ----------
    key : str
        Name in siteplan.
    zh, en : str
        Names shown to people.
    words : tuple of str
        How files name it: Chinese words are looked for inside the text, Latin ones are the whole text.
    bars : {"inside", "outside"}
        Which side of the drawn area is kept off.
    siting, farmland : {"barred", "open"}
        Whether new facilities, and micro-farmland plots, are kept off.
    source, status : str
        Where that stands, and how sure it is (standards.kinds.STATUSES).
    """

    key: str
    zh: str
    en: str
    words: tuple[str, ...]
    bars: Literal["inside", "outside"]
    siting: Way
    farmland: Way
    source: str
    status: str

    @property
    def label(self) -> str:
        """Its name in the language spoken now."""
        return self.zh if language() == "zh" else self.en


def _read() -> dict[str, ExclusionKind]:
    text = files("siteplan.layers").joinpath("exclusion_kinds.toml").read_text(encoding="utf-8")
    return {
        key: ExclusionKind(key=key, **{**fields, "words": tuple(fields["words"])})
        for key, fields in tomllib.loads(text).items()
    }


EXCLUSION_KINDS: dict[str, ExclusionKind] = _read()
"""Kinds by key."""


def _plain(text: str) -> str:
    return _BREAKS.sub("", text.casefold())


def kind_of(text: str, named: Mapping[str, str] | None = None) -> ExclusionKind | None:
    """Return the kind that a layer's text means; None where it is not known.

    Parameters
    ----------
    text : str
        As the layer writes it.
    named : mapping of str to str, optional
        The user's own words to keys of EXCLUSION_KINDS; they speak first.

    Examples
    --------
    >>> kind_of("2023年永久基本农田图斑").key, kind_of("城镇开发边界外").bars, kind_of("饮用水水源准保护区").siting
    ('permanent_farmland', 'inside', 'open')
    >>> kind_of("Flood zone").key, kind_of("水源涵养区") is None, kind_of("蓝线", {"蓝线": "flood"}).key
    ('flood', True, 'flood')
    """
    own = {_plain(word): key for word, key in (named or {}).items()}
    plain = _plain(text)
    if plain in own:
        return EXCLUSION_KINDS[own[plain]]
    return _recognised(plain)


@cache
def _recognised(plain: str) -> ExclusionKind | None:
    """Return the kind of a word of siteplan's own table, whatever stands around it: the longest speaks, of equals the last in the text."""
    found = [
        (len(word), plain.rfind(_plain(word)), kind)
        for kind in EXCLUSION_KINDS.values()
        for word in (kind.key, *kind.words)
        if plain == _plain(word) or (not word.isascii() and word in plain)
    ]
    return max(found, key=lambda hit: hit[:2])[2] if found else None


def same_kind(asked: str, drawn: str, keeps: str = "") -> bool:
    """Tell whether a row of exclusions is of the kind that a rule names: the same text, or the same known kind.

    Parameters
    ----------
    asked : str
        What the rule names.
    drawn : str
        What the layer writes.
    keeps : str
        Key of the kind that the row was read as; "" where it is not known.

    Examples
    --------
    >>> same_kind("水源保护区", "县城一级水源保护区"), same_kind("水库", "水库"), same_kind("公园", "水库")
    (True, True, False)
    """
    if asked == drawn:
        return True
    known = kind_of(asked)
    if known is None:
        return False
    own = EXCLUSION_KINDS.get(keeps) or kind_of(drawn)
    return own is not None and own.key == known.key
