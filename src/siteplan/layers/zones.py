"""China's Gauss-Krueger zones: their EPSG numbers, eastings with the zone number in front, and which zone fits a place.

Zones of 6 degrees have the numbers 13 to 23 (central meridian ``6 n - 3``), zones of 3 degrees 25 to 45 (``3 n``); the two
ranges do not meet, so a number in front of an easting says the width too (GB/T 17798-2007 and the EPSG dataset).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pyproj import CRS
from pyproj.crs import ProjectedCRS

from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.layers.repair import Place, Repair

Bounds: TypeAlias = tuple[float, float, float, float]

_NUMBERED = {3: (4513, 25, 45), 6: (4491, 13, 23)}
_PLAIN = {3: (4534, 25, 45), 6: (4502, 13, 23)}
"""EPSG number of the first CGCS2000 zone, its zone number, and the last zone number, by width in degrees: eastings with the
zone number in front, and without."""

_MILLION = 1_000_000.0
_FALSE_EASTING = 500_000.0
_NORTHINGS = (1.5e6, 6.5e6)
"""Northings of China, metres: 18 to 54 degrees north, with room to spare."""
_TRANSVERSE_MERCATOR = "9807"
_EXACT = 1e-9

OLD_DATUMS: dict[str, str] = {"beijing54": "Beijing 1954", "xian80": "Xian 1980", "new_beijing": "New Beijing"}
"""Datums from which PROJ knows no shift to CGCS2000 that holds everywhere, by the word that study.toml says."""

_OLD_NAMES = {"new_beijing": ("newbeijing", "新北京"), "beijing54": ("beijing", "北京"), "xian80": ("xian", "西安")}
"""What is in the name of an old datum, without blanks and signs; the first that fits."""

_CGCS2000 = CRS.from_epsg(4490)


@dataclass(frozen=True, kw_only=True)
class Zone:
    """One Gauss-Krueger zone of CGCS2000.

    Parameters
    ----------
    width : {3, 6}
        Degrees.
    number : int
        25 to 45 (3 degrees) or 13 to 23 (6 degrees).
    """

    width: int
    number: int

    @property
    def meridian(self) -> int:
        """Central meridian, degrees east."""
        return self.number * 3 if self.width == 3 else self.number * 6 - 3  # noqa: PLR2004 - degrees

    def epsg(self, *, numbered: bool) -> int:
        """Return the EPSG number; ``numbered``: of the system whose eastings begin with the zone number."""
        first, lowest, _last = (_NUMBERED if numbered else _PLAIN)[self.width]
        return first + self.number - lowest

    def __str__(self) -> str:
        """Return width, number, meridian and both EPSG numbers."""
        return _(
            "{width}-degree zone {number}, {meridian} E: EPSG:{plain}, with the zone number in front EPSG:{numbered}",
            width=self.width, number=self.number, meridian=self.meridian,
            plain=self.epsg(numbered=False), numbered=self.epsg(numbered=True),
        )  # fmt: skip


def zones_at(west: float, east: float | None = None) -> list[Zone]:
    """Return the zones in which a place lies: of 3 degrees first, then of 6; several where it spans a border.

    Parameters
    ----------
    west, east : float
        Longitudes, degrees; without ``east`` one longitude.

    Examples
    --------
    >>> [(zone.width, zone.number, zone.epsg(numbered=False)) for zone in zones_at(105.5)]  # Liuzhi, Guizhou
    [(3, 35, 4544), (6, 18, 4507)]
    >>> zones_at(9.5)  # Liechtenstein
    []
    """
    east = west if east is None else east
    found = []
    for width, (_first, lowest, last) in _NUMBERED.items():
        for number in range(lowest, last + 1):
            zone = Zone(width=width, number=number)
            if zone.meridian - width / 2 <= east and west <= zone.meridian + width / 2:
                found.append(zone)
    return found


def zone_numbered(number: int) -> Zone | None:
    """Return the zone that a number in front of an easting means; None where it means none.

    >>> zone_numbered(39).meridian, zone_numbered(20).meridian, zone_numbered(24)
    (117, 117, None)
    """
    for width, (_first, lowest, last) in _NUMBERED.items():
        if lowest <= number <= last:
            return Zone(width=width, number=number)
    return None


@dataclass(frozen=True, kw_only=True)
class GaussKrueger:
    """What a Chinese Gauss-Krueger system is made of: meridian, degrees, and the zone number in front (0: none)."""

    meridian: float
    number: int


def gauss_krueger(crs: CRS) -> GaussKrueger | None:
    """Return the zone of a Chinese Gauss-Krueger system, on whichever Chinese datum; None for any other system."""
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    operation = crs.coordinate_operation
    if not crs.is_projected or operation is None or str(operation.method_code) != _TRANSVERSE_MERCATOR:
        return None
    if old_datum(crs) is None and not _is_cgcs2000(crs):
        return None
    values = {str(parameter.code): float(parameter.value) for parameter in operation.params}
    number, rest = divmod(values.get("8806", 0.0), _MILLION)
    plain = values.get("8805") == 1.0 and values.get("8801") == 0.0 and values.get("8807") == 0.0
    return GaussKrueger(meridian=values["8802"], number=int(number)) if plain and rest == _FALSE_EASTING else None


def old_datum(crs: CRS) -> str | None:
    """Return the key in :data:`OLD_DATUMS` of a system's datum; None where it is on another.

    A system without a datum is taken to be on the one whose ellipsoid it uses (Krassowsky: Beijing 1954; IAG 1975: Xian 1980).
    """
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    geodetic = crs.geodetic_crs
    if geodetic is None or geodetic.datum is None:
        return None
    name = re.sub(r"[^a-z0-9\u4e00-\u9fff]", "", f"{geodetic.datum.name}".casefold())
    for key, words in _OLD_NAMES.items():
        if any(word in name for word in words):
            return key
    if "unknown" not in name and "notspecified" not in name:
        return None
    ellipsoid = "" if geodetic.ellipsoid is None else geodetic.ellipsoid.name.casefold()
    return "beijing54" if "krass" in ellipsoid else "xian80" if "1975" in ellipsoid else None


def _is_cgcs2000(crs: CRS) -> bool:
    datum = None if crs.geodetic_crs is None else crs.geodetic_crs.datum
    name = "" if datum is None else re.sub(r"[^a-z0-9\u4e00-\u9fff]", "", datum.name.casefold())
    return (
        "国家2000" in name
        or "2000国家" in name
        or name in {"china2000", "dchina2000", "cgcs2000", "dcgcs2000", "chinageodeticcoordinatesystem2000"}
    )


def on_cgcs2000(crs: CRS) -> CRS:
    """Return the same projection on CGCS2000, with its EPSG number where it has one; of degrees, EPSG:4490."""
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    if not crs.is_projected:
        return _CGCS2000
    known = gauss_krueger(crs)
    if known is not None:
        zone = zone_numbered(known.number) or _of_meridian(known.meridian)
        if zone is not None and zone.meridian == known.meridian:
            return CRS.from_epsg(zone.epsg(numbered=known.number > 0))
    return ProjectedCRS(crs.coordinate_operation, name=f"{crs.name} (CGCS2000)", geodetic_crs=_CGCS2000)


def _of_meridian(meridian: float) -> Zone | None:
    number = meridian / 3
    return zone_numbered(int(number)) if number.is_integer() and number >= _NUMBERED[3][1] else None


def _with_number(crs: CRS, zone: Zone, *, numbered: bool) -> CRS:
    """Return a Gauss-Krueger system with the eastings of ``zone``, on its own datum."""
    if _is_cgcs2000(crs):
        return CRS.from_epsg(zone.epsg(numbered=numbered))
    easting = (zone.number if numbered else 0) * _MILLION + _FALSE_EASTING
    described = f"+proj=tmerc +lat_0=0 +lon_0={zone.meridian} +k=1 +x_0={easting:.0f} +y_0=0 +type=crs"
    conversion = CRS.from_user_input(described).coordinate_operation
    return ProjectedCRS(conversion, name=f"{crs.geodetic_crs.name} / {zone.meridian} E", geodetic_crs=crs.geodetic_crs)  # type: ignore[union-attr]


def fit_zone(bounds: Bounds, crs: CRS, place: Place) -> tuple[CRS, list[Repair]]:
    """Return the system that a layer's eastings are in, where the file's differs in the zone number in front alone.

    PROJ gives such coordinates a place far outside the globe's known part, or none at all.

    Parameters
    ----------
    bounds : (west, south, east, north)
        In ``crs``.
    crs : CRS
        As the file, or study.toml, says.
    place : Place
        What the note and the error name.

    Raises
    ------
    LayerError
        If the number in front of the eastings is that of another zone, several zones, or northings stand first.
    """
    known = gauss_krueger(crs)
    if known is None or not all(map(math.isfinite, bounds)):
        return crs, []
    west, south, east, north = bounds
    first, last = int(west // _MILLION), int(east // _MILLION)
    if (
        zone_numbered(int(south // _MILLION))
        and _NORTHINGS[0] <= west <= east <= _NORTHINGS[1]
        and north > _MILLION * 13
    ):
        raise place.error(
            _("x and y are exchanged: the numbers in y begin with the number of a zone, {y}", y=f"{south:.0f}"),
            remedy=_("export the file with easting (longitude) first, northing (latitude) second"),
        )
    if first != last and (zone_numbered(first) or zone_numbered(last)):
        raise place.error(
            _("the eastings {west} and {east} begin with the numbers of different zones",
              west=f"{west:.0f}", east=f"{east:.0f}"),
            remedy=_("bring the layer to one zone in a GIS, or split it by zones"),
        )  # fmt: skip
    zone = zone_numbered(first)
    if zone is None:
        return _unnumbered(first, known, crs, place)
    if zone.number == known.number:
        return crs, []
    if zone.meridian == known.meridian:
        fitting = _with_number(crs, zone, numbered=True)
        what = _("eastings begin with the zone number {number}: read as {crs}, not as the file's {own}",
                 number=zone.number, crs=_named(fitting), own=_named(crs))  # fmt: skip
        return fitting, [place.note(what)]
    raise place.error(
        _("the eastings begin with {number}, the zone at {meridian} E, but the layer is said to be in {crs}, at {own} E",
          number=zone.number, meridian=zone.meridian, crs=_named(crs), own=f"{known.meridian:g}"),
        remedy=_override(place, _named(_with_number(crs, zone, numbered=True))),
        row="crs",
    )  # fmt: skip


def _unnumbered(first: int, known: GaussKrueger, crs: CRS, place: Place) -> tuple[CRS, list[Repair]]:
    """Return the system without a zone number in front where the eastings have none."""
    if known.number == 0 or first != 0:
        return crs, []
    zone = zone_numbered(known.number)
    if zone is None or zone.meridian != known.meridian:
        return crs, []
    fitting = _with_number(crs, zone, numbered=False)
    what = _("eastings lack the zone number {number} in front: read as {crs}, not as the file's {own}",
             number=known.number, crs=_named(fitting), own=_named(crs))  # fmt: skip
    return fitting, [place.note(what)]


def _override(place: Place, right: str) -> str:
    return _(
        "export the file again with its right system; or, if {right} is right, write under [layers.{role}]: {lines}",
        right=right, role=place.role, lines=f'crs = "{right}", override_crs = true',
    )  # fmt: skip


def _named(crs: CRS) -> str:
    authority = crs.to_authority()
    return ":".join(authority) if authority else str(crs.name)


def other_zone(box: Bounds, crs: CRS, others: Sequence[Bounds], margin: float) -> CRS | None:
    """Return the system in which a layer would lie among others, if only the zone's meridian is wrong.

    Transverse Mercator is the same at every meridian: with another central meridian longitudes move by the difference.

    Parameters
    ----------
    box : (west, south, east, north)
        Where the layer lies as it is read, degrees.
    crs : CRS
        The layer's.
    others : sequence of (west, south, east, north)
        Where the others lie, degrees.
    margin : float
        Degrees that the layer may lie beside the others.
    """
    known = gauss_krueger(crs)
    if known is None:
        return None
    for zone in (Zone(width=w, number=n) for w, (_f, low, last) in _NUMBERED.items() for n in range(low, last + 1)):
        off = zone.meridian - known.meridian
        west, south, east, north = box[0] + off, box[1], box[2] + off, box[3]
        if abs(off) > _EXACT and any(
            west <= b[2] + margin and b[0] <= east + margin and south <= b[3] + margin and b[1] <= north + margin
            for b in others
        ):
            return _with_number(crs, zone, numbered=known.number > 0)
    return None
