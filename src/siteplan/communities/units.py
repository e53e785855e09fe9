"""Counts and attributes of the communities."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.errors import DataError
from siteplan.messages import _
from siteplan.plans.plan import COMMUNITY_COLUMNS
from siteplan.units import COUNTS

if TYPE_CHECKING:
    import geopandas as gpd

    from siteplan.study.settings import DemandSettings

GIVEN = "given"
"""What decided where the layer of communities did."""


def filled(frame: pd.DataFrame, settings: DemandSettings) -> pd.DataFrame:
    """Return the layer with households and people from one another, elderly and children from stated shares."""
    counts = {name: _numbers(frame, name) for name in COUNTS}
    households, people, elderly, children = (counts[name] for name in ("households", "people", "elderly", "children"))
    per_household = settings.persons_per_household
    households, people = households.fillna(people / per_household), people.fillna(households * per_household)
    if settings.elderly_share is not None:
        elderly = elderly.fillna(people * settings.elderly_share)
    if settings.children_share is not None:
        children = children.fillna(people * settings.children_share)
    ids = frame["id"].astype("str")
    counts |= {"households": households, "people": people, "elderly": elderly, "children": children}
    return frame.assign(id=ids, **counts)


def formed_units(sites: gpd.GeoDataFrame, members: pd.DataFrame, given: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return one row a community that a site hosts, with the counts of its members, and the phase of the last of them."""
    known = set() if given is None else set(given["id"].astype("str"))
    formed = members[~members["community_id"].isin(known)]
    host = formed[formed["basis"] == "own"]
    units = sites.set_index("id").loc[host["site_id"]].reset_index()
    units = units.assign(id=host["community_id"].to_numpy(), decided_by=host["decided_by"].to_numpy())
    built = phases(sites).set_axis(sites["id"])[formed["site_id"]]
    last = built.groupby(formed["community_id"].to_numpy()).max().reindex(units["id"])
    return _attributes(units, _totals(sites, formed, units["id"]).assign(phase=last.to_numpy()))


def given_units(
    given: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame | None,
    members: pd.DataFrame,
    demand: gpd.GeoDataFrame,
    settings: DemandSettings,
) -> pd.DataFrame:
    """Return the given communities with their own counts and those of the sites that joined from outside.

    Counts that the layer lacks are summed from the buildings, which hold those sites already.
    """
    ids = given["id"].astype("str")
    own = pd.DataFrame({name: _numbers(given, name).to_numpy() for name in COUNTS}, index=pd.Index(ids))
    resettlement = np.zeros(len(ids), dtype=bool)
    if sites is not None:
        from_outside = members[(members["basis"] != "inside") & members["community_id"].isin(ids)]
        joined = ids.isin(from_outside["community_id"]).to_numpy()
        own[joined] += _totals(sites, from_outside, ids[joined])[list(COUNTS)]
        resettlement = _totals(sites, members, ids)["resettlement"].to_numpy()
    built = _sums(demand.reindex(columns=list(COUNTS)), demand["community_id"]).reindex(ids)
    unknown = own[["households", "people"]].isna().all(axis=1)
    own.loc[unknown, ["households", "people"]] = built.loc[unknown, ["households", "people"]].fillna(0.0)
    own = own.fillna(built[[name for name in COUNTS if name not in ("households", "people")]])
    counts = filled(own.reset_index(names="id"), settings)
    counts = counts.assign(resettlement=resettlement, phase=phases(given).to_numpy())
    return _attributes(given.assign(id=ids, decided_by=GIVEN), counts)


def _attributes(units: gpd.GeoDataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """Return units (id, decided_by, geometry and the host's columns) with ``counts``, columns in the order of plans."""
    out = pd.DataFrame(units.drop(columns="size_class", errors="ignore")).reset_index(drop=True)
    for name in COUNTS:
        out[name] = counts[name].to_numpy()
    for name in ("name", "setting", "construction", "township_id"):
        out[name] = (out[name] if name in out else pd.Series(np.nan, index=out.index)).astype("str")
    for name in ("resettlement", "key"):
        out[name] = _flags(out, name)
    out["resettlement"] |= counts["resettlement"].to_numpy()
    out["phase"] = counts["phase"].to_numpy(dtype=np.int64)
    return out.reindex(columns=[*COMMUNITY_COLUMNS, "geometry"])


def _totals(sites: gpd.GeoDataFrame, members: pd.DataFrame, ids: pd.Series) -> pd.DataFrame:
    """Return sums of the members' counts by community (NaN where a member's is), and whether any is resettled."""
    rows = sites.set_index("id").loc[members["site_id"]]
    community = members["community_id"].set_axis(rows.index)
    resettled = _flags(rows, "resettlement").groupby(community).any().reindex(ids, fill_value=False)
    return _sums(pd.DataFrame(rows[list(COUNTS)]), community).reindex(ids).assign(resettlement=resettled)


def _sums(counts: pd.DataFrame, by: pd.Series) -> pd.DataFrame:
    """Return sums by group; NaN where a value of the group is NaN."""
    groups = by.to_numpy()
    unknown = counts.isna().groupby(groups).any()
    sums: pd.DataFrame = counts.astype("float64").groupby(groups).sum().mask(unknown)
    return sums


def _numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(frame[name]).astype("float64")


def phases(frame: pd.DataFrame) -> pd.Series:
    """Return the phase in which the housing of each row is built: a whole number, 1 where the layer says none.

    Raises
    ------
    DataError
        If one is not whole.
    """
    phase = _numbers(frame, "phase").fillna(1.0)
    broken = frame["id"][phase != phase.round()]
    if len(broken):
        raise DataError(
            _("phase {value} is no whole number", value=f"{phase[broken.index[0]]:g}"),
            remedy=_("number the phases 1, 2, 3 ..."),
            row=str(broken.iloc[0]),
        )
    return phase.astype("int64")


def _flags(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series(data=False, index=frame.index)
    return frame[name].eq(other=True).fillna(value=False).astype(bool)


def refuse_uncounted(frame: pd.DataFrame, role: str) -> None:
    """Refuse a row with neither households nor people."""
    missing = frame["id"][frame["households"].isna()]
    if len(missing):
        raise DataError(
            _("{n} rows of {role} have neither households nor people", n=len(missing), role=role),
            remedy=_("give one of the two for every row"),
            row=str(missing.iloc[0]),
        )


def refuse_twins(units: pd.DataFrame) -> None:
    """Refuse a given community that bears the id of a formed one."""
    twins = units["id"][units["id"].duplicated()]
    if len(twins):
        raise DataError(
            _("two communities would have the id {id}", id=twins.iloc[0]),
            remedy=_('rename the given community: ids of "C-" and a site\'s id are for communities formed from sites'),
            row=str(twins.iloc[0]),
        )
