"""The nearest host of each small site, by walking metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.access.walking import cost_matrix, straight_basis

if TYPE_CHECKING:
    import geopandas as gpd

    from siteplan.access.network import Network
    from siteplan.access.walking import Walking

_SEARCH_M = (5_000.0, 20_000.0, float("inf"))
"""Metres of one search after the other, each for the sites that the one before left without a host."""

_NOISE_DECIMALS = 6
"""Metres are compared to the micrometre, so that hosts equally near are told apart by id and not by rounding."""


@dataclass(frozen=True, kw_only=True)
class Walk:
    """How walks between sites are costed.

    Parameters
    ----------
    network : Network or None
        None: straight lines times the factor.
    detour_factor : float
    snap_limit_m : float
    """

    network: Network | None
    detour_factor: float
    snap_limit_m: float


def nearest_hosts(sites: gpd.GeoDataFrame, hosts: gpd.GeoDataFrame, walk: Walk) -> pd.DataFrame:
    """Find the nearest host of every site.

    Parameters
    ----------
    sites, hosts : GeoDataFrame
        Column id and geometry in one metric CRS; walks go between points in them.
    walk : Walk
        How walks are costed.

    Returns
    -------
    DataFrame
        Columns site_id, host_id, metres and basis, one row a site, in order of ``sites``. ``basis`` is
        ``"network"``, or ``"straight line x 1.3"`` where there is no network, one of the two is off it, or no host is
        on its component.

    Raises
    ------
    ValueError
        If there are sites but no hosts.
    """
    if len(sites) and not len(hosts):
        raise ValueError("no hosts")
    if not len(sites):
        return pd.DataFrame({"site_id": [], "host_id": [], "metres": [], "basis": []})
    found, left = [], sites
    for cutoff in _SEARCH_M:
        pairs = _pairs(left, hosts, walk, cutoff)
        found.append(pairs)
        left = left[~left["id"].isin(pairs["site_id"])]
        if not len(left):
            break
    if len(left):
        off_network = Walk(network=None, detour_factor=walk.detour_factor, snap_limit_m=walk.snap_limit_m)
        found.append(_pairs(left, hosts, off_network, float("inf")))
    nearest = choose_nearest(pd.concat([pairs for pairs in found if len(pairs)])).set_index("site_id")
    in_order: pd.DataFrame = nearest.loc[sites["id"].astype("str")].reset_index()
    return in_order


def choose_nearest(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the nearest host of each site; of hosts equally near, the one whose id comes first.

    Parameters
    ----------
    pairs : DataFrame
        Columns site_id, host_id, metres, and any more.
    """
    order = pairs.assign(_metres=pairs["metres"].round(_NOISE_DECIMALS)).sort_values(["site_id", "_metres", "host_id"])
    return order.drop_duplicates("site_id").drop(columns="_metres").reset_index(drop=True)


def _pairs(sites: gpd.GeoDataFrame, hosts: gpd.GeoDataFrame, walk: Walk, cutoff_m: float) -> pd.DataFrame:
    walking = cost_matrix(
        sites.geometry.representative_point(),
        hosts.geometry.representative_point(),
        demand_ids=sites["id"].tolist(),
        candidate_ids=hosts["id"].tolist(),
        streets=None,
        cutoff_m=cutoff_m,
        detour_factor=walk.detour_factor,
        snap_limit_m=walk.snap_limit_m,
        network=walk.network,
    )
    matrix = walking.matrix
    site, host = matrix.demand[matrix.i], matrix.candidates[matrix.j]
    return pd.DataFrame(
        {
            "site_id": site.astype(str),
            "host_id": host.astype(str),
            "metres": matrix.cost,
            "basis": _basis(site, host, walking, walk),
        }
    ).astype({"site_id": "str", "host_id": "str", "basis": "str"})


def _basis(site: np.ndarray, host: np.ndarray, walking: Walking, walk: Walk) -> np.ndarray:
    straight = np.full(len(site), walk.network is None)
    straight |= np.isin(site.astype(str), walking.unsnapped_demand)
    straight |= np.isin(host.astype(str), walking.unsnapped_candidates)
    return np.where(straight, straight_basis(walk.detour_factor), "network")
