"""Registers as offices keep them: titles above headings, merged cells, totals, formulas, any encoding; nothing read wrongly."""

import datetime as dt
import zipfile

import openpyxl
import pandas as pd
import pytest

from siteplan.errors import LayerError
from siteplan.layers.files import FileOptions
from siteplan.layers.read import read_layer
from siteplan.layers.register import read_register
from siteplan.layers.repair import Place

CRS = "EPSG:4490"
HEAD = ["安置点名称", "户数（户）", "总人口", "经度", "纬度"]
ROWS = [["岩脚安置点", 120, 455, 105.39, 26.33], ["木岗安置点", 80, 301, 105.67, 26.17]]


def workbook(path, rows, merged=(), sheet="Sheet", **cells):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for ref, value in cells.items():
        book.active[ref] = value
    for ref in merged:
        book.active.merge_cells(ref)
    book.save(path)
    return path


def computed(path, **values):
    """Give formulas of a workbook the values that a program would save beside them."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].decode()
    for cell, value in values.items():
        head, mark, rest = sheet.partition(f'<c r="{cell}"')
        assert mark, cell
        sheet = head + mark + rest.replace("<v />", f"<v>{value}</v>", 1)
    members["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def csv_file(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def text_of(rows, sign=","):
    return "".join(sign.join("" if cell is None else str(cell) for cell in row) + "\r\n" for row in rows)


def sites(path, **options):
    return read_layer(path, "sites", crs=CRS, options=FileOptions(**options))


def refused(path, **options):
    with pytest.raises(LayerError) as caught:
        sites(path, **options)
    assert caught.value.exit_code == 3
    assert caught.value.path == str(path)
    assert caught.value.remedy
    return caught.value


def table(path, **options):
    frame, notes = read_register(path, Place(role="sites", path=str(path)), **options)
    return frame, [note.what for note in notes]


def whats(repairs, kind="note"):
    return [repair.what for repair in repairs if repair.kind == kind]


def check_two_sites(frame):
    assert frame["name"].tolist() == ["岩脚安置点", "木岗安置点"]
    assert frame["households"].tolist() == [120, 80]
    assert frame["people"].tolist() == [455, 301]
    assert frame.geometry.x.tolist() == [105.39, 105.67]
    assert frame.geometry.y.tolist() == [26.33, 26.17]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("sign", [",", "\t", ";"])
def test_csv_in_any_usual_encoding_and_with_any_usual_sign(tmp_path, encoding, sign):
    frame, _ = sites(csv_file(tmp_path / "a.csv", text_of([HEAD, *ROWS], sign), encoding))
    check_two_sites(frame)
    assert frame.crs == CRS


def test_the_encoding_that_was_assumed_is_said_and_can_be_set(tmp_path):
    path = csv_file(tmp_path / "a.csv", text_of([HEAD, *ROWS]), "gbk")
    said = [what for what in whats(sites(path)[1]) if "GB18030" in what]
    assert len(said) == 1
    assert 'encoding = "..."' in said[0]
    assert "[layers.sites]" in said[0]
    assert not [what for what in whats(sites(path, encoding="gbk")[1]) if "GB18030" in what]
    assert "not in that encoding" in refused(path, encoding="utf-8").problem
    assert "no such encoding" in refused(path, encoding="klingon").problem


def test_big5_has_to_be_named(tmp_path):
    text = "安置點名稱,戶數,經度,緯度\r\n岩腳鎮,3,105.4,26.2\r\n"
    path = csv_file(tmp_path / "a.csv", text, "big5")
    frame, _ = read_layer(
        path, "sites", crs=CRS, options=FileOptions(encoding="big5"),
        columns={"name": "安置點名稱", "households": "戶數", "x": "經度", "y": "緯度"},
    )  # fmt: skip
    assert frame["name"].tolist() == ["岩腳鎮"]


def test_title_rows_are_not_headings_and_are_said(tmp_path):
    rows = [["六枝特区安置点名册"], ["填报单位：发改局", None, None, "2023年"], HEAD, *ROWS]
    for path in (workbook(tmp_path / "a.xlsx", rows, ["A1:E1"]), csv_file(tmp_path / "a.csv", text_of(rows))):
        frame, repairs = sites(path)
        check_two_sites(frame)
        assert any("row 3" in what and "六枝特区安置点名册" in what for what in whats(repairs))


def test_the_row_of_headings_can_be_named(tmp_path):
    rows = [["名称", "甲", "乙"], ["名称", "数量", "备注"], ["x", 1, "y"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    assert table(path, heading_row=2)[0].columns.tolist() == ["名称", "数量", "备注"]
    assert refused(path, heading_row=9).row == "heading_row"


def test_headings_that_nobody_knows_are_found_by_their_look(tmp_path):
    frame, _ = table(workbook(tmp_path / "a.xlsx", [["标题"], [None], ["甲", "乙", "丙"], ["x", 1, 2], ["y", 3, 4]]))
    assert frame.columns.tolist() == ["甲", "乙", "丙"]
    assert frame["乙"].tolist() == [1, 3]
    assert frame.index.tolist() == [4, 5]


def test_no_headings_at_all(tmp_path):
    error = refused(workbook(tmp_path / "a.xlsx", [[1, 2], [3, 4]]))
    assert "heading_row = 3" in error.remedy


def test_headings_over_two_rows(tmp_path):
    rows = [
        ["安置点人口统计表"],
        ["安置点名称", "户数", "人数", None, "经度", "纬度"],
        [None, None, "合并", "其中老人", None, None],
        ["岩脚", 12, 40, 9, 105.39, 26.33],
    ]
    frame, notes = table(workbook(tmp_path / "a.xlsx", rows, ["A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:E3", "F2:F3"]))
    assert frame.columns.tolist() == ["安置点名称", "户数", "合并", "其中老人", "经度", "纬度"]
    assert frame.iloc[0].tolist() == ["岩脚", 12, 40, 9, 105.39, 26.33]
    assert any("row 2" in note for note in notes)


def test_the_same_word_below_two_headings(tmp_path):
    rows = [["名称", "2022年", None, "2023年", None], [None, "户数", "人口", "户数", "人口"], ["岩脚", 1, 2, 3, 4]]
    frame, _ = table(workbook(tmp_path / "a.xlsx", rows, ["A1:A2", "B1:C1", "D1:E1"]))
    assert frame.columns.tolist() == ["名称", "2022年/户数", "2022年/人口", "2023年/户数", "2023年/人口"]


def test_merged_texts_stand_in_every_row_and_merged_numbers_in_the_first(tmp_path):
    rows = [["乡镇", "村", "户数"], ["岩脚镇", "甲", 30], [None, "乙", None], [None, "丙", 7]]
    frame, notes = table(workbook(tmp_path / "a.xlsx", rows, ["A2:A4", "C2:C3"]))
    assert frame["乡镇"].tolist() == ["岩脚镇"] * 3
    assert frame["户数"].isna().tolist() == [False, True, False]
    assert frame["户数"].sum() == 37
    assert any("first row alone" in note and "2" in note for note in notes)


def test_totals_and_remarks_are_left_out_and_reported(tmp_path):
    rows = [HEAD, *ROWS, ["合 计", 200, 756], [None], ["注：数据截至2023年底"]]
    for path in (workbook(tmp_path / "a.xlsx", rows), csv_file(tmp_path / "a.csv", text_of(rows))):
        frame, repairs = sites(path)
        check_two_sites(frame)
        left = [(repair.row, repair.what) for repair in repairs if repair.kind == "repair"]
        assert [row for row, _ in left] == ["row 4", "row 6"]
        assert "合 计" in left[0][1]
        assert not any("sum to" in what for what in whats(repairs))


def test_a_total_of_households_that_does_not_add_up(tmp_path):
    _, repairs = sites(workbook(tmp_path / "a.xlsx", [HEAD, *ROWS, ["总计", 201, 756]]))
    assert any("户数（户）: the rows sum to 200, the row of totals says 201" in what for what in whats(repairs))


def test_subtotals_by_township_are_left_out(tmp_path):
    rows = [HEAD, ROWS[0], ["岩脚镇小计", 120, 455], ROWS[1]]
    frame, repairs = sites(workbook(tmp_path / "a.xlsx", rows))
    check_two_sites(frame)
    assert [repair.row for repair in repairs if repair.kind == "repair"] == ["row 3"]


def test_formulas_of_a_workbook_give_the_values_last_computed_and_are_reported(tmp_path):
    rows = [HEAD, [*ROWS[0]], [ROWS[1][0], "=40*2", *ROWS[1][2:]]]
    frame, repairs = sites(computed(workbook(tmp_path / "a.xlsx", rows), B3=80))
    check_two_sites(frame)
    assert any("formulas in columns B (1)" in what for what in whats(repairs))


def test_a_formula_that_nobody_computed_is_refused(tmp_path):
    # contract: C1
    error = refused(workbook(tmp_path / "a.xlsx", [HEAD, *ROWS], B2="=SUM(1,2)"))
    assert error.row == "B2"
    assert "formula" in error.problem


def test_an_error_in_a_cell_is_refused(tmp_path):
    error = refused(workbook(tmp_path / "a.xlsx", [HEAD, *ROWS], F7="#REF!"))
    assert error.row == "F7"
    assert "#REF!" in error.problem


@pytest.mark.parametrize("formula", ["=B2*2", "=SUM(B2:B3)", "+SUM(B2)", "@SUM(B2)", '=HYPERLINK("http://x","岩脚")'])
def test_formulas_in_a_csv_are_refused(tmp_path, formula):
    rows = [[*HEAD, "备注"], [*ROWS[0], ""], [*ROWS[1], '"' + formula.replace('"', '""') + '"']]
    error = refused(csv_file(tmp_path / "a.csv", text_of(rows)))
    assert error.row == "row 3"
    assert "备注" in error.problem
    assert formula in error.problem


def test_a_text_that_spreadsheets_write_as_a_formula_is_read_as_text(tmp_path):
    text = "编号,名称,户数,经度,纬度\r\n" + '"=""0123""",-,5,105.4,26.2\r\n'
    frame, repairs = sites(csv_file(tmp_path / "a.csv", text))
    assert frame["id"].tolist() == ["0123"]
    assert frame["name"].tolist() == ["-"]
    assert any('="..."' in what for what in whats(repairs))


