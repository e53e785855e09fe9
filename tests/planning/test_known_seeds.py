"""Random studies on which the solver once went wrong, kept as they were."""

from __future__ import annotations

import pytest
from random_study import random_study

from siteplan.auditing.audit import audit
from siteplan.planning.solve import solve


@pytest.mark.parametrize("seed", [150, 9095, 9174, 20007, 50211])
def test_a_stage_that_the_solver_calls_infeasible_is_tried_with_its_own_tolerance(seed: int) -> None:
    # contract: C2. HiGHS called a later stage infeasible because earlier stages' values were kept to the last digit.
    plan = solve(*random_study(seed))
    assert plan.proven
    assert audit(plan).disagreements() == []
