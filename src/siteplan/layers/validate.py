"""Checks of the layers against one another: extents, the boundary, and ids that refer to rows of other layers."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer

from siteplan.layers.crs import Bounds, exchanged, lonlat_bounds, name_of, overlap, swapped_error
from siteplan.layers.datum import NAMES
from siteplan.layers.mend_rows import leave_out
from siteplan.layers.names import nearest
from siteplan.layers.offset import evidence, fits
from siteplan.layers.repair import Place, Repair, some
from siteplan.layers.zones import other_zone
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import pandas as pd

    from siteplan.layers.handling import Handling
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
_MOST_WIDE, _MOST_HIGH = 16.0, 25.0
"""Degrees of longitude (as long as on the equator) and of latitude over which a layer may reach: more than any province does."""


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
        Saying that x and y are exchanged where the layer would lie among the others then; or if a layer reaches
        farther than any province does, naming the row that lies farthest away.
    """
    own = {role: (_bounds(frame), frame.crs) for role, frame in vectors.items()}
    own |= {role: (raster.bounds, raster.crs) for role, raster in rasters.items()}
    boxes = {role: lonlat_bounds(bounds, crs) for role, (bounds, crs) in own.items()}
    _check_spread(vectors, paths)
    group = _largest_group(boxes)
    for role, (bounds, crs) in own.items():
        if role in group:
            continue
        place = Place(role=role, path=paths.get(role, ""))
        turned = lonlat_bounds(exchanged(bounds), crs)
        if turned is not None and any(_near(turned, boxes[other]) for other in group):
            raise swapped_error(bounds, crs, place)
        remedy = _("check its coordinate system ({crs}), and that x and y are not exchanged", crs=name_of(crs))
        box = boxes[role]
        zone = None if box is None else other_zone(box, crs, _boxes(boxes, group), _NEAR_DEGREES)
        if zone is not None:
            remedy = _(
                "its zone is wrong: in {zone} it would lie among the others. Export it with that system, or write under "
                "[layers.{role}]: {lines}",
                zone=name_of(zone), role=role, lines=f'crs = "{name_of(zone)}", override_crs = true',
            )  # fmt: skip
        raise place.error(
            _(
                "the layer ({box}) lies nowhere near the others ({others})",
                box=_degrees(boxes[role]),
                others=", ".join(group),
            ),
            remedy=remedy,
        )


def _check_spread(vectors: Mapping[str, gpd.GeoDataFrame], paths: Mapping[str, str]) -> None:
    """Refuse a layer with rows so far apart that no system in metres is true to length for all of them.

    A transverse Mercator projection is more than 1 % off beyond some 8 degrees from its meridian.
    """
    for role, frame in vectors.items():
        box = lonlat_bounds(_bounds(frame), frame.crs)
        wide = 0.0 if box is None else _shrunk(box[2] - box[0], box[1], box[3])
        if box is None or (wide <= _MOST_WIDE and box[3] - box[1] <= _MOST_HIGH):
            continue
        points = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
        down = Transformer.from_crs(frame.crs, CRS.from_epsg(4326), always_xy=True)
        lonlat = np.column_stack(down.transform(points[:, 0], points[:, 1]))
        k = int(np.abs(lonlat - np.median(lonlat, axis=0)).max(axis=1).argmax())
        raise Place(role=role, path=paths.get(role, "")).error(
            _("the rows reach from {box}: over so much no system in metres is true to length; farthest from the others is the row at "
              "{lon}, {lat}", box=_degrees(box), lon=f"{lonlat[k, 0]:.4f}", lat=f"{lonlat[k, 1]:.4f}"),
            remedy=_("correct the coordinates of this row in the file (none entered? x and y exchanged?), or cut the layer to "
                     "the county"),
            row=str(frame["id"].iloc[k]),
        )  # fmt: skip


def _shrunk(degrees: float, south: float, north: float) -> float:
    """Return degrees of longitude as degrees of the equator, where the layer's parallels are longest."""
    nearest_equator = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    return degrees * float(np.cos(np.radians(nearest_equator)))


def _boxes(boxes: Mapping[str, Bounds | None], group: list[str]) -> list[Bounds]:
    return [box for role in group if (box := boxes[role]) is not None]


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


