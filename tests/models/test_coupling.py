"""Which budgets and shares join components, and that those which join none are in the problem from the start."""

from __future__ import annotations

import numpy as np
from toy_problems import Slot, problem_of, share_of, sites_of

from siteplan.models import stages
from siteplan.models.coupling import inside_components
from siteplan.models.joint_problem import Budget, JointProblem, ShareRow
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

HARD = 0
SLOTS = [Slot(0, 0), Slot(1, 0), Slot(2, 0), Slot(3, 0)]
"""One type at four sites; rows join the sites 0 and 1, and 2 and 3."""


def coupled(*budgets: Budget, shares: tuple[ShareRow, ...] = ()) -> JointProblem:
    return problem_of(
        SLOTS,
        sites=sites_of(4, fixed=[1.0] * 4),
        area=[([0, 1], 5.0, HARD), ([2, 3], 5.0, HARD)],
        budgets=budgets,
        shares=shares,
    )


def budget(*sites: int, limit: float = 100.0) -> Budget:
    return Budget(sites=np.array(sites), limit=limit)


def test_a_budget_of_one_component_joins_nothing() -> None:
    found = inside_components(coupled(budget(0, 1), budget(1), budget(1, 2), budget(0, 1, 2, 3)))
    assert found.budgets == {0, 1}
    assert not found.sites


def test_a_share_of_one_component_joins_nothing() -> None:
    rows = (share_of(4, [[0], [1]], 5.0, 1.0), share_of(4, [[0], [2]], 5.0, 1.0))
    assert inside_components(coupled(shares=rows)).shares == {0}


def test_sites_that_are_tied_are_of_one_component() -> None:
    assert inside_components(coupled(budget(1, 2)), [np.array([0, 2])]).budgets == {0}


def test_a_budget_that_joins_nothing_is_kept_in_the_first_run(monkeypatch) -> None:
    runs = []
    run = stages.Run

    class Counted(run):
        def __init__(self, problem, **how):
            runs.append(problem.budgets)
            super().__init__(problem, **how)

    monkeypatch.setattr(stages, "Run", Counted)
    answer = solve_joint(coupled(budget(0, 1, limit=0.0), budget(0, 2, limit=1e9)), SolverOptions())
    assert [len(budgets) for budgets in runs] == [1]
    assert answer.opened.tolist()[:2] == [False, False]
    assert answer.opened[2:].any()
