"""Households and people on buildings: counts given, or totals spread by floor area (dasymetric).

Eicher and Brewer (2001, Cartography and Geographic Information Science 28(2), 125-138) give the method: a zone's
total goes to the inhabited parts of the zone only. Here those are its residential buildings, by floor area.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from siteplan.demand.floor_area import column, floor_area, residential
from siteplan.demand.from_raster import people_from_raster
from siteplan.demand.units import Units, members
from siteplan.demand.whole import whole_shares
from siteplan.errors import DataError
from siteplan.messages import _
from siteplan.study.settings import DemandSettings
from siteplan.units import COUNTS, TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siteplan.layers.collection import Layers
    from siteplan.study.study import Study

Numbers = npt.NDArray[np.float64]
Basis = Literal["given", "dasymetric", "mixed"]

COLUMNS = ("building_id", *COUNTS, "site_id", "community_id")


@dataclass(frozen=True, kw_only=True, eq=False)
class Demand:
    """Who lives where.

    Parameters
    ----------
    buildings : GeoDataFrame, columns COLUMNS and point geometry in the study's CRS
        One row a building with households > 0, at a point in it. Counts are float64 and may be fractions;
        kinds of people, elderly and children are NaN where no layer tells; site_id and community_id None where there is none.
    notes : tuple of str
        What was assumed.
    basis : {"given", "dasymetric", "mixed"}
        Whether counts were given on buildings, spread from totals, or both.
    """

    buildings: gpd.GeoDataFrame
    notes: tuple[str, ...]
    basis: Basis

    def __repr__(self) -> str:
        """Return counts and basis."""
        households, people = self.buildings["households"].sum(), self.buildings["people"].sum()
        return (
            f"Demand({len(self.buildings)} buildings, {households:,.0f} households, {people:,.0f} people, {self.basis})"
        )


def households_on_buildings(study: Study) -> Demand:
    """Return the demand of a study.

    Counts given on buildings are used. Where they are missing, the totals of the sites (of the communities where there
    is no layer of sites) are spread over the residential buildings without counts by floor area, footprint x floors. Where there are
    neither counts nor totals, the people of the population raster are, by the homes in each of its cells.

    Raises
    ------
    DataError
        If nothing says how many households there are, or a total has no residential building to go to.
    """
    layers, settings = study.layers, study.settings.demand
    buildings = layers.require("buildings", _("households live in them"))
    try:
        if "population" in layers.rasters and _nobody_counted(layers):
            return _from_raster(layers, settings)
        return place_households(
            buildings, sites=layers.get("sites"), communities=layers.get("communities"), settings=settings
        )
    except DataError as error:
        source = layers.sources.get(error.path or "buildings")
        if source is None:
            raise
        raise DataError(error.problem, remedy=error.remedy, path=source.where(study.folder), row=error.row) from error


def _nobody_counted(layers: Layers) -> bool:
    """Tell whether neither buildings nor sites nor communities have a count of households or people."""
    frames = [layers.get(role) for role in ("buildings", "sites", "communities")]
    return all(
        np.isnan(column(frame, name)).all()
        for frame in frames
        if frame is not None
        for name in ("households", "people")
    )


def _from_raster(layers: Layers, settings: DemandSettings) -> Demand:
    """Return the demand where only the population raster says how many people there are."""
    buildings = layers.require("buildings", _("households live in them")).reset_index(drop=True)
    areas = [layers.get(role) for role in ("boundary", "communities")]
    drawn = [
        layer.geometry[layer.geometry.geom_type.isin(["Polygon", "MultiPolygon"])]
        for layer in areas
        if layer is not None
    ]
    area = next((shapely.union_all(shapes.to_numpy()) for shapes in drawn if len(shapes)), None)
    if area is None:
        raise DataError(
            _("nothing says where the study ends: the population raster cannot be cut to it"),
            remedy=_("add a layer boundary, or communities drawn as areas"),
            path="population",
        )
    notes: list[str] = []
    lived_in = residential(buildings, settings.residential_uses)
    weight = np.where(lived_in, floor_area(buildings, notes, lived_in), 0.0)
    points = buildings.geometry.representative_point()
    people, said = people_from_raster(layers.rasters["population"], area, points, weight)
    households = people / settings.persons_per_household
    if settings.whole_households:
        total = np.array([round(float(households.sum()))], dtype=np.int64)
        households *= total[0] / households.sum()
        households = whole_shares(households, np.zeros(len(households), dtype=np.int64), total)
        people = households * (people.sum() / max(float(total[0]), 1.0))  # those of homes without a household go along
    notes += [
        *said,
        _(
            "{households:,.0f} households: {per:g} people to each (assumed)",
            households=households.sum(),
            per=settings.persons_per_household,
        ),
    ]
    counted = buildings.assign(people=people, households=households)
    demand = place_households(
        counted, sites=layers.get("sites"), communities=layers.get("communities"), settings=settings
    )
    return Demand(buildings=demand.buildings, notes=(*notes, *demand.notes), basis="dasymetric")


def place_households(
    buildings: gpd.GeoDataFrame,
    *,
    sites: gpd.GeoDataFrame | None = None,
    communities: gpd.GeoDataFrame | None = None,
    settings: DemandSettings | None = None,
) -> Demand:
    """Put households and people on buildings (see :func:`households_on_buildings`).

    Parameters
    ----------
    buildings : GeoDataFrame, metric CRS
        Columns id; households, people, floors, use, site_id, community_id where known.
    sites, communities : GeoDataFrame, optional
        Columns id; households, people, elderly, children where known: totals.
    settings : DemandSettings, optional
        Residential uses (a building without a use always is one), people of a household, shares of elderly and
        children.

    Raises
    ------
    DataError
        As :func:`households_on_buildings`.
    """
    settings = settings or DemandSettings()
    per = settings.persons_per_household
    buildings = buildings.reset_index(drop=True)
    points = buildings.geometry.representative_point()
    site = members(buildings, points, sites, "site_id")
    community = members(buildings, points, communities, "community_id")
    counted = Units.of(sites, site, "sites"), Units.of(communities, community, "communities")
    units = _telling(counted, "households", "people")
    notes: list[str] = []

    people = column(buildings, "people")
    given = column(buildings, "households")
    given = _from_people(given, people, per, "buildings", notes)
    households = given.copy()
    empty = np.isnan(given)
    if units is None:
        _refuse_uncounted(buildings, empty & residential(buildings, settings.residential_uses))
    else:
        bare = empty & residential(buildings, settings.residential_uses)
        weight = np.where(bare, floor_area(buildings, notes, bare), 0.0)
        totals = _from_people(units.totals["households"], units.totals["people"], per, units.layer, notes)
        households = _spread(units, totals, given, weight, notes, whole=settings.whole_households)
    if not np.nansum(households) > 0:
        raise DataError(
            _("nothing says how many households live in the buildings"),
            remedy=_("give households or people on layer buildings, or totals on layer sites or communities"),
        )
    people = _people(_telling(counted, "people"), people, households, per, notes)
    counts = {"households": households, "people": people}
    shares = {"elderly": settings.elderly_share, "children": settings.children_share}
    for name in COUNTS[2:]:
        own = column(buildings, name)
        counts[name] = _group(_telling(counted, name), name, own, people, shares.get(name), notes)
    frame = gpd.GeoDataFrame(
        {"building_id": buildings["id"].astype("str"), **counts, "site_id": site.ids, "community_id": community.ids},
        geometry=points,
        crs=buildings.crs,
    )
    basis = _basis(given, households)
    lives = households > 0
    _tell_left_out(people, households, notes)
    return Demand(buildings=frame[lives].reset_index(drop=True), notes=tuple(notes), basis=basis)


def _telling(counted: Iterable[Units | None], *names: str) -> Units | None:
    """Return the first layer with totals of one of ``names``: sites before communities."""
    return next((units for units in counted if units is not None and units.tells(*names)), None)


def _tell_left_out(people: Numbers, households: Numbers, notes: list[str]) -> None:
    """Say how many people live in buildings without a household, which are no homes."""
    lost = np.where(households > 0, 0.0, np.nan_to_num(people))
    if lost.any():
        n, count = int((lost > 0).sum()), float(lost.sum())
        notes.append(_("{n} buildings have people but no household: {count:,.0f} people left out", n=n, count=count))


def _from_people(households: Numbers, people: Numbers, per: float, layer: str, notes: list[str]) -> Numbers:
    """Return households, from people where only they are known; how many people make one is said."""
    made = np.isnan(households) & ~np.isnan(people)
    if made.any():
        notes.append(
            _("households of {n} {layer}: {per:g} people to each (assumed)", n=int(made.sum()), layer=layer, per=per)
        )
    return np.where(made, people / per, households)


def _refuse_uncounted(buildings: gpd.GeoDataFrame, uncounted: npt.NDArray[np.bool_]) -> None:
    """Refuse homes without a count where others have one and there are no totals: nobody would be put in them."""
    if uncounted.any() and not uncounted.all():
        rows = np.flatnonzero(uncounted)
        raise DataError(
            _("{n} buildings have no households, and no total says how many live in them", n=len(rows)),
            remedy=_("give every building a count (0 where nobody lives), or the sites or communities totals"),
            path="buildings",
            row=str(buildings["id"].iloc[rows[0]]),
        )


def _basis(given: Numbers, households: Numbers) -> Basis:
    counted, spread = bool((given > 0).any()), bool((np.isnan(given) & (households > 0)).any())
    if counted and spread:
        return "mixed"
    return "dasymetric" if spread else "given"


def _spread(
    units: Units, totals: Numbers, given: Numbers, weight: Numbers, notes: list[str], *, whole: bool
) -> Numbers:
    """Return households: those given, and what is left of each unit's total by weight (sums are conserved).

    ``whole``: in whole households, by largest remainder; a rest that is none is rounded, halves up.
    """
    row = units.row
    inside = row >= 0
    counted = np.bincount(row[inside], weights=np.nan_to_num(given[inside]), minlength=len(totals))
    heavy = np.bincount(row[inside], weights=weight[inside], minlength=len(totals))
    left = np.where(np.isnan(totals), 0.0, totals - counted)
    exact = np.abs(left) <= TOLERANCE * np.maximum(1.0, np.nan_to_num(totals))
    left[exact] = 0.0
    for unit in np.flatnonzero((left != 0) & (counted > 0) & ((heavy == 0) | (left < 0))):
        if left[unit] < 0 < heavy[unit]:
            raise DataError(
                _("buildings hold {n:g} households, but the total is {t:g}", n=counted[unit], t=totals[unit]),
                remedy=_("correct the total or the counts, or give a count on every building"),
                path=units.layer,
                row=units.ids[unit],
            )
        told = _(
            "{unit}: the buildings' counts ({n:g}) are used, not the total ({t:g})",
            unit=units.ids[unit],
            n=counted[unit],
            t=totals[unit],
        )
        notes.append(told)
        left[unit] = 0.0
    for unit in np.flatnonzero((left > 0) & (heavy == 0)):
        raise DataError(
            _("{n:g} households, but no residential building to put them in", n=left[unit]),
            remedy=_("add its buildings, correct their use, or name that use in residential_uses of study.toml"),
            path=units.layer,
            row=units.ids[unit],
        )
    silent = np.isnan(totals) & (heavy > 0)
    if silent.any():
        first = int(np.flatnonzero(silent)[0])
        bare = inside & (weight > 0)
        raise DataError(
            _(
                "{n} buildings of {unit} have no households, and no total says how many live in them",
                n=int((row[bare] == first).sum()),
                unit=units.ids[first],
            ),
            remedy=_("give every building a count (0 where nobody lives), or {layer} a total", layer=units.layer),
            path=units.layer,
            row=units.ids[first],
        )
    if (left > 0).any():
        n, count = float(left.sum()), int((weight[inside] > 0).sum())
        told = _(
            "{n:,.0f} households spread over {count} residential buildings of {layer} by floor area",
            n=n,
            count=count,
            layer=units.layer,
        )
        notes.append(told)
    share = np.divide(weight[inside], heavy[row[inside]], out=np.zeros(inside.sum()), where=heavy[row[inside]] > 0)
    households = np.nan_to_num(given)
    households[inside] += _whole(units, share, row[inside], left, notes) if whole else share * left[row[inside]]
    return households


def _whole(units: Units, share: Numbers, row: npt.NDArray[np.int64], left: Numbers, notes: list[str]) -> Numbers:
    """Return whole households by largest remainder, and say which totals had to be rounded."""
    total = np.floor(left + 0.5)
    broken = np.flatnonzero(np.abs(total - left) > TOLERANCE * np.maximum(1.0, left))
    if len(broken):
        text = _(
            "{n} {layer} have no whole number of households to spread: rounded, {first} from {left:g} to {total:g}",
            n=len(broken), layer=units.layer, first=units.ids[broken[0]], left=left[broken[0]], total=total[broken[0]],
        )  # fmt: skip
        notes.append(text)
    return whole_shares(share * total[row], row, total.astype(np.int64))


def _people(units: Units | None, given: Numbers, households: Numbers, per: float, notes: list[str]) -> Numbers:
    """Return people: those given; else what is left of the unit's total, by households; else households x ``per``."""
    by_size = households * per
    people = given if units is None else units.shared("people", households, given)
    missing = np.isnan(people) & (households > 0)
    if missing.any():
        n = int(missing.sum())
        notes.append(_("people of {n} buildings: {per:g} for each household (assumed)", n=n, per=per))
    return np.where(np.isnan(people), np.nan_to_num(by_size), people)


def _group(
    units: Units | None, name: str, given: Numbers, people: Numbers, share: float | None, notes: list[str]
) -> Numbers:
    """Return elderly, children or one kind of people.

    What buildings are given; else what is left of the unit's total, by people; else the settings' share of people; else NaN.
    """
    if units is not None:
        given = units.shared(name, people, given)
    if share is not None and np.isnan(given[people > 0]).any():
        notes.append(_("{group}: {share:.1%} of people where no layer counts them (settings)", group=name, share=share))
        return np.where(np.isnan(given), people * share, given)
    return given
