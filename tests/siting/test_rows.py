"""The rows of rules: when they are due, whom they count, what pools and shares ask. The grid is that of tiny_study."""

import numpy as np
import pytest
from siting_arrays import arrays
from tiny_study import centre, house, inside, least, one, place, reach, rule, standing, write_study

from siteplan.models.joint_problem import Strength
from siteplan.plans.scenario import Phase, Scenario

BOTH = [house("b1", 200, 425), house("b2", 1500, 100)]
PLACES = [place("c1", 300), place("c2", 1400)]
THREE = Scenario(phases=(Phase(name="2026"), Phase(name="2027"), Phase(name="2028")))


def area_rows(found):
    rows = found.problem.area
    return [
        (found.row(rows.matrix, r), *figures)
        for r, figures in enumerate(zip(rows.required, rows.strength, rows.due, strict=True))
    ]


def count_rows(found):
    rows = found.problem.count
    return [
        (found.row(rows.matrix, r), *figures)
        for r, figures in enumerate(zip(rows.required, rows.strength, rows.due, strict=True))
    ]


def test_rules_are_due_when_their_phase_ends_but_not_before_the_housing(tmp_path):
    rules = [
        centre(32),
        one("library", phase="Y1"),
        one("police_room", phase="2027"),
        rule("K-with", "phase", "service_centre"),
    ]
    study = write_study(tmp_path, rules=rules, buildings=BOTH, candidates=PLACES, each={"B": {"phase": 2.0}})
    found = arrays(study, THREE)
    assert found.problem.n_phases == 3
    assert found.question.units["phase"].tolist() == [1, 2]
    assert area_rows(found) == [(["c1/service_centre"], 136, 0, 2), (["c2/service_centre"], 32, 0, 2)]
    assert count_rows(found) == [
        (["c1/library"], 1, 0, 0), (["c1/police_room"], 1, 0, 1), (["c1/service_centre"], 1, 0, 0),
        (["c2/library"], 1, 0, 1), (["c2/police_room"], 1, 0, 1), (["c2/service_centre"], 1, 0, 1),
    ]  # fmt: skip
    # with one phase all is due at its end, and what is built later is built in it
    found = arrays(study)
    assert found.question.units["phase"].tolist() == [1, 1]
    assert {row[-1] for row in (*area_rows(found), *count_rows(found))} == {0}
    # of four phases the housing of the fifth is built in the last
    late = write_study(tmp_path / "late", rules=rules, buildings=BOTH, candidates=PLACES, each={"B": {"phase": 5.0}})
    assert arrays(late, THREE).question.units["phase"].tolist() == [1, 3]


def test_small_communities_of_a_township_meet_a_rule_together(tmp_path):
    # 425 x 0.32 = 136 m2 and 100 x 0.32 = 32 m2, together where both have fewer than 500 households. The aim is for each by itself.
    pooling = rule("K-pool", "pooling", "service_centre", 500, "households", strength="soft")
    rules = [centre(32), pooling, rule("K-aim", "area_floor", "service_centre", 300, "m2", strength="soft")]
    aims = [(["c1/service_centre"], 300, 2, 0), (["c2/service_centre"], 300, 2, 0)]
    study = write_study(tmp_path / "one", rules=rules, buildings=BOTH, candidates=PLACES)
    assert area_rows(arrays(study)) == [*aims, (["c1/service_centre", "c2/service_centre"], 168, 0, 0)]
    each = [(["c1/service_centre"], 136, 0, 0), (["c2/service_centre"], 32, 0, 0)]
    apart = write_study(tmp_path / "two", rules=rules, buildings=BOTH, candidates=PLACES, townships=("T", "U"))
    assert sorted(area_rows(arrays(apart)), key=str) == sorted([*aims, *each], key=str)
    # 425 households are not fewer than 425: A meets its rule by itself, and B has nobody left to pool with.
    pooling |= {"figure": 425.0}
    study = write_study(tmp_path / "large", rules=rules, buildings=BOTH, candidates=PLACES)
    assert sorted(area_rows(arrays(study)), key=str) == sorted([*aims, *each], key=str)
    # another type is not pooled; none named, all are
    for types, pooled in (("library", False), ("", True)):
        pooling |= {"figure": 500.0, "types": types.split()}
        study = write_study(tmp_path / f"of {types}", rules=rules, buildings=BOTH, candidates=PLACES)
        assert ((["c1/service_centre", "c2/service_centre"], 168, 0, 0) in area_rows(arrays(study))) is pooled


def test_a_pool_is_due_when_the_last_of_its_housing_is_built(tmp_path):
    pooling = rule("K-pool", "pooling", "", 500, "households", strength="soft")
    rules = [centre(32, phase="Y1"), pooling]
    study = write_study(tmp_path, rules=rules, buildings=BOTH, candidates=PLACES, each={"B": {"phase": 2.0}})
    assert area_rows(arrays(study, THREE)) == [(["c1/service_centre", "c2/service_centre"], 168, 0, 1)]


def test_shares_of_communities_count_those_for_which_they_speak(tmp_path):
    # Two rooms count together in the first share, outermost ones only; the second counts facilities, in key communities.
    rooms = rule("K-rooms", "share", "service_centre library", 200, "m2", share=0.5, phase="Y1")
    keys = rule("K-key", "share", "library", 1, "count", share=0.9, key="yes", strength="target")
    rules = [one("library"), one("service_centre"), inside("library", strength="soft"), rooms, keys]
    study = write_study(tmp_path, rules=rules, buildings=BOTH, candidates=PLACES, each={"B": {"key": True}})
    found = arrays(study, THREE)
    first, second = found.problem.shares
    assert [found.row(first.matrix, c) for c in range(2)] == [["c1/service_centre"], ["c2/service_centre"]]
    assert (first.least, first.area, first.required, first.strength, first.due) == (200, True, 1, 0, 0)
    assert [found.row(second.matrix, c) for c in range(second.matrix.shape[0])] == [["c2/library"]]
    assert (second.least, second.area, second.required, second.strength, second.due) == (1, False, 1, 1, 2)


