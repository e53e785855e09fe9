"""Households split over facilities with room for so many, against networkx' flows and against what must hold of any split."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.models.transport import Transport, share_out


def transport(households, load, room, pairs, keep=()):
    """Return the problem; ``pairs`` are (demand point, facility, metres)."""
    demand, facility, metres = (np.array([pair[n] for pair in pairs]) for n in range(3))
    return Transport(
        households=np.array(households, dtype=float),
        load=np.array(load, dtype=float),
        room=np.array(room, dtype=float),
        demand=demand.astype(np.int64),
        facility=facility.astype(np.int64),
        metres=metres.astype(float),
        keep=tuple((np.array(rows, dtype=np.int64), least) for rows, least in keep),
    )


def by_flow(problem):
    """Return (most households, least household-metres) where a household takes 1 m2, by networkx."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["s", "t"])
    for i, households in enumerate(problem.households):
        graph.add_edge("s", ("i", i), capacity=int(households), weight=0)
    for f, room in enumerate(problem.room):
        graph.add_edge(("f", f), "t", capacity=int(room), weight=0)
    for i, f, metres in zip(problem.demand, problem.facility, problem.metres, strict=True):
        graph.add_edge(("i", int(i)), ("f", int(f)), weight=int(metres))
    flow = nx.max_flow_min_cost(graph, "s", "t")
    return sum(flow["s"].values()), nx.cost_of_flow(graph, flow)


@st.composite
def problems(draw, *, alike):
    n, m = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    households = draw(st.lists(st.integers(1, 20), min_size=n, max_size=n))
    room = draw(st.lists(st.integers(0, 30), min_size=m, max_size=m))
    each = [1.0] * n if alike else draw(st.lists(st.sampled_from([0.0, 0.06, 1.0, 3.5]), min_size=n, max_size=n))
    every = [(i, f) for i in range(n) for f in range(m)]
    chosen = draw(st.lists(st.sampled_from(every), unique=True, min_size=1))
    pairs = [(i, f, draw(st.integers(0, 900))) for i, f in chosen]
    return transport(households, np.array(households) * each, room, pairs)


@given(problem=problems(alike=True))
@settings(max_examples=60, deadline=None)
def test_as_many_and_as_short_as_the_flow_of_networkx(problem):
    served = share_out(problem)
    most, shortest = by_flow(problem)
    assert served.sum() == pytest.approx(most, rel=1e-6, abs=1e-6)
    assert (served * problem.metres).sum() == pytest.approx(shortest, rel=1e-5, abs=1e-3)


@given(problem=problems(alike=False))
@settings(max_examples=60, deadline=None)
def test_nobody_is_left_where_there_is_room(problem):
    served = share_out(problem)
    assert (served >= 0).all()
    by_point = np.bincount(problem.demand, served, minlength=len(problem.households))
    assert (by_point <= problem.households * (1 + 1e-9)).all()
    each = problem.load / problem.households
    taken = np.bincount(problem.facility, served * each[problem.demand], minlength=len(problem.room))
    assert (taken <= problem.room * (1 + 1e-9) + 1e-9).all()
    left = by_point < problem.households * (1 - 1e-6)
    has_room = (problem.room - taken) > 1e-6
    for i, f in zip(problem.demand, problem.facility, strict=True):
        assert not (left[i] and (has_room[f] or each[i] == 0))


def test_everybody_at_the_nearest_where_all_fit():
    problem = transport([3, 4], [3, 4], [7, 9], [(0, 0, 5), (0, 1, 6), (1, 0, 2), (1, 1, 2)])
    assert share_out(problem).tolist() == [3, 0, 4, 0]  # a tie goes to the first facility


def test_what_is_to_be_kept_comes_before_the_number_served():
    # Point 0 takes 4 m2 a household, point 1 one: 8 m2 serve 2 of the one or 8 of the other. 2 of point 0 are to be kept.
    free = transport([2, 8], [8, 8], [8], [(0, 0, 1), (1, 0, 1)])
    assert share_out(free) == pytest.approx([0, 8], abs=1e-5)
    kept = transport([2, 8], [8, 8], [8], [(0, 0, 1), (1, 0, 1)], keep=[([0], 1.5)])
    assert share_out(kept) == pytest.approx([1.5, 2], abs=1e-5)
    too_much = transport([2, 8], [8, 8], [8], [(0, 0, 1), (1, 0, 1)], keep=[([0], 5.0)])
    assert share_out(too_much) == pytest.approx([2, 0], abs=1e-5)


def test_without_load_there_is_always_room():
    assert share_out(transport([5, 6], [0, 6], [0.0], [(0, 0, 9), (1, 0, 9)])).tolist() == [5, 0]


def test_the_crowded_part_leaves_the_others_alone():
    # facility 0 has room for 5 of 10 households; facility 1 is far from them and serves point 1
    served = share_out(transport([10, 3], [10, 3], [5, 3], [(0, 0, 1), (1, 1, 1)]))
    assert served == pytest.approx([5, 3], abs=1e-6)


def test_what_is_kept_counts_all_of_its_points_wherever_they_are_served():
    # Points 0 and 1 are to have 9 + 4 households served together. Point 0 fits at its own facility 0; 1 and 2 share the 6 m2 of facility 1.
    pairs = [(0, 0, 1), (1, 1, 1), (2, 1, 1)]
    for least, expected in ((13.0, [9, 4, 2]), (10.0, [9, 1, 5])):
        kept = transport([9, 4, 5], [9, 4, 5], [9, 6], pairs, keep=[([0, 1], least), ([2], 5.0)])
        served = share_out(kept)
        assert served.sum() == pytest.approx(15, abs=1e-6)
        if least < 13:
            assert served == pytest.approx(expected, abs=1e-5)
        else:
            assert served[1] + served[2] == pytest.approx(6, abs=1e-5)
