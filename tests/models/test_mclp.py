"""Maximal covering against enumeration, and its golden LP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import point_oracle as oracle
import pytest
from golden_lp import check_golden
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.models.mclp import solve_mclp
from siteplan.models.point_problem import PointProblem
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path


def test_the_formulation_is_the_golden_one(tmp_path: Path) -> None:
    golden = check_golden("mclp", tmp_path)
    assert set(golden["Subject To"]) == {"cover_0", "cover_1", "cover_3", "p"}


@settings(max_examples=80, deadline=None)
@given(problem=oracle.problems(), reach=st.integers(0, 12), p=st.integers(0, 6))
def test_mclp_equals_enumeration(problem: PointProblem, reach: int, p: int) -> None:
    answer = solve_mclp(problem, float(reach), p, SolverOptions())
    expected = oracle.mclp(problem, float(reach), p)
    if expected is None:
        assert answer.status is Status.INFEASIBLE
        assert not answer.opened.any()
        return
    assert answer.status is Status.OPTIMAL
    assert answer.proof.value == pytest.approx(expected)
    assert answer.proof.bound >= answer.proof.value - 1e-6  # of what is maximised the bound is an upper one
    assert np.flatnonzero(answer.opened).tolist() in list(oracle.openings(problem, p))
    assert problem.weight[answer.demand].sum() == pytest.approx(expected)
    covered = oracle.times_covered(problem, np.flatnonzero(answer.opened).tolist(), reach) > 0
    assert answer.demand.tolist() == np.flatnonzero(covered).tolist()


@pytest.mark.once
def test_a_run_without_time_has_an_upper_bound_or_nothing() -> None:
    rng = np.random.default_rng(5)
    i, j = np.nonzero(rng.random((500, 200)) < 0.06)
    problem = PointProblem(weight=rng.random(500), i=i, j=j, cost=np.ones(len(i)), state=np.zeros(200, dtype=np.int64))
    proven = solve_mclp(problem, 1.0, 12, SolverOptions(time_limit_s=60.0, gap=0.2))
    assert proven.status in {Status.WITHIN_GAP, Status.OPTIMAL}
    assert proven.proof.gap <= 0.2
    stopped = solve_mclp(problem, 1.0, 12, SolverOptions(time_limit_s=0.0))
    assert stopped.status in {Status.STOPPED, Status.NO_SOLUTION}
    assert stopped.proof.bound >= proven.proof.value
