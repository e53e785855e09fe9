"""Who is served, recomputed: the metres to open facilities in each phase, and the room that capacity rules leave in each."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from siteplan.auditing.homes import figures
from siteplan.auditing.outcome import within

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from siteplan.auditing.phases import Course
    from siteplan.auditing.places import Place
    from siteplan.auditing.walks import Walks
    from siteplan.standards.rule import Rule

SERVED, FULL, OUT_OF_REACH, NONE = "served", "full", "out_of_reach", "none"
HOUSEHOLDS = {"m2/household": 1.0, "m2/100hh": 100.0}
"""How many households the figure of a capacity rule is for, by unit; else it is for a person."""


def loads(
    places: Sequence[Place], rules: Sequence[Sequence[Rule]], demand: pd.DataFrame, types: Sequence[str]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the m2 that a household of each building takes of the facility that serves it, by type.

    NaN where no capacity rule speaks for its community, or the layers do not say of every building there how many it holds of those for
    whom the figure is: such households take no room. Of several rules the one that asks for most counts.

    Returns
    -------
    dict of str to (n_buildings,) float64
        Of types of which some household takes room.
    """
    homes = figures(demand, "households")
    found: dict[str, npt.NDArray[np.float64]] = {}
    for place, speaking in zip(places, rules, strict=True):
        mine = place.buildings
        for rule in speaking:
            if rule.kind != "capacity":
                continue
            each = _each(rule, demand, homes)[mine]
            if np.isnan(each).any():
                continue
            for kind in rule.types:
                if kind in types:
                    taken = found.setdefault(kind, np.full(len(demand), np.nan))
                    taken[mine] = np.fmax(taken[mine], each)
    return found


def _each(rule: Rule, demand: pd.DataFrame, homes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the m2 that a capacity rule gives each household of every building."""
    figure = float(rule.figure or 0.0)
    if rule.unit in HOUSEHOLDS:
        return np.full(len(demand), figure / HOUSEHOLDS[rule.unit])
    persons = figures(demand, rule.denominator)
    each = np.divide(persons, homes, out=np.full(len(demand), np.nan), where=homes > 0)
    return np.asarray(figure * each, dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """Who is served by what.

    Parameters
    ----------
    walks : Walks
    course : Course
    households : (n_buildings,) float64
    loads : dict of str to (n_buildings,) float64
        Of :func:`loads`.
    served : DataFrame, columns i, f, households, metres
        Rows of the plan's allocation that call households served, with the metres as recomputed; those whose facility may not serve are left out.
    """

    walks: Walks
    course: Course
    households: npt.NDArray[np.float64]
    loads: Mapping[str, npt.NDArray[np.float64]]
    served: pd.DataFrame
    _near: dict[tuple[tuple[str, ...], int], npt.NDArray[np.float64]] = field(default_factory=dict)

    def nearest(self, types: Iterable[str], phase: int) -> npt.NDArray[np.float64]:
        """Return the metres from each building to the nearest facility of ``types`` that is open at the end of ``phase``."""
        key = (tuple(types), phase)
        if key not in self._near:
            self._near[key] = self.walks.nearest(key[0], self.course.opens <= phase)
        return self._near[key]

    def takes(self, types: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Tell of which buildings the households take room in facilities of ``types``."""
        known = [~np.isnan(self.loads[kind]) for kind in types if kind in self.loads]
        return np.any(known, axis=0) if known else np.zeros(len(self.households), dtype=bool)

    def reached(self, types: tuple[str, ...], metres: float, buildings: npt.NDArray[np.int64], phase: int) -> float:
        """Return the households of ``buildings`` that facilities of ``types`` serve within ``metres`` at the end of ``phase``.

        Where households take room these are those that the plan's allocation, which is that of the last phase, calls served by facilities that
        are open then; elsewhere all that have one within ``metres``.
        """
        if not self.loads.keys() & set(types):
            near = within(self.nearest(types, phase)[buildings], metres)
            return math.fsum(self.households[buildings][near])
        crowded = self.takes(types)
        free = buildings[~crowded[buildings]]
        near = within(self.nearest(types, phase)[free], metres)
        some = np.zeros(len(self.households), dtype=bool)
        some[buildings[crowded[buildings]]] = True
        rows = self.served
        f = rows["f"].to_numpy(dtype=np.int64)
        mine = some[rows["i"].to_numpy(dtype=np.int64)] & self._is_of(types)[f] & (self.course.opens[f] <= phase)
        mine &= within(rows["metres"].to_numpy(dtype=float), metres)
        return math.fsum([*self.households[free[near]], *rows.loc[mine, "households"]])

    def _is_of(self, types: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        return self.walks.facilities["type"].isin(types).to_numpy(dtype=bool)

    def taken(self) -> npt.NDArray[np.float64]:
        """Return the m2 of each facility that the households take which it serves, (n_facilities,)."""
        m2 = np.zeros(len(self.walks.facilities))
        f, i = self.served["f"].to_numpy(dtype=np.int64), self.served["i"].to_numpy(dtype=np.int64)
        homes = self.served["households"].to_numpy(dtype=float)
        kinds = self.walks.facilities["type"].to_numpy()[f]
        for kind, each in self.loads.items():
            mine = kinds == kind
            np.add.at(m2, f[mine], homes[mine] * np.nan_to_num(each[i[mine]]))
        return m2
