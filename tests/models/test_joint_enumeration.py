"""The joint model against every plan there is, of one, two and three phases."""

from __future__ import annotations

import pytest
from joint_checks import check_answer, check_stages
from joint_features import PROBLEMS, problem_of_kinds
from joint_oracle import best

from siteplan.errors import SolverError
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint


@pytest.mark.parametrize("n_phases", [1, 2, 3])
def test_the_answer_is_that_of_trying_every_plan(n_phases: int) -> None:
    # contract: C17
    # In these problems everything binds that may: test_joint_binding.py
    compared = 0
    for seed in range(n_phases - 1, PROBLEMS, 3):
        problem = problem_of_kinds(seed)
        assert problem.n_phases == n_phases
        expected = best(problem)
        if expected is None:  # what is locked cannot stand together
            with pytest.raises(SolverError, match="locked"):
                solve_joint(problem, SolverOptions())
            continue
        answer = solve_joint(problem, SolverOptions())
        check_answer(problem, answer)
        check_stages(problem, answer, expected)
        compared += 1
    assert compared >= PROBLEMS // 4
