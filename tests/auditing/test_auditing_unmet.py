"""Rules, needs and homes that cannot be so: each falsehood is caught."""

import pytest
from tampering import Tamper, again, failed, table, where, without

from siteplan.auditing.audit import audit
from siteplan.plans.plan import Plan

CASES: dict[str, tuple[Tamper, set[str]]] = {
    "an unmet row is gone": (table("unmet", without(rule_id="C-police")), {"unmet list"}),
    "an unmet row of a pool is gone": (table("unmet", without(rule_id="C-pooled")), {"unmet list"}),
    "a pool listed by its communities": (
        table("unmet", where({"rule_id": "C-pooled"}, unit_id="B", required=15.0, achieved=0.0, shortfall=15.0)),
        {"unmet list"},
    ),
    "a rule on the study is gone": (table("unmet", without(rule_id="C-large")), {"unmet list"}),
    "an unmet row too many": (table("unmet", where({"rule_id": "C-police"}, rule_id="C-centre")), {"unmet list"}),
    "an unmet row by less": (table("unmet", where({"rule_id": "C-square"}, shortfall=99.0)), {"unmet list"}),
    "an unmet row due later": (table("unmet", where({"rule_id": "C-large"}, phase=2)), {"unmet list"}),
    "an unmet row made soft": (table("unmet", where({"rule_id": "C-police"}, strength="target")), {"unmet list"}),
    "an unmet row nobody knows": (table("unmet", again(0, rule_id="X-1")), {"unmet list"}),
    "an unmet row twice": (table("unmet", again(0)), {"unmet list"}),
    "too few workers": (table("needs", where({"rule_ids": "C-heads"}, required=6.0)), {"needs"}),
    "more money than is needed": (
        table("needs", where({"unit_id": "B", "kind": "fund"}, required=40_000.0)),
        {"needs"},
    ),
    "needs left out": (table("needs", without(unit_id="A", kind="fund")), {"needs"}),
    "needs by another rule": (table("needs", where({"rule_ids": "C-heads"}, rule_ids="C-staff")), {"rules of needs"}),
    "needs of nobody": (table("needs", again(0, unit_id="Z")), {"needs"}),
    "households of a building": (
        table("demand", where({"building_id": "b1"}, households=101.0)),
        {"households of building", "households of community", "households allocated", "unmet list", "stage value"},
    ),
    "community of a building": (
        table("members", where({"site_id": "s2"}, community_id="A")),
        {"community of site", "phase of community"},
    ),
    "community's count": (table("communities", where({"id": "B"}, households=121.0)), {"households of community"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_falsehood_about_rules_is_caught(plan: Plan, name: str) -> None:
    tamper, claims = CASES[name]
    found = audit(tamper(plan))
    assert failed(found) == claims, found
    assert found.ok is False
