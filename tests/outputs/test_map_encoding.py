import json

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from siteplan.outputs.encode import columns, rings, script_json

ORIGIN = (105.0, 26.0)


def decoded(encoded):
    """Undo the encoding, one list of (ring as an array of longitude, latitude) a feature."""
    xy = np.cumsum(np.array(encoded["xy"], dtype=np.int64).reshape(-1, 2), axis=0) / 1e6 + ORIGIN
    ends = np.cumsum(encoded["n"])
    features = [[] for _ in range(encoded["count"])]
    for feature, end, n in zip(encoded["of"], ends, encoded["n"], strict=True):
        features[feature].append(xy[end - n : end])
    return features


def series(*geometry):
    return gpd.GeoSeries(list(geometry), crs="EPSG:4544")


def signed_area(ring):
    x, y = ring.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def test_a_square_comes_back_within_a_millionth_of_a_degree():
    square = box(549_000, 2_898_000, 549_100, 2_898_050)
    (ring,) = decoded(rings(series(square), ORIGIN, simplify_m=0))[0]
    wanted = np.array(series(square).to_crs("EPSG:4326").iloc[0].exterior.coords)[:-1]
    assert len(ring) == 4
    for corner in wanted:
        assert np.abs(ring - corner).max(axis=1).min() <= 0.51e-6


def test_holes_turn_against_their_shell():
    shell, hole = box(549_000, 2_898_000, 549_100, 2_898_100), box(549_020, 2_898_020, 549_040, 2_898_040)
    outer, inner = decoded(rings(series(shell.difference(hole)), ORIGIN, simplify_m=0))[0]
    assert abs(signed_area(outer)) > abs(signed_area(inner))
    assert signed_area(outer) * signed_area(inner) < 0


def test_features_keep_their_row_whatever_their_shape():
    square = box(549_000, 2_898_000, 549_100, 2_898_100)
    both = MultiPolygon([box(549_000, 2_898_000, 549_001, 2_898_001), box(549_500, 2_898_000, 549_501, 2_898_001)])
    mixed = GeometryCollection([Point(549_000, 2_898_000), both])
    encoded = rings(
        series(
            Point(549_000, 2_898_000),
            None,
            square,
            Polygon(),
            mixed,
            LineString([(549_000, 2_898_000), (549_009, 2_898_009)]),
        ),
        ORIGIN,
        simplify_m=0,
    )
    assert [[len(ring) for ring in feature] for feature in decoded(encoded)] == [[1], [], [4], [], [1, 4, 4], [2]]


def test_no_features_at_all():
    assert rings(series(), ORIGIN, simplify_m=1.0) == {"count": 0, "n": [], "of": [], "xy": []}


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.floats(500_000, 560_000), st.floats(2_850_000, 2_950_000)), min_size=1, max_size=20))
def test_points_anywhere_do_not_drift(places):
    points = series(*(Point(place) for place in places))
    found = np.array([feature[0][0] for feature in decoded(rings(points, ORIGIN, simplify_m=0))])
    wanted = points.to_crs("EPSG:4326")
    assert np.abs(found - np.column_stack([wanted.x, wanted.y])).max() <= 0.51e-6


@given(
    st.recursive(
        st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_in_a_script_is_inert_and_says_the_same(value):
    text = script_json(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_json_refuses_what_no_browser_reads():
    with pytest.raises(ValueError, match="not JSON compliant"):
        script_json(float("nan"))


def test_missing_values_of_every_kind_become_none():
    frame = gpd.pd.DataFrame(
        {"text": gpd.pd.array(["a", None], dtype="string"), "number": [np.inf, 2.0], "flag": [True, False]}
    )
    assert columns(frame, ["text", "number", "flag"]) == {
        "text": ["a", None],
        "number": [None, 2.0],
        "flag": [True, False],
    }
