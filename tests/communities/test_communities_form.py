import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from siteplan.access.network import Network
from siteplan.communities.form import NO_HOST, form, form_communities
from siteplan.communities.hosts import Walk, choose_nearest
from siteplan.errors import DataError
from siteplan.plans.plan import COMMUNITY_COLUMNS, MEMBER_COLUMNS
from siteplan.standards.library import load_standards
from siteplan.study.settings import DemandSettings

CRS = "EPSG:32648"
P002 = load_standards(["p002"]).formation()
STRAIGHT = Walk(network=None, detour_factor=1.3, snap_limit_m=500.0)


def sites(rows, **more):
    """Return a layer from (id, households, x, y)."""
    columns = {
        "id": [row[0] for row in rows],
        "name": [f"name of {row[0]}" for row in rows],
        "households": [float(row[1]) for row in rows],
        "resettlement": True,
    }
    return gpd.GeoDataFrame(columns | more, geometry=[Point(row[2], row[3]) for row in rows], crs=CRS)


def buildings(rows, **more):
    """Return demand from (id, households, x, y)."""
    households = np.array([float(row[1]) for row in rows])
    columns = {
        "building_id": [row[0] for row in rows],
        "households": households,
        "people": households * 3.52,
        "elderly": np.nan,
        "children": np.nan,
        "site_id": None,
        "community_id": None,
    }
    return gpd.GeoDataFrame(columns | more, geometry=[Point(row[2], row[3]) for row in rows], crs=CRS)


def one_each(layer):
    at = layer.geometry
    return buildings(list(zip("b-" + layer["id"], layer["households"], at.x, at.y, strict=True)))


def formed(layer, *, given=None, demand=None, walk=STRAIGHT, rules=P002, options=None):
    demand = one_each(layer) if demand is None else demand
    return form(layer, given, demand, rules=rules, walk=walk, settings=options or DemandSettings())


def streets(*lines):
    network = Network.from_streets(gpd.GeoDataFrame(geometry=[LineString(line) for line in lines], crs=CRS))
    return Walk(network=network, detour_factor=1.3, snap_limit_m=500.0)


def member(formation, site):
    return formation.members.set_index("site_id").loc[site]


def test_small_sites_join_the_nearest_large_one():
    layer = sites([("s1", 1200, 0, 0), ("s2", 300, 5000, 0), ("s3", 299, 1000, 0), ("s4", 20, 4000, 0)])
    layer["township_id"], layer["setting"], layer["key"] = ["t1", "t2", "t1", "t1"], "rural", [False, True, True, False]
    found = formed(layer)
    assert tuple(found.members.columns) == MEMBER_COLUMNS
    assert tuple(found.units.columns) == (*COMMUNITY_COLUMNS, "geometry")
    assert found.members["community_id"].tolist() == ["C-s1", "C-s2", "C-s1", "C-s2"]
    assert found.members["decided_by"].tolist() == ["S2-03", "S2-04", "S2-05", "S2-05"]
    assert found.members["metres"].tolist() == [0, 0, 1300, 1300]
    assert found.members["basis"].tolist() == ["own", "own", "straight line x 1.3", "straight line x 1.3"]
    units = found.units.set_index("id")
    assert units["households"].to_dict() == {"C-s1": 1499, "C-s2": 320}
    assert units["size_class"].tolist() == ["L", "M"]
    assert units["township_id"].tolist() == ["t1", "t2"]
    assert units["key"].tolist() == [False, True]
    assert units["resettlement"].tolist() == [True, True]
    assert units["name"].tolist() == ["name of s1", "name of s2"]
    assert units["construction"].isna().all()
    assert found.demand["community_id"].tolist() == ["C-s1", "C-s2", "C-s1", "C-s2"]
    assert found.demand["site_id"].tolist() == ["s1", "s2", "s3", "s4"]


def test_a_river_sends_a_site_to_the_host_that_a_street_leads_to():
    layer = sites([("near", 400, 0, 500), ("far", 400, 3000, 0), ("small", 50, 0, 0)])
    river = streets([(0, 0), (3000, 0)], [(0, 500), (6000, 500), (6000, 0), (3000, 0)])
    assert member(formed(layer), "small")["community_id"] == "C-near"
    over = member(formed(layer, walk=river), "small")
    assert (over["community_id"], over["metres"], over["basis"]) == ("C-far", 3000, "network")


