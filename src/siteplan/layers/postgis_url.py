"""Addresses of PostgreSQL databases: what may be shown of them, and what must never be.

A password may stand in an address, in ``PGPASSWORD``, in ``~/.pgpass`` or in a service file; wherever it stands, no message, manifest or plan
shows it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.layers.repair import Place

HIDDEN = "***"
"""What stands in the place of a password."""

_SCHEME = re.compile(r"postgres(ql)?://", re.IGNORECASE)
_OTHER = re.compile(
    r"\s*(?:jdbc:|pg:|postg[a-z]*(?:\+\w+)?:|\w[\w+.-]*://[^/]*:[^/]*@)|.*\bpassword\s*=", re.IGNORECASE
)
_PARAMETER = re.compile(r"((?:^|[?&\s\"'])(?:ssl)?password\s*=)([^&\n]*)", re.IGNORECASE)
_USERINFO = re.compile(r"(\w[\w+.-]*://)([^:@\s/]*):([^\n]*)@", re.IGNORECASE)
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONNECT_SECONDS = 10


def is_database(path: str) -> bool:
    """Tell whether a layer's path is the address of a database.

    >>> is_database("postgresql://planner@db/county"), is_database("layers/a.gpkg")
    (True, False)
    """
    return _SCHEME.match(path) is not None


def is_address(text: str) -> bool:
    """Tell whether a text is the address of a database, also in a form that siteplan does not read, and so may hold a password.

    >>> is_address("postgresql+psycopg2://planner:secret@db/county"), is_address("PG:host=db password=secret"), is_address("a.gpkg")
    (True, True, False)
    """
    return is_database(text) or _OTHER.match(text) is not None


def masked(text: str) -> str:
    """Return a text with the passwords of the addresses in it hidden; a text without one is returned as it is.

    Where an address is malformed, rather too much is hidden than too little.

    >>> masked("postgresql://planner:a/b?c@db:5433/county?sslmode=require")
    'postgresql://planner:***@db:5433/county?sslmode=require'
    >>> masked("postgresql://db/county?user=planner&password=secret")
    'postgresql://db/county?user=planner&password=***'
    >>> masked("PG:host=db user=planner password=secret"), masked("layers/a.gpkg")
    ('PG:host=db user=planner password=***', 'layers/a.gpkg')
    """
    return _USERINFO.sub(rf"\1\2:{HIDDEN}@", _PARAMETER.sub(rf"\1{HIDDEN}", text))


def scrubbed(text: str, url: str) -> str:
    """Return a message of the database's library, in one line, without any password of ``url``.

    >>> scrubbed("bad token: s%20t", "postgresql://planner:s%20t@db/county")
    'bad token: ***'
    """
    found = [match.group(2) for match in _PARAMETER.finditer(url)]
    found += [match.group(3) for match in _USERINFO.finditer(_PARAMETER.sub("", url))]
    for secret in sorted({word for raw in found for word in (raw, unquote(raw)) if word}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return " ".join(masked(text).split())


def has_password(url: str) -> bool:
    """Tell whether an address holds a password.

    >>> has_password("postgresql://planner:secret@db/county"), has_password("postgresql://planner@db/county")
    (True, False)
    """
    return masked(url) != url


def connection_url(url: str, place: Place) -> str:
    """Return the address to connect with: UTF-8 text, a name in the server's lists, and a limit on the wait for a connection.

    Raises
    ------
    LayerError
        If the address is malformed; it is not handed on then, because the library would repeat it with its password.
    """
    head, _mark, parameters = url.partition("://")[2].partition("?")
    if (
        not is_database(url)
        or _BAD_PERCENT.search(url)
        or re.search(r"\s", url)
        or re.search(r"[/@]", head.rpartition("@")[0])
        or "@" in parameters
    ):
        raise place.error(
            _("the address of the database is malformed"),
            remedy=_("write it as postgresql://USER@HOST:5432/DATABASE, with @, /, ? and % in a user or a password as "
                     "%40, %2F, %3F and %25"),
        )  # fmt: skip
    more = [f"{key}={value}" for key, value in _ALWAYS.items() if f"{key}=" not in url]
    return url + ("&" if "?" in url else "?") + "&".join(more) if more else url


_ALWAYS = {"connect_timeout": _CONNECT_SECONDS, "application_name": "siteplan", "client_encoding": "UTF8"}
