"""What each modelled requirement of the five documents asks, reckoned by hand: of a community, of a facility, of the study.

One line for each rule, so that a figure, a unit, a condition or a strength that changes is seen here. Whether a plan meets it is for the tests
of siting and audit, which hold each kind of rule.
"""

import pytest

from siteplan.errors import UsageError
from siteplan.standards import Unit, load_standards
from siteplan.standards.due import due_phase
from siteplan.standards.kinds import EXCLUSION
from siteplan.standards.library import BUILT_IN
from siteplan.standards.rule import round_up

everything = {rule.id: rule for rule in load_standards(BUILT_IN).rules}

RURAL, URBAN = {"setting": "rural"}, {"setting": "urban"}
NEW, EXISTING = {"construction": "new"}, {"construction": "existing"}
LOCAL = {"resettlement": False}
KEY = {"setting": "urban", "key": True}
NOWHERE = None
CENTRE = ("service_centre",)
ROOMS = ("service_centre", "one_stop", "social_work_room", "mediation_room", "culture_room", "library")
WATER = "水源保护区 饮用水源保护区 饮用水水源保护区 water_source"
BARRED = f"耕地 永久基本农田 林地 城市公园 公园 风景名胜区 文物保护区 水库 河流堤坝 河道管理范围 {WATER} 铁路 公路"


def community(**changes):
    """1,250 households of 3.52 people in 36 buildings, newly built in the country for people who were resettled."""
    fields = {"id": "a", "households": 1250, "people": 4400, "buildings": 36, "resettlement": True}
    return Unit(**(fields | RURAL | NEW | changes))


def heard(rule, unit):
    """Tell whether ``rule`` speaks for ``unit`` where its profile is the only one, and all its types are planned."""
    scope = rule.scope if rule.scope in {"township", "study"} else "community"
    return rule in load_standards([rule.profile]).rules_for(unit, scope, rule.types)


