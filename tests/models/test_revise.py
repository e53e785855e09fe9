"""A problem solved again against its earlier plan, from what is kept, has the values of the problem solved afresh."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from beside import beside, blocks
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from random_joint import random_joint

from siteplan.errors import SolverError
from siteplan.models import revise
from siteplan.models.revise import revise_joint
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

SLOW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SAME = 3e-5
OPTIONS = SolverOptions(time_limit_s=120)


def values(answer):
    return {proof.stage: proof.value for proof in answer.stages}


def solved_twice(problem):
    """Return the answer afresh and from what is kept; None where no plan holds what is locked."""
    try:
        expected = solve_joint(problem, OPTIONS)
    except SolverError:
        with pytest.raises(SolverError):
            revise_joint(problem, OPTIONS)
        return None
    return expected, revise_joint(problem, OPTIONS)


def check_same(problem, expected, found):
    for name, value in values(expected).items():
        assert values(found)[name] == pytest.approx(value, rel=SAME, abs=SAME), name
    for proof in found.stages:
        assert proof.bound <= proof.value + 1e-9 * max(1.0, abs(proof.value))
    assert found.opened.shape == (len(problem.slots),)
    assert found.area_m2.shape == (problem.n_phases, len(problem.slots))
    assert ((found.phase >= 0) == found.opened).all()


@SLOW
@given(seed=st.integers(0, 10_000))
def test_values_are_those_of_solving_afresh(seed: int) -> None:
    problem = random_joint(seed, n_phases=1)
    if problem.previous is None:
        rng = np.random.default_rng(seed)
        problem = dataclasses.replace(
            problem, previous=(rng.random(len(problem.slots)) < 0.5) & ~problem.slots.existing
        )
    pair = solved_twice(problem)
    if pair is not None:
        check_same(problem, *pair)


@SLOW
@given(seed=st.integers(0, 10_000), n_phases=st.integers(1, 2))
def test_after_a_small_edit_too(seed: int, n_phases: int) -> None:
    problem = dataclasses.replace(random_joint(seed, n_phases=n_phases), previous=None)
    try:
        first = solve_joint(problem, OPTIONS)
    except SolverError:
        assume(False)
    rng = np.random.default_rng(seed)
    weight = problem.weight.copy()
    weight[rng.integers(len(weight))] += 2.0
    edited = dataclasses.replace(problem, weight=weight, previous=first.opened & ~problem.slots.existing)
    pair = solved_twice(edited)
    if pair is not None:
        check_same(edited, *pair)


def test_what_nothing_forces_to_change_is_not_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [dataclasses.replace(part, budgets=()) for part in blocks(5, 3)]
    first = solve_joint(beside(parts), OPTIONS)
    slots = dataclasses.replace(parts[1].slots, cost_m2=parts[1].slots.cost_m2 * 2.0)
    edited = beside([parts[0], dataclasses.replace(parts[1], slots=slots), parts[2]])
    edited = dataclasses.replace(edited, previous=first.opened & ~edited.slots.existing)
    sizes: list[int] = []

    def spied(problem, *args, **more):
        sizes.append(len(problem.slots))
        return solve_joint(problem, *args, **more)

    monkeypatch.setattr(revise, "solve_joint", spied)
    found = revise_joint(edited, OPTIONS)
    assert len(sizes) == 1
    assert sizes[0] < len(edited.slots)
    assert (found.opened == first.opened).all()
    check_same(edited, solve_joint(edited, OPTIONS), found)


@SLOW
@given(seed=st.integers(0, 10_000))
def test_components_beside_one_another(seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = blocks(seed, 3)
    problem = beside(parts)
    previous = solve_joint(problem, OPTIONS).opened & ~problem.slots.existing
    previous ^= (rng.random(len(previous)) < 0.1) & ~problem.slots.existing
    sites = dataclasses.replace(
        problem.sites, state=np.where(rng.random(len(problem.sites)) < 0.15, -1, problem.sites.state)
    )
    edited = dataclasses.replace(problem, previous=previous, sites=sites)
    check_same(edited, solve_joint(edited, OPTIONS), revise_joint(edited, OPTIONS))
