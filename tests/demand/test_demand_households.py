"""Households on buildings: given, spread, mixed; sums are conserved."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from siteplan.demand.households import COLUMNS, households_on_buildings, place_households
from siteplan.errors import DataError
from siteplan.layers.collection import Layers
from siteplan.study.settings import DemandSettings

CRS = "EPSG:32648"
NAN = float("nan")


def buildings(**columns):
    """A row of 10 m x 10 m buildings, 20 m apart."""
    n = len(next(iter(columns.values())))
    data = {"id": [f"b{k}" for k in range(n)], **columns}
    return gpd.GeoDataFrame(data, geometry=[box(20 * k, 0, 20 * k + 10, 10) for k in range(n)], crs=CRS)


def points(ids, x, **columns):
    return gpd.GeoDataFrame({"id": ids, **columns}, geometry=[Point(at, 0) for at in x], crs=CRS)


def one(**columns):
    return points(["s"], [0], **{name: [value] for name, value in columns.items()})


def test_counts_given_on_buildings_are_used_and_people_follow():
    demand = place_households(buildings(households=[2, 0, 3.5], people=[7, 0, NAN]))
    assert demand.basis == "given"
    assert tuple(demand.buildings.columns) == (*COLUMNS, "geometry")
    assert demand.buildings["building_id"].tolist() == ["b0", "b2"]
    assert demand.buildings["people"].tolist() == [7, pytest.approx(3.5 * 3.52)]
    assert demand.buildings["site_id"].isna().all()
    assert demand.buildings["elderly"].isna().all()


def test_people_alone_give_households():
    demand = place_households(buildings(people=[35.2]))
    assert demand.buildings["households"].tolist() == pytest.approx([10])


def test_total_goes_to_residential_buildings_by_floor_area():
    frame = buildings(use=["house", "yes", None, "school"], floors=[1, 3, NAN, 9])
    demand = place_households(frame, sites=one(households=60, people=200, elderly=20, children=40))
    assert demand.basis == "dasymetric"
    # 1 floor, 3 floors, 2 floors assumed
    assert demand.buildings["households"].tolist() == pytest.approx([10, 30, 20])
    assert demand.buildings["people"].sum() == pytest.approx(200)
    assert demand.buildings["elderly"].sum() == pytest.approx(20)
    assert demand.buildings["children"].tolist() == pytest.approx([40 / 6, 20, 40 / 3])
    assert any("2 assumed" in note for note in demand.notes)


def test_what_buildings_count_is_taken_from_the_total_before_it_is_spread():
    demand = place_households(buildings(households=[10, NAN, NAN], floors=[1, 1, 3]), sites=one(households=50))
    assert demand.basis == "mixed"
    assert demand.buildings["households"].tolist() == pytest.approx([10, 10, 30])


def test_site_id_speaks_before_place_and_the_nearest_site_last():
    frame = buildings(site_id=["far", None, None])
    sites = points(["near", "far"], [20, 500], households=[10, 20])
    demand = place_households(frame, sites=sites)
    assert demand.buildings["site_id"].tolist() == ["far", "near", "near"]
    assert demand.buildings["households"].tolist() == pytest.approx([20, 5, 5])


def test_communities_with_people_only_serve_where_there_are_no_sites():
    area = gpd.GeoDataFrame({"id": ["c"], "people": [352.0]}, geometry=[box(-5, -5, 25, 25)], crs=CRS)
    demand = place_households(buildings(floors=[1, 1]), communities=area)
    assert demand.buildings["households"].sum() == pytest.approx(100)
    assert demand.buildings["community_id"].tolist() == ["c", "c"]


def test_shares_of_the_settings_count_elderly_where_no_layer_does():
    demand = place_households(buildings(people=[100]), settings=DemandSettings(elderly_share=0.2))
    assert demand.buildings["elderly"].tolist() == pytest.approx([20])
    assert demand.buildings["children"].isna().all()


def test_a_study_is_asked_for_its_layers_and_settings():
    layers = Layers(crs=CRS, vectors={"buildings": buildings(use=["barn", "house"]), "sites": one(households=8)})
    study = SimpleNamespace(layers=layers, settings=SimpleNamespace(demand=DemandSettings()))
    demand = households_on_buildings(study)
    assert demand.buildings["building_id"].tolist() == ["b1"]
    assert repr(demand) == "Demand(1 buildings, 8 households, 28 people, dasymetric)"


def test_a_total_without_residential_buildings_is_refused():
    with pytest.raises(DataError, match="sites, s: 8 households, but no residential building"):
        place_households(buildings(use=["school"]), sites=one(households=8))


def test_counts_above_the_total_are_refused_where_something_is_left_to_fill():
    with pytest.raises(DataError, match="buildings hold 9 households, but the total is 8"):
        place_households(buildings(households=[9, NAN]), sites=one(households=8))


def test_counts_on_every_building_stand_against_another_total_and_say_so():
    demand = place_households(buildings(households=[9, 1]), sites=one(households=8))
    assert demand.buildings["households"].sum() == 10
    assert any("are used, not the total" in note for note in demand.notes)


def test_no_count_at_all_is_refused():
    with pytest.raises(DataError, match="nothing says how many households"):
        place_households(buildings(floors=[1.0]))


def test_an_unknown_site_id_is_refused():
    with pytest.raises(DataError, match="buildings, b0: site_id is x"):
        place_households(buildings(site_id=["x"]), sites=one(households=8))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_sums_are_conserved_for_every_site(data):
    # contract: C18
    sites = data.draw(st.integers(1, 4))
    count = data.draw(st.integers(sites, 25))
    member = [
        *range(sites),
        *data.draw(st.lists(st.integers(0, sites - 1), min_size=count - sites, max_size=count - sites)),
    ]
    floors = data.draw(st.lists(st.sampled_from([1.0, 2.5, 33.0, NAN]), min_size=count, max_size=count))
    totals = data.draw(st.lists(st.floats(0.01, 1e7), min_size=sites, max_size=sites))
    people = data.draw(st.lists(st.floats(0.01, 1e7), min_size=sites, max_size=sites))
    frame = buildings(site_id=[f"s{k}" for k in member], floors=floors)
    layer = points([f"s{k}" for k in range(sites)], range(sites), households=totals, people=people)
    got = place_households(frame, sites=layer).buildings.groupby("site_id")[["households", "people"]].sum().sort_index()
    np.testing.assert_allclose(got["households"], totals, rtol=1e-9)
    np.testing.assert_allclose(got["people"], people, rtol=1e-9)


def test_people_and_elderly_of_a_unit_are_kept_where_only_some_buildings_count_them():
    frame = buildings(households=[10, NAN, NAN], people=[20, NAN, NAN], elderly=[5, NAN, NAN])
    demand = place_households(frame, sites=one(households=100, people=350, elderly=50))
    assert demand.buildings["people"].tolist() == pytest.approx([20, 165, 165])
    assert demand.buildings["elderly"].tolist() == pytest.approx([5, 22.5, 22.5])
    assert not any("assumed" in note for note in demand.notes if note.startswith("people"))


def test_more_people_in_some_buildings_than_in_their_unit_is_an_error():
    frame = buildings(households=[10, NAN], people=[400, NAN])
    with pytest.raises(DataError, match="buildings count 400 people, but the total is 350") as error:
        place_households(frame, sites=one(households=100, people=350))
    assert (error.value.path, error.value.row) == ("sites", "s")


def test_a_building_drawn_as_a_point_weighs_as_much_as_the_mean_of_the_others():
    frame = buildings(floors=[2, 4, 2])
    frame.geometry = [*frame.geometry[:2], Point(50, 5)]
    demand = place_households(frame, sites=one(households=90))
    assert demand.buildings["households"].tolist() == pytest.approx([20, 40, 30])
    assert any("1 buildings are drawn as points" in note and "300 m2" in note for note in demand.notes)


def test_people_of_buildings_without_a_household_are_told():
    demand = place_households(buildings(households=[2, 0], people=[7, 5]))
    assert demand.buildings["people"].tolist() == [7]
    assert "1 buildings have people but no household: 5 people left out" in demand.notes


def test_what_sites_do_not_count_comes_from_the_communities_that_do():
    frame = buildings(households=[NAN, NAN], floors=[1, 3])
    communities = points(["c"], [0], elderly=[8.0], people=[80.0])
    demand = place_households(frame, sites=one(households=20), communities=communities)
    assert demand.buildings["households"].tolist() == pytest.approx([5, 15])
    assert demand.buildings["people"].tolist() == pytest.approx([20, 60])
    assert demand.buildings["elderly"].tolist() == pytest.approx([2, 6])
    given = place_households(buildings(households=[2, 6]), communities=points(["c"], [0], elderly=[4.0]))
    assert given.buildings["elderly"].tolist() == pytest.approx([1, 3])
