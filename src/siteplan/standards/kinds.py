"""The kinds of rules and the words that rules are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.messages import _
from siteplan.units import COUNTS

if TYPE_CHECKING:
    from siteplan.standards.rule import Rule

NEEDS: dict[str, tuple[str, ...]] = {
    "area_ratio": ("figure",),
    "area_floor": ("figure",),
    "unit_floor": ("figure",),
    "presence": ("figure",),
    "inside": ("host",),
    "colocation": ("host",),
    "reach": ("figure",),
    "share": ("figure", "share"),
    "phase": ("types",),
    "capacity": ("figure",),
    "separation": ("figure", "apart_from"),
    "adjacency": ("figure",),
    "acquisition": ("modes",),
    "pooling": ("figure",),
    "staff": ("figure",),
    "fund": ("figure",),
}
"""What a rule of each modelled kind must say to be evaluated; one that does not is recorded.

What each kind means is in the table of docs/architecture.md. A separation from exclusions alone needs no figure: it keeps out.
"""

MODELLED_KINDS = tuple(NEEDS)
"""Kinds that siting and audit evaluate, where the rule has what they need (``Rule.modelled``). All others are recorded."""

RECORDED_KINDS = (
    "formation",
    "coverage",
    "portfolio",
    "grid",
    "committee",
    "programme",
    "household_share",
    "farmland",
    "tenure",
    "hierarchy",
    "priority",
)
"""Kinds that are data: listed, read by the room that needs them, never reported as met."""

KINDS = MODELLED_KINDS + RECORDED_KINDS

AREA_KINDS = ("area_ratio", "area_floor", "unit_floor", "capacity")
"""Kinds about areas of facilities: their types share one kind of area. So do those of a ``share`` in m2."""

ONE_TYPE = ("unit_floor", "inside", "reach")
"""Kinds that bind one facility type."""

NO_TYPES = ("phase", "acquisition", "pooling", "staff", "fund")
"""Modelled kinds that may name no facility type: they are heard whatever is planned (a ``phase`` without types is recorded)."""

NO_FIGURE = ("inside", "colocation", "phase", "acquisition")
"""Modelled kinds that take no figure."""

WITH_SHARE = ("reach", "share")
"""Modelled kinds that take a share: of households, of communities."""

STAIRWELLS = "heads/stairwell"
"""The unit of staff rules that no layer can answer: a rule in it is recorded."""

UNITS: dict[str, tuple[str, ...]] = {
    "area_ratio": ("m2/100hh", "m2/person", "m2/1000people"),
    "area_floor": ("m2",),
    "unit_floor": ("m2",),
    "presence": ("count",),
    "inside": ("-",),
    "colocation": ("-",),
    "reach": ("m",),
    "share": ("m2", "count"),
    "phase": ("-", "year", "years"),
    "capacity": ("m2/person", "m2/household", "m2/100hh"),
    "separation": ("m",),
    "adjacency": ("m",),
    "acquisition": ("-",),
    "pooling": ("households",),
    "staff": ("workers", "households/worker", "workers/10000people", "heads/building", STAIRWELLS),
    "fund": ("yuan/year",),
}
"""Units that each modelled kind may have; a rule without figure may also leave its unit out."""

RECORDED_UNITS = (
    "-", "count", "m", "m2", "m2/household", "m2/100hh", "m2/person", "households", "people", "communities", "share",
    "year", "years", "minutes", "degrees", "windows", "plots/person",
)  # fmt: skip
"""Units that a rule of a recorded kind may have; ``-`` where the text gives no figure."""

DIVISORS = {"m2/100hh": 100.0, "m2/person": 1.0, "m2/household": 1.0, "m2/1000people": 1000.0}
"""How many of its denominator the figure of each ratio is for."""

SCOPES: dict[str, tuple[str, ...]] = {
    "area_ratio": ("community",),
    "area_floor": ("community",),
    "unit_floor": ("facility",),
    "presence": ("community", "township"),
    "inside": ("facility",),
    "colocation": ("facility",),
    "reach": ("community", "study"),
    "share": ("study",),
    "phase": ("community",),
    "capacity": ("community",),
    "separation": ("facility",),
    "adjacency": ("facility",),
    "acquisition": ("facility",),
    "pooling": ("community",),
    "staff": ("community",),
    "fund": ("community",),
}
"""Scopes that each modelled kind may have, the usual one first."""

RECORDED_SCOPES = ("community", "township", "facility", "study")
DENOMINATORS = (*COUNTS, "none")
SETTINGS = ("urban", "rural", "any")
CONSTRUCTIONS = ("new", "existing", "any")
ANSWERS = ("yes", "no", "any")
STRENGTHS = ("hard", "soft", "target")
STATUSES = ("verified", "verified-weak", "corroborated", "unverified", "judgement")
WEAK_STATUSES = ("unverified", "judgement")
"""A figure of these statuses is never hard unless the user says so in study.toml."""

MODES = ("build", "extend", "convert", "buy", "swap")
"""Ways to have a place (kind ``acquisition``)."""

DWELLINGS = "dwellings"
"""What a ``separation`` keeps away from: buildings with households. Else a facility type, or a kind of exclusion."""

EXCLUSION = "exclusion:"
"""What stands before a kind of the layer of exclusions, as that layer writes it: ``exclusion:水源保护区``."""

FORMS = ("street", "community", "pool", "attach", "size")
"""What a formation rule makes of sites of its size class.

``street``: a sub-district may be set up above its communities; ``community``: a community of its own; ``pool``: a
community together with surrounding residents, or a merger with the village; ``attach``: joins the nearest host;
``size``: the households that a community should have, ``figure`` to ``figure_max``.
"""


def why_recorded(rule: Rule) -> str:
    """Return, in the user's language, why ``rule`` is listed but not evaluated; empty for one that is evaluated."""
    if rule.modelled:
        return ""
    if rule.unit == STAIRWELLS:
        return _("no layer holds stairwells")
    if rule.lacks:
        return _why_lacking(rule)
    return {
        "formation": _("used when communities are formed; it is no demand on the plan"),
        "coverage": _("a coverage share of a service that is not sited here"),
        "portfolio": _("counts communities over a whole programme, not places"),
        "grid": _("about governance grids, which this version does not draw"),
        "committee": _("about committees and associations, not places"),
        "programme": _("names services without saying that each community has a place for them"),
        "household_share": _("depends on how many households want it"),
        "farmland": _("about micro-farmland plots, which this version does not lay out"),
        "tenure": _("about who owns or runs a place"),
        "hierarchy": _("describes a structure of tiers without a figure"),
        "priority": _("an order of importance without a figure"),
    }[rule.kind]


def _why_lacking(rule: Rule) -> str:
    if rule.kind == "fund" and rule.share is not None:
        return _("the clause gives a share of a sum that no layer holds; give figure, in yuan a year, in study.toml")
    return {
        "figure": _("the clause gives no figure; give one in study.toml"),
        "share": _("the clause gives no share; give one in study.toml"),
        "modes": _("the clause names no ways to have a place; give modes in study.toml"),
        "apart_from": _("the clause does not say what to keep away from; give apart_from in study.toml"),
        "host": _("the clause names no host"),
        "types": _("a date of a whole programme: it names no facility type"),
    }[rule.lacks[0]]
