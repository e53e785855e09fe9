"""The layers of a study, all vectors in one metric CRS."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from siteplan.errors import DataError
from siteplan.layers.crs import name_of
from siteplan.layers.postgis_url import is_database
from siteplan.layers.roles import RASTER_ROLES, ROLES
from siteplan.layers.shapefile import fields_file
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    from pyproj import CRS

    from siteplan.layers.raster import Raster
    from siteplan.layers.repair import Repair

_SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a layer came from.

    Parameters
    ----------
    path : str
        The file, as study.toml names it; of a database the address, without a password.
    layer : str
        Layer of the file; "" where the file holds one.
    sha256 : str
        Of the file; of a Shapefile, of all its parts; of a database, of the content that was read.
    rows : int
        Rows read; 0 for a raster.
    crs : str
        CRS of the file.
    datum : str
        Datum of a web map, or old datum, from which its positions were taken to WGS 84 or CGCS2000; "": none.
    """

    path: str
    layer: str
    sha256: str
    rows: int
    crs: str
    datum: str = ""

    @property
    def file(self) -> bool:
        """Whether it is a file, and no database."""
        return not is_database(self.path)

    def where(self, folder: Path) -> str:
        """Return the file, seen from the study's ``folder``, or the address."""
        return str(folder / self.path) if self.file else self.path


@dataclass(frozen=True, kw_only=True, eq=False)
class Layers:
    """The layers of a study. Frozen; :meth:`but` gives a changed copy.

    Parameters
    ----------
    crs : CRS
        Projected, metres; every vector layer is in it.
    vectors : mapping of str to GeoDataFrame
        By role, each as the role's contract wants it.
    rasters : mapping of str to Raster
        By role, each in its own CRS.
    sources : mapping of str to Source
        By role; a layer made in memory has none. ``register``: the register joined to the buildings;
        ``exclusions KIND``: a file of exclusions of one kind; ``landcover classes``: the table of what its numbers mean.
    repairs : tuple of Repair
        What was repaired or guessed while reading.
    """

    crs: CRS
    vectors: Mapping[str, gpd.GeoDataFrame]
    rasters: Mapping[str, Raster] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()

    def __post_init__(self) -> None:
        """Put the roles in the order of the contract, and hold the mappings against change."""
        for name, order in (
            ("vectors", ROLES),
            ("rasters", RASTER_ROLES),
            ("sources", [*ROLES, *RASTER_ROLES, "register"]),
        ):
            given = getattr(self, name)
            sorted_ = {role: given[role] for role in order if role in given}
            if name == "sources":  # then the files that belong to layers
                sorted_ |= {role: one for role, one in given.items() if role not in sorted_}
            object.__setattr__(self, name, MappingProxyType(sorted_))

    def get(self, role: str) -> gpd.GeoDataFrame | None:
        """Return the vector layer of ``role``, or None."""
        return self.vectors.get(role)

    def require(self, role: str, why: str) -> gpd.GeoDataFrame:
        """Return the vector layer of ``role``.

        Parameters
        ----------
        role : str
            A vector role.
        why : str
            What it is needed for, to be said in the error.

        Raises
        ------
        DataError
            If the study has no such layer; it says how to add one.
        """
        if role in self.vectors:
            return self.vectors[role]
        raise DataError(
            _("the study has no layer {role}, which is needed: {why}", role=role, why=why),
            remedy=_("add it to study.toml: {lines}", lines=f'[layers.{role}] path = "..."'),
            path="study.toml",
            row=f"[layers.{role}]",
        )

    def but(self, **changes: Any) -> Layers:
        """Return a copy with ``changes``."""
        return dataclasses.replace(self, **changes)

    def __repr__(self) -> str:
        """Return each layer with its rows, and the CRS."""
        parts = [f"{role} {len(frame)}" for role, frame in self.vectors.items()] + list(self.rasters)
        return f"Layers({', '.join(parts)}; {name_of(self.crs)})"


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a layer's file; of a Shapefile or a FileGDB, of its parts one after the other."""
    parts = [path]
    if path.suffix.casefold() == ".gdb" and path.is_dir():  # .lock files come and go with whoever looks at it
        parts = sorted(file for file in path.iterdir() if file.is_file() and file.suffix.casefold() != ".lock")
    if path.suffix.casefold() == ".shp":
        parts = sorted(
            file
            for file in path.parent.iterdir()
            if (file.stem == path.stem and file.suffix.casefold() in _SHAPEFILE_PARTS) or file == fields_file(path)
        )
    digest = hashlib.sha256()
    for part in parts:
        with part.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
