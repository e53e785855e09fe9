"""Faults in the geometry of a layer that can be used all the same: duplicates, slivers, overlaps, scattered parts.

Everything here is found for all rows at once; what is costly runs in ``siteplan check``, or where study.toml asks for the repair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

if TYPE_CHECKING:
    import geopandas as gpd

Ints: TypeAlias = npt.NDArray[np.intp]
Floats: TypeAlias = npt.NDArray[np.float64]
Geometries: TypeAlias = npt.NDArray[Any]

WIDTH_M = {"buildings": 0.5}
"""Metres: a polygon is a sliver if its mean width, twice its area over its perimeter, is less; other roles: 1 m."""
_WIDTH_M = 1.0
APART_M = 50.0
"""Metres between parts of one building above which it is said that they are apart."""
COVERING = ("communities", "townships", "grids", "parcels", "buildings", "boundary", "sites")
"""Roles whose areas should not overlap one another."""
_SHARE = {"buildings": 0.05}
_LEAST_M2 = 1.0
"""An overlap counts from 1 m2, between buildings also only from a twentieth of the smaller one: outlines that touch."""
_POLYGON = 2


class Overlaps(NamedTuple):
    """Pairs of rows that overlap: positions of the two, and m2 that they share; (n,) each."""

    first: Ints
    second: Ints
    area: Floats


def duplicates(frame: gpd.GeoDataFrame) -> tuple[Ints, Ints]:
    """Return rows that repeat an earlier one in geometry and every value but the id.

    Returns
    -------
    rows, of : (n,) int
        Positions of the repeating rows, and of the rows that they repeat.
    """
    geometry = np.asarray(frame.geometry.array, dtype=object)
    boxes = pd.DataFrame(shapely.bounds(geometry))
    alike = np.flatnonzero(boxes.duplicated(keep=False))
    if not len(alike):
        return alike, alike
    columns = [name for name in frame.columns if name not in {"id", frame.geometry.name}]
    values = pd.DataFrame(frame[columns].iloc[alike]).astype(str).reset_index(drop=True)
    values["geometry"] = shapely.to_wkb(shapely.normalize(geometry[alike]))
    first = values.groupby(list(values.columns), sort=False, dropna=False).ngroup().to_numpy()
    earliest = pd.Series(alike).groupby(first).transform("min").to_numpy()
    again = earliest != alike
    return alike[again], earliest[again]


def slivers(frame: gpd.GeoDataFrame, role: str) -> Ints:
    """Return positions of polygons that are so thin that they are an edge and no area (:data:`WIDTH_M`)."""
    geometry = np.asarray(frame.geometry.array, dtype=object)
    areas = shapely.get_dimensions(geometry) == _POLYGON
    length = shapely.length(geometry)
    width = np.where(areas, 2 * shapely.area(geometry) / np.where(length > 0, length, 1.0), np.inf)
    return np.flatnonzero(width < WIDTH_M.get(role, _WIDTH_M))


def overlaps(frame: gpd.GeoDataFrame, role: str) -> Overlaps:
    """Return pairs of polygons that overlap; of a pair the row that stands first is the first."""
    geometry = np.asarray(frame.geometry.array, dtype=object)
    rows = np.flatnonzero(shapely.get_dimensions(geometry) == _POLYGON)
    none = np.array([], dtype=np.intp)
    if role not in COVERING or not len(rows):
        return Overlaps(none, none, np.array([], dtype=np.float64))
    shapes = geometry[rows]
    left, right = shapely.STRtree(shapes).query(shapes)
    once = left < right
    left, right = left[once], right[once]
    meet = shapely.relate_pattern(shapes[left], shapes[right], "T********")
    left, right = left[meet], right[meet]
    area = shapely.area(shapely.intersection(shapes[left], shapes[right]))
    smaller = np.minimum(shapely.area(shapes[left]), shapely.area(shapes[right]))
    counts = area > np.maximum(_LEAST_M2, _SHARE.get(role, 0.0) * smaller)
    left, right, area = left[counts], right[counts], area[counts]
    order = np.lexsort((left, right))
    return Overlaps(rows[left[order]], rows[right[order]], area[order])


def scattered(frame: gpd.GeoDataFrame) -> Ints:
    """Return positions of rows with several parts of which one is :data:`APART_M` or more from all others."""
    geometry = np.asarray(frame.geometry.array, dtype=object)
    several = np.flatnonzero(shapely.get_num_geometries(geometry) > 1)
    return np.array([k for k in several if _far(shapely.get_parts(geometry[k]))], dtype=np.intp)


def _far(parts: Geometries) -> bool:
    tree = shapely.STRtree(parts)
    near = tree.query_nearest(parts, exclusive=True, return_distance=True, all_matches=False)[1]
    return bool((near >= APART_M).any())