def test_codes_stay_text_and_numbers_of_a_workbook_stay_whole(tmp_path):
    rows = [["区划代码", "名称", "数", "经度", "纬度"], ["052020300000", "a", 520203107000, 105, 26]]
    frame, _ = read_layer(workbook(tmp_path / "a.xlsx", rows), "townships", crs=CRS)
    assert frame["id"].tolist() == ["052020300000"]
    assert frame["数"].tolist() == [520203107000]
    frame, _ = read_layer(csv_file(tmp_path / "a.csv", text_of(rows)), "townships", crs=CRS)
    assert frame["id"].tolist() == ["052020300000"]
    assert frame["数"].tolist() == ["520203107000"]


def test_kinds_of_cells(tmp_path):
    rows = [
        ["名称", "日期", "时刻", "是否", "数", "混"],
        ["a", dt.date(2020, 5, 1), pd.Timestamp("2020-05-01T08:30").to_pydatetime(), True, 1, 1],
        ["b", None, None, False, None, "x"],
    ]
    frame, _ = table(workbook(tmp_path / "a.xlsx", rows))
    assert frame["日期"].tolist() == [dt.date(2020, 5, 1), None]
    assert frame["时刻"].iloc[0].isoformat() == "2020-05-01T08:30:00"
    assert frame["是否"].tolist() == [True, False]
    assert frame["数"].iloc[0] == 1
    assert frame["数"].isna().tolist() == [False, True]
    assert frame["混"].tolist() == [1, "x"]


