"""What later stages may give up of earlier ones: never so much that a rule which is met would count as unmet."""

from __future__ import annotations

import numpy as np
import pytest
from toy_problems import Slot, problem_of, sites_of

from siteplan.models import stages
from siteplan.models.joint_problem import Budget
from siteplan.models.run import Run
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint, stage_names
from siteplan.units import meets

TARGET, SOFT = 1, 2


@pytest.mark.parametrize("n", [10, 1000])
def test_a_row_that_is_met_stays_met_however_many_are_not(n: int) -> None:
    # one budget ties 400 m2 that can be built to n rows of which each misses 399 of 400 m2
    slots = [Slot(0, 0, high=500.0), Slot(1, 0, high=1.0)]
    problem = problem_of(
        slots,
        area=[([0], 400.0, TARGET), *[([1], 400.0, TARGET)] * n],
        budgets=(Budget(sites=np.array([0, 1]), limit=1e9),),
    )
    answer = solve_joint(problem, SolverOptions())
    assert meets(float(answer.area_m2[0, 0]), 400.0)
    assert answer.stages[2].value == pytest.approx(n * 399 / 400)


def test_equal_openings_take_the_cheapest_floor() -> None:
    # 100 m2 fit at site 0 for 1,000 yuan, the rest of 110 costs 1,001 at site 1: the tolerance of the cost is not spent on it
    slots = [Slot(0, 0, low=10.0), Slot(1, 0, low=10.0, price=1001.0)]
    answer = solve_joint(problem_of(slots, sites=sites_of(2), area=[([0, 1], 110.0, TARGET)]), SolverOptions())
    assert answer.area_m2[0] == pytest.approx([100.0, 10.0], abs=1e-6)


@pytest.mark.parametrize(("price", "area"), [(999.0, 0.0), (1001.0, 80.0)])
def test_a_priced_aim_is_met_where_it_is_worth_it(price: float, area: float) -> None:
    problem = problem_of([Slot(0, 0)], area=[([0], 80.0, SOFT)], aim_price=price, facility_yuan=0.0)
    answer = solve_joint(problem, SolverOptions())
    assert answer.area_m2[0] == pytest.approx([area], abs=1e-4)
    assert {proof.stage: proof.value for proof in answer.stages}["cost"] == pytest.approx(80 * min(price, 1000.0))


def test_a_priced_aim_that_is_due_before_there_is_money_is_missed() -> None:
    # the 10 m2 are due in the first phase, and the money comes in the second: the aim's price is part of the plan's cost
    problem = problem_of(
        [Slot(0, 0, low=10.0, state=1)],
        area=[([0], 10.0, SOFT, 0)],
        budgets=tuple(Budget(sites=np.array([0]), limit=limit, phase=t) for t, limit in enumerate((9e3, 1e4))),
        aim_price=500.0,
        n_phases=2,
    )
    answer = solve_joint(problem, SolverOptions())
    assert answer.phase.tolist() == [2]
    assert {proof.stage: proof.value for proof in answer.stages}["cost"] == pytest.approx(10e3 + 10 * 500)


def test_of_two_plans_that_are_late_the_better_one_is_kept(monkeypatch) -> None:
    # the order of building costs a shortfall, and there is no time to choose other facilities: what is chosen is built late, not given up
    slots = [Slot(site, 0, price=1.0) for site in range(3)]
    problem = problem_of(
        slots,
        area=[([site], 5.0, 0, 0) for site in range(3)],
        budgets=tuple(Budget(sites=np.arange(3), limit=limit, phase=t) for t, limit in enumerate((5.0, 10.0))),
        n_phases=2,
    )
    monkeypatch.setattr(stages, "_all_phases", _nothing_built)
    answer = solve_joint(problem, SolverOptions())
    assert answer.opened.all()
    assert {proof.stage: proof.value for proof in answer.stages}["hard-sum"] == pytest.approx(2.0)
    assert all(proof.bound <= proof.value + 1e-9 for proof in answer.stages)


def _nothing_built(problem, final, proofs, *_more):
    """Stand for the model of all phases where it has no time."""
    run = Run(problem, decompose=True)
    return run, run.stages((*stage_names(problem), "delay"), SolverOptions(), 0.0, None)
