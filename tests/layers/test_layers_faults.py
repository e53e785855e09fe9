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
from siteplan.layers.handling import Handling, check_keep, check_kept, with_rows
from siteplan.layers.mend_rows import leave_out, mend_rows, undo
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
        "x3": ("overlap", "cut by 20.0 m2 that it shares with x0"),
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


def test_a_row_loses_what_several_larger_ones_cover():
    frame = layer(box(0, 0, 10, 10), box(10, 0, 20, 9), box(8, 0, 13, 10), box(30, 0, 40, 10))
    mended, repairs = mend_rows(frame, asked("overlap"), PLACE)
    assert mended.geometry.area.tolist() == [100, 90, 3, 100]
    assert [(one.row, one.what) for one in repairs] == [("x2", "cut by 47.0 m2 that it shares with x0, x1")]


@pytest.mark.parametrize("problem", ["sliver", "outside"])
def test_a_repair_that_would_leave_nothing_is_refused(problem):
    # contract: C1
    frame = layer(box(0, 0, 100, 0.1), box(0, 9, 100, 9.1))
    with pytest.raises(LayerError, match="every row would be left out") as caught:
        leave_out(frame, np.array([0, 1]), problem, ["a", "b"], asked(problem), PLACE)
    assert f'take "{problem}" out of repair' in caught.value.remedy
    kept, _repairs = leave_out(frame, np.array([0, 1]), problem, ["a", "b"], asked(problem, keep=("x1",)), PLACE)
    assert kept["id"].tolist() == ["x1"]


def test_ids_are_made_of_what_the_reader_would_take_for_the_same():
    frame = layer(*(shapely.Point(k, k) for k in range(5))).assign(id=["a", " a", "a ", None, "a-2"])
    mended, repairs = with_rows(frame, {}, asked("id"), PLACE)
    assert mended["id"].tolist() == ["a", "a-3", "a-4", "communities-4", "a-2"]
    assert [repair.original for repair in repairs] == [{"id": "a"}, {"id": "a"}, {"id": None}]
    numbers = frame.assign(id=[4.0, 5.0, np.nan, 4.0, 6.0])
    assert with_rows(numbers, {}, asked("id"), PLACE)[0]["id"].tolist() == ["4", "5", "communities-3", "4-2", "6"]
    same = frame.assign(id="0")  # one id in all rows: none is looked for twice
    assert with_rows(same, {}, asked("id"), PLACE)[0]["id"].tolist() == ["0", "0-2", "0-3", "0-4", "0-5"]


def test_a_row_without_geometry_is_called_as_the_reader_calls_it():
    frame = layer(shapely.Point(0, 0), None, None).assign(id=[4.0, 5.0, np.nan])
    _mended, repairs = with_rows(frame, {}, asked("empty"), PLACE)
    assert [repair.row for repair in repairs] == ["5", "row 3"]
    assert with_rows(frame, {}, asked("empty", keep=("5",)), PLACE)[0]["id"].tolist()[:2] == [4.0, 5.0]
    ours = frame.rename(columns={"id": "图斑号"})
    assert [one.row for one in with_rows(ours, {}, asked("empty"), PLACE, {"id": ["图斑号"]})[1]] == ["5", "row 3"]
    with pytest.raises(UsageError, match="could be put back: 5"):
        undo(frame.iloc[:1], repairs, ["5"])
    assert len(undo(frame.iloc[:1], repairs)) == 1


def test_a_renamed_row_that_was_left_out_comes_back_under_its_own_id():
    frame = layer(box(0, 0, 10, 10), box(0, 20, 100, 20.1)).assign(id=["a", "a"])
    named, first = with_rows(frame, {}, asked("id"), PLACE)
    mended, then = mend_rows(named, asked("sliver"), PLACE)
    assert (mended["id"].tolist(), [one.row for one in then]) == (["a"], ["a-2"])
    assert undo(mended, [*first, *then])["id"].tolist() == ["a", "a"]


def test_what_a_ring_covers_twice_stays_covered_and_a_hole_outside_is_no_land():
    # contract: C14
    twice = shapely.Polygon([(0, 0), (10, 0), (10, 10), (4, 10), (4, 4), (6, 4), (6, 12), (0, 12)])
    astray = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(5, 5), (15, 5), (15, 6), (5, 6)]])
    frame, repairs = mend_geometry(layer(twice, astray), "polygon", PLACE)
    assert frame.geometry.area.tolist() == [112, 95]
    assert [one.problem for one in repairs] == ["invalid", "invalid"]


def test_keep_names_rows_that_there_are():
    check_keep(["a", "b"], Handling(keep=("b",)), PLACE)
    with pytest.raises(LayerError, match="rows that the layer lacks: h12") as caught:
        check_keep(["h1", "h2"], Handling(keep=("h1", "h12")), PLACE)
    assert caught.value.row == "keep"
    assert "the nearest id is h1" in caught.value.remedy
