"""From Beijing 1954, Xian 1980 and New Beijing to CGCS2000, by parameters that the planner gives.

No one set of parameters holds for all of China, and those in use are handed out by surveying offices for one county or city. PROJ
brings coordinates from these datums to CGCS2000 without any shift, and from Beijing 1954 to WGS 84 by parameters of
whichever region it has: either is 50 to 150 m off without a word. So a layer in one of them is refused until study.toml says
the parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import ProjError

from siteplan.errors import SettingsError
from siteplan.layers.zones import OLD_DATUMS, old_datum, on_cgcs2000
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.layers.repair import Place, Repair

Floats: TypeAlias = npt.NDArray[np.float64]
Affine: TypeAlias = tuple[float, float, float, float, float, float]

_MOST_M = 1000.0
"""Metres; a shift between these datums that is larger has a wrong sign, unit or order."""
_LEAST_M = 10.0
"""Metres; parameters that move nothing by more say that there is no shift, which is not so: zeros move by the ellipsoids' 2 m."""
_MOST_CELLS = 0.1
_GRS80 = "+a=6378137 +rf=298.257222101"
"""The ellipsoid of CGCS2000 (GB 22021-2008)."""
_GEOD = Geod(a=6_378_137.0, rf=298.257222101)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """How one old datum is brought to CGCS2000.

    Parameters
    ----------
    towgs84 : tuple of float
        Three or seven parameters of the similarity transformation (Bursa-Wolf; EPSG methods 1033 and 1032): dx, dy, dz in metres,
        rx, ry, rz in seconds of arc, scale in parts per million. Empty: ``pipeline`` is given.
    convention : {"position_vector", "coordinate_frame"}
        Sense of the rotations (EPSG 1033, EPSG 1032).
    pipeline : str
        A PROJ pipeline from longitude and latitude in degrees on the old datum to longitude and latitude in degrees on CGCS2000.
    source : str
        Who gave the parameters.
    """

    towgs84: tuple[float, ...] = ()
    convention: Literal["position_vector", "coordinate_frame"] = "position_vector"
    pipeline: str = ""
    source: str = ""

    def steps(self, ellipsoid: str) -> str:
        """Return the PROJ pipeline; ``ellipsoid``: the old datum's, as PROJ's +a and +rf."""
        if self.pipeline:
            return self.pipeline
        names = ("x", "y", "z", "rx", "ry", "rz", "s")
        values = " ".join(f"+{name}={value!r}" for name, value in zip(names, self.towgs84, strict=False))
        turned = f" +convention={self.convention}" if len(self.towgs84) == len(names) else ""
        return (
            "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3 "
            f"+step +proj=cart {ellipsoid} +step +proj=helmert {values}{turned} +step +inv +proj=cart {_GRS80} "
            "+step +proj=pop +v_3 +step +proj=unitconvert +xy_in=rad +xy_out=deg"
        )

    @cached_property
    def words(self) -> str:
        """What was used and who gave it."""
        used = "pipeline" if self.pipeline else "towgs84 = " + ", ".join(f"{value:g}" for value in self.towgs84)
        return f"{used}; {self.source}"


def check_known(crs: CRS, place: Place) -> None:
    """Refuse a system on an old datum: PROJ would bring it to another datum without a shift, or by another region's.

    Raises
    ------
    LayerError
        Saying how the parameters are given in study.toml.
    """
    key = old_datum(crs)
    if key is not None and _own_shift(crs) is None:
        raise _unknown(key, place)


def _unknown(key: str, place: Place) -> Exception:
    """Return the error for a layer on an old datum of which nothing says how far it is from CGCS2000."""
    lines = f'[datums.{key}] towgs84 = [dx, dy, dz, rx, ry, rz, s], convention = "position_vector", source = "..."'
    return place.error(
        _("the layer is in {datum}, and nothing says how far that is from CGCS2000 here (50 to 150 m)",
          datum=OLD_DATUMS[key]),
        remedy=_("ask the surveying office for its parameters and write them in study.toml: {lines}; "
                 "or bring the layer to CGCS2000 with its software first", lines=lines),
        row="crs",
    )  # fmt: skip


def _own_shift(crs: CRS) -> Shift | None:
    """Return the shift that a file gives itself (TOWGS84 in its .prj), if it is not all zeros; PROJ says in which convention it holds it."""
    operation = crs.coordinate_operation
    if not crs.is_bound or operation is None or not any(operation.towgs84):
        return None
    turned = "coordinate frame" in operation.method_name.casefold()
    return Shift(
        towgs84=tuple(float(value) for value in operation.towgs84),
        convention="coordinate_frame" if turned else "position_vector",
        source=_("the file's own parameters"),
    )


