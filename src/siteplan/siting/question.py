"""What siting works on: units, demand, sites, walking costs and the facility types planned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from siteplan.standards.rule import Rule, Unit

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siteplan.access.matrix import CostMatrix
    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """Everything the siting model is made from.

    Parameters
    ----------
    study : Study
    scenario : Scenario
    types : tuple of str
        Facility types planned.
    units : GeoDataFrame
        Communities (plans.plan.COMMUNITY_COLUMNS).
    demand : GeoDataFrame
        Buildings with households (plans.plan.DEMAND_COLUMNS), in the order of the matrix's demand.
    sites : GeoDataFrame
        Sites (candidates.given.SITE_COLUMNS), in the order of the matrix's candidates.
    matrix : CostMatrix
    """

    study: Study
    scenario: Scenario
    types: tuple[str, ...]
    units: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    matrix: CostMatrix

    @property
    def cutoff_m(self) -> float:
        """Walking metres beyond which a type without a reach rule serves nobody."""
        return self.study.settings.access.cutoff_m

    @cached_property
    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules that speak for each community, by its id."""
        standards = self.study.standards
        return {u.id: standards.rules_for(u, types=self.types) for u in self.unit_values.values()}

    @cached_property
    def unit_values(self) -> dict[str, Unit]:
        """Communities as rules look at them, by id."""
        return {str(row["id"]): unit_of(row) for row in self.units.to_dict("records")}

    @cached_property
    def townships(self) -> dict[str, Unit]:
        """Townships with their totals, by id; those of the layer and those that communities name."""
        totals = self.units.groupby("township_id")[["households", "people"]].sum()
        names: dict[str, str] = {str(name): "" for name in totals.index if str(name)}
        layer = self.study.layers.get("townships")
        if layer is not None:
            names |= dict(zip(layer["id"].astype(str), layer["name"].fillna("").astype(str), strict=True))
        return {
            key: Unit(
                id=key,
                name=name,
                households=float(totals["households"].get(key, 0.0)),
                people=float(totals["people"].get(key, 0.0)),
            )
            for key, name in names.items()
        }

    @cached_property
    def demand_unit(self) -> npt.NDArray[np.object_]:
        """Community id of each demand point."""
        return np.asarray(self.demand["community_id"], dtype=object)

    def reach(self, unit_id: str, type_: str) -> float | None:
        """Return the largest reach that a rule gives ``type_`` in a community, metres; None without one."""
        figures = [r.figure for r in self.rules[unit_id] if r.kind == "reach" and type_ in r.types and r.figure]
        return max(figures, default=None)


def unit_of(row: dict[str, object] | pd.Series[str]) -> Unit:
    """Return one row of the communities as the unit that rules look at."""
    return Unit(
        id=str(row["id"]),
        name=str(row["name"] or ""),
        households=float(row["households"]),  # type: ignore[arg-type]
        people=float(row["people"]),  # type: ignore[arg-type]
        elderly=float(row["elderly"]),  # type: ignore[arg-type]
        children=float(row["children"]),  # type: ignore[arg-type]
        setting=str(row["setting"]),
        construction=str(row["construction"]),
        resettlement=bool(row["resettlement"]),
        key=bool(row["key"]),
    )
