"""Read one vector layer of a role, from a file of any format or from a database."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pyproj import CRS

from siteplan.layers.aliases import PLACES
from siteplan.layers.area_units import in_square_metres
from siteplan.layers.columns import conform, role_of
from siteplan.layers.crs import check_axes, check_rows, name_of, parse_crs, to_crs
from siteplan.layers.files import FileOptions, read_file
from siteplan.layers.formats import FORMATS, REGISTERS, check_file
from siteplan.layers.handling import AS_IT_IS, Handling, check_keep, check_kept, in_its_zone, own_crs, placed, with_rows
from siteplan.layers.postgis import DatabaseTable
from siteplan.layers.repair import Place, Repair
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd


def read_layer(  # noqa: PLR0913 - one keyword for each thing that study.toml says of a layer
    path: str | Path | DatabaseTable,
    role: str,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
    crs: str | None = None,
    target_crs: CRS | str | None = None,
    options: FileOptions | None = None,
    handling: Handling = AS_IT_IS,
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Read a file as a layer of one role.

    Parameters
    ----------
    path : path or DatabaseTable
        The file, or what was read from a database.
    role : str
        A vector role (siteplan.layers.roles.ROLES).
    layer : str, optional
        Name of the layer in a file with several, or of the sheet in a workbook; None: the only one, or the one named
        as the role.
    columns : mapping of str to str, optional
        siteplan's column name to the file's; of a register, ``x`` and ``y`` too.
    defaults : mapping of str to object, optional
        Values for columns that the file lacks.
    crs : str, optional
        The layer's CRS, only where the file itself has none.
    target_crs : CRS or str, optional
        CRS to bring it to; None: its own.
    options : FileOptions, optional
        Encoding of text, row of headings, rows without coordinates, further headings.
    handling : Handling
        How its positions and areas are to be understood, and what may be repaired.

    Returns
    -------
    frame : GeoDataFrame
        ``id``, the role's columns, all other columns of the file, ``geometry``; see siteplan.layers.columns.conform.
    repairs : list of Repair
        What was repaired and how the file was understood.

    Raises
    ------
    LayerError
        If the file, the layer, the CRS, a column, a value or a geometry cannot be used; it names file, row and remedy.
    UsageError
        If there is no such role.
    """
    role_of(role)
    columns, options = dict(columns or {}), options or FileOptions()
    if isinstance(path, DatabaseTable):
        place = Place(role=role, path=path.path)
        frame, notes = own_crs(path.frame, crs, handling, place), list(path.notes)
        own = agreed_crs(_known(frame.crs), crs, place)
    else:
        path = Path(path)
        place = Place(role=role, path=str(path))
        check_file(path, place)
        frame, notes = read_file(path, place, layer=layer, columns=columns, options=options)
        if FORMATS[path.suffix.casefold()] in REGISTERS:
            columns = {name: heading for name, heading in columns.items() if name not in PLACES}
        frame = own_crs(frame, crs, handling, place)
        own = _crs(frame, path, crs, place)
    own, zone = in_its_zone(frame, own, place)
    frame, left = with_rows(frame.set_crs(own, allow_override=True), columns, handling, place, options.aliases)
    frame, columns, units = in_square_metres(frame, columns, handling.units, place, options.aliases)
    frame, repairs = conform(frame, role, path=place.path, columns=columns, defaults=defaults, aliases=options.aliases)
    check_keep(frame["id"], handling, place)
    check_kept(repairs, handling, place)
    check_axes(tuple(frame.total_bounds), frame.crs, place)
    check_rows(frame, place)
    frame, moved = placed(frame, handling, place)
    notes += [*zone, *left, *units, *moved]
    if target_crs is not None:
        frame, moved = to_crs(frame, CRS.from_user_input(target_crs), place)
        repairs += moved
    return frame, notes + repairs


def _crs(frame: gpd.GeoDataFrame, path: Path, given: str | None, place: Place) -> CRS:
    """Return the layer's CRS: the file's own, else the one that study.toml gives for it."""
    own = _known(frame.crs)
    if own is not None and FORMATS[path.suffix.casefold()] == "GeoJSON" and given is not None and not _names_crs(path):
        own = None  # a GeoJSON file that names none is taken as WGS 84 only where nobody says otherwise
    return agreed_crs(own, given, place)


def agreed_crs(own: CRS | None, given: str | None, place: Place) -> CRS:
    """Return a file's own CRS, or the one that study.toml gives where the file has none.

    Raises
    ------
    LayerError
        If there is neither, or the two are not the same.
    SettingsError
        If the given one does not exist.
    """
    if given is None:
        if own is None:
            raise place.error(
                _("the layer has no coordinate system"),
                remedy=_('write under [layers.{role}] in study.toml: crs = "EPSG:..." (the system it was drawn in)',
                         role=place.role),
                row="crs",
            )  # fmt: skip
        return own
    said = parse_crs(given, path="study.toml", row=f"[layers.{place.role}] crs")
    if own is not None and not _same(own, said):
        raise place.error(
            _("the file says it is in {own}, study.toml says {said}", own=name_of(own), said=given),
            remedy=_("remove crs from [layers.{role}]; or, if it is right and the file's is wrong, write override_crs = true below it",
                     role=place.role),
            row="crs",
        )  # fmt: skip
    return said


def _known(crs: CRS | None) -> CRS | None:
    """Return a file's CRS without its heights; None where it is none or GeoPackage's "undefined"."""
    if crs is None or crs.is_engineering or crs.name.casefold().startswith("undefined"):
        return None
    return crs.to_2d() if len(crs.axis_info) > len("xy") or crs.is_compound else crs


def _same(a: CRS, b: CRS) -> bool:
    number = a.to_epsg(min_confidence=20)
    return a.equals(b, ignore_axis_order=True) or (number is not None and number == b.to_epsg(min_confidence=20))


def _names_crs(path: Path) -> bool:
    """Tell whether a GeoJSON file names its CRS (an old member, which GDAL still writes)."""
    text = path.read_text(encoding="utf-8-sig")
    if not re.search(r'"crs"\s*:', text):
        return False
    return isinstance(json.loads(text).get("crs"), dict)
