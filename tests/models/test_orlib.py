"""The optima of the OR-Library, reached and proven. What takes longer is in benchmarks/siting_classic.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from orlib import P_CENTER, P_MEDIAN, SET_COVER, graph, set_cover

from siteplan.models.lscp import solve_lscp
from siteplan.models.p_center import solve_p_center
from siteplan.models.p_median import solve_p_median
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.models.point_model import PointAnswer

pytestmark = pytest.mark.real_data


def check(answer: PointAnswer, optimum: float) -> None:
    assert answer.status is Status.OPTIMAL
    assert answer.proof.value == optimum
    assert answer.proof.bound == pytest.approx(optimum, rel=1e-6)


@pytest.mark.parametrize(
    "name", [name for name in P_MEDIAN if name != "pmed6"]
)  # it takes as long as all others together
def test_p_median(real_data: Path, name: str) -> None:
    problem, p = graph(real_data / "benchmarks" / f"{name}.txt")
    answer = solve_p_median(problem, p, SolverOptions())
    check(answer, P_MEDIAN[name])
    assert answer.opened.sum() == p


@pytest.mark.parametrize("name", P_CENTER)
def test_p_center(real_data: Path, name: str) -> None:
    problem, p = graph(real_data / "benchmarks" / f"{name}.txt")
    check(solve_p_center(problem, p, SolverOptions()), P_CENTER[name])


@pytest.mark.parametrize("name", SET_COVER)
def test_set_cover(real_data: Path, name: str) -> None:
    check(solve_lscp(set_cover(real_data / "benchmarks" / f"{name}.txt"), 1.0, SolverOptions()), SET_COVER[name])
