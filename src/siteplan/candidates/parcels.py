"""Open parcels: squares along streets that touch nothing mapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

if TYPE_CHECKING:
    import geopandas as gpd

    from siteplan.candidates.found import CandidateRules
    from siteplan.candidates.limits import Limits


@dataclass(frozen=True, kw_only=True, eq=False)
class Parcels:
    """Open squares.

    Parameters
    ----------
    square : (n,) object
        Axis-aligned squares.
    centre : (n, 2) float64
        Metres.
    community : (n,) int64
        Row of the community that holds the whole square.
    street : (n,) object
        Name of the street it lies on, or "".
    slope : (n,) float64
        Per cent; NaN where there is no elevation.
    """

    square: npt.NDArray[np.object_]
    centre: npt.NDArray[np.float64]
    community: npt.NDArray[np.int64]
    street: npt.NDArray[np.object_]
    slope: npt.NDArray[np.float64]


def open_parcels(
    streets: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    obstacles: npt.NDArray[np.object_],
    rules: CandidateRules,
    limits: Limits,
) -> Parcels:
    """Sample squares along both sides of the streets and keep those that are open.

    A square is set back so that it is ``setback_m`` from the street at the sample point. It is open if it lies
    wholly in one community, every obstacle is more than ``clearance_m`` away, no exclusion keeps it off, it touches no land that
    the survey or the land cover has as farmland, woodland, water or the like, and it is no steeper than ``max_slope_percent``.

    Parameters
    ----------
    streets : GeoDataFrame of lines
    communities : GeoDataFrame of polygons
    obstacles : (n,) object
        Geometries, the streets among them.
    rules : CandidateRules
    limits : Limits
    """
    centre, street = _along(streets, rules)
    half = rules.side_m / 2
    square = shapely.box(*(centre - half).T, *(centre + half).T)
    community = _holding(square, communities)
    keep = np.flatnonzero(community >= 0)
    near = shapely.STRtree(obstacles).query(square[keep], predicate="dwithin", distance=rules.clearance_m)[0]
    keep = np.delete(keep, np.unique(near))
    keep = keep[~limits.barred(square[keep])]
    barred = shapely.STRtree(limits.unbuildable()).query(square[keep], predicate="intersects")[0]
    keep = np.delete(keep, np.unique(barred))
    keep = keep[~limits.overgrown(square[keep], streets.crs, rules)]
    slope = limits.steepness(square[keep], streets.crs)
    keep, slope = keep[~(slope > rules.max_slope_percent)], slope[~(slope > rules.max_slope_percent)]
    return Parcels(
        square=square[keep], centre=centre[keep], community=community[keep], street=street[keep], slope=slope
    )


def _along(streets: gpd.GeoDataFrame, rules: CandidateRules) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.object_]]:
    """Return the centres of squares on both sides of the streets and the name of their street."""
    if "highway" in streets and streets["highway"].isin(rules.frontage).any():
        streets = streets[streets["highway"].isin(rules.frontage)]
    names = (
        streets["name"].fillna("").to_numpy(dtype=object) if "name" in streets else np.full(len(streets), "", object)
    )
    lines, owner = shapely.get_parts(streets.geometry.array, return_index=True)
    length = shapely.length(lines)
    count = np.maximum(1, (length / rules.spacing_m).astype(np.int64))
    line = np.repeat(np.arange(len(lines)), count)
    step = np.arange(len(line)) - np.repeat(np.cumsum(count) - count, count)
    at = (step + 0.5) * (length / count)[line]
    point = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], at))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines[line], np.minimum(at + 0.5, length[line])))
    way = ahead - point
    size = np.hypot(*way.T)
    moving = size > 0
    normal = np.column_stack((-way[moving, 1], way[moving, 0])) / size[moving, None]
    offset = rules.setback_m + rules.side_m / 2 * np.abs(normal).sum(axis=1)
    shift = normal * offset[:, None]
    centre = np.concatenate((point[moving] + shift, point[moving] - shift)).round(1)
    return centre, np.tile(names[owner[line[moving]]], 2)


def _holding(square: npt.NDArray[np.object_], communities: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
    """Return the first community that holds each square whole; -1 for none."""
    found = np.full(len(square), -1, dtype=np.int64)
    row, area = shapely.STRtree(communities.geometry.array).query(square, predicate="covered_by")
    order = np.lexsort((-area, row))
    found[row[order]] = area[order]
    return found
