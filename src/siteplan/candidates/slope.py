"""How steep the ground of a parcel is: the plane through its heights in the elevation model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from siteplan.layers.repair import Place
from siteplan.messages import _

if TYPE_CHECKING:
    from rasterio.transform import Affine

    from siteplan.layers.raster import Raster

Floats = npt.NDArray[np.float64]

TILE = 512
"""Cells to a side of what is read at a time."""


def slope_percent(dem: Raster, parcels: npt.NDArray[np.object_], crs: CRS) -> Floats:
    """Return the slope of each parcel, per cent (100 = 45 degrees), (n,) float64; NaN where the model has no height.

    The slope is that of the least-squares plane through nine heights: the corners of the parcel's bounds, the middles of their sides and
    their centre, each interpolated between the four cells around it. Bounds smaller than a cell are taken as large as one: a finer
    slope is not in the model.

    Parameters
    ----------
    dem : Raster
        Heights in metres; any CRS. At most TILE x TILE cells are in memory at a time.
    parcels : (n,) object
        Polygons.
    crs : CRS
        Of the parcels; projected, metres.

    Raises
    ------
    LayerError
        If the model's coordinate system gives no size of a cell here.
    """
    if not len(parcels):
        return np.zeros(0)
    bounds = shapely.bounds(parcels)
    centre = (bounds[:, :2] + bounds[:, 2:]) / 2
    half = np.maximum((bounds[:, 2:] - bounds[:, :2]) / 2, _cell_m(dem, centre[0], crs) / 2)
    steps = np.array([(x, y) for y in (-1.0, 0.0, 1.0) for x in (-1.0, 0.0, 1.0)])
    points = centre[:, None, :] + steps[None] * half[:, None, :]
    z = heights(dem, points.reshape(-1, 2), crs).reshape(len(parcels), len(steps))
    rise = z @ steps / np.square(steps).sum(axis=0) / half  # dz/dx, dz/dy of the plane: the steps are orthogonal
    return np.asarray(100.0 * np.hypot(rise[:, 0], rise[:, 1]), dtype=np.float64)


def heights(dem: Raster, xy: Floats, crs: CRS) -> Floats:
    """Return the heights at points, bilinear between cell centres, (n,) float64 in the model's unit; NaN where there is none.

    Parameters
    ----------
    dem : Raster
    xy : (n, 2) float64
        In ``crs``.
    crs : CRS
    """
    across, up = Transformer.from_crs(crs, dem.crs, always_xy=True).transform(xy[:, 0], xy[:, 1])
    column, row = _cells(dem.transform, np.asarray(across), np.asarray(up))
    found = np.full(len(xy), np.nan)
    inside = (column > -1) & (row > -1) & (column < dem.width) & (row < dem.height)
    tile = np.floor(np.column_stack([column, row])[inside] / TILE).astype(np.int64)
    rows = np.flatnonzero(inside)
    for own in np.unique(tile, axis=0):
        here = rows[(tile == own).all(axis=1)]
        found[here] = _between(dem, column[here], row[here])
    return found


def _cells(transform: Affine, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return fractional column and row, counted from the centre of the first cell."""
    a, b, c, d, e, f = (~transform)[:6]
    return a * x + b * y + c - 0.5, d * x + e * y + f - 0.5


def _between(dem: Raster, column: Floats, row: Floats) -> Floats:
    """Return heights between the cells around each point, all of one tile; at the model's edge those of the edge."""
    left, top = max(0, int(np.floor(column.min()))), max(0, int(np.floor(row.min())))
    right, bottom = min(dem.width, int(np.floor(column.max())) + 2), min(dem.height, int(np.floor(row.max())) + 2)
    a, b, c, d, e, f = dem.transform[:6]
    corners = [
        (a * i + b * j + c, d * i + e * j + f) for i in (left + 0.5, right - 0.5) for j in (top + 0.5, bottom - 0.5)
    ]
    xs, ys = zip(*corners, strict=True)
    values, own = dem.read((min(xs), min(ys), max(xs), max(ys)))
    z = np.ma.filled(values.astype(np.float64), np.nan)
    shift_column, shift_row = _cells(dem.transform, np.array([own[2] + own[0] / 2]), np.array([own[5] + own[4] / 2]))
    i = np.clip(column - round(float(shift_column[0])), 0, z.shape[1] - 1)
    j = np.clip(row - round(float(shift_row[0])), 0, z.shape[0] - 1)
    i0, j0 = np.floor(i).astype(int), np.floor(j).astype(int)
    i1, j1 = np.minimum(i0 + 1, z.shape[1] - 1), np.minimum(j0 + 1, z.shape[0] - 1)
    u, v = i - i0, j - j0
    low = np.where(u > 0, z[j0, i0] * (1 - u) + z[j0, i1] * u, z[j0, i0])
    high = np.where(u > 0, z[j1, i0] * (1 - u) + z[j1, i1] * u, z[j1, i0])
    return np.asarray(np.where(v > 0, low * (1 - v) + high * v, low), dtype=np.float64)


def _cell_m(dem: Raster, at: Floats, crs: CRS) -> float:
    """Return the larger side of a cell of the model near a point, metres."""
    a, b, _c, d, e, _f = dem.transform[:6]
    to_model = Transformer.from_crs(crs, dem.crs, always_xy=True)
    x, y = to_model.transform(*at)
    back = Transformer.from_crs(dem.crs, crs, always_xy=True)
    corners = np.array([back.transform(x + step[0], y + step[1]) for step in ((0.0, 0.0), (a, d), (b, e))])
    side = float(np.hypot(*(corners[1:] - corners[0]).T).max())
    if not np.isfinite(side):
        raise Place(role="dem", path=str(dem.path)).error(
            _("the elevation model cannot be laid over the study"),
            remedy=_("check its coordinate system, or remove [layers.dem]"),
        )
    return side
