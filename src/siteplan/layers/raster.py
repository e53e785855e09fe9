"""Raster layers: opened to see what they are, read window by window when they are needed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj import CRS
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.transform import Affine
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from siteplan.errors import DataError, UsageError
from siteplan.layers.crs import Bounds, name_of
from siteplan.layers.names import nearest
from siteplan.layers.read import agreed_crs, check_file
from siteplan.layers.repair import Place
from siteplan.layers.roles import RASTER_ROLES
from siteplan.messages import _

SRTM_VOID = -32768
"""Elevation of voids in SRTM tiles, often without being declared as nodata."""


@dataclass(frozen=True, kw_only=True)
class Raster:
    """A raster layer on disk; its cells are read only by :meth:`read`.

    Parameters
    ----------
    role : {"dem", "landcover", "population"}
    path : Path
    crs : CRS
    transform : Affine
        From (column, row) to (x, y) in the CRS.
    width, height : int
        Cells.
    nodata : float or None
        The value of cells without data, if the file declares one.
    dtype : str
        Type of the first band.
    """

    role: str
    path: Path
    crs: CRS
    transform: Affine
    width: int
    height: int
    nodata: float | None
    dtype: str

    @property
    def bounds(self) -> Bounds:
        """West, south, east, north in the raster's own CRS."""
        corners = [(0, 0), (self.width, 0), (0, self.height), (self.width, self.height)]
        xs, ys = zip(*(_at(self.transform, *corner) for corner in corners), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def read(
        self, bounds: Bounds | None = None, *, crs: CRS | None = None
    ) -> tuple[np.ma.MaskedArray[Any, Any], Affine]:
        """Read the cells that touch ``bounds``.

        Parameters
        ----------
        bounds : (west, south, east, north), optional
            None: the whole raster.
        crs : CRS, optional
            CRS of ``bounds``; None: the raster's own.

        Returns
        -------
        values : (rows, columns) masked array of the raster's dtype
            First band; masked where there is no data (declared nodata, NaN, and -32768 in a dem).
        transform : Affine
            Of ``values``.

        Raises
        ------
        DataError
            If ``bounds`` lie outside the raster, or the file cannot be read.
        """
        try:
            with rasterio.open(self.path) as source:
                window = Window(0, 0, self.width, self.height)
                if bounds is not None:
                    if crs is not None and crs != self.crs:
                        bounds = transform_bounds(crs.to_wkt(), self.crs.to_wkt(), *bounds)
                    window = self._window(bounds)
                values = source.read(1, window=window, masked=True)
        except RasterioError as error:
            raise _unreadable(self.role, self.path, error) from error
        values = np.ma.masked_invalid(values, copy=False) if values.dtype.kind == "f" else values
        if self.role == "dem" and values.dtype.kind in "if":
            values = np.ma.masked_equal(values, SRTM_VOID, copy=False)
            values.fill_value = SRTM_VOID
        left, top = _at(self.transform, window.col_off, window.row_off)
        a, b, _c, d, e, _f = self.transform[:6]
        return values, Affine(a, b, left, d, e, top)

    def _window(self, bounds: Bounds) -> Window:
        west, south, east, north = bounds
        cells = [_at(~self.transform, x, y) for x in (west, east) for y in (south, north)]
        columns, rows = zip(*cells, strict=True)
        left, top = max(0, math.floor(min(columns))), max(0, math.floor(min(rows)))
        right, bottom = min(self.width, math.ceil(max(columns))), min(self.height, math.ceil(max(rows)))
        if right <= left or bottom <= top:
            raise DataError(
                _("the raster does not reach the area asked for"),
                remedy=_("take a raster that covers the study, or remove [layers.{role}]", role=self.role),
                path=self.path,
                row=self.role,
            )
        return Window(left, top, right - left, bottom - top)

    def __repr__(self) -> str:
        """Return role, file, size and CRS."""
        return f"Raster({self.role}: {self.path.name}, {self.width} x {self.height} {self.dtype}, {name_of(self.crs)})"


def _at(transform: Affine, column: float, row: float) -> tuple[float, float]:
    """Return ``transform`` applied to a point (written out: affine 2 has no ``@``, affine 3 warns of ``*``)."""
    a, b, c, d, e, f = transform[:6]
    return a * column + b * row + c, d * column + e * row + f


def open_raster(path: str | Path, role: str, *, crs: str | None = None) -> Raster:
    """Open a raster file as a layer; no cell is read.

    Parameters
    ----------
    path : path
        A GeoTIFF, or anything else that GDAL reads.
    role : {"dem", "landcover", "population"}
    crs : str, optional
        Its CRS, only where the file itself has none.

    Raises
    ------
    LayerError
        If the file is missing, is no raster, has no CRS, or another than ``crs``.
    UsageError
        If there is no such raster role.
    """
    if role not in RASTER_ROLES:
        raise UsageError(_("no raster role {name}: did you mean {near}?", name=role, near=nearest(role, RASTER_ROLES)))
    path, place = Path(path), Place(role=role, path=str(path))
    check_file(path, place)
    try:
        with rasterio.open(path) as source:
            own = CRS.from_user_input(source.crs) if source.crs else None
            return Raster(
                role=role,
                path=path,
                crs=agreed_crs(own, crs, place),
                transform=source.transform,
                width=source.width,
                height=source.height,
                nodata=source.nodata,
                dtype=str(source.dtypes[0]),
            )
    except RasterioIOError as error:
        raise _unreadable(role, path, error) from error


def _unreadable(role: str, path: Path, error: Exception) -> Exception:
    return Place(role=role, path=str(path)).error(
        _("the raster cannot be read: {why}", why=" ".join(str(error).split())),
        remedy=_("open it in QGIS to see whether it is whole, and save it again as GeoTIFF"),
    )
