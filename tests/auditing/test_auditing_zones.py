"""The audit's own reading of exclusions: it agrees with what siting keeps off, which is computed in another way."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Point, box

from siteplan.auditing.zones import zones_at
from siteplan.layers.exclusions import keep_off, settle_exclusions
from siteplan.layers.repair import Place

KINDS = ("永久基本农田", "滑坡", "饮用水水源准保护区", "公园", "城镇开发边界外")


def layer(rows, crs="EPSG:4547"):
    columns = {"id": [f"z{n}" for n in range(len(rows))], "name": "", "kind": [row[0] for row in rows]}
    frame = gpd.GeoDataFrame(
        columns | {"buffer_m": [row[2] for row in rows]}, geometry=[row[1] for row in rows], crs=crs
    )
    return settle_exclusions(frame, Place(role="exclusions", path=""), named={}, buffers={}, farmland={})[0]


def some(seed, *, bounded):
    draw = np.random.default_rng(seed)
    rows = []
    for _n in range(12):
        x, y, w, h = draw.uniform(0, 900), draw.uniform(0, 900), *draw.uniform(10, 120, 2)
        shape = [box(x, y, x + w, y + h), Point(x, y), LineString([(x, y), (x + w, y + h)])][draw.integers(3)]
        flat = not isinstance(shape, shapely.Polygon)
        rows.append(
            (
                KINDS[draw.integers(len(KINDS))],
                shape,
                float(draw.uniform(1, 80)) if flat or draw.random() < 0.4 else np.nan,
            )
        )
    if bounded:
        rows += [("城镇开发边界", box(x, 100, x + 500, 800), np.nan) for x in (50, 400)]
    return layer(rows), gpd.GeoSeries(shapely.points(draw.uniform(-50, 1050, (300, 2))), crs="EPSG:4547")


@pytest.mark.parametrize("bounded", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_siting_and_audit_agree_on_every_point(seed, bounded):
    # contract: C4
    zones, points = some(seed, bounded=bounded)
    found = zones_at(zones, points)
    assert found == keep_off(zones).kinds_at(points.to_numpy())
    assert 0 < sum(map(bool, found)) < len(found)


def test_hand_drawn_cases():
    zones = layer(
        [
            ("滑坡", Point(0, 0), 50.0),
            ("公园", box(100, 0, 200, 50), np.nan),
            ("准保护区", box(300, 0, 400, 50), np.nan),
        ]
    )
    points = gpd.GeoSeries([Point(x, 0) for x in (50, 49.9, 100, 250, 350)], crs=zones.crs)
    assert zones_at(zones, points) == ["", "滑坡", "公园", "", ""]
    assert zones_at(None, points) == zones_at(zones.iloc[:0], points) == [""] * 5
    assert zones_at(zones, points.iloc[:0]) == []
    words_alone = zones.drop(columns=["read_as", "buffer_m"])
    assert zones_at(words_alone, points) == ["", "", "公园", "", ""]


@pytest.mark.parametrize("kind", ["生态保护红线", "城镇开发边界"])
def test_points_on_slanted_edges_and_in_holes_are_read_alike(kind):
    ring = [(3.3, 1.7), (90.1, 13.3), (55.5, 98.7)]
    shapes = [
        shapely.Polygon(ring, [[(40, 20), (60, 25), (52, 50)]]),
        shapely.Polygon([ring[1], (120.7, 80.3), ring[2]]),
    ]
    zones = layer([(kind, shape, np.nan) for shape in shapes])
    edges = [edge for shape in shapes for edge in (shape.exterior, *shape.interiors)]
    on = np.concatenate([shapely.line_interpolate_point(edge, np.linspace(0, edge.length, 200)) for edge in edges])
    points = gpd.GeoSeries([*on, Point(52, 30)], crs=zones.crs)
    found = zones_at(zones, points)
    assert found == keep_off(zones).kinds_at(points.to_numpy())
    assert found[-1] == ("" if kind == "生态保护红线" else kind)  # in the hole
