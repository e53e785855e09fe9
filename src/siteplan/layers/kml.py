"""KML as GDAL reads it right: in UTF-8, without a document type, and with names of data that it does not change.

GDAL's driver puts an underscore in the place of every byte of a name that is no ASCII letter or digit, so that 名称 and 户数 become one and the
same column. The names are therefore exchanged for plain ones before it reads, and back afterwards.
"""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from html import escape, unescape
from typing import TYPE_CHECKING

from siteplan.layers.formats import check_markup
from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from siteplan.layers.repair import Place

MOST_BYTES = 128 << 20
"""A larger KML is refused: it is read whole."""

_DECLARED = re.compile(rb"""\A(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["'][^>]*\?>""")
_NAMED = re.compile(r"""(<(?:[\w.-]+:)?Data\b[^>]*?\bname\s*=\s*)("[^"]*"|'[^']*')""")
_PLAIN = "siteplan_data_{k}"
_TEXTS = ("Name", "description", "timestamp", "begin", "end", "altitudeMode", "drawOrder", "icon", "snippet")
_SWITCHES = ("tessellate", "extrude", "visibility")


def kml_text(path: Path, place: Place) -> str:
    """Return the text of a KML, or of the first .kml in a KMZ, which is where programs look.

    Raises
    ------
    LayerError
        If it is larger than 128 MiB, damaged, in no known encoding, or declares a document type.
    """
    if path.suffix.casefold() == ".kmz":
        data = _unpacked(path, place)
    else:
        _check_size(path.stat().st_size, place)
        data = path.read_bytes()
    declared = _DECLARED.match(data)
    encoding = declared.group(1).decode("ascii") if declared is not None else "utf-8-sig"
    try:
        text = (data[declared.end() :] if declared is not None else data).decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise place.error(
            _("the text is not in the encoding {name} that the file declares", name=encoding),
            remedy=_("export the layer again as KML in UTF-8"),
        ) from error
    text = text.removeprefix("\ufeff").lstrip()
    check_markup(io.BytesIO(re.sub(r"\A<\?xml.*?\?>", "", text, flags=re.DOTALL).encode()).read, place)
    return text


def _check_size(size: int, place: Place) -> None:
    if size > MOST_BYTES:
        raise place.error(
            _("the file has {mb} MB", mb=f"{size / 2**20:,.0f}"),
            remedy=_("save the layer as GeoPackage: KML is read whole"),
        )


def _unpacked(path: Path, place: Place) -> bytes:
    """Return the map in a KMZ, whose size has been checked."""
    try:
        with zipfile.ZipFile(path) as archive:
            inner = next((name for name in archive.namelist() if name.casefold().endswith(".kml")), None)
            if inner is None:
                raise place.error(_("the archive holds no .kml"), remedy=_("export the layer again as KML"))
            _check_size(archive.getinfo(inner).file_size, place)
            return archive.read(inner)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError) as error:
        raise place.error(
            _("the file cannot be read: {why}", why=str(error)), remedy=_("it is damaged: copy or save it again")
        ) from error


def with_plain_names(text: str) -> tuple[str, dict[str, str]]:
    """Return a KML with plain names of its data, and the name that each stands for.

    >>> with_plain_names('<Data name="户数"><value>3</value></Data>')
    ('<Data name="siteplan_data_0"><value>3</value></Data>', {'siteplan_data_0': '户数'})
    """
    plain: dict[str, str] = {}

    def exchanged(match: re.Match[str]) -> str:
        name = unescape(match.group(2)[1:-1])
        held = plain.setdefault(name, _PLAIN.format(k=len(plain)))
        return f'{match.group(1)}"{escape(held)}"'

    text = _NAMED.sub(exchanged, text)
    return text, {held: name for name, held in plain.items()}


def without_defaults(frame: gpd.GeoDataFrame, names: dict[str, str]) -> gpd.GeoDataFrame:
    """Return a layer with the names of its data, and without the columns that every KML has, where they say nothing.

    The ``id`` of a placemark is its mark in the XML, which programs make up: it is called ``placemark_id``, and is taken for the id of a row
    only where no column of the data is. GDAL calls such a column of the data ``id2``.

    Parameters
    ----------
    frame : GeoDataFrame
        As GDAL reads it.
    names : dict of str to str
        Of :func:`with_plain_names`.
    """
    silent = [name for name in (*_TEXTS, "id") if name in frame and frame[name].isna().all()]
    silent += [name for name in _SWITCHES if name in frame and frame[name].isin([-1, 0]).all()]
    silent += [name for name in names if name in frame and frame[name].isna().all()]  # of other layers of the file
    return frame.drop(columns=silent).rename(columns={"id": "placemark_id", "id2": "id"}).rename(columns=names)
