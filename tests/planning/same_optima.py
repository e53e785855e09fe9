"""The joint model taken apart or whole, with demand points merged or each alone: how to ask, and what counts as the same answer."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from unittest import mock

from siteplan.models import joint_service
from siteplan.models.reduce import SetTable
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import solve_joint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from siteplan.models.joint_problem import JointProblem

SAME = 3e-5
YUAN = 5.0
"""What the tolerances of two solves come to in money."""


class EachAlone(SetTable):
    """Sets of slots of which no two demand points share one; ``merged`` gets those that they would have shared."""

    merged: ClassVar[list[tuple[int, ...]]] = []

    def number(self, slots: tuple[int, ...]) -> int:
        """Return a new number."""
        key = tuple(sorted(slots))
        if key in self.members:
            self.merged.append(key)
        self.members.append(key)
        return len(self.members) - 1


@dataclass(eq=False)
class AloneGroup:
    """Demand points of a type with room for so many: never the same as others."""

    slots: tuple[int, ...]
    rows: tuple[tuple[int, int], ...]
    load: float


@contextmanager
def each_alone() -> Iterator[list[tuple[int, ...]]]:
    """State models in which every building has variables of its own for each distance; yield the sets that would have been shared."""
    EachAlone.merged.clear()
    with mock.patch.multiple(joint_service, SetTable=EachAlone, _Group=AloneGroup):
        yield EachAlone.merged


def optima(problem: JointProblem, *, decompose: bool = True) -> dict[str, float]:
    """Return the value of each stage; without ``delay``, which is of the plan's own facilities, and there may be several plans."""
    answer = solve_joint(problem, SolverOptions(), decompose=decompose)
    return {proof.stage: proof.value for proof in answer.stages if proof.stage != "delay"}


def differing(a: Mapping[str, float], b: Mapping[str, float]) -> dict[str, tuple[float, float]]:
    """Return the stages whose values are not the same."""
    return {name: (a[name], b[name]) for name in a if abs(a[name] - b[name]) > _room(name, b[name])}


def _room(stage: str, value: float) -> float:
    return max(SAME * abs(value), YUAN if stage in ("cost", "walking") else SAME)
