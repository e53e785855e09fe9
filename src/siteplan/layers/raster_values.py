"""What the numbers of a raster mean: which cells have no data, and which unit the others are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.layers.repair import Place, Repair

POSSIBLE: dict[str, tuple[float, float]] = {
    "dem": (-500.0, 9000.0),
    "population": (0.0, 1e9),
    "landcover": (float(np.iinfo(np.int32).min), float(np.iinfo(np.uint32).max)),
}
"""Least and greatest value that a cell can have, by role; beyond them it has no data.

Land lies between the shore of the Dead Sea (some 430 m below the sea) and the top of Qomolangma (8,848.86 m, China and Nepal 2020). This takes voids
of SRTM (-32768), -9999, -32767, 32767, 65535 and the least float32, whether a file declares them or not. A count of people is never negative, and no
cell holds a thousand million; codes are whole numbers of 32 bits, which the least and the greatest float32 are not.
"""

FOOT_M, US_FOOT_M = 0.3048, 1200 / 3937
_METRES = ("", "m", "metre", "metres", "meter", "meters", "米")
_FEET = {
    "ft": FOOT_M,
    "foot": FOOT_M,
    "feet": FOOT_M,
    "us survey foot": US_FOOT_M,
    "ftus": US_FOOT_M,
    "us-ft": US_FOOT_M,
}
_PICTURE_BANDS = 3
NONE = "none"
"""What study.toml says where every cell has data."""


@dataclass(frozen=True, kw_only=True)
class Values:
    """How the numbers of a file become values.

    Parameters
    ----------
    nodata : float or None
        A number that stands for no data beside the one that the file declares; compared with what is stored, before scaling.
    declared : float or None
        The one that the file declares: GDAL forgets it where the file has a mask or an alpha band too.
    least, greatest : float
        Values beyond these have no data, after scaling.
    scale, offset : float
        value = number * scale + offset.
    """

    nodata: float | None = None
    declared: float | None = None
    least: float = -np.inf
    greatest: float = np.inf
    scale: float = 1.0
    offset: float = 0.0

    def masked(self, cells: np.ma.MaskedArray[Any, Any]) -> np.ma.MaskedArray[Any, Any]:
        """Return the values of cells that rasterio has read with its own mask; no data, NaN and infinity are masked."""
        mask = np.ma.getmaskarray(cells)
        data = np.ma.getdata(cells)
        for void in (self.nodata, self.declared):
            if void is not None and _can_be(void, data.dtype):
                mask = mask | (data == np.asarray(void).astype(data.dtype))
        if self.scale != 1.0 or self.offset != 0.0:
            kind = np.float64 if data.dtype.itemsize > 4 else np.float32  # noqa: PLR2004 - bytes: float32 holds up to int16 exactly
            data = (data.astype(np.float64) * self.scale + self.offset).astype(kind)
        if data.dtype.kind == "f":
            mask = mask | ~np.isfinite(data)
        with np.errstate(invalid="ignore"):
            if np.isfinite(self.least):
                mask = mask | (data < self.least)
            if np.isfinite(self.greatest):
                mask = mask | (data > self.greatest)
        return np.ma.MaskedArray(data, mask=mask)


def values_of(source: Any, nodata: float | str | None, place: Place) -> tuple[Values, list[Repair]]:
    """Return how the numbers of an open file are to be taken.

    Parameters
    ----------
    source : rasterio dataset
    nodata : float or "none" or None
        As study.toml says.
    place : Place
        Of the layer.

    Returns
    -------
    values : Values
    notes : list of Repair
        What was taken for granted.

    Raises
    ------
    LayerError
        If the file is a picture, its heights are in a unit that is not known, or it is a dem of 8-bit numbers of which nothing says
        which stand for no data; if ``nodata`` is a number that its type cannot hold, or says that there is none against the file.
    """
    kind = np.dtype(source.dtypes[0])
    if kind.kind not in "iuf" or (source.count >= _PICTURE_BANDS and kind == np.uint8):
        raise place.error(
            _("the raster is a picture ({bands} bands of {kind}), no layer of figures", bands=source.count, kind=kind),
            remedy=_("take the raster that it was drawn from, with one band of figures"),
        )
    notes = []
    if source.count > 1:
        notes.append(place.note(_("the raster has {n} bands: the first is read", n=source.count)))
    said = None if nodata is None or nodata == NONE else float(nodata)
    if nodata == NONE and source.nodata is not None:
        raise place.error(
            _('nodata = "none", and the file declares {value} to be no data', value=f"{source.nodata:g}"),
            remedy=_(
                "remove the line; if these cells do have data, take the value out of the file: gdal_edit.py -unsetnodata"
            ),
            row="nodata",
        )
    if said is not None and kind.kind in "iu" and not _can_be(said, kind):
        raise place.error(
            _("nodata = {value}: no cell can have this value, the cells are {kind}", value=f"{said:g}", kind=kind),
            remedy=_("correct nodata in [layers.{role}]", role=place.role),
            row="nodata",
        )
    if place.role == "dem":
        notes += _check_heights(source, nodata, kind, place)
    least, greatest = POSSIBLE.get(place.role, (-np.inf, np.inf))
    factor = _metres(source, place, notes) if place.role == "dem" else 1.0
    return Values(
        nodata=said,
        declared=source.nodata,
        least=least,
        greatest=greatest,
        scale=float(source.scales[0]) * factor,
        offset=float(source.offsets[0]) * factor,
    ), notes


def _can_be(number: float, kind: np.dtype[Any]) -> bool:
    """Tell whether a cell of a type can be a number; NaN and infinity are looked for otherwise."""
    if kind.kind in "iu":
        return float(number).is_integer() and np.iinfo(kind).min <= number <= np.iinfo(kind).max
    return bool(abs(number) <= np.finfo(kind).max)


def refuse_fractions(codes: np.ma.MaskedArray[Any, Any], place: Place) -> None:
    """Refuse codes of classes that are no whole numbers: such a raster was interpolated, and its classes are lost.

    Raises
    ------
    LayerError
        Naming the first.
    """
    if codes.dtype.kind != "f":
        return
    known = codes.compressed()
    wrong = known[known != np.rint(known)]
    if len(wrong):
        raise place.error(
            _("{value} is no code of a class: codes are whole numbers", value=f"{wrong[0]:g}"),
            remedy=_("make the raster anew by nearest neighbour (gdalwarp -r near): interpolating mixes the codes"),
        )


def _check_heights(source: Any, nodata: float | str | None, kind: np.dtype[Any], place: Place) -> list[Repair]:
    """Refuse an 8-bit dem that does not say which cells have no height; note an unsigned one."""
    if source.nodata is not None or nodata is not None or kind.kind != "u":
        return []
    if kind.itemsize == 1:
        raise place.error(
            _("the heights are 8-bit numbers (0 to 255), and nothing says which of them stands for no data"),
            remedy=_('look at it in QGIS: write nodata = 0 in [layers.{role}] if 0 is no height, nodata = "none" if each cell has '
                     "one; if it is a picture of heights, take the model that it was made from", role=place.role),
            row="nodata",
        )  # fmt: skip
    return [
        place.note(
            _(
                "the heights are unsigned numbers without nodata: 0 is taken for a height; write nodata = 0 if it is none"
            )
        )
    ]


def _metres(source: Any, place: Place, notes: list[Repair]) -> float:
    """Return the metres in a unit of the heights."""
    unit = str(source.units[0] or "").strip().casefold()
    if unit in _METRES:
        return 1.0
    if unit in _FEET:
        notes.append(place.note(_("the heights are in feet: they are read as metres")))
        return _FEET[unit]
    raise place.error(
        _("the heights are in a unit that is not known: {unit}", unit=unit),
        remedy=_("export the elevation model in metres"),
        row="units",
    )
