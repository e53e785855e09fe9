"""Openings and areas of the joint model: what is open when, how large, inside what, and what fits at a site.

With binaries y_st (slot s is open at the end of phase t) and areas a_st::

    y_st <= y_s,t+1,  a_st <= a_s,t+1                            phases are nested
    min_s y_st <= a_st <= max_s y_st                             size          (new slots)
    existing_s <= a_st <= max_s                                  size          (existing slots; y_st = 1)
    y_st <= y_ht,  sum of a_st over the rooms of h <= a_ht       rooms inside their host h
    sum of new a_s over outermost floor slots of j <= floor_j    floor         (last phase)
    sum of new land a_s + new floor a_s / storeys_j <= land_j    land          (last phase; outermost slots)

Floor and land are never added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siteplan.errors import SolverError
from siteplan.models.joint_problem import Space

if TYPE_CHECKING:
    from siteplan.models.components import Component
    from siteplan.models.joint_problem import JointProblem
    from siteplan.models.solver import Model

Affine = tuple[list[tuple[Any, float]], float]
"""Terms and a constant."""


class Openings:
    """The variables y and a of one component, and the rows that hold them together.

    Parameters
    ----------
    model : Model
    problem : JointProblem
    component : Component
    """

    def __init__(self, model: Model, problem: JointProblem, component: Component) -> None:
        self.model = model
        self.problem = problem
        self.component = component
        self.phases = range(problem.n_phases)
        self.last = problem.n_phases - 1
        self.y: dict[tuple[int, int], Any] = {}
        self.a: dict[tuple[int, int], Any] = {}
        self._slots()
        self._nested()
        self._rooms()
        self._capacity()

    def _slots(self) -> None:
        slots, sites = self.problem.slots, self.problem.sites
        for s in self.component.slots.tolist():
            low, high = float(slots.min_m2[s]), float(slots.max_m2[s])
            has_area = slots.space[s] != Space.NONE
            for t in self.phases:
                if slots.existing[s]:
                    if has_area and high > 0:
                        least = max(float(slots.existing_m2[s]), low if t == self.last else 0.0)
                        self.a[s, t] = self.model.var(f"a_{s}_{t}", min(least, high), high)
                elif sites.state[slots.site[s]] >= 0 and slots.state[s] >= 0 and not (has_area and low > high):
                    self._new_slot(s, t, low, high if has_area else 0.0)
                elif slots.state[s] > 0:
                    raise SolverError(
                        f"{self.model.problem.name}: no plan holds slot {s}, which is locked and cannot be opened"
                    )

    def _new_slot(self, s: int, t: int, low: float, high: float) -> None:
        must = self.problem.slots.state[s] > 0 and t == self.last
        y = self.y[s, t] = self.model.var(f"y_{s}_{t}", int(must), 1, integer=True)
        if high > 0:
            a = self.a[s, t] = self.model.var(f"a_{s}_{t}", 0, high)
            self.model.add([(a, 1), (y, -high)], "<=", 0, f"largest_{s}_{t}")
            if low > 0:
                self.model.add([(a, 1), (y, -low)], ">=", 0, f"smallest_{s}_{t}")

    def _nested(self) -> None:
        for name, variables in (("stays", self.y), ("grows", self.a)):
            for (s, t), variable in variables.items():
                if t < self.last:
                    later = variables[s, t + 1]
                    self.model.add([(variable, 1), (later, -1)], "<=", 0, f"{name}_{s}_{t}")

    def opened(self, s: int, t: int) -> Affine:
        """Return y_st as terms and a constant."""
        if (s, t) in self.y:
            return [(self.y[s, t], 1.0)], 0.0
        return [], 1.0 if self.problem.slots.existing[s] else 0.0

    def new_area(self, s: int, t: int, factor: float) -> Affine:
        """Return factor * (a_st - existing_s) as terms and a constant."""
        if (s, t) not in self.a:
            return [], 0.0
        return [(self.a[s, t], factor)], -factor * float(self.problem.slots.existing_m2[s])

    def _rooms(self) -> None:
        slots = self.problem.slots
        rooms: dict[tuple[int, int], list[int]] = {}
        for s, t in self.y:
            host = int(slots.host[s])
            if host < 0:
                continue
            terms, constant = self.opened(host, t)
            self.model.add([(self.y[s, t], 1), *((v, -c) for v, c in terms)], "<=", constant, f"inside_{s}_{t}")
            if (s, t) in self.a:
                rooms.setdefault((host, t), []).append(s)
        for (host, t), inner in rooms.items():
            terms = [(self.a[s, t], 1.0) for s in inner]
            if (host, t) in self.a:
                terms.append((self.a[host, t], -1.0))
            self.model.add(terms, "<=", 0, f"rooms_{host}_{t}")

    def _capacity(self) -> None:
        slots, sites = self.problem.slots, self.problem.sites
        floor: dict[int, list[Affine]] = {}
        land: dict[int, list[Affine]] = {}
        for s in self.component.slots.tolist():
            j = int(slots.site[s])
            if slots.space[s] == Space.FLOOR and slots.host[s] < 0:
                floor.setdefault(j, []).append(self.new_area(s, self.last, 1.0))
                if sites.storeys[j] > 0:
                    land.setdefault(j, []).append(self.new_area(s, self.last, 1.0 / float(sites.storeys[j])))
            elif slots.space[s] == Space.LAND and slots.host[s] < 0:
                land.setdefault(j, []).append(self.new_area(s, self.last, 1.0))
        for name, parts, capacity in (("floor", floor, sites.floor), ("land", land, sites.land)):
            for j, pieces in parts.items():
                terms = [term for piece, _ in pieces for term in piece]
                if terms:
                    self.model.add(terms, "<=", float(capacity[j]) - sum(c for _, c in pieces), f"{name}_{j}")
