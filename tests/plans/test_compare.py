"""Two plans beside one another: what is opened, moved and closed, who gains and who loses, what is met, what is proven."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pandas as pd
import pytest
from audited_plan import write_study
from compared_plans import BASE, CENTRE, HOMES, POLICE, SQUARE, Built, Home, missed, stage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import CRS

from siteplan.errors import DataError
from siteplan.plans.compare import compare
from siteplan.plans.compare_service import STATUSES, community_changes, homes, planned_types, service_changes
from siteplan.plans.compare_sites import facility_changes
from siteplan.plans.scenario import Phase, Scenario
from siteplan.standards.library import Override, load_standards

OPPOSITE = {
    "opened": "closed", "grown": "shrunk", "earlier": "later", "moved": "moved", "kept": "kept",
    "now_met": "newly_unmet", "newly_asked": "no_longer_asked", "still_unmet": "still_unmet",
    "lower": "higher", "only_a": "only_b", "a": "b",
}  # fmt: skip
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    return write_study(tmp_path_factory.mktemp("比较"))


def only(frame, **values):
    """Return the one row of ``frame`` that has ``values``."""
    for name, value in values.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1, frame
    return frame.iloc[0]


def test_a_plan_is_like_itself(study):
    found = compare(BASE.plan(study), BASE.plan(study))
    assert set(found.facilities["change"]) == {"kept"}
    assert set(found.rules["change"]) == {"still_unmet"}
    assert set(found.stages["verdict"]) == {"same"}
    assert (found.totals["difference"] == 0).all()
    assert found.service[["gained", "lost"]].to_numpy().sum() == 0
    assert len(found.buildings) == len(found.asked) == len(found.notes) == 0


def test_every_change_of_a_facility_is_told(study):
    def centre(site, x, **more):
        return Built(type=CENTRE, site=site, x=x, community="A", **more)

    a = BASE.but(
        built=(centre("k", 0), centre("g", 1), centre("s", 2, area=50), centre("e", 3, phase=2), centre("l", 4),
               centre("m1", 5), Built(type=POLICE, site="o", x=6, community="A"))
    )  # fmt: skip
    b = BASE.but(
        built=(centre("k", 0), centre("g", 1, area=100.5), centre("s", 2, area=49), centre("e", 3, phase=1),
               centre("l", 4, phase=2), centre("m2", 85, y=60, cost=900), Built(type=POLICE, site="o", x=6, community="B"),
               Built(type=POLICE, site="n", x=7, community="A", area=30, cost=500))
    )  # fmt: skip
    frame = compare(a.plan(study), b.plan(study)).facilities
    changes = dict(zip(frame["site_to"], frame["change"], strict=True))
    assert changes == {
        "n": "opened", "m2": "moved", "g": "grown", "s": "shrunk", "e": "earlier", "l": "later", "k": "kept", "o": "kept"
    }  # fmt: skip
    moved = only(frame, change="moved")
    assert (moved["site_from"], moved["id"], moved["metres"]) == ("m1", "m2/service_centre", 100.0)
    assert (moved["cost_yuan_from"], moved["cost_yuan_to"]) == (1000.0, 900.0)
    new = only(frame, change="opened")
    assert (new["area_m2_from"], new["area_m2_to"], new["site_from"], new["phase_from"]) == (0.0, 30.0, "", "")
    assert math.isnan(new["metres"])
    early = only(frame, change="earlier")
    assert (early["phase_from"], early["phase_to"]) == ("2027", "2026")
    assert only(frame, site_to="o")["community_id"] == "B"


def test_nothing_moves_between_communities_or_types(study):
    a = BASE.but(built=(Built(type=CENTRE, site="p", x=0, community="A"),))
    b = BASE.but(
        built=(
            Built(type=CENTRE, site="q", x=1, community="B"),
            Built(type=POLICE, site="r", x=1, community="A"),
        )
    )
    assert sorted(compare(a.plan(study), b.plan(study)).facilities["change"]) == ["closed", "opened", "opened"]


def test_what_is_given_another_id_at_its_place_has_not_moved(study):
    """A facility of an earlier plan that has been built since stands in the layer under an id of its own."""
    built = [Built(type=CENTRE, site=f"c{n}", x=100 * n, community="A") for n in range(3)]
    stands = [dataclasses.replace(one, site=f"own{9 - n}", phase=0) for n, one in enumerate(built)]
    frame = compare(BASE.but(built=tuple(built)).plan(study), BASE.but(built=tuple(stands)).plan(study)).facilities
    assert list(frame["change"]) == ["kept"] * 3
    assert set(frame["metres"]) == {0.0}
    assert set(zip(frame["phase_from"], frame["phase_to"], strict=True)) == {("2026", "0")}


def test_a_facility_of_the_same_id_elsewhere_has_moved(study):
    there = dataclasses.replace(BASE.built[0], y=300)
    frame = compare(BASE.plan(study), BASE.but(built=(there, *BASE.built[1:])).plan(study)).facilities
    assert only(frame, change="moved")["metres"] == 300.0


coordinates = st.integers(0, 40)
places = st.tuples(coordinates, coordinates, st.sampled_from("AB"), st.sampled_from([CENTRE, SQUARE]))


def draft_of(spots, name):
    built = [
        Built(type=type_, site=f"{name}{n}", x=50 * x, y=50 * y, community=unit)
        for n, (x, y, unit, type_) in enumerate(spots)
    ]
    return BASE.but(built=tuple(built))


@given(st.lists(places, max_size=6), st.lists(places, max_size=6))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_moves_are_those_of_least_total_distance(study, here, there):
    frame = facility_changes(draft_of(here, "p").plan(study), draft_of(there, "q").plan(study))
    frame = frame[frame["metres"].notna()]
    for unit, type_ in itertools.product("AB", [CENTRE, SQUARE]):
        few, many = sorted(
            ([spot[:2] for spot in spots if spot[2:] == (unit, type_)] for spots in (here, there)), key=len
        )
        totals = [
            sum(50 * math.dist(one, other) for one, other in zip(few, some, strict=True))
            for some in itertools.permutations(many, len(few))
        ]
        paired = frame[(frame["community_id"] == unit) & (frame["type"] == type_)]
        assert len(paired) == len(few)
        assert paired["metres"].sum() == pytest.approx(min(totals))
    assert frame["site_from"].is_unique
    assert frame["site_to"].is_unique


def test_households_are_counted_building_by_building(study):
    """One building of A loses its centre while another gains one: the net of 50 would hide the 100 that lose."""
    a = BASE.but(served={("b1", CENTRE): 100, ("b3", CENTRE): 50})
    b = BASE.but(served={("b2", CENTRE): 150, ("b3", CENTRE): 50})
    row = only(compare(a.plan(study), b.plan(study)).service, community_id="A", type=CENTRE)
    assert (row["served_a"], row["served_b"], row["gained"], row["lost"]) == (100, 150, 150, 100)
    assert (row["households_a"], row["out_of_reach_a"], row["out_of_reach_b"]) == (250, 150, 100)


def test_a_building_may_be_served_in_part(study):
    a = BASE.but(served={("b1", CENTRE): 100})
    b = BASE.but(served={("b1", CENTRE): 60.5}, full=frozenset({("b1", CENTRE)}))
    row = only(compare(a.plan(study), b.plan(study)).service, community_id="A", type=CENTRE)
    assert (row["gained"], row["lost"], row["full_a"], row["full_b"]) == (0, 39.5, 0, 39.5)


def test_what_only_one_plan_has_is_neither_gained_nor_lost(study):
    """b1 is gone and C is new; b2 has fewer households and b4 belongs to A: nobody gains or loses but 20 of b3."""
    homes = {
        "b2": Home(x=300, households=120, community="A"),
        "b3": HOMES["b3"],
        "b4": Home(x=1700, households=70, community="A"),
        "b9": Home(x=900, households=40, community="C"),
    }
    b = BASE.but(
        homes=homes,
        served={("b2", CENTRE): 120, ("b3", CENTRE): 30, ("b9", CENTRE): 40, ("b4", SQUARE): 70},
        full=frozenset({("b3", CENTRE)}),
    )
    found = compare(BASE.plan(study), b.plan(study))
    centre = found.service[found.service["type"] == CENTRE].set_index("community_id")
    assert centre[["gained", "lost"]].to_dict("index") == {
        "A": {"gained": 0, "lost": 0},
        "B": {"gained": 0, "lost": 20},
        "C": {"gained": 0, "lost": 0},
    }
    assert centre.loc["A", ["households_removed", "served_removed"]].tolist() == [130, 130]
    assert centre.loc["C", ["households_added", "served_added", "presence"]].tolist() == [40, 40, "b"]
    assert dict(zip(found.buildings["building_id"], found.buildings["change"], strict=True)) == {
        "b1": "removed", "b2": "recounted", "b4": "regrouped", "b9": "added"
    }  # fmt: skip
    units = found.communities.set_index("id")
    assert units["presence"].to_dict() == {"A": "both", "B": "both", "C": "b"}
    assert units.loc["A", ["buildings_removed", "buildings_regrouped", "households_regrouped"]].tolist() == [1, 1, 70]
    assert "Communities added: 丙" in repr(found)
    back = compare(b.plan(study), BASE.plan(study))
    assert back.communities.set_index("id")["presence"].to_dict() == {"A": "both", "B": "both", "C": "a"}


def test_a_type_that_only_one_plan_plans_is_not_a_loss(study):
    b = BASE.but(scenario=BASE.scenario.but(types=(CENTRE, POLICE)), built=BASE.built[:2], unmet=BASE.unmet[1:])
    found = compare(BASE.plan(study), b.plan(study))
    squares = found.service[found.service["type"] == SQUARE]
    assert set(squares["planned"]) == {"a"}
    assert squares["served_a"].sum() == 70
    assert squares[["served_b", "gained", "lost"]].isna().all(axis=None)
    assert only(found.types, type=SQUARE)["planned"] == "a"
    assert only(found.rules, rule_id="C-square")["change"] == "no_longer_asked"
    assert "only base (first) plans" in " ".join(found.notes)


def test_rules_now_met_newly_unmet_and_unmet_in_both(study):
    a = BASE.but(unmet=(missed("C-square", SQUARE, "A", 100, 0), missed("C-police", POLICE, "B", 1, 0)))
    b = BASE.but(unmet=(missed("C-square", SQUARE, "A", 100, 40), missed("C-floor", CENTRE, "B", 400, 380)))
    rules = compare(a.plan(study), b.plan(study)).rules
    assert list(zip(rules["rule_id"], rules["change"], strict=True)) == [
        ("C-floor", "newly_unmet"),
        ("C-police", "now_met"),
        ("C-square", "still_unmet"),
    ]
    both = only(rules, rule_id="C-square")
    assert (both["shortfall_a"], both["shortfall_b"], both["unit_name"]) == (100, 60, "甲")
    assert only(rules, rule_id="C-police")["shortfall_b"] == 0
    assert math.isnan(only(rules, rule_id="C-police")["achieved_b"])


def test_a_rule_that_is_not_asked_is_never_called_met(study):
    off = load_standards(
        ["county"], [study.folder / "county.toml"], {"C-square": Override(off=True, reason="县里决定")}
    )
    a = BASE.but(
        unmet=(
            missed("C-square", SQUARE, "A", 100, 0),
            missed("C-police", POLICE, "B", 1, 0),
            missed("scenario:required", "", "c7", 1, 0),
            missed("scenario:required", "", "c8", 1, 0),
        )
    )
    homes = {name: home for name, home in HOMES.items() if home.community == "A"}
    opened = Built(type=CENTRE, site="c7", x=400, community="A")
    b = BASE.but(homes=homes, unmet=(), built=(*BASE.built, opened))
    rules = compare(a.plan(study), b.plan(study.but(standards=off))).rules
    assert dict(zip(rules["rule_id"] + " " + rules["unit_id"], rules["change"], strict=True)) == {
        "C-square A": "no_longer_asked",
        "C-police B": "no_longer_asked",
        "scenario:required c7": "now_met",
        "scenario:required c8": "no_longer_asked",
    }
    assert rules.loc[rules["change"] == "no_longer_asked", "shortfall_b"].isna().all()
    back = compare(b.plan(study.but(standards=off)), a.plan(study)).rules
    assert sorted(back["change"]) == ["newly_asked", "newly_asked", "newly_asked", "newly_unmet"]


def test_communities_that_pool_are_asked_together(study, tmp_path):
    """B has 120 households, fewer than 200: with the pooling rule its centre is asked of the pool, and of it alone no more."""
    pool = 'kind = "pooling"\ntypes = ["service_centre"]\nfigure = 200\nunit = "households"'
    pooling = write_study(tmp_path / "pooling", {"C-pool": pool})
    alone = BASE.but(unmet=(missed("C-floor", CENTRE, "A", 400, 300), missed("C-floor", CENTRE, "B", 400, 300)))
    together = BASE.but(
        unmet=(missed("C-floor", CENTRE, "A", 400, 300), missed("C-floor", CENTRE, "pool:t1", 400, 300))
    )
    met = BASE.but(unmet=()).plan(pooling)

    def changes(first):
        rules = compare(first, met).rules
        return dict(zip(rules["unit_id"], rules["change"], strict=True))

    assert changes(together.plan(pooling)) == {"A": "now_met", "pool:t1": "now_met"}
    assert changes(alone.plan(study)) == {"A": "now_met", "B": "no_longer_asked"}


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (stage("cost", 100.0), stage("cost", 100.0 + 1e-9), "same"),
        (stage("cost", 100.0), stage("cost", 120.0), "higher"),
        (stage("cost", 100.0), stage("cost", 80.0), "lower"),
        (stage("cost", 100.0), stage("cost", 120.0, 99.0), "uncertain"),
        (stage("cost", 100.0), stage("cost", 120.0, 101.0), "higher"),
        (stage("cost", 100.0, 70.0), stage("cost", 80.0), "uncertain"),
        (stage("cost", 100.0, 85.0), stage("cost", 80.0), "lower"),
        (stage("cost", 100.0), stage("cost", math.inf, -math.inf), "uncertain"),
        (stage("cost", 100.0, -math.inf), stage("cost", 120.0), "higher"),
        (stage("cost", 100.0), stage("cost", 90.0, objective="yuan, missing aims priced"), "not_comparable"),
    ],
)
def test_a_difference_within_the_proofs_is_said_to_be_so(study, first, second, verdict):
    a, b = BASE.but(stages=(first,)).plan(study), BASE.but(stages=(second,)).plan(study)
    found = compare(a, b)
    assert list(found.stages["verdict"]) == [verdict]
    assert list(compare(b, a).stages["verdict"]) == [OPPOSITE.get(verdict, verdict)]
    assert ("uncertainty of the proofs" in repr(found)) == (verdict == "uncertain")


def test_totals_never_add_floor_and_land_nor_count_a_room_twice(study):
    found = compare(BASE.plan(study), BASE.but(built=BASE.built[:2]).plan(study))
    totals = found.totals.set_index("measure")
    assert totals.loc["floor_m2", ["a", "b", "difference"]].tolist() == [850, 450, -400]
    assert totals.loc["land_m2", ["a", "b"]].tolist() == [200, 0]
    assert totals.loc["new_sites", ["a", "b"]].tolist() == [2, 1]
    assert totals.loc["hard_unmet", ["a", "b"]].tolist() == [2, 2]
    assert only(found.types, type=SQUARE)[["number_a", "number_b", "closed", "area_m2_difference"]].tolist() == [
        1,
        0,
        1,
        -200,
    ]
    assert only(found.types, type=CENTRE)["cost_yuan_a"] == 460_000


def test_what_was_asked_differently_is_listed(study):
    b = BASE.but(scenario=BASE.scenario.but(name="cheap", budget_yuan=1e5)).plan(study)
    a = BASE.plan(
        study,
        provenance={
            "sha256:buildings": "0" * 64,
            "settings": '{"access": {"cutoff_m": 1.0}, "standards": {"profiles": ["p000"]}}',
        },
    )
    found = compare(a, b.but(provenance=a.provenance | {"sha256:buildings": "1" * 64}))
    assert found.asked[["where", "field", "a", "b"]].to_numpy().tolist() == [
        ["scenario", "budget_yuan", "", "100000.0"],
        ["inputs", "buildings", "0" * 12, "1" * 12],
    ]
    assert (found.name_a, found.name_b) == ("base", "cheap")
    now = {"settings": study.settings.model_dump_json()}
    assert compare(BASE.plan(study, provenance=now), b.but(provenance=now)).notes == ()
    assert sum("standards of study.toml have changed" in note for note in found.notes) == 2


def test_phases_of_other_names_are_not_put_in_order(study):
    later = tuple(dataclasses.replace(one, phase=2) if one.phase else one for one in BASE.built)
    other = BASE.scenario.but(phases=(Phase(name="near"), Phase(name="far")))
    found = compare(BASE.plan(study), BASE.but(built=later, scenario=other).plan(study))
    assert set(found.facilities["change"]) == {"kept"}
    assert any("phases" in note for note in found.notes)
    longer = BASE.scenario.but(phases=tuple(Phase(name=name) for name in ("2025", "2026", "2027")))
    found = compare(BASE.plan(study), BASE.but(built=later, scenario=longer).plan(study))
    assert set(found.facilities["change"]) == {"kept"}, "the second of 2025 to 2027 is the first of 2026 to 2027"


def test_buildings_of_one_id_that_stand_apart_are_noted(study):
    homes = HOMES | {"b1": dataclasses.replace(HOMES["b1"], x=700)}
    notes = compare(BASE.plan(study), BASE.but(homes=homes).plan(study)).notes
    assert len(notes) == 1
    assert "600 m apart" in notes[0]


def test_plans_of_different_crs_are_refused(study):
    other = study.but(layers=study.layers.but(crs=CRS.from_epsg(32650)))
    with pytest.raises(DataError, match="EPSG:4547 and EPSG:32650"):
        compare(BASE.plan(study), BASE.plan(other))


def test_a_plan_without_facilities_buildings_and_stages_can_be_compared(study):
    nothing = BASE.but(
        homes={}, built=(), served={}, unmet=(), stages=(), scenario=Scenario(name="nothing", types=(CENTRE,))
    )
    found = compare(nothing.plan(study), BASE.plan(study))
    assert set(found.facilities["change"]) == {"opened"}
    assert (found.service["gained"].fillna(0) == 0).all()
    assert "4 added" in repr(found)
    empty = compare(nothing.plan(study), nothing.plan(study))
    assert len(empty.facilities) == len(empty.service) == 0
    assert repr(empty)


def test_the_text_says_what_changes(study):
    b = BASE.but(
        built=(dataclasses.replace(BASE.built[0], site="c9", x=500, area=460, cost=500_000), *BASE.built[1:]),
        served=BASE.served | {("b1", CENTRE): 0, ("b4", CENTRE): 70},
        unmet=(missed("C-square", SQUARE, "A", 100, 40),),
        stages=(stage("hard-worst", 1.0, objective="largest relative shortfall"), stage("cost", 510_000, 505_000)),
        scenario=BASE.scenario.but(name="far"),
    )
    text = repr(compare(BASE.plan(study), b.plan(study)))
    for line in (
        "From plan base to plan far: 0 facilities opened, 1 moved, 0 closed",
        "cost, yuan: 470,000 -> 510,000",
        "moved: party-mass service centre from c1 to c9, 300 m, 甲, 450 -> 460 m2",
        "甲, party-mass service centre: 0 gained, 100 lost; 250 -> 150 served",
        "乙, party-mass service centre: 70 gained, 0 lost; 50 -> 120 served",
        "Rules: 1 now met, 0 newly unmet, 1 unmet in both",
        "unmet in both: C-square 甲, short by 100 -> 60 m2",
        "cost: 470,000 -> 510,000 (yuan), higher",
    ):
        assert line in text, text


@st.composite
def altered(draw):
    """Return BASE with homes and facilities taken away, added and changed, and other service, rules and stages."""
    homes = {
        name: dataclasses.replace(
            home,
            households=draw(st.sampled_from([home.households, home.households, 80.5])),
            community=draw(st.sampled_from([home.community, home.community, "C"])),
        )
        for name, home in (HOMES | {"b5": Home(x=950, households=30, community="C")}).items()
        if draw(st.integers(0, 3))
    }
    built = []
    for n, (type_, unit) in enumerate(itertools.product((CENTRE, POLICE, SQUARE), "AABB")):
        if draw(st.booleans()):
            spot = draw(st.integers(0, 3))
            more = {"area": draw(st.sampled_from([100.0, 150.0])), "phase": draw(st.integers(0, 2))}
            built.append(Built(type=type_, site=f"c{n}-{spot}", x=100 * n + 70 * spot, community=unit, **more))
    types = draw(st.sampled_from([(CENTRE, POLICE, SQUARE), (CENTRE, SQUARE)]))
    shares = st.sampled_from([0.0, 0.25, 1.0])
    served = {(name, type_): home.households * draw(shares) for name, home in homes.items() for type_ in types}
    rows = [missed(f"C-{name}", type_, unit, 100, draw(st.sampled_from([0.0, 40.0])))
            for name, type_ in (("square", SQUARE), ("police", POLICE)) if type_ in types
            for unit in sorted({home.community for home in homes.values()}) if draw(st.booleans())]  # fmt: skip
    value = draw(st.sampled_from([100.0, 120.0]))
    stages = (stage("cost", value, value - draw(st.sampled_from([0.0, 30.0]))),)
    scenario = BASE.scenario.but(types=types)
    full = frozenset(key for key in served if draw(st.booleans()))
    return BASE.but(homes=homes, built=tuple(built), served=served, full=full, unmet=tuple(rows),
                    stages=stages[: draw(st.integers(0, 1))], scenario=scenario)  # fmt: skip


def turned(frame, words=()):
    """Return a table of a comparison as that of the plans the other way round."""
    ends = {"_a": "_b", "_b": "_a", "_from": "_to", "_to": "_from"}
    names = {
        name: name.removesuffix(end) + other for name in frame for end, other in ends.items() if name.endswith(end)
    }
    pairs = {"gained": "lost", "opened": "closed", "households_added": "households_removed"}
    pairs |= {"served_added": "served_removed", "a": "b"}
    names |= {name: other for one in pairs.items() for name, other in (one, one[::-1]) if name in frame}
    frame = frame.rename(columns=names)
    for name in frame.columns.intersection(words):
        frame[name] = frame[name].map(lambda word: OPPOSITE.get(word, word))
    for name in (name for name in frame if name.endswith("difference")):
        frame[name] = 0.0 - frame[name]
    return frame


def same(one, other, keys):
    """Check that two tables have the same rows, in whatever order."""
    columns = sorted(one.columns)
    left, right = (frame[columns].sort_values(keys).reset_index(drop=True) for frame in (one, other))
    pd.testing.assert_frame_equal(left, right, check_dtype=False)


@given(altered(), altered())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_other_way_round_everything_changes_places(study, one, other):
    a, b = one.plan(study), other.plan(study)
    there, back = compare(a, b), compare(b, a)
    words = ("change", "verdict", "presence", "planned")
    own = ["id", "community_id", "community_name"]  # of a pair, those of the second plan
    same(
        turned(there.facilities, words).drop(columns=own),
        back.facilities.drop(columns=own),
        ["type", "site_from", "site_to"],
    )
    same(turned(there.types, words), back.types, ["type"])
    same(turned(there.rules, words), back.rules, ["rule_id", "unit_id"])
    same(turned(there.stages, words), back.stages, ["stage"])
    same(turned(there.totals), back.totals, ["measure"])
    assert there.communities.set_index("id")["presence"].map(OPPOSITE.get).fillna("both").to_dict() == (
        back.communities.set_index("id")["presence"].map(lambda word: word).to_dict()
    )
    figures = there.service.select_dtypes("number").columns
    sums, others = (frame.groupby("type")[figures].sum() for frame in (there.service, back.service))
    same(turned(sums.reset_index()), others.reset_index(), ["type"])
    assert repr(there)


@given(altered(), altered())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_households_are_neither_lost_nor_made_up_in_a_comparison(study, one, other):
    a, b = one.plan(study), other.plan(study)
    table = homes(a, b)
    service = service_changes(a, b, table, community_changes(a, b, table), planned_types(a, b))
    both = service[service["planned"] == "both"]
    np.testing.assert_allclose(
        both["served_b"],
        both["served_a"] + both["gained"] - both["lost"] + both["served_added"] - both["served_removed"],
        atol=1e-9,
    )
    np.testing.assert_allclose(
        both["households_b"], both["households_a"] + both["households_added"] - both["households_removed"], atol=1e-9
    )
    for plan, end in ((a, "a"), (b, "b")):
        mine = service[service["planned"].isin(["both", end])]
        statuses = mine[[f"{status}_{end}" for status in STATUSES]].sum(axis=1)
        np.testing.assert_allclose(statuses, mine[f"households_{end}"], atol=1e-9)
        for type_, rows in mine.groupby("type"):
            assert rows[f"households_{end}"].sum() == pytest.approx(plan.demand["households"].sum())
            mask = (plan.allocation["type"] == type_) & (plan.allocation["status"] == "served")
            assert rows[f"served_{end}"].sum() == pytest.approx(plan.allocation.loc[mask, "households"].sum())
