"""Plans made by hand from short lists, to be compared: who lives where, what stands where, and whom it serves."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
from audited_plan import CRS, at

from siteplan.plans.plan import (
    ALLOCATION_COLUMNS,
    COMMUNITY_COLUMNS,
    DEMAND_COLUMNS,
    FACILITY_COLUMNS,
    MEMBER_COLUMNS,
    NEED_COLUMNS,
    PAYMENT_COLUMNS,
    RECORDED_COLUMNS,
    STAGE_COLUMNS,
    UNMET_COLUMNS,
    WORK_COLUMNS,
    Plan,
)
from siteplan.plans.scenario import Phase, Scenario

if TYPE_CHECKING:
    from siteplan.study.study import Study

CENTRE, POLICE, SQUARE = "service_centre", "police_room", "outdoor_square"
SCENARIO = Scenario(name="base", types=(CENTRE, POLICE, SQUARE), phases=(Phase(name="2026"), Phase(name="2027")))
NAMES = {"A": "甲", "B": "乙", "C": "丙"}


@dataclass(frozen=True, kw_only=True)
class Home:
    """A building: where it stands along the street, its households and its community."""

    x: float
    households: float
    community: str


@dataclass(frozen=True, kw_only=True)
class Built:
    """A facility: at a site ``x`` metres along the street and ``y`` beside it."""

    type: str
    site: str
    x: float
    community: str
    area: float = 100.0
    cost: float = 1000.0
    phase: int = 1
    y: float = 0.0
    inside: str = ""

    @property
    def id(self) -> str:
        return f"{self.site}/{self.type}" if self.phase else self.site


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a plan is made from.

    ``served`` has the households of a building that are served, by (building, type); the rest of them are ``full`` where it is in ``full``, otherwise
    out of reach.
    """

    homes: dict[str, Home]
    built: tuple[Built, ...]
    served: dict[tuple[str, str], float] = field(default_factory=dict)
    full: frozenset[tuple[str, str]] = frozenset()
    unmet: tuple[tuple[object, ...], ...] = ()
    stages: tuple[tuple[object, ...], ...] = ()
    scenario: Scenario = SCENARIO

    def but(self, **changes: object) -> Draft:
        return dataclasses.replace(self, **changes)

    def plan(self, study: Study, **changes: object) -> Plan:
        """Return the plan."""
        made = Plan(
            study=study,
            scenario=self.scenario,
            facilities=self._facilities(),
            works=pd.DataFrame(columns=list(WORK_COLUMNS)),
            payments=pd.DataFrame(columns=list(PAYMENT_COLUMNS)),
            needs=pd.DataFrame(columns=list(NEED_COLUMNS)),
            demand=self._demand(),
            allocation=self._allocation(),
            communities=self._communities(),
            members=pd.DataFrame(columns=list(MEMBER_COLUMNS)),
            unmet=_table(self.unmet, UNMET_COLUMNS, ("required", "achieved", "shortfall"), ("phase",)),
            recorded=pd.DataFrame(columns=list(RECORDED_COLUMNS)),
            stages=_table(
                self.stages, STAGE_COLUMNS, ("value", "bound", "gap", "seconds", "tolerance"), ("components",)
            ),
            provenance={},
        )
        return made.but(**changes)

    def _facilities(self) -> gpd.GeoDataFrame:
        rows = [
            {
                "id": one.id, "type": one.type, "site_id": one.site, "site_name": "",
                "site_kind": "build" if one.phase else "existing", "status": "new" if one.phase else "existing",
                "mode": "build" if one.phase else "existing", "community_id": one.community, "township_id": "t1",
                "inside": one.inside, "space": "land" if one.type == SQUARE else "floor", "area_m2": one.area,
                "existing_m2": 0.0 if one.phase else one.area, "cost_yuan": one.cost, "phase": one.phase,
                "households_served": 0.0, "rules": "",
            }
            for one in self.built
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=list(FACILITY_COLUMNS))
        return gpd.GeoDataFrame(frame, geometry=[at(one.x, one.y) for one in self.built], crs=CRS)

    def _demand(self) -> gpd.GeoDataFrame:
        rows = [
            (name, home.households, 3 * home.households, *[math.nan] * 5, "", home.community)
            for name, home in self.homes.items()
        ]
        points = [at(home.x) for home in self.homes.values()]
        return gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(DEMAND_COLUMNS)), geometry=points, crs=CRS)

    def _allocation(self) -> pd.DataFrame:
        rows = []
        for type_ in self.scenario.types:
            for name, home in self.homes.items():
                served = min(self.served.get((name, type_), 0.0), home.households)
                rest = "full" if (name, type_) in self.full else "out_of_reach"
                for status, households in (("served", served), (rest, home.households - served)):
                    if households > 0:
                        rows.append((name, type_, "", math.nan, status, households))
        return pd.DataFrame(rows, columns=list(ALLOCATION_COLUMNS))

    def _communities(self) -> gpd.GeoDataFrame:
        ids = sorted({home.community for home in self.homes.values()})
        rows = []
        for name in ids:
            households = sum(home.households for home in self.homes.values() if home.community == name)
            counts = (households, 3 * households, *[math.nan] * 5)
            rows.append((name, NAMES.get(name, ""), *counts, "rural", "new", "t1", True, False, 1, "", ""))
        points = [at(0)] * len(ids)
        return gpd.GeoDataFrame(pd.DataFrame(rows, columns=list(COMMUNITY_COLUMNS)), geometry=points, crs=CRS)


