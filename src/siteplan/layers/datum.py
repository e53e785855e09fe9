"""Positions from web maps: GCJ-02 and BD-09 to WGS 84 and back.

Web maps of mainland China show positions shifted, in GCJ-02; Baidu's maps shift these once more, BD-09. Neither is a datum
that PROJ knows, and layers drawn from such maps are labelled WGS 84. The law was never published officially; the formulas
here are those of the article "Restrictions on geographic data in China" (Wikipedia, sections GCJ-02 and BD-09): a
displacement in metres as a polynomial and sines of longitude and latitude, put into degrees on the Krassowsky ellipsoid.

The shift is taken to hold inside a rectangle (:data:`CHINA`), as in the code that is in use: no finer border was published.
The rectangle reaches into neighbouring countries, and holds Hong Kong, Macao and Taiwan. Outside it nothing is shifted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod, Transformer

from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.layers.repair import Place, Repair

Floats: TypeAlias = npt.NDArray[np.float64]
Datum: TypeAlias = Literal["gcj02", "bd09"]

NAMES: dict[str, str] = {"gcj02": "GCJ-02", "bd09": "BD-09"}
"""Datums of web maps, by the word that study.toml says."""

CHINA = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north of the rectangle in which positions are shifted, degrees (the published code's)."""

_AXIS_M = 6_378_245.0
_E2 = 0.006_693_421_622_965_943
"""Krassowsky 1940: semi-major axis in metres, and first eccentricity squared (1/f = 298.3)."""

_BD_LON, _BD_LAT = 0.0065, 0.006
_BD_WAVE = 3000.0
"""Degrees that BD-09 adds, and the frequency of its ripple (per degree, taken as a multiple of the angle)."""

_STILL = 1e-12
"""Degrees; an inverse is found when no point moves more (a tenth of a micrometre)."""
_MOST_STEPS = 30


