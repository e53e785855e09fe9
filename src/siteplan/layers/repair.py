"""What was repaired in a layer, and the repairs themselves: geometry that cannot be used as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from siteplan.errors import LayerError
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siteplan.layers.roles import Shape

PROBLEMS = (
    "invalid", "heights", "empty", "multipart", "duplicate", "overlap", "sliver", "id", "outside", "unit", "total", "value",
)  # fmt: skip
"""What can be wrong with a row, in one word: geometry; ids; rows outside their area; units of areas; sums; values."""

_POLYGONS = ("Polygon", "MultiPolygon")
_TYPES: dict[Shape, tuple[str, ...]] = {
    "point": ("Point", "MultiPoint"),
    "line": ("LineString", "MultiLineString"),
    "polygon": _POLYGONS,
    "any": ("Point", "MultiPoint", "LineString", "MultiLineString", *_POLYGONS),
}


@dataclass(frozen=True, kw_only=True)
class Repair:
    """One thing that was changed, filled in or guessed while a layer was read.

    Parameters
    ----------
    role : str
        Role of the layer.
    path : str
        The file.
    row : str
        Id of the row; "" where it concerns the whole layer.
    what : str
        What was done, one sentence in the language spoken when the layer was read.
    kind : {"repair", "note", "finding"}
        A repair changed data; a note says how the file was understood; a finding is what ``siteplan check`` found and left as it is.
    problem : str
        What was wrong, one of :data:`PROBLEMS`; "" for a note.
    original : mapping of str to object, or None
        What stood there before, by column, geometry as hexadecimal WKB; of a row that was left out, all of it. None: what was
        before is in the file alone.
    crs : str
        System of the original geometry, as WKT; "" where there is none.
    """

    role: str
    path: str
    row: str
    what: str
    kind: Literal["repair", "note", "finding"] = "repair"
    problem: str = ""
    original: Mapping[str, object] | None = None
    crs: str = ""

    def __str__(self) -> str:
        """Return the layer, the row and what was done."""
        return f"{self.role} {self.row}: {self.what}" if self.row else f"{self.role}: {self.what}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """The layer that is being read: what repairs and errors about it name."""

    role: str
    path: str

    def repair(
        self,
        what: str,
        *,
        row: str = "",
        problem: str = "",
        original: Mapping[str, object] | None = None,
        crs: str = "",
    ) -> Repair:
        """Return a repair of this layer."""
        return Repair(role=self.role, path=self.path, row=row, what=what, problem=problem, original=original, crs=crs)

    def finding(self, what: str, *, problem: str, row: str = "") -> Repair:
        """Return what is wrong with a row of this layer and was left as it is."""
        return Repair(role=self.role, path=self.path, row=row, what=what, kind="finding", problem=problem)

    def note(self, what: str, *, row: str = "", original: Mapping[str, object] | None = None) -> Repair:
        """Return a note on this layer."""
        return Repair(role=self.role, path=self.path, row=row, what=what, kind="note", original=original)

    def error(self, problem: str, *, remedy: str, row: str | None = None) -> LayerError:
        """Return an error in this layer's file."""
        return LayerError(problem, remedy=remedy, path=self.path or self.role, row=row)


def some(ids: list[str], most: int = 5) -> str:
    """Return the first few of ``ids`` as text.

    >>> some(["a", "b"]), some(list("abcdefg"), most=2)
    ('a, b', 'a, b, ...')
    """
    return ", ".join(ids[:most]) + (", ..." if len(ids) > most else "")


