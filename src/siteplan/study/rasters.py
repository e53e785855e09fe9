"""The raster layers that a study names."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from siteplan.errors import SettingsError
from siteplan.layers.landcover import SURVEY, read_classes
from siteplan.layers.raster import Raster, open_raster
from siteplan.layers.repair import Place
from siteplan.layers.roles import RASTER_ROLES
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from siteplan.layers.repair import Repair
    from siteplan.study.settings import LayerSettings

_ONLY_THERE = ("nodata", "classes")
"""Keys of ``[layers.ROLE]`` that mean something for rasters alone."""

_HEAD_BYTES, _MOST_INDEX_BYTES = 4096, 1 << 24
_ELSEWHERE = re.compile(
    rb"/vsi|<!(DOCTYPE|ENTITY)|<GDAL_|<Source(Filename|Dataset)[^>]*>\s*([a-z]+://|wm[st]+:)", re.IGNORECASE
)
"""What a VRT of files on this machine does not hold."""

_OF_TABLES = ("layer", "columns", "defaults", "encoding", "heading_row", "unplaced")
"""Keys that mean nothing for rasters; what is said of positions and rows is refused where it is used (siteplan.layers.handling)."""


def study_raster(folder: Path, role: str, entry: LayerSettings) -> Raster:
    """Open a raster that study.toml names; no cell is read.

    Raises
    ------
    LayerError
        As :func:`siteplan.layers.raster.open_raster` and :func:`siteplan.layers.landcover.read_classes`.
    """
    said = _index_of_files(folder / entry.path, Place(role=role, path=str(folder / entry.path)))
    raster = open_raster(folder / entry.path, role, crs=entry.crs, nodata=entry.nodata, override_crs=entry.override_crs)
    raster = dataclasses.replace(raster, notes=(*raster.notes, *said))
    if entry.classes is None:
        return raster
    table = SURVEY if entry.classes == SURVEY else folder / entry.classes
    return dataclasses.replace(raster, classes=read_classes(table))


def _index_of_files(path: Path, place: Place) -> list[Repair]:
    """Refuse GDAL's index of files (VRT) where it names servers, and note that its files are not checked; it is not opened before.

    Raises
    ------
    LayerError
        Naming the file.
    """
    head = b""
    if path.is_file():
        with path.open("rb") as file:
            head = file.read(_MOST_INDEX_BYTES)
    if b"<VRTDataset" not in head[:_HEAD_BYTES]:
        return []
    if len(head) == _MOST_INDEX_BYTES or _ELSEWHERE.search(head):
        raise place.error(
            _("this VRT names files on servers or in archives, or is longer than {mb} MB", mb=_MOST_INDEX_BYTES >> 20),
            remedy=_("make one file of it: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE FILE.vrt FILE.tif"),
        )
    note = _(
        "a VRT is an index of other files: the audit notices if the index has changed, and not if one of those has"
    )
    return [place.note(note)]


def check_raster_keys(layers: Mapping[str, LayerSettings], file: Path) -> None:
    """Refuse ``nodata`` and ``classes`` where they mean nothing, and on rasters what is said of tables.

    Raises
    ------
    SettingsError
        Naming the table of study.toml.
    """
    for role, entry in layers.items():
        meant = () if role not in RASTER_ROLES else _ONLY_THERE if role == "landcover" else ("nodata",)
        for key in _ONLY_THERE:
            if getattr(entry, key) is not None and key not in meant:
                raise SettingsError(
                    _("{key} is for rasters, and not for {role}", key=key, role=role),
                    remedy=_("remove the line"),
                    path=file,
                    row=f"[layers.{role}]",
                )
        for key in _OF_TABLES if role in RASTER_ROLES else ():
            if key in entry.model_fields_set:
                raise SettingsError(
                    _("{key} is for tables, and not for the raster {role}", key=key, role=role),
                    remedy=_("remove the line"),
                    path=file,
                    row=f"[layers.{role}]",
                )
