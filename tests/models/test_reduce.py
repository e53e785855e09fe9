"""The reduction to site sets is exact: walking and cover by sets are those by households, for every opening."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_problems import Slot, problem_of

from siteplan.models.joint_problem import CoverRow, JointProblem
from siteplan.models.reduce import SetTable, cover_sets, nearest_first, tighten, walking_sets


def random_walks(seed: int) -> tuple[JointProblem, np.ndarray, np.random.Generator]:
    """Return a problem of one type with ties in its metres, households out of all reach and some that stands."""
    rng = np.random.default_rng(seed)
    n_slots, n_demand = int(rng.integers(1, 6)), int(rng.integers(1, 8))
    slots = [Slot(j, 0, existing_m2=5.0 if rng.random() < 0.2 else None) for j in range(n_slots)]
    pairs = [(i, s, float(rng.integers(1, 8))) for i in range(n_demand) for s in range(n_slots) if rng.random() < 0.7]
    problem = problem_of(
        slots, weight=rng.integers(1, 9, n_demand).tolist(), pairs=pairs, limit=float(rng.integers(4, 10))
    )
    opened = problem.slots.existing | (rng.random(n_slots) < 0.5)
    return problem, opened, rng


def closed(table: SetTable, opened: np.ndarray) -> list[float]:
    """Return n_S of each set: 1 where none of its slots is open."""
    return [float(not opened[list(members)].any()) for members in table.members]


def metres_to_open(problem: JointProblem, opened: np.ndarray, i: int) -> float:
    here = (problem.pair_demand == i) & opened[problem.pair_slot]
    return min(problem.pair_cost[here], default=np.inf)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_walking_sets_give_the_walk_of_every_household(seed: int) -> None:
    problem, opened, _rng = random_walks(seed)
    table = SetTable()
    constant, metres = walking_sets(problem, nearest_first(problem), np.arange(len(problem.weight)), table)
    n = closed(table, opened)
    by_sets = constant + sum(amount * n[number] for number, amount in metres.items())
    limits = problem.limit[0]
    walks = [min(metres_to_open(problem, opened, i), limits[i]) for i in range(len(problem.weight))]
    counted = ~np.isnan(limits)
    assert by_sets == pytest.approx(float(problem.weight[counted] @ np.array(walks)[counted]))
    assert all(amount > 0 for amount in metres.values())


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_cover_sets_count_the_households_out_of_reach(seed: int) -> None:
    problem, opened, rng = random_walks(seed)
    row = CoverRow(
        type=0,
        demand=np.flatnonzero(rng.random(len(problem.weight)) < 0.8),
        reach=float(rng.integers(1, 8)),
        strength=0,
    )
    table = SetTable()
    households = cover_sets(problem, nearest_first(problem), row, table)
    n = closed(table, opened)
    uncovered = sum(amount * n[number] for number, amount in households.items())
    far = [i for i in row.demand.tolist() if metres_to_open(problem, opened, i) > row.reach]
    assert uncovered == pytest.approx(problem.weight[far].sum())


def test_households_with_the_same_sites_in_reach_share_a_set() -> None:
    # both have slots 0 and 1 within 5 m, in either order; the third has slot 1 alone, the fourth nothing
    pairs = [(0, 0, 1.0), (0, 1, 5.0), (1, 1, 2.0), (1, 0, 4.0), (2, 1, 3.0), (2, 0, 6.0)]
    problem = problem_of([Slot(0, 0), Slot(1, 0)], weight=[10, 20, 40, 80], pairs=pairs)
    row = CoverRow(type=0, demand=np.arange(4), reach=5.0, strength=0)
    table = SetTable()
    households = cover_sets(problem, nearest_first(problem), row, table)
    assert {table.members[number]: amount for number, amount in households.items()} == {
        (0, 1): 30.0,
        (1,): 40.0,
        (): 80.0,
    }


def test_what_stands_within_reach_leaves_nothing_to_cover() -> None:
    problem = problem_of(
        [Slot(0, 0, existing_m2=1.0), Slot(1, 0)], weight=[10, 20], pairs=[(0, 0, 5.0), (0, 1, 1.0), (1, 1, 1.0)]
    )
    row = CoverRow(type=0, demand=np.arange(2), reach=5.0, strength=0)
    assert list(cover_sets(problem, nearest_first(problem), row, SetTable()).values()) == [20.0]
    table = SetTable()
    constant, metres = walking_sets(problem, nearest_first(problem), np.array([0]), table)
    # 1 m if slot 1 is opened, else 5 m to what stands; nobody ever walks the limit
    assert constant == 10.0
    assert {table.members[number]: amount for number, amount in metres.items()} == {(1,): 40.0}


def test_slots_hold_no_more_than_their_rows_can_ask_for() -> None:
    # a centre (slot 0) of 60 m2 at most by its rows, in which stand a room (1) of 30 with a room of its own (2) of 50
    slots = [Slot(0, 0, high=500.0), Slot(0, 1, low=30.0, high=500.0, host=0), Slot(0, 2, low=50.0, high=500.0, host=1)]
    asked = tighten(problem_of(slots, area=[([0], 40.0, 0), ([0, 1], 45.0, 1)]))
    assert asked.slots.max_m2.tolist() == [50.0, 50.0, 50.0]
    # what stands keeps its area, and nothing is offered more than its site holds
    slots = [Slot(0, 0, existing_m2=70.0, high=90.0), Slot(1, 0, high=20.0)]
    asked = tighten(problem_of(slots, area=[([0, 1], 40.0, 0)]))
    assert asked.slots.max_m2.tolist() == [70.0, 20.0]
