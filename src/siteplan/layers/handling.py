"""What study.toml says of a layer beside its columns: how its positions and areas are to be understood, and what may be repaired."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from siteplan.layers.columns import find_headings, role_of
from siteplan.layers.datum import NAMES, Datum, take_back
from siteplan.layers.shift import Shift, settle, settle_grid
from siteplan.layers.zones import OLD_DATUMS, fit_zone, old_datum
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from pyproj import CRS

    from siteplan.layers.raster import Raster
    from siteplan.layers.repair import Place, Repair

REPAIRS = ("empty", "id", "duplicate", "sliver", "overlap", "outside")
"""Repairs that are made only where study.toml asks for them: each leaves out or changes rows."""


@dataclass(frozen=True, kw_only=True)
class Handling:
    """How one layer is handled.

    Parameters
    ----------
    datum : {"gcj02", "bd09"} or None
        The web map's datum in which it was drawn, whatever its file says.
    shifts : mapping of str to Shift
        From old datums (siteplan.layers.zones.OLD_DATUMS) to CGCS2000.
    override_crs : bool
        Whether the CRS that study.toml gives stands against the file's own.
    units : mapping of str to str
        Units of columns of areas (siteplan.layers.area_units.AREA_UNITS).
    repair : tuple of str
        Repairs that may be made, of :data:`REPAIRS`.
    keep : tuple of str
        Ids of rows that no repair may change or leave out.
    """

    datum: Datum | None = None
    shifts: Mapping[str, Shift] = field(default_factory=dict)
    override_crs: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    repair: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()


AS_IT_IS = Handling()


def own_crs(frame: gpd.GeoDataFrame, given: str | None, handling: Handling, place: Place) -> gpd.GeoDataFrame:
    """Return a layer without its file's CRS, where study.toml says that another is right.

    Raises
    ------
    LayerError
        If study.toml says so and gives none.
    """
    if not handling.override_crs:
        return frame
    if given is None:
        raise place.error(
            _("override_crs stands without crs"),
            remedy=_('write under [layers.{role}] in study.toml: crs = "EPSG:..." (the system it was drawn in)',
                     role=place.role),
            row="crs",
        )  # fmt: skip
    return frame.set_crs(None, allow_override=True)


def in_its_zone(frame: gpd.GeoDataFrame, crs: CRS, place: Place) -> tuple[CRS, list[Repair]]:
    """Return the system of a layer, with or without the zone number in front as its eastings are."""
    west, south, east, north = (float(side) for side in frame.total_bounds)
    return fit_zone((west, south, east, north), crs, place)


def with_rows(
    frame: gpd.GeoDataFrame, columns: Mapping[str, str], handling: Handling, place: Place
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a table as read without rows that have no geometry, and with an id for each, where that may be repaired.

    Parameters
    ----------
    frame : GeoDataFrame
    columns : mapping of str to str
        siteplan's column to the file's heading.
    handling : Handling
    place : Place

    Returns
    -------
    frame : GeoDataFrame
    repairs : list of Repair
        One a row.
    """
    repairs: list[Repair] = []
    if not {"empty", "id"} & set(handling.repair) or not len(frame):
        return frame, repairs
    headings = [str(name) for name in frame.columns if name != frame.geometry.name]
    heading = find_headings(role_of(place.role), headings, columns, place)[0].get("id")
    frame = frame.reset_index(drop=True)
    if "empty" in handling.repair:
        geometry = np.asarray(frame.geometry.array, dtype=object)
        empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
        if heading is not None:
            empty &= ~frame[heading].astype(str).isin(handling.keep).to_numpy()
        for k in np.flatnonzero(empty):
            row = _("row {k}", k=k + 1) if heading is None else str(frame[heading].iloc[k])
            before = {str(name): plain(frame[name].iloc[k]) for name in headings}
            repairs.append(place.repair(_("left out: it has no geometry"), row=row, problem="empty", original=before))
        frame = frame[~empty].reset_index(drop=True)
    if heading is not None and "id" in handling.repair:
        frame, made = _with_ids(frame, heading, handling, place)
        repairs += made
    return frame, repairs


