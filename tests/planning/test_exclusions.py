"""Candidates in exclusion zones: not used, named in the plan, and caught by the audit where one is used all the same."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
from shapely import box
from tiny_study import X, Y, at, centre, check_plan, house, place, rule, standing, write_study

from siteplan.auditing.audit import audit
from siteplan.errors import DataError
from siteplan.planning.solve import solve
from siteplan.study.study import open_study

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.plans.plan import Plan
    from siteplan.study.study import Study

HERE = [house("b1", 200, 425)]


def zoned(study: Study, site: str) -> Study:
    """Return the study with an exclusion zone of 20 m around one candidate."""
    candidates = study.layers.require("candidates", "")
    middle = candidates.loc[candidates["id"] == site, "geometry"].iloc[0]
    zone = gpd.GeoDataFrame(
        {"id": ["z1"], "name": [""], "kind": ["地质灾害隐患点"]}, geometry=[middle.buffer(20)], crs=study.crs
    )
    return study.but(layers=study.layers.but(vectors={**study.layers.vectors, "exclusions": zone}))


TWO = [place("c1", 300), place("c2", 400, cost_per_m2_yuan=1100.0)]


@pytest.fixture(scope="module")
def at_c1(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The plan of the study without exclusions."""
    free = write_study(tmp_path_factory.mktemp("free"), rules=[centre(32)], buildings=HERE, candidates=TWO)
    return check_plan(free, facilities={("service_centre", "c1"): 136.0}, cost=136_000)


def test_a_candidate_in_a_zone_is_not_used_though_it_is_cheaper(at_c1: Plan) -> None:
    # 425 households x 0.32 = 136 m2. c1 costs 1,000 a m2 and would be taken; in the zone it is not, so c2 at 1,100 is.
    kept = zoned(at_c1.study, "c1")
    plan = check_plan(kept, facilities={("service_centre", "c2"): 136.0}, cost=149_600)
    notes = [text for key, text in plan.provenance.items() if key.startswith("note:")]
    assert any("c1" in note and "地质灾害隐患点" in note for note in notes)
    # the plan that uses c1, held against layers with the zone, is found out
    wrong = {row["claim"] for row in audit(at_c1.but(study=kept)).disagreements()}
    assert wrong == {"outside exclusion zones"}


def test_a_required_candidate_in_a_zone_is_for_the_user_to_settle(tmp_path: Path) -> None:
    study = write_study(tmp_path, rules=[centre(32)], buildings=HERE, candidates=[place("c1", 300, state="required")])
    with pytest.raises(DataError, match="c1") as error:
        solve(zoned(study, "c1"))
    assert error.value.exit_code == 3


def reopened(folder: Path, terms: str) -> Study:
    """Return the study with more in its study.toml."""
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + f"\n\n{terms}\n", encoding="utf-8")
    return open_study(folder)


def row(kind: str, geometry: object, **more: object) -> dict[str, object]:
    return {"id": "z1", "name": "北山", "kind": kind, "geometry": geometry} | more


BARS_C1 = {
    "a buffer of its own": ([row("地质灾害隐患点", at(300, 20), buffer_m=30.0)], ""),
    "a buffer from study.toml": ([row("地质灾害隐患点", at(300, 20))], "[exclusions]\nbuffer_m = { hazard = 30 }"),
    "a flood zone with a buffer": (
        [row("洪水淹没区", box(X + 200, Y + 10, X + 320, Y + 90))],
        "[exclusions]\nbuffer_m = { flood = 15.0 }",
    ),
    "outside the urban boundary": ([row("城镇开发边界", box(X + 350, Y - 60, X + 600, Y + 500))], ""),
    "a word of the county's own": (
        [row("禁建区甲", box(X + 290, Y - 10, X + 310, Y + 10))],
        '[exclusions]\nkinds = { "禁建区甲" = "ecological_redline" }',
    ),
}


