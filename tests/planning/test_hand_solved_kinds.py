"""The right plan by reasoning for rules on places, shares, pools, room and staff (tiny_study tells of the grid).

A candidate has 1000 m2 of floor at 1000 yuan/m2 unless the test says otherwise, a rule is hard unless it says otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_study import centre, check_plan, house, least, one, place, reach, rule, stage, standing, write_study

from siteplan.auditing.audit import audit
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

HERE = [house("b1", 200, 425)]
BOTH = [house("b1", 200, 425), house("b2", 1500, 100)]
LIBRARY = [one("library"), least("library", 20)]


# where and how -----------------------------------------------------------------------------------------------------------


def test_one_of_the_alternatives_of_a_place(tmp_path: Path) -> None:
    # The mill may be built anew (c1) or converted (c2): the library goes into c1, so that the police room, a target, has no place.
    rules = [*LIBRARY, one("police_room", strength="target"), least("police_room", 20)]
    places = [place("c1", 300, types="library", place="mill"),
              place("c2", 300, types="police_room", place="mill", kind="convert")]  # fmt: skip
    study = write_study(tmp_path / "one", rules=rules, buildings=HERE, candidates=places)
    unmet = {("K-police_room", "A"): (1.0, 0.0)}
    plan = check_plan(study, facilities={("library", "c1"): 20.0}, cost=20_000, unmet=unmet)
    assert plan.facilities["mode"].tolist() == ["build"]
    places[1]["place"] = "hall"
    study = write_study(tmp_path / "two", rules=rules, buildings=HERE, candidates=places)
    plan = check_plan(study, facilities={("library", "c1"): 20.0, ("police_room", "c2"): 20.0}, cost=40_000)
    assert plan.facilities.set_index("type")["mode"].to_dict() == {"library": "build", "police_room": "convert"}


@pytest.mark.parametrize(
    ("strength", "site", "cost"), [("hard", "c2", 30_000), ("target", "c2", 30_000), ("soft", "c2", 30_000)]
)
def test_the_way_to_have_a_place_is_worth_its_price(tmp_path: Path, strength: str, site: str, cost: float) -> None:
    # Building costs 1,000 a m2, converting 1,500: libraries are converted or bought.
    had = rule("K-had", "acquisition", "library", modes=["convert", "buy"], strength=strength)
    places = [place("c1", 300), place("c2", 400, kind="convert", cost_per_m2_yuan=1500.0)]
    study = write_study(tmp_path / "both", rules=[*LIBRARY, had], buildings=HERE, candidates=places)
    check_plan(study, facilities={("library", site): 20.0}, cost=cost)
    # Where it can only be built a hard rule bars it, and that there is none is what is unmet; else the way is what is listed.
    study = write_study(tmp_path / "c1", rules=[*LIBRARY, had], buildings=HERE, candidates=places[:1])
    if strength == "hard":
        check_plan(study, facilities={}, cost=0, unmet={("K-library", "A"): (1.0, 0.0)})
    else:
        unmet = {("K-had", "A"): (1.0, 0.0)}
        plan = check_plan(study, facilities={("library", "c1"): 20.0}, cost=20_000, unmet=unmet)
        assert stage(plan, {"target": "targets", "soft": "aims"}[strength]) == pytest.approx(1.0)


def test_an_extension_that_is_not_allowed_is_not_made(tmp_path: Path) -> None:
    # e1 could grow by 36 m2 for less; centres are to be built, so c1 has the 36 m2.
    e1 = standing("e1", "service_centre", 300, 100, spare_m2=50.0, cost_per_m2_yuan=500.0)
    had = rule("K-had", "acquisition", "service_centre", modes=["build"])
    study = write_study(
        tmp_path, rules=[centre(32), had], buildings=HERE, candidates=[place("c1", 400)], facilities=[e1]
    )
    check_plan(study, facilities={("service_centre", "e1"): 100.0, ("service_centre", "c1"): 36.0}, cost=36_000)


def test_an_extension_may_have_a_fixed_cost(tmp_path: Path) -> None:
    # 36 m2 more: e1 at 500 a m2 and 10,000 once are 28,000, e2 at 1,000 a m2 36,000. With 20,000 once e1 is the dearer.
    for fixed, grown, cost in ((10_000.0, "e1", 28_000), (20_000.0, "e2", 36_000)):
        stands = [standing("e1", "service_centre", 300, 50, spare_m2=50.0, cost_per_m2_yuan=500.0, fixed_cost_yuan=fixed),
                  standing("e2", "service_centre", 400, 50, spare_m2=50.0, cost_per_m2_yuan=1000.0)]  # fmt: skip
        study = write_study(tmp_path / grown, rules=[centre(32)], buildings=HERE, facilities=stands)
        expected = {("service_centre", "e1"): 50.0, ("service_centre", "e2"): 50.0} | {("service_centre", grown): 86.0}
        plan = check_plan(study, facilities=expected, cost=cost)
        facilities = plan.facilities.set_index("id")
        assert facilities["mode"].to_dict() == {"e1": "existing", "e2": "existing"} | {grown: "extend"}
        assert facilities["phase"].tolist() == [0, 0]
        assert plan.works.to_numpy().tolist() == [[grown, 1, 86.0, float(cost)]]


def test_what_must_be_far_from_homes_goes_farther(tmp_path: Path) -> None:
    # c1 is 100 m from b1 and cheap, c2 400 m: 200 m are asked for. With c1 alone nothing is built where the rule is hard.
    rules = [one("rites_venue"), least("rites_venue", 20)]
    apart = rule("K-apart", "separation", "rites_venue", 200, "m", apart_from=["dwellings"])
    places = [place("c1", 300, cost_per_m2_yuan=800.0), place("c2", 600)]
    study = write_study(tmp_path / "both", rules=[*rules, apart], buildings=HERE, candidates=places)
    check_plan(study, facilities={("rites_venue", "c2"): 20.0}, cost=20_000)
    study = write_study(tmp_path / "c1", rules=[*rules, apart], buildings=HERE, candidates=places[:1])
    check_plan(study, facilities={}, cost=0, unmet={("K-rites_venue", "A"): (1.0, 0.0)})
    # What stands is listed: one of two is too near.
    stands = [standing("e1", "rites_venue", 300, 30), standing("e2", "rites_venue", 600, 30)]
    study = write_study(tmp_path / "stands", rules=[*rules, apart], buildings=HERE, facilities=stands)
    expected = {("rites_venue", "e1"): 30.0, ("rites_venue", "e2"): 30.0}
    plan = check_plan(study, facilities=expected, cost=0, unmet={("K-apart", "A"): (2.0, 1.0)})
    assert stage(plan, "hard-sum") == pytest.approx(1.0)
    assert plan.unmet["unit"].tolist() == ["facilities"]


def test_two_that_must_not_be_neighbours(tmp_path: Path) -> None:
    # Cemetery and library are cheapest at c1 and at c2, 50 m apart. 100 m are asked for: the library goes to the dearer c3, for it is smaller.
    rules = [*LIBRARY, one("cemetery"), least("cemetery", 100),
             rule("K-apart", "separation", "cemetery", 100, "m", apart_from=["library"])]  # fmt: skip
    land = {"land_m2": 200.0, "land_cost_per_m2_yuan": 100.0}
    places = [place("c1", 300, **land, types="cemetery"), place("c2", 350, types="library"),
              place("c3", 800, cost_per_m2_yuan=1100.0, types="library")]  # fmt: skip
    study = write_study(tmp_path / "far", rules=rules, buildings=HERE, candidates=places)
    check_plan(study, facilities={("cemetery", "c1"): 100.0, ("library", "c3"): 20.0}, cost=10_000 + 22_000)
    # Without c3 one of them is not built.
    study = write_study(tmp_path / "near", rules=rules, buildings=HERE, candidates=places[:2])
    plan = solve(study)
    assert len(plan.facilities) == 1
    assert plan.unmet["rule_id"].isin(["K-cemetery", "K-library"]).tolist() == [True]
    assert audit(plan).disagreements() == []


def test_what_must_be_near_homes_and_beside_another(tmp_path: Path) -> None:
    # The workshop is to be within 300 m of a household and beside a centre, which nothing else asks for. c1 is near, but holds no centre; c2 is
    # near and dear; c3 is 400 m off.
    rules = [one("workshop"), least("workshop", 20), rule("K-near", "adjacency", "workshop", 300, "m"),
             rule("K-beside", "colocation", "workshop", host="service_centre")]  # fmt: skip
    places = [place("c1", 300, types="workshop"), place("c2", 500, cost_per_m2_yuan=2000.0), place("c3", 600)]
    study = write_study(tmp_path / "hard", rules=rules, buildings=HERE, candidates=places)
    check_plan(study, facilities={("service_centre", "c2"): 10.0, ("workshop", "c2"): 20.0}, cost=60_000)
    # As aims they are as good as a rule where they can be met; where c2 is missing one of the two is: c3 misses the walk, c1 the centre.
    soft = [*rules[:2], *({**entry, "strength": "soft"} for entry in rules[2:])]
    study = write_study(tmp_path / "soft", rules=soft, buildings=HERE, candidates=[places[0], places[2]])
    plan = check_plan(study, facilities={("workshop", "c1"): 20.0}, cost=20_000, unmet={("K-beside", "A"): (1.0, 0.0)})
    assert stage(plan, "aims") == pytest.approx(1.0)


# shares and pools --------------------------------------------------------------------------------------------------------


def test_half_of_the_communities(tmp_path: Path) -> None:
    # One of two communities has a library: B's site is the cheaper. Of 51 % both.
    places = [place("c1", 300), place("c2", 1400, cost_per_m2_yuan=900.0)]
    share = rule("K-share", "share", "library", 1, "count", share=0.5)
    study = write_study(tmp_path / "half", rules=[share, least("library", 20)], buildings=BOTH, candidates=places)
    check_plan(study, facilities={("library", "c2"): 20.0}, cost=18_000)
    share |= {"share": 0.51}
    study = write_study(tmp_path / "more", rules=[share, least("library", 20)], buildings=BOTH, candidates=places)
    check_plan(study, facilities={("library", "c1"): 20.0, ("library", "c2"): 20.0}, cost=38_000)
    study = write_study(tmp_path / "none", rules=[share, least("library", 20)], buildings=BOTH, candidates=places[:1])
    plan = check_plan(
        study, facilities={("library", "c1"): 20.0}, cost=20_000, unmet={("K-share", "study"): (2.0, 1.0)}
    )
    assert stage(plan, "hard-sum") == pytest.approx(0.5)
    assert plan.unmet["unit"].tolist() == ["communities"]


def test_a_share_in_m2_counts_rooms_once(tmp_path: Path) -> None:
    # 60 m2 of centre and library together in one of two communities: the library stands in A's centre of 50 m2, which grows by 10.
    rules = [*LIBRARY, rule("K-in", "inside", "library", host="service_centre"),
             rule("K-share", "share", "service_centre library", 60, "m2", share=0.5)]  # fmt: skip
    stands = [standing("e1", "service_centre", 300, 50, spare_m2=30.0, cost_per_m2_yuan=500.0)]
    study = write_study(tmp_path, rules=rules, buildings=BOTH, candidates=[place("c2", 1400)], facilities=stands)
    expected = {
        ("service_centre", "e1"): 60.0,
        ("library", "e1"): 20.0,
        ("service_centre", "c2"): 20.0,
        ("library", "c2"): 20.0,
    }
    check_plan(study, facilities=expected, cost=5000 + 20_000)


def test_a_share_of_the_households_of_the_study(tmp_path: Path) -> None:
    # 525 households: 80 % are 420, and A has 425. B's 100 go without. Of 90 % (472.5) both have one.
    places = [place("c1", 300), place("c2", 1400)]
    all_ = reach("library", 300, scope="study", share=0.8)
    study = write_study(tmp_path / "80", rules=[all_, least("library", 20)], buildings=BOTH, candidates=places)
    check_plan(study, facilities={("library", "c1"): 20.0}, cost=20_000)
    all_ |= {"share": 0.9}
    study = write_study(tmp_path / "90", rules=[all_, least("library", 20)], buildings=BOTH, candidates=places)
    check_plan(study, facilities={("library", "c1"): 20.0, ("library", "c2"): 20.0}, cost=40_000)
    study = write_study(tmp_path / "short", rules=[all_, least("library", 20)], buildings=BOTH, candidates=places[:1])
    check_plan(
        study, facilities={("library", "c1"): 20.0}, cost=20_000, unmet={("K-library-reach", "study"): (472.5, 425.0)}
    )


def test_a_pool_builds_where_it_is_cheap(tmp_path: Path) -> None:
    # A needs 136 m2 and B 32; together, 168 m2 at B's cheaper site, which has 100 m2 of floor, and 68 at A's.
    pooling = rule("K-pool", "pooling", "service_centre", 500, "households", strength="soft")
    places = [place("c1", 300), place("c2", 1400, cost_per_m2_yuan=900.0, floor_capacity_m2=100.0)]
    study = write_study(tmp_path / "pool", rules=[centre(32), pooling], buildings=BOTH, candidates=places)
    expected = {("service_centre", "c1"): 68.0, ("service_centre", "c2"): 100.0}
    check_plan(study, facilities=expected, cost=68_000 + 90_000)
    study = write_study(tmp_path / "short", rules=[centre(32), pooling], buildings=BOTH, candidates=places[1:])
    unmet = {("K-ratio", "pool:T"): (168.0, 100.0)}
    check_plan(study, facilities={("service_centre", "c2"): 100.0}, cost=90_000, unmet=unmet)


# room --------------------------------------------------------------------------------------------------------------------

CLINIC = [reach("health_station", 600), rule("K-room", "capacity", "health_station", 1, "m2/household")]


def test_room_for_every_household(tmp_path: Path) -> None:
    # b1 (425 households) takes 425 m2. c1 holds 300 of it, so 125 m2 stand at the dearer c2.
    places = [place("c1", 300, floor_capacity_m2=300.0), place("c2", 400, cost_per_m2_yuan=1200.0)]
    study = write_study(tmp_path, rules=CLINIC, buildings=HERE, candidates=places)
    expected = {("health_station", "c1"): 300.0, ("health_station", "c2"): 125.0}
    plan = check_plan(study, facilities=expected, cost=300_000 + 150_000)
    rows = plan.allocation[["facility_id", "metres", "status"]].to_numpy().tolist()
    assert rows == [["c1/health_station", 100.0, "served"], ["c2/health_station", 200.0, "served"]]
    assert plan.allocation["households"].tolist() == pytest.approx([300, 125], rel=1e-6)
    assert plan.facilities["households_served"].tolist() == pytest.approx([300, 125], rel=1e-6)


def test_where_room_ends_households_are_full_and_listed(tmp_path: Path) -> None:
    # e1 has room for 300 of 425 + 20. b2, 700 m off, is out of the reach of 600 m. b1 and b3 share what there is: 145 find no room.
    homes = [house("b1", 200, 425), house("b2", 1000, 10, 0), house("b3", 400, 20)]
    stands = [standing("e1", "health_station", 300, 300)]
    study = write_study(tmp_path, rules=CLINIC, buildings=homes, facilities=stands)
    unmet = {("K-health_station-reach", "A"): (455.0, 300.0), ("K-room", "A"): (455.0, 300.0)}
    plan = check_plan(study, facilities={("health_station", "e1"): 300.0}, cost=0, unmet=unmet)
    by_status = plan.allocation.groupby("status")["households"].sum()
    assert by_status.to_dict() == pytest.approx({"served": 300, "full": 145, "out_of_reach": 10})
    assert set(plan.allocation["facility_id"]) == {"e1"}


def test_households_go_farther_where_the_nearest_is_full(tmp_path: Path) -> None:
    # e1 at 300 has room for 100, e2 at 500 for 400. b1 (200; 425 households) and b3 (600; 60): 100 of b1 go to e1, 325 on to e2, b3 to e2 as well.
    homes = [house("b1", 200, 425), house("b3", 600, 60)]
    stands = [standing("e1", "health_station", 300, 100), standing("e2", "health_station", 500, 400)]
    study = write_study(tmp_path, rules=CLINIC, buildings=homes, facilities=stands)
    expected = {("health_station", "e1"): 100.0, ("health_station", "e2"): 400.0}
    plan = check_plan(study, facilities=expected, cost=0)
    rows = plan.allocation.set_index(["building_id", "facility_id"])["households"]
    assert rows.to_dict() == pytest.approx({("b1", "e1"): 100, ("b1", "e2"): 325, ("b3", "e2"): 60}, rel=1e-6)


def test_room_by_persons(tmp_path: Path) -> None:
    # 1,000 persons take 0.2 m2 each; where nothing but a place for everybody is asked, that is what is built.
    homes = [house("b1", 200, 425) | {"people": 1000.0}]
    rules = [one("shelter"), rule("K-room", "capacity", "shelter", 0.2, "m2/person")]
    places = [place("c1", 300, land_m2=500.0, land_cost_per_m2_yuan=10.0)]
    study = write_study(tmp_path, rules=rules, buildings=homes, candidates=places)
    check_plan(study, facilities={("shelter", "c1"): 200.0}, cost=2000)


# workers and yearly money ------------------------------------------------------------------------------------------------


def test_needs_of_communities(tmp_path: Path) -> None:
    # A: 425 households, 1,400 people, two buildings with households (and one without); B: 100 households, 350 people.
    # Workers: one for each 400 households (2; 1), 18 for each 10,000 people (2.52, so 3; 0.63, so 1), one a building (2; 1), 2 in key communities.
    # Money: 10,000 for work in all, 12,000 in key ones (the larger counts), 5,000 for running.
    homes = [house("b1", 200, 400) | {"people": 1300.0}, house("b3", 300, 25) | {"people": 100.0}, house("b0", 500, 0),
             house("b2", 1500, 100) | {"people": 350.0}]  # fmt: skip
    rules = [
        *LIBRARY,
        rule("K-hh", "staff", "", 400, "households/worker"),
        rule("K-people", "staff", "", 18, "workers/10000people"),
        rule("K-head", "staff", "", 1, "heads/building"),
        rule("K-key", "staff", "", 2, "workers", key="yes"),
        rule("K-work", "fund", "", 10_000, "yuan/year", subject="work"),
        rule("K-work-key", "fund", "", 12_000, "yuan/year", subject="work", key="yes"),
        rule("K-run", "fund", "", 5000, "yuan/year", subject="run"),
    ]
    places = [place("c1", 300), place("c2", 1400)]
    study = write_study(tmp_path, rules=rules, buildings=homes, candidates=places, each={"B": {"key": True}})
    plan = check_plan(study, facilities={("library", "c1"): 20.0, ("library", "c2"): 20.0}, cost=40_000)
    assert plan.needs.to_numpy().tolist() == [
        ["A", "staff", "K-people", 3.0, "workers"],
        ["A", "fund", "K-run;K-work", 15_000.0, "yuan/year"],
        ["B", "staff", "K-key", 2.0, "workers"],
        ["B", "fund", "K-run;K-work-key", 17_000.0, "yuan/year"],
    ]


# objectives beyond the usual ones ----------------------------------------------------------------------------------------


def test_a_second_facility_in_reach_and_shorter_walks_for_the_worst(tmp_path: Path) -> None:
    # c1 is 300 m from b1. A second library at c2 costs 20 m2 more, which the plan may not spend; allowed to cost twice as much, it does.
    rules = [reach("library", 400), least("library", 20)]
    places = [place("c1", 500), place("c2", 300, cost_per_m2_yuan=1500.0)]
    study = write_study(tmp_path, rules=rules, buildings=HERE, candidates=places)
    check_plan(study, Scenario(objectives=("backup",)), facilities={("library", "c1"): 20.0}, cost=20_000)
    plan = solve(study, Scenario(objectives=("backup",), cost_slack=1.5))
    assert sorted(plan.facilities["site_id"]) == ["c1", "c2"]
    assert stage(plan, "backup") == pytest.approx(0.0, abs=1e-6)
    plan = solve(study, Scenario(objectives=("equity",), cost_slack=0.5))
    assert plan.facilities["site_id"].tolist() == ["c2"]
    assert stage(plan, "equity") == pytest.approx(100.0, rel=1e-4)
    assert audit(plan).disagreements() == []
