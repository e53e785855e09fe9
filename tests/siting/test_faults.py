"""Which slots hard rules on facilities bar, and which faults the others make. The grid is that of tiny_study."""

import pytest
from siting_arrays import arrays
from tiny_study import at, house, inside, one, place, rule, standing, write_study

from siteplan.errors import UsageError
from siteplan.models.joint_problem import Strength
from siteplan.plans.scenario import Scenario

HERE = [house("b1", 200, 425)]
HARD, TARGET, SOFT = (int(s) for s in (Strength.HARD, Strength.TARGET, Strength.SOFT))


def apart(*things, figure=100, strength="hard", types="rites_venue", **more):
    return rule(
        "K-apart",
        "separation",
        types,
        figure,
        "m" if figure else "-",
        apart_from=list(things),
        strength=strength,
        **more,
    )


RITES = [one("rites_venue", strength="target")]


def test_a_hard_separation_bars_what_is_too_near_to_dwellings(tmp_path):
    # c1 is 99 m from b1, c2 100 m: 100 m are enough.
    places = [place("c1", 299), place("c2", 300)]
    study = write_study(tmp_path / "hard", rules=[*RITES, apart("dwellings")], buildings=HERE, candidates=places)
    found = arrays(study)
    assert found.ids == ["c2/rites_venue"]
    assert found.problem.faults is None
    # As a target it bars nothing: c1 is at fault wherever it is open.
    soft = write_study(
        tmp_path / "soft", rules=[*RITES, apart("dwellings", strength="target")], buildings=HERE, candidates=places
    )
    found = arrays(soft)
    assert found.ids == ["c1/rites_venue", "c2/rites_venue"]
    assert found.faults() == {("c1/rites_venue", False, (), TARGET)}


def test_dwellings_are_the_walls_of_buildings_and_only_of_those_with_households(tmp_path):
    # b1's wall is 10 m east of its point; b0 holds nobody. c1 is 105 m from b1's point, and 95 from its wall.
    homes = [{"id": "b1", "households": 10.0, "geometry": at(200).buffer(10, cap_style="square")}, house("b0", 900, 0)]
    places = [place("c1", 305), place("c2", 901)]
    study = write_study(tmp_path, rules=[*RITES, apart("dwellings")], buildings=homes, candidates=places)
    assert arrays(study).ids == ["c2/rites_venue"]


def test_separation_from_exclusions_with_and_without_a_figure(tmp_path):
    # A source at 500 with 50 m around it, a cliff at 900. e1 stands in the source's zone, which is reported; no new place may lie in one at all.
    zones = [
        {"id": "z1", "kind": "水源", "geometry": at(500).buffer(50)},
        {"id": "z2", "kind": "cliff", "buffer_m": 0.0, "geometry": at(900)},
    ]
    stands = [standing("e1", "rites_venue", 520, 50)]
    places = [place("c1", 560), place("c2", 700), place("c3", 890)]
    near = apart("exclusion:水源", figure=20)
    study = write_study(
        tmp_path / "near", rules=[*RITES, near], buildings=HERE, candidates=places, facilities=stands, exclusions=zones
    )
    found = arrays(study)  # c1 is 10 m from the zone
    assert found.ids == ["c2/rites_venue", "c3/rites_venue", "e1"]
    assert found.faults() == {("e1", False, (), HARD)}
    out = apart("exclusion:水源", figure=None)
    study = write_study(
        tmp_path / "out", rules=[*RITES, out], buildings=HERE, candidates=places, facilities=stands, exclusions=zones
    )
    found = arrays(study)  # outside of it is enough
    assert found.ids == ["c1/rites_venue", "c2/rites_venue", "c3/rites_venue", "e1"]
    assert found.faults() == {("e1", False, (), HARD)}
    other = apart("exclusion:none such", figure=2000)
    study = write_study(
        tmp_path / "other",
        rules=[*RITES, other],
        buildings=HERE,
        candidates=places,
        facilities=stands,
        exclusions=zones,
    )
    assert arrays(study).faults() == set()


def test_pairs_of_candidates_too_near_to_each_other(tmp_path):
    # A cemetery at least 100 m from a library. Both may stand at c1 (0 m), c2 is 50 m off, c3 far away.
    rules = [one("cemetery"), one("library"), apart("library", types="cemetery")]
    places = [place("c1", 300, land_m2=100.0), place("c2", 350, land_m2=100.0), place("c3", 800, land_m2=100.0)]
    found = arrays(write_study(tmp_path, rules=rules, buildings=HERE, candidates=places))
    near = ("c1/library", "c2/library")
    assert found.faults() == {
        ("c1/cemetery", False, near, HARD),
        ("c2/cemetery", False, near, HARD),
        ("c3/cemetery", False, ("c3/library",), HARD),
    }


