"""Claims about the values of the stages: what the plan costs and what it lacks, against what its stages say of it.

The formulas are those of docs/decisions/0002-stages-and-decomposition.md. A stage whose value is proven must say what the plan has; one that
was stopped must have it between its bound and its value, because later stages may improve on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.auditing.costs import CENT
from siteplan.auditing.outcome import PASS
from siteplan.auditing.proof import OPTIMAL
from siteplan.auditing.rules import AREAS
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import pandas as pd

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.table import Finding

CLAIM = "stage value"
STRENGTHS = {"hard-worst": "hard", "hard-sum": "hard", "targets": "target", "aims": "soft"}
NEVER_COUNTED = ("staff", "fund")
"""Kinds that no stage is about: the plan lists what they ask for."""
SHARE, SHARE_OF_EACH = 2e-3, 1e-5
"""How far a sum of relative shortfalls may lie from what is recomputed: the solver opens by millionths, and rules count as met
within a millionth of their figure."""
MADE_GOOD = 1e-3
"""Relative shortfall that the last step may make good whatever it costs, beyond the cost that its stage states."""
KEPT = 1e-5
"""Share of the cost (of at least 10,000 yuan in each component) within which it is kept."""
UNIT_YUAN = 1e4


@dataclass(frozen=True)
class Range:
    """A figure of the plan: exact, but where the plan does not say all that the stage counts."""

    low: float
    high: float
    tolerance: float

    def __str__(self) -> str:
        """Return it as the claims table prints it: one figure, or two."""
        low, high = f"{self.low:.10g}", f"{self.high:.10g}"
        return high if low == high else f"{low} - {high}"

    def agrees(self, value: float, bound: float) -> bool:
        """Tell whether the figure lies between ``bound`` and ``value``."""
        return min(bound, value) - self.tolerance <= self.high and self.low <= value + self.tolerance


def check_values(claims: Claims, stages: pd.DataFrame, figures: Mapping[str, Range]) -> None:
    """Check the values of the stages against those of the plan.

    Parameters
    ----------
    stages : DataFrame, columns STAGE_COLUMNS
    figures : mapping of stage to Range
        What the plan has; a stage that is not in it is not recomputed.
    """
    for name, value, bound in zip(stages["stage"], stages["value"], stages["bound"], strict=True):
        if name not in figures:
            claims.skip(CLAIM, name, _("not recomputed"))
        elif math.isfinite(value) and math.isfinite(bound):
            figure = figures[name]
            holds = figure.agrees(float(value), float(bound))
            note = "" if holds else _("the plan has another value than its stage says")
            claims.add(CLAIM, name, float(value), str(figure), holds=holds, note=note)


def shortfalls(found: Sequence[Finding], closed: int, extended: Collection[str], *, priced: bool) -> dict[str, Range]:
    """Return what the stages on rules are about: the largest relative shortfall, and the sums.

    Parameters
    ----------
    found : sequence of Finding
        What the audit found of every rule.
    closed : int
        Required sites that were not opened; each counts as a hard rule wholly missed.
    extended : collection of str
        Facilities that are extended. Whether one that is extended against a rule on acquisition counts may be read either way: it is listed, but no
        opening brings it about.
    priced : bool
        Whether missing m2 of soft areas have a price: they are then part of the cost and not of the aims.
    """
    figures = {}
    for stage, strength in STRENGTHS.items():
        shares = [(1.0, 1.0)] * closed if strength == "hard" else []
        mine = [f for f in found if f.rule.strength == strength and f.rule.kind not in NEVER_COUNTED]
        for finding in mine:
            if not (priced and strength == "soft" and finding.rule.kind in AREAS):
                shares.extend(_shares(finding, extended))
        lows, highs = [low for low, _high in shares], [high for _low, high in shares]
        if stage == "hard-worst":
            figures[stage] = Range(max(lows, default=0.0), max(highs, default=0.0), SHARE)
        else:
            low, high = math.fsum(lows), math.fsum(highs)
            figures[stage] = Range(low, high, SHARE + SHARE_OF_EACH * (len(mine) + high))
    return figures


def _shares(finding: Finding, extended: Collection[str]) -> Iterator[tuple[float, float]]:
    """Yield what a rule lacks, relative to what it requires, at least and at most; a rule on facilities lacks what each of them lacks."""
    outcome = finding.outcome
    for name, share in outcome.offenders.items():
        yield (0.0 if finding.rule.kind == "acquisition" and name in extended else share), share
    if not outcome.offenders and outcome.required > 0 and outcome.shortfall > 0:
        share = outcome.shortfall / outcome.required
        yield share, share


def _asked(finding: Finding) -> float:
    """Return the m2 that a rule on areas asks for in all."""
    rule, required = finding.rule, finding.outcome.required
    if rule.kind == "unit_floor":
        return required * float(rule.figure or 0.0)
    return required if rule.kind in AREAS else 0.0


def spent(
    total: float,
    found: Sequence[Finding],
    facilities: pd.DataFrame,
    book: pd.DataFrame,
    stages: pd.DataFrame,
    aim_price: float | None,
) -> Range:
    """Return what the plan costs in yuan, with its missing priced areas.

    Parameters
    ----------
    total : float
        Yuan, recomputed.
    found : sequence of Finding
    facilities : DataFrame
        The plan's.
    book : DataFrame
        What the layers say of every site (capacity.site_book).
    stages : DataFrame
        Where a stage on shortfalls was stopped, the last step may spend any money on what it left: the cost is then
        known from below only.
    aim_price : float or None
    """
    priced = [f for f in found if f.rule.strength == "soft" and f.rule.kind in AREAS] if aim_price is not None else []
    missing = math.fsum(finding.outcome.shortfall for finding in priced)
    asked = math.fsum(_asked(finding) for finding in found if finding.outcome.verdict == PASS)
    m2 = facilities["area_m2"] - facilities["existing_m2"]
    paid = (facilities["cost_yuan"] / m2.where(m2 > 0)).max()
    prices = [book["price"].max(), book["land_price"].max(), paid, 0.0]
    dearest = float(np.nanmax(np.asarray(prices, dtype=float)))
    parts = float(np.nan_to_num(stages["components"].to_numpy(dtype=float)).max(initial=1.0))
    value = total + missing * (aim_price or 0.0)
    tolerance = (
        MADE_GOOD * asked * dearest
        + KEPT * (max(value, 0.0) + UNIT_YUAN * parts)
        + CENT * len(facilities)
        + KEPT * math.fsum(finding.outcome.required for finding in priced) * (aim_price or 0.0)
    )
    stopped = (stages["stage"].isin(list(STRENGTHS)) & (stages["status"].astype(str) != OPTIMAL)).any()
    return Range(0.0 if stopped else value, value, tolerance)


def least_cost(cost: Range, slack: float) -> Range:
    """Return the cost of the cheapest such plan, of which the plan's is at most the share ``slack`` more."""
    return Range(cost.low / (1.0 + slack), cost.high, cost.tolerance)
