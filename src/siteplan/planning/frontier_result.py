"""A frontier of plans: its points, its table, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from siteplan.plans.plan import Plan

SAME_SHARE = 1e-9
"""Coverages that differ by less are the same."""
STAGES = ("hard-worst", "hard-sum", "targets", "aims")
COLUMNS = (
    "point", "budget_yuan", "cost_yuan", "coverage", "gain", "yuan_per_household", "new_facilities", "hard_unmet",
    *STAGES, "gap", "proven", "coverage_free", "price_of_nesting", "hard_sum_free", "targets_free",
)  # fmt: skip
"""Columns of the table, before those of the types (``coverage:TYPE``)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FrontierPoint:
    """The plan of one budget.

    Parameters
    ----------
    budget_yuan : float or None
        Most that might be spent; None: no limit.
    plan : Plan
    cost_yuan : float
        What it costs: it is the plan of every budget from here to its own.
    by_type : mapping of str to float
        Share of the households that a facility of each planned type serves, 0 to 1.
    """

    budget_yuan: float | None
    plan: Plan
    cost_yuan: float
    by_type: Mapping[str, float]

    @property
    def coverage(self) -> float:
        """Mean of the shares over the types: the share of what all households are to reach that they reach."""
        return sum(self.by_type.values()) / len(self.by_type) if self.by_type else 0.0

    def stage(self, name: str) -> float:
        """Return the value of one stage of the plan."""
        stages = self.plan.stages
        return float(stages.loc[stages["stage"] == name, "value"].iloc[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class Dropped:
    """A point that is not on the frontier: ``by`` costs less and covers as much or more."""

    point: FrontierPoint
    by: FrontierPoint


@dataclass(frozen=True, kw_only=True, eq=False)
class Frontier:
    """Plans with more and more money.

    Parameters
    ----------
    points : tuple of FrontierPoint
        By cost. Of a free frontier each covers more than the one before; nested plans are those of the budgets of ``free``.
    dropped : tuple of Dropped
        Plans that were solved and are dominated: what more they cost is spent on rules that do not count in coverage, or they were stopped early.
    complete : bool
        Whether it is proven that no budget gives a further point.
    solves : int
        How many plans were solved for it.
    free : Frontier or None
        Where the plans are nested, the frontier on which they need not be.
    """

    points: tuple[FrontierPoint, ...]
    dropped: tuple[Dropped, ...]
    complete: bool
    solves: int
    free: Frontier | None = None

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans, by cost."""
        return tuple(point.plan for point in self.points)

    @property
    def table(self) -> pd.DataFrame:
        """One row a point (COLUMNS, and ``coverage:TYPE`` for each type).

        ``gain``: coverage more than the point before; ``yuan_per_household``: what a household more within reach of a type costs from the point
        before; ``gap``: largest of any stage. Of nested plans ``price_of_nesting`` is by how much less they cover than the free plan of the
        same budget.
        """
        import pandas as pd

        rows = [self._row(number) for number in range(len(self.points))]
        types = self.points[0].by_type if self.points else {}
        return pd.DataFrame(rows, columns=[*COLUMNS, *(f"coverage:{key}" for key in types)])

    def _row(self, number: int) -> dict[str, Any]:
        point = self.points[number]
        before = self.points[number - 1] if number else None
        gain = point.coverage - before.coverage if before else float("nan")
        households = gain * len(point.by_type) * float(point.plan.demand["households"].sum())
        each = (point.cost_yuan - before.cost_yuan) / households if before and households > 0 else float("nan")
        free = self.free.points[number] if self.free else None
        return {
            "point": number + 1,
            "budget_yuan": float("nan") if point.budget_yuan is None else point.budget_yuan,
            "cost_yuan": point.cost_yuan,
            "coverage": point.coverage,
            "gain": gain,
            "yuan_per_household": each,
            "new_facilities": int((point.plan.facilities["status"] == "new").sum()),
            "hard_unmet": point.plan.hard_unmet,
            **{name: point.stage(name) for name in STAGES},
            "gap": point.plan.gap,
            "proven": point.plan.proven,
            "coverage_free": free.coverage if free else float("nan"),
            "price_of_nesting": free.coverage - point.coverage if free else float("nan"),
            "hard_sum_free": free.stage("hard-sum") if free else float("nan"),
            "targets_free": free.stage("targets") if free else float("nan"),
            **{f"coverage:{key}": share for key, share in point.by_type.items()},
        }

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw cost against coverage (matplotlib, ``pip install 'siteplan[plot]'``).

        Parameters
        ----------
        path : path, optional
            Written there: .png, .svg or .pdf.

        Returns
        -------
        matplotlib Figure

        Raises
        ------
        UsageError
            If matplotlib is not installed, or the file's ending is none that it writes.
        DataError
            If the file cannot be written.
        """
        from siteplan.planning.frontier_plot import draw

        return draw(self, path)

    def __repr__(self) -> str:
        """Return a line for each point, what was dropped, and whether points may be missing."""
        lines = [
            _("Frontier of {n} points, {solves} plans solved", n=len(self.points), solves=self.solves),
            *(self._line(number) for number in range(len(self.points))),
            *(_dropped_line(dropped) for dropped in self.dropped),
        ]
        if self.free is not None:
            lines.append(_("Nested: each plan keeps what the one before builds."))
        elif self.complete:
            lines.append(_("Complete: no budget gives a further point."))
        else:
            lines.append(_("Not complete: other budgets may give further points; more steps find more of them."))
        return "\n".join(lines)

    def _line(self, number: int) -> str:
        point = self.points[number]
        text = _(
            "  {n}: {cost} yuan, {coverage} of what households are to reach, {hard} hard rules unmet, gap {gap}",
            n=number + 1,
            cost=f"{point.cost_yuan:,.0f}",
            coverage=f"{point.coverage:.1%}",
            hard=point.plan.hard_unmet,
            gap=f"{point.plan.gap:.2%}",
        )
        if self.free is None:
            return text
        price = self.free.points[number].coverage - point.coverage
        return text + _("; nesting costs {points} percentage points", points=f"{100 * price:.2f}")


def _dropped_line(dropped: Dropped) -> str:
    return _(
        "  dropped: {cost} yuan for {coverage}, because {other} yuan cover {better}",
        cost=f"{dropped.point.cost_yuan:,.0f}",
        coverage=f"{dropped.point.coverage:.1%}",
        other=f"{dropped.by.cost_yuan:,.0f}",
        better=f"{dropped.by.coverage:.1%}",
    )
