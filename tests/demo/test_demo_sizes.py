"""Sizes of sites: published totals, skew, size classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteplan.demo.blocks import split_households
from siteplan.demo.chance import apportion
from siteplan.demo.sizes import (
    PUBLISHED_HOUSEHOLDS,
    PUBLISHED_PEOPLE,
    PUBLISHED_SITES,
    site_households,
    site_people,
)
from siteplan.errors import UsageError


@pytest.mark.parametrize("seed", [1, 2, 77])
def test_published_totals_are_exact(seed):
    households = site_households(PUBLISHED_SITES, None, seed)
    assert len(households) == 1364
    assert households.sum() == PUBLISHED_HOUSEHOLDS == 268_600
    assert site_people(households, seed).sum() == PUBLISHED_PEOPLE == 945_400


def test_every_size_class_of_000_and_002_occurs_in_the_full_county():
    households = site_households(PUBLISHED_SITES, None, 1)
    people = site_people(households, 1)
    by_households = np.histogram(households, [0, 300, 1000, 10**6])[0]
    by_people = np.histogram(people, [0, 1000, 10_000, 10**6])[0]
    assert (by_households > 0).all()
    assert (by_people > 0).all()
    assert by_households[0] > 1000  # skewed: many, some, few
    assert 300 > by_households[1] > by_households[2]


def test_default_county_has_small_medium_and_large_sites():
    households = site_households(20, None, 1)
    people = site_people(households, 1)
    assert (np.histogram(households, [0, 300, 1000, 10**6])[0] > 0).all()
    assert (np.histogram(people, [0, 1000, 10_000])[0] > 0).all()


@given(sites=st.integers(1, 60), seed=st.integers(0, 10_000))
def test_total_follows_the_mean(sites, seed):
    households = site_households(sites, None, seed)
    assert households.sum() == round(sites * 268_600 / 1364)
    assert (np.diff(households) <= 0).all()
    assert households.min() >= 1
    people = site_people(households, seed)
    assert people.sum() == round(int(households.sum()) * 945_400 / 268_600)
    assert (people >= households).all()


@given(sites=st.integers(1, 30), more=st.integers(0, 5000))
def test_given_households_are_kept(sites, more):
    assert site_households(sites, sites + more, 3).sum() == sites + more


@pytest.mark.parametrize(("sites", "households", "seed"), [(0, None, 1), (-4, None, 1), (5, 4, 1), (5, None, -1)])
def test_senseless_numbers_are_refused(sites, households, seed):
    with pytest.raises(UsageError):
        site_households(sites, households, seed)


@given(
    total=st.integers(0, 500),
    weights=st.lists(st.floats(0.1, 50), min_size=1, max_size=30),
    least=st.integers(0, 3),
)
def test_apportion_keeps_total_and_least(total, weights, least):
    if total < least * len(weights):
        with pytest.raises(ValueError, match="cannot give"):
            apportion(total, weights, least)
        return
    parts = apportion(total, weights, least)
    assert parts.sum() == total
    assert parts.min() >= least
    if least == 0:
        assert (np.abs(parts - np.array(weights) / sum(weights) * total) < 1 + 1e-9).all()


@given(households=st.integers(1, 3000), seed=st.integers(0, 99))
def test_houses_hold_one_to_four_households(households, seed):
    homes = split_households(households, seed, 0, urban=False)
    assert homes.sum() == households
    assert homes.min() >= 1
    assert homes.max() <= 4


@given(households=st.integers(60, 3000), seed=st.integers(0, 99))
def test_blocks_hold_24_to_48_households(households, seed):
    homes = split_households(households, seed, 0, urban=True)
    assert homes.sum() == households
    assert homes.min() >= 24
    assert homes.max() <= 48
