"""Random small joint problems in which every kind of array occurs, and what of them can be left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from toy_problems import Row, Slot, faults_of, rows_of, share_of, sites_of, slots_of

from siteplan.models.joint_problem import Budget, CoverRow, Fund, JointProblem, SizeRows, Space

CENTRE, ROOM, SQUARE, POST = range(4)
"""Facility types: on floor; on floor, inside a centre where there is one; on land; without area."""
HARD, TARGET, SOFT = range(3)


class _Draw:
    """Draws one problem."""

    def __init__(self, seed: int, *, n_phases: int, n_sites: int, n_demand: int, most_new: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.n_phases, self.n_sites, self.n_demand, self.most_new = n_phases, n_sites, n_demand, most_new
        self.entries: list[Slot] = []

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def whole(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high))

    def some(self, values: list[int], least: int = 1) -> list[int]:
        size = self.whole(min(least, len(values)), len(values) + 1)
        return sorted(self.rng.choice(values, size, replace=False).tolist()) if values else []

    def due(self) -> int:
        return self.whole(0, self.n_phases)

    def strength(self) -> int:
        return int(self.rng.choice([HARD, HARD, TARGET, SOFT]))

    def of_type(self, k: int, sites: set[int] | None = None) -> list[int]:
        return [s for s, e in enumerate(self.entries) if e.type == k and (sites is None or e.site in sites)]

    # what there is ------------------------------------------------------------------------------------------------

    def slots(self) -> None:
        for j in range(self.n_sites):
            stands = self.chance(0.3)
            if stands:
                area = float(self.whole(1, 6))
                self.entries.append(Slot(j, CENTRE, area, high=area + self.whole(0, 7), price=1e4 * self.whole(1, 5)))
            kinds = [k for k in (CENTRE, ROOM, SQUARE, POST) if self.chance(0.6) and not (stands and k == CENTRE)]
            centre = len(self.entries) - 1 if stands else -1
            for k in kinds:
                if sum(e.existing_m2 is None for e in self.entries) >= self.most_new:
                    break
                if k == CENTRE:
                    centre = len(self.entries)
                host = centre if k == ROOM and centre >= 0 and self.chance(0.7) else -1
                self.entries.append(self._new(j, k, host))

    def _new(self, j: int, k: int, host: int) -> Slot:
        if k == POST:
            return Slot(j, k, high=0.0, space=Space.NONE, price=0.0, state=-self.whole(0, 8) // 7)
        low = float(self.whole(0, 4))
        return Slot(
            j, k, low=low, high=low + self.whole(0, 9), host=host, space=Space.LAND if k == SQUARE else Space.FLOOR,
            price=0.0 if host >= 0 else 1e4 * self.whole(1, 5), state=int(self.rng.choice([0] * 14 + [1, -1])),
        )  # fmt: skip

    def sites(self) -> dict[str, Any]:
        n = self.n_sites
        places = self.rng.integers(0, 2, n) if self.chance(0.4) else np.full(n, -1)
        return {
            "floor": self.rng.integers(1, 14, n), "land": self.rng.integers(0, 12, n), "storeys": self.rng.integers(0, 3, n),
            "fixed": self.rng.integers(0, 3, n) * 1e4, "state": self.rng.choice([0, 0, 0, 0, 0, 0, 1, -1], n), "place": places,
        }  # fmt: skip

    # what is asked ------------------------------------------------------------------------------------------------

    def area(self) -> list[Row]:
        rows = [
            Row(self.some(self.of_type(k)), float(self.whole(1, 14)), self.strength(), self.due())
            for k in (CENTRE, ROOM, SQUARE, CENTRE)
            if self.of_type(k) and self.chance(0.6)
        ]
        every = [s for s, e in enumerate(self.entries) if e.space != Space.NONE]
        return [*rows, Row(every, 1.0, SOFT)]  # nothing falls apart

    def count(self) -> list[Row]:
        return [
            Row(self.some(self.of_type(k)), float(self.whole(1, 3)), self.strength(), self.due())
            for k in range(4)
            if self.of_type(k) and self.chance(0.6)
        ]

    def size(self) -> SizeRows | None:
        here = [s for s, e in enumerate(self.entries) if e.space != Space.NONE and self.chance(0.4)]
        if not here:
            return None
        least = self.rng.integers(2, 9, len(here)).astype(float)
        return SizeRows(slot=np.array(here), least_m2=least, strength=np.array([self.strength() for _ in here]))

    def faults(self) -> list[tuple[int, bool, list[int], int]]:
        found = []
        for s in range(len(self.entries)):
            others = [b for b in range(len(self.entries)) if b != s]
            if others and self.chance(0.5):
                found.append((s, self.chance(0.5), self.some(others)[: self.whole(0, 4)], self.strength()))
        return found

    def shares(self) -> list[Any]:
        found = []
        for area in (True, False):
            sites = [[j] for j in range(self.n_sites)] if self.n_sites < 4 else [[0], [1], [2, 3]]
            k = CENTRE if area else self.whole(0, 4)
            if self.chance(0.35):
                communities = [self.of_type(k, set(here)) for here in sites]
                least = float(self.whole(2, 7)) if area else float(self.whole(1, 3))
                required = float(self.whole(1, len(sites) + 1))
                more = {"area": area, "strength": self.strength(), "due": self.due()}
                found.append(share_of(len(self.entries), communities, least, required, **more))
        return found

    def cover(self) -> list[CoverRow]:
        return [
            CoverRow(
                type=k, demand=np.array(self.some(list(range(self.n_demand)))), reach=100.0 * self.whole(3, 10),
                strength=self.strength(), share=float(self.rng.choice([1.0, 1.0, 0.8, 0.5])), due=self.due(),
            )
            for k in (CENTRE, ROOM, SQUARE, POST, CENTRE, ROOM)
            if self.chance(0.5)
        ]  # fmt: skip

    def load(self) -> np.ndarray | None:
        if self.chance(0.3):
            return None
        load = np.full((4, self.n_demand), np.nan)
        for k in self.some([CENTRE, ROOM]):
            some = np.array(self.some(list(range(self.n_demand)), 2))
            load[k, some] = self.rng.integers(0, 9, len(some))
        return load

    # money --------------------------------------------------------------------------------------------------------

    def budgets(self) -> list[Budget]:
        every, found = np.arange(self.n_sites), []
        if self.chance(0.4):
            found.append(Budget(sites=np.array(self.some(list(every))), limit=1e4 * self.whole(1, 15)))
        if self.chance(0.5):
            found += [
                Budget(sites=every, limit=1e4 * self.whole(0, 15), phase=t)
                for t in range(self.n_phases)
                if self.n_phases == 1 or self.chance(0.9)
            ]
        return found

    def funds(self) -> list[Fund]:
        if self.chance(0.6):
            return []
        return [
            Fund(
                sites=np.array(self.some(list(range(self.n_sites)))),
                limits=tuple(1e4 * self.whole(0, 16) for _t in range(self.n_phases)),
            )
            for _f in range(self.whole(1, 4))
        ]

    def problem(self) -> JointProblem:
        while not self.entries:
            self.slots()
        n = len(self.entries)
        pairs = [(i, s) for i in range(self.n_demand) for s in range(n) if self.chance(0.6)]
        metres = 100.0 * self.rng.integers(1, 10, len(pairs))
        limit = np.full((4, self.n_demand), np.nan)
        for i, s in pairs:
            limit[self.entries[s].type, i] = 900.0
        faults = self.faults() if self.chance(0.7) else []
        return JointProblem(
            weight=self.rng.integers(1, 6, self.n_demand).astype(float),
            slots=slots_of(self.entries), sites=sites_of(self.n_sites, **self.sites()),
            pair_demand=np.array([i for i, _ in pairs], dtype=np.int64), pair_slot=np.array([s for _, s in pairs], dtype=np.int64),
            pair_cost=metres, limit=limit, area=rows_of(n, self.area()), count=rows_of(n, self.count()), size=self.size(),
            faults=faults_of(n, faults) if faults else None, cover=tuple(self.cover()), shares=tuple(self.shares()),
            budgets=tuple(self.budgets()), funds=tuple(self.funds()),
            max_sites=self.whole(0, self.n_sites) if self.chance(0.4) else None,
            aim_price=float(self.rng.choice([5e3, 15e3, 35e3])) if self.chance(0.3) else None,
            load=self.load(), community=self.rng.integers(0, 2, self.n_demand),
            facility_yuan=float(self.rng.choice([0.0, 1e3, 15e3])), walking_yuan_per_km=float(self.rng.choice([1e2, 1e4, 4e4])),
            cost_slack=float(self.rng.choice([0.0, 0.02, 0.4])),
            wait=self.rng.integers(0, 9, n).astype(float), earliest=self.rng.integers(0, self.n_phases, n),
            previous=(self.rng.random(n) < 0.5) & np.array([e.existing_m2 is None for e in self.entries]) if self.chance(0.3) else None,
            extra=tuple(name for name in ("equity", "backup") if self.chance(0.25)), n_phases=self.n_phases,
        )  # fmt: skip


def random_joint(seed: int, *, n_phases: int, n_sites: int = 3, n_demand: int = 4, most_new: int = 6) -> JointProblem:
    """Return a random problem whose parts are all coupled."""
    return _Draw(seed, n_phases=n_phases, n_sites=n_sites, n_demand=n_demand, most_new=most_new).problem()
