"""An explanation as values: each unmet rule with its reason and the changes that meet it, conflicts, and the chosen sites on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siteplan.errors import UsageError
from siteplan.messages import _, word
from siteplan.planning.explaining.conflicts import find_conflict
from siteplan.planning.explaining.sentences import in_language, joined, listed, number, of_reason
from siteplan.planning.explaining.sites import SiteExplanation, explain_site, new_sites_of
from siteplan.standards.nearest import nearest

if TYPE_CHECKING:
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.changes import Change
    from siteplan.planning.explaining.conflicts import Conflict
    from siteplan.planning.explaining.reasons import Reason
    from siteplan.planning.explaining.weighed import Key
    from siteplan.plans.plan import Plan
    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study


_SHOWN = 40
"""Rules for which no change was looked for that are shown."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A change that meets a rule: it was applied and solved again.

    Parameters
    ----------
    change : Change
    extra_yuan : float
        What the new plan costs more than the plan.
    scope : {"study", "community", "added"}
        What was solved again: the whole study; the communities that the rule speaks about, all else as the plan has it; or only what is added.
    proven : bool
        Whether nothing cheaper does as much with this change, within the scope.
    worse : tuple of (rule id, unit id)
        Weaker rules that are missed then, or missed by more.
    """

    change: Change
    extra_yuan: float
    scope: str
    proven: bool
    worse: tuple[Key, ...] = ()

    @property
    def money_yuan(self) -> float:
        """More money that has to be found, yuan."""
        return self.change.money_yuan

    def apply(self, study: Study, scenario: Scenario) -> tuple[Study, Scenario]:
        """Return study and scenario with the change."""
        return self.change.apply(study, scenario)

    def sentence(self, lang: str | None = None) -> str:
        """Return the change and what it costs, in ``lang``, by default the language spoken now."""
        return in_language(lang, self._say)

    def _say(self) -> str:
        parts = [self.change.sentence(), self._price()]
        if self.worse:
            parts.append(
                _(
                    "Weaker rules that are missed by more for it: {rules}.",
                    rules=listed([f"{rule} @ {unit}" for rule, unit in self.worse]),
                )
            )
        return joined(parts)

    def _price(self) -> str:
        yuan = number(abs(self.extra_yuan))
        if not self.proven:
            return _("It costs {yuan} yuan more at most: the solver was stopped.", yuan=number(self.extra_yuan))
        if self.extra_yuan == 0:
            return _("It costs nothing more.")
        if self.extra_yuan < 0:
            return _("It costs {yuan} yuan less.", yuan=yuan)
        return _("It costs {yuan} yuan more.", yuan=yuan)


@dataclass(frozen=True, kw_only=True)
class UnmetRule:
    """Why one rule is unmet for one unit, and what meets it.

    Parameters
    ----------
    rule_id, unit_id, strength : str
    required, achieved, shortfall : float
        In the unit ``unit``, as the plan lists them.
    unit : str
    reason : Reason
    conflict : Conflict or None
        The minimal set that contradicts it, where the sites alone do not say why.
    proposals : tuple of Proposal
        Changes that meet it, the cheapest first.
    sought : bool
        Whether changes were looked for.
    stopped : bool
        Whether a solve was stopped before what was asked of it was known: there may be a cheaper change than the first, or a smaller one.
    """

    rule_id: str
    unit_id: str
    strength: str
    required: float
    achieved: float
    shortfall: float
    unit: str
    reason: Reason
    conflict: Conflict | None
    proposals: tuple[Proposal, ...]
    sought: bool
    stopped: bool

    @property
    def cheapest(self) -> Proposal | None:
        """The change that costs least of those that were tried, of equals the smallest; None where none was found."""
        return self.proposals[0] if self.proposals else None

    def sentence(self, lang: str | None = None) -> str:
        """Return why it is unmet in one sentence, in ``lang`` (``"en"``, ``"zh"``; by default the language spoken now)."""
        return in_language(lang, lambda: of_reason(self.reason))

    def __repr__(self) -> str:
        """Return what is unmet, why, and the cheapest change."""
        head = _(
            "{rule} @ {unit} ({strength}): required {required}, achieved {achieved} {measure}",
            rule=self.rule_id,
            unit=self.unit_id,
            strength=word("strength", self.strength),
            required=number(self.required),
            achieved=number(self.achieved),
            measure=word("unit", self.unit),
        )
        lines = [head, f"  {self.sentence()}"]
        if self.cheapest is not None:
            text = self.cheapest.sentence()
            say = (
                _("Cheapest change found in the time given: {text}", text=text)
                if self.stopped
                else _("Cheapest change: {text}", text=text)
            )
            lines.append(f"  {say}")
        elif self.sought:
            none = _("No single change was found that meets it.")
            lines.append("  " + (_("No change was found in the time given.") if self.stopped else none))
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True, eq=False)
class Explanation:
    """Why a plan is as it is.

    Parameters
    ----------
    bench : Bench
        The plan, with its study made ready.
    rules : tuple of UnmetRule
        Every rule that the plan does not meet, in the plan's order.
    """

    bench: Bench
    rules: tuple[UnmetRule, ...]

    @property
    def plan(self) -> Plan:
        """The plan that is explained."""
        return self.bench.plan

    def of(self, rule_id: str, unit_id: str) -> UnmetRule:
        """Return the explanation of one unmet rule.

        Raises
        ------
        UsageError
            If the plan does not list it as unmet.
        """
        for rule in self.rules:
            if (rule.rule_id, rule.unit_id) == (rule_id, unit_id):
                return rule
        raise UsageError(_("the plan does not list rule {rule} as unmet for {unit}", rule=rule_id, unit=repr(unit_id)))

    def conflict(self, rule_id: str, unit_id: str) -> Conflict | None:
        """Return a minimal set of hard rules, limits and locks that cannot hold together with an unmet rule; None where all can.

        Raises
        ------
        UsageError
            If the plan does not list it as unmet.
        """
        known = self.of(rule_id, unit_id)
        key: Key = (known.rule_id, known.unit_id)
        return known.conflict or find_conflict(self.bench, key)

    def site(self, site_id: str) -> SiteExplanation:
        """Return whom only a chosen site serves, and the next best without it; computed when it is asked for.

        Raises
        ------
        UsageError
            If the plan opens nothing new there.
        """
        known = new_sites_of(self.plan)
        if site_id not in known:
            raise UsageError(
                _(
                    "the plan opens nothing new at {id}; the nearest site is {known}",
                    id=repr(site_id),
                    known=nearest(site_id, known),
                )
            )
        return explain_site(self.bench, site_id)

    def sites(self) -> tuple[SiteExplanation, ...]:
        """Return the explanation of every site at which the plan opens something new."""
        return tuple(explain_site(self.bench, site_id) for site_id in new_sites_of(self.plan))

    def __repr__(self) -> str:
        """Return each rule that was looked into with the cheapest change, then why the others are unmet."""
        sought = [rule for rule in self.rules if rule.sought]
        others = [rule for rule in self.rules if not rule.sought]
        lines = [
            _(
                "Plan {name}: {n} rules unmet, {shown} explained with changes",
                name=self.plan.scenario.name,
                n=len(self.rules),
                shown=len(sought),
            )
        ]
        lines += [repr(rule) for rule in (*sought, *others[:_SHOWN])]
        if len(others) > _SHOWN:
            lines.append(_("... and {n} more", n=len(others) - _SHOWN))
        return "\n".join(lines)
