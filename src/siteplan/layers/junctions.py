"""Streets that cross or touch without a common vertex, and ends that stop short of another street: found, and joined if asked.

OpenStreetMap's streets share a vertex where one can turn, and cross without one where one cannot (a bridge). Planners' own lines are often drawn
across one another, or up to another line without touching it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from siteplan.layers.repair import Place, Repair, some
from siteplan.layers.vertices import TOLERANCE_M, parts_of, vertex_ids
from siteplan.messages import _

if TYPE_CHECKING:
    import geopandas as gpd

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Shapes = npt.NDArray[np.object_]

GAP_M = 1.0
"""Metres within which the end of a street is taken to reach another one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Meetings:
    """Where lines meet without a common vertex.

    Parameters
    ----------
    line, other : (n,) int64
        Rows of the two lines; the same where a line crosses itself.
    xy : (n, 2) float64
        The place.
    gap : (n,) float64
        Metres between the end of ``line`` and the place on ``other``; 0 where they cross or touch.
    """

    line: Ints
    other: Ints
    xy: Floats
    gap: Floats

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.line)


def crossings(lines: Shapes) -> Meetings:
    """Return the places where lines cross, touch or run along one another and one of the two has no vertex.

    Parameters
    ----------
    lines : (n,) object
        LineStrings in metres.
    """
    first, second = shapely.STRtree(lines).query(lines, predicate="intersects")
    once = first < second
    first, second = first[once].astype(np.int64), second[once].astype(np.int64)
    row, xy = _ends(shapely.intersection(lines[first], lines[second]))
    line, other = first[row], second[row]
    curled = np.flatnonzero(~shapely.is_simple(lines))
    own_row, own_xy = _shared(*_ends(shapely.node(lines[curled])))
    line, other = np.r_[line, curled[own_row]], np.r_[other, curled[own_row]]
    xy = np.concatenate([xy, own_xy])
    times = np.where(line == other, 2, 1)
    missing = ~(_has_vertex(lines, line, xy, times) & _has_vertex(lines, other, xy, times))
    return Meetings(line=line[missing], other=other[missing], xy=xy[missing], gap=np.zeros(int(missing.sum())))


def short_ends(lines: Shapes, gap_m: float) -> Meetings:
    """Return the ends of lines that stop within ``gap_m`` metres of another line, or on it, without a common vertex.

    Parameters
    ----------
    lines : (n,) object
        LineStrings in metres.
    gap_m : float
        Metres.
    """
    line = np.repeat(np.arange(len(lines)), 2)
    ends = np.column_stack([shapely.get_point(lines, 0), shapely.get_point(lines, -1)]).ravel()
    loose = _loose(lines, ends)
    line, ends = line[loose], ends[loose]
    tree = shapely.STRtree(lines)
    row, near = tree.query(ends, predicate="dwithin", distance=gap_m)
    elsewhere = near != line[row]
    row, near = row[elsewhere], near[elsewhere].astype(np.int64)
    metres = shapely.distance(ends[row], lines[near])
    order = np.lexsort((near, metres, row))
    row, near, metres = row[order], near[order], metres[order]
    first = np.r_[True, row[1:] != row[:-1]][: len(row)]
    row, near, metres = row[first], near[first], metres[first]
    xy = _landing(lines[near], ends[row], gap_m)
    line, gap = line[row], shapely.distance(ends[row], shapely.points(xy))
    pairs = {(a, b) for a, b in zip(line.tolist(), near.tolist(), strict=True)}
    mutual = np.array(
        [a > b and (b, a) in pairs for a, b in zip(line.tolist(), near.tolist(), strict=True)], dtype=bool
    )
    stub = _has_vertex(lines, line, xy) & (gap > TOLERANCE_M)  # its loose end is near the street that it starts from
    across = shapely.distance(ends[row], shapely.intersection(lines[line], lines[near]))
    over = (across <= 2 * gap_m) & (gap > TOLERANCE_M)  # it crosses the other one just before it ends
    keep = ~mutual & ~stub & ~over
    return Meetings(line=line[keep], other=near[keep], xy=xy[keep], gap=gap[keep])


