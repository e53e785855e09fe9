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
        what = [_("left out: it repeats {row}", row=row) for row in frame["id"].iloc[of]]
        frame, said = leave_out(frame, rows, "duplicate", what, handling, place)
        repairs += said
    if "sliver" in handling.repair:
        rows = slivers(frame, place.role)
        areas = shapely.area(frame.geometry.to_numpy()[rows])
        what = [_("left out: a sliver of {area} m2", area=f"{area:.2f}") for area in areas]
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

    Raises
    ------
    LayerError
        If no row would stay.
    """
    keep, ids = set(handling.keep), frame["id"].astype(str).to_numpy()
    gone = [(int(k), said) for k, said in zip(rows, what, strict=True) if ids[k] not in keep]
    if not gone:
        return frame, []
    if len(gone) == len(frame):
        raise place.error(
            _("every row would be left out ({n} rows; {problem})", n=len(frame), problem=problem),
            remedy=_("look at the layer in a GIS: its place and its coordinate system; or take {problem} out of repair in "
                     "[layers.{role}]", problem=f'"{problem}"', role=place.role),
            row="repair",
        )  # fmt: skip
    at = [k for k, _said in gone]
    cells = {
        str(name): [plain(value) for value in frame[name].iloc[at].tolist()]
        for name in frame.columns
        if name != frame.geometry.name
    }
    cells["geometry"] = shapely.to_wkb(frame.geometry.to_numpy()[at], hex=True).tolist()
    system = frame.crs.to_wkt()
    repairs = [
        place.repair(
            said,
            row=str(ids[k]),
            problem=problem,
            original={name: values[i] for name, values in cells.items()},
            crs=system,
        )
        for i, (k, said) in enumerate(gone)
    ]
    stays = np.ones(len(frame), dtype=bool)
    stays[at] = False
    return frame[stays].reset_index(drop=True), repairs


def _cut(frame: gpd.GeoDataFrame, handling: Handling, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer in which the smaller of two overlapping polygons has lost what both cover."""
    first, second, _area = overlaps(frame, place.role)
    whole = np.asarray(frame.geometry.array, dtype=object)
    geometry = whole.copy()
    size, ids, keep = shapely.area(whole), frame["id"].astype(str).to_numpy(), set(handling.keep)
    repairs, empty, said = [], [], []
    larger = np.where(size[first] >= size[second], first, second)
    loser = np.where(size[first] >= size[second], second, first)
    system = frame.crs.to_wkt()
    order = np.argsort(loser, kind="stable")
    losers, starts = np.unique(loser[order], return_index=True)
    for k, others in zip(losers, np.split(larger[order], starts)[1:], strict=True):
        if ids[k] in keep:
            continue
        left = _polygons(shapely.difference(geometry[k], shapely.union_all(whole[others])))
        lost = size[k] - shapely.area(left)
        names = ", ".join(ids[others])
        if shapely.is_empty(left):
            empty.append(k)
            said.append(_("left out: it lies wholly on {others}", others=names))
            continue
        before = {"geometry": shapely.to_wkb(whole[k], hex=True)}
        what = _("cut by {area} m2 that it shares with {others}", area=f"{lost:,.1f}", others=names)
        repairs.append(place.repair(what, row=ids[k], problem="overlap", original=before, crs=system))
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
        If a row of ``rows`` was not repaired, or has no geometry that could be put back.
    """
    wanted = None if rows is None else set(rows)
    kept = [
        repair
        for repair in repairs
        if repair.kind == "repair" and repair.original and repair.problem != "empty" and _among(repair.row, wanted)
    ]
    unknown = sorted((wanted or set()) - {repair.row for repair in kept})
    if unknown:
        raise UsageError(_("no repair of these rows keeps what could be put back: {rows}", rows=", ".join(unknown)))
    result = frame.copy()
    at = {row: k for k, row in enumerate(frame["id"].astype(str))}
    geometry = np.asarray(frame.geometry.array, dtype=object).copy()
    cells: dict[str, dict[int, object]] = {}
    gone: dict[str, dict[str, object]] = {}
    for repair, shape in reversed([*zip(kept, shapes_before(kept, frame.crs), strict=True)]):
        values = {name: value for name, value in (repair.original or {}).items() if name != "geometry"}
        if repair.row in at:
            for name in values.keys() & set(frame.columns):
                cells.setdefault(name, {})[at[repair.row]] = values[name]
            geometry[at[repair.row]] = geometry[at[repair.row]] if shape is None else shape
        elif shape is not None or repair.row in gone:
            gone[repair.row] = gone.get(repair.row, {}) | values | ({} if shape is None else {"geometry": shape})
    for name, changed in cells.items():
        column = result[name].copy()
        column.iloc[list(changed)] = list(changed.values())
        result[name] = column
    result = result.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs))
    return _with(result, [*gone.values()], frame) if gone else result


def _among(row: str, rows: set[str] | None) -> bool:
    return rows is None or row in rows


def _with(result: gpd.GeoDataFrame, rows: list[dict[str, object]], frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer with rows put back behind the others; columns are of the kinds that they have in ``frame``."""
    names = [name for name in frame.columns if name != "geometry"]
    table = pd.DataFrame([{name: row.get(name) for name in names} for row in rows], columns=names)
    back = gpd.GeoDataFrame(
        table.astype({name: frame[name].dtype for name in names}),
        geometry=[row["geometry"] for row in rows],
        crs=frame.crs,
    )
    return pd.concat([result, back], ignore_index=True)


def shapes_before(repairs: Sequence[Repair], crs: CRS) -> npt.NDArray[Any]:
    """Return the original shapes of repairs in ``crs``, (n,); None where a repair keeps none."""
    result = np.empty(len(repairs), dtype=object)
    systems: dict[str, list[int]] = {}
    for k, repair in enumerate(repairs):
        if (repair.original or {}).get("geometry"):
            systems.setdefault(repair.crs, []).append(k)
    for system, rows in systems.items():
        shapes = shapely.from_wkb([str((repairs[k].original or {})["geometry"]) for k in rows])
        result[rows] = gpd.GeoSeries(shapes, crs=CRS.from_wkt(system)).to_crs(crs).to_numpy()
    return result
