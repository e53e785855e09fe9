"""Minimal sets of what binds a plan that cannot hold together, by deletion.

Everything is taken away in turn; what may be missing while the rest still contradicts itself is left out for good (Chinneck and Dravnieks
1991, the deletion filter; here in halves, so that what does not matter goes by the dozen). What is left is minimal: without any one of it
the rest can hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.planning.explaining.elements import RULE, Element, element_of, elements, loosened
from siteplan.planning.explaining.must import concerned, holds, only_hard
from siteplan.planning.explaining.sentences import in_language, of_element
from siteplan.siting.rules_to_arrays import to_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from siteplan.planning.explaining.bench import Bench
    from siteplan.planning.explaining.weighed import Key

_MOST_RIVALS = 12
"""Other unmet rules of which it is asked whether they take what a rule needs."""


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """What cannot hold together.

    Parameters
    ----------
    members : tuple of Element
        The rule that is unmet first. Alone: what there is to build on cannot meet it, whatever else is left out.
    minimal : bool
        Whether it is proven that without any one of them the rest can hold.
    proven : bool
        Whether it is proven that they cannot hold together: where the time was up before, they are only what was looked at.
    """

    members: tuple[Element, ...]
    minimal: bool
    proven: bool = True

    def names(self, lang: str | None = None) -> tuple[str, ...]:
        """Return the members as people call them, in ``lang``, by default the language spoken now."""

        def name(element: Element) -> str:
            return in_language(lang, lambda: of_element(element))

        return tuple(name(element) for element in self.members)


def can_hold(bench: Bench, key: Key, active: Collection[Element]) -> bool | None:
    """Tell whether what is ``active``, and the rule of ``key``, can hold together; None where the time was up."""
    question = loosened(bench, key, active)
    problem = only_hard(to_problem(question))
    places = bench.places(key)
    sites = np.isin(question.site_unit, places)
    demand = np.isin(question.demand_unit.astype(str), places)
    return holds(problem, concerned(problem, sites, demand), bench.runs)


def find_conflict(bench: Bench, key: Key) -> Conflict | None:
    """Return a minimal set that contradicts the rule of ``key``; None where everything that comes not after it can hold together with it.

    It is looked for first among what the plan meets, so that the rule itself is part of it; then with the other unmet rules of its places, as far
    as these could be met without it.
    """
    first = element_of(key)
    everything = [element for element in elements(bench, key) if element != first]
    met = [element for element in everything if element.kind != RULE or element.key not in bench.unmet]
    state = can_hold(bench, key, met)
    if state:
        return _with_rivals(bench, key, met)
    return Conflict(members=(first, *met), minimal=False, proven=False) if state is None else _shrunk(bench, key, met)


def _with_rivals(bench: Bench, key: Key, met: Sequence[Element]) -> Conflict | None:
    """Return what contradicts a rule among what the plan meets and the other unmet rules of its places that can hold without it; None: nothing."""
    active, places = list(met), set(bench.places(key))
    rivals = [other for other in bench.rivals(key) if not places.isdisjoint(bench.places(other))]
    for rival in rivals[:_MOST_RIVALS]:
        if can_hold(bench, rival, active) is not True:
            continue  # it cannot hold whatever becomes of the rule
        state = can_hold(bench, key, [*active, element_of(rival)])
        if state is False:
            return _shrunk(bench, key, [*active, element_of(rival)])
        active += [element_of(rival)] if state else []
    return None


def _shrunk(bench: Bench, key: Key, active: Sequence[Element]) -> Conflict:
    first, places = element_of(key), set(bench.places(key))
    sure = True

    def clash(rest: Collection[Element]) -> bool:
        nonlocal sure
        state = can_hold(bench, key, rest)
        sure &= state is not None
        return state is False

    elsewhere = [e for e in active if e.kind == RULE and e.unit not in places and e.unit != key[1]]
    here = [e for e in active if e.kind == RULE and e not in elsewhere]
    limits = [[e] for e in active if e.kind != RULE]
    kept = minimal_subset([elsewhere, here, *limits], clash)
    return Conflict(members=(first, *kept), minimal=sure or not kept)


def minimal_subset(
    groups: Sequence[Sequence[Element]], clash: Callable[[Collection[Element]], bool]
) -> tuple[Element, ...]:
    """Return a subset that still clashes, and none of whose own subsets does.

    Parameters
    ----------
    groups : sequence of sequences of Element
        Together they clash. Groups are tried in order, each first as a whole: of several minimal subsets one of what is tried last is found.
    clash : callable
        Whether a set cannot hold together; a larger set clashes wherever a smaller one does.
    """
    left = {element: None for group in groups for element in group}

    def shrink(chunk: Sequence[Element]) -> None:
        nonlocal left
        if not chunk:
            return
        rest = {element: None for element in left if element not in chunk}
        if clash(rest):
            left = rest
        elif len(chunk) > 1:
            half = len(chunk) // 2
            shrink(chunk[:half])
            shrink(chunk[half:])

    for group in groups:
        shrink(group)
    return tuple(left)
