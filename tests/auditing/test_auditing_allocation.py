"""Households that cannot be served so: each falsehood is caught."""

import pandas as pd
import pytest
from tampering import (
    Tamper,
    again,
    allocated,
    both,
    facility,
    failed,
    table,
    without,
)

from siteplan.auditing.audit import audit
from siteplan.plans.plan import Plan

CASES: dict[str, tuple[Tamper, set[str]]] = {
    "households served": (facility("f3", households_served=121.0), {"households served"}),
    "a distance": (allocated("b1", "service_centre", "f1", metres=100.002), {"metres"}),
    "a distance within a millimetre": (allocated("b1", "service_centre", "f1", metres=100.0005), set()),
    "another community's centre": (
        allocated("b3", "service_centre", "f3", facility_id="f1", metres=1300.0),
        {"nearest facility", "households served"},
    ),
    "status": (
        allocated("b3", "outdoor_square", "f4", "out_of_reach", status="served"),
        {"status", "households served"},
    ),
    "no facility named": (
        allocated("b3", "outdoor_square", "f4", "out_of_reach", facility_id="", metres=float("nan")),
        {"nearest facility"},
    ),
    "a row of the allocation is gone": (
        table("allocation", without(building_id="b4", type="service_centre")),
        {"allocated once", "households served"},
    ),
    "a row of the allocation twice": (
        table("allocation", lambda frame: pd.concat([frame, frame[frame["status"] == "none"].iloc[:1]])),
        {"allocated once", "households allocated"},
    ),
    "a household served twice": (
        allocated("b2", "health_station", "f7", households=30.0),
        {"households allocated", "room in facility", "households served", "unmet list", "stage value"},
    ),
    "a household lost": (
        allocated("b2", "health_station", "f6", "full", households=5.0),
        {"households allocated"},
    ),
    "served twice by one facility": (
        both(
            allocated("b2", "health_station", "f6", households=60.0),
            table("allocation", lambda frame: again(len(frame) - 5)(frame)),
        ),
        {"allocated once"},
    ),
    "overfull": (
        both(
            allocated("b2", "health_station", "f6", households=130.0),
            table("allocation", without(building_id="b2", status="full")),
            facility("f6", households_served=130.0),
        ),
        {"room in facility", "unmet list", "stage value"},
    ),
    "full with room left": (
        both(
            allocated("b2", "health_station", "f6", households=100.0),
            allocated("b2", "health_station", "f6", "full", households=30.0),
            facility("f6", households_served=100.0),
        ),
        {"full", "unmet list", "stage value"},
    ),
    "out of reach that is full": (allocated("b1", "health_station", "f6", "full", status="out_of_reach"), {"status"}),
    "served from too far": (
        both(
            allocated("b1", "health_station", "f6", "full", status="served", facility_id="f7", metres=1150.0, households=1.0),
            table("allocation", lambda frame: again(len(frame) - 6, status="full", facility_id="f6", metres=300.0, households=99.0)(frame)),
            allocated("b2", "health_station", "f7", households=19.0),
            allocated("b2", "health_station", "f6", "full", households=11.0),
        ),
        {"served within reach"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_falsehood_about_service_is_caught(plan: Plan, name: str) -> None:
    tamper, claims = CASES[name]
    found = audit(tamper(plan))
    assert failed(found) == claims, found
    assert found.ok is False
