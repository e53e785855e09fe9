"""Check a study before it is planned: what was repaired, how files were understood, and what a planner should know."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siteplan.layers.crs import Bounds, lonlat_bounds, name_of, outside_use
from siteplan.layers.junctions import street_facts
from siteplan.layers.raster import Raster
from siteplan.layers.repair import Place
from siteplan.messages import _
from siteplan.study.kept_off import exclusion_warnings
from siteplan.study.raster_facts import raster_facts
from siteplan.study.row_facts import row_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from siteplan.layers.repair import Repair
    from siteplan.study.study import Study


@dataclass(frozen=True, kw_only=True)
class LayerSummary:
    """One layer of a study.

    Parameters
    ----------
    role : str
    path : str
        As study.toml names it; "" for a layer made in memory.
    layer : str
        Layer of the file, where it is named.
    rows : int
        Rows; of a raster, cells.
    crs : str
        CRS of the file.
    datum : str
        Datum from which it was taken to WGS 84 or CGCS2000; "": none.
    bounds : (west, south, east, north)
        In the study's CRS, metres; of a raster, in its own.
    sha256 : str
        Of the file.
    """

    role: str
    path: str
    layer: str
    rows: int
    crs: str
    bounds: Bounds
    sha256: str
    datum: str = ""


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """What :func:`check` found.

    Parameters
    ----------
    name : str
        The study.
    crs : str
        Its CRS.
    layers : tuple of LayerSummary
    repairs : tuple of Repair
        Data that was changed.
    notes : tuple of Repair
        How files were understood.
    warnings : tuple of str
        What a planner should know before trusting a plan.
    findings : tuple of Repair
        Rows with something wrong that were left as they are; the warnings sum them up.
    """

    name: str
    crs: str
    layers: tuple[LayerSummary, ...]
    repairs: tuple[Repair, ...]
    notes: tuple[Repair, ...]
    warnings: tuple[str, ...]
    findings: tuple[Repair, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        return dataclasses.asdict(self)

    def __repr__(self) -> str:
        """Return the layers, then repairs, notes and warnings, one a line."""
        lines = [f"Check of {self.name} ({self.crs}): {len(self.repairs)} repairs, {len(self.warnings)} warnings"]
        lines += [f"  {layer.role:<12} {layer.rows:>8,}  {layer.path} {layer.layer}".rstrip() for layer in self.layers]
        lines += [f"  repair: {repair}" for repair in self.repairs]
        lines += [f"  note: {note}" for note in self.notes]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(lines)


def check(study: Study) -> CheckReport:
    """Report on the layers of a study.

    What makes a study unusable is an error when it is opened; here is what it can be planned with, but should be known.

    Parameters
    ----------
    study : Study
        As opened.

    Returns
    -------
    CheckReport
        Layers with counts and extents, repairs, notes and warnings.
    """
    layers = study.layers
    facts, doubts = raster_facts(study)
    told, loose = _street_facts(study)
    findings, untold, faults = row_facts(study)
    return CheckReport(
        name=study.name,
        crs=name_of(study.crs),
        layers=tuple(_summary(study, role) for role in (*layers.vectors, *layers.rasters)),
        repairs=tuple(repair for repair in layers.repairs if repair.kind == "repair"),
        notes=(*(repair for repair in layers.repairs if repair.kind == "note"), *facts, *told, *untold),
        warnings=(*_warnings(study), *doubts, *loose, *faults),
        findings=tuple(findings),
    )


def _street_facts(study: Study) -> tuple[list[Repair], list[str]]:
    """Return notes and warnings on how the streets hang together."""
    streets = study.layers.get("streets")
    if streets is None:
        return [], []
    source = study.layers.sources.get("streets")
    place = Place(role="streets", path=source.path if source else "")
    notes, warnings = street_facts(streets, joined=study.settings.streets.meet == "crossings")
    return [place.note(text) for text in notes], warnings


def _summary(study: Study, role: str) -> LayerSummary:
    data = study.layers.vectors.get(role, study.layers.rasters.get(role))
    source = study.layers.sources.get(role)
    is_raster = isinstance(data, Raster)
    west, south, east, north = (float(side) for side in (data.bounds if is_raster else data.total_bounds))
    return LayerSummary(
        role=role,
        path=source.path if source else "",
        layer=source.layer if source else "",
        rows=data.width * data.height if is_raster else len(data),
        crs=source.crs if source else name_of(data.crs if is_raster else study.crs),
        bounds=(west, south, east, north),
        sha256=source.sha256 if source else "",
        datum=source.datum if source else "",
    )


def _warnings(study: Study) -> Iterator[str]:
    vectors = study.layers.vectors
    for role, frame in vectors.items():
        west, south, east, north = (float(side) for side in frame.total_bounds)
        if outside_use((west, south, east, north), study.crs) is not None:
            yield _("{role} lies outside the area that {crs} is made for", role=role, crs=name_of(study.crs))
    yield from _about_rasters(study)
    if "sites" not in vectors and "communities" not in vectors:
        yield _("neither sites nor communities: there is no unit that rules could apply to")
    if "streets" not in vectors:
        factor = study.settings.access.detour_factor
        yield _("no streets: walking distance is taken as straight line x {factor}", factor=factor)
    if "boundary" not in vectors:
        yield _("no boundary: nothing shows whether rows lie outside the study")
    yield from _about_buildings(study)
    yield from _about_sites_to_open(vectors.get("candidates"), vectors.get("facilities"))
    yield from exclusion_warnings(study.layers)
    for rule_id, change in study.settings.standards.rules.items():
        if not change.reason:
            yield _("rule {rule} is changed in study.toml without a reason", rule=rule_id)


def _about_rasters(study: Study) -> Iterator[str]:
    shown = study.layers.get("boundary")
    shown = study.layers.get("buildings") if shown is None else shown
    box = None if shown is None else lonlat_bounds(tuple(shown.total_bounds), study.crs)
    for role, raster in study.layers.rasters.items():
        cover = lonlat_bounds(raster.bounds, raster.crs)
        if box is None or cover is None:
            continue
        west, south, east, north = cover
        if box[0] < west or box[1] < south or box[2] > east or box[3] > north:
            yield _("{role} does not cover the whole study", role=role)


def _about_buildings(study: Study) -> Iterator[str]:
    buildings = study.layers.get("buildings")
    if buildings is None:
        yield _("no buildings: nobody to serve is placed on the map")
        return
    missing = int(buildings["households"].isna().sum())
    if missing == len(buildings):
        yield _("no building has households: totals are distributed over residential buildings by floor area")
        totals = [study.layers.get(role) for role in ("sites", "communities")]
        if not any(frame is not None and (frame[["households", "people"]] > 0).any(axis=None) for frame in totals):
            yield _("there are no totals of households or people on sites or communities either")
    elif missing:
        yield _("{n} of {all} buildings have no households", n=missing, all=len(buildings))
    uses = buildings["use"].dropna()
    if len(uses) and missing and not uses.isin(study.settings.demand.residential_uses).any():
        yield _("no building has a residential use ([demand] residential_uses)")


def _about_sites_to_open(candidates: gpd.GeoDataFrame | None, facilities: gpd.GeoDataFrame | None) -> Iterator[str]:
    if candidates is None:
        yield _("no candidates: sites are found by the rules of [candidates], all assumed")
    else:
        priced = candidates[["fixed_cost_yuan", "cost_per_m2_yuan", "land_cost_per_m2_yuan"]].sum(axis=1) > 0
        if not priced.all():
            yield _(
                "{n} of {all} candidates have no costs: they are taken as 0",
                n=int((~priced).sum()),
                all=len(candidates),
            )
        empty = (candidates["floor_capacity_m2"] <= 0) & (candidates["land_m2"] <= 0)
        if empty.any():
            yield _("{n} candidates have neither floor nor land: nothing can stand there", n=int(empty.sum()))
    if facilities is not None and facilities["area_m2"].isna().any():
        n = int(facilities["area_m2"].isna().sum())
        yield _("{n} of {all} existing facilities have no area: they count as 0 m2", n=n, all=len(facilities))
