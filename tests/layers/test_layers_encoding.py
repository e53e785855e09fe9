"""Shapefile text: by the .cpg, else UTF-8 or GB18030 from the bytes; never Latin-1 without a word."""

import geopandas as gpd
import pyogrio
import pytest
import shapely

from siteplan.errors import LayerError
from siteplan.layers.files import FileOptions
from siteplan.layers.read import read_layer


def shapefile(folder, encoding, *, cpg=None, names=("岩脚镇", "木岗镇"), heading="乡镇"):
    frame = gpd.GeoDataFrame(
        {"id": [f"t{k}" for k in range(len(names))], heading: list(names)},
        geometry=[shapely.Point(105 + k / 100, 26) for k in range(len(names))],
        crs="EPSG:4490",
    )
    path = folder / "乡镇.shp"
    pyogrio.write_dataframe(frame, path, driver="ESRI Shapefile", encoding=encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg, encoding="ascii")
    return path


def names_of(path):
    frame, repairs = read_layer(path, "townships", columns={"name": "乡镇"})
    return frame["name"].tolist(), [repair.what for repair in repairs if "lacks" not in repair.what]


@pytest.mark.parametrize("encoding", ["GBK", "GB18030"])
def test_gbk_without_cpg_is_found_and_said(tmp_path, encoding):
    names, said = names_of(shapefile(tmp_path, encoding))
    assert names == ["岩脚镇", "木岗镇"]
    assert len(said) == 1
    assert "GB18030" in said[0]


def test_utf8_without_cpg_is_found(tmp_path):
    assert names_of(shapefile(tmp_path, "UTF-8")) == (["岩脚镇", "木岗镇"], [])


@pytest.mark.parametrize(
    ("encoding", "cpg"), [("UTF-8", "UTF-8"), ("GBK", "GBK"), ("GBK", "936"), ("GBK", "CP936\r\n")]
)
def test_cpg_is_followed(tmp_path, encoding, cpg):
    assert names_of(shapefile(tmp_path, encoding, cpg=cpg)) == (["岩脚镇", "木岗镇"], [])


def test_rare_characters_of_gb18030(tmp_path):
    assert names_of(shapefile(tmp_path, "GB18030", names=["㐂镇", "𠀀村"]))[0] == ["㐂镇", "𠀀村"]


def test_big5_with_cpg(tmp_path):
    path = shapefile(tmp_path, "BIG5", cpg="950", names=["鎮區"], heading="name")
    assert read_layer(path, "townships")[0]["name"].tolist() == ["鎮區"]


def test_cpg_that_is_wrong(tmp_path):
    path = shapefile(tmp_path, "GBK", cpg="UTF-8")
    with pytest.raises(LayerError) as caught:
        names_of(path)
    assert caught.value.path == str(path)
    assert caught.value.row == "乡镇.cpg"
    assert "remove" in caught.value.remedy


def test_cpg_that_names_nothing_known(tmp_path):
    with pytest.raises(LayerError, match="KLINGON") as caught:
        names_of(shapefile(tmp_path, "GBK", cpg="KLINGON"))
    assert "UTF-8 or GB18030" in caught.value.remedy


def test_latin1_only_where_the_cpg_says_so_and_never_silently(tmp_path):
    # contract: C1
    path = shapefile(tmp_path, "ISO-8859-1", cpg="ISO-8859-1", names=["Bürgerhaus"], heading="town")
    frame, repairs = read_layer(path, "townships", columns={"name": "town"})
    assert frame["name"].tolist() == ["Bürgerhaus"]
    assert any("iso8859-1" in repair.what for repair in repairs)


def test_neither_utf8_nor_gb18030(tmp_path):
    path = shapefile(tmp_path, "ISO-8859-1", names=["Käse\xff\xff"], heading="town")
    with pytest.raises(LayerError) as caught:
        read_layer(path, "townships", columns={"name": "town"})
    assert 'encoding = "big5"' in caught.value.remedy
    assert "[layers.townships]" in caught.value.remedy


def test_text_cut_in_the_middle_of_a_character_is_still_gbk(tmp_path):
    path = shapefile(tmp_path, "GBK", names=["镇" * 126 + "ab", "木岗镇"])
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    head, length = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    data[head + length - 1] = 0xD5  # the first byte of a character whose second the field has no room for
    table.write_bytes(bytes(data))
    names, said = names_of(path)
    assert names[1] == "木岗镇"
    assert names[0].startswith("镇" * 126 + "a")
    assert "GB18030" in said[0]
    assert "1 texts are cut in the middle of their last character" in said[1]


