"""Random programmes on which plan and audit disagreed, kept as they were."""

from __future__ import annotations

import pytest
from random_study import random_programme

from siteplan.auditing.audit import audit
from siteplan.planning.solve import solve


@pytest.mark.parametrize(
    "seed",
    [
        27,  # a cover row whose households are served in parts that do not meet
        pytest.param(
            376, marks=pytest.mark.xfail(strict=True, reason="room given in one phase is given again in the next")
        ),
        pytest.param(
            35, marks=pytest.mark.xfail(strict=True, reason="equity is the mean of each component, not of a community")
        ),
    ],
)
def test_the_audit_agrees(seed: int) -> None:
    assert audit(solve(*random_programme(seed, whole=True))).disagreements() == []
