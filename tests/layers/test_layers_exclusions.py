"""What must be kept off: kinds recognised, buffers taken or asked for, and zones that hit what lies in them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Point, box

from siteplan.errors import LayerError, SettingsError
from siteplan.layers.exclusion_kinds import EXCLUSION_KINDS, kind_of
from siteplan.layers.exclusions import keep_off, of_kind, settle_exclusions
from siteplan.layers.repair import Place

PLACE = Place(role="exclusions", path="zones.gpkg")
NAN = float("nan")


def zones(*rows, **columns):
    """Return a layer of exclusions: (kind, geometry) or (kind, geometry, buffer)."""
    data = {
        "id": [f"z{n}" for n in range(1, len(rows) + 1)],
        "name": [""] * len(rows),
        "kind": [row[0] for row in rows],
        "buffer_m": [row[2] if len(row) > 2 else NAN for row in rows],
        **columns,
    }
    return gpd.GeoDataFrame(data, geometry=[row[1] for row in rows], crs="EPSG:4547")


def settle(layer, *, named=None, buffers=None, farmland=None):
    return settle_exclusions(layer, PLACE, named=named or {}, buffers=buffers or {}, farmland=farmland or {})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("永久基本农田", "permanent_farmland"),
        ("基本农田保护图斑", "permanent_farmland"),
        ("Permanent basic farmland", "permanent_farmland"),
        ("生态保护红线（水源涵养）", "ecological_redline"),
        ("ecological_redline", "ecological_redline"),
        ("城镇开发边界", "urban_boundary"),
        ("城镇开发边界以外", "outside_urban_boundary"),
        ("地质灾害隐患点", "hazard"),
        ("滑坡", "hazard"),
        ("hazard point", "hazard"),
        ("百年一遇洪水淹没区", "flood"),
        ("FLOOD", "flood"),
        ("河道管理范围", "river"),
        ("饮用水水源一级保护区", "water_source"),
        ("水源保护区", "water_source"),
        ("饮用水水源准保护区", "water_source_outer"),
        ("水源保护区（准保护区）", "water_source_outer"),
        ("地质灾害高易发区", "hazard_prone"),
        ("滑坡易发区", "hazard_prone"),
        ("泥石流易发区", "hazard_prone"),
        ("地面塌陷高-中易发区", "hazard_prone"),
        ("地质灾害高、中易发区", "hazard_prone"),
        ("不稳定斜坡", "hazard"),
        ("山洪灾害易发区", "flood"),
        ("滞洪区", "flood"),
        ("城市增长边界", "urban_boundary"),
        ("水源涵养区", None),
        ("floodlight", None),
        ("公园", None),
        ("", None),
    ],
)
def test_kinds_are_recognised_in_both_languages(text, key):
    found = kind_of(text)
    assert (found.key if found else None) == key


def test_every_kind_says_where_it_stands_and_is_found_by_its_own_names():
    for key, kind in EXCLUSION_KINDS.items():
        assert kind.source
        assert kind.status in ("verified", "verified-weak", "corroborated", "unverified", "judgement")
        assert kind.bars in ("inside", "outside")
        assert {kind.siting, kind.farmland} <= {"barred", "open"}
        assert [found.key for found in (kind_of(key), kind_of(kind.zh))] == [key, key]


def test_the_row_speaks_before_study_toml_and_the_word_before_the_kind():
    layer = zones(
        ("滑坡", Point(0, 0), 30.0), ("滑坡", Point(9, 0)), ("泥石流", Point(0, 9)), ("flood", box(0, 0, 9, 9))
    )
    found, notes = settle(layer, buffers={"hazard": 100.0, "滑坡": 50.0})
    assert found["buffer_m"].tolist() == [30, 50, 100, 0]
    assert found["read_as"].tolist() == ["hazard", "hazard", "hazard", "flood"]
    assert found["farmland_rule"].tolist() == ["barred", "barred", "barred", "open"]
    said = " ".join(note.what for note in notes)
    assert "30 - 50 m" in said
    assert "the buffer of 100 m" in said
    assert all(note.kind == "note" for note in notes)


def test_no_buffer_is_made_up_for_what_has_no_extent():
    for shape in (Point(0, 0), LineString([(0, 0), (9, 9)])):
        with pytest.raises(LayerError, match="no buffer") as caught:
            settle(zones(("永久基本农田", box(0, 0, 1, 1)), ("地质灾害隐患点", shape)))
        assert caught.value.row == "z2"
        assert "buffer_m" in caught.value.remedy
        assert caught.value.exit_code == 3
    found, _notes = settle(zones(("地质灾害隐患点", Point(0, 0), 0.0)))  # said on purpose
    assert found["buffer_m"].tolist() == [0]


def test_what_allows_the_inside_is_an_area_without_buffer():
    for row in (("城镇开发边界", LineString([(0, 0), (9, 9)])), ("城镇开发边界", box(0, 0, 9, 9), 10.0)):
        with pytest.raises(LayerError, match="allows what lies inside"):
            settle(zones(row))


def test_words_in_study_toml_that_nobody_knows_are_refused():
    layer = zones(("蓝线", box(0, 0, 9, 9)))
    for wrong in ({"named": {"蓝线": "floood"}}, {"buffers": {"hazrd": 5.0}}, {"farmland": {"floood": "open"}}):
        with pytest.raises(SettingsError, match="no kind of exclusion") as caught:
            settle(layer, **wrong)
        assert any(near in caught.value.remedy for near in ('"flood"', '"hazard"'))
    found, _notes = settle(layer, named={"蓝线": "river"})
    assert found["read_as"].tolist() == ["river"]
    assert of_kind(found, "河道管理范围").tolist() == [True]
    assert of_kind(found, "水源保护区").tolist() == [False]


def test_farmland_has_its_own_rule_for_each_kind():
    layer = zones(*((kind.zh, box(0, 0, 9, 9)) for kind in EXCLUSION_KINDS.values()), ("禁区", box(0, 0, 9, 9)))
    plain, _notes = settle(layer)
    kept_off = set(keep_off(plain, "farmland").kinds)
    assert kept_off == {"永久基本农田", "生态保护红线", "地质灾害隐患点", "饮用水水源保护区", "禁区"}
    asked, _notes = settle(layer, farmland={"permanent_farmland": "open", "禁区": "open", "flood": "barred"})
    assert kept_off ^ set(keep_off(asked, "farmland").kinds) == {"永久基本农田", "禁区", "洪水淹没区"}
    assert (
        set(keep_off(asked).kinds)
        == set(keep_off(plain).kinds)
        == set(layer["kind"]) - {"饮用水水源准保护区", "地质灾害易发区"}
    )


def test_a_place_exactly_a_buffer_away_is_free_and_one_that_touches_a_zone_is_not():
    layer = zones(("滑坡", Point(0, 0), 50.0), ("生态保护红线", box(100, 0, 200, 100)))
    found = keep_off(layer)
    places = np.array([Point(50, 0), Point(49.9, 0), Point(100, 50), Point(99.9, 50)], dtype=object)
    assert found.reasons(places) == ["", "z1 (滑坡)", "z2 (生态保护红线)", ""]
    assert found.kinds_at(places[1:3]) == ["滑坡", "生态保护红线"]


def test_an_open_kind_and_no_layer_bar_nothing():
    places = np.array([Point(5, 5)], dtype=object)
    assert keep_off(None).reasons(places) == [""]
    assert keep_off(zones(("饮用水水源准保护区", box(0, 0, 9, 9)))).reasons(places) == [""]
    assert keep_off(zones(("公园", box(0, 0, 9, 9)))).reasons(places) == ["z1 (公园)"]


@pytest.mark.parametrize("seed", range(6))
def test_zones_hit_what_geometry_says_one_by_one(seed):
    draw = np.random.default_rng(seed)
    rows = [("城镇开发边界", box(x, y, x + 400, y + 400)) for x, y in draw.uniform(0, 600, (2, 2))]
    rows += [("滑坡", Point(*xy), float(reach)) for *xy, reach in draw.uniform(0, 1000, (6, 3)) * [1, 1, 0.15]]
    rows += [
        ("flood", box(x, y, x + 90, y + 40), float(reach))
        for x, y, reach in draw.uniform(0, 900, (5, 3)) * [1, 1, 0.05]
    ]
    layer, _notes = settle(zones(*rows))
    points = shapely.points(draw.uniform(0, 1000, (150, 2)))
    squares = shapely.box(
        *(shapely.get_coordinates(points[:60]) - 15).T, *(shapely.get_coordinates(points[:60]) + 15).T
    )
    places = np.concatenate([points, squares])
    allowed = shapely.union_all([row[1] for row in rows[:2]])
    expected = []
    for place in places:
        names = set() if allowed.covers(place) else {"z1"}
        names |= {
            f"z{n}"
            for n, row in enumerate(rows, 1)
            if n > 2 and (place.intersects(row[1]) or place.distance(row[1]) < row[2])
        }
        expected.append(names)
    found = [set() for _place in places]
    for place, zone in zip(*keep_off(layer).hits(places), strict=True):
        found[place].add(keep_off(layer).ids[zone])
    assert found == expected
    assert any(expected)
    assert not all(expected)
