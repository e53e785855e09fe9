"""Where China's provinces lie, and whether rows lie in those that their division codes name: the one thing that shows a wrong zone alone.

A layer in a wrong Gauss-Krueger zone lies degrees of longitude away, with nothing in its coordinates that shows it. Division codes
(siteplan.layers.divisions) begin with the province.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer

from siteplan.layers.divisions import parse_division
from siteplan.layers.zones import other_zone

if TYPE_CHECKING:
    import geopandas as gpd

    from siteplan.layers.crs import Bounds

CODED = ("sites", "communities", "townships")
"""Roles whose rows may have division codes."""

BOXES: dict[str, Bounds] = {
    "11": (115.4, 39.4, 117.6, 41.1), "12": (116.7, 38.5, 118.1, 40.3), "13": (113.4, 36.0, 119.9, 42.7),
    "14": (110.2, 34.5, 114.6, 40.8), "15": (97.1, 37.4, 126.1, 53.4), "21": (118.8, 38.7, 125.8, 43.5),
    "22": (121.6, 40.8, 131.4, 46.4), "23": (121.1, 43.4, 135.1, 53.6), "31": (120.8, 30.6, 122.2, 31.9),
    "32": (116.3, 30.7, 122.0, 35.2), "33": (118.0, 27.1, 122.9, 31.2), "34": (114.8, 29.3, 119.7, 34.7),
    "35": (115.8, 23.5, 120.6, 28.4), "36": (113.5, 24.4, 118.5, 30.1), "37": (114.8, 34.3, 122.7, 38.5),
    "41": (110.3, 31.3, 116.7, 36.4), "42": (108.3, 29.0, 116.2, 33.3), "43": (108.7, 24.6, 114.3, 30.2),
    "44": (109.6, 20.2, 117.2, 25.6), "45": (104.4, 21.0, 112.1, 26.4), "46": (108.6, 3.8, 117.9, 20.2),
    "50": (105.2, 28.1, 110.2, 32.3), "51": (97.3, 26.0, 108.6, 34.4), "52": (103.6, 24.6, 109.6, 29.3),
    "53": (97.5, 21.1, 106.2, 29.3), "54": (78.3, 26.8, 99.2, 36.5), "61": (105.4, 31.7, 111.3, 39.6),
    "62": (92.3, 32.5, 108.8, 42.8), "63": (89.4, 31.6, 103.1, 39.3), "64": (104.2, 35.2, 107.7, 39.4),
    "65": (73.4, 34.3, 96.4, 49.2), "71": (119.4, 21.9, 124.6, 26.0), "81": (113.8, 22.1, 114.4, 22.6),
    "82": (113.5, 22.1, 113.6, 22.3),
}  # fmt: skip
"""West, south, east, north of the provinces by the first two digits of their codes: degrees, outwards to a tenth, from the outlines
of the official map (Tianditu, CGCS2000)."""

_MARGIN = 0.2
_MOST_CODED = 0.5


@dataclass(frozen=True, kw_only=True)
class Astray:
    """A layer of which most rows lie outside the provinces that their codes name.

    Parameters
    ----------
    provinces : tuple of str
        Two digits each.
    rows : int
        Rows with codes.
    out : int
        Of these, outside their province by more than 0.2 degrees.
    box : (west, south, east, north)
        Where the layer lies, degrees.
    zone : CRS or None
        The system in which it would lie in its provinces, if only the meridian of its own is wrong.
    """

    provinces: tuple[str, ...]
    rows: int
    out: int
    box: Bounds
    zone: CRS | None


def astray(frame: gpd.GeoDataFrame, file_crs: CRS) -> Astray | None:
    """Return whether most rows of a layer lie outside the provinces that their codes name; None where they do not, or have none.

    Parameters
    ----------
    frame : GeoDataFrame
        With ``id``, and ``code`` where the role has it.
    file_crs : CRS
        System of the layer's file, whose zone may be wrong.
    """
    codes = [parse_division(code) for code in frame["code"]] if "code" in frame and frame["code"].notna().any() else []
    codes = codes or [parse_division(row) for row in frame["id"]]
    told = np.array(
        [code is not None and code.level != "province" and code.part("province") in BOXES for code in codes]
    )
    if told.mean() <= _MOST_CODED:
        return None
    provinces = [code.part("province") for code in codes if code is not None and code.part("province") in BOXES]
    boxes = np.array(
        [BOXES[code.part("province")] if yes and code else (np.nan,) * 4 for code, yes in zip(codes, told, strict=True)]
    )
    points = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    down = Transformer.from_crs(frame.crs, CRS.from_epsg(4490), always_xy=True)
    lon, lat = down.transform(points[:, 0], points[:, 1])
    inside = (lon >= boxes[:, 0] - _MARGIN) & (lon <= boxes[:, 2] + _MARGIN)
    inside &= (lat >= boxes[:, 1] - _MARGIN) & (lat <= boxes[:, 3] + _MARGIN)
    out = told & ~inside
    if out.sum() <= _MOST_CODED * told.sum():
        return None
    named = tuple(sorted(set(provinces)))
    box = (float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
    zone = other_zone(box, file_crs, [BOXES[code] for code in named], 0.0)
    return Astray(provinces=named, rows=int(told.sum()), out=int(out.sum()), box=box, zone=zone)
