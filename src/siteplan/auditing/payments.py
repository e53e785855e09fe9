"""Claims about who pays: every yuan that is spent where there are funds, by funds that may pay it and have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing.claims import close
from siteplan.auditing.costs import CENT
from siteplan.auditing.homes import figures, text
from siteplan.messages import _
from siteplan.units import meets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.auditing.claims import Claims
    from siteplan.auditing.costs import Spending
    from siteplan.auditing.phases import Course
    from siteplan.plans.scenario import Fund, Scenario
    from siteplan.standards.rule import Unit


def may_have(fund: Fund, unit: Unit, township: str) -> bool:
    """Tell whether a community may have money of a fund.

    >>> from siteplan.plans.scenario import Fund
    >>> from siteplan.standards.rule import Unit
    >>> may_have(Fund(name="a", yuan=(1.0,), resettlement="yes"), Unit(id="A", resettlement=False), "T")
    False
    """
    return (
        fund.setting in {"any", unit.setting}
        and fund.construction in {"any", unit.construction}
        and fund.resettlement in {"any", "yes" if unit.resettlement else "no"}
        and fund.key in {"any", "yes" if unit.key else "no"}
        and (not fund.townships or township in fund.townships)
    )


def check_payments(
    claims: Claims,
    payments: pd.DataFrame,
    course: Course,
    spent: Spending,
    scenario: Scenario,
    units: Mapping[str, Unit],
) -> None:
    """Check that funds pay every yuan at each site in each phase, where they may, and no more than they have.

    Parameters
    ----------
    payments : DataFrame, columns PAYMENT_COLUMNS
    units : mapping of id to Unit
        The communities.
    """
    table = _table(payments)
    funds = {fund.name: fund for fund in scenario.funds}
    home = course.facilities.drop_duplicates("site_id").set_index("site_id")[["community_id", "township_id"]]
    known = table["fund"].isin(funds) & table["site_id"].isin(home.index) & table["phase"].between(1, course.n_phases)
    known &= table["yuan"] >= 0
    names = [
        f"{site} / {phase} / {fund}"
        for site, phase, fund in zip(table["site_id"], table["phase"], table["fund"], strict=True)
    ]
    claims.each(
        "payment", names, table["yuan"], np.where(known, table["yuan"], 0.0), known, _("no such site, phase or fund")
    )
    if not funds:
        return
    good = table[known]
    allowed = [
        home.loc[site, "community_id"] in units
        and may_have(funds[fund], units[str(home.loc[site, "community_id"])], str(home.loc[site, "township_id"]))
        for site, fund in zip(good["site_id"], good["fund"], strict=True)
    ]
    note = _("the fund is not for this community")
    claims.each("fund may pay", good["site_id"], good["fund"], np.where(allowed, good["fund"], ""), allowed, note)
    _check_paid(claims, good, course, spent)
    given = good.groupby(["fund", "phase"])["yuan"].sum()
    for fund in scenario.funds:
        for phase, (name, limit) in enumerate(zip(scenario.phase_names, fund.given(course.n_phases), strict=True), 1):
            used = float(given.get((fund.name, phase), 0.0))
            claims.add("fund limit", f"{fund.name} / {name}", limit, used, holds=meets(limit, used))


def _table(payments: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "site_id": text(payments["site_id"]).to_numpy(),
            "phase": np.nan_to_num(figures(payments, "phase")).astype(np.int64),
            "fund": text(payments["fund"]).to_numpy(),
            "yuan": np.nan_to_num(figures(payments, "yuan"), nan=-1.0),
        }
    )


def _check_paid(claims: Claims, good: pd.DataFrame, course: Course, spent: Spending) -> None:
    """Check that what is paid at each site in each phase is what is spent there."""
    site = course.facilities["site_id"].to_numpy()
    phases = range(1, course.n_phases + 1)
    costs = pd.DataFrame(spent.counted, columns=list(phases)).groupby(site).sum()
    paid = good.pivot_table(index="site_id", columns="phase", values="yuan", aggfunc="sum", fill_value=0.0)
    paid = paid.reindex(index=costs.index, columns=costs.columns, fill_value=0.0)
    said, found = paid.to_numpy(dtype=float).ravel(), costs.to_numpy(dtype=float).ravel()
    names = [f"{name} / {phase}" for name in costs.index for phase in phases]
    parts = pd.Series(site).value_counts().reindex(costs.index).to_numpy() + good["fund"].nunique()
    same = close(said, found) | (np.abs(said - found) <= CENT * np.repeat(parts, len(phases)))
    claims.each("paid by funds", names, said, found, same)