def test_a_host_beyond_the_first_search_is_found_by_street():
    layer = sites([("near", 400, 0, 500), ("far", 400, 30000, 0), ("small", 50, 0, 0)])
    found = member(formed(layer, walk=streets([(0, 0), (30000, 0)], [(0, 500), (10, 500)])), "small")
    assert (found["community_id"], found["metres"], found["basis"]) == ("C-far", 30000, "network")


def test_without_a_host_on_its_streets_the_walk_is_straight_and_says_so():
    layer = sites([("a", 400, 0, 0), ("b", 400, 9000, 0), ("small", 50, 1000, 900)])
    parts = streets([(0, 0), (100, 0)], [(9000, 0), (8000, 0)], [(1000, 900), (1100, 900)])
    found = formed(layer, walk=parts)
    row = member(found, "small")
    assert row["community_id"] == "C-a"
    assert row["basis"] == "straight line x 1.3"
    assert row["metres"] == pytest.approx(1.3 * np.hypot(1000, 900))
    assert any("small" in note and "straight" in note for note in found.notes)


def test_of_hosts_equally_near_the_first_by_id_is_taken():
    layer = sites([("b", 400, 1000, 0), ("a", 400, -1000, 0), ("small", 50, 0, 0)])
    assert member(formed(layer), "small")["community_id"] == "C-a"
    noise = pd.DataFrame({"site_id": "s", "host_id": ["z", "a"], "metres": [10.0, 10.0 + 1e-9]})
    assert choose_nearest(noise)["host_id"].tolist() == ["a"]


def test_without_any_host_the_largest_site_hosts_all():
    found = formed(sites([("s1", 100, 0, 0), ("s3", 200, 900, 0), ("s2", 200, 500, 0)]))
    assert found.members["community_id"].tolist() == ["C-s2"] * 3
    assert found.members["decided_by"].tolist() == [NO_HOST] * 3
    assert found.units["decided_by"].tolist() == [NO_HOST]
    assert found.units["households"].tolist() == [500]
    assert found.units["size_class"].tolist() == ["M"]
    assert any("largest one hosts all" in note for note in found.notes)


def test_people_and_households_fill_in_one_another():
    layer = sites([("s1", np.nan, 0, 0), ("s2", 500, 9000, 0)], people=[1100.0, np.nan])
    found = formed(layer, options=DemandSettings(persons_per_household=4.0), demand=buildings([("b", 1, 0, 0)]))
    assert found.members["decided_by"].tolist() == ["S2-05", "S2-04"]
    assert found.units["households"].tolist() == [275 + 500]
    assert found.units["people"].tolist() == [1100 + 2000]
    with pytest.raises(DataError, match="neither households nor people"):
        formed(sites([("s1", np.nan, 0, 0)]), demand=buildings([("b", 1, 0, 0)]))


def test_elderly_and_children_stay_unknown_unless_shares_are_stated():
    layer = sites([("s1", 500, 0, 0), ("s2", 100, 9, 0)], elderly=[200.0, np.nan], children=[100.0, 30.0])
    unit = formed(layer).units.iloc[0]
    assert np.isnan(unit["elderly"])
    assert unit["children"] == 130
    shares = DemandSettings(persons_per_household=3.0, elderly_share=0.2, children_share=0.5)
    unit = formed(layer, options=shares).units.iloc[0]
    assert (unit["elderly"], unit["children"]) == (200 + 60, 130)


