"""What fits at a site, what is a room inside what, and what is locked, each by hand."""

from __future__ import annotations

import pytest
from toy_problems import Slot, problem_of, sites_of

from siteplan.errors import SolverError
from siteplan.models.joint_problem import Space
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

HARD, TARGET = 0, 1


def stage(answer, name: str) -> float:
    return {proof.stage: proof.value for proof in answer.stages}[name]


@pytest.mark.parametrize("space", [Space.FLOOR, Space.LAND])
def test_a_room_takes_no_more_of_its_site_than_its_host(space: Space) -> None:
    slots = [Slot(0, 0, space=space), Slot(0, 1, host=0, space=space, price=0.0)]
    problem = problem_of(slots, sites=sites_of(1, floor=[60], land=[60]), area=[([0], 60.0, HARD), ([1], 40.0, HARD)])
    answer = solve_joint(problem, SolverOptions())
    assert stage(answer, "hard-sum") == 0.0
    assert answer.area_m2[0] == pytest.approx([60.0, 40.0], abs=1e-6)


def test_land_is_never_added_to_floor() -> None:
    # 2 storeys: 40 m2 of floor stand on 20 of the 50 m2, and 30 are left for the square
    slots = [Slot(0, 0), Slot(0, 1, space=Space.LAND)]
    sites = sites_of(1, floor=[80], land=[50], storeys=[2])
    answer = solve_joint(problem_of(slots, sites=sites, area=[([0], 40.0, HARD), ([1], 50.0, TARGET)]), SolverOptions())
    assert answer.area_m2[0] == pytest.approx([40.0, 30.0], abs=1e-6)


@pytest.mark.parametrize("n_phases", [1, 2])
def test_what_is_locked_is_built_although_nothing_asks_for_it(n_phases: int) -> None:
    problem = problem_of([Slot(0, 0, low=10.0, state=1), Slot(1, 0, low=10.0)], n_phases=n_phases)
    answer = solve_joint(problem, SolverOptions())
    assert answer.opened.tolist() == [True, False]
    assert stage(answer, "cost") == pytest.approx(10_000.0)


@pytest.mark.parametrize(
    "case", [{"low": 20.0, "high": 10.0}, {"site_state": [-1]}], ids=["the site is too small", "the site is forbidden"]
)
def test_what_is_locked_and_cannot_stand_is_an_error(case: dict) -> None:
    # it was left out without a word
    slot = Slot(0, 0, low=case.get("low", 0.0), high=case.get("high", 50.0), state=1)
    problem = problem_of([slot, Slot(1, 0)], sites=sites_of(2, state=[*case.get("site_state", [0]), 0]))
    with pytest.raises(SolverError, match="locked"):
        solve_joint(problem, SolverOptions())
