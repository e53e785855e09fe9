"""A place by name: the real osmnx against a server on this machine that speaks a little Nominatim and Overpass."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import osmnx
import pytest

from siteplan.errors import DataError
from siteplan.layers.osm_place import cache_folder, from_place

WEST, SOUTH, STEP = 105.0, 26.0, 1e-4


def ring(x, y, size):
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size), (x, y)]


def elements():
    """Return Overpass elements: two buildings, a crossing of streets, a police post, a village."""
    nodes, out = {}, []

    def ref(point):
        return nodes.setdefault(point, len(nodes) + 1)

    def way(number, points, **tags):
        out.append({"type": "way", "id": number, "nodes": [ref(point) for point in points], "tags": tags})

    way(1, ring(0, 0, 2), building="house", **{"building:levels": "3"})
    way(2, ring(10, 0, 4), building="yes", amenity="clinic", name="上村卫生室")
    way(3, [(-5, 10), (5, 10), (40, 10)], highway="residential")
    way(4, [(5, 10), (5, 30)], highway="footway")
    way(5, [(20, 10), (25, 15), (20, 20), (20, 10)], highway="residential", junction="roundabout")
    way(6, ring(12, 12, 2), natural="water")
    county = {"boundary": "administrative", "admin_level": "6", "name": "上县"}
    way(7, ring(-500, -500, 2000), **county)
    out += [
        {"type": "node", "id": n, "lat": SOUTH + y * STEP, "lon": WEST + x * STEP}
        for (x, y), n in sorted(nodes.items())
    ]
    lone = {"lat": SOUTH, "lon": WEST + 30 * STEP}
    out.append({"type": "node", "id": 900, **lone, "tags": {"amenity": "police"}})
    out.append({"type": "node", "id": 901, **lone, "tags": {"place": "village", "name": "上村"}})
    return out


def found_place(geojson):
    return {
        "place_id": 1, "osm_type": "relation", "osm_id": 77, "lat": "26.0", "lon": "105.0", "class": "boundary",
        "type": "administrative", "place_rank": 16, "importance": 0.5, "addresstype": "town", "name": "上村镇",
        "display_name": "上村镇, 中国", "boundingbox": ["25.99", "26.01", "104.99", "105.01"], "geojson": geojson,
    }  # fmt: skip


SHAPE = {
    "type": "Polygon",
    "coordinates": [[[104.99, 25.99], [105.01, 25.99], [105.01, 26.01], [104.99, 26.01], [104.99, 25.99]]],
}


class Server(BaseHTTPRequestHandler):
    asked: list[str]

    def _answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.asked.append(self.path.split("?")[0])
        self.rfile.read(length)
        if "/broken/" in self.path:
            self.send_error(500)
            return
        if "search" in self.path:
            places = [] if "nowhere" in self.path else [found_place(SHAPE)]
            body = json.dumps(places).encode()
        else:
            body = json.dumps({"elements": elements()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - names that http.server asks for

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    asked = []
    handler = type("Handler", (Server,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def fetch(base, cache, name="上村镇"):
    return from_place(name, cache=cache, nominatim_url=f"{base}/", overpass_url=f"{base}/api")


def test_a_place_is_fetched_once_and_then_taken_from_the_cache(server, tmp_path):
    base, asked = server
    before = {key: getattr(osmnx.settings, key) for key in ("doh_url_template", "cache_folder", "overpass_url")}
    layers = fetch(base, tmp_path)
    assert layers.buildings.set_index("id")["use"].to_dict() == {"w1": "house", "w2": "hospital"}
    assert layers.buildings["floors"].tolist()[0] == 3
    assert layers.streets["id"].tolist() == ["w3", "w4", "w5"]
    streets = layers.streets.set_index("id").geometry
    assert set(streets["w3"].coords) & set(streets["w4"].coords)
    assert streets["w5"].is_ring
    assert layers.facilities.set_index("id")["type"].to_dict() == {"n900": "police_station", "w2": "health_station"}
    assert layers.boundary["name"].tolist() == ["上村镇"]
    assert layers.boundary["id"].tolist() == ["relation/77"]  # not the county, which holds as many buildings
    assert layers.places["name"].tolist() == ["上村"]
    assert layers.land["kind"].tolist() == ["water"]
    assert asked == ["/search", "/api/interpreter"]
    again = fetch(base, tmp_path)
    assert len(asked) == 2
    assert again.buildings.equals(layers.buildings)
    assert {key: getattr(osmnx.settings, key) for key in before} == before


def test_a_place_that_is_not_found_is_told(server, tmp_path):
    with pytest.raises(DataError, match="finds no area called nowhere"):
        fetch(server[0], tmp_path, "nowhere")


def test_a_server_that_fails_is_told_with_a_way_out(server, tmp_path):
    with pytest.raises(DataError, match="use --from-osm"):
        fetch(f"{server[0]}/broken", tmp_path)


def test_no_network_is_told_with_a_way_out(tmp_path):
    with pytest.raises(DataError, match=r"the network gave no map of 上村镇[\s\S]*use --from-osm"):
        fetch("http://127.0.0.1:9", tmp_path)


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "siteplan" / "osm"
