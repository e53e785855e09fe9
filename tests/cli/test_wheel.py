"""The wheel alone, without the repository: what is in it, and the demo from it in a folder with Chinese characters and spaces."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from siteplan.outputs.offline import addresses

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
KEPT = ("PATH", "HOME", "SYSTEMROOT", "TEMP", "TMP")
"""What a program needs of its environment; the rest is left out."""


def pip(*arguments):
    command = [
        sys.executable,
        "-m",
        "pip",
        *(str(word) for word in arguments),
        "--no-deps",
        "--disable-pip-version-check",
    ]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--no-build-isolation", "-w", folder)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def target(wheel):
    folder = wheel.parent / "软件 目录"
    pip("install", "--target", folder, wheel)
    return folder


def python(target, cwd, *arguments):
    """Run Python on what is installed in ``target``, with as little environment as it needs."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=kept | {"PYTHONPATH": str(target)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_all_that_the_program_reads_and_no_more(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    wanted = {
        path.relative_to(source).as_posix()
        for pattern in ("*.py", "*.toml", "*.mo", "*.js", "*.css", "*.html", "py.typed")
        for path in (source / "siteplan").rglob(pattern)
    }
    assert wanted <= names
    for name in (
        "siteplan/standards/profiles/national.toml",
        "siteplan/messages/locale/zh_CN/LC_MESSAGES/siteplan.mo",
        "siteplan/outputs/assets/page.html",
    ):
        assert name in names
    others = {name for name in names if not name.startswith("siteplan/")}
    assert all(name.partition("/")[0].endswith(".dist-info") for name in others), others
    assert not [name for name in names if "test" in name or "docs" in name.split("/")]


@pytest.mark.parametrize(
    ("language", "sites", "said"),
    [((), "3", ("Plan base", "0 do not", "Map: ")), (("--lang", "zh"), "1", ("方案", "户数", "地图"))],
    ids=["default", "zh"],
)
def test_the_demo_runs_from_the_wheel_alone(target, tmp_path, language, sites, said):
    folder = tmp_path / "演示 县 (测试)"
    folder.mkdir()
    where = python(target, folder, "-c", "import json, siteplan; print(json.dumps(siteplan.__file__))")
    assert Path(json.loads(where)).is_relative_to(target)
    out = python(target, folder, "-m", "siteplan", *language, "demo", "--sites", sites)
    for words in said:
        assert words in out
    study = folder / "siteplan-demo"
    assert {path.name for path in study.iterdir()} == {
        *("study.toml", "layers.gpkg", "dem.tif", "landcover.csv", "landcover.tif", "base.gpkg", "base.html")
    }
    assert str(study / "base.html") in out
    page = (study / "base.html").read_text(encoding="utf-8")
    assert addresses(page) == []
    assert "siteplan-data" in page
