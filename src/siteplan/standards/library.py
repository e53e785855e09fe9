"""The standards of a study: its profiles in order, and which of their rules speak for a unit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files as package_files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from siteplan.errors import StandardsError
from siteplan.messages import _
from siteplan.standards.facility_types import FACILITY_TYPES
from siteplan.standards.kinds import MODELLED_KINDS, WITH_SHARE, why_recorded
from siteplan.standards.nearest import nearest
from siteplan.standards.profile import Profile, read_profile

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from siteplan.standards.rule import Rule, Topic, Unit

NATIONAL = "national"
"""The profile of defaults; it is always read, and speaks last."""

Scope = Literal["community", "township", "study"]
"""Whom a rule is asked about; rules of scope facility are heard with those of the community."""

_FIGURES = ("figure", "share", "modes", "apart_from")
"""What a rule says that study.toml may say instead."""

_COUNTING = ("area_ratio", "area_floor", "presence", "share", "phase", "colocation", "separation")

BUILT_IN = ("p000", "p001", "p002", "p003", "p004")
"""Profiles of the source documents that come with siteplan."""


class Override(BaseModel, frozen=True, extra="forbid"):
    """What study.toml changes in one rule (``[standards.rules."ID"]``).

    Parameters
    ----------
    figure : float or None
        Figure instead of the rule's, in the same unit. A rule that was recorded for want of it is evaluated then; where the clause
        gave a share of a sum that nobody knows (S3-07), it stands for that share.
    share : float or None
        Share instead of the rule's, above 0 and at most 1 (kinds reach and share).
    modes, apart_from : tuple of str
        Lists instead of the rule's (kinds acquisition and separation); empty: as they are.
    strength : {"hard", "soft", "target"} or None
        Strength instead of the rule's. This is the one way to make an unverified figure or a judgement hard.
    off : bool
        Whether the rule is switched off: the next profile that speaks on its topic is heard.
    reason : str
        Why; it is shown wherever the rule is.
    """

    figure: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    share: float | None = Field(default=None, gt=0, le=1, allow_inf_nan=False)
    modes: tuple[str, ...] = ()
    apart_from: tuple[str, ...] = ()
    strength: Literal["hard", "soft", "target"] | None = None
    off: bool = False
    reason: str = ""


class Recorded(NamedTuple):
    """A rule that is listed but not evaluated, and why."""

    rule_id: str
    kind: str
    why: str


@dataclass(frozen=True, kw_only=True, repr=False)
class Standards:
    """The rules of a study's profiles, in the order in which they speak.

    Parameters
    ----------
    profiles : tuple of Profile
        In the study's order, ``national`` last; their rules are as the files say.
    rules : tuple of Rule
        All rules in that order, as study.toml changed them; those switched off are kept and say so.
    """

    profiles: tuple[Profile, ...]
    rules: tuple[Rule, ...]

    def get(self, rule_id: str) -> Rule:
        """Return the rule called ``rule_id``.

        Raises
        ------
        StandardsError
            If no profile has it; the remedy names the nearest.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise StandardsError(
            _("unknown rule {rule}", rule=repr(rule_id)),
            remedy=_(
                "the nearest rule of the chosen profiles is {known}", known=nearest(rule_id, (r.id for r in self.rules))
            ),
        )

    def profile(self, name: str) -> Profile:
        """Return the profile called ``name``.

        Raises
        ------
        StandardsError
            If the study does not use it.
        """
        for profile in self.profiles:
            if profile.name == name:
                return profile
        raise _unknown_profile(name, [profile.name for profile in self.profiles])

    def types(self) -> tuple[str, ...]:
        """Return the facility types that the study's profiles ask for, in catalogue order.

        A type is asked for where a modelled rule demands it (``Rule.asks``): presence, reach, a phase, an area of that type
        alone, or a share of communities that have one. A type that is only named among several whose areas are summed, or
        only given a size or a place (unit_floor, inside), is not. ``national`` gives figures for types that the named
        profiles ask for; what it asks for itself counts only where no profile is named.
        """
        return self._asked(lambda rule: rule.profile != NATIONAL) or self._asked(lambda _rule: True)

    def _asked(self, wanted: Callable[[Rule], bool]) -> tuple[str, ...]:
        asked = {rule.types[0] for rule in self.rules if rule.asks and not rule.off and wanted(rule)}
        return tuple(key for key in FACILITY_TYPES if key in asked)

    def rules_for(
        self,
        unit: Unit,
        scope: Scope = "community",
        types: Collection[str] | None = None,
    ) -> tuple[Rule, ...]:
        """Return the modelled rules that speak for ``unit``.

        For each topic (kind, subject, aim or not) the first profile in order speaks that has a rule of that topic whose
        conditions hold for the unit; all its rules of that topic whose conditions hold are returned. Of staff rules those of
        every profile are heard, because the largest of the applicable counts; ``national`` only where the others are silent
        (docs/decisions/0011-staff-and-money.md).

        Parameters
        ----------
        unit : Unit
            A community, or a township with its totals.
        scope : {"community", "township", "study"}
            ``"community"`` gives rules of scope community and facility; ``"study"``, of a community, the rules on the whole study
            that count it.
        types : collection of str, optional
            Facility types that are planned; by default :meth:`types`. A rule is returned if it binds one of them, or none.

        Returns
        -------
        tuple of Rule
            In profile order.
        """
        return self._heard(unit, scope, types)[0]

    def unknown_for(
        self,
        unit: Unit,
        scope: Scope = "community",
        types: Collection[str] | None = None,
    ) -> tuple[Rule, ...]:
        """Return the rules of which it is not known whether they speak for ``unit``.

        They are of a size class of which the unit has no figure (NaN), and would be heard if it were of that class.
        Parameters are those of :meth:`rules_for`.
        """
        return self._heard(unit, scope, types)[1]

    def _heard(
        self, unit: Unit, scope: Scope, types: Collection[str] | None
    ) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        """Return the rules that speak for ``unit``, and those that may."""
        planned = set(self.types() if types is None else types)
        scopes = {"community", "facility"} if scope == "community" else {scope}
        speaker: dict[Topic, str] = {}
        spoken: list[Rule] = []
        unknown: list[Rule] = []
        for rule in self.rules:
            if not rule.modelled or rule.off or rule.scope not in scopes:
                continue
            if rule.types and planned.isdisjoint(rule.types):
                continue
            among = rule.kind == "staff" and rule.profile != NATIONAL
            if rule.applies_to(unit) and (speaker.setdefault(rule.topic, rule.profile) == rule.profile or among):
                spoken.append(rule)
            elif rule.may_apply_to(unit) and (speaker.get(rule.topic, rule.profile) == rule.profile or among):
                unknown.append(rule)
        return tuple(spoken), tuple(unknown)

    def recorded(self) -> tuple[Recorded, ...]:
        """Return the rules that are listed but not evaluated, each with a plain reason.

        These are rules of kinds that are data, rules that lack what their kind needs, and rules switched off in study.toml; of
        ``national`` only those about types that the study asks for, or about no type.
        """
        return tuple(self._recorded())

    def _recorded(self) -> Iterator[Recorded]:
        asked, forming = set(self.types()), {rule.id for rule in self.formation()}
        for rule in self.rules:
            if rule.off:
                why = _("switched off in study.toml: {reason}", reason=rule.reason or _("no reason given"))
            elif rule.modelled or (rule.profile == NATIONAL and rule.types and asked.isdisjoint(rule.types)):
                continue
            elif rule.kind == "formation" and rule.id not in forming:
                why = _("an earlier profile says how communities are formed")
            else:
                why = why_recorded(rule)
            yield Recorded(rule.id, rule.kind, why)

    def formation(self) -> tuple[Rule, ...]:
        """Return the formation rules of the first profile that has any; ``national`` has some."""
        for profile in self.profiles:
            found = tuple(r for r in self.rules if r.profile == profile.name and r.kind == "formation" and not r.off)
            if found:
                return found
        return ()

    def order_notes(self) -> tuple[str, ...]:
        """Return a sentence for each profile that speaks before one of more authority."""
        notes = []
        for before, after in zip(self.profiles, self.profiles[1:], strict=False):
            if before.authority < after.authority:
                notes.append(
                    _(
                        "{first} speaks before {second}, a document of more authority",
                        first=before.name,
                        second=after.name,
                    )
                )
        return tuple(notes)

    def __repr__(self) -> str:
        """Return the profiles in order with their number of rules."""
        named = ", ".join(f"{profile.name} ({len(profile.rules)})" for profile in self.profiles)
        return f"<Standards: {named}>"