def test_what_a_share_asks_for_is_planned(tmp_path):
    share = rule("K-share", "share", "library", 1, "count", share=0.5)
    study = write_study(tmp_path, rules=[share], buildings=BOTH, candidates=PLACES)
    assert arrays(study).question.types == ("library",)


def test_reach_of_a_community_and_of_the_study(tmp_path):
    rules = [
        reach("library", 400, share=0.8),
        rule("K-all", "reach", "library", 700, "m", scope="study", share=0.6, strength="target", phase="Y1"),
    ]
    study = write_study(tmp_path, rules=rules, buildings=BOTH, candidates=PLACES, each={"B": {"phase": 2.0}})
    found = arrays(study, THREE)
    rows = [(row.demand.tolist(), row.reach, row.share, row.strength, row.due) for row in found.problem.cover]
    assert rows == [
        ([0], pytest.approx(400, rel=1e-5), 0.8, 0, 2),
        ([1], pytest.approx(400, rel=1e-5), 0.8, 0, 2),
        ([0, 1], pytest.approx(700, rel=1e-5), 0.6, 1, 0),
    ]
    assert found.problem.limit[0] == pytest.approx([700, 700], rel=1e-5)  # as far as any of them looks


def test_capacity_asks_for_a_place_for_every_household(tmp_path):
    # b1 has 425 households and 1,000 people. A clinic takes 0.5 m2 a person, or 1 m2 a household: b1 takes 500 m2, b2 (200 people) 100 m2.
    homes = [BOTH[0] | {"people": 1000.0}, BOTH[1] | {"people": 200.0}]
    rules = [reach("health_station", 400), rule("K-half", "capacity", "health_station", 0.5, "m2/person"),
             rule("K-each", "capacity", "health_station", 100, "m2/100hh", strength="target", subject="others")]  # fmt: skip
    found = arrays(write_study(tmp_path, rules=rules, buildings=homes, candidates=PLACES))
    assert found.problem.load.tolist() == [[500, 100]]
    rows = [(row.demand.tolist(), round(row.reach), row.share, row.strength) for row in found.problem.cover]
    hard, target = int(Strength.HARD), int(Strength.TARGET)
    one_of_b1, one_of_b2 = ([0], 400, 1.0), ([1], 400, 1.0)
    assert rows == [
        (*one_of_b1, hard),
        (*one_of_b2, hard),
        (*one_of_b1, hard),
        (*one_of_b1, target),
        (*one_of_b2, hard),
        (*one_of_b2, target),
    ]


def test_households_that_take_room_are_served_within_the_least_reach(tmp_path):
    # The reach of 700 m is hard, that of 400 an aim; capacity speaks for B only. Without any reach a type with room couples communities.
    loads = rule("K-load", "capacity", "health_station", 1, "m2/household", key="yes")
    rules = [reach("health_station", 700), reach("health_station", 400, strength="soft") | {"id": "K-short"}, loads]
    places = [place("c1", 800), place("c2", 1400)]
    study = write_study(tmp_path / "reach", rules=rules, buildings=BOTH, candidates=places, each={"B": {"key": True}})
    found = arrays(study)
    assert np.isnan(found.problem.load).tolist() == [[True, False]]
    assert found.problem.limit[0] == pytest.approx([700, 400], rel=1e-5)
    pairs = set(zip(found.problem.pair_demand.tolist(), found.problem.pair_slot.tolist(), strict=True))
    assert pairs == {(0, 0), (1, 1)}  # b2 is 700 m from c1
    rules = [one("health_station"), loads]
    study = write_study(tmp_path / "none", rules=rules, buildings=BOTH, candidates=places, each={"B": {"key": True}})
    found = arrays(study)
    pairs = set(zip(found.problem.pair_demand.tolist(), found.problem.pair_slot.tolist(), strict=True))
    assert pairs == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_unknown_figures_ask_nothing_and_are_listed(tmp_path):
    from siteplan.siting.unmet import to_recorded

    rules = [one("elderly_care"), rule("K-old", "capacity", "elderly_care", 2, "m2/person", denominator="elderly")]
    found = arrays(write_study(tmp_path, rules=rules, buildings=BOTH, candidates=PLACES))
    assert found.problem.load is None
    assert found.problem.cover == ()
    recorded = to_recorded(found.question).set_index("rule_id")
    assert recorded.loc["K-old", "kind"] == "capacity"
    assert "elderly" in recorded.loc["K-old", "why"]


def test_least_sizes_of_what_stands_and_of_targets(tmp_path):
    rules = [
        one("police_room"),
        least("police_room", 30),
        least("police_room", 50, strength="soft") | {"id": "K-large"},
    ]
    study = write_study(
        tmp_path, rules=rules, buildings=BOTH, candidates=PLACES, facilities=[standing("e1", "police_room", 500, 20)]
    )
    found = arrays(study)
    size = found.problem.size
    rows = {
        (found.ids[s], least_, strength)
        for s, least_, strength in zip(size.slot, size.least_m2, size.strength, strict=True)
    }
    assert rows == {("e1", 30, 0), ("e1", 50, 2), ("c1/police_room", 50, 2), ("c2/police_room", 50, 2)}
    assert found.problem.slots.min_m2[found.slot("c1/police_room")] == 30
