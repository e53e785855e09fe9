"""Write one layer, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyogrio

from siteplan.errors import DataError
from siteplan.layers.encoding import sidecar
from siteplan.layers.formats import FORMATS
from siteplan.layers.shapefile import FIELDS_SUFFIX
from siteplan.layers.writable import kind_of
from siteplan.layers.write_shapefile import write_shapefile
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pandas as pd

_DRIVERS = {
    "GeoPackage": "GPKG",
    "Shapefile": "ESRI Shapefile",
    "GeoJSON": "GeoJSON",
    "FlatGeobuf": "FlatGeobuf",
}
GEOPACKAGE_VERSION = "1.3"
"""QGIS 3.22 warns of anything newer."""

WRITTEN = {ending: kind for ending, kind in FORMATS.items() if kind in _DRIVERS or kind == "GeoParquet"}
"""Formats that are written, by the end of the file's name."""

_TOO_LARGE = 2**63
_SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg", FIELDS_SUFFIX, ".shp")
_SHAPEFILE_INDEXES = (".sbn", ".sbx", ".qix")


def write_layer(frame: gpd.GeoDataFrame, path: str | Path, layer: str | None = None) -> Path:
    """Write a layer in the format that the file's name ends with.

    The file is made under a temporary name in the same folder and then moved into place, so that an error leaves what
    was there before. A layer written to a GeoPackage that exists replaces only the layer of that name.

    Parameters
    ----------
    frame : GeoDataFrame
        With a CRS.
    path : path
        Ends in .gpkg, .shp, .geojson, .json, .parquet, .geoparquet or .fgb. Shapefiles: see
        siteplan.layers.write_shapefile.
    layer : str, optional
        Name of the layer in a GeoPackage; None: the file's name.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If the format is not written, cannot hold a column or a value, or the folder cannot be written to.
    """
    path = Path(path)
    kind = WRITTEN.get(path.suffix.casefold())
    if kind is None:
        raise DataError(
            _("{suffix} files are not written", suffix=path.suffix or path.name),
            remedy=_("choose a name that ends in one of {endings}", endings=", ".join(WRITTEN)),
            path=path,
        )
    _check_columns(frame, path, kind)
    try:
        with tempfile.TemporaryDirectory(prefix=".siteplan-", dir=path.parent) as folder:
            temporary = Path(folder) / path.name
            if kind == "GeoPackage" and path.exists():
                shutil.copy2(path, temporary)
            _write(frame, temporary, kind, layer or path.stem, path)
            _move(temporary, path, kind)
    except DataError:
        raise
    except (OSError, ValueError, RuntimeError, pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
        raise DataError(
            _("the layer cannot be written: {why}", why=" ".join(str(error).split())),
            remedy=_(
                "check that the folder exists and can be written to, and that no other program holds the file open"
            ),
            path=path,
        ) from error
    return path


def _check_columns(frame: gpd.GeoDataFrame, path: Path, kind: str) -> None:
    """Refuse columns that the format cannot hold, or would change without a word.

    Raises
    ------
    DataError
        Naming the column.
    """
    names = [name for name in frame.columns if name != frame.geometry.name]
    if kind == "GeoParquet":  # which has lists
        names = [name for name in names if not _holds_lists(frame[name])]
    kinds = {name: kind_of(frame[name], path) for name in names}
    dates = [str(name) for name, held in kinds.items() if held == "date"]
    if kind == "FlatGeobuf" and dates:
        raise DataError(
            _("FlatGeobuf has no dates, only times: {columns}", columns=", ".join(dates)),
            remedy=_("write GeoPackage instead, or make them times or text"),
            path=path,
            row=dates[0],
        )
    if kind in {"GeoPackage", "GeoJSON", "FlatGeobuf"}:
        _check_kept(frame, kinds, path, kind)


def _check_kept(frame: gpd.GeoDataFrame, kinds: Mapping[Any, str], path: Path, kind: str) -> None:
    """Refuse what GDAL changes or loses without a word: columns that differ in case alone, very large numbers, parts of milliseconds."""
    held: dict[str, str] = {}
    for name, holds in kinds.items():
        other = held.setdefault(str(name).casefold(), str(name))
        values = frame[name].dropna()
        if other != str(name):
            problem = _("{kind} takes the columns {one} and {other} for the same", kind=kind, one=other, other=name)
            remedy = _("rename one of them, or write GeoParquet")
        elif holds == "int" and len(values) and int(values.max()) >= _TOO_LARGE:
            problem = _("a number is too large for {kind}: {value}", kind=kind, value=int(values.max()))
            remedy = _("make it text, or write GeoParquet")
        elif holds == "time" and any(value.microsecond % 1000 or getattr(value, "nanosecond", 0) for value in values):
            problem = _("a time has parts of milliseconds, which {kind} does not hold", kind=kind)
            remedy = _("round the times, make them text, or write GeoParquet")
        else:
            continue
        raise DataError(problem, remedy=remedy, path=path, row=str(name))


def _holds_lists(values: pd.Series[Any]) -> bool:
    return values.dtype == object and bool(values.dropna().map(lambda value: isinstance(value, list)).all())


def _write(frame: gpd.GeoDataFrame, path: Path, kind: str, layer: str, named: Path) -> None:
    if kind == "GeoParquet":
        frame.to_parquet(path, index=False)
        return
    options: dict[str, Any] = {"driver": _DRIVERS[kind], "use_arrow": True}
    if kind == "GeoPackage":
        options["layer"] = layer
        if not path.exists():
            options["dataset_options"] = {"VERSION": GEOPACKAGE_VERSION}
        options["layer_options"] = _names_of_its_own(frame)
    if kind == "FlatGeobuf":
        options["layer_options"] = {"SPATIAL_INDEX": "NO"}  # with one the rows would come back in another order
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if kind == "Shapefile":
            write_shapefile(frame, path, named)  # compares what it wrote with what it was to write
            return
        pyogrio.write_dataframe(frame, path, **options)
    lost = [str(warning.message) for warning in said if "'crs' was not provided" not in str(warning.message)]
    if lost:
        raise DataError(
            _("the layer cannot be written: {why}", why=lost[0]),
            remedy=_("correct that column, or choose another format"),
            path=named,
        )


def _names_of_its_own(frame: gpd.GeoDataFrame) -> dict[str, str]:
    """Return names for a GeoPackage's own numbers and geometry where the usual ones are those of columns, which would be lost."""
    taken = {str(name).casefold() for name in frame.columns if name != frame.geometry.name}
    names = {"FID": ("fid", "ogc_fid"), "GEOMETRY_NAME": ("geom", "geometry")}
    return {
        option: next(
            name for name in (*usual, *(f"{usual[0]}_{k}" for k in range(len(taken) + 1))) if name not in taken
        )
        for option, usual in names.items()
    }


def _move(temporary: Path, path: Path, kind: str) -> None:
    if kind != "Shapefile":
        temporary.replace(path)
        return
    for suffix in _SHAPEFILE_INDEXES:
        stale = sidecar(path, suffix)
        if stale is not None:
            stale.unlink()
    for suffix in _SHAPEFILE_PARTS:
        part, old = sidecar(temporary, suffix), sidecar(path, suffix)
        if part is not None:
            part.replace(path.with_name(path.stem + suffix))
        elif old is not None:
            old.unlink()
