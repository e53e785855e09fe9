"""The joint model against every plan there is, taken apart against whole, and by column generation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joint_oracle import best
from random_joint import random_joint

from siteplan.errors import SolverError
from siteplan.models import stages
from siteplan.models.payments import spent
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint
from siteplan.models.status import Status

SLOW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SHORTFALLS = ("hard-worst", "hard-sum", "targets", "aims")
SAME = 3e-5


def values(answer):
    return {proof.stage: proof.value for proof in answer.stages}


def may_begin_to_grow(problem):
    """Tell whether it matters when what stands begins to grow: an extension is of 1 m2 or more, which the oracle does not know."""
    slots, sites = problem.slots, problem.sites
    grows = slots.existing & (slots.max_m2 > slots.existing_m2)
    counted = (sites.fixed > 0) | (sites.place >= 0) | (sites.state > 0)
    return bool((grows & counted[slots.site]).any() or (problem.max_sites is not None and grows.any()))


def check_shape(problem, answer):
    """What is open stays open, areas never shrink, and no fund gives more than it has."""
    assert (np.diff(answer.area_m2, axis=0) >= -1e-6).all()
    assert ((answer.phase >= 0) == answer.opened).all()
    money = spent(problem, answer.phase, answer.area_m2)
    if problem.funds:
        assert answer.paid.sum(axis=1) == pytest.approx(money, abs=1.0)
        for f, fund in enumerate(problem.funds):
            assert (answer.paid[:, f].sum(axis=1) <= np.array(fund.limits) + 1.0).all()
    for budget in problem.budgets:
        used = money[:, budget.sites].sum(axis=1)
        assert (used.sum() if budget.phase is None else used[budget.phase]) <= budget.limit + 1.0


@SLOW
@given(seed=st.integers(0, 10_000))
def test_one_phase_is_the_best_of_all_plans(seed: int) -> None:
    # contract: C17
    problem = random_joint(seed, n_phases=1, most_new=5)
    expected = best(problem)
    if expected is None or may_begin_to_grow(problem):
        return
    answer = solve_joint(problem, SolverOptions())
    check_shape(problem, answer)
    for name, value in values(answer).items():
        assert value == pytest.approx(expected[name], rel=SAME, abs=SAME if name in SHORTFALLS else 1.0), name
    assert {proof.status for proof in answer.stages} == {Status.OPTIMAL}


@SLOW
@given(seed=st.integers(0, 10_000))
def test_phases_are_the_best_of_all_plans(seed: int) -> None:
    problem = random_joint(seed, n_phases=2, most_new=4)
    expected = best(problem)
    if expected is None or may_begin_to_grow(problem):
        return
    answer = solve_joint(problem, SolverOptions())
    check_shape(problem, answer)
    found = values(answer)
    for name in SHORTFALLS:
        assert found[name] == pytest.approx(expected[name], rel=SAME, abs=SAME), name


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
    check_shape(problem, apart)
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