@pytest.mark.parametrize(("zones", "terms"), BARS_C1.values(), ids=BARS_C1)
def test_each_kind_of_exclusion_bars_a_site_and_a_plan_that_uses_it_is_caught(
    tmp_path: Path, at_c1: Plan, zones: list[dict[str, object]], terms: str
) -> None:
    # contract: C4
    shutil.copytree(at_c1.study.folder, tmp_path, dirs_exist_ok=True)
    layer = gpd.GeoDataFrame(zones, geometry="geometry", crs=at_c1.study.crs)
    layer.to_file(tmp_path / "layers.gpkg", layer="exclusions", driver="GPKG")
    study = reopened(tmp_path, f'[layers.exclusions]\npath = "layers.gpkg"\nlayer = "exclusions"\n\n{terms}')
    plan = check_plan(study, facilities={("service_centre", "c2"): 136.0}, cost=149_600)
    notes = [text for key, text in plan.provenance.items() if key.startswith("note:")]
    assert any("c1 (z1)" in note and str(zones[0]["kind"]) in note for note in notes)
    free = at_c1.study
    layers = free.layers.but(vectors={**free.layers.vectors, "exclusions": study.layers.require("exclusions", "")})
    found = audit(at_c1.but(study=free.but(layers=layers))).disagreements()
    assert {entry["claim"] for entry in found} == {"outside exclusion zones"}
    assert found[0]["recomputed"] == zones[0]["kind"]


def test_an_outer_protection_zone_is_listed_and_bars_nothing(tmp_path: Path) -> None:
    zone = row("饮用水水源准保护区", box(X, Y - 60, X + 900, Y + 500))
    study = write_study(tmp_path, rules=[centre(32)], buildings=HERE, candidates=[place("c1", 300)], exclusions=[zone])
    check_plan(study, facilities={("service_centre", "c1"): 136.0}, cost=136_000)
    assert any("facilities may be sited there" in note.what for note in study.layers.repairs)


def test_a_rule_on_water_sources_reaches_a_row_that_says_it_in_other_words(tmp_path: Path) -> None:
    # 100 m from 水源保护区 by rule; the row says 饮用水水源一级保护区 and lies 60 m from c1, 160 m from c2
    apart = rule("K-apart", "separation", "service_centre", 100, "m", apart_from=["exclusion:水源保护区"])
    zone = row("饮用水水源一级保护区", box(X + 200, Y - 50, X + 240, Y + 50))
    places = [place("c1", 300), place("c2", 400, cost_per_m2_yuan=1100.0)]
    study = write_study(tmp_path, rules=[centre(32), apart], buildings=HERE, candidates=places, exclusions=[zone])
    plan = check_plan(study, facilities={("service_centre", "c2"): 136.0}, cost=149_600)
    table = audit(plan).table
    assert table.loc[table["rule_id"] == "K-apart", "verdict"].tolist() == ["pass"]
    moved = plan.facilities.assign(site_id="c1", geometry=[at(300)])
    table = audit(plan.but(facilities=moved)).table
    assert table.loc[table["rule_id"] == "K-apart", "verdict"].tolist() == ["fail"]


def test_what_stands_in_a_zone_stays_but_does_not_grow(tmp_path: Path) -> None:
    # e1 has 100 m2 and could grow by 50 at 500 yuan; in the red line it may not, so 36 m2 more are built at c1 for 1,000
    stands = [standing("e1", "service_centre", 250, 100, spare_m2=50.0, cost_per_m2_yuan=500.0)]
    zone = row("生态保护红线", box(X + 240, Y - 10, X + 260, Y + 10))
    given = {"rules": [centre(32)], "buildings": HERE, "candidates": [place("c1", 300)], "facilities": stands}
    free = write_study(tmp_path / "free", **given)
    grown = check_plan(free, facilities={("service_centre", "e1"): 136.0}, cost=18_000)
    kept = write_study(tmp_path / "kept", **given, exclusions=[zone])
    plan = check_plan(kept, facilities={("service_centre", "e1"): 100.0, ("service_centre", "c1"): 36.0}, cost=36_000)
    assert any("are not extended: e1 z1 (生态保护红线)" in text for text in plan.provenance.values())
    layers = free.layers.but(vectors={**free.layers.vectors, "exclusions": kept.layers.require("exclusions", "")})
    found = audit(grown.but(study=free.but(layers=layers))).disagreements()
    assert {entry["claim"] for entry in found} == {"outside exclusion zones"}