def _with_ids(
    frame: gpd.GeoDataFrame, heading: str, handling: Handling, place: Place
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    ids = frame[heading]
    absent = ids.isna() | (ids.astype(str).str.strip() == "")
    again = ids.duplicated() & ~absent
    if not (absent | again).any():
        return frame, []
    texts = [None if gone else text.strip() for gone, text in zip(absent, _texts(ids), strict=True)]
    known = {text for text in texts if text is not None}
    repairs = []
    for k in np.flatnonzero(absent | again):
        stem = f"{place.role}-{k + 1}" if texts[k] is None else f"{texts[k]}-2"
        number, new = 2, stem
        while new in known:
            number += 1
            new = f"{stem.removesuffix('-2')}-{number}"
        if new in handling.keep:  # it stays as it is, and the reader refuses it
            continue
        known.add(new)
        what = _("id {new} made: the row had none", new=new) if texts[k] is None else _(
            "id {new} made: {old} stands more than once", new=new, old=texts[k]
        )  # fmt: skip
        repairs.append(place.repair(what, row=new, problem="id", original={"id": texts[k]}))
        texts[k] = new
    return frame.assign(**{heading: pd.Series(texts, index=frame.index)}), repairs


def _texts(values: pd.Series[Any]) -> list[str]:
    return [str(int(value)) if isinstance(value, float) and value.is_integer() else str(value) for value in values]


def plain(value: Any) -> object:
    """Return a cell of a table as a value that JSON holds."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def check_kept(repairs: list[Repair], handling: Handling, place: Place) -> None:
    """Refuse a row that is to be kept as it is and cannot be used so.

    Raises
    ------
    LayerError
        Naming the row.
    """
    for repair in repairs:
        if repair.problem == "invalid" and repair.row in handling.keep:
            raise place.error(
                _("the row is to be kept as it is, but its geometry is invalid"),
                remedy=_("redraw it in the file, or take it out of keep in [layers.{role}]", role=place.role),
                row=repair.row,
            )


def placed(frame: gpd.GeoDataFrame, handling: Handling, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a layer at its positions on WGS 84 or CGCS2000: taken back from a web map's datum, or from an old one.

    Raises
    ------
    LayerError
        If it is on an old datum and nothing says how far that is from CGCS2000, or on two datums at once.
    """
    if handling.datum is None:
        return settle(frame, handling.shifts, place)
    old = old_datum(frame.crs)
    if old is not None:
        raise place.error(
            _("the layer is in {old}, and study.toml says it is in {datum}",
              old=OLD_DATUMS[old], datum=NAMES[handling.datum]),
            remedy=_("remove the line datum from [layers.{role}]", role=place.role),
            row="datum",
        )  # fmt: skip
    return take_back(frame, handling.datum, place)


def placed_raster(raster: Raster, handling: Handling, place: Place) -> tuple[Raster, list[Repair]]:
    """Return a raster at its place on CGCS2000, if it is on an old datum, and in the system that its eastings are in.

    Raises
    ------
    LayerError
        As :func:`placed`.
    """
    said_of_rows = {"datum": handling.datum, "units": handling.units, "repair": handling.repair, "keep": handling.keep}
    for key, value in said_of_rows.items():
        if value:
            raise place.error(
                _("{key} is not for rasters", key=key),
                remedy=_("remove the line {key} from [layers.{role}]", key=key, role=place.role),
                row=key,
            )
    crs, notes = fit_zone(raster.bounds, raster.crs, place)
    a, b, c, d, e, f = raster.transform[:6]
    affine, moved, said = settle_grid((a, b, c, d, e, f), (raster.width, raster.height), crs, handling.shifts, place)
    if not notes and not said:
        return raster, []
    return dataclasses.replace(raster, crs=moved, transform=type(raster.transform)(*affine)), notes + said
