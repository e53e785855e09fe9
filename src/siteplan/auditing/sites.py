"""Claims about sites: what stands, what fits, what was allowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing.claims import Claims, close
from siteplan.messages import _
from siteplan.units import meets

if TYPE_CHECKING:
    from siteplan.plans.scenario import Scenario

EXISTING, EXTENDED, NEW = "existing", "extended", "new"
NOTHING_THERE = _("the layers have no such site")


def allowed_types(text: object) -> frozenset[str]:
    """Return the facility types that a candidate's ``types`` column names; empty: any.

    >>> sorted(allowed_types("police_post; health_station"))
    ['health_station', 'police_post']
    """
    return frozenset(re.split(r"[\s;,；，、]+", str(text).strip())) - {"", "nan", "None", "<NA>"}


def by_id(layer: pd.DataFrame) -> pd.DataFrame:
    """Return ``layer`` indexed by its ids as text."""
    return layer.set_index(layer["id"].astype(str))


def table_of(facilities: pd.DataFrame) -> pd.DataFrame:
    """Return the plan's facilities as a plain table with no missing figure, indexed 0, 1, ..."""
    texts = ("id", "type", "site_id", "site_kind", "status", "community_id", "township_id", "inside")
    figures = ("area_m2", "existing_m2", "cost_yuan", "households_served")
    columns = {name: facilities[name].astype("object").fillna("").astype(str).to_numpy() for name in texts}
    columns |= {name: pd.to_numeric(facilities[name]).astype(float).fillna(0.0).to_numpy() for name in figures}
    return pd.DataFrame(columns)


def check_existing(claims: Claims, facilities: pd.DataFrame, existing: pd.DataFrame, types: Iterable[str]) -> None:
    """Check that every existing facility of the planned types is in the plan, of its type and with its area."""
    planned = existing[existing["type"].isin(list(types))]
    rows = facilities[facilities["status"].isin([EXISTING, EXTENDED])]
    held = rows.drop_duplicates(["site_id", "type"]).set_index(["site_id", "type"])
    keys = pd.MultiIndex.from_arrays([planned["id"].astype(str), planned["type"].astype(str)])
    present = keys.isin(held.index)
    claims.each("existing facilities", planned["id"], planned["type"], np.where(present, planned["type"], ""), present)

    known = keys[present]
    layer_area = planned["area_m2"].astype(float).fillna(0.0).to_numpy()[present]
    said = held.reindex(known)
    kept = np.where(said["status"] == EXISTING, close(said["area_m2"], layer_area), said["area_m2"] >= layer_area - 1e-6)
    same = close(said["existing_m2"], layer_area) & kept.astype(bool)
    claims.each("existing area", [name for name, _type in known], said["area_m2"], layer_area, same)
    unknown = rows[~pd.MultiIndex.from_frame(rows[["site_id", "type"]]).isin(keys) & rows["type"].isin(list(types))]
    for row in unknown.itertuples():
        claims.add("existing facilities", row.id, row.type, "", holds=False, note=NOTHING_THERE)
    new = facilities[facilities["status"] == NEW]
    claims.each("existing area", new["id"], new["existing_m2"], np.zeros(len(new)), close(new["existing_m2"], np.zeros(len(new))))


def _new_area(facilities: pd.DataFrame, spaces: Mapping[str, str]) -> pd.DataFrame:
    """Return site_id, space and new m2 of every outermost facility."""
    outer = facilities[facilities["inside"] == ""]
    return pd.DataFrame(
        {
            "site_id": outer["site_id"],
            "space": outer["type"].map(dict(spaces)).fillna("none"),
            "m2": outer["area_m2"] - outer["existing_m2"],
        }
    )


def check_capacity(
    claims: Claims,
    facilities: pd.DataFrame,
    candidates: pd.DataFrame,
    existing: pd.DataFrame,
    spaces: Mapping[str, str],
) -> None:
    """Check that what is new fits the floor and the land of its site, and rooms their host.

    Only outermost facilities use a site's floor or land. A candidate holds ``floor_capacity_m2`` of new floor; land facilities
    and new floor / storeys (where storeys > 0) lie on ``land_m2``. An existing facility grows by ``spare_m2`` at most.
    """
    new = _new_area(facilities, spaces)
    sums = new.pivot_table(index="site_id", columns="space", values="m2", aggfunc="sum", fill_value=0.0)
    sums = sums.reindex(columns=["floor", "land"], fill_value=0.0)
    layer, standing = by_id(candidates), by_id(existing)
    for site, floor, land in zip(sums.index, sums["floor"], sums["land"], strict=True):
        if site in standing.index and site not in layer.index:
            spare = float(standing.loc[site, "spare_m2"])
            claims.add("spare area", site, floor + land, spare, meets(spare, floor + land))
        elif site in layer.index:
            row = layer.loc[site]
            claims.add("floor capacity", site, floor, row["floor_capacity_m2"], meets(float(row["floor_capacity_m2"]), floor))
            storeys = float(row["storeys"])
            ground = land + (floor / storeys if storeys > 0 else 0.0)
            claims.add("land capacity", site, ground, row["land_m2"], meets(float(row["land_m2"]), ground))
        else:
            claims.add("site", site, site, "", holds=False, note=NOTHING_THERE)
    check_rooms(claims, facilities)


