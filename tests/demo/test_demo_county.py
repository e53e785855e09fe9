"""The demo county's layers: every promise of siteplan.demo.synthetic, checked on the layers themselves."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import cKDTree

from siteplan.demo.synthetic import demo_layers, fingerprint, unmeetable
from siteplan.layers.roles import ROLES

pytestmark = pytest.mark.once

DEFAULT_FINGERPRINT = "30219ca8d56013314f122917e087c68b17b3bdbbde55c1fbb72494d4a55ed5f3"
RESIDENTIAL = {"residential", "house"}


@pytest.fixture(scope="module")
def county():
    return demo_layers()


def street_graph(streets):
    """Return the street graph by shared vertices: nodes (n, 2) and the shortest-path matrix's sparse form."""
    xy, row = shapely.get_coordinates(streets.geometry.to_numpy(), return_index=True)
    nodes, node = np.unique(np.round(xy, 2), axis=0, return_inverse=True)
    same = row[1:] == row[:-1]
    start, end = node[:-1][same], node[1:][same]
    length = np.hypot(*(nodes[start] - nodes[end]).T)
    return nodes, coo_array((length, (start, end)), shape=(len(nodes), len(nodes))).tocsr()


def check_contract(layers):
    """Ids, columns, values and references."""
    assert set(layers) == {
        "boundary", "townships", "sites", "buildings", "streets", "candidates", "facilities", "farmland", "exclusions",
    }  # fmt: skip
    for role, layer in layers.items():
        assert layer["id"].is_unique
        assert layer["id"].notna().all()
        assert layer.crs.to_epsg() == 4545
        assert layer.geometry.is_valid.all()
        assert not layer.geometry.is_empty.any()
        wanted = {"line": {"LineString"}, "polygon": {"Polygon"}}.get(ROLES[role].shape, {"Polygon", "Point"})
        assert set(layer.geom_type) <= wanted
        for column in ROLES[role].columns:
            if column.name not in layer:
                assert not column.required
                continue
            values = layer[column.name]
            assert values.notna().all()
            if column.kind == "number":
                assert pd.api.types.is_numeric_dtype(values)
                assert (values >= column.minimum).all()
            elif column.kind == "flag":
                assert values.dtype == bool
            if column.values:  # noqa: PD011 - a tuple of the contract
                assert set(values) <= set(column.values)
    sites = set(layers["sites"]["id"])
    assert layers["sites"]["name"].is_unique
    assert layers["townships"]["name"].is_unique
    assert set(layers["sites"]["township_id"]) <= set(layers["townships"]["id"])
    for role in ("buildings", "candidates", "facilities"):
        assert set(layers[role]["site_id"]) <= sites


def check_people(layers):
    """Households and people add up, per site."""
    sites, buildings = layers["sites"].set_index("id"), layers["buildings"]
    sums = buildings.groupby("site_id")[["households", "people"]].sum()
    assert (sums["households"] == sites["households"]).all()
    assert (sums["people"] == sites["people"]).all()
    homes = buildings[buildings["use"].isin(RESIDENTIAL)]
    assert (homes["households"] >= 1).all()
    assert (homes["people"] >= 1).all()
    assert (buildings.loc[~buildings["use"].isin(RESIDENTIAL), "households"] == 0).all()
    assert set(homes.loc[homes["use"] == "residential", "floors"]) <= {6}
    assert set(homes.loc[homes["use"] == "house", "floors"]) <= {2, 3}
    assert (sites["elderly"] + sites["children"] < sites["people"]).all()


def check_origins(layers):
    """Each site has two to six origin villages, each in one run of buildings."""
    homes = layers["buildings"][layers["buildings"]["use"].isin(RESIDENTIAL)]
    for _site, group in homes.groupby("site_id"):
        villages = group["origin_village"].to_numpy()
        runs = 1 + int((villages[1:] != villages[:-1]).sum())
        assert runs == len(set(villages))
        assert 2 <= runs <= 6 or len(group) < 2


def check_ground(layers):
    """Nothing overlaps, leaves the county or stands in the water."""
    county = layers["boundary"].geometry.iloc[0]
    shapely.prepare(county)
    for role in ("sites", "buildings", "candidates", "facilities"):
        assert shapely.covers(county, layers[role].geometry.to_numpy()).all()
    shapes = layers["buildings"].geometry.to_numpy()
    assert not overlaps(shapes)
    assert not overlaps(layers["farmland"].geometry.to_numpy())
    parcels = layers["candidates"].query("kind == 'build'").geometry.to_numpy()
    assert not overlaps(np.concatenate([parcels, shapes]))
    assert not overlaps(np.concatenate([layers["farmland"].geometry.to_numpy(), shapes]))
    water = layers["exclusions"].query("kind == '河道管理范围'").geometry.to_numpy()
    tree = shapely.STRtree(water)
    assert tree.query(np.concatenate([shapes, parcels]), predicate="intersects").size == 0
    streets = shapely.STRtree(layers["streets"].geometry.to_numpy())
    assert streets.query(shapes, predicate="intersects").size == 0
    assert streets.query(layers["farmland"].geometry.to_numpy(), predicate="crosses").size == 0
    townships = layers["townships"].geometry.to_numpy()
    assert not overlaps(townships)
    assert shapely.area(townships).sum() == pytest.approx(county.area, rel=1e-9)


