"""Set covering against enumeration, its golden LP, and what it says where it cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import point_oracle as oracle
import pytest
from golden_lp import check_golden, one_of_each
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.models.lscp import solve_lscp
from siteplan.models.point_problem import PointProblem, State
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path


def test_the_formulation_is_the_golden_one(tmp_path: Path) -> None:
    golden = check_golden("lscp", tmp_path)
    assert set(golden["Subject To"]) == {"cover_0", "cover_1", "cover_3"}


@settings(max_examples=80, deadline=None)
@given(problem=oracle.problems(), reach=st.integers(0, 12))
def test_lscp_equals_enumeration(problem: PointProblem, reach: int) -> None:
    answer = solve_lscp(problem, float(reach), SolverOptions())
    expected = oracle.lscp(problem, float(reach))
    if expected is None:
        assert answer.status is Status.INFEASIBLE
        assert not answer.solved
        assert answer.left_out.tolist() == problem.unreachable(float(reach)).tolist() != []
        return
    assert answer.status is Status.OPTIMAL
    assert answer.proof.value == pytest.approx(expected)
    opened = np.flatnonzero(answer.opened).tolist()
    assert opened in list(oracle.openings(problem))
    assert answer.demand.tolist() == list(range(problem.n_demand))
    assert (oracle.matrix(problem)[answer.demand, answer.site] <= reach).all()
    assert answer.opened[answer.site].all()


@settings(max_examples=40, deadline=None)
@given(problem=oracle.problems(present=0.3), reach=st.integers(0, 12))
def test_elastic_leaves_out_what_nothing_reaches_and_no_more(problem: PointProblem, reach: int) -> None:
    answer = solve_lscp(problem, float(reach), SolverOptions(), elastic=True)
    rows = oracle.matrix(problem)[:, problem.state != State.FORBIDDEN] <= reach
    assert answer.status is Status.OPTIMAL
    assert answer.left_out.tolist() == np.flatnonzero(~rows.any(axis=1)).tolist()
    assert sorted([*answer.demand.tolist(), *answer.left_out.tolist()]) == list(range(problem.n_demand))


def test_reach_is_inclusive_and_an_absent_pair_is_not_0() -> None:
    problem = one_of_each()
    assert problem.nearest(300.0).of(0)[0].tolist() == [0, 1, 2]
    assert problem.nearest(299.9).of(0)[0].tolist() == [0, 1]
    assert 4 not in problem.nearest(300.0).of(0)[0]
    assert problem.nearest(0.0).start[-1] == 0


def test_weighted_sites_by_hand() -> None:
    # one site for 5 covers all; three sites for 1 each do so for 3
    i, j = np.array([0, 1, 2, 0, 1, 2]), np.array([0, 0, 0, 1, 2, 3])
    problem = PointProblem(
        weight=np.ones(3), i=i, j=j, cost=np.ones(6), state=np.zeros(4, dtype=np.int64), fixed=np.array([5.0, 1, 1, 1])
    )
    answer = solve_lscp(problem, 1.0, SolverOptions())
    assert (answer.proof.value, np.flatnonzero(answer.opened).tolist()) == (3.0, [1, 2, 3])
    equal = PointProblem(weight=np.ones(3), i=i, j=j, cost=np.ones(6), state=np.zeros(4, dtype=np.int64))
    assert solve_lscp(equal, 1.0, SolverOptions()).proof.value == 1.0


def test_a_run_without_time_is_never_called_proven() -> None:
    rng = np.random.default_rng(3)
    i, j = np.nonzero(rng.random((400, 400)) < 0.05)
    problem = PointProblem(
        weight=np.ones(400),
        i=i,
        j=j,
        cost=np.ones(len(i)),
        state=np.zeros(400, dtype=np.int64),
        fixed=1 + rng.random(400),
    )
    answer = solve_lscp(problem, 1.0, SolverOptions(time_limit_s=0.0), elastic=True)
    assert answer.status in {Status.STOPPED, Status.NO_SOLUTION}
    assert answer.proof.gap > 0
