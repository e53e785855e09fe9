"""When a rule is due: the phase at whose end it must be met."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.standards.rule import Rule

_NTH = re.compile(r"Y(\d+)", re.IGNORECASE)


def due_phase(rule: Rule, built: int, phases: Sequence[str]) -> int:
    """Return the phase, 1 to ``len(phases)``, at whose end ``rule`` is due.

    Rules on facilities are looked at when the last phase ends: whatever opens until then has to keep them.

    Parameters
    ----------
    rule : Rule
        Its ``phase`` is a name among ``phases``, or ``Yn`` for the n-th year of a programme; anything else, and nothing, means the last.
    built : int
        Phase in which the housing of the community is built: nothing is due before; 1 for townships and the study.
    phases : sequence of str
        Names of the scenario's phases, in order; at least one.

    Examples
    --------
    >>> from siteplan.standards.library import load_standards
    >>> first = load_standards(["p003"]).get("S3-06")
    >>> due_phase(first, 1, ["2026", "2027", "2028"]), due_phase(first, 2, ["2026", "2027", "2028"]), due_phase(first, 1, ["all"])
    (1, 2, 1)
    """
    last = len(phases)
    if rule.scope == "facility":
        return last
    built = min(max(built, 1), last)
    if rule.kind == "phase":
        return built
    named = [name.casefold() for name in phases]
    nth = _NTH.fullmatch(rule.phase.strip())
    if rule.phase.strip().casefold() in named:
        return max(named.index(rule.phase.strip().casefold()) + 1, built)
    return max(min(int(nth.group(1)), last), built, 1) if nth else last
