"""A list of claims, each with what the plan says and what the audit finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.auditing.outcome import FAIL, NOT_EVALUATED, PASS
from siteplan.messages import _
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

CLAIM_COLUMNS = ("claim", "subject", "claimed", "recomputed", "verdict", "note")
SHOWN = 20
"""How many subjects of one claim are listed one by one; the rest are counted."""


def number(value: object) -> str:
    """Return a figure as the claims table prints it.

    >>> number(400.0), number("c1"), number(None), number(float("nan"))
    ('400', 'c1', '', '')
    """
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.10g}"
    return str(value)


def close(claimed: npt.ArrayLike, recomputed: npt.ArrayLike, tolerance: float = TOLERANCE) -> npt.NDArray[np.bool_]:
    """Tell which figures are equal within a relative ``tolerance`` (absolute below 1); NaN equals NaN.

    >>> close([1e6, 2.0, float("nan")], [1e6 + 0.5, 2.1, float("nan")]).tolist()
    [True, False, True]
    """
    left, right = np.asarray(claimed, dtype=float), np.asarray(recomputed, dtype=float)
    scale = np.maximum(1.0, np.abs(np.nan_to_num(right, posinf=1.0, neginf=1.0)))
    with np.errstate(invalid="ignore"):
        same = np.abs(left - right) <= tolerance * scale
    return np.asarray(same | (np.isnan(left) & np.isnan(right)), dtype=np.bool_)


@dataclass
class Claims:
    """Claims collected in order; :meth:`frame` gives the table."""

    rows: list[tuple[str, str, str, str, str, str]] = field(default_factory=list)

    def add(
        self,
        claim: str,
        subject: object,
        claimed: object,
        recomputed: object,
        *,
        holds: bool | np.bool_,
        note: str = "",
    ) -> None:
        """Add one claim about one subject."""
        verdict = PASS if holds else FAIL
        self.rows.append((claim, number(subject), number(claimed), number(recomputed), verdict, note))

    def skip(self, claim: str, subject: object, note: str) -> None:
        """Add one claim that nothing given can confirm or refute."""
        self.rows.append((claim, number(subject), "", "", NOT_EVALUATED, note))

    def each(
        self,
        claim: str,
        subjects: Sequence[object] | pd.Series | pd.Index,
        claimed: Sequence[object] | pd.Series | npt.NDArray[np.generic],
        recomputed: Sequence[object] | pd.Series | npt.NDArray[np.generic],
        holds: npt.ArrayLike,
        note: str = "",
    ) -> None:
        """Add one claim about many subjects: one row where all hold, else one row for each that does not."""
        good = np.asarray(holds, dtype=bool)
        if good.all():
            self.add(claim, _("all {n}", n=len(good)), len(good), len(good), holds=True)
            return
        names, said, found = list(subjects), list(claimed), list(recomputed)
        wrong = np.flatnonzero(~good)
        for row in wrong[:SHOWN]:
            self.add(claim, names[row], said[row], found[row], holds=False, note=note)
        if len(wrong) > SHOWN:
            more = _("and {n} more", n=len(wrong) - SHOWN)
            self.add(claim, more, "", "", holds=False, note=note)

    def frame(self) -> pd.DataFrame:
        """Return the claims as a table, columns CLAIM_COLUMNS."""
        return pd.DataFrame(self.rows, columns=list(CLAIM_COLUMNS), dtype="str")
