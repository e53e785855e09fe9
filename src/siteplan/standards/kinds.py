"""The kinds of rules and the words that rules are made of."""

from __future__ import annotations

from siteplan.messages import _

MODELLED_KINDS = ("area_ratio", "area_floor", "unit_floor", "presence", "inside", "reach")
"""Kinds that siting and audit evaluate. All others are recorded.

``area_ratio``, ``area_floor``
    Sum of the areas of ``types`` in the community. Where a rule counts several types together, a room that stands
    inside another facility is part of its host's area: only outermost facilities count (``Rule.counts``).
``unit_floor``
    Area of each facility of ``types``.
``presence``
    Number of facilities of ``types`` in the community or township.
``inside``
    Each facility of ``types`` is a room inside a facility of type ``host`` at the same site.
``reach``
    Every household of the community is within ``figure`` walking metres (inclusive) of one of ``types``.
"""

RECORDED_KINDS = (
    "formation",
    "share",
    "coverage",
    "portfolio",
    "phase",
    "staff",
    "fund",
    "grid",
    "committee",
    "programme",
    "separation",
    "adjacency",
    "capacity",
    "household_share",
    "farmland",
    "acquisition",
    "tenure",
    "hierarchy",
    "colocation",
    "priority",
)
"""Kinds that are data: listed, read by the room that needs them, never reported as met."""

KINDS = MODELLED_KINDS + RECORDED_KINDS

UNITS: dict[str, tuple[str, ...]] = {
    "area_ratio": ("m2/100hh", "m2/person", "m2/1000people"),
    "area_floor": ("m2",),
    "unit_floor": ("m2",),
    "presence": ("count",),
    "inside": ("-",),
    "reach": ("m",),
}
"""Units that each modelled kind may have."""

RECORDED_UNITS = (
    "-", "count", "m", "m2", "m2/household", "m2/100hh", "m2/person", "households", "people", "communities", "share",
    "year", "years", "minutes", "degrees", "windows", "workers", "workers/10000people", "households/worker",
    "heads/building", "heads/stairwell", "yuan/year", "plots/person",
)  # fmt: skip
"""Units that a recorded rule may have; ``-`` where the text gives no figure."""

SCOPES: dict[str, tuple[str, ...]] = {
    "area_ratio": ("community",),
    "area_floor": ("community",),
    "unit_floor": ("facility",),
    "presence": ("community", "township"),
    "inside": ("facility",),
    "reach": ("community",),
}
"""Scopes that each modelled kind may have, the usual one first."""

RECORDED_SCOPES = ("community", "township", "facility", "study")
DENOMINATORS = ("households", "people", "elderly", "children", "none")
SETTINGS = ("urban", "rural", "any")
CONSTRUCTIONS = ("new", "existing", "any")
ANSWERS = ("yes", "no", "any")
STRENGTHS = ("hard", "soft", "target")
STATUSES = ("verified", "verified-weak", "corroborated", "unverified", "judgement")
WEAK_STATUSES = ("unverified", "judgement")
"""A figure of these statuses is never hard unless the user says so in study.toml."""

FORMS = ("street", "community", "pool", "attach", "size")
"""What a formation rule makes of sites of its size class.

``street``: a sub-district may be set up above its communities; ``community``: a community of its own; ``pool``: a
community together with surrounding residents, or a merger with the village; ``attach``: joins the nearest host;
``size``: the households that a community should have, ``figure`` to ``figure_max``.
"""


def why_recorded(kind: str) -> str:
    """Return, in the user's language, why rules of ``kind`` are listed but not evaluated."""
    return {
        "formation": _("used when communities are formed; it is no demand on the plan"),
        "share": _("a share of communities by phase; this version plans one phase"),
        "coverage": _("a coverage share of a service that is not sited here"),
        "portfolio": _("counts communities over a whole programme, not places"),
        "phase": _("a date or an order of building; this version plans one phase"),
        "staff": _("sizes staff, not floor or land"),
        "fund": _("sizes yearly money, not floor or land"),
        "grid": _("about governance grids, which this version does not draw"),
        "committee": _("about committees and associations, not places"),
        "programme": _("names services without saying that each community has a place for them"),
        "separation": _("a distance to keep; this version does not check it"),
        "adjacency": _("a place near the community, without a distance"),
        "capacity": _("a capacity by a formula that needs figures which the layers do not hold"),
        "household_share": _("depends on how many households want it"),
        "farmland": _("about micro-farmland plots, which this version does not lay out"),
        "acquisition": _("says how a place may be had, not what must be there"),
        "tenure": _("about who owns or runs a place"),
        "hierarchy": _("describes a structure of tiers without a figure"),
        "colocation": _("describes sharing of premises without a figure"),
        "priority": _("an order of importance without a figure"),
    }[kind]
