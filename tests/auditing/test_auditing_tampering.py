"""A plan that claims what is not so: each falsehood is caught, and by the claim that it belongs to."""

from collections.abc import Callable

import pandas as pd
import pytest

from siteplan.auditing.audit import Audit, audit
from siteplan.plans.plan import Plan

Tamper = Callable[[Plan], Plan]


def failed(found: Audit) -> set[str]:
    return {row["claim"] for row in found.disagreements()}


def facility(**changes: object) -> Tamper:
    """Change columns of one facility, named by ``id``."""

    def tamper(plan: Plan) -> Plan:
        frame = plan.facilities.copy()
        row = frame["id"] == changes["id"]
        for name, value in changes.items():
            frame.loc[row, name] = value
        return plan.but(facilities=frame)

    return tamper


def allocation(building: str, kind: str, **changes: object) -> Tamper:
    def tamper(plan: Plan) -> Plan:
        frame = plan.allocation.copy()
        row = (frame["building_id"] == building) & (frame["type"] == kind)
        for name, value in changes.items():
            frame.loc[row, name] = value
        return plan.but(allocation=frame)

    return tamper


def table(name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Tamper:
    return lambda plan: plan.but(**{name: change(getattr(plan, name).copy())})


def put(column: str, row: int, value: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[frame.index[row], column] = value
        return frame

    return change


def invented(row: int, value: float, **more: object) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Replace a stage by one that is consistent in itself, proven, and not so."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        figures = {"value": value, "bound": value, "gap": 0.0, "status": "optimal"} | more
        for column, figure in figures.items():
            frame.loc[frame.index[row], column] = figure
        return frame

    return change


def scenario(**changes: object) -> Tamper:
    return lambda plan: plan.but(scenario=plan.scenario.but(**changes))


def cheaper_budget(plan: Plan) -> Plan:
    """Spend less than is spent, in the words of the plan and in its budget."""
    cheap = facility(id="f5", cost_yuan=5_000.0)(plan)
    return cheap.but(scenario=cheap.scenario.but(budget_yuan=470_000.0))


CASES: dict[str, tuple[Tamper, set[str]]] = {
    "area of an existing facility": (facility(id="f3", area_m2=401.0), {"existing area"}),
    "existing area of a new facility": (
        facility(id="f5", existing_m2=100.0, cost_yuan=5_000.0),
        {"existing area", "stage value"},
    ),
    "area beyond floor, land and price": (
        facility(id="f1", area_m2=480.0),
        {"floor capacity", "land capacity", "cost", "budget", "stage value"},
    ),
    "land beyond the site": (facility(id="f4", area_m2=101.0, cost_yuan=5_050.0), {"land capacity", "budget"}),
    "room larger than its host": (facility(id="f2", area_m2=451.0), {"rooms in host"}),
    "extension beyond the spare area": (
        facility(id="f3", status="extended", area_m2=451.0, cost_yuan=40_800.0),
        {"spare area", "budget", "stage value"},
    ),
    "cost": (facility(id="f5", cost_yuan=204_999.0), {"cost"}),
    "budget kept by stating less": (cheaper_budget, {"cost", "budget"}),
    "budget": (scenario(budget_yuan=669_000.0), {"budget"}),
    "sites opened": (scenario(max_sites=1), {"sites opened"}),
    "required": (scenario(required=("c3",)), {"required candidates"}),
    "forbidden": (scenario(forbidden=("c2",)), {"forbidden candidates"}),
    "type": (facility(id="f4", type="outdoor_square", space="floor"), {"space of facility"}),
    "place": (
        facility(id="f1", site_id="c9", cost_yuan=0.0),
        {"site", "place of facility", "unmet list", "cost", "sites opened", "stage value"},
    ),
    "township": (facility(id="f5", township_id="t9"), {"township of facility"}),
    "households served": (facility(id="f3", households_served=121.0), {"households served"}),
    "a distance": (allocation("b1", "service_centre", metres=100.002), {"metres"}),
    "a distance within a millimetre": (allocation("b1", "service_centre", metres=100.0005), set()),
    "another community's centre": (
        allocation("b3", "service_centre", facility_id="f1", metres=1300.0),
        {"nearest facility", "households served"},
    ),
    "status": (allocation("b3", "outdoor_square", status="served"), {"status", "households served"}),
    "no facility named": (
        allocation("b3", "outdoor_square", facility_id="", metres=float("nan")),
        {"nearest facility"},
    ),
    "a row of the allocation is gone": (
        table("allocation", lambda frame: frame.iloc[:-5]),
        {"allocated once", "households served"},
    ),
    "a row of the allocation twice": (
        table("allocation", lambda frame: pd.concat([frame, frame[frame["status"] == "none"].iloc[:1]])),
        {"allocated once"},
    ),
    "households of a building": (
        table("demand", put("households", 0, 101.0)),
        {"households of building", "households of community", "households served"},
    ),
    "households of a site's total": (
        table("demand", put("households", 3, 71.0)),
        {"households by site_id", "households of community", "households served", "unmet list"},
    ),
    "community of a building": (table("members", put("community_id", 1, "A")), {"community of site"}),
    "community's count": (table("communities", put("households", 1, 121.0)), {"households of community"}),
    "an unmet row is gone": (table("unmet", lambda frame: frame.iloc[1:]), {"unmet list"}),
    "an unmet row too many": (table("unmet", put("rule_id", 0, "C-centre")), {"unmet list"}),
    "an unmet row by less": (table("unmet", put("shortfall", 1, 99.0)), {"unmet list"}),
    "an unmet row nobody knows": (
        table("unmet", lambda frame: pd.concat([frame, frame.iloc[:1].assign(rule_id="X-1")])),
        {"unmet list"},
    ),
    "a stopped stage called optimal": (table("stages", put("status", 1, "optimal")), {"stage status"}),
    "a gap made small": (table("stages", put("gap", 1, 0.0)), {"stage gap"}),
    "a gap made small and called optimal": (
        table("stages", lambda frame: put("gap", 1, 0.0)(put("status", 1, "optimal")(frame))),
        {"stage gap", "stage status"},
    ),
    "a largest shortfall that is not the plan's": (table("stages", invented(0, 0.5)), {"stage value"}),
    "a cost that is not the plan's": (table("stages", invented(1, 500_000.0)), {"stage value"}),
    "a dearer cost, proven": (table("stages", invented(1, 700_000.0)), {"stage value"}),
    "no new facility": (table("stages", invented(1, 0.0, stage="fewest")), {"stage value"}),
    "an input": (lambda plan: plan.but(provenance=plan.provenance | {"sha256:sites": "0" * 64}), {"inputs"}),
    "an input left out": (lambda plan: plan.but(provenance={}), {"inputs"}),
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


def test_a_candidate_takes_only_its_types(plan: Plan) -> None:
    swapped = facility(id="f5", type="police_room")(plan)
    assert {"candidate types", "unmet list"} <= failed(audit(swapped))


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
