"""Sites of the siting model: candidates as given, and existing facilities with what they may still hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siteplan.candidates.found import CandidateRules, find_candidates
from siteplan.candidates.limits import Limits
from siteplan.errors import DataError
from siteplan.layers.exclusions import keep_off
from siteplan.messages import _
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from collections.abc import Collection

    import geopandas as gpd

    from siteplan.study.study import Study

SITE_COLUMNS = (
    "id", "name", "kind", "place", "floor_capacity_m2", "land_m2", "storeys", "fixed_cost_yuan", "cost_per_m2_yuan",
    "land_cost_per_m2_yuan", "types", "state", "community_id", "township_id", "basis", "existing_type", "existing_m2",
)  # fmt: skip


def candidate_sites(
    study: Study, units: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, types: Collection[str]
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return every site at which a facility stands or may stand.

    Parameters
    ----------
    study : Study
    units : GeoDataFrame
        Communities, with ``id`` and ``township_id``.
    demand : GeoDataFrame
        Buildings with households, points, with ``community_id``.
    types : collection of str
        Facility types that are planned or counted; existing facilities of other types are left out.

    Returns
    -------
    sites : GeoDataFrame, columns SITE_COLUMNS, points
        Candidates first, each with its floor and land; then existing facilities (kind ``existing``) with
        ``existing_type``, ``existing_m2`` and, as capacity, what they may be extended by.
    notes : tuple of str
        What was assumed.

    Raises
    ------
    DataError
        If a candidate and a facility have the same id.
    """
    import geopandas as gpd

    given, facilities = study.layers.get("candidates"), study.layers.get("facilities")
    notes: list[str] = []
    if given is None:
        given = _found(study, units, demand)
        notes.append(_("no layer of candidates: {n} were found by rules and are assumed", n=len(given)))
    parts = [_outside_exclusions(_from_candidates(given), study, notes)] if len(given) else []
    if facilities is not None:
        parts.append(_from_facilities(_without_growth(facilities, study, types, notes), types, notes))
    if not parts:
        raise DataError(
            _("the study has neither candidates nor facilities, and the rules find no candidate"),
            remedy=_("add a layer of candidate sites under [layers.candidates] in study.toml"),
            path=study.folder / "study.toml",
        )
    sites = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=study.layers.crs)
    twice = sites.loc[sites["id"].duplicated(), "id"]
    if len(twice):
        raise DataError(
            _("candidate and facility have the same id"),
            remedy=_("give one of the two layers other ids, such as a letter in front"),
            row=str(twice.iloc[0]),
        )
    sites["community_id"] = _communities(sites, units, demand)
    township = units.set_index("id")["township_id"]
    sites["township_id"] = sites["community_id"].map(township)
    return sites[[*SITE_COLUMNS, "geometry"]], tuple(notes)


