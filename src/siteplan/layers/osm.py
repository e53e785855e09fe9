"""Read OpenStreetMap extracts (PBF, XML) into the layers of a study.

One reader, pyosmium, serves PBF and XML alike (docs/decisions/0006-osm-reading.md): multipolygon relations are
assembled, and streets keep the vertices that they share, so that junctions stay junctions.
"""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import osmium
import pandas as pd
import shapely

from siteplan.errors import DataError
from siteplan.layers import osm_tags
from siteplan.layers.osm_areas import facility_areas
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WGS84 = "EPSG:4326"
COMMUNITY_LEVEL = 8
"""``admin_level`` of communities where the caller names none: municipalities, sub-districts and towns."""
COVERS = 0.95
"""Share of the buildings that an administrative area must hold to be taken for the extract's boundary."""

HULL_MARGIN_M = 50.0
"""Metres between the buildings and a boundary that is their convex hull."""

_KEYS = (
    "building", "highway", "boundary", "place", "natural", "landuse", "leisure", "waterway", "railway",
    *osm_tags.FACILITY_KEYS,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class OsmLayers:
    """The layers of one extract, all in EPSG:4326, each with ``id`` (``n``, ``w`` or ``r`` and the OSM number).

    Parameters
    ----------
    buildings : GeoDataFrame of polygons
        Columns id, name, use (the ``building`` tag, told apart where it is ``yes``), floors (NaN: not mapped).
    streets : GeoDataFrame of lines
        Columns id, name, highway; walkable ways only, not cut, junctions are shared vertices.
    facilities : GeoDataFrame of points
        Columns id, name, type, area_m2 (floor area, NaN: not known), area_basis (how it was found).
    communities : GeoDataFrame of polygons
        Columns id, name; administrative areas of the level asked for, as far as the extract holds them whole.
    boundary : GeoDataFrame of one polygon
        Columns id, name.
    places : GeoDataFrame of points
        Columns id, name, place.
    land : GeoDataFrame of polygons and lines
        Columns id, kind: where no open parcel is to be looked for (water, forest, used, railway, road, ...).
    notes : tuple of str
        What was assumed or left out.
    """

    buildings: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    boundary: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    land: gpd.GeoDataFrame
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the count of each layer."""
        names = ("buildings", "streets", "facilities", "communities", "places")
        return f"OsmLayers({', '.join(f'{len(getattr(self, name))} {name}' for name in names)})"


Row = tuple[str, dict[str, str], Any]


@dataclass
class Objects:
    """OSM objects sorted by what they are, before they become frames; geometry is hex WKB or shapely's."""

    buildings: list[Row] = field(default_factory=list)
    streets: list[Row] = field(default_factory=list)
    facilities: list[Row] = field(default_factory=list)
    admin: list[Row] = field(default_factory=list)
    places: list[Row] = field(default_factory=list)
    land: list[Row] = field(default_factory=list)
    outlines: set[str] = field(default_factory=set)
    ways: int = 0
    lost: int = 0
    cut: int = 0
    notes: list[str] = field(default_factory=list)

    def add_node(self, ident: str, tags: dict[str, str], geometry: Any) -> None:
        """Sort in a node."""
        if tags.get("place") in osm_tags.PLACES:
            self.places.append((ident, tags, geometry))
        if osm_tags.facility_type(tags) is not None:
            self.facilities.append((ident, tags, geometry))

    def add_line(self, ident: str, tags: dict[str, str], geometry: Any) -> None:
        """Sort in a way as a line."""
        if osm_tags.is_walkable(tags):
            self.streets.append((ident, tags, geometry))
        elif tags.get("highway", "") in osm_tags.WITH_FOOT | osm_tags.WALKABLE and tags.get("area") != "yes":
            self.land.append((ident, {"kind": "road"}, geometry))
        elif "waterway" in tags or "railway" in tags:
            kind = osm_tags.land_kind(tags)
            if kind is not None:
                self.land.append((ident, {"kind": kind}, geometry))

    def add_area(self, ident: str, tags: dict[str, str], geometry: Any) -> None:
        """Sort in a closed way or a multipolygon as an area."""
        if tags.get("building", "no") != "no":
            self.buildings.append((ident, tags, geometry))
        elif tags.get("boundary") == "administrative" and tags.get("admin_level") and tags.get("name"):
            self.admin.append((ident, tags, geometry))
        else:
            kind = "used" if "highway" in tags and tags.get("area") == "yes" else osm_tags.land_kind(tags)
            if kind is not None:
                self.land.append((ident, {"kind": kind}, geometry))
        if osm_tags.facility_type(tags) is not None:
            self.facilities.append((ident, tags, geometry))


def read_osm(path: str | Path, *, community_level: int = COMMUNITY_LEVEL, clip: bool = True) -> OsmLayers:
    """Read an OpenStreetMap extract.

    Parameters
    ----------
    path : path
        PBF (``.osm.pbf``, ``.pbf``) or XML (``.osm``, ``.osm.gz``, ``.osm.bz2``).
    community_level : int
        ``admin_level`` of the areas taken for communities.
    clip : bool
        Whether to keep only what lies in the boundary, where that is an administrative area: buildings,
        facilities and places by a point in them, streets and land that touch it (not cut).

    Returns
    -------
    OsmLayers

    Raises
    ------
    DataError
        If the file is missing, no OSM file, lacks the nodes of its ways, or holds no building.
    """
    path = Path(path)
    remedy = _("give an OpenStreetMap extract: .osm.pbf, .osm, .osm.gz or .osm.bz2")
    if not path.is_file():
        raise DataError(_("there is no such file"), remedy=remedy, path=path)
    try:
        objects = _scan_sorted(path)
    except (RuntimeError, OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        problem = _("the file cannot be read as OpenStreetMap data ({reason})", reason=str(error))
        raise DataError(problem, remedy=remedy, path=path) from error
    return assemble(objects, source=str(path), community_level=community_level, clip=clip)


def _scan_sorted(path: Path) -> Objects:
    """Scan a file; one that is not in OSM's usual order (nodes, ways, relations, each by number) is sorted first."""
    try:
        found = _scan(path)
    except RuntimeError as error:
        if "out of order" not in str(error):
            raise
        found = None
    if found is None or found.lost > found.ways / 2:
        with tempfile.TemporaryDirectory(prefix="siteplan-") as folder:
            ordered = Path(folder) / "sorted.osm.pbf"
            merge = osmium.MergeInputReader()
            merge.add_file(str(path))
            with osmium.SimpleWriter(str(ordered)) as writer:
                merge.apply(writer, simplify=False)
            found = _scan(ordered)
    _tell_losses(found, path)
    return found


def _scan(path: Path) -> Objects:
    """Run once through the file (the area assembler reads its relations beforehand)."""
    found = Objects()
    wkb = osmium.geom.WKBFactory()
    keys = osmium.filter.KeyFilter(*_KEYS)
    for item in osmium.FileProcessor(str(path)).with_areas(keys).with_filter(keys):
        if isinstance(item, osmium.osm.Node):
            if item.location.valid():
                found.add_node(f"n{item.id}", dict(item.tags), wkb.create_point(item))
        elif isinstance(item, osmium.osm.Area):
            letter = "w" if item.from_way() else "r"
            found.add_area(f"{letter}{item.orig_id()}", dict(item.tags), wkb.create_multipolygon(item))
        elif isinstance(item, osmium.osm.Relation):
            if item.tags.get("type") == "multipolygon" and "building" in item.tags:
                found.outlines.update(f"w{m.ref}" for m in item.members if m.type == "w" and m.role == "outer")
        elif isinstance(item, osmium.osm.Way):
            _add_way(found, item)
    return found


def _tell_losses(found: Objects, path: Path) -> None:
    """Note what the file holds only in part; refuse one without coordinates."""
    if found.lost > found.ways / 2:
        lost, ways = found.lost, found.ways
        raise DataError(
            _(
                "{lost} of {ways} ways have no coordinates: their nodes are missing or follow them",
                lost=lost,
                ways=ways,
            ),
            remedy=_("sort the file (osmium sort) or export it again with the nodes of its ways"),
            path=path,
        )
    if found.cut:
        found.notes.append(_("{n} buildings were left out: the file lacks some of their corners", n=found.cut))
    if found.lost:
        found.notes.append(_("{n} ways were left out: none of their nodes is in the file", n=found.lost))


def _add_way(found: Objects, way: osmium.osm.Way) -> None:
    """Sort in a way as one line, or as several where nodes are missing (ways that leave an extract)."""
    tags = dict(way.tags)
    points = [(n.lon, n.lat) if n.location.valid() else None for n in way.nodes]
    runs = list(_runs(points))
    found.ways += 1
    found.cut += "building" in tags and None in points
    found.lost += not runs
    for number, run in enumerate(runs):
        found.add_line(f"w{way.id}" + (f".{number}" if number else ""), tags, shapely.LineString(run))


def _runs(points: Iterable[tuple[float, float] | None]) -> Iterator[list[tuple[float, float]]]:
    """Yield the stretches of a way whose nodes are in the file (ways that leave an extract are cut there)."""
    run: list[tuple[float, float]] = []
    for point in points:
        if point is None:
            if len(run) > 1:
                yield run
            run = []
        elif not run or run[-1] != point:
            run.append(point)
    if len(run) > 1:
        yield run


def assemble(
    objects: Objects,
    *,
    source: str,
    community_level: int = COMMUNITY_LEVEL,
    clip: bool = True,
    boundary_id: str | None = None,
) -> OsmLayers:
    """Make the layers from sorted objects (arguments as in :func:`read_osm`; ``boundary_id``: the area to take).

    Raises
    ------
    DataError
        If there is no building.
    """
    notes = list(objects.notes)
    rows = [row for row in objects.buildings if row[0] not in objects.outlines]
    buildings = _frame(rows, use=osm_tags.building_use, floors=osm_tags.floors)
    if buildings.empty:
        raise DataError(
            _("the extract holds no building"),
            remedy=_("choose an extract that shows buildings, or draw them in OpenStreetMap or in a GIS"),
            path=source,
        )
    if len(objects.buildings) > len(rows):
        n = len(objects.buildings) - len(rows)
        notes.append(_("{n} buildings were left out: they are outlines of a building relation that is kept", n=n))
    admin = _frame(objects.admin, level=lambda tags: tags["admin_level"])
    boundary, administrative = _boundary(buildings, admin, notes, boundary_id)
    facilities = _frame(objects.facilities, type=osm_tags.facility_type)
    layers = OsmLayers(
        buildings=buildings,
        streets=_frame(objects.streets, highway=lambda tags: tags["highway"]),
        facilities=facility_areas(facilities, buildings),
        communities=admin[admin["level"] == str(community_level)].drop(columns="level").reset_index(drop=True),
        boundary=boundary,
        places=_frame(objects.places, place=lambda tags: tags["place"]),
        land=_frame(objects.land, kind=lambda tags: tags["kind"]),
    )
    if clip and administrative:
        layers = _clipped(layers, notes)
    return dataclasses.replace(layers, notes=tuple(notes))


def _frame(rows: list[Row], **columns: Any) -> gpd.GeoDataFrame:
    """Return rows as a frame with id, name and ``columns`` (functions of the tags), without empty geometry."""
    geometry = np.array([_geometry(item) for *__, item in rows], dtype=object)
    data: dict[str, Any] = {
        "id": pd.Series([ident for ident, *__ in rows], dtype="str"),
        "name": pd.Series([tags.get("name", "") for __, tags, ___ in rows], dtype="str"),
    }
    for name, make in columns.items():
        kind = "float64" if name == "floors" else "str"
        data[name] = pd.Series([make(tags) for __, tags, ___ in rows], dtype=kind)
    frame = gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(geometry, crs=WGS84), crs=WGS84)
    frame = frame[~(frame.geometry.is_empty | frame.geometry.isna())].drop_duplicates("id")
    return frame.sort_values("id", ignore_index=True)


def _geometry(item: Any) -> Any:
    geometry = shapely.from_wkb(item) if isinstance(item, str) else item
    if geometry.geom_type == "MultiPolygon" and len(geometry.geoms) == 1:
        return geometry.geoms[0]
    return geometry


def _boundary(
    buildings: gpd.GeoDataFrame, admin: gpd.GeoDataFrame, notes: list[str], ident: str | None
) -> tuple[gpd.GeoDataFrame, bool]:
    """Return the study's boundary and whether it is an administrative area.

    The area called ``ident``; else the administrative area that holds most of the buildings (to 0.1 %; of equals the
    smallest) if it holds COVERS of them; else the buildings' convex hull.
    """
    points = buildings.geometry.representative_point().array
    shares = [float(shapely.contains(area, points).mean()) for area in _prepared(admin)]
    order = sorted(range(len(admin)), key=lambda row: (-round(shares[row], 3), admin.geometry.iloc[row].area))
    chosen = [row for row in order if admin["id"].iloc[row] == ident or (ident is None and shares[row] >= COVERS)]
    if chosen:
        return admin.iloc[chosen[:1]].drop(columns="level").reset_index(drop=True), True
    notes.append(_("no administrative area of the extract holds its buildings: the boundary is their convex hull"))
    hull = gpd.GeoSeries([shapely.convex_hull(shapely.union_all(buildings.geometry.array))], crs=WGS84)
    hull = hull.to_crs(hull.estimate_utm_crs()).buffer(HULL_MARGIN_M).to_crs(WGS84)
    return gpd.GeoDataFrame({"id": ["hull"], "name": [""]}, geometry=hull, crs=WGS84), False


def _prepared(areas: gpd.GeoDataFrame) -> npt.NDArray[np.object_]:
    geometry = np.asarray(areas.geometry.array, dtype=object)
    shapely.prepare(geometry)
    return geometry


def _clipped(layers: OsmLayers, notes: list[str]) -> OsmLayers:
    """Return the layers with only what lies in the boundary."""
    area = layers.boundary.geometry.iloc[0]
    shapely.prepare(area)

    def inside(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        keep = shapely.intersects(area, frame.geometry.representative_point().array)
        return frame[keep].reset_index(drop=True)

    def touching(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return frame[shapely.intersects(area, frame.geometry.array)].reset_index(drop=True)

    clipped = dataclasses.replace(
        layers,
        buildings=inside(layers.buildings),
        facilities=inside(layers.facilities),
        communities=inside(layers.communities),
        places=inside(layers.places),
        streets=touching(layers.streets),
        land=touching(layers.land),
    )
    outside = len(layers.buildings) - len(clipped.buildings)
    if outside:
        name = layers.boundary["name"].iloc[0]
        notes.append(_("{n} buildings outside the boundary {name} were left out", n=outside, name=name))
    return clipped
