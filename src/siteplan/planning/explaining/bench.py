"""What an explanation works on: a plan, its study made ready for siting again, and what each rule asks of whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from siteplan.errors import DataError
from siteplan.messages import _
from siteplan.models.solver import SolverOptions
from siteplan.planning.cache import SolveCache
from siteplan.planning.explaining.must import Runs
from siteplan.planning.explaining.obstacles import zones_of
from siteplan.planning.solve import Prepared, prepare
from siteplan.siting.asks import area_asks, capacity_asks, count_asks, reach_asks, share_asks
from siteplan.siting.keeping import Keeping
from siteplan.siting.locks import facility_ids
from siteplan.siting.rules_to_arrays import to_problem
from siteplan.siting.standing import Standing
from siteplan.siting.unmet import REQUIRED_SITE

if TYPE_CHECKING:
    from siteplan.models.joint_problem import JointProblem
    from siteplan.planning.explaining.weighed import Key
    from siteplan.plans.plan import Plan
    from siteplan.siting.asks import Ask
    from siteplan.siting.question import Question
    from siteplan.siting.standing import Stands
    from siteplan.standards.rule import Rule

RANKS = {"hard": 0, "target": 1, "soft": 2}
"""Which rules come before which: the lowest first."""
WHOLE_SLOTS = 250
"""Slots (facility types times sites that may hold them) up to which a study is solved again as a whole. In a larger one what lies
outside of the places that a rule speaks about is kept as the plan has it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """A plan, and the question that it answers.

    Parameters
    ----------
    plan : Plan
    prepared : Prepared
        Its study and scenario, ready for siting.
    runs : Runs
        How each solve is done, and how many were stopped.
    whole_slots : int
        Slots up to which the study is solved again as a whole.
    cache : SolveCache
        What was computed before: the street network, walks, answers of communities that are the same.
    memo : dict of Key to bool
        Which unmet rules lack nothing but money and sites, as far as that has been asked (sizes.limits_only).
    """

    plan: Plan
    prepared: Prepared
    runs: Runs
    whole_slots: int = WHOLE_SLOTS
    cache: SolveCache = field(default_factory=SolveCache)
    memo: dict[Key, bool] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Most seconds for each solve."""
        return self.runs.options.time_limit_s

    @property
    def question(self) -> Question:
        """The question that the plan answers."""
        return self.prepared.question

    @cached_property
    def problem(self) -> JointProblem:
        """The plan's problem as arrays."""
        return to_problem(self.question)

    @cached_property
    def whole(self) -> bool:
        """Whether the study is solved again as a whole."""
        return len(self.problem.slots) <= self.whole_slots

    @cached_property
    def asks(self) -> dict[Key, Ask]:
        """What rules on communities, townships, pools and the study ask, by rule and unit."""
        finders = (area_asks, count_asks, share_asks, reach_asks, capacity_asks)
        return {(ask.rule.id, ask.unit): ask for finder in finders for ask in finder(self.question)}

    @cached_property
    def zones(self) -> list[str]:
        """The kinds of exclusion zones in which each site lies (obstacles.zones_of)."""
        return zones_of(self.question)

    @cached_property
    def keeping(self) -> Keeping:
        """The plan's facilities, as the rules on facilities look at them."""
        plan = self.plan
        standing = Standing(plan.facilities, plan.works, plan.scenario.n_phases)
        return Keeping(self.question, plan.facilities, standing)

    def breaking(self, rule: Rule, unit: str) -> list[Stands]:
        """Return the facilities of the plan that break a rule on facilities when it is due."""
        return self.keeping.breaking(rule, unit, self.question.due(rule, unit))

    @cached_property
    def unmet(self) -> dict[Key, str]:
        """The strength of each rule that the plan does not meet, by rule and unit."""
        table = self.plan.unmet
        return dict(zip(zip(table["rule_id"], table["unit_id"], strict=True), table["strength"], strict=True))

    def rule(self, key: Key) -> Rule | None:
        """Return the rule of a key as it speaks for its unit; None for a site that must be opened."""
        rule_id, unit = key
        if rule_id == REQUIRED_SITE:
            return None
        if key in self.asks:
            return self.asks[key].rule
        return next(rule for rule in self.question.rules[unit] if rule.id == rule_id)

    def rank(self, key: Key) -> int:
        """Return the rank of an unmet rule: those of its own or of a lower one must not be lost for it."""
        return RANKS[self.unmet[key]]

    def rivals(self, key: Key) -> list[Key]:
        """Return the other unmet rules that come not after a rule."""
        return [other for other in self.unmet if other != key and self.rank(other) <= self.rank(key)]

    def places(self, key: Key) -> tuple[str, ...]:
        """Return the communities that a rule and its unit speak about."""
        rule_id, unit = key
        if rule_id == REQUIRED_SITE:
            sites = self.question.sites
            return tuple(sites.loc[sites["id"].astype(str) == unit, "community_id"].astype(str))
        return self.asks[key].places if key in self.asks else (unit,)

    def name(self, unit: str) -> str:
        """Return the name by which people know a community or a township; the id where it has none."""
        units = self.question.unit_values | self.question.townships
        return units[unit].name or unit if unit in units else unit


def bench(plan: Plan, seconds: float, whole_slots: int = WHOLE_SLOTS) -> Bench:
    """Return a plan with its study made ready.

    Parameters
    ----------
    plan : Plan
    seconds : float
        Most seconds for each solve.
    whole_slots : int
        Slots up to which the study is solved again as a whole.

    Raises
    ------
    DataError
        If the plan has facilities that its study, as it is now, has no site for.
    """
    cache = SolveCache()
    prepared = prepare(plan.study, plan.scenario, cache=cache)
    runs = Runs(options=SolverOptions(solver=plan.scenario.solver, time_limit_s=seconds))
    found = Bench(plan=plan, prepared=prepared, runs=runs, whole_slots=whole_slots, cache=cache)
    known = np.array(facility_ids(found.question, found.problem.slots), dtype=object)
    lost = sorted(set(plan.facilities["id"]) - set(known.tolist()))
    if lost:
        raise DataError(
            _("the plan has the facility {id}, for which its study has no site now", id=repr(lost[0])),
            remedy=_("solve the study again, and explain the new plan"),
            row=lost[0],
        )
    return found
