"""Backup covering against enumeration, and its golden LPs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import point_oracle as oracle
import pytest
from golden_lp import check_golden
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.models.backup import solve_backup
from siteplan.models.point_problem import PointProblem
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["backup", "backup_first"])
def test_the_formulation_is_the_golden_one(name: str, tmp_path: Path) -> None:
    golden = check_golden(name, tmp_path)
    cost = {"cost"} if name == "backup" else set()
    assert set(golden["Subject To"]) == {"cover_0", "cover_1", "cover_3", "cover_4"} | cost


@settings(max_examples=80, deadline=None)
@given(problem=oracle.problems(present=0.8), reach=st.integers(0, 12))
def test_backup_equals_enumeration(problem: PointProblem, reach: int) -> None:
    answer = solve_backup(problem, float(reach), SolverOptions())
    expected = oracle.backup(problem, float(reach))
    if expected is None:
        assert answer.status is Status.INFEASIBLE
        assert len(answer.left_out) > 0
        return
    assert answer.status is Status.OPTIMAL
    assert [proof.value for proof in answer.proofs] == pytest.approx(list(expected))
    opened = np.flatnonzero(answer.opened).tolist()
    times = oracle.times_covered(problem, opened, reach)
    assert (times > 0).all()
    assert oracle.price(problem, opened) == pytest.approx(expected[0])
    assert problem.weight[times > 1].sum() == pytest.approx(expected[1])


def test_elastic_leaves_out_what_nothing_reaches() -> None:
    problem = PointProblem(
        weight=np.array([1.0, 2.0, 4.0]),
        i=np.array([0, 0, 1]),
        j=np.array([0, 1, 1]),
        cost=np.ones(3),
        state=np.array([0, 2]),
    )
    assert solve_backup(problem, 1.0, SolverOptions()).status is Status.INFEASIBLE
    answer = solve_backup(problem, 1.0, SolverOptions(), elastic=True)
    assert answer.left_out.tolist() == [2]
    assert [proof.value for proof in answer.proofs] == [
        0.0,
        0.0,
    ]  # what stands covers both, and money for a second is not spent


def test_the_answer_is_as_weak_as_its_weakest_objective() -> None:
    rng = np.random.default_rng(3)
    i, j = np.nonzero(rng.random((300, 300)) < 0.05)
    problem = PointProblem(
        weight=np.ones(300),
        i=i,
        j=j,
        cost=np.ones(len(i)),
        state=np.zeros(300, dtype=np.int64),
        fixed=1 + rng.random(300),
    )
    answer = solve_backup(problem, 1.0, SolverOptions(time_limit_s=2.0), elastic=True)
    assert answer.proofs[0].status is not Status.OPTIMAL
    assert answer.status in {Status.STOPPED, Status.NO_SOLUTION}
