"""The joint model against enumeration, and taken apart against whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joint_oracle import best
from scipy import sparse

from siteplan.models.joint_problem import Budget, CoverRow, JointProblem, Rows, Sites, Slots, Space
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import STAGES, solve_joint
from siteplan.models.status import Status

N_TYPES = 3  # 0 a centre (floor), 1 a room inside it or alone (floor), 2 a square (land)


def random_problem(seed: int, n_sites: int = 3, n_demand: int = 5, *, coupled: bool = True) -> JointProblem:
    rng = np.random.default_rng(seed)
    site, kind, existing, existing_m2, low, high, host, space, cost = ([] for _ in range(9))
    for j in range(n_sites):
        stands = rng.random() < 0.25
        centre = len(site)
        types = [0] if stands else rng.permutation([k for k in range(N_TYPES) if rng.random() < 0.8]).tolist()
        if stands and rng.random() < 0.5:
            types.append(1)
        for k in types:
            old = stands and k == 0
            site.append(j)
            kind.append(k)
            existing.append(old)
            existing_m2.append(float(rng.integers(1, 5)) if old else 0.0)
            low.append(float(rng.integers(0, 4)) if not old else 0.0)
            high.append(existing_m2[-1] + float(rng.integers(0, 9)))
            space.append(Space.LAND if k == 2 else Space.FLOOR)
            cost.append(float(rng.integers(0, 5)) * 1e4)
            host.append(-1)
        for s in range(centre, len(site)):
            centres = [h for h in range(centre, len(site)) if kind[h] == 0]
            if kind[s] == 1 and centres and rng.random() < 0.7:
                host[s] = centres[0]
                cost[s] = 0.0
    n = len(site)
    slots = Slots(
        site=np.array(site, dtype=np.int64), type=np.array(kind, dtype=np.int64), existing=np.array(existing, dtype=bool),
        existing_m2=np.array(existing_m2), min_m2=np.array(low), max_m2=np.array(high), host=np.array(host, dtype=np.int64),
        space=np.array(space, dtype=np.int64), cost_m2=np.array(cost),
    )  # fmt: skip
    sites = Sites(
        floor=rng.integers(0, 10, n_sites).astype(float), land=rng.integers(0, 10, n_sites).astype(float),
        storeys=rng.integers(0, 3, n_sites).astype(float), fixed=rng.integers(0, 4, n_sites) * 1e4,
        state=rng.choice([0, 0, 0, 1, -1], n_sites).astype(np.int64),
    )  # fmt: skip
    pairs = [(i, s, float(rng.integers(1, 10))) for i in range(n_demand) for s in range(n) if rng.random() < 0.6]
    limit = np.full((N_TYPES, n_demand), np.nan)
    for i, s, _c in pairs:
        limit[kind[s], i] = 9.0
    groups = np.array_split(np.arange(n_sites), 1 if coupled else n_sites)
    area, count = [], []
    for group in groups:
        for k in range(N_TYPES):
            here = [s for s in range(n) if site[s] in group and kind[s] == k]
            if rng.random() < 0.8:
                area.append((here, float(rng.integers(1, 12)), int(rng.integers(0, 3))))
            if rng.random() < 0.8:
                count.append((here, float(rng.integers(1, 3)), int(rng.integers(0, 2))))

    def rows(entries: list) -> Rows:
        matrix = sparse.lil_array((len(entries), n))
        for r, (here, _required, _strength) in enumerate(entries):
            for s in here:
                matrix[r, s] = 1.0
        return Rows(
            matrix=sparse.csr_array(matrix), required=np.array([e[1] for e in entries]),
            strength=np.array([e[2] for e in entries], dtype=np.int64),
        )  # fmt: skip

    cover = (
        tuple(
            CoverRow(
                type=k,
                demand=np.flatnonzero(rng.random(n_demand) < 0.7),
                reach=float(rng.integers(2, 9)),
                strength=int(rng.integers(0, 2)),
            )
            for k in (*range(N_TYPES), *range(N_TYPES))
        )
        if coupled
        else ()
    )
    cover = tuple(row for row in cover if len(row.demand))
    budgets = (
        (Budget(sites=np.arange(n_sites), limit=float(rng.integers(1, 30)) * 1e4),)
        if coupled and rng.random() < 0.5
        else ()
    )
    return JointProblem(
        weight=rng.integers(1, 6, n_demand).astype(float), slots=slots, sites=sites,
        pair_demand=np.array([p[0] for p in pairs], dtype=np.int64), pair_slot=np.array([p[1] for p in pairs], dtype=np.int64),
        pair_cost=np.array([p[2] for p in pairs]), limit=limit, area=rows(area), count=rows(count), cover=cover, budgets=budgets,
        max_sites=int(rng.integers(1, 4)) if coupled and rng.random() < 0.3 else None,
    )  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6))
def test_joint_equals_enumeration(seed: int) -> None:
    # contract: C17
    problem = random_problem(seed)
    answer = solve_joint(problem, SolverOptions())
    values = tuple(proof.value for proof in answer.stages)
    expected = best(problem)
    assert expected is not None
    assert values[:4] == pytest.approx(expected[:4], abs=1e-5)
    assert values[4] == pytest.approx(expected[4], rel=1e-5, abs=1.0)
    assert values[5] == pytest.approx(expected[5])
    assert values[-1] == pytest.approx(expected[-1], rel=1e-5, abs=1e-3)
    assert all(proof.status is Status.OPTIMAL for proof in answer.stages)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_taking_apart_changes_nothing(seed: int) -> None:
    # contract: C17
    problem = random_problem(seed, n_sites=5, n_demand=4, coupled=False)
    apart = solve_joint(problem, SolverOptions())
    whole = solve_joint(problem, SolverOptions(), decompose=False)
    assert apart.components >= whole.components == 1
    for a, b in zip(apart.stages, whole.stages, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-4, abs=1e-3 if a.stage in ("cost", "walking") else 1e-5)


def test_a_run_without_time_is_never_called_optimal() -> None:
    # contract: C2
    problem = random_problem(7, n_sites=8, n_demand=40)
    answer = solve_joint(problem, SolverOptions(time_limit_s=0.0))
    for proof in answer.stages:
        assert (proof.status is Status.OPTIMAL) == (proof.gap <= 1e-6)
    assert [proof.stage for proof in answer.stages] == list(STAGES)