def test_a_row_with_more_cells_than_headings(tmp_path):
    error = refused(csv_file(tmp_path / "a.csv", text_of([HEAD, ["岩脚, 镇", *ROWS[0][1:]], ROWS[1]])))
    assert error.row == "row 2"
    assert "quotation" in error.remedy


def test_a_csv_cut_off_in_its_last_row(tmp_path):
    text = text_of([HEAD, *ROWS])
    error = refused(csv_file(tmp_path / "a.csv", text[:-16]))
    assert error.row == "row 3"
    assert "cut off" in error.problem


def test_a_character_cut_by_the_end_of_its_line(tmp_path):
    data = text_of([HEAD, *ROWS, ["甲", 1, 2, 105, 26]]).encode("gbk").replace("木岗".encode("gbk"), b"\xc4\n")
    (tmp_path / "a.csv").write_bytes(data)
    assert refused(tmp_path / "a.csv").row == "row 3"


def test_a_quotation_mark_that_is_never_closed(tmp_path):
    error = refused(csv_file(tmp_path / "a.csv", text_of([HEAD, *ROWS]) + '"岩脚,1,2,105,26\r\n' * 3))
    assert "quotation mark" in error.remedy


def test_headings_that_stand_twice_are_not_taken(tmp_path):
    error = refused(workbook(tmp_path / "a.xlsx", [["名称", "户数", "户数", "经度", "纬度"], ["a", 1, 2, 105, 26]]))
    assert error.row == "households"
    assert "户数 (1)" in error.remedy


