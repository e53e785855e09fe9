"""The profiles that come with siteplan: the traps of the source texts, and that nothing is lost."""

import csv
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from siteplan.standards import FACILITY_TYPES, MODELLED_KINDS, Unit, load_standards
from siteplan.standards.kinds import RECORDED_KINDS, why_recorded
from siteplan.standards.library import BUILT_IN

SOFTER = {
    "S3-27a.inside": "the text asks for the room; its place is read out of the table alone",
    "S0-25": "积极拓展 is an aim (record 0004); hard, it would bar every room in a new centre",
}
"""Rules that are softer than their row of the requirements table, and why."""

everything = load_standards(BUILT_IN)


def seed_rules():
    return [rule for rule in everything.rules if rule.profile != "national"]


def data_folder():
    place = os.environ.get("SITEPLAN_DATA")
    if not place:
        pytest.skip("SITEPLAN_DATA is unset")
    root = Path(place).parent
    if not (root / "seeds").is_dir() or not (root / "standards" / "requirements.csv").is_file():
        pytest.skip("no source documents beside SITEPLAN_DATA")
    return root


def requirements():
    path = data_folder() / "standards" / "requirements.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def document(name):
    return (data_folder() / "seeds" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rule_id", "figure", "unit", "strength"),
    [
        ("S0-12", 32, "m2/100hh", "hard"),
        ("S0-13", 800, "m2", "soft"),
        ("S0-14", 400, "m2", "hard"),
        ("S0-15", 40, "m2", "hard"),
        ("S3-08", 50, "m2", "hard"),
        ("S3-20", 20, "m2/100hh", "hard"),
        ("S4-01", 30, "m2/100hh", "hard"),
        ("S4-02", 1, "count", "hard"),
        ("S3-31", 400, "households/worker", "hard"),
        ("S2-16a", 30000, "yuan/year", "hard"),
        ("S2-16b", 50000, "yuan/year", "hard"),
        ("S2-16c", 20000, "yuan/year", "hard"),
        ("S3-25", 10000, "yuan/year", "hard"),
        ("N-area_ratio-community_service", 30, "m2/100hh", "target"),
        ("N-area_ratio-shelter", 1, "m2/person", "target"),
        ("N-reach-health_station", 500, "m", "target"),
        ("N-reach-health_station-rural", 2500, "m", "target"),
        ("N-reach-police_station", 800, "m", "target"),
    ],
)
def test_figures(rule_id, figure, unit, strength):
    rule = everything.get(rule_id)
    assert (rule.figure, rule.unit, rule.strength) == (figure, unit, strength)


def test_the_slogan_of_32_characters_is_no_area():
    assert not [
        rule for rule in everything.rules if rule.profile == "p004" and (rule.figure == 32 or "32" in rule.key_phrase)
    ]


def test_printed_2023_is_told_apart_by_its_place():
    # requirement: S3-06, S3-11, S3-16, S3-19
    assert not [rule for rule in everything.rules if 2023 in {rule.figure, rule.figure_max}]
    phases = {i: (everything.get(i).phase, everything.get(i).share) for i in ("S3-06", "S3-11", "S3-16")}
    assert phases == {"S3-06": ("Y1", 0.4), "S3-11": ("Y2", 0.6), "S3-16": ("Y3", 0.8)}
    size = everything.get("S3-19")
    assert (size.figure, size.figure_max, size.unit) == (1000, 2000, "households")


def test_a_page_number_inside_a_sentence_is_not_the_figure():
    # requirement: S0-07
    assert everything.get("S0-07").figure == 5


def test_shares_of_communities_are_not_demands_on_each():
    # requirement: S3-06
    rule = everything.get("S3-06")
    assert (rule.modelled, rule.scope, rule.figure) == (True, "study", 200)
    urban = Unit(id="a", setting="urban", households=1500)
    assert rule not in everything.rules_for(urban)
    assert rule in everything.rules_for(urban, scope="study")


def test_in_principle_is_hard_and_says_so():
    named = [rule for rule in seed_rules() if rule.wording == "原则上" and rule.id != "S1-05"]
    assert {"S0-07", "S3-08", "S3-19", "S3-31", "S4-02", "S4-03"} <= {rule.id for rule in named}
    assert {rule.strength for rule in named} == {"hard"}


def test_squares_and_shelters_are_land_and_rooms_are_floor():
    # contract: C6
    for rule in everything.rules:
        if rule.kind in {"area_ratio", "area_floor", "unit_floor"}:
            assert len({FACILITY_TYPES[key].space for key in rule.types}) == 1
    assert FACILITY_TYPES[everything.get("S2-14a").types[0]].space == "land"


