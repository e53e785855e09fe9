"""A change applied and solved again: whether the rule is met then, what else is unmet, and what it costs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siteplan.candidates.given import candidate_sites
from siteplan.errors import DataError, SolverError, UsageError
from siteplan.models.components import split
from siteplan.models.joint import JointModel
from siteplan.models.payments import pay
from siteplan.models.reduce import nearest_first, tighten
from siteplan.models.stage_run import LARGEST, run_stage, start, trim
from siteplan.models.stages import JointAnswer
from siteplan.planning.explaining.bench import RANKS
from siteplan.planning.explaining.holding import built_by, hold, near, of_types
from siteplan.planning.solve import Prepared, prepare, solve_prepared
from siteplan.siting.allocation import to_allocation
from siteplan.siting.answer import to_facilities
from siteplan.siting.locks import facility_ids
from siteplan.siting.rules_to_arrays import to_problem
from siteplan.siting.unmet import to_unmet
from siteplan.siting.works import to_works, works_of
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siteplan.models.joint_problem import Floats, Ints, JointProblem
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.changes import Change
    from siteplan.planning.explaining.weighed import Key
    from siteplan.plans.scenario import Scenario
    from siteplan.siting.question import Question
    from siteplan.study.study import Study

Missed = tuple[str, str, str]
"""Rule, unit and strength."""
_HALF = 0.5
_ROUNDED = 1e-5
"""Shortfalls that differ by less, relative to what is required, are the same."""
_LEAST_YUAN = 1.0
_ADDED = (("hard-worst", "hard-sum"), ("targets",), ("aims",))
"""Stages where everything that the plan has stays, by the rank of the rule: those after them cannot become much worse."""
_LAST = ("cost", "changes")
"""Of what costs the same, what changes the plan least."""
_AGAIN = ("hard-worst", "hard-sum", "targets", "aims", "cost", "changes")


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What a changed study gives when it is solved again.

    Parameters
    ----------
    met : bool
        Whether the rule is met then, and no rule is unmet that was met before and comes not after it.
    extra_yuan : float
        What the new plan costs more than the old one.
    newly_unmet : tuple of Key
        Rules that were met before and come not after it.
    worse : tuple of Key
        Rules that come after it and are missed, or missed by more, than before.
    scope : {"study", "community", "added"}
        What was solved again: the whole study; the communities that the rule speaks about, all else kept; or only what is added to the plan.
    proven : bool
        Whether nothing cheaper does as much, within the scope.
    facilities : GeoDataFrame
        Those of the new plan.
    """

    met: bool
    extra_yuan: float
    newly_unmet: tuple[Key, ...]
    worse: tuple[Key, ...]
    scope: str
    proven: bool
    facilities: gpd.GeoDataFrame


class Solved(NamedTuple):
    """What solving again gives: tables of a plan, the largest relative gap of a stage, and the values of the stages by name."""

    facilities: gpd.GeoDataFrame
    allocation: pd.DataFrame
    unmet: pd.DataFrame
    gap: float
    reached: dict[str, float]


def try_change(bench: Bench, changed: Prepared, key: Key) -> Outcome | None:
    """Return what a changed study leads to for the rule ``key``; None where the solver finds nothing.

    A small study is solved again as a whole. Of a larger one first only what may be added for the rule is free, then everything in the communities
    that it speaks about; the rest stays as the plan has it, so that the outcome is one that the whole study can have too.
    """
    outcome = None
    for scope in ("study",) if bench.whole else ("added", "community"):
        try:
            again = bench.whole
            solved = solve_again(bench, changed) if again else solve_near(bench, changed.question, key, scope)
        except UsageError:  # what is locked can no longer stand
            continue
        except SolverError:  # there is no such plan, or none was found in the time
            bench.runs.stopped += 1
            continue
        outcome = _outcome(bench, key, solved, scope)
        bench.runs.stopped += not outcome.proven
        if outcome.met:
            return outcome
    return outcome


