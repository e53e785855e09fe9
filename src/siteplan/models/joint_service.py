"""Who is served, in the joint model: coverage, room, walking, and a second facility in reach.

With n_St = 1 if no slot of the set S is open at the end of phase t (see :mod:`siteplan.models.reduce`), and x_gst the households of group g served
by slot s of a type with loads, for the phases t in which a row on the type is due and the groups of which one is due by then::

    n_St >= 1 - sum of y_st over S,  or n_St >= n_S't - sum of y_st over S without S' where S' lies in S (see models/prefix.py)
    u_r >= sum over S of households_rS n_St - (1 - share_r) H_r                     cover row r, type without loads
    sum over s of x_gst <= H_g,  x_gst <= H_g y_st,  sum over g of load_g x_gst <= a_st,  x_gst <= x_gst' in the next such phase t'
    sum over g, s in reach of x_gst + u_r >= share_r H_r                            cover row r due in t, type with loads
    b_S integer, 2 b_S >= 2 - sum of y_s over S                                     households of S lack a second facility

n and u are continuous: at integral y their least values are what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.models.joint_problem import Strength
from siteplan.models.reduce import Lists, SetTable, cover_sets, walking_sets

if TYPE_CHECKING:
    from siteplan.models.joint_openings import Affine
    from siteplan.models.joint_problem import CoverRow, Ints
    from siteplan.models.joint_rows import ElasticRows

METRE_UNIT = 1e3
"""Walking is handed to the solver in household-kilometres."""
_DIGITS = 9


@dataclass(frozen=True)
class _Group:
    """Demand points of one type that the same slots may serve, and that the same rows count in the same way."""

    slots: tuple[int, ...]
    rows: tuple[tuple[int, int], ...]
    load: float


class Service:
    """Cover rows, walking and backup of one component.

    Parameters
    ----------
    rows : ElasticRows
        Gets the shortfalls of the cover rows.
    lists : Lists
    """

    def __init__(self, rows: ElasticRows, lists: Lists) -> None:
        self.rows = rows
        self.openings = rows.openings
        self.model = rows.model
        self.problem = rows.problem
        self.component = rows.component
        self.lists = lists
        self.table = SetTable()
        self.n: dict[tuple[int, int], Any] = {}
        self.seconds: dict[int, tuple[Any, float]] = {}
        self.means: list[tuple[list[tuple[Any, float]], float, float]] = []
        self.equity: Any = None
        self.served: dict[int, list[tuple[Any, float]]] = {}
        loaded: dict[int, list[int]] = {}
        for r in self.component.cover_rows.tolist():
            row = self.problem.cover[r]
            if self.has_load(row.type):
                loaded.setdefault(row.type, []).append(r)
            else:
                self._cover(r, row)
        for type_, which in loaded.items():
            self._loaded(type_, which)

    def has_load(self, type_: int) -> bool:
        """Tell whether facilities of a type serve only so many."""
        return self.problem.load is not None and bool(np.isfinite(self.problem.load[type_]).any())

    def _cover(self, r: int, row: CoverRow) -> None:
        total = float(self.problem.weight[row.demand].sum())
        required = row.share * total
        terms: list[tuple[Any, float]] = []
        constant = 0.0
        for number, households in cover_sets(self.problem, self.lists, row, self.table).items():
            variable = self.none_open(number, row.due)
            if variable is None:
                constant += households
            else:
                terms.append((variable, households))
        spare = total - required
        if constant <= spare and not terms:
            return
        if spare <= 0:
            scaled = [(v, c / required) for v, c in terms]
            self.rows.shortfalls[Strength(row.strength)].append((scaled, constant / required))
        else:
            self.rows.elastic([(v, -c) for v, c in terms], constant - spare, required, row.strength, f"cover_{r}")

    def none_open(self, number: int, t: int) -> Any:
        """Return n_St, adding it at first use; None where no slot of S can ever be opened (n_St = 1)."""
        if (number, t) in self.n:
            return self.n[number, t]
        members = [s for s in self.table.members[number] if (s, t) in self.openings.y]
        if not members:
            self.n[number, t] = None
            return None
        n = self.model.var(f"n_{number}_{t}", 0, 1)
        within = self.table.inner.get(number, -1)
        inner = self.n.get((within, t))
        known = set(self.table.members[within]) if inner is not None else set()
        more = [(self.openings.y[s, t], 1.0) for s in members if s not in known]
        if inner is None:
            self.model.add([(n, 1.0), *more], ">=", 1, f"none_{number}_{t}")
        else:
            self.model.add([(n, 1.0), (inner, -1.0), *more], ">=", 0, f"none_{number}_{t}")
        self.n[number, t] = n
        return n

    # facilities with room for so many -------------------------------------------------------------------------

    def _loaded(self, type_: int, which: list[int]) -> None:
        """Add the flows of one type and the cover rows that count them: whoever is served stays served by the same facility."""
        cover = self.problem.cover
        covered: dict[int, list[tuple[Any, float]]] = {r: [] for r in which}
        groups = list(enumerate(self._groups(type_, which).items()))
        before: dict[tuple[int, int], Any] = {}
        for t in sorted({cover[r].due for r in which}):
            taken: dict[int, list[tuple[Any, float]]] = {}
            for g, (group, households) in groups:
                if all(cover[r].due > t for r, _near in group.rows):
                    continue
                flows = self._flows(group, households, t, f"{type_}_{t}_{g}")
                for position, s, x in flows:
                    taken.setdefault(s, []).append((x, group.load))
                    for r, near in group.rows:
                        if position < near and cover[r].due == t:
                            covered[r].append((x, 1.0))
                    if (g, s) in before:
                        self.model.add([(before[g, s], 1.0), (x, -1.0)], "<=", 0, f"still_{x.name}")
                    before[g, s] = x
                if flows:
                    self.model.add([(x, 1.0) for _, _, x in flows], "<=", households, f"of_{type_}_{t}_{g}")
            self._room(taken, t)
        for r, terms in covered.items():
            required = cover[r].share * float(self.problem.weight[cover[r].demand].sum())
            self.rows.elastic(terms, required, required, cover[r].strength, f"cover_{r}")
            self.served[r] = terms

    def _room(self, taken: dict[int, list[tuple[Any, float]]], t: int) -> None:
        """Let the households of each slot take no more room than it has at the end of phase t."""
        for s, terms in taken.items():
            area = [(self.openings.a[s, t], -1.0)] if (s, t) in self.openings.a else []
            stands = 0.0 if area else float(self.problem.slots.existing_m2[s])
            if any(c for _, c in terms):
                self.model.add([*terms, *area], "<=", stands, f"room_{s}_{t}")

    def _flows(self, group: _Group, households: float, t: int, name: str) -> list[tuple[int, int, Any]]:
        """Return (position, slot, x_gst) for each slot of the group that may be open."""
        flows = []
        for position, s in enumerate(group.slots):
            opened, constant = self.openings.opened(s, t)
            if opened or constant:
                x = self.model.var(f"x_{name}_{s}", 0, households)
                flows.append((position, s, x))
                if opened:
                    self.model.add([(x, 1.0), *((v, -households * c) for v, c in opened)], "<=", 0, f"by_{x.name}")
        return flows

    def _groups(self, type_: int, which: list[int]) -> dict[_Group, float]:
        """Return households by group for the cover rows ``which`` of one type."""
        assert self.problem.load is not None
        of: dict[int, list[int]] = {}
        for r in which:
            for i in self.problem.cover[r].demand.tolist():
                of.setdefault(i, []).append(r)
        groups: dict[_Group, float] = {}
        for i, rows in of.items():
            slots, cost = self.lists.of(type_, i)
            near = tuple((r, int(np.searchsorted(cost, self.problem.cover[r].reach, side="right"))) for r in rows)
            weight, load = float(self.problem.weight[i]), float(self.problem.load[type_, i])
            each = 0.0 if weight <= 0 or np.isnan(load) else round(load / weight, _DIGITS)
            most = max(n for _, n in near)
            key = _Group(tuple(slots[:most].tolist()), near, each)
            groups[key] = groups.get(key, 0.0) + weight
        return groups

    # objectives -----------------------------------------------------------------------------------------------

    def walking(self, demand: Ints | None = None) -> Affine:
        """Return the household-kilometres at the end of the last phase; adds the sets that walking needs.

        Parameters
        ----------
        demand : (n,) int64, optional
            Pairs of type and demand point, type * n_demand + i; by default all of the component.
        """
        pairs = self.component.demand if demand is None else demand
        constant, metres = walking_sets(self.problem, self.lists, pairs, self.table)
        terms: list[tuple[Any, float]] = []
        for number, amount in metres.items():
            variable = self.none_open(number, self.openings.last)
            if variable is None:
                constant += amount
            else:
                terms.append((variable, amount / METRE_UNIT))
        return terms, constant / METRE_UNIT

    def worst_mean(self) -> Any:
        """Add and return a variable that is at least every community's mean walk, in kilometres.

        The mean is over the households and over the types that some facility may serve them of.
        """
        assert self.problem.community is not None
        n_demand = self.problem.limit.shape[1]
        demand = self.component.demand
        counted = ~np.isnan(self.problem.limit[demand // n_demand, demand % n_demand])
        demand = demand[counted]
        home = self.problem.community[demand % n_demand]
        worst = self.equity = self.model.var("equity", 0, None)
        for c in np.unique(home).tolist():
            mine = demand[home == c]
            walks = float(self.problem.weight[mine % n_demand].sum())
            if walks > 0:
                terms, constant = self.walking(mine)
                self.means.append((terms, constant, walks))
                self.model.add([(worst, walks), *((v, -k) for v, k in terms)], ">=", constant, f"mean_{c}")
        return worst

    def lacking(self) -> Affine:
        """Return the households, summed over types, that have fewer than two facilities in reach; adds b_S."""
        terms: list[tuple[Any, float]] = []
        constant = 0.0
        widest: dict[tuple[int, int], float] = {}
        for r in self.component.cover_rows.tolist():
            row = self.problem.cover[r]
            for i in row.demand.tolist():
                widest[row.type, i] = max(widest.get((row.type, i), 0.0), row.reach)
        sets: dict[int, float] = {}
        for (type_, i), reach in widest.items():
            slots, cost = self.lists.of(type_, i)
            number = self.table.number(tuple(slots[: np.searchsorted(cost, reach, side="right")].tolist()))
            sets[number] = sets.get(number, 0.0) + float(self.problem.weight[i])
        for number, households in sets.items():
            parts = [self.openings.opened(s, self.openings.last) for s in self.table.members[number]]
            opened = [term for part, _ in parts for term in part]
            stands = sum(known for _, known in parts)
            if stands + len(opened) < 2:  # noqa: PLR2004
                constant += households
            elif stands < 2:  # noqa: PLR2004
                b = self.model.var(f"b_{number}", 0, 1, integer=True)
                self.model.add([(b, 2.0), *opened], ">=", 2.0 - stands, f"second_{number}")
                self.seconds[number] = (b, stands)
                terms.append((b, households))
        return terms, constant
