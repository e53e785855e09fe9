"""Claims about the values of the stages: what the plan costs and what it lacks, against what its stages say of it.

The formulas are those of docs/decisions/0002-stages-and-decomposition.md. A stage whose value is proven must say what the plan has; one that
was stopped must have it between its bound and its value, because later stages may improve on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siteplan.auditing.capacity import CENT
from siteplan.auditing.proof import OPTIMAL
from siteplan.auditing.rules import PASS
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.table import Finding

CLAIM = "stage value"
STRENGTHS = {"hard-worst": "hard", "hard-sum": "hard", "targets": "target", "aims": "soft"}
AREAS = ("area_ratio", "area_floor")
SHARE, SHARE_OF_EACH = 2e-3, 1e-5
"""How far a sum of relative shortfalls may lie from what is recomputed: the solver opens by millionths, and rules count as met
within a millionth of their figure."""
MADE_GOOD = 1e-3
"""Relative shortfall that the last step may make good whatever it costs, beyond the cost that its stage states."""
KEPT = 1e-5
"""Share of the cost (of at least 10,000 yuan in each component) within which it is kept."""
UNIT_YUAN = 1e4
ONE_MORE = 0.5


@dataclass(frozen=True)
class Range:
    """A figure of the plan: exact, but where the plan does not say all that the stage counts."""

    low: float
    high: float
    tolerance: float

    def agrees(self, value: float, bound: float) -> bool:
        """Tell whether the figure lies between ``bound`` and ``value``."""
        return min(bound, value) - self.tolerance <= self.high and self.low <= value + self.tolerance


def check_values(
    claims: Claims,
    stages: pd.DataFrame,
    found: Sequence[Finding],
    closed: int,
    cost: Range,
    built: int,
    spaces: Mapping[str, str],
    aim_price: float | None,
) -> None:
    """Check the values of the stages on rules and of the cost; walking is not recomputed.

    Parameters
    ----------
    stages : DataFrame, columns STAGE_COLUMNS
    found : sequence of Finding
        What the audit found of every rule.
    closed : int
        Required sites that were not opened; each counts as a hard rule wholly missed.
    cost : Range
        Of :func:`spent`.
    built : int
        New facilities.
    spaces : mapping
        Space of each facility type.
    aim_price : float or None
        Yuan for a missing m2 of a soft area, which is then part of the cost and not of the aims.
    """
    figures = {name: _shortfall(name, found, closed, spaces, priced=aim_price is not None) for name in STRENGTHS} | {
        "cost": cost,
        "fewest": Range(float(built), float(built), ONE_MORE),
    }
    for name, value, bound in zip(stages["stage"], stages["value"], stages["bound"], strict=True):
        if name not in figures:
            claims.skip(CLAIM, name, _("not recomputed"))
        elif math.isfinite(value) and math.isfinite(bound):
            figure = figures[name]
            holds = figure.agrees(float(value), float(bound))
            note = "" if holds else _("the plan has another value than its stage says")
            claims.add(CLAIM, name, float(value), figure.high, holds=holds, note=note)


def _shortfall(stage: str, found: Sequence[Finding], closed: int, spaces: Mapping[str, str], *, priced: bool) -> Range:
    """Return the sum, or the largest, of the relative shortfalls that a stage is about."""
    strength = STRENGTHS[stage]
    shares = [(1.0, 1.0)] * closed if strength == "hard" else []
    mine = [finding for finding in found if finding.rule.strength == strength]
    for finding in mine:
        if not (priced and strength == "soft" and finding.rule.kind in AREAS):
            shares.extend(_shares(finding, spaces))
    if stage == "hard-worst":
        return Range(
            max([low for low, _high in shares], default=0.0), max([high for _low, high in shares], default=0.0), SHARE
        )
    low, high = math.fsum(low for low, _high in shares), math.fsum(high for _low, high in shares)
    return Range(low, high, SHARE + SHARE_OF_EACH * (len(mine) + high))


def _shares(finding: Finding, spaces: Mapping[str, str]) -> Iterator[tuple[float, float]]:
    """Yield what a rule lacks, relative to what it requires, from least to most.

    A rule on each facility lacks what each of them lacks, but for types that have no area. That rooms are inside their
    hosts is no objective. A reach of several types may be counted for each of them.
    """
    rule, outcome = finding.rule, finding.outcome
    if rule.kind == "inside" or not outcome.required > 0:
        return
    if rule.kind == "unit_floor":
        here = finding.place.facilities
        kind = dict(zip(here["id"].astype(str), here["type"], strict=True))
        for name, area in outcome.offenders.items():
            if spaces.get(kind.get(name, "")) != "none":
                share = (outcome.required - area) / outcome.required
                yield share, share
        return
    share = outcome.shortfall / outcome.required
    if rule.kind == "reach" and len(rule.types) > 1:
        yield share, float(len(rule.types))
    elif share > 0:
        yield share, share


def _asked(finding: Finding) -> float:
    """Return the m2 that a rule on areas asks for in all."""
    rule, required = finding.rule, finding.outcome.required
    if rule.kind == "unit_floor":
        return required * float(finding.place.facilities["type"].isin(rule.types).sum())
    return required if rule.kind in AREAS else 0.0


def spent(
    total: float,
    found: Sequence[Finding],
    facilities: pd.DataFrame,
    book: pd.DataFrame,
    stages: pd.DataFrame,
    aim_price: float | None,
) -> Range:
    """Return what the plan costs in yuan, with its missing priced areas, as the stage of the cost counts it.

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
