"""Heights at points, from an elevation model in any coordinate system, piece by piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer

if TYPE_CHECKING:
    from siteplan.layers.raster import Block, Raster

Floats: TypeAlias = npt.NDArray[np.float64]


def heights_at(dem: Raster, xy: Floats, crs: CRS) -> Floats:
    """Return the heights at points, bilinear between the centres of the four cells around each.

    Parameters
    ----------
    dem : Raster
        Heights in metres. Only the blocks that points lie in are read, one at a time.
    xy : (n, 2) float64
        Points.
    crs : CRS
        Of the points.

    Returns
    -------
    (n,) float64
        Metres; NaN outside the model and where a cell that counts has no height. Within half a cell of the model's edge the edge's
        heights hold.

    Raises
    ------
    DataError
        If the file cannot be read.
    """
    found = np.full(len(xy), np.nan)
    if not len(xy):
        return found
    x, y = Transformer.from_crs(crs, dem.crs, always_xy=True).transform(xy[:, 0], xy[:, 1])
    a, b, c, d, e, f = (~dem.transform)[:6]
    column, row = a * np.asarray(x) + b * np.asarray(y) + c, d * np.asarray(x) + e * np.asarray(y) + f
    inside = np.flatnonzero((column >= 0) & (row >= 0) & (column <= dem.width) & (row <= dem.height))
    piece = dem.piece_of(row[inside], column[inside])
    order = np.argsort(piece, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(piece[order]) > 0][: len(order)])
    for rows in np.split(inside[order], starts[1:]):
        if len(rows):
            block = dem.block_at(float(row[rows[0]]), float(column[rows[0]]), margin=1)
            found[rows] = _between(block, row[rows], column[rows])
    return found


def _between(block: Block, row: Floats, column: Floats) -> Floats:
    """Return heights in a block at rows and columns of the raster, counted from the corner of its first cell."""
    z = np.ma.filled(block.values.astype(np.float64), np.nan)
    i = np.clip(row - 0.5 - (block.row - block.rows.start), 0, z.shape[0] - 1)
    j = np.clip(column - 0.5 - (block.column - block.columns.start), 0, z.shape[1] - 1)
    i0, j0 = np.floor(i).astype(np.int64), np.floor(j).astype(np.int64)
    i1, j1 = np.minimum(i0 + 1, z.shape[0] - 1), np.minimum(j0 + 1, z.shape[1] - 1)
    down, right = i - i0, j - j0
    found = np.zeros(len(row))
    for weight, height in (
        ((1 - down) * (1 - right), z[i0, j0]),
        ((1 - down) * right, z[i0, j1]),
        (down * (1 - right), z[i1, j0]),
        (down * right, z[i1, j1]),
    ):
        found += np.where(weight > 0, weight * height, 0.0)  # a void that does not count does no harm
    return found