def test_given_communities_are_the_units():
    layer = gpd.GeoDataFrame(
        {"id": ["k1", "k2"], "name": ["one", "two"], "households": [np.nan, 70.0], "people": [np.nan, np.nan]},
        geometry=[box(0, 0, 100, 100), box(500, 0, 600, 100)],
        crs=CRS,
    )
    rows = [("b1", 10, 50, 50), ("b2", 20, 100, 50), ("b3", 30, 200, 50), ("b4", 70, 0, 50)]
    demand = buildings(rows, community_id=[None, None, "", "k2"])
    found = form(None, layer, demand, rules=P002, walk=STRAIGHT, settings=DemandSettings())
    assert found.demand["community_id"].tolist() == ["k1", "k1", "k1", "k2"]
    assert found.units["households"].tolist() == [60, 70]
    assert found.units["people"].tolist() == pytest.approx([60 * 3.52, 70 * 3.52])
    assert found.units["decided_by"].tolist() == ["given", "given"]
    assert found.units["resettlement"].tolist() == [False, False]
    assert tuple(found.members.columns) == MEMBER_COLUMNS
    assert found.members.empty
    assert any("100 m away" in note for note in found.notes)
    far = buildings([*rows, ("b9", 5, 200.01, 50)])
    with pytest.raises(DataError, match="b9"):
        form(None, layer, far, rules=P002, walk=STRAIGHT, settings=DemandSettings())


def test_sites_join_the_given_community_they_lie_in_and_others_the_nearest_host():
    areas = gpd.GeoDataFrame(
        {"id": ["k1"], "households": [900.0], "resettlement": [False]}, geometry=[box(0, 0, 100, 100)], crs=CRS
    )
    layer = sites([("in", 80, 50, 50), ("small", 60, 400, 50), ("large", 500, 9000, 0)])
    found = formed(layer, given=areas)
    assert found.members["community_id"].tolist() == ["k1", "k1", "C-large"]
    assert found.members["decided_by"].tolist() == ["given", "S2-05", "S2-04"]
    assert found.members["basis"].tolist() == ["inside", "straight line x 1.3", "own"]
    units = found.units.set_index("id")
    assert units["households"].to_dict() == {"k1": 960, "C-large": 500}
    assert units["resettlement"].tolist() == [True, True]
    assert found.demand["community_id"].tolist() == ["k1", "k1", "C-large"]
    clash = areas.assign(id="C-large")
    with pytest.raises(DataError, match="C-large"):
        formed(layer, given=clash)


def test_buildings_that_name_what_is_not_there_are_refused():
    layer = sites([("s1", 400, 0, 0)])
    for column in ("site_id", "community_id"):
        with pytest.raises(DataError, match=f"b1: 1 buildings have a {column}"):
            formed(layer, demand=buildings([("b1", 1, 0, 0)], **{column: ["nowhere"]}))


def test_a_building_follows_its_site_id_rather_than_the_nearest_site():
    layer = sites([("s1", 400, 0, 0), ("s2", 400, 5000, 0)])
    found = formed(layer, demand=buildings([("b1", 400, 0, 0), ("b2", 400, 0, 0)], site_id=["s2", None]))
    assert found.demand["community_id"].tolist() == ["C-s2", "C-s1"]


def test_differences_and_the_street_tier_are_told():
    layer = sites([("s1", 3000, 0, 0)])
    found = formed(layer, demand=buildings([("b1", 2999, 0, 0)]), rules=load_standards(["p000"]).formation())
    assert found.units["size_class"].tolist() == ["A"]
    assert any("sub-district" in note for note in found.notes)
    assert any("3000 and 2999" in note for note in found.notes)
    urban = formed(layer.assign(setting="urban"), rules=load_standards(["p003"]).formation())
    assert any("S3-19" in note and "not split" in note for note in urban.notes)


def test_a_community_is_built_when_the_last_of_its_sites_is():
    # s2 is too small for a community of its own and joins s1; s3 says nothing.
    layer = sites([("s1", 1200, 0, 0), ("s2", 50, 500, 0), ("s3", 1200, 9000, 0)]).assign(phase=[1.0, 3.0, np.nan])
    found = formed(layer)
    assert found.members["community_id"].tolist() == ["C-s1", "C-s1", "C-s3"]
    assert found.units["phase"].tolist() == [3, 1]
    assert found.units["phase"].dtype == np.int64
    # a given community says it itself
    area = gpd.GeoDataFrame({"id": ["k"], "phase": [2.0]}, geometry=[box(-10, -10, 600, 10)], crs=CRS)
    assert formed(layer, given=area).units.set_index("id")["phase"].to_dict() == {"k": 2, "C-s3": 1}
    with pytest.raises(DataError, match=r"phase 1.5 is no whole number") as caught:
        formed(layer.assign(phase=[1.0, 1.5, 1.0]))
    assert caught.value.row == "s2"


