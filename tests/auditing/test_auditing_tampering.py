"""A plan that claims what is not so: each falsehood is caught, and by the claim that it belongs to."""

import pandas as pd
import pytest
from tampering import (
    Tamper,
    again,
    both,
    facility,
    failed,
    scenario,
    table,
    work,
)

from siteplan.auditing.audit import audit
from siteplan.plans.plan import Plan


def alternative(plan: Plan) -> Plan:
    """Open c4 as well, the alternative of c2, for a health station that costs nothing."""
    row = plan.facilities[plan.facilities["id"] == "f5"]
    more = row.assign(id="f8", type="health_station", site_id="c4", site_kind="buy", mode="buy", cost_yuan=0.0)
    more = more.assign(geometry=row.geometry.translate(xoff=10.0), households_served=0.0, area_m2=0.0)
    works = again(4, facility_id="f8", area_m2=0.0, cost_yuan=0.0)(plan.works)
    return plan.but(facilities=pd.concat([plan.facilities, more], ignore_index=True), works=works)


CASES: dict[str, tuple[Tamper, set[str]]] = {
    "area of an existing facility": (facility("f3", area_m2=401.0), {"existing area", "area at the end"}),
    "existing area of a new facility": (
        facility("f5", existing_m2=100.0),
        {"existing area"},
    ),
    "area beyond floor, land and price": (
        both(facility("f1", area_m2=480.0), work("f1", 2, area_m2=480.0)),
        {
            "floor capacity",
            "land capacity",
            "cost of work",
            "cost",
            "budget",
            "paid by funds",
            "stage value",
        },
    ),
    "area that no work makes": (facility("f1", area_m2=440.0), {"area at the end"}),
    "land beyond the site": (
        both(facility("f4", area_m2=101.0, cost_yuan=5_050.0), work("f4", 2, area_m2=101.0, cost_yuan=5_050.0)),
        {"land capacity", "budget", "paid by funds"},
    ),
    "room larger than its host": (
        both(facility("f2", area_m2=401.0), work("f2", 1, area_m2=401.0)),
        {"rooms in host", "unmet list", "stage value"},
    ),
    "extension beyond the spare area": (
        both(
            facility("f3", status="extended", mode="extend", area_m2=451.0, cost_yuan=42_800.0),
            table("works", again(0, facility_id="f3", phase=2, area_m2=451.0, cost_yuan=42_800.0)),
        ),
        {"spare area", "budget", "budget of phase", "paid by funds", "stage value"},
    ),
    "a room that takes no floor and no money, but is none": (
        facility("f6", inside="f1", cost_yuan=0.0),
        {"host of room", "cost of work", "cost", "paid by funds", "stage value"},
    ),
    "a room counted twice, in its host and by itself": (
        facility("f2", inside=""),
        {"floor capacity", "land capacity", "cost of work", "cost", "budget", "budget of phase", "paid by funds"}
        | {"unmet list", "barred by a hard rule", "stage value"},
    ),
    "a facility twice": (
        table("facilities", again(1)),
        {"facility id", "status of facility", "area at the end", "phase of facility"},
    ),
    "mode": (facility("f5", mode="buy"), {"mode of facility"}),
    "mode of what stands": (facility("f3", mode="extend"), {"mode of facility"}),
    "kind of a site": (facility("f5", site_kind="buy", mode="buy"), {"kind of site", "mode of facility"}),
    "alternatives both opened": (alternative, {"alternatives", "sites opened", "stage value"}),
    "sites opened": (scenario(max_sites=2), {"sites opened"}),
    "required": (scenario(required=("c3",)), {"required candidates", "stage value"}),
    "forbidden": (scenario(forbidden=("c2",)), {"forbidden candidates"}),
    "locked facility missing": (scenario(locked=("f1", "f9")), {"locked facilities"}),
    "locked facility too small": (scenario(locked_m2={"f1": 460.0}), {"locked facilities"}),
    "type": (facility("f4", space="floor"), {"space of facility"}),
    "township": (facility("f5", township_id="t9"), {"township of facility", "fund may pay"}),
}


def test_the_plan_as_it_is_claims_nothing_false(plan: Plan) -> None:
    # contract: C19
    assert audit(plan).disagreements() == []


@pytest.mark.parametrize("name", CASES)
def test_each_falsehood_is_caught_by_the_claim_it_belongs_to(plan: Plan, name: str) -> None:
    # contract: C1
    tamper, claims = CASES[name]
    found = audit(tamper(plan))
    assert failed(found) == claims, found
    assert found.ok is False


def test_an_existing_facility_may_not_be_dropped(plan: Plan) -> None:
    # contract: C13
    found = audit(plan.but(facilities=plan.facilities[plan.facilities["id"] != "f3"]))
    assert "existing facilities" in failed(found)
    assert [row["subject"] for row in found.disagreements() if row["claim"] == "existing facilities"] == ["e1"]


def test_a_building_left_out_is_missed(plan: Plan) -> None:
    found = audit(
        plan.but(demand=plan.demand.iloc[1:], allocation=plan.allocation[plan.allocation["building_id"] != "b1"])
    )
    wrong = [row for row in found.disagreements() if row["claim"] == "building in the plan"]
    assert [row["subject"] for row in wrong] == ["b1"]


def test_a_building_twice_is_seen(plan: Plan) -> None:
    assert "building in the plan" in failed(audit(plan.but(demand=pd.concat([plan.demand, plan.demand.iloc[:1]]))))


def test_a_building_moved_is_seen(plan: Plan) -> None:
    moved = plan.demand.copy()
    moved.geometry = moved.geometry.translate(yoff=50.0)
    assert "place of building" in failed(audit(plan.but(demand=moved)))


def test_many_false_rows_are_counted_not_printed(plan: Plan) -> None:
    rows = pd.concat([plan.allocation.iloc[:1].assign(building_id=f"x{n}") for n in range(30)])
    found = audit(plan.but(allocation=pd.concat([plan.allocation, rows])))
    assert len([row for row in found.disagreements() if row["claim"] == "allocated once"]) == 20
