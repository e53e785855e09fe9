"""Repairs that leave out or cut rows, made only where study.toml asks for them; and how they are undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from siteplan.errors import UsageError
from siteplan.layers.faults import duplicates, overlaps, slivers
from siteplan.layers.handling import plain
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siteplan.layers.handling import Handling
    from siteplan.layers.repair import Place, Repair


def mend_rows(frame: gpd.GeoDataFrame, handling: Handling, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer without duplicates, slivers and overlaps, each where it may be repaired.

    - ``duplicate``: rows that repeat an earlier row in everything but the id are left out.
    - ``sliver``: polygons that are an edge and no area are left out.
    - ``overlap``: of two polygons the smaller loses what both cover; one that is covered whole is left out.

    Parameters
    ----------
    frame : GeoDataFrame
        Metric CRS, as siteplan.layers.columns.conform returns it.
    handling : Handling
        ``repair`` says what may be done, ``keep`` to which rows nothing.
    place : Place

    Returns
    -------
    frame : GeoDataFrame
    repairs : list of Repair
        One a row, each with the row as it was.
    """
    repairs: list[Repair] = []
    if "duplicate" in handling.repair:
        rows, of = duplicates(frame)
        what = [_("left out: it repeats {row}", row=frame["id"].iloc[k]) for k in of]
        frame, said = leave_out(frame, rows, "duplicate", what, handling, place)
        repairs += said
    if "sliver" in handling.repair:
        rows = slivers(frame, place.role)
        what = [_("left out: a sliver of {area} m2", area=f"{frame.geometry.iloc[k].area:.2f}") for k in rows]
        frame, said = leave_out(frame, rows, "sliver", what, handling, place)
        repairs += said
    if "overlap" in handling.repair:
        frame, said = _cut(frame, handling, place)
        repairs += said
    return frame, repairs


def leave_out(
    frame: gpd.GeoDataFrame,
    rows: npt.NDArray[np.intp],
    problem: str,
    what: Sequence[str],
    handling: Handling,
    place: Place,
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer without some rows, but for those to be kept, and a repair for each.

    Parameters
    ----------
    frame : GeoDataFrame
    rows : (n,) int
        Positions.
    problem : str
    what : sequence of str
        (n,) What is said of each.
    handling : Handling
    place : Place
    """
    keep = set(handling.keep)
    gone = [(int(k), said) for k, said in zip(rows, what, strict=True) if str(frame["id"].iloc[k]) not in keep]
    repairs = []
    for k, said in gone:
        before = {str(name): plain(frame[name].iloc[k]) for name in frame.columns if name != frame.geometry.name}
        before["geometry"] = shapely.to_wkb(frame.geometry.iloc[k], hex=True)
        row = str(frame["id"].iloc[k])
        repairs.append(place.repair(said, row=row, problem=problem, original=before, crs=frame.crs.to_wkt()))
    stays = np.ones(len(frame), dtype=bool)
    stays[[k for k, _said in gone]] = False
    return frame[stays].reset_index(drop=True), repairs


def _cut(frame: gpd.GeoDataFrame, handling: Handling, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer in which the smaller of two overlapping polygons has lost what both cover."""
    first, second, _area = overlaps(frame, place.role)
    geometry = np.asarray(frame.geometry.array, dtype=object).copy()
    size, ids, keep = shapely.area(geometry), frame["id"].astype(str).to_numpy(), set(handling.keep)
    repairs, empty, said = [], [], []
    larger = np.where(size[first] >= size[second], first, second)
    loser = np.where(size[first] >= size[second], second, first)
    for k in pd.unique(loser):
        if ids[k] in keep:
            continue
        others = larger[loser == k]
        left = _polygons(shapely.difference(geometry[k], shapely.union_all(geometry[others])))
        lost = size[k] - shapely.area(left)
        names = ", ".join(ids[others])
        if shapely.is_empty(left):
            empty.append(k)
            said.append(_("left out: it lies wholly on {others}", others=names))
            continue
        before = {"geometry": shapely.to_wkb(geometry[k], hex=True)}
        what = _("cut by {area} m2 that {others} cover too", area=f"{lost:,.1f}", others=names)
        repairs.append(place.repair(what, row=ids[k], problem="overlap", original=before, crs=frame.crs.to_wkt()))
        geometry[k] = left
    frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs))
    frame, dropped = leave_out(frame, np.array(empty, dtype=np.intp), "overlap", said, handling, place)
    return frame, repairs + dropped


def _polygons(geometry: Any) -> Any:
    """Return the polygons in a geometry as one polygon or multipolygon."""
    parts = shapely.get_parts(geometry)
    parts = parts[(shapely.get_dimensions(parts) == 2) & (shapely.area(parts) > 0)]  # noqa: PLR2004 - areas
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(list(parts))


def undo(frame: gpd.GeoDataFrame, repairs: Iterable[Repair], rows: Iterable[str] | None = None) -> gpd.GeoDataFrame:
    """Return a layer with repairs undone: rows that were left out stand in it again, others have their geometry and values back.

    Parameters
    ----------
    frame : GeoDataFrame
        The repaired layer.
    repairs : iterable of Repair
        Those of its role; notes and repairs that keep no original (heights) change nothing.
    rows : iterable of str, optional
        Ids of the rows to be undone; None: all.

    Raises
    ------
    UsageError
        If a row of ``rows`` was not repaired.
    """
    wanted = None if rows is None else set(rows)
    kept = [r for r in repairs if r.kind == "repair" and r.original and (wanted is None or r.row in wanted)]
    unknown = sorted((wanted or set()) - {repair.row for repair in kept})
    if unknown:
        raise UsageError(_("no repair of these rows keeps what stood there: {rows}", rows=", ".join(unknown)))
    result = frame.copy()
    for repair in reversed(kept):
        if repair.original is None:
            continue
        values = dict(repair.original)
        shape = values.pop("geometry", None)
        here = np.flatnonzero(result["id"].astype(str) == repair.row)
        if shape is not None:
            source = CRS.from_wkt(repair.crs)
            back = gpd.GeoSeries([shapely.from_wkb(str(shape))], crs=source).to_crs(frame.crs)
        if len(here):
            if shape is not None:
                result.loc[result.index[here[0]], "geometry"] = back.iloc[0]
            for name, value in values.items():
                if name in result:
                    result.loc[result.index[here[0]], name] = value
        elif shape is not None:
            row = gpd.GeoDataFrame(
                [{name: values.get(name) for name in frame.columns if name != "geometry"}], geometry=back.values
            )
            types = {name: frame[name].dtype for name in row.columns if name != "geometry"}
            result = pd.concat([result, row.set_crs(frame.crs).astype(types)], ignore_index=True)
    return result
