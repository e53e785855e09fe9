"""The arrays of a tiny study, with slots called by the ids of their facilities."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siteplan.planning.solve import prepare
from siteplan.plans.scenario import Scenario
from siteplan.siting.locks import facility_ids
from siteplan.siting.rules_to_arrays import to_problem

if TYPE_CHECKING:
    from siteplan.models.joint_problem import JointProblem
    from siteplan.plans.plan import Plan
    from siteplan.siting.question import Question
    from siteplan.study.study import Study


class Arrays(NamedTuple):
    """A question, its problem and the id of each slot."""

    question: Question
    problem: JointProblem
    ids: list[str]

    def slot(self, name: str) -> int:
        """Return the slot of a facility."""
        return self.ids.index(name)

    def row(self, matrix: object, r: int) -> list[str]:
        """Return the facilities that row ``r`` counts."""
        dense = np.asarray(matrix.toarray())
        assert set(np.unique(dense)) <= {0.0, 1.0}
        return [self.ids[s] for s in np.flatnonzero(dense[r])]

    def faults(self) -> set[tuple[str, bool, tuple[str, ...], int]]:
        """Return (facility, unless, others, strength) of each fault; no two are the same."""
        faults = self.problem.faults
        if faults is None:
            return set()
        found = [
            (self.ids[s], bool(unless), tuple(self.row(faults.matrix, f)), int(strength))
            for f, (s, unless, strength) in enumerate(zip(faults.slot, faults.unless, faults.strength, strict=True))
        ]
        assert len(set(found)) == len(found)
        return set(found)


def arrays(study: Study, scenario: Scenario | None = None, previous: Plan | None = None) -> Arrays:
    """Return the arrays of a study."""
    question = prepare(study, scenario or Scenario()).question
    problem = to_problem(question, previous)
    return Arrays(question, problem, facility_ids(question, problem.slots))
