"""One metric coordinate reference system for a study, and what coordinates say against theirs."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS, Proj, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from siteplan.errors import SettingsError
from siteplan.layers.repair import Place, Repair, mend_geometry
from siteplan.layers.roles import ROLES
from siteplan.layers.shift import check_known
from siteplan.layers.zones import OLD_DATUMS, Zone, gauss_krueger, old_datum, zone_numbered, zones_at
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

Bounds: TypeAlias = tuple[float, float, float, float]
"""West, south, east, north."""

WGS84 = CRS.from_epsg(4326)
_MOST_DISTORTION = 0.01
_DEGREES = 180.0
_LATITUDE = 90.0
_MILLION = 1e6
_HALF_ZONE = 3.0
_LATITUDES = (15.0, 55.0)
"""Latitudes of China, with room to spare."""
_FAR_DEGREES = 5.0
"""Degrees beyond the area of a CRS where a row cannot be right while others lie in it: a zone is 3 or 6 wide."""


def parse_crs(text: str, *, path: str | None = None, row: str | None = None) -> CRS:
    """Return the CRS that ``text`` names, for example ``"EPSG:4547"``.

    Raises
    ------
    SettingsError
        If PROJ does not know it.
    """
    try:
        # PROJ would take any word for part of a name
        crs = CRS.from_user_input(text) if re.search(r"[:\[+]", text) else None
    except CRSError:
        crs = None
    if crs is None:
        raise SettingsError(
            _("no such coordinate system: {text}", text=repr(text)),
            remedy=_('write it as "EPSG:4547" (CGCS2000, 3-degree zone at 114 E), with the number of your own'),
            path=path,
            row=row,
        )
    return crs


def name_of(crs: CRS) -> str:
    """Return ``"EPSG:4547"`` where the CRS has such a number, else its name."""
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)


def lonlat_bounds(bounds: Bounds, crs: CRS) -> Bounds | None:
    """Return ``bounds`` in degrees of longitude and latitude; None where they have no place on the globe."""
    try:
        box = _transformer(crs, WGS84).transform_bounds(*bounds)
    except ProjError:
        return None
    west, south, east, north = (float(side) for side in box)
    return (west, south, east, north) if all(map(math.isfinite, box)) and abs(south) <= _LATITUDE else None


def exchanged(bounds: Bounds) -> Bounds:
    """Return ``bounds`` with the axes exchanged.

    >>> exchanged((1, 2, 3, 4))
    (2, 1, 4, 3)
    """
    west, south, east, north = bounds
    return south, west, north, east


def overlap(a: Bounds, b: Bounds, margin: float = 0.0) -> bool:
    """Tell whether two boxes lie within ``margin`` of one another.

    >>> overlap((0, 0, 1, 1), (1, 1, 2, 2)), overlap((0, 0, 1, 1), (3, 0, 4, 1), margin=1)
    (True, False)
    """
    return a[0] <= b[2] + margin and b[0] <= a[2] + margin and a[1] <= b[3] + margin and b[1] <= a[3] + margin


def outside_use(bounds: Bounds, crs: CRS, *, of: CRS | None = None) -> Bounds | None:
    """Return ``bounds`` in degrees if they lie wholly outside the area that a CRS is made for, else None.

    Parameters
    ----------
    bounds : (west, south, east, north)
        In ``crs``.
    crs : CRS
    of : CRS, optional
        Whose area; None: that of ``crs``.
    """
    area, box = area_of(of or crs), lonlat_bounds(bounds, crs)
    if area is None or box is None:
        return None
    return None if overlap(box, area) else box


def area_of(crs: CRS) -> Bounds | None:
    """Return the area for which a CRS is made, degrees; of a county's own Gauss-Krueger meridian three degrees to its sides, within China.

    None where nothing is known, or the area reaches across the date line.
    """
    area = crs.area_of_use
    if area is not None:
        return (area.west, area.south, area.east, area.north) if area.west <= area.east else None
    known = gauss_krueger(crs)
    return (
        None
        if known is None
        else (known.meridian - _HALF_ZONE, _LATITUDES[0], known.meridian + _HALF_ZONE, _LATITUDES[1])
    )


def fitting_zones(box: Bounds) -> list[Zone]:
    """Return the Gauss-Krueger zones in which the middle of a box in degrees lies; none outside China's longitudes."""
    return zones_at((box[0] + box[2]) / 2)


