"""Random small studies of every sort, the same ones each time: audit and optimiser agree, every kind of rule binds, corrupted plans are caught.

benchmarks/siting_random.py asks the same of a thousand.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from binding import KINDS, LISTED, listed_kinds, may_turn, turns, unmet_kinds
from corruptions import CORRUPTIONS
from same_optima import differing, each_alone, optima
from small_studies import small_study
from tampering import failed

from siteplan.auditing.audit import audit
from siteplan.planning.cache import SolveCache
from siteplan.planning.solve import prepare, solve
from siteplan.siting.rules_to_arrays import to_problem

if TYPE_CHECKING:
    from siteplan.auditing.audit import Audit
    from siteplan.plans.plan import Plan

pytestmark = pytest.mark.once

SEEDS = (3, 17, 24, 59, 66, 80, 87, 115, 143)
OFTEN = 2


@pytest.fixture(scope="module")
def solved() -> dict[int, tuple[Plan, Audit]]:
    """Return the plan of each seed and its audit."""
    plans = {seed: solve(*small_study(seed)) for seed in SEEDS}
    return {seed: (plan, audit(plan)) for seed, plan in plans.items()}


def test_audit_and_optimiser_agree(solved: dict[int, tuple[Plan, Audit]]) -> None:
    assert {seed: found.disagreements() for seed, (_plan, found) in solved.items() if found.disagreements()} == {}
    assert all(plan.proven for plan, _found in solved.values())


def test_every_kind_of_rule_binds(solved: dict[int, tuple[Plan, Audit]]) -> None:
    bound: Counter[str] = Counter()
    cache = SolveCache()
    for plan, found in solved.values():
        bound.update(unmet_kinds(found))
        bound.update(listed_kinds(plan) & set(LISTED))
    for plan, found in solved.values():
        bound.update(kind for kind in sorted(may_turn(plan, found)) if bound[kind] < OFTEN and turns(plan, kind, cache))
    assert [kind for kind in KINDS if bound[kind] < OFTEN] == []


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corrupted_plan_is_caught(solved: dict[int, tuple[Plan, Audit]], name: str) -> None:
    corrupted = {seed: CORRUPTIONS[name].change(plan) for seed, (plan, _found) in solved.items()}
    some = {seed: plan for seed, plan in corrupted.items() if plan is not None}
    assert len(some) > OFTEN
    for seed, plan in list(some.items())[:3]:
        assert failed(audit(plan)) & CORRUPTIONS[name].claims, seed


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_merging_and_taking_apart_change_no_optimum(seed: int) -> None:
    problem = to_problem(prepare(*small_study(seed)).question)
    usual = optima(problem)
    assert differing(usual, optima(problem, decompose=False)) == {}
    with each_alone() as merged:
        assert differing(usual, optima(problem)) == {}
    assert merged
