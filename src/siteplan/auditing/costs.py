"""Claims about money: what each work costs, and the budgets of phases, townships and the whole study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.auditing.claims import close
from siteplan.auditing.sites import EXTENDED, NEW
from siteplan.units import meets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.phases import Course
    from siteplan.plans.scenario import Scenario

CENT = 0.01
"""Yuan by which the stated cost of one work may be rounded."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spending:
    """What is spent, as recomputed from works and prices.

    Parameters
    ----------
    yuan : (n_facilities, n_phases) float64
        NaN for a site that the layers do not have.
    said : (n_facilities, n_phases) float64
        What the plan's works say.
    """

    yuan: npt.NDArray[np.float64]
    said: npt.NDArray[np.float64]

    @property
    def counted(self) -> npt.NDArray[np.float64]:
        """What counts against budgets: recomputed, and what the plan says only where the layers do not have the site."""
        return np.where(np.isnan(self.yuan), self.said, self.yuan)

    @property
    def total(self) -> float:
        """Yuan in all."""
        return float(self.counted.sum())

    @property
    def by_phase(self) -> npt.NDArray[np.float64]:
        """Yuan in each phase, (n_phases,)."""
        return np.asarray(self.counted.sum(axis=0), dtype=np.float64)


def spending(course: Course, book: pd.DataFrame, spaces: Mapping[str, str]) -> Spending:
    """Return what each facility costs in each phase.

    New m2 at the site's price, where the facility stands by itself: a room inside a host costs nothing more, for its m2 are the host's. Land
    facilities on a candidate are priced by the price of its land. What a site costs by itself is paid once, in the phase in which something new
    first opens there or what stands there is extended, in equal parts by the outermost facilities that open in it.

    Parameters
    ----------
    course : Course
    book : DataFrame
        What the layers say of every site (capacity.site_book).
    spaces : mapping
        Space of each facility type.
    """
    facilities = course.facilities
    site = book.reindex(facilities["site"])
    space = facilities["type"].map(dict(spaces)).to_numpy()
    price = np.select([space == "floor", space == "land"], [site["price"], site["land_price"]], default=0.0)
    price = np.where(facilities["inside"] == "", price, 0.0)
    yuan = course.grown * price[:, None]
    for rows, phase in _first_works(course):
        yuan[rows, phase - 1] += float(site["fixed"].iloc[rows[0]]) / len(rows)
    yuan[site["fixed"].isna().to_numpy(dtype=bool)] = np.nan
    said = np.zeros_like(yuan)
    works = course.works[course.works["good"]]
    np.add.at(said, (works["row"].to_numpy(), works["phase"].to_numpy() - 1), works["cost_yuan"].to_numpy())
    return Spending(yuan=yuan, said=said)


def _first_works(course: Course) -> Iterator[tuple[npt.NDArray[np.int64], int]]:
    """Yield for each site where something is built who bears what the site costs by itself, and in which phase."""
    facilities, last = course.facilities, course.n_phases
    grows = course.grown > 0
    began = np.where(grows.any(axis=1), grows.argmax(axis=1) + 1, last + 1)
    new = (facilities["status"] == NEW).to_numpy(dtype=bool)
    began = np.where(new, course.opens, np.where(facilities["status"] == EXTENDED, began, last + 1))
    outer = (facilities["inside"] == "").to_numpy(dtype=bool)
    for here in facilities.groupby("site").indices.values():
        phase = int(began[here].min())
        if phase > last:
            continue
        first = here[began[here] == phase]
        bearers = next(some for some in (first[new[first] & outer[first]], first[new[first]], first) if len(some))
        yield bearers.astype(np.int64), phase


def check_costs(claims: Claims, course: Course, spent: Spending) -> None:
    """Check what each work and each facility costs, but for sites that the layers do not have."""
    facilities, works = course.facilities, course.works[course.works["good"]]
    row, phase = works["row"].to_numpy(), works["phase"].to_numpy()
    found, said = spent.yuan[row, phase - 1], works["cost_yuan"].to_numpy(dtype=float)
    names = [f"{name} / {n}" for name, n in zip(works["facility_id"], phase, strict=True)]
    claims.each("cost of work", names, said, found, np.isnan(found) | _same_money(said, found))
    total, cost = spent.yuan.sum(axis=1), facilities["cost_yuan"].to_numpy(dtype=float)
    cents = CENT * course.n_phases
    listed = _same_money(cost, spent.said.sum(axis=1), cents)
    claims.each("cost", facilities["id"], cost, total, listed & (np.isnan(total) | _same_money(cost, total, cents)))


def _same_money(said: npt.ArrayLike, found: npt.ArrayLike, cents: float = CENT) -> npt.NDArray[np.bool_]:
    near = np.abs(np.asarray(said, dtype=float) - np.asarray(found, dtype=float)) <= cents
    return np.asarray(close(said, found) | near, dtype=np.bool_)


def check_budgets(
    claims: Claims, course: Course, spent: Spending, scenario: Scenario, township_budgets: Mapping[str, float]
) -> None:
    """Check that no budget is exceeded: of a phase, of a township, of the whole study.

    Budgets are held against the recomputed costs, so that a plan cannot keep one by stating less.
    """
    if scenario.budget_yuan is not None:
        claims.add("budget", "", scenario.budget_yuan, spent.total, holds=meets(scenario.budget_yuan, spent.total))
    for phase, used in zip(scenario.phases, spent.by_phase, strict=False):
        if phase.budget_yuan is not None:
            kept = meets(phase.budget_yuan, float(used))
            claims.add("budget of phase", phase.name, phase.budget_yuan, float(used), holds=kept)
    if scenario.township_budgets:
        yuan = pd.Series(spent.counted.sum(axis=1), index=course.facilities["township_id"].to_numpy())
        by_township = yuan.groupby(level=0).sum()
        for name, limit in township_budgets.items():
            used = float(by_township.get(name, 0.0))
            claims.add("township budget", name, limit, used, holds=meets(limit, used))
