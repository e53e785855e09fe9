"""Whether a layer looks shifted as web maps shift positions (GCJ-02, BD-09), by how it fits the other layers.

The shift of GCJ-02 has at each place one length and one direction, known beforehand (siteplan.layers.datum: 116 to 702 m in the
eastern two thirds of China), and it varies from place to place. So there is nothing to estimate: each row is moved by the shift at
its own place, and the rows that do not fit another layer are counted before and after. Rows do not fit

- the streets, if a building, or the 8 m around a point, is crossed by the line of a street; where streets are so few that this tells
  nothing, if they lie more than 50 m from any street (which is only a hint: streets may be missing);
- an area, if they lie outside the one that they name (community, township), or outside the boundary.

Two things must hold before a layer is called shifted: that the rows which fit only when taken back outnumber those which
fit only as they stand by more than chance (sign test), and that the same field turned by other angles does not do as well: it
is the pattern that fits, not any movement. Means of positions are not compared: layers of different origin differ in them anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from scipy.stats import binom

from siteplan.layers.datum import NAMES, Datum, from_wgs84, in_china, to_wgs84
from siteplan.layers.roles import ROLES
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import geopandas as gpd

Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Geometries: TypeAlias = npt.NDArray[Any]
Verdict: TypeAlias = Literal["fits", "shifted", "perhaps", "unknown"]
By: TypeAlias = Literal["crossed", "far", "outside"]
Misfits: TypeAlias = "Callable[[Geometries], Flags]"

BESIDE_STREETS = ("buildings", "facilities", "candidates", "sites")
"""Roles whose rows stand beside streets."""

MOST_ROWS = 3000
"""Rows that are looked at; of a longer layer every n-th."""
POINT_M = 4.0
"""Metres around a point that no street's line should cross: half a narrow carriageway."""
FAR_M = 50.0
"""Metres from the nearest street beyond which a row does not stand beside streets."""
MOST_FAR = 0.1
"""Share of rows that may stand farther away all the same."""
ANGLES = tuple(range(15, 360, 15))
"""Degrees by which the field is turned for comparison."""
SURE = 1e-4
"""Chance, by the sign test, below which a layer is called shifted."""
LIKELY = 0.1
"""Chance below which it is said that it may be."""
FEW_TURNED = 0.1
"""Share of the turned fields that may do as well as the real one."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """How a layer fits another as it stands, and taken back from a web map's datum.

    Parameters
    ----------
    role : str
        The layer.
    against : str
        The other layer.
    by : {"crossed", "far", "outside"}
        Why rows do not fit: crossed by a street, far from streets, or outside their area.
    verdict : {"fits", "shifted", "perhaps", "unknown"}
        ``unknown``: neither fits clearly better.
    datum : {"gcj02", "bd09"} or None
        What ``role`` (or, if ``other``, the other layer) seems to be in.
    other : bool
        Whether it is the other layer that seems to be shifted.
    rows : int
        Rows looked at.
    as_is, taken_back : int
        Rows that do not fit as they stand, and when one of the two layers is taken back from ``datum``.
    better, worse : int
        Rows that fit only when taken back, and only as they stand.
    chance : float
        Of so many more (two equal chances; one-sided).
    turned : (least, most)
        Rows that do not fit when the field is turned by :data:`ANGLES`; (0, 0) where that was not tried.
    metres : (least, most)
        Length of the shift at the rows.
    """

    role: str
    against: str
    by: By
    verdict: Verdict
    datum: Datum | None
    other: bool
    rows: int
    as_is: int
    taken_back: int
    better: int
    worse: int
    chance: float
    turned: tuple[int, int]
    metres: tuple[float, float]


def fits(vectors: Mapping[str, gpd.GeoDataFrame], crs: CRS) -> list[Fit]:
    """Compare the layers of a study with its streets and areas.

    Parameters
    ----------
    vectors : mapping of str to GeoDataFrame
        By role, all in ``crs``.
    crs : CRS
        Metric.

    Returns
    -------
    list of Fit
        One for each pair of layers that can be compared; none for layers outside China, where nothing is shifted.
    """
    down = Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)
    found: list[Fit] = []
    for pair in _pairs(vectors):
        if pair.by == "far" and not (found and found[-1].role == pair.role and found[-1].verdict == "unknown"):
            continue
        centre = shapely.get_coordinates(shapely.centroid(pair.geometry))
        lon, lat = down.transform(centre[:, 0], centre[:, 1])
        if not len(centre) or not in_china(lon, lat).all():
            continue
        fit = _fit(pair, _Field(lon, lat, centre, down))
        if pair.by != "far":
            found.append(fit)
        elif fit.verdict != "unknown":
            found[-1] = fit
    return found


def evidence(fit: Fit) -> str:
    """Return in words the numbers by which a layer looks shifted."""
    values = {
        "role": fit.role, "against": fit.against, "whose": fit.against if fit.other else fit.role, "rows": fit.rows,
        "datum": NAMES[fit.datum or "gcj02"], "as_is": fit.as_is, "back": fit.taken_back, "few": fit.turned[0],
        "many": fit.turned[1], "least": f"{fit.metres[0]:.0f}", "most": f"{fit.metres[1]:.0f}", "chance": f"{fit.chance:.2g}",
    }  # fmt: skip
    counted = {
        "crossed": _("of {rows} rows of {role} streets cross {as_is} as they stand", **values),
        "far": _("of {rows} rows of {role} {as_is} lie more than 50 m from any street as they stand", **values),
        "outside": _("of {rows} rows of {role} {as_is} lie outside their {against} as they stand", **values),
    }[fit.by]
    return counted + _(
        " and {back} when {whose} is taken back from {datum} ({least} to {most} m); turned to other directions the same field "
        "leaves {few} to {many}; chance {chance}",
        **values,
    )


class _Pair(NamedTuple):
    """Two layers that can be compared, and which rows of the first, moved, do not fit the second."""

    role: str
    against: str
    by: By
    geometry: Geometries
    misfits: Misfits


class _Field:
    """The shift at the rows of a layer, in metres of the study's CRS."""

    def __init__(self, lon: Floats, lat: Floats, centre: Floats, down: Transformer) -> None:
        self.lon, self.lat, self.centre, self.down = lon, lat, centre, down

    def at(self, datum: Datum, *, back: bool) -> Floats:
        """Return (n, 2) metres: by which rows move when taken back from ``datum``, or when shown in it."""
        there = (to_wgs84 if back else from_wgs84)(self.lon, self.lat, datum)
        x, y = self.down.transform(*there, direction="INVERSE")
        return np.column_stack([x, y]) - self.centre


