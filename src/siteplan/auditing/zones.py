"""Where the layer of exclusions bars new facilities, as the audit reads it: by the distance to what the layer draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.auditing.homes import figures, text
from siteplan.layers.exclusion_kinds import EXCLUSION_KINDS, ExclusionKind, kind_of
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt


def zones_at(zones: gpd.GeoDataFrame | None, points: gpd.GeoSeries) -> list[str]:
    """Return for each point the kinds of exclusions that bar it, as the layer writes them, by ", "; empty where none does.

    A row bars what it touches and what is less than its buffer away; one of a kind that allows what lies inside bars what no row of
    that sort touches. Kinds that are open to siting bar nothing, kinds that nobody knows bar what they touch.
    """
    told: list[set[str]] = [set() for _point in range(len(points))]
    if zones is None or not len(zones) or not len(points):
        return ["" for _point in told]
    here = points.to_numpy()
    words = text(zones["kind"]).to_numpy()
    keys = text(zones["read_as"]).to_numpy() if "read_as" in zones else np.full(len(zones), "", dtype=object)
    kinds = [EXCLUSION_KINDS.get(key) or kind_of(word) for key, word in zip(keys, words, strict=True)]
    buffers = np.nan_to_num(figures(zones, "buffer_m"), nan=0.0)
    shapes = zones.geometry.to_numpy()
    inner = np.array([_side(kind) == "inside" for kind in kinds])
    point, row = shapely.STRtree(shapes[inner]).query(
        here, predicate="dwithin", distance=buffers[inner].max(initial=0.0)
    )
    row = np.flatnonzero(inner)[row]
    far, least = shapely.distance(here[point], shapes[row]), buffers[row]
    bars = (far <= 0) | (far < least - TOLERANCE * np.maximum(1.0, least))
    for k, word in zip(point[bars], words[row[bars]], strict=True):
        told[k].add(str(word))
    outer = np.array([_side(kind) == "outside" for kind in kinds])
    if outer.any():
        for k in np.flatnonzero(_to_nearest(shapes[outer], here) > 0):
            told[k].add(str(words[outer][0]))
    return [", ".join(sorted(names)) for names in told]


def _side(kind: ExclusionKind | None) -> str:
    """Return which side of a row is barred; empty where it bars nothing."""
    if kind is None:
        return "inside"
    return kind.bars if kind.siting == "barred" else ""


def _to_nearest(shapes: npt.NDArray[np.object_], points: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    (_shape, far) = shapely.STRtree(shapes).query_nearest(points, return_distance=True, all_matches=False)
    metres = np.full(len(points), np.inf)
    metres[_shape[0]] = far
    return metres
