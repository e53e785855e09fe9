"""A study made infeasible in many ways: each is explained rightly, and its cheapest change, applied and solved again, meets the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from infeasible import WAYS, shown

from siteplan.planning.explaining.changes import LAST_RESORT

if TYPE_CHECKING:
    from pathlib import Path

    from infeasible import Way

pytestmark = pytest.mark.once


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_reason_is_right_and_the_cheapest_change_meets_the_rule(way: Way, tmp_path: Path) -> None:
    # shown() solves the study with every change that is proposed; what is right is known by hand in infeasible.py
    found = shown(way, tmp_path / "study")
    assert found.sought
    order = [(p.change.kind in LAST_RESORT, p.extra_yuan, p.money_yuan) for p in found.proposals]
    assert order == sorted(order)
    assert all(p.scope == "study" and p.proven for p in found.proposals)


def test_the_ways_are_ten_or_more_and_their_reasons_differ() -> None:
    assert len({way.name for way in WAYS}) == len(WAYS) >= 10
    assert len({way.reason for way in WAYS}) >= 10
    assert len({way.change for way in WAYS}) >= 10
