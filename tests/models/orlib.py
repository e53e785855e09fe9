"""Instances of J. E. Beasley's OR-Library as problems (Journal of the Operational Research Society 41 (1990) 1069-1072)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from siteplan.models.point_problem import PointProblem

if TYPE_CHECKING:
    from pathlib import Path

P_MEDIAN = {"pmed1": 5819, "pmed2": 4093, "pmed5": 1355, "pmed6": 7824, "pmed10": 1255}
P_CENTER = {"pmed1": 127, "pmed10": 20}
SET_COVER = {"scp41": 429, "scp51": 253, "scpa1": 253}
LARGE_P_MEDIAN = {"pmed16": 8162, "pmed20": 1789, "pmed30": 1989}
"""Proven optima."""


def graph(path: Path) -> tuple[PointProblem, int]:
    """Return a p-median graph with every vertex as demand point and candidate, and its p.

    Costs are the shortest paths; where an edge stands twice the later one counts.
    """
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
    n, _edges, p = (int(word) for word in rows[0])
    length = {}
    for a, b, cost in rows[1:]:
        length[min(int(a), int(b)) - 1, max(int(a), int(b)) - 1] = float(cost)
    ends = np.array(list(length))
    edges = sparse.csr_array((np.array(list(length.values())), (ends[:, 0], ends[:, 1])), shape=(n, n))
    cost = shortest_path(edges, directed=False)
    i, j = np.indices((n, n)).reshape(2, -1)
    return PointProblem(weight=np.ones(n), i=i, j=j, cost=cost.ravel(), state=np.zeros(n, dtype=np.int64)), p


def set_cover(path: Path) -> PointProblem:
    """Return a set cover: a row is a demand point, a column a candidate with its cost, and a pair costs 1."""
    words = iter(path.read_text(encoding="ascii").split())
    n_rows, n_columns = int(next(words)), int(next(words))
    fixed = np.array([float(next(words)) for _ in range(n_columns)])
    i, j = [], []
    for row in range(n_rows):
        for _ in range(int(next(words))):
            i.append(row)
            j.append(int(next(words)) - 1)
    return PointProblem(
        weight=np.ones(n_rows),
        i=np.array(i),
        j=np.array(j),
        cost=np.ones(len(i)),
        state=np.zeros(n_columns, dtype=np.int64),
        fixed=fixed,
    )
