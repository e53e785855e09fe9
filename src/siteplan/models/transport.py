"""Who is served by what where facilities have room for so many: households split over the open facilities.

A transportation problem with a supply that may fall short, a linear program: as many households as fit are served, and of all ways to
serve so many the one with the shortest walks is taken. A household left over is therefore near facilities without room only.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from siteplan.errors import SolverError
from siteplan.models.solver import Model, SolverOptions
from siteplan.models.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.models.joint_problem import Floats, Ints

_SLACKS = (1e-9, 1e-7, 1e-5, 1e-3)
"""Relative tolerances within which each objective keeps those before it, the first of these with which the solver finds anything: its own solutions
miss rows by up to a millionth."""
_DUST = 1e-7
"""Households (a share of them, where a point has more than one) below which a part is a rounding of the solver."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Transport:
    """Households that are to be served, and facilities that have room for some of them.

    Parameters
    ----------
    households : (n_demand,) float64
    load : (n_demand,) float64, m2
        What all households of a demand point take together; 0: they take no room.
    room : (n_facilities,) float64, m2
    demand, facility : (n_pairs,) int64
        Which facility may serve which demand point; each pair once.
    metres : (n_pairs,) float64
        Its walk.
    keep : tuple of ((n,) int64, float)
        Pairs, and the households that they must serve together, if that can be.
    """

    households: Floats
    load: Floats
    room: Floats
    demand: Ints
    facility: Ints
    metres: Floats
    keep: tuple[tuple[Ints, float], ...] = ()


def share_out(problem: Transport) -> Floats:
    """Return the households that each pair serves, (n_pairs,) float64.

    In this order: what ``keep`` asks for, most households served, shortest walks (household-metres).

    Parameters
    ----------
    problem : Transport

    Raises
    ------
    SolverError
        If the solver gives no answer.

    Examples
    --------
    Two points of 10 households, each taking 1 m2; the near facility has room for 12 of them.

    >>> ints = lambda *values: np.array(values, dtype=np.int64)
    >>> problem = Transport(households=np.array([10.0, 10.0]), load=np.array([10.0, 10.0]), room=np.array([12.0, 5.0]),
    ...                     demand=ints(0, 1, 1), facility=ints(0, 0, 1), metres=np.array([100.0, 50.0, 400.0]))
    >>> share_out(problem).round(6).tolist()
    [7.0, 5.0, 5.0]
    """
    served = _nearest(problem)
    for pairs in _crowded(problem, served):
        served[pairs] = _solve(problem, pairs)
    return served


def _nearest(problem: Transport) -> Floats:
    """Return each demand point with its nearest facility, the first of several, room or no room."""
    served = np.zeros(len(problem.demand))
    order = np.lexsort((problem.facility, problem.metres, problem.demand))
    first = np.unique(problem.demand[order], return_index=True)[1]
    chosen = order[first]
    served[chosen] = problem.households[problem.demand[chosen]]
    return served


def _per_household(problem: Transport) -> Floats:
    """Return the m2 that one household of each pair takes."""
    households = problem.households[problem.demand]
    load = problem.load[problem.demand]
    return np.divide(load, households, out=np.zeros(len(load)), where=households > 0)


def _crowded(problem: Transport, served: Floats) -> Iterator[Ints]:
    """Yield the pairs of each connected part in which not everybody fits at the nearest; what is to be kept together is connected."""
    n_demand, n_facilities = len(problem.households), len(problem.room)
    taken = np.bincount(problem.facility, served * _per_household(problem), minlength=n_facilities)
    full = taken > problem.room
    if not full.any():
        return
    n_nodes = n_demand + n_facilities
    kept = [np.full(len(pairs), n_nodes + k) for k, (pairs, _least) in enumerate(problem.keep)]
    one = np.concatenate([problem.demand, *(problem.demand[pairs] for pairs, _least in problem.keep)])
    other = np.concatenate([n_demand + problem.facility, *kept])
    shape = (n_nodes + len(kept), n_nodes + len(kept))
    graph = sparse.coo_array((np.ones(len(one)), (one, other)), shape=shape)
    part = csgraph.connected_components(graph, directed=False)[1]
    pair_part = part[problem.demand]
    for number in np.unique(part[n_demand:n_nodes][full]):
        yield np.flatnonzero(pair_part == number).astype(np.int64)


