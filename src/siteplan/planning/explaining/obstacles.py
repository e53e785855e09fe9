"""What keeps a facility type from a site, one obstacle after the other: zones, types, ways to have it, distances, hosts, and what fits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from siteplan.layers.exclusions import keep_off, of_kind
from siteplan.planning.explaining.weighed import weigh
from siteplan.siting.bars import barred
from siteplan.siting.modes import CONVERT, EXISTING, mode_of
from siteplan.siting.slots import LEAST_M2
from siteplan.standards.facility_types import facility_type
from siteplan.standards.kinds import DWELLINGS, EXCLUSION
from siteplan.units import meets

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from siteplan.models.joint_problem import Bools
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule

EXCLUDED, UNWANTED, TYPES, MODE, SEPARATION, ADJACENCY, HOST, COMPANY, SPACE, SMALL = (
    "excluded", "forbidden", "types", "mode", "separation", "adjacency", "host", "company", "space", "small",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """One thing that keeps a type from a site.

    Parameters
    ----------
    kind : str
        excluded (in an exclusion zone), forbidden, types (its list leaves the type out), mode, separation, adjacency, host, company (what must
        stand beside it cannot), space (no floor or no land at all), small.
    rule_id : str
        The rule, if one says so.
    have, need : float
        small: m2 that the site holds, and the least m2; separation: metres to the nearest, and the figure; else 0.
    what : str
        excluded: the kinds of zones; mode: how the site is had; host and company: the type that is lacking.
    """

    kind: str
    rule_id: str = ""
    have: float = 0.0
    need: float = 0.0
    what: str = ""


class Obstacles:
    """The obstacles of a question.

    Parameters
    ----------
    question : Question
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.records = question.sites.to_dict("records")
        self._barred: dict[str, Bools] = {}

    def of(self, j: int, key: str) -> tuple[Obstacle, ...]:
        """Return what keeps a new facility of type ``key`` from site ``j`` (its row); empty where nothing does."""
        return tuple(self._found(j, key, ()))

    def _found(self, j: int, key: str, way: tuple[str, ...]) -> Iterator[Obstacle]:
        site = self.records[j]
        unit = str(site["community_id"])
        yield from self._site(j, site)
        yield from self._type(site, unit, key)
        yield from self._distances(j, key)
        yield from self._others(j, unit, key, way)
        yield from self._room(site, unit, key)

    def _site(self, j: int, site: dict[str, object]) -> Iterator[Obstacle]:
        scenario = self.question.scenario
        zones = self._zones[j]
        if zones:
            yield Obstacle(kind=EXCLUDED, what=zones)
        elif site["state"] == "forbidden" or str(site["id"]) in scenario.forbidden:
            yield Obstacle(kind=UNWANTED)

    @cached_property
    def _zones(self) -> list[str]:
        return zones_of(self.question)

    def _type(self, site: dict[str, object], unit: str, key: str) -> Iterator[Obstacle]:
        listed = {name.strip() for name in str(site["types"] or "").split(";") if name.strip()}
        if listed and key not in listed:
            yield Obstacle(kind=TYPES)
        stands = site["kind"] == EXISTING
        mode = CONVERT if stands else mode_of(str(site["kind"]), new=True)
        standing = self.question.standing[unit]
        for rule in self.question.rules[unit]:
            heard = rule.kind == "acquisition" and rule.strength == "hard" and (not rule.types or key in rule.types)
            if heard and not (rule.standing and standing.isdisjoint(rule.types)) and mode not in rule.modes:
                yield Obstacle(kind=MODE, rule_id=rule.id, what=mode)

    def _distances(self, j: int, key: str) -> Iterator[Obstacle]:
        if key not in self.question.types:
            return
        column = self.question.types.index(key)
        for rule in self._hard_distances:
            if self._bars(rule)[j, column]:
                own = key in rule.types
                metres = distance_to(self.question, rule, j) if rule.kind == SEPARATION and own else 0.0
                yield Obstacle(kind=rule.kind, rule_id=rule.id, have=metres, need=float(rule.figure or 0.0))

    @cached_property
    def _hard_distances(self) -> list[Rule]:
        found = self.question.spoken(SEPARATION, ADJACENCY)
        return [rule for rule, _units in found if rule.strength == "hard"]

    def _bars(self, rule: Rule) -> Bools:
        """Return where one hard rule alone bars each type, (n_sites, n_types) bool."""
        if rule.id not in self._barred:
            others = [other for other in self._hard_distances if other.id != rule.id]
            soft = {(other.id, unit): "target" for other in others for unit in self.question.rules}
            self._barred[rule.id] = barred(weigh(self.question, soft))
        return self._barred[rule.id]

    def _others(self, j: int, unit: str, key: str, way: tuple[str, ...]) -> Iterator[Obstacle]:
        """Yield the host, and the company, that a hard rule wants and that cannot be at the site."""
        own = self.records[j]["existing_type"] if self.records[j]["kind"] == EXISTING else ""
        for rule in self.question.rules[unit]:
            if rule.strength != "hard" or rule.kind not in ("inside", "colocation") or key not in rule.types:
                continue
            host = str(rule.host)
            if host == own or host in way:
                continue
            if host not in self.question.types or any(self._found(j, host, (*way, key))):
                kind = HOST if rule.kind == "inside" else COMPANY
                yield Obstacle(kind=kind, rule_id=rule.id, what=host)
        if own and not self._room_in(unit, key, str(own)):
            yield Obstacle(kind=HOST, what=str(own))

    def _room_in(self, unit: str, key: str, own: str) -> bool:
        """Tell whether some rule sets up ``key`` in what stands of type ``own``, or in a room in it."""
        hosts = {key}
        rules = [rule for rule in self.question.rules[unit] if rule.kind == "inside"]
        while more := {str(r.host) for r in rules if not hosts.isdisjoint(r.types)} - hosts:
            hosts |= more
        return own in hosts - {key}

    def _room(self, site: dict[str, object], unit: str, key: str) -> Iterator[Obstacle]:
        """Yield that a site has no room, or less than hard rules ask of one facility of the type."""
        space = facility_type(key).space
        if space == "none":
            return
        holds = capacity(site, space)
        figures = [
            float(r.figure)
            for r in self.question.rules[unit]
            if r.kind == "unit_floor" and r.strength == "hard" and key in r.types and r.figure
        ]
        need = max([LEAST_M2, *figures])
        if holds <= 0:
            yield Obstacle(kind=SPACE, need=need)
        elif not meets(holds, need):
            yield Obstacle(kind=SMALL, have=holds, need=need)


