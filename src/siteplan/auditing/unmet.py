"""The claim a plan makes about itself: what it does not meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.auditing.homes import figures, text
from siteplan.auditing.rules import FAIL
from siteplan.messages import _
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.table import Finding

CLAIM = "unmet list"
Row = tuple[str, float, float, float]
"""Unit as the plan names it, required, achieved, shortfall."""


def check_unmet(
    claims: Claims,
    unmet: pd.DataFrame,
    found: Sequence[Finding],
    facilities: pd.DataFrame,
    required_sites: Collection[str],
) -> None:
    """Check that the plan lists as unmet what the audit finds unmet: no less, no more, and by the same figures.

    Parameters
    ----------
    unmet : DataFrame, columns UNMET_COLUMNS
        What the plan lists. A rule on each facility (unit_floor, inside) may be listed by facility or by community.
    found : sequence of Finding
        What the audit found.
    facilities : DataFrame
        The plan's facilities.
    required_sites : collection of str
        Candidates that must be opened; that one is not may be listed as well.
    """
    findings = {(finding.rule.id, finding.place.unit.id): finding for finding in found}
    listed = _listed(unmet, findings, facilities)
    for key in sorted(set(listed) | {key for key, finding in findings.items() if finding.outcome.verdict == FAIL}):
        rows, finding = listed.get(key, []), findings.get(key)
        subject = f"{key[0]} @ {key[1]}"
        if finding is None:
            if key[1] not in required_sites:
                claims.add(CLAIM, subject, rows[0][3], "", holds=False, note=_("no such rule speaks for this unit"))
        elif finding.outcome.verdict != FAIL:
            claims.add(CLAIM, subject, rows[0][3], 0.0, holds=False, note=_("listed as unmet, but it is met"))
        elif not rows:
            claims.add(
                CLAIM,
                subject,
                "",
                finding.outcome.shortfall,
                holds=False,
                note=_("it fails, but the plan does not list it"),
            )
        else:
            same = _same(rows, finding)
            note = (
                ""
                if same
                else _("by other figures: {said}", said="; ".join(f"{r[1]:g} / {r[2]:g} / {r[3]:g}" for r in rows))
            )
            claims.add(CLAIM, subject, sum(row[3] for row in rows), finding.outcome.shortfall, holds=same, note=note)
    if not listed and not any(finding.outcome.verdict == FAIL for finding in found):
        claims.add(CLAIM, "", 0, 0, holds=True)


def _listed(
    unmet: pd.DataFrame, findings: dict[tuple[str, str], Finding], facilities: pd.DataFrame
) -> dict[tuple[str, str], list[Row]]:
    home = facilities.drop_duplicates("id").set_index("id")["community_id"]
    rows: dict[tuple[str, str], list[Row]] = {}
    values: list[Any] = [figures(unmet, name) for name in ("required", "achieved", "shortfall")]
    for rule_id, unit_id, *said in zip(text(unmet["rule_id"]), text(unmet["unit_id"]), *values, strict=True):
        key = (rule_id, unit_id)
        if key not in findings and unit_id in home.index:
            key = (rule_id, str(home[unit_id]))
        rows.setdefault(key, []).append((unit_id, *(float(figure) for figure in said)))
    return rows


def _same(rows: list[Row], finding: Finding) -> bool:
    outcome = finding.outcome
    if len(rows) == 1 and _equal(rows[0][1:], (outcome.required, outcome.achieved, outcome.shortfall)):
        return True
    if not outcome.offenders or len(rows) != len(outcome.offenders):
        return False
    if {row[0] for row in rows} == set(outcome.offenders):
        return all(_equal(row[2:3], (outcome.offenders[row[0]],)) for row in rows)
    return _equal(sorted(row[2] for row in rows), sorted(outcome.offenders.values()))


def _equal(left: Sequence[float], right: Sequence[float]) -> bool:
    return bool(np.allclose(left, right, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))
