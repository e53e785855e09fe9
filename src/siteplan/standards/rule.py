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


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A community or township, as far as rules look at it. All counts are given, fractions allowed."""

    id: str
    name: str = ""
    households: float = 0.0
    people: float = 0.0
    elderly: float = 0.0
    children: float = 0.0
    setting: str = "rural"
    construction: str = "existing"
    resettlement: bool = False
    key: bool = False
    phase: int = 1


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
        One of ``kinds.KINDS``; see ``kinds.MODELLED_KINDS`` for what is evaluated.
    types : tuple of str
        Facility types it binds; several are counted together.
    figure : float or None
        The figure, in ``unit``; None only for kind ``inside`` and recorded kinds.
    figure_max : float or None
        Upper end of a range (recorded kinds).
    share : float or None
        The share of communities, 0 to 1, that must meet ``figure`` (recorded kinds).
    unit, denominator : str
        ``denominator`` is what an area_ratio is multiplied by: households, people, elderly or children; else none.
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
        For kind ``inside``: the facility type that holds the room.
    subject : str
        What its topic is about; by default its types. Rules that size the same thing with other sets of types
        (one building, all rooms together) share a subject (docs/decisions/0005-topic-resolution.md).
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
    def modelled(self) -> bool:
        """Whether siting and audit evaluate it."""
        return self.kind in kinds.MODELLED_KINDS

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
        """Whether it demands its one type by itself: presence, reach, or an area of that type alone."""
        return self.kind in {"presence", "reach", "area_ratio", "area_floor"} and len(self.types) == 1

    @property
    def counts(self) -> Literal["outermost", "all"]:
        """Which facilities' areas an area rule adds up.

        ``"outermost"`` where several types are counted together: a room inside a host is part of the host's area
        and is not counted again. ``"all"`` where one type is counted.
        """
        return "outermost" if self.kind in {"area_ratio", "area_floor"} and len(self.types) > 1 else "all"

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
            area_ratio: m2, continuous (never rounded up to the next hundred households); area_floor: m2;
            unit_floor: m2 of each facility; presence: facilities; reach: the households to be reached.

        Raises
        ------
        UsageError
            For kind ``inside``, which counts a plan's facilities, and for recorded kinds.

        Examples
        --------
        >>> rule = Rule(id="X-2", kind="area_ratio", types=("service_centre",), figure=32, unit="m2/100hh",
        ...             strength="hard", status="verified", source="county plan 2022, art. 7")
        >>> rule.required(Unit(id="a", households=1250))
        400.0
        """
        if self.kind == "reach":
            return float(unit.households)
        if self.figure is None or self.kind == "inside" or not self.modelled:
            raise UsageError(_("rule {rule} of kind {kind} has no requirement of a unit", rule=self.id, kind=self.kind))
        if self.kind == "area_ratio":
            count = float(getattr(unit, self.denominator))
            return self.figure * count / {"m2/100hh": 100.0, "m2/person": 1.0, "m2/1000people": 1000.0}[self.unit]
        return float(self.figure)

    def conditions(self) -> str:
        """Return its conditions in one line, empty where there are none."""
        parts = [value for value in (self.setting, self.construction) if value != "any"]
        parts += [
            f"{name}: {value}"
            for name, value in (("resettlement", self.resettlement), ("key", self.key))
            if value != "any"
        ]
        parts += [str(self.size)] if self.size else []
        return ", ".join(parts)

    def figure_text(self) -> str:
        """Return figure and unit in one line, ``"32 m2/100hh"``; empty where there is no figure."""
        if self.figure is None:
            return f"{self.host}" if self.kind == "inside" else ""
        text = f"{self.figure:g}" if self.figure_max is None else f"{self.figure:g}-{self.figure_max:g}"
        text = text if self.unit == "-" else f"{text} {self.unit}"
        return text if self.share is None else f"{text}, {self.share:.0%}"

    def but(self, **changes: Any) -> Rule:
        """Return a copy with ``changes``, checked again."""
        return dataclasses.replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return its fields as plain values for JSON; an open end of a size class is None."""
        fields = dataclasses.asdict(self)
        fields["types"] = list(self.types)
        if self.size is not None and math.isinf(self.size.max):
            fields["size"]["max"] = None
        return fields | {"modelled": self.modelled}

    def __repr__(self) -> str:
        """Return the rule in one line."""
        parts = (self.kind, "+".join(self.types), self.figure_text(), self.strength, self.conditions())
        where = f"{self.document} {self.clause}".strip() or self.status
        return f"<Rule {self.id}: {', '.join(part for part in parts if part)} ({where})>"
