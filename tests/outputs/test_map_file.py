import json
import re

import pytest
from handmade_plan import HOSTILE, TYPES, handmade_plan

from siteplan.errors import DataError, UsageError
from siteplan.messages import translate
from siteplan.outputs import map as map_module
from siteplan.outputs.map import build_map
from siteplan.outputs.offline import addresses
from siteplan.outputs.payload import page_data
from siteplan.outputs.texts import TEXTS, texts


def embedded(html):
    return json.loads(re.search(r'id="siteplan-data">(.*?)</script>', html, re.DOTALL)[1])


def test_a_page_loads_nothing_and_holds_the_plan(tmp_path):
    plan = handmade_plan()
    path = build_map(plan, tmp_path / "地图" / "base map.html", lang="zh")
    html = path.read_text(encoding="utf-8")
    assert addresses(html) == []
    assert not re.search(r"jquery|bootstrap|awesome|tileLayer\(\"", html, re.IGNORECASE)
    data = embedded(html)
    assert data["language"] == "zh"
    assert [data["types"][k]["key"] for k in data["service"]["types"]] == list(TYPES)
    assert len(data["facilities"]["id"]) == len(plan.facilities)
    assert data["unmet"]["strength"] == ["hard", "target", "soft"]
    assert data["rules"]["S0-14"]["key_phrase"] == "不得低于400平方米"


def test_each_building_has_the_code_of_its_allocation():
    plan = handmade_plan()
    data = page_data(plan)
    codes = {"served": "0", "out_of_reach": "1", "none": "2"}
    for number, line, metres in zip(*(data["service"][name] for name in ("types", "status", "metres")), strict=True):
        rows = (
            plan.allocation[plan.allocation["type"] == data["types"][number]["key"]]
            .set_index("building_id")
            .loc[data["buildings"]["id"]]
        )
        assert list(line) == [codes[status] for status in rows["status"]]
        assert metres == [-1 if m != m else round(m) for m in rows["metres"]]  # noqa: PLR0124 - NaN is what differs from itself


def test_buildings_without_households_are_drawn_and_not_counted():
    data = page_data(handmade_plan(9))
    assert len(data["buildings"]["households"]) == 36
    assert data["buildings"]["geometry"]["count"] == 36 + 5


def test_equal_plans_make_equal_bytes(tmp_path):
    # contract: C12
    first, second = (
        build_map(handmade_plan(9), tmp_path / name, lang="en").read_bytes() for name in ("a.html", "b.html")
    )
    assert first == second


def test_a_county_of_17677_buildings_and_four_types_stays_small(tmp_path):
    path = build_map(handmade_plan(4_420), tmp_path / "county.html", lang="en")
    assert len(embedded(path.read_text(encoding="utf-8"))["buildings"]["id"]) == 17_680
    assert path.stat().st_size < 5_000_000


def test_hostile_names_stay_inside_their_data_block(tmp_path):
    # contract: C11
    html = build_map(handmade_plan(9, name=HOSTILE), tmp_path / "map.html", lang="en").read_text(encoding="utf-8")
    assert "alert(" in html
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert embedded(html)["facilities"]["site_name"][0] == HOSTILE


def test_a_plan_without_layers_of_its_study_still_makes_a_map(tmp_path):
    plan = handmade_plan(9)
    bare = plan.study.but(layers=plan.study.layers.but(vectors={}))
    data = embedded(build_map(plan.but(study=bare), tmp_path / "map.html").read_text(encoding="utf-8"))
    assert not {"boundary", "streets", "sites", "candidates"} & set(data)
    assert set(data["buildings"]["geometry"]["n"]) == {1}


def test_a_plan_with_no_facilities_and_no_stages_claims_no_proof(tmp_path):
    # contract: C2
    plan = handmade_plan(9)
    none = plan.allocation.assign(facility_id="", status="none", metres=float("nan"))
    empty = plan.but(
        facilities=plan.facilities.iloc[:0], allocation=none, stages=plan.stages.iloc[:0], unmet=plan.unmet.iloc[:0]
    )
    data = embedded(build_map(empty, tmp_path / "map.html").read_text(encoding="utf-8"))
    assert data["head"]["proven"] is False
    assert set(data["service"]["status"][0]) == {"2"}


def test_a_plan_without_a_crs_is_refused(tmp_path):
    plan = handmade_plan(9)
    with pytest.raises(DataError, match="coordinate reference system"):
        build_map(plan.but(demand=plan.demand.set_crs(None, allow_override=True)), tmp_path / "map.html")
    assert list(tmp_path.iterdir()) == []


def test_an_allocation_of_an_unknown_building_is_refused(tmp_path):
    plan = handmade_plan(9)
    wrong = plan.allocation.assign(building_id="nobody")
    with pytest.raises(DataError, match="nobody"):
        build_map(plan.but(allocation=wrong), tmp_path / "map.html")


def test_a_language_that_nobody_speaks_is_refused(tmp_path):
    with pytest.raises(UsageError, match="'fr'"):
        build_map(handmade_plan(9), tmp_path / "map.html", lang="fr")


def test_an_asset_from_outside_leaves_the_old_file_alone(tmp_path, monkeypatch):
    path = build_map(handmade_plan(9), tmp_path / "map.html")
    before = path.read_bytes()
    monkeypatch.setattr(map_module._OfflineMap, "default_js", [("late", "https://cdn.example.org/late.js")])
    with pytest.raises(DataError, match=r"cdn\.example\.org"):
        build_map(handmade_plan(9), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["map.html"]


def test_both_languages_have_every_text_and_the_same_blanks():
    found = texts()
    assert set(found) == {"en", "zh"}
    for key, message in TEXTS.items():
        assert found["zh"][key] == translate(message, "zh")
        assert sorted(re.findall(r"\{\w+\}", found["zh"][key])) == sorted(re.findall(r"\{\w+\}", message))
