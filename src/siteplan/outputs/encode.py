"""Geometry and tables in the compact form that the page reads.

A geometry becomes one list of whole numbers: differences in millionths of a degree (about 0.1 m) from vertex to
vertex, over all rings of all features. 17,677 building outlines take under 1 MB so.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_POLYGON = 3
_MILLIONTHS = 1_000_000


def rings(geometry: gpd.GeoSeries, origin: tuple[float, float], *, simplify_m: float) -> dict[str, Any]:
    """Return the outlines of ``geometry`` as differences.

    Parameters
    ----------
    geometry : GeoSeries
        Points, lines or polygons in a metric CRS; missing and empty ones have no ring.
    origin : (longitude, latitude)
        Degrees; where the first difference starts.
    simplify_m : float
        Metres by which an outline may be off (Douglas and Peucker).

    Returns
    -------
    dict
        ``count``: number of features; ``n``: vertices of each ring; ``of``: feature of each ring, ascending;
        ``xy``: longitude and latitude differences of all vertices in turn. The closing vertex of a polygon's ring is
        left out; shells and holes turn in opposite ways.
    """
    simple = gpd.GeoSeries(shapely.simplify(geometry.to_numpy(), simplify_m), crs=geometry.crs).to_crs("EPSG:4326")
    parts, of = _parts(simple.to_numpy())
    polygon = shapely.get_type_id(parts) == _POLYGON
    shells, shell_of = shapely.get_rings(shapely.normalize(parts[polygon]), return_index=True)
    every = np.concatenate([parts[~polygon], shells])
    feature = np.concatenate([of[~polygon], of[polygon][shell_of]])
    closed = np.concatenate([np.zeros((~polygon).sum(), dtype=bool), np.ones(len(shells), dtype=bool)])
    order = np.argsort(feature, kind="stable")
    every, feature, closed = every[order], feature[order], closed[order]
    vertices, ring = shapely.get_coordinates(every, return_index=True)
    last = np.append(ring[1:] != ring[:-1], True) if len(ring) else np.zeros(0, dtype=bool)
    keep = ~(last & closed[ring])
    whole = np.rint((vertices[keep] - np.asarray(origin)) * _MILLIONTHS).astype(np.int64)
    return {
        "count": len(geometry),
        "n": np.bincount(ring[keep], minlength=len(every)).tolist(),
        "of": feature.tolist(),
        "xy": np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)).ravel().tolist(),
    }


def _parts(geometry: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    """Return the single, not empty parts of each geometry and its row."""
    parts, of = shapely.get_parts(geometry, return_index=True)
    parts, again = shapely.get_parts(parts, return_index=True)  # collections hold multi-part geometries
    full = ~shapely.is_empty(parts)
    return parts[full], of[again][full].astype(np.int64)


def columns(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return the columns ``names`` of ``frame`` as lists that JSON can hold; missing values are None.

    >>> columns(pd.DataFrame({"a": [1.0, float("nan")]}), ["a"])
    {'a': [1.0, None]}
    """
    return {name: [_plain(value) for value in frame[name]] for name in names}


def _plain(value: Any) -> Any:
    if value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return round(float(value), 6)
    return str(value)


def script_json(value: Any) -> str:
    r"""Return ``value`` as JSON that may stand inside a ``<script>`` element, whatever texts it holds.

    >>> print(script_json("</script>"))
    "\u003c/script\u003e"
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
