"""How much room is missing at which site: the least m2 with which the hard rules hold, and at which sites that costs least."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.components import split, whole
from siteplan.models.joint import JointModel
from siteplan.models.joint_problem import Space
from siteplan.models.reduce import nearest_first
from siteplan.planning.explaining.must import bind, least
from siteplan.planning.explaining.sizes import must_problem
from siteplan.siting.modes import CONVERT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import geopandas as gpd

    from siteplan.models.components import Component
    from siteplan.models.joint_openings import Affine
    from siteplan.models.joint_problem import JointProblem
    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.weighed import Key
    from siteplan.siting.question import Question

    Terms = list[tuple[Any, float]]

_M2 = 100.0
"""Areas are rounded up to hundredths of a square metre."""
_HAIR = 1e-4
_ROOM_M2 = 1e5
"""What a site is let have more while it is asked how much it needs: more than any rule asks of one."""


def least_area(
    bench: Bench,
    key: Key,
    site_id: str,
    question: Question | None = None,
    *,
    others: Collection[Key] = (),
    limited: bool = True,
    built: bool = False,
) -> tuple[float, float] | None:
    """Return the least m2 of floor and of land more at a site that make the rule hold together with what the plan meets, and with ``others``.

    With ``built`` all that the plan builds stays.
    Floor alone, else land alone, else both: then the least sum. A building that is converted gets no land. None where more room does not help.
    """
    base = bench.question if question is None else question
    j = _row(base, site_id)
    roomy = dataclasses.replace(base, sites=_roomy(base, [j]))
    problem = must_problem(bench, key, others=others, question=roomy, limited=limited, built=built)[1]
    component = next(part for part in split(problem) if j in part.sites)
    for grows in ((True, False), (False, True), (True, True)):
        if not (grows[1] and base.sites["kind"].iloc[j] == CONVERT):
            found = _least_room(bench, problem, component, j, _real_room(base, j), grows)
            if found is not None:
                return found
    return None


def cheapest_to_enlarge(
    bench: Bench, key: Key, sites: Sequence[int], number: int, *, limited: bool = True
) -> list[str]:
    """Return up to ``number`` of ``sites`` (rows), by id, at which more room makes the rule hold: those where the hard rules cost least."""
    roomy = dataclasses.replace(bench.question, sites=_roomy(bench.question, sites))
    problem = must_problem(bench, key, question=roomy, limited=limited)[1]
    model = JointModel(problem, whole(problem), nearest_first(problem), "enlarged")
    if not sites or not bind(model):
        return []
    kinds = bench.question.sites["kind"]
    extras = {j: _extras(model, j, _real_room(bench.question, j), (False, False)) for j in sites}
    model.model.minimise(model.money.total()[0])
    costs = []
    for j, (floor, land) in extras.items():
        floor.upBound, land.upBound = _ROOM_M2, 0.0 if kinds.iloc[j] == CONVERT else _ROOM_M2
        proof = bench.runs.least_of(model)
        if proof is not None:
            costs.append((round(proof.value, 4), j))
        floor.upBound = land.upBound = 0.0
    return [str(bench.question.sites["id"].iloc[j]) for _cost, j in sorted(costs)[:number]]


def _row(question: Question, site_id: str) -> int:
    return int(np.flatnonzero(question.sites["id"].astype(str) == site_id)[0])


def _roomy(question: Question, rows: Sequence[int]) -> gpd.GeoDataFrame:
    """Return the sites with more room than any rule asks for at ``rows``; what is converted gets floor alone."""
    sites = question.sites.copy()
    for j in rows:
        row = sites.index[j]
        for name in ("floor_capacity_m2", "land_m2")[: 1 if sites["kind"].iloc[j] == CONVERT else 2]:
            sites.loc[row, name] = _ROOM_M2 + float(np.nan_to_num(sites.loc[row, name]))
    return sites


def _real_room(question: Question, j: int) -> tuple[float, float]:
    site = question.sites.iloc[j]
    return float(np.nan_to_num(site["floor_capacity_m2"])), float(np.nan_to_num(site["land_m2"]))


def _extras(model: JointModel, j: int, real: tuple[float, float], grows: tuple[bool, bool]) -> tuple[Any, Any]:
    """Add what a site has more of floor and of land to a model in which it has plenty, and hold it to what it really has besides."""
    extras = []
    for name, used, has, grow in zip(("floor", "land"), _used(model, j), real, grows, strict=True):
        extra = model.model.var(f"extra_{name}_{j}", 0.0, _ROOM_M2 if grow else 0.0)
        terms, constant = used
        if terms:
            model.model.add([*terms, (extra, -1.0)], "<=", has - constant, f"room_for_{name}_{j}")
        extras.append(extra)
    return extras[0], extras[1]


def _least_room(  # the site, what it has, and which of the two may grow
    bench: Bench,
    problem: JointProblem,
    component: Component,
    j: int,
    real: tuple[float, float],
    grows: tuple[bool, bool],
) -> tuple[float, float] | None:
    extras: list[Any] = []

    def more(model: JointModel) -> Terms:
        extras.extend(_extras(model, j, real, grows))
        return [(extra, 1.0) for extra in extras]

    if least(problem, component, bench.runs, more) is None:
        return None
    floor, land = (math.ceil((extra.varValue or 0.0) * _M2 - _HAIR) / _M2 for extra in extras)
    return floor, land


def _used(model: JointModel, j: int) -> tuple[Affine, Affine]:
    """Return the new floor and the land that a site takes, as the model counts them."""
    slots, sites, openings = model.problem.slots, model.problem.sites, model.openings
    floor: Affine = ([], 0.0)
    land: Affine = ([], 0.0)
    for s in np.flatnonzero(slots.site == j).tolist():
        if slots.space[s] == Space.FLOOR and slots.host[s] < 0:
            floor = _plus(floor, openings.new_area(s, model.last, 1.0))
            if sites.storeys[j] > 0:
                land = _plus(land, openings.new_area(s, model.last, 1.0 / float(sites.storeys[j])))
        elif slots.space[s] == Space.LAND:
            land = _plus(land, openings.new_area(s, model.last, 1.0))
    return floor, land


def _plus(one: Affine, other: Affine) -> Affine:
    return [*one[0], *other[0]], one[1] + other[1]
