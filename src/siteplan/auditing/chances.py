"""Where a facility could stand: whether some site within a household's limit could hold a type, as far as the layers and the rules tell.

Of rules on places only those that put rooms inside hosts are followed; where another hard rule may keep a type from a site, both answers are left
open. So they are for candidates that are forbidden, and everywhere where candidates were found and not given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from siteplan.access.walking import cost_matrix
from siteplan.auditing.homes import figures, text
from siteplan.auditing.outcome import within
from siteplan.auditing.sites import NEW, allowed_types, forbidden_sites
from siteplan.auditing.zones import zones_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from siteplan.access.matrix import CostMatrix
    from siteplan.auditing.ground import Ground
    from siteplan.auditing.heard import Heard
    from siteplan.plans.plan import Plan

PLACING = ("colocation", "separation", "adjacency", "acquisition")
"""Kinds of rules, beside ``inside``, that may keep a type from a site that could hold it."""
_POLYGONS = (3, 6)
"""Shapely's numbers of Polygon and MultiPolygon."""
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chances:
    """What could stand where.

    Parameters
    ----------
    plan : Plan
    ground : Ground
    heard : Heard
    farthest_m : float
        Metres that are looked at.
    """

    plan: Plan
    ground: Ground
    heard: Heard
    farthest_m: float

    def within(self, limit: npt.NDArray[np.float64], bounded: Sequence[bool]) -> tuple[Bools, Bools]:
        """Tell where a facility of each planned type surely could stand within each building's limit, and where one may.

        Parameters
        ----------
        limit : (n_types, n_buildings) float64
            Metres.
        bounded : sequence of bool
            Of which types some rule names a reach or a capacity; others walk within their own community.

        Returns
        -------
        sure, maybe : (n_types, n_buildings) bool
        """
        sure, maybe = np.zeros(limit.shape, dtype=bool), np.zeros(limit.shape, dtype=bool)
        if "candidates" not in self.ground.given:
            return sure, np.ones(limit.shape, dtype=bool)
        matrix = self._walks()
        own = np.append(self._homes, self._standing["community_id"].to_numpy(dtype=object))
        home = text(self.plan.demand["community_id"]).to_numpy(dtype=object)
        loose, could, rooms = self._loose, self._could, self._rooms
        for k, kind in enumerate(self.ground.types):
            near = within(matrix.cost, limit[k, matrix.i])
            if self.ground.serves[kind] != "anyone" or not bounded[k]:
                near &= own[matrix.j] == home[matrix.i]
            may = np.append(could[kind], rooms[kind])
            maybe[k, matrix.i[near & may[matrix.j]]] = True
            if kind not in loose:
                certain = np.append(could[kind] & self._free, rooms[kind])
                sure[k, matrix.i[near & certain[matrix.j]]] = True
        return sure, maybe

    @cached_property
    def _standing(self) -> pd.DataFrame:
        """Facilities of the plan that stand already."""
        frame = pd.DataFrame(self.plan.facilities.drop(columns="geometry"))
        return frame[(frame["status"] != NEW).to_numpy()]

    @cached_property
    def _points(self) -> gpd.GeoSeries:
        return self.ground.candidates.geometry.representative_point()

    @cached_property
    def _free(self) -> Bools:
        """Candidates that nothing forbids."""
        layer = self.ground.candidates
        barred = text(layer["id"]).isin(forbidden_sites(layer, self.plan.scenario)).to_numpy(dtype=bool)
        zoned = np.array(zones_at(self.ground.exclusions, self._points), dtype=object) != ""
        return np.asarray(~barred & ~zoned, dtype=np.bool_)

    @cached_property
    def _loose(self) -> frozenset[str]:
        """Types that a hard rule may keep from a site that could hold them, and those that stand inside them."""
        placing = [rule for rule in self.heard.all_rules if rule.kind in PLACING and rule.strength == "hard"]
        loose = {
            kind
            for kind in self.ground.types
            if any(not rule.types or kind in (*rule.types, *rule.apart_from) for rule in placing)
        }
        inside = {(kind, host) for (_unit, kind), (host, _hard) in self._hosts.items()}
        while more := {kind for kind, host in inside if host in loose} - loose:
            loose |= more
        return frozenset(loose)

    @cached_property
    def _homes(self) -> npt.NDArray[np.object_]:
        """Community of each candidate: as given, else that in which it lies, else that of the nearest building."""
        units = self.plan.communities
        ids = text(units["id"]).to_numpy(dtype=object)
        given = text(self.ground.candidates["community_id"]).to_numpy(dtype=object)
        demand = text(self.plan.demand["community_id"]).to_numpy(dtype=object)
        points = self._points.to_numpy()
        shapes = units.geometry.to_numpy()
        areas = np.flatnonzero(np.isin(shapely.get_type_id(shapes), _POLYGONS))
        nearest = shapely.STRtree(self.plan.demand.geometry.to_numpy()).nearest(points)
        found: npt.NDArray[np.object_] = demand[nearest]
        point, area = shapely.STRtree(shapes[areas]).query(points, predicate="intersects")
        name = ids[areas[area]]
        order = np.lexsort((name.astype(str), point))
        first = order[np.unique(point[order], return_index=True)[1]]
        found[point[first]] = name[first]
        known = np.isin(given, ids)
        found[known] = given[known]
        return found

    @cached_property
    def _hosts(self) -> dict[tuple[str, str], tuple[str, bool]]:
        """The type inside which rules put each type in each community, a hard rule before others, and whether it is hard."""
        hosts: dict[tuple[str, str], tuple[str, bool]] = {}
        for place, speaking in zip(self.heard.communities, self.heard.rules, strict=True):
            inside = [rule for rule in speaking if rule.kind == "inside"]
            for rule in sorted(inside, key=lambda rule: rule.strength != "hard"):
                for kind in rule.types:
                    hosts.setdefault((place.unit.id, kind), (rule.host, rule.strength == "hard"))
        return hosts

    @cached_property
    def _could(self) -> dict[str, Bools]:
        """Candidates that could hold each type: they take it, have floor or land for it, and could hold its host, if it must have one."""
        layer = self.ground.candidates
        listed = [allowed_types(names) for names in layer["types"]]
        floor, land = (np.nan_to_num(figures(layer, name)) for name in ("floor_capacity_m2", "land_m2"))
        storeys = np.where(text(layer["kind"]) == "convert", 0.0, np.nan_to_num(figures(layer, "storeys")))
        room = {"floor": (floor > 0) & ((storeys <= 0) | (land > 0)), "land": land > 0}
        every = np.ones(len(layer), dtype=bool)
        could = {
            kind: np.array([not names or kind in names for names in listed], dtype=bool)
            & room.get(self.ground.spaces[kind], every)
            for kind in self.ground.types
        }
        for _depth in self.ground.types:  # a host may be a room itself
            for kind, holds in could.items():
                for n in np.flatnonzero(holds).tolist():
                    host, hard = self._hosts.get((str(self._homes[n]), kind), ("", False))
                    holds[n] = not hard or (host in could and could[host][n])
        return could

    @cached_property
    def _rooms(self) -> dict[str, Bools]:
        """Standing facilities in which a room of each type could be set up."""
        rooms = {kind: np.zeros(len(self._standing), dtype=bool) for kind in self.ground.types}
        pairs = zip(self._standing["community_id"], self._standing["type"], strict=True)
        for n, (unit, own) in enumerate(pairs):
            inner = {own}
            while (
                more := {kind for kind in rooms if self._hosts.get((str(unit), kind), ("", False))[0] in inner} - inner
            ):
                inner |= more
            for kind in inner - {own}:
                rooms[kind][n] = True
        return rooms

    def _walks(self) -> CostMatrix:
        """Return the walks from every building to every candidate, then to every facility that stands."""
        standing = self.plan.facilities.geometry[(self.plan.facilities["status"] != NEW).to_numpy()]
        points = pd.concat([self._points, standing]).reset_index(drop=True)
        return cost_matrix(
            self.plan.demand.geometry.reset_index(drop=True),
            points,
            demand_ids=list(range(len(self.plan.demand))),
            candidate_ids=list(range(len(points))),
            streets=self.ground.streets,
            cutoff_m=self.farthest_m,
            detour_factor=self.ground.detour_factor,
            snap_limit_m=self.ground.snap_limit_m,
        ).matrix
