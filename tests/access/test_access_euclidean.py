import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteplan.access.euclidean import straight_lines
from siteplan.errors import UsageError

places = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12)


@given(places, places, st.sampled_from([0.0, 5.0, 13.0, 30.0, np.inf]), st.sampled_from([1.0, 1.3, 2.0]))
def test_straight_lines_equal_all_pairs_measured(a, b, cutoff, factor):
    pairs = straight_lines(
        np.array(a, dtype=float).reshape(-1, 2),
        np.array(b, dtype=float).reshape(-1, 2),
        cutoff_m=cutoff,
        detour_factor=factor,
    )
    expected = {
        (i, j): np.hypot(p[0] - q[0], p[1] - q[1]) * factor
        for i, p in enumerate(a)
        for j, q in enumerate(b)
        if np.hypot(p[0] - q[0], p[1] - q[1]) * factor <= cutoff + 1e-9
    }
    keys = list(zip(pairs.i.tolist(), pairs.j.tolist(), strict=True))
    assert keys == sorted(expected)
    np.testing.assert_allclose(pairs.cost, [expected[key] for key in keys], atol=1e-9)
    assert (pairs.cost <= cutoff).all()


def test_a_factor_below_one_is_refused():
    with pytest.raises(UsageError, match="detour_factor"):
        straight_lines(np.zeros((1, 2)), np.zeros((1, 2)), cutoff_m=1, detour_factor=0.9)
