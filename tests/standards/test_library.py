"""Which of several profiles speaks, overrides, and what is only recorded."""

import pytest

from siteplan.errors import StandardsError
from siteplan.standards import MODELLED_KINDS, Override, Unit, load_standards
from siteplan.standards.library import counted_types


def unit(**changes):
    fields = {"id": "a", "households": 900, "people": 3168, "construction": "new", "resettlement": True}
    return Unit(**(fields | changes))


def ratio(standards, **conditions):
    rules = [
        r for r in standards.rules_for(unit(**conditions)) if r.topic == ("area_ratio", "community_service", False)
    ]
    (rule,) = rules
    return rule


PROFILE = """
[profile]
name = "county"
title_zh = "某县标准"
title_en = "a county"

[[rule]]
id = "C-1"
kind = "area_floor"
types = ["service_centre"]
figure = 350
unit = "m2"
setting = "rural"
strength = "hard"
status = "verified"
source = "county plan 2022, art. 7"
"""


@pytest.fixture
def county(tmp_path):
    path = tmp_path / "county.toml"
    path.write_text(PROFILE, encoding="utf-8")
    return path


def test_new_community_of_000_has_its_own_ratio():
    # requirement: S0-12
    rule = ratio(load_standards(["p000"]))
    assert (rule.id, rule.figure, rule.strength, rule.types) == ("S0-12", 32, "hard", ("service_centre",))


def test_existing_community_of_000_has_no_area_rule_of_000():
    # requirement: S0-12, S0-13, S0-14
    standards = load_standards(["p000"])
    rule = ratio(standards, construction="existing")
    assert (rule.profile, rule.figure, rule.strength) == ("national", 30, "target")
    rules = standards.rules_for(unit(construction="existing"))
    assert not [r for r in rules if r.profile == "p000" and r.kind in {"area_ratio", "area_floor"}]


def test_000_sizes_a_building_and_004_sizes_a_total():
    # requirement: S0-12, S4-01
    building, total = ratio(load_standards(["p000"])), ratio(load_standards(["p004"]))
    assert building.counts == "all"
    assert (total.id, total.figure, total.counts) == ("S4-01", 30, "outermost")
    assert {"service_centre", "police_room", "health_station", "elderly_care", "childrens_home"} <= set(total.types)


@pytest.mark.parametrize(
    ("profiles", "conditions", "figure"),
    [
        (["p000", "p003", "p004"], {"setting": "urban"}, 32),
        (["p003", "p000"], {"setting": "urban"}, 20),
        (["p003", "p000"], {"setting": "rural"}, 32),
        (["p003", "p004"], {"setting": "urban", "construction": "existing"}, 30),
        (["p001", "p002"], {}, 30),
        (["p004", "p000"], {}, 30),
        (["p000"], {"resettlement": False}, 30),
    ],
)
def test_the_first_profile_whose_conditions_hold_speaks_and_nothing_is_averaged(profiles, conditions, figure):
    # contract: C15
    assert ratio(load_standards(profiles), **conditions).figure == figure


def test_rural_floor_is_hard_and_urban_800_is_an_aim():
    # requirement: S0-13, S0-14
    standards = load_standards(["p000"])
    rural = {r.id: r for r in standards.rules_for(unit(setting="rural"))}
    urban = {r.id: r for r in standards.rules_for(unit(setting="urban"))}
    assert (rural["S0-14"].figure, rural["S0-14"].strength) == (400, "hard")
    assert (urban["S0-13"].figure, urban["S0-13"].strength) == (800, "soft")
    assert "S0-13" not in rural
    assert "S0-14" not in urban


def test_key_communities_of_003():
    # requirement: S3-08
    standards = load_standards(["p003"])
    key = {r.id for r in standards.rules_for(unit(setting="urban", key=True))}
    assert {"S3-08", "S3-08.inside"} <= key
    assert "S3-08" not in {r.id for r in standards.rules_for(unit(setting="urban"))}


def test_rural_radii_differ_and_are_judgements():
    standards = load_standards(["p000"])

    def radius(setting):
        (rule,) = [
            r
            for r in standards.rules_for(unit(setting=setting))
            if r.kind == "reach" and r.types == ("service_centre",)
        ]
        return rule.id, rule.figure, rule.status

    assert radius("urban") == ("N-reach-service_centre", 300, "corroborated")
    assert radius("rural") == ("N-reach-service_centre-rural", 500, "judgement")


def test_townships_have_their_own_rules():
    # requirement: S4-02
    standards = load_standards(["p004"])
    township = standards.rules_for(unit(), scope="township")
    assert [(r.id, r.types) for r in township] == [("S4-02", ("street_centre",))]
    assert all(r.scope in {"community", "facility"} for r in standards.rules_for(unit()))


