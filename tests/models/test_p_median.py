"""The p-median against enumeration, its prefix sets, and its golden LPs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import point_oracle as oracle
import pytest
from golden_lp import check_golden
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.models.p_median import solve_p_median
from siteplan.models.point_problem import PointProblem
from siteplan.models.prefix import prefix_sets
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["p_median", "p_median_penalty"])
def test_the_formulation_is_the_golden_one(name: str, tmp_path: Path) -> None:
    golden = check_golden(name, tmp_path)
    assert set(golden["Subject To"]) == {"p", "set_0", "set_1", "set_2", "set_3"}


@settings(max_examples=120, deadline=None)
@given(problem=oracle.problems(), p=st.integers(1, 5), penalty=st.sampled_from([None, 0.0, 50.0]))
def test_p_median_equals_enumeration(problem: PointProblem, p: int, penalty: float | None) -> None:
    if penalty is not None:
        penalty += problem.cost.max(initial=0.0)
    answer = solve_p_median(problem, p, SolverOptions(), penalty=penalty)
    expected = oracle.p_median(problem, p, penalty)
    if expected is None:
        assert answer.status is Status.INFEASIBLE
        return
    assert answer.status is Status.OPTIMAL
    assert answer.proof.value == pytest.approx(expected)
    opened = np.flatnonzero(answer.opened).tolist()
    assert opened in list(oracle.openings(problem, p))
    near = oracle.to_nearest(problem, opened)
    assert answer.demand.tolist() == np.flatnonzero(np.isfinite(near)).tolist()
    assert oracle.matrix(problem)[answer.demand, answer.site].tolist() == near[answer.demand].tolist()


@settings(max_examples=60, deadline=None)
@given(problem=oracle.problems())
def test_prefix_sets_say_what_it_costs_to_walk(problem: PointProblem) -> None:
    nearest = problem.nearest()
    far = 1000.0
    sets = prefix_sets(nearest, problem.weight, problem.given, p=0, n_usable=int(problem.usable.sum()), far=far)
    members: list[set[int]] = []
    for s in range(len(sets)):
        before = int(sets.parent[s])
        assert before < s
        members.append((members[before] if before >= 0 else set()) | set(sets.added_of(s).tolist()))
    assert len({frozenset(m) for m in members}) == len(members)
    reached = np.diff(nearest.start) > 0
    for opened in oracle.openings(problem):
        walked = sets.constant + sum(
            float(amount) for m, amount in zip(members, sets.amount, strict=True) if m.isdisjoint(opened)
        )
        near = np.minimum(oracle.to_nearest(problem, opened), far)
        assert walked == pytest.approx(float((problem.weight * near)[reached].sum()))


def test_demand_points_that_see_the_same_sites_share_their_sets() -> None:
    i, j = np.indices((500, 4)).reshape(2, -1)
    cost = np.tile([1.0, 2.0, 3.0, 4.0], 500) + np.repeat(np.arange(500) % 3, 4) * 0.1
    problem = PointProblem(weight=np.ones(500), i=i, j=j, cost=cost, state=np.zeros(4, dtype=np.int64))
    sets = prefix_sets(problem.nearest(), problem.weight, problem.given, p=1, n_usable=4, far=9.0)
    assert len(sets) == 3  # of four candidates one is open: the set of all four needs no variable
    assert sets.amount.tolist() == pytest.approx([500.0, 500.0, 500.0])


def test_out_of_reach_never_counts_as_0() -> None:
    # two far villages, one site: without a penalty there is no solution; with one it counts
    problem = PointProblem(
        weight=np.array([3.0, 5.0]),
        i=np.array([0, 1]),
        j=np.array([0, 1]),
        cost=np.array([7.0, 2.0]),
        state=np.zeros(2, dtype=np.int64),
    )
    assert solve_p_median(problem, 1, SolverOptions()).status is Status.INFEASIBLE
    answer = solve_p_median(problem, 1, SolverOptions(), penalty=100.0)
    assert answer.proof.value == pytest.approx(5 * 2 + 3 * 100)
    assert answer.demand.tolist() == [1]
    with pytest.raises(ValueError, match="penalty"):
        solve_p_median(problem, 1, SolverOptions(), penalty=6.9)