def _ends(shapes: Shapes) -> tuple[Ints, Floats]:
    """Return the points of shapes and the ends of their lines, with the row of each."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    inner, at = shapely.get_parts(parts, return_index=True)  # a collection holds multipoints
    row = row[at]
    points = shapely.get_type_id(inner) == 0
    lines = shapely.get_type_id(inner) == 1
    shown = np.concatenate([inner[points], shapely.get_point(inner[lines], 0), shapely.get_point(inner[lines], -1)])
    rows = np.r_[row[points], row[lines], row[lines]].astype(np.int64)
    return rows, shapely.get_coordinates(shown).reshape(-1, 2)


def _shared(row: Ints, xy: Floats) -> tuple[Ints, Floats]:
    """Return the places at which several pieces of one line end, each once."""
    places, count = np.unique(np.column_stack([row, xy]), axis=0, return_counts=True)
    kept = places[count > 1]
    return kept[:, 0].astype(np.int64), kept[:, 1:]


def _has_vertex(lines: Shapes, line: Ints, xy: Floats, times: Ints | int = 1) -> npt.NDArray[np.bool_]:
    """Tell whether lines have vertices at places so many ``times``, both rounded as the network rounds them: a line that crosses itself needs two."""
    own, row = shapely.get_coordinates(lines, return_index=True)
    ids = vertex_ids(np.concatenate([own, xy]))
    width = np.int64(ids.max() + 1) if len(ids) else np.int64(1)
    known, count = np.unique(row * width + ids[: len(own)], return_counts=True)
    wanted = line * width + ids[len(own) :]
    at = np.minimum(np.searchsorted(known, wanted), max(0, len(known) - 1))
    return np.asarray((known[at] == wanted) & (count[at] >= times), dtype=np.bool_)


def _loose(lines: Shapes, ends: Shapes) -> npt.NDArray[np.bool_]:
    """Tell which ends share their place with no other vertex of any line."""
    own = shapely.get_coordinates(lines)
    ids = vertex_ids(np.concatenate([own, shapely.get_coordinates(ends)]))
    count = np.bincount(ids[: len(own)], minlength=int(ids.max(initial=0)) + 1)
    return np.asarray(count[ids[len(own) :]] == 1, dtype=np.bool_)


def _landing(lines: Shapes, ends: Shapes, gap_m: float) -> Floats:
    """Return where ends reach lines: the line's own end where that is within the gap too, else its nearest place."""
    place = shapely.line_interpolate_point(lines, shapely.line_locate_point(lines, ends))
    for position in (0, -1):
        corner = shapely.get_point(lines, position)
        near = shapely.distance(ends, corner) <= gap_m
        place = np.where(near, corner, place)
    return np.asarray(shapely.get_coordinates(place), dtype=np.float64).reshape(-1, 2)


