"""Duplicates, slivers, overlaps and scattered parts: found for all rows at once, repaired where asked, undone."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.errors import LayerError, UsageError
from siteplan.layers.faults import duplicates, overlaps, scattered, slivers
from siteplan.layers.handling import Handling, check_kept
from siteplan.layers.mend_rows import mend_rows, undo
from siteplan.layers.repair import Place, mend_geometry

box = shapely.box
PLACE = Place(role="communities", path="a.gpkg")


def layer(*shapes, **columns):
    return gpd.GeoDataFrame(
        {"id": [f"x{k}" for k in range(len(shapes))]} | columns, geometry=list(shapes), crs="EPSG:4547"
    )


def asked(*repairs, keep=()):
    return Handling(repair=repairs, keep=keep)


def test_duplicates_are_equal_in_all_but_the_id():
    frame = layer(
        box(0, 0, 9, 9),
        box(9, 9, 0, 0),
        box(0, 0, 9, 9),
        box(0, 0, 9, 9),
        box(0, 0, 9, 8),
        n=[1, 1, 2, 1, 1],
        t=[None] * 5,
    )
    rows, of = duplicates(frame)
    assert (rows.tolist(), of.tolist()) == ([1, 3], [0, 0])
    turned = layer(box(0, 0, 9, 9), shapely.Polygon([(9, 9), (0, 9), (0, 0), (9, 0)]))
    assert duplicates(turned)[0].tolist() == [1]
    assert duplicates(layer(box(0, 0, 1, 1), shapely.Point(3, 3)))[0].tolist() == []


def test_slivers_are_thinner_than_the_role_allows():
    frame = layer(
        box(0, 0, 100, 0.3),
        box(0, 0, 100, 0.8),
        box(0, 0, 100, 3),
        shapely.Point(0, 0),
        shapely.LineString([(0, 0), (1, 1)]),
    )
    assert slivers(frame, "buildings").tolist() == [0]
    assert slivers(frame, "communities").tolist() == [0, 1]


def test_overlaps_with_their_area():
    frame = layer(box(0, 0, 10, 10), box(8, 0, 18, 10), box(18, 0, 20, 10), box(0, 0, 10, 10.05), shapely.Point(5, 5))
    first, second, area = overlaps(frame, "communities")
    pairs = {(int(a), int(b)): round(float(c), 6) for a, b, c in zip(first, second, area, strict=True)}
    assert pairs == {(0, 1): 20, (0, 3): 100, (1, 3): 20}
    assert len(overlaps(frame, "exclusions").first) == 0


def test_outlines_of_buildings_that_touch_do_not_overlap():
    frame = layer(box(0, 0, 10, 10), box(9.9, 0, 20, 10), box(19, 0, 30, 10))
    first, second, _area = overlaps(frame, "buildings")
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [(1, 2)]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(2, 6), st.integers(2, 6)), min_size=1, max_size=9
    )
)
def test_overlaps_are_those_of_every_pair(boxes):
    frame = layer(*(box(x, y, x + w, y + h) for x, y, w, h in boxes))
    got = {(int(a), int(b)) for a, b, _c in zip(*overlaps(frame, "parcels"), strict=True)}
    shapes = frame.geometry
    wanted = {(a, b) for b in range(len(boxes)) for a in range(b) if shapes[a].intersection(shapes[b]).area > 1}
    assert got == wanted
    mended, repairs = mend_rows(frame, asked("overlap"), Place(role="parcels", path="a"))
    assert all(one.geometry.area > 0 for one in mended.itertuples())
    left = overlaps(mended, "parcels")
    assert left.area.sum() == pytest.approx(0)
    assert mended.geometry.union_all().area == pytest.approx(shapes.union_all().area)
    assert shapely.equals(undo(mended, repairs).sort_values("id").geometry.to_numpy(), shapes.to_numpy()).all()


def test_parts_far_apart():
    near, far = (
        shapely.MultiPolygon([box(0, 0, 9, 9), box(20, 0, 29, 9)]),
        shapely.MultiPolygon([box(0, 0, 9, 9), box(59, 0, 70, 9)]),
    )
    chain = shapely.MultiPolygon([box(k * 40, 0, k * 40 + 9, 9) for k in range(9)])
    assert scattered(layer(near, far, chain, box(0, 0, 1, 1), shapely.Point(0, 0))).tolist() == [1]


FAULTY = layer(
    box(0, 0, 10, 10), box(0, 0, 10, 10), box(0, 20, 40, 20.2), box(8, 0, 14, 10), box(1, 1, 3, 3),
    name=["甲", "甲", "乙", "丙", "丁"], households=[10.0, 10.0, 0.0, 5.0, np.nan],
)  # fmt: skip


def test_nothing_is_left_out_unless_it_is_asked():
    frame, repairs = mend_rows(FAULTY, Handling(), PLACE)
    assert frame is FAULTY
    assert repairs == []


def test_each_repair_is_a_row_that_says_what_was_done():
    # contract: C14
    frame, repairs = mend_rows(FAULTY, asked("duplicate", "sliver", "overlap"), PLACE)
    assert frame["id"].tolist() == ["x0", "x3"]
    assert frame.geometry.iloc[1].equals(box(10, 0, 14, 10))
    said = {repair.row: (repair.problem, repair.what) for repair in repairs}
    assert said == {
        "x1": ("duplicate", "left out: it repeats x0"),
        "x2": ("sliver", "left out: a sliver of 8.00 m2"),
        "x3": ("overlap", "cut by 20.0 m2 that x0 cover too"),
        "x4": ("overlap", "left out: it lies wholly on x0"),
    }
    assert {repair.kind for repair in repairs} == {"repair"}


def test_repairs_are_undone_all_or_some():
    # contract: C14
    frame, repairs = mend_rows(FAULTY, asked("duplicate", "sliver", "overlap"), PLACE)
    back = undo(frame, repairs).sort_values("id", ignore_index=True)
    pd.testing.assert_frame_equal(
        pd.DataFrame(back.drop(columns="geometry")), pd.DataFrame(FAULTY.drop(columns="geometry"))
    )
    assert shapely.equals_exact(back.geometry.to_numpy(), FAULTY.geometry.to_numpy()).all()
    some = undo(frame, repairs, ["x3", "x2"])
    assert sorted(some["id"]) == ["x0", "x2", "x3"]
    assert some.set_index("id").geometry["x3"].equals(box(8, 0, 14, 10))
    with pytest.raises(UsageError, match="x0"):
        undo(frame, repairs, ["x0"])
    assert len(undo(frame, [])) == 2


def test_rows_to_be_kept_are_left_alone():
    frame, repairs = mend_rows(FAULTY, asked("duplicate", "sliver", "overlap", keep=("x1", "x2", "x3")), PLACE)
    assert sorted(frame["id"]) == ["x0", "x1", "x2", "x3"]
    assert [repair.row for repair in repairs] == ["x4"]


BOWTIE = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])


def test_an_invalid_polygon_is_mended_undone_and_not_kept():
    frame, repairs = mend_geometry(layer(BOWTIE, box(0, 0, 1, 1)), "polygon", PLACE)
    assert (repairs[0].problem, repairs[0].row) == ("invalid", "x0")
    assert frame.geometry.is_valid.all()
    assert undo(frame, repairs).geometry.iloc[0].equals_exact(BOWTIE)
    there = undo(frame.to_crs("EPSG:4545"), repairs)  # the original in the system of the layer as it is now
    assert there.to_crs("EPSG:4547").geometry.iloc[0].equals_exact(BOWTIE, 1e-6)
    check_kept(repairs, Handling(keep=("x1",)), PLACE)
    with pytest.raises(LayerError, match="kept as it is"):
        check_kept(repairs, Handling(keep=("x0",)), PLACE)