def test_rules_of_an_unknown_size_are_named_unless_others_speak_before_them(tmp_path):
    rule = """
    [[rule]]
    id = "{id}"
    kind = "presence"
    types = ["library"]
    figure = 1
    unit = "count"
    strength = "hard"
    status = "verified"
    clause = "art. 1"
    key_phrase = "not less than"
    {more}
    """
    head = '[profile]\nname = "{name}"\ntitle_zh = "县"\ntitle_en = "A county"\ndocument = "{name}.txt"\n'
    for name, ident, more in (("sized", "S-1", 'size = { metric = "elderly", min = 100 }'), ("always", "A-1", "")):
        text = head.format(name=name) + rule.format(id=ident, more=more)
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    files = [tmp_path / "sized.toml", tmp_path / "always.toml"]

    def heard(profiles, elderly):
        standards, here = load_standards(profiles, files), unit(elderly=elderly)
        return tuple(
            [r.id for r in rules if r.kind == "presence"]
            for rules in (standards.rules_for(here), standards.unknown_for(here))
        )

    assert heard(["sized", "always"], float("nan")) == (["A-1"], ["S-1"])
    assert heard(["always", "sized"], float("nan")) == (["A-1"], [])
    assert heard(["sized", "always"], 100) == (["S-1"], [])
    assert heard(["sized", "always"], 99) == (["A-1"], [])


def test_types_that_only_stand_are_counted_together_with_planned_ones():
    rules = load_standards(["p003"]).rules
    sized = [r for r in rules if r.kind == "area_ratio" and len(r.types) > 1]
    assert sized
    extra = counted_types(sized, ["service_centre"])
    assert set(extra) == {key for r in sized for key in r.types} - {"service_centre"}
    assert counted_types([r for r in rules if r.kind in {"reach", "unit_floor", "inside"}], ["service_centre"]) == ()


def test_national_gives_figures_but_asks_for_nothing_itself():
    standards = load_standards(["p000"])
    assert "kindergarten" not in standards.types()
    assert not [r for r in standards.rules_for(unit(setting="urban")) if "kindergarten" in r.types]
    asked = standards.rules_for(unit(setting="urban"), types=["kindergarten"])
    assert {r.id for r in asked if r.types} == {"N-reach-kindergarten", "N-unit_floor-kindergarten"}
    assert "kindergarten" in load_standards([]).types()


def test_types_are_those_asked_for():
    assert load_standards(["p000"]).types()[:5] == (
        "service_centre",
        "one_stop",
        "police_room",
        "childrens_home",
        "elderly_care",
    )
    assert "police_room" not in load_standards(["p004"]).types()
    assert len(load_standards(["p000", "p002"]).types()) >= 12


def test_formation_is_of_the_first_profile_that_has_any():
    assert [r.id for r in load_standards(["p001", "p002", "p000"]).formation()] == ["S2-03", "S2-04", "S2-05"]
    assert [r.forms for r in load_standards(["p000"]).formation()] == ["street", "community", "attach"]
    assert {r.profile for r in load_standards(["p004"]).formation()} == {"national"}


@pytest.mark.parametrize(
    ("profile", "metric", "count", "forms"),
    [
        ("p000", "relocated", 999.9, "attach"),
        ("p000", "relocated", 1000, "community"),
        ("p000", "relocated", 9999, "community"),
        ("p000", "relocated", 10000, "street"),
        ("p002", "households", 299, "attach"),
        ("p002", "households", 300, "pool"),
        ("p002", "households", 999, "pool"),
        ("p002", "households", 1000, "community"),
    ],
)
def test_exactly_one_formation_class_holds_at_every_boundary(profile, metric, count, forms):
    # requirement: S0-02, S0-03, S0-04, S2-03, S2-04, S2-05
    site = unit(**{"households": 1, "people": 1, metric: count})
    (rule,) = [r for r in load_standards([profile]).formation() if r.applies_to(site)]
    assert rule.forms == forms


def test_recorded_rules_say_why_and_are_never_modelled():
    # requirement: S2-11b
    # contract: C16
    standards = load_standards(["p000", "p002"])
    recorded = {row.rule_id: row for row in standards.recorded()}
    assert not [rule_id for rule_id in recorded if standards.get(rule_id).modelled]
    assert {standards.get(rule_id).kind for rule_id in recorded} & set(MODELLED_KINDS)  # rules that give no figure
    assert all(row.why for row in recorded.values())
    assert "committees" in recorded["S0-06"].why
    assert "no figure" in recorded["S0-20.separation"].why
    assert "stairwells" in recorded["S2-11b"].why
    assert "earlier profile" in recorded["S2-03"].why
    assert "N-separation-cemetery" not in recorded


