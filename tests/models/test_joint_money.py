"""Costs of sites, places, budgets and funds by phase, each by hand."""

from __future__ import annotations

import numpy as np
import pytest
from toy_problems import Slot, problem_of, sites_of

from siteplan.models.joint_problem import Budget
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

HARD = 0


def stage(answer, name: str) -> float:
    return {proof.stage: proof.value for proof in answer.stages}[name]


@pytest.mark.parametrize("missing", [0.05, 0.4, 1.0, 30.0])
def test_what_stands_may_grow_by_less_than_a_square_metre_where_that_costs_something_by_itself(missing: float) -> None:
    # the LP once asked for a whole m2 where the site has a cost, and had less to offer: the rule was called unmet, and proven so
    problem = problem_of(
        [Slot(0, 0, existing_m2=10.0, high=200.0)],
        sites=sites_of(1, fixed=[5000.0]),
        area=[([0], 10.0 + missing, HARD)],
    )
    answer = solve_joint(problem, SolverOptions())
    assert stage(answer, "hard-sum") == 0.0
    assert answer.area_m2[0, 0] == pytest.approx(10.0 + missing, abs=1e-6)
    assert stage(answer, "cost") == pytest.approx(5000.0 + 1000.0 * missing, rel=1e-6)


def test_what_a_site_costs_by_itself_is_paid_when_something_begins_there() -> None:
    # the second phase pays for what the rule asks, the first for the site: some of it is built as soon as the site is paid
    problem = problem_of(
        [Slot(0, 0, existing_m2=10.0, high=200.0)],
        sites=sites_of(1, fixed=[5000.0]),
        area=[([0], 15.0, HARD, 1)],
        budgets=tuple(Budget(sites=np.array([0]), limit=limit, phase=t) for t, limit in enumerate((5100.0, 5000.0))),
        n_phases=2,
    )
    answer = solve_joint(problem, SolverOptions())
    assert stage(answer, "hard-sum") == 0.0
    assert 10.0 < answer.area_m2[0, 0] <= 10.1 + 1e-6
    assert answer.area_m2[1, 0] == pytest.approx(15.0, abs=1e-6)