def applied(bench: Bench, change: Change) -> Prepared | None:
    """Return the study with a change, ready for siting; None where the change cannot be applied."""
    try:
        return changed_question(bench, *change.apply(bench.plan.study, bench.plan.scenario))
    except (UsageError, DataError):
        return None


def changed_question(bench: Bench, study: Study, scenario: Scenario) -> Prepared:
    """Return a changed study ready for siting, anew only where sites stand elsewhere or somebody may walk farther."""
    known = bench.prepared
    reaches = [
        float(rule.figure or 0.0)
        for rule in set(study.standards.rules) - set(bench.plan.study.standards.rules)
        if rule.kind in ("reach", "adjacency")
    ]
    farther = max(reaches, default=0.0) > known.question.matrix.cutoff
    types = known.question.types
    sites = None if farther else _sites(bench, study)
    if sites is None:
        return prepare(study, scenario.but(types=types), cache=bench.cache)
    question = dataclasses.replace(known.question, study=study, scenario=scenario.but(types=types), sites=sites)
    return dataclasses.replace(known, question=question)


def _sites(bench: Bench, study: Study) -> gpd.GeoDataFrame | None:
    """Return the sites of a changed study; None where they stand elsewhere, or more than sites has changed."""
    known, before = bench.question, bench.plan.study.layers
    if study.layers is before:
        return known.sites
    if any(
        frame is not before.vectors.get(role)
        for role, frame in study.layers.vectors.items()
        if role not in ("candidates", "facilities")
    ):
        return None
    sites = candidate_sites(study, known.units, known.demand, known.counted)[0]
    same = list(sites["id"]) == list(known.sites["id"]) and bool((sites.geometry == known.sites.geometry).all())
    return sites if same else None


def solve_again(bench: Bench, prepared: Prepared) -> Solved:
    """Solve a whole study as it is always solved."""
    question = prepared.question
    limited = question.scenario.but(time_limit_s=min(question.scenario.time_limit_s, bench.seconds))
    again = dataclasses.replace(prepared, question=dataclasses.replace(question, scenario=limited))
    plan = solve_prepared(again, cache=bench.cache)
    return Solved(plan.facilities, plan.allocation, plan.unmet, plan.gap, {})


def extra_yuan(bench: Bench, solved: Solved) -> float:
    """Return what solving again costs more than the plan, yuan; less than what areas are rounded by is nothing."""
    cost = float(solved.facilities["cost_yuan"].sum() - bench.plan.facilities["cost_yuan"].sum())
    return round(cost, 2) if abs(cost) >= _LEAST_YUAN else 0.0


def missed(bench: Bench, solved: Solved) -> tuple[tuple[Missed, ...], tuple[Missed, ...]]:
    """Return the rules that are unmet now and were met in the plan, and those that are missed by more than they were."""
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


def _outcome(bench: Bench, key: Key, solved: Solved, scope: str) -> Outcome:
    unmet = set(zip(solved.unmet["rule_id"], solved.unmet["unit_id"], strict=True))
    lost, more = missed(bench, solved)
    newly = [(rule, unit) for rule, unit, strength in lost if RANKS[strength] <= bench.rank(key)]
    worse = [(rule, unit) for rule, unit, strength in (*lost, *more) if RANKS[strength] > bench.rank(key)]
    cost = extra_yuan(bench, solved)
    return Outcome(
        met=key not in unmet and not newly,
        extra_yuan=cost,
        newly_unmet=tuple(newly),
        worse=tuple(worse),
        scope=scope,
        proven=solved.gap <= PROVEN_GAP,
        facilities=solved.facilities,
    )


# a large study, of which most stays as it is ----------------------------------------------------------------------------


