"""Layers shifted as web maps shift them: caught by the pattern of the shift, and never seen where there is none."""

import geopandas as gpd
import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from real_counties import FIVE, counties
from shifted_town import CRS, shown_in, town

from siteplan.demo.synthetic import demo_layers
from siteplan.layers.columns import conform
from siteplan.layers.offset import MOST_ROWS, evidence, fits
from siteplan.layers.read import read_layer

LAEA = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=35 +lon_0=110 +datum=WGS84 +type=crs"


def against(layers, role, other="streets", crs=CRS):
    found = [fit for fit in fits(layers, pyproj.CRS.from_user_input(crs)) if (fit.role, fit.against) == (role, other)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("role", ["buildings", "facilities"])
@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_a_shifted_layer_is_caught_with_its_datum(role, datum):
    true = town(rows=28)
    assert against(true, role).verdict == "fits"
    fit = against(true | {role: shown_in(true[role], datum)}, role)
    assert (fit.verdict, fit.datum, fit.other) == ("shifted", datum, False)
    assert fit.taken_back <= 0.02 * fit.rows < fit.as_is
    assert fit.turned[0] > fit.taken_back
    assert fit.chance < 1e-4
    assert 300 < fit.metres[0] <= fit.metres[1] < 1400


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_streets_that_are_shifted_are_told_from_buildings_that_are(datum):
    true = town()
    fit = against(true | {"streets": shown_in(true["streets"], datum)}, "buildings")
    assert (fit.verdict, fit.datum, fit.other) == ("shifted", datum, True)


def test_layers_shifted_together_fit_one_another_and_the_boundary_does_not_tell():
    true = town()
    both = {role: frame if role == "boundary" else shown_in(frame, "gcj02") for role, frame in true.items()}
    assert against(both, "buildings").verdict == "fits"
    assert against(both, "buildings", "boundary").verdict == "unknown"


def far_apart():
    """Twelve hamlets over a thousand kilometres, in one system: the shift differs by hundreds of metres between them."""
    places = [(x, y) for x in range(-500, 501, 250) for y in (-400, 0, 400)][:12]
    layers = {"buildings": [], "streets": []}
    for k, (x, y) in enumerate(places):
        hamlet = town(rows=2, seed=k)
        for role, parts in layers.items():
            parts.append(hamlet[role].geometry.translate(x * 1000 - 545_000, y * 1000 - 2_900_000))
    return {
        role: gpd.GeoDataFrame(
            {"id": [f"{role}{k}" for k in range(sum(map(len, parts)))]},
            geometry=np.concatenate([part.to_numpy() for part in parts]),
            crs=LAEA,
        )
        for role, parts in layers.items()
    }


def test_it_is_the_field_that_fits_and_not_one_displacement():
    true = far_apart()
    shown = true | {"buildings": shown_in(true["buildings"], "gcj02")}
    fit = against(shown, "buildings", crs=LAEA)
    assert (fit.verdict, fit.datum, fit.taken_back) == ("shifted", "gcj02", 0)
    assert fit.metres[1] - fit.metres[0] > 200
    before, after = (shapely.get_coordinates(one["buildings"].centroid) for one in (true, shown))
    mean = (before - after).mean(axis=0)  # what a comparison of means would move all rows by
    moved = shown | {"buildings": shown["buildings"].set_geometry(shown["buildings"].translate(*mean))}
    crossed = shapely.STRtree(true["streets"].geometry).query(moved["buildings"].geometry, predicate="intersects")[0]
    assert len(np.unique(crossed)) > 20


@pytest.fixture(scope="module")
def county():
    """The demonstration county: villages in valleys, with so few streets that a shifted building meets none."""
    return {role: conform(frame, role)[0] for role, frame in demo_layers().items()}


def test_the_demonstration_county_is_where_it_is(county):
    found = {(fit.role, fit.against): fit for fit in fits(county, county["boundary"].crs)}
    assert all(fit.datum is None for fit in found.values())
    assert found["buildings", "streets"].verdict == "fits"
    assert found["buildings", "streets"].by == "far"


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_where_streets_are_few_distances_give_a_hint(county, datum):
    crs = county["boundary"].crs
    fit = against(county | {"streets": shown_in(county["streets"], datum)}, "buildings", crs=crs)
    assert (fit.verdict, fit.datum, fit.other, fit.by) == ("perhaps", datum, True, "far")
    assert "lie more than 50 m from any street" in evidence(fit)
    shown = county | {"buildings": shown_in(county["buildings"], datum)}
    assert against(shown, "buildings", "sites", crs).verdict == "shifted"
    assert against(shown, "buildings", crs=crs).datum == datum


@pytest.mark.parametrize("metres", [(560, -180), (-400, 300), (0, 250)])
def test_another_shift_is_not_called_that_of_a_web_map(metres):
    true = town()
    moved = true["buildings"].set_geometry(true["buildings"].translate(*metres))
    fit = against(true | {"buildings": moved}, "buildings")
    assert fit.verdict in {"unknown", "fits"}
    assert fit.datum is None


@pytest.mark.parametrize("seed", range(8))
def test_no_town_as_it_is_looks_shifted(seed):
    true = town(rows=5, seed=seed)
    assert all(fit.datum is None for fit in fits(true, pyproj.CRS.from_user_input(CRS)))


def test_too_few_rows_tell_nothing():
    true = town()
    few = {"streets": true["streets"], "buildings": shown_in(true["buildings"].iloc[:6], "gcj02")}
    assert against(few, "buildings").verdict in {"unknown", "perhaps"}


def test_long_layers_are_sampled():
    true = town()
    many = gpd.GeoDataFrame(geometry=np.tile(true["buildings"].geometry.to_numpy(), 40), crs=CRS)
    many["id"] = many.index.astype(str)
    assert len(many) > MOST_ROWS
    fit = against({"streets": true["streets"], "buildings": shown_in(many, "gcj02")}, "buildings")
    assert fit.rows <= MOST_ROWS
    assert fit.verdict == "shifted"


def test_rows_outside_the_community_that_they_name():
    cells = [
        shapely.box(545_000 + 900 * i, 2_900_000 + 900 * j, 545_900 + 900 * i, 2_900_900 + 900 * j)
        for i in range(6)
        for j in range(6)
    ]
    communities = gpd.GeoDataFrame({"id": [f"c{k}" for k in range(36)]}, geometry=cells, crs=CRS)
    random = np.random.default_rng(1)
    corners = np.array([cell.bounds[:2] for cell in cells]).repeat(12, axis=0)
    points = shapely.points(corners + random.uniform(5, 895, corners.shape))
    homes = gpd.GeoDataFrame(
        {
            "id": np.arange(len(points)).astype(str),
            "community_id": communities["id"].repeat(12).to_numpy(),
            "site_id": None,
        },
        geometry=points,
        crs=CRS,
    )
    assert against({"communities": communities, "buildings": homes}, "buildings", "communities").verdict == "fits"
    fit = against({"communities": communities, "buildings": shown_in(homes, "gcj02")}, "buildings", "communities")
    assert (fit.verdict, fit.datum) == ("shifted", "gcj02")
    assert fit.as_is > 100
    assert fit.taken_back == 0


@pytest.mark.real_data
def test_places_labelled_wgs84_fit_their_counties_only_when_taken_back(real_data):
    """494 townships and villages of Liuzhi, Ankang and Chifeng against the outlines of their counties."""
    path = real_data / "import_cn" / "places_gbk.shp"
    places, _notes = read_layer(path, "townships", columns={"id": "行政代码", "name": "名称"})
    places["id"] = places["id"].str.replace("^610928", "610981", regex=True)  # Xunyang became a city
    outlines = counties(sum(FIVE.values(), ()))
    layers = {"townships": places.to_crs(LAEA), "boundary": outlines.to_crs(LAEA)}
    fit = against(layers, "townships", "boundary", LAEA)
    assert (fit.rows, fit.as_is, fit.taken_back, fit.worse) == (494, 4, 0, 0)
    assert (fit.verdict, fit.datum, fit.other) == ("perhaps", "gcj02", False)  # four rows in 494: no proof
    assert fit.chance == pytest.approx(1 / 16)


@pytest.mark.real_data
@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_guixi_shifted_and_as_it_is(real_data, datum):
    file = real_data / "guixi" / "guixi.gpkg"
    layers = {role: pyogrio.read_dataframe(file, layer=name).to_crs(32650) for role, name in
              (("buildings", "buildings"), ("streets", "roads"), ("facilities", "facilities"), ("boundary", "boundary"))}  # fmt: skip
    for frame in layers.values():
        frame["id"] = frame.index.astype(str)
    assert all(fit.datum is None for fit in fits(layers, pyproj.CRS.from_epsg(32650)))
    assert against(layers, "buildings", crs=32650).verdict == "fits"
    for role, other in (("buildings", False), ("streets", True)):
        fit = against(layers | {role: shown_in(layers[role], datum)}, "buildings", crs=32650)
        assert (fit.verdict, fit.datum, fit.other, fit.taken_back) == ("shifted", datum, other, 0)
        assert fit.as_is >= 18


@pytest.mark.real_data
def test_liechtenstein_is_not_in_china(real_data):
    file = real_data / "liechtenstein" / "liechtenstein.gpkg"
    layers = {
        "buildings": pyogrio.read_dataframe(file, layer="buildings"),
        "streets": pyogrio.read_dataframe(file, layer="roads"),
    }
    metric = {role: frame.to_crs(32632) for role, frame in layers.items()}
    assert fits(metric, pyproj.CRS.from_epsg(32632)) == []
