"""Slots: which facility type may stand at which site, how large, inside what, and at what price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siteplan.models.joint_problem import Floats, Ints, Sites, SizeRows, Slots, Space, Strength
from siteplan.siting.bars import barred
from siteplan.siting.locks import lock
from siteplan.siting.modes import CONVERT, EXISTING, EXTEND, allowed, mode_of
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from siteplan.siting.question import Question

STRENGTHS = {"hard": Strength.HARD, "target": Strength.TARGET, "soft": Strength.SOFT}
LEAST_M2 = 10.0
"""A new facility that takes floor or land has at least so much where no hard rule says more: otherwise one of 0 m2 would be
opened wherever that costs nothing, because it shortens walks on paper (docs/decisions/0008-least-area.md)."""
SPACES = {"none": Space.NONE, "floor": Space.FLOOR, "land": Space.LAND}


class _Slot(NamedTuple):
    """One slot on its way into arrays; ``host`` is the host's facility type, empty if it stands by itself."""

    site: int
    type: int
    existing: bool
    existing_m2: float
    min_m2: float
    max_m2: float
    host: str
    space: Space
    cost_m2: float


@dataclass(frozen=True, kw_only=True, eq=False)
class SlotTable:
    """Slots, sites and least sizes as arrays.

    Parameters
    ----------
    slots : Slots
    sites : Sites
    size : SizeRows
        Least sizes of new facilities that a target or an aim asks for (hard ones are ``slots.min_m2``).
    """

    slots: Slots
    sites: Sites
    size: SizeRows


def make_slots(question: Question) -> SlotTable:
    """Return every slot of the question, in order of site and then type.

    Raises
    ------
    UsageError
        If a facility that the scenario locks can no longer stand.
    """
    entries: list[_Slot] = []
    bars = barred(question)
    for j, site in enumerate(question.sites.to_dict("records")):
        free = [key for key, bar in zip(question.types, bars[j].tolist(), strict=True) if not bar]
        make = _existing if site["kind"] == EXISTING else _candidate
        entries.extend(make(question, j, site, free))
    number = {(slot.site, question.counted[slot.type]): s for s, slot in enumerate(entries)}
    host = [number[slot.site, slot.host] if slot.host else -1 for slot in entries]
    slots = Slots(
        site=np.array([slot.site for slot in entries], dtype=np.int64),
        type=np.array([slot.type for slot in entries], dtype=np.int64),
        existing=np.array([slot.existing for slot in entries], dtype=bool),
        existing_m2=np.array([slot.existing_m2 for slot in entries], dtype=float),
        min_m2=np.array([slot.min_m2 for slot in entries], dtype=float),
        max_m2=np.array([slot.max_m2 for slot in entries], dtype=float),
        host=np.array(host, dtype=np.int64),
        space=np.array([slot.space for slot in entries], dtype=np.int64),
        cost_m2=np.array([slot.cost_m2 for slot in entries], dtype=float),
        state=np.zeros(len(entries), dtype=np.int64),
    )
    sites = _sites(question)
    return SlotTable(slots=lock(question, slots, sites), sites=sites, size=_size_rows(question, entries))


def _host(question: Question, unit_id: str, type_: str) -> str:
    """Return the facility type inside which a new ``type_`` is to stand in a community, empty without one.

    A hard rule is heard before others: see :func:`_must`.
    """
    rules = [r for r in question.rules[unit_id] if r.kind == "inside" and type_ in r.types]
    return next((r.host for r in sorted(rules, key=lambda r: r.strength != "hard")), "")


def _must(question: Question, unit_id: str, type_: str) -> bool:
    """Tell whether a new ``type_`` may only stand inside its host.

    Where no hard rule says so it stands inside wherever its host may stand too, and elsewhere by itself: that is listed.
    """
    return any(r.kind == "inside" and r.strength == "hard" and type_ in r.types for r in question.rules[unit_id])


def _least(question: Question, unit_id: str, type_: str) -> float:
    """Return the least m2 of a new ``type_`` that hard rules allow, at least LEAST_M2; 0 for a type without area."""
    if facility_type(type_).space == "none":
        return 0.0
    rules = question.rules[unit_id]
    figures = [
        r.figure for r in rules if r.kind == "unit_floor" and r.strength == "hard" and type_ in r.types and r.figure
    ]
    return max([LEAST_M2, *figures])


def _fitting(question: Question, unit: str, keys: list[str], held: str = "") -> dict[str, str]:
    """Return which of ``keys`` may be new at a site, each with the type in which it is a room there, empty where it stands by itself.

    A hard rule lets a room stand only inside its host, and a facility only beside its companion; without a host that may stand there too, another
    rule lets it stand by itself.

    Parameters
    ----------
    held : str
        Type of what stands at the site already.
    """
    hosts = {key: _host(question, unit, key) for key in keys}
    beside = {key: _beside(question, unit, key) for key in keys}
    fits = list(keys)
    while True:
        there = {*fits, held}
        lost = [key for key in fits if not beside[key] <= there]
        homeless = [key for key in fits if hosts[key] and hosts[key] not in there]
        if not lost and not homeless:
            return {key: hosts[key] for key in fits}
        for key in homeless:
            if _must(question, unit, key):
                lost.append(key)
            else:
                hosts[key] = ""
        fits = [key for key in fits if key not in lost]


def _rooms(question: Question, unit: str, keys: list[str], own: str) -> dict[str, str]:
    """Return which of ``keys`` may be set up as rooms inside an existing facility of type ``own``, each with its host."""
    hosts = _fitting(question, unit, keys, own)
    rooms = {own}
    while more := {key for key, host in hosts.items() if host in rooms} - rooms:
        rooms |= more
    inner = [key for key in hosts if key in rooms]
    return hosts if len(inner) == len(hosts) else _rooms(question, unit, inner, own)


