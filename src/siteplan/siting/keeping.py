"""Which facilities of a plan keep the rules on facilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from siteplan.siting.modes import EXISTING
from siteplan.siting.nearness import close_pairs, far_from_homes, near_layers
from siteplan.units import meets

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from siteplan.models.joint_problem import Bools
    from siteplan.siting.question import Question
    from siteplan.siting.standing import Standing, Stands
    from siteplan.standards.rule import Rule

FACILITY_KINDS = ("unit_floor", "inside", "colocation", "separation", "adjacency", "acquisition")
"""Kinds of rules that look at each facility by itself."""


class Keeping:
    """The facilities of a plan, as the rules on facilities look at them.

    Parameters
    ----------
    question : Question
    facilities : GeoDataFrame
    standing : Standing
    """

    def __init__(self, question: Question, facilities: gpd.GeoDataFrame, standing: Standing) -> None:
        self.question, self.standing = question, standing
        site_row = pd.Series(np.arange(len(question.sites)), index=question.sites["id"].astype(str))
        self.site = facilities["site_id"].map(site_row).to_numpy(dtype=np.int64)
        self.xy = np.asarray(shapely.get_coordinates(facilities.geometry.to_numpy()), dtype=np.float64)
        self.type = facilities["type"].to_numpy(dtype=object)
        self.opens = facilities["phase"].to_numpy(dtype=np.int64)
        self.status = facilities["status"].to_numpy(dtype=object)
        self.mode = facilities["mode"].to_numpy(dtype=object)
        self.kind_of = dict(zip(facilities["id"], facilities["type"], strict=True))
        self.hosts: dict[tuple[str, int], set[str]] = {}
        self.broken: dict[tuple[str, int], Bools] = {}

    def of(self, rule: Rule, unit_id: str, phase: int) -> list[bool]:
        """Return for each facility that ``rule`` looks at in a community at the end of ``phase`` whether it keeps it."""
        return [_KEEPS[rule.kind](self, rule, f, phase) for f in self._looked_at(rule, unit_id, phase)]

    def breaking(self, rule: Rule, unit_id: str, phase: int) -> list[Stands]:
        """Return the facilities that break ``rule`` in a community at the end of ``phase``."""
        here = self._looked_at(rule, unit_id, phase)
        return [f for f, kept in zip(here, self.of(rule, unit_id, phase), strict=True) if not kept]

    def _looked_at(self, rule: Rule, unit_id: str, phase: int) -> list[Stands]:
        here = [f for f in self.standing.at(unit_id, phase) if not rule.types or f.type in rule.types]
        return self._had(rule, unit_id, here) if rule.kind == "acquisition" else here

    def _had(self, rule: Rule, unit_id: str, here: list[Stands]) -> list[Stands]:
        """Return those that are new or extended; none where the rule speaks only beside what stands, and nothing does."""
        if rule.standing and self.question.standing[unit_id].isdisjoint(rule.types):
            return []
        return [f for f in here if self.status[f.row] != EXISTING]

    def large(self, rule: Rule, facility: Stands, _phase: int) -> bool:
        """Tell whether a facility has its least area."""
        return meets(facility.area_m2, float(rule.figure or 0.0))

    def in_host(self, rule: Rule, facility: Stands, _phase: int) -> bool:
        """Tell whether a facility is a room in the rule's host."""
        return self.kind_of.get(facility.inside) == rule.host

    def accompanied(self, rule: Rule, facility: Stands, phase: int) -> bool:
        """Tell whether a facility stands at the same site as the rule's host."""
        if (rule.host, phase) not in self.hosts:
            self.hosts[rule.host, phase] = {f.site_id for f in self.standing.all(phase) if f.type == rule.host}
        return facility.site_id in self.hosts[rule.host, phase]

    def apart(self, rule: Rule, facility: Stands, phase: int) -> bool:
        """Tell whether a facility is far enough from everything that the rule names."""
        if (rule.id, phase) not in self.broken:
            near = near_layers(self.question, rule)[self.site]
            every = np.arange(len(self.xy), dtype=np.int64)
            others = np.flatnonzero(np.isin(self.type, rule.apart_from) & (self.opens <= phase)).astype(np.int64)
            near[close_pairs(self.xy, every, others, rule)[0]] = True
            self.broken[rule.id, phase] = near
        return not self.broken[rule.id, phase][facility.row]

    def near_homes(self, rule: Rule, facility: Stands, _phase: int) -> bool:
        """Tell whether a household of its community is near enough to a facility."""
        if (rule.id, 0) not in self.broken:
            self.broken[rule.id, 0] = far_from_homes(self.question, rule)[self.site]
        return not self.broken[rule.id, 0][facility.row]

    def well_had(self, rule: Rule, facility: Stands, _phase: int) -> bool:
        """Tell whether a facility was had by one of the rule's ways."""
        return self.mode[facility.row] in rule.modes


_KEEPS: dict[str, Callable[[Keeping, Rule, Stands, int], bool]] = {
    "unit_floor": Keeping.large,
    "inside": Keeping.in_host,
    "colocation": Keeping.accompanied,
    "separation": Keeping.apart,
    "adjacency": Keeping.near_homes,
    "acquisition": Keeping.well_had,
}
