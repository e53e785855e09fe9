"""The map: one folium page of a plan that works with no network at all."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
from branca.element import Element, MacroElement
from folium.template import Template

from siteplan.errors import UsageError
from siteplan.messages import LANGUAGES, _, translate
from siteplan.outputs.encode import script_json
from siteplan.outputs.offline import leaflet_css, leaflet_js, own_asset, seal
from siteplan.outputs.payload import page_data
from siteplan.outputs.texts import TEXTS

if TYPE_CHECKING:
    from siteplan.plans.plan import Plan

_SCRIPTS = ("base.js", "layers.js", "popups.js", "panels.js")
_ROLES = ("boundary", "communities", "sites", "streets", "buildings", "demand", "candidates")
_HIDDEN_AT_FIRST = frozenset(("candidates",))
_MAX_ZOOM = 20


class _Verbatim(Element):
    """Text that goes into the page as it is (branca reads the text of an Element as a template)."""

    _template = Template("{{ this.text }}")

    def __init__(self, text: str, name: str) -> None:
        super().__init__()
        self._name = name
        self.text = text


class _OfflineMap(folium.Map):
    """A folium map without the scripts and style sheets that folium takes from the network."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium declares it so
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 - folium declares it so


class _PlanLayer(folium.FeatureGroup):
    """A layer that the page's own script fills from the page's data."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = siteplan.layer({{ this.role|tojson }}, {{ this.type|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, role: str, label: str, *, type_number: int = -1) -> None:
        super().__init__(name=label, show=role not in _HIDDEN_AT_FIRST)
        self.role = role
        self.type = type_number


class _Call(MacroElement):
    """A call of one of the page's own functions."""

    _template = Template("{% macro script(this, kwargs) %}{{ this.code }}{% endmacro %}")

    def __init__(self, code: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca is untyped
        self.code = code


def build_map(plan: Plan, path: str | Path, *, lang: str | None = None) -> Path:
    """Write ``plan`` as one HTML file that needs no network.

    Parameters
    ----------
    plan : Plan
        Any plan, solved or read back.
    path : path
        The file to write; its folder is made if need be.
    lang : {"zh", "en"}, optional
        Language in which the page opens (both are in it); None: the language spoken now.

    Returns
    -------
    Path
        The file written. Equal plans give equal bytes.

    Raises
    ------
    UsageError
        If siteplan does not speak ``lang``.
    DataError
        If the plan has no CRS or place, or if the page would load anything from outside.
    """
    if lang is not None and lang not in LANGUAGES:
        raise UsageError(_("language {name}: siteplan speaks {known}", name=repr(lang), known=", ".join(LANGUAGES)))
    html = seal(_page(page_data(plan, lang)))
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        unfinished.write_text(html, encoding="utf-8", newline="\n")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _page(data: dict[str, Any]) -> str:
    """Return the page's HTML, before it is sealed."""
    (south, west), (north, east) = data["bounds"]
    page = _OfflineMap(
        location=((south + north) / 2, (west + east) / 2),
        tiles=None,
        prefer_canvas=True,
        max_zoom=_MAX_ZOOM,
        zoom_snap=0.5,
        zoom_control="topright",
    )
    _name(page, "map")
    figure: Any = page.get_root()  # a branca Figure
    figure.header.add_child(_Verbatim(f"<style>{leaflet_css()}\n{own_asset('page.css')}</style>", "styles"))
    figure.header.add_child(_Verbatim(f"<script>{leaflet_js()}</script>", "leaflet"))
    block = f'<script type="application/json" id="siteplan-data">{script_json(data)}</script>'
    figure.header.add_child(_Verbatim(block, "data"))
    for asset in _SCRIPTS:
        figure.header.add_child(_Verbatim(f"<script>{own_asset(asset)}</script>", asset))
    figure.html.add_child(_Verbatim(own_asset("page.html"), "panels"))
    page.add_child(_name(_Call(f"siteplan.prepare({page.get_name()});"), "prepare"))
    for layer in _layers(data):
        page.add_child(layer)
    control = _name(folium.LayerControl(collapsed=False, autoZIndex=False), "control")
    page.add_child(control)
    page.add_child(_name(_Call(f"siteplan.start({page.get_name()}, {control.get_name()});"), "start"))
    return str(figure.render())


def _name(element: Any, name: str) -> Any:
    """Give ``element`` a fixed name in the page's script, so that equal plans make equal pages."""
    element._id = name  # noqa: SLF001 - branca offers no other way: its ids are random
    return element


def _layers(data: dict[str, Any]) -> list[_PlanLayer]:
    """Return a layer for each role that the data has, then one for each type of facility in it."""
    lang = data["language"]
    layers = []
    for role in _ROLES:
        if role in data or role == "demand":
            text = escape(translate(TEXTS[f"layer.{role}"], lang))
            label = f'<i class="sp-swatch {role}"></i><span data-text="layer.{role}">{text}</span>'
            layers.append(_name(_PlanLayer(role, label), role))
    for number in sorted(set(data["facilities"].get("type", []))):
        text = escape(data["types"][number][lang])
        label = f'<i class="sp-swatch type" data-type="{number}"></i><span data-type-name="{number}">{text}</span>'
        layers.append(_name(_PlanLayer("type", label, type_number=number), f"type{number}"))
    return layers
