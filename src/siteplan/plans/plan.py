"""What is answered: a plan, with its proof."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siteplan.units import COUNTS

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study

FACILITY_COLUMNS = (
    "id", "type", "site_id", "site_name", "site_kind", "status", "mode", "community_id", "township_id", "inside",
    "space", "area_m2", "existing_m2", "cost_yuan", "phase", "households_served", "rules",
)  # fmt: skip
WORK_COLUMNS = ("facility_id", "phase", "area_m2", "cost_yuan")
PAYMENT_COLUMNS = ("site_id", "phase", "fund", "yuan")
NEED_COLUMNS = ("unit_id", "kind", "rule_ids", "required", "unit")
DEMAND_COLUMNS = ("building_id", *COUNTS, "site_id", "community_id")
ALLOCATION_COLUMNS = ("building_id", "type", "facility_id", "metres", "status", "households")
COMMUNITY_COLUMNS = (
    "id", "name", *COUNTS, "setting", "construction", "township_id",
    "resettlement", "key", "phase", "size_class", "decided_by",
)  # fmt: skip
MEMBER_COLUMNS = ("site_id", "community_id", "decided_by", "metres", "basis")
UNMET_COLUMNS = ("rule_id", "type", "unit_id", "strength", "required", "achieved", "shortfall", "unit", "phase")
RECORDED_COLUMNS = ("rule_id", "kind", "why")
MINUTES_COLUMNS = ("building_id", "type", "facility_id", "minutes_there", "minutes_back", "flat_metres")
STAGE_COLUMNS = ("stage", "objective", "value", "bound", "gap", "status", "seconds", "components", "tolerance")


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A plan: what is built where, whom it serves, what is unmet, and how far it is proven.

    Parameters
    ----------
    study : Study
        What was given.
    scenario : Scenario
        What was asked.
    facilities : GeoDataFrame, columns FACILITY_COLUMNS and point geometry in the study's CRS
        One row a facility, existing ones included. ``type``: a facility type; ``status``: existing, extended
        or new; ``site_kind``: existing, build, convert, buy or swap; ``mode``: how it was had, one of these or extend (rooms set up in an
        existing facility: convert); ``inside``: id of the facility whose room it is, or ""; ``space``: floor, land or none; areas in m2 at the end of
        the last phase, cost in yuan over all phases; ``phase``: in which it opens, 0 if it stands already; ``rules``: ids of the
        rules that asked for it, by ";".
    works : DataFrame, columns WORK_COLUMNS
        One row a facility and phase in which something is built: its area at the end of the phase, m2, and what is spent in it,
        yuan. A new facility has
        one for the phase in which it opens; one that stands already only where it is extended.
    payments : DataFrame, columns PAYMENT_COLUMNS
        Who pays: yuan by site, phase and fund; empty where the scenario has no funds.
    needs : DataFrame, columns NEED_COLUMNS
        Workers (kind staff, unit workers) and yearly money (kind fund, unit yuan/year) that each community needs, with the ids of
        the rules that say so, by ";".
    demand : GeoDataFrame, columns DEMAND_COLUMNS and point geometry
        One row a building with households; counts may be fractions (dasymetric).
    allocation : DataFrame, columns ALLOCATION_COLUMNS
        One row a building and type; where a capacity rule speaks for the type, one for each facility that serves some of the
        building's households, and one
        for the rest of them. ``status``: served (within the type's reach), full (in reach of one or more that have no room left),
        out_of_reach, none (no facility of that type may serve it); of the last three facility_id is the nearest open facility if the cost
        matrix holds one, else "".
        ``metres``: walking metres, NaN where there is no facility_id. ``households``: how many of the building's households the row is about.
    communities : GeoDataFrame, columns COMMUNITY_COLUMNS, polygon or point geometry
        The units that rules apply to.
    members : DataFrame, columns MEMBER_COLUMNS
        Which settlement site belongs to which community, and the rule that decided.
    unmet : DataFrame, columns UNMET_COLUMNS
        Every modelled rule that the plan does not meet, in the rule's own unit, with the phase in which it is due.
        ``unit_id``: a community, a township, ``pool:TOWNSHIP``, ``study``, or the site that had to be opened.
    recorded : DataFrame, columns RECORDED_COLUMNS
        Rules of the chosen profiles that this version holds and lists but does not evaluate, and why.
    stages : DataFrame, columns STAGE_COLUMNS
        Each objective in order: its value, proven bound, relative gap and the solver's own status.
    minutes : DataFrame, columns MINUTES_COLUMNS, or None
        One row for each row of ``allocation`` with a facility, in its order: minutes of the quickest walk there and back over the slopes of the
        ground, and the metres on the flat that take as long; None where study.toml does not ask for it ([access] slope).
    provenance : dict of str to str
        Versions, settings, inputs' SHA-256, solver, walking basis, what was assumed.
    """

    study: Study
    scenario: Scenario
    facilities: gpd.GeoDataFrame
    works: pd.DataFrame
    payments: pd.DataFrame
    needs: pd.DataFrame
    demand: gpd.GeoDataFrame
    allocation: pd.DataFrame
    communities: gpd.GeoDataFrame
    members: pd.DataFrame
    unmet: pd.DataFrame
    recorded: pd.DataFrame
    stages: pd.DataFrame
    provenance: dict[str, str]
    minutes: pd.DataFrame | None = None

    def but(self, **changes: Any) -> Plan:
        """Return a copy with ``changes``."""
        return dataclasses.replace(self, **changes)

    @property
    def hard_unmet(self) -> int:
        """Number of hard rules (rule and unit) that the plan does not meet."""
        return int((self.unmet["strength"] == "hard").sum())

    @property
    def gap(self) -> float:
        """Largest relative gap of any stage."""
        return float(self.stages["gap"].max()) if len(self.stages) else 0.0

    @property
    def proven(self) -> bool:
        """Whether every stage is proven optimal (gap 0) given the stages before it."""
        return bool((self.stages["status"] == "optimal").all())

    def __repr__(self) -> str:
        """Return what a planner asks first: sites, areas, cost, coverage, unmet, proof."""
        from siteplan.plans.summary import summary_text

        return summary_text(self)
