"""Costs, budgets and payments that cannot be so: each falsehood is caught."""

import dataclasses
from pathlib import Path

import pytest
from audited_plan import WORTH, make_plan, write_study
from tampering import Tamper, again, both, facility, failed, paid, scenario, stage, table, where, without, work

from siteplan.auditing.audit import audit
from siteplan.plans.plan import Plan


def phase_budget(yuan: float) -> Tamper:
    def tamper(plan: Plan) -> Plan:
        first, second = plan.scenario.phases
        return plan.but(scenario=plan.scenario.but(phases=(dataclasses.replace(first, budget_yuan=yuan), second)))

    return tamper


def fund_yuan(name: str, *yuan: float) -> Tamper:
    def tamper(plan: Plan) -> Plan:
        funds = tuple(dataclasses.replace(f, yuan=yuan) if f.name == name else f for f in plan.scenario.funds)
        return plan.but(scenario=plan.scenario.but(funds=funds))

    return tamper


cheaper = both(facility("f5", cost_yuan=5_000.0), work("f5", 2, cost_yuan=5_000.0), scenario(budget_yuan=500_000.0))

CASES: dict[str, tuple[Tamper, set[str]]] = {
    "cost": (facility("f5", cost_yuan=204_999.0), {"cost"}),
    "cost of a work": (work("f5", 2, cost_yuan=204_999.0), {"cost of work", "cost"}),
    "cost in another phase": (
        both(work("f1", 1, cost_yuan=400_000.0), work("f1", 2, cost_yuan=60_000.0)),
        {"cost of work"},
    ),
    "budget kept by stating less": (cheaper, {"cost of work", "cost", "budget"}),
    "budget": (scenario(budget_yuan=699_000.0), {"budget"}),
    "budget of a phase": (phase_budget(439_000.0), {"budget of phase"}),
    "payment missing": (table("payments", without(site_id="c5")), {"paid by funds"}),
    "paid too much": (paid("c5", 1, "县级", yuan=30_001.0), {"paid by funds"}),
    "paid in another phase": (paid("c1", 2, "衔接资金", phase=1), {"paid by funds", "fund limit"}),
    "fund overdrawn": (fund_yuan("衔接资金", 399_000.0, 200_000.0), {"fund limit"}),
    "fund that may not pay there": (
        paid("c2", 2, "衔接资金", fund="新建", yuan=145_000.0),
        {"fund may pay", "fund limit"},
    ),
    "fund nobody knows": (paid("c5", 1, "县级", fund="市级"), {"payment", "paid by funds"}),
    "payment where nobody asks who pays": (scenario(funds=()), {"payment"}),
    "negative payment": (
        table("payments", again(0, phase=2, fund="县级", yuan=-1_000.0)),
        {"payment"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_falsehood_about_money_is_caught(plan: Plan, name: str) -> None:
    tamper, claims = CASES[name]
    found = audit(tamper(plan))
    assert failed(found) == claims, found
    assert found.ok is False


def test_what_a_site_costs_by_itself_is_paid_when_it_is_first_extended(tmp_path: Path) -> None:
    plan = make_plan(write_study(tmp_path))
    grown = {"status": "extended", "mode": "extend", "area_m2": 410.0, "cost_yuan": 10_000.0}  # 10 m2 at 800, and 2,000
    facilities = table("facilities", where({"id": "f3"}, **grown))(plan).facilities
    works = again(1, facility_id="f3", area_m2=410.0, cost_yuan=10_000.0)(plan.works)
    payments = again(6, site_id="e1", yuan=10_000.0)(plan.payments)
    held = plan.but(facilities=facilities, works=works, payments=payments)
    held = stage("walking", WORTH + 10_000.0)(scenario(budget_yuan=710_000.0, cost_slack=0.05)(held))
    assert audit(held).disagreements() == []
    less = work("f3", 2, cost_yuan=8_000.0)(facility("f3", cost_yuan=8_000.0)(held))
    assert failed(audit(less)) == {"cost of work", "cost"}
