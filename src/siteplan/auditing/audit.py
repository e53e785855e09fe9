"""The audit of a plan: every claim recomputed from the layers and the rules, with nothing taken from the optimiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing import (
    allocation,
    burdens,
    capacity,
    choices,
    costs,
    homes,
    minutes,
    needs,
    objectives,
    payments,
    phases,
    population,
    proof,
    sites,
)
from siteplan.auditing.chances import Chances
from siteplan.auditing.claims import Claims
from siteplan.auditing.ground import Ground, check_points, farthest, walks_of
from siteplan.auditing.heard import hear
from siteplan.auditing.outcome import FAIL
from siteplan.auditing.report import verdict_text
from siteplan.auditing.service import Service, loads
from siteplan.auditing.unmet import check_barred, check_unmet
from siteplan.auditing.world import World, exclusions_of
from siteplan.messages import _, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.auditing.heard import Heard
    from siteplan.auditing.table import Finding
    from siteplan.plans.plan import Plan

HARD = "hard"


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """What an audit found.

    Parameters
    ----------
    name : str
        The plan's scenario.
    table : DataFrame
        Clause by clause: rule_id, document, clause, key_phrase, kind, types, unit_id, unit_name, strength,
        source_status, required, achieved, unit, phase, verdict (pass, fail, not regulated, not evaluated, off), note.
        ``required`` and ``achieved`` are in ``unit``; NaN where nothing was evaluated. ``phase`` is the one at whose end the rule is due.
    claims : DataFrame
        Every other claim of the plan: claim, subject, claimed, recomputed, verdict (pass, fail), note.
    """

    name: str
    table: pd.DataFrame
    claims: pd.DataFrame

    @property
    def hard_failed(self) -> int:
        """Number of hard rules (rule and unit) that the plan does not meet."""
        return int(((self.table["verdict"] == FAIL) & (self.table["strength"] == HARD)).sum())

    def disagreements(self) -> list[dict[str, str]]:
        """Return the claims of the plan that do not hold, one dict a claim, keys as the columns of ``claims``."""
        return [
            {str(name): str(value) for name, value in row.items()}
            for row in self.claims[self.claims["verdict"] == FAIL].to_dict("records")
        ]

    @property
    def ok(self) -> bool:
        """Whether every hard rule is met and every claim holds."""
        return self.hard_failed == 0 and not (self.claims["verdict"] == FAIL).any()

    def __repr__(self) -> str:
        """Return the counts of verdicts and the claims that do not hold."""
        counted = self.table["verdict"].value_counts().items()
        rules = _(", ").join(f"{count} {verdict_text(str(verdict))}" for verdict, count in counted)
        wrong = self.disagreements()
        lines = [
            _("Audit of {name}", name=self.name),
            _("  rules: {counts}; hard rules failed: {hard}", counts=rules or "0", hard=self.hard_failed),
            _("  claims: {held} hold, {wrong} do not", held=len(self.claims) - len(wrong), wrong=len(wrong)),
        ]
        lines += [
            "    {claim} {subject}: {claimed} / {recomputed} {note}".format(
                **row | {"claim": word("claim", row["claim"])}
            ).rstrip()
            for row in wrong
        ]
        return "\n".join(lines)


def audit(plan: Plan) -> Audit:
    """Recompute every claim of ``plan`` from its study's layers and rules.

    Parameters
    ----------
    plan : Plan
        As solved, or as read back from its file.

    Returns
    -------
    Audit

    Raises
    ------
    DataError
        If a layer that the plan was made from cannot be used now.
    """
    ground = Ground.of(plan)
    claims = Claims()
    demand = pd.DataFrame(plan.demand.drop(columns=plan.demand.geometry.name)).reset_index(drop=True)
    _check_homes(claims, plan, ground, demand)
    heard = hear(plan, ground, demand)
    facilities = sites.table_of(plan.facilities)
    facilities["mode"] = choices.modes_of(facilities, ground.candidates)
    course = phases.course_of(facilities, plan.works, plan.scenario.n_phases)
    walks = walks_of(plan, ground, facilities, farthest(ground, heard.all_rules))

    ids = list(homes.text(demand["building_id"]))
    rows = allocation.rows_of(plan.allocation, ids, walks)
    service = Service(
        walks=walks,
        course=course,
        households=homes.figures(demand, "households"),
        loads=loads(heard.communities, heard.rules, demand, ground.types),
        served=allocation.served_rows(rows),
    )
    limits = heard.limits(ground.types, len(demand), ground.cutoff_m)
    allocation.check_allocation(claims, rows, ids, ground.types, service, limits, ground.cutoff_m)
    allocation.check_served(claims, facilities, rows)
    minutes.check_minutes(claims, plan)
    needs.check_needs(claims, plan.needs, heard.communities, heard.rules)

    found = heard.findings(_world(plan, ground, service, demand))
    spent = _check_sites(claims, plan, ground, course, heard)
    closed = ground.required_sites(plan.scenario) - set(facilities.loc[facilities["status"] == sites.NEW, "site_id"])
    check_unmet(claims, plan.unmet, found, closed)
    check_barred(claims, found, facilities)
    proof.check_stages(claims, plan.stages)
    proof.check_order(claims, plan.stages, plan.scenario)
    _check_values(claims, plan, ground, service, heard, spent, found, len(closed))
    proof.check_inputs(claims, plan.provenance, ground.paths, ground.contents)
    return Audit(name=plan.scenario.name, table=heard.table(found, ground), claims=claims.frame())


def _check_homes(claims: Claims, plan: Plan, ground: Ground, demand: pd.DataFrame) -> None:
    """Check who lives where, in which communities, and where everything stands."""
    homes.check_buildings(claims, demand, ground.buildings)
    whole = plan.study.settings.demand.whole_households
    if any(np.isfinite(homes.figures(ground.sites, name)).any() for name in ("households", "people")):
        homes.check_totals(claims, demand, ground.sites, "site_id", ground.buildings, whole=whole)
    elif ground.communities is not None:
        homes.check_totals(claims, demand, ground.communities, "community_id", ground.buildings, whole=whole)
    population.check_population(claims, demand, plan.study.layers)
    homes.check_communities(claims, demand, plan.communities, plan.members)
    homes.check_phases(claims, plan.communities, plan.members, ground.sites, ground.communities, plan.scenario.n_phases)
    check_points(claims, plan, ground)


def _world(plan: Plan, ground: Ground, service: Service, demand: pd.DataFrame) -> World:
    """Return what rules look at."""
    return World(
        service=service,
        points=plan.facilities.geometry.to_numpy(),
        dwellings=plan.demand.geometry.to_numpy()[homes.figures(demand, "households") > 0],
        exclusions=exclusions_of(ground.exclusions),
        needs=needs.listed_needs(plan.needs),
    )


def _check_sites(claims: Claims, plan: Plan, ground: Ground, course: phases.Course, heard: Heard) -> costs.Spending:
    """Check what is claimed of facilities, works and money; return what is spent, as recomputed."""
    facilities, candidates, scenario = course.facilities, ground.candidates, plan.scenario
    sites.check_identity(claims, facilities, plan.communities, ground.spaces, plan.facilities["space"])
    sites.check_existing(
        claims, facilities, ground.facilities, ground.spaces, ground.types, heard.counted(ground.types)
    )
    sites.check_permission(claims, facilities, candidates, scenario, plan.unmet)
    choices.check_modes(claims, plan.facilities, facilities, candidates)
    choices.check_alternatives(claims, facilities, candidates)
    choices.check_locked(claims, facilities, scenario)
    phases.check_works(claims, course, homes.figures(plan.facilities, "phase"))
    phases.check_rooms(claims, course)
    phases.check_hosts(claims, facilities, heard.hosts(facilities))
    book = capacity.site_book(candidates, ground.facilities)
    capacity.check_capacity(claims, facilities, book, ground.spaces, found="candidates" not in ground.given)
    spent = costs.spending(course, book, ground.spaces)
    costs.check_costs(claims, course, spent)
    costs.check_budgets(claims, course, spent, scenario, ground.township_budgets())
    units = {place.unit.id: place.unit for place in heard.communities}
    payments.check_payments(claims, plan.payments, course, spent, scenario, units)
    return spent


def _check_values(
    claims: Claims,
    plan: Plan,
    ground: Ground,
    service: Service,
    heard: Heard,
    spent: costs.Spending,
    found: Sequence[Finding],
    closed: int,
) -> None:
    """Check what the stages say that the plan costs, lacks, and has households bear."""
    scenario, facilities = plan.scenario, service.course.facilities
    price = scenario.aim_price_yuan_per_m2
    book = capacity.site_book(ground.candidates, ground.facilities)
    cost = objectives.spent(spent.total, found, facilities, book, plan.stages, price)
    extended = set(facilities.loc[facilities["status"] == sites.EXTENDED, "id"])
    figures = objectives.shortfalls(found, closed, extended, priced=price is not None)
    figures["cost"] = objectives.least_cost(cost, scenario.cost_slack)
    figures |= _burdens(plan, ground, service, heard, cost)
    objectives.check_values(claims, plan.stages, figures)


def _burdens(
    plan: Plan, ground: Ground, service: Service, heard: Heard, cost: objectives.Range
) -> dict[str, objectives.Range]:
    """Return what the stages say that households bear."""
    types, households, scenario = ground.types, service.households, plan.scenario
    served_within = heard.limits(types, len(households), ground.cutoff_m)
    limit = burdens.walking_limits(heard, service, types, served_within)
    chances = Chances(plan=plan, ground=ground, heard=heard, farthest_m=farthest(ground, heard.all_rules))
    walk = burdens.walked(service, heard, types, limit, chances)
    units = {place.unit.id: place.unit for place in heard.communities}
    built = int((service.course.facilities["status"] == sites.NEW).sum())
    return {
        "walking": burdens.walking(walk, households, cost, built, scenario),
        "equity": burdens.equity(walk, households, heard),
        "backup": burdens.backup(service, heard, types, served_within, households),
        "delay": burdens.delay(service.course, units, scenario),
    }
