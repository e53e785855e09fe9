"""What stands at the end of each phase, by community: there are as many look-ups as rules and communities."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd

    from siteplan.standards.rule import Rule


class Stands(NamedTuple):
    """One facility at the end of a phase; ``row`` is its row in the plan's table."""

    row: int
    id: str
    type: str
    site_id: str
    inside: str
    area_m2: float


class Standing:
    """The facilities of a plan phase by phase.

    Parameters
    ----------
    facilities : GeoDataFrame
    works : DataFrame
        Areas at the end of the phases in which something is built.
    n_phases : int
    """

    def __init__(self, facilities: gpd.GeoDataFrame, works: pd.DataFrame, n_phases: int) -> None:
        place = {name: row for row, name in enumerate(facilities["id"])}
        stood = np.where(facilities["status"] == "new", 0.0, facilities["existing_m2"])
        area = np.repeat(stood.astype(float)[:, None], n_phases + 1, axis=1)
        for name, phase, m2 in works[["facility_id", "phase", "area_m2"]].sort_values("phase").itertuples(index=False):
            area[place[name], phase:] = m2
        columns = [facilities[name].tolist() for name in ("id", "type", "site_id", "inside", "community_id", "phase")]
        self.phases: list[dict[str, list[Stands]]] = [{} for _phase in range(n_phases + 1)]
        for row, (name, key, site, inside, unit, opens) in enumerate(zip(*columns, strict=True)):
            for phase in range(int(opens), n_phases + 1):
                stands = Stands(row, name, key, site, inside, float(area[row, phase]))
                self.phases[phase].setdefault(unit, []).append(stands)

    def at(self, place: str, phase: int) -> list[Stands]:
        """Return what stands in a community at the end of ``phase``."""
        return self.phases[phase].get(place, [])

    def all(self, phase: int) -> list[Stands]:
        """Return everything that stands at the end of ``phase``."""
        return [stands for here in self.phases[phase].values() for stands in here]

    def counted(self, rule: Rule, places: Sequence[str], phase: int) -> list[Stands]:
        """Return what a rule counts in ``places`` at the end of ``phase``."""
        here = [stands for place in places for stands in self.at(place, phase) if stands.type in rule.types]
        return [stands for stands in here if not stands.inside] if rule.counts == "outermost" else here
