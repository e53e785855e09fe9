"""What the audit stands on: the layers, rules and settings of a plan's study, and nothing the optimiser made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from siteplan.access.walking import cost_matrix
from siteplan.auditing.homes import figures, text
from siteplan.auditing.sites import EXISTING, EXTENDED, required_sites
from siteplan.auditing.walks import Walks
from siteplan.auditing.zones import zones_at
from siteplan.layers.roles import ROLES
from siteplan.messages import _
from siteplan.standards.facility_types import FACILITY_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from siteplan.auditing.claims import Claims
    from siteplan.plans.plan import Plan
    from siteplan.plans.scenario import Scenario
    from siteplan.standards.library import Standards
    from siteplan.standards.rule import Rule

ON_THE_SPOT_M = 1e-3
"""Metres by which a point of the plan may lie off the geometry it stands for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """The layers of a study as the audit reads them; a layer that the study lacks is empty, or None where that matters.

    Parameters
    ----------
    buildings, sites, candidates, facilities, townships : GeoDataFrame
        With every column of their role.
    communities, streets, exclusions : GeoDataFrame or None
    given : frozenset of str
        Vector roles that the study has.
    standards : Standards
    types : tuple of str
        The planned types: the scenario's, or every type that the profiles ask for.
    cutoff_m, detour_factor, snap_limit_m : float
        Settings of access.
    paths : dict of str to Path
        The file of each layer, by role.
    contents : dict of str to str
        SHA-256 of what was read from databases, by role.
    """

    buildings: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    townships: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame | None
    given: frozenset[str]
    streets: gpd.GeoDataFrame | None
    exclusions: gpd.GeoDataFrame | None
    standards: Standards
    types: tuple[str, ...]
    cutoff_m: float
    detour_factor: float
    snap_limit_m: float
    paths: dict[str, Path]
    contents: dict[str, str]

    @classmethod
    def of(cls, plan: Plan) -> Ground:
        """Take what the audit needs from the plan's study."""
        study = plan.study
        layers = study.layers
        roles = ("buildings", "sites", "candidates", "facilities", "townships")
        held = {name: _complete(layers.get(name), name, plan.demand.crs) for name in roles}
        access = study.settings.access
        return cls(
            **held,
            communities=layers.get("communities"),
            given=frozenset(layers.vectors),
            streets=layers.get("streets"),
            exclusions=layers.get("exclusions"),
            standards=study.standards,
            types=tuple(plan.scenario.types) or study.standards.types(),
            cutoff_m=float(access.cutoff_m),
            detour_factor=float(access.detour_factor),
            snap_limit_m=float(access.snap_limit_m),
            paths={role: study.folder / source.path for role, source in layers.sources.items() if source.file},
            contents={role: source.sha256 for role, source in layers.sources.items() if not source.file},
        )

    @property
    def spaces(self) -> dict[str, str]:
        """Space of each facility type: floor, land or none."""
        return {name: kind.space for name, kind in FACILITY_TYPES.items()}

    @property
    def serves(self) -> dict[str, str]:
        """Whom a facility of each type may serve: community or anyone."""
        return {name: kind.serves for name, kind in FACILITY_TYPES.items()}

    def township_names(self) -> dict[str, str]:
        """Return the names of the layer's townships by id."""
        return dict(zip(text(self.townships["id"]), text(self.townships["name"]), strict=True))

    def township_budgets(self) -> dict[str, float]:
        """Return the budgets of the townships that have one, yuan by id."""
        yuan = figures(self.townships, "budget_yuan")
        return {
            name: float(limit)
            for name, limit in zip(text(self.townships["id"]), yuan, strict=True)
            if not np.isnan(limit)
        }

    def required_sites(self, scenario: Scenario) -> set[str]:
        """Return the candidates that must be opened."""
        return required_sites(self.candidates, scenario)


def _complete(layer: gpd.GeoDataFrame | None, name: str, crs: object) -> gpd.GeoDataFrame:
    columns = [column.name for column in ROLES[name].columns]
    if layer is None:
        return gpd.GeoDataFrame({key: [] for key in ("id", *columns)}, geometry=[], crs=crs)
    missing = {key: ROLES[name].column(key).default for key in columns if key not in layer.columns}
    return layer.assign(**missing) if missing else layer


