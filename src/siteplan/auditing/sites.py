"""Claims about sites: what stands, what fits, what was allowed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing.claims import close
from siteplan.auditing.homes import figures, text
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from siteplan.auditing.claims import Claims
    from siteplan.plans.scenario import Scenario

EXISTING, EXTENDED, NEW = "existing", "extended", "new"


def allowed_types(listed: object) -> frozenset[str]:
    """Return the facility types that a candidate's ``types`` column names; empty: any.

    >>> sorted(allowed_types("police_post; health_station"))
    ['health_station', 'police_post']
    """
    return frozenset(re.split(r"[\s;,；，、]+", str(listed).strip())) - {"", "nan", "None", "<NA>"}


def site_key(site_kind: str, site_id: str) -> str:
    """Return one name for a site of either layer.

    >>> site_key("existing", "7"), site_key("build", "7")
    ('facilities 7', 'candidates 7')
    """
    return f"facilities {site_id}" if site_kind == EXISTING else f"candidates {site_id}"


def required_sites(candidates: pd.DataFrame, scenario: Scenario) -> set[str]:
    """Return the candidates that must be opened: the scenario's, and those of the layer that it does not forbid."""
    marked = text(candidates["id"])[text(candidates["state"]) == "required"]
    return (set(scenario.required) | set(marked)) - set(scenario.forbidden)


def forbidden_sites(candidates: pd.DataFrame, scenario: Scenario) -> set[str]:
    """Return the candidates that must not be opened: the scenario's, and those of the layer."""
    return set(scenario.forbidden) | set(text(candidates["id"])[text(candidates["state"]) == "forbidden"])


def table_of(facilities: pd.DataFrame) -> pd.DataFrame:
    """Return the plan's facilities as a plain table with no missing figure, indexed 0, 1, ...

    Column ``site`` tells candidates and existing facilities apart, whose ids are of two layers.
    """
    texts = ("id", "type", "site_id", "site_kind", "status", "mode", "community_id", "township_id", "inside")
    numbers = ("area_m2", "existing_m2", "cost_yuan", "households_served")
    words = pd.DataFrame({name: text(facilities[name]).to_numpy() for name in texts})
    counts = {name: np.nan_to_num(figures(facilities, name)) for name in numbers}
    table = words.assign(**counts)
    return table.assign(site=[site_key(*pair) for pair in zip(table["site_kind"], table["site_id"], strict=True)])


def check_identity(
    claims: Claims,
    facilities: pd.DataFrame,
    communities: pd.DataFrame,
    spaces: Mapping[str, str],
    space: pd.Series,
) -> None:
    """Check that each facility has its own id, a known community, its community's township and its type's space."""
    claims.each("facility id", facilities["id"], facilities["type"], facilities["type"], ~facilities["id"].duplicated())
    township = pd.Series(text(communities["township_id"]).to_numpy(), index=text(communities["id"]).to_numpy())
    township = township[~township.index.duplicated()]
    expected = facilities["community_id"].map(township).fillna("")
    claims.each(
        "township of facility",
        facilities["id"],
        facilities["township_id"],
        expected,
        facilities["township_id"] == expected,
    )
    known = facilities["community_id"].isin([*township.index, ""])
    claims.each(
        "community of facility",
        facilities["id"],
        facilities["community_id"],
        np.where(known, facilities["community_id"], ""),
        known,
    )
    kind = facilities["type"].map(dict(spaces))
    claims.each("space of facility", facilities["id"], space, kind, text(space).to_numpy() == kind.to_numpy())


def check_permission(
    claims: Claims, facilities: pd.DataFrame, candidates: pd.DataFrame, scenario: Scenario, unmet: pd.DataFrame
) -> None:
    """Check forbidden and required candidates, the types a candidate may take, and the number of sites.

    A required candidate that could not be opened is no false claim where the plan lists it as unmet.
    """
    forbidden = forbidden_sites(candidates, scenario)
    required = required_sites(candidates, scenario)
    new = facilities[(facilities["status"] == NEW) & (facilities["site_kind"] != EXISTING)]
    on_forbidden = new["site_id"].isin(forbidden)
    claims.each(
        "forbidden candidates", new["site_id"], new["type"], np.where(on_forbidden, "", new["type"]), ~on_forbidden
    )
    opened = set(new["site_id"])
    admitted = set(text(unmet["unit_id"]))
    for site in sorted(required):
        done = site in opened
        note = "" if done else _("not opened, and listed as unmet") if site in admitted else _("not opened")
        claims.add(
            "required candidates", site, "opened", "opened" if done else "", holds=done or site in admitted, note=note
        )
    may = {
        site: allowed_types(listed) for site, listed in zip(text(candidates["id"]), candidates["types"], strict=True)
    }
    fits = [not may.get(site) or kind in may[site] for site, kind in zip(new["site_id"], new["type"], strict=True)]
    claims.each(
        "candidate types",
        new["site_id"],
        new["type"],
        [";".join(sorted(may.get(site, ()))) for site in new["site_id"]],
        fits,
    )
    if scenario.max_sites is not None:
        n = len(opened)
        claims.add("sites opened", "", scenario.max_sites, n, holds=n <= scenario.max_sites)


def check_existing(
    claims: Claims,
    facilities: pd.DataFrame,
    existing: pd.DataFrame,
    spaces: Mapping[str, str],
    types: Collection[str],
    counted: Collection[str] = (),
) -> None:
    """Check that every existing facility that the rules look at is in the plan, of its type and with its area.

    Facilities whose type takes no space have none, whatever the layer says.

    Parameters
    ----------
    types : collection of str
        Planned types.
    counted : collection of str
        Types of which only what stands counts, together with planned ones: the plan neither builds nor extends any.
    """
    looked_at = [*types, *counted]
    planned = existing[existing["type"].isin(looked_at)]
    rows = facilities[facilities["status"].isin([EXISTING, EXTENDED]) & (facilities["site_kind"] == EXISTING)]
    held = rows.drop_duplicates(["site_id", "type"]).set_index(["site_id", "type"])
    keys = pd.MultiIndex.from_arrays([planned["id"].astype(str), planned["type"].astype(str)])
    present = keys.isin(held.index)
    claims.each("existing facilities", planned["id"], planned["type"], np.where(present, planned["type"], ""), present)

    known = keys[present]
    area = np.nan_to_num(figures(planned, "area_m2"))
    layer_area = np.where(planned["type"].map(dict(spaces)) == "none", 0.0, area)[present]
    said = held.reindex(known)
    kept = np.where(
        said["status"] == EXISTING, close(said["area_m2"], layer_area), said["area_m2"] >= layer_area - 1e-6
    )
    same = close(said["existing_m2"], layer_area) & kept.astype(bool)
    claims.each("existing area", [name for name, _type in known], said["area_m2"], layer_area, same)
    unknown = rows[~pd.MultiIndex.from_frame(rows[["site_id", "type"]]).isin(keys) & rows["type"].isin(looked_at)]
    for row in unknown.itertuples():
        claims.add("existing facilities", row.id, row.type, "", holds=False, note=_("the layers have no such site"))
    new = facilities[facilities["status"] == NEW]
    built = facilities[facilities["status"] != EXISTING]
    asked = built["type"].isin(list(types))
    note = _("nobody plans this type here")
    claims.each("planned types", built["id"], built["type"], np.where(asked, built["type"], ""), asked, note)
    claims.each(
        "existing area",
        new["id"],
        new["existing_m2"],
        np.zeros(len(new)),
        close(new["existing_m2"], np.zeros(len(new))),
    )
