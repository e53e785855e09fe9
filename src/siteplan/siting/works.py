"""What is built when, what it costs and who pays, from the model's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from siteplan.plans.plan import PAYMENT_COLUMNS, WORK_COLUMNS
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.models.joint_problem import JointProblem
    from siteplan.models.stages import JointAnswer
    from siteplan.siting.question import Question

DIGITS = 6
"""Areas are rounded to this many digits of a square metre, which is what the solver's tolerance leaves."""
_CENT = 0.01
_YUAN_DIGITS = 4


class Work(NamedTuple):
    """What is built of one slot in one phase (1 first): its area at the phase's end, m2, and what is spent, yuan."""

    slot: int
    phase: int
    area_m2: float
    cost_yuan: float


def works_of(problem: JointProblem, answer: JointAnswer) -> list[Work]:
    """Return what is built, by slot and phase.

    New m2 cost the slot's price. What a site costs by itself is paid once, when something first opens or grows there, in equal parts by the
    outermost facilities that are new then; by all that are new where rooms alone are, by what grows where nothing is.
    """
    slots = problem.slots
    built: list[tuple[int, int, float, float]] = []
    for s in np.flatnonzero(answer.opened).tolist():
        existing = bool(slots.existing[s])
        stood = float(slots.existing_m2[s]) if existing else 0.0
        for t in range(problem.n_phases):
            area = round(float(answer.area_m2[t, s]), DIGITS)
            opens = not existing and int(answer.phase[s]) == t + 1
            if opens or (area > stood + TOLERANCE * max(1.0, stood) and t + 1 >= int(answer.phase[s])):
                built.append((s, t + 1, area, max(area - stood, 0.0)))
                stood = max(area, stood)
    fixed = _fixed(problem, built)
    return [
        Work(s, t, area, round(grown * float(slots.cost_m2[s]) + fixed.get((s, t), 0.0), 2))
        for s, t, area, grown in built
    ]


def _fixed(problem: JointProblem, built: Sequence[tuple[int, int, float, float]]) -> dict[tuple[int, int], float]:
    """Return the share of the site's fixed cost that each slot bears in each phase, yuan."""
    slots = problem.slots
    began: dict[int, int] = {}
    for s, t, *_rest in built:
        began.setdefault(s, t)
    by_site: dict[int, list[int]] = {}
    for s in began:
        by_site.setdefault(int(slots.site[s]), []).append(s)
    shares: dict[tuple[int, int], float] = {}
    for j, here in by_site.items():
        first = min(began[s] for s in here)
        then = [s for s in here if began[s] == first]
        new = [s for s in then if not slots.existing[s]]
        bearers = [s for s in new if slots.host[s] < 0] or new or then
        for s in bearers:
            shares[s, first] = float(problem.sites.fixed[j]) / len(bearers)
    return shares


def to_works(works: Sequence[Work], ids: Sequence[str]) -> pd.DataFrame:
    """Return the works as a table (plans.plan.WORK_COLUMNS), facilities called by ``ids`` of their slots."""
    rows = [(ids[work.slot], work.phase, work.area_m2, work.cost_yuan) for work in works]
    frame = pd.DataFrame(rows, columns=list(WORK_COLUMNS))
    types = {"facility_id": "str", "phase": "int64", "area_m2": "float64", "cost_yuan": "float64"}
    return frame.astype(types).sort_values(["facility_id", "phase"], ignore_index=True)


def to_payments(question: Question, answer: JointAnswer) -> pd.DataFrame:
    """Return who pays what (plans.plan.PAYMENT_COLUMNS): by site, phase and fund, as the answer has it.

    Not rounded to the cent, as the cost of works is: many payments rounded up would come to more than a fund has.
    """
    sites = question.sites["id"].astype(str).to_numpy(dtype=object)
    names = [fund.name for fund in question.scenario.funds]
    rows = [
        (sites[j], t + 1, names[f], round(float(answer.paid[t, f, j]), _YUAN_DIGITS))
        for t, f, j in np.argwhere(answer.paid >= _CENT / 2).tolist()
    ]
    frame = pd.DataFrame(rows, columns=list(PAYMENT_COLUMNS))
    types = {"site_id": "str", "phase": "int64", "fund": "str", "yuan": "float64"}
    return frame.astype(types).sort_values(["site_id", "phase", "fund"], ignore_index=True)
