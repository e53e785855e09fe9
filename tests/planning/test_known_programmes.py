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
        35,  # equity is the mean of a community, not of a component
        376,  # room given in one phase was given again in the next
    ],
)
def test_the_audit_agrees(seed: int) -> None:
    assert audit(solve(*random_programme(seed))).disagreements() == []
