"""Why a site was chosen: whom only it serves, and what the plan is without it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.errors import SolverError
from siteplan.messages import _
from siteplan.planning.explaining.sentences import in_language, joined, labels, listed, number
from siteplan.planning.explaining.try_change import extra_yuan, missed, solve_again, solve_held
from siteplan.siting.allocation import nearest_open
from siteplan.siting.nearness import slack
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.try_change import Solved
    from siteplan.plans.plan import Plan
    from siteplan.siting.question import Question


_DIGITS = 5
"""Digits of shortfalls that count when two plans are compared."""


@dataclass(frozen=True, kw_only=True)
class NextBest:
    """The plan without a site.

    Parameters
    ----------
    closed, opened : tuple of str
        Facilities of the plan that it does not have, and those that it has instead.
    sites : tuple of (str, tuple of str)
        Where the latter stand: the site's name, and their types.
    extra_yuan : float
        What it costs more than the plan; less where walks become longer instead.
    farther_m : float
        Metres that the households whom the site serves walk farther on average, those that are served then.
    unserved : float
        Household-services lost: households served of a type in the plan, and not without the site, summed over types.
    newly_unmet, worse : tuple of (rule id, unit id, strength)
        Rules that are met in the plan, and not without the site; those that are missed by more without it.
    scope : {"study", "community", "added"}
        Whether everything could change, or what lies in the site's community and what serves it, or only what stands instead of the site; all
        else is as the plan has it.
    gap : float
        Largest relative gap of its stages; 0: proven.
    """

    closed: tuple[str, ...]
    opened: tuple[str, ...]
    sites: tuple[tuple[str, tuple[str, ...]], ...]
    extra_yuan: float
    farther_m: float
    unserved: float
    newly_unmet: tuple[tuple[str, str, str], ...]
    worse: tuple[tuple[str, str, str], ...]
    scope: str
    gap: float

    @property
    def proven(self) -> bool:
        """Whether there is nothing better without the site, within the scope."""
        return self.gap <= PROVEN_GAP


@dataclass(frozen=True, kw_only=True)
class SiteExplanation:
    """Why a site was chosen.

    Parameters
    ----------
    site_id, site_name, community_id : str
    types : tuple of str
        What the plan opens there.
    served : dict of type to households
        Whom the facilities there serve.
    only_here : dict of type to households
        Those of them for whom no other open facility that may serve them is within their limit.
    next_best : NextBest or None
        None where the solver finds no plan without the site.
    must : bool
        Whether the study or the scenario says that it must be opened, or locks what stands there.
    """

    site_id: str
    site_name: str
    community_id: str
    types: tuple[str, ...]
    served: dict[str, float]
    only_here: dict[str, float]
    next_best: NextBest | None
    must: bool

    def sentence(self, lang: str | None = None) -> str:
        """Return why the site was chosen, in ``lang``, by default the language spoken now."""
        return in_language(lang, self._say)

    def _say(self) -> str:
        site, after = self.site_name or self.site_id, self.next_best
        only = [f"{labels([key])} {number(households)}" for key, households in self.only_here.items() if households]
        first = _("{site}: nobody is served by it alone.", site=site)
        if only:
            first = _("{site}: households that only it serves: {only}.", site=site, only=_(", ").join(only))
        if self.must:
            first = _("{text} It must be opened: the study or the scenario says so.", text=first)
        if after is None:
            return _("{text} No plan without it was found.", text=first)
        return joined([first, _instead(after), _price(after), *_walk(after), *_lost(after), _exactness(after)])

    def __repr__(self) -> str:
        """Return the sentence."""
        return self.sentence()


def _instead(after: NextBest) -> str:
    if not after.sites:
        return _("Without it nothing new is opened elsewhere.")
    parts = [
        _("{site} ({types})", site=name, types=listed([labels([key]) for key in types])) for name, types in after.sites
    ]
    return _("Next best without it: {sites}.", sites=listed(parts))


def _price(after: NextBest) -> str:
    if after.extra_yuan == 0:
        return _("It costs as much.")
    yuan = number(abs(after.extra_yuan))
    return (
        _("It costs {yuan} yuan more.", yuan=yuan)
        if after.extra_yuan > 0
        else _("It costs {yuan} yuan less.", yuan=yuan)
    )


def _walk(after: NextBest) -> list[str]:
    metres = round(after.farther_m)
    if metres == 0:
        return []
    if metres > 0:
        return [_("Those whom it serves walk {metres} m farther on average.", metres=metres)]
    return [_("Those whom it serves walk {metres} m less on average.", metres=-metres)]


def _lost(after: NextBest) -> list[str]:
    """Return who is no longer served, and which rules are missed, as far as there are any."""
    lines = []
    if after.unserved > 0:
        lines.append(_("{lost} households fewer are served, counted once for each type.", lost=number(after.unserved)))
    if after.newly_unmet:
        names = [f"{rule} @ {unit}" for rule, unit, _strength in after.newly_unmet]
        lines.append(_("Rules unmet besides: {rules}.", rules=listed(names)))
    if after.worse:
        names = [f"{rule} @ {unit}" for rule, unit, _strength in after.worse]
        lines.append(_("Rules missed by more: {rules}.", rules=listed(names)))
    return lines or [_("No rule is lost by it.")]


def _exactness(after: NextBest) -> str:
    if after.scope == "study":
        return _("Proven.") if after.proven else _("Not proven: gap {gap}.", gap=f"{after.gap:.1%}")
    if after.proven:
        return _("With all else as the plan has it, proven.")
    return _("With all else as the plan has it; gap {gap}.", gap=f"{after.gap:.1%}")


def new_sites_of(plan: Plan) -> list[str]:
    """Return the sites at which a plan opens something new, in the order of its facilities."""
    new = plan.facilities[plan.facilities["status"] == "new"]
    return list(dict.fromkeys(new["site_id"].astype(str)))


def explain_site(bench: Bench, site_id: str) -> SiteExplanation:
    """Return whom only a site serves, and the next best without it.

    Parameters
    ----------
    bench : Bench
    site_id : str
        A site at which the plan opens something new.
    """
    facilities = bench.plan.facilities
    here = facilities[(facilities["site_id"] == site_id) & (facilities["status"] == "new")]
    types = tuple(dict.fromkeys(here["type"]))
    planned = [key for key in types if key in bench.question.types]
    return SiteExplanation(
        site_id=site_id,
        site_name=str(here["site_name"].iloc[0]),
        community_id=str(here["community_id"].iloc[0]),
        types=types,
        served={key: _served(bench, here, key) for key in planned},
        only_here={key: _only(bench, here, key) for key in planned},
        next_best=_without(bench, site_id, types),
        must=_must(bench.question, site_id),
    )


def _must(question: Question, site_id: str) -> bool:
    """Tell whether a site is required by its layer or the scenario, or something at it is locked."""
    scenario, sites = question.scenario, question.sites
    state = sites.loc[sites["id"].astype(str) == site_id, "state"].iloc[0]
    locked = any(name.startswith(f"{site_id}/") for name in (*scenario.locked, *scenario.locked_m2))
    return bool(state == "required") or site_id in scenario.required or locked


def _served(bench: Bench, here: pd.DataFrame, key: str) -> float:
    ids = set(here.loc[here["type"] == key, "id"])
    rows = bench.plan.allocation
    return float(rows.loc[rows["facility_id"].isin(ids) & (rows["status"] == "served"), "households"].sum())


def _only(bench: Bench, here: pd.DataFrame, key: str) -> float:
    """Return the households that a site serves with a type, and that no other open facility within their limit may serve."""
    question, plan = bench.question, bench.plan
    ids = set(here.loc[here["type"] == key, "id"])
    others = plan.facilities[(plan.facilities["type"] == key) & ~plan.facilities["id"].isin(ids)]
    metres = nearest_open(question, key, others)[0]
    limits = {unit: float(slack(question.served_within(unit, key))) for unit in question.unit_values}
    limit = np.array([limits[unit] for unit in question.demand_unit.astype(str)])
    alone = set(question.demand["building_id"].astype(str)[~(metres <= limit)])
    rows = plan.allocation
    mine = rows["facility_id"].isin(ids) & (rows["status"] == "served") & rows["building_id"].isin(alone)
    return float(rows.loc[mine, "households"].sum())


def _without(bench: Bench, site_id: str, types: tuple[str, ...]) -> NextBest | None:
    question = _forbidden(bench.question, site_id)
    unit = str(question.site_unit[(question.sites["id"].astype(str) == site_id).to_numpy()][0])
    try:
        solved, scope = _solved(bench, question, unit, types)
    except SolverError:
        return None
    before, after = bench.plan.facilities, solved.facilities
    farther, unserved = _walks(bench, site_id, solved)
    newly, worse = missed(bench, solved)
    opened = after[~after["id"].isin(set(before["id"]))]
    stand = opened["site_name"].astype("object").where(opened["site_name"].ne(""), opened["site_id"])
    types_at = opened["type"].groupby(stand.to_numpy(), sort=False)
    return NextBest(
        closed=tuple(name for name in before["id"] if name not in set(after["id"])),
        opened=tuple(opened["id"]),
        sites=tuple((str(name), tuple(types)) for name, types in types_at),
        extra_yuan=extra_yuan(bench, solved),
        farther_m=farther,
        unserved=unserved,
        newly_unmet=newly,
        worse=worse,
        scope=scope,
        gap=solved.gap,
    )


def _solved(bench: Bench, question: Question, unit: str, types: tuple[str, ...]) -> tuple[Solved, str]:
    """Solve again: a small study as a whole; else what stands instead, and where rules are missed by that, the community."""
    if bench.whole:
        return solve_again(bench, dataclasses.replace(bench.prepared, question=question)), "study"
    added = solve_held(bench, question, (unit,), types, "added")
    newly, worse = missed(bench, added)
    if not any(strength != "soft" for _rule, _unit, strength in (*newly, *worse)):
        return added, "added"
    free = solve_held(bench, question, (unit,), types, "community")
    worth = [
        tuple(round(solved.reached[name], _DIGITS) for name in ("hard-sum", "targets")) for solved in (added, free)
    ]
    return (free, "community") if worth[1] < worth[0] else (added, "added")


def _forbidden(question: Question, site_id: str) -> Question:
    """Return the question in which nothing new may be opened at a site, nor has to be."""
    sites = question.sites
    here = sites["id"].astype(str) == site_id
    scenario = question.scenario

    def elsewhere(name: str) -> bool:
        return not name.startswith(f"{site_id}/")

    return dataclasses.replace(
        question,
        sites=sites.assign(state=sites["state"].astype("object").mask(here, "forbidden").astype("str")),
        scenario=scenario.but(
            required=tuple(name for name in scenario.required if name != site_id),
            locked=tuple(name for name in scenario.locked if elsewhere(name)),
            locked_m2={name: m2 for name, m2 in scenario.locked_m2.items() if elsewhere(name)},
        ),
    )


def _walks(bench: Bench, site_id: str, solved: Solved) -> tuple[float, float]:
    """Return the metres that those whom a site serves walk farther without it, on average, and the household-services that are lost in all."""
    plan = bench.plan
    ids = set(plan.facilities.loc[plan.facilities["site_id"] == site_id, "id"])
    before, after = (_by_building(rows) for rows in (plan.allocation, solved.allocation))
    mine = set(
        zip(
            *(plan.allocation.loc[plan.allocation["facility_id"].isin(ids), name] for name in ("building_id", "type")),
            strict=True,
        )
    )
    lost = metres = weight = 0.0
    for pair, (households, walked) in before.items():
        then, walks = after.get(pair, (0.0, 0.0))
        lost += max(households - then, 0.0)
        if pair in mine and then > 0 and households > 0:
            metres += then * (walks / then - walked / households)
            weight += then
    return (metres / weight if weight else 0.0), lost


def _by_building(rows: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float]]:
    """Return the households served and their household-metres, by building and type."""
    served = rows[rows["status"] == "served"]
    walks = served["households"] * served["metres"]
    groups = served.assign(walks=walks).groupby(["building_id", "type"])[["households", "walks"]].sum()
    return {
        (str(building), str(key)): (float(households), float(metres))
        for (building, key), households, metres in zip(groups.index, groups["households"], groups["walks"], strict=True)
    }
