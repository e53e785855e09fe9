"""The capacitated models against enumeration of openings and assignments, and their golden LPs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import point_oracle as oracle
import pytest
from golden_lp import check_golden
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.models.capacitated import (
    solve_capacitated_lscp,
    solve_capacitated_mclp,
    solve_capacitated_p_median,
)
from siteplan.models.point_problem import PointProblem
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.models.point_model import PointAnswer

SMALL = {"n_demand": 5, "n_candidates": 4}


@pytest.mark.parametrize("name", ["capacitated_mclp", "capacitated_p_median", "capacitated_lscp"])
def test_the_formulation_is_the_golden_one(name: str, tmp_path: Path) -> None:
    golden = check_golden(name, tmp_path)
    kinds = {re.sub(r"_\d+", "", row) for row in golden["Subject To"]}
    assert kinds == {"share", "capacity", "link"} | ({"p"} if name != "capacitated_lscp" else set())


def check(problem: PointProblem, answer: PointAnswer, expected: float | None, reach: float, *, whole: bool) -> None:
    """Hold an answer to the enumerated objective, and to every rule of a capacity."""
    if expected is None:
        assert answer.status is Status.INFEASIBLE
        assert not answer.solved
        return
    assert answer.status is Status.OPTIMAL
    assert answer.proof.value == pytest.approx(expected, abs=1e-6)
    loads = problem.weight if problem.load is None else problem.load
    used = np.bincount(answer.site, answer.share * loads[answer.demand], minlength=problem.n_candidates)
    assert (used <= problem.capacity + 1e-6).all()
    assert answer.opened[answer.site].all()
    assert (oracle.matrix(problem)[answer.demand, answer.site] <= reach).all()
    assert (np.bincount(answer.demand, answer.share, minlength=problem.n_demand) <= 1 + 1e-6).all()
    if whole:
        assert (answer.share == 1).all()


@settings(max_examples=60, deadline=None)
@given(problem=oracle.problems(**SMALL), reach=st.integers(0, 12), p=st.integers(1, 4), whole=st.booleans())
def test_capacitated_mclp_equals_enumeration(problem: PointProblem, reach: int, p: int, whole: bool) -> None:
    answer = solve_capacitated_mclp(problem, float(reach), p, SolverOptions(), single_source=whole)
    expected = oracle.capacitated(problem, "mclp", reach=float(reach), p=p, whole=whole)
    check(problem, answer, expected, reach, whole=whole)
    assert expected is None or int(answer.opened.sum()) == p
    assert not _could_still_be_served(problem, answer, reach, whole=whole)


def _could_still_be_served(problem: PointProblem, answer: PointAnswer, reach: float, *, whole: bool) -> list[int]:
    """Return the demand points that are not wholly served though an open facility within reach has room."""
    loads = problem.weight if problem.load is None else problem.load
    share = np.bincount(answer.demand, answer.share, minlength=problem.n_demand)
    used = np.bincount(answer.site, answer.share * loads[answer.demand], minlength=problem.n_candidates)
    near = (oracle.matrix(problem) <= reach) & answer.opened
    return [
        i
        for i in np.flatnonzero(share < 1 - 1e-6)
        for j in np.flatnonzero(near[i])
        if problem.capacity[j] - used[j] >= (loads[i] if whole else max(1e-5, 1e-5 * loads[i]))
    ]


@settings(max_examples=60, deadline=None)
@given(
    problem=oracle.problems(**SMALL),
    p=st.integers(1, 4),
    whole=st.booleans(),
    penalty=st.sampled_from([None, 0.0, 30.0]),
)
def test_capacitated_p_median_equals_enumeration(
    problem: PointProblem, p: int, whole: bool, penalty: float | None
) -> None:
    if penalty is not None:
        penalty += problem.cost.max(initial=0.0)
    answer = solve_capacitated_p_median(problem, p, SolverOptions(), single_source=whole, penalty=penalty)
    expected = oracle.capacitated(problem, "p-median", p=p, whole=whole, penalty=penalty)
    check(problem, answer, expected, np.inf, whole=whole)
    if expected is not None and penalty is None:
        share = np.bincount(answer.demand, answer.share, minlength=problem.n_demand)
        assert share == pytest.approx(np.ones(problem.n_demand), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(problem=oracle.problems(**SMALL), reach=st.integers(0, 12), whole=st.booleans())
def test_capacitated_lscp_equals_enumeration(problem: PointProblem, reach: int, whole: bool) -> None:
    answer = solve_capacitated_lscp(problem, float(reach), SolverOptions(), single_source=whole)
    check(problem, answer, oracle.capacitated(problem, "lscp", reach=float(reach), whole=whole), reach, whole=whole)


def test_full_by_hand() -> None:
    # one facility of 10; three households of 6, 5 and 4: whole ones fill it with 6 and 4, parts of them always to the brim
    problem = PointProblem(
        weight=np.array([6.0, 5.0, 4.0]), i=np.array([0, 1, 2]), j=np.zeros(3, dtype=np.int64), cost=np.array([1.0, 2.0, 3.0]),
        state=np.array([0]), capacity=np.array([10.0]),
    )  # fmt: skip
    whole = solve_capacitated_mclp(problem, 5.0, 1, SolverOptions(), single_source=True)
    assert (whole.demand.tolist(), whole.proof.value) == ([0, 2], 10.0)
    parts = solve_capacitated_mclp(problem, 5.0, 1, SolverOptions())
    assert parts.proof.value == pytest.approx(10.0)
    assert solve_capacitated_p_median(problem, 1, SolverOptions()).status is Status.INFEASIBLE
    dear = solve_capacitated_p_median(problem, 1, SolverOptions(), penalty=100.0)
    assert dear.proof.value == pytest.approx(
        6 + 2 * 4 + 100 * 5
    )  # the nearest four of 5, and five households go without


def test_a_problem_without_capacities_is_refused() -> None:
    problem = PointProblem(weight=np.ones(1), i=np.array([0]), j=np.array([0]), cost=np.ones(1), state=np.array([0]))
    with pytest.raises(ValueError, match="no capacities"):
        solve_capacitated_mclp(problem, 1.0, 1, SolverOptions())