def test_columns_without_heading(tmp_path):
    rows = [["名称", None, "户数"], ["a", "x", 2, None, 7], ["b", None, 3]]
    frame, notes = table(workbook(tmp_path / "a.xlsx", rows))
    assert frame.columns.tolist() == ["名称", "column 2", "户数", "column 5"]
    assert frame["column 5"].tolist()[0] == 7
    assert sum("values and no heading" in note for note in notes) == 2


def test_rows_without_coordinates(tmp_path):
    rows = [HEAD, *ROWS, ["大用安置点", 5, 20, None, None]]
    path = workbook(tmp_path / "a.xlsx", rows)
    error = refused(path)
    assert error.row == "row 4"
    assert 'unplaced = "drop"' in error.remedy
    frame, repairs = sites(path, unplaced="drop")
    check_two_sites(frame)
    assert [repair.row for repair in repairs if repair.kind == "repair"] == ["row 4"]


@pytest.mark.parametrize(("x", "y", "row"), [(105.4, None, "row 2"), ("东边", 26.2, "row 2"), ("105.4.1", 26, "row 2")])
def test_bad_coordinates_name_their_row(tmp_path, x, y, row):
    assert refused(workbook(tmp_path / "a.xlsx", [HEAD, ["a", 1, 2, x, y]])).row == row


def test_degrees_minutes_seconds(tmp_path):
    rows = [HEAD, ["a", 1, 2, "105°28′36″", "26°12'47.2\""], ["b", 1, 2, "东经105度30分", "北纬26度15分0秒"]]
    frame, repairs = sites(workbook(tmp_path / "a.xlsx", rows))
    assert frame.geometry.x.tolist() == pytest.approx([105 + 28 / 60 + 36 / 3600, 105.5])
    assert frame.geometry.y.tolist() == pytest.approx([26 + 12 / 60 + 47.2 / 3600, 26.25])
    assert sum("degrees, minutes and seconds" in what for what in whats(repairs)) == 2


def test_coordinates_of_a_projected_system_have_to_be_named(tmp_path):
    rows = [["名称", "户数", "X坐标", "Y坐标"], ["a", 1, 2_900_000, 500_000]]
    path = workbook(tmp_path / "a.xlsx", rows)
    error = refused(path)
    assert 'columns = { x = "...", y = "..." }' in error.remedy
    assert "X坐标" in error.remedy
    frame, _ = read_layer(path, "sites", crs="EPSG:4547", columns={"x": "Y坐标", "y": "X坐标"})
    assert (frame.geometry.x[0], frame.geometry.y[0]) == (500_000, 2_900_000)
    with pytest.raises(LayerError, match="Y坐杆") as caught:
        read_layer(path, "sites", crs="EPSG:4547", columns={"x": "Y坐杆", "y": "X坐标"})
    assert "Y坐标" in caught.value.remedy


