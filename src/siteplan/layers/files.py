"""Open one vector file of any format, whole or not at all."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from siteplan.errors import LayerError
from siteplan.layers.encoding import shapefile_encoding
from siteplan.layers.formats import ENCODED, LAYERED, REGISTERS, format_of
from siteplan.layers.kml import kml_text, with_plain_names, without_defaults
from siteplan.layers.names import nearest
from siteplan.layers.register import read_register
from siteplan.layers.register_places import with_places
from siteplan.layers.shapefile import check_parts, rows_deleted, with_whole_names
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.layers.repair import Place, Repair

MOST_ROWS = 5_000_000
"""Rows of one layer; a county has some hundred thousand buildings, and memory is about 1.1 GB a million."""

_DAMAGE = (
    ValueError, LookupError, TypeError, RuntimeError, OSError, UnboundLocalError, shapely.errors.ShapelyError, pa.ArrowException,
)  # fmt: skip
"""What pyogrio, Arrow and GEOS raise on files that are damaged; pyogrio's own errors are RuntimeErrors."""

_MOST_UNPACKED, _MOST_RATIO = 256 << 20, 200
_EXACT = 2**53
"""Up to here a float64 holds every whole number."""


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """What study.toml says of a file beyond its name.

    Parameters
    ----------
    encoding : str or None
        Of the text of a Shapefile or CSV; None: found.
    heading_row : int or None
        Row of the headings in a register, from 1; None: found.
    unplaced : {"refuse", "drop"}
        What happens to rows of a register that have no coordinates.
    aliases : mapping of str to tuple of str
        Further headings by siteplan's column name.
    """

    encoding: str | None = None
    heading_row: int | None = None
    unplaced: str = "refuse"
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


