"""In which encoding the text of a Shapefile is: said by its .cpg, else found from the bytes, never guessed Latin-1."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import numpy as np

from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.layers.repair import Place, Repair

_CODE_PAGES = {"936": "gb18030", "54936": "gb18030", "950": "big5", "65001": "utf-8"}
_CHINESE = ("gb2312", "gbk", "cp936", "gb18030")
_HEADER, _END_OF_FIELDS = 32, 0x0D  # of a dBASE table: bytes before its fields, and the mark after them
_WESTERN = ("iso8859-1", "cp1252")


def sidecar(path: Path, suffix: str) -> Path | None:
    """Return the file beside ``path`` with another suffix, in whatever case it is written; None if there is none."""
    if not path.parent.is_dir():
        return None
    wanted = (path.stem + suffix).casefold()
    return next((file for file in sorted(path.parent.iterdir()) if file.name.casefold() == wanted), None)


def shapefile_encoding(path: Path, place: Place) -> tuple[str, list[Repair]]:
    """Return the encoding of a Shapefile's text.

    Parameters
    ----------
    path : path
        The .shp.
    place : Place
        What errors and notes name.

    Returns
    -------
    encoding : str
        Name of a codec: what the .cpg says; without one UTF-8 if the bytes are valid UTF-8, else GB18030
        (a superset of GBK and GB2312).
    notes : list of Repair
        One where the encoding was found from the bytes, where the .cpg names a western code page, and where a
        field was too narrow for its text.

    Raises
    ------
    LayerError
        If the text is not in the encoding that the .cpg names, or in neither of the two.
    """
    table = sidecar(path, ".dbf")
    if table is None:
        return "utf-8", []
    texts = _texts(table)
    codec, notes = _found(path, texts, place)
    cut = sum(_is_cut(text, codec) for text in texts)
    if cut:
        notes.append(
            place.note(_("{n} texts are cut in the middle of their last character, as they stand in the file", n=cut))
        )
    return codec, notes


def _found(path: Path, texts: list[bytes], place: Place) -> tuple[str, list[Repair]]:
    said = sidecar(path, ".cpg")
    if said is not None:
        return _said(said, texts, place)
    if _decodes(texts, "utf-8"):
        return "utf-8", []
    if _decodes(texts, "gb18030"):
        note = _("no .cpg file, and the text is not UTF-8: read as GB18030 (GBK)")
        return "gb18030", [place.note(note)]
    raise place.error(
        _("no .cpg file, and the text is neither UTF-8 nor GB18030"),
        remedy=_("write the name of the encoding into {cpg} (for example BIG5)", cpg=path.with_suffix(".cpg").name),
    )


def _said(cpg: Path, texts: list[bytes], place: Place) -> tuple[str, list[Repair]]:
    word = cpg.read_text(encoding="ascii", errors="replace").strip()
    name = word.casefold().removeprefix("ansi").removeprefix("oem").strip()
    name = _CODE_PAGES.get(name, f"cp{name}" if name.isdigit() else name)
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        raise place.error(
            _("{cpg} names an encoding that is not known: {word}", cpg=cpg.name, word=word),
            remedy=_("write UTF-8 or GB18030 into {cpg}, whichever the text is in", cpg=cpg.name),
            row=cpg.name,
        ) from None
    codec = "gb18030" if codec in _CHINESE else codec
    if not _decodes(texts, codec):
        raise place.error(
            _("{cpg} says {word}, but the text is not in that encoding", cpg=cpg.name, word=word),
            remedy=_("remove {cpg} (siteplan then looks itself), or write the right encoding into it", cpg=cpg.name),
            row=cpg.name,
        )
    if codec in _WESTERN and not all(text.isascii() for text in texts):
        return codec, [place.note(_("text read as {codec}, as {cpg} says", codec=codec, cpg=cpg.name))]
    return codec, []


def _texts(table: Path) -> list[bytes]:
    """Return the headings and the distinct text values of a dBASE table, as bytes."""
    data = table.read_bytes()
    head, length = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    count = int.from_bytes(data[4:8], "little")
    if head <= _HEADER or length < 1:
        return []
    count = min(count, (len(data) - head) // length)
    rows = np.frombuffer(data, dtype=np.uint8, count=count * length, offset=head).reshape(count, length)
    texts, start = [], 1
    for at in range(32, head - 32, 32):
        field = data[at : at + 32]
        if field[0] == _END_OF_FIELDS:
            break
        texts.append(field[:11].split(b"\0")[0])
        width = field[16] + (256 * field[17] if field[11:12] == b"C" else 0)
        if field[11:12] == b"C" and count:
            values = np.ascontiguousarray(rows[:, start : start + width]).view(f"S{width}").ravel()
            texts.extend(np.unique(values).tolist())
        start += width
    return texts


def _decodes(texts: list[bytes], codec: str) -> bool:
    """Tell whether every text is in ``codec``; a last character cut off by the width of its field is allowed."""
    try:
        for text in texts:
            if not text.isascii():
                codecs.getincrementaldecoder(codec)("strict").decode(text.rstrip(b" "), final=False)
    except UnicodeDecodeError:
        return False
    return True


def _is_cut(text: bytes, codec: str) -> bool:
    if text.isascii():
        return False
    decoder = codecs.getincrementaldecoder(codec)("strict")
    decoder.decode(text.rstrip(b" "), final=False)
    return bool(decoder.getstate()[0])
