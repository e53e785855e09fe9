"""Colours and fonts of the map.

Served and unserved differ in hue and in lightness, and blue and red stay apart for readers who confuse red and green.
"""

from __future__ import annotations

SERVICE = {"served": "0", "out_of_reach": "1", "none": "2"}
"""Codes of the allocation's statuses in the page; "3" is a building with nothing planned for it."""

STYLE: dict[str, object] = {
    "service": ["#3f82bd", "#dc2f26", "#7a0f3c", "#c3c9c9"],
    "ink": "#17212b",
    "boundary": "#4a5a52",
    "boundary_fill": "#fbfaf5",
    "community": "#6d3f8c",
    "community_fill": "rgba(109, 63, 140, 0.07)",
    "site": "#96681f",
    "site_fill": "rgba(233, 196, 106, 0.22)",
    "street": "#a3adb3",
    "street_major": "#78848c",
    "candidate": "#6b747b",
    "demand": "#a3131f",
    "demand_fill": "rgba(255, 244, 242, 0.75)",
    "fonts": '"Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "PingFang SC", system-ui, sans-serif',
}
"""Colours of the canvas, by what is painted; ``service`` by the codes of SERVICE."""

MAJOR_STREETS = frozenset(
    f"{kind}{link}" for kind in ("motorway", "trunk", "primary", "secondary", "tertiary") for link in ("", "_link")
)
"""Values of ``highway`` that are drawn wider."""

UNKNOWN_COLOUR = "#5c6670"
"""Colour of a facility type that the catalogue does not hold."""