def counted_types(rules: Iterable[Rule], planned: Collection[str]) -> tuple[str, ...]:
    """Return the types that ``rules`` count together with planned ones and that are not planned, in catalogue order.

    What stands already of these types counts; nothing of them is built. So it is with types that planned ones are kept apart from, or
    stand beside.
    """
    together: set[str] = set()
    for rule in rules:
        if rule.kind in _COUNTING:
            together |= {*rule.types, rule.host, *rule.apart_from}
    return tuple(key for key in FACILITY_TYPES if key in together - set(planned))


@cache
def _built_in(name: str) -> Profile:
    return read_profile(Path(str(package_files("siteplan.standards").joinpath("profiles", f"{name}.toml"))))


def _unknown_profile(name: str, known: Sequence[str]) -> StandardsError:
    return StandardsError(
        _("unknown profile {name}", name=repr(name)),
        remedy=_(
            "the nearest known one is {known}; a profile of your own is named in standards.files of study.toml",
            known=nearest(name, known),
        ),
    )


def _own_profiles(paths: Sequence[Path]) -> dict[str, Profile]:
    own: dict[str, Profile] = {}
    for path in paths:
        profile = read_profile(path)
        if profile.name in {NATIONAL, *BUILT_IN, *own}:
            raise StandardsError(
                _("another profile is already named {name}", name=repr(profile.name)),
                remedy=_("give it another name in its table [profile]"),
                path=path,
            )
        own[profile.name] = profile
    return own


