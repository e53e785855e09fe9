"""In which encoding the text of a Shapefile is: as study.toml says, or its .cpg, or its language byte, else found from the bytes.

Never guessed Latin-1: where the bytes fit two encodings, the user is told which was taken and how to say otherwise.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

import numpy as np

from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.layers.repair import Place, Repair

_CODE_PAGES = {"936": "gb18030", "54936": "gb18030", "950": "big5", "65001": "utf-8"}
_CHINESE = ("gb2312", "gbk", "cp936", "gb18030")
_MOST_FIELDS_BYTES = 1 << 16  # the length of the head is a number of two bytes
_HEADER, _END_OF_FIELDS = 32, 0x0D  # of a dBASE table: bytes before its fields, and the mark after them
_WESTERN = ("iso8859-1", "cp1252", "cp437", "cp850")
_LANGUAGE_BYTE = 29
_LANGUAGES = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x13: "cp932", 0x4D: "gb18030", 0x4E: "cp949", 0x4F: "big5",
    0x78: "big5", 0x79: "cp949", 0x7A: "gb18030", 0x7B: "cp932",
}  # fmt: skip
"""Code page by the language driver id of a dBASE table, in its byte 29 (dBASE and FoxPro use different ones); those
that matter in China and the western ones. 0 and 0x57 ("the system's own") say nothing."""
_CHINESE_CHARACTER = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


def sidecar(path: Path, suffix: str) -> Path | None:
    """Return the file beside ``path`` with another suffix, in whatever case it is written; None if there is none."""
    if not path.parent.is_dir():
        return None
    wanted = (path.stem + suffix).casefold()
    return next((file for file in sorted(path.parent.iterdir()) if file.name.casefold() == wanted), None)


def shapefile_encoding(path: Path, place: Place, given: str | None = None) -> tuple[str, list[Repair]]:
    """Return the encoding of a Shapefile's text.

    Parameters
    ----------
    path : path
        The .shp.
    place : Place
        What errors and notes name.
    given : str, optional
        What study.toml says; it is believed before the file.

    Returns
    -------
    encoding : str
        Name of a codec: the given one, else what the .cpg says, else the language byte of the table, else UTF-8 if
        the bytes are valid UTF-8, else GB18030 (a superset of GBK and GB2312).
    notes : list of Repair
        One where the encoding was found from the bytes or a western code page was taken, which says how to set it,
        and where a field was too narrow for its text.

    Raises
    ------
    LayerError
        If the text is not in the encoding that is said, or may be in two or in none.
    """
    table = sidecar(path, ".dbf")
    if table is None:
        return "utf-8", []
    texts = _texts(table)
    codec, notes = _found(path, table, texts, place) if given is None else (given_encoding(given, texts, place), [])
    cut = sum(_is_cut(text, codec) for text in texts)
    if cut:
        notes.append(
            place.note(_("{n} texts are cut in the middle of their last character, as they stand in the file", n=cut))
        )
    return codec, notes


def _found(path: Path, table: Path, texts: list[bytes], place: Place) -> tuple[str, list[Repair]]:
    said = sidecar(path, ".cpg")
    if said is not None:
        return _said(said, texts, place)
    with table.open("rb") as stream:
        codec = _LANGUAGES.get(stream.read(_HEADER)[_LANGUAGE_BYTE])
    if codec is not None and all(text.isascii() for text in texts):
        return codec, []
    if codec is not None and codec not in _WESTERN and _decodes(texts, codec) and not _is_utf8(texts, codec):
        return codec, []
    return found_encoding(texts, place, western=codec)


def found_encoding(texts: list[bytes], place: Place, *, western: str | None) -> tuple[str, list[Repair]]:
    """Return the encoding that bytes are in, of UTF-8, GB18030 and a western code page that the file names.

    Returns
    -------
    encoding : str
    notes : list of Repair
        What was assumed and how to set it, where the bytes leave room.

    Raises
    ------
    LayerError
        If none fits, or the named code page and GB18030 both give letters.
    """
    if _decodes(texts, "utf-8"):
        doubt = _doubt(texts, "utf-8", "gb18030")
        if doubt is None:
            return "utf-8", []
        note = _("read as UTF-8, though it might be GB18030 ({doubt}): if so, write {line} under [layers.{role}]",
                 doubt=doubt, line='encoding = "gb18030"', role=place.role)  # fmt: skip
        return "utf-8", [place.note(note)]
    chinese = _decodes(texts, "gb18030")
    if western is not None:
        if not chinese:
            return western, [place.note(_("text read as {codec}, as the language byte says", codec=western))]
        raise place.error(
            _("the language byte says {codec}, and the text might be GB18030 too ({doubt})",
              codec=western, doubt=_doubt(texts, western, "gb18030") or "-"),
            remedy=_("write which it is under [layers.{role}] in study.toml: {line}",
                     role=place.role, line='encoding = "gb18030"'),
        )  # fmt: skip
    if chinese:
        note = _("read as GB18030 (GBK), as nothing says how the text is encoded and it is not UTF-8: if that is wrong, "
                 "write {line} under [layers.{role}]", line='encoding = "..."', role=place.role)  # fmt: skip
        return "gb18030", [place.note(note)]
    raise place.error(
        _("nothing says how the text is encoded, and it is neither UTF-8 nor GB18030"),
        remedy=_("write the encoding under [layers.{role}] in study.toml: {line}",
                 role=place.role, line='encoding = "big5"'),
    )  # fmt: skip


def _doubt(texts: list[bytes], codec: str, other: str) -> str | None:
    """Return a text in two readings where the first gives letters that are no Chinese and the second gives Chinese."""
    wide = [text.rstrip(b" ") for text in texts if not text.isascii()]
    if not wide or not _decodes(wide, other):
        return None
    readings = [(text.decode(codec, "ignore"), text.decode(other, "ignore")) for text in wide]
    if any(_CHINESE_CHARACTER.search(mine) for mine, __ in readings):
        return None
    return next((_("{a} or {b}", a=a, b=b) for a, b in readings if _CHINESE_CHARACTER.search(b)), None)


def given_encoding(name: str, texts: list[bytes], place: Place) -> str:
    """Return the codec that study.toml names for a file, once its text is in it.

    Raises
    ------
    LayerError
        If there is no such encoding, or the text is not in it.
    """
    known = _codec(name)
    row, line = f"[layers.{place.role}] encoding", 'encoding = "gb18030"'
    if known is None:
        raise place.error(
            _("no such encoding: {name}", name=name), remedy=_("write for example {line}", line=line), row=row
        )
    if not _decodes(texts, known):
        raise place.error(
            _("study.toml says {name}, but the text is not in that encoding", name=name),
            remedy=_("correct the line, or remove it: siteplan then looks itself"),
            row=row,
        )
    return known


def _codec(word: str) -> str | None:
    """Return Python's codec for what a .cpg or a user calls an encoding; GB18030 for what it contains; None: unknown."""
    name = word.strip().casefold().removeprefix("ansi").removeprefix("oem").strip()
    name = _CODE_PAGES.get(name, f"cp{name}" if name.isdigit() else name)
    try:
        b"a".decode(name, "replace")  # "hex" and "zip" are codecs too, but not of text
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return "gb18030" if codec in _CHINESE else codec