def solve_near(bench: Bench, question: Question, key: Key, scope: str) -> Solved:
    """Solve what the rule ``key`` touches, with the rest as the plan has it.

    Raises
    ------
    SolverError
        If there is no solution, such as where a facility that stays can no longer stand.
    """
    rule = bench.rule(key)
    types = rule.types if rule is not None else ()
    first = [name for names in _ADDED[: bench.rank(key) + 1] for name in names]
    stages = (*first, *_LAST) if scope == "added" else _AGAIN
    return solve_held(bench, question, bench.places(key), types, scope, stages)


def solve_held(
    bench: Bench,
    question: Question,
    places: tuple[str, ...],
    types: tuple[str, ...],
    scope: str,
    stages: tuple[str, ...] = _AGAIN,
) -> Solved:
    """Solve what lies in ``places``, or is of ``types`` and may serve households there; the rest stays as the plan has it.

    Parameters
    ----------
    bench : Bench
    question : Question
        That of the plan, or a changed one.
    places, types : tuple of str
    scope : {"community", "added"}
        Whether everything there is free, or only what is of ``types`` and the plan does not have; all else there may grow.
    stages : tuple of str
        Objectives in order.

    Raises
    ------
    SolverError
    """
    problem = to_problem(question)
    built = built_by(bench.plan, question, problem.slots)
    here = near(question, problem, places, types)
    free = here & of_types(question, problem.slots, types) & ~built.opened if scope == "added" else here
    problem = dataclasses.replace(hold(problem, built, free, here), previous=built.opened & ~problem.slots.existing)
    free = here
    problem = tighten(problem)
    options = bench.runs.options
    sites = np.zeros(len(problem.sites), dtype=bool)
    sites[problem.slots.site[free]] = True
    lists = nearest_first(problem)
    phase, area = built.phase.copy(), built.area_m2.copy()
    covered = np.full(len(problem.cover), np.nan)
    gap, values = 0.0, dict.fromkeys(stages, 0.0)
    for n, component in enumerate(split(problem)):
        if not len(component.sites) or not sites[component.sites].any():
            continue
        part = start(JointModel(problem, component, lists, f"near_{n}"), 1.0)
        for name in stages:
            proof = run_stage(name, [part], options, bench.seconds / len(_AGAIN))
            gap = max(gap, proof.gap)
            values[name] = max(values[name], proof.value) if name in LARGEST else values[name] + proof.value
        trim(part, options)
        _read(part.model, part.solution or {}, phase, area)
        for r, terms in part.model.service.served.items():
            covered[r] = sum(c * (part.solution or {}).get(v.name, 0.0) for v, c in terms)
    area = np.maximum.accumulate(area, axis=0)
    answer = JointAnswer(
        opened=phase >= 0,
        area_m2=area,
        phase=phase,
        paid=pay(problem, phase, area),
        covered=covered,
        stages=(),
        components=0,
    )
    return _tables(question, problem, answer, gap, values)


def _read(model: JointModel, solution: dict[str, float], phase: Ints, area: Floats) -> None:
    """Put what a model opens into ``phase`` and ``area``."""
    new = [s for s in model.component.slots.tolist() if not model.problem.slots.existing[s]]
    phase[new], area[:, new] = -1, 0.0
    for (s, t), y in model.y.items():
        opened = solution.get(y.name, 0.0) > _HALF
        if opened and phase[s] < 0:
            phase[s] = t + 1
    for (s, t), a in model.a.items():
        area[t, s] = solution.get(a.name, 0.0) if phase[s] >= 0 and t + 1 >= phase[s] else 0.0


def _tables(
    question: Question, problem: JointProblem, answer: JointAnswer, gap: float, values: dict[str, float]
) -> Solved:
    works = works_of(problem, answer)
    facilities = to_facilities(question, problem, answer, works)
    table = to_works(works, facility_ids(question, problem.slots))
    allocation = to_allocation(question, problem, answer, facilities)
    return Solved(facilities, allocation, to_unmet(question, facilities, table, allocation), gap, values)
