"""Claims about what fits a site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing.homes import figures, text
from siteplan.auditing.sites import EXISTING, site_key
from siteplan.messages import _
from siteplan.units import meets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.auditing.claims import Claims


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
            "fixed": column(existing, "fixed_cost_yuan"),
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
    """Check that what is new fits the floor and the land of its site.

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
