"""Candidates found by rules: each rule on a map small enough to see through."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy import sparse
from shapely import LineString, Point, box

from siteplan.candidates.found import COLUMNS, CandidateRules, _spread, find_candidates
from siteplan.layers.roles import ROLES

CRS = "EPSG:32648"
RULES = CandidateRules()


def frame(geometry, **columns):
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=CRS)


def layers(**other):
    """One community of 1 km x 1 km, a street through its middle, homes along the north of it."""
    homes = [box(x, 560, x + 10, 570) for x in range(100, 900, 50)]
    public = [box(500, 300, 520, 310), box(600, 300, 605, 305), box(700, 300, 720, 310), box(800, 300, 820, 310)]
    given = {
        "buildings": frame(
            homes + public,
            id=[f"h{k:02d}" for k in range(len(homes))] + ["public", "small", "church", "police"],
            use=["house"] * len(homes) + ["public", "public", "church", "public"],
            floors=[2.0] * len(homes) + [3.0, 3.0, 3.0, 3.0],
            households=[2.0] * len(homes) + [0.0] * 4,
        ),
        "streets": frame([LineString([(0, 500), (1000, 500)])], name=["人民路"], highway=["residential"]),
        "communities": frame([box(0, 0, 1000, 1000)], id=["c"]),
        "facilities": frame([Point(810, 305)], id=["f"]),
    }
    return given | other


def test_the_contract_of_the_role_is_met():
    found = find_candidates(**layers(), settings=CandidateRules(max_per_community=6))
    assert tuple(found.columns) == (*COLUMNS, "geometry")
    assert {column.name for column in ROLES["candidates"].columns} <= set(found.columns)
    assert found["id"].is_unique
    assert found["basis"].str.startswith("assumed: ").all()
    assert len(found) == 6
    assert set(found["community_id"]) == {"c"}


def test_only_large_free_public_buildings_are_converted():
    found = find_candidates(**layers())
    convert = found[found["kind"] == "convert"]
    assert convert["id"].tolist() == ["convert-public"]  # one is small, one a church, one holds the police
    assert convert["floor_capacity_m2"].tolist() == [20 * 10 * 3 / 2]
    assert convert["land_m2"].tolist() == [0]


def test_a_building_with_households_is_not_converted():
    given = layers()
    given["buildings"].loc[given["buildings"]["id"] == "public", "households"] = 3.0
    assert "convert" not in set(find_candidates(**given)["kind"])


def test_parcels_touch_nothing_and_lie_in_the_community():
    pond = frame([box(200, 400, 300, 499)], kind=["water"])
    given = layers()
    found = find_candidates(**given, landuse=pond)
    squares = found[found["kind"] == "build"].geometry
    assert (found.loc[squares.index, "floor_capacity_m2"] == 900).all()
    np.testing.assert_allclose(squares.area, 900)
    for other in (given["buildings"], given["streets"], pond):
        assert (squares.distance(shapely.union_all(other.geometry.array)) >= RULES.clearance_m).all()
    assert squares.covered_by(given["communities"].geometry[0]).all()
    assert (squares.distance(given["streets"].geometry[0]).round(6) == RULES.setback_m).all()


def test_parcels_lie_apart_and_near_households():
    found = find_candidates(**layers())
    centres = shapely.get_coordinates(found.geometry.centroid)
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    assert apart[~np.eye(len(found), dtype=bool)].min() >= 2 * RULES.side_m


def test_no_place_is_found_where_there_is_none():
    paved = frame([box(0, 0, 1000, 1000)], kind=["used"])
    found = find_candidates(**layers(), landuse=paved)
    assert found["kind"].tolist() == ["convert"]
    empty = find_candidates(**layers(communities=frame([box(5000, 0, 6000, 1000)], id=["far"])))
    assert empty.empty
    assert tuple(empty.columns) == (*COLUMNS, "geometry")


def test_the_order_of_rows_does_not_matter():
    given = layers()
    turned = given | {"buildings": given["buildings"].iloc[::-1].reset_index(drop=True)}
    assert find_candidates(**given).equals(find_candidates(**turned))


def test_each_community_has_its_own():
    halves = frame([box(0, 0, 500, 1000), box(500, 0, 1000, 1000)], id=["west", "east"])
    found = find_candidates(**layers(communities=halves), settings=CandidateRules(max_per_community=4, max_convert=1))
    assert found.groupby("community_id").size().to_dict() == {"west": 4, "east": 4}
    west = found[found["community_id"] == "west"]
    assert west.geometry.covered_by(halves.geometry[0]).all()


def test_layers_in_degrees_or_of_several_systems_are_refused():
    given = layers()
    with pytest.raises(ValueError, match="one metric coordinate system"):
        find_candidates(**(given | {"streets": given["streets"].to_crs(4326)}))
    with pytest.raises(ValueError, match="one metric coordinate system"):
        find_candidates(**{name: layer.to_crs(4326) for name, layer in given.items()})


def test_spread_covers_most_households_first_then_the_farthest():
    points = np.array([[0.0, 0], [10, 0], [100, 0], [105, 0]])
    none = np.empty((0, 2))

    def near(*rows: list[int]) -> sparse.csr_array:
        return sparse.csr_array(np.array(rows, dtype=float))

    # homes 0 and 1 lie near the first two points, home 2 near the last two: after point 1 only home 2 is left
    twice = near([1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1])
    assert _spread(points, twice, np.array([3.0, 1, 2]), 2, none, 1).tolist() == [1, 2]
    # everybody is covered after two: the third is the farthest from those, the gap keeps the fourth out
    assert _spread(points, twice, np.array([3.0, 1, 2]), 4, none, 8).tolist() == [1, 2, 0]
    # a point without households near it is never chosen while others have some
    assert _spread(points, near([1], [0], [0], [1]), np.array([1.0]), 4, none, 1).tolist() == [0, 3]
    # nobody anywhere: the farthest from what was taken before
    assert _spread(points, sparse.csr_array((4, 0)), np.zeros(0), 2, np.array([[0.0, 0]]), 1).tolist() == [3, 1]