def check_axes(bounds: Bounds, crs: CRS, place: Place) -> None:
    """Refuse coordinates that only make sense with x and y exchanged, that are no degrees, or that are degrees among metres.

    Raises
    ------
    LayerError
        If latitudes exceed 90 degrees, longitudes 180, or the layer lies in the area of its CRS only when exchanged.
    """
    west, south, east, north = bounds
    if crs.is_geographic and max(-west, -south, east, north) > _DEGREES:
        raise place.error(
            _("the coordinates ({box}) are no degrees, but the layer is said to be in {crs}",
              box=_box(bounds), crs=name_of(crs)),
            remedy=_not_degrees(bounds, place),
            row="crs",
        )  # fmt: skip
    if crs.is_geographic and max(-south, north) > _LATITUDE:
        raise swapped_error(bounds, crs, place)
    if outside_use(bounds, crs) is not None:
        area = area_of(crs)
        if crs.is_projected and area is not None and overlap(bounds, area, _FAR_DEGREES) and east - west < _DEGREES:
            raise place.error(
                _("the coordinates ({box}) are degrees, but the layer is said to be in {crs}, which is in metres",
                  box=_box(bounds), crs=name_of(crs)),
                remedy=_("write under [layers.{role}]: {line} (CGCS2000; of WGS 84, EPSG:4326), with override_crs = true where the "
                         "file itself says otherwise", role=place.role, line='crs = "EPSG:4490"'),
                row="crs",
            )  # fmt: skip
        other = exchanged(bounds)
        if lonlat_bounds(other, crs) is not None and outside_use(other, crs) is None:
            raise swapped_error(bounds, crs, place)


