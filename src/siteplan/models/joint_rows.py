"""Elastic rows of the joint model on areas, openings and faults: each has its own shortfall, so that a plan always comes back.

With shortfalls u_r at the phase t in which row r is due::

    sum of a_st + u_r >= required_r                              area row r
    a_s,last + u_r >= least_r y_s,last                           size row r
    sum of y_st + u_r >= required_r                              count row r
    v_f >= y_s + y_b - 1 for each b of f                         fault f: too near to b
    v_f >= y_s - sum of y_b over f                               fault f: without company
    w_c <= areas (openings) of c / least,  sum of w_c + u_r >= required_r      share row r
    o_j <= sum of y_s,last over new slots of j,  o_j + u_j >= 1  site j that must be opened
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.joint_problem import Strength

if TYPE_CHECKING:
    from scipy import sparse

    from siteplan.models.joint_money import Money
    from siteplan.models.joint_openings import Affine, Openings
    from siteplan.models.joint_problem import ShareRow


class ElasticRows:
    """Shortfalls of one component.

    Attributes
    ----------
    shortfalls : dict of Strength to list of Affine
        Relative shortfall of each row.
    aims : dict of int to variable
        Missing m2 of soft area rows, where they are priced, by row.
    """

    def __init__(self, openings: Openings, money: Money) -> None:
        self.openings = openings
        self.money = money
        self.model = openings.model
        self.problem = openings.problem
        self.component = openings.component
        self.shortfalls: dict[Strength, list[Affine]] = {s: [] for s in Strength}
        self.aims: dict[int, Any] = {}
        self._area()
        self._size()
        self._count()
        self._faults()
        self._shares()
        self._required_sites()

    def elastic(self, terms: list[tuple[Any, float]], right: float, required: float, strength: int, name: str) -> Any:
        """Add ``terms + u >= right`` with u in [0, required], count u / required, and return u."""
        u = self.model.var(f"u_{name}", 0, max(required, 0.0))
        self.model.add([*terms, (u, 1.0)], ">=", right, name)
        self.shortfalls[Strength(strength)].append(([(u, 1.0 / required)], 0.0))
        return u

    def _area(self) -> None:
        rows, a = self.problem.area, self.openings.a
        for r in self.component.area_rows.tolist():
            t = int(rows.due[r])
            terms = [(a[s, t], 1.0) for s in members(rows.matrix, r) if (s, t) in a]
            required = float(rows.required[r])
            if rows.strength[r] == Strength.SOFT and self.problem.aim_price is not None:
                u = self.model.var(f"u_area_{r}", 0, required)
                self.model.add([*terms, (u, 1.0)], ">=", required, f"area_{r}")
                self.aims[r] = u
            else:
                self.elastic(terms, required, required, int(rows.strength[r]), f"area_{r}")

    def _size(self) -> None:
        rows, last = self.problem.size, self.openings.last
        if rows is None:
            return
        for r in np.flatnonzero(np.isin(rows.slot, self.component.slots)).tolist():
            s, least = int(rows.slot[r]), float(rows.least_m2[r])
            opened, constant = self.openings.opened(s, last)
            if (s, last) not in self.openings.a:  # where it is open it has no area: what it lacks is given
                if opened or constant:
                    self.shortfalls[Strength(int(rows.strength[r]))].append((opened, constant))
                continue
            terms = [(self.openings.a[s, last], 1.0), *((v, -least * c) for v, c in opened)]
            self.elastic(terms, least * constant, least, int(rows.strength[r]), f"size_{r}")

    def _count(self) -> None:
        rows = self.problem.count
        for r in self.component.count_rows.tolist():
            terms, constant = self._opened(members(rows.matrix, r), int(rows.due[r]))
            required = float(rows.required[r])
            self.elastic(terms, required - constant, required, int(rows.strength[r]), f"count_{r}")

    def _opened(self, slots: list[int], t: int) -> Affine:
        """Return the number of open slots."""
        parts = [self.openings.opened(s, t) for s in slots]
        return [term for terms, _ in parts for term in terms], sum(constant for _, constant in parts)

    def _faults(self) -> None:
        faults = self.problem.faults
        if faults is None:
            return
        for f in self.component.faults.tolist():
            s, others = int(faults.slot[f]), members(faults.matrix, f)
            terms, constant = self.openings.opened(s, self.openings.last)
            if faults.unless[f]:
                causes = [self._opened(others, self.openings.last)]
                causes = [([(v, -c) for v, c in causes[0][0]], 1.0 - causes[0][1])]
            else:
                causes = [self.openings.opened(b, self.openings.last) for b in others] or [([], 1.0)]
            self._fault(f, terms, constant, causes)

    def _fault(self, f: int, terms: list[tuple[Any, float]], constant: float, causes: list[Affine]) -> None:
        """Add v_f >= y_s + cause - 1 for each cause."""
        assert self.problem.faults is not None
        strength = Strength(int(self.problem.faults.strength[f]))
        open_ = [cause for cause in causes if terms or cause[0] or constant + cause[1] > 1]
        if not open_ or not (terms or constant):
            return
        if any(not terms and not cause[0] for cause in open_):  # all that makes it stands
            self.shortfalls[strength].append(([], 1.0))
            return
        # what stands without company cannot be barred: it counts until company is built
        barred = strength == Strength.HARD and not (self.problem.faults.unless[f] and not terms)
        v = self.model.var(f"v_{f}", 0, 0 if barred else 1)
        for n, (more, known) in enumerate(open_):
            left = [(v, 1.0), *((x, -c) for x, c in terms), *((x, -c) for x, c in more)]
            self.model.add(left, ">=", constant + known - 1.0, f"fault_{f}_{n}")
        if not barred:
            self.shortfalls[strength].append(([(v, 1.0)], 0.0))

    def _shares(self) -> None:
        for r in self.component.shares.tolist():
            row = self.problem.shares[r]
            met = [self.meets(row, c, f"{r}_{c}") for c in range(row.matrix.shape[0])]
            terms = [term for part, _ in met for term in part]
            right = row.required - sum(constant for _, constant in met)
            self.elastic(terms, right, row.required, row.strength, f"share_{r}")

    def meets(self, row: ShareRow, c: int, name: str) -> Affine:
        """Return whether community c has what the row asks, a binary or a constant."""
        slots, t = members(row.matrix, c), row.due
        if row.area:
            terms = [(self.openings.a[s, t], 1.0) for s in slots if (s, t) in self.openings.a]
            stands = sum(float(self.problem.slots.existing_m2[s]) for s in slots)
            constant = 0.0
        else:
            terms, constant = self._opened(slots, t)
            stands = constant
        if stands >= row.least:
            return [], 1.0
        if not terms:
            return [], 0.0
        w = self.model.var(f"w_{name}", 0, 1, integer=True)
        self.model.add([*terms, (w, -row.least)], ">=", -constant, f"meets_{name}")
        return [(w, 1.0)], 0.0

    def _required_sites(self) -> None:
        sites, slots, last = self.problem.sites, self.problem.slots, self.openings.last
        here = np.flatnonzero(sites.state[self.component.sites] > 0)
        for j in self.component.sites[here].tolist():
            new = [(y, -1.0) for (s, t), y in self.openings.y.items() if t == last and slots.site[s] == j]
            opened = self.model.var(f"o_{j}", 0, 1)
            self.model.add([(opened, 1.0), *new], "<=", 0, f"opened_{j}")
            self.elastic([(opened, 1.0)], 1.0, 1.0, Strength.HARD, f"required_{j}")


def members(matrix: sparse.csr_array, r: int) -> list[int]:
    """Return the columns of row r."""
    found: list[int] = matrix.indices[matrix.indptr[r] : matrix.indptr[r + 1]].tolist()
    return found
