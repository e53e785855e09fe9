"""A rule of a planning standard, and the unit that its conditions look at.

Every rule has a source. A rule that has none, or that holds a word siteplan does not know, is refused when it is
made: a figure nobody can trace never reaches a plan.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.standards import kinds
from siteplan.standards.rule_checks import DENOMINATORS, check_rule
from siteplan.units import TOLERANCE


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A community or township, as far as rules look at it. Counts may be fractions; NaN is not known.

    ``phase`` is the one in which its housing is built, ``buildings`` the number of its buildings with households.
    """

    id: str
    name: str = ""
    households: float = 0.0
    people: float = 0.0
    elderly: float = 0.0
    children: float = 0.0
    registered: float = math.nan
    relocated: float = math.nan
    resident: float = math.nan
    setting: str = "rural"
    construction: str = "existing"
    resettlement: bool = False
    key: bool = False
    phase: int = 1
    buildings: float = math.nan


@dataclass(frozen=True, kw_only=True)
class Size:
    """A half-open size class: ``min <= unit's metric < max``.

    >>> Size(metric="households", min=300, max=1000).holds(Unit(id="a", households=1000))
    False
    """

    metric: str
    min: float = 0.0
    max: float = math.inf

    def holds(self, unit: Unit) -> bool:
        """Tell whether ``unit`` is in the class; where its figure is not known, it is not (see :meth:`known`)."""
        return self.min <= float(getattr(unit, self.metric)) < self.max

    def known(self, unit: Unit) -> bool:
        """Tell whether the figure of ``unit`` that the class is about is known."""
        return not math.isnan(float(getattr(unit, self.metric)))

    def __str__(self) -> str:
        """Return the class as an interval, ``households [300, 1000)``."""
        top = "inf" if math.isinf(self.max) else f"{self.max:g}"
        return f"{self.metric} [{self.min:g}, {top})"


class Topic(NamedTuple):
    """What a rule speaks about: of several profiles, the first that speaks on a topic is heard."""

    kind: str
    subject: str
    aim: bool


def round_up(value: float) -> int:
    """Return the least whole number that is not below ``value``, but for the tolerance of every comparison.

    >>> round_up(3.75), round_up(0.55 * 20)
    (4, 11)
    """
    return math.ceil(value - TOLERANCE * max(1.0, abs(value)))


