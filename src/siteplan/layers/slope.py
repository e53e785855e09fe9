"""The slope of the ground from an elevation model, by Horn's formula, piece by piece.

Horn, B. K. P. (1981): Hill shading and the reflectance map, Proceedings of the IEEE 69(1), 14-47; the formula of gdaldem slope, QGIS, GRASS and
ArcGIS too. Of a cell and its eight neighbours, by rows a b c, d e f, g h i::

    dz/dcolumn = ((c + 2 f + i) - (a + 2 d + g)) / 8
    dz/drow    = ((g + 2 h + i) - (a + 2 b + c)) / 8

The two are per cell. How far a step of one cell leads on the ground is measured on the ellipsoid, for each row: so a model in degrees, in feet,
rotated, or in a projection that stretches (Web Mercator) gives true slopes too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Geod, Transformer

from siteplan.layers.repair import Place
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rasterio.transform import Affine

    from siteplan.layers.crs import Bounds
    from siteplan.layers.raster import Block, Raster

Floats: TypeAlias = npt.NDArray[np.float64]


def slope_blocks(
    dem: Raster, bounds: Bounds | None = None, *, crs: CRS | None = None, most: int | None = None
) -> Iterator[tuple[Block, npt.NDArray[np.float32]]]:
    """Yield the slope of each block of an elevation model.

    Parameters
    ----------
    dem : Raster
        Heights in metres.
    bounds, crs, most
        As :meth:`siteplan.layers.raster.Raster.blocks`.

    Yields
    ------
    block : Block
        With a margin of one cell, so that blocks meet without a seam.
    degrees : (rows, columns) float32
        Of the block's own cells, 0 to 90; NaN where the cell or one of its eight neighbours has no height, and at the model's edge.

    Raises
    ------
    DataError
        As :meth:`siteplan.layers.raster.Raster.blocks`; if the cells have no size on the ground.
    """
    ground = _Ground(dem)
    for block in dem.blocks(bounds, crs=crs, margin=1, most=most):
        heights = np.ma.filled(block.values.astype(np.float64), np.nan)
        tangent = _tangent(heights, ground.steps(block.transform, heights.shape))
        yield block, block.own(np.degrees(np.arctan(tangent)).astype(np.float32))


def horn(heights: Floats) -> tuple[Floats, Floats]:
    """Return the rise per cell along rows and along columns, by Horn's formula.

    Parameters
    ----------
    heights : (rows, columns) float64
        NaN: no height.

    Returns
    -------
    along_columns, along_rows : (rows, columns) float64
        Rise for one column to the right, for one row down; NaN at the edge and beside NaN.

    Examples
    --------
    >>> plane = 3.0 * np.arange(4) + 2.0 * np.arange(4)[:, None]
    >>> right, down = horn(plane)
    >>> float(right[1, 2]), float(down[1, 2]), bool(np.isnan(right[0, 0]))
    (3.0, 2.0, True)
    """
    right, down = np.full(heights.shape, np.nan), np.full(heights.shape, np.nan)
    if min(heights.shape) < 3:  # noqa: PLR2004 - a cell and its neighbours
        return right, down
    a, b, c = heights[:-2, :-2], heights[:-2, 1:-1], heights[:-2, 2:]
    d, e, f = heights[1:-1, :-2], heights[1:-1, 1:-1], heights[1:-1, 2:]
    g, h, i = heights[2:, :-2], heights[2:, 1:-1], heights[2:, 2:]
    own = e * 0.0  # NaN where the cell itself has no height: the formula does not use it
    right[1:-1, 1:-1] = ((c + 2 * f + i) - (a + 2 * d + g)) / 8 + own
    down[1:-1, 1:-1] = ((g + 2 * h + i) - (a + 2 * b + c)) / 8 + own
    return right, down


def _tangent(heights: Floats, steps: Floats) -> Floats:
    """Return rise over run of the steepest way, from the ground that a step along a row and along a column covers.

    ``steps``: (rows, 2, 2) metres east and north, of one column to the right (first) and of one row down (second).
    """
    right, down = horn(heights)
    (xr, yr), (xd, yd) = steps[:, 0].T[:, :, None], steps[:, 1].T[:, :, None]
    area = xr * yd - xd * yr
    east = (right * yd - down * yr) / area
    north = (down * xr - right * xd) / area
    return np.asarray(np.hypot(east, north), dtype=np.float64)


class _Ground:
    """How far a step of one cell leads on the ellipsoid."""

    def __init__(self, dem: Raster) -> None:
        self._dem = dem
        geodetic = dem.crs.geodetic_crs
        self._geod: Geod | None = dem.crs.get_geod()
        self._to_degrees = None if geodetic is None else Transformer.from_crs(dem.crs, geodetic, always_xy=True)

    def steps(self, transform: Affine, shape: tuple[int, ...]) -> Floats:
        """Return (rows, 2, 2): metres east and north of a step to the right and of a step down, in the middle column of each row."""
        rows: Floats = np.arange(shape[0], dtype=np.float64) + 0.5
        columns: Floats = np.full(shape[0], shape[1] / 2)
        right = self._apart(transform, (columns - 0.5, rows), (columns + 0.5, rows))
        down = self._apart(transform, (columns, rows - 0.5), (columns, rows + 0.5))
        steps = np.stack([right, down], axis=1)
        if not np.isfinite(steps).all() or not np.abs(np.linalg.det(steps)).min() > 0:
            raise Place(role=self._dem.role, path=str(self._dem.path)).error(
                _("the cells of the elevation model have no size on the ground"),
                remedy=_("check its coordinate system; heights beyond the poles or the edge of the map cannot be used"),
            )
        return steps

    def _apart(self, transform: Affine, one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
        """Return metres east and north from one set of places to another, (n, 2), both in columns and rows."""
        if self._geod is None or self._to_degrees is None:
            raise Place(role=self._dem.role, path=str(self._dem.path)).error(
                _("the coordinate system of the elevation model has no place on the globe"),
                remedy=_("save it in a projected coordinate system"),
            )
        a, b, c, d, e, f = transform[:6]
        places = [self._to_degrees.transform(a * x + b * y + c, d * x + e * y + f) for x, y in (one, other)]
        azimuth, _back, metres = self._geod.inv(*places[0], *places[1])
        angle = np.radians(np.asarray(azimuth))
        return np.asarray(
            np.column_stack([np.sin(angle), np.cos(angle)]) * np.asarray(metres)[:, None], dtype=np.float64
        )


def cell_metres(dem: Raster) -> float:
    """Return the length of a cell's longer side on the ground, metres, in the middle of the model.

    Raises
    ------
    LayerError
        If the cells have no size on the ground.
    """
    a, b, c, d, e, f = dem.transform[:6]
    column, row = dem.width // 2, dem.height // 2
    here = type(dem.transform)(a, b, a * column + b * row + c, d, e, d * column + e * row + f)
    return float(np.hypot(*_Ground(dem).steps(here, (1, 1))[0].T).max())