def mend_geometry(frame: gpd.GeoDataFrame, shape: Shape, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Check the geometry of a layer and repair what can be repaired.

    Heights are dropped, multipoints of one point become points, and invalid polygons are made valid
    (``shapely.make_valid`` by structure, polygons only).

    Parameters
    ----------
    frame : GeoDataFrame
        With a column ``id``.
    shape : {"point", "line", "polygon", "any"}
        What the role takes.
    place : Place
        What errors and repairs name.

    Returns
    -------
    frame : GeoDataFrame
        A copy with sound geometry.
    repairs : list of Repair
        One a repaired row, one for all heights together.

    Raises
    ------
    LayerError
        If a row has no geometry, one of a wrong type, coordinates that are not finite, or one beyond repair.
    """
    geometry = np.asarray(frame.geometry.array, dtype=object)
    ids = frame["id"].reset_index(drop=True)  # a million ids are not made Python's objects to name one of them
    _check_present(geometry, ids, place)
    valid = shapely.is_valid(geometry)
    _check_finite(geometry, ~valid, ids, place)
    _check_type(geometry, ids, shape, place)
    repairs: list[Repair] = []
    high = shapely.has_z(geometry)
    if high.any():
        geometry = np.where(high, shapely.force_2d(geometry), geometry)
        repairs.append(place.repair(_("heights (z) of {n} geometries dropped", n=int(high.sum())), problem="heights"))
    geometry = _single_points(geometry, ids, place)
    geometry, mended = _mend_polygons(geometry, valid, ids, place, "" if frame.crs is None else frame.crs.to_wkt())
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs)), repairs + mended


def _check_present(geometry: npt.NDArray[Any], ids: pd.Series[Any], place: Place) -> None:
    absent = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    if absent.any():
        rows = [ids[k] for k in np.flatnonzero(absent)]
        raise place.error(
            _("{n} rows have no geometry: {rows}", n=len(rows), rows=some(rows)),
            remedy=_("draw their geometry in the file, or remove these rows")
            + _("; ")
            + _("or let them be left out: {line}", line=f'[layers.{place.role}] repair = ["empty"]'),
            row=rows[0],
        )


def _check_finite(
    geometry: npt.NDArray[Any], suspect: npt.NDArray[np.bool_], ids: pd.Series[Any], place: Place
) -> None:
    """Refuse coordinates that are no numbers; geometry that has any is not valid, so that few have to be looked at."""
    at = np.flatnonzero(suspect)
    points, owner = shapely.get_coordinates(geometry[at], return_index=True)
    bad = at[np.unique(owner[~np.isfinite(points).all(axis=1)])]
    if len(bad):
        raise place.error(
            _("the geometry has coordinates that are no numbers"),
            remedy=_("correct the coordinates of this row in the file"),
            row=ids[bad[0]],
        )


def _check_type(geometry: npt.NDArray[Any], ids: pd.Series[Any], shape: Shape, place: Place) -> None:
    wanted = [shapely.GeometryType[name.upper()] for name in _TYPES[shape]]
    for k in np.flatnonzero(~np.isin(shapely.get_type_id(geometry), wanted))[:1]:
        raise place.error(
            _("the geometry is a {found}; role {role} takes {wanted}",
              found=geometry[k].geom_type, role=place.role, wanted=", ".join(_TYPES[shape])),
            remedy=_("name the right layer of the file in [layers.{role}], or redraw this row", role=place.role),
            row=ids[k],
        )  # fmt: skip


def _single_points(geometry: npt.NDArray[Any], ids: pd.Series[Any], place: Place) -> npt.NDArray[Any]:
    many = shapely.get_type_id(geometry) == shapely.GeometryType.MULTIPOINT
    for k in np.flatnonzero(many):
        if shapely.get_num_geometries(geometry[k]) > 1:
            raise place.error(
                _("a multipoint of {n} points is not one place", n=int(shapely.get_num_geometries(geometry[k]))),
                remedy=_("split it into single points, one row each"),
                row=ids[k],
            )
    result = geometry.copy()
    result[many] = shapely.get_geometry(geometry[many], 0)
    return result


def _mend_polygons(
    geometry: npt.NDArray[Any], valid: npt.NDArray[np.bool_], ids: pd.Series[Any], place: Place, crs: str
) -> tuple[npt.NDArray[Any], list[Repair]]:
    repairs: list[Repair] = []
    result = geometry.copy()
    for k in np.flatnonzero(~valid):
        reason = str(shapely.is_valid_reason(geometry[k]))
        mended = _polygons_of(_made_valid(geometry[k])) if geometry[k].geom_type in _POLYGONS else None
        if mended is None:
            raise place.error(
                _("invalid geometry that cannot be repaired: {reason}", reason=reason),
                remedy=_("redraw this row in the file"),
                row=ids[k],
            )
        result[k] = mended
        what = _("invalid polygon made valid ({reason})", reason=reason)
        before = {"geometry": shapely.to_wkb(geometry[k], hex=True)}
        repairs.append(place.repair(what, row=str(ids[k]), problem="invalid", original=before, crs=crs))
    return result, repairs


def _made_valid(geometry: Any) -> Any:
    """Return a valid geometry: what a ring covers twice stays covered, and a hole outside its polygon is no land."""
    return shapely.make_valid(geometry, method="structure", keep_collapsed=False)


def _polygons_of(geometry: Any) -> Any:
    """Return the polygons in ``geometry`` as one polygon or multipolygon; None where it has no area."""
    parts = shapely.get_parts(geometry)
    if geometry.geom_type == "GeometryCollection":  # nested multipolygons in it are parts of parts
        parts = shapely.get_parts(parts)
    parts = [part for part in parts if part.geom_type == "Polygon" and part.area > 0]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
