r"""The capacitated models: facilities that serve no more than their capacity.

With the candidates j within reach of demand point i, y_j = 1 if candidate j is open, x_ij the share of i that j serves, w_i its weight, l_i its load,
c_ij the cost, f_j the cost of a site and C_j its capacity (no more than all load within reach)::

    sum_j x_ij <= 1  (or = 1)      share
    sum_i l_i x_ij <= C_j y_j      capacity
    x_ij <= y_j                    link
    sum_j y_j = p                  existing and required facilities included (not in the LSCP)
    y_j in {0, 1};  1 for required and existing candidates;  x_ij in {0, 1} (single source) or 0 <= x_ij <= 1

    MCLP        maximise  sum_ij w_i x_ij                             with  sum_j x_ij <= 1
    p-median    minimise  sum_ij w_i c_ij x_ij + P sum_i w_i u_i      with  sum_j x_ij + u_i = 1
    LSCP        minimise  sum_j f_j y_j                               with  sum_j x_ij = 1

P is the penalty for what is not served; without one u_i = 0. Who is served where is one way that fits: in the MCLP and the LSCP not always
the nearest.

MCLP: J. R. Current, J. E. Storbeck: Capacitated covering models. Environment and Planning B 15 (1988) 153-163, as is the LSCP (system optimal);
H. Pirkul, D. A. Schilling: The maximal covering location problem with capacities on total workload. Management Science 37 (1991) 233-248.
p-median: J. M. Mulvey, M. P. Beck: Solving capacitated clustering problems. European Journal of Operational Research 18 (1984) 339-348.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from siteplan.models.point_model import (
    PointAnswer,
    has_solution,
    infeasible,
    nothing,
    open_exactly,
    own_proof,
    read_open,
    site_variables,
)
from siteplan.models.solver import Model

if TYPE_CHECKING:
    from siteplan.models.point_problem import Bools, Floats, Nearest, PointProblem
    from siteplan.models.solver import SolverOptions
    from siteplan.models.status import Proof

Kind = Literal["capacitated_mclp", "capacitated_p_median", "capacitated_lscp"]
_NONE = 1e-7
"""A share below is none, one that lacks less is whole: the solver's tolerance."""


class CapacitatedModel:
    """One of the three models.

    Parameters
    ----------
    problem : PointProblem
    kind : str
        Which.
    reach : float
    p : int or None
    single_source : bool
    penalty : float or None
        Only in the p-median.
    """

    def __init__(
        self,
        problem: PointProblem,
        kind: Kind,
        *,
        reach: float = math.inf,
        p: int | None = None,
        single_source: bool = False,
        penalty: float | None = None,
    ) -> None:
        if problem.capacity is None:
            raise ValueError("the problem has no capacities")
        self.problem, self.kind, self.penalty, self.single_source = problem, kind, penalty, single_source
        self.nearest = problem.nearest(reach)
        self.model = Model(kind)
        self.y = site_variables(self.model, problem)
        if p is not None:
            open_exactly(self.model, self.y, p)
        self.x: list[Any] = []
        self._shares()
        self._capacities()
        self.model.minimise(self._objective())

    def _shares(self) -> None:
        exact = self.kind != "capacitated_mclp"
        self.u: dict[int, Any] = {}
        for i in range(self.problem.n_demand):
            row = []
            for j in self.nearest.of(i)[0].tolist():
                x = self.model.var(f"x_{i}_{j}", 0, 1, integer=self.single_source)
                self.model.add([(x, 1.0), (self.y[j], -1.0)], "<=", 0, f"link_{i}_{j}")
                row.append((x, 1.0))
                self.x.append(x)
            if row and self.penalty is not None:
                self.u[i] = self.model.var(f"u_{i}", 0, 1)
                row.append((self.u[i], 1.0))
            if row:
                self.model.add(row, "==" if exact else "<=", 1, f"share_{i}")

    def _capacities(self) -> None:
        loads = self.problem.loads
        parts: dict[int, list[tuple[Any, float]]] = {}
        for x, i, j in zip(self.x, self.nearest.demand.tolist(), self.nearest.site.tolist(), strict=True):
            if loads[i] > 0:
                parts.setdefault(j, []).append((x, float(loads[i])))
        for j, terms in sorted(parts.items()):
            most = min(float(_capacity(self.problem)[j]), sum(load for _x, load in terms))
            self.model.add([*terms, (self.y[j], -most)], "<=", 0, f"capacity_{j}")

    def _objective(self) -> list[tuple[Any, float]]:
        weight, demand = self.problem.weight, self.nearest.demand
        if self.kind == "capacitated_lscp":
            cost = self.problem.site_cost
            return [(variable, float(cost[j])) for j, variable in self.y.items()]
        if self.kind == "capacitated_mclp":
            return [(x, -float(w)) for x, w in zip(self.x, weight[demand], strict=True)]
        metres = weight[demand] * self.nearest.cost
        terms = [(x, float(m)) for x, m in zip(self.x, metres, strict=True)]
        return terms + [(u, float(weight[i]) * (self.penalty or 0.0)) for i, u in self.u.items()]

    def solve(self, options: SolverOptions) -> tuple[Proof, Bools, Floats]:
        """Return the solver's proof, the open candidates, and the share of each entry of ``nearest``."""
        found = self.model.solve(options)
        if not has_solution(found):
            return found, np.zeros(self.problem.n_candidates, dtype=bool), np.empty(0)
        opened = read_open(self.model, self.y, self.problem.n_candidates)
        share = self.model.values(self.x) if self.x else np.empty(0)
        share = np.round(share) if self.single_source else np.where(share > 1 - _NONE, 1.0, share)
        share[(share < _NONE) | ~opened[self.nearest.site]] = 0.0
        return found, opened, _with_room_used(self.problem, self.nearest, opened, share, whole=self.single_source)


