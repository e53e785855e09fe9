import base64
import hashlib
import re

import pytest

from siteplan.errors import DataError
from siteplan.outputs.offline import addresses, leaflet_css, leaflet_js, own_asset, seal


@pytest.mark.parametrize(
    "fragment",
    [
        '<script src="https://cdn.example.org/a.js"></script>',
        '<script src="//cdn.example.org/a.js"></script>',
        "<SCRIPT SRC=a.js></SCRIPT>",
        '<link rel="stylesheet" href="style.css"/>',
        '<img src="http://tile.example.org/0/0/0.png">',
        '<img srcset="a.png 2x">',
        '<video poster="a.png"></video>',
        '<object data="a.swf"></object>',
        '<form action="/send"></form>',
        '<svg><use xlink:href="icons.svg#a"></use></svg>',
        '<iframe src="file:///etc/hosts"></iframe>',
        '<meta http-equiv="refresh" content="0; url=a.html">',
        '<div style="background: url(a.png)"></div>',
        "<style>.a { background: url('https://example.org/a.png') }</style>",
        '<style>@import "a.css";</style>',
        "<script>fetch(where)</script>",
        "<script>new WebSocket(where)</script>",
        "<script>var r = new XMLHttpRequest;</script>",
        "<script>navigator.sendBeacon(where)</script>",
        "<script>L.tileLayer('https://{s}.tile.example.org/{z}/{x}/{y}.png')</script>",
        '<script>import("./a.js")</script>',
    ],
)
def test_whatever_would_load_from_outside_is_found_and_refused(fragment):
    # contract: C10
    page = f"<!DOCTYPE html><html><head></head><body>{fragment}</body></html>"
    assert addresses(page)
    with pytest.raises(DataError, match="from outside") as caught:
        seal(page)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "fragment",
    [
        '<img src="data:image/png;base64,AA==">',
        '<a href="https://www.openstreetmap.org/copyright">map data</a>',
        '<a href="#top">up</a>',
        "<style>.a { background: url(data:image/png;base64,AA==) } .b { behavior: url(#default#VML) }</style>",
        '<script type="application/json">{"name": "https://example.org/a.js fetch("}</script>',
        "<script>var prefetch = 1; document.createElementNS('http://www.w3.org/2000/svg', 'svg')</script>",
        "<p>fetch( https://example.org )</p>",
    ],
)
def test_what_loads_nothing_is_let_through(fragment):
    assert addresses(f"<html><head></head><body>{fragment}</body></html>") == []


def test_the_seal_allows_exactly_the_scripts_of_the_page():
    sealed = seal(
        "<html><head></head><body><script>\r\nvar a = 1;\r\n</script>"
        "<script type='application/json'>{}</script></body></html>"
    )
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', sealed)[1]
    digest = base64.b64encode(hashlib.sha256(b"\nvar a = 1;\n").digest()).decode()
    assert "default-src 'none'" in policy
    assert re.search(r"script-src ([^;]*);", policy)[1] == f"'sha256-{digest}'"


def test_leaflet_comes_whole_and_with_its_images():
    css = leaflet_css()
    assert css.count("url(data:image/png;base64,") == 3
    assert "sourceMappingURL" not in leaflet_js()
    assert 'version="1.9.' in leaflet_js()


@pytest.mark.parametrize("name", ["base.js", "layers.js", "popups.js", "panels.js"])
def test_our_scripts_never_read_text_as_markup(name):
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", own_asset(name))
