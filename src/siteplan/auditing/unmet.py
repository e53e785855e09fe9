"""The claim a plan makes about itself: what it does not meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from siteplan.auditing.homes import figures, text
from siteplan.auditing.needs import FUND, STAFF
from siteplan.auditing.outcome import FAIL
from siteplan.auditing.sites import NEW
from siteplan.messages import _
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.table import Finding

CLAIM = "unmet list"
REQUIRED_SITE = "scenario:required"
"""Rule id under which a plan lists a site that had to be opened and was not."""


class Row(NamedTuple):
    """One row of the list."""

    strength: str
    required: float
    achieved: float
    shortfall: float
    unit: str
    phase: float


def check_unmet(claims: Claims, unmet: pd.DataFrame, found: Sequence[Finding], closed: Collection[str]) -> None:
    """Check that the plan lists as unmet what the audit finds unmet: no less, no more, and by the same figures.

    Workers and yearly money are no part of the list: they have a table of their own.

    Parameters
    ----------
    unmet : DataFrame, columns UNMET_COLUMNS
        What the plan lists.
    found : sequence of Finding
        What the audit found.
    closed : collection of str
        Candidates that had to be opened and were not; that one is not may be listed.
    """
    findings = {
        (finding.rule.id, finding.place.unit.id): finding for finding in found if finding.rule.kind not in {STAFF, FUND}
    }
    listed = _listed(unmet)
    failed = {key for key, finding in findings.items() if finding.outcome.verdict == FAIL}
    for key in sorted({*listed, *failed}):
        rows, finding, subject = listed.get(key, []), findings.get(key), f"{key[0]} @ {key[1]}"
        if key[0] == REQUIRED_SITE:
            claims.add(CLAIM, subject, rows[0].shortfall, float(key[1] in closed), holds=key[1] in closed)
        elif finding is None:
            note = _("no such rule speaks for this unit")
            claims.add(CLAIM, subject, rows[0].shortfall, "", holds=False, note=note)
        elif key not in failed:
            note = _("listed as unmet, but it is met")
            claims.add(CLAIM, subject, rows[0].shortfall, 0.0, holds=False, note=note)
        elif not rows:
            note = _("it fails, but the plan does not list it")
            claims.add(CLAIM, subject, "", finding.outcome.shortfall, holds=False, note=note)
        else:
            _check_row(claims, subject, rows, finding)
    if not listed and not failed:
        claims.add(CLAIM, "", 0, 0, holds=True)


def _listed(unmet: pd.DataFrame) -> dict[tuple[str, str], list[Row]]:
    said = zip(
        text(unmet["strength"]),
        figures(unmet, "required"),
        figures(unmet, "achieved"),
        figures(unmet, "shortfall"),
        text(unmet["unit"]),
        figures(unmet, "phase"),
        strict=True,
    )
    rows: dict[tuple[str, str], list[Row]] = {}
    for rule_id, unit_id, row in zip(text(unmet["rule_id"]), text(unmet["unit_id"]), map(Row._make, said), strict=True):
        rows.setdefault((rule_id, unit_id), []).append(row)
    return rows


def _check_row(claims: Claims, subject: str, rows: Sequence[Row], finding: Finding) -> None:
    outcome, row = finding.outcome, rows[0]
    expected = (outcome.required, outcome.achieved, outcome.shortfall)
    notes = []
    if not np.allclose(row[1:4], expected, rtol=TOLERANCE, atol=TOLERANCE):
        notes.append(_("by other figures: {said}", said=" / ".join(f"{value:g}" for value in row[1:4])))
    if row.phase != finding.due:
        notes.append(_("due in phase {due}", due=finding.due))
    if (row.strength, row.unit) != (finding.rule.strength, outcome.unit):
        notes.append(_("of strength {strength}, in {unit}", strength=finding.rule.strength, unit=outcome.unit))
    if len(rows) > 1:
        notes.append(_("listed twice"))
    claims.add(CLAIM, subject, row.shortfall, outcome.shortfall, holds=not notes, note="; ".join(notes))


def check_barred(claims: Claims, found: Sequence[Finding], facilities: pd.DataFrame) -> None:
    """Check that no new facility breaks a hard rule on facilities: such a rule bars it, whether the plan lists it or not."""
    new = set(facilities.loc[facilities["status"] == NEW, "id"])
    wrong = [
        (name, finding.rule.id)
        for finding in found
        if finding.rule.strength == "hard"
        for name in finding.outcome.offenders
        if name in new
    ]
    for name, rule in wrong:
        claims.add("barred by a hard rule", name, "", rule, holds=False, note=_("a hard rule bars it"))
    if not wrong:
        claims.add("barred by a hard rule", "", 0, 0, holds=True)
