"""What is solved already is found again by its arrays, in whatever order it comes, and by nothing less than all of them."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from beside import beside, blocks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_joint import random_joint
from scipy import sparse

from siteplan.models.components import split, whole
from siteplan.models.joint_problem import Budget, Fund, JointProblem, Strength
from siteplan.models.reuse import Known, KnownAnswers, digest, fingerprints
from siteplan.models.solver import Model, SolverOptions
from siteplan.models.stages import solve_joint
from siteplan.models.status import Proof, Status

SLOW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
OPTIONS = SolverOptions(time_limit_s=60)


def keys(problem: JointProblem) -> list[bytes]:
    return fingerprints(problem, split(problem))


@pytest.fixture
def solves(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that a solver has been given, by name."""
    names: list[str] = []
    solve = Model.solve

    def counted(model: Model, *asked: Any) -> Proof:
        names.append(model.problem.name)
        return solve(model, *asked)

    monkeypatch.setattr(Model, "solve", counted)
    return names


def test_nothing_is_solved_twice(solves: list[str]) -> None:
    problem, known = beside(blocks(3, 3)), KnownAnswers()
    first = solve_joint(problem, OPTIONS, known=known)
    assert solves
    solves.clear()
    again = solve_joint(problem, OPTIONS, known=known)
    assert solves == []
    assert (again.opened == first.opened).all()
    assert again.area_m2.tolist() == first.area_m2.tolist()
    assert [(p.stage, p.value, p.bound, p.status) for p in again.stages] == [
        (p.stage, p.value, p.bound, p.status) for p in first.stages
    ]


def test_another_gap_is_another_question(solves: list[str]) -> None:
    problem, known = beside(blocks(3, 3)), KnownAnswers()
    solve_joint(problem, OPTIONS, known=known)
    solves.clear()
    solve_joint(problem, dataclasses.replace(OPTIONS, gap=0.01), known=known)
    assert solves


@SLOW
@given(seed=st.integers(0, 10_000))
def test_a_component_is_known_by_itself_wherever_it_stands(seed: int) -> None:
    one, two, three = blocks(seed, 3)
    assert sorted(keys(beside([one, two, three]))) == sorted([*keys(one), *keys(two), *keys(three)])
    assert sorted(keys(beside([three, one]))) == sorted([*keys(three), *keys(one)])


@SLOW
@given(seed=st.integers(0, 10_000))
def test_values_with_what_is_known_are_those_without(seed: int) -> None:
    one, two, three = blocks(seed, 3)
    known = KnownAnswers()
    solve_joint(beside([one, two]), OPTIONS, known=known)
    expected = solve_joint(beside([three, two]), OPTIONS)
    found = solve_joint(beside([three, two]), OPTIONS, known=known)
    for proof, other in zip(expected.stages, found.stages, strict=True):
        assert other.value == pytest.approx(proof.value, rel=3e-5, abs=3e-5), proof.stage
    n = len(three.slots)
    assert (found.opened[:n] == expected.opened[:n]).all() or found.stages[-1].value == pytest.approx(
        expected.stages[-1].value, rel=3e-5
    )


def test_only_what_an_edit_touches_is_solved_again(solves: list[str]) -> None:
    parts, known = blocks(8, 4), KnownAnswers()
    first = solve_joint(beside(parts), OPTIONS, known=known)
    alone = len(solves)
    solves.clear()
    slots = dataclasses.replace(parts[1].slots, cost_m2=parts[1].slots.cost_m2 + 500.0)
    edited = dataclasses.replace(parts[1], slots=slots)
    solve_joint(beside([parts[0], edited, *parts[2:]]), OPTIONS, known=known)
    touched = {f"joint_{c}" for c, component in enumerate(split(beside(parts))) if _within(component, parts)}
    assert 0 < len(solves) < alone
    assert set(solves) <= touched
    assert first.components > len(touched)


def _within(component: Any, parts: list[JointProblem]) -> bool:
    """Tell whether a component lies in the second of the problems."""
    start = len(parts[0].sites)
    at = component.sites.tolist()
    return bool(at) and start <= at[0] < start + len(parts[1].sites)


def full() -> JointProblem:
    """Return a problem that has something of everything."""
    drawn = (random_joint(number, n_phases=1) for number in range(2000))
    asked = (p for p in drawn if p.size and p.faults and p.cover and p.shares and len(p.area) and len(p.count))
    problem = next(p for p in asked if p.faults.matrix.nnz and p.shares[0].matrix.nnz and p.count.matrix.nnz)
    n_slots, every = len(problem.slots), np.arange(len(problem.sites))
    return dataclasses.replace(
        problem,
        load=np.ones_like(problem.limit),
        community=np.arange(len(problem.weight)) % 2,
        home=np.arange(len(problem.sites)) % 2,
        extra=(),
        previous=np.zeros(n_slots, dtype=bool),
        budgets=(Budget(sites=every[:-1], limit=1e5),),
        funds=(Fund(sites=every[:-1], limits=(1e5,)),),
        max_sites=1,
        aim_price=5e3,
    )


def changed(value: Any) -> list[Any]:  # noqa: PLR0911 - one for each kind of value
    """Return copies of a field's value, each with one thing changed; dataclasses field by field."""
    if isinstance(value, np.ndarray):
        if value.dtype == bool:
            return [~value]
        other = value.copy()
        at = tuple(np.argwhere(~np.isnan(value.astype(float)))[0])
        other[at] += 1
        return [other]
    if isinstance(value, sparse.csr_array):
        return [value * 2.0]
    if dataclasses.is_dataclass(value):
        return [
            dataclasses.replace(value, **{f.name: other})
            for f in dataclasses.fields(value)
            for other in changed(getattr(value, f.name))
        ]
    if isinstance(value, tuple):
        return [(first, *value[1:]) for first in changed(value[0])] if value else [("backup",)]
    if isinstance(value, Strength):
        return [(value + 1) % 3]
    return [not value] if isinstance(value, bool) else [1.0 if value is None else value + 1]


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(JointProblem)])
def test_whatever_is_changed_is_seen(name: str) -> None:
    problem = full()
    (key,) = fingerprints(problem, [whole(problem)])
    for value in changed(getattr(problem, name)):
        other = dataclasses.replace(problem, **{name: value})
        assert fingerprints(other, [whole(other)]) != [key], name


def test_arrays_are_told_apart_by_shape_and_kind() -> None:
    assert digest(np.zeros((2, 3))) != digest(np.zeros((3, 2)))
    assert digest(np.zeros(1), np.zeros(2)) != digest(np.zeros(2), np.zeros(1))
    assert digest((1, 2), 3) != digest(1, (2, 3))
    assert digest("ab", "c") != digest("a", "bc")


def test_what_was_used_longest_ago_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siteplan.models.reuse.LARGEST", 10)
    proof = Proof(status=Status.OPTIMAL, value=0.0, bound=0.0, seconds=1.0)
    known = KnownAnswers()
    for name in (b"a", b"b"):
        known.put(name, Known(proof=proof, solution=np.zeros(4)))
    assert known.get(b"a") is not None
    known.put(b"c", Known(proof=proof, solution=np.zeros(4)))
    assert (known.get(b"a") is None, known.get(b"b") is None, known.get(b"c") is None) == (False, True, False)
    assert len(known) == 2
