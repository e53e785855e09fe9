"""What holds of every answer of the joint model, and what its stages say against what an oracle says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from joint_oracle import least_delay
from oracle_plans import members

from siteplan.models.joint_problem import Strength
from siteplan.models.payments import spent
from siteplan.models.status import Status

if TYPE_CHECKING:
    from siteplan.models.joint_problem import JointProblem
    from siteplan.models.stages import JointAnswer

SHORTFALLS = ("hard-worst", "hard-sum", "targets", "aims")
SAME = 3e-5
YUAN = 5.0
"""What the tolerances of both solvers come to in money, at 10,000 yuan and more a m2."""
TINY = 1e-5


def values_of(answer: JointAnswer) -> dict[str, float]:
    """Return the value of each stage."""
    return {proof.stage: proof.value for proof in answer.stages}


def near(value: float, stage: str) -> object:
    """Return what is as good as ``value`` in a stage."""
    return pytest.approx(value, rel=SAME, abs=YUAN if stage in ("cost", "walking") else SAME)


def check_stages(problem: JointProblem, answer: JointAnswer, expected: dict[str, float]) -> None:
    """Check each stage's value, that it is proven, and that no bound lies above the optimum; and the waiting, for the plan's own facilities."""
    found = values_of(answer)
    assert [name for name in found if name != "delay"] == list(expected)
    for proof in answer.stages:
        assert proof.status is Status.OPTIMAL, proof
        assert proof.bound <= proof.value * (1 + TINY) + TINY, proof
        if proof.stage in expected:
            assert proof.value == near(expected[proof.stage], proof.stage), proof
    if problem.n_phases > 1:
        assert found["delay"] == pytest.approx(least_delay(problem, answer, found), abs=1e-4)


def check_answer(problem: JointProblem, answer: JointAnswer) -> None:
    """Check that phases are nested, areas never shrink and fit, hard faults are never made, and every bill is paid by who has it."""
    _check_phases(problem, answer)
    _check_sites(problem, answer)
    _check_faults(problem, answer)
    _check_money(problem, answer)


def _check_phases(problem: JointProblem, answer: JointAnswer) -> None:
    slots, n_phases = problem.slots, problem.n_phases
    assert ((answer.phase >= 0) == answer.opened).all()
    assert ((answer.phase == 0) == slots.existing).all()
    assert answer.phase.max(initial=0) <= n_phases
    assert (np.diff(answer.area_m2, axis=0) >= 0).all()
    assert answer.opened[(slots.state > 0) & ~slots.existing].all()
    assert not answer.opened[(slots.state < 0) & ~slots.existing].any()
    for s in np.flatnonzero(answer.opened).tolist():
        open_ = np.arange(1, n_phases + 1) >= answer.phase[s]
        area = answer.area_m2[:, s]
        slack = TINY * max(1.0, slots.max_m2[s])
        assert (area[~open_] == 0).all()
        assert (area <= slots.max_m2[s] + slack).all() or slots.existing[s]
        if slots.max_m2[s] > 0 and slots.space[s]:
            assert (area[open_] >= (slots.existing_m2[s] if slots.existing[s] else slots.min_m2[s]) - slack).all()
        if slots.host[s] >= 0 and not slots.existing[s]:
            assert 0 <= answer.phase[slots.host[s]] <= answer.phase[s]
    for h in np.unique(slots.host[slots.host >= 0]).tolist():
        rooms = answer.area_m2[:, (slots.host == h) & answer.opened].sum(axis=1)
        assert (rooms <= answer.area_m2[:, h] + TINY * np.maximum(1.0, rooms)).all()


def _check_sites(problem: JointProblem, answer: JointAnswer) -> None:
    slots, sites = problem.slots, problem.sites
    new = answer.opened & ~slots.existing
    more = np.where(slots.host < 0, answer.area_m2[-1] - slots.existing_m2, 0.0) * answer.opened
    for j in range(len(sites)):
        here = slots.site == j
        floor, land = more[here & (slots.space == 1)].sum(), more[here & (slots.space == 2)].sum()
        ground = land + (floor / sites.storeys[j] if sites.storeys[j] > 0 else 0.0)
        assert floor <= sites.floor[j] + TINY * max(1.0, sites.floor[j])
        assert ground <= sites.land[j] + TINY * max(1.0, sites.land[j])
        assert sites.state[j] >= 0 or not new[here].any()
    opened = set(slots.site[new].tolist())
    grown = set(slots.site[slots.existing & (more > 1e-3)].tolist())
    places = [int(sites.place[j]) for j in opened | grown if sites.place[j] >= 0]
    assert len(places) == len(set(places))
    standing = set(slots.site[slots.existing].tolist())
    assert problem.max_sites is None or len(opened - standing) <= problem.max_sites


def _check_faults(problem: JointProblem, answer: JointAnswer) -> None:
    """Check that no new facility makes a hard fault."""
    faults, existing = problem.faults, problem.slots.existing
    for f in range(len(faults) if faults is not None else 0):
        s, others = int(faults.slot[f]), members(faults.matrix, f)
        if faults.strength[f] != Strength.HARD or not answer.opened[s]:
            continue
        if faults.unless[f]:
            assert existing[s] or answer.opened[others].any()
        else:
            stands = existing[s] and (not others or existing[others].any())
            assert stands or (others and not answer.opened[others].any())


def _check_money(problem: JointProblem, answer: JointAnswer) -> None:
    money = spent(problem, answer.phase, answer.area_m2)
    if problem.funds:
        assert answer.paid.min(initial=0.0) >= 0
        assert answer.paid.sum(axis=1) == pytest.approx(money, abs=YUAN, rel=TINY)
        for f, fund in enumerate(problem.funds):
            others = np.setdiff1d(np.arange(len(problem.sites)), fund.sites)
            assert not answer.paid[:, f, others].any()
            assert (answer.paid[:, f].sum(axis=1) <= np.array(fund.limits) + 1e-6).all()
    for budget in problem.budgets:
        used = money[:, budget.sites].sum(axis=1)
        assert (used.sum() if budget.phase is None else used[budget.phase]) <= budget.limit + YUAN