def _found(study: Study, units: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return candidates found by the stated rules where the study gives none; they need areas of communities."""
    import geopandas as gpd

    from siteplan.layers.roles import ROLES

    def layer(role: str) -> gpd.GeoDataFrame:
        found = study.layers.get(role)
        columns = ["id", *(column.name for column in ROLES[role].columns)]
        return (
            gpd.GeoDataFrame(columns=[*columns, "geometry"], geometry="geometry", crs=study.layers.crs)
            if found is None
            else found
        )

    buildings = study.layers.require("buildings", _("candidates are looked for among them"))
    homes = demand.set_index("building_id")["households"]
    buildings = buildings.assign(households=buildings["id"].map(homes).fillna(0.0))
    areas = units[units.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    rules = CandidateRules(**study.settings.candidates.to_dict())
    limits = Limits.of(study.layers)
    found = find_candidates(buildings, layer("streets"), areas, layer("facilities"), rules, limits=limits)
    return found.reset_index(drop=True)


def _from_candidates(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    sites = layer.copy()
    sites["geometry"] = sites.geometry.representative_point()
    sites["place"] = sites["place"].fillna("").astype("str") if "place" in sites else ""
    sites["existing_type"] = ""
    sites["existing_m2"] = 0.0
    return sites


def _outside_exclusions(sites: gpd.GeoDataFrame, study: Study, notes: list[str]) -> gpd.GeoDataFrame:
    """Forbid candidates that lie in an exclusion zone, and say which; a required one is for the user to settle."""
    zones = keep_off(study.layers.get("exclusions"))
    row, zone = zones.hits(sites.geometry.to_numpy())
    barred = sites.index.isin(sites.index[row])
    wanted = np.flatnonzero(barred & (sites["state"] == "required").to_numpy())
    if len(wanted):
        raise DataError(
            _("candidate {id} must be opened, but lies in an exclusion zone: {zones}", id=sites["id"].iloc[wanted[0]],
              zones=zones.reasons(sites.geometry.to_numpy()[wanted[:1]])[0]),
            remedy=_("move it, change its state, or correct the layer of exclusions"),
            path=study.layers.sources["candidates"].path if "candidates" in study.layers.sources else None,
            row=str(sites["id"].iloc[wanted[0]]),
        )  # fmt: skip
    for kind in sorted(set(zones.kinds[zone])):
        mine = zones.kinds[zone] == kind
        texts = [f"{sites['id'].iloc[r]} ({zones.ids[z]})" for r, z in zip(row[mine], zone[mine], strict=True)]
        notes.append(
            _(
                "{n} candidates lie in exclusion zones ({kinds}) and are not used: {ids}",
                n=len(np.unique(row[mine])),
                kinds=kind,
                ids=_some(pd.Series(texts)),
            )
        )
    return sites.assign(state=sites["state"].mask(barred, "forbidden"))


def _without_growth(
    layer: gpd.GeoDataFrame, study: Study, types: Collection[str], notes: list[str]
) -> gpd.GeoDataFrame:
    """Return the existing facilities without room to be extended where an exclusion lies, and say which: they stay as they are."""
    zones = keep_off(study.layers.get("exclusions"))
    reasons = pd.Series(zones.reasons(layer.geometry.representative_point().to_numpy()), index=layer.index)
    held = (reasons != "") & (layer["spare_m2"].fillna(0.0) > 0)
    told = held & layer["type"].isin(list(types))
    if told.any():
        texts = layer["id"].astype(str)[told] + " " + reasons[told]
        notes.append(
            _(
                "{n} existing facilities lie in exclusion zones and are not extended: {ids}",
                n=int(told.sum()),
                ids=_some(texts),
            )
        )
    return layer.assign(spare_m2=layer["spare_m2"].mask(held, 0.0))


def _from_facilities(layer: gpd.GeoDataFrame, types: Collection[str], notes: list[str]) -> gpd.GeoDataFrame:
    sites = layer[layer["type"].isin(list(types))].copy()
    sites["geometry"] = sites.geometry.representative_point()
    is_land = sites["type"].map(lambda key: facility_type(str(key)).space == "land").astype(bool)
    has_area = sites["type"].map(lambda key: facility_type(str(key)).space != "none").astype(bool)
    unknown = sites["area_m2"].isna() & has_area
    if unknown.any():
        notes.append(
            _(
                "{n} existing facilities have no area and count as 0 m2: {ids}",
                n=int(unknown.sum()),
                ids=_some(sites.loc[unknown, "id"]),
            )
        )
    spare = sites["spare_m2"].fillna(0.0)
    sites["kind"] = "existing"
    sites["existing_type"] = sites["type"]
    sites["existing_m2"] = sites["area_m2"].fillna(0.0).where(has_area, 0.0)
    sites["floor_capacity_m2"] = spare.where(~is_land, 0.0)
    sites["land_m2"] = spare.where(is_land, 0.0)
    sites["land_cost_per_m2_yuan"] = sites["cost_per_m2_yuan"]
    sites["fixed_cost_yuan"] = sites["fixed_cost_yuan"].fillna(0.0) if "fixed_cost_yuan" in sites else 0.0
    for name, value in (
        ("place", ""),
        ("storeys", 0.0),
        ("types", ""),
        ("state", "free"),
        ("basis", "existing"),
    ):
        sites[name] = value
    return sites


def _communities(sites: gpd.GeoDataFrame, units: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> pd.Series[str]:
    """Return the community of each site: as given, else the polygon it lies in, else that of the nearest household building."""
    known = set(units["id"])
    found = sites["community_id"].where(sites["community_id"].isin(known))
    areas = units[units.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
    if len(areas) and found.isna().any():
        open_ = sites.loc[found.isna(), ["geometry"]]
        joined = open_.sjoin(areas[["id", "geometry"]], predicate="intersects").sort_values("id")
        first = joined.loc[~joined.index.duplicated(), "id"]
        found = found.fillna(first)
    missing = found.isna().to_numpy()
    if missing.any():
        xy = np.column_stack([demand.geometry.x, demand.geometry.y])
        points = sites.geometry[missing]
        _far, nearest = cKDTree(xy).query(np.column_stack([points.x, points.y]))
        found = found.copy()
        found.loc[missing] = demand["community_id"].to_numpy()[nearest]
    return pd.Series(found.astype(str), index=sites.index)


def _some(ids: pd.Series[str], most: int = 5) -> str:
    shown = ", ".join(ids.astype(str).head(most))
    return shown + (" ..." if len(ids) > most else "")
