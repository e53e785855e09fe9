"""Lines that cross or stop short, as planners draw them: found, told, joined, and walked on; OpenStreetMap's bridges are left alone."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from county_folder import TOML, at, make_county
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.access.network import Network
from siteplan.layers.junctions import crossings, joined, short_ends, street_facts
from siteplan.layers.repair import Place
from siteplan.layers.vertices import parts_of
from siteplan.study.check import check
from siteplan.study.study import open_study

PLACE = Place(role="streets", path="streets.gpkg")


def lines(*coordinates):
    return np.array([shapely.LineString(c) for c in coordinates], dtype=object)


def layer(*coordinates):
    shapes = [shapely.LineString(c) if not isinstance(c, shapely.Geometry) else c for c in coordinates]
    return gpd.GeoDataFrame({"id": [f"s{k}" for k in range(len(shapes))]}, geometry=shapes, crs="EPSG:4547")


def walked(streets, start, end):
    """Return the metres between two places on the network of a layer; infinite where no street leads."""
    network = Network.from_streets(streets)
    found = network.walks(*(network.snap(np.array([shapely.Point(p)]), 5.0) for p in (start, end)), np.inf)
    return found.cost[0] if len(found.cost) else np.inf


def test_a_cross_without_a_vertex_is_found_and_joined():
    streets = layer([(0, 0), (100, 0)], [(50, -50), (50, 50)])
    found = crossings(streets.geometry.to_numpy())
    assert (found.line.tolist(), found.other.tolist(), found.xy.tolist()) == ([0], [1], [[50, 0]])
    assert walked(streets, (0, 0), (50, 50)) == np.inf
    whole, repairs = joined(streets, 1.0, PLACE)
    assert walked(whole, (0, 0), (50, 50)) == pytest.approx(100)
    assert [(repair.row, repair.what) for repair in repairs] == [
        ("s0", "junctions made where it crosses or touches s1"),
        ("s1", "junctions made where it crosses or touches s0"),
    ]
    assert whole.length.tolist() == streets.length.tolist()
    assert len(whole) == 2
    again, nothing = joined(whole, 1.0, PLACE)
    assert not nothing
    assert again.geometry.equals(whole.geometry)


def test_streets_that_share_a_vertex_need_nothing():
    shared = lines([(0, 0), (50, 0), (100, 0)], [(50, -50), (50, 0), (50, 50)], [(100, 0), (100, 70)])
    assert not len(crossings(shared))
    assert not len(short_ends(shared, 1.0))
    assert parts_of(shared).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("end", "drawn"),
    [(49.2, "its end is drawn on by 0.80 m to s1"), (50.0, "its end is joined to s1, on which it lies"),
     (50.0 - 1e-9, "its end is joined to s1, on which it lies")],
)  # fmt: skip
def test_ends_that_stop_short_or_touch_reach_the_street(end, drawn):
    streets = layer([(0, 3), (end, 3)], [(50, -50), (50, 50)])
    assert walked(streets, (0, 3), (50, 50)) == np.inf
    whole, repairs = joined(streets, 1.0, PLACE)
    assert (repairs[0].row, repairs[0].what) == ("s0", drawn)
    assert walked(whole, (0, 3), (50, 50)) == pytest.approx(97)


def test_ends_that_face_one_another_are_joined_once_and_farther_ones_are_not():
    streets = layer([(0, 0), (40, 0)], [(40.6, 0), (90, 0)], [(91.5, 0), (120, 0)])
    assert len(short_ends(streets.geometry.to_numpy(), 1.0)) == 1
    whole, repairs = joined(streets, 1.0, PLACE)
    assert len(repairs) == 1
    assert walked(whole, (0, 0), (90, 0)) == pytest.approx(90)
    assert walked(whole, (0, 0), (120, 0)) == np.inf
    assert walked(joined(streets, 2.0, PLACE)[0], (0, 0), (120, 0)) == pytest.approx(120)
    assert walked(joined(streets, 0.0, PLACE)[0], (0, 0), (90, 0)) == np.inf


def test_a_stub_at_a_junction_is_no_short_end():
    assert not len(short_ends(lines([(0, 0), (100, 0)], [(100, 0), (100, 0.9)]), 1.0))


def test_an_end_that_overshoots_the_street_it_crosses_is_not_drawn_back():
    streets = layer([(0, 0), (100, 0)], [(50, -0.8), (50, 80)])
    whole, repairs = joined(streets, 1.0, PLACE)
    assert walked(whole, (0, 0), (50, 80)) == pytest.approx(130)
    assert [repair.what.split(" where")[0] for repair in repairs] == ["junctions made", "junctions made"]


def test_each_junction_is_one_vertex():
    curl = layer([(0, 0), (10, 10), (10, 0), (0, 10)])
    whole, _repairs = joined(curl, 1.0, PLACE)
    assert shapely.get_coordinates(whole.geometry[0]).tolist() == [[0, 0], [5, 5], [10, 10], [10, 0], [5, 5], [0, 10]]


def test_a_line_that_crosses_itself_at_its_own_vertex_is_joined():
    curl = layer([(0, 0), (5, 5), (10, 10), (10, 0), (0, 10)])
    assert len(crossings(curl.geometry.to_numpy())) > 0
    whole, _repairs = joined(curl, 1.0, PLACE)
    assert walked(whole, (0, 0), (0, 10)) == pytest.approx(2 * 50**0.5)
    assert not len(crossings(whole.geometry.to_numpy()))


def test_overlaps_loops_and_many_parts():
    along = layer([(0, 0), (100, 0)], [(30, 0), (60, 0)])
    assert walked(joined(along, 0.0, PLACE)[0], (0, 0), (45, 0)) == pytest.approx(45)
    curl = layer([(0, 0), (100, 0), (100, 50), (50, 50), (50, -50)])
    assert walked(curl, (0, 0), (50, -50)) == pytest.approx(300)
    whole, repairs = joined(curl, 0.0, PLACE)
    assert walked(whole, (0, 0), (50, -50)) == pytest.approx(100)
    assert repairs[0].what == "junctions made where it crosses or touches s0"
    several = layer(shapely.MultiLineString([[(0, 0), (100, 0)], [(0, 9), (100, 9)]]), [(50, -50), (50, 50)])
    whole, _ = joined(several, 0.0, PLACE)
    assert walked(whole, (0, 0), (100, 9)) == pytest.approx(109)
    assert whole.geometry.iloc[0].geom_type == "MultiLineString"


@given(st.lists(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda c: c[:2] != c[2:]), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_joined_lines_hang_together_as_their_union_does(segments):
    """Whatever is drawn: parts of the joined network are those of all lines laid over one another, and nothing is longer or shorter."""
    streets = layer(*[[(a * 10, b * 10), (c * 10, d * 10)] for a, b, c, d in segments])
    whole, _ = joined(streets, 0.0, PLACE)
    union = shapely.get_parts(shapely.buffer(shapely.union_all(streets.geometry.to_numpy()), 0.02))
    assert len(Network.from_streets(whole).component_length) == len(union)
    assert len(set(parts_of(whole.geometry.to_numpy()).tolist())) == len(union)
    assert whole.length.to_numpy() == pytest.approx(streets.length.to_numpy())


def test_what_is_wrong_is_told_with_the_streets():
    streets = layer([(0, 0), (100, 0)], [(50, -50), (50, 50)], [(70, 50), (70, 0.5)], [(900, 900), (900, 930)])
    notes, warnings = street_facts(streets, joined=False)
    assert notes == ["0.3 km of streets in 4 parts; the largest has 35.8% of the length"]
    assert "3 parts of the streets" in warnings[0]
    assert "s1 (100 m), s2 (50 m), s3 (30 m)" in warnings[0]
    assert "in 1 places" in warnings[1]
    assert "s0 / s1" in warnings[1]
    assert "1 ends of streets stop within 1 m" in warnings[2]
    assert "s2 / s0" in warnings[2]
    whole, _ = joined(streets, 1.0, PLACE)
    notes, warnings = street_facts(whole, joined=True)
    assert notes == ["0.3 km of streets in 2 parts; the largest has 89.3% of the length"]
    assert len(warnings) == 1


def test_study_toml_asks_for_it_and_everything_walks_on_it(tmp_path):
    """A planner's lines over the small county: one along the homes, one across it up to the north."""
    drawn = gpd.GeoDataFrame(
        {"id": ["a", "b"]},
        geometry=[shapely.LineString([at(0, 500), at(1000, 500)]), shapely.LineString([at(520, 100), at(520, 900)])],
        crs="EPSG:4547",
    )
    plain = check(open_study(make_county(tmp_path, streets=drawn)))
    assert any('[streets] meet = "crossings"' in warning for warning in plain.warnings)
    study = open_study(make_county(tmp_path, streets=drawn, toml=TOML + '\n[streets]\nmeet = "crossings"\n'))
    report = check(study)
    assert not any("common vertex" in warning or "hang together" in warning for warning in report.warnings)
    assert [repair.row for repair in report.repairs if repair.role == "streets"] == ["a", "b"]
    assert walked(study.layers.get("streets"), at(0, 500), at(520, 900)) == pytest.approx(920)
