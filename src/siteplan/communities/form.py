"""Form communities: the given ones, and those that settlement sites become by the thresholds.

A site in a given community joins it. Any other site is judged by the formation rules: a large one hosts a community of
its own, a small one joins the nearest host, a given community or a hosting site, over the street network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siteplan.access.network import Network
from siteplan.communities.hosts import Walk, nearest_hosts
from siteplan.communities.join import join_buildings, lies_in
from siteplan.communities.thresholds import NO_RULE, judge_all
from siteplan.communities.units import GIVEN, filled, formed_units, given_units, refuse_twins, refuse_uncounted
from siteplan.errors import DataError
from siteplan.messages import N_, _, word
from siteplan.plans.plan import COMMUNITY_COLUMNS, MEMBER_COLUMNS
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siteplan.standards.rule import Rule
    from siteplan.study.settings import DemandSettings
    from siteplan.study.study import Study

NO_HOST = "no host: largest site"
"""What decided where no site is large enough to host and no community is given."""

_NAMED = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Formation:
    """The communities of a study.

    Parameters
    ----------
    units : GeoDataFrame, columns siteplan.plans.plan.COMMUNITY_COLUMNS and geometry
        Given communities, then formed ones (id ``"C-"`` and the host's id, geometry and attributes of the
        host, counts of all members). elderly and children are NaN where they are not known.
    members : DataFrame, columns siteplan.plans.plan.MEMBER_COLUMNS
        One row a site: its community, what decided, and the walk to the host with its basis (``"own"``: it is the host,
        ``"inside"``: it lies in the given community; 0 m).
    demand : GeoDataFrame
        The buildings, ``community_id`` filled.
    notes : tuple of str
        What a reader must know.
    """

    units: gpd.GeoDataFrame
    members: pd.DataFrame
    demand: gpd.GeoDataFrame
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return how many communities there are and what they were made of."""
        return f"Formation({len(self.units)} communities of {len(self.members)} sites, {len(self.demand)} buildings)"


def form_communities(study: Study, demand: gpd.GeoDataFrame, *, network: Network | None = None) -> Formation:
    """Form the communities of a study.

    Parameters
    ----------
    study : Study
        With a layer communities, sites, or both.
    demand : GeoDataFrame
        Columns building_id, households, people, elderly, children, site_id, community_id; points in the study's CRS.
        Where the study has the layer buildings, what that layer says of site_id and community_id counts.
    network : Network, optional
        The study's street network, where it has been built before.

    Returns
    -------
    Formation

    Raises
    ------
    DataError
        If there are neither communities nor sites, a building belongs to no community, or a count is missing.
    """
    settings, layers = study.settings, study.layers
    streets = layers.get("streets")
    sites, given = layers.get("sites"), layers.get("communities")
    if network is None and streets is not None and len(streets) and sites is not None:
        network = Network.from_streets(streets)
    walk = Walk(network=network, detour_factor=settings.access.detour_factor, snap_limit_m=settings.access.snap_limit_m)
    demand = _as_the_layer_says(demand, layers.get("buildings"))
    return form(sites, given, demand, rules=study.standards.formation(), walk=walk, settings=settings.demand)


def form(
    sites: gpd.GeoDataFrame | None,
    given: gpd.GeoDataFrame | None,
    demand: gpd.GeoDataFrame,
    *,
    rules: Sequence[Rule],
    walk: Walk,
    settings: DemandSettings,
) -> Formation:
    """Form communities from layers (see :func:`form_communities`).

    Parameters
    ----------
    sites, given : GeoDataFrame or None
        Layers sites and communities; without one, or an empty one, None.
    demand : GeoDataFrame
        Buildings.
    rules : sequence of Rule
        Formation rules of one profile.
    walk : Walk
        How the walk to a host is costed.
    settings : DemandSettings
        persons_per_household, elderly_share and children_share fill in missing counts.
    """
    sites, given = (_usable(layer) for layer in (sites, given))
    if sites is None and given is None:
        raise DataError(
            _("there are neither communities nor sites to form them from"),
            remedy=_("add a layer communities, or a layer sites with households, to study.toml"),
        )
    members = _members(pd.Series([], dtype="str"), [], [], [], [])
    notes: list[str] = []
    if sites is not None:
        sites = filled(sites, settings)
        refuse_uncounted(sites, "sites")
        members, notes = place_sites(sites, given, rules, walk)
    demand, joined = join_buildings(demand, given, sites, members)
    notes += joined
    parts = []
    if given is not None:
        parts.append(given_units(given, sites, members, demand, settings))
    if sites is not None:
        parts.append(formed_units(sites, members, given))
    units = pd.concat([part for part in parts if len(part)], ignore_index=True)
    refuse_twins(units)
    units = units.assign(size_class=judge_all(units, rules)["size_class"].astype("str"))
    units = gpd.GeoDataFrame(units[[*COMMUNITY_COLUMNS, "geometry"]], geometry="geometry", crs=demand.crs)
    notes += _size_notes(units, rules)
    notes += _difference_note(units, demand)
    return Formation(units=units, members=members, demand=demand, notes=tuple(notes))


