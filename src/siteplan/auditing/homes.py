"""Claims about who lives where: households on buildings, buildings in communities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing.claims import close
from siteplan.messages import _
from siteplan.units import COUNTS

if TYPE_CHECKING:
    import numpy.typing as npt

    from siteplan.auditing.claims import Claims

FIGURES = COUNTS

HALF = 0.5
"""Households that rounding a total adds or takes at most."""


def text(values: pd.Series) -> pd.Series:
    """Return ids as text, missing ones as ``""``."""
    return values.astype("object").where(values.notna(), "").astype(str)


def figures(layer: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """Return a column of figures, NaN where it or its value is missing."""
    if name not in layer.columns:
        return np.full(len(layer), np.nan)
    return pd.to_numeric(layer[name]).to_numpy(dtype=float, na_value=np.nan)


def check_buildings(claims: Claims, demand: pd.DataFrame, buildings: pd.DataFrame) -> None:
    """Check that every building with households is in the plan once, with the layer's count where it gives one."""
    ids = text(demand["building_id"])
    times = ids.value_counts()
    layer = text(buildings["id"])
    given = pd.Series(figures(buildings, "households"), index=layer.to_numpy())
    homes = layer[(given > 0).to_numpy()]
    count = times.reindex(homes.to_numpy()).fillna(0).to_numpy(dtype=int)
    claims.each("building in the plan", homes, np.ones(len(homes), dtype=int), count, count == 1)
    twice = ids[ids.duplicated() & ~ids.isin(homes)]
    strange = ids[~ids.isin(layer)]
    for name in [*twice, *strange]:
        claims.add("building in the plan", name, int(times[name]), 0, holds=False, note=_("twice, or not in the layer"))
    for name in ("households", "people"):
        counted = _looked_up(ids, layer, figures(buildings, name))
        said = figures(demand, name)
        good = np.where(np.isnan(counted), said >= 0, close(said, counted))
        claims.each(f"{name} of building", ids, said, counted, good)
    for name in FIGURES[2:]:
        counted, said = _looked_up(ids, layer, figures(buildings, name)), figures(demand, name)
        has = np.isfinite(counted)
        claims.each(f"{name} of building", ids[has], said[has], counted[has], close(said[has], counted[has]))
    site = dict(zip(layer, text(buildings["site_id"]), strict=True))
    said_site = text(demand["site_id"])
    own = ids.map(site).fillna("")
    claims.each("site of building", ids, said_site, own, (own == "") | (said_site == own))


