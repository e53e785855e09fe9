"""What study.toml says of a layer beside its columns: how its positions and areas are to be understood, and what may be repaired."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from siteplan.layers.columns import ID, find_headings, parse_values, role_of
from siteplan.layers.datum import NAMES, Datum, take_back
from siteplan.layers.names import nearest
from siteplan.layers.repair import Place, some
from siteplan.layers.shift import Shift, settle, settle_grid
from siteplan.layers.zones import OLD_DATUMS, fit_zone, old_datum
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from pyproj import CRS

    from siteplan.layers.raster import Raster
    from siteplan.layers.repair import Repair

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
    frame: gpd.GeoDataFrame,
    columns: Mapping[str, str],
    handling: Handling,
    place: Place,
    aliases: Mapping[str, Sequence[str]] | None = None,
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return a table as read without rows that have no geometry, and with an id for each, where that may be repaired.

    Parameters
    ----------
    frame : GeoDataFrame
    columns : mapping of str to str
        siteplan's column to the file's heading.
    handling : Handling
    place : Place
    aliases : mapping of str to sequence of str, optional
        The study's own headings by column.

    Returns
    -------
    frame : GeoDataFrame
    repairs : list of Repair
        One a row.
    """
    repairs: list[Repair] = []
    keep = set(handling.keep)
    if not {"empty", "id"} & set(handling.repair) or not len(frame):
        return frame, repairs
    headings = [str(name) for name in frame.columns if name != frame.geometry.name]
    heading = find_headings(role_of(place.role), headings, columns, place, aliases)[0].get("id")
    frame = frame.reset_index(drop=True)
    if "empty" in handling.repair:
        geometry = np.asarray(frame.geometry.array, dtype=object)
        empty = shapely.is_missing(geometry) | shapely.is_empty(geometry)
        names = [None] * len(frame) if heading is None else _texts(frame[heading])
        empty &= [name not in keep for name in names]
        at = np.flatnonzero(empty)
        cells = {name: [plain(value) for value in frame[name].iloc[at].tolist()] for name in headings}
        for i, k in enumerate(at):
            row = names[k] or _("row {k}", k=k + 1)
            before = {name: values[i] for name, values in cells.items()}
            repairs.append(place.repair(_("left out: it has no geometry"), row=row, problem="empty", original=before))
        frame = frame[~empty].reset_index(drop=True)
    if heading is not None and "id" in handling.repair:
        frame, made = _with_ids(frame, heading, handling, place)
        repairs += made
    return frame, repairs


def _with_ids(
    frame: gpd.GeoDataFrame, heading: str, handling: Handling, place: Place
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    texts = _texts(frame[heading])
    known = {text for text in texts if text is not None}
    again = pd.Series(texts, dtype=object).duplicated().to_numpy()
    numbers: dict[str, int] = {}
    repairs = []
    for k, text in enumerate(texts):
        if text is not None and not again[k]:
            continue
        stem = f"{place.role}-{k + 1}" if text is None else text
        new = stem if text is None and stem not in known else _free(stem, known, numbers)
        if new in handling.keep:  # it stays as it is, and the reader refuses it
            continue
        known.add(new)
        what = _("id {new} made: the row had none", new=new) if text is None else _(
            "id {new} made: {old} stands more than once", new=new, old=text
        )  # fmt: skip
        repairs.append(place.repair(what, row=new, problem="id", original={"id": text}))
        texts[k] = new
    return (frame.assign(**{heading: pd.Series(texts, index=frame.index)}) if repairs else frame), repairs


def _free(stem: str, known: set[str], numbers: dict[str, int]) -> str:
    """Return ``stem-2``, ``stem-3``, ...: the first that is not known; ``numbers`` remembers how far each stem has come."""
    number = numbers.get(stem, 2)
    while f"{stem}-{number}" in known:
        number += 1
    numbers[stem] = number
    return f"{stem}-{number}"


def _texts(values: pd.Series[Any]) -> list[str | None]:
    """Return ids as the reader will have them: text without blanks around it, whole numbers without a point; None where there is none."""
    texts = parse_values(values.reset_index(drop=True), ID, values, Place(role="", path=""))
    return [None if text is None or text is pd.NA or text != text else text for text in texts.tolist()]  # noqa: PLR0124 - NaN


def plain(value: Any) -> object:
    """Return a cell of a table as a value that JSON holds."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def check_keep(ids: Sequence[str], handling: Handling, place: Place) -> None:
    """Refuse ids in ``keep`` that no row has: a row meant by a wrong id would be changed all the same.

    Raises
    ------
    LayerError
        Naming the first, and the nearest id that there is.
    """
    known = set(ids) if handling.keep else set()
    lost = [row for row in handling.keep if row not in known]
    if lost:
        raise place.error(
            _("keep names rows that the layer lacks: {rows}", rows=some(lost)),
            remedy=_("correct keep in [layers.{role}]; the nearest id is {near}",
                     role=place.role, near=nearest(lost[0], list(ids))),
            row="keep",
        )  # fmt: skip


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