def overlaps(shapes):
    """Return whether any two polygons share ground."""
    a, b = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = a < b
    return bool((shapely.area(shapely.intersection(shapes[a[pairs]], shapes[b[pairs]])) > 0.5).any())


def check_streets(layers):
    """The network is one, and lines meet only at shared vertices."""
    nodes, graph = street_graph(layers["streets"])
    assert connected_components(graph, directed=False)[0] == 1
    lines = layers["streets"].geometry.to_numpy()
    a, b = shapely.STRtree(lines).query(lines, predicate="crosses")
    assert not (a < b).any()
    a, b = shapely.STRtree(lines).query(lines, predicate="intersects")
    pairs = a < b
    met = shapely.get_coordinates(shapely.intersection(lines[a[pairs]], lines[b[pairs]]))
    away, _node = cKDTree(nodes).query(met)
    assert away.max() < 0.01
    middles = shapely.get_coordinates(shapely.centroid(layers["buildings"].geometry.to_numpy()))
    to_street = shapely.STRtree(lines).query_nearest(shapely.points(middles), return_distance=True, all_matches=False)[
        1
    ]
    assert to_street.max() < 60


def check_candidates(layers):
    """Fifteen candidates a site, sensible figures, all inside their site."""
    candidates = layers["candidates"]
    assert (candidates.groupby("site_id").size() >= 15).all()
    assert candidates["site_id"].nunique() == len(layers["sites"])
    convert, build = candidates[candidates["kind"] == "convert"], candidates[candidates["kind"] == "build"]
    assert (convert[["land_m2", "storeys", "land_cost_per_m2_yuan"]] == 0).all(axis=None)
    assert (convert["floor_capacity_m2"] > 0).all()
    assert convert["cost_per_m2_yuan"].between(900, 1500).all()
    open_ground = build["types"] == "outdoor_square;shelter"
    assert (build["land_m2"] > 0).all()
    assert build.loc[~open_ground, "cost_per_m2_yuan"].between(2200, 3200).all()
    roofed = build[~open_ground]
    assert (roofed["floor_capacity_m2"] <= roofed["land_m2"] * roofed["storeys"]).all()
    assert (candidates["basis"] == "given").all()
    assert (build["land_m2"] <= build.geometry.area + 1).all()
    own = layers["sites"].set_index("id").geometry.reindex(candidates["site_id"]).to_numpy()
    assert shapely.covers(own, candidates.geometry.to_numpy()).all()


ALL_CHECKS = (
    check_contract, check_people, check_origins, check_ground, check_streets, check_candidates,
)  # fmt: skip


@pytest.mark.parametrize("check", ALL_CHECKS, ids=lambda check: check.__name__)
def test_default_county(county, check):
    check(county)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**31), sites=st.integers(1, 4))
def test_tiny_counties_of_any_seed(seed, sites):
    layers = demo_layers(sites=sites, seed=seed)
    for check in ALL_CHECKS:
        check(layers)


@pytest.mark.parametrize(("sites", "households", "seed"), [(20, 300, 1), (160, None, 5), (8, 9000, 2)])
def test_other_counties(sites, households, seed):
    layers = demo_layers(sites=sites, households=households, seed=seed)
    assert households is None or layers["sites"]["households"].sum() == households
    for check in ALL_CHECKS:
        check(layers)


@pytest.mark.parametrize("seed", range(2, 10))
def test_default_size_of_other_seeds(seed):
    layers = demo_layers(seed=seed)
    for check in ALL_CHECKS:
        check(layers)
    assert set(unmeetable(layers)) == {"cramped", "remote"}


def test_fingerprint_of_the_default_is_fixed(county):
    assert fingerprint(county) == DEFAULT_FINGERPRINT


def test_fingerprint_changes_with_seed_and_with_content_but_not_with_order(county):
    base = fingerprint(county)
    assert fingerprint(demo_layers(seed=2)) != base
    turned = {role: county[role].iloc[::-1].reset_index(drop=True) for role in reversed(list(county))}
    assert fingerprint(turned) == base
    moved = dict(county)
    moved["facilities"] = county["facilities"].set_geometry(county["facilities"].translate(0.2))
    assert fingerprint(moved) != base
    changed = dict(county)
    changed["buildings"] = county["buildings"].assign(households=county["buildings"]["households"] + 1)
    assert fingerprint(changed) != base


def test_coordinates_are_in_the_zone_and_round(county):
    west, south, east, north = county["boundary"].to_crs(4490).total_bounds
    zone = pyproj.CRS("EPSG:4545").area_of_use
    assert zone.west < west < east < zone.east
    assert 32.4 < south < north < 33.2
    for layer in county.values():
        xy = shapely.get_coordinates(layer.geometry.to_numpy())
        assert np.abs(xy - np.round(xy, 2)).max() == 0