def _looked_up(ids: pd.Series, names: pd.Series, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    table = pd.Series(values, index=names.to_numpy())
    found = table[~table.index.duplicated()].reindex(ids.to_numpy())
    return np.asarray(found, dtype=np.float64)


def _sums(demand: pd.DataFrame, key: str, name: str) -> pd.Series:
    frame = pd.DataFrame({"key": text(demand[key]).to_numpy(), "value": figures(demand, name)})
    return frame.groupby("key")["value"].sum(min_count=1)


def check_totals(
    claims: Claims, demand: pd.DataFrame, units: pd.DataFrame, key: str, buildings: pd.DataFrame, *, whole: bool = False
) -> None:
    """Check that the households and the people of each unit's buildings sum to the unit's totals.

    Where every building of a unit has a count of its own, the counts speak and not the total.

    Parameters
    ----------
    units : DataFrame
        The layer with the totals: sites, or communities.
    key : str
        Column of ``demand`` that names the unit.
    whole : bool
        Whether households are spread whole: a total that is no whole number may be rounded.
    """
    people = np.isnan(figures(buildings, "people"))
    bare = {"households": people & np.isnan(figures(buildings, "households")), "people": people}
    names = text(units["id"])
    for name, uncounted in bare.items():
        ids = text(buildings["id"])[uncounted]
        held = set(text(demand.loc[text(demand["building_id"]).isin(ids), key]))
        sums = _sums(demand, key, name)
        if name == "households":
            held |= set(names) - set(sums.index)
        layer = units[names.isin(held).to_numpy() & (figures(units, name) > 0)]
        found = sums.reindex(text(layer["id"]).to_numpy()).fillna(0.0).to_numpy(dtype=float)
        total = figures(layer, name)
        good = close(found, total)
        if whole and name == "households":
            good |= (found == np.round(found)) & (np.abs(found - total) <= HALF)
        claims.each(f"{name} by {key}", layer["id"], found, total, good)


def check_communities(
    claims: Claims,
    demand: pd.DataFrame,
    communities: pd.DataFrame,
    members: pd.DataFrame,
) -> None:
    """Check that each building is in one community, that of its site, and that communities count what lives in them."""
    ids = set(text(communities["id"]))
    repeated = text(communities["id"])[text(communities["id"]).duplicated()]
    for name in repeated:
        claims.add("community", name, 2, 1, holds=False, note=_("a community is listed twice"))
    own = text(demand["community_id"])
    claims.each("community of building", text(demand["building_id"]), own, own.where(own.isin(ids), ""), own.isin(ids))

    site_of = pd.Series(text(members["community_id"]).to_numpy(), index=text(members["site_id"]).to_numpy())
    for name in site_of.index[site_of.index.duplicated()]:
        claims.add("community of site", name, "", "", holds=False, note=_("a site belongs to two communities"))
    site_of = site_of[~site_of.index.duplicated()]
    site = text(demand["site_id"])
    known = site.isin(site_of.index)
    expected = site[known].map(site_of)
    claims.each("community of site", text(demand["building_id"])[known], own[known], expected, own[known] == expected)

    names = text(communities["id"])
    sums = unit_figures(demand, own).reindex(names.to_numpy())
    empty = ~names.isin(own).to_numpy()
    for name in FIGURES:
        said = figures(communities, name)
        found = np.where(empty & np.isfinite(said), 0.0, sums[name].to_numpy(dtype=float))
        claims.each(f"{name} of community", names, said, found, close(said, found))


def unit_figures(demand: pd.DataFrame, unit_of: pd.Series) -> pd.DataFrame:
    """Return households, people, elderly and children of each unit, summed over its buildings.

    Parameters
    ----------
    demand : DataFrame, columns DEMAND_COLUMNS
    unit_of : (n_buildings,) Series of str
        Unit of each row of ``demand``.

    Returns
    -------
    DataFrame
        Indexed by unit, one column a figure; NaN where the figure of any building with households is missing.
    """
    frame = pd.DataFrame({name: figures(demand, name) for name in FIGURES})
    groups = frame.groupby(unit_of.to_numpy())
    sums = groups.sum(min_count=1)
    missing = frame.isna().groupby(unit_of.to_numpy()).any()
    return sums.mask(missing)


def check_phases(
    claims: Claims,
    communities: pd.DataFrame,
    members: pd.DataFrame,
    sites: pd.DataFrame,
    given: pd.DataFrame | None,
    n_phases: int,
) -> None:
    """Check in which phase the housing of each community is built.

    A community of the layer has that of the layer; one formed from sites that of the last of them; 1 where no layer says; the last phase of the
    scenario at most.

    Parameters
    ----------
    sites, given : DataFrame
        The layers of sites and of communities.
    """
    site_phase = pd.Series(np.nan_to_num(figures(sites, "phase"), nan=1.0), index=text(sites["id"]).to_numpy())
    of_members = text(members["site_id"]).map(site_phase[~site_phase.index.duplicated()])
    last = of_members.groupby(text(members["community_id"]).to_numpy()).max().to_dict()
    if given is not None:
        last |= dict(zip(text(given["id"]), np.nan_to_num(figures(given, "phase"), nan=1.0), strict=True))
    names = text(communities["id"])
    said, found = figures(communities, "phase"), names.map(last).fillna(1.0).clip(upper=n_phases)
    claims.each("phase of community", names, said, found, close(said, found))
