"""Random programmes on which plan and audit disagreed, kept as they were."""

from __future__ import annotations

import pytest
from random_study import random_programme
from small_studies import small_study

from siteplan.auditing.audit import audit
from siteplan.planning.solve import solve


@pytest.mark.parametrize(
    "seed",
    [
        27,  # a cover row whose households are served in parts that do not meet
        35,  # equity is the mean of a community, not of a component
        376,  # room given in one phase was given again in the next
    ],
)
def test_the_audit_agrees(seed: int) -> None:
    assert audit(solve(*random_programme(seed))).disagreements() == []


@pytest.mark.parametrize(
    "seed",
    [
        918,  # HiGHS called a cost optimal that was a fifth too high: earlier stages were kept too narrowly for its tolerance
    ],
)
def test_the_audit_agrees_about_small_studies(seed: int) -> None:
    plan = solve(*small_study(seed))
    assert audit(plan).disagreements() == []
    assert plan.proven
