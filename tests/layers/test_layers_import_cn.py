"""Chinese files as they come: every name and position of them, against the registers that they were made from."""

import csv
import os
from pathlib import Path

import pyogrio
import pytest

from siteplan.layers.files import FileOptions
from siteplan.layers.read import read_layer
from siteplan.layers.register import read_register
from siteplan.layers.repair import Place
from siteplan.layers.write import write_layer

DATA = os.environ.get("SITEPLAN_DATA")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data"),
]
ROOT = Path(DATA or ".") / "import_cn"
CSV, XLSX = ROOT / "liuzhi_register_2016_gb18030.csv", ROOT / "liuzhi_register_2016.xlsx"
HEADINGS = ["区划代码", "上级代码", "名称", "级别", "城乡分类代码", "经度", "纬度", "县", "乡镇", "村（居）委会"]


def oracle(path, encoding):
    """Return the rows of a CSV as Python's own reader gives them."""
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream))


def table(path, **options):
    frame, notes = read_register(path, Place(role="communities", path=str(path)), **options)
    return frame.astype(object).where(frame.notna(), ""), [note.what for note in notes]


@pytest.mark.parametrize("path", [CSV, XLSX], ids=["csv", "xlsx"])
def test_the_register_of_liuzhi(path):
    frame, notes = table(path)
    assert list(frame.columns) == HEADINGS
    assert frame.to_dict("records") == oracle(CSV, "gb18030")
    assert len(frame) == 264
    assert frame.iloc[0]["名称"] == "六枝特区"
    assert (frame.iloc[0]["经度"], frame.iloc[0]["纬度"]) == ("105.476608", "26.213108")
    assert frame.iloc[-1]["名称"] == "滥坝村民委员会"
    assert frame.iloc[-1]["乡镇"] == "月亮河彝族布依族苗族乡"
    if path == CSV:
        assert frame.index.tolist() == list(range(2, 266))
        assert any("GB18030" in note for note in notes)
    else:
        assert frame.index.tolist() == list(range(3, 267))
        assert any("row 2" in note and "六枝特区村（社区）名录" in note for note in notes)


@pytest.mark.parametrize("path", [CSV, XLSX], ids=["csv", "xlsx"])
def test_its_rows_with_coordinates_are_a_layer(path):
    frame, repairs = read_layer(path, "communities", crs="EPSG:4490", options=FileOptions(unplaced="drop"))
    placed = [row for row in oracle(CSV, "gb18030") if row["经度"]]
    assert len(frame) == len(placed) == 22
    assert sum(repair.kind == "repair" for repair in repairs) == 264 - 22
    assert frame["id"].tolist() == [row["区划代码"] for row in placed]
    assert frame["name"].tolist() == [row["名称"] for row in placed]
    assert frame.geometry.x.tolist() == [float(row["经度"]) for row in placed]
    assert frame.geometry.y.tolist() == [float(row["纬度"]) for row in placed]
    kept = dict(zip(frame["name"], frame.geometry, strict=True))
    assert kept["银壶街道"].coords[0] == (105.461483, 26.212505)


def test_the_register_of_2023():
    path = ROOT / "register_2023_utf8.csv"
    frame, notes = table(path)
    assert frame.to_dict("records") == oracle(path, "utf-8")
    assert len(frame) == 4634
    assert frame["code"].map(len).eq(12).all()
    assert "旬阳" in "".join(frame["name"]) or frame["code"].str.startswith("610981").any()
    assert notes == []


def test_the_places_in_gbk_have_the_positions_of_the_register():
    path = ROOT / "places_gbk.shp"
    frame, repairs = read_layer(path, "townships")
    assert len(frame) == 494
    assert frame["id"].is_unique
    assert frame["id"].map(len).eq(12).all()
    assert set(frame["县区"]) >= {"六枝特区"}
    assert frame.geometry.x.between(105, 121).all()
    assert frame.geometry.y.between(26, 45).all()
    rows = {row["区划代码"]: row for row in oracle(CSV, "gb18030") if row["经度"]}
    both = frame[frame["id"].isin(rows)]
    assert len(both) == 21  # the county itself is no place of it
    for ident, name, point in zip(both["id"], both["name"], both.geometry, strict=True):
        assert name == rows[ident]["名称"]
        assert (point.x, point.y) == (float(rows[ident]["经度"]), float(rows[ident]["纬度"]))
    said = [repair.what for repair in repairs if "GB18030" in repair.what]
    assert len(said) == 1
    assert "[layers.townships]" in said[0]
    raw = pyogrio.read_dataframe(path, encoding="gb18030")
    assert frame["name"].tolist() == raw["名称"].tolist()


def test_the_places_written_again_are_the_same(tmp_path):
    frame, _ = read_layer(ROOT / "places_gbk.shp", "townships")
    back, repairs = read_layer(write_layer(frame, tmp_path / "places.shp"), "townships")
    assert (tmp_path / "places.cpg").read_text("ascii") == "GBK"
    assert back["name"].tolist() == frame["name"].tolist()
    assert back["县区"].tolist() == frame["县区"].tolist()
    assert back.geometry.geom_equals_exact(frame.geometry, 0).all()
    assert not [repair for repair in repairs if "GB18030" in repair.what]
