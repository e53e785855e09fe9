"""The arrays of the classic models are checked, and read as they are meant."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from golden_lp import one_of_each

from siteplan.models.point_problem import PointProblem, cover_groups


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"i": np.array([0])}, "one length"),
        ({"j": np.full(18, 6)}, "outside 0 to 5"),
        ({"i": np.zeros(18, dtype=np.int64)}, "twice"),
        ({"state": np.array([0, 0, 0, 3, 0, 0])}, "no State"),
        ({"weight": np.array([1.0, 1, 1, 1, 1, np.nan])}, "weight holds a figure"),
        ({"cost": np.full(18, -1.0)}, "cost holds a figure"),
        ({"capacity": np.ones(5)}, "capacity has 5 entries, not 6"),
        ({"load": np.ones(7)}, "load has 7 entries, not 6"),
    ],
)
def test_bad_arrays_are_refused(change: dict[str, np.ndarray], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(one_of_each(), **change)


def test_states_are_what_they_mean() -> None:
    problem = one_of_each()
    assert problem.usable.tolist() == [True] * 5 + [False]
    assert problem.given.tolist() == [False, False, False, True, True, False]
    assert problem.site_cost.tolist() == [3, 4, 5, 6, 0, 8]  # what stands costs nothing, what is required does
    assert problem.unreachable(200.0).tolist() == [2, 3]  # the forbidden site reaches point 3 and does not count
    assert str(problem) == "PointProblem(6 demand points, 6 candidates, 18 pairs)"


def test_demand_points_with_the_same_set_are_one_group() -> None:
    groups = cover_groups(one_of_each().nearest(300.0))
    assert [(sites.tolist(), points.tolist()) for sites, points in groups] == [
        ([0, 1, 2], [0]), ([0, 1], [1, 2, 5]), ([2], [3]), ([3, 4], [4]),
    ]  # fmt: skip


def test_a_problem_without_demand_or_pairs() -> None:
    none = np.empty(0, dtype=np.int64)
    problem = PointProblem(weight=np.ones(2), i=none, j=none, cost=np.empty(0), state=np.zeros(3, dtype=np.int64))
    assert problem.unreachable().tolist() == [0, 1]
    assert cover_groups(problem.nearest()) == []
