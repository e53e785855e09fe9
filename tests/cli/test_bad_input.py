"""Bad input through the commands: a clear error with file, row and remedy, exit code 3, and not a byte in the folder changed."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from county_folder import CRS, EAST, NORTH, TOML, at, environment, layers, listing, make_county, run_here

from siteplan.layers.write import write_layer

BOW = [(690, 480), (710, 500), (710, 480), (690, 500)]
FLAT = [(690, 480), (710, 500), (690, 480)]


def polygon(corners):
    return shapely.Polygon([(EAST + x, NORTH + y) for x, y in corners])


def values(role, **columns):
    """The layer with some columns changed."""
    return {role: layers()[role].assign(**columns)}


def shapes(role, row, shape):
    """The layer with the geometry of one row changed."""
    frame = layers()[role]
    geometry = frame.geometry.to_numpy().copy()
    geometry[row] = shape
    return {role: frame.set_geometry(gpd.GeoSeries(geometry, crs=frame.crs))}


def exchanged(crs):
    """Candidates with x and y exchanged."""
    frame = layers()["candidates"].to_crs(crs)
    return {"candidates": frame.set_geometry(gpd.GeoSeries([shapely.Point(p.y, p.x) for p in frame.geometry], crs=crs))}


def toml(old, new):
    assert TOML.count(old) >= 1
    return {"toml": TOML.replace(old, new)}


HOMES = [100.0, 120.0, 130.0, 140.0, 110.0, 100.0]
RULE = '[standards.rules."S0-122"]\noff = true\nreason = "x"\n[scenario]'
OWN = '["p000"]\nfiles = ["county.toml"]'

CASES = {
    "missing file": (toml('"candidates.gpkg"', '"candidate.gpkg"'), "candidate.gpkg: no such file", "candidates.gpkg"),
    "missing column": (
        {"candidates": layers()["candidates"].rename(columns={"floor_capacity_m2": "capacity"})},
        "candidates.gpkg, floor_capacity_m2: the layer has no column floor_capacity_m2",
        'columns = { floor_capacity_m2 = "capacity" }',
    ),
    "mapped column missing": (
        toml('"户数"', '"户 数"'),
        "layers.gpkg, 户 数: the file has no column",
        "did you mean 户数",
    ),
    "mapped name unknown": (
        toml('{ households = "户数"', '{ household = "户数"'),
        "household",
        "did you mean households",
    ),
    "no CRS": (
        {"candidates": layers()["candidates"].set_crs(None, allow_override=True)},
        "candidates.gpkg, crs: the layer has no coordinate system",
        'crs = "EPSG:..."',
    ),
    "empty layer": (
        {"candidates": layers()["candidates"].iloc[:0]},
        "candidates.gpkg: the layer is empty",
        "remove [layers.candidates]",
    ),
    "duplicate ids": (values("candidates", id=["c1", "c1", "c3"]), "candidates.gpkg, c1:", "id of its own"),
    "NaN households": (
        values("buildings", 户数=[100.0, None, *HOMES[2:]]),
        "layers.gpkg, h2: 1 buildings have no households",
        "0 where nobody lives",
    ),
    "negative households": (
        values("buildings", 户数=[100.0, -1.0, *HOMES[2:]]),
        "layers.gpkg, h2: column 户数 (households) is -1.0",
        "correct 户数",
    ),
    "infinite households": (
        values("buildings", 户数=[100.0, float("inf"), *HOMES[2:]]),
        "layers.gpkg, h2: column 户数 (households) is inf",
        "correct 户数",
    ),
    "words for numbers": (
        values("buildings", 户数=["100", "三百", "1", "1", "1", "1"]),
        "layers.gpkg, h2: column 户数 (households) is '三百': it is not a number",
        "correct 户数",
    ),
    "polygon beyond repair": (
        shapes("buildings", 3, polygon(FLAT)),
        "layers.gpkg, h4: invalid geometry that cannot be repaired",
        "redraw this row",
    ),
    "no geometry": (shapes("buildings", 3, None), "layers.gpkg, h4: 1 rows have no geometry", "remove these rows"),
    "axes exchanged, metres": (exchanged(CRS), "candidates.gpkg: x and y are exchanged", "easting (longitude) first"),
    "axes exchanged, degrees": (exchanged("EPSG:4326"), "candidates.gpkg: x and y are exchanged", "longitude) first"),
    "candidate outside the boundary": (
        shapes("candidates", 2, at(9500, 520)),
        "candidates.gpkg, c3: 1 of 3 candidates lie outside the boundary",
        "widen the boundary",
    ),
    "unknown type of a candidate": (
        values("candidates", types=["service_centre", "childrens_hom", ""]),
        "candidates.gpkg, c2, types: unknown facility type 'childrens_hom'",
        "childrens_home",
    ),
    "unknown community of a building": (
        values("buildings", community_id=["w", "w", "w", "e", "e", "x"]),
        "layers.gpkg, h6: 1 rows have a community_id that communities lacks",
        "nearest id",
    ),
    "unknown rule": (toml("[scenario]", RULE), "study.toml, [standards]: unknown rule 'S0-122'", "S0-12"),
    "unknown profile": (toml('["p000"]', '["p00"]'), "study.toml, [standards]: unknown profile 'p00'", "p000"),
    "own profile missing": (toml('["p000"]', OWN), "county.toml: there is no such file", "check its name"),
    "unknown key": (toml('name = "示', 'nmae = "示'), 'study.toml, [study]: unknown key "nmae"', 'did you mean "name"'),
    "unknown table": (toml("[scenario]", "[scenarios]"), 'study.toml: unknown key "scenarios"', "scenario"),
    "unknown role": (toml("[layers.candidates]", "[layers.candidate]"), "[layers.candidate]", '"candidates"'),
    "unknown facility type": (
        toml('"childrens_home"', '"children_home"'),
        "study.toml, [scenario] types: unknown facility type 'children_home'",
        "childrens_home",
    ),
    "required and forbidden": (
        {"toml": TOML + 'required = ["c1"]\nforbidden = ["c1"]\n'},
        "study.toml, [scenario]: sites both required and forbidden: c1",
        "one of the two",
    ),
    "no TOML": (
        {"toml": TOML + "户数 = 3\n"},
        f"study.toml, line {TOML.count(chr(10)) + 1}: no valid TOML",
        "must stand in quotes",
    ),
    "degrees as the study's system": (
        toml('crs = "EPSG:4547"', 'crs = "EPSG:4490"'),
        "not projected in metres",
        "EPSG:",
    ),
}


@pytest.mark.parametrize("command", ["check", "solve"])
@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(tmp_path, capsys, case, command):
    changed, problem, remedy = CASES[case]
    county = make_county(tmp_path, **changed)
    (county / "base.gpkg").write_bytes(b"the plan of last month")
    before = listing(tmp_path)
    done = run_here(capsys, command, county)
    assert done.code == 3, done.text
    assert done.out == "" or command == "check"  # which tells what it has found before it refuses
    assert problem in done.err
    assert remedy in done.err.split("What to do: ")[1]
    assert listing(tmp_path) == before


FILES = {
    "cut off": (lambda file: file.write_bytes(file.read_bytes()[:30000]), "candidates.gpkg: the file cannot be read"),
    "no GeoPackage": (
        lambda file: file.write_text("id,x,y\n", encoding="utf-8"),
        "candidates.gpkg: the file is named .gpkg",
    ),
    "GBK settings": (
        lambda file: file.with_name("study.toml").write_bytes(TOML.encode("gbk")),
        "study.toml: the file is not UTF-8",
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_a_broken_file_is_refused(tmp_path, capsys, case):
    spoil, problem = FILES[case]
    county = make_county(tmp_path)
    spoil(county / "candidates.gpkg")
    before = listing(tmp_path)
    done = run_here(capsys, "solve", county)
    assert done.code == 3
    assert problem in done.err
    assert "What to do: " in done.err
    assert listing(tmp_path) == before


def test_a_folder_without_a_study_names_the_nearest(tmp_path, capsys):
    county = make_county(tmp_path)
    done = run_here(capsys, "check", county.with_name("示范县"))
    assert done.code == 3
    assert "there is no study here" in done.err
    assert county.name in done.err


def test_a_polygon_that_crosses_itself_is_repaired_and_reported(tmp_path, capsys):
    county = make_county(tmp_path, **shapes("buildings", 3, polygon(BOW)))
    done = run_here(capsys, "check", county, "--json")
    assert done.code == 0
    (repair,) = done.json["repairs"]
    assert (repair["role"], repair["row"]) == ("buildings", "h4")
    assert "made valid" in repair["what"]
    assert "h4" in run_here(capsys, "check", county).out
    assert run_here(capsys, "solve", county).code == 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("-o", "nowhere/plan.gpkg"), "nowhere: there is no such folder"),
        (("-o", "plan.shp"), "plan.shp: a plan is written as a GeoPackage"),
        (("--name", "layers"), "the plan would replace the file of layer"),
        (("--name", "candidates"), "the plan would replace the file of layer candidates"),
        (("--type", "childrens_hom"), "unknown facility type 'childrens_hom'"),
    ],
)
def test_where_a_plan_cannot_go_is_said_before_the_work(tmp_path, capsys, monkeypatch, words, problem):
    county = make_county(tmp_path)
    monkeypatch.chdir(tmp_path)
    before = listing(tmp_path)
    done = run_here(capsys, "solve", county, *words)
    assert done.code == 3
    assert problem in done.err
    assert listing(tmp_path) == before


@pytest.mark.parametrize("command", ["audit", "map"])
def test_files_that_are_no_plan(tmp_path, capsys, command):
    county = make_county(tmp_path)
    before = listing(tmp_path)
    for name, problem in (
        ("bas.gpkg", "bas.gpkg: there is no such file"),
        ("study.toml", "study.toml: this is no GeoPackage"),
        ("layers.gpkg", "layers.gpkg: this is no plan of siteplan"),
        (".", "this is a folder"),
    ):
        done = run_here(capsys, command, county / name)
        assert done.code == 3
        assert problem in done.err
        assert "What to do: " in done.err
    assert listing(tmp_path) == before


def test_a_plan_whose_study_is_gone(tmp_path, capsys):
    county = make_county(tmp_path)
    assert run_here(capsys, "solve", county, "-o", tmp_path / "plan.gpkg").code == 0
    shutil.move(county, tmp_path / "elsewhere")
    before = listing(tmp_path)
    for command in ("audit", "map"):
        done = run_here(capsys, command, tmp_path / "plan.gpkg")
        assert done.code == 3
        assert re.search(r"plan\.gpkg: the study of this plan is not at .*\n.*--study", done.err)
    assert listing(tmp_path) == before
    assert run_here(capsys, "audit", tmp_path / "plan.gpkg", "--study", tmp_path / "elsewhere").code == 0
    assert run_here(capsys, "audit", tmp_path / "plan.gpkg", "--study", county).code == 3


def test_layers_that_changed_since_the_plan_are_named_by_the_audit(tmp_path, capsys):
    county = make_county(tmp_path)
    assert run_here(capsys, "solve", county).code == 0
    write_layer(layers()["candidates"].iloc[1:], county / "candidates.gpkg", "candidates")
    done = run_here(capsys, "audit", county / "base.gpkg")
    assert done.code == 4
    assert "the layers have no such site" in done.text
    claims = run_here(capsys, "audit", county / "base.gpkg", "--json").json["claims"]
    inputs = [row for row in claims if row["claim"] == "inputs" and row["verdict"] == "fail"]
    assert [row["subject"] for row in inputs] == ["candidates"]


def test_a_plan_survives_an_interrupted_run(tmp_path):
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals, which this system has not")
    county = make_county(tmp_path)
    (county / "base.gpkg").write_bytes(b"the plan of last month")
    before = listing(tmp_path)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "siteplan", "solve", str(county)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, env=environment(TERM="xterm"))
    os.close(theirs)
    said = os.read(ours, 4096)  # progress is drawn: the work has begun
    process.send_signal(signal.SIGINT)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            said += os.read(ours, 4096)
        except OSError:  # the program has ended
            break
    os.close(ours)
    out, _none = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"Stopped." in said
    assert b"Traceback" not in said
    assert out == b""
    assert listing(tmp_path) == before


def test_every_text_file_is_opened_with_its_encoding():
    import siteplan

    bare = re.compile(
        r"(?<!rasterio)(?<!os)(?<!archive\.)\b(?:open|read_text|write_text)\((?![^\n]*(?:encoding=|\"[rwa]\+?b\"))"
    )
    found = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted(Path(siteplan.__file__).parent.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bare.search(line) and "rasterio.open(" not in line
    ]
    assert found == []


def test_nothing_needs_a_shell_or_one_system():
    import siteplan

    ours = re.compile(
        r"os\.(?:fork|system|popen|getuid|geteuid|kill)\b|\bimport (?:fcntl|pwd|grp|termios|pty|resource)\b|shell=True|[\"']/tmp\b"
    )
    found = [
        f"{path.name}: {match.group()}"
        for path in sorted(Path(siteplan.__file__).parent.rglob("*.py"))
        for match in ours.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_map_that_cannot_be_written_is_an_error_not_a_traceback(tmp_path, capsys):
    county = make_county(tmp_path)
    assert run_here(capsys, "solve", county).code == 0
    before = listing(tmp_path)
    done = run_here(capsys, "map", county / "base.gpkg", "-o", county / "study.toml" / "map.html")
    assert done.code == 3
    assert "study.toml: the file cannot be read or written" in done.err
    wrong = run_here(capsys, "map", county / "base.gpkg", "-o", county / "layers.gpkg")
    assert wrong.code == 3
    assert "a map is written as HTML" in wrong.err
    assert listing(tmp_path) == before