@dataclass(frozen=True, kw_only=True, repr=False)
class Rule:
    """One rule of one profile.

    Parameters
    ----------
    id : str
        ``"S0-12"``, or ``"S0-15.inside"`` where one clause gives several rules; national defaults ``"N-..."``.
    requirement : str
        Row of the requirements table; by default ``id`` up to its first dot.
    profile : str
        Name of the profile that holds it.
    kind : str
        One of ``kinds.KINDS``. What each means, and its units and scopes, is in the table of docs/architecture.md.
    types : tuple of str
        Facility types it binds; several are counted together.
    figure : float or None
        The figure, in ``unit``; None where the clause gives none: a kind that needs one (``kinds.NEEDS``) is then recorded.
    figure_max : float or None
        Upper end of a range (rules that are recorded).
    share : float or None
        Above 0, at most 1. Kind ``reach``: the share of households that must be within ``figure`` (all where None); kind ``share``:
        the share of communities that must have ``figure``.
    unit, denominator : str
        ``denominator`` is what an area_ratio or a capacity is multiplied by: households; people, however counted; registered, relocated or
        resident people; elderly or children; else none.
    scope : str
        community, township, facility or study; by default the usual one of its kind.
    setting, construction, resettlement, key : str
        Conditions on the unit; ``"any"`` is none.
    size : Size or None
        Size class of the unit, half-open.
    strength : {"hard", "soft", "target"}
    wording : str
        Words of the clause that weaken it, such as 原则上 (docs/decisions/0004-principle-wording.md).
    host : str
        For kinds ``inside`` and ``colocation``: the facility type that holds the room, or stands at the same site.
    modes : tuple of str
        For kind ``acquisition``: the ways in which a place may be had (``kinds.MODES``).
    standing : bool
        For kind ``acquisition``: it speaks only where a facility of ``types`` stands in the community already.
    apart_from : tuple of str
        For kind ``separation``: what to keep away from. ``"dwellings"``, facility types, and ``"exclusion:KIND"`` for polygons of that
        kind in the layer of exclusions; from exclusions alone without a figure means outside of them.
    subject : str
        What its topic is about; by default its types. Rules that size the same thing with other sets of types
        (one building, all rooms together), or name the same money, share a subject (docs/decisions/0005-topic-resolution.md).
    forms : str
        For kind ``formation``: one of ``kinds.FORMS``.
    phase : str
        Phase or year that the clause names, as written.
    document, clause, key_phrase : str
        Where it stands; ``key_phrase`` is an exact substring of the document.
    status : str
        One of ``kinds.STATUSES``.
    source : str
        Where the figure was read, for rules that no document of the user's states. A judgement cites its record.
    note : str
    off : bool
        Switched off in study.toml: it does not speak.
    overridden_by, reason, original : str
        Where it was changed, why, and what it said before.

    Raises
    ------
    StandardsError
        If it has no source, or a field holds what siteplan does not know.

    Notes
    -----
    An unverified figure or a judgement is never hard, unless the user says so in study.toml.
    """

    id: str
    kind: str
    strength: str
    status: str
    types: tuple[str, ...] = ()
    figure: float | None = None
    figure_max: float | None = None
    share: float | None = None
    unit: str = "-"
    denominator: str = ""
    scope: str = ""
    setting: str = "any"
    construction: str = "any"
    resettlement: str = "any"
    key: str = "any"
    size: Size | None = None
    wording: str = ""
    host: str = ""
    modes: tuple[str, ...] = ()
    standing: bool = False
    apart_from: tuple[str, ...] = ()
    subject: str = ""
    forms: str = ""
    phase: str = ""
    requirement: str = ""
    profile: str = ""
    document: str = ""
    clause: str = ""
    key_phrase: str = ""
    source: str = ""
    note: str = ""
    off: bool = False
    overridden_by: str = ""
    reason: str = ""
    original: str = ""

    def __post_init__(self) -> None:
        """Fill in what follows from other fields, then refuse what cannot be used."""
        fill = {
            "requirement": self.requirement or self.id.split(".", 1)[0],
            "scope": self.scope or kinds.SCOPES.get(self.kind, ("community",))[0],
            "denominator": self.denominator or DENOMINATORS.get(self.unit, ("none",))[0],
            "subject": self.subject or "+".join(sorted(self.types)),
        }
        for name, value in fill.items():
            object.__setattr__(self, name, value)
        check_rule(self)

    @property
    def lacks(self) -> tuple[str, ...]:
        """Names of the fields that a rule of its kind must have to be evaluated, and that the clause does not give."""
        needs = kinds.NEEDS.get(self.kind, ())
        if self.apart_from and all(word.startswith(kinds.EXCLUSION) for word in self.apart_from):
            needs = ("apart_from",)
        return tuple(name for name in needs if not getattr(self, name))

    @property
    def modelled(self) -> bool:
        """Whether siting and audit evaluate it: its kind is one of ``kinds.MODELLED_KINDS``, and it says what that kind needs."""
        return self.kind in kinds.MODELLED_KINDS and not self.lacks and self.unit != kinds.STAIRWELLS

    @property
    def aim(self) -> bool:
        """Whether it is a soft aim, scored apart from what must be met."""
        return self.strength == "soft"

    @property
    def topic(self) -> Topic:
        """What it speaks about: kind, subject, and whether it is an aim."""
        return Topic(self.kind, self.subject, self.aim)

    @property
    def asks(self) -> bool:
        """Whether it demands its one type by itself: presence, reach, a phase, an area of that type alone, or a share that have one."""
        demands = {"presence", "reach", "area_ratio", "area_floor", "phase"}
        share_of_facilities = self.kind == "share" and self.unit == "count"
        return self.modelled and len(self.types) == 1 and (self.kind in demands or share_of_facilities)

    @property
    def counts(self) -> Literal["outermost", "all"]:
        """Which facilities' areas an area rule, or a share in m2, adds up.

        ``"outermost"`` where several types are counted together: a room inside a host is part of the host's area
        and is not counted again. ``"all"`` where one type is counted.
        """
        area = self.kind in {"area_ratio", "area_floor"} or (self.kind == "share" and self.unit == "m2")
        return "outermost" if area and len(self.types) > 1 else "all"

    def applies_to(self, unit: Unit) -> bool:
        """Tell whether all its conditions hold for ``unit`` (topics of other rules are not looked at).

        Examples
        --------
        >>> rule = Rule(id="X-1", kind="area_floor", types=("service_centre",), figure=400, unit="m2",
        ...             strength="hard", status="verified", setting="rural", source="county plan 2022, art. 7")
        >>> rule.applies_to(Unit(id="a", setting="rural")), rule.applies_to(Unit(id="b", setting="urban"))
        (True, False)
        """
        return self._fits(unit) and (self.size is None or self.size.holds(unit))

    def may_apply_to(self, unit: Unit) -> bool:
        """Tell whether it is not known if it applies: its other conditions hold, but ``unit`` lacks the figure of its size.

        Examples
        --------
        >>> rule = Rule(id="X-3", kind="presence", types=("elderly_care",), figure=1, unit="count", strength="hard",
        ...             status="verified", size=Size(metric="elderly", min=100), source="county plan 2022, art. 7")
        >>> rule.may_apply_to(Unit(id="a", elderly=math.nan)), rule.may_apply_to(Unit(id="b", elderly=50))
        (True, False)
        """
        return self.size is not None and not self.size.known(unit) and self._fits(unit)

    def _fits(self, unit: Unit) -> bool:
        """Tell whether its conditions other than size hold."""
        return (
            self.setting in {"any", unit.setting}
            and self.construction in {"any", unit.construction}
            and self.resettlement in {"any", "yes" if unit.resettlement else "no"}
            and self.key in {"any", "yes" if unit.key else "no"}
        )

    def required(self, unit: Unit) -> float:
        """Return what it requires of ``unit``, in the rule's own terms.

        Returns
        -------
        float
            area_ratio: m2, continuous (never rounded up to the next hundred households); area_floor: m2; unit_floor: m2 of each
            facility; presence and phase: facilities; reach: the households to be reached, ``share`` of all; capacity: the
            households to be served; staff: workers, not rounded up; fund: yuan a year. NaN where the unit's figure is not known.

        Raises
        ------
        UsageError
            For rules that count a plan's facilities, a study's communities (:meth:`communities`), or are recorded.

        Examples
        --------
        >>> rule = Rule(id="X-2", kind="area_ratio", types=("service_centre",), figure=32, unit="m2/100hh",
        ...             strength="hard", status="verified", source="county plan 2022, art. 7")
        >>> rule.required(Unit(id="a", households=1250))
        400.0
        """
        if self.modelled and self.kind in {"reach", "capacity"}:
            return float(unit.households) * (self.share or 1.0)
        if self.modelled and self.kind == "phase":
            return 1.0
        plain = {"area_ratio", "area_floor", "unit_floor", "presence", "staff", "fund"}
        if self.figure is None or not self.modelled or self.kind not in plain:
            raise UsageError(_("rule {rule} of kind {kind} has no requirement of a unit", rule=self.id, kind=self.kind))
        if self.kind == "area_ratio":
            return self.area_for(float(getattr(unit, self.denominator)))
        if self.kind == "staff":
            counts = {
                "households/worker": unit.households / self.figure,
                "workers/10000people": unit.people * self.figure / 10_000,
                "heads/building": unit.buildings * self.figure,
            }
            return float(counts.get(self.unit, self.figure))
        return float(self.figure)

    def area_for(self, count: float) -> float:
        """Return the m2 that ``count`` of its denominator (households, people ...) take: figures of kinds area_ratio and capacity.

        Raises
        ------
        UsageError
            If its unit is no area for each household or person.
        """
        if self.figure is None or self.unit not in kinds.DIVISORS:
            raise UsageError(_("rule {rule} of kind {kind} has no requirement of a unit", rule=self.id, kind=self.kind))
        return self.figure * count / kinds.DIVISORS[self.unit]

    def communities(self, number: int) -> int:
        """Return how many of ``number`` communities must have it: ``share`` of them, rounded up (kind ``share``).

        Examples
        --------
        >>> rule = Rule(id="X-4", kind="share", types=("one_stop",), figure=1, share=0.55, unit="count", strength="hard",
        ...             status="verified", source="county plan 2022, art. 7")
        >>> rule.communities(20), rule.communities(19)  # 11.000000000000002 and 10.45
        (11, 11)
        """
        if self.kind != "share" or self.share is None:
            raise UsageError(_("rule {rule} of kind {kind} has no requirement of a unit", rule=self.id, kind=self.kind))
        return round_up(self.share * number)

    def conditions(self) -> str:
        """Return its conditions in one line, empty where there are none."""
        parts = [value for value in (self.setting, self.construction) if value != "any"]
        parts += [
            f"{name}: {value}"
            for name, value in (("resettlement", self.resettlement), ("key", self.key))
            if value != "any"
        ]
        parts += ["where one stands"] if self.standing else []
        parts += [str(self.size)] if self.size else []
        return ", ".join(parts)

    def figure_text(self) -> str:
        """Return figure and unit in one line, ``"32 m2/100hh"``, with what its kind adds; empty where there is nothing to say."""
        parts = [self.host, *self.modes]
        if self.figure is not None:
            text = f"{self.figure:g}" if self.figure_max is None else f"{self.figure:g}-{self.figure_max:g}"
            per = f" ({self.denominator})" if "person" in self.unit and self.denominator != "people" else ""
            parts += [text if self.unit == "-" else f"{text} {self.unit}{per}"]
        parts += [f"{self.share:.0%}"] if self.share is not None else []
        parts += [f"from {' '.join(self.apart_from[:3])}"] if self.apart_from else []
        parts += [f"{len(self.apart_from)} in all"] if len(self.apart_from) > 3 else []  # noqa: PLR2004 - as many as a line holds
        return ", ".join(part for part in parts if part)

    def but(self, **changes: Any) -> Rule:
        """Return a copy with ``changes``, checked again."""
        return dataclasses.replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return its fields as plain values for JSON; an open end of a size class is None."""
        fields = dataclasses.asdict(self)
        fields |= {name: list(fields[name]) for name in ("types", "modes", "apart_from")}
        if self.size is not None and math.isinf(self.size.max):
            fields["size"]["max"] = None
        return fields | {"modelled": self.modelled}

    def __repr__(self) -> str:
        """Return the rule in one line."""
        parts = (self.kind, "+".join(self.types), self.figure_text(), self.strength, self.conditions())
        where = f"{self.document} {self.clause}".strip() or self.status
        return f"<Rule {self.id}: {', '.join(part for part in parts if part)} ({where})>"
