"""Numbers are read as they stand, or refused: properties over any text and any number."""

import math

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.errors import LayerError
from siteplan.layers.columns import conform

numbers = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


def read(values):
    frame = gpd.GeoDataFrame(
        {"id": [str(k) for k in range(len(values))], "households": pd.Series(values, dtype=object)},
        geometry=[shapely.Point(k, 0) for k in range(len(values))],
        crs="EPSG:4547",
    )
    return conform(frame, "sites")[0]["households"].tolist()


@settings(deadline=None, max_examples=40)
@given(st.lists(numbers, min_size=1, max_size=5))
def test_numbers_and_their_text_are_read_the_same(values):
    assert read(values) == values
    assert read([repr(value) for value in values]) == values
    assert read([f"  {value!r} " for value in values]) == values


@settings(deadline=None)
@given(
    st.one_of(st.floats(max_value=0, exclude_max=True), st.sampled_from([math.nan, math.inf, -math.inf, None, True]))
)
def test_no_other_value_is_a_required_number(value):
    with pytest.raises(LayerError) as caught:
        read([1.0, value])
    assert caught.value.row == "1"


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=8))
def test_text_is_a_number_or_refused(text):
    try:
        expected = float(text)
    except ValueError:
        expected = math.nan
    try:
        got = read([text])[0]
    except LayerError:
        return  # strict: text that Python would read, such as 1_0 or nan, may be refused
    assert got == expected
    assert got >= 0
    assert math.isfinite(got)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=1, max_size=6))
def test_ids_come_back_unique_or_are_refused(ids):
    frame = gpd.GeoDataFrame(
        {"id": pd.Series(ids, dtype=object)}, geometry=[shapely.Point(k, 0) for k in range(len(ids))], crs="EPSG:4547"
    )
    stripped = [(text or "").strip() for text in ids]
    sound = all(stripped) and len(set(stripped)) == len(ids)
    if sound:
        assert conform(frame, "barriers")[0]["id"].tolist() == stripped
    else:
        with pytest.raises(LayerError):
            conform(frame, "barriers")
