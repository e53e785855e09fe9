"""Which rules speak for which communities, townships and the study, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.auditing import places, pools, table
from siteplan.standards.library import counted_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.auditing.ground import Ground
    from siteplan.auditing.places import Place
    from siteplan.auditing.table import Finding
    from siteplan.auditing.world import World
    from siteplan.plans.plan import Plan
    from siteplan.standards.rule import Rule


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """Places and the rules that speak for them.

    Parameters
    ----------
    communities, townships : tuple of Place
    rules, township_rules : tuple of tuple of Rule
        Those that speak for each.
    study_rules : tuple of tuple of Rule
        Those on the whole study that count each community.
    undecided : tuple of tuple of Rule
        Those of which it is not known whether they speak, for each community and then each township.
    township_of, township_names : dict of str to str
        Township of each community; names of townships.
    phases : tuple of str
        Names of the scenario's phases.
    """

    communities: tuple[Place, ...]
    townships: tuple[Place, ...]
    rules: tuple[tuple[Rule, ...], ...]
    township_rules: tuple[tuple[Rule, ...], ...]
    study_rules: tuple[tuple[Rule, ...], ...]
    undecided: tuple[tuple[Rule, ...], ...]
    township_of: dict[str, str]
    township_names: dict[str, str]
    phases: tuple[str, ...]

    @property
    def all_rules(self) -> list[Rule]:
        """Every rule that speaks for something, with repeats."""
        return [rule for some in (*self.rules, *self.township_rules, *self.study_rules) for rule in some]

    @property
    def for_households(self) -> tuple[tuple[Rule, ...], ...]:
        """Rules that speak for each community or count it."""
        return tuple((*own, *study) for own, study in zip(self.rules, self.study_rules, strict=True))

    def counted(self, types: Sequence[str]) -> tuple[str, ...]:
        """Return the types of which only what stands counts."""
        return counted_types(self.all_rules, types)

    def limits(self, types: Sequence[str], n_buildings: int, cutoff_m: float) -> pd.DataFrame:
        """Return the metres within which each building counts as served by each planned type.

        The smallest reach that a rule names for the type in the building's community; where none does, the study's cutoff.
        """
        metres = pd.DataFrame(cutoff_m, index=range(n_buildings), columns=list(types))
        for place, speaking in zip(self.communities, self.rules, strict=True):
            for kind in types:
                named = reaches(speaking, kind)
                if named:
                    metres.loc[place.buildings, kind] = min(named)
        return metres

    def hosts(self, facilities: pd.DataFrame) -> pd.Series:
        """Return the facility types in which rules put each facility, by the facility's row."""
        rooms: dict[tuple[str, str], set[str]] = {}
        for place, speaking in zip(self.communities, self.rules, strict=True):
            for rule in speaking:
                if rule.kind == "inside":
                    for kind in rule.types:
                        rooms.setdefault((place.unit.id, kind), set()).add(rule.host)
        keys = zip(facilities["community_id"], facilities["type"], strict=True)
        return pd.Series([frozenset(rooms.get(key, ())) for key in keys], index=facilities.index, dtype=object)

    def findings(self, world: World) -> list[Finding]:
        """Evaluate every rule: of communities, townships, pools and the study."""
        pooled, stood_for = pools.pools(
            self.communities, self.rules, self.township_of, self.township_names, self.phases
        )
        return [
            *table.findings(self.communities, self.rules, world, self.phases, stood_for),
            *table.findings(self.townships, self.township_rules, world, self.phases),
            *table.pool_findings(pooled, world),
            *table.study_findings(self.communities, self.study_rules, world, self.phases),
        ]

    def table(self, found: Sequence[Finding], ground: Ground) -> pd.DataFrame:
        """Return the table of the audit: what was found, and what is silent, undecided, recorded or off."""
        every = [*self.communities, *self.townships]
        speaking = (*self.rules, *self.township_rules)
        both = [(*own, *more) for own, more in zip(speaking, self.undecided, strict=True)]
        silent = table.silent(every, both, ground.standards.rules, ground.types)
        silent += table.undecided(every, self.undecided)
        return table.table(found, silent, ground.standards)


def reaches(speaking: Sequence[Rule], kind: str) -> list[float]:
    """Return the reaches that rules name for a type, metres."""
    return [float(rule.figure or 0.0) for rule in speaking if rule.kind == "reach" and kind in rule.types]


def hear(plan: Plan, ground: Ground, demand: pd.DataFrame) -> Heard:
    """Return which rules speak for which communities and townships of the plan.

    Parameters
    ----------
    demand : DataFrame, columns DEMAND_COLUMNS
    """
    units = places.communities(demand, plan.communities)
    names = ground.township_names()
    upper = places.townships(units, plan.communities, names)
    standards, types = ground.standards, ground.types
    return Heard(
        communities=tuple(units),
        townships=tuple(upper),
        rules=tuple(table.applicable(place, standards, types) for place in units),
        township_rules=tuple(table.applicable(place, standards, types) for place in upper),
        study_rules=tuple(table.applicable(place, standards, types, "study") for place in units),
        undecided=tuple(table.unknown(place, standards, types) for place in (*units, *upper)),
        township_of=places.township_of(plan.communities),
        township_names=names,
        phases=plan.scenario.phase_names,
    )
