"""A question of which single rules are heard with another strength: how rules are switched off, or made hard, for one unit alone."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from siteplan.siting.asks import STUDY
from siteplan.siting.question import Question

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.standards.rule import Rule, Unit

Key = tuple[str, str]
"""A rule and the unit of which it asks something: (rule id, community, township or ``study``)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Weighed(Question):
    """A question in which the rules of ``strengths`` are as strong as it says, each for its unit.

    A rule that is no longer hard still says where its rooms stand and how far walks count: what the model may do grows, and nothing of it is lost.
    """

    strengths: Mapping[Key, str] = field(default_factory=dict)
    base: Question

    @cached_property
    def townships(self) -> dict[str, Unit]:
        """Townships as rules look at them."""
        return self.base.townships

    @cached_property
    def unit_values(self) -> dict[str, Unit]:
        """Communities as rules look at them."""
        return self.base.unit_values

    @cached_property
    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules that speak for each community, by its id."""
        return self._weighed(self.base.rules)

    @cached_property
    def township_rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules that speak for each township, by its id."""
        return self._weighed(self.base.township_rules)

    def _weighed(self, rules: Mapping[str, tuple[Rule, ...]]) -> dict[str, tuple[Rule, ...]]:
        return {unit: tuple(self._one(rule, unit) for rule in spoken) for unit, spoken in rules.items()}

    def _one(self, rule: Rule, unit: str) -> Rule:
        strength = self.strengths.get((rule.id, unit), rule.strength)
        return rule if strength == rule.strength else with_strength(rule, strength)

    def spoken(self, *kinds: str) -> list[tuple[Rule, tuple[str, ...]]]:
        """Return the rules of ``kinds`` that speak for communities, each with those for which it is as strong as it says."""
        groups: dict[tuple[str, str], tuple[Rule, list[str]]] = {}
        for unit_id, rules in self.rules.items():
            for rule in rules:
                if rule.kind in kinds:
                    groups.setdefault((rule.id, rule.strength), (rule, []))[1].append(unit_id)
        order = {rule.id: n for n, rule in enumerate(self.study.standards.rules)}
        found = sorted(groups.values(), key=lambda group: order[group[0].id])
        return [(rule, tuple(units)) for rule, units in found]


def with_strength(rule: Rule, strength: str) -> Rule:
    """Return a rule with another strength, whatever its figure is worth: nobody asks here whether it ought to be so strong."""
    return rule.but(strength=strength, overridden_by=rule.overridden_by or "study.toml")


def weigh(question: Question, strengths: Mapping[Key, str]) -> Question:
    """Return ``question`` with rules of other strengths; those on the whole study are changed in its standards."""
    if not strengths:
        return question
    of_study = {rule_id: strength for (rule_id, unit), strength in strengths.items() if unit == STUDY}
    standards = question.study.standards
    if of_study:
        rules = tuple(
            with_strength(rule, of_study[rule.id]) if rule.id in of_study else rule for rule in standards.rules
        )
        standards = dataclasses.replace(standards, rules=rules)
    return Weighed(
        study=question.study.but(standards=standards),
        scenario=question.scenario,
        types=question.types,
        units=question.units,
        demand=question.demand,
        sites=question.sites,
        matrix=question.matrix,
        strengths=dict(strengths),
        base=question,
    )