def test_a_register_has_no_coordinate_system_of_its_own(tmp_path):
    with pytest.raises(LayerError, match="coordinate system"):
        read_layer(workbook(tmp_path / "a.xlsx", [HEAD, *ROWS]), "sites")


def test_sheets(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEAD, *ROWS], sheet="甲")
    book = openpyxl.load_workbook(path)
    book.create_sheet("空")
    book.save(path)
    check_two_sites(sites(path)[0])
    book.create_sheet("乙").append(["x"])
    book.save(path)
    error = refused(path)
    assert "several sheets" in error.problem
    assert "甲, 空, 乙" in error.remedy
    check_two_sites(read_layer(path, "sites", crs=CRS, layer="甲")[0])
    with pytest.raises(LayerError, match="no sheet 丙"):
        read_layer(path, "sites", crs=CRS, layer="丙")
    book["乙"].title = "安置点"
    book.save(path)
    with pytest.raises(LayerError, match="no rows below"):
        sites(path)


def test_a_workbook_that_says_less_of_its_size_than_it_has(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEAD, *ROWS])
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b'ref="A1:E3"', b'ref="A1:B2"')
    assert members["xl/worksheets/sheet1.xml"] != sheet
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    check_two_sites(sites(path)[0])


@pytest.mark.once
@pytest.mark.parametrize("cell", ["XFD1", "A1048576"])
def test_cells_at_the_end_of_the_sheet(tmp_path, cell):
    path = workbook(tmp_path / "a.xlsx", [HEAD, *ROWS], **{cell: "x"})
    if cell == "A1048576":
        assert refused(path).row == "row 1048576"  # it has no coordinates
    else:
        assert "no register is that large" in refused(path).remedy


def test_options_for_registers_are_refused_elsewhere(tmp_path):
    path = tmp_path / "a.geojson"
    path.write_text('{"type":"FeatureCollection","features":[]}', encoding="utf-8")
    for key, value in {"heading_row": 2, "encoding": "gbk", "unplaced": "drop"}.items():
        error = refused(path, **{key: value})
        assert key in error.problem
        assert f"remove the line {key}" in error.remedy


def test_names_of_a_study_come_first(tmp_path):
    rows = [["小区", "建档户", "户数", "经度", "纬度"], ["a", 7, 9, 105, 26]]
    frame, _ = sites(workbook(tmp_path / "a.xlsx", rows), aliases={"name": ("小区",)})
    assert frame["name"].tolist() == ["a"]
    assert frame["households"].tolist() == [9]
    rows = [["小区", "建档户", "经度", "纬度"], ["a", 7, 105, 26]]
    frame, _ = sites(workbook(tmp_path / "b.xlsx", rows), aliases={"households": ("建档户",)})
    assert frame["households"].tolist() == [7]


@pytest.mark.parametrize(("encoding", "given"), [("utf-8", "utf-8"), ("gb18030", None), ("gb18030", "gb18030")])
def test_a_mark_at_the_start_is_no_part_of_the_first_heading(tmp_path, encoding, given):
    path = csv_file(tmp_path / "a.csv", "\ufeff编号,户数,经度,纬度\n007,3,105,26\n", encoding)
    assert sites(path, encoding=given)[0]["id"].tolist() == ["007"]


def test_codes_that_a_workbook_shows_with_zeros_keep_them(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [["编号", "户数", "经度", "纬度"], [12, 3, 105, 26]])
    book = openpyxl.load_workbook(path)
    book.active["A2"].number_format = "000000"
    book.active["B2"].number_format = "000"
    book.save(path)
    frame, _ = sites(path)
    assert frame["id"].tolist() == ["000012"]
    assert frame["households"].tolist() == [3]