def test_town_couples_sites_and_holds_a_tenth_of_all_buildings(county):
    """Homes and candidates within 300 m of straight line are joined, as a health station serving anyone joins them."""
    homes = county["buildings"][county["buildings"]["households"] > 0]
    places = county["candidates"].geometry.centroid
    h = np.column_stack([homes.geometry.centroid.x, homes.geometry.centroid.y])
    c = np.column_stack([places.x, places.y])
    graph = nx.Graph()
    for i, near in enumerate(cKDTree(c).query_ball_point(h, 300)):
        graph.add_edges_from((("home", i), ("candidate", j)) for j in near)
    largest = max(nx.connected_components(graph), key=len)
    members = homes.iloc[[i for kind, i in largest if kind == "home"]]
    assert len(members) >= 0.1 * len(homes)
    assert members["site_id"].nunique() >= 3


def test_cramped_site_cannot_have_its_centre(county):
    ident = unmeetable(county)["cramped"]
    site = county["sites"].set_index("id").loc[ident]
    own = county["candidates"].query("site_id == @ident")
    assert site["setting"] == "rural"
    assert site["construction"] == "new"
    assert site["households"] >= 300
    assert site["people"] >= 1000
    assert (own["kind"] == "convert").all()
    assert own["floor_capacity_m2"].max() < 40
    assert own["floor_capacity_m2"].sum() < 400
    assert not county["facilities"].query("site_id == @ident and type == 'service_centre'").size


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_no_other_site_attaches_to_the_cramped_one(seed):
    layers = demo_layers(seed=seed)
    sites = layers["sites"]
    ident = unmeetable(layers)["cramped"]
    nodes, graph = street_graph(layers["streets"])
    middle = sites.geometry.centroid
    _away, node = cKDTree(nodes).query(np.column_stack([middle.x, middle.y]))
    walk = dijkstra(graph, directed=False, indices=node)[:, node]
    for hosts in (sites["households"] >= 300, sites["people"] >= 1000):
        rows = np.flatnonzero(hosts)
        for k in np.flatnonzero(~hosts):
            assert sites["id"].iloc[rows[np.argmin(walk[k, rows])]] != ident


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_remote_hamlet_is_out_of_reach_of_everything(seed):
    layers = demo_layers(seed=seed)
    ident = unmeetable(layers)["remote"]
    site = layers["sites"].set_index("id").geometry[ident]
    homes = layers["buildings"].query("site_id == @ident")
    hamlet = homes[~homes.within(site)]
    assert 2 <= len(hamlet) < len(homes) / 2
    nodes, graph = street_graph(layers["streets"])
    tree = cKDTree(nodes)
    places = pd.concat([layers["candidates"].geometry.centroid, layers["facilities"].geometry])
    _a, start = tree.query(np.column_stack([hamlet.geometry.centroid.x, hamlet.geometry.centroid.y]))
    _b, end = tree.query(np.column_stack([places.x, places.y]))
    walk = dijkstra(graph, directed=False, indices=np.unique(start))[:, end]
    assert walk.min() > 3000


def test_budgets_are_short_in_some_townships_and_ample_in_others(county):
    """5,500 yuan a household is about what a plan of this county costs where money is no limit."""
    households = county["sites"].groupby("township_id")["households"].sum()
    budget = county["townships"].set_index("id")["budget_yuan"].reindex(households.index)
    share = budget / (5500 * households)
    assert (share < 0.9).any()
    assert (share > 2).any()
    assert (county["townships"]["budget_yuan"] > 0).all()


def test_county_is_hard_enough(county):
    candidates = county["candidates"]
    assert set(candidates["state"]) == {"free", "required", "forbidden"}
    assert candidates["types"].str.contains(";").mean() > 0.1
    rooms = candidates[(candidates["kind"] == "convert")]["floor_capacity_m2"]
    assert (rooms < 400).mean() > 0.8  # one room cannot hold a centre with everything
    assert set(county["sites"]["setting"]) == {"urban", "rural"}
    assert set(county["sites"]["construction"]) == {"new", "existing"}
    assert {"永久基本农田", "生态保护红线", "地质灾害隐患点", "水源保护区"} <= set(county["exclusions"]["kind"])
    centres = county["facilities"].query("type == 'service_centre'")
    assert (centres["area_m2"] < 400).all()
    assert {"service_centre", "police_station", "health_station", "outdoor_square"} <= set(county["facilities"]["type"])
    assert len(county["farmland"]) > 20


def test_forbidden_candidates_lie_under_a_hazard(county):
    hazards = county["exclusions"].query("kind == '地质灾害隐患点'")
    forbidden = county["candidates"].query("state == 'forbidden'")
    joined = gpd.sjoin(forbidden, hazards, predicate="intersects")
    assert set(joined["id_left"]) == set(forbidden["id"])
    assert not gpd.sjoin(county["buildings"], hazards, predicate="intersects").size
