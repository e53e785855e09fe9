"""The catalogue of facility types: what each is called, which space it takes, whom it may serve."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from siteplan.errors import StandardsError
from siteplan.messages import _, language
from siteplan.standards.nearest import nearest

Space = Literal["floor", "land", "none"]
Serves = Literal["community", "anyone"]


@dataclass(frozen=True, kw_only=True)
class FacilityType:
    """One type of facility.

    Parameters
    ----------
    key : str
        Name in layers, profiles and plans.
    zh, en : str
        Names shown to people.
    space : {"floor", "land", "none"}
        Whether its area is building floor, open land, or it has no area of its own. Floor and land are never added.
    serves : {"community", "anyone"}
        Whom one may serve: buildings of its own community, or any building within reach.
    colour : str
        ``#rrggbb``, at least 3:1 against white, so that a white symbol on it can be read.
    symbol : str
        One character for maps.
    """

    key: str
    zh: str
    en: str
    space: Space
    serves: Serves
    colour: str
    symbol: str

    @property
    def label(self) -> str:
        """Its name in the language spoken now."""
        return self.zh if language() == "zh" else self.en


def _read() -> dict[str, FacilityType]:
    text = files("siteplan.standards").joinpath("facility_types.toml").read_text(encoding="utf-8")
    return {key: FacilityType(key=key, **fields) for key, fields in tomllib.loads(text).items()}


FACILITY_TYPES: dict[str, FacilityType] = _read()
"""Facility types by key, in the order of maps and tables."""


def facility_type(key: str) -> FacilityType:
    """Return the facility type called ``key``.

    Raises
    ------
    StandardsError
        If there is none; the remedy names the nearest.

    Examples
    --------
    >>> facility_type("shelter").space
    'land'
    """
    found = FACILITY_TYPES.get(key)
    if found is None:
        raise StandardsError(
            _("unknown facility type {key}", key=repr(key)),
            remedy=_("the nearest known one is {known}", known=nearest(key, FACILITY_TYPES)),
        )
    return found
