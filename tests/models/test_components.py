"""A problem falls into the components that its rows, pairs, budgets and limits leave apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from toy_problems import Slot, problem_of

from siteplan.models.components import split
from siteplan.models.joint_problem import Budget, CoverRow, JointProblem
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

HARD = 0
SLOTS = [Slot(0, 0), Slot(1, 0), Slot(2, 1), Slot(3, 1), Slot(3, 0)]
"""Type 0 at the sites 0, 1 and 3, type 1 at the sites 2 and 3."""


def parts(problem: JointProblem) -> list[tuple[list[int], list[int]]]:
    """Return (sites, slots) of each component."""
    return [(part.sites.tolist(), part.slots.tolist()) for part in split(problem)]


def test_nothing_couples_but_the_site() -> None:
    assert parts(problem_of(SLOTS)) == [([3], [3, 4]), ([0], [0]), ([1], [1]), ([2], [2])]


def test_rows_couple_the_sites_that_they_count() -> None:
    problem = problem_of(SLOTS, area=[([0, 1], 5.0, HARD)], count=[([2, 3], 1.0, HARD)])
    assert parts(problem) == [([2, 3], [2, 3, 4]), ([0, 1], [0, 1])]
    first, second = split(problem)
    assert (first.area_rows.tolist(), first.count_rows.tolist()) == ([], [0])
    assert (second.area_rows.tolist(), second.count_rows.tolist()) == ([0], [])


def test_a_demand_point_couples_what_may_serve_it_by_type() -> None:
    # point 0 may go to slots 0 and 1 (type 0) and to slot 2 (type 1): the walks of two types are nothing to one another
    problem = problem_of(SLOTS, pairs=[(0, 0, 10.0), (0, 1, 20.0), (0, 2, 30.0)])
    assert parts(problem) == [([0, 1], [0, 1]), ([3], [3, 4]), ([2], [2])]
    assert [part.demand.tolist() for part in split(problem)] == [[0], [], [1]]


def test_a_cover_row_couples_its_demand_points() -> None:
    pairs = [(0, 0, 10.0), (1, 1, 10.0)]
    apart = problem_of(SLOTS, weight=[1.0, 1.0], pairs=pairs)
    assert len(split(apart)) == 4
    row = CoverRow(type=0, demand=np.array([0, 1]), reach=50.0, strength=HARD)
    together = problem_of(SLOTS, weight=[1.0, 1.0], pairs=pairs, cover=(row,))
    assert parts(together) == [([0, 1], [0, 1]), ([3], [3, 4]), ([2], [2])]
    assert [part.cover_rows.tolist() for part in split(together)] == [[0], [], []]


def test_a_row_that_nothing_can_meet_is_a_component_of_its_own() -> None:
    problem = problem_of(SLOTS, area=[([], 5.0, HARD)])
    alone = split(problem)[-1]
    assert (alone.slots.tolist(), alone.area_rows.tolist()) == ([], [0])
    answer = solve_joint(problem, SolverOptions())
    assert answer.stages[0].value == 1.0


def test_a_budget_couples_its_sites_and_a_number_of_sites_all() -> None:
    budget = Budget(sites=np.array([0, 2]), limit=1.0)
    assert parts(problem_of(SLOTS, budgets=(budget,)))[0] == ([0, 2], [0, 2])
    assert [part.budgets.tolist() for part in split(problem_of(SLOTS, budgets=(budget,)))] == [[0], [], []]
    assert parts(problem_of(SLOTS, max_sites=2)) == [([0, 1, 2, 3], [0, 1, 2, 3, 4])]


def test_every_index_is_in_one_component() -> None:
    problem = problem_of(
        SLOTS,
        weight=[1.0, 1.0],
        pairs=[(0, 0, 1.0), (1, 2, 1.0), (1, 4, 1.0)],
        area=[([0, 4], 5.0, HARD), ([2], 1.0, HARD)],
    )
    found = split(problem)
    assert sorted(np.concatenate([part.slots for part in found]).tolist()) == list(range(len(SLOTS)))
    assert sorted(np.concatenate([part.sites for part in found]).tolist()) == [0, 1, 2, 3]
    assert sorted(np.concatenate([part.area_rows for part in found]).tolist()) == [0, 1]


def test_a_community_is_not_taken_apart_where_its_mean_walk_counts() -> None:
    # point 0 walks to slots of type 0 and of type 1: one mean, of two components otherwise
    pairs = [(0, 0, 100.0), (0, 1, 400.0), (0, 2, 500.0)]
    problem = problem_of(SLOTS, pairs=pairs, count=[([0, 1], 1.0, HARD), ([2], 1.0, HARD)], community=np.array([0]))
    assert len(split(problem)) == 3
    assert len(split(dataclasses.replace(problem, extra=("backup",)))) == 3
    asked = dataclasses.replace(problem, extra=("equity",))
    assert [part.demand.tolist() for part in split(asked)] == [[0, 1], []]
    answer = solve_joint(asked, SolverOptions())
    assert {proof.stage: proof.value for proof in answer.stages}["equity"] == pytest.approx((100.0 + 500.0) / 2)