def zones_of(question: Question) -> list[str]:
    """Return the kinds of exclusion zones in which each candidate lies, by ", "; empty where it lies in none."""
    sites = question.sites
    found = keep_off(question.study.layers.get("exclusions")).kinds_at(sites.geometry.to_numpy())
    return ["" if kind == EXISTING else kinds for kind, kinds in zip(sites["kind"], found, strict=True)]


def capacity(site: dict[str, object] | pd.Series[Any], space: str) -> float:
    """Return the m2 of floor or land that a site holds; of what stands, with what it may be extended by."""

    def number(name: str) -> float:
        value = float(site[name])  # type: ignore[arg-type]
        return 0.0 if np.isnan(value) else value

    stands = number("existing_m2") if site["kind"] == EXISTING else 0.0
    if stands and facility_type(str(site["existing_type"])).space != space:
        return 0.0
    if space == "land":
        return stands + number("land_m2")
    storeys = 0.0 if site["kind"] in (CONVERT, EXISTING) else number("storeys")
    floor = number("floor_capacity_m2")
    return stands + (min(floor, number("land_m2") * storeys) if storeys > 0 else floor)


def distance_to(question: Question, rule: Rule, j: int) -> float:
    """Return the straight metres from site ``j`` to the nearest of what a separation rule keeps it from, as far as that stands or is drawn."""
    point = question.sites.geometry.iloc[j]
    shapes = []
    for word in rule.apart_from:
        if word == DWELLINGS:
            lived_in = question.demand["building_id"].astype(str)[question.households > 0]
            layer = question.study.layers.get("buildings")
            shapes += [] if layer is None else list(layer.geometry[layer["id"].astype(str).isin(lived_in)])
        elif word.startswith(EXCLUSION):
            zones = question.study.layers.get("exclusions")
            kind = word.removeprefix(EXCLUSION)
            shapes += [] if zones is None else list(zones.geometry[of_kind(zones, kind)])
        else:
            shapes += list(question.sites.geometry[(question.standing_type == word).to_numpy()])
    return float(shapely.distance(point, np.array(shapes, dtype=object)).min()) if shapes else np.inf
