"""Candidate sites found by stated rules where none are given: convertible buildings, vacant parcels and open land along streets.

What is found is an assumption, and every row says so in ``basis``: nobody has asked the owner, and neither the
title of the land nor its farmland status has been looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse
from scipy.spatial import cKDTree

from siteplan.candidates.limits import Limits
from siteplan.candidates.parcels import Parcels, open_parcels
from siteplan.layers.osm_areas import DEFAULT_FLOORS
from siteplan.messages import _

Points = npt.NDArray[np.float64]

_FAR_M = 1e9

COLUMNS = (
    "id", "name", "kind", "place", "floor_capacity_m2", "land_m2", "storeys", "fixed_cost_yuan", "cost_per_m2_yuan",
    "land_cost_per_m2_yuan", "types", "state", "community_id", "basis",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CandidateRules:
    """How candidates are found and what they are assumed to hold and cost. Every figure is a judgement.

    Parameters
    ----------
    convert_uses : tuple of str
        Building uses that may be converted. Religious buildings are left out.
    min_footprint_m2 : float
        Least footprint of a building to convert.
    vacant_uses : tuple of str
        Values of the parcels' ``land_use`` that mean that nothing stands there; the land survey's code 1201 (空闲地) always does.
    min_parcel_m2 : float
        Least area of a vacant parcel.
    avoid_cover : tuple of str
        Classes of land cover (siteplan.layers.landcover.USES) on which no square of open land may lie, where there is a landcover with
        a table of its classes.
    max_slope_percent : float
        Steepest ground of a new site, where there is a dem. 8 %: steeper housing ground needs a terraced layout (GB 55038-2025, 3.2.4, read
        at second hand).
    convert_share : float
        Share of its floor area (footprint x floors) that is free.
    max_per_community, max_convert : int
        Most candidates of a community, and most convertible buildings among them.
    near_m : float
        Straight-line metres within which households count as near.
    spacing_m, side_m : float
        Spacing of the sample points along streets; side of the axis-aligned square parcel.
    setback_m, clearance_m : float
        Metres between a parcel and its own street; between a parcel and any building, street, water or railway line.
    frontage : tuple of str
        Values of ``highway`` along which parcels are looked for (all streets where none of them occurs).
    storeys, site_coverage : float
        Storeys of a new building; share of its parcel that it covers.
    convert_yuan_per_m2, build_yuan_per_m2, land_yuan_per_m2 : float
        Assumed prices of converted floor, new floor and land.
    convert_fixed_yuan, build_fixed_yuan : float
        Assumed cost of opening a site at all.
    """

    convert_uses: tuple[str, ...] = (
        "public", "civic", "government", "school", "university", "college", "office", "commercial", "retail",
        "supermarket", "industrial", "warehouse", "公共", "公共建筑", "公共服务", "办公", "行政办公", "学校", "商业", "厂房", "仓库",
    )  # fmt: skip
    min_footprint_m2: float = 60.0
    vacant_uses: tuple[str, ...] = ("vacant", "brownfield", "空闲地", "闲置", "闲置地", "闲置土地", "空地", "储备用地")
    min_parcel_m2: float = 300.0
    avoid_cover: tuple[str, ...] = ("cultivated", "orchard", "woodland", "wetland", "water", "snow")
    max_slope_percent: float = 8.0
    convert_share: float = 0.5
    max_per_community: int = 15
    max_convert: int = 7
    near_m: float = 300.0
    spacing_m: float = 40.0
    side_m: float = 30.0
    setback_m: float = 6.0
    clearance_m: float = 4.0
    frontage: tuple[str, ...] = (
        "primary", "secondary", "tertiary", "unclassified", "residential", "living_street", "service", "pedestrian",
        "road",
    )  # fmt: skip
    storeys: float = 2.0
    site_coverage: float = 0.5
    convert_yuan_per_m2: float = 1_500.0
    build_yuan_per_m2: float = 3_000.0
    land_yuan_per_m2: float = 450.0
    convert_fixed_yuan: float = 50_000.0
    build_fixed_yuan: float = 100_000.0


def find_candidates(
    buildings: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    settings: CandidateRules | None = None,
    landuse: gpd.GeoDataFrame | None = None,
    limits: Limits | None = None,
) -> gpd.GeoDataFrame:
    """Find candidate sites in every community.

    Convertible buildings first, then vacant parcels, then open land along streets, each chosen by greedy maximum coverage: the
    one with most households near it that no candidate chosen before is near.

    Parameters
    ----------
    buildings : GeoDataFrame of polygons, metric CRS
        Columns id, use; floors, households and name where known. A building with households is not converted.
    streets : GeoDataFrame of lines
        Column highway where known.
    communities : GeoDataFrame of polygons
        Column id; candidates belong to the community they lie in, nothing is found outside.
    facilities : GeoDataFrame
        A building that holds one is not converted.
    settings : CandidateRules, optional
    landuse : GeoDataFrame of polygons and lines, optional
        Where no square of open land may lie (water, forest, railways, roads).
    limits : Limits, optional
        Exclusions, which all candidates keep off; elevations, for slopes; parcels, for vacant ones and land that may not be built on.

    Returns
    -------
    GeoDataFrame
        The columns of role candidates; polygons: footprints of buildings, parcels, squares of open land. The same input gives
        the same candidates.

    Raises
    ------
    ValueError
        If the layers are not all in one metric CRS.
    DataError
        If a parcel has a land-use code that the land survey does not.
    """
    rules, limits = settings or CandidateRules(), limits or Limits()
    layers = [buildings, streets, communities, facilities, *([] if landuse is None else [landuse])]
    if any(layer.crs != buildings.crs for layer in layers) or buildings.crs is None or buildings.crs.is_geographic:
        raise ValueError("the layers must be in one metric coordinate system")
    homes, households = _homes(buildings)
    convertible = _convertible(buildings, facilities, rules)
    convertible = convertible[~limits.barred(convertible.geometry.to_numpy())].reset_index(drop=True)
    vacant = limits.vacant(buildings, facilities, rules)
    vacant = buildings.iloc[:0] if vacant is None else vacant
    obstacles = _obstacles(buildings, streets, facilities, landuse)
    parcels = open_parcels(streets, communities, obstacles, rules, limits)
    places = [_xy(layer.geometry.representative_point()) for layer in (convertible, vacant)] + [parcels.centre]
    inside = [_community_of(xy, communities) for xy in places[:2]] + [parcels.community]
    near = [_within(xy, homes, rules.near_m) for xy in places]

    rows: list[dict[str, Any]] = []
    for number, community in enumerate(communities["id"]):
        left, taken, name = households.copy(), np.empty((0, 2)), str(community)
        chosen = []
        for source, most in enumerate((rules.max_convert, rules.max_per_community, rules.max_per_community)):
            mine = np.flatnonzero(inside[source] == number)
            count, gap = min(most, rules.max_per_community - len(taken)), (1 if source == 0 else 2) * rules.side_m
            chosen.append(mine[_spread(places[source][mine], near[source][mine], left, count, taken, gap)])
            taken = np.concatenate([taken, places[source][chosen[-1]]])
        rows += [_conversion(convertible.iloc[row], name, rules) for row in sorted(chosen[0])]
        rows += [_vacant(vacant.iloc[row], name, rules) for row in sorted(chosen[1])]
        cover = limits.knows_cover
        rows += [_parcel(parcels, row, place, name, rules, cover=cover) for place, row in enumerate(chosen[2], start=1)]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "geometry"])
    text = dict.fromkeys(("id", "name", "kind", "place", "types", "state", "community_id", "basis"), "str")
    geometry = gpd.GeoSeries(frame.pop("geometry").to_numpy(), crs=buildings.crs)
    return gpd.GeoDataFrame(frame.astype(text), geometry=geometry, crs=buildings.crs)


def _xy(points: gpd.GeoSeries) -> Points:
    return np.asarray(shapely.get_coordinates(points.array), dtype=np.float64).reshape(-1, 2)


def _homes(buildings: gpd.GeoDataFrame) -> tuple[Points, Points]:
    """Return the buildings with households; every building once where no households are known."""
    if "households" not in buildings or not (buildings["households"] > 0).any():
        return _xy(buildings.geometry.representative_point()), np.ones(len(buildings))
    homes = buildings[buildings["households"] > 0]
    return _xy(homes.geometry.representative_point()), homes["households"].to_numpy(dtype=np.float64)


def _convertible(buildings: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, rules: CandidateRules) -> gpd.GeoDataFrame:
    keep = buildings["use"].isin(rules.convert_uses).to_numpy(dtype=bool, copy=True)
    keep &= buildings.geometry.area.to_numpy() >= rules.min_footprint_m2
    if "households" in buildings:
        keep &= ~(buildings["households"] > 0).to_numpy(dtype=bool)
    if len(facilities):
        occupied = shapely.STRtree(buildings.geometry.array).query(facilities.geometry.array, predicate="intersects")[1]
        keep[occupied] = False
    return buildings[keep].sort_values("id", ignore_index=True)


def _obstacles(*layers: gpd.GeoDataFrame | None) -> npt.NDArray[np.object_]:
    return np.concatenate([np.asarray(layer.geometry.array, dtype=object) for layer in layers if layer is not None])


def _within(points: Points, homes: Points, metres: float) -> sparse.csr_array:
    """Return which homes lie within ``metres`` of each point, straight line, as (n_points, n_homes) ones."""
    if not len(homes) or not len(points):
        return sparse.csr_array((len(points), len(homes)))
    hits = cKDTree(points).sparse_distance_matrix(cKDTree(homes), metres, output_type="ndarray")
    return sparse.csr_array((np.ones(len(hits)), (hits["i"], hits["j"])), shape=(len(points), len(homes)))


def _community_of(points: Points, communities: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
    """Return the first community that each point lies in; -1 for none."""
    found = np.full(len(points), -1, dtype=np.int64)
    point, area = shapely.STRtree(communities.geometry.array).query(shapely.points(points), predicate="intersects")
    order = np.lexsort((-area, point))  # the lowest row is written last
    found[point[order]] = area[order]
    return found


def _spread(
    points: Points, near: sparse.csr_array, homes: Points, count: int, taken: Points, gap: float
) -> npt.NDArray[np.int64]:
    """Choose up to ``count`` rows one by one, each the one near most households that none so far is near.

    Greedy maximum coverage (Church and ReVelle 1974). Where nobody is left to be covered, the farthest from those chosen
    that has households near it is next; without any households, the farthest. Never within ``gap`` metres of another.

    Parameters
    ----------
    points : (n, 2) float64, metres
    near : (n, n_homes) CSR of ones
    homes : (n_homes,) float64
        Households not yet covered; lowered here.
    count : int
    taken : (m, 2) float64
        Points chosen before.
    gap : float
    """
    metres = np.full(len(points), np.inf)
    if len(taken) and len(points):
        metres = np.asarray(cKDTree(taken).query(points)[0], dtype=np.float64)
    inhabited = np.diff(near.indptr) > 0 if near.nnz else np.ones(len(points), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < count and len(points):
        free = (metres >= gap) & inhabited
        score = np.where(free, near @ homes, 0.0)
        if not score.max() > 0:
            score = np.where(free, np.minimum(metres, _FAR_M), 0.0)
        best = int(np.argmax(score))
        if not score[best] > 0:
            break
        chosen.append(best)
        homes[near.indices[near.indptr[best] : near.indptr[best + 1]]] = 0.0
        metres = np.minimum(metres, np.hypot(*(points - points[best]).T))
    return np.array(chosen, dtype=np.int64)


def _conversion(building: pd.Series[Any], community: str, rules: CandidateRules) -> dict[str, Any]:
    floors = building.get("floors", np.nan)
    known = bool(floors > 0)
    storeys = float(floors) if known else DEFAULT_FLOORS
    footprint = float(building.geometry.area)
    basis = _(
        "assumed: {share:.0%} of a {use} building (footprint {area:.0f} m2 x {floors:g} floors{guess}) can be "
        "converted; its owner has not been asked; prices assumed",
        share=rules.convert_share,
        use=building["use"],
        area=footprint,
        floors=storeys,
        guess="" if known else _(", number of floors assumed"),
    )
    return {
        "id": f"convert-{building['id']}",
        "name": building.get("name", ""),
        "kind": "convert",
        "place": "",
        "floor_capacity_m2": round(footprint * storeys * rules.convert_share, 1),
        "land_m2": 0.0,
        "storeys": 0.0,
        "fixed_cost_yuan": rules.convert_fixed_yuan,
        "cost_per_m2_yuan": rules.convert_yuan_per_m2,
        "land_cost_per_m2_yuan": 0.0,
        "types": "",
        "state": "free",
        "community_id": community,
        "basis": basis,
        "geometry": building.geometry,
    }


def _vacant(parcel: pd.Series[Any], community: str, rules: CandidateRules) -> dict[str, Any]:
    land = float(parcel.geometry.area)
    basis = _(
        "assumed: a vacant parcel ({area:.0f} m2, {use}) on which no building is drawn; {share:.0%} of it built over on {storeys:g} storeys; "
        "its holder has not been asked; prices assumed",
        area=land,
        use=next((str(parcel[name]) for name in ("land_use", "land_code") if not _silent(parcel.get(name))), ""),
        share=rules.site_coverage,
        storeys=rules.storeys,
    )
    basis += _steepness(float(parcel["slope_percent"]), rules)
    name = "" if _silent(parcel.get("name")) else str(parcel["name"])
    return _new_site(f"vacant-{parcel['id']}", name, land, community, basis, rules) | {"geometry": parcel.geometry}


def _steepness(slope: float, rules: CandidateRules) -> str:
    """Return what the basis of a site says of its slope, per cent."""
    if np.isnan(slope):
        return _("; slope not checked: no elevations")
    return _("; slope {slope:.1f} % (at most {most:g} %)", slope=slope, most=rules.max_slope_percent)


def _silent(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)) or value == ""


def _new_site(ident: str, name: str, land: float, community: str, basis: str, rules: CandidateRules) -> dict[str, Any]:
    """Return the row of a site to build on: ``land`` m2, of which a share is built over."""
    return {
        "id": ident,
        "name": name,
        "kind": "build",
        "place": "",
        "floor_capacity_m2": round(land * rules.site_coverage * rules.storeys, 1),
        "land_m2": round(land, 1),
        "storeys": rules.storeys,
        "fixed_cost_yuan": rules.build_fixed_yuan,
        "cost_per_m2_yuan": rules.build_yuan_per_m2,
        "land_cost_per_m2_yuan": rules.land_yuan_per_m2,
        "types": "",
        "state": "free",
        "community_id": community,
        "basis": basis,
    }


def _parcel(
    parcels: Parcels, row: int, place: int, community: str, rules: CandidateRules, *, cover: bool
) -> dict[str, Any]:
    land = rules.side_m**2
    basis = _(
        "assumed: an open square of {side:g} m x {side:g} m beside a street, free of mapped buildings and water; "
        "{share:.0%} of it built over on {storeys:g} storeys; title and farmland status not checked; prices assumed",
        side=rules.side_m,
        share=rules.site_coverage,
        storeys=rules.storeys,
    )
    basis += _("; land cover checked") if cover else ""
    basis += _steepness(float(parcels.slope[row]), rules)
    ident = f"build-{community}-{place:02d}"
    site = _new_site(ident, parcels.street[row], land, community, basis, rules)
    return site | {"geometry": parcels.square[row]}
