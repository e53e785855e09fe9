"""All that a problem may have turns the answer, in the problems on which every plan is tried."""

from __future__ import annotations

from collections import Counter

from joint_features import PROBLEMS, WITHOUT, binding, problem_of_kinds

OFTEN = 2


def test_everything_binds_in_the_problems_on_which_every_plan_is_tried() -> None:
    bound: Counter[str] = Counter()
    for seed in range(PROBLEMS):
        bound.update(binding(problem_of_kinds(seed), [name for name in WITHOUT if bound[name] < OFTEN]))
    assert [name for name in WITHOUT if bound[name] < OFTEN] == []
