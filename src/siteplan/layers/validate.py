"""Checks of the layers against one another: extents, the boundary, and ids that refer to rows of other layers."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.layers.crs import Bounds, exchanged, lonlat_bounds, name_of, overlap, swapped_error
from siteplan.layers.names import nearest
from siteplan.layers.repair import Place, some
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siteplan.layers.raster import Raster

REFERENCES = (
    ("buildings", "site_id", "sites"),
    ("buildings", "community_id", "communities"),
    ("candidates", "community_id", "communities"),
    ("facilities", "community_id", "communities"),
    ("sites", "township_id", "townships"),
    ("communities", "township_id", "townships"),
)
"""Columns that hold ids of another layer: (layer, column, layer referred to)."""

_INSIDE = ("candidates", "buildings", "facilities")
_NEAR_DEGREES = 0.1
_ON_THE_LINE_M = 1.0


def check_extents(
    vectors: Mapping[str, gpd.GeoDataFrame], rasters: Mapping[str, Raster], paths: Mapping[str, str]
) -> None:
    """Refuse a layer that lies nowhere near the others.

    Layers within 0.1 degree of one another belong together; those outside the largest such group are at fault
    (of equal groups the one with the boundary, then the one with the buildings, is right).

    Parameters
    ----------
    vectors : mapping of str to GeoDataFrame
        By role, each in its own CRS.
    rasters : mapping of str to Raster
        By role.
    paths : mapping of str to str
        The file of each role, for the error.

    Raises
    ------
    LayerError
        Saying that x and y are exchanged where the layer would lie among the others then.
    """
    own = {role: (_bounds(frame), frame.crs) for role, frame in vectors.items()}
    own |= {role: (raster.bounds, raster.crs) for role, raster in rasters.items()}
    boxes = {role: lonlat_bounds(bounds, crs) for role, (bounds, crs) in own.items()}
    group = _largest_group(boxes)
    for role, (bounds, crs) in own.items():
        if role in group:
            continue
        place = Place(role=role, path=paths.get(role, ""))
        turned = lonlat_bounds(exchanged(bounds), crs)
        if turned is not None and any(_near(turned, boxes[other]) for other in group):
            raise swapped_error(bounds, crs, place)
        raise place.error(
            _(
                "the layer ({box}) lies nowhere near the others ({others})",
                box=_degrees(boxes[role]),
                others=", ".join(group),
            ),
            remedy=_("check its coordinate system ({crs}), and that x and y are not exchanged", crs=name_of(crs)),
        )


def _bounds(frame: gpd.GeoDataFrame) -> Bounds:
    west, south, east, north = (float(side) for side in frame.total_bounds)
    return west, south, east, north


def _near(a: Bounds | None, b: Bounds | None) -> bool:
    return a is not None and b is not None and overlap(a, b, _NEAR_DEGREES)


def _degrees(box: Bounds | None) -> str:
    if box is None:
        return "-"
    west, south, east, north = (f"{side:.4f}" for side in box)
    return _("longitude {west} to {east}, latitude {south} to {north}", west=west, east=east, south=south, north=north)


def _largest_group(boxes: Mapping[str, Bounds | None]) -> list[str]:
    groups: list[list[str]] = []
    for role, box in boxes.items():
        joined = [group for group in groups if any(_near(box, boxes[other]) for other in group)]
        groups = [group for group in groups if group not in joined]
        groups.append([*chain.from_iterable(joined), role])
    return max(groups, key=lambda group: (len(group), "boundary" in group, "buildings" in group), default=[])


def check_inside(vectors: Mapping[str, gpd.GeoDataFrame], paths: Mapping[str, str]) -> None:
    """Refuse candidates, buildings and facilities that lie outside the boundary.

    A row is inside if it touches the boundary's area or lies within 1 m of it.

    Parameters
    ----------
    vectors : mapping of str to GeoDataFrame
        By role, all in one metric CRS; without a boundary nothing is checked.
    paths : mapping of str to str
        The file of each role, for the error.

    Raises
    ------
    LayerError
        Naming the rows.
    """
    if "boundary" not in vectors:
        return
    area = shapely.union_all(vectors["boundary"].geometry.to_numpy()).buffer(_ON_THE_LINE_M)
    shapely.prepare(area)
    for role in _INSIDE:
        frame = vectors.get(role)
        if frame is None:
            continue
        out = ~shapely.intersects(area, frame.geometry.to_numpy())
        if out.any():
            rows = frame["id"][out].tolist()
            raise Place(role=role, path=paths.get(role, "")).error(
                _(
                    "{n} of {all} {role} lie outside the boundary: {rows}",
                    n=len(rows),
                    all=len(frame),
                    role=role,
                    rows=some(rows),
                ),
                remedy=_("remove these rows, or widen the boundary ({path})", path=paths.get("boundary", "boundary")),
                row=rows[0],
            )


def check_references(vectors: Mapping[str, gpd.GeoDataFrame], paths: Mapping[str, str]) -> None:
    """Refuse ids of sites, communities and townships that do not exist.

    Columns that refer to a layer which the study lacks are not checked.

    Raises
    ------
    LayerError
        Naming the first row, the column, the value and the nearest id that exists.
    """
    for role, column, target in REFERENCES:
        if role not in vectors or target not in vectors:
            continue
        frame, known = vectors[role], vectors[target]["id"]
        lost = np.flatnonzero(frame[column].notna() & ~frame[column].isin(known))
        if len(lost):
            value = str(frame[column].iloc[lost[0]])
            raise Place(role=role, path=paths.get(role, "")).error(
                _("{n} rows have a {column} that {target} lacks; the first: {value}",
                  n=len(lost), column=column, target=target, value=value),
                remedy=_("correct {column}, or add the row to {target}; its nearest id is {near}",
                         column=column, target=target, near=nearest(value, known.tolist())),
                row=str(frame["id"].iloc[lost[0]]),
            )  # fmt: skip
