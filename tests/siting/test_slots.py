"""Slots and sites: what is locked, which sites are alternatives, what an extension costs. The grid is that of tiny_study."""

import pytest
from siting_arrays import arrays
from tiny_study import centre, house, inside, least, one, place, standing, write_study

from siteplan.errors import UsageError
from siteplan.plans.scenario import Scenario

HERE = [house("b1", 200, 425)]
ROOM = [one("police_room"), least("police_room", 30), inside("police_room", strength="target"), centre(32)]


def study_of(folder, **more):
    places = [place("c1", 300), place("c2", 400, floor_capacity_m2=60.0)]
    return write_study(folder, rules=ROOM, buildings=HERE, candidates=places, **more)


def test_locked_facilities_are_open_and_no_smaller(tmp_path):
    stands = [standing("e1", "service_centre", 500, 40, spare_m2=20.0)]
    locked = Scenario(
        locked=("c1/service_centre", "e1", "c1/police_room"), locked_m2={"c1/service_centre": 80.0, "e1": 55.0}
    )
    found = arrays(study_of(tmp_path, facilities=stands), locked)
    slots = found.problem.slots
    for name, state, low in [
        ("c1/service_centre", 1, 80),
        ("c1/police_room", 1, 30),  # the size that its rule wants
        ("c2/service_centre", 0, 10),
        ("e1", 1, 55),
        ("e1/police_room", 0, 30),
    ]:
        assert (slots.state[found.slot(name)], slots.min_m2[found.slot(name)]) == (state, low)
    assert slots.existing[found.slot("e1")]


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        (Scenario(locked=("c1/service_center",)), r"'c1/service_center' can no longer stand; the nearest id is c1/service_centre"),
        (Scenario(locked=("c9",)), r"'c9' can no longer stand"),
        (Scenario(locked=("c1/library",)), r"'c1/library' can no longer stand"),  # nobody plans libraries any more
        (Scenario(locked=("c2/police_room",), forbidden=("c2",)), r"'c2/police_room' can no longer stand"),
        (Scenario(locked=("c2/service_centre",), locked_m2={"c2/service_centre": 61.0}), r"is to have 61 m2, but its site holds 60"),
    ],
)  # fmt: skip
def test_locked_facilities_that_cannot_stand_any_more_are_refused(tmp_path, scenario, message):
    with pytest.raises(UsageError, match=message):
        arrays(study_of(tmp_path), scenario)


def test_places_are_numbered_where_they_are_shared(tmp_path):
    places = [
        place("c1", 300, place="mill"),
        place("c2", 400),
        place("c3", 300, place="mill", kind="convert"),
        place("c4", 600, place="hall"),
    ]
    found = arrays(
        write_study(
            tmp_path, rules=ROOM, buildings=HERE, candidates=places, facilities=[standing("e1", "police_room", 500, 40)]
        )
    )
    assert found.question.sites["id"].tolist() == ["c1", "c2", "c3", "c4", "e1"]
    number = found.problem.sites.place.tolist()
    assert number[0] == number[2] >= 0
    assert number[1] == number[3] == number[4] == -1


def test_what_an_extension_costs(tmp_path):
    stands = [
        standing("e1", "service_centre", 500, 40, spare_m2=20.0, fixed_cost_yuan=7000.0, cost_per_m2_yuan=900.0),
        standing("e2", "service_centre", 600, 40, spare_m2=20.0, cost_per_m2_yuan=900.0),
    ]
    found = arrays(study_of(tmp_path, facilities=stands))
    assert found.problem.sites.fixed.tolist() == [0, 0, 7000, 0]
    assert found.problem.slots.cost_m2[found.slot("e1")] == 900


def test_a_hard_host_must_be_open_to_the_room(tmp_path):
    # c1 may hold police rooms and libraries, no centre. The room's host is hard, the library's is not.
    rules = [one("police_room"), inside("police_room"), one("library"), inside("library", strength="soft")]
    study = write_study(
        tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 300, types="police_room;library")]
    )
    found = arrays(study)
    assert found.ids == ["c1/library"]
    assert found.problem.slots.host.tolist() == [-1]