def check_inside(
    vectors: Mapping[str, gpd.GeoDataFrame],
    paths: Mapping[str, str],
    handlings: Mapping[str, Handling] | None = None,
) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair]]:
    """Refuse candidates, buildings and facilities that lie outside the boundary, or leave them out where that is asked.

    A row is inside if it touches the boundary's area or lies within 1 m of it.

    Parameters
    ----------
    vectors : mapping of str to GeoDataFrame
        By role, all in one metric CRS; without a boundary nothing is checked.
    paths : mapping of str to str
        The file of each role, for the error.
    handlings : mapping of str to Handling, optional
        By role: ``outside`` in ``repair`` leaves such rows out, but for those in ``keep``.

    Returns
    -------
    vectors : dict of str to GeoDataFrame
    repairs : list of Repair
        One for each row that was left out.

    Raises
    ------
    LayerError
        Naming the rows; it says where the layer would lie inside if it were taken back from a web map's datum.
    """
    inside, repairs = dict(vectors), list[Repair]()
    if "boundary" not in vectors:
        return inside, repairs
    area = shapely.union_all(vectors["boundary"].geometry.to_numpy()).buffer(_ON_THE_LINE_M)
    shapely.prepare(area)
    for role in _INSIDE:
        frame = vectors.get(role)
        if frame is None:
            continue
        out = ~shapely.intersects(area, frame.geometry.to_numpy())
        handling = (handlings or {}).get(role)
        if handling is not None and "outside" in handling.repair:
            gone = np.flatnonzero(out)
            what = [_("left out: it lies outside the boundary")] * len(gone)
            place = Place(role=role, path=paths.get(role, ""))
            inside[role], said = leave_out(frame, gone, "outside", what, handling, place)
            repairs += said
        elif out.any():
            rows = frame["id"][out].tolist()
            raise Place(role=role, path=paths.get(role, "")).error(
                _(
                    "{n} of {all} {role} lie outside the boundary: {rows}",
                    n=len(rows),
                    all=len(frame),
                    role=role,
                    rows=some(rows),
                ),
                remedy=_outside_remedy(role, vectors, paths),
                row=rows[0],
            )
    return inside, repairs


def _outside_remedy(role: str, vectors: Mapping[str, gpd.GeoDataFrame], paths: Mapping[str, str]) -> str:
    """Return what can be done about rows outside the boundary: first the datum, where all of a layer looks shifted."""
    remedy = _("remove these rows, or widen the boundary ({path})", path=paths.get("boundary", "boundary"))
    remedy += _("; ") + _("or let them be left out: {line}", line=f'[layers.{role}] repair = ["outside"]')
    others = {name: vectors[name] for name in (role, "streets", "boundary") if name in vectors}
    for fit in fits(others, vectors[role].crs):
        if fit.role == role and fit.datum is not None and not fit.other:
            hint = _(
                "the layer looks shifted by {datum}: {evidence}; if it is from a web map, write: {line}",
                datum=NAMES[fit.datum], evidence=evidence(fit), line=f'[layers.{role}] datum = "{fit.datum}"',
            )  # fmt: skip
            return hint + _("; ") + remedy
    return remedy


def check_references(
    vectors: Mapping[str, gpd.GeoDataFrame], paths: Mapping[str, str], repairs: Sequence[Repair] = ()
) -> None:
    """Refuse ids of sites, communities and townships that do not exist, or that several rows had.

    Columns that refer to a layer which the study lacks are not checked.

    Parameters
    ----------
    vectors : mapping of str to GeoDataFrame
        By role.
    paths : mapping of str to str
        The file of each role, for the error.
    repairs : sequence of Repair
        Those of the layers: of rows with an id that stood twice, nobody knows which is meant.

    Raises
    ------
    LayerError
        Naming the first row, the column, the value and the nearest id that exists.
    """
    for role, column, target in REFERENCES:
        if role not in vectors or target not in vectors:
            continue
        frame, known = vectors[role], vectors[target]["id"]
        _check_meant(
            frame, column, target, Place(role=role, path=paths.get(role, "")), stood_twice(repairs, target, known)
        )
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


def stood_twice(repairs: Sequence[Repair], role: str, ids: pd.Series[str]) -> dict[str, str]:
    """Return the ids that several rows of a layer had, each with the id that was made of it for one that is still there.

    Parameters
    ----------
    repairs : sequence of Repair
    role : str
        The layer.
    ids : Series of str
        Its ids as they are now.
    """
    made = {repair.row: repair.original for repair in repairs if repair.role == role and repair.problem == "id"}
    there = set(ids[ids.isin(made.keys())])
    return {
        str(old["id"]): row for row, old in made.items() if old is not None and old["id"] is not None and row in there
    }


def _check_meant(frame: gpd.GeoDataFrame, column: str, target: str, place: Place, twice: Mapping[str, str]) -> None:
    unclear = np.flatnonzero(frame[column].isin(twice.keys()))
    if len(unclear):
        value = str(frame[column].iloc[unclear[0]])
        raise place.error(
            _("{n} rows have a {column} that several rows of {target} had; the first: {value}, is it {value} or {other}?",
              n=len(unclear), column=column, target=target, value=value, other=twice[value]),
            remedy=_("give the rows of {target} ids of their own in the file, and correct {column}",
                     target=target, column=column),
            row=str(frame["id"].iloc[unclear[0]]),
        )  # fmt: skip
