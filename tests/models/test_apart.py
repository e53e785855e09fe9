"""Components solved in other processes: the answer is that of one process."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from beside import alone, beside
from joint_checks import check_answer, near
from random_joint import random_joint

from siteplan.models import apart, by_community, stages
from siteplan.models.components import split
from siteplan.models.part_problem import PartProblems
from siteplan.models.reuse import fingerprints
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint
from siteplan.models.status import Status

if TYPE_CHECKING:
    from siteplan.models.joint_problem import JointProblem


def several(seed: int, n_phases: int) -> JointProblem:
    """Return four problems beside one another, nothing locked."""
    parts = [alone(random_joint(4 * seed + n, n_phases=n_phases, n_sites=3, n_demand=3, most_new=5)) for n in range(4)]
    problem = beside(parts, cost_slack=0.02, extra=())
    free = dataclasses.replace(problem.slots, state=np.minimum(problem.slots.state, 0))
    return dataclasses.replace(problem, slots=free)


@pytest.mark.parametrize("seed", range(8))
def test_a_component_is_the_same_problem_by_itself(seed: int) -> None:
    problem = several(seed, 1 + seed % 2)
    parts = split(problem)
    problems = PartProblems(problem, parts)
    for c, key in enumerate(fingerprints(problem, parts)):
        mine = problems.part(c)
        assert fingerprints(mine, split(mine)) == [key]


@pytest.mark.parametrize(("seed", "n_phases"), [(1, 1), (2, 1), (3, 2), (5, 1), (8, 3)])
def test_other_processes_give_the_same_answer(monkeypatch: pytest.MonkeyPatch, seed: int, n_phases: int) -> None:
    # contract: C17
    problem = several(seed, n_phases)
    here = solve_joint(problem, SolverOptions())
    asked = []
    monkeypatch.setattr(apart, "LARGE", 1)
    solve = stages.solve_apart
    monkeypatch.setattr(stages, "solve_apart", lambda *given: asked.append(1) or solve(*given))
    there = solve_joint(problem, SolverOptions())
    assert asked
    check_answer(problem, there)
    for mine, theirs in zip(there.stages, here.stages, strict=True):
        assert mine.status is theirs.status is Status.OPTIMAL
        if mine.stage != "delay":  # of the plan's own facilities, and there may be several plans
            assert mine.value == near(theirs.value, mine.stage), mine.stage


@pytest.mark.parametrize(("seed", "n_phases"), [(1, 1), (4, 1), (6, 2), (7, 1)])
def test_what_is_too_large_is_planned_by_community_and_claims_no_more(
    monkeypatch: pytest.MonkeyPatch, seed: int, n_phases: int
) -> None:
    problem = several(seed, n_phases)
    assert problem.community is not None
    units = int(problem.community.max()) + 1
    problem = dataclasses.replace(problem, home=np.arange(len(problem.sites)) % units)
    exact = solve_joint(problem, SolverOptions())
    monkeypatch.setattr(apart, "LARGE", 1)
    monkeypatch.setattr(by_community, "GIANT", 3)
    asked = []
    cut = apart.within_communities
    monkeypatch.setattr(apart, "within_communities", lambda *given: asked.append(1) or cut(*given))
    rough = solve_joint(problem, SolverOptions())
    assert asked
    check_answer(problem, rough)
    for mine, best in zip(rough.stages, exact.stages, strict=True):
        slack = 1e-5 * max(1.0, abs(best.value))
        if mine.value > best.value + slack:
            assert mine.status is not Status.OPTIMAL, mine.stage
            return  # the later stages keep what this one says
        assert mine.value >= best.value - slack or mine.stage in ("cost", "walking", "delay"), mine.stage
        assert mine.bound <= best.value + slack or mine.stage in ("walking", "delay"), mine.stage