def _table(
    rows: tuple[tuple[object, ...], ...], columns: tuple[str, ...], numbers: tuple[str, ...], whole: tuple[str, ...]
) -> pd.DataFrame:
    kinds = {name: "float64" if name in numbers else "int64" if name in whole else "str" for name in columns}
    return pd.DataFrame(list(rows), columns=list(columns)).astype(kinds)


def stage(name: str, value: float, bound: float | None = None, objective: str = "yuan") -> tuple[object, ...]:
    """Return a stage; without a bound it is proven."""
    bound = value if bound is None else bound
    gap = abs(value - bound) / max(abs(value), 1e-9)
    return (name, objective, value, bound, gap, "optimal" if gap == 0 else "stopped early", 0.1, 1, 1e-5)


def missed(
    rule: str, type_: str, unit: str, required: float, achieved: float, strength: str = "hard"
) -> tuple[object, ...]:
    """Return a row of what is unmet."""
    return (rule, type_, unit, strength, required, achieved, required - achieved, "m2", 1)


HOMES = {
    "b1": Home(x=100, households=100, community="A"),
    "b2": Home(x=300, households=150, community="A"),
    "b3": Home(x=1500, households=50, community="B"),
    "b4": Home(x=1700, households=70, community="B"),
}
BASE = Draft(
    homes=HOMES,
    built=(
        Built(type=CENTRE, site="c1", x=200, community="A", area=450, cost=460_000),
        Built(type=POLICE, site="c1", x=200, community="A", area=20, cost=0, inside="c1/service_centre"),
        Built(type=SQUARE, site="c2", x=1000, community="B", area=200, cost=10_000),
        Built(type=CENTRE, site="e1", x=1600, community="B", area=400, cost=0, phase=0),
    ),
    served={("b1", CENTRE): 100, ("b2", CENTRE): 150, ("b3", CENTRE): 50, ("b1", POLICE): 100, ("b4", SQUARE): 70},
    unmet=(missed("C-square", SQUARE, "A", 100, 0), missed("C-police", POLICE, "B", 1, 0)),
    stages=(stage("hard-worst", 1.0, objective="largest relative shortfall"), stage("cost", 470_000, 460_000)),
)
"""Two communities with a centre each; the square of B serves one building, and A has none."""
