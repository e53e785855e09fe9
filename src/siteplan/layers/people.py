"""Which people a layer counts: registered (户籍), relocated (搬迁), resident (常住), or people without a word on how they were counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.messages import _, word

if TYPE_CHECKING:
    import geopandas as gpd

    from siteplan.layers.repair import Place, Repair

IN_PLACE_OF_PEOPLE = ("resident", "relocated", "registered")
"""What stands for ``people`` where a layer counts only certain people, the first that a row has: who lives there uses what is there."""

COUNTED_ROLES = ("sites", "communities", "buildings")


def settle_people(
    frame: gpd.GeoDataFrame, place: Place, *, people_are: str | None, persons_per_household: float
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer with the counts of people filled in that follow from others, and a note on each that does.

    In this order: ``people`` are the kind that study.toml says they are; where ``people`` is missing, one of IN_PLACE_OF_PEOPLE stands for
    it; on resettlement sites the relocated are, where nobody counted them, the people, or households x persons_per_household (assumed:
    whoever lives there was relocated; standards, section 3, gives 3.52 of resettlement). No other kind is made from another.

    Parameters
    ----------
    frame : GeoDataFrame
        Role sites, communities or buildings; columns people, registered, relocated, resident; resettlement where the role has it.
    place : Place
        What notes name.
    people_are : {"registered", "relocated", "resident"} or None
        What study.toml says that ``people`` counts.
    persons_per_household : float
    """
    notes: list[Repair] = []
    frame = frame.copy()
    if people_are is not None:
        filled = frame[people_are].isna() & frame["people"].notna()
        frame[people_are] = frame[people_are].fillna(frame["people"])
        _tell(notes, place, filled, _("{kind}: the people, as study.toml says", kind=word("denominator", people_are)))
    for kind in IN_PLACE_OF_PEOPLE:
        filled = frame["people"].isna() & frame[kind].notna()
        frame["people"] = frame["people"].fillna(frame[kind])
        _tell(notes, place, filled, _("people: {kind}", kind=word("denominator", kind)))
    if "resettlement" in frame:
        _fill_relocated(frame, place, persons_per_household, notes)
    return frame, notes


def _fill_relocated(frame: gpd.GeoDataFrame, place: Place, per: float, notes: list[Repair]) -> None:
    """Fill in who was relocated, of resettlement sites alone; ``frame`` is changed."""
    here = frame["relocated"].isna() & frame["resettlement"].eq(other=True).fillna(value=False).astype(bool)
    counted = here & frame["people"].notna()
    frame.loc[counted, "relocated"] = frame.loc[counted, "people"]
    _tell(notes, place, counted, _("relocated: all people of a resettlement site (assumed)"))
    households = frame["households"] if "households" in frame else pd.Series(np.nan, frame.index)
    left = here & ~counted & households.notna()
    frame.loc[left, "relocated"] = households[left] * per
    _tell(notes, place, left, _("relocated: {per:g} for each household of a resettlement site (assumed)", per=per))


def _tell(notes: list[Repair], place: Place, filled: pd.Series[bool], what: str) -> None:
    if filled.any():
        notes.append(place.note(_("{n} of {all} rows, {what}", n=int(filled.sum()), all=len(filled), what=what)))
