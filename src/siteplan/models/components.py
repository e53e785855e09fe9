"""Taking a joint problem apart into components that nothing couples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.models.joint_problem import Ints, JointProblem


@dataclass(frozen=True, kw_only=True, eq=False)
class Component:
    """What one component holds: indices into the whole problem, each ascending.

    ``demand`` numbers pairs of type and demand point: type * n_demand + i.
    """

    sites: Ints
    slots: Ints
    demand: Ints
    area_rows: Ints
    count_rows: Ints
    cover_rows: Ints
    budgets: Ints
    faults: Ints
    shares: Ints


def whole(problem: JointProblem) -> Component:
    """Return the whole problem as one component."""
    n_types, n_demand = problem.limit.shape
    return Component(
        sites=np.arange(len(problem.sites)),
        slots=np.arange(len(problem.slots)),
        demand=np.arange(n_types * n_demand),
        area_rows=np.arange(len(problem.area)),
        count_rows=np.arange(len(problem.count)),
        cover_rows=np.arange(len(problem.cover)),
        budgets=np.arange(len(problem.budgets)),
        faults=np.arange(len(problem.faults) if problem.faults is not None else 0),
        shares=np.arange(len(problem.shares)),
    )


def split(problem: JointProblem, tied: Sequence[Ints] = ()) -> list[Component]:
    """Return the components of ``problem``, largest number of slots first.

    Parameters
    ----------
    problem : JointProblem
    tied : sequence of (n,) int64
        Groups of sites that belong to one component besides.

    Notes
    -----
    Sites, rows and pairs of type and demand point are nodes. A slot joins its site to the rows that count it and to the demand points of
    its type that it may serve; a cover row joins its demand points; a budget, a fund, a place, a share and a fault join their sites, and a
    limit on the number of sites all sites. Where the mean walk of a community is an objective, a community joins its demand points.
    """
    sites, slots = problem.sites, problem.slots
    n_sites = len(sites)
    at_area = n_sites
    at_count = at_area + len(problem.area)
    at_cover = at_count + len(problem.count)
    at_demand = at_cover + len(problem.cover)
    n_types, n_demand = problem.limit.shape
    total = at_demand + n_types * n_demand
    edges: list[tuple[Ints, Ints]] = []
    for first, rows in ((at_area, problem.area), (at_count, problem.count)):
        coo = rows.matrix.tocoo()
        edges.append((coo.row.astype(np.int64) + first, slots.site[coo.col]))
    for r, row in enumerate(problem.cover):
        edges.append((np.full(len(row.demand), at_cover + r), at_demand + row.type * n_demand + row.demand))
    pair_key = slots.type[problem.pair_slot] * n_demand + problem.pair_demand
    edges.append((at_demand + pair_key, slots.site[problem.pair_slot]))
    edges += _couplings(problem, tied)
    edges += [(at_demand + walked, at_demand + other) for walked, other in _mean_walks(problem)]
    a = np.concatenate([edge[0] for edge in edges])
    b = np.concatenate([edge[1] for edge in edges])
    graph = sparse.csr_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(total, total))
    _n, label = connected_components(graph, directed=False)
    return _gather(problem, label.astype(np.int64), (at_area, at_count, at_cover, at_demand))


def _couplings(problem: JointProblem, tied: Sequence[Ints]) -> list[tuple[Ints, Ints]]:
    """Return the edges between sites that money, places, shares and faults couple."""
    sites, slots = problem.sites, problem.slots
    groups = [*tied, *(budget.sites for budget in problem.budgets)] + [fund.sites for fund in problem.funds]
    if problem.max_sites is not None:
        groups.append(np.arange(len(sites)))
    groups += [np.flatnonzero(sites.place == place) for place in np.unique(sites.place[sites.place >= 0])]
    groups += [slots.site[row.matrix.indices] for row in problem.shares]
    edges = [(group, np.full(len(group), group[0])) for group in groups if len(group)]
    if problem.faults is not None and len(problem.faults):
        coo = problem.faults.matrix.tocoo()
        edges.append((slots.site[problem.faults.slot[coo.row]], slots.site[coo.col]))
    return [(a.astype(np.int64), b.astype(np.int64)) for a, b in edges]


def _mean_walks(problem: JointProblem) -> list[tuple[Ints, Ints]]:
    """Return the edges between pairs of type and demand point of which an objective takes the mean."""
    if "equity" not in problem.extra or problem.community is None:
        return []
    walked = np.flatnonzero(~np.isnan(problem.limit.ravel())).astype(np.int64)
    home = problem.community[walked % problem.limit.shape[1]]
    _units, first, number = np.unique(home, return_index=True, return_inverse=True)
    return [(walked, walked[first[number]])]


def _gather(problem: JointProblem, label: Ints, at: tuple[int, int, int, int]) -> list[Component]:
    """Sort indices by component label."""
    at_area, at_count, at_cover, at_demand = at
    slot_label = label[problem.slots.site]
    budget_label = np.array([_first(label, b.sites) for b in problem.budgets], dtype=np.int64)
    share_label = np.array(
        [_first(label, problem.slots.site[row.matrix.indices]) for row in problem.shares], dtype=np.int64
    )
    parts = {
        "sites": label[:at_area],
        "slots": slot_label,
        "demand": label[at_demand:],
        "area_rows": label[at_area:at_count],
        "count_rows": label[at_count:at_cover],
        "cover_rows": label[at_cover:at_demand],
        "budgets": budget_label,
        "shares": share_label,
        "faults": label[problem.slots.site[problem.faults.slot]] if problem.faults is not None else label[:0],
    }
    groups: dict[int, dict[str, Ints]] = {}
    for name, labels in parts.items():
        if not len(labels):
            continue
        order = np.argsort(labels, kind="stable")
        values, starts = np.unique(labels[order], return_index=True)
        for value, indices in zip(values.tolist(), np.split(order, starts[1:]), strict=True):
            groups.setdefault(value, {})[name] = indices.astype(np.int64)
    empty = np.zeros(0, dtype=np.int64)
    _adopt(groups)
    components = [
        Component(**{name: group.get(name, empty) for name in parts})
        for value, group in groups.items()
        if value >= 0 and set(group) != {"demand"}
    ]
    return sorted(components, key=lambda part: (-len(part.slots), int(part.sites[0]) if len(part.sites) else -1))


def _first(label: Ints, sites: Ints) -> int:
    """Return the component of the first of ``sites``; -1 where there is none."""
    return int(label[sites[0]]) if len(sites) else -1


def _adopt(groups: dict[int, dict[str, Ints]]) -> None:
    """Give shares of which no community has any slot to some component: they are shortfalls that nothing can change."""
    lost = groups.pop(-1, {}).get("shares")
    if lost is not None and len(lost):
        home = next((group for group in groups.values() if "sites" in group), None)
        if home is None:
            groups[len(groups)] = {"shares": lost}
        else:
            home["shares"] = np.concatenate([home.get("shares", lost[:0]), lost])