def test_what_stands_bars_what_is_new_on_either_side_of_a_hard_rule(tmp_path):
    # e1 is a library, e2 a cemetery: cemeteries stay 100 m from e1, libraries from e2.
    rules = [one("cemetery"), one("library"), apart("library", types="cemetery")]
    stands = [standing("e1", "library", 300, 50), standing("e2", "cemetery", 600, 50)]
    places = [place("c1", 350, land_m2=100.0), place("c2", 650, land_m2=100.0)]
    study = write_study(tmp_path / "hard", rules=rules, buildings=HERE, candidates=places, facilities=stands)
    found = arrays(study)
    assert found.ids == ["c1/library", "c2/cemetery", "e1", "e2"]
    assert found.faults() == set()
    rules = [one("cemetery"), one("library"), apart("library", types="cemetery", strength="soft")]
    study = write_study(tmp_path / "soft", rules=rules, buildings=HERE, candidates=places, facilities=stands)
    found = arrays(study)
    assert found.faults() == {
        ("c1/cemetery", False, (), SOFT),  # e1 stands there
        ("c2/cemetery", False, ("c2/library",), SOFT),
        ("e2", False, ("c2/library",), SOFT),
    }


def test_a_type_that_is_kept_apart_from_is_counted_though_nobody_plans_it(tmp_path):
    stands = [standing("e1", "kindergarten", 350, 50)]
    rules = [*RITES, apart("kindergarten")]
    study = write_study(
        tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 300), place("c2", 500)], facilities=stands
    )
    assert arrays(study).ids == ["c2/rites_venue", "e1"]


def test_adjacency_is_walked_to_a_household_of_the_own_community(tmp_path):
    # b1 at 200 is A's only building; b2 at 1100 is B's. c2 at 990 lies in A, 790 m from b1 and 110 from b2. c1 is 500 m from b1.
    homes = [*HERE, house("b2", 1100, 10)]
    places = [place("c1", 700), place("c2", 990)]
    rules = [one("workshop", strength="target"), rule("K-near", "adjacency", "workshop", 500, "m")]
    study = write_study(tmp_path / "hard", rules=rules, buildings=homes, candidates=places)
    assert arrays(study).ids == ["c1/workshop"]
    rules[1] |= {"strength": "soft"}
    study = write_study(tmp_path / "soft", rules=rules, buildings=homes, candidates=places)
    assert arrays(study).faults() == {("c2/workshop", False, (), SOFT)}
    # farther than the study's cutoff walks are looked for as far as the rule asks
    rules[1] |= {"figure": 790.0, "strength": "hard"}
    study = write_study(tmp_path / "far", rules=rules, buildings=homes, candidates=places, cutoff_m=300.0)
    assert arrays(study).ids == ["c1/workshop", "c2/workshop"]


def test_colocation_needs_its_companion_at_the_site(tmp_path):
    # The library stands beside a centre. c1 holds both, c2 libraries only; e1 is a library by itself; rooms may be set up in e2, a centre.
    rules = [one("library"), rule("K-beside", "colocation", "library", host="service_centre")]
    places = [place("c1", 300), place("c2", 400, types="library")]
    stands = [standing("e1", "library", 500, 30), standing("e2", "service_centre", 600, 90)]
    study = write_study(tmp_path / "hard", rules=rules, buildings=HERE, candidates=places, facilities=stands)
    found = arrays(study)
    assert found.question.types == ("service_centre", "library")
    assert found.ids == ["c1/service_centre", "c1/library", "e1", "e2"]
    assert found.faults() == {("c1/library", True, ("c1/service_centre",), HARD), ("e1", False, (), HARD)}
    rules[1] |= {"strength": "target"}
    rules.append(inside("library", strength="soft"))
    study = write_study(tmp_path / "target", rules=rules, buildings=HERE, candidates=places, facilities=stands)
    found = arrays(study)
    assert "e2/library" in found.ids  # a room in the centre, and so beside it
    assert found.faults() == {
        ("c1/library", True, ("c1/service_centre",), TARGET),
        ("c2/library", False, (), TARGET),
        ("c2/library", False, (), SOFT),  # outside its host
        ("e1", False, (), TARGET),
        ("e1", False, (), SOFT),
    }


