"""Whole households: totals preserved exactly, nobody gets more than one more or less than their share."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from siteplan.demand.households import place_households
from siteplan.demand.whole import whole_shares
from siteplan.study.settings import DemandSettings

WHOLE = DemandSettings(whole_households=True)
GROUPS = st.lists(
    st.tuples(st.lists(st.integers(0, 400), min_size=1, max_size=8), st.integers(0, 500)), min_size=1, max_size=5
)


@settings(max_examples=150, deadline=None)
@given(GROUPS)
def test_each_group_keeps_its_total_and_each_share_its_quota(groups):
    # contract: C18
    weights = [np.array(weights, dtype=float) for weights, _total in groups]
    total = np.array([count if weight.sum() > 0 else 0 for weight, (_w, count) in zip(weights, groups, strict=True)])
    share = [weight / max(weight.sum(), 1) * count for weight, count in zip(weights, total, strict=True)]
    group = np.repeat(np.arange(len(groups)), [len(weight) for weight in weights])
    found = whole_shares(np.concatenate(share), group, total)
    assert (found == found.round()).all()
    assert np.bincount(group, found, len(total)).tolist() == total.tolist()
    assert (np.abs(found - np.concatenate(share)) < 1).all()
    assert (found[np.concatenate(weights) == 0] == 0).all()


def test_the_largest_remainders_get_what_is_left_and_of_equals_the_first():
    share = np.array([0.7, 1.9, 1.4, 2.5, 2.5])
    assert whole_shares(share, np.array([0, 0, 0, 1, 1]), np.array([4, 5])).tolist() == [1, 2, 1, 3, 2]


def buildings(floors, **columns):
    shapes = [box(20 * k, 0, 20 * k + 10, 10) for k in range(len(floors))]
    data = {"id": [f"b{k}" for k in range(len(floors))], "floors": floors, **columns}
    return gpd.GeoDataFrame(data, geometry=shapes, crs="EPSG:32648")


def sites(**columns):
    n = len(next(iter(columns.values())))
    points = [Point(60 * k, 0) for k in range(n)]
    return gpd.GeoDataFrame({"id": [f"s{k}" for k in range(n)], **columns}, geometry=points, crs="EPSG:32648")


def test_totals_of_sites_are_spread_in_whole_households():
    frame = buildings([1.0, 2.0, 4.0, 1.0, 1.0], site_id=["s0", "s0", "s0", "s1", "s1"])
    demand = place_households(frame, sites=sites(households=[10, 3]), settings=WHOLE)
    # 10 x 1/7, 2/7, 4/7 = 1.43, 2.86, 5.71; 1.5 and 1.5: the first gets the odd one
    assert demand.buildings["households"].tolist() == [1, 3, 6, 2, 1]


def test_what_is_counted_stays_and_the_rest_is_whole():
    frame = buildings([1.0, 1.0, 1.0], households=[2.0, np.nan, np.nan])
    demand = place_households(frame, sites=sites(households=[7]), settings=WHOLE)
    assert demand.buildings["households"].tolist() == [2, 3, 2]


def test_people_that_make_no_whole_households_are_rounded_and_said():
    demand = place_households(buildings([1.0, 1.0]), sites=sites(people=[100.0]), settings=WHOLE)
    assert demand.buildings["households"].sum() == 28  # 100 / 3.52 = 28.4
    assert demand.buildings["people"].sum() == pytest.approx(100)
    assert any("s0 from 28.4091 to 28" in note for note in demand.notes)
    assert "households of 1 sites: 3.52 people to each (assumed)" in demand.notes


def test_without_being_asked_shares_stay_fractions():
    demand = place_households(buildings([1.0, 2.0]), sites=sites(households=[10]))
    assert demand.buildings["households"].tolist() == pytest.approx([10 / 3, 20 / 3])
