"""What stands at the end of each phase, as the rules of one unit look at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from siteplan.auditing.homes import text
from siteplan.auditing.needs import listed_for
from siteplan.auditing.scene import Scene
from siteplan.layers.exclusion_kinds import same_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import pandas as pd

    from siteplan.auditing.places import Place
    from siteplan.auditing.service import Service
    from siteplan.standards.rule import Rule

DWELLINGS, EXCLUSION = "dwellings", "exclusion:"
"""Words of ``apart_from`` that are no facility type: docs/architecture.md, Rules, separation."""


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """The plan and the layers, as far as rules look at them.

    Parameters
    ----------
    service : Service
    points : (n_facilities,) object
        The point of each facility.
    dwellings : (n,) object
        Geometries of the buildings with households.
    exclusions : mapping of kind to (n,) object
        Geometries of the layer of exclusions.
    needs : mapping of unit to mapping of kind to float
        What the plan lists (needs.listed_needs).
    """

    service: Service
    points: npt.NDArray[np.object_]
    dwellings: npt.NDArray[np.object_]
    exclusions: Mapping[str, npt.NDArray[np.object_]]
    needs: Mapping[str, Mapping[str, float]]
    _open: dict[int, pd.DataFrame] = field(default_factory=dict)
    _rows: dict[int, dict[str, npt.NDArray[np.int64]]] = field(default_factory=dict)

    def at(self, phase: int) -> pd.DataFrame:
        """Return the facilities that are open at the end of ``phase``, with their areas then."""
        if phase not in self._open:
            self._open[phase] = open_ = self.service.course.at(phase)
            groups = open_.groupby("community_id").indices
            self._rows[phase] = {str(name): np.asarray(rows, dtype=np.int64) for name, rows in groups.items()}
        return self._open[phase]

    def of(self, place: Place, phase: int) -> pd.DataFrame:
        """Return those of one place."""
        open_ = self.at(phase)
        groups = self._rows[phase]
        rows = [groups[name] for name in sorted(place.communities) if name in groups]
        return open_.iloc[np.sort(np.concatenate(rows)) if rows else []]

    def scene(self, place: Place, phase: int, speaking: Sequence[Rule] = ()) -> Scene:
        """Return what rules may look at in ``place`` at the end of ``phase``.

        Parameters
        ----------
        speaking : sequence of Rule
            All rules that speak for it.
        """
        listed = self.needs.get(place.unit.id, {})
        return Scene(
            figures=place.figures,
            facilities=self.of(place, phase),
            standing=self.at(phase),
            reached=lambda types, metres: self.service.reached(types, metres, place.buildings, phase),
            straight=lambda rows, word: self.straight(rows, word, phase),
            doorstep=lambda rows: self.doorstep(rows, place),
            listed=lambda rule: listed_for(rule, speaking, listed),
        )

    def straight(self, rows: pd.Index, word: str, phase: int) -> npt.NDArray[np.float64]:
        """Return straight metres from facilities to the nearest of what a word of ``apart_from`` names; inf: there is none."""
        if word == DWELLINGS:
            things = self.dwellings
        elif word.startswith(EXCLUSION):
            asked = word.removeprefix(EXCLUSION)
            same = [shapes for drawn, shapes in self.exclusions.items() if same_kind(asked, drawn)]
            things = np.concatenate([np.zeros(0, dtype=object), *same])
        else:
            open_ = self.at(phase)
            things = self.points[open_.index[open_["type"] == word].to_numpy()]
        metres = np.full(len(rows), np.inf)
        if len(things) and len(rows):
            here = self.points[rows.to_numpy()]
            pairs, far = shapely.STRtree(things).query_nearest(here, return_distance=True, all_matches=False)
            metres[pairs[0]] = far
        return metres

    def doorstep(self, rows: pd.Index, place: Place) -> npt.NDArray[np.float64]:
        """Return the walking metres from each facility to the nearest household of ``place``; inf: none within the cutoff."""
        own = np.zeros(len(self.service.households), dtype=bool)
        own[place.buildings] = True
        metres = np.full(len(rows), np.inf)
        for n, row in enumerate(rows):
            buildings, cost = self.service.walks.of_facility(int(row))
            metres[n] = cost[own[buildings]].min(initial=np.inf)
        return metres


def exclusions_of(layer: gpd.GeoDataFrame | None) -> dict[str, npt.NDArray[np.object_]]:
    """Return the geometries of the layer of exclusions by kind, as it writes them; also by the kind that study.toml says a word means."""
    if layer is None or not len(layer):
        return {}
    shapes = layer.geometry.to_numpy()
    kinds = layer["kind"].astype(str)
    found = {str(kind): shapes[rows] for kind, rows in kinds.groupby(kinds).indices.items()}
    if "read_as" not in layer:
        return found
    said = text(layer["read_as"])
    return {str(key): shapes[rows] for key, rows in said.groupby(said.to_numpy()).indices.items() if key} | found
