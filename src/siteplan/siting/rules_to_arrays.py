"""Rules and layers as the arrays of the joint model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siteplan.models.joint_problem import Budget, CoverRow, Floats, Ints, JointProblem, Rows
from siteplan.siting.slots import STRENGTHS, make_slots
from siteplan.standards.facility_types import facility_type
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule, Unit


def to_problem(question: Question) -> JointProblem:
    """Return the joint siting problem of ``question``.

    Rules whose denominator is not known (elderly, children) are left out here; the plan lists them as recorded.
    """
    table = make_slots(question)
    limit = walking_limits(question)
    pair_demand, pair_slot, pair_cost = _pairs(question, table.slots.site, table.slots.type, limit)
    used = np.zeros_like(limit, dtype=bool)
    used[table.slots.type[pair_slot], pair_demand] = True
    here = _Place(question, table.slots.site, table.slots.type, table.slots.host)
    return JointProblem(
        weight=question.demand["households"].to_numpy(dtype=float),
        slots=table.slots,
        sites=table.sites,
        pair_demand=pair_demand,
        pair_slot=pair_slot,
        pair_cost=pair_cost,
        limit=np.where(used, limit, np.nan),
        area=here.area_rows(),
        count=here.count_rows(),
        size=table.size,
        cover=_cover_rows(question),
        budgets=_budgets(question),
        max_sites=question.scenario.max_sites,
        aim_price=question.scenario.aim_price_yuan_per_m2,
    )


def slack(metres: Floats | float) -> Floats | float:
    """Return ``metres`` with the tolerance of every comparison added."""
    return metres + TOLERANCE * np.maximum(1.0, metres)


def walking_limits(question: Question) -> Floats:
    """Return the walking limit of each counted type for each demand point, (n_types, n_demand), metres.

    It is the largest reach that a rule gives the type in the demand point's community, else the study's cutoff.
    """
    units, inverse = np.unique(question.demand_unit.astype(str), return_inverse=True)
    limits = np.full((len(question.counted), len(units)), question.cutoff_m)
    for k, type_ in enumerate(question.types):
        for u, unit_id in enumerate(units.tolist()):
            reach = question.reach(unit_id, type_)
            if reach is not None:
                limits[k, u] = slack(reach)
    return limits[:, inverse]


def _pairs(question: Question, slot_site: Ints, slot_type: Ints, limit: Floats) -> tuple[Ints, Ints, Floats]:
    """Return which slot may serve which demand point within the walking limit of its type.

    A type without any reach rule is coupled within its own community only, whomever it may serve; what is counted but not
    planned serves nobody here.
    """
    matrix = question.matrix
    site_unit = question.sites["community_id"].to_numpy(dtype=object)
    own = question.demand_unit[matrix.i] == site_unit[matrix.j]
    by_site = np.argsort(matrix.j, kind="stable")
    starts = np.searchsorted(matrix.j[by_site], np.arange(len(question.sites) + 1))
    demand: list[Ints] = []
    slot: list[Ints] = []
    cost: list[Floats] = []
    bounded = [any(question.reach(u, key) is not None for u in question.rules) for key in question.types]
    for s, (j, k) in enumerate(zip(slot_site.tolist(), slot_type.tolist(), strict=True)):
        if k >= len(question.types):
            continue
        pairs = by_site[starts[j] : starts[j + 1]]
        keep = matrix.cost[pairs] <= limit[k, matrix.i[pairs]]
        if facility_type(question.types[k]).serves == "community" or not bounded[k]:
            keep &= own[pairs]
        chosen = pairs[keep]
        demand.append(matrix.i[chosen])
        slot.append(np.full(len(chosen), s, dtype=np.int64))
        cost.append(matrix.cost[chosen])
    none = np.zeros(0, dtype=np.int64)
    return (
        np.concatenate([none, *demand]),
        np.concatenate([none, *slot]),
        np.concatenate([none.astype(float), *cost]),
    )


class _Place:
    """Finds the slots that a rule counts."""

    def __init__(self, question: Question, slot_site: Ints, slot_type: Ints, slot_host: Ints) -> None:
        self.question = question
        self.outermost = slot_host < 0
        self.unit = question.sites["community_id"].to_numpy(dtype=object)[slot_site]
        self.township = question.sites["township_id"].to_numpy(dtype=object)[slot_site]
        self.kind = np.array(question.counted, dtype=object)[slot_type]
        self.by_unit = {u: np.flatnonzero(self.unit == u) for u in question.unit_values}
        self.by_township = {t: np.flatnonzero(self.township == t) for t in question.townships}

    def area_rows(self) -> Rows:
        """Return the rows on areas: ratios and floors of communities."""
        entries = []
        for unit, rule, required in area_rules(self.question):
            slots = self.by_unit[unit.id]
            slots = slots[np.isin(self.kind[slots], rule.types)]
            if rule.counts == "outermost":
                slots = slots[self.outermost[slots]]
            entries.append((slots, required, int(STRENGTHS[rule.strength])))
        return self._rows(entries)

    def count_rows(self) -> Rows:
        """Return the rows on openings: presence in communities and townships."""
        entries = []
        for place, rules in presence_rules(self.question):
            for rule in rules:
                slots = (self.by_township if rule.scope == "township" else self.by_unit)[place]
                slots = slots[np.isin(self.kind[slots], rule.types)]
                entries.append((slots, float(rule.figure or 1.0), int(STRENGTHS[rule.strength])))
        return self._rows(entries)

    def _rows(self, entries: list[tuple[Ints, float, int]]) -> Rows:
        row = np.concatenate([np.zeros(0, dtype=np.int64), *(np.full(len(e[0]), r) for r, e in enumerate(entries))])
        column = np.concatenate([np.zeros(0, dtype=np.int64), *(e[0] for e in entries)])
        shape = (len(entries), len(self.kind))
        return Rows(
            matrix=sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape),
            required=np.array([e[1] for e in entries], dtype=float),
            strength=np.array([e[2] for e in entries], dtype=np.int64),
            due=np.full(len(entries), self.question.scenario.n_phases - 1, dtype=np.int64),
        )


def area_rules(question: Question) -> list[tuple[Unit, Rule, float]]:
    """Return (community, rule, required m2) for every area rule with something to require."""
    found = []
    for unit_id, rules in question.rules.items():
        unit = question.unit_values[unit_id]
        for rule in rules:
            if rule.kind in ("area_ratio", "area_floor"):
                required = rule.required(unit)
                if required > 0:  # NaN where the denominator is not known
                    found.append((unit, rule, required))
    return found


def presence_rules(question: Question) -> list[tuple[str, list[Rule]]]:
    """Return (community or township id, its presence rules)."""
    places = [*question.rules.items(), *question.township_rules.items()]
    return [(place, [rule for rule in rules if rule.kind == "presence"]) for place, rules in places]


def _cover_rows(question: Question) -> tuple[CoverRow, ...]:
    rows: list[CoverRow] = []
    members = {u: np.flatnonzero(question.demand_unit == u).astype(np.int64) for u in question.unit_values}
    for unit_id, rules in question.rules.items():
        for rule in rules:
            if rule.kind != "reach" or not len(members[unit_id]):
                continue
            rows.extend(
                CoverRow(
                    type=question.types.index(type_),
                    demand=members[unit_id],
                    reach=float(slack(float(rule.figure or 0.0))),
                    strength=int(STRENGTHS[rule.strength]),
                )
                for type_ in rule.types
                if type_ in question.types
            )
    return tuple(rows)


def _budgets(question: Question) -> tuple[Budget, ...]:
    """Return the budget of the whole study and those of townships."""
    scenario, sites = question.scenario, question.sites
    budgets = []
    if scenario.budget_yuan is not None:
        budgets.append(Budget(sites=np.arange(len(sites)), limit=scenario.budget_yuan))
    layer = question.study.layers.get("townships")
    if scenario.township_budgets and layer is not None:
        township = sites["township_id"].to_numpy(dtype=object)
        for key, limit in zip(layer["id"].astype(str), layer["budget_yuan"].to_numpy(dtype=float), strict=True):
            here = np.flatnonzero(township == key)
            if np.isfinite(limit) and len(here):
                budgets.append(Budget(sites=here.astype(np.int64), limit=float(limit)))
    return tuple(budgets)
