"""The county as layers: GeoDataFrames with the columns of their roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.demo import land
from siteplan.demo.blocks import BLOCK, HOUSE, OFFICE, SCHOOL, corners, origin_villages
from siteplan.demo.chance import Floats, Ints, apportion, between, stream, whole
from siteplan.demo.names import COUNTY, place_names, town_names
from siteplan.demo.premises import candidates_of, facilities_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.demo.county import County
    from siteplan.demo.premises import Settlement

CRS = "EPSG:4545"
"""CGCS2000 / 3-degree Gauss-Kruger CM 108E, in use from 106.5 E to 109.5 E: Ankang's west and middle."""

_MIDDLE = (593_770.0, 3_619_900.0)  # about 109.0 E, 32.7 N
_EAST_LIMIT = 638_000.0  # the zone ends at about 641,000 here
_HAZARD_RADIUS = 34.0
_NEED_YUAN = 5_500.0  # a household: about what plans of the default county spend where money is no limit
_SHORT, _AMPLE = 0.5, 3.6


def origin_of(width: float) -> Floats:
    """Return the map coordinates of the county's middle: so far west that a wide county stays in the zone."""
    return np.array([np.floor(min(_MIDDLE[0], _EAST_LIMIT - width / 2)), _MIDDLE[1]])


