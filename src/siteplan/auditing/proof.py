"""Claims about the proof of a plan and about what it was made from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from siteplan.auditing.claims import Claims
from siteplan.messages import _
from siteplan.units import TOLERANCE

OPTIMAL = "optimal"
BLOCK = 1 << 20


def relative_gap(value: float, bound: float) -> float:
    """Return |value - bound| / max(|value|, 1e-9).

    >>> relative_gap(200.0, 198.0)
    0.01
    """
    return abs(value - bound) / max(abs(value), 1e-9)


def check_stages(claims: Claims, stages: pd.DataFrame) -> None:
    """Check each stage: its gap is that of its value and bound, and only a gap of 0 is called optimal.

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
        claims.add("stage gap", stage, gap, recomputed, consistent)
        if str(status) == OPTIMAL:
            proven = (one_figure or recomputed <= TOLERANCE) and figures[2] <= TOLERANCE
            note = "" if proven else _("a stage with a gap is called optimal")
            claims.add("stage status", stage, status, OPTIMAL if proven else "gap", proven, note)
    if stages.empty:
        claims.add("stage gap", "", "", "", holds=False, note=_("the plan lists no stage"))


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def check_inputs(claims: Claims, provenance: Mapping[str, str], paths: Mapping[str, Path]) -> None:
    """Check that every file the plan was made from is the file that is read now."""
    stated = {key.removeprefix("sha256:"): value for key, value in provenance.items() if key.startswith("sha256:")}
    for role in sorted(set(stated) | set(paths)):
        path = paths.get(role)
        if path is None or not path.is_file():
            claims.add("inputs", role, stated.get(role), "", holds=False, note=_("the file is not there now"))
            continue
        found = sha256(path)
        note = "" if stated.get(role) == found else _("the file has changed since the plan was made")
        claims.add("inputs", role, stated.get(role), found, stated.get(role) == found, note)


def check_unmet(claims: Claims, unmet: pd.DataFrame, fails: pd.DataFrame) -> None:
    """Check that the plan lists as unmet what the audit finds unmet, no less, no more, and by how much.

    Parameters
    ----------
    unmet : DataFrame, columns UNMET_COLUMNS
        What the plan lists.
    fails : DataFrame, columns rule_id, unit_id, required, achieved, shortfall
        What the audit finds, one row a rule and unit.
    """
    listed = _figures(unmet)
    found = _figures(fails)
    for rule_id, unit_id in sorted(set(listed) | set(found)):
        subject = f"{rule_id} @ {unit_id}"
        said, seen = listed.get((rule_id, unit_id)), found.get((rule_id, unit_id))
        if said is None or seen is None:
            note = _("the rule fails but the plan does not list it") if said is None else _("listed as unmet, but it is met")
            claims.add("unmet list", subject, "" if said is None else said[2], "" if seen is None else seen[2], False, note)  # noqa: FBT003 - verdict
            continue
        same = np.allclose(said, seen, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        claims.add("unmet list", subject, said[2], seen[2], same, "" if same else _("by another figure: {said} / {seen}", said=said, seen=seen))


def _figures(frame: pd.DataFrame) -> dict[tuple[str, str], tuple[float, float, float]]:
    keys = zip(frame["rule_id"].astype(str), frame["unit_id"].astype(str), strict=True)
    figures = zip(*(frame[name].astype(float) for name in ("required", "achieved", "shortfall")), strict=True)
    return dict(zip(keys, figures, strict=True))
