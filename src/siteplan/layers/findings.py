"""What is wrong with the rows of layers that can be planned with all the same: found by ``siteplan check``, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from siteplan.layers.area_units import AREA_UNITS
from siteplan.layers.divisions import parse_division
from siteplan.layers.faults import APART_M, duplicates, overlaps, scattered, slivers
from siteplan.layers.provinces import CODED
from siteplan.layers.repair import Place, some
from siteplan.layers.roles import ROLES
from siteplan.layers.validate import REFERENCES
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import geopandas as gpd

    from siteplan.layers.repair import Repair

Numbers: TypeAlias = npt.NDArray[np.float64]

_COUNTED = (
    "buildings",
    "sites",
    "communities",
    "townships",
    "facilities",
    "candidates",
    "parcels",
    "farmland",
    "grids",
)
"""Roles whose rows are counted or added up, so that a row that stands twice changes a sum."""
_ON_THE_LINE_M = 1.0
_CODE = 6
"""Digits of a county's division code, with which the codes of its townships and villages begin."""
_POLYGON = 2
_LIKE = 0.1
"""Relative: areas given and drawn that differ by the factor of a unit within this are in that unit."""
_LEAST_ROWS = 3
_ROUND = 0.5
"""Households: sums of whole numbers that differ by less are equal."""
_SUMMED = ("households", "people", "elderly", "children")


def geometry_findings(frame: gpd.GeoDataFrame, place: Place) -> Iterator[Repair]:
    """Yield duplicates, slivers, overlaps and scattered parts of a layer in a metric CRS."""
    ids = frame["id"].astype(str).to_numpy()
    if place.role in _COUNTED:
        for row, of in zip(*duplicates(frame), strict=True):
            yield place.finding(
                _("repeats {row} in everything but the id", row=ids[of]), problem="duplicate", row=ids[row]
            )
    for k in slivers(frame, place.role):
        area = f"{frame.geometry.iloc[k].area:.2f}"
        yield place.finding(_("a sliver of {area} m2", area=area), problem="sliver", row=ids[k])
    for first, second, area in zip(*overlaps(frame, place.role), strict=True):
        what = _("covers {area} m2 of {row} too", area=f"{area:,.1f}", row=ids[first])
        yield place.finding(what, problem="overlap", row=ids[second])
    if place.role == "buildings":
        for k in scattered(frame):
            what = _("has parts {n} m or more apart: is it one building?", n=f"{APART_M:g}")
            yield place.finding(what, problem="multipart", row=ids[k])


def unit_findings(frame: gpd.GeoDataFrame, place: Place) -> Iterator[Repair]:
    """Yield columns of land whose numbers are those of the drawn areas in another unit than m2."""
    drawn = shapely.area(frame.geometry.to_numpy())
    for name in [one.name for one in ROLES[place.role].columns if one.unit == "m2" and one.name in frame]:
        given = frame[name].to_numpy(dtype=np.float64)
        known = (given > 0) & (drawn > 0)
        if known.sum() < _LEAST_ROWS:
            continue
        ratio = drawn[known] / given[known]
        for unit, (factor, _source) in AREA_UNITS.items():
            if factor > 1 and np.all(np.abs(np.quantile(ratio, [0.25, 0.5, 0.75]) / factor - 1) <= _LIKE):
                what = _(
                    "{column} looks like {unit}: the areas drawn are {ratio} times as large in m2 (median of {n} rows)",
                    column=name, unit=unit, ratio=f"{np.median(ratio):,.1f}", n=int(known.sum()),
                )  # fmt: skip
                yield place.finding(what, problem="unit")
                break


def place_findings(vectors: Mapping[str, gpd.GeoDataFrame], paths: Mapping[str, str]) -> Iterator[Repair]:
    """Yield rows that lie outside the area that they name, by more than 1 m: community, site, township, county (by division codes).

    Parameters
    ----------
    vectors : mapping of str to GeoDataFrame
        By role, in one metric CRS.
    paths : mapping of str to str
    """
    for role, column, target in REFERENCES:
        if role in vectors and target in vectors and column in vectors[role]:
            known = _polygons(vectors[target])
            yield from _outside(
                vectors[role], vectors[role][column], known, target, Place(role=role, path=paths.get(role, ""))
            )
    if "boundary" not in vectors:
        return
    yield from _beyond(vectors, paths)
    counties = _polygons(vectors["boundary"])
    counties = counties[[code.isdigit() and len(code) == _CODE for code in counties.index.astype(str)]]
    for role in [role for role in CODED if role in vectors and len(counties)]:
        frame, place = vectors[role], Place(role=role, path=paths.get(role, ""))
        codes = _county_codes(frame)
        yield from _outside(frame, codes, counties, "boundary", place)
        if codes.isin(counties.index).any():  # else the numbers are no codes, or the boundary is of another year
            lost = codes.notna() & ~codes.isin(counties.index)
            for row, code in zip(frame["id"][lost].astype(str), codes[lost], strict=True):
                what = _("its code begins with {code}, which no part of the boundary has", code=code)
                yield place.finding(what, problem="outside", row=row)


