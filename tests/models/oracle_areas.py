"""The best areas, payments and allocation of one plan of a small joint problem: linear programs of their own, in SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from oracle_plans import has_area, lacks, loaded, may_grow, members
from scipy.optimize import linprog

from siteplan.models.joint_problem import Space, Strength

if TYPE_CHECKING:
    from collections.abc import Callable

    from oracle_plans import Plan

    from siteplan.models.joint_problem import JointProblem

KEPT = 1e-6
YUAN = 1e4

Terms = dict[str, float]


def begun(stands: float) -> float:
    """Return the m2 by which something that stands has grown, where that matters."""
    return 0.01 + 2e-6 * stands


class Values(NamedTuple):
    """Objectives that areas may touch."""

    worst: float
    hard: float
    targets: float
    aims: float
    cost: float


class Areas:
    """The linear program of the areas of one plan, in units of 10,000 yuan."""

    def __init__(self, problem: JointProblem, plan: Plan) -> None:
        self.problem, self.plan = problem, plan
        self.last = problem.n_phases - 1
        self.low: dict[str, float] = {}
        self.high: dict[str, float] = {}
        self.rows: list[tuple[Terms, float]] = []
        self.lack: dict[int, list[tuple[Terms, float]]] = {int(s): [] for s in Strength}
        self.aims: list[Terms] = []
        self._slots()
        self._sites()
        self._shortfalls()
        self._flows()
        self._money()

    def var(self, name: str, low: float = 0.0, high: float = np.inf) -> str:
        self.low[name], self.high[name] = low, high
        return name

    def at_most(self, terms: Terms, right: float) -> None:
        self.rows.append((terms, right))

    def _slots(self) -> None:
        slots, plan = self.problem.slots, self.plan
        for s in range(len(slots)):
            if not has_area(self.problem, s) or plan.opens[s] > self.last:
                continue
            standing, most = float(slots.existing_m2[s]), float(slots.max_m2[s])
            for t in range(max(int(plan.opens[s]), 0), self.last + 1):
                least = float(slots.min_m2[s]) if not slots.existing[s] or t == self.last else 0.0
                high = most
                begins = plan.grows.get(int(slots.site[s]), -1)
                if may_grow(self.problem, s) and begins <= self.last:
                    least = max(least, standing + min(begun(standing), most - standing) * (0 <= begins <= t))
                if may_grow(self.problem, s) and t < begins:
                    high = standing
                self.var(f"a{s},{t}", min(max(least, standing), most), high)
                if f"a{s},{t - 1}" in self.low:
                    self.at_most({f"a{s},{t - 1}": 1.0, f"a{s},{t}": -1.0}, 0.0)
                if slots.host[s] >= 0:
                    self._inside(int(slots.host[s]), t)

    def _inside(self, h: int, t: int) -> None:
        rooms = np.flatnonzero(self.problem.slots.host == h).tolist()
        terms = {f"a{s},{t}": 1.0 for s in rooms if f"a{s},{t}" in self.low}
        if has_area(self.problem, h):
            terms[f"a{h},{t}"] = -1.0
        self.at_most(terms, 0.0)

    def area(self, s: int, t: int) -> tuple[Terms, float]:
        """Return a slot's area: as terms, or what stands and cannot grow."""
        name = f"a{s},{t}"
        return ({name: 1.0}, 0.0) if name in self.low else ({}, float(self.problem.slots.existing_m2[s]))

    def _sites(self) -> None:
        slots, sites = self.problem.slots, self.problem.sites
        for j in range(len(sites)):
            floor, land, known_floor, known_land = {}, {}, 0.0, 0.0
            for s in np.flatnonzero((slots.site == j) & (slots.host < 0)).tolist():
                name = f"a{s},{self.last}"
                if name not in self.low:
                    continue
                if slots.space[s] == Space.FLOOR:
                    floor[name] = 1.0
                    known_floor += float(slots.existing_m2[s])
                    if sites.storeys[j] > 0:
                        land[name] = 1.0 / float(sites.storeys[j])
                        known_land += float(slots.existing_m2[s] / sites.storeys[j])
                else:
                    land[name] = 1.0
                    known_land += float(slots.existing_m2[s])
            self.at_most(floor, float(sites.floor[j]) + known_floor)
            self.at_most(land, float(sites.land[j]) + known_land)

    def _elastic(self, terms: Terms, right: float, required: float, strength: int, name: str) -> None:
        u = self.var(f"u{name}")
        self.at_most({**{v: -c for v, c in terms.items()}, u: -1.0}, -right)
        self.lack[strength].append(({u: 1.0 / required}, 0.0))

    def _shortfalls(self) -> None:
        problem, slots = self.problem, self.problem.slots
        rows = problem.area
        for r in range(len(rows)):
            terms = {f"a{s},{int(rows.due[r])}": 1.0 for s in members(rows.matrix, r)}
            terms = {name: c for name, c in terms.items() if name in self.low}
            required = float(rows.required[r])
            self._elastic(terms, required, required, int(rows.strength[r]), f"area{r}")
            if rows.strength[r] == Strength.SOFT and problem.aim_price is not None:
                self.lack[int(Strength.SOFT)].pop()
                self.aims.append({f"uarea{r}": 1.0})
        if problem.size is not None:
            for r, s in enumerate(problem.size.slot.tolist()):
                name, least = f"a{s},{self.last}", float(problem.size.least_m2[r])
                if name in self.low and (slots.existing[s] or self.plan.opens[s] <= self.last):
                    self._elastic({name: 1.0}, least, least, int(problem.size.strength[r]), f"size{r}")
        for r, communities in self.plan.met.items():
            row = problem.shares[r]
            for c in communities:
                names = [f"a{s},{row.due}" for s in members(row.matrix, c)]
                self.at_most({name: -1.0 for name in names if name in self.low}, -row.least)
        for value, strength in lacks(problem, self.plan):
            self.lack[strength].append(({}, value))

    def _flows(self) -> None:
        """Add who is served by what of the types that serve only so many: whoever is served when it is due stays served."""
        problem = self.problem
        for k in range(len(problem.limit)):
            rows = [r for r, row in enumerate(problem.cover) if row.type == k]
            if rows and loaded(problem, k):
                self._flows_of(k, rows)

    def _flows_of(self, k: int, rows: list[int]) -> None:
        problem, slots = self.problem, self.problem.slots
        phases = sorted({problem.cover[r].due for r in rows})
        taken: dict[tuple[int, int], Terms] = {}
        for i in sorted({int(i) for r in rows for i in problem.cover[r].demand}):
            mine = [problem.cover[r] for r in rows if i in problem.cover[r].demand]
            homes, load = float(problem.weight[i]), float(problem.load[k, i])
            each = 0.0 if np.isnan(load) else load / homes
            pairs = (problem.pair_demand == i) & (slots.type[problem.pair_slot] == k)
            near = problem.pair_slot[pairs & (problem.pair_cost <= max(row.reach for row in mine))].tolist()
            for t in [t for t in phases if t >= min(row.due for row in mine)]:
                here = [s for s in near if self.plan.opens[s] <= t]
                for s in here:
                    name = self.var(f"x{i},{s},{t}")
                    taken.setdefault((s, t), {})[name] = each
                    before = [earlier for earlier in phases if f"x{i},{s},{earlier}" in self.low and earlier < t]
                    if before:
                        self.at_most({f"x{i},{s},{before[-1]}": 1.0, name: -1.0}, 0.0)
                self.at_most({f"x{i},{s},{t}": 1.0 for s in here}, homes)
        for (s, t), terms in taken.items():
            area, stands = self.area(s, t)
            self.at_most({**terms, **{name: -c for name, c in area.items()}}, stands)
        for r in rows:
            self._served(r)

    def _served(self, r: int) -> None:
        problem, row = self.problem, self.problem.cover[r]
        near = np.isin(problem.pair_demand, row.demand) & (problem.pair_cost <= row.reach)
        near &= problem.slots.type[problem.pair_slot] == row.type
        pairs = zip(problem.pair_demand[near].tolist(), problem.pair_slot[near].tolist(), strict=True)
        terms = {f"x{i},{s},{row.due}": 1.0 for i, s in pairs}
        required = row.share * float(problem.weight[row.demand].sum())
        terms = {name: c for name, c in terms.items() if name in self.low}
        self._elastic(terms, required, required, row.strength, f"cover{r}")

    # money --------------------------------------------------------------------------------------------------------

    def spent(self, j: int, t: int) -> tuple[Terms, float]:
        """Return what is spent at site ``j`` in phase ``t``."""
        slots = self.problem.slots
        terms: Terms = {}
        constant = float(self.problem.sites.fixed[j]) / YUAN if t == self._begins(j) else 0.0
        for s in np.flatnonzero(slots.site == j).tolist():
            price, now, before = float(slots.cost_m2[s]) / YUAN, f"a{s},{t}", f"a{s},{t - 1}"
            if now in self.low:
                terms[now] = price
                if before in self.low:
                    terms[before] = -price
                else:
                    constant -= price * float(slots.existing_m2[s])
        return terms, constant

    def _begins(self, j: int) -> int:
        slots, plan = self.problem.slots, self.plan
        new = ~slots.existing & (slots.site == j)
        return min([*plan.opens[new].tolist(), plan.grows.get(j, self.last + 1), self.last + 1])

    def _together(self, sites: list[int], phases: list[int]) -> tuple[Terms, float]:
        terms: Terms = {}
        constant = 0.0
        for j in sites:
            for t in phases:
                more, known = self.spent(j, t)
                constant += known
                for name, c in more.items():
                    terms[name] = terms.get(name, 0.0) + c
        return terms, constant

    def _money(self) -> None:
        problem, phases = self.problem, list(range(self.last + 1))
        for budget in problem.budgets:
            terms, constant = self._together(budget.sites.tolist(), phases if budget.phase is None else [budget.phase])
            self.at_most(terms, budget.limit / YUAN - constant)
        if problem.funds:
            for j in range(len(problem.sites)):
                payers = [f for f, fund in enumerate(problem.funds) if j in fund.sites]
                for t in phases:
                    terms, constant = self.spent(j, t)
                    paid = {self.var(f"p{f},{j},{t}"): -1.0 for f in payers}
                    self.at_most({**terms, **paid}, -constant)
            for f, fund in enumerate(problem.funds):
                for t in phases:
                    self.at_most({f"p{f},{j},{t}": 1.0 for j in fund.sites.tolist()}, fund.limits[t] / YUAN)
        self.total = self._together(list(range(len(problem.sites))), phases)

    # solving ------------------------------------------------------------------------------------------------------

    def sum_of(self, strength: int) -> tuple[Terms, float]:
        terms = {name: c for part, _ in self.lack[strength] for name, c in part.items()}
        return terms, sum(constant for _, constant in self.lack[strength])

    def cost(self) -> tuple[Terms, float]:
        """Return the cost and, where they have a price, the missing m2 of aims."""
        terms, constant = dict(self.total[0]), self.total[1]
        for aim in self.aims:
            terms.update({u: float(self.problem.aim_price) / YUAN for u in aim})
        return terms, constant

    def objectives(self) -> list[tuple[Terms, float]]:
        hard = self.lack[int(Strength.HARD)]
        worst = self.var("worst", max([known for terms, known in hard if not terms], default=0.0))
        for terms, constant in hard:
            if terms:
                self.at_most({**terms, worst: -1.0}, -constant)
        return [({worst: 1.0}, 0.0), *(self.sum_of(int(strength)) for strength in Strength), self.cost()]

    def least(self, stop: Callable[[int, float], bool]) -> Values | None:
        """Return the objectives, least in their order; None if there are no such areas, or ``stop`` says so of one of them."""
        hard = [value for value, strength in lacks(self.problem, self.plan) if strength == Strength.HARD]
        if stop(0, max(hard, default=0.0)):
            return None
        found: list[float] = []
        for number, (terms, constant) in enumerate(self.objectives()):
            value = self.minimise(terms) if terms or not number else 0.0
            if value is None or stop(number, value + constant):
                return None
            found.append(value + constant)
            if terms:
                self.at_most(terms, value + KEPT * max(1.0, abs(value)))
        return Values(*found[:-1], found[-1] * YUAN)

    def minimise(self, terms: Terms) -> float | None:
        """Return the least value of ``terms``; None if nothing is feasible."""
        names = {name: n for n, name in enumerate(self.low)}
        left = np.zeros((len(self.rows), len(names)))
        for r, (row, _right) in enumerate(self.rows):
            for name, c in row.items():
                left[r, names[name]] += c
        aim = np.zeros(len(names))
        for name, c in terms.items():
            aim[names[name]] += c
        bounds = np.column_stack([list(self.low.values()), list(self.high.values())])
        if (bounds[:, 0] > bounds[:, 1]).any():
            return None
        result = linprog(aim, A_ub=left, b_ub=[right for _, right in self.rows], bounds=bounds, method="highs")
        return float(result.fun) if result.success else None
