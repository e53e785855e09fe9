"""Street lines to edges: where streets meet, how long each piece is, and its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely

from siteplan.errors import DataError
from siteplan.messages import _

if TYPE_CHECKING:
    import geopandas as gpd

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


def require_metric(crs: Any, role: str) -> None:
    """Refuse a layer whose coordinates are not metres.

    Raises
    ------
    DataError
        If the CRS is missing, geographic, or in another unit.
    """
    if crs is not None and crs.is_projected and all(axis.unit_conversion_factor == 1 for axis in crs.axis_info[:2]):
        return
    raise DataError(
        _("the layer {role} is not in a metric CRS: {crs}", role=role, crs=_("none") if crs is None else crs.name),
        remedy=_("bring all layers to one projected CRS in metres first (study.toml: [study] crs)"),
    )


def street_lines(streets: gpd.GeoDataFrame) -> tuple[npt.NDArray[np.object_], Ints]:
    """Return the LineStrings of a layer and the row of each."""
    shapes = shapely.force_2d(streets.geometry.to_numpy())
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kind = shapely.get_type_id(shapes)
    wrong = present & ~np.isin(kind, (1, 2, 5))  # LineString, LinearRing, MultiLineString
    xy, at = shapely.get_coordinates(shapes, return_index=True)
    wrong[at[~np.isfinite(xy).all(axis=1)]] = True
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise DataError(
            _("{n} streets are no lines or have a coordinate that is not finite", n=int(wrong.sum())),
            remedy=_("keep only lines with finite coordinates in the layer {role}", role="streets"),
            row=str(streets.index[row]),
        )
    rows = np.flatnonzero(present)
    parts, index = shapely.get_parts(shapes[rows], return_index=True)
    return parts, rows[index]


def split_at_nodes(line: Ints, vertex: Ints) -> tuple[Ints, Ints]:
    """Return the positions of the first and last vertex of each edge."""
    new = line[1:] != line[:-1]
    start, end = np.r_[True, new], np.r_[new, True]
    node = np.bincount(vertex) > 1
    node[vertex[start | end]] = True
    stop = np.flatnonzero(node[vertex])
    inside = line[stop[1:]] == line[stop[:-1]]
    return stop[:-1][inside], stop[1:][inside]


def _spans(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Return (edge, position) for every position from ``first`` to ``last`` inclusive of each edge."""
    count = last - first + 1
    edge = np.repeat(np.arange(len(first)), count)
    return edge, np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]


def edge_lengths(xy: Floats, first: Ints, last: Ints) -> Floats:
    """Return the metres along each edge."""
    edge, position = _spans(first, last - 1)
    step = np.hypot(*(xy[position + 1] - xy[position]).T)
    return np.bincount(edge, weights=step, minlength=len(first)).astype(np.float64)


def edge_lines(xy: Floats, first: Ints, last: Ints) -> npt.NDArray[np.object_]:
    """Return the LineString of each edge."""
    edge, position = _spans(first, last)
    pieces: npt.NDArray[np.object_] = shapely.linestrings(xy[position], indices=edge)
    return pieces
