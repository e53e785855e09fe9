"""Plans that the solver makes of random studies with every kind of rule: the audit confirms them, and not what is changed in them."""

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rich_study import rich_study
from tampering import failed, table

from siteplan.auditing.audit import audit
from siteplan.errors import UsageError
from siteplan.planning.solve import solve
from siteplan.plans.plan import Plan


def solved(seed: int, *objectives: str) -> Plan:
    """Return the plan; studies whose scenario requires what the layer forbids are no question."""
    study, scenario = rich_study(seed)
    try:
        return solve(study, scenario.but(objectives=objectives))
    except UsageError:
        assume(False)
        raise


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6))
def test_a_plan_of_every_kind_of_rule_is_confirmed(seed: int) -> None:
    assert audit(solved(seed, "equity", "backup")).disagreements() == []


def test_the_mean_walk_of_a_community_is_that_to_all_types() -> None:
    assert audit(solved(42, "equity")).disagreements() == []


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Return a plan with works in several phases, payments, needs and households that found no room."""
    made = solved(304)
    assert made.works["phase"].nunique() > 1
    assert len(made.payments) > 3
    assert (made.allocation["status"] == "full").any()
    return made


@pytest.mark.parametrize("name", ["works", "payments", "needs", "allocation", "unmet", "stages"])
def test_no_row_may_be_left_out(plan: Plan, name: str) -> None:
    rows = len(getattr(plan, name))
    for row in sorted({0, rows // 2, rows - 1}):
        assert failed(audit(table(name, lambda frame, row=row: frame.drop(frame.index[row]))(plan))), (name, row)
