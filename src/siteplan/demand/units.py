"""Which unit (site or community) each building belongs to, and the totals of the units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from siteplan.errors import DataError
from siteplan.messages import _
from siteplan.units import COUNTS, TOLERANCE

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, kw_only=True, eq=False)
class Membership:
    """The unit of each building: its row in the layer of units (-1: none) and its id (None: none)."""

    row: npt.NDArray[np.int64]
    ids: npt.NDArray[np.object_]


def members(
    buildings: gpd.GeoDataFrame, points: gpd.GeoSeries, units: gpd.GeoDataFrame | None, column: str
) -> Membership:
    """Return the unit of each building: the id it carries, else the polygon it lies in, else the nearest unit.

    Raises
    ------
    DataError
        If a building carries an id that the layer of units does not have.
    """
    ids = np.full(len(buildings), None, dtype=object)
    if column in buildings:
        known = buildings[column].notna() & (buildings[column].astype("str") != "")
        ids[known.to_numpy()] = buildings.loc[known, column].astype("str").to_numpy(dtype=object)
    row = np.full(len(buildings), -1, dtype=np.int64)
    if units is None or units.empty:
        return Membership(row=row, ids=ids)
    names = units["id"].astype("str").to_numpy(dtype=object)
    index = pd.Index(names)
    told = np.array([ident is not None for ident in ids], dtype=bool)
    row[told] = index.get_indexer(ids[told])
    unknown = np.flatnonzero(told & (row < 0))
    if len(unknown):
        raise DataError(
            _("{column} is {value}, which no unit has", column=column, value=ids[unknown[0]]),
            remedy=_("correct the id, or leave it empty: the nearest unit is taken then"),
            path="buildings",
            row=str(buildings["id"].iloc[unknown[0]]),
        )
    untold = np.flatnonzero(~told)
    if len(untold):
        row[untold] = _nearest(points.array[untold], units)
        ids[untold] = names[row[untold]]
    return Membership(row=row, ids=ids)


def _nearest(points: npt.NDArray[np.object_], units: gpd.GeoDataFrame) -> npt.NDArray[np.int64]:
    """Return the row of the nearest unit (0 m: the one it lies in); of several the first."""
    point, unit = shapely.STRtree(units.geometry.array).query_nearest(np.asarray(points, dtype=object))
    order = np.lexsort((unit, point))
    first = np.unique(point[order], return_index=True)[1]
    return np.asarray(unit[order][first], dtype=np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """Sites or communities with totals, and the unit of each building.

    Parameters
    ----------
    layer : str
    ids : (n_units,) object
    row : (n_buildings,) int64
        Unit of each building; -1: none.
    totals : dict of str to (n_units,) float64
        Each of units.COUNTS; NaN: not known.
    """

    layer: str
    ids: npt.NDArray[np.object_]
    row: npt.NDArray[np.int64]
    totals: dict[str, npt.NDArray[np.float64]]

    @classmethod
    def of(cls, layer: gpd.GeoDataFrame | None, belongs: Membership, name: str) -> Units | None:
        """Return the units of a layer; None where it has no totals at all."""
        if layer is None:
            return None
        totals = {}
        for column in COUNTS:
            values = layer[column] if column in layer else pd.Series(np.nan, index=layer.index)
            totals[column] = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
        if all(np.isnan(values).all() for values in totals.values()):
            return None
        ids = layer["id"].astype("str").to_numpy(dtype=object)
        return cls(layer=name, ids=ids, row=belongs.row, totals=totals)

    def tells(self, *names: str) -> bool:
        """Tell whether any unit has a total of one of ``names``."""
        return any(bool(np.isfinite(self.totals[name]).any()) for name in names)

    def shared(
        self, name: str, weight: npt.NDArray[np.float64], given: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """Return ``given`` counts, completed: what they leave of each unit's total ``name`` goes to its other buildings by ``weight``.

        NaN where neither is known. Units whose buildings all have a count keep these, whatever the total says.

        Parameters
        ----------
        name : str
            One of units.COUNTS.
        weight, given : (n_buildings,) float64
            ``given`` is NaN where a building has no count of its own.

        Raises
        ------
        DataError
            If the counts of some buildings exceed the total of their unit, and others have none.
        """
        inside, bare = self.row >= 0, np.isnan(given) & (weight > 0)
        total = self.totals[name]
        counted = np.bincount(self.row[inside], weights=np.nan_to_num(given[inside]), minlength=len(total))
        heavy = np.bincount(self.row[inside], weights=np.where(bare, weight, 0.0)[inside], minlength=len(total))
        left = total - counted
        over = np.flatnonzero((heavy > 0) & (left < -TOLERANCE * np.maximum(1.0, total)))
        if len(over):
            first = int(over[0])
            raise DataError(
                _("buildings count {n:g} {name}, but the total is {t:g}", n=counted[first], name=name, t=total[first]),
                remedy=_("correct the total or the counts, or give a count on every building"),
                path=self.layer,
                row=self.ids[first],
            )
        with np.errstate(invalid="ignore", divide="ignore"):
            rate = np.maximum(left, 0.0) / heavy
        shared = given.copy()
        filled = inside & bare
        shared[filled] = weight[filled] * rate[self.row[filled]]
        return shared