def _chosen(names: Sequence[str], own: dict[str, Profile]) -> tuple[Profile, ...]:
    for name in names:
        if name not in {*BUILT_IN, NATIONAL, *own}:
            raise _unknown_profile(name, [*own, *BUILT_IN, NATIONAL])
        if list(names).count(name) > 1:
            raise StandardsError(
                _("profile {name} is named twice", name=name), remedy=_("name it once, where it should speak")
            )
    if NATIONAL in names[:-1]:
        raise StandardsError(
            _("national speaks last, and cannot stand before another profile"),
            remedy=_("leave it out: it is always read"),
        )
    for name, profile in own.items():
        if name not in names:
            raise StandardsError(
                _("profile {name} is read but not among the study's profiles", name=name),
                remedy=_("add it to profiles, at the place where it should speak"),
                path=profile.path,
            )
    named = [name for name in names if name != NATIONAL]
    return tuple(own[name] if name in own else _built_in(name) for name in [*named, NATIONAL])


def _overridden(rule: Rule, change: Override) -> Rule:
    given = {name: getattr(change, name) for name in (*_FIGURES, "strength")}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value}
    if change.figure is not None and rule.kind in MODELLED_KINDS and rule.kind not in WITH_SHARE:
        changes.setdefault("share", None)
    new = rule.but(**changes, off=change.off, overridden_by="study.toml", reason=change.reason)
    before = f"figure {rule.figure_text()}" if rule.figure_text() else "no figure"
    said = [before] if any(getattr(rule, name) != getattr(new, name) for name in _FIGURES) else []
    said += [f"strength {rule.strength}"] if rule.strength != new.strength else []
    return new.but(original="; ".join(said))


def _check_hosts(rules: Iterable[Rule]) -> None:
    """Refuse rooms that stand inside one another in a circle: none of them would take any floor."""
    hosts: dict[str, dict[str, str]] = {}
    for rule in rules:
        if rule.kind == "inside" and not rule.off:
            hosts.setdefault(rule.types[0], {})[rule.host] = rule.id

    def climb(key: str, way: tuple[str, ...]) -> None:
        for host, rule_id in hosts.get(key, {}).items():
            if host in way:
                raise StandardsError(
                    _("{type} stands inside {host}, which stands inside it in turn", type=key, host=host),
                    remedy=_("switch one of the rules off, or correct its host"),
                    row=_("rule {rule}", rule=rule_id),
                )
            climb(host, (*way, host))

    for key in hosts:
        climb(key, (key,))


def load_standards(
    profiles: Sequence[str], files: Sequence[Path] = (), overrides: Mapping[str, Override] | None = None
) -> Standards:
    """Read the profiles of a study.

    Parameters
    ----------
    profiles : sequence of str
        Names in the order in which they speak; ``national`` is added last.
    files : sequence of Path
        The planner's own profiles, each called by its ``name`` in ``profiles``.
    overrides : mapping of rule id to Override, optional
        What study.toml changes.

    Returns
    -------
    Standards

    Raises
    ------
    StandardsError
        If a profile or an overridden rule is unknown (the nearest is named), a rule is refused, or two profiles
        have a rule of the same id.

    Examples
    --------
    >>> load_standards(["p000"]).get("S0-12").figure_text()
    '32 m2/100hh'
    """
    chosen = _chosen(tuple(profiles), _own_profiles(files))
    rules: dict[str, Rule] = {}
    for profile in chosen:
        for rule in profile.rules:
            if rule.id in rules:
                raise StandardsError(
                    _("profile {name} already has a rule of this id", name=rules[rule.id].profile),
                    remedy=_("give it another id"),
                    path=profile.path,
                    row=_("rule {rule}", rule=rule.id),
                )
            rules[rule.id] = rule
    loaded = Standards(profiles=chosen, rules=tuple(rules.values()))
    for rule_id, change in (overrides or {}).items():
        rules[rule_id] = _overridden(loaded.get(rule_id), change)
    _check_hosts(rules.values())
    return Standards(profiles=chosen, rules=tuple(rules.values()))
