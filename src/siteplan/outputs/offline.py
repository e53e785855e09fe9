"""Pages that need no network: assets embedded, everything else refused.

Leaflet comes from an installed wheel and is written into the page. A content security policy with the digest of
every script goes in front, so that a browser neither loads anything nor runs a script that the page did not come with.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from importlib.resources import files

from siteplan.errors import DataError
from siteplan.messages import _

_LEAFLET = files("js_lib_leaflet") / "static" / "js_lib_leaflet"
_ADDRESS_ATTRIBUTES = frozenset(
    ("src", "srcset", "href", "xlink:href", "data", "poster", "action", "formaction", "background", "ping", "manifest")
)
_HARMLESS = ("http://www.w3.org/", "https://leafletjs.com")
"""Texts in Leaflet that look like addresses: names of XML namespaces, and a link to its site that is never shown."""

_URL = re.compile(r"url\(\s*(['\"]?)(.*?)\1\s*\)", re.IGNORECASE)
_IMPORT = re.compile(r"@import\b[^;]*", re.IGNORECASE)
_LITERAL = re.compile(r"""["'`]((?:https?:|wss?:|ftp:)?//[^"'`\s]+)""", re.IGNORECASE)
_LOADER = re.compile(
    r"\b(fetch|importScripts|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import)\s*\(|new\s+(XMLHttpRequest|WebSocket|EventSource)\b"
)


def leaflet_css() -> str:
    """Return Leaflet's style sheet with its images embedded as ``data:`` addresses."""
    css = (_LEAFLET / "leaflet.css").read_text(encoding="utf-8")

    def embed(match: re.Match[str]) -> str:
        name = match[2]
        if name.startswith("#"):
            return match[0]
        image = base64.b64encode((_LEAFLET / name).read_bytes()).decode("ascii")
        return f"url(data:image/png;base64,{image})"

    return _URL.sub(embed, css)


def leaflet_js() -> str:
    """Return Leaflet's program text, without the address of its source map."""
    text = (_LEAFLET / "leaflet.js").read_text(encoding="utf-8")
    return re.sub(r"//# sourceMappingURL=\S*", "", text)


def own_asset(name: str) -> str:
    """Return the text of siteplan's own asset ``name``."""
    return (files("siteplan.outputs") / "assets" / name).read_text(encoding="utf-8")


class _Page(HTMLParser):
    """Collects the addresses that a page would load from, and the texts of its scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at the attributes of a tag."""
        values = {name: (value or "").strip() for name, value in attrs}
        for name, value in values.items():
            if name in _ADDRESS_ATTRIBUTES and not _embedded(value) and not (tag == "a" and name == "href"):
                self.addresses.append(f"<{tag} {name}={value!r}>")
            if name == "style":
                self.addresses += _css_addresses(value)
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.addresses.append(f"<meta refresh {values.get('content', '')!r}>")
        self._inside = "data" if tag == "script" and values.get("type") == "application/json" else tag
        if self._inside == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        """Leave a tag."""
        if tag in ("script", "style"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        """Look at the text of scripts and style sheets."""
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside == "style":
            self.addresses += _css_addresses(data)


def _embedded(address: str) -> bool:
    return address == "" or address.startswith(("#", "data:"))


def _css_addresses(css: str) -> list[str]:
    found = [match[2] for match in _URL.finditer(css) if not _embedded(match[2])]
    return found + _IMPORT.findall(css)


def _script_addresses(script: str) -> list[str]:
    found = [match[1] for match in _LITERAL.finditer(script) if not match[1].startswith(_HARMLESS)]
    return found + [match[0] for match in _LOADER.finditer(script)]


def addresses(html: str) -> list[str]:
    """Return what a page would load from outside itself.

    Parameters
    ----------
    html : str
        The whole page.

    Returns
    -------
    list of str
        Addresses in attributes and style sheets, and addresses or loading calls in scripts. Plain links (``<a href>``)
        and data blocks (``<script type="application/json">``) load nothing and are left out.

    Examples
    --------
    >>> addresses('<p>a page</p><img src="data:image/png;base64,AA==">')
    []
    >>> addresses('<script src="//cdn.example.org/a.js"></script><style>@import "b.css";</style>')
    ["<script src='//cdn.example.org/a.js'>", '@import "b.css"']
    """
    page = _parsed(html)
    return page.addresses + [found for script in page.scripts for found in _script_addresses(script)]


def _parsed(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    page.close()
    return page


def seal(html: str) -> str:
    """Refuse a page that would load anything, and forbid it to a browser too.

    Parameters
    ----------
    html : str
        A whole page whose ``<head>`` stands on a line of its own.

    Returns
    -------
    str
        The page with a content security policy: no connections, images from ``data:`` only, and no scripts but those
        present now.

    Raises
    ------
    DataError
        If an address in the page is not embedded.
    """
    html = html.replace("\r\n", "\n").replace("\r", "\n")
    found = addresses(html)
    if found:
        raise DataError(
            _("the page would load {found} from outside", found=", ".join(found[:3])),
            remedy=_("embed the asset in the page, or leave it out: the map must work with no network"),
        )
    digests = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _parsed(html).scripts
    )
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {digests}",
            "style-src 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return html.replace("<head>", f'<head>\n<meta charset="utf-8">\n{tag}\n<link rel="icon" href="data:,">', 1)