def test_every_room_that_stands_inside_has_the_centre_as_host():
    rooms = {(rule.profile, rule.types[0]) for rule in everything.rules if rule.kind == "inside"}
    assert {rule.host for rule in everything.rules if rule.kind == "inside"} == {"service_centre"}
    for profile, room in (
        ("p000", "childrens_home"),
        ("p000", "police_room"),
        ("p000", "social_work_room"),
        ("p000", "elderly_care"),
        ("p000", "one_stop"),
        ("p001", "one_stop"),
        ("p002", "police_room"),
        ("p002", "library"),
        ("p002", "culture_room"),
        ("p003", "culture_room"),
        ("p004", "legal_point"),
        ("p004", "mediation_room"),
        ("p004", "security_room"),
        ("p004", "social_work_room"),
    ):
        assert (profile, room) in rooms


def test_nothing_of_national_is_hard_and_all_of_it_says_where_it_was_read():
    # contract: C8
    national = everything.profile("national").rules
    assert {rule.strength for rule in national} <= {"target", "soft"}
    assert all(rule.source for rule in national)
    assert {rule.status for rule in national} == {
        "verified",
        "verified-weak",
        "corroborated",
        "unverified",
        "judgement",
    }


def test_judgements_cite_a_record_that_exists():
    # contract: C7
    root = Path(__file__).parents[2]
    for rule in everything.rules:
        for record in re.findall(r"docs/decisions/[\w-]+\.md", rule.source):
            assert (root / record).is_file(), (rule.id, record)


def test_national_never_speaks_twice_on_a_topic_for_one_unit():
    standards = load_standards([])
    for setting in ("urban", "rural"):
        for construction in ("new", "existing"):
            for households in (100, 1499, 1500, 3000):
                unit = Unit(
                    id="a", households=households, people=3.52 * households, setting=setting, construction=construction
                )
                topics = Counter(rule.topic for rule in standards.rules_for(unit))
                assert set(topics.values()) == {1}


def test_every_planned_type_with_an_area_has_a_size_in_every_unit():
    standards = load_standards(BUILT_IN)
    for setting in ("urban", "rural"):
        for people in (300, 4999, 5000, 20000):
            unit = Unit(id="a", households=people / 3.52, people=people, setting=setting, resettlement=True)
            sized = {
                key
                for rule in standards.rules_for(unit)
                if rule.kind in {"unit_floor", "area_ratio", "area_floor"}
                for key in rule.types
            }
            spacious = {key for key in standards.types() if FACILITY_TYPES[key].space != "none"}
            assert spacious - sized == set()


def test_every_kind_that_is_only_recorded_has_a_reason():
    recorded = [rule for rule in everything.rules if not rule.modelled]
    assert all(why_recorded(rule) for rule in recorded)
    assert {rule.kind for rule in recorded} >= set(RECORDED_KINDS)
    assert not [rule.id for rule in everything.rules if rule.modelled and why_recorded(rule)]
    assert not set(RECORDED_KINDS) & set(MODELLED_KINDS)


@pytest.mark.real_data
def test_every_key_phrase_is_an_exact_substring_of_its_document():
    texts = {name: document(name) for name in {rule.document for rule in seed_rules()}}
    assert len(texts) == 5
    for rule in seed_rules():
        assert rule.key_phrase in texts[rule.document], rule.id


@pytest.mark.real_data
def test_strengths_follow_the_requirements_table():
    follows = {
        "hard": {"hard"},
        "hard, no figure": {"hard"},
        "hard, no area": {"hard"},
        "hard, no ratio": {"hard"},
        "soft-hard (原则上)": {"hard"},
        "soft (力争)": {"soft"},
        "soft": {"soft"},
        "qualitative": {"soft"},
        "target": {"target"},
        "target (力争)": {"target"},
        "soft-hard, no area": {"target"},
    }
    rows = requirements()
    assert {everything.get(i).strength for i in SOFTER} <= {"soft", "target"}
    for rule in seed_rules():
        allowed = follows.get(rows[rule.requirement]["strength"])
        if allowed and rule.id not in SOFTER:
            assert rule.strength in allowed, rule.id


@pytest.mark.real_data
def test_the_printed_years_stand_in_the_order_of_the_phases():
    text = document("003_0e878ca4e256485b.txt")
    places = [text.index(everything.get(i).key_phrase) for i in ("S3-06", "S3-11", "S3-16")]
    assert places == sorted(places)
    years = [text.rindex("2023年", 0, place) for place in places]
    assert len(set(years)) == 3
    assert "1000户至2023户" in text


@pytest.mark.real_data
def test_the_page_number_stands_between_the_words_and_the_figure():
    text = document("000_216eebc3dad62e89.txt")
    after = text[text.index("每个社区原则上不少于") :][:30]
    assert re.match(r"每个社区原则上不少于\s*4、5人", after)


@pytest.mark.real_data
def test_the_slogan_and_the_area_stand_in_one_paragraph_of_004():
    text = document("004_3e80a236444095bc.txt")
    assert "“32字”标准" in text
    assert "每百户不低于30平方米" in text
    assert "每百户不低于32平方米" not in text