@pytest.mark.parametrize(
    ("rule_id", "here", "asked", "strength", "not_here"),
    [
        # 000: new communities have an area; rooms are there in each.
        ("S0-07", URBAN, 5, "hard", RURAL),  # requirement: S0-07
        ("S0-12", NEW, 400, "hard", EXISTING),  # requirement: S0-12
        ("S0-13", URBAN, 800, "soft", RURAL),  # requirement: S0-13
        ("S0-14", RURAL, 400, "hard", URBAN),  # requirement: S0-14
        ("S0-15", EXISTING, 40, "hard", LOCAL),  # requirement: S0-15
        ("S0-15.presence", EXISTING, 1, "hard", LOCAL),  # requirement: S0-15
        ("S0-16.police", URBAN, 1, "hard", LOCAL),  # requirement: S0-16
        ("S0-16.social_work", RURAL, 1, "hard", LOCAL),  # requirement: S0-16
        ("S0-16.elderly", EXISTING, 1, "hard", LOCAL),  # requirement: S0-16
        ("S0-17", RURAL, 1, "hard", LOCAL),  # requirement: S0-17
        ("S0-20", RURAL, 1, "hard", LOCAL),  # requirement: S0-20
        ("S0-24", RURAL, 1, "soft", LOCAL),  # requirement: S0-24
        ("S0-26", URBAN, 1, "soft", LOCAL),  # requirement: S0-26
        # 001: three platforms.
        ("S1-06", EXISTING, 1, "hard", LOCAL),  # requirement: S1-06
        ("S1-06.one_stop", EXISTING, 1, "hard", LOCAL),  # requirement: S1-06
        ("S1-07", URBAN, 1, "soft", LOCAL),  # requirement: S1-07
        # 002: rooms that are needed, services that are advised, a head for each building, and 100,000 yuan a year.
        ("S2-08", RURAL, 1, "hard", LOCAL),  # requirement: S2-08
        ("S2-09a", RURAL, 1, "target", LOCAL),  # requirement: S2-09a
        ("S2-09b", RURAL, 1, "target", LOCAL),  # requirement: S2-09b
        ("S2-09c", RURAL, 1, "target", LOCAL),  # requirement: S2-09c
        ("S2-09d", RURAL, 1, "target", LOCAL),  # requirement: S2-09d
        ("S2-11a", URBAN, 36, "hard", LOCAL),  # requirement: S2-11a
        ("S2-12", RURAL, 1, "soft", LOCAL),  # requirement: S2-12
        ("S2-13", URBAN, 1, "target", LOCAL),  # requirement: S2-13
        ("S2-14a", EXISTING, 1, "hard", LOCAL),  # requirement: S2-14a
        ("S2-14a.police", EXISTING, 1, "hard", LOCAL),  # requirement: S2-14a
        ("S2-14b.library", RURAL, 1, "hard", LOCAL),  # requirement: S2-14b
        ("S2-14b.culture", RURAL, 1, "hard", LOCAL),  # requirement: S2-14b
        ("S2-15a", NEW, 1, "hard", EXISTING),  # requirement: S2-15a
        ("S2-16a", RURAL, 30_000, "hard", LOCAL),  # requirement: S2-16a
        ("S2-16b", RURAL, 50_000, "hard", LOCAL),  # requirement: S2-16b
        ("S2-16c", RURAL, 20_000, "hard", LOCAL),  # requirement: S2-16c
        # 003: towns only; 1,250 / 400 = 3.125 workers.
        ("S3-05", URBAN, 1, "hard", RURAL),  # requirement: S3-05
        ("S3-07.fund", URBAN, 10_000, "hard", RURAL),  # requirement: S3-07
        ("S3-08", KEY, 50, "hard", URBAN),  # requirement: S3-08
        ("S3-08.presence", KEY, 1, "hard", URBAN),  # requirement: S3-08
        ("S3-18", URBAN, 1, "hard", RURAL),  # requirement: S3-18
        ("S3-20", URBAN | NEW, 250, "hard", URBAN | EXISTING),  # requirement: S3-20
        ("S3-22", URBAN | NEW, 1, "hard", URBAN | EXISTING),  # requirement: S3-22
        ("S3-25", URBAN, 10_000, "hard", RURAL),  # requirement: S3-25
        ("S3-27a", URBAN, 1, "hard", RURAL),  # requirement: S3-27a
        ("S3-27b", URBAN, 1, "hard", RURAL),  # requirement: S3-27b
        ("S3-28", URBAN, 1, "hard", RURAL),  # requirement: S3-28
        ("S3-31", URBAN, 3.125, "hard", RURAL),  # requirement: S3-31
        # 004: town and country, old and new.
        ("S4-01", EXISTING | LOCAL, 375, "hard", NOWHERE),  # requirement: S4-01
        ("S4-02", {}, 1, "hard", NOWHERE),  # requirement: S4-02
        ("S4-03", LOCAL, 1, "hard", NOWHERE),  # requirement: S4-03
        ("S4-06", LOCAL, 1, "hard", NOWHERE),  # requirement: S4-06
        ("S4-14", RURAL, 1, "target", NOWHERE),  # requirement: S4-14
        ("S4-15a", RURAL, 1, "soft", NOWHERE),  # requirement: S4-15a
        ("S4-15b", RURAL, 1, "soft", NOWHERE),  # requirement: S4-15b
        ("S4-17a", URBAN, 1, "hard", NOWHERE),  # requirement: S4-17a
        ("S4-17b", URBAN, 1, "hard", NOWHERE),  # requirement: S4-17b
        ("S4-17c", URBAN, 1, "hard", NOWHERE),  # requirement: S4-17c
        ("S4-18", URBAN, 1, "hard", NOWHERE),  # requirement: S4-18
        ("S4-18.culture", URBAN, 1, "hard", NOWHERE),  # requirement: S4-18
        ("S4-19", RURAL, 1, "hard", URBAN),  # requirement: S4-19
        ("S4-20", LOCAL, 1, "hard", NOWHERE),  # requirement: S4-20
        ("S4-21", LOCAL, 1, "hard", NOWHERE),  # requirement: S4-21
        ("S4-22", RURAL, 1, "hard", URBAN),  # requirement: S4-22
        ("S4-24", LOCAL, 1, "target", NOWHERE),  # requirement: S4-24
    ],
)
def test_what_is_asked_of_a_community(rule_id, here, asked, strength, not_here):
    rule = everything[rule_id]
    assert heard(rule, community(**here))
    assert (rule.required(community(**here)), rule.strength) == (asked, strength)
    assert not_here is NOWHERE or not heard(rule, community(**not_here))


