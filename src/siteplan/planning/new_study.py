"""Make a study of a place: OpenStreetMap layers, households on buildings, candidates; then write its folder."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.candidates.found import CandidateRules, find_candidates
from siteplan.demand.households import place_households
from siteplan.demand.units import members
from siteplan.errors import DataError, UsageError
from siteplan.layers.crs import choose_metric_crs
from siteplan.layers.osm import COVERS, OsmLayers, read_osm
from siteplan.layers.osm_place import from_place
from siteplan.layers.read import read_layer
from siteplan.layers.write import write_layer
from siteplan.messages import _
from siteplan.planning.own_streets import OwnStreets, with_own_streets
from siteplan.planning.study_toml import LAYERS_FILE, study_toml
from siteplan.standards.facility_types import facility_type
from siteplan.standards.library import load_standards
from siteplan.study.load import FILE
from siteplan.study.settings import DemandSettings
from siteplan.study.study import open_study

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyproj import CRS

Tell = Callable[[str], None]

STREETS_AROUND_M = 500.0
"""Metres around the communities within which streets are kept, so that ways that leave and come back stay whole."""


def _silent(text: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draft:
    """A study before it is written.

    Parameters
    ----------
    name : str
    crs : CRS
        Metric; every layer is in it.
    layers : dict of str to GeoDataFrame
        By role: boundary, communities, buildings, streets, facilities, candidates.
    notes : tuple of str
        What was assumed or left out.
    source : str
        Where the map data came from.
    """

    name: str
    crs: CRS
    layers: dict[str, gpd.GeoDataFrame]
    notes: tuple[str, ...]
    source: str


def make_study(  # noqa: PLR0913 - one keyword for each thing that a study is made from
    folder: str | Path,
    *,
    osm: str | Path | None = None,
    place: str | None = None,
    households: float | None = None,
    people: float | None = None,
    communities: str | Path | None = None,
    communities_layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    streets: OwnStreets | str | Path | None = None,
    profiles: Sequence[str] = ("p004",),
    types: Sequence[str] = (),
    setting: str | None = None,
    name: str | None = None,
    force: bool = False,
    tell: Tell = _silent,
) -> Draft:
    """Make a study folder, ``study.toml`` and ``layers.gpkg``, from OpenStreetMap data and totals of households.

    Parameters
    ----------
    folder : path
        Must not exist or be empty, unless ``force``.
    osm, place
        One of them: an OpenStreetMap file, or the name of a place to be fetched from the network.
    households, people : float, optional
        Totals of the whole study; one of them is enough. Not with totals in ``communities``.
    communities : path, optional
        Polygons of the communities; with totals in columns households or people. The study ends where they end.
    communities_layer : str, optional
        Layer of that file.
    columns : mapping of str to str, optional
        siteplan's column name to that file's, e.g. ``{"people": "population"}``.
    streets : OwnStreets or path, optional
        A planner's own lines, instead of OpenStreetMap's streets.
    profiles : sequence of str
        Standards, in the order in which they speak.
    types : sequence of str
        Facility types to plan; empty: all that the standards ask for.
    setting : {"urban", "rural"}, optional
        Of communities that do not say.
    name : str, optional
        Name of the study; the boundary's or the folder's name where it is None.
    force : bool
        Replace study.toml and layers.gpkg of a folder that is not empty; its other files are left alone.
    tell : callable
        Called with a line of text as each step begins.

    Returns
    -------
    Draft
        What was written.

    Raises
    ------
    UsageError
        If neither or both of ``osm`` and ``place`` are given.
    DataError
        If the folder is not empty, the data cannot be used, or nothing says how many people there are.
    StandardsError
        If a profile or a type is unknown.
    """
    folder = Path(folder)
    check_folder(folder, force=force)
    load_standards(tuple(profiles))
    for key in types:
        facility_type(key)
    draft = draft_study(
        osm=osm,
        place=place,
        households=households,
        people=people,
        communities=communities,
        communities_layer=communities_layer,
        columns=columns,
        streets=streets,
        tell=tell,
    )
    draft = dataclasses.replace(draft, name=name or draft.name or folder.resolve().name)
    tell(_("writing {folder}", folder=folder))
    text = study_toml(draft, profiles=profiles, types=types, setting=setting)
    write_draft(draft, text, folder, force=force)
    return draft


def new_study(folder: str | Path, **options: Any) -> Path:
    """Make a study folder as :func:`make_study` does (the same keywords and errors) and return the folder.

    ``siteplan.open_study`` opens it.
    """
    make_study(folder, **options)
    return Path(folder)


def draft_study(  # noqa: PLR0913 - as make_study
    *,
    osm: str | Path | None = None,
    place: str | None = None,
    households: float | None = None,
    people: float | None = None,
    communities: str | Path | None = None,
    communities_layer: str | None = None,
    columns: Mapping[str, str] | None = None,
    streets: OwnStreets | str | Path | None = None,
    tell: Tell = _silent,
) -> Draft:
    """Make the layers of a study without writing anything (arguments and errors as in :func:`make_study`)."""
    if (osm is None) == (place is None):
        raise UsageError(_("give one of the two: an OpenStreetMap file, or the name of a place"))
    _check_totals(households, people)
    units = None
    if communities is not None:
        units, __ = read_layer(communities, "communities", layer=communities_layer, columns=columns)
    _check_given(units, households, people, communities)
    tell(_("reading OpenStreetMap data of {source}", source=osm or place))
    if osm is not None:
        extract, source = read_osm(osm, clip=communities is None), Path(osm).name
    else:
        extract, source = from_place(str(place), tell=tell), str(place)
    notes = list(extract.notes)
    crs = choose_metric_crs({"boundary": extract.boundary if units is None else units})
    extract = _to_metric(extract, crs)
    if streets is not None:
        own = streets if isinstance(streets, OwnStreets) else OwnStreets(path=streets)
        extract = with_own_streets(extract, own, crs, notes)
    if units is None:
        units = _communities(extract, notes)
    else:
        extract, units = _within(extract, units.to_crs(crs), notes, path=communities)
    if units["construction"].isna().any():
        units = units.assign(construction=units["construction"].fillna("existing"))
        notes.append(_("communities that do not say whether they are new are taken as existing"))
    tell(_("putting households on {n} buildings", n=len(extract.buildings)))
    buildings, units = _settle(extract.buildings, units, households, people, notes)
    facilities = _facilities(extract.facilities, units, notes)
    tell(_("looking for candidate sites in {n} communities", n=len(units)))
    candidates = find_candidates(buildings, extract.streets, units, facilities, CandidateRules(), extract.land)
    candidates = _inside(candidates, extract.boundary)
    notes.append(_("{n} candidates were found by rules and are assumed: see their basis", n=len(candidates)))
    layers = {
        "boundary": extract.boundary,
        "communities": units,
        "buildings": buildings,
        "streets": extract.streets,
        "facilities": facilities,
        "candidates": candidates,
    }
    name = str(extract.boundary["name"].iloc[0])
    layers = {role: frame for role, frame in layers.items() if len(frame)}
    return Draft(name=name, crs=crs, layers=layers, notes=tuple(notes), source=source)


def check_folder(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something.

    Raises
    ------
    DataError
        If it is a file, or not empty and not to be forced.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(_("this is a file"), remedy=_("name a folder that does not exist yet"), path=folder)
    if folder.is_dir() and any(folder.iterdir()) and not force:
        raise DataError(
            _("the folder is not empty"),
            remedy=_("name another folder, or use --force to replace its study.toml and layers.gpkg"),
            path=folder,
        )


def write_draft(draft: Draft, text: str, folder: Path, *, force: bool = False) -> None:
    """Write a study: made beside its folder under another name, opened as a check, then moved into place.

    Raises
    ------
    DataError
        As :func:`check_folder`, or if what was written cannot be opened as a study.
    """
    check_folder(folder, force=force)
    folder = folder.resolve()
    temporary = folder.with_name(f".{folder.name}-{os.getpid()}.new")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
    except OSError as error:
        raise DataError(
            _("the folder cannot be made ({reason})", reason=type(error).__name__),
            remedy=_("choose a place that you may write to"),
            path=folder,
        ) from error
    try:
        for role, frame in draft.layers.items():
            write_layer(_one_shape(frame), temporary / LAYERS_FILE, role)
        (temporary / FILE).write_text(text, encoding="utf-8")
        open_study(temporary)
        if folder.is_dir() and any(folder.iterdir()):
            for file in (LAYERS_FILE, FILE):
                (temporary / file).replace(folder / file)
        else:
            if folder.is_dir():
                folder.rmdir()
            temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _one_shape(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the layer with single geometries made multiple where both occur (GIS want one kind a layer)."""
    kinds = set(frame.geometry.geom_type)
    if kinds != {"Polygon", "MultiPolygon"}:
        return frame
    several = [shapely.MultiPolygon([part]) if part.geom_type == "Polygon" else part for part in frame.geometry]
    return frame.set_geometry(gpd.GeoSeries(several, index=frame.index, crs=frame.crs))


