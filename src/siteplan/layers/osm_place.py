"""Fetch a place of OpenStreetMap over the network, through osmnx, once: answers are kept in a cache folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from siteplan.errors import DataError
from siteplan.layers import osm_tags
from siteplan.layers.osm import COMMUNITY_LEVEL, Objects, OsmLayers, assemble
from siteplan.layers.osm_server import ask
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd

_TAGS: dict[str, bool | str | list[str]] = {
    "building": True,
    "highway": True,
    "boundary": ["administrative", "protected_area", "national_park"],
    "place": True,
    "natural": True,
    "landuse": True,
    "leisure": True,
    "waterway": True,
    "railway": True,
    **dict.fromkeys(osm_tags.FACILITY_KEYS, True),
}
_LETTERS = {"node": "n", "way": "w", "relation": "r"}


def cache_folder() -> Path:
    """Return where answers of the network are kept: ``$XDG_CACHE_HOME/siteplan/osm``, by default under ``~/.cache``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "siteplan" / "osm"


def _silent(_text: str) -> None:
    """Tell nobody."""


def from_place(
    name: str,
    *,
    cache: str | Path | None = None,
    community_level: int = COMMUNITY_LEVEL,
    nominatim_url: str | None = None,
    overpass_url: str | None = None,
    tell: Callable[[str], None] = _silent,
) -> OsmLayers:
    """Fetch a place by name: its area from Nominatim, what is in it from Overpass.

    Parameters
    ----------
    name : str
        As one would type it into a map's search box, e.g. ``"六枝特区, 六盘水市, 中国"``.
    cache : path, optional
        Folder for the answers; the same question is asked only once. Default: :func:`cache_folder`.
    community_level : int
        ``admin_level`` of the areas taken for communities.
    nominatim_url, overpass_url : str, optional
        Servers other than the public ones.
    tell : callable
        Called with a line of text where a server lets wait.

    Returns
    -------
    OsmLayers
        As :func:`siteplan.layers.osm.read_osm` gives.

    Raises
    ------
    DataError
        If there is no network, a server does not answer or not wholly, or the place is not found or has no area.
    """
    import osmnx
    from osmnx._errors import InsufficientResponseError

    folder = Path(cache) if cache is not None else cache_folder()
    given = {"nominatim_url": nominatim_url, "overpass_url": overpass_url}
    urls = {key: url for key, url in given.items() if url is not None}
    try:
        area = ask(name, lambda: osmnx.geocode_to_gdf(name), folder, urls, tell)
    except DataError:
        raise
    except (InsufficientResponseError, TypeError, ValueError) as error:
        raise DataError(
            _("OpenStreetMap finds no area called {name}", name=name),
            remedy=_("write it more fully (place, county, province, country), or use --from-osm with an extract"),
        ) from error
    shape = area.geometry.iloc[0]
    try:
        features = ask(name, lambda: osmnx.features_from_polygon(shape, _TAGS), folder, urls, tell)
    except InsufficientResponseError as error:
        raise DataError(
            _("OpenStreetMap has nothing in {name} that a study needs", name=name),
            remedy=_("draw buildings and streets in OpenStreetMap, or take the layers from other files"),
        ) from error
    objects = Objects()
    for (kind, number), tags, geometry in _rows(features):
        _sort_in(objects, f"{_LETTERS[kind]}{number}", kind, tags, geometry)
    ident = f"{area['osm_type'].iloc[0]}/{area['osm_id'].iloc[0]}"
    objects.admin.append((ident, {"name": str(area["name"].iloc[0]), "admin_level": "place"}, shape))
    return assemble(objects, source=name, community_level=community_level, boundary_id=ident)


def _rows(features: gpd.GeoDataFrame) -> Iterator[tuple[tuple[str, int], dict[str, str], Any]]:
    """Yield the kind and number, the tags and the geometry of each feature."""
    columns = [name for name in features.columns if name != "geometry"]
    values = features[columns].to_numpy(dtype=object)
    known = features[columns].notna().to_numpy()
    for index, row, has, geometry in zip(features.index, values, known, features.geometry, strict=True):
        tags = {name: str(row[at]) for at, name in enumerate(columns) if has[at]}
        yield index, tags, geometry


def _sort_in(objects: Objects, ident: str, kind: str, tags: dict[str, str], geometry: Any) -> None:
    shape = geometry.geom_type
    if shape == "Point" and kind == "node":
        objects.add_node(ident, tags, geometry)
    elif shape in ("Polygon", "MultiPolygon"):
        objects.add_area(ident, tags, geometry)
        if kind == "way" and "highway" in tags and tags.get("area") != "yes":  # a street that ends where it began
            objects.add_line(ident, tags, shapely.LineString(geometry.exterior.coords))
    elif shape == "LineString":
        objects.add_line(ident, tags, geometry)
