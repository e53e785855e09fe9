"""What a solve says of itself: a run that was stopped is never called optimal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from siteplan.errors import SolverError
from siteplan.models.solver import Model, SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path


def set_cover(n: int, seed: int = 0) -> tuple[Model, list]:
    """Return a random set cover of ``n`` points by ``n`` sets with costs near to one another: hard beyond n = 100."""
    rng = np.random.default_rng(seed)
    holds = rng.random((n, n)) < 0.05
    holds[np.arange(n), np.arange(n)] = True
    model = Model("set_cover")
    x = [model.var(f"x_{j}", 0, 1, integer=True) for j in range(n)]
    for i in range(n):
        model.add([(x[j], 1.0) for j in np.flatnonzero(holds[i])], ">=", 1, f"cover_{i}")
    model.minimise([(x[j], 1.0 + 0.01 * float(rng.random())) for j in range(n)])
    return model, x


def test_a_run_that_is_stopped_is_not_optimal() -> None:
    model, _x = set_cover(400)
    proof = model.solve(SolverOptions(time_limit_s=1.0))
    assert proof.status is Status.STOPPED
    assert proof.gap > 0.01
    assert math.isfinite(proof.value)
    assert proof.bound <= proof.value


def test_a_run_without_time_has_no_solution_or_a_gap() -> None:
    model, _x = set_cover(400, seed=1)
    proof = model.solve(SolverOptions(time_limit_s=0.0))
    assert proof.status in {Status.NO_SOLUTION, Status.STOPPED}
    assert proof.gap > 0


def test_a_gap_that_was_asked_for_is_said() -> None:
    model, _x = set_cover(70)
    proven = model.solve(SolverOptions())
    assert proven.status is Status.OPTIMAL
    assert proven.gap <= 1e-5
    model, _x = set_cover(70)
    near = model.solve(SolverOptions(gap=0.2))
    assert near.status in {Status.WITHIN_GAP, Status.OPTIMAL}
    assert near.gap <= 0.2
    assert near.bound <= proven.value * (1 + 1e-6) <= near.value * (1 + 2e-6)


def test_a_knapsack_by_hand() -> None:
    # 5 items of weight 3, 4, 5, 8, 9 and value 3, 5, 6, 10, 10, at most 12: 4 and 8 (15) beat 3, 4 and 5 (14), 3 and 9 (13)
    model = Model("knapsack")
    x = [model.var(f"x_{j}", 0, 1, integer=True) for j in range(5)]
    model.add(list(zip(x, (3, 4, 5, 8, 9), strict=True)), "<=", 12, "weight")
    model.minimise(list(zip(x, (-3, -5, -6, -10, -10), strict=True)))
    proof = model.solve(SolverOptions())
    assert (proof.status, proof.value, proof.bound) == (Status.OPTIMAL, pytest.approx(-15), pytest.approx(-15))
    assert model.values(x).round().tolist() == [0, 1, 0, 1, 0]
    assert model.size == (5, 1)


def test_a_linear_problem_without_integers() -> None:
    model = Model("linear")
    a, b = model.var("a", 1.0), model.var("b")
    model.add([(a, 1), (b, 2)], ">=", 4, "need")
    model.add([(a, 1), (b, -1)], "==", 0.5, "tie")
    model.minimise([(a, 1), (b, 1)])
    proof = model.solve(SolverOptions())
    assert proof.status is Status.OPTIMAL
    assert proof.value == pytest.approx(5 / 3 + 7 / 6)
    assert proof.gap == 0.0
    assert model.values([a, b]) == pytest.approx([5 / 3, 7 / 6])


def test_infeasible() -> None:
    model = Model("none")
    x = model.var("x", 0, 1, integer=True)
    model.add([(x, 1)], ">=", 2, "much")
    model.minimise([(x, 1)])
    proof = model.solve(SolverOptions())
    assert proof.status is Status.INFEASIBLE
    assert proof.gap == math.inf


@pytest.mark.parametrize("integer", [True, False])
def test_unbounded(integer: bool) -> None:
    model = Model("endless")
    x = model.var("x", 0, None, integer=integer)
    y = model.var("y", 0, 1)
    model.add([(x, 1), (y, 1)], ">=", 1, "some")
    model.minimise([(x, -1)])
    with pytest.raises(SolverError, match="endless"):
        model.solve(SolverOptions())


def test_an_empty_model() -> None:
    model = Model("empty")
    model.minimise([])
    proof = model.solve(SolverOptions())
    assert (proof.status, proof.value, proof.gap) == (Status.OPTIMAL, 0.0, 0.0)


def test_a_variable_in_no_row_is_at_its_lower_bound() -> None:
    model = Model("loose")
    x, loose = model.var("x", 0, 1), model.var("loose", 3, 5)
    model.add([(x, 1)], ">=", 1, "row")
    model.minimise([(x, 1)])
    model.solve(SolverOptions())
    assert model.values([x, loose]).tolist() == [1.0, 3.0]


def test_the_problem_can_be_written(tmp_path: Path) -> None:
    model, _x = set_cover(5)
    model.write_lp(tmp_path / "cover.lp")
    assert "cover_0" in (tmp_path / "cover.lp").read_text(encoding="utf-8")
