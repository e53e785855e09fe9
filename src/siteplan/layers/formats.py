"""Which formats are read, and what a file really is: by the end of its name, and by its first bytes."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING
from xml.parsers import expat

from siteplan.layers.names import nearest
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from siteplan.layers.repair import Place

FORMATS = {
    ".gpkg": "GeoPackage",
    ".shp": "Shapefile",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
    ".fgb": "FlatGeobuf",
    ".kml": "KML",
    ".kmz": "KMZ",
    ".gdb": "FileGDB",
    ".csv": "CSV",
    ".xlsx": "XLSX",
    ".xlsm": "XLSX",
}
"""Formats that are read, by the end of the file's name."""

LAYERED = ("GeoPackage", "KML", "KMZ", "FileGDB")
"""Formats whose files hold several layers with names."""

REGISTERS = ("CSV", "XLSX")
"""Formats of tables; their places are columns of coordinates."""

ENCODED = ("Shapefile", "CSV")
"""Formats that do not say for certain how their text is encoded."""

_SQLITE, _ZIP, _OLE = b"SQLite format 3\0", b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_MAGIC = (
    (_SQLITE, "GeoPackage"),
    (b"PAR1", "GeoParquet"),
    (b"fgb\x03", "FlatGeobuf"),
    (b"\x00\x00\x27\x0a", "Shapefile"),
    (_ZIP, "ZIP"),
    (_OLE, "XLS"),
    (b"%PDF", "PDF"),
    (b"\x1f\x8b", "GZIP"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7Z"),
)
_ENDINGS = {kind: ending for ending, kind in reversed(FORMATS.items())} | {
    "ZIP": ".zip", "XLS": ".xls", "PDF": ".pdf", "GZIP": ".gz", "RAR": ".rar", "7Z": ".7z", "XML": ".xml", "HTML": ".html",
}  # fmt: skip
_FITS: dict[str, tuple[str | None, ...]] = {
    "KMZ": ("ZIP",), "XLSX": ("ZIP",), "CSV": (None,), "KML": ("KML", "XML"),
}  # fmt: skip
"""What the first bytes may say of formats that have no mark of their own; ``None``: nothing."""

_HEAD = 4096
_PROLOG = 1 << 20
_MOST_MEMBERS = 10_000
_MOST_UNPACKED = 256 << 20
_MOST_RATIO = 200


def check_file(path: Path, place: Place) -> None:
    """Refuse a file that is not there; the error names the nearest one that is. A FileGDB is a folder.

    Raises
    ------
    LayerError
        If there is no such file.
    """
    if path.is_file() or (path.suffix.casefold() == ".gdb" and path.is_dir()):
        return
    folder = path.parent
    if not folder.is_dir():
        raise place.error(
            _("no such folder: {folder}", folder=folder), remedy=_("correct path in [layers.{role}]", role=place.role)
        )
    near = nearest(path.name, sorted(file.name for file in folder.iterdir() if file.is_file() or file.suffix == ".gdb"))
    remedy = _("correct path in [layers.{role}]", role=place.role)
    if near is not None:
        remedy += ": " + _("the nearest file in the folder is {near}", near=near)
    raise place.error(_("no such file"), remedy=remedy)


def format_of(path: Path, place: Place) -> str:
    """Return the format of a file that its name and its first bytes agree on.

    Raises
    ------
    LayerError
        If its name ends in none that is read, or it holds something else than its name says.
    """
    kind = FORMATS.get(path.suffix.casefold())
    if kind is None:
        raise place.error(
            _("{suffix} files are not read as layers", suffix=path.suffix or path.name), remedy=_other_way(path)
        )
    if kind == "FileGDB":
        _check_geodatabase(path, place)
        return kind
    if not path.stat().st_size:
        raise place.error(_("the file is empty"), remedy=_("copy or export it again"))
    found = _found(path)
    if found not in _FITS.get(kind, (kind,)):
        raise _another(path, kind, found, place)
    if kind in {"KMZ", "XLSX"}:
        check_archive(path, place)
    return kind


def _another(path: Path, kind: str, found: str | None, place: Place) -> Exception:
    """Return the error for a file that holds something else than its name says."""
    if found is None:
        return place.error(
            _("the file is named {suffix}, but it is no {kind}", suffix=path.suffix, kind=kind),
            remedy=_(
                "it is damaged, or something else under a wrong name: copy it again, or export it as {kind}", kind=kind
            ),
        )
    if (kind, found) == ("XLSX", "XLS"):
        return place.error(
            _("the file is named {suffix}, but it is an old workbook, or one with a password", suffix=path.suffix),
            remedy=_("open it in Excel or WPS, take the password off, and save it as .xlsx"),
        )
    return place.error(
        _("the file is named {suffix}, but it is {found}", suffix=path.suffix, found=found),
        remedy=_("rename it to {name} and correct path in [layers.{role}], or export it as {kind}",
                 name=path.stem + _ENDINGS[found], role=place.role, kind=kind),
    )  # fmt: skip


def _other_way(path: Path) -> str:
    """Return what to do with a file that is not read."""
    suffix, name = path.suffix.casefold(), path.name.casefold()
    if name.endswith((".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")):
        return _("make a study of it with siteplan new --from-osm {name}", name=path.name)
    if suffix in {".zip", ".rar", ".7z", ".gz"}:
        return _("unpack it and name the layer's own file")
    if suffix in {".xls", ".et", ".ods"}:
        return _("open it in Excel or WPS and save it as .xlsx")
    if suffix in {".shx", ".dbf", ".prj", ".cpg"}:
        return _("name the .shp of the Shapefile")
    return _("save it as one of {formats}", formats=", ".join(dict.fromkeys(FORMATS.values())))


def _found(path: Path) -> str | None:
    """Return what the first bytes of a file say it is; None where they say nothing."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    known = next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
    if known is not None:
        return known
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"{", b"[")):
        return "GeoJSON"
    if text.startswith((b"<!doctype html", b"<html", b"<table")):
        return "HTML"
    if text.startswith((b"<?xml", b"<!", b"<kml", b"<osm", b"<gpx", b"<ogr")):
        return "KML" if b"<kml" in text else "XML"
    return None


def _check_geodatabase(path: Path, place: Place) -> None:
    if path.is_dir() and any(file.suffix.casefold() == ".gdbtable" for file in path.iterdir()):
        return
    raise place.error(
        _("a .gdb is a folder with .gdbtable files in it, and this is none"),
        remedy=_("copy the whole folder of the geodatabase, not a file of it"),
    )


def check_archive(path: Path, place: Place) -> None:
    """Refuse a zipped file (KMZ, XLSX) that is broken, holds other archives or would unpack to something absurd.

    Only the list of contents is read: nothing is unpacked.

    Raises
    ------
    LayerError
        If it unpacks to more than 256 MiB, or to more than 200 times its size where that is more than 16 MiB, holds
        more than 10,000 files or an archive, or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise place.error(
            _("the file cannot be read: {why}", why=str(error)), remedy=_("it is damaged: copy or save it again")
        ) from error
    unpacked, small = sum(member.file_size for member in members), 16 << 20
    inner = next((member.filename for member in members if member.filename.casefold().endswith((".zip", ".kmz"))), None)
    if inner is not None:
        raise place.error(
            _("the file is an archive that holds another archive"), remedy=_("unpack it and name the layer's own file"),
            row=inner,
        )  # fmt: skip
    absurd = unpacked > max(small, _MOST_RATIO * path.stat().st_size)
    if unpacked > _MOST_UNPACKED or len(members) > _MOST_MEMBERS or absurd:
        raise place.error(
            _("the file would unpack to {mb} MB in {n} files", mb=f"{unpacked / 2**20:,.0f}", n=len(members)),
            remedy=_("no register or map is like that: make the file again from its source, or save it as GeoPackage"),
        )


def check_markup(read: Callable[[int], bytes], place: Place) -> None:
    """Refuse XML that declares a document type: entities in one can grow without bound or name other files.

    Parameters
    ----------
    read : callable
        ``read(n)`` of a binary stream; what stands before the first element is read, at most 1 MiB.
    place : Place
        What errors name.

    Raises
    ------
    LayerError
        If there is a document type, no element, or no XML.
    """
    parser = expat.ParserCreate()
    seen: list[str] = []
    parser.StartDoctypeDeclHandler = lambda *_names: seen.append("doctype")
    parser.StartElementHandler = lambda *_element: seen.append("element")
    done = 0
    try:
        while not seen and done < _PROLOG:
            block = read(_HEAD)
            done += len(block)
            parser.Parse(block, not block)
            if not block:
                break
    except (expat.ExpatError, ValueError) as error:  # ValueError: an encoding that this parser lacks
        if not seen:
            raise place.error(
                _("the file cannot be read: {why}", why=str(error)), remedy=_("it is damaged: copy or save it again")
            ) from error
    if not seen:
        raise place.error(_("the file is no XML"), remedy=_("it is damaged: copy or save it again"))
    if seen[0] == "doctype":
        raise place.error(
            _("the XML declares a document type or entities"),
            remedy=_(
                "no map needs them, and they can do harm: export the layer again, or delete the <!DOCTYPE ...> part"
            ),
            row="<!DOCTYPE",
        )