def _fit(pair: _Pair, field: _Field) -> Fit:
    geometry, misfits = pair.geometry, pair.misfits
    as_is = misfits(geometry)
    tried = []
    for datum in cast("tuple[Datum, ...]", tuple(NAMES)):
        for back in (True, False):
            move = field.at(datum, back=back)
            tried.append((misfits(_moved(geometry, move)), datum, back, move))
    after, datum, back, move = min(tried, key=lambda one: int(one[0].sum()))
    better, worse = int((as_is & ~after).sum()), int((after & ~as_is).sum())
    chance = _chance(better, worse)
    turned: list[int] = []
    if chance <= LIKELY:
        turned = [int(misfits(_moved(geometry, _turned(move, angle))).sum()) for angle in ANGLES]
    sure = all(_chance(int((one[0] & ~as_is).sum()), int((as_is & ~one[0]).sum())) <= LIKELY for one in tried)
    verdict = _verdict(chance, worse, int(after.sum()), turned, as_it_is=sure)
    if pair.by == "far":
        verdict = _hint(verdict, chance, len(geometry), int(as_is.sum()), int(after.sum()))
    length = np.hypot(*move.T)
    named = verdict in {"shifted", "perhaps"}
    return Fit(
        role=pair.role,
        against=pair.against,
        by=pair.by,
        verdict=verdict,
        datum=datum if named else None,
        other=named and not back,
        rows=len(geometry),
        as_is=int(as_is.sum()),
        taken_back=int(after.sum()),
        better=better,
        worse=worse,
        chance=chance,
        turned=(min(turned, default=0), max(turned, default=0)),
        metres=(float(length.min()), float(length.max())),
    )


def _verdict(chance: float, worse: int, after: int, turned: list[int], *, as_it_is: bool) -> Verdict:
    as_well = sum(count <= after for count in turned)
    if turned and as_well <= FEW_TURNED * len(turned):
        if chance <= SURE:
            return "shifted"
        if worse == 0:
            return "perhaps"
    return "fits" if as_it_is else "unknown"


def _hint(verdict: Verdict, chance: float, rows: int, as_is: int, after: int) -> Verdict:
    """Return what distances from streets tell: never more than a hint, and only where nearly all rows stand beside streets then."""
    if verdict == "fits":
        return "fits" if as_is <= MOST_FAR * rows else "unknown"
    return "perhaps" if verdict == "shifted" and chance <= SURE and after <= MOST_FAR * rows else "unknown"


