"""A good study folder, to be spoilt by the tests one way at a time."""

import geopandas as gpd
import shapely

from siteplan.layers.write import write_layer

CRS = "EPSG:4547"
EAST, NORTH = 500_000, 2_900_000

TOML = """\
[study]
name = "示范县"
crs = "EPSG:4547"
setting = "rural"

[layers.boundary]
path = "图层 一.gpkg"
layer = "boundary"

[layers.sites]
path = "图层 一.gpkg"
layer = "sites"
columns = { households = "户数" }
defaults = { construction = "new" }

[layers.buildings]
path = "图层 一.gpkg"
layer = "buildings"

[layers.candidates]
path = "candidates.geojson"

[standards]
profiles = ["p000"]
"""


def _at(x, y):
    return shapely.Point(EAST + x, NORTH + y)


def good_layers():
    """Return the layers of the good study by role; households are under the heading 户数."""
    return {
        "boundary": gpd.GeoDataFrame(
            {"id": ["b"]}, geometry=[shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)], crs=CRS
        ),
        "sites": gpd.GeoDataFrame(
            {"id": ["s1", "s2"], "name": ["幸福社区", "和谐社区"], "户数": [300, 120]},
            geometry=[_at(300, 300), _at(700, 700)],
            crs=CRS,
        ),
        "buildings": gpd.GeoDataFrame(
            {"id": ["h1", "h2", "h3"], "households": [200.0, 100.0, 120.0], "site_id": ["s1", "s1", "s2"]},
            geometry=[_at(310, 300).buffer(10), _at(290, 300).buffer(10), _at(700, 690).buffer(10)],
            crs=CRS,
        ),
        "candidates": gpd.GeoDataFrame(
            {"id": ["c1", "c2"], "floor_capacity_m2": [800.0, 500.0], "cost_per_m2_yuan": [3000.0, 2500.0]},
            geometry=[_at(320, 320), _at(680, 690)],
            crs=CRS,
        ),
    }


def make_study(parent, *, toml=TOML, **changed):
    """Write a study folder in ``parent``, from the good layers with some changed, and return it."""
    folder = parent / "示范 县"
    folder.mkdir(exist_ok=True)
    for role, frame in (good_layers() | changed).items():
        path = folder / ("candidates.geojson" if role == "candidates" else "图层 一.gpkg")
        write_layer(frame, path, role)
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    return folder
