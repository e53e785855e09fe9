"""Claims about what fits a site and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing.claims import close
from siteplan.auditing.homes import figures, text
from siteplan.auditing.sites import EXISTING, NEW, site_key
from siteplan.messages import _
from siteplan.units import meets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.auditing.claims import Claims
    from siteplan.plans.scenario import Scenario


CENT = 0.01
"""Yuan by which the stated cost of one facility may be rounded."""


def site_book(candidates: pd.DataFrame, existing: pd.DataFrame) -> pd.DataFrame:
    """Return what the layers say of every site, indexed by its key.

    Returns
    -------
    DataFrame
        ``floor`` and ``land``: m2 that fit; ``storeys``; ``fixed``: yuan; ``price``, ``land_price``: yuan/m2. An
        existing facility has ``spare``, m2 by which it may grow, whatever its kind of area; a candidate has none (NaN).
    """

    def column(layer: pd.DataFrame, name: str) -> pd.Series:
        return pd.Series(np.nan_to_num(figures(layer, name)))

    given = pd.DataFrame(
        {
            "key": [site_key("build", name) for name in text(candidates["id"])],
            "floor": column(candidates, "floor_capacity_m2"),
            "land": column(candidates, "land_m2"),
            "storeys": column(candidates, "storeys").mask(text(candidates["kind"]) == "convert", 0.0),
            "fixed": column(candidates, "fixed_cost_yuan"),
            "price": column(candidates, "cost_per_m2_yuan"),
            "land_price": column(candidates, "land_cost_per_m2_yuan"),
            "spare": np.nan,
        }
    )
    standing = pd.DataFrame(
        {
            "key": [site_key(EXISTING, name) for name in text(existing["id"])],
            "floor": 0.0,
            "land": 0.0,
            "storeys": 0.0,
            "fixed": 0.0,
            "price": column(existing, "cost_per_m2_yuan"),
            "land_price": column(existing, "cost_per_m2_yuan"),
            "spare": column(existing, "spare_m2"),
        }
    )
    book = pd.concat([frame for frame in (given, standing) if len(frame)]) if len(given) + len(standing) else given
    return book.drop_duplicates("key").set_index("key")


def new_area(facilities: pd.DataFrame, spaces: Mapping[str, str]) -> pd.DataFrame:
    """Return the new m2 of floor and of land by site; only outermost facilities that are new or extended count."""
    grown = facilities[(facilities["inside"] == "") & (facilities["status"] != EXISTING)]
    m2 = grown["area_m2"] - grown["existing_m2"]
    space = grown["type"].map(dict(spaces))
    sites = pd.Index(facilities["site"].unique())
    return pd.DataFrame(
        {
            name: m2.where(space == name, 0.0).groupby(grown["site"]).sum().reindex(sites, fill_value=0.0)
            for name in ("floor", "land")
        }
    )


def check_capacity(
    claims: Claims, facilities: pd.DataFrame, book: pd.DataFrame, spaces: Mapping[str, str], *, found: bool
) -> None:
    """Check that what is new fits the floor and the land of its site, and rooms their host.

    Only outermost facilities use a site's floor or land. A candidate holds ``floor_capacity_m2`` of new floor; land
    facilities and new floor / storeys (where storeys > 0) lie on ``land_m2``; a converted building takes no land. An existing facility grows by
    ``spare_m2`` at most.

    Parameters
    ----------
    found : bool
        Whether candidates were found by rules, not given: then nothing given says what they hold.
    """
    for key, floor, land in new_area(facilities, spaces).itertuples():
        if key not in book.index:
            if found:
                claims.skip("site", key, _("the candidates were found, not given: what fits them is not checked"))
            else:
                claims.add("site", key, key, "", holds=False, note=_("the layers have no such site"))
            continue
        site = book.loc[key]
        if not np.isnan(site["spare"]):
            claims.add("spare area", key, floor + land, site["spare"], holds=meets(float(site["spare"]), floor + land))
            continue
        claims.add("floor capacity", key, floor, site["floor"], holds=meets(float(site["floor"]), floor))
        ground = land + (floor / float(site["storeys"]) if site["storeys"] > 0 else 0.0)
        claims.add("land capacity", key, ground, site["land"], holds=meets(float(site["land"]), ground))
    check_rooms(claims, facilities)


def check_rooms(claims: Claims, facilities: pd.DataFrame) -> None:
    """Check that the rooms inside each host sum to the host's area at most, and that each host is there."""
    rooms = facilities[facilities["inside"] != ""]
    area = facilities.drop_duplicates("id").set_index("id")["area_m2"]
    for host, total in rooms.groupby("inside")["area_m2"].sum().items():
        room = float(area.get(host, np.nan))
        claims.add("rooms in host", host, float(total), room, holds=not np.isnan(room) and meets(room, float(total)))


def costs(facilities: pd.DataFrame, book: pd.DataFrame, spaces: Mapping[str, str]) -> pd.Series:
    """Return the cost of each site in yuan, NaN where the layers do not have it.

    What is fixed, once where anything new is opened, and new m2 at the site's price. A room inside a host costs
    nothing more: its m2 are the host's. Land facilities on a candidate are priced by the price of its land.
    """
    new = new_area(facilities, spaces)
    site = book.reindex(new.index)
    opened = set(facilities.loc[facilities["status"] == NEW, "site"])
    fixed = site["fixed"].where(new.index.isin(list(opened)), site["fixed"] * 0.0)
    return new["floor"] * site["price"] + new["land"] * site["land_price"] + fixed


def check_costs(
    claims: Claims,
    facilities: pd.DataFrame,
    recomputed: pd.Series,
    scenario: Scenario,
    township_budgets: Mapping[str, float],
) -> float:
    """Check what each site costs, and that the budgets are kept.

    Budgets are held against the recomputed costs, so that a plan cannot keep one by stating less; a site that the
    layers do not have counts with what the plan says.

    Returns
    -------
    float
        Yuan spent in all, as recomputed.
    """
    said = facilities.groupby("site")["cost_yuan"].sum().reindex(recomputed.index)
    known = recomputed.notna()
    cents = CENT * facilities.groupby("site").size().reindex(recomputed.index)
    same = close(said, recomputed) | ((said - recomputed).abs() <= cents).to_numpy(dtype=bool)
    claims.each("cost", list(said[known].index), said[known], recomputed[known], same[known.to_numpy()])
    spent = recomputed.fillna(said)
    total = float(spent.sum())
    if scenario.budget_yuan is not None:
        claims.add("budget", "", scenario.budget_yuan, total, holds=meets(scenario.budget_yuan, total))
    if not scenario.township_budgets:
        return total
    township = facilities.drop_duplicates("site").set_index("site")["township_id"].reindex(spent.index)
    by_township = spent.groupby(township.to_numpy()).sum()
    for name, limit in township_budgets.items():
        used = float(by_township.get(name, 0.0))
        claims.add("township budget", name, limit, used, holds=meets(limit, used))
    return total
