"""Where a facility could stand: whether some site within a household's limit could hold a type, as far as the layers tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.access.walking import cost_matrix
from siteplan.auditing.ground import in_zones
from siteplan.auditing.homes import figures, text
from siteplan.auditing.outcome import within
from siteplan.auditing.sites import allowed_types, forbidden_sites

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from siteplan.access.matrix import CostMatrix
    from siteplan.auditing.ground import Ground
    from siteplan.plans.plan import Plan
    from siteplan.standards.rule import Rule

PLACING = ("inside", "colocation", "separation", "adjacency", "acquisition")
"""Kinds of rules that may keep a type from a site that could hold it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Chances:
    """What could stand where.

    Parameters
    ----------
    plan : Plan
    ground : Ground
    types : tuple of str
        The planned types.
    placed, rooms : frozenset of str
        Types of which a rule says where they may stand or how they are had; those that a rule puts inside a host.
    farthest_m : float
        Metres that are looked at.
    """

    plan: Plan
    ground: Ground
    types: tuple[str, ...]
    placed: frozenset[str]
    rooms: frozenset[str]
    farthest_m: float

    def within(
        self, limit: npt.NDArray[np.float64], bounded: Sequence[bool]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Tell where a facility of each type surely could stand within each building's limit, and where one may.

        Surely: a free candidate of the layer that takes the type and has land or floor for it, where no rule says more of where the type may stand,
        and in the building's own community where the type serves or walks within it. Perhaps: any such candidate, and any existing facility, for a
        room in it, where such rules speak; everywhere where the candidates were found and not given.

        Parameters
        ----------
        limit : (n_types, n_buildings) float64
            Metres.
        bounded : sequence of bool
            Of which types some rule names a reach; others walk within their own community.

        Returns
        -------
        sure, maybe : (n_types, n_buildings) bool
        """
        sure, maybe = np.zeros(limit.shape, dtype=bool), np.zeros(limit.shape, dtype=bool)
        if "candidates" not in self.ground.given:
            return sure, np.ones(limit.shape, dtype=bool)
        candidates, standing = self.ground.candidates, self.ground.facilities
        matrix = self._walks(candidates, standing)
        home = text(self.plan.demand["community_id"]).to_numpy()
        own = np.append(text(candidates["community_id"]), text(standing["community_id"]))
        no, yes = np.zeros(len(standing), dtype=bool), np.ones(len(standing), dtype=bool)
        free = ~text(candidates["id"]).isin(forbidden_sites(candidates, self.plan.scenario)).to_numpy()
        free &= ~in_zones(self.ground.exclusions, candidates.geometry.representative_point())
        for k, kind in enumerate(self.types):
            near = within(matrix.cost, limit[k, matrix.i])
            holds = self._holds(kind)
            may = near & np.append(holds, yes if kind in self.rooms else no)[matrix.j]
            maybe[k, matrix.i[may]] = True
            if kind in self.placed:
                continue
            good = near & np.append(holds & free, no)[matrix.j]
            if self.ground.serves[kind] != "anyone" or not bounded[k]:
                good &= own[matrix.j] == home[matrix.i]
            sure[k, matrix.i[good]] = True
        return sure, maybe

    def _holds(self, kind: str) -> npt.NDArray[np.bool_]:
        """Tell which candidates take a type and have floor or land for it."""
        layer = self.ground.candidates
        listed = [allowed_types(names) for names in layer["types"]]
        takes = np.array([not names or kind in names for names in listed], dtype=bool)
        floor, land = (np.nan_to_num(figures(layer, name)) for name in ("floor_capacity_m2", "land_m2"))
        storeys = np.where(text(layer["kind"]) == "convert", 0.0, np.nan_to_num(figures(layer, "storeys")))
        built = (floor > 0) & ((storeys <= 0) | (land > 0))
        return takes & {"floor": built, "land": land > 0}.get(self.ground.spaces[kind], np.ones(len(layer), dtype=bool))

    def _walks(self, candidates: gpd.GeoDataFrame, standing: gpd.GeoDataFrame) -> CostMatrix:
        """Return the walks from every building to every candidate, then every existing facility."""
        points = pd.concat([layer.geometry.representative_point() for layer in (candidates, standing)])
        return cost_matrix(
            self.plan.demand.geometry.reset_index(drop=True),
            points.reset_index(drop=True),
            demand_ids=list(range(len(self.plan.demand))),
            candidate_ids=list(range(len(points))),
            streets=self.ground.streets,
            cutoff_m=self.farthest_m,
            detour_factor=self.ground.detour_factor,
            snap_limit_m=self.ground.snap_limit_m,
        ).matrix


def placed_types(rules: Sequence[Rule], types: Sequence[str]) -> frozenset[str]:
    """Return the types of which a rule says where they may stand, or how they are had; all of them where a rule names none."""
    placing = [rule for rule in rules if rule.kind in PLACING]
    return frozenset(
        kind for kind in types for rule in placing if not rule.types or kind in (*rule.types, *rule.apart_from)
    )