@pytest.mark.parametrize(
    "damaged",
    [dt.date(2024, 1, 2), pd.Timestamp("2024-01-02 03:04"), 520203199001011000, 5.20203199001011e17, "5.20203E+11"],
)
@pytest.mark.parametrize("first", ["1-14", 7, None])
def test_ids_that_a_spreadsheet_changed_are_refused_with_their_row(tmp_path, damaged, first):
    rows = [["某县安置点"], ["编号", "户数", "经度", "纬度"], [first, 3, 105, 26], [damaged, 4, 105.1, 26]]
    error = refused(workbook(tmp_path / "a.xlsx", rows if first is not None else rows[:2] + rows[3:]))
    assert error.row == ("row 4" if first is not None else "row 3")
    assert "1 ids" in error.problem
    assert "format the column 编号 as text" in error.remedy


def test_an_id_that_is_missing_names_the_row_of_the_file(tmp_path):
    rows = [["某县安置点"], ["编号", "户数", "经度", "纬度"], ["a", 3, 105, 26], [None, 4, 105.1, 26]]
    assert refused(workbook(tmp_path / "a.xlsx", rows)).row == "row 4"


def test_hidden_rows_are_read_and_said(tmp_path):
    path = workbook(tmp_path / "a.xlsx", [HEAD, *ROWS])
    assert not any("hidden" in what for what in whats(sites(path)[1]))
    book = openpyxl.load_workbook(path)
    book.active.row_dimensions[3].hidden = True
    book.active.row_dimensions[9].hidden = True  # without cells
    book.save(path)
    frame, notes = sites(path)
    check_two_sites(frame)
    assert [what.split(" (")[0] for what in whats(notes) if "hidden" in what] == ["1 rows that are hidden in the sheet"]


def test_headings_that_differ_in_case_alone_have_to_be_named(tmp_path):
    path = csv_file(tmp_path / "a.csv", "id,Households,HOUSEHOLDS,lon,lat\na,3,4,105,26\n")
    assert "several columns may be households: Households, HOUSEHOLDS" in refused(path).problem
    frame, _ = read_layer(path, "sites", crs=CRS, columns={"households": "HOUSEHOLDS"})
    assert frame["households"].tolist() == [4]


def test_text_below_a_heading_over_two_columns_is_data_where_the_other_columns_have_data(tmp_path):
    head = ["编号", "户数", "经度", "纬度", "备注", None]
    rows = [["a", 3, 105, 26, "甲", "乙"], ["b", 4, 105.1, 26, "丙", None]]
    frame, _ = sites(workbook(tmp_path / "a.xlsx", [head, *rows], merged=["E1:F1"]))
    assert frame["id"].tolist() == ["a", "b"]
    assert frame["households"].tolist() == [3, 4]
    assert frame["备注 (1)"].tolist() == ["甲", "丙"]


def test_semicolons_divide_where_numbers_have_commas(tmp_path):
    path = csv_file(tmp_path / "a.csv", "编号;户数;经度;纬度\n001;10,0;105,5;26,2\n002;11,0;105,51;26,21\n")
    error = refused(path)
    assert error.row == "row 2"
    assert "column 经度 is '105,5'" in error.problem


def test_parts_of_households_are_said(tmp_path):
    rows = [["编号", "户数", "人口", "经度", "纬度"], ["a", 3, None, 105, 26], ["b", 1.234, 4, 105.1, 26]]
    said = [what for what in whats(sites(workbook(tmp_path / "a.xlsx", rows))[1]) if "whole" in what]
    assert said == ["1 values of households are no whole numbers, as 1.234 of b: see that 1.234 is not 1,234"]


@pytest.mark.parametrize("text", ["合计数", "全县总计数：", "小 计", "Total"])
def test_other_words_for_totals(tmp_path, text):
    path = workbook(tmp_path / "a.xlsx", [HEAD, *ROWS, [text, 200, 756, 105.5, 26.2]])
    frame, repairs = sites(path)
    check_two_sites(frame)
    assert whats(repairs, "repair") == [f"a row of totals ({text}) left out"]
