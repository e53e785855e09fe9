"""Works and phases that cannot be so: each falsehood is caught."""

import pytest
from tampering import (
    Tamper,
    again,
    both,
    facility,
    failed,
    table,
    where,
    without,
    work,
)

from siteplan.auditing.audit import audit
from siteplan.plans.plan import Plan

CASES: dict[str, tuple[Tamper, set[str]]] = {
    "opened in another phase than its work": (facility("f5", phase=1), {"phase of facility"}),
    "what stands opens in a phase": (facility("f3", phase=1), {"phase of facility"}),
    "area that shrinks": (
        both(work("f1", 1, area_m2=455.0), facility("f1", area_m2=450.0)),
        {"areas never shrink", "work builds something", "cost of work", "budget of phase", "paid by funds"}
        | {"unmet list", "stage value"},
    ),
    "work of a facility that is none": (table("works", again(0, facility_id="f9")), {"works"}),
    "work that builds nothing": (
        table("works", again(3, facility_id="f6", phase=2, area_m2=60.0, cost_yuan=0.0)),
        {"work builds something"},
    ),
    "work on what is not extended": (
        table("works", again(0, facility_id="f7", area_m2=70.0, cost_yuan=0.0)),
        {"status of facility", "work builds something"},
    ),
    "a station built later than paid for": (
        both(work("f6", 1, phase=2), facility("f6", phase=2)),
        {"paid by funds", "stage value"},
    ),
    "housing built earlier than the layers say": (
        table("communities", where({"id": "B"}, phase=1)),
        {"phase of community", "stage value"},
    ),
}

built_late = both(
    table("works", without(facility_id="f1", phase=1)),
    work("f1", 2, cost_yuan=460_000.0),
    facility("f1", phase=2),
)
WIDE: dict[str, tuple[Tamper, set[str]]] = {
    "due early and built late": (built_late, {"unmet list", "stage value", "budget of phase", "paid by funds"}),
    "opened before its host": (built_late, {"host opens first", "rooms in host"}),
    "hosts in a circle": (facility("f1", inside="f2"), {"host of room", "cost of work", "cost", "stage value"}),
    "work after the last phase": (
        work("f4", 2, phase=3),
        {"works", "area at the end", "phase of facility", "status of facility", "status"},
    ),
    "work twice in a phase": (table("works", where({"facility_id": "f1"}, phase=1)), {"works", "cost of work"}),
    "no work opens it": (
        table("works", without(facility_id="f2")),
        {"area at the end", "phase of facility", "status of facility", "unmet list", "status"},
    ),
    "a candidate takes only its types": (facility("f5", type="police_room"), {"candidate types", "unmet list"}),
}
"""Falsehoods from which much follows."""


@pytest.mark.parametrize("name", CASES)
def test_a_falsehood_about_phases_is_caught(plan: Plan, name: str) -> None:
    tamper, claims = CASES[name]
    found = audit(tamper(plan))
    assert failed(found) == claims, found
    assert found.ok is False


@pytest.mark.parametrize("name", WIDE)
def test_falsehoods_from_which_much_follows_are_caught_by_their_own_claims_too(plan: Plan, name: str) -> None:
    tamper, claims = WIDE[name]
    assert claims <= failed(audit(tamper(plan)))
