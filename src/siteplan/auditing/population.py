"""The people of a population raster, counted again: where nothing else says how many there are, the plan has to hold them all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Transformer

from siteplan.auditing.claims import close
from siteplan.auditing.homes import figures
from siteplan.messages import _

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.auditing.claims import Claims
    from siteplan.layers.collection import Layers


def check_population(claims: Claims, demand: pd.DataFrame, layers: Layers) -> None:
    """Check that the people of the plan are those of the raster's cells whose centres lie in the study.

    Nothing is checked where buildings, sites or communities have counts: then these speak, and not the raster.
    """
    raster = layers.rasters.get("population")
    counted = [layers.get(role) for role in ("buildings", "sites", "communities")]
    given = [figures(frame, name) for frame in counted if frame is not None for name in ("households", "people")]
    if raster is None or any(np.isfinite(column).any() for column in given):
        return
    drawn = [layer for layer in (layers.get("boundary"), layers.get("communities")) if layer is not None]
    areas = [shape for shape in drawn[0].geometry if shapely.get_dimensions(shape) > 1] if drawn else []
    whole = shapely.union_all(areas)
    to_study = Transformer.from_crs(raster.crs, layers.crs, always_xy=True)
    found = 0.0
    for block in raster.blocks(whole.bounds, crs=layers.crs):
        cells = np.ma.filled(np.ma.clip(block.own(block.values).astype(np.float64), 0.0, None), 0.0)
        rows, columns = np.nonzero(cells)
        to_plane = raster.transform[:6]
        down, across = rows + block.row + 0.5, columns + block.column + 0.5
        x = to_plane[0] * across + to_plane[1] * down + to_plane[2]
        y = to_plane[3] * across + to_plane[4] * down + to_plane[5]
        inside = shapely.covers(whole, shapely.points(*to_study.transform(x, y)))
        found += math.fsum(cells[rows, columns][inside])
    said = math.fsum(figures(demand, "people"))
    note = _("cells whose centres lie in the study")
    claims.add("people of the population raster", "", said, found, holds=bool(close(said, found)), note=note)
