"""Slots that break a rule on facilities where they are open: too near, too far, beside nothing, outside their host, or had in a way not wanted.

Hard rules bar what is new outright (siting.bars, siting.slots), but for two new facilities too near to each other, and for a facility that needs
another at its site: which of them is opened is for the model to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.models.joint_problem import Faults, Slots, Strength
from siteplan.siting.locks import facility_ids
from siteplan.siting.modes import acquisition_rules, mode_of
from siteplan.siting.nearness import close_pairs, far_from_homes, near_layers, site_xy
from siteplan.siting.slots import STRENGTHS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from siteplan.models.joint_problem import Floats, Ints
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

KINDS = ("separation", "adjacency", "colocation", "inside", "acquisition")


class _Fault(NamedTuple):
    """One slot that breaks one rule; ``others`` are the slots that it depends on, none: it does so wherever it is open."""

    slot: int
    unless: bool
    others: tuple[int, ...]
    strength: Strength


def make_faults(question: Question, slots: Slots) -> Faults | None:
    """Return which slots break a rule where they are open; None where none does.

    Raises
    ------
    UsageError
        If two facilities that the scenario locks are too near to each other for a hard rule.
    """
    look = _Look(question, slots)
    entries: list[_Fault] = []
    for rule, units in question.spoken(*KINDS):
        mine = look.of(rule, units)
        if len(mine):
            entries.extend(_FINDERS[rule.kind](look, rule, mine))
    if not entries:
        return None
    _check_locked(question, slots, entries)
    rows = np.repeat(np.arange(len(entries)), [len(fault.others) for fault in entries])
    columns = np.array([s for fault in entries for s in fault.others], dtype=np.int64)
    return Faults(
        slot=np.array([fault.slot for fault in entries], dtype=np.int64),
        unless=np.array([fault.unless for fault in entries], dtype=bool),
        matrix=sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(entries), len(slots))),
        strength=np.array([fault.strength for fault in entries], dtype=np.int64),
    )


class _Look:
    """The slots, as rules look at them."""

    def __init__(self, question: Question, slots: Slots) -> None:
        self.question, self.slots = question, slots
        self.kind = np.array(question.counted, dtype=object)[slots.type]
        self.unit = question.site_unit[slots.site]
        self.unit_row = {unit: n for n, unit in enumerate(question.unit_values)}
        self.number = question.site_number[slots.site]
        self.xy: Floats = site_xy(question)[slots.site]
        self.at_site: dict[int, list[int]] = {}
        for s, j in enumerate(slots.site.tolist()):
            self.at_site.setdefault(j, []).append(s)

    def of(self, rule: Rule, units: Iterable[str]) -> Ints:
        """Return the slots of a rule's types (none named: of any) in ``units``."""
        spoken_for = np.zeros(len(self.unit_row), dtype=bool)
        spoken_for[[self.unit_row[unit] for unit in units]] = True
        named = [k for k, key in enumerate(self.question.counted) if not rule.types or key in rule.types]
        return np.flatnonzero(np.isin(self.slots.type, named) & spoken_for[self.number]).astype(np.int64)

    def may(self, rule: Rule, slot: int) -> bool:
        """Tell whether a slot that breaks the rule by itself may be open: hard rules bar what is new."""
        return rule.strength != "hard" or bool(self.slots.existing[slot])


def _always(look: _Look, rule: Rule, broken: Iterable[int]) -> Iterator[_Fault]:
    for s in broken:
        if look.may(rule, s):
            yield _Fault(s, unless=False, others=(), strength=STRENGTHS[rule.strength])


def _separation(look: _Look, rule: Rule, mine: Ints) -> Iterator[_Fault]:
    """Yield those too near to what the layers draw or what stands, and those that are too near to what may be new."""
    slots = look.slots
    others = np.flatnonzero(np.isin(look.kind, rule.apart_from)).astype(np.int64)
    near = near_layers(look.question, rule)[slots.site[mine]]
    a, b = close_pairs(look.xy, mine, others, rule)
    near[a[slots.existing[others[b]]]] = True
    yield from _always(look, rule, mine[near].tolist())
    for position in np.unique(a[~near[a]]).tolist():
        s, crowd = int(mine[position]), others[b[a == position]].tolist()
        if rule.strength == "hard" and slots.existing[s]:
            continue  # what would crowd it is barred
        yield _Fault(s, unless=False, others=tuple(crowd), strength=STRENGTHS[rule.strength])


def _adjacency(look: _Look, rule: Rule, mine: Ints) -> Iterator[_Fault]:
    far = far_from_homes(look.question, rule)[look.slots.site[mine]]
    yield from _always(look, rule, mine[far].tolist())


def _colocation(look: _Look, rule: Rule, mine: Ints) -> Iterator[_Fault]:
    slots = look.slots
    for s in mine.tolist():
        beside = [r for r in look.at_site[int(slots.site[s])] if look.kind[r] == rule.host]
        if any(slots.existing[r] for r in beside):
            continue
        if beside:
            yield _Fault(s, unless=True, others=tuple(beside), strength=STRENGTHS[rule.strength])
        else:
            yield from _always(look, rule, [s])


def _inside(look: _Look, rule: Rule, mine: Ints) -> Iterator[_Fault]:
    host = look.slots.host[mine]
    outside = mine[(host < 0) | (look.kind[host] != rule.host)]
    yield from _always(look, rule, outside.tolist())


def _acquisition(look: _Look, rule: Rule, mine: Ints) -> Iterator[_Fault]:
    """Yield what is new and had in another way; that what stands is extended is no slot's opening, and is listed only."""
    question, slots = look.question, look.slots
    kinds = question.sites["kind"].astype(str).to_numpy(dtype=object)[slots.site]
    new = [
        s
        for s in mine[~slots.existing[mine]].tolist()
        if mode_of(kinds[s], new=True) not in rule.modes
        and any(spoken.id == rule.id for spoken in acquisition_rules(question, look.unit[s], look.kind[s]))
    ]
    yield from _always(look, rule, new)


_FINDERS: dict[str, Callable[[_Look, Rule, Ints], Iterator[_Fault]]] = {
    "separation": _separation,
    "adjacency": _adjacency,
    "colocation": _colocation,
    "inside": _inside,
    "acquisition": _acquisition,
}


def _check_locked(question: Question, slots: Slots, entries: Iterable[_Fault]) -> None:
    """Refuse two locked facilities of which a hard rule bars one."""
    ids = facility_ids(question, slots)
    for fault in entries:
        if fault.strength == Strength.HARD and not fault.unless and slots.state[fault.slot] > 0:
            for other in fault.others:
                if slots.state[other] > 0 and not slots.existing[fault.slot]:
                    raise UsageError(
                        _(
                            "the locked facilities {one} and {other} are too near to each other for a hard rule",
                            one=repr(ids[fault.slot]),
                            other=repr(ids[other]),
                        )
                    )