def _county_codes(frame: gpd.GeoDataFrame) -> pd.Series[str]:
    """Return six digits of the county by each row's division code, or by its id where that is one; None where there is neither."""
    written = frame["code"].fillna(frame["id"]) if "code" in frame else frame["id"]
    codes = [parse_division(text) for text in written]
    known = [None if code is None or code.level in {"province", "city"} else code.part("county") for code in codes]
    return pd.Series(known, index=frame.index, dtype=object)


def _beyond(vectors: Mapping[str, gpd.GeoDataFrame], paths: Mapping[str, str]) -> Iterator[Repair]:
    """Yield sites, communities and townships that lie more than a metre outside the boundary; of others that is refused."""
    area = shapely.union_all(vectors["boundary"].geometry.to_numpy())
    shapely.prepare(area)
    for role in [role for role in CODED if role in vectors]:
        shapes = vectors[role].geometry.to_numpy()
        for k in np.flatnonzero(~shapely.dwithin(area, shapes, _ON_THE_LINE_M)):
            what = _("lies {away} m outside the boundary", away=f"{shapely.distance(area, shapes[k]):,.0f}")
            row = str(vectors[role]["id"].iloc[k])
            yield Place(role=role, path=paths.get(role, "")).finding(what, problem="outside", row=row)


def _polygons(frame: gpd.GeoDataFrame) -> gpd.GeoSeries:
    areas = shapely.get_dimensions(frame.geometry.to_numpy()) == _POLYGON
    return frame[areas].set_index("id").geometry


def _outside(
    frame: gpd.GeoDataFrame, named: pd.Series[str], areas: gpd.GeoSeries, target: str, place: Place
) -> Iterator[Repair]:
    """Yield rows that lie more than a metre from the area that they name."""
    rows = np.flatnonzero(named.isin(areas.index).to_numpy())
    if not len(rows):
        return
    shapes = frame.geometry.to_numpy()[rows]
    own = areas.loc[named.iloc[rows]].to_numpy()
    shapely.prepare(own)
    far = np.flatnonzero(~shapely.intersects(own, shapes))
    metres = shapely.distance(own[far], shapes[far])
    for k, away in zip(far, metres, strict=True):
        if away > _ON_THE_LINE_M:
            name = str(named.iloc[rows[k]])
            what = _("lies {away} m outside {name} of {target}, to which it belongs by what it says",
                     away=f"{away:,.0f}", name=name, target=target)  # fmt: skip
            yield place.finding(what, problem="outside", row=str(frame["id"].iloc[rows[k]]))


def total_findings(vectors: Mapping[str, gpd.GeoDataFrame], paths: Mapping[str, str]) -> Iterator[Repair]:
    """Yield sites and communities whose counts are not the sums of their buildings', where each building has a count.

    A building belongs to what its ``site_id`` or ``community_id`` names. Counts that differ by less than a half are equal.
    """
    buildings = vectors.get("buildings")
    for role, column in (("sites", "site_id"), ("communities", "community_id")):
        units = vectors.get(role)
        if units is None or buildings is None or column not in buildings or not buildings[column].notna().any():
            continue
        place = Place(role=role, path=paths.get(role, ""))
        for name in _SUMMED:
            if name not in buildings or name not in units:
                continue
            by = buildings.groupby(column)[name]
            whole = by.sum()[by.count() == by.size()]
            given = units.set_index("id")[name].dropna()
            both = given.index.intersection(whole.index)
            for row in both[np.abs(given[both] - whole[both]) >= _ROUND]:
                what = _(
                    "{name} {given} against {sum} of its {n} buildings: {off}",
                    name=name, given=f"{given[row]:,.0f}", sum=f"{whole[row]:,.0f}", n=int(by.size()[row]),
                    off=f"{whole[row] - given[row]:+,.0f}",
                )  # fmt: skip
                yield place.finding(what, problem="total", row=str(row))


def in_short(findings: list[Repair]) -> Iterator[str]:
    """Yield one sentence for each layer and problem of findings: how many rows, which first, and what of the first."""
    groups: dict[tuple[str, str], list[Repair]] = {}
    for finding in findings:
        groups.setdefault((finding.role, finding.problem), []).append(finding)
    for (role, problem), members in groups.items():
        rows = list(dict.fromkeys(finding.row for finding in members if finding.row))
        n = len(members) if problem in {"total", "value"} else len(rows)
        yield f"{_summary(problem, n, role, some(rows))} ({members[0].what})"


def _summary(problem: str, n: int, role: str, rows: str) -> str:
    values = {"n": n, "role": role, "rows": rows}
    return {
        "duplicate": _("{n} rows of {role} repeat another: {rows}", **values),
        "sliver": _("{n} rows of {role} are slivers: {rows}", **values),
        "overlap": _("{n} rows of {role} overlap others: {rows}", **values),
        "multipart": _("{n} rows of {role} have parts far apart: {rows}", **values),
        "outside": _("{n} rows of {role} lie outside the area they name, or the boundary: {rows}", **values),
        "unit": _("areas of {role} may be in another unit", **values),
        "total": _("{n} counts of {role} are not the sums of their buildings: {rows}", **values),
        "value": _("{n} values of {role} are wrong or hardly right: {rows}", **values),
    }[problem]
