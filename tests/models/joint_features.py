"""What a joint problem may have, and the problem without it: something binds where the answer without it is another one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from random_joint import random_joint

from siteplan.errors import SolverError
from siteplan.models.components import whole
from siteplan.models.joint_problem import Budget, Strength
from siteplan.models.reuse import KnownAnswers, fingerprints
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from siteplan.models.joint_problem import Faults, JointProblem

PROBLEMS = 42
"""Problems on which every plan is tried."""
MOST_NEW = {1: 5, 2: 4, 3: 3}
PLENTY = 1e6


def problem_of_kinds(seed: int) -> JointProblem:
    """Return a random problem of one, two or three phases, so small that every plan can be tried."""
    n_phases = 1 + seed % 3
    return random_joint(seed, n_phases=n_phases, most_new=MOST_NEW[n_phases])


def _slots(**fields: Any) -> Callable[[JointProblem], JointProblem]:
    return lambda p: dataclasses.replace(p, slots=dataclasses.replace(p.slots, **_filled(p.slots, fields)))


def _sites(**fields: Any) -> Callable[[JointProblem], JointProblem]:
    return lambda p: dataclasses.replace(p, sites=dataclasses.replace(p.sites, **_filled(p.sites, fields)))


def _filled(table: Any, fields: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.full_like(getattr(table, name), value) for name, value in fields.items()}


def _only(**fields: Any) -> Callable[[JointProblem], JointProblem]:
    return lambda p: dataclasses.replace(p, **fields)


def _faults(strength: int | None, unless: bool) -> Callable[[JointProblem], JointProblem]:
    """Leave out the faults of one kind, hard ones or the others."""

    def without(problem: JointProblem) -> JointProblem:
        faults = problem.faults
        if faults is None:
            return problem
        hard = faults.strength == Strength.HARD
        gone = (hard if strength == Strength.HARD else ~hard) & (faults.unless == unless)
        return dataclasses.replace(problem, faults=_some(faults, np.flatnonzero(~gone)))

    return without


def _some(faults: Faults, kept: np.ndarray) -> Faults | None:
    fields = {field.name: getattr(faults, field.name)[kept] for field in dataclasses.fields(faults)}
    return dataclasses.replace(faults, **fields) if len(kept) else None


def _due(problem: JointProblem) -> JointProblem:
    """Let everything be due at the end."""
    last = problem.n_phases - 1
    rows = {
        name: dataclasses.replace(getattr(problem, name), due=np.full(len(getattr(problem, name)), last))
        for name in ("area", "count")
    }
    late = {
        name: tuple(dataclasses.replace(row, due=last) for row in getattr(problem, name))
        for name in ("cover", "shares")
    }
    return dataclasses.replace(problem, **rows, **late)


def _budgets(phase: bool) -> Callable[[JointProblem], JointProblem]:
    def kept(budget: Budget) -> bool:
        return (budget.phase is None) == phase

    return lambda p: dataclasses.replace(p, budgets=tuple(budget for budget in p.budgets if kept(budget)))


def _shares(area: bool) -> Callable[[JointProblem], JointProblem]:
    return lambda p: dataclasses.replace(p, shares=tuple(row for row in p.shares if row.area != area))


WITHOUT: dict[str, Callable[[JointProblem], JointProblem]] = {
    "rooms": _slots(host=-1),
    "least area": _slots(min_m2=0.0),
    "largest area": _slots(max_m2=PLENTY),
    "locked and barred": _slots(state=0),
    "floor": _sites(floor=PLENTY),
    "land": _sites(land=PLENTY),
    "storeys": _sites(storeys=0.0),
    "fixed cost": _sites(fixed=0.0),
    "state of sites": _sites(state=0),
    "places": _sites(place=-1),
    "sizes": _only(size=None),
    "too near, hard": _faults(Strength.HARD, unless=False),
    "too near": _faults(None, unless=False),
    "without company, hard": _faults(Strength.HARD, unless=True),
    "without company": _faults(None, unless=True),
    "cover rows": _only(cover=()),
    "loads": _only(load=None),
    "shares of areas": _shares(area=True),
    "shares of openings": _shares(area=False),
    "budgets": _budgets(phase=False),
    "budgets of phases": _budgets(phase=True),
    "funds": _only(funds=()),
    "number of sites": _only(max_sites=None),
    "priced aims": _only(aim_price=None),
    "earlier plan": _only(previous=None),
    "when it is due": _due,
}


def values(problem: JointProblem, known: KnownAnswers) -> dict[str, float] | None:
    """Return the value of each stage; None where there is no plan."""
    try:
        return {proof.stage: proof.value for proof in solve_joint(problem, SolverOptions(), known=known).stages}
    except SolverError:
        return None


def binding(problem: JointProblem, names: Iterable[str] = WITHOUT) -> list[str]:
    """Return those of ``names`` that bind."""
    known = KnownAnswers()
    found = values(problem, known)
    others = {name: WITHOUT[name](problem) for name in names}
    there = [name for name, other in others.items() if _arrays(other) != _arrays(problem)]
    return [name for name in there if _differ(found, values(others[name], known))]


def _arrays(problem: JointProblem) -> bytes:
    return fingerprints(problem, [whole(problem)])[0]


def _differ(a: dict[str, float] | None, b: dict[str, float] | None) -> bool:
    if a is None or b is None:
        return a is not b
    same = [abs(a[name] - b[name]) <= 1e-4 * max(1.0, abs(b[name])) for name in a if name in b]
    return set(a) != set(b) or not all(same)
