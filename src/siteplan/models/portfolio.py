"""The portfolio master: one plan for each component, chosen together under what couples them.

Column generation (Dantzig and Wolfe 1960). A column is one component's plan; with f its value of the stage's objective, g its use of a coupling row
and lambda its choice::

    minimise    sum f lambda + sum q v
    subject to  sum g lambda + D v <= limit          budgets, funds, sites, shares, what earlier stages keep
                sum of lambda over the plans of c = 1    each component c
                lambda in {0, 1},  v >= 0                v: shortfalls of shares, payments of funds

The linear master gives prices pi of the rows; each component's own model, its objective plus the price of what it uses, gives a new column
and the bound sum over c of min (f + pi g) - pi limit; the integer master gives the plan. All three are exact, so the gap is what it says.
"""

from __future__ import annotations

import dataclasses
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize

from siteplan.errors import SolverError
from siteplan.models.portfolio_rows import Row, coupling_rows
from siteplan.models.solver import Model
from siteplan.models.stage_run import (
    KEEP,
    LARGEST,
    OWN_SCALE,
    UNITS,
    Part,
    StageProof,
    keep_costs,
    prepare,
    snapshot,
    value_of,
)
from siteplan.models.status import Status, judge, relative_gap
from siteplan.models.workers import side_by_side
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siteplan.models.joint_problem import Floats, JointProblem
    from siteplan.models.solver import SolverOptions

    Progress = Callable[[str, int, int], None]

_ROUNDS = 60
_FOR_MASTER = 0.25
"""Share of a stage's time kept for the integer master."""
_PRICING_GAP = 0.2
"""Share of the gap asked for that a pricing run may leave."""
_BETTER = 1e-7
_FACTORS = (0.7, 0.9, 1.1, 1.4)
_CHOSEN = 0.5
_MISS = 1e3
"""What a unit by which no choice of columns fits the rows weighs, until there is one that does."""


@dataclass(eq=False)
class Column:
    """One plan of one component."""

    part: int
    solution: dict[str, float]
    values: dict[str, float] = field(default_factory=dict)


