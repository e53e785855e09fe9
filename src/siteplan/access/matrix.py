"""The sparse cost matrix between demand points and candidate sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse


@dataclass(frozen=True, kw_only=True, eq=False)
class CostMatrix:
    """Walking cost from each demand point to each candidate within a cutoff.

    Parameters
    ----------
    demand : (n_demand,) object
        Ids of the demand points.
    candidates : (n_candidates,) object
        Ids of the candidate sites.
    i : (n_pairs,) int64
        Row of the demand point of each pair; pairs are sorted by (i, j), each at most once.
    j : (n_pairs,) int64
        Row of the candidate of each pair.
    cost : (n_pairs,) float64
        Metres; an absent pair is out of reach, never 0.
    cutoff : float
        Metres; every pair with cost <= cutoff is present.
    unit : str
        ``"m"``.
    basis : str
        ``"network"`` or ``"straight line x 1.3"``: how the costs were found, to be shown with them.
    """

    demand: npt.NDArray[np.object_]
    candidates: npt.NDArray[np.object_]
    i: npt.NDArray[np.int64]
    j: npt.NDArray[np.int64]
    cost: npt.NDArray[np.float64]
    cutoff: float
    unit: str = "m"
    basis: str = "network"

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises
        ------
        ValueError
            If the three pair arrays differ in length, a cost is not finite, or an index is out of range.
        """
        if not len(self.i) == len(self.j) == len(self.cost):
            raise ValueError("i, j and cost must be of one length")
        if len(self.i) and not (self.i.min() >= 0 and self.i.max() < len(self.demand)):
            raise ValueError("i holds a row that demand does not have")
        if len(self.j) and not (self.j.min() >= 0 and self.j.max() < len(self.candidates)):
            raise ValueError("j holds a row that candidates does not have")
        if not np.isfinite(self.cost).all():
            raise ValueError("a cost is not finite: leave the pair out instead")

    def __repr__(self) -> str:
        """Return sizes, cutoff and basis."""
        return (
            f"CostMatrix({len(self.demand)} demand points x {len(self.candidates)} candidates, "
            f"{len(self.i)} pairs within {self.cutoff:g} {self.unit}, {self.basis})"
        )

    def to_csr(self) -> sparse.csr_array:
        """Return the pairs as a (n_demand, n_candidates) CSR array of stored costs.

        A stored 0.0 is a cost of 0 m; an entry that is not stored is out of reach.
        """
        shape = (len(self.demand), len(self.candidates))
        return sparse.csr_array((self.cost, (self.i, self.j)), shape=shape)
