"""The rows of the model: what rules ask of areas, openings, shares of communities and households within reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siteplan.models.joint_problem import CoverRow, Rows, ShareRow
from siteplan.siting.asks import area_asks, capacity_asks, count_asks, reach_asks, share_asks
from siteplan.siting.nearness import slack
from siteplan.siting.slots import STRENGTHS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.models.joint_problem import Ints, Slots
    from siteplan.siting.asks import Ask
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule


class Counted:
    """Finds the slots that a rule counts."""

    def __init__(self, question: Question, slots: Slots) -> None:
        self.question = question
        self.outermost = slots.host < 0
        self.kind = np.array(question.counted, dtype=object)[slots.type]
        number = question.site_number[slots.site]
        order = np.argsort(number, kind="stable").astype(np.int64)
        starts = np.searchsorted(number[order], np.arange(len(question.unit_values) + 1))
        self.by_unit = {u: order[starts[n] : starts[n + 1]] for n, u in enumerate(question.unit_values)}

    def of(self, rule: Rule, places: Sequence[str]) -> Ints:
        """Return the slots in ``places`` that ``rule`` counts."""
        slots = np.concatenate([np.zeros(0, dtype=np.int64), *(self.by_unit[place] for place in places)])
        slots = slots[np.isin(self.kind[slots], rule.types)]
        return slots[self.outermost[slots]] if rule.counts == "outermost" else slots

    def matrix(self, members: Sequence[Ints]) -> sparse.csr_array:
        """Return ones where row r counts the slots ``members[r]``, (n_rows, n_slots)."""
        row = np.repeat(np.arange(len(members)), [len(slots) for slots in members])
        column = np.concatenate([np.zeros(0, dtype=np.int64), *members])
        return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(members), len(self.kind)))

    def rows(self, asks: Sequence[Ask]) -> Rows:
        """Return what is asked as rows."""
        return Rows(
            matrix=self.matrix([self.of(ask.rule, ask.places) for ask in asks]),
            required=np.array([ask.required for ask in asks], dtype=float),
            strength=np.array([STRENGTHS[ask.rule.strength] for ask in asks], dtype=np.int64),
            due=np.array([ask.due - 1 for ask in asks], dtype=np.int64),
        )

    def area_rows(self) -> Rows:
        """Return the rows on areas: ratios and floors of communities and of pools."""
        return self.rows(area_asks(self.question))

    def count_rows(self) -> Rows:
        """Return the rows on openings: presence in communities and townships, and what opens with the housing."""
        return self.rows(count_asks(self.question))

    def share_rows(self) -> tuple[ShareRow, ...]:
        """Return the rows on shares of the communities."""
        return tuple(
            ShareRow(
                matrix=self.matrix([self.of(ask.rule, (place,)) for place in ask.places]),
                least=float(ask.rule.figure or 0.0),
                area=ask.rule.unit == "m2",
                required=ask.required,
                strength=int(STRENGTHS[ask.rule.strength]),
                due=ask.due - 1,
            )
            for ask in share_asks(self.question)
        )


def cover_rows(question: Question) -> tuple[CoverRow, ...]:
    """Return the rows on households: those within the reach of a rule, and those that a capacity rule gives a place.

    A capacity rule counts whoever is served, so within the limit up to which its community is.
    """
    rows = [_cover(question, ask, type_, float(slack(float(ask.rule.figure or 0.0))))
            for ask in reach_asks(question)
            for type_ in ask.rule.types if type_ in question.types]  # fmt: skip
    rows += [_cover(question, ask, type_, float(slack(question.served_within(ask.unit, type_))))
             for ask in capacity_asks(question)
             for type_ in ask.rule.types if type_ in question.types]  # fmt: skip
    return tuple(rows)


def _cover(question: Question, ask: Ask, type_: str, reach: float) -> CoverRow:
    return CoverRow(
        type=question.types.index(type_),
        demand=np.concatenate([question.members[place] for place in ask.places]),
        reach=reach,
        strength=int(STRENGTHS[ask.rule.strength]),
        share=(ask.rule.share or 1.0) if ask.rule.kind == "reach" else 1.0,
        due=ask.due - 1,
    )
