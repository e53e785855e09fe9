from functools import reduce
from operator import add

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, MultiLineString, Point

from siteplan.access.network import Network
from siteplan.errors import DataError, UsageError

CRS = "EPSG:32632"


def network(*lines, **options):
    return Network.from_streets(gpd.GeoDataFrame(geometry=list(lines), crs=CRS), **options)


def walk(net, a, b, cutoff=np.inf, limit=100.0):
    start = net.snap(np.array([Point(a)]), limit)
    end = net.snap(np.array([Point(b)]), limit)
    pairs = net.walks(start, end, cutoff)
    assert len(pairs.cost) <= 1
    return float(pairs.cost[0]) if len(pairs.cost) else None


def test_streets_meet_at_shared_vertices_and_nowhere_else():
    across = LineString([(0, 0), (100, 0), (200, 0)])
    joined = LineString([(100, 100), (100, 0)])
    bridge = LineString([(150, -50), (150, 50)])
    net = network(across, joined, bridge)
    assert len(net.nodes) == 6
    assert sorted(net.length) == [100, 100, 100, 100]
    assert walk(net, (0, 0), (100, 100)) == 200
    assert walk(net, (0, 0), (150, 50)) is None
    assert net.component_length.tolist() == [300, 100]
    assert net.largest_share == 0.75
    assert set(net.component[net.u[net.length == 100]]) == {0, 1}


def test_length_follows_the_street_and_multilines_are_parts():
    bent = MultiLineString([[(0, 0), (30, 40), (60, 0)], [(60, 0), (160, 0)]])
    net = network(bent)
    assert net.length.tolist() == [100, 100]
    assert walk(net, (0, 0), (160, 0)) == 200
    assert net.lines[0].equals(LineString([(0, 0), (30, 40), (60, 0)]))


def test_vertices_within_the_tolerance_are_one():
    gap = (LineString([(0, 0), (100, 0)]), LineString([(100.04, 0), (200, 0)]))
    assert len(network(*gap).component_length) == 1
    assert len(network(*gap, tolerance_m=0.01).component_length) == 2


def test_parallel_edges_route_by_the_shortest_and_snap_to_each():
    long = LineString([(0, 0), (0, 100), (100, 100), (100, 0)])
    net = network(long, LineString([(0, 0), (100, 0)]))
    assert sorted(net.length) == [100, 300]
    assert net.graph.nnz == 2
    assert net.graph.max() == 100
    assert walk(net, (0, 0), (100, 0)) == 100
    assert walk(net, (0, 50), (100, 50)) == 200
    assert walk(net, (0, 90), (100, 90)) == 120


def test_a_closed_street_is_walked_the_shorter_way_round():
    ring = LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)])
    net = network(ring)
    assert net.u.tolist() == net.v.tolist() == [0]
    assert walk(net, (10, 0), (0, 10)) == 20
    assert walk(net, (100, 50), (50, 100)) == 100


def test_a_street_that_crosses_itself_at_a_vertex_has_a_node_there():
    eight = LineString([(0, 0), (100, 0), (100, 100), (0, 100), (0, 0), (-100, 0), (-100, -100), (0, -100), (0, 0)])
    net = network(eight)
    assert len(net.nodes) == 1
    assert net.length.tolist() == [400, 400]


def test_the_walk_to_and_from_the_street_counts():
    net = network(LineString([(0, 0), (100, 0)]))
    assert walk(net, (10, 30), (90, -20)) == 130
    assert walk(net, (-30, 40), (100, 0)) == 150


def test_points_beyond_the_limit_do_not_join():
    net = network(LineString([(0, 0), (100, 0)]))
    points = np.array([Point(10, 50), Point(10, 50.01), Point(50, 0)])
    snapped = net.snap(points, 50)
    assert snapped.found.tolist() == [True, False, True]
    assert np.isnan(snapped.walk[1])
    assert net.snap(points, 0).found.tolist() == [False, False, True]
    pairs = net.walks(snapped, snapped, np.inf)
    assert sorted(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True)) == [(0, 0), (0, 2), (2, 0), (2, 2)]


def test_the_cutoff_is_inclusive_by_either_way():
    # contract: C5
    net = network(*(LineString([(k / 10, 0), ((k + 1) / 10, 0)]) for k in range(10)), tolerance_m=0.01)
    assert reduce(add, [0.1] * 10) != 1.0, "the sum of ten tenths has noise, which must not cost the pair"
    assert walk(net, (0, 0), (1, 0), cutoff=1.0) == pytest.approx(1.0, abs=1e-12)
    assert walk(net, (0, 0), (1, 0), cutoff=0.999) is None
    one_edge = network(LineString([(0, 0), (100, 0)]))
    assert walk(one_edge, (20, 0), (50, 0), cutoff=30) == 30
    assert walk(one_edge, (20, 0), (50, 0), cutoff=29.99) is None
    assert walk(one_edge, (20, 0), (20, 0), cutoff=0) == 0


def test_streets_without_extent_are_named():
    streets = gpd.GeoDataFrame(
        geometry=[LineString([(0, 0), (100, 0)]), None, LineString(), LineString([(5, 5), (5.01, 5)])],
        index=["a", "b", "c", "d"],
        crs=CRS,
    )
    net = Network.from_streets(streets)
    assert net.skipped == ("b", "c", "d")
    assert len(net.u) == 1


def test_heights_are_not_used():
    net = network(LineString([(0, 0, 0), (100, 0, 500)]), LineString([(100, 0, 9), (200, 0, 9)]))
    assert walk(net, (0, 0), (200, 0)) == 200


@pytest.mark.parametrize(
    ("shapes", "crs", "said"),
    [
        ([LineString([(0, 0), (1, 1)])], None, "metric CRS"),
        ([LineString([(0, 0), (1, 1)])], "EPSG:4326", "metric CRS"),
        ([LineString([(0, 0), (1, 1)])], "EPSG:2263", "metric CRS"),
        ([Point(0, 0)], CRS, "no lines"),
        ([LineString([(0, 0), (np.inf, 1)])], CRS, "not finite"),
        ([None], CRS, "no line with any length"),
        ([], CRS, "no line with any length"),
    ],
)
def test_streets_that_make_no_network_are_refused(shapes, crs, said):
    with pytest.raises(DataError, match=said):
        Network.from_streets(gpd.GeoDataFrame(geometry=shapes, crs=crs))


def test_a_tolerance_of_nothing_is_refused():
    with pytest.raises(UsageError):
        network(LineString([(0, 0), (1, 1)]), tolerance_m=0)


def test_chunks_do_not_change_the_answer(monkeypatch):
    rng = np.random.default_rng(7)
    grid = [LineString([(0, 100 * k), *((100 * x, 100 * k) for x in range(1, 8))]) for k in range(8)]
    grid += [LineString([(100 * k, 100 * y) for y in range(8)]) for k in range(8)]
    net = network(*grid)
    few, many = (net.snap(shapely.points(rng.uniform(0, 700, (n, 2))), 100) for n in (13, 40))
    whole = net.walks(many, few, 300.0)
    monkeypatch.setattr("siteplan.access.network._CELLS", 1)
    for column, other in zip(whole, net.walks(many, few, 300.0), strict=True):
        np.testing.assert_array_equal(column, other)
    back = net.walks(few, many, 300.0)
    order = np.lexsort((back.i, back.j))
    np.testing.assert_array_equal(back.j[order], whole.i)
    np.testing.assert_allclose(back.cost[order], whole.cost, atol=1e-9)
