"""An oracle for the joint model that shares nothing with it: every plan is tried, the areas by linear programs of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from oracle_areas import YUAN, Areas, Values
from oracle_plans import Plan, changes, delay, plans, single, walks, worst_mean

if TYPE_CHECKING:
    from siteplan.models.joint_problem import JointProblem
    from siteplan.models.stages import JointAnswer

SAME = 1e-5
AREA = 2e-5
STAGES = ("hard-worst", "hard-sum", "changes", "targets", "aims", "cost")


def best(problem: JointProblem) -> dict[str, float] | None:
    """Return the value of each stage up to walking, one after another the least of all plans; None if there is no plan."""
    found = _first(problem)
    if not found:
        return None
    least = _heads(found[0])
    stages = dict(zip(STAGES, least, strict=True))
    if problem.previous is None:
        del stages["changes"]
    left = [
        (plan, values) for plan, values, _ in found if values.cost <= _at_most(least[-1] * (1 + problem.cost_slack))
    ]
    for name, measure in (("equity", worst_mean), ("backup", single)):
        if name in problem.extra:
            measured = [measure(problem, plan) for plan, _ in left]
            stages[name] = min(measured)
            left = [entry for entry, value in zip(left, measured, strict=True) if value <= _at_most(min(measured))]
    stages["walking"] = min(worth(problem, plan, values.cost) for plan, values in left)
    return stages


def _first(problem: JointProblem) -> list[tuple[Plan, Values, float]]:
    """Return the plans that are best in all stages before the cost, one of least cost first."""
    found: list[tuple[Plan, Values, float]] = []
    for plan in plans(problem):
        changed = 0.0 if problem.previous is None else changes(problem, plan)
        least = _heads(found[0]) if found else None

        def stop(number: int, value: float, least: tuple[float, ...] | None = least, changed: float = changed) -> bool:
            if least is None:
                return False
            if number == 0:
                return value > _at_most(least[0])
            return number == 1 and changed > least[2] and value > least[1] + SAME

        values = Areas(problem, plan).least(stop)
        if values is None:
            continue
        entry = (plan, values, changed)
        order = 0 if least is None else _compare(_heads(entry), least)
        if order < 0 and not _same_before_cost(_heads(entry), least):
            found = [entry]
        elif order < 0:
            found.insert(0, entry)
        elif least is None or _same_before_cost(_heads(entry), least):
            found.append(entry)
    return found


def _heads(entry: tuple[Plan, Values, float]) -> tuple[float, ...]:
    _plan, values, changed = entry
    return (values.worst, values.hard, changed, values.targets, values.aims, values.cost)


def _at_most(value: float) -> float:
    return value + SAME * max(1.0, abs(value))


def _compare(a: tuple[float, ...], b: tuple[float, ...]) -> int:
    for x, y in zip(a, b, strict=True):
        if abs(x - y) > SAME * max(1.0, abs(y)):
            return -1 if x < y else 1
    return 0


def _same_before_cost(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return _compare(a[:-1], b[:-1]) == 0


def worth(problem: JointProblem, plan: Plan, cost: float) -> float:
    """Return cost, new facilities and walks at their prices, yuan."""
    new = plan.at(problem.n_phases - 1) & ~problem.slots.existing
    walked = float(np.nansum(walks(problem, plan)))
    return cost + problem.facility_yuan * float(new.sum()) + problem.walking_yuan_per_km * walked


def least_delay(problem: JointProblem, answer: JointAnswer, kept: dict[str, float]) -> float | None:
    """Return the least waiting for the facilities of a plan with its areas at the end, the shortfalls ``kept``; None if there is no order.

    Where that can be, each new facility has its area at once.
    """
    candidates = [
        (delay(problem, plan), n, plan)
        for n, plan in enumerate(plans(problem))
        if (plan.at(problem.n_phases - 1) == answer.opened).all()
    ]
    for at_once in (True, False):
        for waited, _n, plan in sorted(candidates, key=lambda entry: entry[:2]):
            if _possible(problem, plan, answer.area_m2[-1], kept, at_once=at_once):
                return waited
    return None


def _possible(problem: JointProblem, plan: Plan, area: np.ndarray, kept: dict[str, float], *, at_once: bool) -> bool:
    """Tell whether a plan reaches the shortfalls ``kept`` and ends with the areas ``area``."""
    areas = Areas(problem, plan)
    last = problem.n_phases - 1
    for s in range(len(area)):
        slack = AREA * max(1.0, area[s])
        for t in range(last + 1):
            name = f"a{s},{t}"
            if name in areas.low:
                areas.at_most({name: 1.0}, area[s] + slack)
                if t == last or (at_once and not problem.slots.existing[s]):
                    areas.at_most({name: -1.0}, -area[s] + slack)
    for name, (terms, constant) in zip(
        ("hard-worst", "hard-sum", "targets", "aims"), areas.objectives()[:-1], strict=True
    ):
        right = kept[name] + SAME - constant
        if not terms and right < 0:
            return False
        areas.at_most(terms, right)
    if problem.aim_price is not None:  # what comes too late for an aim has its price
        terms, constant = areas.cost()
        left = (kept["walking"] - worth(problem, plan, 0.0)) / YUAN
        areas.at_most(terms, left * (1 + SAME) - constant + SAME)
    return areas.minimise({}) is not None