def settle(frame: gpd.GeoDataFrame, shifts: Mapping[str, Shift], place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer on CGCS2000 if it is on an old datum, in the same projection; any other as it is.

    Parameters
    ----------
    frame : GeoDataFrame
    shifts : mapping of str to Shift
        By old datum (siteplan.layers.zones.OLD_DATUMS).
    place : Place

    Raises
    ------
    LayerError
        If no parameters are given.
    SettingsError
        If they move the layer by more than 1 km, or by less than 10 m.
    """
    if old_datum(frame.crs) is None:
        return frame, []
    path = _Path(frame.crs, shifts, place)
    geometry = np.asarray(frame.geometry.array, dtype=object)
    moved = shapely.transform(geometry, path.forward)
    west, south, east, north = frame.total_bounds
    note = path.note(np.array([[west, south], [east, north], [(west + east) / 2, (south + north) / 2]]))
    return frame.set_geometry(gpd.GeoSeries(moved, index=frame.index, crs=path.target)).set_crs(path.target), [note]


def settle_grid(
    affine: Affine, size: tuple[int, int], crs: CRS, shifts: Mapping[str, Shift], place: Place
) -> tuple[Affine, CRS, list[Repair]]:
    """Return where the cells of a raster lie on CGCS2000, if it is on an old datum; any other as it is.

    The raster is moved as a whole where that is right within a tenth of a cell everywhere, else by the affine map that fits 25 of
    its points best.

    Parameters
    ----------
    affine : (a, b, c, d, e, f)
        From (column, row) to (x, y).
    size : (width, height)
        Cells.
    crs, shifts, place
        As for :func:`settle`.

    Raises
    ------
    LayerError
        As :func:`settle`; and if the shift bends by more than a tenth of a cell over the raster.
    """
    if old_datum(crs) is None:
        return affine, crs, []
    path = _Path(crs, shifts, place)
    columns, rows = (side.ravel() for side in np.meshgrid(*(np.linspace(0, n, 5) for n in size)))
    a, b, c, d, e, f = affine
    points = np.column_stack([a * columns + b * rows + c, d * columns + e * rows + f])
    wanted = path.forward(points)
    side = float(np.sqrt(abs(a * e - b * d)))
    off = wanted - points
    east, north = off.mean(axis=0)
    if (
        np.hypot(*(off - (east, north)).T).max() <= _MOST_CELLS * side
    ):  # moved as a whole: cells keep their size and sides
        return (a, b, c + float(east), d, e, f + float(north)), path.target, [path.note(points)]
    cells = np.column_stack([columns, rows, np.ones_like(columns)])
    centre = wanted.mean(axis=0)
    fit = np.linalg.lstsq(cells, wanted - centre, rcond=None)[0]
    bent = np.hypot(*(cells @ fit + centre - wanted).T).max()
    if bent > _MOST_CELLS * side:
        raise place.error(
            _("the shift to CGCS2000 bends by {metres} m over the raster", metres=f"{bent:.1f}"),
            remedy=_("warp the raster to CGCS2000 in a GIS, or cut it to the county"),
            row="crs",
        )
    (a, d), (b, e), (c, f) = fit[0], fit[1], fit[2] + centre
    return (float(a), float(b), float(c), float(d), float(e), float(f)), path.target, [path.note(points)]


class _Path:
    """The way of coordinates from a system on an old datum to the same projection on CGCS2000."""

    def __init__(self, crs: CRS, shifts: Mapping[str, Shift], place: Place) -> None:
        key = old_datum(crs) or ""
        shift = shifts.get(key) or _own_shift(crs)
        self.target = on_cgcs2000(crs)
        self.place = place
        self.datum = OLD_DATUMS[key]
        self.row = f"[datums.{key}]"
        plain = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
        geodetic = plain.geodetic_crs
        ellipsoid = geodetic.ellipsoid if geodetic is not None else None
        if shift is None or geodetic is None or ellipsoid is None:
            raise _unknown(key, place)
        self.words = shift.words
        self._down = Transformer.from_crs(plain, geodetic, always_xy=True)
        self._across = self._given(shift, ellipsoid.semi_major_metre, ellipsoid.inverse_flattening)
        self._up = Transformer.from_crs(self.target.geodetic_crs, self.target, always_xy=True)

    def _given(self, shift: Shift, axis: float, flattening: float) -> Transformer:
        try:
            return Transformer.from_pipeline(shift.steps(f"+a={axis!r} +rf={flattening!r}"))
        except ProjError as error:
            raise SettingsError(
                _("PROJ does not take the parameters: {why}", why=" ".join(str(error).split())),
                remedy=_("correct the pipeline: degrees of longitude and latitude in, the same on CGCS2000 out"),
                path="study.toml",
                row=self.row,
            ) from error

    def forward(self, points: Floats) -> Floats:
        """Return (n, 2) coordinates in the target system."""
        lon, lat = self._across.transform(*self._down.transform(points[:, 0], points[:, 1]))
        return np.column_stack(self._up.transform(lon, lat))

    def note(self, points: Floats) -> Repair:
        """Return what is done, in metres at (n, 2) points; refuse what no datum shift can be, none among them."""
        lon, lat = self._down.transform(points[:, 0], points[:, 1])
        metres = np.asarray(_GEOD.inv(lon, lat, *self._across.transform(lon, lat))[2])
        if not np.all(metres <= _MOST_M):  # also where it is no number
            raise SettingsError(
                _("the parameters move layer {role} by {metres} m: no datums of China are so far apart",
                  role=self.place.role, metres=f"{metres.max():.0f}"),
                remedy=_("check signs, order (dx, dy, dz, rx, ry, rz, s) and units (metres, seconds of arc, parts per million)"),
                path="study.toml",
                row=self.row,
            )  # fmt: skip
        if metres.max() < _LEAST_M:
            raise SettingsError(
                _("the parameters move layer {role} by only {metres} m: {datum} and CGCS2000 are 50 to 150 m apart",
                  role=self.place.role, datum=self.datum, metres=f"{metres.max():.1f}"),
                remedy=_("ask the surveying office for its parameters; if the layer is on CGCS2000 in truth, write its crs and "
                         "override_crs = true under [layers.{role}] instead", role=self.place.role),
                path="study.toml",
                row=self.row,
            )  # fmt: skip
        return self.place.note(
            _("brought from {datum} to CGCS2000, by {least} to {most} m ({words})",
              datum=self.datum, least=f"{metres.min():.1f}", most=f"{metres.max():.1f}", words=self.words),
            original={"datum": self.datum},
        )  # fmt: skip
