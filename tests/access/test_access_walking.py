import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point
from walks_by_networkx import walks

from siteplan.access.network import Network
from siteplan.access.walking import cost_matrix
from siteplan.errors import DataError, UsageError

CRS = "EPSG:32632"


def series(points):
    return gpd.GeoSeries([p if isinstance(p, Point) else Point(p) for p in points], crs=CRS)


def frame(*lines):
    return gpd.GeoDataFrame(geometry=list(lines), crs=CRS)


def walking(demand, candidates, streets, *, cutoff=np.inf, snap=100.0, **more):
    return cost_matrix(
        series(demand),
        series(candidates),
        demand_ids=[f"b{k}" for k in range(len(demand))],
        candidate_ids=[f"c{k}" for k in range(len(candidates))],
        streets=streets,
        cutoff_m=cutoff,
        detour_factor=1.3,
        snap_limit_m=snap,
        **more,
    )


def as_dict(matrix):
    return dict(zip(zip(matrix.i.tolist(), matrix.j.tolist(), strict=True), matrix.cost.tolist(), strict=True))


vertices = st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda p: (100.0 * p[0], 100.0 * p[1]))
lines = st.lists(vertices, min_size=2, max_size=6).filter(lambda line: len(set(line)) > 1)
streets_of = st.lists(st.lists(lines, min_size=1, max_size=2).map(MultiLineString), min_size=1, max_size=6)
places = st.tuples(st.integers(-30, 430), st.integers(-30, 430))
some_places = st.lists(places, min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(streets_of, some_places, some_places, st.sampled_from([0, 10, 35, 70]), st.sampled_from([90.0, 300.0, np.inf]))
def test_costs_equal_networkx(streets, demand, candidates, snap, cutoff):
    # contract: C5
    answer = as_dict(walking(demand, candidates, frame(*streets), cutoff=cutoff, snap=snap).matrix)
    truth = walks(streets, list(series(demand)), list(series(candidates)), snap_limit=snap, detour_factor=1.3)
    assert sorted(answer) == sorted(pair for pair, cost in truth.items() if cost <= cutoff + 1e-7)
    for pair, cost in answer.items():
        assert cost == pytest.approx(truth[pair], abs=1e-6)
        assert cost <= cutoff


@settings(max_examples=60, deadline=None)
@given(streets_of, some_places, some_places, st.sampled_from([10, 70]))
def test_a_walk_is_as_long_back(streets, demand, candidates, snap):
    there = as_dict(walking(demand, candidates, frame(*streets), snap=snap).matrix)
    back = as_dict(walking(candidates, demand, frame(*streets), snap=snap).matrix)
    assert there.keys() == {(i, j) for j, i in back}
    for (i, j), cost in there.items():
        assert cost == pytest.approx(back[j, i], abs=1e-6)


def test_one_position_costs_nothing_though_off_the_street():
    found = walking([(50, 40), (60, 40)], [(50, 40)], frame(LineString([(0, 0), (100, 0)])), cutoff=85.0)
    assert as_dict(found.matrix) == {(0, 0): 0.0}
    assert found.matrix.to_csr().nnz == 1
    assert found.matrix.basis == "network"
    assert found.notes == ()


def test_without_streets_walks_are_straight_and_say_so():
    # contract: C14
    for streets in (None, frame().set_crs(CRS)):
        found = walking([(0, 0)], [(30, 40), (3000, 0)], streets, cutoff=65.0)
        assert as_dict(found.matrix) == {(0, 0): 65.0}
        assert found.matrix.basis == "straight line x 1.3"
        assert "no street network" in found.notes[0]


def test_points_far_from_streets_are_named_and_costed_straight():
    street = frame(LineString([(0, 0), (1000, 0)]))
    found = walking([(0, 0), (0, 600)], [(1000, 0), (1000, 600)], street, cutoff=1300.0)
    assert found.unsnapped_demand == ("b1",)
    assert found.unsnapped_candidates == ("c1",)
    assert found.matrix.basis == "network; straight line x 1.3 for 2 points"
    assert as_dict(found.matrix) == {(0, 0): 1000.0, (1, 1): 1300.0}
    assert "b1" in found.notes[0]
    assert "c1" in found.notes[1]


def test_parts_without_candidates_are_told():
    parts = frame(LineString([(0, 0), (100, 0)]), LineString([(0, 500), (50, 500)]))
    found = walking([(0, 0), (0, 500)], [(100, 0)], parts)
    assert as_dict(found.matrix) == {(0, 0): 100.0}
    assert "1 demand points" in found.notes[0]
    assert "b1" in found.notes[0]


def test_a_network_built_before_is_used():
    streets = frame(LineString([(0, 0), (0, 100), (100, 100)]))
    built = walking([(0, 0)], [(100, 100)], None, network=Network.from_streets(streets))
    assert as_dict(built.matrix) == {(0, 0): 200.0}


def test_nothing_to_walk_to():
    assert len(walking([(0, 0)], [], frame(LineString([(0, 0), (1, 0)]))).matrix.i) == 0
    assert len(walking([], [(0, 0)], None).matrix.i) == 0


def test_bad_points_are_refused():
    street = frame(LineString([(0, 0), (1, 0)]))
    options = {"streets": street, "cutoff_m": 10.0, "detour_factor": 1.3, "snap_limit_m": 5.0}
    one = series([(0, 0)])
    with pytest.raises(DataError, match="id a comes twice"):
        cost_matrix(series([(0, 0), (1, 1)]), one, demand_ids=["a", "a"], candidate_ids=["c"], **options)
    with pytest.raises(DataError, match="no points"):
        cost_matrix(one, gpd.GeoSeries([None], crs=CRS), demand_ids=["a"], candidate_ids=["c"], **options)
    with pytest.raises(DataError, match="no points"):
        cost_matrix(one, gpd.GeoSeries([Point()], crs=CRS), demand_ids=["a"], candidate_ids=["c"], **options)
    with pytest.raises(DataError, match="another CRS"):
        cost_matrix(one, one.set_crs(32633, allow_override=True), demand_ids=["a"], candidate_ids=["c"], **options)
    east, degrees = (one.set_crs(code, allow_override=True) for code in (32633, 4326))
    with pytest.raises(DataError, match="streets is in another CRS"):
        cost_matrix(east, east, demand_ids=["a"], candidate_ids=["c"], **options)
    with pytest.raises(DataError, match="metric"):
        cost_matrix(degrees, degrees, demand_ids=["a"], candidate_ids=["c"], **options)
    with pytest.raises(UsageError, match="ids"):
        cost_matrix(one, one, demand_ids=[], candidate_ids=["c"], **options)
    with pytest.raises(UsageError, match="cutoff_m"):
        cost_matrix(one, one, demand_ids=["a"], candidate_ids=["c"], **{**options, "cutoff_m": float("nan")})


@pytest.mark.real_data
@pytest.mark.skipif("SITEPLAN_DATA" not in os.environ, reason="SITEPLAN_DATA is not set")
def test_liechtenstein_equals_networkx():
    file = Path(os.environ["SITEPLAN_DATA"]) / "liechtenstein" / "liechtenstein.gpkg"
    roads = gpd.read_file(file, layer="roads", columns=[]).to_crs(CRS)
    buildings = gpd.read_file(file, layer="buildings", columns=[]).to_crs(CRS).representative_point()
    rows = np.random.default_rng(20).choice(len(buildings), 220, replace=False)
    demand, candidates = buildings.iloc[rows[:200]], buildings.iloc[rows[200:]]
    answer = as_dict(walking(demand, candidates, roads, cutoff=3000.0, snap=50.0).matrix)
    truth = walks(roads.geometry, list(demand), list(candidates), snap_limit=50.0, detour_factor=1.3, cutoff=3001.0)
    truth = {pair: cost for pair, cost in truth.items() if cost <= 3000.0}
    assert len(truth) > 200
    assert answer.keys() == truth.keys()
    assert max(abs(answer[pair] - truth[pair]) for pair in truth) < 1e-6