def test_ways_to_have_a_place(tmp_path):
    # Centres may be converted or extended. c1 is built, c2 converted; rooms in e1 are converted; e1 itself may grow.
    modes = rule("K-had", "acquisition", "service_centre library", modes=["convert", "extend"])
    rules = [one("service_centre"), one("library"), inside("library", strength="target"), modes]
    places = [place("c1", 300), place("c2", 400, kind="convert")]
    stands = [standing("e1", "service_centre", 500, 30, spare_m2=20.0)]
    study = write_study(tmp_path / "hard", rules=rules, buildings=HERE, candidates=places, facilities=stands)
    found = arrays(study)
    assert found.ids == ["c2/service_centre", "c2/library", "e1", "e1/library"]
    assert found.problem.slots.max_m2[found.slot("e1")] == 50
    assert found.faults() == set()
    modes |= {"modes": ["build"], "strength": "target"}
    study = write_study(tmp_path / "target", rules=rules, buildings=HERE, candidates=places, facilities=stands)
    found = arrays(study)
    assert found.problem.slots.max_m2[found.slot("e1")] == 50  # it may grow; that is listed, and is in no stage
    assert found.faults() == {
        ("c2/service_centre", False, (), TARGET), ("c2/library", False, (), TARGET), ("e1/library", False, (), TARGET),
    }  # fmt: skip
    modes |= {"strength": "hard"}
    study = write_study(tmp_path / "build", rules=rules, buildings=HERE, candidates=places, facilities=stands)
    found = arrays(study)
    assert found.ids == ["c1/service_centre", "c1/library", "e1"]
    assert found.problem.slots.max_m2[found.slot("e1")] == 30


@pytest.mark.parametrize(("stands", "kept"), [([], ["c1/library"]), ([standing("e1", "library", 500, 30)], ["e1"])])
def test_ways_that_hold_only_where_one_stands_already(tmp_path, stands, kept):
    modes = rule("K-had", "acquisition", "library", modes=["extend"], standing=True)
    study = write_study(
        tmp_path, rules=[one("library"), modes], buildings=HERE, candidates=[place("c1", 300)], facilities=stands
    )
    assert arrays(study).ids == kept


def test_ways_for_facilities_of_any_type(tmp_path):
    modes = rule("K-had", "acquisition", "", modes=["buy"])
    study = write_study(
        tmp_path,
        rules=[one("library"), modes],
        buildings=HERE,
        candidates=[place("c1", 300), place("c2", 400, kind="buy")],
    )
    assert arrays(study).ids == ["c2/library"]


def test_a_room_that_stands_outside_its_host_is_a_fault(tmp_path):
    # The library should lie in a centre. c1 may hold none; c2 may; e1 stands alone, and a hard rule would have it otherwise.
    rules = [one("library"), inside("library", strength="soft"), one("police_room"), inside("police_room")]
    places = [place("c1", 300, types="library;police_room"), place("c2", 400)]
    study = write_study(
        tmp_path, rules=rules, buildings=HERE, candidates=places, facilities=[standing("e1", "police_room", 500, 30)]
    )
    found = arrays(study)
    assert found.ids == ["c1/library", "c2/service_centre", "c2/police_room", "c2/library", "e1"]
    assert found.faults() == {("c1/library", False, (), SOFT), ("e1", False, (), HARD)}


def test_a_barred_host_takes_its_rooms_with_it(tmp_path):
    # No centre within 100 m of a dwelling: c1 may have none, so no police room, whose rule is hard; the library stands by itself.
    rules = [one("library"), inside("library", strength="soft"), one("police_room"), inside("police_room"),
             apart("dwellings", types="service_centre")]  # fmt: skip
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 250)])
    found = arrays(study)
    assert found.ids == ["c1/library"]
    assert found.faults() == {("c1/library", False, (), SOFT)}


def test_two_locked_facilities_that_a_rule_keeps_apart_are_refused(tmp_path):
    rules = [one("cemetery"), one("library"), apart("library", types="cemetery")]
    places = [place("c1", 300, land_m2=100.0), place("c2", 350, land_m2=100.0)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=places)
    with pytest.raises(UsageError, match=r"'c1/cemetery' and 'c2/library' are too near"):
        arrays(study, Scenario(locked=("c1/cemetery", "c2/library")))
