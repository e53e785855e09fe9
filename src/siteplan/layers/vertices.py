"""Vertices of lines that are the same place, and which lines hang together by them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse import csgraph

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]

TOLERANCE_M = 0.1
"""Metres of the raster that coordinates are rounded to when shared vertices are looked for."""


def vertex_ids(xy: Floats, tolerance_m: float = TOLERANCE_M) -> Ints:
    """Return one id for all coordinates that round to the same place, (n,) int64.

    >>> vertex_ids(np.array([[0.0, 0.0], [5.0, 5.0], [0.04, 0.0]])).tolist()
    [0, 1, 0]
    """
    cell = np.rint(xy / tolerance_m)
    x = np.unique(cell[:, 0], return_inverse=True)[1].astype(np.int64)
    rows, y = np.unique(cell[:, 1], return_inverse=True)
    ids: Ints = np.unique(x * max(1, len(rows)) + y, return_inverse=True)[1].astype(np.int64)
    return ids


def parts_of(lines: npt.NDArray[np.object_]) -> Ints:
    """Return the part of the network that each line belongs to, (n,) int64, 0 being the longest.

    Lines hang together by shared vertices, anywhere along them.

    >>> lines = shapely.linestrings([[[0, 0], [9, 0]], [[0, 50], [1, 50]], [[9, 0], [9, 9]]])
    >>> parts_of(lines).tolist()
    [0, 1, 0]
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    if not len(xy):
        return np.zeros(len(lines), dtype=np.int64)
    vertex = len(lines) + vertex_ids(xy)
    size = int(vertex.max()) + 1
    joined = sparse.csr_array((np.ones(len(xy), dtype=np.int8), (line, vertex)), shape=(size, size))
    component = csgraph.connected_components(joined, directed=False)[1][: len(lines)]
    found, label = np.unique(component, return_inverse=True)
    length = np.bincount(label, weights=shapely.length(lines), minlength=len(found))
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.argsort(-length, kind="stable")] = np.arange(len(found))
    return rank[label]
