"""The joint model on random problems: against every plan there is, taken apart against whole, and by column generation."""

from __future__ import annotations

import pytest
from beside import alone, beside
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joint_checks import SAME, SHORTFALLS, check_answer, check_stages, near
from joint_features import problem_of_kinds
from joint_oracle import best
from random_joint import random_joint

from siteplan.errors import SolverError
from siteplan.models import stages
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint
from siteplan.models.status import Status

SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(seed=st.integers(100, 10**6))
def test_joint_equals_enumeration(seed: int) -> None:
    # contract: C17
    problem = problem_of_kinds(seed)
    expected = best(problem)
    if expected is None:
        return
    answer = solve_joint(problem, SolverOptions())
    check_answer(problem, answer)
    check_stages(problem, answer, expected)


@SLOW
@given(seed=st.integers(0, 10**6), n_phases=st.integers(1, 2), slack=st.sampled_from([0.0, 0.02, 0.2]))
def test_taking_apart_changes_nothing(seed: int, n_phases: int, slack: float) -> None:
    # contract: C17
    # Three problems side by side; walks dear enough that the slack of the cost is used
    parts = [alone(random_joint(3 * seed + n, n_phases=n_phases, n_sites=2, n_demand=3, most_new=4)) for n in range(3)]
    problem = beside(parts, cost_slack=slack, walking_yuan_per_km=2e5, facility_yuan=0.0)
    try:
        whole = solve_joint(problem, SolverOptions(), decompose=False)
    except SolverError:
        with pytest.raises(SolverError):
            solve_joint(problem, SolverOptions())
        return
    apart = solve_joint(problem, SolverOptions())
    check_answer(problem, whole)
    check_answer(problem, apart)
    for mine, theirs in zip(apart.stages, whole.stages, strict=True):
        assert mine.status is theirs.status is Status.OPTIMAL
        if mine.stage != "delay":  # of the plan's own facilities, and there may be several plans
            assert mine.value == near(theirs.value, mine.stage), mine.stage


@SLOW
@given(seed=st.integers(0, 10_000))
def test_column_generation_bounds_what_the_whole_model_finds(seed: int) -> None:
    # contract: C17
    problem = random_joint(seed, n_phases=1, n_sites=4, n_demand=5, most_new=7)
    try:
        whole = solve_joint(problem, SolverOptions(), decompose=False)
    except SolverError:  # what is locked cannot stand together
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "_LARGEST_JOINED", 0)
        apart = solve_joint(problem, SolverOptions())
    check_answer(problem, apart)
    one, other = whole.stages[0], apart.stages[0]
    assert other.bound <= one.value + SAME
    assert one.bound <= other.value + SAME
    for mine, theirs in zip(apart.stages, whole.stages, strict=True):
        assert mine.bound <= mine.value * (1 + 1e-9) + 1e-9
        if mine.value > theirs.value * (1 + SAME) + SAME:  # the later stages keep what this one says
            assert mine.status != Status.OPTIMAL
            break
        assert mine.bound <= theirs.value * (1 + SAME) + (SAME if mine.stage in SHORTFALLS else 1.0), mine.stage


def test_a_run_without_time_is_never_called_optimal() -> None:
    # contract: C2
    problem = random_joint(7, n_phases=1, n_sites=4, n_demand=5, most_new=7)
    answer = solve_joint(problem, SolverOptions(time_limit_s=0.0))
    for proof in answer.stages:
        assert (proof.status is Status.OPTIMAL) == (proof.gap <= 1e-5)