def in_china(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    """Tell which positions lie in the rectangle :data:`CHINA`, its sides included.

    >>> in_china(np.array([105.5, 9.5]), np.array([26.2, 47.1])).tolist()
    [True, False]
    """
    west, south, east, north = CHINA
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _field(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return the displacement of GCJ-02 in degrees of longitude and latitude, wherever the positions lie."""
    x, y = lon - 105.0, lat - 35.0
    fast, slow = np.sin(6 * np.pi * x), np.sin(2 * np.pi * x)
    ripple = 20 * (fast + slow)
    root = np.sqrt(np.abs(x))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + 20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * (2 / 3)
    east += (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * (2 / 3)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + 20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * (2 / 3)
    north += (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * (2 / 3)
    phi = np.radians(lat)
    w2 = 1 - _E2 * np.sin(phi) ** 2
    meridian = _AXIS_M * (1 - _E2) / (w2 * np.sqrt(w2))
    parallel = _AXIS_M / np.sqrt(w2) * np.cos(phi)
    return np.degrees(east / parallel), np.degrees(north / meridian)


def wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return positions as a map in GCJ-02 shows them.

    Parameters
    ----------
    lon, lat : (n,) float64
        WGS 84 or CGCS2000, degrees.

    Returns
    -------
    lon, lat : (n,) float64
        Degrees; positions outside :data:`CHINA` as they were.

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(np.array([116.391]), np.array([39.907]))  # Beijing, Tian'anmen
    >>> f"{lon[0]:.5f} {lat[0]:.5f}"
    '116.39724 39.90840'
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    inside = in_china(lon, lat)
    east, north = _field(lon, lat)
    return np.where(inside, lon + east, lon), np.where(inside, lat + north, lat)


def gcj02_to_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return the positions that GCJ-02 shows there: the inverse of :func:`wgs84_to_gcj02`, by iteration.

    The field changes by less than 0.5 % of a step, so each step of ``w = g - field(w)`` leaves less than a hundredth
    of the error. A position is taken back where what it is taken back to lies in :data:`CHINA`; along the sides of the
    rectangle, within the shift's 700 m, two positions are shown as one and the one inside is meant.

    Parameters
    ----------
    lon, lat : (n,) float64
        GCJ-02, degrees.

    Returns
    -------
    lon, lat : (n,) float64
        WGS 84, degrees.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    west, south = _inverse(lambda x, y: tuple(a + b for a, b in zip((x, y), _field(x, y), strict=True)), lon, lat)
    inside = in_china(west, south)
    return np.where(inside, west, lon), np.where(inside, south, lat)


def gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02 positions as Baidu's maps show them, (n,) degrees each.

    BD-09 turns and stretches the plane of (longitude, latitude) about its origin by a ripple, and adds constants.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    radius = np.hypot(lon, lat) + 0.000_02 * np.sin(np.radians(lat) * _BD_WAVE)
    angle = np.arctan2(lat, lon) + 0.000_003 * np.cos(np.radians(lon) * _BD_WAVE)
    return radius * np.cos(angle) + _BD_LON, radius * np.sin(angle) + _BD_LAT


def bd09_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return the GCJ-02 positions that BD-09 shows there, (n,) degrees each: the inverse, by iteration."""
    return _inverse(gcj02_to_bd09, np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))


def _inverse(forward: Callable[[Floats, Floats], Any], lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Solve ``forward(x, y) = (lon, lat)`` for a map that moves positions by little, nearly in parallel."""
    x, y = lon.copy(), lat.copy()
    for _step in range(_MOST_STEPS):
        there_x, there_y = forward(x, y)
        off_x, off_y = lon - there_x, lat - there_y
        x, y = x + off_x, y + off_y
        if max(np.abs(off_x).max(initial=0.0), np.abs(off_y).max(initial=0.0)) < _STILL:
            break
    return x, y


def to_wgs84(lon: Floats, lat: Floats, datum: Datum) -> tuple[Floats, Floats]:
    """Return WGS 84 positions of positions in ``datum``, (n,) degrees each."""
    if datum == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    west, south = gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))
    inside = in_china(west, south)
    return np.where(inside, west, lon), np.where(inside, south, lat)


def from_wgs84(lon: Floats, lat: Floats, datum: Datum) -> tuple[Floats, Floats]:
    """Return positions as a map in ``datum`` shows them, (n,) degrees each."""
    east, north = wgs84_to_gcj02(lon, lat)
    if datum == "gcj02":
        return east, north
    inside = in_china(lon, lat)
    east, north = gcj02_to_bd09(east, north)
    return np.where(inside, east, lon), np.where(inside, north, lat)


def take_back(frame: gpd.GeoDataFrame, datum: Datum, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer that was drawn from a web map at its positions in WGS 84.

    Parameters
    ----------
    frame : GeoDataFrame
        Labelled with a CRS on WGS 84 or CGCS2000 (the two agree within less than 1 m), also a projected one.
    datum : {"gcj02", "bd09"}
    place : Place
        What the note and errors name.

    Returns
    -------
    frame : GeoDataFrame
        A copy in the same CRS.
    repairs : list of Repair
        One note: from where, and how far rows were moved.

    Raises
    ------
    LayerError
        If no row lies in China, where positions would be shifted.
    """
    geodetic = frame.crs.geodetic_crs
    geometry = np.asarray(frame.geometry.array, dtype=object)
    down, up = (Transformer.from_crs(*pair, always_xy=True) for pair in ((frame.crs, geodetic), (geodetic, frame.crs)))

    def back(points: Floats) -> Floats:
        lon, lat = to_wgs84(*down.transform(points[:, 0], points[:, 1]), datum)
        return np.column_stack(up.transform(lon, lat))

    centre = shapely.get_coordinates(shapely.centroid(geometry))
    lon, lat = down.transform(centre[:, 0], centre[:, 1])
    inside = in_china(lon, lat)
    if not inside.any():
        raise place.error(
            _("the layer does not lie in China: nothing there is in {datum}", datum=NAMES[datum]),
            remedy=_("remove the line datum from [layers.{role}]", role=place.role),
            row="datum",
        )
    moved = frame.set_geometry(gpd.GeoSeries(shapely.transform(geometry, back), index=frame.index, crs=frame.crs))
    metres = _metres(lon[inside], lat[inside], datum)
    what = _(
        "positions taken back from {datum} to WGS 84, by {least} to {most} m",
        datum=NAMES[datum], least=f"{metres.min():.0f}", most=f"{metres.max():.0f}",
    )  # fmt: skip
    notes = [place.note(what, original={"datum": NAMES[datum]})]
    if not inside.all():
        outside = int((~inside).sum())
        notes.append(place.note(_("{n} rows lie outside China and are not in {datum}", n=outside, datum=NAMES[datum])))
    return moved, notes


def _metres(lon: Floats, lat: Floats, datum: Datum) -> Floats:
    """Return how far positions in ``datum`` are from those they stand for, metres on WGS 84."""
    back = to_wgs84(lon, lat, datum)
    return np.asarray(Geod(ellps="WGS84").inv(lon, lat, *back)[2], dtype=np.float64)