def with_language(path, byte):
    table = path.with_suffix(".dbf")
    data = bytearray(table.read_bytes())
    data[29] = byte
    table.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize("byte", [0x4D, 0x7A])
def test_the_language_byte_is_followed_where_there_is_no_cpg(tmp_path, byte):
    assert names_of(with_language(shapefile(tmp_path, "GBK"), byte)) == (["岩脚镇", "木岗镇"], [])


def test_big5_by_its_language_byte(tmp_path):
    path = with_language(shapefile(tmp_path, "BIG5", names=["鎮區"], heading="name"), 0x78)
    assert read_layer(path, "townships")[0]["name"].tolist() == ["鎮區"]


def test_a_language_byte_that_is_wrong_is_not_believed(tmp_path):
    path = with_language(shapefile(tmp_path, "UTF-8", names=["岩脚镇", "木岗镇区"]), 0x79)
    assert names_of(path)[0] == ["岩脚镇", "木岗镇区"]


def test_a_western_language_byte_on_text_that_may_be_chinese_is_refused(tmp_path):
    # contract: C1
    path = with_language(shapefile(tmp_path, "GBK"), 0x03)
    with pytest.raises(LayerError) as caught:
        names_of(path)
    assert "乡镇" in caught.value.problem
    assert 'encoding = "gb18030"' in caught.value.remedy
    assert "[layers.townships]" in caught.value.remedy
    frame, _ = read_layer(path, "townships", columns={"name": "乡镇"}, options=FileOptions(encoding="gbk"))
    assert frame["name"].tolist() == ["岩脚镇", "木岗镇"]


def test_a_western_language_byte_on_western_text_is_followed_and_said(tmp_path):
    path = with_language(shapefile(tmp_path, "CP1252", names=["Käse\xff\xff"], heading="town"), 0x03)
    frame, repairs = read_layer(path, "townships", columns={"name": "town"})
    assert frame["name"].tolist() == ["Käse\xff\xff"]
    assert any("cp1252" in repair.what for repair in repairs)


def test_bytes_that_are_utf8_and_gbk_are_said_with_both_readings(tmp_path):
    path = shapefile(tmp_path, "GBK", names=["陆"], heading="name")
    frame, repairs = read_layer(path, "townships")
    said = next(repair.what for repair in repairs if "UTF-8" in repair.what)
    assert frame["name"].tolist() == ["½"]
    assert "½" in said
    assert "陆" in said
    assert 'encoding = "gb18030"' in said
    assert read_layer(path, "townships", options=FileOptions(encoding="gb18030"))[0]["name"].tolist() == ["陆"]


@pytest.mark.parametrize("name", ["hex", "utf-16", "zip", ""])
def test_what_is_no_encoding_of_a_table(tmp_path, name):
    with pytest.raises(LayerError) as caught:
        read_layer(shapefile(tmp_path, "GBK"), "townships", options=FileOptions(encoding=name))
    assert caught.value.row == "[layers.townships] encoding"


@pytest.mark.parametrize("cpg", ["GBK", "ISO-8859-1"])
def test_a_cpg_on_text_that_is_utf8_is_refused_with_both_readings(tmp_path, cpg):
    path = shapefile(tmp_path, "UTF-8", cpg=cpg, heading="name")
    with pytest.raises(LayerError) as caught:
        read_layer(path, "townships")
    assert "the text is UTF-8" in caught.value.problem
    assert "岩脚镇" in caught.value.problem
    assert "write UTF-8 into 乡镇.cpg" in caught.value.remedy
    path.with_suffix(".cpg").write_text("UTF-8", encoding="ascii")
    assert read_layer(path, "townships")[0]["name"].tolist() == ["岩脚镇", "木岗镇"]


def test_gbk_that_happens_to_be_utf8_without_chinese_is_read_as_its_cpg_says(tmp_path):
    path = shapefile(tmp_path, "GBK", cpg="GBK", names=["陆"], heading="name")
    assert read_layer(path, "townships")[0]["name"].tolist() == ["陆"]


def test_utf8_with_the_language_byte_of_gbk(tmp_path):
    path = with_language(shapefile(tmp_path, "UTF-8", heading="name"), 0x4D)
    assert read_layer(path, "townships")[0]["name"].tolist() == ["岩脚镇", "木岗镇"]


def test_a_western_cpg_on_text_that_may_be_chinese_shows_both_readings(tmp_path):
    _, repairs = read_layer(shapefile(tmp_path, "GBK", cpg="ISO-8859-1", heading="name"), "townships")
    said = [repair.what for repair in repairs if "might be GB18030" in repair.what]
    assert len(said) == 1
    assert "or 木岗镇" in said[0]
    assert 'encoding = "gb18030"' in said[0]
