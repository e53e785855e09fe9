"""Walking minutes over slopes: by hand, against networkx, and where the ground is not known."""

import math
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import Affine
from scipy import ndimage

from siteplan.access import terrain as terrain_module
from siteplan.access.network import Network
from siteplan.access.terrain import Terrain, straight_minutes
from siteplan.layers.raster import open_raster

CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 2_900_000.0
CORNER = np.array([EAST, NORTH])
FLAT = 100 * math.exp(-3.5 * 0.05)


def model(path, heights, cell=30.0):
    """Write heights whose north-west corner is at EAST, NORTH + 3000."""
    transform = Affine(cell, 0, EAST, 0, -cell, NORTH + 3000)
    shape = {"height": heights.shape[0], "width": heights.shape[1]}
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="float64", crs=CRS, transform=transform, nodata=-32768, **shape
    ) as out:
        out.write(heights, 1)
    return open_raster(path, "dem")


def rising(per_metre, shape=(100, 100)):
    """Return a plane that rises to the east."""
    return np.tile(1000 + per_metre * 30 * (np.arange(shape[1]) + 0.5), (shape[0], 1))


def network(*lines):
    shapes = [shapely.LineString(np.array(line) + CORNER) for line in lines]
    return Network.from_streets(gpd.GeoDataFrame(geometry=shapes, crs=CRS))


def points(*places):
    return shapely.points(np.array(places) + CORNER)


def minutes(streets, dem, homes, places, metres=None):
    """Return the matrices of minutes there and back between all homes and all places."""
    ground = Terrain.of(streets, dem)
    i, j = (axis.ravel() for axis in np.indices((len(homes), len(places))))
    metres = np.full(len(i), 500.0) if metres is None else metres
    found = ground.minutes(streets.snap(homes, 1e9), streets.snap(places, 1e9), i, j, metres)
    return [side.reshape(len(homes), len(places)) for side in found]


def test_a_street_of_ten_per_cent_by_hand(tmp_path):
    """From 20 m beside the street at 200 m up to 1,200 m: 1 km at +10 %, down again at -10 %, and 20 m on the flat."""
    streets = network([(100, 1500), (1500, 1500)])
    there, back = minutes(streets, model(tmp_path / "a.tif", rising(0.1)), points((200, 1520)), points((1200, 1500)))
    assert there[0, 0] == pytest.approx(1000 / (100 * math.exp(-3.5 * 0.15)) + 20 / FLAT, rel=1e-6)
    assert back[0, 0] == pytest.approx(1000 / (100 * math.exp(-3.5 * 0.05)) + 20 / FLAT, rel=1e-6)


def test_five_per_cent_downhill_is_the_fastest_there_is(tmp_path):
    streets = network([(100, 1500), (1500, 1500)])
    there, back = minutes(streets, model(tmp_path / "a.tif", rising(-0.05)), points((200, 1500)), points((1200, 1500)))
    assert there[0, 0] == pytest.approx(10.0, rel=1e-6)  # 6 km/h
    assert back[0, 0] == pytest.approx(10 * math.exp(0.35), rel=1e-6)


def test_the_quickest_walk_goes_round_the_hill_that_the_shortest_climbs(tmp_path):
    """1,000 m over a hill of 300 m, or 1,400 m beside it."""
    column = 30 * (np.arange(100) + 0.5)
    ridge = np.maximum(0, 300 * (1 - np.abs(column - 1500) / 500))
    row = 3000 - 30 * (np.arange(100) + 0.5)
    heights = 1000 + ridge[None, :] * (row[:, None] > 1400)
    streets = network([(1000, 1500), (2000, 1500)], [(1000, 1500), (1000, 1300), (2000, 1300), (2000, 1500)])
    dem = model(tmp_path / "a.tif", heights)
    there, back = minutes(streets, dem, points((1000, 1500)), points((2000, 1500)))
    assert there[0, 0] == pytest.approx(1400 / FLAT, rel=0.02)
    assert back[0, 0] == pytest.approx(there[0, 0], rel=1e-9)
    only = network([(1000, 1500), (2000, 1500)])
    over = 500 / (100 * math.exp(-3.5 * 0.65)) + 500 / (100 * math.exp(-3.5 * 0.55))
    assert minutes(only, dem, points((1000, 1500)), points((2000, 1500)))[0][0, 0] == pytest.approx(
        over, rel=0.06
    )  # the crest falls between two cells


def rough(rng):
    return 1000 + ndimage.gaussian_filter(rng.normal(0, 600, (100, 100)), 4)