def _not_degrees(bounds: Bounds, place: Place) -> str:
    """Return what to do about metres that are said to be degrees; a number in front of eastings names their zone."""
    remedy = _("export the file again with its right coordinate system, or, where the file has none, write the right crs under "
               "[layers.{role}]", role=place.role)  # fmt: skip
    first, last = (int(side // _MILLION) for side in (bounds[0], bounds[2]))
    zone = zone_numbered(first) if first == last else None
    if zone is None:
        return remedy
    return remedy + _("; ") + _("the eastings begin with {number}: {zone}", number=zone.number, zone=str(zone))


def check_rows(frame: gpd.GeoDataFrame, place: Place) -> None:
    """Refuse rows that lie far outside the area for which the layer's CRS is made, while others lie in it.

    So lie places that nobody entered (0, 0), and degrees among metres. Where the whole layer lies outside, its zone is wrong,
    and the others show it (siteplan.layers.validate).

    Raises
    ------
    LayerError
        Naming the first row.
    """
    crs, area = frame.crs, area_of(frame.crs)
    whole = lonlat_bounds(tuple(frame.total_bounds), crs)
    if area is None or whole is None or _within(np.array([whole]), area)[0]:
        return
    points = shapely.get_coordinates(shapely.centroid(frame.geometry.to_numpy()))
    lon, lat = _transformer(crs, WGS84).transform(points[:, 0], points[:, 1])
    out = ~_within(np.column_stack([lon, lat, lon, lat]), area)
    if not out.any() or out.all():
        return
    k = int(np.flatnonzero(out)[0])
    raise place.error(
        _("{n} rows lie far outside the area that {crs} is made for, the others in it; the first at {x}, {y}",
          n=int(out.sum()), crs=name_of(crs), x=f"{points[k, 0]:.10g}", y=f"{points[k, 1]:.10g}"),
        remedy=_("correct the coordinates of these rows in the file: none entered (0, 0), or in another system than the others"),
        row=str(frame["id"].iloc[k]),
    )  # fmt: skip


def _within(boxes: npt.NDArray[np.float64], area: Bounds) -> npt.NDArray[np.bool_]:
    """Tell which boxes, (n, 4) in degrees, lie within :data:`_FAR_DEGREES` of an area."""
    low = (boxes[:, :2] >= np.array(area[:2]) - _FAR_DEGREES).all(axis=1)
    high = (boxes[:, 2:] <= np.array(area[2:]) + _FAR_DEGREES).all(axis=1)
    return np.asarray(low & high, dtype=bool)


def swapped_error(bounds: Bounds, crs: CRS, place: Place) -> Exception:
    """Return the error for a layer whose axes are exchanged."""
    return place.error(
        _(
            "x and y are exchanged: {box} in {crs} makes sense only the other way round",
            box=_box(bounds),
            crs=name_of(crs),
        ),
        remedy=_("export the file with easting (longitude) first, northing (latitude) second"),
    )


def _box(bounds: Bounds) -> str:
    west, south, east, north = (f"{side:.6g}" for side in bounds)
    return f"x {west} .. {east}, y {south} .. {north}"


def choose_metric_crs(layers: Mapping[str, gpd.GeoDataFrame], wanted: str | None = None) -> CRS:
    """Return the metric CRS of a study.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        Layers by role, each with a CRS; the boundary decides where there is one, else all together.
    wanted : str, optional
        What study.toml asks for; None: the metric system that all layers share, else the
        UTM zone (WGS 84) of the layers.

    Raises
    ------
    SettingsError
        If the wanted CRS is unknown, not projected in metres, or more than 1 % off in length where the layers lie.
    """
    shown = [layers["boundary"]] if "boundary" in layers else list(layers.values())
    boxes = [box for frame in shown if (box := lonlat_bounds(tuple(frame.total_bounds), frame.crs)) is not None]
    union = np.array(boxes or [(0.0, 0.0, 0.0, 0.0)])
    west, south = union[:, :2].min(axis=0)
    east, north = union[:, 2:].max(axis=0)
    centre = shapely.Point((west + east) / 2, (south + north) / 2)
    utm = CRS(gpd.GeoSeries([centre], crs=WGS84).estimate_utm_crs())
    if wanted is None:
        return _shared(layers, centre) or utm
    where = {"path": "study.toml", "row": "[study] crs"}
    crs = parse_crs(wanted, **where)
    remedy = _("remove the line to use {utm}, or write a projected system in metres", utm=name_of(utm))
    old = old_datum(crs)
    if old is not None:
        raise SettingsError(
            _("{crs} is on {datum}: layers are planned on CGCS2000 or WGS 84", crs=wanted, datum=OLD_DATUMS[old]),
            remedy=remedy,
            **where,
        )
    if not crs.is_projected or any(axis.unit_name not in ("metre", "meter") for axis in crs.axis_info[:2]):
        raise SettingsError(_("{crs} is not projected in metres", crs=wanted), remedy=remedy, **where)
    off = _distortion(crs, centre.x, centre.y)
    if boxes and not off <= _MOST_DISTORTION:
        raise SettingsError(
            _("lengths in {crs} are wrong by {off} where the layers lie", crs=wanted, off=f"{off:.0%}"),
            remedy=remedy,
            **where,
        )
    return crs


def _shared(layers: Mapping[str, gpd.GeoDataFrame], centre: shapely.Point) -> CRS | None:
    """Return the system that all layers are in, if it is projected in metres and true to length where they lie."""
    systems = {frame.crs for frame in layers.values()}
    crs = CRS(systems.pop()) if len(systems) == 1 else None
    if crs is None or not crs.is_projected or any(a.unit_name not in {"metre", "meter"} for a in crs.axis_info[:2]):
        return None
    return crs if _distortion(crs, centre.x, centre.y) <= _MOST_DISTORTION else None


@cache
def _transformer(source: CRS, target: CRS) -> Transformer:
    """Return the transformer between two systems; making one takes longer than most layers."""
    return Transformer.from_crs(source, target, always_xy=True)


def _distortion(crs: CRS, lon: float, lat: float) -> float:
    """Return how far lengths in a projection are off at one place, as a fraction (PROJ's Tissot factors)."""
    geodetic = crs.geodetic_crs
    if geodetic is not None:
        lon, lat = _transformer(WGS84, geodetic).transform(lon, lat)
    factors = Proj(crs).get_factors(lon, lat)
    return max(abs(factors.meridional_scale - 1), abs(factors.parallel_scale - 1))


def to_crs(frame: gpd.GeoDataFrame, crs: CRS, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer in another CRS, x (easting, longitude) first.

    Returns
    -------
    frame : GeoDataFrame
        Reprojected; polygons that became invalid on the way are repaired.
    repairs : list of Repair
        With a note where PROJ knows no datum shift between the two systems.

    Raises
    ------
    LayerError
        If coordinates have no place in the new CRS, or the layer is on an old Chinese datum (siteplan.layers.shift).
    """
    if frame.crs == crs:
        return frame, []
    check_known(frame.crs, place)
    source = frame.crs
    moved = frame.to_crs(crs)
    bad = np.flatnonzero(~np.isfinite(moved.geometry.bounds.to_numpy()).all(axis=1))
    if len(bad):
        raise place.error(
            _(
                "the coordinates cannot be brought from {source} to {target}",
                source=name_of(source),
                target=name_of(crs),
            ),
            remedy=_("check the coordinate system of the file, and that x and y are not exchanged"),
            row=str(frame["id"].iloc[bad[0]]),
        )
    notes = []
    if _unshifted(source, crs):
        what = _("no datum shift is known from {source} to {target}: positions may be off by 100 m or more",
                 source=name_of(source), target=name_of(crs))  # fmt: skip
        notes.append(place.note(what))
    moved, repairs = mend_geometry(moved, ROLES[place.role].shape, place)
    return moved, notes + repairs


def _unshifted(source: CRS, target: CRS) -> bool:
    if source.geodetic_crs == target.geodetic_crs:
        return False
    ways = TransformerGroup(source, target, always_xy=True).transformers
    return not ways or "ballpark" in ways[0].description.casefold()