def _chance(better: int, worse: int) -> float:
    """Return the chance of at least ``better`` heads in ``better + worse`` throws of a fair coin."""
    return float(binom.sf(better - 1, better + worse, 0.5))


def _moved(geometry: Geometries, move: Floats) -> Geometries:
    points, owner = shapely.get_coordinates(geometry, return_index=True)
    return np.asarray(shapely.set_coordinates(geometry.copy(), points + move[owner]), dtype=object)


def _turned(move: Floats, degrees: float) -> Floats:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned: Floats = move @ np.array([[cos, sin], [-sin, cos]])
    return turned


def _pairs(vectors: Mapping[str, gpd.GeoDataFrame]) -> Iterator[_Pair]:
    """Yield what can be compared; distances from streets after crossings."""
    streets = vectors.get("streets")
    if streets is not None:
        tree = shapely.STRtree(streets.geometry.to_numpy())
        for role in BESIDE_STREETS:
            geometry = _beside(vectors.get(role), role)
            if len(geometry):
                yield _Pair(role, "streets", "crossed", geometry, lambda shapes: _crossed(shapes, tree))
                yield _Pair(role, "streets", "far", geometry, lambda shapes: _far(shapes, tree))
    for role, frame in vectors.items():
        for against, geometry, areas in _areas(role, frame, vectors):
            shapely.prepare(areas)
            yield _Pair(role, against, "outside", geometry, partial(_outside, areas))


def _outside(areas: Geometries, shapes: Geometries) -> Flags:
    return ~np.asarray(shapely.intersects(areas, shapes), dtype=bool)


def _far(shapes: Geometries, tree: shapely.STRtree) -> Flags:
    far = np.ones(len(shapes), dtype=bool)
    far[tree.query(shapes, predicate="dwithin", distance=FAR_M)[0]] = False
    return far


def _beside(frame: gpd.GeoDataFrame | None, role: str) -> Geometries:
    """Return the shapes of a layer that should stand beside streets; of sites only the points: their areas hold streets."""
    if frame is None:
        return np.array([], dtype=object)
    geometry = _some(frame.geometry.to_numpy())
    dimensions = shapely.get_dimensions(geometry)
    points = shapely.buffer(geometry[dimensions == 0], POINT_M)
    return points if role == "sites" else np.concatenate([geometry[dimensions == 2], points])  # noqa: PLR2004 - of areas


def _some(rows: Geometries) -> Geometries:
    return np.asarray(rows[:: max(1, -(-len(rows) // MOST_ROWS))], dtype=object)


def _crossed(shapes: Geometries, tree: shapely.STRtree) -> Flags:
    hit = np.zeros(len(shapes), dtype=bool)
    hit[tree.query(shapes, predicate="intersects")[0]] = True
    return hit


def _areas(
    role: str, frame: gpd.GeoDataFrame, vectors: Mapping[str, gpd.GeoDataFrame]
) -> Iterator[tuple[str, Geometries, Geometries]]:
    """Yield for rows the areas in which they should lie: those that they name, or the boundary."""
    geometry = frame.geometry.to_numpy()
    names = {column.name for column in ROLES[role].columns} & set(frame.columns)
    for column, target in (("township_id", "townships"), ("community_id", "communities"), ("site_id", "sites")):
        areas = vectors.get(target)
        if column not in names or areas is None:
            continue
        known = areas[shapely.get_dimensions(areas.geometry.to_numpy()) == 2].set_index("id").geometry  # noqa: PLR2004 - areas
        named = frame[column].isin(known.index).to_numpy()
        if named.any():
            yield target, _some(geometry[named]), _some(known.loc[frame[column][named]].to_numpy())
    boundary = vectors.get("boundary")
    if boundary is not None and role not in {"boundary", "streets", "exclusions", "barriers"}:
        rows = _some(geometry)
        yield "boundary", rows, _named_parts(frame, boundary, len(rows))


def _named_parts(frame: gpd.GeoDataFrame, boundary: gpd.GeoDataFrame, n: int) -> Geometries:
    """Return for each row the part of the boundary whose id its own id begins with (division codes), else all of it."""
    whole = shapely.union_all(boundary.geometry.to_numpy())
    ids = _some(frame["id"].to_numpy())
    parts = dict(zip(boundary["id"], boundary.geometry, strict=True))
    sizes = {len(part) for part in parts if part.isdigit() and len(part) >= _CODE}
    result = np.empty(n, dtype=object)
    result[:] = [next((parts[i[:k]] for k in sizes if i[:k] in parts), whole) for i in ids]
    return result


_CODE = 6
"""Digits of a county's division code, with which the codes of its townships and villages begin."""
