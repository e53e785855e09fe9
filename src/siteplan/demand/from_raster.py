"""People on buildings from a population raster: the people of each cell go to the homes in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from scipy.spatial import cKDTree

from siteplan.errors import DataError
from siteplan.messages import _

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS
    from shapely.geometry.base import BaseGeometry

    from siteplan.layers.raster import Raster

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class InhabitedCells:
    """The cells of a raster in which somebody lives.

    Parameters
    ----------
    number : (n,) int64
        Row x width + column.
    xy : (n, 2) float64
        Their centres, in the study's CRS.
    people : (n,) float64
    """

    number: npt.NDArray[np.int64]
    xy: Numbers
    people: Numbers


def inhabited_cells(raster: Raster, area: BaseGeometry, crs: CRS) -> InhabitedCells:
    """Return the cells with people whose centres lie in ``area``; one block of the raster is in memory at a time.

    Parameters
    ----------
    raster : Raster
        People of each cell (a count, not a density).
    area : polygon or multipolygon, in ``crs``
    crs : CRS

    Raises
    ------
    DataError
        If the raster does not reach the area.
    """
    shapely.prepare(area)
    here = Transformer.from_crs(raster.crs, crs, always_xy=True)
    a, b, c, d, e, f = raster.transform[:6]
    numbers, points, people = [], [], []
    for block in raster.blocks(area.bounds, crs=crs):
        values = np.ma.filled(block.own(block.values).astype(np.float64), 0.0)
        row, column = np.nonzero(values > 0)
        row, column, count = row + block.row, column + block.column, values[row, column]
        x, y = here.transform(a * (column + 0.5) + b * (row + 0.5) + c, d * (column + 0.5) + e * (row + 0.5) + f)
        inside = shapely.intersects_xy(area, x, y)
        numbers.append((row.astype(np.int64) * raster.width + column)[inside])
        points.append(np.column_stack([x, y])[inside])
        people.append(count[inside])
    return InhabitedCells(number=np.concatenate(numbers), xy=np.concatenate(points), people=np.concatenate(people))


def people_from_raster(
    raster: Raster, area: BaseGeometry, homes: gpd.GeoSeries, weight: Numbers
) -> tuple[Numbers, list[str]]:
    """Return the people of each building, and notes.

    The people of a cell go to the homes whose points lie in it, by weight. Those of a cell without homes go to the cell of the home
    nearest to its centre: nobody is lost.

    Parameters
    ----------
    raster : Raster
    area : polygon or multipolygon
        Cells whose centres lie in it are taken.
    homes : (n,) GeoSeries of points, in the CRS of ``area``
    weight : (n,) float64
        Floor area, m2; 0: nobody lives there.

    Returns
    -------
    people : (n,) float64
        They sum to the people of the cells.
    notes : list of str

    Raises
    ------
    DataError
        If the raster has no people in the area, or nobody could live in any of the buildings.
    """
    cells = inhabited_cells(raster, area, homes.crs)
    lived_in = np.flatnonzero(weight > 0)
    if not cells.people.sum() > 0 or not len(lived_in):
        raise DataError(
            _("the population raster has no people where the study is, or no building is a home"),
            remedy=_("check its place and that it counts people by cell, and residential_uses in study.toml"),
            path=raster.path,
            row="population",
        )
    xy = shapely.get_coordinates(homes.array)[lived_in]
    home_cell = _cell_of(raster, xy, homes.crs)
    known, home_row = np.unique(home_cell, return_inverse=True)
    at = np.searchsorted(known, cells.number)
    own = (at < len(known)) & (known[np.minimum(at, len(known) - 1)] == cells.number)
    metres, nearest = cKDTree(xy).query(cells.xy[~own])
    far = np.asarray(metres, dtype=np.float64)
    row = np.where(own, np.minimum(at, len(known) - 1), 0)
    row[~own] = home_row[nearest]
    total = np.bincount(row, weights=cells.people, minlength=len(known))
    heavy = np.bincount(home_row, weights=weight[lived_in], minlength=len(known))
    people = np.zeros(len(homes))
    people[lived_in] = weight[lived_in] * (total / heavy)[home_row]
    return people, _notes(cells, own, far, int((people > 0).sum())) + _empty_homes(people[lived_in])


def _cell_of(raster: Raster, xy: Numbers, crs: CRS) -> npt.NDArray[np.int64]:
    """Return the number of the cell that each point lies in, a number of its own (below 0) for points off the raster."""
    x, y = Transformer.from_crs(crs, raster.crs, always_xy=True).transform(xy[:, 0], xy[:, 1])
    a, b, c, d, e, f = (~raster.transform)[:6]
    column, row = np.floor(a * x + b * y + c).astype(np.int64), np.floor(d * x + e * y + f).astype(np.int64)
    inside = (column >= 0) & (row >= 0) & (column < raster.width) & (row < raster.height)
    return np.asarray(np.where(inside, row * raster.width + column, -1 - np.arange(len(xy))), dtype=np.int64)


def _empty_homes(people: Numbers) -> list[str]:
    """Return a note on the homes in cells without people: the raster may have no data there, or end before them."""
    empty = int((people == 0).sum())
    if not empty:
        return []
    text = _(
        "{n} of {all} buildings with homes lie where the population raster has no people or no data: nobody lives in them",
        n=empty,
        all=len(people),
    )
    return [text]


def _notes(cells: InhabitedCells, own: npt.NDArray[np.bool_], far: Numbers, homes: int) -> list[str]:
    total = float(cells.people.sum())
    notes = [
        _(
            "{people:,.0f} people of the population raster spread over {homes} buildings of its cells by floor area",
            people=total,
            homes=homes,
        )
    ]
    if not own.all():
        notes.append(
            _(
                "{people:,.0f} of them ({share:.1%}) live in cells without a home and were put in the nearest, {metres:.0f} m away at most",
                people=float(cells.people[~own].sum()),
                share=float(cells.people[~own].sum()) / total,
                metres=float(far.max()),
            )
        )
    return notes
