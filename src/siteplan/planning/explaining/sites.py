"""Why a site was chosen: whom only it serves, and what the plan is without it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.errors import SolverError, UsageError
from siteplan.messages import _
from siteplan.planning.explaining.sentences import in_language, labels, number
from siteplan.planning.explaining.try_change import extra_yuan, solve_again, solve_held
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
_ROUNDED = 1e-5
"""Shortfalls that differ by less, relative to what is required, are the same."""
_Missed = tuple[str, str, str]
_SHOWN = 6
"""How many facilities are named that stand instead."""


@dataclass(frozen=True, kw_only=True)
class NextBest:
    """The plan without a site.

    Parameters
    ----------
    closed, opened : tuple of str
        Facilities of the plan that it does not have, and those that it has instead.
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
    """

    site_id: str
    site_name: str
    community_id: str
    types: tuple[str, ...]
    served: dict[str, float]
    only_here: dict[str, float]
    next_best: NextBest | None

    def sentence(self, lang: str | None = None) -> str:
        """Return why the site was chosen, in ``lang``, by default the language spoken now."""
        return in_language(lang, self._say)

    def _say(self) -> str:
        only = [f"{labels([key])} {number(households)}" for key, households in self.only_here.items() if households]
        lines = [
            _(
                "{site}: households that only it serves: {only}.",
                site=self.site_name or self.site_id,
                only=_(", ").join(only) or _("none"),
            )
        ]
        after = self.next_best
        if after is None:
            return _("{text} No plan without it was found.", text=lines[0])
        shown = [*after.opened[:_SHOWN], *(["..."] if len(after.opened) > _SHOWN else [])]
        instead = _(", ").join(shown) or _("nothing")
        lines.append(_("Next best: {instead} instead.", instead=instead))
        values = {"yuan": number(abs(after.extra_yuan)), "metres": number(abs(after.farther_m))}
        dearer, farther = after.extra_yuan >= 0, after.farther_m >= 0
        lines.append(_("It costs {yuan} yuan more;", **values) if dearer else _("It costs {yuan} yuan less;", **values))
        lines.append(
            _("they walk {metres} m farther.", **values) if farther else _("they walk {metres} m less.", **values)
        )
        lines.append(
            _(
                "{lost} household-services fewer, {n} more rules unmet, {worse} missed by more.",
                lost=number(after.unserved),
                n=len(after.newly_unmet),
                worse=len(after.worse),
            )
        )
        lines.append(_exactness(after))
        return " ".join(lines)

    def __repr__(self) -> str:
        """Return the sentence."""
        return self.sentence()


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
    )


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
    except (SolverError, UsageError):
        return None
    before, after = bench.plan.facilities, solved.facilities
    farther, unserved = _walks(bench, site_id, solved)
    return NextBest(
        closed=tuple(name for name in before["id"] if name not in set(after["id"])),
        opened=tuple(name for name in after["id"] if name not in set(before["id"])),
        extra_yuan=extra_yuan(bench, solved),
        farther_m=farther,
        unserved=unserved,
        newly_unmet=_missed(bench, solved)[0],
        worse=_missed(bench, solved)[1],
        scope=scope,
        gap=solved.gap,
    )


def _solved(bench: Bench, question: Question, unit: str, types: tuple[str, ...]) -> tuple[Solved, str]:
    """Solve again: a small study as a whole; else what stands instead, and where rules are missed by that, the community."""
    if bench.whole:
        return solve_again(dataclasses.replace(bench.prepared, question=question), bench.seconds), "study"
    added = solve_held(bench, question, (unit,), types, "added")
    newly, worse = _missed(bench, added)
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


def _missed(bench: Bench, solved: Solved) -> tuple[tuple[_Missed, ...], tuple[_Missed, ...]]:
    """Return the rules that are unmet now and were met, and those that are missed by more than they were."""
    table = bench.plan.unmet
    before = dict(zip(zip(table["rule_id"], table["unit_id"], strict=True), table["shortfall"], strict=True))
    newly, worse = [], []
    for row in solved.unmet.to_dict("records"):
        key = (row["rule_id"], row["unit_id"])
        if key not in before:
            newly.append((*key, row["strength"]))
        elif row["shortfall"] > before[key] + _ROUNDED * max(1.0, row["required"]):
            worse.append((*key, row["strength"]))
    return tuple(newly), tuple(worse)


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
