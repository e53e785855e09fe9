"""A scenario that makes no sense is refused, whoever makes it."""

import math

import numpy as np
import pytest

from siteplan.errors import UsageError
from siteplan.plans.scenario import Scenario

NUMBERS = ("budget_yuan", "max_sites", "gap", "time_limit_s", "aim_price_yuan_per_m2")


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, -1, "3", True])
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_finite_number_of_0_or_more_is_refused(name, value):
    with pytest.raises(UsageError, match=name):
        Scenario(**{name: value})


@pytest.mark.parametrize("name", ["gap", "time_limit_s"])
def test_what_the_solver_needs_may_not_be_none(name):
    with pytest.raises(UsageError, match=name):
        Scenario(**{name: None})


def test_sites_are_counted_in_whole_numbers():
    with pytest.raises(UsageError, match="whole number"):
        Scenario(max_sites=2.5)
    assert Scenario(max_sites=np.int64(2)).max_sites == 2


def test_no_limit_and_nothing_are_both_possible():
    free = Scenario()
    assert (free.budget_yuan, free.max_sites, free.aim_price_yuan_per_m2) == (None, None, None)
    assert Scenario(budget_yuan=0, max_sites=0, gap=0, time_limit_s=0).budget_yuan == 0
