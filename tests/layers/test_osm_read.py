"""OpenStreetMap extracts: hand-made XML whose answer is known, and real ones."""

import bz2
import gzip
import os
import pathlib

import geopandas as gpd
import numpy as np
import pyrosm
import pytest
import shapely

from siteplan.errors import DataError
from siteplan.layers.osm import read_osm

DATA = os.environ.get("SITEPLAN_DATA")
real_data = [pytest.mark.real_data, pytest.mark.skipif(DATA is None, reason="SITEPLAN_DATA is not set")]
DEGREE = 1e-4  # about 11 m of latitude


class Map:
    """A small OSM file, written by hand: objects on a grid of 1e-4 degrees at 105 E, 26 N."""

    def __init__(self):
        self.nodes, self.ways, self.relations = {}, [], []

    def node(self, x, y, **tags):
        key = (x, y, *sorted(tags.items()))
        if key not in self.nodes:
            self.nodes[key] = len(self.nodes) + 1
        return self.nodes[key]

    def way(self, number, points, tags):
        refs = [self.node(x, y) for x, y in points]
        self.ways.append((number, refs, tags))

    def square(self, number, x, y, size, **tags):
        corners = [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]
        self.way(number, corners, {k.replace("__", ":"): v for k, v in tags.items()})

    def xml(self, nodes_first=True):
        def tag(tags):
            return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags)

        nodes = [
            f'<node id="{n}" version="1" lat="{26 + y * DEGREE:.7f}" lon="{105 + x * DEGREE:.7f}">{tag(tags)}</node>'
            for (x, y, *tags), n in self.nodes.items()
        ]
        ways = [
            f'<way id="{n}" version="1">' + "".join(f'<nd ref="{r}"/>' for r in refs) + f"{tag(tags.items())}</way>"
            for n, refs, tags in self.ways
        ]
        relations = [
            f'<relation id="{n}" version="1">'
            + "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
            + f"{tag(tags.items())}</relation>"
            for n, members, tags in self.relations
        ]
        parts = nodes + ways if nodes_first else ways + nodes
        return '<?xml version="1.0"?><osm version="0.6">' + "\n".join(parts + relations) + "</osm>"


def town():
    """Four buildings, a street crossing, a motorway, two facilities and their district."""
    made = Map()
    made.square(1, 0, 0, 2, building="house", building__levels="3", name="甲")
    made.square(2, 10, 0, 4, building="yes", amenity="clinic")
    made.square(3, 20, 0, 4, building="public", building__levels="2")
    made.node(22, 2, amenity="police", name="派出所")
    made.square(4, 30, 0, 6)
    made.square(5, 32, 2, 2)
    made.relations.append((6, [(4, "outer"), (5, "inner")], {"type": "multipolygon", "building": "apartments"}))
    made.way(7, [(-5, 10), (5, 10), (40, 10)], {"highway": "residential", "name": "人民路"})
    made.way(8, [(5, 10), (5, 30)], {"highway": "footway"})
    made.way(9, [(-5, 20), (40, 20)], {"highway": "motorway"})
    made.way(10, [(-5, 30), (40, 30)], {"highway": "service", "access": "private"})
    made.square(11, -8, -8, 60, natural="water")
    made.square(12, -9, -9, 70)
    district = {"type": "boundary", "boundary": "administrative", "admin_level": "8", "name": "东门街道"}
    made.relations.append((13, [(12, "outer")], district))
    made.node(3, 3, place="village", name="上村")
    return made


