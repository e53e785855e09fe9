"""A place by name: the real osmnx against a server on this machine that speaks a little Nominatim and Overpass."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import osmnx
import pytest

from siteplan.errors import DataError
from siteplan.layers.osm_place import cache_folder, from_place
from siteplan.layers.osm_server import PAUSES_S

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
    faults: list[tuple[int, dict, bytes]]
    """What is answered first, before the server does its work: code, headers, body."""

    def _answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.asked.append(self.path.split("?")[0])
        self.rfile.read(length)
        if self.faults and (len(self.faults[0]) < 4 or self.faults[0][3] in self.path):
            code, headers, body = self.faults.pop(0)[:3]
            self.send_response(code)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
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
def faults():
    return []


@pytest.fixture
def slept(monkeypatch):
    """Nobody really waits; every pause is written down."""
    pauses = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


@pytest.fixture
def server(faults, slept):
    asked = []
    handler = type("Handler", (Server,), {"asked": asked, "faults": faults})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", asked
        running.shutdown()
        thread.join()


def fetch(base, cache, name="上村镇", **options):
    return from_place(name, cache=cache, nominatim_url=f"{base}/", overpass_url=f"{base}/api", **options)


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


def test_a_server_that_is_down_is_asked_again_and_then_told_with_a_way_out(tmp_path, slept):
    with pytest.raises(DataError, match=r"the network gave no map of 上村镇[\s\S]*use --from-osm"):
        fetch("http://127.0.0.1:9", tmp_path)
    assert [pause for pause in slept if pause > 1] == list(PAUSES_S)


def test_without_a_network_nobody_waits(tmp_path, slept):
    before = socket.getaddrinfo
    with pytest.raises(DataError, match=r"there is no network[\s\S]*use --from-osm") as caught:
        fetch("http://nominatim.invalid", tmp_path)
    assert caught.value.exit_code == 3
    assert not [pause for pause in slept if pause > 1]
    assert socket.getaddrinfo is before


@pytest.mark.parametrize("where", ["/search", "/api"])
def test_a_busy_server_is_asked_again_after_growing_pauses(server, faults, slept, tmp_path, where):
    base, asked = server
    faults += [(429, {"Retry-After": "20"}, b"", where), (504, {}, b"", where), (503, {}, b"x", where)]
    told = []
    look_up = socket.getaddrinfo
    assert len(fetch(base, tmp_path, tell=told.append).buildings) == 2
    assert [pause for pause in slept if pause > 1] == [20, 8, 30]
    assert told[0] == "OpenStreetMap's server: it is busy (429); asked again in 20 s"
    assert len(asked) == 5
    assert socket.getaddrinfo is look_up
    assert osmnx.settings.overpass_rate_limit


def test_a_server_that_stays_busy_or_wants_too_long_a_pause_is_given_up(server, faults, slept, tmp_path):
    base, asked = server
    faults += [(503, {}, b"")] * 9
    with pytest.raises(DataError, match=r"it is busy \(503\)"):
        fetch(base, tmp_path)
    assert len(asked) == 1 + len(PAUSES_S)
    faults[:] = [(429, {"Retry-After": "7200"}, b"")]
    with pytest.raises(DataError, match=r"it is busy \(429\)"):
        fetch(base, tmp_path)
    assert len(asked) == 2 + len(PAUSES_S)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ((403, {}, b""), r"it refuses \(403\)"),
        ((200, {}, b"<html>please log in</html>"), "does the network ask for a login"),
        (
            (200, {}, b'{"elements": [], "remark": "runtime error: Query timed out"}', "/api"),
            "stopped before it had everything: runtime error: Query timed out",
        ),
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_is_never_taken_for_one(server, faults, tmp_path, fault, reason):
    # contract: C1
    base, _asked = server
    faults.append(fault)
    with pytest.raises(DataError, match=reason):
        fetch(base, tmp_path)
    assert len(fetch(base, tmp_path).buildings) == 2  # and it is not in the cache


def test_a_place_with_nothing_mapped_in_it_is_told(server, faults, tmp_path):
    faults.append((200, {}, b'{"elements": []}', "/api"))
    with pytest.raises(DataError, match="has nothing in 上村镇"):
        fetch(server[0], tmp_path)


def test_an_answer_that_was_cut_off_in_the_cache_is_asked_for_again(server, tmp_path):
    base, asked = server
    fetch(base, tmp_path)
    for path in tmp_path.glob("*.json"):
        path.write_bytes(path.read_bytes()[:-20])
    assert len(fetch(base, tmp_path).buildings) == 2
    assert len(asked) == 4


def test_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "siteplan" / "osm"