def _check_totals(households: float | None, people: float | None) -> None:
    for what, value in (("households", households), ("people", people)):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise UsageError(_("{what} = {value}: must be above 0", what=what, value=value))


def _check_given(
    units: gpd.GeoDataFrame | None, households: float | None, people: float | None, path: str | Path | None
) -> None:
    """Refuse a study without totals, with totals twice, or with some communities without one."""
    asked = households is not None or people is not None
    missing = None if units is None else units["households"].isna() & units["people"].isna()
    counted = missing is not None and not missing.all()
    if asked and counted:
        raise DataError(
            _("the communities have totals of their own"),
            remedy=_("leave out --people and --households, or take the columns out of the file"),
            path=path,
        )
    if not asked and not counted:
        raise DataError(
            _("nothing says how many households or people there are"),
            remedy=_("add --people N or --households N, or --communities FILE with a column people or households"),
            path=path,
        )
    if counted and units is not None and missing is not None and missing.any():
        raise DataError(
            _("{n} communities have neither households nor people", n=int(missing.sum())),
            remedy=_("give each a total (0 where nobody lives)"),
            path=path,
            row=str(units.loc[missing, "id"].iloc[0]),
        )


def _to_metric(extract: OsmLayers, crs: CRS) -> OsmLayers:
    names = [item.name for item in dataclasses.fields(extract) if item.name != "notes"]
    return dataclasses.replace(extract, **{name: getattr(extract, name).to_crs(crs) for name in names})


