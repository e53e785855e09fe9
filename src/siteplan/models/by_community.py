"""Very large components, planned community by community.

A component in which services reach across hundreds of communities has more variables than HiGHS can relax in the time there is. Its
households are then served from their own community alone while it is planned, which no plan gains by: what comes out is a plan of the whole
problem too. Its values are found again with everybody served by whatever is open, and it is given no bound, so that the gap says how
little is proven.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.fewer_slots import only_slots
from siteplan.models.phases import only_opened
from siteplan.models.run import Run, Wide
from siteplan.models.stage_run import LARGEST, overall
from siteplan.models.status import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.models.components import Component
    from siteplan.models.joint_problem import Bools, Floats, JointProblem
    from siteplan.models.solver import SolverOptions
    from siteplan.models.stage_run import StageProof

GIANT = 6_000
"""Slots from which a component is planned community by community."""
_VALUES_S = 300.0


def giants(problem: JointProblem, parts: Sequence[Component]) -> Bools:
    """Tell which sites belong to a component that is too large, (n_sites,)."""
    found = np.zeros(len(problem.sites), dtype=bool)
    for part in parts:
        if len(part.slots) > GIANT and problem.home is not None and problem.community is not None:
            found[part.sites] = True
    return found


def within_communities(problem: JointProblem, sites: Bools) -> JointProblem:
    """Return a problem in which some sites serve their own community alone.

    Parameters
    ----------
    problem : JointProblem
        With ``home`` and ``community``.
    sites : (n_sites,) bool
    """
    assert problem.home is not None
    assert problem.community is not None
    site = problem.slots.site[problem.pair_slot]
    kept = ~sites[site] | (problem.home[site] == problem.community[problem.pair_demand])
    return dataclasses.replace(
        problem,
        pair_demand=problem.pair_demand[kept],
        pair_slot=problem.pair_slot[kept],
        pair_cost=problem.pair_cost[kept],
    )


def valued(
    problem: JointProblem,
    plan: tuple[Bools, Floats],
    bounds: Sequence[tuple[StageProof, ...]],
    options: SolverOptions,
) -> tuple[Wide, tuple[StageProof, ...]]:
    """Return a plan with the values that it has in ``problem``.

    Parameters
    ----------
    problem : JointProblem
    plan : tuple of (n_slots,) bool and (n_slots,) float64, m2
        Openings and areas.
    bounds : sequence of tuple of StageProof
        The stages of the components that are no part of what is too large: what they prove holds; the rest costs and lacks 0 or more.
    options : SolverOptions
    """
    opened, area = plan
    kept = opened | problem.slots.existing
    run = Run(only_slots(only_opened(problem, opened, area, must=True), kept), decompose=True)
    names = [proof.stage for proof in bounds[0]] if bounds else []
    exact = dataclasses.replace(options, gap=0.0)
    proofs = run.stages(names, exact, time.monotonic() + _VALUES_S, None)
    run.trim(exact)
    found = []
    for number, proof in enumerate(proofs):
        combine = max if proof.stage in LARGEST else sum
        bound = min(float(combine([rows[number].bound for rows in bounds])), proof.value)
        status = overall([Status.STOPPED], proof.value, bound, options.gap)
        found.append(dataclasses.replace(proof, bound=bound, status=status))
    return Wide(run, kept), tuple(found)