def test_nothing_to_form_from_is_refused():
    with pytest.raises(DataError, match="neither communities nor sites"):
        form(None, None, buildings([("b", 1, 0, 0)]), rules=P002, walk=STRAIGHT, settings=DemandSettings())


places = st.tuples(st.integers(0, 4).map(lambda x: 500 * x), st.integers(0, 4).map(lambda y: 500 * y))
towns = st.lists(st.tuples(st.sampled_from([0, 50, 299, 300, 700, 999, 1000, 2500]), places), min_size=1, max_size=9)
grid = [[(0, y), *((x, y) for x in range(500, 2001, 500))] for y in (0, 500, 1500)] + [[(0, 0), (0, 500), (0, 1500)]]


@settings(max_examples=50, deadline=None)
@examples(towns, st.booleans(), st.sampled_from(["p000", "p002", "p003"]))
def test_every_site_is_in_one_community_that_holds_its_host_and_no_household_is_lost(rows, network, profile):
    # contract: C18
    layer = sites([(f"s{k}", n, *at) for k, (n, at) in enumerate(rows)])
    found = formed(layer, walk=streets(*grid) if network else STRAIGHT, rules=load_standards([profile]).formation())
    assert found.members["site_id"].tolist() == layer["id"].tolist()
    assert set(found.members["community_id"]) == set(found.units["id"])
    assert found.units["id"].is_unique
    own = found.members[found.members["basis"] == "own"]
    assert sorted("C-" + own["site_id"]) == sorted(found.units["id"])
    assert ("C-" + own["site_id"] == own["community_id"]).all()
    assert found.units["households"].sum() == pytest.approx(layer["households"].sum())
    by_buildings = found.demand.groupby("community_id")["households"].sum()
    assert by_buildings.sum() == pytest.approx(layer["households"].sum())
    straight = found.members[found.members["basis"] == "straight line x 1.3"]
    at = layer.set_index("id").geometry
    for row in straight.itertuples():
        assert row.metres == pytest.approx(1.3 * at[row.site_id].distance(at[row.community_id[2:]]))


def test_a_study_forms_its_communities(tmp_path):
    from siteplan.study.study import open_study

    layer = sites([("s1", 400, 500000, 2900000), ("s2", 50, 501000, 2900000)])
    roads = gpd.GeoDataFrame({"id": ["r"]}, geometry=[LineString([(500000, 2900000), (501000, 2900000)])], crs=CRS)
    built = gpd.GeoDataFrame(
        {"id": ["b1", "b2"], "households": [400.0, 50.0], "site_id": ["s1", None]},
        geometry=[box(x, 2900000, x + 10, 2900010) for x in (500000, 501000)],
        crs=CRS,
    )
    for name, frame in (("sites", layer), ("streets", roads), ("buildings", built)):
        frame.to_file(tmp_path / "layers.gpkg", layer=name)
    entries = [
        f'[layers.{name}]\npath = "layers.gpkg"\nlayer = "{name}"\n' for name in ("sites", "streets", "buildings")
    ]
    text = '[study]\nname = "s"\nsetting = "rural"\n[standards]\nprofiles = ["p002"]\n' + "".join(entries)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    study = open_study(tmp_path)
    demand = buildings([("b1", 400, 500005, 2900005), ("b2", 50, 501005, 2900005)], community_id=["k", "k"])
    found = form_communities(study, demand.to_crs(study.crs))
    assert found.members["decided_by"].tolist() == ["S2-04", "S2-05"]
    assert found.members["metres"].tolist() == [0, pytest.approx(1000, abs=1e-3)]
    assert found.members["basis"].tolist() == ["own", "network"]
    assert found.units["households"].tolist() == [450]
    assert found.units["setting"].tolist() == ["rural"]
    assert found.units.crs == study.crs
    assert found.demand["community_id"].tolist() == ["C-s1", "C-s1"]
    assert found.notes
    assert "nearest" in found.notes[0]
