"""Elastic rows of the joint model on faults, shares and required sites, each by hand."""

from __future__ import annotations

import numpy as np
import pytest
from toy_problems import Slot, problem_of, share_of, sites_of

from siteplan.models.joint_problem import Budget, SizeRows
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

HARD, TARGET, SOFT = 0, 1, 2


def stage(answer, name: str) -> float:
    return {proof.stage: proof.value for proof in answer.stages}[name]


@pytest.mark.parametrize("strength", [HARD, TARGET, SOFT])
@pytest.mark.parametrize(("state", "yuan", "built"), [(0, 1e5, True), (0, 1e3, False), (-1, 1e5, False)])
def test_what_stands_without_company_counts_until_company_is_built(
    strength: int, state: int, yuan: float, built: bool
) -> None:
    # a hard one forced company to be built, and had no plan where that cannot be; of others building nothing was said to be enough
    slots = [Slot(0, 0, existing_m2=20.0, high=20.0), Slot(0, 1, low=10.0, state=state)]
    budget = Budget(sites=np.array([0]), limit=yuan)
    problem = problem_of(slots, faults=[(0, True, [1], strength)], budgets=(budget,))
    answer = solve_joint(problem, SolverOptions())
    assert answer.opened.tolist() == [True, built]
    assert stage(answer, ("hard-sum", "targets", "aims")[strength]) == (0.0 if built else 1.0)


@pytest.mark.parametrize("strength", [HARD, TARGET, SOFT])
def test_two_that_are_too_near_to_each_other(strength: int) -> None:
    # two are asked for, hard: a hard fault lets one of them be opened, another counts both that are at fault
    slots = [Slot(0, 0), Slot(1, 0)]
    faults = [(0, False, [1], strength), (1, False, [0], strength)]
    answer = solve_joint(problem_of(slots, count=[([0, 1], 2.0, HARD)], faults=faults), SolverOptions())
    assert answer.opened.sum() == (1 if strength == HARD else 2)
    assert stage(answer, "hard-sum") == (0.5 if strength == HARD else 0.0)
    assert stage(answer, "targets") + stage(answer, "aims") == (0.0 if strength == HARD else 2.0)


def test_what_stands_too_near_to_what_stands_counts_and_bars_nothing() -> None:
    slots = [Slot(0, 0, existing_m2=20.0, high=20.0), Slot(1, 0, existing_m2=20.0, high=20.0), Slot(2, 0)]
    faults = [(0, False, [1, 2], HARD)]
    answer = solve_joint(problem_of(slots, count=[([2], 1.0, HARD)], faults=faults), SolverOptions())
    assert answer.opened.tolist() == [True, True, True]
    assert stage(answer, "hard-sum") == 1.0


def test_a_required_site_that_stands_is_opened_by_something_new_and_not_by_growing() -> None:
    slots = [Slot(0, 0, existing_m2=20.0, high=80.0), Slot(0, 1, low=10.0, host=0, price=0.0)]
    grown = problem_of(slots[:1], sites=sites_of(1, state=[1]), area=[([0], 50.0, TARGET)])
    assert stage(solve_joint(grown, SolverOptions()), "hard-sum") == 1.0
    opened = solve_joint(problem_of(slots, sites=sites_of(1, state=[1])), SolverOptions())
    assert stage(opened, "hard-sum") == 0.0
    assert opened.opened.tolist() == [True, True]


def test_a_share_is_of_communities_and_not_of_areas() -> None:
    # 150 m2 of floor for three communities that want 60 m2 each: two of them have it, all three are asked for
    slots = [Slot(0, 0, high=150.0), Slot(0, 1, high=150.0), Slot(0, 2, high=150.0)]
    row = share_of(3, [[0], [1], [2]], 60.0, 3.0)
    problem = problem_of(slots, sites=sites_of(1, floor=[150]), shares=(row,))
    answer = solve_joint(problem, SolverOptions())
    assert stage(answer, "hard-sum") == pytest.approx(1 / 3)
    assert sorted(answer.area_m2[0].round(6)) == [0.0, 60.0, 60.0]


@pytest.mark.parametrize("existing", [True, False])
def test_what_is_open_without_any_area_lacks_its_whole_size(existing: bool) -> None:
    # a facility of 0 m2, as the phases of a plan may have one: what it lacks was left out, and the order of building called as good
    slot = Slot(0, 0, existing_m2=0.0 if existing else None, high=0.0, state=1)
    size = SizeRows(slot=np.array([0]), least_m2=np.array([40.0]), strength=np.array([TARGET]))
    assert stage(solve_joint(problem_of([slot], size=size), SolverOptions()), "targets") == 1.0