def check_rooms(claims: Claims, facilities: pd.DataFrame) -> None:
    """Check that the rooms inside each host sum to the host's area at most, and that each host is there."""
    rooms = facilities[facilities["inside"] != ""]
    area = facilities.drop_duplicates("id").set_index("id")["area_m2"]
    for host, total in rooms.groupby("inside")["area_m2"].sum().items():
        room = float(area.get(host, 0.0))
        claims.add("rooms in host", host, float(total), room, str(host) in area.index and meets(room, float(total)))


def check_permission(claims: Claims, facilities: pd.DataFrame, candidates: pd.DataFrame, scenario: Scenario) -> None:
    """Check forbidden and required candidates, the types a candidate may take, and the number of sites."""
    layer = by_id(candidates)
    state = layer["state"].astype("object").fillna("free")
    forbidden = set(scenario.forbidden) | set(layer.index[state == "forbidden"])
    required = (set(scenario.required) | set(layer.index[state == "required"])) - set(scenario.forbidden)
    new = facilities[facilities["status"] == NEW]
    on_forbidden = new["site_id"].isin(forbidden)
    claims.each("forbidden candidates", new["site_id"], new["type"], np.where(on_forbidden, "", new["type"]), ~on_forbidden)
    opened = set(new["site_id"])
    for site in sorted(required):
        claims.add("required candidates", site, "opened", "opened" if site in opened else "", site in opened)
    may = {site: allowed_types(text) for site, text in layer["types"].items()}
    fits = [not may.get(site) or kind in may[site] for site, kind in zip(new["site_id"], new["type"], strict=True)]
    claims.each("candidate types", new["site_id"], new["type"], [";".join(sorted(may.get(site, ()))) for site in new["site_id"]], fits)
    if scenario.max_sites is not None:
        count = len(opened & set(layer.index))
        claims.add("sites opened", "", scenario.max_sites, count, count <= scenario.max_sites)


def costs(
    facilities: pd.DataFrame, candidates: pd.DataFrame, existing: pd.DataFrame, spaces: Mapping[str, str]
) -> pd.Series:
    """Return the cost of each site in yuan: what is fixed, once, and new m2 at the site's price.

    A room inside a host costs nothing more: its m2 are the host's. Land facilities are priced by the price of land.
    """
    layer, standing = by_id(candidates), by_id(existing)
    price = pd.concat([layer["cost_per_m2_yuan"], standing["cost_per_m2_yuan"]]).astype(float).fillna(0.0)
    price = price[~price.index.duplicated()]
    land_price = layer["land_cost_per_m2_yuan"].astype(float).fillna(0.0)
    new = _new_area(facilities, spaces)
    on_land = (new["space"] == "land") & new["site_id"].isin(layer.index)
    each = np.where(on_land, new["site_id"].map(land_price), new["site_id"].map(price))
    each = np.where(new["space"] == "none", 0.0, each)
    total = (new["m2"] * np.nan_to_num(each)).groupby(new["site_id"]).sum()
    opened = facilities.loc[facilities["status"] == NEW, "site_id"].unique()
    fixed = layer["fixed_cost_yuan"].astype(float).fillna(0.0).reindex(opened).dropna()
    return total.add(fixed, fill_value=0.0)


def check_costs(
    claims: Claims,
    facilities: pd.DataFrame,
    recomputed: pd.Series,
    scenario: Scenario,
    township_budgets: Mapping[str, float],
) -> None:
    """Check what each site costs, and that the budgets are kept.

    Budgets are held against the recomputed costs, so that a plan cannot keep one by stating less.
    """
    said = facilities.groupby("site_id")["cost_yuan"].sum()
    found = recomputed.reindex(said.index).fillna(0.0)
    claims.each("cost", list(said.index), said, found, close(said, found))
    total = float(recomputed.sum())
    if scenario.budget_yuan is not None:
        claims.add("budget", "", scenario.budget_yuan, total, meets(scenario.budget_yuan, total))
    if scenario.township_budgets:
        township = facilities.drop_duplicates("site_id").set_index("site_id")["township_id"]
        spent = recomputed.groupby(township.reindex(recomputed.index).fillna("").to_numpy()).sum()
        for name, limit in township_budgets.items():
            used = float(spent.get(name, 0.0))
            claims.add("township budget", name, limit, used, meets(limit, used), _("spent: {yuan} yuan", yuan=f"{used:.0f}"))
