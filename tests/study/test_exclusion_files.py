"""Exclusions in files of their own: a Shapefile in degrees, a register of hazard points, a GeoPackage beside the layer of exclusions."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
from shapely import box
from tiny_study import CRS, X, Y, at, centre, check_plan, house, place, write_study

from siteplan.auditing.audit import audit
from siteplan.errors import LayerError, SettingsError
from siteplan.study.study import open_study

if TYPE_CHECKING:
    from pathlib import Path

TERMS = """

[exclusions.layers."永久基本农田"]
path = "基本农田.shp"

[exclusions.layers.hazard]
path = "隐患点.csv"
crs = "EPSG:4490"

[exclusions.layers."禁建区甲"]
path = "禁建.gpkg"

[exclusions]
kinds = { "禁建区甲" = "ecological_redline" }
"""


def square(x: float) -> object:
    return box(X + x - 10, Y - 10, X + x + 10, Y + 10)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose candidates c1 to c4 each lie in another exclusion, c5 in none; study.toml names the one layer only."""
    folder = tmp_path_factory.mktemp("county")
    places = [place(f"c{n}", 200 + 100 * n, cost_per_m2_yuan=1000.0 + n) for n in range(1, 6)]
    drawn = [{"id": "1", "kind": "公园", "geometry": square(300)}]
    write_study(folder, rules=[centre(32)], buildings=[house("b1", 200, 425)], candidates=places, exclusions=drawn)
    fields = gpd.GeoDataFrame({"id": ["1"], "类别": ["水田"]}, geometry=[square(400)], crs=CRS).to_crs(4490)
    fields.to_file(folder / "基本农田.shp", encoding="gb18030")
    points = gpd.GeoSeries([at(500, 20), at(2000, 400)], crs=CRS).to_crs(4490)
    lines = [
        f"{n},{name},{p.x:.9f},{p.y:.9f},30" for n, name, p in zip("12", ("北山滑坡", "南沟"), points, strict=True)
    ]
    (folder / "隐患点.csv").write_bytes("\n".join(["编号,名称,经度,纬度,避让距离", *lines]).encode("gb18030"))
    gpd.GeoDataFrame({"id": ["1"]}, geometry=[square(600)], crs=CRS).to_file(folder / "禁建.gpkg", driver="GPKG")
    return folder


def filed(county: Path, folder: Path, terms: str = TERMS) -> Path:
    """Copy the county into ``folder`` and add to its study.toml."""
    shutil.copytree(county, folder, dirs_exist_ok=True)
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + terms, encoding="utf-8")
    return folder


def test_rows_of_every_file_are_of_its_kind_and_keep_off_siting(county: Path, tmp_path: Path) -> None:
    study = open_study(filed(county, tmp_path))
    layer = study.layers.require("exclusions", "").set_index("id")
    assert layer["kind"].to_dict() == {
        "1": "公园", "永久基本农田-1": "永久基本农田", "hazard-1": "hazard", "2": "hazard", "禁建区甲-1": "禁建区甲",
    }  # fmt: skip
    assert layer["read_as"].tolist() == ["", "permanent_farmland", "hazard", "hazard", "ecological_redline"]
    assert layer.loc["hazard-1", ["name", "buffer_m"]].tolist() == ["北山滑坡", 30]
    assert layer.geometry.loc["永久基本农田-1"].centroid.distance(at(400)) < 0.01
    plan = check_plan(study, facilities={("service_centre", "c5"): 136.0}, cost=136 * 1005)
    assert plan.provenance["file:exclusions hazard"] == "隐患点.csv"
    (tmp_path / "隐患点.csv").write_bytes((tmp_path / "隐患点.csv").read_bytes() + "\n3,东,105,26,5".encode("gb18030"))
    (wrong,) = audit(plan).disagreements()
    assert (wrong["claim"], wrong["subject"]) == ("inputs", "exclusions hazard")


@pytest.mark.parametrize(
    ("terms", "error", "row"),
    [
        ('\n\n[exclusions.layers.flood]\npath = "../flood.shp"\n', SettingsError, "[exclusions.layers.flood] path"),
        ('\n\n[exclusions.layers.flood]\npaht = "flood.shp"\n', SettingsError, "[exclusions.layers.flood]"),
        ('\n\n[exclusions.layers.flood]\npath = "none.shp"\n', LayerError, None),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    county: Path, tmp_path: Path, terms: str, error: type[Exception], row: str | None
) -> None:
    with pytest.raises(error) as caught:
        open_study(filed(county, tmp_path, terms))
    assert caught.value.exit_code == 3
    assert row is None or caught.value.row == row
    assert row is not None or "[exclusions.layers.flood]" in caught.value.remedy


def test_a_file_of_another_county_is_refused(county: Path, tmp_path: Path) -> None:
    filed(county, tmp_path)
    far = gpd.GeoDataFrame({"id": ["1"]}, geometry=[square(900_000)], crs=CRS)
    far.to_file(tmp_path / "禁建.gpkg", driver="GPKG")
    with pytest.raises(LayerError, match="nowhere near") as caught:
        open_study(tmp_path)
    assert caught.value.path.endswith("禁建.gpkg")
