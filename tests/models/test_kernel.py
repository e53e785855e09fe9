"""Programmes solved through their kernel have the values that they have without it, and bounds that hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joint_checks import check_answer, check_stages
from joint_features import problem_of_kinds
from joint_oracle import best

from siteplan.models import kernel
from siteplan.models.solver import Model, SolverOptions
from siteplan.models.stages import solve_joint
from siteplan.models.status import Status

if TYPE_CHECKING:
    from siteplan.models.status import Proof

NEVER = 10**9
SLACK = 1e-6


def covering(seed: int) -> Model:
    """Return a random covering programme with binaries that cost something, continuous shortfalls, and a budget."""
    rng = np.random.default_rng(seed)
    n, rows = int(rng.integers(3, 25)), int(rng.integers(2, 20))
    model = Model("covering")
    y = [model.var(f"y_{j}", 0, 1, integer=True) for j in range(n)]
    u = [model.var(f"u_{r}", 0, 5) for r in range(rows)]
    for r in range(rows):
        members = np.flatnonzero(rng.random(n) < 0.4).tolist()
        model.add([*((y[j], float(rng.integers(1, 4))) for j in members), (u[r], 1.0)], ">=", 4.0, f"row_{r}")
    cost = rng.integers(1, 30, n).astype(float)
    model.add(zip(y, cost.tolist(), strict=True), "<=", float(cost.sum() * rng.uniform(0.2, 1.0)), "budget")
    weights = rng.integers(5, 60, rows).astype(float).tolist()
    model.minimise([*zip(y, cost.tolist(), strict=True), *zip(u, weights, strict=True)])
    return model


def solved(seed: int, least: int, options: SolverOptions, monkeypatch: pytest.MonkeyPatch) -> tuple[Proof, float]:
    """Return the proof, and the value of the solution that the variables hold."""
    model = covering(seed)
    monkeypatch.setattr(kernel, "LEAST_BINARIES", least)
    proof = model.solve(options)
    objective = model.problem.objective
    return proof, float(sum(c * v.varValue for v, c in objective.items()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), gap=st.sampled_from([0.0, 0.01, 0.2]))
def test_values_and_bounds_are_those_of_the_whole_programme(
    monkeypatch: pytest.MonkeyPatch, seed: int, gap: float
) -> None:
    exact, _value = solved(seed, NEVER, SolverOptions(), monkeypatch)
    proof, value = solved(seed, 1, SolverOptions(gap=gap), monkeypatch)
    scale = max(1.0, abs(exact.value))
    assert proof.status in (Status.OPTIMAL, Status.WITHIN_GAP)
    assert proof.bound <= exact.value + SLACK * scale
    assert exact.value - SLACK * scale <= proof.value <= exact.value + (gap + SLACK) * max(1.0, abs(proof.value))
    assert value == pytest.approx(proof.value, abs=SLACK * scale)


@pytest.mark.parametrize("seed", [2, 6, 10, 26])
def test_the_joint_model_through_its_kernel_is_the_best_of_all_plans(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    problem = problem_of_kinds(seed)
    expected = best(problem)
    assert expected is not None
    monkeypatch.setattr(kernel, "LEAST_BINARIES", 1)
    answer = solve_joint(problem, SolverOptions())
    check_answer(problem, answer)
    check_stages(problem, answer, expected)


def test_a_programme_without_a_solution_is_infeasible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "LEAST_BINARIES", 1)
    model = Model("none")
    y = [model.var(f"y_{j}", 0, 1, integer=True) for j in range(3)]
    model.add([(v, 1.0) for v in y], ">=", 4, "too_many")
    model.minimise([(v, 1.0) for v in y])
    assert model.solve(SolverOptions()).status is Status.INFEASIBLE


def test_no_time_is_no_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    proof, _value = solved(7, 1, SolverOptions(time_limit_s=0.0), monkeypatch)
    assert proof.status is not Status.WITHIN_GAP


@pytest.mark.parametrize("seed", range(12))
def test_the_kernel_alone_bounds_the_whole_programme(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    exact, _value = solved(seed, NEVER, SolverOptions(), monkeypatch)
    proof, _value = solved(seed, 1, SolverOptions(time_limit_s=0.0, kernel_s=30.0), monkeypatch)
    scale = max(1.0, abs(exact.value))
    assert proof.bound - SLACK * scale <= exact.value <= proof.value + SLACK * scale
    if proof.status is Status.OPTIMAL:
        assert proof.value == pytest.approx(exact.value, rel=2e-5)
