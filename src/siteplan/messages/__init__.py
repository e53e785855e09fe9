"""Messages in the user's language, from gettext catalogues.

English text is the message id; ``locale/zh_CN`` holds the Chinese. The language is looked up at every call,
so that one process can speak both.

>>> set_language("zh")
>>> language()
'zh'
>>> set_language("en")
>>> _("{n} buildings", n=3)
'3 buildings'

Words of data (``"m2"``, ``"unit_floor"``, ``"fail"``) stay as they are in files and JSON; :func:`word` says them to people.
"""

from __future__ import annotations

import gettext
import locale
import os
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
LOCALES = Path(__file__).with_name("locale")
_current: ContextVar[str | None] = ContextVar("siteplan_language", default=None)


def system_language() -> str:
    """Return the language of the system, ``"zh"`` or ``"en"``.

    Returns
    -------
    str
        ``SITEPLAN_LANG`` if set, else the locale's language where siteplan speaks it, else ``"en"``.
    """
    for name in (
        os.environ.get("SITEPLAN_LANG"),
        os.environ.get("LC_ALL"),
        os.environ.get("LANG"),
        locale.getlocale()[0],
    ):
        if name and name.lower().startswith(("zh", "chinese")):
            return "zh"
        if name and name.lower().startswith(("en", "english")):
            return "en"
    return "en"


def set_language(name: str | None) -> None:
    """Speak ``name`` (``"en"``, ``"zh"``) from now on in this context; None means the system's language.

    Raises
    ------
    ValueError
        If siteplan does not speak that language.
    """
    if name is not None and name not in LANGUAGES:
        raise ValueError(f"language {name!r}: siteplan speaks {', '.join(LANGUAGES)}")
    _current.set(name)


def language() -> str:
    """Return the language spoken now."""
    return _current.get() or system_language()


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    if name == "en":
        return gettext.NullTranslations()
    return gettext.translation("siteplan", LOCALES, languages=["zh_CN"], fallback=True)


def translate(message: str, lang: str, /, **values: object) -> str:
    """Return ``message`` in language ``lang`` with ``{names}`` filled in from ``values``."""
    text = _catalogue(lang).gettext(message) if message else ""  # gettext answers "" with the head of its file
    return text.format(**values) if values else text


def _(message: str, /, **values: object) -> str:
    """Return ``message`` in the language spoken now, ``{names}`` filled in."""
    return translate(message, language(), **values)


def word(context: str, code: str) -> str:
    """Return a word of data as people read it in the language spoken now; one that no catalogue knows stays as it is.

    Parameters
    ----------
    context : str
        What the word is: kind, unit, size, scope, strength, claim or value. One word may mean two things.
    code : str
        The word.

    Examples
    --------
    >>> set_language("en")
    >>> word("unit", "m2")
    'm2'
    """
    return _catalogue(language()).pgettext(context, code) if code else ""


def N_(message: str) -> str:  # noqa: N802 - the name by which message extractors know a marked text
    """Mark ``message`` for translation and return it unchanged."""
    return message