def make_layers(county: County, progress: Callable[[str, int, int], None] | None = None) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a county by role."""
    zero = origin_of(county.basin.width)
    names = {site.index: f"S{site.index + 1:04d}" for site in county.settlements}
    candidates, facilities = _premises(county, progress)
    fields = land.Fields.around(county.basin, _all_places(county))
    farmland = land.farmland_rings(fields, county.seed)
    exclusions = _exclusions(county, fields, farmland, candidates)
    tables = {
        "boundary": pd.DataFrame({"id": ["boundary"], "name": [COUNTY], "ring": [county.outline]}),
        "townships": _townships(county),
        "sites": _sites(county, names),
        "buildings": _buildings(county, names),
        "candidates": _numbered(candidates, names),
        "facilities": _numbered(facilities, names),
        "farmland": _farmland(farmland, county.seed),
        "exclusions": exclusions,
        "streets": pd.DataFrame({"name": county.network.name, "highway": county.network.highway}),
    }
    tables["streets"].insert(0, "id", [f"R{k + 1:06d}" for k in range(len(tables["streets"]))])
    tables["facilities"].insert(0, "id", [f"F{k + 1:05d}" for k in range(len(tables["facilities"]))])
    layers = {role: _frame(table, zero) for role, table in tables.items() if role not in ("streets", "facilities")}
    layers["streets"] = _lines(tables["streets"], county.network.lines, zero)
    layers["facilities"] = _points(tables["facilities"], zero)
    order = (
        "boundary",
        "townships",
        "sites",
        "buildings",
        "streets",
        "candidates",
        "facilities",
        "farmland",
        "exclusions",
    )
    return {role: layers[role] for role in order}


def _all_places(county: County) -> list[Any]:
    places = [*(site.place for site in county.settlements), county.town_place]
    return [*places, county.hamlet.place] if county.hamlet else places


def _frame(table: pd.DataFrame, zero: Floats) -> gpd.GeoDataFrame:
    """Return a polygon layer from a table with a column ``ring``."""
    rings = table["ring"].to_list()
    count = np.array([len(ring) for ring in rings], dtype=np.int64)
    xy = np.round(np.concatenate(rings) + zero, 2)
    lines = shapely.linearrings(xy, indices=np.repeat(np.arange(len(rings)), count))
    return gpd.GeoDataFrame(table.drop(columns="ring"), geometry=shapely.polygons(lines), crs=CRS)


def _lines(table: pd.DataFrame, lines: list[Floats], zero: Floats) -> gpd.GeoDataFrame:
    xy = np.round(np.concatenate(lines) + zero, 2)
    index = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    return gpd.GeoDataFrame(table, geometry=shapely.linestrings(xy, indices=index), crs=CRS)


def _points(table: pd.DataFrame, zero: Floats) -> gpd.GeoDataFrame:
    xy = np.round(np.array(table["xy"].to_list()).reshape(-1, 2) + zero, 2)
    return gpd.GeoDataFrame(table.drop(columns="xy"), geometry=shapely.points(xy), crs=CRS)


def _townships(county: County) -> pd.DataFrame:
    """Return the townships; the budgets of the larger half, but for the county seat's, are short, the rest ample."""
    count = len(county.townships)
    names = town_names(count, county.seed)
    seat = int(county.township_of[0])
    order = [seat, *(z for z in range(count) if z != seat)]
    households = np.bincount(county.township_of, weights=county.households, minlength=count)
    largest = [z for z in np.argsort(-households, kind="stable") if z != seat]
    share = np.full(count, _AMPLE)
    share[largest[: count // 2]] = _SHORT
    share *= between(stream(county.seed, "budgets"), 0.9, 1.1, count)
    budget = np.floor(share * _NEED_YUAN * np.maximum(households, 20) / 10_000) * 10_000
    name_of = dict(zip(order, names, strict=True))
    ids = [f"T{z + 1:02d}" for z in range(count)]
    named = [name_of[z] for z in range(count)]
    return pd.DataFrame({"id": ids, "name": named, "budget_yuan": budget, "ring": county.townships})


def _sites(county: County, names: dict[int, str]) -> pd.DataFrame:
    rng = stream(county.seed, "sites")
    people = county.people
    elderly = np.floor(people * between(rng, 0.15, 0.24, len(people))).astype(np.int64)
    children = np.floor(people * between(rng, 0.16, 0.23, len(people))).astype(np.int64)
    key = (rng.random(len(people)) < 0.3) & (county.households >= 300)  # noqa: PLR2004 - some of the communities
    sites = county.settlements
    return pd.DataFrame(
        {
            "id": [names[site.index] for site in sites],
            "name": [f"{site.name}{'小区' if site.program.urban else '安置点'}" for site in sites],
            "households": county.households,
            "people": people,
            "elderly": elderly,
            "children": children,
            "setting": ["urban" if site.program.urban else "rural" for site in sites],
            "construction": ["existing" if site.existing else "new" for site in sites],
            "township_id": [f"T{z + 1:02d}" for z in county.township_of],
            "resettlement": True,
            "key": key,
            "ring": [site.place.ring(6.0) for site in sites],
        }
    )


def _buildings(county: County, names: dict[int, str]) -> pd.DataFrame:
    """Return the buildings of all settlements: homes first, then public buildings, site by site."""
    villages = place_names(6 * len(county.settlements), county.seed, "villages")
    tables, rings = [], []
    for site in county.settlements:
        table, shapes = _site_buildings(county, site, villages[6 * site.index :], names[site.index])
        tables.append(table)
        rings.append(shapes)
    merged = pd.concat(tables, ignore_index=True)
    return merged.assign(ring=list(np.concatenate(rings)))


def _site_buildings(county: County, site: Settlement, villages: list[str], ident: str) -> tuple[pd.DataFrame, Floats]:
    rng = stream(county.seed, "buildings", site.index)
    program, layout = site.program, site.layout
    homes, rings = program.homes, site.place.frame.to_map(corners(layout.homes))
    if county.hamlet is not None and county.hamlet.site == site.index:
        away = county.hamlet
        homes = np.concatenate([homes, away.homes])
        rings = np.concatenate([rings, away.place.frame.to_map(corners(away.layout.homes))])
    n, public = len(homes), len(layout.public)
    of_village, _count = origin_villages(n, county.seed, site.index)
    people = apportion(int(county.people[site.index]), homes * between(rng, 0.85, 1.15, n), least=1)
    floors = np.full(n, 6) if program.urban else whole(rng, 2, 3, n)
    zeros: Ints = np.zeros(public, dtype=np.int64)
    table = pd.DataFrame(
        {
            "id": [f"B{ident[1:]}-{k + 1:04d}" for k in range(n + public)],
            "name": [f"{site.name}{k + 1}号楼" for k in range(n)] + [f"{site.name}公房{k + 1}" for k in range(public)],
            "households": np.concatenate([homes, zeros]),
            "people": np.concatenate([people, zeros]),
            "floors": np.concatenate([floors, zeros + 2]),
            "use": [BLOCK if program.urban else HOUSE] * n + [OFFICE, SCHOOL][:public],
            "site_id": ident,
            "origin_village": [f"{villages[v]}村" for v in of_village] + [""] * public,
        }
    )
    return table, np.concatenate([rings, site.place.frame.to_map(corners(layout.public))])


def _premises(
    county: County, progress: Callable[[str, int, int], None] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return candidates and facilities; in the town one large parcel is being built already."""
    candidates: list[dict[str, Any]] = []
    facilities: list[dict[str, Any]] = []
    for site in county.settlements:
        if progress and site.index % 50 == 0:
            progress("premises", site.index, len(county.settlements))
        rows = candidates_of(site, county.seed)
        for k, row in enumerate(rows):
            row["id"] = f"C{site.index + 1:04d}-{k + 1:02d}"
        candidates += rows
        facilities += facilities_of(site, county.seed)
    own = [row for row in candidates if row["site_id"] == 0 and row["kind"] == "build" and not row["types"]]
    own[0]["state"] = "required"
    return candidates, facilities


def _numbered(rows: list[dict[str, Any]], names: dict[int, str]) -> pd.DataFrame:
    """Return rows as a table, each with the id of its site (an extra column: no role needs it)."""
    table = pd.DataFrame(rows)
    if "id" in table:
        table.insert(0, "id", table.pop("id"))
    return table.assign(site_id=[names[k] for k in table["site_id"]]) if len(table) else table


def _farmland(rings: list[Floats], seed: int) -> pd.DataFrame:
    rng = stream(seed, "rent")
    rent = np.floor(between(rng, 250, 650, len(rings)) / 10) * 10
    ids = [f"L{k + 1:05d}" for k in range(len(rings))]
    return pd.DataFrame({"id": ids, "name": "", "rent_yuan_per_mu": rent, "ring": rings})


def _exclusions(
    county: County, fields: land.Fields, farmland: list[Floats], candidates: list[dict[str, Any]]
) -> pd.DataFrame:
    """Return the exclusions, and mark the candidates under a hazard as forbidden."""
    rng = stream(county.seed, "exclusions")
    n = len(county.settlements)
    rows: list[tuple[str, str, Floats]] = [(land.RIVERBED, name, ring) for name, ring in land.river_rings(county.basin)]
    rows += [(land.RED_LINE, "", ring) for ring in land.red_line_rings(county.basin, max(3, n // 4), county.seed)]
    rows += [(land.WATER_SOURCE, "", ring) for ring in land.water_source_rings(fields, max(1, n // 15), county.seed)]
    basic = rng.random(len(farmland)) < 0.4  # noqa: PLR2004 - share of the fields
    rows += [(land.BASIC_FARMLAND, "", ring) for ring, keep in zip(farmland, basic, strict=True) if keep]
    parcels_of: dict[int, list[dict[str, Any]]] = {}
    for row in candidates:
        if row["kind"] == "build":
            parcels_of.setdefault(row["site_id"], []).append(row)
    for site in county.settlements:
        draw = float(rng.random())
        parcels = parcels_of.get(site.index, [])
        if draw < 0.3 and len(parcels) > 1 and len(site.layout.strips) > 1:  # noqa: PLR2004 - three sites of ten
            threat = parcels[len(site.layout.strips) - 1]
            behind = threat["ring"][:4].mean(axis=0) + 12.0 * site.place.frame.away
            rows.append((land.HAZARD, f"{site.name}滑坡", land.blob(behind, _HAZARD_RADIUS, rng, corners=12)))
            threat["state"] = "forbidden"
    ids = [f"X{k + 1:05d}" for k in range(len(rows))]
    kinds, labels, rings = zip(*rows, strict=True)
    return pd.DataFrame({"id": ids, "name": list(labels), "kind": list(kinds), "ring": list(rings)})