def _communities(extract: OsmLayers, notes: list[str]) -> gpd.GeoDataFrame:
    """Return the extract's communities where they hold COVERS of the buildings, else one that is the whole study."""
    units = extract.communities
    points = extract.buildings.geometry.representative_point()
    if len(units):
        held = np.unique(shapely.STRtree(points.array).query(units.geometry.array, predicate="intersects")[1])
        if len(held) >= COVERS * len(points):
            return units.assign(construction=None)
    notes.append(_("the map shows no communities that hold the buildings: the whole study is one community"))
    whole = _("whole study area")
    names = extract.boundary["name"].where(extract.boundary["name"] != "", whole)
    return extract.boundary.assign(construction=None, name=names)


def _within(
    extract: OsmLayers, units: gpd.GeoDataFrame, notes: list[str], path: str | Path | None
) -> tuple[OsmLayers, gpd.GeoDataFrame]:
    """Return the extract cut down to given communities, which become its boundary."""
    area = shapely.union_all(units.geometry.array)
    shapely.prepare(area)

    def inside(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return frame[shapely.intersects(area, frame.geometry.representative_point().array)].reset_index(drop=True)

    buildings = inside(extract.buildings)
    if buildings.empty:
        raise DataError(
            _("no building of the map lies in the communities"),
            remedy=_("check that both show the same place and that the file's coordinate system is right"),
            path=path,
        )
    around = area.buffer(STREETS_AROUND_M)
    shapely.prepare(around)
    streets = extract.streets[shapely.intersects(around, extract.streets.geometry.array)].reset_index(drop=True)
    outside = len(extract.buildings) - len(buildings)
    if outside:
        notes.append(_("{n} buildings outside the communities were left out", n=outside))
    name = extract.boundary["name"].iloc[0] if len(extract.boundary) else ""
    boundary = gpd.GeoDataFrame({"id": ["communities"], "name": [name]}, geometry=[area], crs=units.crs)
    kept = dataclasses.replace(
        extract, buildings=buildings, streets=streets, facilities=inside(extract.facilities), boundary=boundary
    )
    return kept, units


def _settle(
    buildings: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    households: float | None,
    people: float | None,
    notes: list[str],
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return buildings with households, people and community, and communities with totals."""
    belongs = members(buildings, buildings.geometry.representative_point(), units, "community_id")
    buildings = buildings.assign(community_id=belongs.ids.astype("str"))
    units = units.copy()
    totals = units
    if households is not None or people is not None:
        area = shapely.union_all(units.geometry.array)
        counts = {"households": [households or np.nan], "people": [people or np.nan]}
        totals = gpd.GeoDataFrame({"id": ["study"], **counts}, geometry=[area], crs=units.crs)
    demand = place_households(
        buildings.drop(columns="community_id") if totals is not units else buildings,
        communities=totals,
        settings=DemandSettings(),
    )
    notes += demand.notes
    homes = demand.buildings.set_index("building_id")[["households", "people"]]
    homes = homes.reindex(buildings["id"]).fillna(0.0).reset_index(drop=True)
    buildings = buildings.assign(households=homes["households"], people=homes["people"])
    sums = buildings.groupby("community_id")[["households", "people"]].sum().reindex(units["id"].astype("str"))
    for name in ("households", "people"):
        total = pd.Series(sums[name].fillna(0.0).to_numpy(), index=units.index)
        units[name] = total if totals is not units else units[name].fillna(total)
    return buildings, units


def _facilities(facilities: gpd.GeoDataFrame, units: gpd.GeoDataFrame, notes: list[str]) -> gpd.GeoDataFrame:
    """Return existing facilities with their community."""
    missing = int(facilities["area_m2"].isna().sum())
    if missing:
        total = len(facilities)
        notes.append(_("{n} of {total} existing facilities have no known floor area", n=missing, total=total))
    belongs = members(facilities, facilities.geometry, units, "community_id")
    return facilities.assign(community_id=belongs.ids.astype("str"))


def _inside(candidates: gpd.GeoDataFrame, boundary: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    area = shapely.union_all(boundary.geometry.array)
    points = candidates.geometry.representative_point()
    return candidates[shapely.intersects(area, points.array)].reset_index(drop=True)