class Portfolio:
    """Components and what couples them.

    Parameters
    ----------
    problem : JointProblem
        Of one phase, with all its coupling rows.
    parts : sequence of Part
        Components without the rows that couple them, before their first stage.
    known : sequence of dict
        A solution of each part by variable name, for a start; may break the coupling rows.
    """

    def __init__(self, problem: JointProblem, parts: Sequence[Part], known: Sequence[dict[str, float]]) -> None:
        self.parts = list(parts)
        self.objectives: dict[str, list[tuple[list[tuple[Any, float]], float]]] = {}
        self.rows: list[Row] = coupling_rows(problem, [part.model for part in self.parts])
        self.columns = [Column(part=c, solution=dict(solution)) for c, solution in enumerate(known)]
        self.chosen: list[int] = list(range(len(self.parts)))
        self.columns += [
            Column(part=c, solution=dict(part.solution))
            for c, part in enumerate(self.parts)
            if part.solution is not None
        ]

    # the stages -----------------------------------------------------------------------------------------------

    def stage(self, name: str, options: SolverOptions, budget: float, progress: Progress | None = None) -> StageProof:
        """Solve one stage and keep its value for the later ones."""
        began = time.monotonic()
        self._objective(name)
        deadline = began + budget
        bound = 0.0
        for number in range(_ROUNDS):
            if progress:
                progress(name, number, _ROUNDS)
            value, duals = self._linear(name)
            self._integer(name, options, max((deadline - time.monotonic()) * _FOR_MASTER, 0.2))
            best = self._value(name)
            if relative_gap(best, bound) <= max(options.gap, PROVEN_GAP) or time.monotonic() > deadline:
                break
            found, fresh = self._price(name, duals, options, deadline)
            bound = max(bound, found)
            if not fresh or relative_gap(value, bound) <= max(options.gap * _PRICING_GAP, PROVEN_GAP / 2):
                self._enrich(name, duals, options, deadline)
                self._integer(name, options, max(deadline - time.monotonic(), 0.2))
                break
        return self._proof(name, bound, options, began)

    def _proof(self, name: str, bound: float, options: SolverOptions, began: float) -> StageProof:
        value = self._value(name)
        if not math.isfinite(value):
            raise SolverError("no choice of plans keeps the budgets and what is locked within the time")
        bound = min(max(bound, 0.0), value)
        self._keep(name, value)
        objective, unit = UNITS[name]
        finished = relative_gap(value, bound) <= options.gap
        return StageProof(
            stage=name,
            objective=objective,
            value=value * unit,
            bound=bound * unit,
            status=judge(value, bound, options.gap, finished=finished),
            seconds=time.monotonic() - began,
            components=len(self.parts),
            tolerance=KEEP[name],
        )

    def _objective(self, name: str) -> None:
        """State the stage in every component and value the columns in hand."""
        terms = []
        for part in self.parts:
            prepare(name, part)
            terms.append((list(part.terms), part.constant))
        self.objectives[name] = terms
        for column in self.columns:
            self._value_column(column, name)
        if name in LARGEST:
            self.rows += [
                Row(usage={c: part}, limit=0.0, more={name: -1.0}, name=f"{name}_{c}") for c, part in enumerate(terms)
            ]

    def _keep(self, name: str, value: float) -> None:
        """Make the later stages keep what this one reached."""
        if name == "cost":
            self._keep_costs()
            return
        limit = value + KEEP[name] * (max(1.0, abs(value)) if name in OWN_SCALE else 1.0)
        if name in LARGEST:
            for row in self.rows:
                if row.more.pop(name, None) is not None:
                    row.limit = limit
            return
        more = {key: cost for row in self.rows for key, cost in row.costs.get(name, {}).items()}
        self.rows.append(Row(usage=dict(enumerate(self.objectives[name])), limit=limit, more=more, name=f"keep_{name}"))

    def _keep_costs(self) -> None:
        """Let no part cost more than in the choice in hand and ``cost_slack`` of it; plans that do are given up."""
        chosen = [self.columns[k] for k in self.chosen]
        for column in chosen:
            self.parts[column.part].solution = column.solution
            keep_costs(self.parts[column.part])
        self.columns = [column for column in self.columns if column in chosen or self._cheap(column)]
        self.chosen = [self.columns.index(column) for column in chosen]

    def _cheap(self, column: Column) -> bool:
        """Tell whether a plan keeps what its part may cost."""
        uses = [
            (sum(c * column.solution.get(v.name, 0.0) for v, c in terms), most)
            for terms, most in self.parts[column.part].caps
        ]
        return all(use <= most for use, most in uses)

    # columns --------------------------------------------------------------------------------------------------

    def _value_column(self, column: Column, stage: str) -> None:
        part = self.parts[column.part]
        held, part.solution = part.solution, column.solution
        terms, constant = self.objectives[stage][column.part]
        part.terms, part.constant = terms, constant
        column.values[stage] = value_of(part)
        part.solution = held

    def _use(self, column: Column, row: Row) -> float:
        terms, constant = row.usage.get(column.part, ([], 0.0))
        return constant + sum(c * column.solution.get(v.name, 0.0) for v, c in terms)

    def _extras(self, stage: str) -> dict[str, float]:
        """Return the master's own variables and their costs in a stage."""
        costs = {key: 0.0 for row in self.rows for key in row.more}
        for row in self.rows:
            costs |= row.costs.get(stage, {})
        if stage in LARGEST:
            costs[stage] = 1.0
        return costs

    def _matrix(self, stage: str) -> tuple[Floats, Floats, Floats, list[str]]:
        """Return costs, rows and limits of the master: columns first, then its own variables."""
        extras = self._extras(stage)
        names = list(extras)
        shape = (len(self.rows), -1)
        use = np.array([[self._use(column, row) for column in self.columns] for row in self.rows]).reshape(shape)
        own = np.array([[row.more.get(name, 0.0) for name in names] for row in self.rows]).reshape(shape)
        plan = [0.0 if stage in LARGEST else column.values[stage] for column in self.columns]
        cost = np.array([*plan, *extras.values()])
        limit = np.array([row.limit for row in self.rows])
        return cost, np.hstack([use, own]), limit, names

    def _linear(self, stage: str) -> tuple[float, Floats]:
        """Solve the linear master; return its value and the prices of the rows, >= 0."""
        cost, rows, limit, _names = self._matrix(stage)
        n_rows = len(self.rows)
        scale = np.maximum(1.0, np.abs(limit))
        one = np.zeros((len(self.parts), rows.shape[1] + n_rows))
        for k, column in enumerate(self.columns):
            one[column.part, k] = 1.0
        answer = optimize.linprog(
            np.concatenate([cost, np.full(n_rows, _MISS * max(1.0, float(np.abs(cost).max(initial=0.0))))]),
            A_ub=np.hstack([rows, np.diag(-scale)]) if n_rows else None,
            b_ub=limit if n_rows else None,
            A_eq=one,
            b_eq=np.ones(len(self.parts)),
            method="highs",
        )
        if answer.fun is None:
            return math.inf, np.zeros(n_rows)
        return float(answer.fun), -np.asarray(answer.ineqlin.marginals) if n_rows else np.zeros(0)

    def _integer(self, stage: str, options: SolverOptions, seconds: float) -> None:
        """Choose one column for each component."""
        cost, rows, limit, names = self._matrix(stage)
        model = Model("portfolio")
        picks = [model.var(f"l_{k}", 0, 1, integer=True) for k in range(len(self.columns))]
        own = [model.var(f"v_{n}", 0, None) for n in range(len(names))]
        every = [*picks, *own]
        for r, row in enumerate(self.rows):
            terms = [(variable, c) for variable, c in zip(every, rows[r].tolist(), strict=True) if c]
            if terms:
                model.add(terms, "<=", float(limit[r]), f"r_{r}_{row.name.replace('-', '_')}")
        for c in range(len(self.parts)):
            mine = [(picks[k], 1.0) for k, column in enumerate(self.columns) if column.part == c]
            model.add(mine, "==", 1, f"one_{c}")
        model.minimise(zip(every, cost.tolist(), strict=True))
        proof = model.solve(dataclasses.replace(options, time_limit_s=seconds, gap=options.gap * _PRICING_GAP))
        if proof.status in (Status.OPTIMAL, Status.WITHIN_GAP, Status.STOPPED):
            before, known = self.chosen, self._value(stage)
            self.chosen = [k for k, pick in enumerate(picks) if (pick.varValue or 0.0) > _CHOSEN]
            self.chosen.sort(key=lambda k: self.columns[k].part)
            if self._value(stage) > known:
                self.chosen = before

    def _price(self, stage: str, duals: Floats, options: SolverOptions, deadline: float) -> tuple[float, bool]:
        """Ask each component for its best plan at the prices; return the bound and whether any is new."""
        limits = dataclasses.replace(options, gap=max(options.gap * _PRICING_GAP, 1e-6))

        def one(c: int) -> tuple[float, dict[str, float] | None]:
            model = self.parts[c].model.model
            terms, constant = self._priced(stage, c, duals)
            model.minimise(terms)
            seconds = max((deadline - time.monotonic()) / 2, 0.5)
            proof = model.solve(dataclasses.replace(limits, time_limit_s=seconds))
            found = proof.status in (Status.OPTIMAL, Status.WITHIN_GAP, Status.STOPPED)
            return proof.bound + constant, snapshot(self.parts[c]) if found else None

        answers = side_by_side(one, range(len(self.parts)))
        fresh = False
        for c, (_bound, solution) in enumerate(answers):
            if solution is not None and not any(col.part == c and col.solution == solution for col in self.columns):
                column = Column(part=c, solution=solution)
                for name in self.objectives:
                    self._value_column(column, name)
                self.columns.append(column)
                fresh = True
        paid = float(sum(price * row.limit for price, row in zip(duals, self.rows, strict=True)))
        bound = sum(found for found, _ in answers) - paid
        return (bound if math.isfinite(bound) else 0.0), fresh

    def _priced(self, stage: str, c: int, duals: Floats) -> tuple[list[tuple[Any, float]], float]:
        """Return component c's objective and what its use of the rows costs."""
        terms: list[tuple[Any, float]] = []
        constant = 0.0
        parts = [(1.0, self.objectives[stage][c])] if stage not in LARGEST else []
        priced = zip(duals.tolist(), self.rows, strict=True)
        parts += [(price, row.usage[c]) for price, row in priced if price and c in row.usage]
        for factor, (more, fixed) in parts:
            terms += [(v, factor * k) for v, k in more]
            constant += factor * fixed
        return terms, constant

    def _enrich(self, stage: str, duals: Floats, options: SolverOptions, deadline: float) -> None:
        """Add plans that are best at somewhat other prices: more to choose from for the integer master."""
        for factor in _FACTORS:
            if time.monotonic() < deadline:
                self._price(stage, duals * factor, options, time.monotonic() + (deadline - time.monotonic()) / 2)

    # the choice in hand ---------------------------------------------------------------------------------------

    def _value(self, stage: str) -> float:
        """Return the value of the choice in hand; infinite where it breaks a row."""
        cost, rows, limit, names = self._matrix(stage)
        n = len(self.columns)
        used = rows[:, self.chosen].sum(axis=1)
        spare = limit - used + _BETTER * np.maximum(1.0, np.abs(limit))
        if not names:
            return float(cost[self.chosen].sum()) if (spare >= 0).all() else math.inf
        answer = optimize.linprog(cost[n:], A_ub=rows[:, n:], b_ub=spare, method="highs")
        return math.inf if answer.fun is None else float(cost[self.chosen].sum() + answer.fun)

    def finish(self) -> list[dict[str, float]]:
        """Return the solution chosen for each component, which its model is made to keep from now on."""
        for k in self.chosen:
            column = self.columns[k]
            model = self.parts[column.part].model
            kept = [
                (f"own_{name}", terms[column.part]) for name, terms in self.objectives.items() if name not in LARGEST
            ]
            kept += [
                (f"own_row_{r}", row.usage[column.part]) for r, row in enumerate(self.rows) if column.part in row.usage
            ]
            for name, (terms, _constant) in kept:
                if terms:
                    value = sum(c * column.solution.get(v.name, 0.0) for v, c in terms)
                    model.keep(terms, value, 5e-7 * max(1.0, abs(value)), name.replace("-", "_"))
        return [self.columns[k].solution for k in self.chosen]
