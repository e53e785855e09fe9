"""The audit of a plan: every claim recomputed from the layers and the rules, with nothing taken from the optimiser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing import allocation, capacity, homes, objectives, proof, sites, table
from siteplan.auditing.claims import Claims
from siteplan.auditing.ground import Ground, check_points, walks_of
from siteplan.auditing.report import verdict_text
from siteplan.auditing.rules import FAIL
from siteplan.auditing.unmet import check_unmet
from siteplan.messages import _, word
from siteplan.standards.library import counted_types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.auditing.walks import Walks
    from siteplan.plans.plan import Plan
    from siteplan.standards.rule import Rule

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
        source_status, required, achieved, unit, verdict (pass, fail, not regulated, not evaluated, off), note.
        ``required`` and ``achieved`` are in ``unit``; NaN where nothing was evaluated.
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
    facilities = sites.table_of(plan.facilities)
    homes.check_buildings(claims, demand, ground.buildings)
    if np.isfinite(homes.figures(ground.sites, "households")).any():
        homes.check_totals(claims, demand, ground.sites, "site_id", ground.buildings)
    elif ground.communities is not None:
        homes.check_totals(claims, demand, ground.communities, "community_id", ground.buildings)
    homes.check_communities(claims, demand, plan.communities, plan.members)
    check_points(claims, plan, ground)

    places = table.communities(demand, plan.communities, facilities)
    upper = table.townships(places, plan.communities, ground.township_names())
    every = [*places, *upper]
    rules = [table.applicable(place, ground.standards, ground.types) for place in every]
    walks = walks_of(plan, ground, facilities, [rule for speaking in rules for rule in speaking])
    households = homes.figures(demand, "households")
    found = table.findings(every, rules, walks, households)
    undecided = [table.unknown(place, ground.standards, ground.types) for place in every]
    heard = [(*speaking, *more) for speaking, more in zip(rules, undecided, strict=True)]
    silent = table.silent(every, heard, ground.standards.rules, ground.types)
    silent += table.undecided(every, undecided)

    _check_service(claims, plan, ground, walks, demand, facilities, limits(places, rules, ground, len(demand)))
    counted = counted_types([rule for speaking in rules for rule in speaking], ground.types)
    total = _check_sites(claims, plan, ground, facilities, counted)
    check_unmet(claims, plan.unmet, found, facilities, ground.required_sites(plan.scenario))
    proof.check_stages(claims, plan.stages)
    _check_values(claims, plan, ground, facilities, found, total)
    proof.check_inputs(claims, plan.provenance, ground.paths)
    return Audit(name=plan.scenario.name, table=table.table(found, silent, ground.standards), claims=claims.frame())


def limits(
    places: Sequence[table.Place], rules: Sequence[Sequence[Rule]], ground: Ground, n_buildings: int
) -> pd.DataFrame:
    """Return the metres within which each building counts as served by each planned type.

    The smallest reach that a rule names for the type in the building's community; where none does, the study's cutoff.
    """
    metres = pd.DataFrame(ground.cutoff_m, index=range(n_buildings), columns=list(ground.types))
    for place, speaking in zip(places, rules, strict=False):
        for kind in ground.types:
            named = [float(rule.figure or 0.0) for rule in speaking if rule.kind == "reach" and kind in rule.types]
            if named:
                metres.loc[place.buildings, kind] = min(named)
    return metres


def _check_service(
    claims: Claims,
    plan: Plan,
    ground: Ground,
    walks: Walks,
    demand: pd.DataFrame,
    facilities: pd.DataFrame,
    served_within: pd.DataFrame,
) -> None:
    ids = homes.text(demand["building_id"])
    allocation.check_allocation(claims, plan.allocation, list(ids), ground.types, walks, served_within, ground.cutoff_m)
    households = pd.Series(homes.figures(demand, "households"), index=ids.to_numpy())
    allocation.check_served(claims, facilities, plan.allocation, households[~households.index.duplicated()])


def _check_sites(claims: Claims, plan: Plan, ground: Ground, facilities: pd.DataFrame, counted: Sequence[str]) -> float:
    """Check what is claimed of sites and return the yuan spent, as recomputed."""
    layer, standing = ground.candidates, ground.facilities
    sites.check_identity(claims, facilities, plan.communities, ground.spaces, plan.facilities["space"])
    sites.check_existing(claims, facilities, standing, ground.spaces, ground.types, counted)
    sites.check_permission(claims, facilities, layer, plan.scenario, plan.unmet)
    book = capacity.site_book(layer, standing)
    capacity.check_capacity(claims, facilities, book, ground.spaces, found="candidates" not in ground.given)
    cost = capacity.costs(facilities, book, ground.spaces)
    return capacity.check_costs(claims, facilities, cost, plan.scenario, ground.township_budgets())


def _check_values(
    claims: Claims, plan: Plan, ground: Ground, facilities: pd.DataFrame, found: Sequence[table.Finding], total: float
) -> None:
    """Check what the stages say that the plan costs and lacks."""
    opened = set(facilities.loc[facilities["status"] == sites.NEW, "site_id"])
    closed = ground.required_sites(plan.scenario) - opened
    book = capacity.site_book(ground.candidates, ground.facilities)
    built = int((facilities["status"] == sites.NEW).sum())
    price = plan.scenario.aim_price_yuan_per_m2
    cost = objectives.spent(total, found, facilities, book, plan.stages, price)
    objectives.check_values(claims, plan.stages, found, len(closed), cost, built, ground.spaces, price)