def by_networkx(lines, heights, homes, places, step=30.0):
    """The oracle: streets that meet at their ends alone, cut into equal pieces, points put in; plain loops."""
    graph = nx.DiGraph()

    def height(point):
        row, column = (NORTH + 3000 - point.y) / 30 - 0.5, (point.x - EAST) / 30 - 0.5
        return float(ndimage.map_coordinates(heights, [[row], [column]], order=1, mode="nearest")[0])

    def way(a, b, minutes):
        if not graph.has_edge(a, b) or graph[a][b]["weight"] > minutes:
            graph.add_edge(a, b, weight=minutes)

    joins = {}
    for name, point in [*((("o", k), p) for k, p in enumerate(homes)), *((("d", k), p) for k, p in enumerate(places))]:
        nearest = min(range(len(lines)), key=lambda k: (lines[k].distance(point), k))
        joins.setdefault(nearest, []).append((lines[nearest].project(point), name))
        walk = lines[nearest].distance(point) / FLAT
        way(("p", *name), ("s", *name), walk)
        way(("s", *name), ("p", *name), walk)
    for number, line in enumerate(lines):
        count = max(1, math.ceil(line.length / step))
        at = [line.length * k / count for k in range(count + 1)]
        z = [height(line.interpolate(metres)) for metres in at]
        names = [
            ("e", *(round(x, 3) for x in line.coords[0])),
            *(("c", number, k) for k in range(1, count)),
            ("e", *(round(x, 3) for x in line.coords[-1])),
        ]
        stops = sorted(
            [(metres, 0, name) for metres, name in zip(at, names, strict=True)]
            + [(metres, 1, ("s", *name)) for metres, name in joins.get(number, [])]
        )
        for (from_m, _, a), (to_m, _, b) in pairwise(stops):
            piece = min(count - 1, int((from_m + to_m) / 2 / line.length * count))
            slope = (z[piece + 1] - z[piece]) / (line.length / count)
            run = to_m - from_m
            way(a, b, run / (100 * math.exp(-3.5 * abs(slope + 0.05))))
            way(b, a, run / (100 * math.exp(-3.5 * abs(-slope + 0.05))))
    found = np.full((2, len(homes), len(places)), np.inf)
    for k in range(len(homes)):
        lengths = nx.single_source_dijkstra_path_length(graph, ("p", "o", k))
        for m in range(len(places)):
            found[0, k, m] = lengths.get(("p", "d", m), np.inf)
    for m in range(len(places)):
        lengths = nx.single_source_dijkstra_path_length(graph, ("p", "d", m))
        for k in range(len(homes)):
            found[1, k, m] = lengths.get(("p", "o", k), np.inf)
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("first", [4.0, 0.01])  # looked for at once, or again without a limit
def test_minutes_equal_networkx(tmp_path, monkeypatch, seed, first):
    # contract: C4
    monkeypatch.setattr(terrain_module, "_FIRST_LIMIT", first)
    monkeypatch.setattr(terrain_module, "_CELLS", 40)
    rng = np.random.default_rng(seed)
    nodes = rng.uniform(300, 2700, (14, 2)).round(1)
    ends = {tuple(sorted(rng.choice(14, 2, replace=False))) for _ in range(22)}
    bends = rng.uniform(-150, 150, (len(ends), 2)).round(1)
    lines = [
        [nodes[a], (nodes[a] + nodes[b]) / 2 + bend, nodes[b]] for (a, b), bend in zip(sorted(ends), bends, strict=True)
    ]
    lines.append([nodes[0], nodes[1] + [300, -200], nodes[1]])  # beside another street between the same ends, maybe
    heights = rough(rng)
    dem = model(tmp_path / "a.tif", heights)
    homes, places = points(*rng.uniform(300, 2700, (12, 2))), points(*rng.uniform(300, 2700, (5, 2)))
    shapes = [shapely.LineString(np.array(line) + CORNER) for line in lines]
    expected = by_networkx(shapes, heights, homes, places)
    found = minutes(network(*lines), dem, homes, places)
    assert np.isfinite(expected).any()
    assert found[0] == pytest.approx(expected[0], rel=1e-6)
    assert found[1] == pytest.approx(expected[1], rel=1e-6)


def test_a_street_without_heights_is_flat_and_counted(tmp_path):
    heights = rising(0.2)
    heights[:, 50:] = -32768
    streets = network([(100, 1500), (2900, 1500)])
    ground = Terrain.of(streets, model(tmp_path / "a.tif", heights))
    there = minutes(streets, model(tmp_path / "b.tif", heights), points((2000, 1500)), points((2500, 1500)))[0]
    assert there[0, 0] == pytest.approx(500 / FLAT, rel=1e-9)
    assert ground.unknown_share == pytest.approx(1400 / 2800, abs=0.02)


def test_a_home_that_joins_no_street_and_is_asked_for_by_nobody_does_no_harm(tmp_path):
    dem, streets = model(tmp_path / "a.tif", rising(0.1)), network([(100, 1500), (1500, 1500)])
    homes, places = streets.snap(points((200, 2900), (200, 1520)), 50.0), streets.snap(points((1200, 1500)), 50.0)
    assert homes.found.tolist() == [False, True]
    rows = np.array([1]), np.array([0])
    there, _back = Terrain.of(streets, dem).minutes(homes, places, *rows, np.array([1000.0]))
    assert there[0] == pytest.approx(20 / FLAT + 1000 / (100 * math.exp(-3.5 * 0.15)), rel=1e-6)


def test_straight_lines_follow_the_ground_too(tmp_path):
    dem = model(tmp_path / "a.tif", rising(0.1))
    start = np.array([[EAST + 200, NORTH + 1500], [EAST + 200, NORTH + 500]])
    end = np.array([[EAST + 1200, NORTH + 1500], [EAST + 200, NORTH + 1500]])
    there, back, unknown = straight_minutes(dem, start, end, dem.crs, 1.3)
    assert unknown.tolist() == [0, 0]
    assert there[0] == pytest.approx(1.3 * 1000 / (100 * math.exp(-3.5 * 0.15)), rel=1e-6)
    assert back[0] == pytest.approx(1.3 * 1000 / FLAT, rel=1e-6)
    assert [there[1], back[1]] == pytest.approx([1.3 * 1000 / FLAT] * 2, rel=1e-6)
    away = np.array([[EAST + 200 - 1e6, NORTH + 500]])
    assert straight_minutes(dem, start[:1], start[:1] - [[0, 1e5]], dem.crs, 1.3)[2] == pytest.approx(1e5, rel=0.02)
    assert straight_minutes(dem, away, away + 300, dem.crs, 1.3)[2] == pytest.approx(math.hypot(300, 300))
    nothing = np.empty((0, 2))
    assert [len(side) for side in straight_minutes(dem, nothing, nothing, dem.crs, 1.3)] == [0, 0, 0]