def read_file(
    path: Path, place: Place, *, layer: str | None, columns: Mapping[str, str], options: FileOptions
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Read a file as it stands, in its own columns.

    Parameters
    ----------
    path : Path
        A file that is there.
    place : Place
        What errors and notes name.
    layer : str or None
        Layer of a file with several, sheet of a workbook.
    columns : mapping of str to str
        siteplan's column to the file's; of a register, ``x`` and ``y`` too.
    options : FileOptions
        What study.toml says of it.

    Returns
    -------
    frame : GeoDataFrame
        Dates as ``datetime.date``, times as datetime64, whole numbers exact.
    notes : list of Repair
        How the file was understood.

    Raises
    ------
    LayerError
        If it is damaged, cut off, something else than its name says, or cannot be understood.
    """
    kind = format_of(path, place)
    _check_options(kind, layer, options, place)
    if kind in REGISTERS:
        table, notes = read_register(
            path,
            place,
            sheet=layer,
            encoding=options.encoding,
            heading_row=options.heading_row,
            wanted=tuple(columns.values()),
            aliases=options.aliases,
        )
        frame, placed = with_places(table, columns, place, unplaced=options.unplaced, aliases=options.aliases)
        return frame, notes + placed
    if kind == "GeoParquet":
        return _read_parquet(path, place), []
    if kind == "Shapefile":
        check_parts(path, place)
        encoding, notes = shapefile_encoding(path, place, options.encoding)
        deleted = rows_deleted(path, place)
        frame, said = _read_ogr(path, place, left_out=len(deleted), encoding=encoding)
        frame, renamed = with_whole_names(frame, path, place)
        return frame, notes + deleted + said + renamed
    if kind in {"KML", "KMZ"}:
        return _read_kml(path, layer, place)
    if kind in LAYERED:
        return _read_layered(path, layer, place)
    return _read_ogr(path, place)


def _check_options(kind: str, layer: str | None, options: FileOptions, place: Place) -> None:
    """Refuse what study.toml says of a file whose format has no such thing."""
    told = {
        "layer": (layer, (*LAYERED, "XLSX")),
        "encoding": (options.encoding, ENCODED),
        "heading_row": (options.heading_row, REGISTERS),
        "unplaced": (None if options.unplaced == "refuse" else options.unplaced, REGISTERS),
    }
    for key, (value, kinds) in told.items():
        if value is None or kind in kinds:
            continue
        problem = (
            _("a {kind} file holds one layer, which has no name", kind=kind)
            if key == "layer"
            else _("{key} is for {kinds}, and this is {kind}", key=key, kinds=", ".join(kinds), kind=kind)
        )
        line = f'"{value}"' if isinstance(value, str) else value
        raise place.error(
            problem,
            remedy=_("remove the line {key} = {layer} from [layers.{role}]", key=key, layer=line, role=place.role),
            row=str(value),
        )


def _unreadable(error: Exception, place: Place) -> Exception:
    if isinstance(error, UnicodeDecodeError):
        return place.error(_("the text is not in UTF-8"), remedy=_("export the layer again in UTF-8"))
    return place.error(
        _("the file cannot be read: {why}", why=" ".join(str(error).split())),
        remedy=_("open it in QGIS to see whether it is whole, and save it again"),
    )


def _read_ogr(path: Path, place: Place, *, left_out: int = 0, **options: Any) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Read through GDAL and Arrow; a file that holds fewer rows than it says, but for those ``left_out``, is refused.

    FlatGeobuf goes without Arrow: that way GDAL verifies less, and a damaged file ends the process.
    """
    notes = []
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            info = pyogrio.read_info(path, **options)
            _check_count(info["features"], place)
            try:
                frame = _frame(path, info, options)
            except NotImplementedError:  # of Arrow's way, of curves
                frame = _with_dates(pyogrio.read_dataframe(path, **options), info)
                notes.append(place.note(_("curves are read as lines of many short pieces")))
    except LayerError:
        raise
    except _DAMAGE as error:
        raise _unreadable(error, place) from error
    if info["features"] - left_out > len(frame):
        raise place.error(
            _("the file is cut off: it says that it has {n} rows, and {found} can be read",
              n=info["features"] - left_out, found=len(frame)),
            remedy=_("copy or export it again"),
        )  # fmt: skip
    if not isinstance(frame, gpd.GeoDataFrame):
        raise place.error(
            _("the layer is a table without geometry"),
            remedy=_("name a layer with geometry in [layers.{role}]", role=place.role),
        )
    _check_text(frame, place)
    frame, measured = _without_measures(frame, place)
    notes += measured
    texts = dict.fromkeys(str(warning.message) for warning in said)
    return frame, notes + [place.note(_("said by GDAL: {text}", text=text)) for text in texts]


def _frame(path: Path, info: Mapping[str, Any], options: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Return what a file holds, whole numbers exact."""
    frame = pyogrio.read_dataframe(path, use_arrow=path.suffix.casefold() != ".fgb", **options)
    if not _rounded(frame, dict(zip(info["fields"], info["ogr_types"], strict=True))):
        return frame
    exact = {"types_mapper": {pa.int64(): pd.Int64Dtype()}.get}
    return pyogrio.read_dataframe(path, use_arrow=True, arrow_to_pandas_kwargs=exact, **options)


def _with_dates(frame: gpd.GeoDataFrame, info: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Return a layer with dates as dates, which come as times without Arrow; refuse whole numbers that were rounded."""
    kinds = dict(zip(info["fields"], info["ogr_types"], strict=True))
    if _rounded(frame, kinds):
        raise ValueError(_("it has curves, and whole numbers of more than 15 digits, some of them missing"))
    dates = {name: frame[name] for name, kind in kinds.items() if kind == "OFTDate" and name in frame}
    return frame.assign(
        **{
            name: pd.Series([None if pd.isna(day) else day.date() for day in days], index=frame.index, dtype=object)
            for name, days in dates.items()
        }
    )


def _without_measures(frame: gpd.GeoDataFrame, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Drop measures (m) of points, which Arrow's way keeps; heights are dropped, and reported, with all others."""
    if not hasattr(shapely, "has_m"):  # shapely before 2.1 has none
        return frame, []
    geometry = np.asarray(frame.geometry.array, dtype=object)
    measured = shapely.has_m(geometry) & ~shapely.has_z(geometry)
    if not measured.any():
        return frame, []
    geometry = geometry.copy()
    geometry[measured] = shapely.force_2d(geometry[measured])
    note = place.note(_("measures (m) of {n} geometries dropped", n=int(measured.sum())))
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs)), [note]


def _check_text(frame: pd.DataFrame, place: Place) -> None:
    """Refuse text that is not UTF-8, which Arrow hands on as it is and every later step trips over."""
    for name in frame.columns:
        if not pd.api.types.is_string_dtype(frame[name].dtype):
            continue
        try:
            pa.array(frame[name], from_pandas=True).validate(full=True)
        except (pa.ArrowException, UnicodeError) as error:
            raise place.error(
                _("the text of column {column} is damaged, or in another encoding than the file says", column=name),
                remedy=_("export the layer again in UTF-8"),
                row=str(name),
            ) from error


def _rounded(frame: pd.DataFrame, kinds: Mapping[str, str]) -> bool:
    """Tell whether whole numbers became floating ones (where some are missing) that cannot hold them exactly."""
    return any(
        kind == "OFTInteger64" and frame[name].dtype == np.float64 and bool((frame[name].abs() >= _EXACT).any())
        for name, kind in kinds.items()
        if name in frame
    )


def _read_layered(path: Path, layer: str | None, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said again, and kept as notes, when the layer is read
            names = [str(name) for name, geometry in pyogrio.list_layers(path) if geometry is not None]
    except _DAMAGE as error:
        raise _unreadable(error, place) from error
    notes: list[Repair] = []
    if layer is None and len(names) > 1 and place.role in names:
        notes.append(place.note(_("the file has several layers: read the one named {layer}", layer=place.role)))
    chosen = layer or (place.role if place.role in names else names[0] if len(names) == 1 else None)
    if chosen not in names:
        raise _no_such_layer(layer, names, place)
    frame, said = _read_ogr(path, place, layer=chosen)
    return frame, notes + said


def _no_such_layer(layer: str | None, names: list[str], place: Place) -> Exception:
    if not names:
        return place.error(
            _("the file has no layer with geometry"), remedy=_("name another file in [layers.{role}]", role=place.role)
        )
    near = nearest(layer or place.role, names)
    line = f'layer = "{near}"'
    problem = (
        _("the file has several layers, and none is named")
        if layer is None
        else _("the file has no layer {layer}", layer=layer)
    )
    return place.error(
        problem,
        remedy=_("write under [layers.{role}] in study.toml: {line}; the file has: {layers}",
                 role=place.role, line=line, layers=", ".join(names)),
        row=layer,
    )  # fmt: skip


def _read_kml(path: Path, layer: str | None, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    text, names = with_plain_names(kml_text(path, place))
    with tempfile.TemporaryDirectory(prefix="siteplan-") as folder:
        plain = Path(folder) / "doc.kml"
        plain.write_text(text, encoding="utf-8")
        frame, notes = _read_layered(plain, layer, place)
    return without_defaults(frame, names), notes


def _read_parquet(path: Path, place: Place) -> gpd.GeoDataFrame:
    import pyarrow.parquet as pq

    try:
        _check_parquet(path, place)
        frame = gpd.read_parquet(path)
        schema = pq.read_schema(path)
        for name in schema.names:
            if name not in frame or not pa.types.is_integer(schema.field(name).type):
                continue
            if frame[name].dtype == np.float64 and (frame[name].abs() >= _EXACT).any():
                frame[name] = pq.read_table(path, columns=[name])[name].to_pandas(
                    types_mapper={pa.int64(): pd.Int64Dtype()}.get
                )
    except LayerError:
        raise
    except _DAMAGE as error:
        raise _unreadable(error, place) from error
    _check_text(frame, place)
    return frame


def _check_parquet(path: Path, place: Place) -> None:
    """Refuse a GeoParquet that says, before it is read, that it would take up an absurd amount of memory."""
    import pyarrow.parquet as pq

    said = pq.read_metadata(path)
    if b"geo" not in (said.metadata or {}):
        raise place.error(
            _("the file is a table without geometry: it lacks what GeoParquet says of its geometry"),
            remedy=_("export the layer again as GeoParquet, from QGIS or geopandas"),
        )
    _check_count(said.num_rows, place)
    unpacked = sum(said.row_group(k).total_byte_size for k in range(said.num_row_groups))
    if unpacked > max(_MOST_UNPACKED, _MOST_RATIO * path.stat().st_size):
        raise place.error(
            _("the file would unpack to {mb} MB", mb=f"{unpacked / 2**20:,.0f}"),
            remedy=_("no layer is like that: make the file again from its source, or save it as GeoPackage"),
        )


def _check_count(rows: int, place: Place) -> None:
    if rows > MOST_ROWS:
        raise place.error(
            _("the layer has {n} rows, more than {most}", n=f"{rows:,}", most=f"{MOST_ROWS:,}"),
            remedy=_("cut it to the county, or divide it into several studies"),
        )
