"""Who is served in the joint model where facilities have room for so many, each by hand."""

from __future__ import annotations

import numpy as np
import pytest
from toy_problems import Slot, problem_of

from siteplan.models.joint_problem import Budget, CoverRow, JointProblem
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

HARD, TARGET = 0, 1


def stage(answer, name: str) -> float:
    return {proof.stage: proof.value for proof in answer.stages}[name]


def two_communities(due: tuple[int, int], room: float, limits: tuple[float, ...]) -> JointProblem:
    """Return 10 and 10 households, each taking a m2, that one facility of ``room`` m2 may serve; what they ask for is ``due`` then."""
    return problem_of(
        [Slot(0, 0, low=5.0, high=room)],
        weight=[10.0, 10.0],
        pairs=[(0, 0, 100.0), (1, 0, 100.0)],
        load=np.array([[10.0, 10.0]]),
        cover=tuple(CoverRow(type=0, demand=np.array([i]), reach=500.0, strength=HARD, due=due[i]) for i in (0, 1)),
        budgets=tuple(Budget(sites=np.array([0]), limit=limit, phase=t) for t, limit in enumerate(limits)),
        n_phases=len(limits),
    )


@pytest.mark.parametrize("due", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_room_that_is_taken_stays_taken(due: tuple[int, int]) -> None:
    # 12 m2 for 20 households: those who are served when it is due are still there when the others come
    answer = solve_joint(two_communities(due, 12.0, (1e6, 1e6)), SolverOptions())
    assert stage(answer, "hard-sum") == pytest.approx(0.8)
    assert answer.covered.sum() == pytest.approx(12.0)


def test_nobody_is_served_before_there_is_room() -> None:
    # the first phase pays for 6 m2: 6 of the first 10 households have a place when it is due, and keep it beside the other 10
    answer = solve_joint(two_communities((0, 1), 20.0, (6000.0, 14000.0)), SolverOptions())
    assert stage(answer, "hard-sum") == pytest.approx(0.4)
    assert answer.covered == pytest.approx([6.0, 10.0])
    assert answer.area_m2[:, 0] == pytest.approx([6.0, 16.0], abs=1e-5)