@pytest.mark.parametrize(
    ("rule_id", "room", "strength", "not_here"),
    [
        ("S0-15.inside", "childrens_home", "hard", LOCAL),  # requirement: S0-15
        ("S0-16.police.inside", "police_room", "hard", LOCAL),  # requirement: S0-16
        ("S0-16.social_work.inside", "social_work_room", "hard", LOCAL),  # requirement: S0-16
        ("S0-16.elderly.inside", "elderly_care", "hard", LOCAL),  # requirement: S0-16
        ("S0-17.inside", "one_stop", "hard", LOCAL),  # requirement: S0-17
        ("S0-26.inside", "civilisation_station", "soft", LOCAL),  # requirement: S0-26
        ("S1-06.inside", "one_stop", "hard", LOCAL),  # requirement: S1-06
        ("S1-07.inside", "civilisation_station", "soft", LOCAL),  # requirement: S1-07
        ("S2-14a.police.inside", "police_room", "hard", LOCAL),  # requirement: S2-14a
        ("S2-14b.library.inside", "library", "hard", LOCAL),  # requirement: S2-14b
        ("S2-14b.culture.inside", "culture_room", "hard", LOCAL),  # requirement: S2-14b
        ("S3-08.inside", "one_stop", "hard", URBAN),  # requirement: S3-08
        ("S3-18.inside", "one_stop", "hard", RURAL),  # requirement: S3-18
        ("S3-27a.inside", "culture_room", "target", RURAL),  # requirement: S3-27a
        ("S4-06.inside.social_work_room", "social_work_room", "hard", NOWHERE),  # requirement: S4-06
        ("S4-06.inside.one_stop", "one_stop", "hard", NOWHERE),  # requirement: S4-06
        ("S4-06.inside.culture_room", "culture_room", "hard", NOWHERE),  # requirement: S4-06
        ("S4-06.inside.legal_point", "legal_point", "hard", NOWHERE),  # requirement: S4-06
        ("S4-06.inside.mediation_room", "mediation_room", "hard", NOWHERE),  # requirement: S4-06
        ("S4-17c.inside", "security_room", "hard", NOWHERE),  # requirement: S4-17c
    ],
)
def test_which_rooms_stand_in_the_centre(rule_id, room, strength, not_here):
    rule = everything[rule_id]
    assert (rule.types, rule.host, rule.strength) == ((room,), "service_centre", strength)
    assert heard(rule, community(**KEY))
    assert not_here is NOWHERE or not heard(rule, community(**not_here))


@pytest.mark.parametrize(
    ("rule_id", "types", "figure", "due", "of_10", "of_37"),
    [
        # Of 37 communities: 14.8, 22.2, 29.6, 11.1 and 37.
        ("S3-06", ROOMS, 200, 1, 4, 15),  # requirement: S3-06
        ("S3-11", ROOMS, 200, 2, 6, 23),  # requirement: S3-11
        ("S3-16", ROOMS, 200, 3, 8, 30),  # requirement: S3-16
        ("S3-13", ("one_stop",), 1, 2, 3, 12),  # requirement: S3-13
        ("S4-04", CENTRE, 1, 3, 10, 37),  # requirement: S4-04
    ],
)
def test_how_many_communities_must_have_it_and_when(rule_id, types, figure, due, of_10, of_37):
    rule = everything[rule_id]
    assert (rule.types, rule.figure, rule.unit) == (types, figure, "m2" if figure == 200 else "count")
    assert (rule.communities(10), rule.communities(37)) == (of_10, of_37)
    assert rule.counts == ("outermost" if types == ROOMS else "all")
    assert due_phase(rule, 1, ["2026", "2027", "2028"]) == due
    assert heard(rule, community(**URBAN))
    assert heard(rule, community(**RURAL)) is (rule.profile == "p004")


