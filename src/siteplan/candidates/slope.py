"""How steep the ground of a parcel is: the plane through its heights in the elevation model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from siteplan.layers.heights import heights_at
from siteplan.layers.repair import Place
from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.layers.raster import Raster

Floats = npt.NDArray[np.float64]


def slope_percent(dem: Raster, parcels: npt.NDArray[np.object_], crs: CRS) -> Floats:
    """Return the slope of each parcel, per cent (100 = 45 degrees), (n,) float64; NaN where the model has no height.

    The slope is that of the least-squares plane through nine heights: the corners of the parcel's bounds, the middles of their sides and
    their centre, each interpolated between the four cells around it. Bounds smaller than a cell are taken as large as one: a finer
    slope is not in the model.

    Parameters
    ----------
    dem : Raster
        Heights in metres; any CRS, any size.
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
    z = heights_at(dem, points.reshape(-1, 2), crs).reshape(len(parcels), len(steps))
    rise = z @ steps / np.square(steps).sum(axis=0) / half  # dz/dx, dz/dy of the plane: the steps are orthogonal
    return np.asarray(100.0 * np.hypot(rise[:, 0], rise[:, 1]), dtype=np.float64)


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
