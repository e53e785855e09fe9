"""Write one layer, whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyogrio

from siteplan.errors import DataError
from siteplan.layers.encoding import sidecar
from siteplan.layers.read import FORMATS
from siteplan.messages import _

if TYPE_CHECKING:
    import geopandas as gpd

GEOPACKAGE_VERSION = "1.3"
"""QGIS 3.22 warns of anything newer."""

_NAME_BYTES = 10
_TEXT_BYTES = 254
_SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg", ".shp")
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
        Ends in .gpkg, .shp, .geojson, .json, .parquet or .geoparquet. Shapefiles are written in UTF-8 with a .cpg;
        headings are cut at 10 bytes, between characters.
    layer : str, optional
        Name of the layer in a GeoPackage; None: the file's name.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If the format is not written, a Shapefile cannot hold the table, or the folder cannot be written to.
    """
    path = Path(path)
    kind = FORMATS.get(path.suffix.casefold())
    if kind is None:
        raise DataError(
            _("{suffix} files are not written", suffix=path.suffix or path.name),
            remedy=_("choose a name that ends in one of {endings}", endings=", ".join(FORMATS)),
            path=path,
        )
    if kind == "Shapefile":
        frame = _for_shapefile(frame, path)
    try:
        with tempfile.TemporaryDirectory(prefix=".siteplan-", dir=path.parent) as folder:
            temporary = Path(folder) / path.name
            if kind == "GeoPackage" and path.exists():
                shutil.copy2(path, temporary)
            _write(frame, temporary, kind, layer or path.stem)
            _move(temporary, path, kind)
    except (OSError, ValueError, pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
        raise DataError(
            _("the layer cannot be written: {why}", why=" ".join(str(error).split())),
            remedy=_(
                "check that the folder exists and can be written to, and that no other program holds the file open"
            ),
            path=path,
        ) from error
    return path


def _write(frame: gpd.GeoDataFrame, path: Path, kind: str, layer: str) -> None:
    if kind == "GeoParquet":
        frame.to_parquet(path, index=False)
        return
    options: dict[str, Any] = {"driver": {"Shapefile": "ESRI Shapefile", "GeoPackage": "GPKG"}.get(kind, kind)}
    if kind == "GeoPackage":
        options["layer"] = layer
        if not path.exists():
            options["dataset_options"] = {"VERSION": GEOPACKAGE_VERSION}
    if kind == "Shapefile":
        options["encoding"] = "UTF-8"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.write_dataframe(frame, path, **options)


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


def _for_shapefile(frame: gpd.GeoDataFrame, path: Path) -> gpd.GeoDataFrame:
    """Return the table with headings of at most 10 bytes; refuse text that a Shapefile would cut."""
    names = {name: _cut(str(name)) for name in frame.columns if name != frame.geometry.name}
    twice = sorted({name for name in names.values() if list(names.values()).count(name) > 1})
    remedy = _("write GeoPackage instead, or shorten it")
    if twice:
        which = [str(name) for name, cut in names.items() if cut == twice[0]]
        raise DataError(
            _("cut to 10 bytes, as Shapefile wants, these headings are the same: {names}", names=", ".join(which)),
            remedy=remedy,
            path=path,
            row=which[0],
        )
    for name in names:
        values = frame[name]
        if pd.api.types.is_object_dtype(values.dtype) or pd.api.types.is_string_dtype(values.dtype):
            long = [text for text in values.dropna() if len(str(text).encode()) > _TEXT_BYTES]
            if long:
                raise DataError(
                    _("{n} texts are longer than the 254 bytes that Shapefile holds", n=len(long)),
                    remedy=remedy,
                    path=path,
                    row=str(name),
                )
    return frame.rename(columns=names)


def _cut(name: str) -> str:
    return name.encode()[:_NAME_BYTES].decode(errors="ignore")
