"""What the user gives a classic model, checked and turned into arrays: ids become numbers, and a figure belongs to the id that it was given for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from siteplan.errors import DataError, UsageError
from siteplan.messages import _
from siteplan.models.point_problem import PointProblem, State, within
from siteplan.standards.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from siteplan.access.matrix import CostMatrix
    from siteplan.models.point_problem import Floats, Ints

Figures: TypeAlias = "float | Sequence[float] | Floats | Mapping[Any, float] | pd.Series[Any] | None"
"""One figure for all; as many as there are ids, in their order; or by id, as a mapping or a Series."""

_NAMED = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Figured:
    """The figures of a question, as the user gives them; None where the model has none.

    Parameters
    ----------
    weights, load : figures by demand point
    costs, capacity : figures by candidate
    """

    weights: Figures = None
    load: Figures = None
    costs: Figures = None
    capacity: Figures = None


def to_point_problem(
    matrix: CostMatrix,
    figured: Figured,
    required: Collection[str] = (),
    existing: Collection[str] = (),
    forbidden: Collection[str] = (),
) -> PointProblem:
    """Return the arrays of a question.

    Raises
    ------
    UsageError
        If an id is not one of the matrix, or a site is forbidden and required or existing at once.
    DataError
        If ids stand twice, or a figure is missing, negative or not finite.
    """
    for ids in (matrix.demand, matrix.candidates):
        _refuse_twice(ids)
    by_candidate = {"costs": figured.costs, "capacity": figured.capacity}
    fixed, capacity = (figures_of(matrix.candidates, given, name) for name, given in by_candidate.items())
    weight = figures_of(matrix.demand, figured.weights, "weights")
    return PointProblem(
        weight=np.ones(len(matrix.demand)) if weight is None else weight,
        i=matrix.i,
        j=matrix.j,
        cost=matrix.cost,
        state=_states(matrix, required, existing, forbidden),
        fixed=fixed,
        capacity=capacity,
        load=figures_of(matrix.demand, figured.load, "load"),
    )


def figures_of(ids: Sequence[Any] | np.ndarray[Any, Any], given: Figures, name: str) -> Floats | None:
    """Return the figure of each id, (n,) float64; None where nothing is given.

    Raises
    ------
    DataError
        If an id has no figure, or one that is negative or not finite.
    UsageError
        If there are more or fewer figures than ids.
    """
    if given is None:
        return None
    if hasattr(given, "keys") and hasattr(given, "items"):
        by_id = _by_id(given, name)
        missing = [one for one in ids if one not in by_id]
        if missing:
            raise DataError(
                _("{name} has no figure for {ids}", name=name, ids=named(missing)),
                remedy=_("give one for every id of the cost matrix"),
            )
        given = [by_id[one] for one in ids]
    values = np.asarray(given, dtype=np.float64)
    if values.ndim == 0:
        values = np.full(len(ids), float(values))
    if values.shape != (len(ids),):
        raise UsageError(_("{name} has {n} figures, and there are {ids} ids", name=name, n=values.size, ids=len(ids)))
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataError(
            _("{name}: {value} is no figure of 0 or more", name=name, value=values[first]),
            remedy=_("correct it, or leave this place out"),
            row=str(ids[first]),
        )
    return values


def _by_id(given: Any, name: str) -> dict[Any, float]:
    pairs = list(given.items())
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DataError(_("{name}: an id stands twice in the index", name=name), remedy=_("give each id one figure"))
    return found


def _refuse_twice(ids: np.ndarray[Any, Any]) -> None:
    seen: set[Any] = set()
    for one in ids.tolist():
        if one in seen:
            raise DataError(
                _("the id stands twice in the cost matrix"), remedy=_("give each place its own id"), row=str(one)
            )
        seen.add(one)


def _states(
    matrix: CostMatrix, required: Collection[str], existing: Collection[str], forbidden: Collection[str]
) -> Ints:
    number = {one: j for j, one in enumerate(matrix.candidates.tolist())}
    state = np.full(len(number), State.FREE, dtype=np.int64)
    for meaning, ids in ((State.REQUIRED, required), (State.EXISTING, existing), (State.FORBIDDEN, forbidden)):
        if isinstance(ids, str):
            raise UsageError(_("give ids as a list: {ids}", ids=f"[{ids!r}]"))
        for one in ids:
            if one not in number:
                known = nearest(str(one), [str(other) for other in number])
                raise UsageError(_("there is no candidate {id}; the nearest id is {known}", id=repr(one), known=known))
            if meaning == State.FORBIDDEN and state[number[one]] != State.FREE:
                raise UsageError(_("site {id} is forbidden, and required or existing as well", id=repr(one)))
            state[number[one]] = meaning
    return state


def named(ids: Collection[Any]) -> str:
    """Return the first ids, and how many there are beyond them."""
    some = list(ids)
    text = ", ".join(str(one) for one in some[:_NAMED])
    more = len(some) - _NAMED
    return _("{ids} and {n} more", ids=text, n=more) if more > 0 else text


def check_p(problem: PointProblem, p: int) -> int:
    """Return p, a number of facilities that can be open.

    Raises
    ------
    UsageError
        If it is not a whole number of at least 1, less than what is open anyway, or more than may be open.
    """
    if isinstance(p, bool) or not isinstance(p, Integral) or p < 1:
        raise UsageError(_("p is the number of facilities that are open in all, 1 or more; not {p}", p=repr(p)))
    given, usable = int(problem.given.sum()), int(problem.usable.sum())
    if p < given:
        raise UsageError(
            _(
                "p = {p} facilities in all, but {n} are required or stand already: p counts them too",
                p=p,
                n=given,
            )
        )
    if p > usable:
        raise UsageError(_("p = {p} facilities in all, but only {n} candidates may be open", p=p, n=usable))
    return int(p)


def check_reach(matrix: CostMatrix, reach: float) -> float:
    """Return the reach, which the matrix can tell.

    Raises
    ------
    UsageError
        If it is negative, no number, or beyond the cutoff of the matrix.
    """
    if not reach >= 0:
        raise UsageError(_("a reach is 0 or more, not {reach}", reach=reach))
    if not within(np.array([reach]), matrix.cutoff)[0]:
        raise UsageError(
            _(
                "the reach of {reach:g} {unit} is beyond the cutoff of the cost matrix, {cutoff:g} {unit}: make the matrix with a larger cutoff",
                reach=reach,
                cutoff=matrix.cutoff,
                unit=matrix.unit,
            )
        )
    return float(reach)


def check_penalty(problem: PointProblem, penalty: float | None) -> float | None:
    """Return the penalty, which is at least the largest cost.

    Raises
    ------
    UsageError
        If it is less: leaving a demand point out would be better than serving it.
    """
    largest = float(problem.cost.max(initial=0.0))
    if penalty is not None and not (largest <= penalty < math.inf):
        raise UsageError(
            _(
                "the penalty of {penalty:g} has to be a number of at least the largest cost, {largest:g}: otherwise it is better to leave "
                "demand out than to serve it",
                penalty=penalty,
                largest=largest,
            )
        )
    return penalty


def check_reachable(matrix: CostMatrix, problem: PointProblem, remedy: str, reach: float = math.inf) -> None:
    """Refuse demand points that no candidate reaches.

    Raises
    ------
    DataError
        If there are any; names them.
    """
    far = matrix.demand[problem.unreachable(reach)].tolist()
    if far:
        limit = min(reach, matrix.cutoff)
        raise DataError(
            _(
                "{n} demand points have no candidate within {reach:g} {unit} that may be open: {ids}",
                n=len(far),
                reach=limit,
                unit=matrix.unit,
                ids=named(far),
            ),
            remedy=remedy,
        )


def penalty_remedy() -> str:
    """Return what can be done about demand that no candidate reaches, where there may be a penalty."""
    return _("add candidates, make the matrix with a larger cutoff, or give a penalty for demand that is not served")
