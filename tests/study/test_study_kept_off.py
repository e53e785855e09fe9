"""What check says of exclusions: candidates that are not used, farmland that is taken away."""

import geopandas as gpd
import pytest
from pyproj import CRS
from shapely import Point, box

from siteplan.layers.collection import Layers
from siteplan.study.kept_off import exclusion_warnings

HERE = CRS("EPSG:4547")


def frame(geometry, **columns):
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=HERE)


def warnings(**vectors):
    return list(exclusion_warnings(Layers(crs=HERE, vectors=vectors)))


def test_candidates_are_named_with_the_zone_that_bars_them():
    candidates = frame([Point(5, 5), Point(50, 5), Point(14, 5)], id=["a", "b", "c"])
    zones = frame([box(0, 0, 10, 10)], id=["z"], kind=["滑坡"], buffer_m=[5.0])
    said = warnings(candidates=candidates, exclusions=zones)
    assert said == ["2 of 3 candidates are kept off by 滑坡 and are not used: a (z), c (z)"]
    (none,) = warnings(candidates=candidates)
    assert none.startswith("no exclusions")


@pytest.mark.parametrize(
    ("kind", "area", "zone"), [("永久基本农田", box(7, -5, 90, 15), "30%"), ("城镇开发边界", box(-5, -5, 6, 15), "40%")]
)
def test_candidates_that_reach_into_a_zone_with_part_of_their_area_are_told(kind, area, zone):
    candidates = frame([box(0, 0, 10, 10), box(-4, 0, 6, 10), Point(3, 3)], id=["a", "b", "c"])
    (said,) = warnings(candidates=candidates, exclusions=frame([area], id=["z"], kind=[kind], buffer_m=[0.0]))
    assert said.startswith(f"1 of 3 candidates reach into what {kind} keeps off and are used")
    assert said.endswith(f"a (z, {zone})")


@pytest.mark.parametrize(
    ("kind", "buffer_m", "mu"),
    [("生态保护红线", 0.0, 10.0), ("滑坡", 50.0, 15.0), ("洪水淹没区", 50.0, None), ("城镇开发边界", 0.0, None)],
)
def test_farmland_that_is_taken_away_is_told_in_mu(kind, buffer_m, mu):
    # 20 mu, 200 m x 200/3 m; the zone covers the western half of it, a buffer of 50 m a quarter more
    side = 200 / 3
    farmland = frame([box(0, 0, 200, side), box(900, 0, 950, 50)], id=["f1", "f2"])
    zones = frame([box(-300, -300, 100, 300)], id=["z"], kind=[kind], buffer_m=[buffer_m])
    said = warnings(farmland=farmland, exclusions=zones)
    if mu is None:
        assert said == []  # crops stand a flood, and farmland lies outside of towns
    else:
        assert said == [f"{mu:.1f} mu of farmland in 1 rows are kept off by {kind}: no micro-farmland there (f1)"]
