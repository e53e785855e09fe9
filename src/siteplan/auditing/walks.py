"""Walking metres from every building to every facility of a plan, recomputed from the layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from siteplan.access.matrix import CostMatrix

ANYONE = "anyone"


@dataclass(frozen=True, kw_only=True, eq=False)
class Walks:
    """Who may be served by which facility, and how far the walk is.

    Parameters
    ----------
    matrix : CostMatrix
        From buildings to sites, metres.
    community : (n_demand,) object
        Community of each building.
    facilities : DataFrame, columns id, type, community_id
        Facilities of the plan.
    site : (n_facilities,) int64
        Column of ``matrix`` at which each facility stands.
    serves : mapping of str to str
        By facility type: ``"community"`` (buildings of the facility's own community) or ``"anyone"``.
    """

    matrix: CostMatrix
    community: npt.NDArray[np.object_]
    facilities: pd.DataFrame
    site: npt.NDArray[np.int64]
    serves: Mapping[str, str]

    @cached_property
    def _by_site(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        order = np.argsort(self.matrix.j, kind="stable")
        starts = np.searchsorted(self.matrix.j[order], np.arange(len(self.matrix.candidates) + 1))
        return order.astype(np.int64), starts.astype(np.int64)

    def of_facility(self, row: int, *, own: bool = False) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Return the buildings that facility ``row`` may serve within the cutoff, and the metres of each."""
        order, starts = self._by_site
        column = int(self.site[row])
        pairs = order[starts[column] : starts[column + 1]]
        buildings, metres = self.matrix.i[pairs], self.matrix.cost[pairs]
        if own or self.serves.get(str(self.facilities["type"].iloc[row]), ANYONE) != ANYONE:
            mine = self.community[buildings] == self.facilities["community_id"].iloc[row]
            buildings, metres = buildings[mine], metres[mine]
        return buildings, metres

    def rows_of(self, types: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return the rows of the facilities of ``types``."""
        return np.flatnonzero(self.facilities["type"].isin(list(types)).to_numpy(dtype=bool))

    def nearest(
        self, types: Iterable[str], among: npt.NDArray[np.bool_] | None = None, *, own: bool = False
    ) -> npt.NDArray[np.float64]:
        """Return the metres from each building to the nearest facility of ``types`` that may serve it; inf: none.

        Parameters
        ----------
        among : (n_facilities,) bool, optional
            Facilities that are looked at; by default all.
        own : bool
            Whether only buildings of the facility's own community are served, whatever its type says.
        """
        metres = np.full(len(self.community), np.inf)
        rows = self.rows_of(types)
        for row in rows if among is None else rows[among[rows]]:
            buildings, cost = self.of_facility(int(row), own=own)
            metres[buildings] = np.minimum(metres[buildings], cost)
        return metres

    def may_be_served(self, kind: str, among: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Tell which buildings some facility of type ``kind`` may serve, however far, of the facilities ``among``."""
        rows = self.rows_of([kind])
        rows = rows[among[rows]]
        if self.serves.get(kind, ANYONE) == ANYONE:
            return np.full(len(self.community), len(rows) > 0)
        homes = set(self.facilities["community_id"].iloc[rows])
        return np.fromiter((home in homes for home in self.community), dtype=np.bool_, count=len(self.community))

    def to_claimed(self, buildings: npt.NDArray[np.int64], facility: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the metres of claimed pairs; inf where the facility is unknown (-1), not eligible or too far."""
        metres = np.full(len(buildings), np.inf)
        for row in np.unique(facility[facility >= 0]):
            mine = np.flatnonzero(facility == row)
            near, cost = self.of_facility(int(row))
            if not len(near):
                continue
            order = np.argsort(near)
            place = np.minimum(np.searchsorted(near[order], buildings[mine]), len(near) - 1)
            found = near[order][place] == buildings[mine]
            metres[mine[found]] = cost[order][place[found]]
        return metres
