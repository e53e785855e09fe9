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
    shapely.prepare(shapes)
    inner = np.array([_side(kind) == "inside" for kind in kinds])
    row, point = shapely.STRtree(here).query(shapes[inner], predicate="dwithin", distance=buffers[inner])
    row = np.flatnonzero(inner)[row]
    bars, least = shapely.intersects(shapes[row], here[point]), buffers[row]
    beside = np.flatnonzero(~bars & (least > 0))  # a distance is dear where a shape has many vertices
    far = shapely.distance(here[point[beside]], shapes[row[beside]])
    bars[beside] = far < least[beside] - TOLERANCE * np.maximum(1.0, least[beside])
    for k, word in zip(point[bars], words[row[bars]], strict=True):
        told[k].add(str(word))
    outer = np.array([_side(kind) == "outside" for kind in kinds])
    if outer.any():
        (_row, touching) = shapely.STRtree(here).query(shapes[outer], predicate="intersects")
        for k in np.setdiff1d(np.arange(len(here)), touching):
            told[k].add(str(words[outer][0]))
    return [", ".join(sorted(names)) for names in told]


def _side(kind: ExclusionKind | None) -> str:
    """Return which side of a row is barred; empty where it bars nothing."""
    if kind is None:
        return "inside"
    return kind.bars if kind.siting == "barred" else ""