def _beside(question: Question, unit_id: str, type_: str) -> set[str]:
    """Return the types that hard rules want at the same site as a new ``type_``."""
    rules = question.rules[unit_id]
    return {r.host for r in rules if r.kind == "colocation" and r.strength == "hard" and type_ in r.types}


def _candidate(question: Question, j: int, site: dict[str, object], free: list[str]) -> Iterator[_Slot]:
    """Yield the slots of a candidate: every type it may hold; rooms only where their host may stand as well."""
    unit, mode = str(site["community_id"]), mode_of(str(site["kind"]), new=True)
    listed = {name.strip() for name in str(site["types"] or "").split(";") if name.strip()}
    largest = {"floor": _floor(site), "land": _number(site["land_m2"]), "none": 0.0}
    price = {"floor": _number(site["cost_per_m2_yuan"]), "land": _number(site["land_cost_per_m2_yuan"]), "none": 0.0}
    holds = [
        key
        for key in free
        if (not listed or key in listed)
        and (facility_type(key).space == "none" or largest[facility_type(key).space] > 0)
        and allowed(question, unit, key, mode)
    ]
    for key, host in _fitting(question, unit, holds).items():
        space = facility_type(key).space
        yield _Slot(
            site=j,
            type=question.types.index(key),
            existing=False,
            existing_m2=0.0,
            min_m2=_least(question, unit, key),
            max_m2=largest[space],
            host=host,
            space=SPACES[space],
            cost_m2=0.0 if host else price[space],
        )


def _existing(question: Question, j: int, site: dict[str, object], free: list[str]) -> Iterator[_Slot]:
    """Yield the slot of an existing facility, and those of the rooms that may be set up inside it."""
    unit, own = str(site["community_id"]), str(site["existing_type"])
    space = facility_type(own).space
    stands = _number(site["existing_m2"])
    spare = {"floor": _number(site["floor_capacity_m2"]), "land": _number(site["land_m2"]), "none": 0.0}[space]
    price = {"floor": site["cost_per_m2_yuan"], "land": site["land_cost_per_m2_yuan"], "none": 0.0}[space]
    if own not in question.types or not allowed(question, unit, own, EXTEND):
        spare = 0.0
    yield _Slot(
        site=j,
        type=question.counted.index(own),
        existing=True,
        existing_m2=stands,
        min_m2=0.0,
        max_m2=stands + spare,
        host="",
        space=SPACES[space],
        cost_m2=_number(price),
    )
    inner = [key for key in free if key != own and allowed(question, unit, key, CONVERT)]
    for key, host in _rooms(question, unit, inner, own).items():
        room = facility_type(key).space
        yield _Slot(
            site=j,
            type=question.types.index(key),
            existing=False,
            existing_m2=0.0,
            min_m2=_least(question, unit, key),
            max_m2=stands + spare if room == space else 0.0,
            host=host,
            space=SPACES[room],
            cost_m2=0.0,
        )


def _floor(site: dict[str, object]) -> float:
    """Return the floor that fits, no more than the land carries where it is new."""
    storeys = 0.0 if site["kind"] == "convert" else _number(site["storeys"])
    floor = _number(site["floor_capacity_m2"])
    return min(floor, _number(site["land_m2"]) * storeys) if storeys > 0 else floor


def _number(value: object) -> float:
    number = float(value)  # type: ignore[arg-type]
    return 0.0 if np.isnan(number) else number


def _sites(question: Question) -> Sites:
    frame, scenario = question.sites, question.scenario
    state = (
        frame["state"].map({"free": 0, "required": 1, "forbidden": -1}).fillna(0).to_numpy(dtype=np.int64, copy=True)
    )
    ids = frame["id"].astype(str)
    state[ids.isin(scenario.required).to_numpy()] = 1
    state[ids.isin(scenario.forbidden).to_numpy()] = -1

    def column(name: str) -> Floats:
        return np.asarray(frame[name].fillna(0.0), dtype=np.float64)

    return Sites(
        floor=column("floor_capacity_m2"),
        land=column("land_m2"),
        storeys=np.where(frame["kind"] == "convert", 0.0, column("storeys")),
        fixed=column("fixed_cost_yuan"),
        state=state,
        place=_places(frame["place"]),
    )


def _places(names: pd.Series[str]) -> Ints:
    """Return the number of each place, -1 where a site is no alternative to another."""
    text = names.astype("object").where(names.notna(), "").astype(str).str.strip()
    shared = text.ne("") & text.duplicated(keep=False)
    codes = np.unique(text.to_numpy(dtype=object), return_inverse=True)[1].astype(np.int64)
    return np.where(shared, codes, -1)


def _size_rows(question: Question, entries: list[_Slot]) -> SizeRows:
    """Return the least sizes that may be missed: any of an existing facility, and those of new ones that are not hard."""
    slot, least, strength = [], [], []
    unit_of = question.sites["community_id"].astype(str).tolist()
    for s, entry in enumerate(entries):
        key = question.counted[entry.type]
        for rule in question.rules[unit_of[entry.site]]:
            if rule.kind != "unit_floor" or key not in rule.types or not rule.figure or entry.space == Space.NONE:
                continue
            if entry.existing or rule.strength != "hard":
                slot.append(s)
                least.append(float(rule.figure))
                strength.append(STRENGTHS[rule.strength])
    return SizeRows(
        slot=np.array(slot, dtype=np.int64),
        least_m2=np.array(least, dtype=float),
        strength=np.array(strength, dtype=np.int64),
    )
