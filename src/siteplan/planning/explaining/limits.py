"""How much more money and how many more sites are needed, in which purses: the least with which a rule can hold."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from siteplan.models.components import whole
from siteplan.models.joint_money import COST_UNIT
from siteplan.planning.explaining.changes import Raise
from siteplan.planning.explaining.elements import BUDGET, PHASE_BUDGET, TOWNSHIP_BUDGET
from siteplan.planning.explaining.must import least
from siteplan.planning.explaining.sizes import all_money, ample, limits_only, must_problem

if TYPE_CHECKING:
    from siteplan.models.joint import JointModel
    from siteplan.models.joint_problem import JointProblem
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.weighed import Key
    from siteplan.siting.question import Question

    Terms = list[tuple[Any, float]]

_HAIR = 1e-4
_SITE = 1e3
"""What one site more weighs beside 10,000 yuan: money is asked for first."""


class Purse(NamedTuple):
    """One limit on money: what it is called, and the row of it in the problem (a budget, or a fund in a phase)."""

    kind: str
    name: str
    row: int
    phase: int | None = None


class Limits(NamedTuple):
    """By how much the limits have to be raised."""

    money: tuple[Raise, ...]
    sites: int


def purses(question: Question, problem: JointProblem) -> list[Purse]:
    """Return the limits on money of a problem in the order of its rows: of the study, of phases, of townships, and of funds by phase."""
    scenario = question.scenario
    names: list[tuple[str, str, int | None]] = [(BUDGET, "", None)] if scenario.budget_yuan is not None else []
    names += [(PHASE_BUDGET, p.name, t) for t, p in enumerate(scenario.phases) if p.budget_yuan is not None]
    layer = question.study.layers.get("townships")
    if scenario.township_budgets and layer is not None:
        towns = set(question.sites["township_id"].astype("object").astype(str))
        known = layer[layer["budget_yuan"].notna() & layer["id"].astype(str).isin(towns)]
        names += [(TOWNSHIP_BUDGET, str(key), None) for key in known["id"]]
    found = [Purse(kind, name, row, phase) for row, (kind, name, phase) in enumerate(names)]
    assert len(found) == len(problem.budgets)
    funds = [Purse("fund", fund.name, f, t) for f, fund in enumerate(scenario.funds) for t in range(scenario.n_phases)]
    return found + funds


def least_limits(bench: Bench, key: Key, *, alone: bool = True, question: Question | None = None) -> Limits | None:
    """Return the least money more, and in which purses, and the least number of sites more, that make the rule hold with what the plan meets.

    Parameters
    ----------
    bench : Bench
    key : Key
    alone : bool
        Whether the other unmet rules are left out; else it is what the rule needs together with those that lack nothing but money and sites.
    question : Question, optional
        A changed question; by default the plan's.

    Returns
    -------
    Limits or None
        None where no limit that is raised makes it hold.
    """
    others = [] if alone else [other for other in bench.rivals(key) if limits_only(bench, other)]
    asked, problem = must_problem(bench, key, others=others, question=question)
    known, limit = purses(asked, problem), problem.max_sites
    raised: dict[Purse, Any] = {}
    sites: list[Any] = []

    def more(model: JointModel) -> Terms:
        for purse in known:
            raised[purse] = extra = model.model.var(f"extra_{purse.kind}_{purse.row}_{purse.phase}")
            terms, constant, most = _spent(model, problem, purse)
            model.model.add([*terms, (extra, -1.0)], "<=", most / COST_UNIT - constant, f"purse_{extra.name}")
        if limit is not None:
            sites.append(model.model.var("extra_sites", 0, None, integer=True))
            opened = [z for (j, t), z in model.money.z.items() if t == model.last and j not in model.money.standing]
            model.model.add([*((z, 1.0) for z in opened), (sites[0], -1.0)], "<=", float(limit), "sites_in_all")
        return [*((extra, 1.0) for extra in raised.values()), *((extra, _SITE) for extra in sites)]

    free = ample(problem if limit is None else dataclasses.replace(problem, max_sites=len(problem.sites)))
    if least(free, whole(free), bench.runs, more) is None:
        return None
    names = asked.scenario.phase_names
    money = []
    for purse, extra in raised.items():
        yuan = math.ceil((extra.varValue or 0.0) * COST_UNIT - _HAIR)
        if yuan >= 1:
            phase = "" if purse.phase is None or purse.kind != "fund" else names[purse.phase]
            money.append(Raise(kind=purse.kind, name=purse.name, phase=phase, yuan=float(yuan)))
    return Limits(tuple(money), round(sites[0].varValue or 0.0) if sites else 0)


def least_moved(bench: Bench, key: Key, giver: Purse, taker: Purse) -> float | None:
    """Return the least yuan that has to come in the phase of ``taker`` instead of that of ``giver``; None where that does not help."""
    question, problem = must_problem(bench, key)

    def more(model: JointModel) -> Terms:
        moved = model.model.var("moved")
        for purse in purses(question, problem):
            terms, constant, limit = _spent(model, problem, purse)
            share = 1.0 if purse == giver else -1.0 if purse == taker else 0.0
            right = limit / COST_UNIT - constant
            model.model.add([*terms, (moved, share)], "<=", right, f"purse_{purse.kind}_{purse.row}_{purse.phase}")
        limit = _spent(model, problem, giver)[2]
        model.model.add([(moved, 1.0)], "<=", limit / COST_UNIT, "no_more_than_there_is")
        return [(moved, 1.0)]

    found = least(ample(problem), whole(problem), bench.runs, more)
    return None if found is None else float(math.ceil(found.value * COST_UNIT - _HAIR))


def least_new_fund(bench: Bench, key: Key) -> tuple[float, ...] | None:
    """Return the least yuan of a new fund for the communities of a rule, phase by phase; None where money does not help."""
    question, problem = must_problem(bench, key)
    here = np.flatnonzero(np.isin(question.site_unit, bench.places(key))).astype(np.int64)
    n_phases, number = problem.n_phases, len(problem.funds)
    plenty = all_money(problem)
    fund = dataclasses.replace(problem.funds[0], sites=here, limits=(plenty,) * n_phases)
    given: list[Terms] = []

    def more(model: JointModel) -> Terms:
        variables = model.model.problem.variables()
        for t in range(n_phases):
            mine = [v for v in variables if v.name.startswith(f"p_{number}_") and v.name.endswith(f"_{t}")]
            given.append([(v, 1.0) for v in mine])
        return [term for terms in given for term in terms]

    wider = dataclasses.replace(problem, funds=(*problem.funds, fund))
    if least(wider, whole(wider), bench.runs, more) is None:
        return None
    return tuple(float(math.ceil(sum(v.varValue or 0.0 for v, _c in terms) * COST_UNIT - _HAIR)) for terms in given)


def _spent(model: JointModel, problem: JointProblem, purse: Purse) -> tuple[Terms, float, float]:
    """Return what is spent from a purse as terms and a constant, in COST_UNIT yuan, and its limit, yuan."""
    if purse.kind == "fund":
        names = (f"p_{purse.row}_", f"_{purse.phase}")
        variables = model.model.problem.variables()
        terms = [(v, 1.0) for v in variables if v.name.startswith(names[0]) and v.name.endswith(names[1])]
        return terms, 0.0, float(problem.funds[purse.row].limits[purse.phase or 0])
    budget = problem.budgets[purse.row]
    sites = budget.sites.tolist()
    spent = model.money.cost(model.last, sites) if budget.phase is None else model.money.spent(budget.phase, sites)
    return [*spent[0]], spent[1], float(budget.limit)
