"""What covers the ground of a place, by the land cover raster and the table of its classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS, Transformer

from siteplan.errors import SettingsError
from siteplan.layers.landcover import USES, refuse_unknown
from siteplan.layers.names import nearest
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from siteplan.layers.raster import Raster


def covered(
    landcover: Raster, places: npt.NDArray[np.object_], crs: CRS, uses: Collection[str]
) -> npt.NDArray[np.bool_]:
    """Tell which places lie on one of ``uses``, at any of nine points: corners, middles of sides and centre of their bounds, (n,) bool.

    Parameters
    ----------
    landcover : Raster
        With a table of classes; a point outside of it or without data lies on nothing.
    places : (n,) object
        Polygons.
    crs : CRS
        Of the places.
    uses : collection of str
        Keys of siteplan.layers.landcover.USES.

    Raises
    ------
    SettingsError
        If one of ``uses`` is no class.
    LayerError
        If a place lies on a code that the table lacks.
    """
    for use in uses:
        if use not in USES:
            raise SettingsError(
                _("no class of land cover {name}", name=f'"{use}"'),
                remedy=_("did you mean {near}? Known are {known}", near=nearest(use, USES), known=", ".join(USES)),
                path="study.toml",
                row="[candidates] avoid_cover",
            )
    if landcover.classes is None or not len(places):
        return np.zeros(len(places), dtype=np.bool_)
    west, south, east, north = shapely.bounds(places).T
    across = np.stack([west, (west + east) / 2, east], axis=1)
    up = np.stack([south, (south + north) / 2, north], axis=1)
    x, y = np.repeat(across, 3, axis=1).ravel(), np.tile(up, (1, 3)).ravel()
    to_raster = Transformer.from_crs(crs, landcover.crs, always_xy=True)
    codes, empty = _codes(landcover, *to_raster.transform(x, y))
    refuse_unknown(codes[~empty], landcover.classes, str(landcover.path))
    hit = np.isin(codes, landcover.classes.codes_of(*uses)) & ~empty
    return np.asarray(hit.reshape(len(places), 9).any(axis=1), dtype=np.bool_)


def _codes(
    raster: Raster, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the code of the cell under each point, and whether there is none; one block of the raster is in memory at a time."""
    a, b, c, d, e, f = (~raster.transform)[:6]
    column, row = np.floor(a * x + b * y + c), np.floor(d * x + e * y + f)
    codes, empty = np.zeros(len(x), dtype=np.int64), np.ones(len(x), dtype=np.bool_)
    inside = np.flatnonzero((column >= 0) & (row >= 0) & (column < raster.width) & (row < raster.height))
    piece = raster.piece_of(row[inside], column[inside])
    for number in np.unique(piece):
        here = inside[piece == number]
        block = raster.block_at(float(row[here[0]]), float(column[here[0]]))
        cells = block.values[row[here].astype(np.int64) - block.row, column[here].astype(np.int64) - block.column]
        empty[here] = np.ma.getmaskarray(cells)
        codes[here] = np.ma.filled(cells, 0).astype(np.int64)
    return codes, empty
