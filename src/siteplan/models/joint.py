"""The joint siting model: all facility types at once, co-located, phased, elastic.

For one component of a :class:`JointProblem`. Its variables and rows are those of :mod:`siteplan.models.joint_openings`,
:mod:`siteplan.models.joint_money`, :mod:`siteplan.models.joint_rows` and :mod:`siteplan.models.joint_service`; here are the objectives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siteplan.models.joint_money import COST_UNIT, Money
from siteplan.models.joint_openings import Affine, Openings
from siteplan.models.joint_problem import JointProblem, Strength
from siteplan.models.joint_rows import ElasticRows
from siteplan.models.joint_service import Service
from siteplan.models.solver import Model, Terms

if TYPE_CHECKING:
    from siteplan.models.components import Component
    from siteplan.models.reduce import Lists

_FIRST = 1e5
"""What a whole shortfall weighs in the last step beside 10,000 yuan: more than all its square metres cost."""

_LEAN = 1e-2
"""Yuan that a square metre weighs in the last step beside its price: what costs nothing is not taken without need."""


class JointModel:
    """The joint model of one component, in PuLP."""

    def __init__(self, problem: JointProblem, component: Component, lists: Lists, name: str = "joint") -> None:
        self.problem = problem
        self.component = component
        self.model = Model(name)
        self.openings = Openings(self.model, problem, component)
        self.money = Money(self.openings)
        self.rows = ElasticRows(self.openings, self.money)
        self.service = Service(self.rows, lists)
        self.y, self.a = self.openings.y, self.openings.a
        self.last = self.openings.last
        self.worst: Any = None

    def shortfall(self, strength: Strength) -> Affine:
        """Return the sum of relative shortfalls of one strength."""
        parts = self.rows.shortfalls[strength]
        return [term for terms, _ in parts for term in terms], sum(constant for _, constant in parts)

    def add_worst(self) -> Any:
        """Add and return a variable that is at least every hard row's relative shortfall."""
        self.worst = worst = self.model.var("worst", 0, 1)
        for r, (terms, constant) in enumerate(self.rows.shortfalls[Strength.HARD]):
            self.model.add([(worst, 1.0), *((v, -c) for v, c in terms)], ">=", constant, f"worst_{r}")
        return worst

    def changes(self) -> Affine:
        """Return how many slots are opened or closed against an earlier plan."""
        before = self.problem.previous
        terms: list[tuple[Any, float]] = []
        constant = 0.0
        if before is None:
            return terms, constant
        for s in self.component.slots[~self.problem.slots.existing[self.component.slots]].tolist():
            constant += float(before[s])  # one that may not be opened any more is closed whatever is chosen
            if (s, self.last) in self.y:
                terms.append((self.y[s, self.last], -1.0 if before[s] else 1.0))
        return terms, constant

    def priced(self, piece: Component | None = None) -> Affine:
        """Return the cost and, where they have a price, the missing m2 of aims, in COST_UNIT yuan, of a piece of the component alone."""
        terms, constant = self.money.total(None if piece is None else piece.sites.tolist())
        rows = set(self.rows.aims if piece is None else piece.area_rows.tolist())
        price = (self.problem.aim_price or 0.0) / COST_UNIT
        return [*terms, *((u, price) for r, u in self.rows.aims.items() if r in rows)], constant

    def worth(self) -> Affine:
        """Return cost, new facilities and walking at their prices, in COST_UNIT yuan."""
        terms, constant = self.priced()
        walks, metres = self.service.walking()
        each, way = self.problem.facility_yuan / COST_UNIT, self.problem.walking_yuan_per_km / COST_UNIT
        opened = [(y, each) for (_s, t), y in self.y.items() if t == self.last]
        return [*terms, *opened, *((v, c * way) for v, c in walks)], constant + metres * way

    def delay(self) -> Affine:
        """Return what the waiting for the facilities of the plan weighs."""
        terms: list[tuple[Any, float]] = []
        if self.problem.wait is None or self.problem.earliest is None:
            return terms, 0.0
        for (s, t), y in self.y.items():
            weight = float(self.problem.wait[s])
            if t < self.last and t >= self.problem.earliest[s] and weight:
                terms += [(self.y[s, self.last], weight), (y, -weight)]
        return terms, 0.0

    def trim(self, solution: dict[str, float], rounding: float) -> None:
        """Hold the openings and ask for the least shortfall, money and area, in this order.

        Nothing better than the stages' values is left to find but what their tolerances gave away: they and free floor are not used up.

        Rows whose relative shortfall is at most ``rounding`` are held at 0, whatever that costs.
        """
        for y in self.y.values():
            y.lowBound = y.upBound = solution.get(y.name, 0.0)  # one in no row is not in it
        for rows in self.rows.shortfalls.values():
            for terms, _ in rows:
                held = sum(c * solution.get(v.name, 0.0) for v, c in terms) <= rounding
                for variable, coefficient in terms:
                    if variable.name.startswith("u_"):  # households of a set follow from the openings
                        variable.upBound = 0 if held else 1.0 / coefficient
        priced = Strength.SOFT if self.problem.aim_price is not None else None
        missing = [
            (variable, _FIRST * coefficient)
            for strength, rows in self.rows.shortfalls.items()
            if strength != priced
            for terms, _ in rows
            for variable, coefficient in terms
            if variable.name.startswith("u_")
        ]
        aims = [(u, (self.problem.aim_price or 0.0) / COST_UNIT) for u in self.rows.aims.values()]
        prices = self.problem.slots.cost_m2
        area = [(a, (float(prices[s]) * (t == self.last) + _LEAN) / COST_UNIT) for (s, t), a in self.a.items()]
        self.model.minimise([*missing, *aims, *area])

    def forbid_shortfall(self, strength: Strength) -> None:
        """Hold every shortfall of one strength at 0."""
        for terms, _ in self.rows.shortfalls[strength]:
            for variable, _coefficient in terms:
                variable.upBound = 0

    def keep(self, terms: Terms, value: float, tolerance: float, name: str) -> None:
        """Hold an earlier objective at ``value`` within ``tolerance``."""
        self.model.add(terms, "<=", value + tolerance, f"keep_{name}")
