"""Floor area of mapped facilities, from the buildings that they are, hold, or stand in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

DEFAULT_FLOORS = 2.0
"""Floors of a building that has none mapped (an assumption, said wherever it is used)."""

PUBLIC_USES = frozenset(
    {"public", "civic", "government", "school", "kindergarten", "university", "college", "hospital", "fire_station"}
)
"""Uses whose buildings are taken to belong wholly to the facility mapped in them."""

UNKNOWN_USES = frozenset({"yes"})
"""Uses that tell nothing: of such a building one floor is counted for the facility mapped in it."""


def facility_areas(facilities: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return facilities as points with ``area_m2`` and ``area_basis``; each thing mapped twice only once.

    ==================================================  =============================================
    the facility is                                     its floor area
    ==================================================  =============================================
    a building                                          footprint x floors
    grounds with buildings on them                      sum of their footprints x floors
    a point in a building of public use                 footprint x floors
    a point in a building of unknown use                one floor (shared by the facilities in it)
    a point in any other building, or in none           not known (NaN)
    ==================================================  =============================================

    Missing floors are DEFAULT_FLOORS.

    Parameters
    ----------
    facilities : GeoDataFrame of points and polygons, columns id, name, type
    buildings : GeoDataFrame of polygons, columns id, use, floors
    """
    metric = buildings.estimate_utm_crs()
    places = facilities.to_crs(metric)
    blocks = buildings.to_crs(metric)
    keep = ~_doubled(places)
    places, facilities = places[keep].reset_index(drop=True), facilities[keep].reset_index(drop=True)
    footprint = blocks.geometry.area.to_numpy()
    floor = footprint * blocks["floors"].fillna(DEFAULT_FLOORS).to_numpy()
    area = np.full(len(places), np.nan)
    basis = np.full(len(places), "not known", dtype=object)

    row_of = dict(zip(blocks["id"], range(len(blocks)), strict=True))
    own = np.array([row_of.get(ident, -1) for ident in places["id"]], dtype=np.int64)
    is_building = own >= 0
    area[is_building], basis[is_building] = floor[own[is_building]], "building: footprint x floors"

    polygon = (shapely.get_dimensions(places.geometry.array) == 2) & ~is_building  # noqa: PLR2004 - areas
    _grounds(places, blocks, floor, np.flatnonzero(polygon), area, basis)
    _points(places, blocks, footprint, floor, np.flatnonzero(~polygon & ~is_building), area, basis)

    return gpd.GeoDataFrame(
        {
            "id": facilities["id"],
            "name": facilities["name"],
            "type": facilities["type"],
            "area_m2": area,
            "area_basis": pd.Series(basis, dtype="str"),
        },
        geometry=facilities.geometry.representative_point(),
        crs=facilities.crs,
    )


def _doubled(places: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Tell which objects lie in an area mapped as the same type: the same facility mapped twice.

    A point in an area is the double; of two areas the one that lies in the other.
    """
    areas = places[shapely.get_dimensions(places.geometry.array) == 2]  # noqa: PLR2004 - areas
    double = np.zeros(len(places), dtype=bool)
    if areas.empty:
        return double
    points = places.geometry.representative_point()
    row, hit = shapely.STRtree(areas.geometry.array).query(points.array, predicate="intersects")
    kinds, sizes, outer = places["type"].to_numpy(), places.geometry.area.to_numpy(), areas.index.to_numpy()[hit]
    smaller = (sizes[row] < sizes[outer]) | ((sizes[row] == sizes[outer]) & (row > outer))
    double[row[(row != outer) & (kinds[row] == kinds[outer]) & smaller]] = True
    return double


def _grounds(
    places: gpd.GeoDataFrame,
    blocks: gpd.GeoDataFrame,
    floor: npt.NDArray[np.float64],
    rows: npt.NDArray[np.int64],
    area: npt.NDArray[np.float64],
    basis: npt.NDArray[np.object_],
) -> None:
    """Fill in grounds: the floors of the buildings on them."""
    tree = shapely.STRtree(blocks.geometry.representative_point().array)
    place, block = tree.query(places.geometry.array[rows], predicate="intersects")
    total = np.bincount(place, weights=floor[block], minlength=len(rows))
    has = total > 0
    area[rows[has]], basis[rows[has]] = total[has], "grounds: buildings on them, footprint x floors"


def _points(
    places: gpd.GeoDataFrame,
    blocks: gpd.GeoDataFrame,
    footprint: npt.NDArray[np.float64],
    floor: npt.NDArray[np.float64],
    rows: npt.NDArray[np.int64],
    area: npt.NDArray[np.float64],
    basis: npt.NDArray[np.object_],
) -> None:
    """Fill in points: by the building they stand in."""
    tree = shapely.STRtree(blocks.geometry.array)
    place, block = tree.query(places.geometry.array[rows], predicate="intersects")
    first = np.unique(place, return_index=True)[1]
    place, block = place[first], block[first]
    tenants = np.bincount(block, minlength=len(blocks))
    use = blocks["use"].to_numpy()[block]
    public, unknown = np.isin(use, list(PUBLIC_USES)), np.isin(use, list(UNKNOWN_USES))
    shared = tenants[block]
    area[rows[place[public]]] = (floor[block] / shared)[public]
    basis[rows[place[public]]] = "in a public building: footprint x floors, shared"
    area[rows[place[unknown]]] = (footprint[block] / shared)[unknown]
    basis[rows[place[unknown]]] = "in a building of unknown use: one floor, shared"
