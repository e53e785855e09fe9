"""What couples communities over the whole study: budgets, funds, the number of sites, and shares of communities.

Rows that a plan keeps although nobody asked for them cannot make it worse: so those that would join components are left out at first, and those
that the answer breaks are put in. What remains uncoupled is solved apart, and the answer is that of the whole problem.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.components import split
from siteplan.models.payments import pay, spent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.models.joint_problem import Bools, Floats, Ints, JointProblem

_CENT = 1e-2
_MET = 1e-6


@dataclass(frozen=True, kw_only=True)
class Coupling:
    """Which coupling rows are in a problem.

    Parameters
    ----------
    budgets, shares : frozenset of int
        Their numbers in the whole problem.
    funds, sites : bool
        Whether the funds, and the limit on the number of sites, are in it.
    """

    budgets: frozenset[int] = frozenset()
    shares: frozenset[int] = frozenset()
    funds: bool = False
    sites: bool = False

    def __or__(self, other: Coupling) -> Coupling:
        """Return what is in either."""
        return Coupling(
            budgets=self.budgets | other.budgets,
            shares=self.shares | other.shares,
            funds=self.funds or other.funds,
            sites=self.sites or other.sites,
        )

    def __sub__(self, other: Coupling) -> Coupling:
        """Return what is in this one alone."""
        return Coupling(
            budgets=self.budgets - other.budgets,
            shares=self.shares - other.shares,
            funds=self.funds and not other.funds,
            sites=self.sites and not other.sites,
        )


def everything(problem: JointProblem) -> Coupling:
    """Return all coupling rows of ``problem``."""
    return Coupling(
        budgets=frozenset(range(len(problem.budgets))),
        shares=frozenset(range(len(problem.shares))),
        funds=bool(problem.funds),
        sites=problem.max_sites is not None,
    )


def with_coupling(problem: JointProblem, coupling: Coupling) -> JointProblem:
    """Return ``problem`` with these coupling rows only."""
    return dataclasses.replace(
        problem,
        budgets=tuple(problem.budgets[b] for b in sorted(coupling.budgets)),
        shares=tuple(problem.shares[r] for r in sorted(coupling.shares)),
        funds=problem.funds if coupling.funds else (),
        max_sites=problem.max_sites if coupling.sites else None,
    )


def inside_components(problem: JointProblem, tied: Sequence[Ints] = ()) -> Coupling:
    """Return the budgets and shares that join no components: to leave them out would make nothing smaller.

    Parameters
    ----------
    problem : JointProblem
    tied : sequence of (n,) int64
        Sites that belong together, as for :func:`split`.
    """
    home = np.full(len(problem.sites), -1, dtype=np.int64)
    for c, component in enumerate(split(with_coupling(problem, Coupling()), tied)):
        home[component.sites] = c
    shares = [problem.slots.site[row.matrix.indices] for row in problem.shares]
    return Coupling(
        budgets=frozenset(b for b, budget in enumerate(problem.budgets) if len(np.unique(home[budget.sites])) <= 1),
        shares=frozenset(r for r, sites in enumerate(shares) if len(np.unique(home[sites])) <= 1),
    )


def broken(problem: JointProblem, opened: Bools, area: Floats) -> Coupling:
    """Return the coupling rows that a plan of one phase breaks, the narrower ones first.

    A budget of a township is put in before that of the county which holds it: it may be all that is needed.

    Parameters
    ----------
    problem : JointProblem
        Of one phase.
    opened : (n_slots,) bool
    area : (n_slots,) float64, m2
    """
    slots = problem.slots
    new = opened & ~slots.existing
    phase = np.where(slots.existing, 0, np.where(opened, 1, -1))
    money = spent(problem, phase, area[None, :])[0]
    over = [b for b, budget in enumerate(problem.budgets) if money[budget.sites].sum() > budget.limit + _CENT]
    narrow = [b for b in over if not any(_holds(problem, b, other) for other in over)]
    if narrow and len(narrow) < len(over):
        return Coupling(budgets=frozenset(narrow))
    unpaid = bool(problem.funds) and pay(problem, phase, area[None, :]).sum() < money.sum() - _CENT
    counted = np.setdiff1d(np.unique(slots.site[new]), slots.site[slots.existing])
    return Coupling(
        budgets=frozenset(over),
        shares=frozenset(r for r in range(len(problem.shares)) if not _share_met(problem, r, opened, area)),
        funds=unpaid,
        sites=problem.max_sites is not None and len(counted) > problem.max_sites,
    )


def _holds(problem: JointProblem, b: int, other: int) -> bool:
    """Tell whether the sites of one budget are more than those of the other, and hold them all."""
    wide, inner = problem.budgets[b].sites, problem.budgets[other].sites
    return len(wide) > len(inner) and bool(np.isin(inner, wide).all())


def _share_met(problem: JointProblem, r: int, opened: Bools, area: Floats) -> bool:
    row = problem.shares[r]
    has = row.matrix @ (area if row.area else opened.astype(float))
    return bool((has >= row.least * (1 - _MET)).sum() >= row.required - _MET)
