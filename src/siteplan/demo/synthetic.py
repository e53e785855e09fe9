"""A seeded, invented resettlement county in southern Shaanxi.

A river runs from west to east; tributaries and side valleys open into it; roads follow the valleys and settlements lie
beside the roads. The county seat is a town of several sites that share their surroundings, so that types serving anyone
within reach couple them. Site sizes follow Ankang's published totals (requirements S2-01 and S2-02): 1,364 sites,
268,600 households and 945,400 people; another number of sites keeps the mean.

What cannot be met
------------------
Two things are beyond any plan, on purpose, and :func:`unmeetable` names them:

``cramped``
    A new rural site of 320 households or more, a community of its own at the head of a valley. It has no parcel, only
    fifteen rooms of less than 24 m2 each, below 400 m2 in all: the 400 m2 floor of its service centre (S0-14) cannot be
    met. No other site attaches to it, because the town is nearer for everybody who passes the valley's mouth.
``remote``
    A site of which a few houses stand more than 3 km of road up the valley from every candidate and every existing
    facility: they are out of reach of everything, so that no reach rule can be met for its community.

Coordinates of the layers are made by arithmetic alone and rounded to 0.01 m: the same seed gives the same data
everywhere.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.demo.county import build_county, cramped_site, remote_site
from siteplan.demo.frames import make_layers
from siteplan.demo.write import FACILITY_TYPES, write_demo

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import geopandas as gpd

__all__ = ["FACILITY_TYPES", "demo_layers", "fingerprint", "unmeetable", "write_demo"]


def demo_layers(
    *,
    sites: int = 20,
    households: int | None = None,
    seed: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, gpd.GeoDataFrame]:
    """Return the vector layers of a demo county, in memory.

    Parameters
    ----------
    sites : int
        Resettlement sites, at least 1.
    households : int or None
        Households in all; None: the published mean of 196.9 a site.
    seed : int
        Not negative.
    progress : callable, optional
        Called with (what, done, of how many).

    Returns
    -------
    dict of str to GeoDataFrame
        Layers boundary, townships, sites, buildings, streets, candidates, facilities, farmland and exclusions in
        EPSG:4545, with the columns of their roles; candidates and facilities have ``site_id`` besides.

    Raises
    ------
    UsageError
        If a number makes no sense.
    """
    return make_layers(build_county(sites, households, seed, progress), progress)


def unmeetable(layers: Mapping[str, gpd.GeoDataFrame]) -> dict[str, str]:
    """Return the id of the ``cramped`` and of the ``remote`` site, as far as the county has them.

    See the module's text for what cannot be met there. A county of few households has no cramped site.
    """
    table = layers["sites"]
    counts = table["households"].to_numpy(dtype=np.int64)
    found = {}
    if (rank := cramped_site(counts)) >= 0:
        found["cramped"] = str(table["id"].iloc[rank])
    if (rank := remote_site(counts)) >= 0:
        ident = str(table["id"].iloc[rank])
        own = layers["buildings"][layers["buildings"]["site_id"] == ident]
        if not shapely.covers(table.geometry.iloc[rank], own.geometry.to_numpy()).all():
            found["remote"] = ident
    return found


def fingerprint(layers: Mapping[str, gpd.GeoDataFrame]) -> str:
    """Return the SHA-256 of the layers' sorted ids, texts, whole numbers and coordinates to 0.1 m.

    Neither the order of rows and layers nor the versions of libraries change it.
    """
    total = hashlib.sha256()
    for role in sorted(layers):
        layer = layers[role].sort_values("id", kind="stable")
        total.update(f"{role} {len(layer)}\n".encode())
        for name in sorted(set(layer.columns) - {"geometry"}):
            column = layer[name]
            if column.dtype.kind == "f":
                texts = np.rint(column.to_numpy()).astype(np.int64).astype(str)
            else:
                texts = column.astype(str).to_numpy()
            total.update(f"{name}\n".encode())
            total.update("\n".join(texts).encode())
        xy, row = shapely.get_coordinates(layer.geometry.to_numpy(), return_index=True)
        total.update(row.astype("<i8").tobytes())
        total.update(np.rint(xy * 10).astype("<i8").tobytes())
    return total.hexdigest()
