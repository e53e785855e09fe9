"""The p-center against enumeration, its golden LP, and its bisection where solvers are stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import point_oracle as oracle
import pytest
from golden_lp import check_golden
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.models.bisection import Attempt, least_level
from siteplan.models.p_center import solve_p_center
from siteplan.models.point_problem import PointProblem
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path


def test_the_formulation_is_the_golden_one(tmp_path: Path) -> None:
    golden = check_golden("p_center", tmp_path)
    assert set(golden["Subject To"]) == {"cover_0", "cover_1", "cover_3", "p"}


@settings(max_examples=60, deadline=None)
@given(problem=oracle.problems(), p=st.integers(1, 5))
def test_p_center_equals_enumeration(problem: PointProblem, p: int) -> None:
    answer = solve_p_center(problem, p, SolverOptions())
    expected = oracle.p_center(problem, p)
    if expected is None:
        assert answer.status is Status.INFEASIBLE
        return
    assert answer.status is Status.OPTIMAL
    assert answer.proof.value == answer.proof.bound == expected
    opened = np.flatnonzero(answer.opened).tolist()
    assert opened in list(oracle.openings(problem, p))
    assert oracle.to_nearest(problem, opened).max() == expected
    assert answer.demand.tolist() == list(range(problem.n_demand))


@given(n=st.integers(1, 40), truth=st.integers(0, 39), low=st.integers(0, 40), slack=st.integers(0, 3))
def test_bisection_finds_the_least_level(n: int, truth: int, low: int, slack: int) -> None:
    truth = min(truth, n - 1)
    tried = []

    def attempt(level: int) -> Attempt:
        tried.append(level)
        return Attempt(possible=level >= truth, level=max(truth, level - slack))

    found, best = least_level(attempt(n - 1), attempt, low=min(low, truth))
    assert found == best.level == truth
    assert len(tried) == len(set(tried)) <= 14


@given(n=st.integers(2, 40), truth=st.integers(0, 39), known=st.integers(0, 12))
def test_a_solver_that_is_stopped_proves_nothing(n: int, truth: int, known: int) -> None:
    truth = min(truth, n - 1)
    left = [known]

    def attempt(level: int) -> Attempt:
        left[0] -= 1
        return Attempt(possible=None if left[0] < 0 else level >= truth, level=level)

    found, best = least_level(Attempt(possible=True, level=n - 1), attempt)
    assert found <= truth <= best.level
    if not known:
        assert (found, best.level) == (0, n - 1)


def test_a_run_without_time_is_never_called_proven() -> None:
    rng = np.random.default_rng(1)
    points, sites = rng.random((300, 2)), rng.random((80, 2))
    cost = np.linalg.norm(points[:, None] - sites[None], axis=2)
    i, j = np.indices(cost.shape).reshape(2, -1)
    problem = PointProblem(weight=np.ones(300), i=i, j=j, cost=cost.ravel(), state=np.zeros(80, dtype=np.int64))
    stopped = solve_p_center(problem, 7, SolverOptions(time_limit_s=0.0))
    assert stopped.status in {Status.STOPPED, Status.NO_SOLUTION}
    near = solve_p_center(problem, 7, SolverOptions(gap=0.5))
    assert near.status in {Status.WITHIN_GAP, Status.OPTIMAL}
    best = solve_p_center(problem, 7, SolverOptions())
    assert best.status is Status.OPTIMAL
    assert stopped.proof.bound <= best.proof.value <= near.proof.value <= 2 * best.proof.value
    assert near.proof.bound == pytest.approx(min(near.proof.bound, best.proof.value))
