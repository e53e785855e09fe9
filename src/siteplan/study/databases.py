"""Layers of a study that stand in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.errors import SettingsError
from siteplan.layers.postgis import MAX_ROWS, TIMEOUT_S, DatabaseTable, TableSource, read_table
from siteplan.layers.postgis_url import is_database, masked
from siteplan.layers.repair import Place
from siteplan.layers.roles import RASTER_ROLES
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from siteplan.study.settings import LayerSettings

_ONLY_THERE = ("query", "geometry", "max_rows", "timeout_s")
"""Keys of ``[layers.ROLE]`` that mean something for databases alone."""

_NOT_THERE = ("encoding", "heading_row", "unplaced")
"""Keys that mean nothing for databases."""


def layer_path(folder: Path, entry: LayerSettings) -> str:
    """Return what errors call a layer's source: its file, seen from the study's folder, or its address without the password."""
    return masked(entry.path) if is_database(entry.path) else str(folder / entry.path)


def check_databases(layers: Mapping[str, LayerSettings], file: Path) -> None:
    """Refuse rasters in databases, and keys for databases on files and for files on databases.

    Raises
    ------
    SettingsError
        Naming the table of study.toml.
    """
    for role, entry in layers.items():
        row = f"[layers.{role}]"
        given = [key for key in _ONLY_THERE if getattr(entry, key) is not None]
        if is_database(entry.path) and role in RASTER_ROLES:
            raise SettingsError(
                _("rasters are not read from databases"),
                remedy=_("export it as GeoTIFF and name the file in path"),
                path=file,
                row=row,
            )
        files = [key for key in _NOT_THERE if key in entry.model_fields_set]
        if files and is_database(entry.path):
            raise SettingsError(
                _("{key} is for files, and path names a database", key=files[0]),
                remedy=_("remove the line"),
                path=file,
                row=row,
            )
        if given and not is_database(entry.path):
            raise SettingsError(
                _("{key} is for layers of a database, and path names a file", key=given[0]),
                remedy=_('remove the line, or write path = "postgresql://..."'),
                path=file,
                row=row,
            )


def read_database(role: str, entry: LayerSettings) -> DatabaseTable:
    """Read the table or the query that study.toml names for a role.

    Raises
    ------
    LayerError
        As :func:`siteplan.layers.postgis.read_table`.
    """
    source = TableSource(
        url=entry.path,
        table=entry.layer,
        query=entry.query,
        geometry=entry.geometry,
        max_rows=MAX_ROWS if entry.max_rows is None else entry.max_rows,
        timeout_s=TIMEOUT_S if entry.timeout_s is None else entry.timeout_s,
    )
    return read_table(source, Place(role=role, path=masked(entry.path)))