def _said(cpg: Path, texts: list[bytes], place: Place) -> tuple[str, list[Repair]]:
    word = cpg.read_text(encoding="ascii", errors="replace").strip()
    codec = _codec(word)
    if codec is None:
        raise place.error(
            _("{cpg} names an encoding that is not known: {word}", cpg=cpg.name, word=word),
            remedy=_("write UTF-8 or GB18030 into {cpg}, whichever the text is in", cpg=cpg.name),
            row=cpg.name,
        )
    if not _decodes(texts, codec):
        raise place.error(
            _("{cpg} says {word}, but the text is not in that encoding", cpg=cpg.name, word=word),
            remedy=_("remove {cpg} (siteplan then looks itself), or write the right encoding into it", cpg=cpg.name),
            row=cpg.name,
        )
    if codec != "utf-8" and _is_utf8(texts, codec):
        raise place.error(
            _("{cpg} says {word}, but the text is UTF-8 ({doubt})",
              cpg=cpg.name, word=word, doubt=_both(_widest(texts), codec, "utf-8")),
            remedy=_("write UTF-8 into {cpg}; or, if {word} is right, write {line} under [layers.{role}]",
                     cpg=cpg.name, word=word, line=f'encoding = "{codec}"', role=place.role),
            row=cpg.name,
        )  # fmt: skip
    if codec in _WESTERN and not all(text.isascii() for text in texts):
        doubt = _doubt(texts, codec, "gb18030")
        note = (
            _("text read as {codec}, as {cpg} says", codec=codec, cpg=cpg.name)
            if doubt is None
            else _("text read as {codec}, as {cpg} says, though it might be GB18030 ({doubt}): if so, write {line} under [layers.{role}]",
                   codec=codec, cpg=cpg.name, doubt=doubt, line='encoding = "gb18030"', role=place.role)
        )  # fmt: skip
        return codec, [place.note(note)]
    return codec, []


def _is_utf8(texts: list[bytes], codec: str) -> bool:
    """Tell whether texts are UTF-8 beyond doubt: three bytes that make a Chinese character, or western letters of two."""
    if all(text.isascii() for text in texts) or not _decodes(texts, "utf-8"):
        return False
    return codec in _WESTERN or any(_CHINESE_CHARACTER.search(text.decode("utf-8", "ignore")) for text in texts)


def _widest(texts: list[bytes]) -> bytes:
    return next(text for text in texts if not text.isascii()).rstrip(b" ")


def _both(text: bytes, one: str, other: str) -> str:
    return _("{a} or {b}", a=text.decode(one, "ignore"), b=text.decode(other, "ignore"))


def _texts(table: Path) -> list[bytes]:
    """Return the headings and the distinct text values of a dBASE table, as bytes."""
    data = np.memmap(table, dtype=np.uint8, mode="r")
    top = bytes(data[:_MOST_FIELDS_BYTES])
    head, length = int.from_bytes(top[8:10], "little"), int.from_bytes(top[10:12], "little")
    count = int.from_bytes(top[4:8], "little")
    if head <= _HEADER or length < 1:
        return []
    count = min(count, (len(data) - head) // length)
    rows = data[head : head + count * length].reshape(count, length)
    texts, start = [], 1
    for at in range(32, head - 32, 32):
        field = top[at : at + 32]
        if field[0] == _END_OF_FIELDS:
            break
        texts.append(field[:11].split(b"\0")[0])
        width = field[16] + (256 * field[17] if field[11:12] == b"C" else 0)
        if field[11:12] == b"C" and count and 0 < width <= length - start:
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
    except UnicodeError:
        return False
    return True


def _is_cut(text: bytes, codec: str) -> bool:
    if text.isascii():
        return False
    decoder = codecs.getincrementaldecoder(codec)("strict")
    decoder.decode(text.rstrip(b" "), final=False)
    return bool(decoder.getstate()[0])
