"""Oracles for the classic models: every set of facilities is tried, with the costs in a full matrix (absent pairs infinite).

Nothing here is shared with the models but the arrays they read. Each oracle returns the best objective, or None if no set will do.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st
from scipy.optimize import linprog

from siteplan.models.point_problem import PointProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STATES = (0, 0, 0, 0, 1, 2, -1)


@st.composite
def problems(
    draw: st.DrawFn, *, n_demand: int = 6, n_candidates: int = 6, present: float = 0.6, sites_only: bool = False
) -> PointProblem:
    """Draw a small problem with candidates of all states, small whole figures (so that there are ties), and absent pairs."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n = int(rng.integers(2, n_candidates + 1))
    m = n if sites_only else int(rng.integers(1, n_demand + 1))
    there = rng.random((m, n)) < rng.choice([present, 1.0])
    i, j = np.nonzero(there)
    cost = rng.integers(0, 12, len(i)).astype(float)
    if rng.random() < 0.5:
        cost = np.round(rng.random(len(i)) * 11, 3)
    order = rng.permutation(len(i))
    return PointProblem(
        weight=rng.integers(0, 6, m).astype(float),
        i=i[order],
        j=j[order],
        cost=cost[order],
        state=rng.choice(STATES, n).astype(np.int64),
        fixed=rng.integers(0, 5, n).astype(float) if rng.random() < 0.7 else None,
        capacity=rng.integers(0, 12, n).astype(float),
        load=rng.integers(0, 6, m).astype(float) if rng.random() < 0.5 else None,
    )


def matrix(problem: PointProblem) -> np.ndarray:
    """Return the costs as (n_demand, n_candidates), infinite where a pair is absent."""
    full = np.full((len(problem.weight), len(problem.state)), np.inf)
    full[problem.i, problem.j] = problem.cost
    return full


def openings(problem: PointProblem, p: int | None = None) -> Iterator[list[int]]:
    """Yield every allowed set of open candidates, of p in all if p is given."""
    for bits in itertools.product((False, True), repeat=len(problem.state)):
        if p is not None and sum(bits) != p:
            continue
        if all(not o if s == -1 else o if s > 0 else True for o, s in zip(bits, problem.state.tolist(), strict=True)):
            yield [j for j, o in enumerate(bits) if o]


def price(problem: PointProblem, opened: list[int]) -> float:
    """Return what the open sites cost that do not stand yet."""
    fixed = np.ones(len(problem.state)) if problem.fixed is None else problem.fixed
    return sum(float(fixed[j]) for j in opened if problem.state[j] != 2)


def best(values: Iterator[float], pick: Callable[[list[float]], float]) -> float | None:
    """Return the best of ``values``, those not finite left out."""
    finite = [value for value in values if math.isfinite(value)]
    return pick(finite) if finite else None


def times_covered(problem: PointProblem, opened: list[int], reach: float) -> np.ndarray:
    return (matrix(problem)[:, opened] <= reach).sum(axis=1)


def to_nearest(problem: PointProblem, opened: list[int]) -> np.ndarray:
    return matrix(problem)[:, opened].min(axis=1, initial=np.inf)


def lscp(problem: PointProblem, reach: float) -> float | None:
    return best((price(problem, o) for o in openings(problem) if (times_covered(problem, o, reach) > 0).all()), min)


def mclp(problem: PointProblem, reach: float, p: int) -> float | None:
    return best((float(problem.weight[times_covered(problem, o, reach) > 0].sum()) for o in openings(problem, p)), max)


def p_median(problem: PointProblem, p: int, penalty: float | None = None) -> float | None:
    def value(opened: list[int]) -> float:
        near = to_nearest(problem, opened)
        if penalty is None and np.isinf(near).any():
            return math.inf
        return float((problem.weight * np.where(np.isinf(near), penalty or 0.0, near)).sum())

    return best((value(o) for o in openings(problem, p)), min)


