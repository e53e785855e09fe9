"""Rules: conditions, requirements, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteplan.errors import StandardsError, UsageError
from siteplan.standards import MODELLED_KINDS, Rule, Size, Unit
from siteplan.standards.kinds import NEEDS, SCOPES, UNITS, why_recorded


def make(**changes):
    fields = {
        "id": "X-1",
        "kind": "area_ratio",
        "types": ("service_centre",),
        "figure": 32.0,
        "unit": "m2/100hh",
        "strength": "hard",
        "status": "verified",
        "source": "county plan 2022, art. 7",
    }
    return Rule(**(fields | changes))


KINDS = {
    "area_ratio": {},
    "area_floor": {"kind": "area_floor", "unit": "m2"},
    "unit_floor": {"kind": "unit_floor", "unit": "m2"},
    "presence": {"kind": "presence", "unit": "count"},
    "inside": {"kind": "inside", "types": ("library",), "host": "service_centre", "figure": None, "unit": "-"},
    "colocation": {
        "kind": "colocation",
        "types": ("parcel_point",),
        "host": "discount_shop",
        "figure": None,
        "unit": "-",
    },
    "reach": {"kind": "reach", "unit": "m"},
    "share": {"kind": "share", "unit": "m2", "share": 0.4},
    "phase": {"kind": "phase", "figure": None, "unit": "-"},
    "capacity": {"kind": "capacity", "unit": "m2/person"},
    "separation": {"kind": "separation", "unit": "m", "apart_from": ("dwellings", "nursery", "exclusion:水库")},
    "adjacency": {"kind": "adjacency", "unit": "m"},
    "acquisition": {"kind": "acquisition", "modes": ("convert",), "figure": None, "unit": "-"},
    "pooling": {"kind": "pooling", "unit": "households"},
    "staff": {"kind": "staff", "unit": "workers", "types": ()},
    "fund": {"kind": "fund", "unit": "yuan/year", "types": ()},
}
"""A rule of each modelled kind, by what differs from ``make()``."""


@pytest.mark.parametrize("kind", MODELLED_KINDS)
def test_a_rule_is_evaluated_only_with_what_its_kind_needs(kind):
    rule = make(**KINDS[kind])
    assert (rule.modelled, rule.lacks, why_recorded(rule)) == (True, (), "")
    assert rule.unit in UNITS[kind]
    assert rule.scope == SCOPES[kind][0]
    for name in NEEDS[kind]:
        empty = None if name in {"figure", "share"} else "" if name == "host" else ()
        bare = rule.but(**{name: empty})
        assert (bare.modelled, bare.lacks, bare.asks) == (False, (name,), False)
        assert why_recorded(bare)
        with pytest.raises(UsageError, match="no requirement"):
            bare.required(Unit(id="a", households=100, people=352))


def test_a_rule_without_figure_may_leave_its_unit_out():
    assert not make(kind="staff", figure=None, unit="-", types=()).modelled
    with pytest.raises(StandardsError, match="unknown unit '-'"):
        make(kind="staff", unit="-", types=())


def test_keeping_out_of_zones_needs_no_metres():
    zones = {"kind": "separation", "unit": "m", "types": ("cemetery",), "figure": None}
    assert make(**zones, apart_from=("exclusion:水源保护区",)).modelled
    assert not make(**zones, apart_from=("exclusion:水源保护区", "dwellings")).modelled
    assert make(**zones | {"figure": 200.0}, apart_from=("exclusion:水源保护区",)).modelled


def test_stairwells_are_in_no_layer():
    rule = make(kind="staff", unit="heads/stairwell", figure=1, types=())
    assert (rule.modelled, why_recorded(rule)) == (False, "no layer holds stairwells")


@pytest.mark.parametrize(
    ("rule", "asks"),
    [
        (KINDS["share"], False),
        (KINDS["share"] | {"unit": "count"}, True),
        (KINDS["share"] | {"unit": "count", "types": ("one_stop", "library")}, False),
        (KINDS["phase"], True),
        (KINDS["reach"] | {"scope": "study", "share": 0.85}, True),
        (KINDS["acquisition"], False),
        (KINDS["capacity"], False),
        (KINDS["pooling"], False),
    ],
)
def test_what_asks_for_its_type(rule, asks):
    assert make(**rule).asks is asks


def test_what_each_kind_requires_of_a_unit():
    unit = Unit(id="a", households=1250, people=4400, elderly=600, children=500, buildings=36)

    def required(kind, **changes):
        return make(**KINDS[kind] | changes).required(unit)

    assert required("reach", share=0.8) == 1000
    assert required("phase") == 1
    assert required("capacity") == 1250
    assert required("staff", figure=5) == 5
    assert required("staff", unit="households/worker", figure=400) == 3.125
    assert required("staff", unit="workers/10000people", figure=18) == pytest.approx(7.92)
    assert required("staff", unit="heads/building", figure=1) == 36
    assert required("fund", figure=10_000) == 10_000
    assert math.isnan(make(**KINDS["staff"] | {"unit": "heads/building"}).required(Unit(id="b")))
    for kind in ("inside", "colocation", "share", "separation", "adjacency", "acquisition", "pooling"):
        with pytest.raises(UsageError, match="no requirement"):
            required(kind)


def test_what_each_household_takes():
    assert make(kind="capacity", unit="m2/person", figure=2).area_for(3.5) == 7
    assert make(kind="capacity", unit="m2/household", figure=0.5).area_for(10) == 5
    assert make(kind="capacity", unit="m2/100hh", figure=30).area_for(1) == 0.3
    assert make(kind="capacity", unit="m2/household", figure=1).denominator == "households"
    assert make(kind="capacity", unit="m2/person", denominator="elderly", figure=1).denominator == "elderly"
    with pytest.raises(UsageError, match="no requirement"):
        make(kind="reach", unit="m").area_for(1)


@given(st.integers(1, 100), st.integers(0, 500))
def test_a_share_of_communities_is_rounded_up_and_never_by_noise(percent, number):
    rule = make(kind="share", unit="m2", share=percent / 100)
    assert rule.communities(number) == -(-percent * number // 100)


@pytest.mark.parametrize(
    ("ratio", "households", "area"),
    [(32, 1250, 400), (32, 2500, 800), (30, 2000, 600), (20, 1000, 200), (20, 2000, 400)],
)
def test_crossovers(ratio, households, area):
    assert make(figure=ratio).required(Unit(id="a", households=households)) == pytest.approx(area, rel=1e-12)


def test_thirty_per_hundred_passes_800_between_2666_and_2667_households():
    rule = make(figure=30)
    assert rule.required(Unit(id="a", households=2666)) < 800 < rule.required(Unit(id="a", households=2667))


@given(st.floats(0, 1e6, allow_nan=False))
def test_ratio_is_continuous_and_never_rounded_to_the_next_hundred(households):
    assert make().required(Unit(id="a", households=households)) == pytest.approx(0.32 * households)


def test_each_denominator():
    unit = Unit(id="a", households=100, people=3520, elderly=400, children=300)
    shelter = {"types": ("shelter",), "figure": 1.0}
    assert make(unit="m2/person", **shelter).required(unit) == 3520
    assert make(unit="m2/person", denominator="elderly", **shelter).required(unit) == 400
    assert make(unit="m2/person", denominator="children", **shelter).required(unit) == 300
    assert make(unit="m2/1000people", figure=36.0).required(unit) == pytest.approx(36 * 3.52)
    assert make(kind="reach", figure=300, unit="m").required(unit) == 100
    assert make(kind="presence", figure=1, unit="count").required(unit) == 1
    assert make(kind="area_floor", figure=400, unit="m2").required(unit) == 400


@pytest.mark.parametrize(
    "condition", [{"setting": "rural"}, {"construction": "new"}, {"resettlement": "yes"}, {"key": "no"}]
)
def test_a_township_rule_cannot_ask_for_what_only_communities_are(condition):
    town = {"kind": "presence", "figure": 1, "unit": "count", "scope": "township"}
    ((name, value),) = condition.items()
    with pytest.raises(StandardsError, match=f"township cannot ask for {name} = {value}") as caught:
        make(**town, **condition)
    assert name in caught.value.remedy
    assert caught.value.row == "rule X-1"
    assert make(**town, size=Size(metric="households", min=10_000)).scope == "township"
    assert make(kind="coverage", figure=None, unit="-", scope="township", **condition).scope == "township"  # data only


def test_a_size_whose_figure_is_not_known_neither_holds_nor_is_ruled_out():
    rule = make(size=Size(metric="elderly", min=100), setting="rural")
    unknown = Unit(id="a", elderly=math.nan)
    assert not rule.applies_to(unknown)
    assert rule.may_apply_to(unknown)
    assert not rule.may_apply_to(Unit(id="a", elderly=math.nan, setting="urban"))
    assert not rule.may_apply_to(Unit(id="a", elderly=99))
    assert not make().may_apply_to(unknown)


def test_rules_on_facilities_and_recorded_rules_require_nothing_of_a_unit():
    room = make(kind="inside", types=("police_room",), host="service_centre", figure=None, unit="-")
    for rule in (room, make(kind="grid", figure=300, unit="households"), make(figure=None)):
        with pytest.raises(UsageError, match="no requirement"):
            rule.required(Unit(id="a"))


@pytest.mark.parametrize(
    ("metric", "low", "high", "value", "holds"),
    [
        ("households", 300, 1000, 299.999, False),
        ("households", 300, 1000, 300, True),
        ("households", 300, 1000, 999.999, True),
        ("households", 300, 1000, 1000, False),
        ("households", 1000, math.inf, 1000, True),
        ("people", 1000, 10000, 1000, True),
        ("people", 1000, 10000, 10000, False),
        ("people", 10000, math.inf, 10000, True),
    ],
)
def test_size_classes_are_half_open(metric, low, high, value, holds):
    rule = make(size=Size(metric=metric, min=low, max=high))
    assert rule.applies_to(Unit(id="a", **{metric: value})) is holds


@pytest.mark.parametrize(
    ("field", "value", "matching", "other"),
    [
        ("setting", "urban", {"setting": "urban"}, {"setting": "rural"}),
        ("construction", "new", {"construction": "new"}, {"construction": "existing"}),
        ("resettlement", "yes", {"resettlement": True}, {"resettlement": False}),
        ("resettlement", "no", {"resettlement": False}, {"resettlement": True}),
        ("key", "yes", {"key": True}, {"key": False}),
    ],
)
def test_conditions(field, value, matching, other):
    rule = make(**{field: value})
    assert rule.applies_to(Unit(id="a", **matching))
    assert not rule.applies_to(Unit(id="a", **other))
    assert make().applies_to(Unit(id="a", **other))


@pytest.mark.parametrize(
    ("changes", "named", "nearest"),
    [
        ({"unit": "m2/100h"}, "m2/100h", "m2/100hh"),
        ({"unit": "acres"}, "acres", "m2"),
        ({"kind": "area_rato"}, "area_rato", "area_ratio"),
        ({"status": "verifed"}, "verifed", "verified"),
        ({"strength": "hrad"}, "hrad", "hard"),
        ({"types": ("servce_centre",)}, "servce_centre", "service_centre"),
        ({"setting": "rual"}, "rual", "rural"),
        ({"construction": "newly"}, "newly", "new"),
        ({"scope": "comunity"}, "comunity", "community"),
        ({"denominator": "house"}, "house", "households"),
        ({"size": Size(metric="household", min=1)}, "household", "households"),
        (
            {"kind": "inside", "types": ("library",), "host": "service_center", "figure": None, "unit": "-"},
            "service_center",
            "service_centre",
        ),
        ({"kind": "formation", "forms": "atach", "unit": "people"}, "atach", "attach"),
        (KINDS["acquisition"] | {"modes": ("build", "convrt")}, "convrt", "convert"),
        (KINDS["separation"] | {"apart_from": ("dwelings",)}, "dwelings", "dwellings"),
        (KINDS["separation"] | {"apart_from": ("nursry",)}, "nursry", "nursery"),
        (KINDS["separation"] | {"apart_from": ("exclusion:",)}, "exclusion:", "exclusion:..."),
        (KINDS["staff"] | {"unit": "workers/1000people"}, "workers/1000people", "workers/10000people"),
        (KINDS["share"] | {"scope": "community"}, "community", "study"),
        (KINDS["capacity"] | {"unit": "m2/household", "denominator": "people"}, "people", "households"),
    ],
)
def test_unknown_words_are_refused_with_the_nearest(changes, named, nearest):
    with pytest.raises(StandardsError) as error:
        make(**changes)
    assert named in error.value.problem
    assert nearest in error.value.remedy
    assert "X-1" in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": ""},
        {"source": "  "},
        {"source": "", "document": "d", "clause": "1"},
        {"source": "", "document": "d", "key_phrase": "k"},
        {"source": "", "clause": "1", "key_phrase": "k"},
    ],
)
def test_a_rule_without_a_source_is_refused(changes):
    # contract: C7
    with pytest.raises(StandardsError, match="no source"):
        make(**changes)
    assert make(source="", document="d", clause="1", key_phrase="k").id == "X-1"


def test_a_judgement_cites_its_record():
    # contract: C7
    with pytest.raises(StandardsError, match="cite the record"):
        make(status="judgement", strength="target")
    assert make(status="judgement", strength="target", source="docs/decisions/0003-default-radii.md").modelled


@pytest.mark.parametrize("status", ["unverified", "judgement"])
def test_a_weak_figure_is_hard_only_where_the_planner_says_so(status):
    # contract: C8
    source = "docs/decisions/0003-default-radii.md"
    with pytest.raises(StandardsError, match="cannot be hard"):
        make(status=status, source=source)
    assert make(status=status, source=source, overridden_by="study.toml").strength == "hard"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"figure": math.nan}, "not a number above 0"),
        ({"share": -0.1}, "not a number above 0"),
        (KINDS["reach"] | {"share": 1.5}, "above 1"),
        (KINDS["capacity"] | {"share": 0.5}, "capacity takes no share"),
        (KINDS["fund"] | {"share": 0.7}, "fund takes no share"),
        (KINDS["inside"] | {"figure": 3.0}, "inside takes no figure"),
        (KINDS["phase"] | {"figure": 2025.0, "unit": "year"}, "phase takes no figure"),
        (KINDS["acquisition"] | {"figure": 1.0}, "acquisition takes no figure"),
        (KINDS["reach"] | {"figure_max": 500.0}, "reach takes no figure_max"),
        ({"modes": ("buy",)}, "area_ratio takes no modes"),
        ({"host": "library"}, "area_ratio takes no host"),
        ({"standing": True}, "area_ratio takes no standing"),
        ({"apart_from": ("dwellings",)}, "area_ratio takes no apart_from"),
        ({"forms": "attach"}, "area_ratio takes no forms"),
        (KINDS["acquisition"] | {"types": (), "standing": True}, "no facility type"),
        (KINDS["separation"] | {"types": ()}, "no facility type"),
        (KINDS["separation"] | {"apart_from": ("service_centre",)}, "kept apart from its own type"),
        (KINDS["colocation"] | {"host": "parcel_point"}, "inside its own type"),
        ({"figure": -32.0}, "not a number above 0"),
        ({"figure": 0.0}, "not a number above 0"),
        ({"share": 0.4}, "area_ratio takes no share"),
        ({"figure_max": 40.0}, "area_ratio takes no figure_max"),
        ({"kind": "share", "unit": "m2", "share": 40.0}, "above 1"),
        ({"types": ()}, "no facility type"),
        ({"kind": "reach", "unit": "m", "types": ("library", "nursery")}, "binds one facility type"),
        ({"size": Size(metric="people", min=5, max=5)}, "is empty"),
        (
            {"kind": "inside", "types": ("library",), "host": "library", "figure": None, "unit": "-"},
            "inside its own type",
        ),
    ],
)
def test_figures_and_types_that_make_no_sense_are_refused(changes, problem):
    with pytest.raises(StandardsError, match=problem):
        make(**changes)


@pytest.mark.parametrize("types", [("service_centre", "outdoor_square"), ("micro_fire",), ("library", "micro_fire")])
def test_floor_and_land_are_never_added(types):
    # contract: C6
    with pytest.raises(StandardsError, match="one kind of area"):
        make(types=types)
    with pytest.raises(StandardsError, match="one kind of area"):
        make(types=types, kind="share", unit="m2", share=0.4)
    with pytest.raises(StandardsError, match="one kind of area"):
        make(types=types, kind="capacity", unit="m2/person", figure=1)


def test_rooms_inside_a_host_are_not_counted_twice():
    assert make(types=("service_centre", "police_room")).counts == "outermost"
    together = make(types=("service_centre", "police_room"), kind="share", unit="m2", share=0.4)
    assert together.counts == "outermost"
    assert together.but(unit="count").counts == "all"
    assert make().counts == "all"


def test_topic_tells_aims_from_demands_and_shares_a_subject():
    assert make().topic == make(strength="target").topic
    assert make().topic != make(strength="soft").topic
    assert make(subject="s").topic == make(subject="s", types=("service_centre", "library")).topic
    assert make(types=("library", "service_centre")).topic == make(types=("service_centre", "library")).topic


def test_as_dict_is_json():
    import json

    rule = make(size=Size(metric="people", min=10000))
    told = make(**KINDS["acquisition"] | {"modes": ("buy", "swap")}).as_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["modes"], told["standing"], told["modelled"]) == (["buy", "swap"], False, True)
    assert json.loads(json.dumps(rule.as_dict(), allow_nan=False))["size"] == {
        "metric": "people",
        "min": 10000,
        "max": None,
    }


def test_but_checks_again():
    with pytest.raises(StandardsError):
        make().but(unit="m3")
    assert make().but(figure=20).figure == 20
