"""The cheapest change of a random tiny study: solved again it meets the rule, and no single change of any site or limit costs less."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from infeasible import unmet_of
from tiny_study import house, least, one, place, reach, write_study

from siteplan.planning.explaining import changes as c
from siteplan.planning.explaining.changes import Change
from siteplan.planning.explaining.explain import explain
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.plans.plan import Plan
    from siteplan.study.study import Study

    Key = tuple[str, str]

pytestmark = pytest.mark.once

YUAN = 1.0
PLENTY_M2 = 500.0
SITES = st.lists(
    st.fixed_dictionaries(
        {
            "x": st.sampled_from([100, 400, 700, 900, 1300]),
            "floor_capacity_m2": st.sampled_from([0.0, 20.0, 40.0, 300.0]),
            "cost_per_m2_yuan": st.sampled_from([500.0, 1000.0, 1800.0]),
            "fixed_cost_yuan": st.sampled_from([0.0, 7000.0]),
            "types": st.sampled_from(["", "police_room", "library"]),
            "state": st.sampled_from(["free", "free", "forbidden"]),
        }
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda site: site["x"],
)
ASKED = st.sampled_from(["presence", "reach", "two types"])
BUDGET = st.sampled_from([None, 12_000.0, 40_000.0])
MOST = st.sampled_from([None, None, 1])


def rules_of(asked: str) -> list[dict[str, Any]]:
    """Return the rules of a study."""
    first = [least("police_room", 30)]
    if asked == "reach":
        return [*first, reach("police_room", 350)]
    more = [one("library"), least("library", 20)] if asked == "two types" else []
    return [*first, one("police_room"), *more]


def singles(study: Study, scenario: Scenario) -> Iterator[Change]:
    """Yield every change of one site, each by plenty, and every limit raised by plenty."""
    layer = study.layers.require("candidates", "a test")
    for name, types, state in zip(layer["id"], layer["types"], layer["state"], strict=True):
        yield Change(kind=c.MORE_AREA, site_id=name, floor_m2=PLENTY_M2)
        if types:
            yield Change(kind=c.ALLOW_TYPE, site_id=name, type="police_room;library")
        if state == "forbidden":
            yield Change(kind=c.UNFORBID, site_id=name)
    if scenario.budget_yuan is not None:
        yield Change(kind=c.MORE_BUDGET, money=(c.Raise(kind="budget", yuan=1e6),))
    if scenario.max_sites is not None:
        yield Change(kind=c.MORE_SITES, number=3)


def extra_of(plan: Plan, key: Key, change: Change) -> float | None:
    """Return what a change costs with which the rule is met and nothing is lost; None where it does not help."""
    again = solve(*change.apply(plan.study, plan.scenario))
    hard = again.unmet[again.unmet["strength"] == "hard"]
    lost = set(zip(hard["rule_id"], hard["unit_id"], strict=True)) - unmet_of(plan)
    if key in unmet_of(again) or lost:
        return None
    return float(again.facilities["cost_yuan"].sum() - plan.facilities["cost_yuan"].sum())


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(sites=SITES, asked=ASKED, budget=BUDGET, most=MOST)
def test_the_cheapest_change_meets_the_rule_and_no_single_change_is_cheaper(
    sites: list[dict[str, Any]], asked: str, budget: float | None, most: int | None
) -> None:
    candidates = [
        place(f"s{n}", site["x"], **{k: v for k, v in site.items() if k != "x"}) for n, site in enumerate(sites)
    ]
    with tempfile.TemporaryDirectory() as folder:
        study = write_study(
            Path(folder) / "study", rules=rules_of(asked), buildings=[house("b1", 250, 60), house("b2", 800, 40)],
            candidates=candidates,
        )  # fmt: skip
        scenario = Scenario(budget_yuan=budget, max_sites=most, cost_slack=0.0)
        plan = solve(study, scenario)
        for rule in explain(plan).rules:
            key = (rule.rule_id, rule.unit_id)
            known = [extra for change in singles(study, scenario) if (extra := extra_of(plan, key, change)) is not None]
            if rule.cheapest is None or rule.cheapest.change.last_resort:
                assert not known, rule
                continue
            extra = extra_of(plan, key, rule.cheapest.change)
            assert extra is not None, rule
            assert abs(extra - rule.cheapest.extra_yuan) < YUAN, rule
            assert all(extra <= other + YUAN for other in known), (rule, known)
