"""Read one vector layer: GeoPackage, Shapefile, GeoJSON or GeoParquet."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyogrio
from pyproj import CRS

from siteplan.layers.columns import conform, role_of
from siteplan.layers.crs import check_axes, name_of, parse_crs, to_crs
from siteplan.layers.encoding import shapefile_encoding, sidecar
from siteplan.layers.names import nearest
from siteplan.layers.postgis import DatabaseTable
from siteplan.layers.repair import Place, Repair
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = {
    ".gpkg": "GeoPackage",
    ".shp": "Shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
}
"""Formats that are read, by the end of the file's name."""


def read_layer(
    path: str | Path | DatabaseTable,
    role: str,
    *,
    layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    defaults: Mapping[str, object] | None = None,
    crs: str | None = None,
    target_crs: CRS | str | None = None,
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Read a file as a layer of one role.

    Parameters
    ----------
    path : path or DatabaseTable
        The file, or what was read from a database.
    role : str
        A vector role (siteplan.layers.roles.ROLES).
    layer : str, optional
        Name of the layer in a file with several; None: the only one, or the one named as the role.
    columns : mapping of str to str, optional
        siteplan's column name to the file's.
    defaults : mapping of str to object, optional
        Values for columns that the file lacks.
    crs : str, optional
        The layer's CRS, only where the file itself has none.
    target_crs : CRS or str, optional
        CRS to bring it to; None: its own.

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
    if isinstance(path, DatabaseTable):
        place = Place(role=role, path=path.path)
        frame, notes = path.frame, list(path.notes)
        own = agreed_crs(_known(frame.crs), crs, place)
    else:
        path = Path(path)
        place = Place(role=role, path=str(path))
        check_file(path, place)
        frame, notes = _read(path, layer, place)
        own = _crs(frame, path, crs, place)
    frame = frame.set_crs(own, allow_override=True)
    frame, repairs = conform(frame, role, path=place.path, columns=columns, defaults=defaults)
    check_axes(tuple(frame.total_bounds), frame.crs, place)
    if target_crs is not None:
        frame, moved = to_crs(frame, CRS.from_user_input(target_crs), place)
        repairs += moved
    return frame, notes + repairs


def check_file(path: Path, place: Place) -> None:
    """Refuse a file that is not there; the error names the nearest one that is.

    Raises
    ------
    LayerError
        If there is no such file.
    """
    if path.is_file():
        return
    folder = path.parent
    if not folder.is_dir():
        raise place.error(
            _("no such folder: {folder}", folder=folder), remedy=_("correct path in [layers.{role}]", role=place.role)
        )
    near = nearest(path.name, sorted(file.name for file in folder.iterdir() if file.is_file()))
    remedy = _("correct path in [layers.{role}]", role=place.role)
    if near is not None:
        remedy += ": " + _("the nearest file in the folder is {near}", near=near)
    raise place.error(_("no such file"), remedy=remedy)


def _read(path: Path, layer: str | None, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    kind = FORMATS.get(path.suffix.casefold())
    if kind is None:
        raise place.error(
            _("{suffix} files are not read as layers", suffix=path.suffix or path.name),
            remedy=_("save it as one of {formats}", formats=", ".join(dict.fromkeys(FORMATS.values()))),
        )
    if kind == "GeoPackage":
        return _read_geopackage(path, layer, place)
    if layer is not None:
        raise place.error(
            _("a {kind} file holds one layer, which has no name", kind=kind),
            remedy=_("remove the line layer = {layer} from [layers.{role}]", layer=f'"{layer}"', role=place.role),
            row=layer,
        )
    if kind == "GeoParquet":
        return _read_parquet(path, place), []
    encoding = None
    notes: list[Repair] = []
    if kind == "Shapefile":
        for suffix in (".dbf", ".shx"):
            if sidecar(path, suffix) is None:
                raise place.error(
                    _("the Shapefile lacks its {suffix} file", suffix=suffix),
                    remedy=_("copy all files of that name (.shp, .shx, .dbf, .prj) into the folder"),
                    row=path.with_suffix(suffix).name,
                )
        encoding, notes = shapefile_encoding(path, place)
    frame, said = _read_ogr(path, place, encoding=encoding)
    return frame, notes + said


def _unreadable(error: Exception, place: Place) -> Exception:
    return place.error(
        _("the file cannot be read: {why}", why=" ".join(str(error).split())),
        remedy=_("open it in QGIS to see whether it is whole, and save it again"),
    )


def _read_ogr(path: Path, place: Place, **options: Any) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            frame = pyogrio.read_dataframe(path, **options)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, UnicodeDecodeError, ValueError) as error:
        raise _unreadable(error, place) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise place.error(
            _("the layer is a table without geometry"),
            remedy=_("name a layer with geometry in [layers.{role}]", role=place.role),
        )
    texts = dict.fromkeys(str(warning.message) for warning in said)
    return frame, [place.note(_("said by GDAL: {text}", text=text)) for text in texts]


def _read_geopackage(path: Path, layer: str | None, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    try:
        names = [str(name) for name, geometry in pyogrio.list_layers(path) if geometry is not None]
    except (pyogrio.errors.DataSourceError, ValueError) as error:
        raise _unreadable(error, place) from error
    notes: list[Repair] = []
    if layer is None and len(names) > 1 and place.role in names:
        notes.append(place.note(_("the file has several layers: read the one named {layer}", layer=place.role)))
    chosen = layer or (place.role if place.role in names else names[0] if len(names) == 1 else None)
    if chosen in names:
        frame, said = _read_ogr(path, place, layer=chosen)
        return frame, notes + said
    if not names:
        raise place.error(
            _("the file has no layer with geometry"), remedy=_("name another file in [layers.{role}]", role=place.role)
        )
    near = nearest(layer or place.role, names)
    line = f'layer = "{near}"'
    problem = (
        _("the file has several layers, and none is named")
        if layer is None
        else _("the file has no layer {layer}", layer=layer)
    )
    raise place.error(
        problem,
        remedy=_("write under [layers.{role}] in study.toml: {line}; the file has: {layers}",
                 role=place.role, line=line, layers=", ".join(names)),
        row=layer,
    )  # fmt: skip


def _read_parquet(path: Path, place: Place) -> gpd.GeoDataFrame:
    import pyarrow as pa

    try:
        return gpd.read_parquet(path)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise _unreadable(error, place) from error


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
            remedy=_("remove crs from [layers.{role}], or correct the coordinate system of the file", role=place.role),
            row="crs",
        )
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
