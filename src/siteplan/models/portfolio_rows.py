"""The rows of the portfolio master: what each component uses of what couples them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from siteplan.models.joint_money import COST_UNIT
from siteplan.models.joint_problem import Strength

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from siteplan.models.joint import JointModel
    from siteplan.models.joint_openings import Affine
    from siteplan.models.joint_problem import JointProblem

_STAGE = {Strength.HARD: "hard-sum", Strength.TARGET: "targets", Strength.SOFT: "aims"}


@dataclass(eq=False)
class Row:
    """``sum over components of usage + sum of more * v <= limit``.

    Parameters
    ----------
    usage : dict of int to Affine
        What each component uses, by its number.
    limit : float
    more : dict of str to float
        Coefficients of the master's own variables, by name; they are >= 0.
    costs : dict of str to dict of str to float
        By stage, what these variables cost in it.
    name : str
    """

    usage: dict[int, Affine]
    limit: float
    more: dict[str, float] = field(default_factory=dict)
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    name: str = ""


def coupling_rows(problem: JointProblem, models: Sequence[JointModel]) -> list[Row]:
    """Return the budgets, funds, number of sites and shares of ``problem`` as rows over the components."""
    return [
        *_budgets(problem, models),
        *_funds(problem, models),
        *_sites(problem, models),
        *_shares(problem, models),
    ]


def _budgets(problem: JointProblem, models: Sequence[JointModel]) -> Iterator[Row]:
    for b, budget in enumerate(problem.budgets):
        sites = set(budget.sites.tolist())
        usage = {c: model.money.cost(0, sites) for c, model in enumerate(models)}
        yield Row(usage=_used(usage), limit=budget.limit / COST_UNIT, name=f"budget_{b}")


def _funds(problem: JointProblem, models: Sequence[JointModel]) -> Iterator[Row]:
    """Yield a row for each group of sites that the same funds may pay for, and one for each fund."""
    if not problem.funds:
        return
    payers = [set(fund.sites.tolist()) for fund in problem.funds]
    groups: dict[tuple[int, ...], list[int]] = {}
    for j in range(len(problem.sites)):
        groups.setdefault(tuple(f for f, sites in enumerate(payers) if j in sites), []).append(j)
    for g, (which, sites_) in enumerate(groups.items()):
        usage = {c: model.money.cost(0, sites_) for c, model in enumerate(models)}
        yield Row(usage=_used(usage), limit=0.0, more={f"p_{f}_{g}": -1.0 for f in which}, name=f"paid_{g}")
    for f, fund in enumerate(problem.funds):
        more = {f"p_{f}_{g}": 1.0 for g, which in enumerate(groups) if f in which}
        if more:
            yield Row(usage={}, limit=fund.limits[0] / COST_UNIT, more=more, name=f"fund_{f}")


def _sites(problem: JointProblem, models: Sequence[JointModel]) -> Iterator[Row]:
    if problem.max_sites is not None:
        usage: dict[int, Affine] = {c: (model.money.new_sites(), 0.0) for c, model in enumerate(models)}
        yield Row(usage=_used(usage), limit=float(problem.max_sites), name="max_sites")


def _shares(problem: JointProblem, models: Sequence[JointModel]) -> Iterator[Row]:
    """Yield ``sum of communities that have it + u >= required``; a community lies in one component."""
    home = {s: c for c, model in enumerate(models) for s in model.component.slots.tolist()}
    for r, row in enumerate(problem.shares):
        usage: dict[int, Affine] = {}
        for community in range(row.matrix.shape[0]):
            slots = row.matrix.indices[row.matrix.indptr[community] : row.matrix.indptr[community + 1]]
            if not len(slots):
                continue
            c = home[int(slots[0])]
            terms, constant = models[c].rows.meets(row, community, f"{r}_{community}")
            known, fixed = usage.get(c, ([], 0.0))
            usage[c] = ([*known, *((v, -k) for v, k in terms)], fixed - constant)
        name = f"u_share_{r}"
        costs = {_STAGE[Strength(row.strength)]: {name: 1.0 / row.required}}
        if row.strength == Strength.HARD:
            yield Row(usage={}, limit=0.0, more={name: 1.0 / row.required, "hard-worst": -1.0}, name=f"worst_share_{r}")
        yield Row(usage=usage, limit=-row.required, more={name: -1.0}, costs=costs, name=f"share_{r}")


def _used(usage: dict[int, Affine]) -> dict[int, Affine]:
    """Return the components that use anything."""
    return {c: (terms, constant) for c, (terms, constant) in usage.items() if terms or constant}


def share_sites(problem: JointProblem) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return, for each community of each share, the sites of its slots: they belong to one component."""
    found = []
    for row in problem.shares:
        for community in range(row.matrix.shape[0]):
            slots = row.matrix.indices[row.matrix.indptr[community] : row.matrix.indptr[community + 1]]
            if len(slots) > 1:
                found.append(np.unique(problem.slots.site[slots]))
    return found