def _on_the_spot(points: gpd.GeoSeries, ids: pd.Series, layer: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Tell which points lie on the geometry of their id, holes and bays included; unknown ids do not."""
    shapes = dict(zip(text(layer["id"]), layer.geometry, strict=True))
    shape = np.array([shapes.get(name) for name in ids], dtype=object)
    off = shapely.distance(points.to_numpy(), shapely.convex_hull(shape))
    return np.asarray(off <= ON_THE_SPOT_M, dtype=np.bool_)


def _home_in_layers(ground: Ground, facilities: pd.DataFrame) -> pd.Series:
    """Return the community that the layers give each facility's site, "" where they give none."""
    layers = {True: ground.facilities, False: ground.candidates}
    homes = {
        standing: dict(zip(text(layer["id"]), text(layer["community_id"]), strict=True))
        for standing, layer in layers.items()
    }
    sites = zip(text(facilities["site_kind"]), text(facilities["site_id"]), strict=True)
    return pd.Series(
        [homes[kind == EXISTING].get(name, "") for kind, name in sites], index=facilities.index, dtype="str"
    )


def check_points(claims: Claims, plan: Plan, ground: Ground) -> None:
    """Check that every building and every facility of the plan lies where its layer has it."""
    ids = text(plan.demand["building_id"])
    good = _on_the_spot(plan.demand.geometry, ids, ground.buildings)
    claims.each("place of building", ids, ids, np.where(good, ids, ""), good)
    facilities = plan.facilities
    site = text(facilities["site_id"])
    standing = (text(facilities["site_kind"]) == EXISTING).to_numpy(dtype=bool)
    found = "candidates" not in ground.given
    good = np.where(
        standing,
        _on_the_spot(facilities.geometry, site, ground.facilities),
        found | _on_the_spot(facilities.geometry, site, ground.candidates),
    )
    own = _home_in_layers(ground, facilities)
    home = text(facilities["community_id"])
    told = own.isin(text(plan.communities["id"])).to_numpy()
    claims.each("community of site of facility", facilities["id"], home, own, ~told | (home == own).to_numpy())
    claims.each(
        "place of facility", facilities["id"], site, np.where(good, site, ""), good, _("not at its site in the layers")
    )
    barred_by = np.array(zones_at(ground.exclusions, facilities.geometry), dtype=object)
    as_it_stands = standing & (text(facilities["status"]) != EXTENDED).to_numpy(dtype=bool)
    clear = as_it_stands | (barred_by == "")
    note = _("it lies in an exclusion zone")
    claims.each("outside exclusion zones", facilities["id"], site, np.where(clear, site, barred_by), clear, note)


def farthest(ground: Ground, rules: Sequence[Rule]) -> float:
    """Return the metres that walks are looked for: the study's cutoff, or as far as a rule on walks asks."""
    asked = [float(rule.figure or 0.0) for rule in rules if rule.kind in {"reach", "adjacency"}]
    return max([ground.cutoff_m, *asked])


def walks_of(plan: Plan, ground: Ground, facilities: pd.DataFrame, cutoff_m: float) -> Walks:
    """Recompute the walks from every building to every facility within ``cutoff_m`` metres."""
    points = plan.facilities.geometry.reset_index(drop=True)
    place = pd.factorize(pd.Series(points.to_wkb()))[0]
    firsts = pd.Series(place).drop_duplicates().index.to_numpy()
    matrix = cost_matrix(
        plan.demand.geometry.reset_index(drop=True),
        points.iloc[firsts].reset_index(drop=True),
        demand_ids=list(range(len(plan.demand))),
        candidate_ids=list(range(len(firsts))),
        streets=ground.streets,
        cutoff_m=cutoff_m,
        detour_factor=ground.detour_factor,
        snap_limit_m=ground.snap_limit_m,
    ).matrix
    return Walks(
        matrix=matrix,
        community=text(plan.demand["community_id"]).to_numpy(dtype=object),
        facilities=facilities,
        site=np.asarray(place, dtype=np.int64),
        serves=ground.serves,
    )
