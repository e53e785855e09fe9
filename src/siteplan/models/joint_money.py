"""Money of the joint model: costs, budgets by phase, funds, and how many sites are opened.

With z_jt (something new at site j by the end of phase t) and payments p_fgt of fund f for the sites g that the same funds may pay for::

    y_st <= z_jt <= sum of y_st + new a_st / e_s over the slots of j,  z_jt <= z_j,t+1
    new a_st <= (max_s - existing_s) z_jt                        existing slots at sites with a fixed cost
    spent by t = sum over j of fixed_j z_jt + sum over s of cost_s new a_st
    spent in t <= limit                                          budgets of a phase; or all phases together
    sum over f of p_fgt = spent in t at g,  sum over g of p_fgt <= limit_ft
    sum over j where nothing stands of z_j,last <= max_sites
    sum over the sites of a place of z_j,last <= 1

e_s is a hundredth of a m2 or, if that is less, all by which s may grow: where it matters whether a facility that stands has begun to grow
it has grown by so much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siteplan.models.joint_openings import Affine, Openings

COST_UNIT = 1e4
"""Money is handed to the solver in units of 10,000 yuan, to keep the numbers of a model alike in size."""
_BEGUN_M2 = 0.01
_BEGUN = 2e-6
"""Share of what stands by which it must have grown besides, twice of what payments.spent takes for rounding."""


class Money:
    """The variables z and p of one component, and its costs.

    Parameters
    ----------
    openings : Openings
    """

    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        self.model = openings.model
        self.problem = openings.problem
        self.component = openings.component
        self.z: dict[tuple[int, int], Any] = {}
        slots = self.problem.slots
        self.standing = set(slots.site[slots.existing].tolist())
        self._sites()
        self._limits()
        self._funds()

    def _wanted(self, j: int) -> bool:
        """Tell whether anything asks if site j is opened."""
        sites = self.problem.sites
        limited = self.problem.max_sites is not None and j not in self.standing
        return bool(sites.fixed[j] > 0 or sites.state[j] > 0 or sites.place[j] >= 0 or limited)

    def _sites(self) -> None:
        slots = self.problem.slots
        begun = _BEGUN_M2 + _BEGUN * slots.existing_m2
        grown = {
            (s, t)
            for s, t in self.openings.a
            if slots.existing[s]
            and slots.max_m2[s] - slots.existing_m2[s] > _BEGUN * max(1.0, slots.existing_m2[s])
            and self._wanted(int(slots.site[s]))
        }
        growing = {int(slots.site[s]) for s, _t in grown}
        uses: dict[tuple[int, int], list[tuple[Any, float]]] = {}
        constants: dict[tuple[int, int], float] = {}
        for (s, t), y in self.openings.y.items():
            j = int(slots.site[s])
            if self._wanted(j):
                z = self._site(j, t, growing)
                self.model.add([(y, 1), (z, -1)], "<=", 0, f"site_{s}_{t}")
                uses.setdefault((j, t), []).append((y, 1.0))
        for s, t in sorted(grown):
            j, spare = int(slots.site[s]), float(slots.max_m2[s] - slots.existing_m2[s])
            z = self._site(j, t, growing)
            terms, constant = self.openings.new_area(s, t, 1.0)
            self.model.add([*terms, (z, -spare)], "<=", -constant, f"growth_{s}_{t}")
            terms, constant = self.openings.new_area(s, t, 1.0 / min(float(begun[s]), spare))
            uses.setdefault((j, t), []).extend(terms)
            constants[j, t] = constants.get((j, t), 0.0) + constant
        for (j, t), z in self.z.items():
            used = [(v, -c) for v, c in uses[j, t]]
            self.model.add([(z, 1), *used], "<=", constants.get((j, t), 0.0), f"used_{j}_{t}")
            if t < self.openings.last:
                self.model.add([(z, 1), (self.z[j, t + 1], -1)], "<=", 0, f"paid_{j}_{t}")

    def _site(self, j: int, t: int, growing: set[int]) -> Any:
        if (j, t) not in self.z:
            self.z[j, t] = self.model.var(f"z_{j}_{t}", 0, 1, integer=j in growing)
        return self.z[j, t]

    def cost(self, t: int, only: Iterable[int] | None = None) -> Affine:
        """Return what is spent by the end of phase t, in COST_UNIT yuan, at all sites or at ``only`` those."""
        slots, sites = self.problem.slots, self.problem.sites
        chosen = None if only is None else set(only)
        terms: list[tuple[Any, float]] = []
        constant = 0.0
        for s, phase in self.openings.a:
            price = float(slots.cost_m2[s]) / COST_UNIT
            if phase == t and price and (chosen is None or int(slots.site[s]) in chosen):
                more, fixed = self.openings.new_area(s, t, price)
                terms += more
                constant += fixed
        for (j, phase), z in self.z.items():
            if phase == t and sites.fixed[j] > 0 and (chosen is None or j in chosen):
                terms.append((z, float(sites.fixed[j]) / COST_UNIT))
        return terms, constant

    def total(self, only: Iterable[int] | None = None) -> Affine:
        """Return what is spent in all phases, in COST_UNIT yuan, at all sites or at ``only`` those."""
        return self.cost(self.openings.last, only)

    def spent(self, t: int, only: Iterable[int] | None = None) -> Affine:
        """Return what is spent in phase t, in COST_UNIT yuan."""
        terms, constant = self.cost(t, only)
        if t == 0:
            return terms, constant
        before, earlier = self.cost(t - 1, only)
        return [*terms, *((v, -c) for v, c in before)], constant - earlier

    def _limits(self) -> None:
        last = self.openings.last
        for b in self.component.budgets.tolist():
            budget = self.problem.budgets[b]
            sites = budget.sites.tolist()
            terms, constant = self.cost(last, sites) if budget.phase is None else self.spent(budget.phase, sites)
            if terms:
                self.model.add(terms, "<=", budget.limit / COST_UNIT - constant, f"budget_{b}")
        if self.problem.max_sites is not None and (counted := self.new_sites()):
            self.model.add(counted, "<=", float(self.problem.max_sites), "max_sites")
        places: dict[int, list[tuple[Any, float]]] = {}
        for (j, t), z in self.z.items():
            if t == last and self.problem.sites.place[j] >= 0:
                places.setdefault(int(self.problem.sites.place[j]), []).append((z, 1.0))
        for place, terms in places.items():
            if len(terms) > 1:
                self.model.add(terms, "<=", 1, f"place_{place}")

    def new_sites(self) -> list[tuple[Any, float]]:
        """Return z_j at the end of each site where nothing stands; they are added where nothing asked for them before."""
        last, slots = self.openings.last, self.problem.slots
        opened: dict[int, list[Any]] = {}
        for (s, t), y in self.openings.y.items():
            if t == last and int(slots.site[s]) not in self.standing:
                opened.setdefault(int(slots.site[s]), []).append(y)
        for j, variables in opened.items():
            if (j, last) not in self.z:
                z = self._site(j, last, set())
                for y in variables:
                    self.model.add([(y, 1), (z, -1)], "<=", 0, f"counted_{y.name}")
                self.model.add([(z, 1), *((y, -1) for y in variables)], "<=", 0, f"used_{j}_{last}")
        return [(self.z[j, last], 1.0) for j in opened]

    def _funds(self) -> None:
        funds = self.problem.funds
        if not funds:
            return
        payers = [set(fund.sites.tolist()) for fund in funds]
        may = {j: tuple(f for f, sites in enumerate(payers) if j in sites) for j in self.component.sites.tolist()}
        groups: dict[tuple[int, ...], list[int]] = {}
        for j, which in may.items():
            groups.setdefault(which, []).append(j)
        given: dict[tuple[int, int], list[tuple[Any, float]]] = {}
        for g, (which, sites) in enumerate(groups.items()):
            for t in self.openings.phases:
                terms, constant = self.spent(t, sites)
                if not terms:
                    continue
                paid = []
                for f in which:
                    p = self.model.var(f"p_{f}_{g}_{t}")
                    paid.append((p, -1.0))
                    given.setdefault((f, t), []).append((p, 1.0))
                self.model.add([*terms, *paid], "<=", -constant, f"paid_for_{g}_{t}")
        for (f, t), terms in given.items():
            self.model.add(terms, "<=", funds[f].limits[t] / COST_UNIT, f"fund_{f}_{t}")