def joined(streets: gpd.GeoDataFrame, gap_m: float, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return streets that meet wherever they cross or touch, and whose short ends reach the street that they stop before.

    Rows stay rows: a line gets vertices, and no line is cut.

    Parameters
    ----------
    streets : GeoDataFrame of lines, column id, metric CRS
    gap_m : float
        Metres; 0: no end is moved.
    place : Place
        Of the layer.

    Returns
    -------
    streets : GeoDataFrame
        MultiLineStrings are rows of their own no more than before.
    repairs : list of Repair
        One for each line that was changed.
    """
    shapes = np.asarray(streets.geometry.to_numpy(), dtype=object)
    lines, row = shapely.get_parts(shapes, return_index=True)
    ids = streets["id"].astype(str).to_numpy()[row]
    repairs: list[Repair] = []
    if gap_m > 0:
        lines, repairs = _reached(lines, short_ends(lines, gap_m), ids, place)
    found = crossings(lines)
    times = np.where(found.line == found.other, 2, 1)
    both = np.r_[found.line, found.other], np.concatenate([found.xy, found.xy])
    lines = _with_vertices(lines, *both, np.r_[times, times])
    for k in np.unique(np.r_[found.line, found.other]):
        mine = (found.line == k) | (found.other == k)
        others = sorted({str(name) for name in (*ids[found.line[mine]], *ids[found.other[mine]])} - {ids[k]}) or [
            ids[k]
        ]
        repairs.append(
            place.repair(_("junctions made where it crosses or touches {others}", others=some(others)), row=ids[k])
        )
    return streets.set_geometry(_together(lines, row, shapes)), repairs


def _reached(lines: Shapes, ends: Meetings, ids: npt.NDArray[np.object_], place: Place) -> tuple[Shapes, list[Repair]]:
    """Return lines whose short ends have been drawn on to the street that they stop before."""
    lines = _with_vertices(lines, ends.other, ends.xy)
    repairs = []
    for k, other, xy, gap in zip(ends.line, ends.other, ends.xy, ends.gap, strict=True):
        own = shapely.get_coordinates(lines[k])
        at_start = np.hypot(*(own[0] - xy)) < np.hypot(*(own[-1] - xy))
        lines[k] = shapely.linestrings(np.vstack([xy, own] if at_start else [own, xy]))
        what = (
            _("its end is joined to {other}, on which it lies", other=ids[other])
            if gap <= TOLERANCE_M / 2
            else _("its end is drawn on by {gap} m to {other}", gap=f"{gap:.2f}", other=ids[other])
        )
        repairs.append(place.repair(what, row=ids[k]))
    return lines, repairs


def _with_vertices(lines: Shapes, line: Ints, xy: Floats, times: Ints | int = 1) -> Shapes:
    """Return lines with vertices put in at places on them; a place that is a vertex already so many ``times``, rounded, is left out."""
    lines = lines.copy()
    absent = ~_has_vertex(lines, line, xy, times)
    line, xy = line[absent], xy[absent]
    if not len(line):
        return lines
    once = np.unique(np.column_stack([line, vertex_ids(xy)]), axis=0, return_index=True)[1]
    line, xy = line[once], xy[once]
    order = np.argsort(line, kind="stable")
    line, xy = line[order], xy[order]
    changed, first = np.unique(line, return_index=True)
    for k, new in zip(changed, np.split(xy, first[1:]), strict=True):
        own = shapely.get_coordinates(lines[k])
        along = np.r_[0.0, np.cumsum(np.hypot(*np.diff(own, axis=0).T))]
        where = _all_along(own, along, new)
        at = np.concatenate([along, [metres for metres, _n in where]])
        points = np.vstack([own, new[[n for _metres, n in where]]])
        lines[k] = shapely.linestrings(points[np.argsort(at, kind="stable")])
    return lines


def _all_along(own: Floats, along: Floats, new: Floats) -> list[tuple[float, int]]:
    """Return where places lie along a line, metres, and their rows; one on which the line lies several times comes as often."""
    segments = shapely.linestrings(np.stack([own[:-1], own[1:]], axis=1))
    vertices = np.rint(own / TOLERANCE_M)
    found: list[tuple[float, int]] = []
    for n, place in enumerate(shapely.points(new)):
        metres = shapely.distance(segments, place)
        known = (vertices == np.rint(new[n] / TOLERANCE_M)).all(axis=1)  # this pass has a vertex here already
        near = metres <= max(float(metres.min()), TOLERANCE_M / 2)
        here = np.flatnonzero(near & ~known[:-1] & ~known[1:])
        found += [(float(along[k] + shapely.line_locate_point(segments[k], place)), n) for k in here]
    return found


def _together(lines: Shapes, row: Ints, shapes: Shapes) -> Shapes:
    """Return the lines of each row as one geometry again."""
    whole = shapes.copy()
    first = np.flatnonzero(np.r_[True, row[1:] != row[:-1]][: len(row)])
    for start, stop in zip(first, np.r_[first[1:], len(row)], strict=True):
        whole[row[start]] = lines[start] if stop - start == 1 else shapely.multilinestrings(lines[start:stop])
    return whole


def street_facts(streets: gpd.GeoDataFrame, *, joined: bool) -> tuple[list[str], list[str]]:
    """Return notes and warnings on how a street layer hangs together.

    Parameters
    ----------
    streets : GeoDataFrame of lines, column id, metric CRS
    joined : bool
        Whether its lines have been joined where they cross.

    Returns
    -------
    notes, warnings : list of str
    """
    lines, row = shapely.get_parts(np.asarray(streets.geometry.to_numpy(), dtype=object), return_index=True)
    if not len(lines):
        return [], []
    ids = streets["id"].astype(str).to_numpy()[row]
    part = parts_of(lines)
    length = np.bincount(part, weights=shapely.length(lines))
    share = f"{length[0] / length.sum():.1%}" if length.sum() else "-"
    notes = [
        _("{km} km of streets in {n} parts; the largest has {share} of the length",
          km=f"{length.sum() / 1000:,.1f}", n=len(length), share=share)
    ]  # fmt: skip
    warnings = []
    if len(length) > 1:
        named = [f"{ids[np.argmax(part == k)]} ({length[k]:,.0f} m)" for k in range(1, min(len(length), 6))]
        warnings.append(
            _("{n} parts of the streets do not hang together with the largest; nobody walks from one to another; a street of each: {ids}",
              n=len(length) - 1, ids=some(named) + (", ..." if len(length) > 6 else ""))  # noqa: PLR2004 - five are named
        )  # fmt: skip
    if joined:
        return notes, warnings
    across, short = crossings(lines), short_ends(lines, GAP_M)
    beside = short.gap > TOLERANCE_M / 2
    almost = ~beside & (
        short.gap > 0
    )  # on the other line but for the last digits; exactly on it is among the crossings
    if len(across) + almost.sum():
        both = np.r_[across.line, short.line[almost]], np.r_[across.other, short.other[almost]]
        pairs = [f"{ids[a]} / {ids[b]}" for a, b in zip(*both, strict=True)]
        warnings.append(
            _('streets cross or touch without a common vertex in {n} places, where nobody can turn: bridges, or lines that were drawn across '
              'one another; for these write [streets] meet = "crossings": {pairs}', n=len(pairs), pairs=some(pairs))
        )  # fmt: skip
    if beside.any():
        pairs = [f"{ids[a]} / {ids[b]}" for a, b in zip(short.line[beside], short.other[beside], strict=True)]
        warnings.append(
            _('{n} ends of streets stop within {gap} m of another street without reaching it; [streets] meet = "crossings" joins them: {pairs}',
              n=len(pairs), gap=f"{GAP_M:g}", pairs=some(pairs))
        )  # fmt: skip
    return notes, warnings
