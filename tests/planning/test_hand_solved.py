"""A few buildings on a street grid, and the right plan by reasoning, for each kind of rule (tiny_study tells of the grid).

A candidate has 1000 m2 of floor at 1000 yuan/m2 unless the test says otherwise, a rule is hard unless it says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_study import (
    centre,
    check_plan,
    house,
    inside,
    least,
    one,
    place,
    reach,
    rule,
    stage,
    standing,
    write_study,
)

from siteplan.auditing.audit import audit
from siteplan.errors import UsageError
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

HERE = [house("b1", 200, 425)]
BOTH = [house("b1", 200, 425), house("b2", 1500, 100)]


# areas: ratio, floor, aim, least size -----------------------------------------------------------------------------------


def test_ratio_binds_exactly(tmp_path: Path) -> None:
    # 32 m2 per 100 households is 0.32 m2 a household, never rounded up to the next hundred: 425 x 0.32 = 136 m2.
    # c2 would cost more a m2; both would pay c2's price for nothing. Cost 5,000 + 136 x 1,000.
    places = [
        place("c1", 300, fixed_cost_yuan=5000.0),
        place("c2", 400, cost_per_m2_yuan=1100.0, fixed_cost_yuan=5000.0),
    ]
    study = write_study(tmp_path, rules=[centre(32)], buildings=HERE, candidates=places)
    plan = check_plan(study, facilities={("service_centre", "c1"): 136.0}, cost=141_000)
    table = audit(plan).table.set_index("rule_id").loc["K-ratio"]
    assert (table["document"], table["clause"], table["verdict"]) == ("county.txt", "第一条", "pass")


@pytest.mark.parametrize(("households", "area"), [(1000, 400), (2000, 640)])
def test_rural_floor_and_ratio_the_larger_of_both(tmp_path: Path, households: float, area: float) -> None:
    # 1,000 households need 320 m2 by the ratio, 400 by the rural floor: 400. 2,000 need 640 by the ratio: 640.
    floor = rule("K-floor", "area_floor", "service_centre", 400, "m2", setting="rural")
    study = write_study(
        tmp_path, rules=[centre(32), floor], buildings=[house("b1", 200, households)], candidates=[place("c1", 300)]
    )
    check_plan(study, facilities={("service_centre", "c1"): area}, cost=area * 1000)


@pytest.mark.parametrize(
    ("floor", "scenario", "area"),
    [
        (1000, Scenario(), 800),  # there is room for all of it
        (600, Scenario(), 600),  # as far as the site's floor allows
        (1000, Scenario(budget_yuan=500_000), 500),  # as far as the budget allows
        (600, Scenario(aim_price_yuan_per_m2=1001), 600),  # a m2 of the aim is worth more than its 1,000 yuan
        (600, Scenario(aim_price_yuan_per_m2=999), 400),  # and here less: the hard 400 m2 stay
    ],
)
def test_soft_aim_as_far_as_it_goes(tmp_path: Path, floor: float, scenario: Scenario, area: float) -> None:
    # In town the centre has 400 m2 at least and aims at 800.
    rules = [
        rule("K-floor", "area_floor", "service_centre", 400, "m2"),
        rule("K-aim", "area_floor", "service_centre", 800, "m2", strength="soft", setting="urban"),
    ]
    study = write_study(
        tmp_path,
        rules=rules,
        buildings=HERE,
        candidates=[place("c1", 300, floor_capacity_m2=floor)],
        about={"setting": "urban"},
    )
    unmet = {("K-aim", "A"): (800.0, area)} if area < 800 else {}
    plan = check_plan(study, scenario, facilities={("service_centre", "c1"): area}, cost=area * 1000, unmet=unmet)
    assert plan.hard_unmet == 0


def test_a_price_of_aims_leaves_other_soft_rules_alone(tmp_path: Path) -> None:
    # The price is for m2 that an area aim misses. That one library is wanted is no area: it is built as without a price.
    soft = one("library", strength="soft")
    aim = rule("K-aim", "area_floor", "service_centre", 50, "m2", strength="soft")
    rules = [soft, aim, least("library", 20)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 300)])
    check_plan(
        study,
        Scenario(aim_price_yuan_per_m2=10),
        facilities={("library", "c1"): 20.0},
        cost=20_000,
        unmet={("K-aim", "A"): (50.0, 0.0)},
    )


SMALL_OR_DEAR = [
    place("c1", 300, floor_capacity_m2=25.0),
    place("c2", 400, floor_capacity_m2=40.0, cost_per_m2_yuan=3000.0),
]


def test_least_size_hard(tmp_path: Path) -> None:
    # A police room has 30 m2. Only the dear c2 holds so much.
    rules = [one("police_room"), least("police_room", 30)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=SMALL_OR_DEAR)
    check_plan(study, facilities={("police_room", "c2"): 30.0}, cost=90_000)


def test_least_size_hard_where_nothing_holds_it(tmp_path: Path) -> None:
    # c1 has 25 m2 of the 30: a room that is too small is not built, and that there is none is what is unmet.
    rules = [one("police_room"), least("police_room", 30)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=SMALL_OR_DEAR[:1])
    check_plan(study, facilities={}, cost=0, unmet={("K-police_room", "A"): (1.0, 0.0)})


def test_least_size_target(tmp_path: Path) -> None:
    # The same as a target: with c1 alone the room is built with the 25 m2 there are, and none of one keeps the rule; it lacks 5 of 30 m2. A target
    # is worth c2's price.
    rules = [one("police_room"), least("police_room", 30, strength="target")]
    study = write_study(tmp_path / "c1", rules=rules, buildings=HERE, candidates=SMALL_OR_DEAR[:1])
    check_plan(
        study, facilities={("police_room", "c1"): 25.0}, cost=25_000, unmet={("K-police_room-size", "A"): (1.0, 0.0)}
    )
    study = write_study(tmp_path / "both", rules=rules, buildings=HERE, candidates=SMALL_OR_DEAR)
    check_plan(study, facilities={("police_room", "c2"): 30.0}, cost=90_000)


# counts -----------------------------------------------------------------------------------------------------------------


def test_presence_in_each_community(tmp_path: Path) -> None:
    # One room of 20 m2 in A and one in B; in B c3 is cheaper than c2.
    places = [place("c1", 300), place("c2", 1400), place("c3", 1600, cost_per_m2_yuan=900.0)]
    study = write_study(
        tmp_path, rules=[one("police_room"), least("police_room", 20)], buildings=BOTH, candidates=places
    )
    check_plan(study, facilities={("police_room", "c1"): 20.0, ("police_room", "c3"): 20.0}, cost=38_000)


def test_presence_in_a_township_once_for_two_communities(tmp_path: Path) -> None:
    # A and B are one township: one street centre of 50 m2 is enough, at the cheaper c2 in B.
    rules = [one("street_centre", scope="township"), least("street_centre", 50)]
    places = [place("c1", 300), place("c2", 1400, cost_per_m2_yuan=900.0)]
    study = write_study(tmp_path / "one", rules=rules, buildings=BOTH, candidates=places)
    check_plan(study, facilities={("street_centre", "c2"): 50.0}, cost=45_000)
    # In two townships each needs its own.
    study = write_study(tmp_path / "two", rules=rules, buildings=BOTH, candidates=places, townships=("T", "U"))
    plan = check_plan(study, facilities={("street_centre", "c1"): 50.0, ("street_centre", "c2"): 50.0}, cost=95_000)
    assert plan.facilities["township_id"].tolist() == ["T", "U"]
    # A township without a site is listed by its own id.
    study = write_study(tmp_path / "none", rules=rules, buildings=BOTH, candidates=places[:1], townships=("T", "U"))
    check_plan(
        study, facilities={("street_centre", "c1"): 50.0}, cost=50_000, unmet={("K-street_centre", "U"): (1.0, 0.0)}
    )


def test_presence_of_a_type_without_area(tmp_path: Path) -> None:
    # A micro fire station takes no area: c1 has neither floor nor land. It costs what is fixed.
    places = [place("c1", 300, floor_capacity_m2=0.0, fixed_cost_yuan=7000.0)]
    study = write_study(tmp_path, rules=[one("micro_fire")], buildings=HERE, candidates=places)
    check_plan(study, facilities={("micro_fire", "c1"): 0.0}, cost=7000)


def test_presence_of_two_in_one_community(tmp_path: Path) -> None:
    # Two rooms are asked for, one site may hold one of them: c1 and c2. With c1 alone one of two is there.
    rules = [rule("K-two", "presence", "police_room", 2, "count"), least("police_room", 20)]
    places = [place("c1", 300), place("c2", 400, cost_per_m2_yuan=1200.0), place("c3", 500, cost_per_m2_yuan=1300.0)]
    study = write_study(tmp_path / "two", rules=rules, buildings=HERE, candidates=places)
    check_plan(study, facilities={("police_room", "c1"): 20.0, ("police_room", "c2"): 20.0}, cost=44_000)
    study = write_study(tmp_path / "one", rules=rules, buildings=HERE, candidates=places[:1])
    check_plan(study, facilities={("police_room", "c1"): 20.0}, cost=20_000, unmet={("K-two", "A"): (2.0, 1.0)})


# rooms inside a host ----------------------------------------------------------------------------------------------------

ROOMS = [one("childrens_home"), least("childrens_home", 40), inside("childrens_home"),
         one("police_room"), least("police_room", 30), inside("police_room")]  # fmt: skip


def test_rooms_inside_a_centre(tmp_path: Path) -> None:
    # Home (40) and room (30) stand in a centre, which nothing asks for by itself: it has 70 m2, and they cost nothing more.
    # c1 holds 60 m2 only. One room at each of c1 and c2 costs 2 x 10,000 + 40 x 1,000 + 30 x 1,100 = 93,000 and more,
    # all at c2 10,000 + 70 x 1,100 = 87,000.
    places = [
        place("c1", 300, floor_capacity_m2=60.0, fixed_cost_yuan=10_000.0),
        place("c2", 400, floor_capacity_m2=100.0, fixed_cost_yuan=10_000.0, cost_per_m2_yuan=1100.0),
    ]
    study = write_study(tmp_path, rules=ROOMS, buildings=HERE, candidates=places)
    expected = {("service_centre", "c2"): 70.0, ("childrens_home", "c2"): 40.0, ("police_room", "c2"): 30.0}
    plan = check_plan(study, facilities=expected, cost=87_000)
    inner = plan.facilities.set_index("type")["inside"]
    assert inner.to_dict() == {
        "service_centre": "",
        "childrens_home": "c2/service_centre",
        "police_room": "c2/service_centre",
    }


def test_rooms_in_an_existing_centre(tmp_path: Path) -> None:
    # e1 has 100 m2: both rooms fit and cost nothing.
    study = write_study(
        tmp_path / "large", rules=ROOMS, buildings=HERE, facilities=[standing("e1", "service_centre", 300, 100)]
    )
    expected = {("service_centre", "e1"): 100.0, ("childrens_home", "e1"): 40.0, ("police_room", "e1"): 30.0}
    plan = check_plan(study, facilities=expected, cost=0)
    assert plan.facilities["status"].tolist() == ["existing", "new", "new"]
    # e1 has 50 m2 and may grow by 30 at 500 yuan: it grows by the 20 that the rooms need.
    e1 = standing("e1", "service_centre", 300, 50, spare_m2=30.0, cost_per_m2_yuan=500.0)
    study = write_study(tmp_path / "grows", rules=ROOMS, buildings=HERE, facilities=[e1])
    plan = check_plan(study, facilities=expected | {("service_centre", "e1"): 70.0}, cost=10_000)
    assert plan.facilities["status"].tolist() == ["extended", "new", "new"]
    # It cannot grow: one of the two rooms fits. Both presence rules miss as much; which one is served is open.
    e1 = standing("e1", "service_centre", 300, 50)
    plan = solve(write_study(tmp_path / "small", rules=ROOMS, buildings=HERE, facilities=[e1]))
    assert len(plan.facilities) == 2
    assert plan.unmet["rule_id"].isin(["K-childrens_home", "K-police_room"]).tolist() == [True]
    assert plan.proven
    assert audit(plan).disagreements() == []


def test_no_room_without_its_host(tmp_path: Path) -> None:
    # c1 may hold police rooms only: no centre, so no room either.
    study = write_study(
        tmp_path,
        rules=[one("police_room"), inside("police_room")],
        buildings=HERE,
        candidates=[place("c1", 300, types="police_room")],
    )
    check_plan(study, facilities={}, cost=0, unmet={("K-police_room", "A"): (1.0, 0.0)})


def test_a_room_that_should_stand_inside_stands_alone_where_no_host_can(tmp_path: Path) -> None:
    # That there is a police room is hard, that it lies in a centre only a target: c1 may hold no centre, so it stands
    # alone, of the least 10 m2, and the target is listed. On c2, which may hold both, it would lie in the centre.
    rules = [one("police_room"), inside("police_room", strength="target")]
    alone = [place("c1", 300, types="police_room")]
    study = write_study(tmp_path / "alone", rules=rules, buildings=HERE, candidates=alone)
    unmet = {("K-police_room-inside", "A"): (1.0, 0.0)}
    check_plan(study, facilities={("police_room", "c1"): 10.0}, cost=10_000, unmet=unmet)
    study = write_study(tmp_path / "both", rules=rules, buildings=HERE, candidates=[place("c2", 300)])
    check_plan(study, facilities={("service_centre", "c2"): 10.0, ("police_room", "c2"): 10.0}, cost=10_000)


def test_a_room_inside_a_room(tmp_path: Path) -> None:
    # The legal point stands in the police room, that in the centre: 10 m2 of the room's 30 m2 of the centre's 30 m2.
    rules = [one("police_room"), least("police_room", 30), inside("police_room"),
             one("legal_point"), least("legal_point", 10), inside("legal_point", "police_room")]  # fmt: skip
    expected = {("service_centre", "c1"): 30.0, ("police_room", "c1"): 30.0, ("legal_point", "c1"): 10.0}
    study = write_study(tmp_path / "any", rules=rules, buildings=HERE, candidates=[place("c1", 300)])
    check_plan(study, facilities=expected, cost=30_000)
    # Where no centre may stand there is no police room, and so no legal point.
    places = [place("c1", 300, types="police_room;legal_point")]
    study = write_study(tmp_path / "no_centre", rules=rules, buildings=HERE, candidates=places)
    unmet = {("K-police_room", "A"): (1.0, 0.0), ("K-legal_point", "A"): (1.0, 0.0)}
    check_plan(study, facilities={}, cost=0, unmet=unmet)


def test_existing_room_outside_a_host_is_listed(tmp_path: Path) -> None:
    # e1 stands by itself: presence is met, inside is not, and nothing is built for it.
    e1 = standing("e1", "police_room", 300, 30)
    rules = [one("police_room"), inside("police_room")]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 400)], facilities=[e1])
    check_plan(
        study, facilities={("police_room", "e1"): 30.0}, cost=0, unmet={("K-police_room-inside", "A"): (1.0, 0.0)}
    )


def test_several_types_counted_together_count_rooms_once(tmp_path: Path) -> None:
    # 400 households need 120 m2 of service floor. Police room (20) and library (30) are rooms of the centre and not
    # counted again; the health station (50) stands by itself and counts: the centre has 70 m2.
    together = rule("K-all", "area_ratio", "service_centre police_room library health_station", 30, "m2/100hh")
    rooms = [one("police_room"), least("police_room", 20), inside("police_room"),
             one("library"), least("library", 30), inside("library")]  # fmt: skip
    clinic = [
        one("health_station"),
        least("health_station", 50),
        rule("K-large", "area_floor", "health_station", 50, "m2"),
    ]
    places = [
        place("c1", 300, types="service_centre;police_room;library"),
        place("c2", 400, types="health_station", cost_per_m2_yuan=2000.0),
    ]
    study = write_study(
        tmp_path, rules=[together, *rooms, *clinic], buildings=[house("b1", 200, 400)], candidates=places
    )
    expected = {
        ("service_centre", "c1"): 70.0,
        ("police_room", "c1"): 20.0,
        ("library", "c1"): 30.0,
        ("health_station", "c2"): 50.0,
    }
    check_plan(study, facilities=expected, cost=170_000)


# reach and eligibility --------------------------------------------------------------------------------------------------

CLINIC = {"N-reach-health_station-rural": {"figure": 500.0, "strength": "hard", "reason": "county meeting of 12 May"}}


@pytest.mark.parametrize(
    ("x", "y", "near"), [(750, 0, True), (751, 0, False), (500, 250, True), (500, 251, False), (499, 250, False)]
)
def test_reach_is_inclusive_and_walked(tmp_path: Path, x: float, y: float, near: bool) -> None:
    # b1 stands at (250, 0). (750, 0) is 500 m away: within. (500, 250) is 500 m on foot and 353 m as the crow flies;
    # (500, 251) is 501 m on foot; (499, 250) is off the street: b1 reaches the street at (500, 250), 1 m short of it, and
    # walks that metre as well.
    study = write_study(
        tmp_path, rules=[one("health_station"), least("health_station", 50)], buildings=[house("b1", 250, 80)],
        candidates=[place("c1", x, y)], national=CLINIC,
    )  # fmt: skip
    unmet = {} if near else {("N-reach-health_station-rural", "A"): (80.0, 0.0)}
    plan = check_plan(study, facilities={("health_station", "c1"): 50.0}, cost=50_000, unmet=unmet)
    assert plan.allocation["status"].tolist() == ["served" if near else "out_of_reach"]


def test_hard_reach_is_worth_a_dearer_site(tmp_path: Path) -> None:
    # c1 at 501 m is cheap and out of reach, c2 at 500 m is dear: c2 alone.
    places = [place("c1", 751, cost_per_m2_yuan=1.0), place("c2", 750, cost_per_m2_yuan=3000.0)]
    study = write_study(
        tmp_path, rules=[one("health_station"), least("health_station", 50)], buildings=[house("b1", 250, 80)],
        candidates=places, national=CLINIC,
    )  # fmt: skip
    check_plan(study, facilities={("health_station", "c2"): 50.0}, cost=150_000)


def test_reach_counts_households(tmp_path: Path) -> None:
    # Within 300 m of c1 are b1 and b2 (30 + 50), of c2 b3 (10): nobody reaches b4. The budget is for one station of 50 m2:
    # c1 leaves 30 of 110 unserved, c2 leaves 100.
    homes = [house("b1", 100, 30), house("b2", 300, 50), house("b3", 900, 10), house("b4", 500, 20, y=500)]
    study = write_study(
        tmp_path, rules=[reach("health_station", 300), least("health_station", 50)], buildings=homes,
        candidates=[place("c1", 200), place("c2", 900)],
    )  # fmt: skip
    plan = check_plan(
        study, Scenario(budget_yuan=50_000), facilities={("health_station", "c1"): 50.0}, cost=50_000,
        unmet={("K-health_station-reach", "A"): (110.0, 80.0)},
    )  # fmt: skip
    assert stage(plan, "hard-worst") == pytest.approx(30 / 110, rel=1e-6)
    assert plan.facilities["households_served"].tolist() == [80.0]


def test_reach_beyond_the_cutoff(tmp_path: Path) -> None:
    # The rule allows 2,500 m although the study looks for facilities within 1,000 m only: the rule is heard.
    # Without a rule of reach the cutoff stands: the centre 2,000 m away serves nobody.
    homes = [house("b1", 100, 40)]
    rules = [reach("health_station", 2500), least("health_station", 50)]
    study = write_study(
        tmp_path / "rule", rules=rules, buildings=homes, candidates=[place("c1", 2100)], cutoff_m=1000.0
    )
    plan = check_plan(study, facilities={("health_station", "c1"): 50.0}, cost=50_000)
    assert plan.allocation["metres"].tolist() == pytest.approx([2000.0])
    e1 = standing("e1", "health_station", 2100, 50)
    study = write_study(
        tmp_path / "none", rules=[one("health_station")], buildings=homes, facilities=[e1], cutoff_m=1000.0
    )
    plan = solve(study)
    assert plan.allocation["status"].tolist() == ["out_of_reach"]
    assert audit(plan).disagreements() == []


def test_community_services_serve_their_own_community_only(tmp_path: Path) -> None:
    # c2 in B is 200 m from A's b1 and cheap, but a centre serves its own community: A needs c1. B's b2 has c2.
    homes = [house("b1", 900, 50), house("b2", 1200, 50)]
    places = [place("c1", 800, cost_per_m2_yuan=5000.0), place("c2", 1100)]
    rules = [reach("service_centre", 500), least("service_centre", 20)]
    study = write_study(tmp_path / "own", rules=rules, buildings=homes, candidates=places)
    check_plan(study, facilities={("service_centre", "c1"): 20.0, ("service_centre", "c2"): 20.0}, cost=120_000)
    # A health station serves anyone: c2 serves both.
    rules = [reach("health_station", 500), least("health_station", 20)]
    study = write_study(tmp_path / "anyone", rules=rules, buildings=homes, candidates=places)
    plan = check_plan(study, facilities={("health_station", "c2"): 20.0}, cost=20_000)
    assert plan.facilities["households_served"].tolist() == [100.0]


# capacity ---------------------------------------------------------------------------------------------------------------


def test_floor_capacity(tmp_path: Path) -> None:
    # 136 m2 are needed, the cheap c1 holds 100: the other 36 stand at c2. Cost 100,000 + 36 x 2,000.
    places = [place("c1", 300, floor_capacity_m2=100.0), place("c2", 400, cost_per_m2_yuan=2000.0)]
    study = write_study(tmp_path, rules=[centre(32)], buildings=HERE, candidates=places)
    check_plan(study, facilities={("service_centre", "c1"): 100.0, ("service_centre", "c2"): 36.0}, cost=172_000)


def test_floor_is_shared_by_types(tmp_path: Path) -> None:
    # 60 m2 of centre and 60 m2 of clinic need 120 m2; c1 holds 100 and c2 the rest. Which of the two goes there is
    # open, but not how much it costs: the 20 m2 that must stand at c2 are 20 m2 of one of them, and 60 of a clinic, whose
    # least size is 60. So the centre is split: 40 at c1 and 20 at c2.
    rules = [rule("K-c", "area_floor", "service_centre", 60, "m2"), one("health_station"), least("health_station", 60)]
    places = [place("c1", 300, floor_capacity_m2=100.0), place("c2", 400, cost_per_m2_yuan=2000.0)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=places)
    expected = {("service_centre", "c1"): 40.0, ("health_station", "c1"): 60.0, ("service_centre", "c2"): 20.0}
    check_plan(study, facilities=expected, cost=140_000)


def test_land_carries_floor_and_squares(tmp_path: Path) -> None:
    # c1 has 100 m2 of land and builds 2 storeys: a centre of 160 m2 stands on 80 of it, and a square of 50 no longer fits.
    # c2's land is dear: the square goes there at 50 x 300, cheaper than 60 m2 of centre (30 m2 of land) at 2,000.
    # contract: C6
    rules = [
        rule("K-c", "area_floor", "service_centre", 160, "m2"),
        rule("K-s", "area_floor", "outdoor_square", 50, "m2"),
    ]
    places = [
        place("c1", 300, land_m2=100.0, storeys=2.0, land_cost_per_m2_yuan=10.0),
        place("c2", 400, land_m2=100.0, storeys=2.0, land_cost_per_m2_yuan=30.0, cost_per_m2_yuan=2000.0),
    ]
    study = write_study(tmp_path / "two", rules=rules, buildings=HERE, candidates=places)
    # the cheapest split of the square leaves 20 m2 of it at c1
    expected = {("service_centre", "c1"): 160.0, ("outdoor_square", "c1"): 20.0, ("outdoor_square", "c2"): 30.0}
    check_plan(study, facilities=expected, cost=160_000 + 20 * 10 + 30 * 30)
    # A square of 50 m2 in one piece: all of it at c2.
    study = write_study(
        tmp_path / "whole", rules=[*rules, least("outdoor_square", 50)], buildings=HERE, candidates=places
    )
    expected = {("service_centre", "c1"): 160.0, ("outdoor_square", "c2"): 50.0}
    check_plan(study, facilities=expected, cost=160_000 + 50 * 30)


def test_storeys_limit_floor(tmp_path: Path) -> None:
    # 1,000 m2 of floor are allowed, but 50 m2 of land x 2 storeys carry 100: 136 cannot be reached.
    study = write_study(
        tmp_path, rules=[centre(32)], buildings=HERE, candidates=[place("c1", 300, land_m2=50.0, storeys=2.0)]
    )
    check_plan(
        study, facilities={("service_centre", "c1"): 100.0}, cost=100_000, unmet={("K-ratio", "A"): (136.0, 100.0)}
    )


# what stands already ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("area", "spare", "new", "cost"),
    [
        (136, 50, {("service_centre", "e1"): 136.0}, 0),  # enough: nothing is built
        (500, 0, {("service_centre", "e1"): 500.0}, 0),  # more than enough: nothing is closed
        (100, 50, {("service_centre", "e1"): 136.0}, 28_800),  # extended by 36 m2 at 800
        (100, 20, {("service_centre", "e1"): 120.0, ("service_centre", "c1"): 16.0}, 32_000),  # 20 x 800 + 16 x 1,000
    ],
)
def test_existing_area_counts_and_grows_by_its_spare(
    tmp_path: Path, area: float, spare: float, new: dict[tuple[str, str], float], cost: float
) -> None:
    # contract: C13
    e1 = standing("e1", "service_centre", 300, area, spare_m2=float(spare), cost_per_m2_yuan=800.0)
    study = write_study(tmp_path, rules=[centre(32)], buildings=HERE, candidates=[place("c1", 400)], facilities=[e1])
    plan = check_plan(study, facilities=new, cost=cost)
    assert plan.facilities.set_index("site_id")["existing_m2"]["e1"] == area


def test_existing_facility_that_is_too_small_is_listed(tmp_path: Path) -> None:
    # A police room of 20 m2 stands and cannot grow; rooms have 30. A new one would not make it larger.
    e1 = standing("e1", "police_room", 300, 20)
    rules = [one("police_room"), least("police_room", 30)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 400)], facilities=[e1])
    check_plan(study, facilities={("police_room", "e1"): 20.0}, cost=0, unmet={("K-police_room-size", "A"): (1.0, 0.0)})


# required and forbidden sites, number of sites, types -------------------------------------------------------------------

TWO = [place("c1", 300), place("c2", 400, cost_per_m2_yuan=2000.0)]
ROOM = [one("police_room"), least("police_room", 20)]


@pytest.mark.parametrize("by", ["layer", "scenario"])
def test_required_site(tmp_path: Path, by: str) -> None:
    # c2 is dear and must be opened: the one room stands there.
    places = TWO if by == "scenario" else [TWO[0], TWO[1] | {"state": "required"}]
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=places)
    scenario = Scenario(required=("c2",)) if by == "scenario" else None
    check_plan(study, scenario, facilities={("police_room", "c2"): 20.0}, cost=40_000)


def test_required_site_that_can_hold_nothing_is_listed(tmp_path: Path) -> None:
    # c2 may hold libraries only, which nobody asks for: it stays closed, and the plan says so.
    places = [TWO[0], TWO[1] | {"types": "library"}]
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=places)
    plan = check_plan(
        study, Scenario(required=("c2",)), facilities={("police_room", "c1"): 20.0}, cost=20_000,
        unmet={("scenario:required", "c2"): (1.0, 0.0)},
    )  # fmt: skip
    assert plan.hard_unmet == 1


@pytest.mark.parametrize("by", ["layer", "scenario"])
def test_forbidden_site(tmp_path: Path, by: str) -> None:
    # The cheap c1 must not be opened.
    places = TWO if by == "scenario" else [TWO[0] | {"state": "forbidden"}, TWO[1]]
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=places)
    scenario = Scenario(forbidden=("c1",)) if by == "scenario" else None
    check_plan(study, scenario, facilities={("police_room", "c2"): 20.0}, cost=40_000)


def test_the_scenario_may_forbid_what_the_layer_requires_but_not_the_reverse(tmp_path: Path) -> None:
    places = [TWO[0], TWO[1] | {"state": "required"}]
    study = write_study(tmp_path / "a", rules=ROOM, buildings=HERE, candidates=places)
    check_plan(study, Scenario(forbidden=("c2",)), facilities={("police_room", "c1"): 20.0}, cost=20_000)
    places = [TWO[0], TWO[1] | {"state": "forbidden"}]
    study = write_study(tmp_path / "b", rules=ROOM, buildings=HERE, candidates=places)
    with pytest.raises(UsageError, match="c2"):
        solve(study, Scenario(required=("c2",)))
    with pytest.raises(UsageError, match="'c11'; the nearest id is c1"):
        solve(study, Scenario(required=("c11",)))


def test_most_sites(tmp_path: Path) -> None:
    # A and B each need a room, one site may be opened: B's is cheaper, and A's room is what is unmet.
    places = [place("c1", 300), place("c2", 1400, cost_per_m2_yuan=900.0)]
    study = write_study(tmp_path, rules=ROOM, buildings=BOTH, candidates=places)
    check_plan(
        study, Scenario(max_sites=1), facilities={("police_room", "c2"): 20.0}, cost=18_000,
        unmet={("K-police_room", "A"): (1.0, 0.0)},
    )  # fmt: skip
    check_plan(
        study, Scenario(max_sites=0), facilities={}, cost=0,
        unmet={("K-police_room", "A"): (1.0, 0.0), ("K-police_room", "B"): (1.0, 0.0)},
    )  # fmt: skip


def test_most_sites_counts_candidates_not_rooms_in_what_stands(tmp_path: Path) -> None:
    # A's centre stands, and its room goes into it: no site is opened for it. The one site is B's.
    rules = [*ROOM, inside("police_room")]
    e1 = standing("e1", "service_centre", 300, 100)
    study = write_study(tmp_path, rules=rules, buildings=BOTH, candidates=[place("c2", 1400)], facilities=[e1])
    expected = {("service_centre", "e1"): 100.0, ("police_room", "e1"): 20.0,
                ("service_centre", "c2"): 20.0, ("police_room", "c2"): 20.0}  # fmt: skip
    check_plan(study, Scenario(max_sites=1), facilities=expected, cost=20_000)


def test_candidate_types(tmp_path: Path) -> None:
    # The cheap c1 takes libraries only, so the police room goes to c2 and the library to c1.
    places = [TWO[0] | {"types": "library"}, TWO[1]]
    study = write_study(
        tmp_path, rules=[*ROOM, one("library"), least("library", 30)], buildings=HERE, candidates=places
    )
    check_plan(study, facilities={("library", "c1"): 30.0, ("police_room", "c2"): 20.0}, cost=70_000)


# money ------------------------------------------------------------------------------------------------------------------


def test_budget_leaves_a_hard_rule_unmet(tmp_path: Path) -> None:
    # 100,000 yuan buy 100 of the 136 m2: the budget is kept, and 36 m2 are listed.
    # contract: C3
    study = write_study(tmp_path, rules=[centre(32)], buildings=HERE, candidates=[place("c1", 300)])
    plan = check_plan(
        study, Scenario(budget_yuan=100_000), facilities={("service_centre", "c1"): 100.0}, cost=100_000,
        unmet={("K-ratio", "A"): (136.0, 100.0)},
    )  # fmt: skip
    assert stage(plan, "hard-worst") == pytest.approx(36 / 136, rel=1e-6)
    assert plan.unmet["unit"].tolist() == ["m2"]
    check_plan(study, Scenario(budget_yuan=0), facilities={}, cost=0, unmet={("K-ratio", "A"): (136.0, 0.0)})


def test_money_that_is_short_is_shared_by_need(tmp_path: Path) -> None:
    # A needs 136 m2, B 32: 84,000 yuan are half of it. The worst rule counts first: each gets half of what it needs.
    places = [place("c1", 300), place("c2", 1400)]
    study = write_study(tmp_path, rules=[centre(32)], buildings=BOTH, candidates=places)
    check_plan(
        study, Scenario(budget_yuan=84_000), facilities={("service_centre", "c1"): 68.0, ("service_centre", "c2"): 16.0},
        cost=84_000, unmet={("K-ratio", "A"): (136.0, 68.0), ("K-ratio", "B"): (32.0, 16.0)},
    )  # fmt: skip


def test_township_budget(tmp_path: Path) -> None:
    # T has 50,000 yuan: 50 of the 136 m2 of A. U has no limit: B's 32 m2 are built.
    study = write_study(
        tmp_path, rules=[centre(32)], buildings=BOTH, candidates=[place("c1", 300), place("c2", 1400)],
        townships=("T", "U"), budgets={"T": 50_000.0, "U": None},
    )  # fmt: skip
    check_plan(
        study, facilities={("service_centre", "c1"): 50.0, ("service_centre", "c2"): 32.0}, cost=82_000,
        unmet={("K-ratio", "A"): (136.0, 50.0)},
    )  # fmt: skip
    expected = {("service_centre", "c1"): 136.0, ("service_centre", "c2"): 32.0}
    check_plan(study, Scenario(township_budgets=False), facilities=expected, cost=168_000)


def test_a_rule_that_cannot_be_met(tmp_path: Path) -> None:
    # A has no site at all: its 136 m2 are listed in m2, and the plan says that a hard rule is unmet. B is planned.
    # contract: C3
    study = write_study(tmp_path, rules=[centre(32)], buildings=BOTH, candidates=[place("c2", 1400)])
    plan = check_plan(
        study, facilities={("service_centre", "c2"): 32.0}, cost=32_000, unmet={("K-ratio", "A"): (136.0, 0.0)}
    )
    row = plan.unmet.iloc[0]
    assert (row["strength"], row["required"], row["achieved"], row["shortfall"], row["unit"]) == (
        "hard",
        136,
        0,
        136,
        "m2",
    )
    assert plan.hard_unmet == 1
    assert "K-ratio A: required 136, achieved 0 m2" in repr(plan)
    assert not audit(plan).ok


# what comes before what -------------------------------------------------------------------------------------------------


def test_a_hard_rule_beats_two_targets(tmp_path: Path) -> None:
    # 30,000 yuan buy the police room, which is hard, or both the library and the legal point, which are targets.
    rules = [one("police_room"), least("police_room", 30)]
    for type_ in ("library", "legal_point"):
        rules += [one(type_, strength="target"), least(type_, 15)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=[place("c1", 300)])
    check_plan(
        study, Scenario(budget_yuan=30_000), facilities={("police_room", "c1"): 30.0}, cost=30_000,
        unmet={("K-library", "A"): (1.0, 0.0), ("K-legal_point", "A"): (1.0, 0.0)},
    )  # fmt: skip


def test_a_target_beats_cost_and_a_target_beats_an_aim(tmp_path: Path) -> None:
    # The library is a target and dear. 30,000 yuan buy it, or twice the 30 m2 of legal point that are an aim.
    rules = [
        one("library", strength="target"),
        least("library", 30),
        rule("K-aim", "area_floor", "legal_point", 30, "m2", strength="soft"),
    ]
    places = [place("c1", 300, types="library"), place("c2", 400, types="legal_point", cost_per_m2_yuan=500.0)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=places)
    check_plan(
        study, Scenario(budget_yuan=30_000), facilities={("library", "c1"): 30.0}, cost=30_000,
        unmet={("K-aim", "A"): (30.0, 0.0)},
    )  # fmt: skip
    check_plan(study, facilities={("library", "c1"): 30.0, ("legal_point", "c2"): 30.0}, cost=45_000)


def test_cost_beats_walking_and_walking_decides_between_equals(tmp_path: Path) -> None:
    # b1 stands at 200. c1 is at its door for 1,001 yuan/m2; c2 and c3, 700 and 300 m away, take 1,000: c3. The last stage counts 20,000 yuan,
    # 1,000 for a facility and 100 for each of the 425 x 0.3 household-kilometres. Where the plan may cost 2 % more the walk is worth c1's 20 yuan.
    places = [place("c1", 200, cost_per_m2_yuan=1001.0), place("c2", 900), place("c3", 500)]
    study = write_study(tmp_path, rules=ROOM, buildings=HERE, candidates=places)
    plan = check_plan(study, facilities={("police_room", "c3"): 20.0}, cost=20_000)
    assert stage(plan, "walking") == pytest.approx(20_000 + 1000 + 425 * 0.3 * 100)
    assert solve(study).facilities["site_id"].tolist() == ["c1"]


# who goes where ---------------------------------------------------------------------------------------------------------


def test_each_building_goes_to_the_nearest_and_ties_to_the_first(tmp_path: Path) -> None:
    # e1 and e2 stand at 0 and 1,000; b1 is nearer to e1, b3 to e2, b2 halfway between them goes to e1, the first.
    # The type serves anyone: b4 in B goes to e2 as well. 400 m is the reach: b1 (100 m) and b3 (250 m) are served.
    homes = [house("b1", 100, 10), house("b2", 500, 20), house("b3", 750, 40), house("b4", 1500, 80)]
    stand = [standing("e1", "health_station", 0, 50), standing("e2", "health_station", 1000, 50)]
    study = write_study(tmp_path, rules=[reach("health_station", 400)], buildings=homes, facilities=stand)
    unmet = {("K-health_station-reach", "A"): (70.0, 50.0), ("K-health_station-reach", "B"): (80.0, 0.0)}
    expected = {("health_station", "e1"): 50.0, ("health_station", "e2"): 50.0}
    plan = check_plan(study, facilities=expected, cost=0, unmet=unmet)
    rows = plan.allocation.set_index("building_id")
    assert rows["facility_id"].to_dict() == {"b1": "e1", "b2": "e1", "b3": "e2", "b4": "e2"}
    assert rows["metres"].to_dict() == pytest.approx({"b1": 100, "b2": 500, "b3": 250, "b4": 500})
    assert rows["status"].tolist() == ["served", "out_of_reach", "served", "out_of_reach"]
    assert plan.facilities["households_served"].tolist() == [10.0, 40.0]


def test_nothing_is_opened_on_paper(tmp_path: Path) -> None:
    # c1 at b1's door holds the 136 m2. A second centre at c2 would shorten b2's walk: one of 0 m2 would cost nothing, and is
    # no centre. Both cost the same a m2, so what c2 would hold c1 need not: the two share the 136 m2 and both are real.
    homes = [house("b1", 100, 400), house("b2", 900, 25)]
    places = [place("c1", 100), place("c2", 900, cost_per_m2_yuan=1001.0)]
    study = write_study(tmp_path / "dearer", rules=[centre(32)], buildings=homes, candidates=places)
    check_plan(study, facilities={("service_centre", "c1"): 136.0}, cost=136_000)
    study = write_study(
        tmp_path / "same", rules=[centre(32)], buildings=homes, candidates=[place("c1", 100), place("c2", 900)]
    )
    plan = solve(study)
    assert plan.facilities["area_m2"].sum() == pytest.approx(136.0)
    assert (plan.facilities["area_m2"] >= 10.0 - 1e-6).all()
    assert audit(plan).disagreements() == []