def _capacity(problem: PointProblem) -> Floats:
    if problem.capacity is None:
        raise ValueError("the problem has no capacities")
    return problem.capacity


def _with_room_used(problem: PointProblem, nearest: Nearest, opened: Bools, share: Floats, *, whole: bool) -> Floats:
    """Return ``share`` with whoever is not served and still fits served, nearest first.

    An optimal solution has none but those of no weight; one that was stopped early may. So "no room" is always true.
    """
    share = share.copy()
    loads, demand = problem.loads, nearest.demand
    room = _capacity(problem) - np.bincount(nearest.site, share * loads[demand], minlength=problem.n_candidates)
    missing = 1.0 - np.bincount(demand, share, minlength=problem.n_demand)
    for i in np.flatnonzero(missing > _NONE).tolist():
        for e in range(nearest.start[i], nearest.start[i + 1]):
            j = nearest.site[e]
            fits = 1.0 if loads[i] == 0 else room[j] / loads[i]
            more = min(missing[i], fits)
            if not opened[j] or more <= _NONE or (whole and more < missing[i]):
                continue
            share[e] += more
            missing[i] -= more
            room[j] -= more * loads[i]
    return share


def _answer(model: CapacitatedModel, opened: Bools, share: Floats, proof: Proof) -> PointAnswer:
    used = np.flatnonzero(share > 0)
    demand, site = model.nearest.demand[used], model.nearest.site[used]
    order = np.lexsort((site, demand))
    return PointAnswer(
        opened=opened,
        demand=demand[order],
        site=site[order],
        share=share[used][order],
        proofs=(proof,),
        left_out=np.empty(0, dtype=np.int64),
    )


def solve_capacitated_mclp(
    problem: PointProblem, reach: float, p: int, options: SolverOptions, *, single_source: bool = False
) -> PointAnswer:
    """Serve as much weight as possible from p facilities within reach, none of them beyond its capacity.

    Parameters
    ----------
    problem : PointProblem
        With capacities.
    reach : float
        In the unit of the costs, inclusive.
    p : int
        Facilities open in all, existing and required ones included.
    options : SolverOptions
    single_source : bool
        Whether a demand point is served whole by one facility or not at all.

    Returns
    -------
    PointAnswer
        Its objective is the weight that is served.
    """
    model = CapacitatedModel(problem, "capacitated_mclp", reach=reach, p=p, single_source=single_source)
    found, opened, share = model.solve(options)
    if not has_solution(found):
        return nothing(problem, own_proof(found, 0.0, options.gap, factor=-1.0))
    value = float((problem.weight[model.nearest.demand] * share).sum())
    return _answer(model, opened, share, own_proof(found, value, options.gap, factor=-1.0))


def solve_capacitated_p_median(
    problem: PointProblem, p: int, options: SolverOptions, *, single_source: bool = False, penalty: float | None = None
) -> PointAnswer:
    """Open p facilities, none used beyond its capacity, so that the weighted cost to them is least.

    Parameters
    ----------
    problem : PointProblem
        With capacities.
    p : int
        Facilities open in all, existing and required ones included.
    options : SolverOptions
    single_source : bool
        Whether a demand point is served whole by one facility.
    penalty : float, optional
        What demand that is not served counts per unit of weight, in the unit of the costs; without it all of it is served.

    Returns
    -------
    PointAnswer
        Its objective is the sum of weight x cost (and weight x penalty).

    Raises
    ------
    ValueError
        If the penalty is less than the largest cost.
    """
    if penalty is not None and penalty < problem.cost.max(initial=0.0):
        raise ValueError("the penalty is less than the largest cost")
    if penalty is None and len(problem.unreachable()):
        return nothing(problem, infeasible(), left_out=problem.unreachable())
    model = CapacitatedModel(problem, "capacitated_p_median", p=p, single_source=single_source, penalty=penalty)
    found, opened, share = model.solve(options)
    alone = float(problem.weight[problem.unreachable()].sum()) * (penalty or 0.0)
    if not has_solution(found):
        return nothing(problem, own_proof(found, 0.0, options.gap, constant=alone))
    demand = model.nearest.demand
    value = float((problem.weight[demand] * model.nearest.cost * share).sum())
    missing = 1.0 - np.bincount(demand, share, minlength=problem.n_demand)
    value += float((problem.weight * np.where(missing > _NONE, missing, 0.0)).sum()) * (penalty or 0.0)
    return _answer(model, opened, share, own_proof(found, value, options.gap, constant=alone))


def solve_capacitated_lscp(
    problem: PointProblem, reach: float, options: SolverOptions, *, single_source: bool = False
) -> PointAnswer:
    """Serve everyone within reach at the least cost of sites, none of them used beyond its capacity.

    Parameters
    ----------
    problem : PointProblem
        With capacities.
    reach : float
        In the unit of the costs, inclusive.
    options : SolverOptions
    single_source : bool
        Whether a demand point is served whole by one facility.

    Returns
    -------
    PointAnswer
        Its objective is the cost of the open sites that do not stand yet.
    """
    left_out = problem.unreachable(reach)
    if len(left_out):
        return nothing(problem, infeasible(), left_out=left_out)
    model = CapacitatedModel(problem, "capacitated_lscp", reach=reach, single_source=single_source)
    found, opened, share = model.solve(options)
    if not has_solution(found):
        return nothing(problem, found)
    value = float(problem.site_cost[opened].sum())
    return _answer(model, opened, share, own_proof(found, value, options.gap))