def p_center(problem: PointProblem, p: int) -> float | None:
    return best((float(to_nearest(problem, o).max()) for o in openings(problem, p)), min)


def p_dispersion(problem: PointProblem, p: int) -> float | None:
    """Return the largest least distance; infinite where p sites can stand with every pair of them absent."""
    full = matrix(problem)
    both = np.minimum(full, full.T)
    values = [min(both[a, b] for a, b in itertools.combinations(o, 2)) for o in openings(problem, p)]
    return max(values, default=None)


def backup(problem: PointProblem, reach: float) -> tuple[float, float] | None:
    cost = lscp(problem, reach)
    if cost is None:
        return None
    twice = [
        float(problem.weight[times > 1].sum())
        for o in openings(problem)
        if ((times := times_covered(problem, o, reach)) > 0).all() and price(problem, o) <= cost
    ]
    return cost, max(twice)


def served(
    problem: PointProblem, opened: list[int], reach: float, coefficients: np.ndarray, *, whole: bool
) -> Iterator[float]:
    """Yield the value of ``coefficients`` (by demand point and candidate, and one more for not served) over assignments.

    Whole: of every assignment that fits; otherwise of the best one, by a linear program. A coefficient of infinity is not allowed.
    """
    full, loads = matrix(problem), problem.weight if problem.load is None else problem.load
    m, n = full.shape
    choices = [[*(j for j in opened if full[i, j] <= reach), n] for i in range(m)]
    choices = [[j for j in some if math.isfinite(coefficients[i, j])] for i, some in enumerate(choices)]
    if not whole:
        yield _fractional(problem, choices, loads, coefficients)
        return
    for assignment in itertools.product(*choices):
        used = np.zeros(n + 1)
        np.add.at(used, list(assignment), loads)
        if (used[:n] <= problem.capacity).all():
            yield float(sum(coefficients[i, j] for i, j in enumerate(assignment)))


def _fractional(problem: PointProblem, choices: list[list[int]], loads: np.ndarray, coefficients: np.ndarray) -> float:
    pairs = [(i, j) for i, some in enumerate(choices) for j in some]
    m, n = coefficients.shape[0], coefficients.shape[1] - 1
    if not all(choices):
        return math.inf
    share, room = np.zeros((m, len(pairs))), np.zeros((n, len(pairs)))
    for c, (i, j) in enumerate(pairs):
        share[i, c] = 1.0
        if j < n:
            room[j, c] = loads[i]
    costs = [coefficients[i, j] for i, j in pairs]
    found = linprog(costs, A_ub=room, b_ub=problem.capacity, A_eq=share, b_eq=np.ones(m), bounds=(0, 1))
    return float(found.fun) if found.status == 0 else math.inf


def capacitated(
    problem: PointProblem,
    kind: str,
    *,
    reach: float = math.inf,
    p: int | None = None,
    whole: bool,
    penalty: float | None = None,
) -> float | None:
    """Return the best objective of a capacitated model."""
    full = matrix(problem)
    m, n = full.shape
    weight = problem.weight[:, None]
    if kind == "mclp":
        coefficients = np.hstack([-np.repeat(weight, n, axis=1), np.zeros((m, 1))])
    elif kind == "lscp":
        coefficients = np.hstack([np.zeros((m, n)), np.full((m, 1), np.inf)])
    else:
        last = np.full((m, 1), np.inf) if penalty is None else weight * penalty
        ways = weight * np.where(np.isinf(full), 0.0, full)  # a pair that is absent is never chosen
        coefficients = np.hstack([ways, last])
    finite = reach if math.isfinite(reach) else float(np.max(problem.cost, initial=0.0))
    values = (
        value + (price(problem, o) if kind == "lscp" else 0.0)
        for o in openings(problem, p)
        for value in served(problem, o, finite, coefficients, whole=whole)
    )
    found = best(values, min)
    return -found if found is not None and kind == "mclp" else found