def _solve(problem: Transport, pairs: Ints) -> Floats:
    """Return the households of the pairs of one connected part."""
    each = _per_household(problem)[pairs]
    for slack in _SLACKS:
        model = Model("transport")
        x = [model.var(f"x_{p}") for p in pairs.tolist()]
        short = _state(model, problem, pairs, each, x)
        metres = [(v, float(problem.metres[p])) for v, p in zip(x, pairs.tolist(), strict=True)]
        if all(_least(model, terms, slack) for terms in (short, [(v, -1.0) for v in x], metres)):
            return _tidy(problem, pairs, np.maximum(model.values(x), 0.0), each)
    raise SolverError("transport: the solver finds no way to serve anybody, though serving nobody is one")


def _state(model: Model, problem: Transport, pairs: Ints, each: Floats, x: list[Any]) -> list[tuple[Any, float]]:
    """State what may be served by what, and return by how much less than is to be kept."""
    for i, here in _groups(problem.demand[pairs]):
        model.add([(x[p], 1.0) for p in here], "<=", float(problem.households[i]), f"all_{i}")
    for f, here in _groups(problem.facility[pairs]):
        takes = [(x[p], float(each[p])) for p in here if each[p] > 0]
        if takes:
            model.add(takes, "<=", float(problem.room[f]), f"room_{f}")
    return list(_short(model, problem, pairs, x))


def _least(model: Model, terms: list[tuple[Any, float]], slack: float) -> bool:
    """Minimise ``terms`` and keep what is reached; tell whether the solver found it."""
    if not terms:
        return True
    model.minimise(terms)
    proof = model.solve(SolverOptions())
    if proof.status not in (Status.OPTIMAL, Status.WITHIN_GAP):
        return False
    model.add(terms, "<=", proof.value + slack * max(1.0, abs(proof.value)), f"least_{model.size[1]}")
    return True


def _groups(keys: Ints) -> Iterator[tuple[int, list[int]]]:
    order = np.argsort(keys, kind="stable").tolist()
    for key, here in itertools.groupby(order, key=lambda p: int(keys[p])):
        yield key, list(here)


def _short(model: Model, problem: Transport, pairs: Ints, x: list[Any]) -> Iterator[tuple[Any, float]]:
    """Add what is to be kept, and yield by how much it may not be."""
    place = {p: n for n, p in enumerate(pairs.tolist())}
    for number, (kept, least) in enumerate(problem.keep):
        mine = [place[p] for p in kept.tolist() if p in place]
        if mine and least > 0:
            short = model.var(f"short_{number}")
            model.add([*((x[p], 1.0) for p in mine), (short, 1.0)], ">=", least, f"keep_{number}")
            yield short, 1.0


def _tidy(problem: Transport, pairs: Ints, served: Floats, each: Floats) -> Floats:
    """Return the parts made exact: no facility over its room, and room nowhere in reach of a household left over."""
    demand, facility = problem.demand[pairs], problem.facility[pairs]
    households = problem.households
    served[served < _DUST * np.maximum(1.0, households[demand])] = 0.0
    taken = np.bincount(facility, served * each, minlength=len(problem.room))
    over = np.divide(problem.room, taken, out=np.ones(len(taken)), where=taken > problem.room)
    served *= over[facility]
    left = households - np.bincount(demand, served, minlength=len(households))
    room = problem.room - np.bincount(facility, served * each, minlength=len(problem.room))
    for p in np.lexsort((problem.metres[pairs], demand)).tolist():
        i, f = int(demand[p]), int(facility[p])
        fits = min(left[i], room[f] / each[p]) if each[p] > 0 else left[i]
        if fits > 0 and (served[p] > 0 or left[i] > _DUST * max(1.0, households[i])):
            served[p] += fits
            left[i] -= fits
            room[f] -= fits * each[p]
    return served