def write(folder, text, name="town.osm"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_town_made_by_hand_is_read_whole(tmp_path):
    layers = read_osm(write(tmp_path, town().xml()))
    buildings = layers.buildings.set_index("id")
    assert buildings["use"].to_dict() == {"w1": "house", "w2": "hospital", "w3": "public", "r6": "apartments"}
    assert buildings.loc["w1", ["name", "floors"]].tolist() == ["甲", 3.0]
    assert np.isnan(buildings.loc["w2", "floors"])
    assert len(buildings.loc["r6", "geometry"].interiors) == 1
    assert layers.streets["id"].tolist() == ["w7", "w8"]
    assert sorted(layers.facilities["type"]) == ["health_station", "police_station"]
    assert layers.communities["name"].tolist() == ["东门街道"]
    assert layers.boundary["id"].tolist() == ["r13"]
    assert layers.places["place"].tolist() == ["village"]
    assert sorted(layers.land["kind"]) == ["road", "road", "water"]
    assert layers.buildings.crs.to_epsg() == 4326


def test_streets_that_share_a_node_share_a_vertex(tmp_path):
    streets = read_osm(write(tmp_path, town().xml())).streets.set_index("id").geometry
    shared = set(streets["w7"].coords) & set(streets["w8"].coords)
    assert len(shared) == 1
    assert list(streets["w7"].coords)[1] in shared


def test_floor_area_of_facilities_follows_the_stated_table(tmp_path):
    made = town()
    made.node(33, 1, amenity="library")  # in the flats: not known
    made.square(14, 9, -1, 6, amenity="kindergarten")  # grounds round building 2
    layers = read_osm(write(tmp_path, made.xml()))
    area = layers.facilities.set_index("type")["area_m2"]
    metric = layers.buildings.set_index("id").to_crs(layers.buildings.estimate_utm_crs()).area
    assert area["health_station"] == pytest.approx(metric["w2"] * 2)  # is the building, floors assumed 2
    assert area["police_station"] == pytest.approx(metric["w3"] * 2)  # in a public building of 2 floors
    assert area["kindergarten"] == pytest.approx(metric["w2"] * 2)
    assert np.isnan(area["library"])
    assert layers.facilities.set_index("type")["area_basis"]["library"] == "not known"


def test_a_facility_mapped_twice_counts_once(tmp_path):
    made = town()
    made.node(11, 2, amenity="clinic", name="in building 2")
    assert (read_osm(write(tmp_path, made.xml())).facilities["type"] == "health_station").sum() == 1


def test_the_outline_of_a_building_relation_is_not_a_second_building(tmp_path):
    made = town()
    made.ways = [(n, refs, {"building": "yes"} if n == 4 else tags) for n, refs, tags in made.ways]
    layers = read_osm(write(tmp_path, made.xml()))
    assert sorted(layers.buildings["id"]) == ["r6", "w1", "w2", "w3"]


def test_without_an_administrative_area_the_boundary_is_the_hull_of_the_buildings(tmp_path):
    made = town()
    made.relations = made.relations[:1]
    layers = read_osm(write(tmp_path, made.xml()))
    assert layers.boundary["id"].tolist() == ["hull"]
    assert shapely.covers(layers.boundary.geometry.iloc[0], layers.buildings.geometry.array).all()
    assert layers.communities.empty


def test_the_boundary_is_the_smallest_of_the_areas_that_hold_most_buildings(tmp_path):
    made = town()
    for number in range(14, 114):
        made.square(number, number % 10 * 3, 14 + number // 10 % 5, 1, building="house")
    made.square(114, 70, 70, 2, building="house")  # in the county, not in the district
    made.square(115, -20, -20, 120)
    made.square(116, -30, -30, 150)
    for number, outer, level, name in ((20, 115, "6", "上县"), (21, 116, "4", "上省")):
        tags = {"type": "boundary", "boundary": "administrative", "admin_level": level, "name": name}
        made.relations.append((number, [(outer, "outer")], tags))
    assert read_osm(write(tmp_path, made.xml())).boundary["name"].tolist() == ["上县"]


def test_buildings_outside_the_boundary_are_left_out_and_said(tmp_path):
    made = town()
    for number in range(100, 200):  # so that the district holds more than 95 %
        made.square(number, number % 10 * 3, 14 + number // 10 % 5, 1, building="house")
    made.square(99, 200, 200, 2, building="house")
    layers = read_osm(write(tmp_path, made.xml()))
    assert "w99" not in set(layers.buildings["id"])
    assert any("1 buildings outside the boundary 东门街道" in note for note in layers.notes)
    assert "w99" in set(read_osm(tmp_path / "town.osm", clip=False).buildings["id"])


@pytest.mark.parametrize(("suffix", "pack"), [(".osm.gz", gzip.compress), (".osm.bz2", bz2.compress)])
def test_packed_xml_gives_the_same_layers(tmp_path, suffix, pack):
    plain = read_osm(write(tmp_path, town().xml()))
    path = tmp_path / f"镇{suffix}"
    path.write_bytes(pack(town().xml().encode()))
    packed = read_osm(path)
    assert repr(packed) == repr(plain)
    assert packed.buildings.equals(plain.buildings)


def test_objects_out_of_order_are_read_all_the_same(tmp_path):
    made = town()
    wanted = read_osm(write(tmp_path, made.xml()))
    assert repr(read_osm(write(tmp_path, made.xml(nodes_first=False), "late nodes.osm"))) == repr(wanted)
    made.ways.reverse()
    mixed = read_osm(write(tmp_path, made.xml(), "mixed.osm"))
    assert mixed.buildings.equals(wanted.buildings)
    assert mixed.streets.equals(wanted.streets)


def test_ways_without_their_nodes_are_refused_not_dropped(tmp_path):
    made = town()
    text = made.xml().replace('<nd ref="', '<nd ref="9')
    with pytest.raises(DataError, match="ways have no coordinates"):
        read_osm(write(tmp_path, text))


def test_a_street_that_leaves_the_extract_keeps_what_is_in_it(tmp_path):
    made = town()
    made.ways = [(n, [*refs[:2], 999_999, *refs[1:]] if n == 7 else refs, tags) for n, refs, tags in made.ways]
    streets = read_osm(write(tmp_path, made.xml())).streets
    assert streets["id"].tolist() == ["w7", "w7.1", "w8"]


def test_an_extract_without_buildings_is_refused(tmp_path):
    made = Map()
    made.way(1, [(0, 0), (5, 0)], {"highway": "residential"})
    with pytest.raises(DataError, match="holds no building"):
        read_osm(write(tmp_path, made.xml()))


@pytest.mark.parametrize(("name", "text"), [("a.osm", "<osm><node"), ("a.pbf", "no map"), ("a.txt", "no map")])
def test_a_file_that_is_no_map_is_refused(tmp_path, name, text):
    with pytest.raises(DataError, match="cannot be read as OpenStreetMap data"):
        read_osm(write(tmp_path, text, name))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_osm(tmp_path / "none.osm.pbf")


def test_the_extract_of_helsinki():
    path = pathlib.Path(pyrosm.__file__).with_name("data") / "Helsinki.osm.pbf"
    layers = read_osm(path)
    assert (len(layers.buildings), len(layers.streets), len(layers.facilities)) == (444, 2245, 17)
    assert layers.buildings["id"].is_unique
    assert layers.buildings.is_valid.all()
    assert layers.boundary["id"].tolist() == ["hull"]
    assert not layers.streets["highway"].isin({"motorway", "construction", "proposed", "platform"}).any()


class TestRealData:
    pytestmark = real_data

    def test_guixi_xml(self):
        layers = read_osm(pathlib.Path(DATA) / "guixi" / "mapofgx.osm")
        ours = gpd.read_file(pathlib.Path(DATA) / "guixi" / "guixi.gpkg", layer="buildings")
        assert len(layers.buildings) == len(ours) == 165
        assert len(layers.streets) == 169
        assert layers.boundary["id"].tolist() == ["hull"]

    def test_liechtenstein_pbf_has_the_buildings_of_its_geopackage(self):
        folder = pathlib.Path(DATA) / "liechtenstein"
        layers = read_osm(folder / "liechtenstein-240303.osm.pbf")
        theirs = gpd.read_file(folder / "liechtenstein.gpkg", layer="buildings").set_index("osm_uid")
        assert set(layers.buildings["id"]) == set(theirs.index)
        assert len(layers.buildings) == 17_677
        assert layers.boundary["name"].tolist() == ["Liechtenstein"]
        towns = gpd.read_file(folder / "liechtenstein.gpkg", layer="municipalities")
        assert sorted(layers.communities["name"]) == sorted(towns["name"])
        area = layers.buildings.set_index("id").to_crs("EPSG:32632").area
        np.testing.assert_allclose(area.reindex(theirs.index), theirs["area_m2"], rtol=1e-3, atol=0.1)