@pytest.mark.parametrize(
    ("rule_id", "types", "modes", "strength", "here", "not_here"),
    [
        ("S0-25", ("culture_room",), "convert extend", "soft", RURAL, LOCAL),  # requirement: S0-25
        ("S2-15b", CENTRE, "convert extend", "hard", EXISTING, NEW),  # requirement: S2-15b
        ("S3-23", ROOMS, "build buy convert extend swap", "hard", URBAN | EXISTING, URBAN | NEW),  # requirement: S3-23
    ],
)
def test_how_a_place_may_be_had(rule_id, types, modes, strength, here, not_here):
    rule = everything[rule_id]
    assert (rule.types, " ".join(sorted(rule.modes)), rule.strength) == (types, modes, strength)
    assert rule.standing is (rule_id == "S2-15b")
    assert heard(rule, community(**here))
    assert not heard(rule, community(**not_here))


@pytest.mark.parametrize(
    ("rule_id", "types", "kinds", "not_here"),
    [
        ("S4-19.separation", ("cemetery",), BARRED, URBAN),  # requirement: S4-19
        ("S4-26", ("cemetery", "workshop"), WATER, NOWHERE),  # requirement: S4-26
    ],
)
def test_what_is_kept_out_of_where(rule_id, types, kinds, not_here):
    rule = everything[rule_id]
    assert (rule.types, rule.figure, rule.strength) == (types, None, "hard")
    assert rule.apart_from == tuple(EXCLUSION + kind for kind in kinds.split())
    assert heard(rule, community())
    assert not_here is NOWHERE or not heard(rule, community(**not_here))


def test_every_modelled_rule_of_the_documents_is_reckoned_here():
    tables = [
        test_what_is_asked_of_a_community,
        test_which_rooms_stand_in_the_centre,
        test_how_many_communities_must_have_it_and_when,
        test_how_a_place_may_be_had,
        test_what_is_kept_out_of_where,
    ]
    reckoned = [case[0] for test in tables for case in test.pytestmark[0].args[1]]
    modelled = [rule.id for rule in everything.values() if rule.modelled and rule.profile != "national"]
    assert sorted(reckoned) == sorted(modelled)


def test_facilities_and_communities_are_counted_by_the_plan_not_asked_of_a_unit():
    for rule_id in ("S0-15.inside", "S3-06", "S2-15b", "S4-26"):
        with pytest.raises(UsageError, match="no requirement"):
            everything[rule_id].required(community())


def test_the_centre_is_open_when_its_housing_is():
    # requirement: S2-15a
    rule = everything["S2-15a"]
    assert [due_phase(rule, built, ["a", "b", "c"]) for built in (1, 2, 3)] == [1, 2, 3]


def test_workers_are_the_largest_of_what_all_documents_say():
    # requirement: S0-07, S3-31, S4-24
    standards = load_standards(["p000", "p003", "p004"])
    workers = {r.id: round_up(r.required(community(**URBAN))) for r in staff(standards, community(**URBAN))}
    assert workers == {"S0-07": 5, "S3-31": 4, "S4-24": 1}
    large = community(**URBAN, households=3000)
    assert max(round_up(r.required(large)) for r in staff(standards, large)) == 8  # 7.5


def test_the_national_ratio_of_workers_is_heard_where_the_documents_are_silent():
    standards = load_standards(["p002"])
    found = {r.id: r.required(community(**URBAN)) for r in staff(standards, community(**URBAN))}
    assert found == {"S2-11a": 36, "N-staff": pytest.approx(7.92)}  # 18 for 10,000, and 4,400 people


def test_three_funds_of_002_add_up_and_003_has_one_of_its_own():
    # requirement: S2-16a, S2-16b, S2-16c, S3-07, S3-25
    def money(profiles):
        largest: dict[str, float] = {}
        for rule in load_standards(profiles).rules_for(community(**URBAN)):
            if rule.kind == "fund":
                largest[rule.subject] = max(largest.get(rule.subject, 0), rule.required(community(**URBAN)))
        return sum(largest.values())

    assert money(["p002"]) == 100_000
    assert money(["p003"]) == 10_000
    assert money(["p002", "p003"]) == 100_000  # 002 speaks on the office; nothing is added for it


def staff(standards, unit):
    return [rule for rule in standards.rules_for(unit) if rule.kind == "staff"]