def place_sites(
    sites: gpd.GeoDataFrame, given: gpd.GeoDataFrame | None, rules: Sequence[Rule], walk: Walk
) -> tuple[pd.DataFrame, list[str]]:
    """Decide the community of every site.

    Parameters
    ----------
    sites : GeoDataFrame
        Columns id, households, people (no NaN), and those that rules look at.
    given : GeoDataFrame or None
        Given communities: id and geometry.
    rules : sequence of Rule
        Formation rules of one profile.
    walk : Walk

    Returns
    -------
    DataFrame, list of str
        Columns MEMBER_COLUMNS, one row a site in the order of ``sites``; and notes.
    """
    inside = np.full(len(sites), None, dtype=object)
    if given is not None:
        inside = lies_in(sites.geometry.representative_point().to_numpy(), given)
    in_given = ~pd.isna(inside)
    joined = _members(sites["id"][in_given], inside[in_given], GIVEN, 0.0, "inside")
    free = sites[~in_given]
    verdicts = judge_all(free, rules)
    hosting = free[verdicts["hosts"].to_numpy()]
    decided = verdicts["decided_by"].to_numpy(dtype=object)
    if len(free) and not len(hosting) and given is None:
        largest = free.sort_values(["households", "id"], ascending=[False, True]).index[[0]]
        hosting, decided = free.loc[largest], np.full(len(free), NO_HOST, dtype=object)
    hosts_itself = free["id"].isin(hosting["id"]).to_numpy()
    own = _members(free["id"][hosts_itself], "C-" + hosting["id"].astype("str"), decided[hosts_itself], 0.0, "own")
    small = free[~hosts_itself]
    near = nearest_hosts(small, _hosts(given, hosting), walk)
    attached = _members(small["id"], near["host_id"], decided[~hosts_itself], near["metres"], near["basis"])
    parts = [part for part in (joined, own, attached) if len(part)]
    members = pd.concat(parts).set_index("site_id").loc[sites["id"].astype("str")].reset_index()
    return members, _place_notes(members)


def _hosts(given: gpd.GeoDataFrame | None, hosting: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the communities that a small site may join, by their own ids."""
    formed = gpd.GeoDataFrame({"id": "C-" + hosting["id"].astype("str")}, geometry=hosting.geometry)
    if given is None:
        return formed
    return pd.concat([given[["id", "geometry"]], formed], ignore_index=True)


def _usable(layer: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Return the layer with ids as text and its geometry in column geometry; None for an empty one."""
    if layer is None or not len(layer):
        return None
    named = layer if layer.geometry.name == "geometry" else layer.rename_geometry("geometry")
    return named.assign(id=layer["id"].astype("str"))


def _members(site: pd.Series, community: Any, decided_by: Any, metres: Any, basis: Any) -> pd.DataFrame:
    """Return rows of MEMBER_COLUMNS; what is given once stands in every row, indexes are not looked at."""
    values = (site, community, decided_by, metres, basis)
    columns = (np.full(len(site), value) if isinstance(value, str | float) else np.asarray(value) for value in values)
    frame = pd.DataFrame(dict(zip(MEMBER_COLUMNS, columns, strict=True)))
    return frame.astype({name: "float64" if name == "metres" else "str" for name in MEMBER_COLUMNS})


def _as_the_layer_says(demand: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return the buildings with the site_id and community_id of their layer, missing where it says none."""
    if buildings is None or not demand["building_id"].isin(buildings["id"].astype("str")).all():
        return demand
    said = buildings.set_index(buildings["id"].astype("str"))
    rows = demand["building_id"].to_numpy()
    columns = {
        name: said[name].reindex(rows).to_numpy(dtype=object) if name in said else None
        for name in ("site_id", "community_id")
    }
    return demand.assign(**columns)


def _place_notes(members: pd.DataFrame) -> list[str]:
    notes = []
    silent = members["site_id"][members["decided_by"] == NO_RULE].tolist()
    if silent:
        text = N_("no formation rule speaks of {n} sites, each is a community of its own: {ids}")
        notes.append(_(text, n=len(silent), ids=_some(silent)))
    straight = members["site_id"][~members["basis"].isin(["network", "own", "inside"])].tolist()
    if straight:
        text = N_("the walk of {n} sites to their host is a straight line times a factor, not a way by street: {ids}")
        notes.append(_(text, n=len(straight), ids=_some(straight)))
    if (members["decided_by"] == NO_HOST).any():
        notes.append(_("no site is large enough to host a community: the largest one hosts all"))
    return notes


def _size_notes(units: pd.DataFrame, rules: Sequence[Rule]) -> list[str]:
    notes = []
    street = units["id"][(judge_all(units, rules)["forms"] == "street").to_numpy()].tolist()
    if street:
        text = N_("{n} communities are large enough for a sub-district above them, which is not formed: {ids}")
        notes.append(_(text, n=len(street), ids=_some(street)))
    for rule in rules:
        if rule.forms == "size" and rule.figure_max is not None:
            metric = "people" if rule.unit == "people" else "households"
            large = units["id"][units[metric] > rule.figure_max * (1 + TOLERANCE)].tolist()
            if large:
                text = N_(
                    "{n} communities have more than the {figure:g} {unit} of rule {rule}, and are not split: {ids}"
                )
                notes.append(
                    _(
                        text,
                        n=len(large),
                        figure=rule.figure_max,
                        unit=word("unit", rule.unit),
                        rule=rule.id,
                        ids=_some(large),
                    )
                )
    return notes


def _difference_note(units: pd.DataFrame, demand: gpd.GeoDataFrame) -> list[str]:
    built = demand.groupby("community_id")["households"].sum().reindex(units["id"]).fillna(0.0).to_numpy()
    counted = units["households"].to_numpy()
    apart = np.abs(built - counted)
    differ = apart > TOLERANCE * np.maximum(1.0, counted)
    if not differ.any():
        return []
    worst = int(apart.argmax())
    text = N_(
        "{n} communities have other households by their layer than by their buildings, most in {id}: "
        "{counted:g} and {built:g}"
    )
    values = {"id": units["id"].iloc[worst], "counted": float(counted[worst]), "built": float(built[worst])}
    return [_(text, n=int(differ.sum()), **values)]


def _some(ids: Sequence[object]) -> str:
    return ", ".join(str(name) for name in ids[:_NAMED]) + (" ..." if len(ids) > _NAMED else "")
