"""A study made infeasible in many ways: each is explained rightly, and its cheapest change, applied and solved again, meets the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny_study import house, least, one

from siteplan.planning.explaining.explain import explain
from siteplan.planning.solve import solve

if TYPE_CHECKING:
    from siteplan.planning.explaining.explanation import UnmetRule
    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study

HERE = [house("b1", 250, 80)]
ROOM = [one("police_room"), least("police_room", 30)]
KEY = ("K-police_room", "A")


def explained(study: Study, scenario: Scenario, key: tuple[str, str], reason: str) -> UnmetRule:
    """Explain one unmet rule of a study, hold its reason, and show that every change that is proposed meets it in a plan of its own."""
    plan = solve(study, scenario)
    assert plan.proven
    assert key in set(zip(plan.unmet["rule_id"], plan.unmet["unit_id"], strict=True))
    found = explain(plan).of(*key)
    assert found.reason.kind == reason
    assert found.cheapest is not None, found
    assert found.proposals[0] is found.cheapest
    for proposal in found.proposals:
        again = solve(*proposal.apply(study, scenario))
        assert key not in set(zip(again.unmet["rule_id"], again.unmet["unit_id"], strict=True)), proposal
        cost = again.facilities["cost_yuan"].sum() - plan.facilities["cost_yuan"].sum()
        assert proposal.extra_yuan == pytest.approx(cost, abs=0.01)
        assert proposal.extra_yuan >= found.cheapest.extra_yuan or proposal.change.last_resort
    text = found.sentence("en")
    assert text
    assert "{" not in text
    assert found.cheapest.sentence("en")
    return found
