"""The p-dispersion against enumeration, and its golden LP."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import point_oracle as oracle
import pytest
from golden_lp import between_sites, check_golden
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.errors import UsageError
from siteplan.models.p_dispersion import cliques, solve_p_dispersion
from siteplan.models.point_problem import PointProblem
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path


def test_the_formulation_is_the_golden_one(tmp_path: Path) -> None:
    golden = check_golden("p_dispersion", tmp_path)
    assert set(golden["Subject To"]) == {"clique_0", "clique_1", "p"}


@settings(max_examples=80, deadline=None)
@given(problem=oracle.problems(n_candidates=7, sites_only=True, present=0.8), p=st.integers(2, 6))
def test_p_dispersion_equals_enumeration(problem: PointProblem, p: int) -> None:
    expected = oracle.p_dispersion(problem, p)
    if expected is not None and math.isinf(expected):
        with pytest.raises(UsageError, match="cutoff"):
            solve_p_dispersion(problem, p, SolverOptions())
        return
    answer = solve_p_dispersion(problem, p, SolverOptions())
    if expected is None:
        assert answer.status is Status.INFEASIBLE
        return
    assert answer.status is Status.OPTIMAL
    assert answer.proof.value == answer.proof.bound == expected
    opened = np.flatnonzero(answer.opened).tolist()
    assert opened in list(oracle.openings(problem, p))
    full = oracle.matrix(problem)
    assert min(min(full[a, b], full[b, a]) for a, b in itertools.combinations(opened, 2)) == expected


@given(seed=st.integers(0, 10**6))
def test_cliques_hold_every_edge_and_nothing_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = np.nonzero(np.triu(rng.random((9, 9)) < rng.random(), 1))
    edges = set(zip(a.tolist(), b.tolist(), strict=True))
    found = cliques(a, b)
    assert {pair for clique in found for pair in itertools.combinations(clique, 2)} == edges


def test_sites_along_a_line() -> None:
    # at 0, 100, 300 (required), 600 and 1000 m: with three, 300 and two of 0, 600, 1000 of which 0 and 600 lie 300 m off
    answer = solve_p_dispersion(between_sites(), 3, SolverOptions())
    assert answer.proof.value == 300.0
    assert np.flatnonzero(answer.opened).tolist() in [[0, 2, 3], [0, 2, 4], [2, 3, 4]]
    free = solve_p_dispersion(
        PointProblem(**(vars(between_sites()) | {"state": np.zeros(5, dtype=np.int64)})), 3, SolverOptions()
    )
    assert free.proof.value == 400.0  # 0, 600 (or 500 from 100), 1000


def test_a_run_without_time_is_never_called_proven() -> None:
    rng = np.random.default_rng(2)
    at = rng.random((60, 2))
    cost = np.linalg.norm(at[:, None] - at[None], axis=2)
    i, j = np.indices(cost.shape).reshape(2, -1)
    problem = PointProblem(weight=np.ones(60), i=i, j=j, cost=cost.ravel(), state=np.zeros(60, dtype=np.int64))
    stopped = solve_p_dispersion(problem, 8, SolverOptions(time_limit_s=0.0))
    best = solve_p_dispersion(problem, 8, SolverOptions())
    assert best.status is Status.OPTIMAL
    assert stopped.status in {Status.STOPPED, Status.NO_SOLUTION}
    assert stopped.proof.bound >= best.proof.value


def test_one_site_has_no_distance() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        solve_p_dispersion(between_sites(), 1, SolverOptions())
