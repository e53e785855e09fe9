"""The joint siting model: all facility types at once, co-located, elastic.

For one component of a :class:`JointProblem`, with binaries y_s (slot s is open), areas a_s in m2, z_j (something new at site j), shortfalls
u_r, and n_S = 1 if no slot of the set S is open (see :mod:`siteplan.models.reduce`)::

    min_s y_s <= a_s <= max_s y_s                                size          (new slots)
    existing_s <= a_s <= max_s                                   size          (existing slots; y_s = 1)
    y_s <= y_h,  sum of a_s over the rooms of h <= a_h           rooms inside their host h
    sum of new a_s over outermost floor slots of j <= floor_j    floor
    sum of new land a_s + new floor a_s / storeys_j <= land_j    land
    y_s <= z_j                                                   site
    sum over j of fixed_j z_j + cost_s new a_s <= limit          budget
    sum over j where nothing stands of z_j <= max_sites
    sum of a_s + u_r >= required_r                               area row r
    a_s + u_r >= least_r y_s                                     size row r
    sum of y_s + u_r >= required_r                               count row r
    n_S >= 1 - sum of y_s over S;   u_r = sum over S of households_rS n_S      cover row r

Unknowns n_S and u_r are continuous: at integral y their least values are what they mean. Floor and land are never added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.joint_problem import JointProblem, Rows, Space, Strength
from siteplan.models.reduce import Lists, SetTable, cover_sets, walking_sets
from siteplan.models.solver import Model, Terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.models.components import Component

COST_UNIT = 1e4
"""Money is handed to the solver in units of 10,000 yuan, to keep the numbers of a model alike in size."""
METRE_UNIT = 1e3
"""Walking is handed to the solver in household-kilometres."""
_GIVEN_BACK = 1e-3
"""Share of the cost that the last step may spend to make good what is nothing but rounding."""
_FIRST = 1e5
"""What a whole shortfall weighs in the last step beside 10,000 yuan: more than all its square metres cost."""


class JointModel:
    """The joint model of one component, in PuLP."""

    def __init__(self, problem: JointProblem, component: Component, lists: Lists, name: str = "joint") -> None:
        self.problem = problem
        self.component = component
        self.lists = lists
        self.model = Model(name)
        self.table = SetTable()
        self.worst: Any = None
        self.over: Any = None
        self.y: dict[int, Any] = {}
        self.a: dict[int, Any] = {}
        self.z: dict[int, Any] = {}
        self.n: dict[int, Any] = {}
        self.shortfalls: dict[Strength, list[tuple[list[tuple[Any, float]], float]]] = {s: [] for s in Strength}
        self._slot_variables()
        self._rooms()
        self._site_capacity()
        self._money()
        self._area_rows()
        self._size_rows()
        self._count_rows()
        self._cover_rows()
        self._required_sites()

    # what is open, and how large ------------------------------------------------------------------------------

    def _slot_variables(self) -> None:
        slots, sites = self.problem.slots, self.problem.sites
        for s in self.component.slots.tolist():
            low, high = float(slots.min_m2[s]), float(slots.max_m2[s])
            has_area = slots.space[s] != Space.NONE
            if slots.existing[s]:
                if has_area and high > 0:
                    self.a[s] = self.model.var(f"a_{s}", float(slots.existing_m2[s]), high)
                continue
            if sites.state[slots.site[s]] < 0 or (has_area and low > high):
                continue
            self.y[s] = self.model.var(f"y_{s}", 0, 1, integer=True)
            if has_area and high > 0:
                self.a[s] = self.model.var(f"a_{s}", 0, high)
                self.model.add([(self.a[s], 1), (self.y[s], -high)], "<=", 0, f"largest_{s}")
                if low > 0:
                    self.model.add([(self.a[s], 1), (self.y[s], -low)], ">=", 0, f"smallest_{s}")

    def _open(self, s: int) -> tuple[list[tuple[Any, float]], float]:
        """Return y_s as terms and a constant."""
        if s in self.y:
            return [(self.y[s], 1.0)], 0.0
        return [], 1.0 if self.problem.slots.existing[s] else 0.0

    def _rooms(self) -> None:
        slots = self.problem.slots
        rooms: dict[int, list[int]] = {}
        for s in self.component.slots.tolist():
            host = int(slots.host[s])
            if host < 0 or s not in self.y:
                continue
            terms, constant = self._open(host)
            self.model.add([(self.y[s], 1), *((v, -c) for v, c in terms)], "<=", constant, f"inside_{s}")
            if s in self.a:
                rooms.setdefault(host, []).append(s)
        for host, inner in rooms.items():
            terms = [(self.a[s], 1.0) for s in inner]
            if host in self.a:
                terms.append((self.a[host], -1.0))
            self.model.add(terms, "<=", 0, f"rooms_{host}")

    def _new_area(self, s: int, factor: float) -> tuple[list[tuple[Any, float]], float]:
        """Return factor * (a_s - existing_s) as terms and a constant."""
        if s not in self.a:
            return [], 0.0
        return [(self.a[s], factor)], -factor * float(self.problem.slots.existing_m2[s])

    def _site_capacity(self) -> None:
        slots, sites = self.problem.slots, self.problem.sites
        floor: dict[int, list[tuple[list[tuple[Any, float]], float]]] = {}
        land: dict[int, list[tuple[list[tuple[Any, float]], float]]] = {}
        for s in self.component.slots.tolist():
            j = int(slots.site[s])
            if slots.space[s] == Space.FLOOR and slots.host[s] < 0:
                floor.setdefault(j, []).append(self._new_area(s, 1.0))
                if sites.storeys[j] > 0:
                    land.setdefault(j, []).append(self._new_area(s, 1.0 / float(sites.storeys[j])))
            elif slots.space[s] == Space.LAND:
                land.setdefault(j, []).append(self._new_area(s, 1.0))
        for name, parts, capacity in (("floor", floor, sites.floor), ("land", land, sites.land)):
            for j, pieces in parts.items():
                terms = [term for piece, _ in pieces for term in piece]
                if terms:
                    self.model.add(terms, "<=", float(capacity[j]) - sum(c for _, c in pieces), f"{name}_{j}")

    # money and number of sites --------------------------------------------------------------------------------

    def _money(self) -> None:
        sites, slots = self.problem.sites, self.problem.slots
        limited = self.problem.max_sites is not None
        standing = set(slots.site[slots.existing].tolist())
        for s, y in self.y.items():
            j = int(slots.site[s])
            if sites.fixed[j] > 0 or sites.state[j] > 0 or (limited and j not in standing):
                if j not in self.z:
                    self.z[j] = self.model.var(f"z_{j}", 0, 1)
                self.model.add([(y, 1), (self.z[j], -1)], "<=", 0, f"site_{s}")
        counted = [(z, 1.0) for j, z in self.z.items() if j not in standing]
        if limited and counted:
            self.model.add(counted, "<=", float(self.problem.max_sites or 0), "max_sites")
        for b in self.component.budgets.tolist():
            budget = self.problem.budgets[b]
            terms, constant = self.cost(set(budget.sites.tolist()))
            if terms:
                self.model.add(terms, "<=", budget.limit / COST_UNIT - constant, f"budget_{b}")

    def cost(self, only: set[int] | None = None) -> tuple[list[tuple[Any, float]], float]:
        """Return the cost in COST_UNIT yuan, of all sites or of ``only`` those, as terms and a constant."""
        slots, sites = self.problem.slots, self.problem.sites
        terms: list[tuple[Any, float]] = []
        constant = 0.0
        for s in self.a:
            if only is None or int(slots.site[s]) in only:
                price = float(slots.cost_m2[s]) / COST_UNIT
                more, fixed = self._new_area(s, price)
                if price:
                    terms += more
                    constant += fixed
        chosen = ((j, z) for j, z in self.z.items() if sites.fixed[j] > 0 and (only is None or j in only))
        terms += [(z, float(sites.fixed[j]) / COST_UNIT) for j, z in chosen]
        return terms, constant

    # elastic rows ---------------------------------------------------------------------------------------------

    def _elastic(self, terms: list[tuple[Any, float]], right: float, required: float, strength: int, name: str) -> None:
        u = self.model.var(f"u_{name}", 0, max(required, 0.0))
        self.model.add([*terms, (u, 1.0)], ">=", right, name)
        self.shortfalls[Strength(strength)].append(([(u, 1.0 / required)], 0.0))

    def _row(self, rows: Rows, r: int) -> Iterator[int]:
        matrix = rows.matrix
        yield from matrix.indices[matrix.indptr[r] : matrix.indptr[r + 1]].tolist()

    def _area_rows(self) -> None:
        rows = self.problem.area
        self.aims: list[tuple[Any, float]] = []
        for r in self.component.area_rows.tolist():
            terms = [(self.a[s], 1.0) for s in self._row(rows, r) if s in self.a]
            required = float(rows.required[r])
            if rows.strength[r] == Strength.SOFT and self.problem.aim_price is not None:
                u = self.model.var(f"u_area_{r}", 0, required)
                self.model.add([*terms, (u, 1.0)], ">=", required, f"area_{r}")
                self.aims.append((u, 1.0))
            else:
                self._elastic(terms, required, required, int(rows.strength[r]), f"area_{r}")

    def _size_rows(self) -> None:
        rows = self.problem.size
        if rows is None:
            return
        for r in np.flatnonzero(np.isin(rows.slot, self.component.slots)).tolist():
            s, least = int(rows.slot[r]), float(rows.least_m2[r])
            opened, constant = self._open(s)
            if s not in self.a:
                if self.problem.slots.existing[s]:  # it stands, cannot grow and has no area: what it lacks is given
                    self.shortfalls[Strength(int(rows.strength[r]))].append(([], 1.0))
                continue
            terms = [(self.a[s], 1.0), *((v, -least * c) for v, c in opened)]
            self._elastic(terms, least * constant, least, int(rows.strength[r]), f"size_{r}")

    def _count_rows(self) -> None:
        rows = self.problem.count
        for r in self.component.count_rows.tolist():
            opened = [self._open(s) for s in self._row(rows, r)]
            terms = [term for part, _ in opened for term in part]
            required = float(rows.required[r])
            right = required - sum(constant for _, constant in opened)
            self._elastic(terms, right, required, int(rows.strength[r]), f"count_{r}")

    def _cover_rows(self) -> None:
        for r in self.component.cover_rows.tolist():
            row = self.problem.cover[r]
            required = float(self.problem.weight[row.demand].sum())
            terms: list[tuple[Any, float]] = []
            constant = 0.0
            for number, households in cover_sets(self.problem, self.lists, row, self.table).items():
                variable = self._none_open(number)
                if variable is None:
                    constant += households / required
                else:
                    terms.append((variable, households / required))
            self.shortfalls[Strength(row.strength)].append((terms, constant))

    def _none_open(self, number: int) -> Any:
        """Return n_S, adding it at first use; None where no slot of S can ever be opened (n_S = 1)."""
        if number in self.n:
            return self.n[number]
        members = [s for s in self.table.members[number] if s in self.y]
        if not members:
            self.n[number] = None
            return None
        n = self.model.var(f"n_{number}", 0, 1)
        self.model.add([(n, 1.0), *((self.y[s], 1.0) for s in members)], ">=", 1, f"none_{number}")
        self.n[number] = n
        return n

    def _required_sites(self) -> None:
        slots, sites = self.problem.slots, self.problem.sites
        here = np.flatnonzero(sites.state[self.component.sites] > 0)
        for j in self.component.sites[here].tolist():
            opened = [(y, 1.0) for s, y in self.y.items() if slots.site[s] == j]
            if j in self.z:
                self.model.add([(self.z[j], 1.0), *((y, -1.0) for y, _ in opened)], "<=", 0, f"opened_{j}")
            terms = [(self.z[j], 1.0)] if j in self.z else []
            self._elastic(terms, 1.0, 1.0, Strength.HARD, f"required_{j}")

    # objectives -----------------------------------------------------------------------------------------------

    def shortfall(self, strength: Strength) -> tuple[list[tuple[Any, float]], float]:
        """Return the sum of relative shortfalls of one strength as terms and a constant."""
        parts = self.shortfalls[strength]
        return [term for terms, _ in parts for term in terms], sum(constant for _, constant in parts)

    def add_worst(self) -> Any:
        """Add and return a variable that is at least every hard row's relative shortfall."""
        self.worst = worst = self.model.var("worst", 0, 1)
        for r, (terms, constant) in enumerate(self.shortfalls[Strength.HARD]):
            self.model.add([(worst, 1.0), *((v, -c) for v, c in terms)], ">=", constant, f"worst_{r}")
        return worst

    def walking(self) -> tuple[list[tuple[Any, float]], float]:
        """Return the household-kilometres as terms and a constant; adds the sets that walking needs."""
        constant, metres = walking_sets(self.problem, self.lists, self.component.demand, self.table)
        terms: list[tuple[Any, float]] = []
        for number, amount in metres.items():
            variable = self._none_open(number)
            if variable is None:
                constant += amount
            else:
                terms.append((variable, amount / METRE_UNIT))
        return terms, constant / METRE_UNIT

    def trim(self, solution: dict[str, float], rounding: float) -> None:
        """Hold the openings and ask for the least shortfall, money and area, in this order.

        Nothing better than the stages' values is left to find but what their tolerances gave away: they and free floor are not used up.

        Rows whose relative shortfall is at most ``rounding`` are held at 0, whatever that costs.
        """
        if self.over is not None:
            terms, constant = self.cost()
            spent = constant + sum(c * solution.get(v.name, 0.0) for v, c in terms)
            self.over.upBound = max(spent, 1.0) * _GIVEN_BACK
        for y in self.y.values():
            y.lowBound = y.upBound = solution.get(y.name, 0.0)  # one in no row is not in it
        for rows in self.shortfalls.values():
            for terms, _ in rows:
                held = sum(c * solution.get(v.name, 0.0) for v, c in terms) <= rounding
                for variable, coefficient in terms:
                    if variable.name.startswith("u_"):  # households of a set follow from the openings
                        variable.upBound = 0 if held else 1.0 / coefficient
        prices = self.problem.slots.cost_m2
        priced = Strength.SOFT if self.problem.aim_price is not None else None
        missing = [
            (variable, _FIRST * coefficient)
            for strength, rows in self.shortfalls.items()
            if strength != priced
            for terms, _ in rows
            for variable, coefficient in terms
            if variable.name.startswith("u_")
        ]
        self.model.minimise([*missing, *((a, (float(prices[s]) + 1.0) / COST_UNIT) for s, a in self.a.items())])

    def over_cost(self) -> Any:
        """Add and return a variable for money beyond the cost that is kept: 0 until :meth:`trim`."""
        self.over = self.model.var("over_cost", 0, 0)
        return self.over

    def forbid_shortfall(self, strength: Strength) -> None:
        """Hold every shortfall of one strength at 0."""
        for terms, _ in self.shortfalls[strength]:
            for variable, _coefficient in terms:
                variable.upBound = 0

    def keep(self, terms: Terms, value: float, tolerance: float, name: str) -> None:
        """Hold an earlier objective at ``value`` within ``tolerance``."""
        self.model.add(terms, "<=", value + tolerance, f"keep_{name}")