STUDY_REACH = """
[[rule]]
id = "C-2"
kind = "reach"
scope = "study"
types = ["library"]
figure = 500
share = 0.85
unit = "m"
setting = "urban"
strength = "hard"
status = "verified"
source = "county plan 2022, art. 9"

[[rule]]
id = "C-3"
kind = "share"
types = ["nursery"]
figure = 1
share = 0.5
unit = "count"
size = { metric = "children", min = 20 }
strength = "target"
status = "verified"
source = "county plan 2022, art. 10"
"""


def test_rules_on_the_whole_study_are_asked_for_by_themselves(tmp_path):
    path = tmp_path / "county.toml"
    path.write_text(PROFILE + STUDY_REACH, encoding="utf-8")
    standards = load_standards(["county"], [path])
    assert {"library", "nursery"} <= set(standards.types())
    town, hamlet = unit(setting="urban", children=50), unit(setting="rural", children=19)
    unsure = unit(setting="rural", children=float("nan"))

    def ids(here, scope):
        return [r.id for r in standards.rules_for(here, scope) if r.profile == "county"]

    assert ids(town, "study") == ["C-2", "C-3"]
    assert ids(hamlet, "study") == []
    assert [r.id for r in standards.unknown_for(unsure, "study")] == ["C-3"]
    assert ids(hamlet, "community") == ["C-1"]
    assert ids(town, "township") == []
    assert [r.id for r in standards.rules_for(town, "study", ["nursery"])] == ["C-3"]
    within = standards.rules_for(town)
    assert "N-reach-nursery" in {
        r.id for r in within
    }  # of its own topic: one is of the study, the other of each community


def test_rules_without_types_are_heard_whatever_is_planned():
    standards = load_standards(["p000", "p002"])
    heard = {r.id for r in standards.rules_for(unit(setting="urban"), types=["library"]) if not r.types}
    assert heard == {"S0-07", "S2-11a", "S2-16a", "S2-16b", "S2-16c"}


def test_staff_rules_of_every_document_are_heard_and_funds_by_subject():
    standards = load_standards(["p003", "p002", "p000"])
    rules = standards.rules_for(unit(setting="urban"))
    assert [r.id for r in rules if r.kind == "staff"] == ["S3-31", "S2-11a", "S0-07"]
    assert [r.id for r in rules if r.kind == "fund"] == ["S3-07.fund", "S3-25", "S2-16a", "S2-16b"]


def test_what_planned_types_are_kept_apart_from_is_counted_where_it_stands():
    rules = load_standards(["p000"]).rules_for(unit(), types=["rites_venue"])
    assert counted_types(rules, ["rites_venue"]) == ("childrens_home",)
    shares = load_standards(["p003"]).rules_for(unit(setting="urban"), "study", ["one_stop"])
    assert "library" in counted_types(shares, ["one_stop"])


def test_unknown_names_are_refused_with_the_nearest(county):
    with pytest.raises(StandardsError, match="nearest known one is p003"):
        load_standards(["p03"])
    with pytest.raises(StandardsError, match="nearest known one is county"):
        load_standards(["conty", "county"], [county])
    with pytest.raises(StandardsError, match="S0-12"):
        load_standards(["p000"], overrides={"S0-12x": Override(off=True)})
    with pytest.raises(StandardsError, match="S0-12"):
        load_standards(["p000"]).get("S00-12")
    with pytest.raises(StandardsError, match="nearest"):
        load_standards(["p000"]).profile("p002")


def test_a_planners_own_profile_speaks_where_it_is_named(county):
    def floor(profiles):
        rules = load_standards(profiles, [county]).rules_for(unit(setting="rural"))
        return [r.figure for r in rules if r.kind == "area_floor"]

    assert floor(["county", "p000"]) == [350]
    assert floor(["p000", "county"]) == [400]


def test_profiles_that_clash_are_refused(county, tmp_path):
    with pytest.raises(StandardsError, match="not among the study's profiles"):
        load_standards(["p000"], [county])
    with pytest.raises(StandardsError, match="named twice"):
        load_standards(["p000", "p000"])
    with pytest.raises(StandardsError, match="speaks last"):
        load_standards(["national", "p000"])
    taken = tmp_path / "taken.toml"
    taken.write_text(PROFILE.replace('"county"', '"p000"'), encoding="utf-8")
    with pytest.raises(StandardsError, match="already named"):
        load_standards(["p000"], [taken])
    same = tmp_path / "same.toml"
    same.write_text(PROFILE.replace('"C-1"', '"S0-12"'), encoding="utf-8")
    with pytest.raises(StandardsError, match="already has a rule"):
        load_standards(["county", "p000"], [same])


def test_national_is_always_last_even_when_named():
    assert [p.name for p in load_standards(["p000", "national"]).profiles] == ["p000", "national"]
    assert [p.name for p in load_standards([]).profiles] == ["national"]


def test_advice_before_a_signed_document_is_said():
    assert "p002" in load_standards(["p002", "p004"]).order_notes()[0]
    assert load_standards(["p004", "p000", "p002"]).order_notes() == ()
