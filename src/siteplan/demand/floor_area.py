"""How large the homes are: footprint x floors of the buildings in which people live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from siteplan.layers.osm_areas import DEFAULT_FLOORS
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Collection

    import geopandas as gpd

Numbers = npt.NDArray[np.float64]


def column(frame: gpd.GeoDataFrame, name: str) -> Numbers:
    """Return a column of counts, NaN where it or its value is missing."""
    if name not in frame:
        return np.full(len(frame), np.nan)
    numbers: Numbers = pd.to_numeric(frame[name]).to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    return numbers


def residential(buildings: gpd.GeoDataFrame, uses: Collection[str]) -> npt.NDArray[np.bool_]:
    """Tell which buildings people live in: those of ``uses``, and those of which nobody says the use."""
    if "use" not in buildings:
        return np.ones(len(buildings), dtype=bool)
    use = buildings["use"].fillna("")
    return np.asarray(use.isin([*uses, ""]), dtype=bool)


def floor_area(buildings: gpd.GeoDataFrame, notes: list[str], asked: npt.NDArray[np.bool_]) -> Numbers:
    """Return footprint x floors in m2 of the buildings ``asked`` for, and note what was assumed.

    A building drawn as a point (or line) weighs as much as the mean building that is drawn as an area; 1 where none is.
    """
    floors = column(buildings, "floors")
    missing = ~(floors > 0)
    if (missing & asked).any():
        n, total = int((missing & asked).sum()), int(asked.sum())
        told = _(
            "{n} of {total} buildings without a count have no number of floors: {floors:g} assumed",
            n=n,
            total=total,
            floors=DEFAULT_FLOORS,
        )
        notes.append(told)
    footprint: Numbers = buildings.geometry.area.to_numpy(dtype=np.float64)
    flat = shapely.get_dimensions(buildings.geometry.array) < 2  # noqa: PLR2004 - areas have dimension 2
    storeys = np.where(missing, DEFAULT_FLOORS, floors)
    area = np.asarray(footprint * storeys, dtype=np.float64)
    drawn = ~flat & asked & (area > 0)
    usual = float(area[drawn].mean()) if drawn.any() else 1.0
    if (flat & asked).any():
        n = int((flat & asked).sum())
        notes.append(
            _("{n} buildings are drawn as points: each weighs as much as the mean of those drawn as areas ({area:.0f} m2)", n=n, area=usual)
            if drawn.any()
            else _("{n} buildings are drawn as points: each weighs as much as any other", n=n)
        )  # fmt: skip
    return np.where(flat, usual, area)
