"""The units that rules look at: communities and townships, with what lives in them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.auditing.homes import FIGURES, text, unit_figures
from siteplan.standards.rule import Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMUNITY: Literal["community"] = "community"
TOWNSHIP: Literal["township"] = "township"


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A unit that rules look at, its buildings and the communities whose facilities are its own.

    Parameters
    ----------
    unit : Unit
    level : str
        community, township, pool or study.
    buildings : (n,) int64
        Rows of the plan's demand.
    communities : frozenset of str
        Ids; of a community its own.
    """

    unit: Unit
    level: str
    buildings: npt.NDArray[np.int64]
    communities: frozenset[str]

    @property
    def figures(self) -> dict[str, float]:
        """What rules multiply: the counts of units.COUNTS, and buildings; NaN where the layers do not say."""
        counts = {name: float(getattr(self.unit, name)) for name in FIGURES}
        return counts | {"buildings": float(len(self.buildings))}


def _figure(row: Any, name: str) -> float:
    value = row.get(name, math.nan) if row is not None else math.nan
    return float(value) if pd.notna(value) else math.nan


def _word(value: Any) -> str:
    return str(value) if pd.notna(value) else ""


def _flag(value: Any) -> bool:
    return bool(value) if pd.notna(value) else False


def communities(demand: pd.DataFrame, frame: pd.DataFrame) -> list[Place]:
    """Return the plan's communities, with figures summed over their buildings."""
    own = text(demand["community_id"]).reset_index(drop=True)
    sums = unit_figures(demand, own)
    rows = {name: np.asarray(found, dtype=np.int64) for name, found in own.groupby(own).indices.items()}
    places = []
    for record in frame.drop(columns="geometry", errors="ignore").to_dict("records"):
        name = str(record["id"])
        figures = sums.loc[name] if name in sums.index else None
        mine = rows.get(name, np.zeros(0, np.int64))
        phase = _figure(record, "phase")
        unit = Unit(
            id=name,
            name=_word(record["name"]),
            **{what: _figure(figures, what) if figures is not None else 0.0 for what in FIGURES},
            setting=_word(record["setting"]),
            construction=_word(record["construction"]),
            resettlement=_flag(record["resettlement"]),
            key=_flag(record["key"]),
            phase=1 if math.isnan(phase) else int(phase),
            buildings=float(len(mine)),
        )
        places.append(Place(unit=unit, level=COMMUNITY, buildings=mine, communities=frozenset({name})))
    return places


def townships(places: Sequence[Place], frame: pd.DataFrame, names: dict[str, str]) -> list[Place]:
    """Return the townships: those of the layer, or those that communities name.

    A township has what its communities have. Its figures are sums, NaN where a community's is missing; rules for
    townships know no other conditions.
    """
    of = township_of(frame)
    ids = sorted(set(names) | (set(of.values()) - {""}))
    return [
        joined(name, names.get(name, ""), TOWNSHIP, [place for place in places if of.get(place.unit.id) == name])
        for name in ids
    ]


def township_of(frame: pd.DataFrame) -> dict[str, str]:
    """Return the township of each community by id, "" where it has none."""
    return dict(zip(text(frame["id"]), text(frame["township_id"]), strict=True))


def joined(name: str, title: str, level: str, inner: Sequence[Place]) -> Place:
    """Return several communities as one place, their figures added up."""
    buildings = np.concatenate([np.zeros(0, np.int64), *(place.buildings for place in inner)])
    counts: dict[str, Any] = {what: math.fsum(getattr(place.unit, what) for place in inner) for what in FIGURES}
    unit = Unit(
        id=name,
        name=title,
        **counts,
        buildings=float(len(buildings)),
    )
    own: frozenset[str] = frozenset().union(*(place.communities for place in inner))
    return Place(unit=unit, level=level, buildings=buildings, communities=own)
