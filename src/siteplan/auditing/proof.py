"""Claims about the proof of a plan and about what it was made from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from siteplan.layers.collection import file_sha256
from siteplan.messages import _
from siteplan.units import PROVEN_GAP, TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from siteplan.auditing.claims import Claims
    from siteplan.plans.scenario import Scenario

OPTIMAL = "optimal"
STAGES = ("hard-worst", "hard-sum", "changes", "targets", "aims", "cost", "equity", "backup", "walking", "delay")
"""All stages in their order: docs/architecture.md, Objectives."""
CHANGES = "changes"


def relative_gap(value: float, bound: float) -> float:
    """Return |value - bound| / max(|value|, 1e-9).

    >>> relative_gap(200.0, 198.0)
    0.01
    """
    return abs(value - bound) / max(abs(value), 1e-9)


def check_stages(claims: Claims, stages: pd.DataFrame) -> None:
    """Check each stage: its gap is that of its value and bound, and only a gap within PROVEN_GAP is called optimal.

    A value and a bound that differ by no more than TOLERANCE, absolutely, are one figure: beside a value near 0 the
    relative gap of two roundings means nothing.
    """
    for stage, value, bound, gap, status in zip(
        stages["stage"], stages["value"], stages["bound"], stages["gap"], stages["status"], strict=True
    ):
        figures = [float(figure) for figure in (value, bound, gap)]
        if not all(math.isfinite(figure) for figure in figures):
            claims.add("stage gap", stage, gap, "", holds=False, note=_("value, bound and gap must be finite figures"))
            continue
        recomputed = relative_gap(figures[0], figures[1])
        one_figure = abs(figures[0] - figures[1]) <= TOLERANCE
        consistent = abs(figures[2] - recomputed) <= TOLERANCE * max(1.0, recomputed) or (
            one_figure and 0 <= figures[2] <= TOLERANCE
        )
        claims.add("stage gap", stage, gap, recomputed, holds=consistent)
        if str(status) == OPTIMAL:
            proven = (one_figure or recomputed <= PROVEN_GAP) and figures[2] <= PROVEN_GAP
            note = "" if proven else _("a stage with a gap is called optimal")
            claims.add("stage status", stage, status, OPTIMAL if proven else "gap", holds=proven, note=note)
    if stages.empty:
        claims.add("stage gap", "", "", "", holds=False, note=_("the plan lists no stage"))


def stages_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the stages that a plan of ``scenario`` has; one that is revised has ``changes`` as well.

    >>> from siteplan.plans.scenario import Scenario
    >>> stages_of(Scenario(objectives=("equity",)))
    ('hard-worst', 'hard-sum', 'targets', 'aims', 'cost', 'equity', 'walking')
    """
    without = {CHANGES, "equity", "backup", "delay"} - set(scenario.objectives)
    if scenario.n_phases > 1:
        without -= {"delay"}
    return tuple(name for name in STAGES if name not in without)


def check_order(claims: Claims, stages: pd.DataFrame, scenario: Scenario) -> None:
    """Check that the plan has every stage that its scenario asks for, in the order in which they are heard, and no other."""
    said = [str(name) for name in stages["stage"]]
    expected = [name for name in STAGES if name in {*stages_of(scenario), *({CHANGES} & set(said))}]
    claims.add("order of stages", "", ", ".join(said), ", ".join(expected), holds=said == expected)


def check_inputs(
    claims: Claims, provenance: Mapping[str, str], paths: Mapping[str, Path], contents: Mapping[str, str]
) -> None:
    """Check that every file the plan was made from is the file that is read now, and that databases still hold what they held.

    ``contents`` are the SHA-256 of what was read from databases when the study was opened.
    """
    stated = {key.removeprefix("sha256:"): value for key, value in provenance.items() if key.startswith("sha256:")}
    for role, found in sorted(contents.items()):
        note = "" if stated.get(role) == found else _("the table has changed since the plan was made")
        claims.add("inputs", role, stated.get(role), found, holds=stated.get(role) == found, note=note)
    for role in sorted((set(stated) | set(paths)) - set(contents)):
        path = paths.get(role)
        if path is None or not path.exists():  # a FileGDB is a folder
            claims.add("inputs", role, stated.get(role), "", holds=False, note=_("the file is not there now"))
            continue
        found = file_sha256(path)
        note = "" if stated.get(role) == found else _("the file has changed since the plan was made")
        claims.add("inputs", role, stated.get(role), found, holds=stated.get(role) == found, note=note)
