"""Raster layers: opened to see what they are, read window by window when they are needed."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from pyproj import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from siteplan.errors import DataError, UsageError
from siteplan.layers.crs import Bounds, name_of
from siteplan.layers.formats import check_file
from siteplan.layers.names import nearest
from siteplan.layers.raster_values import Values, refuse_fractions, values_of
from siteplan.layers.read import agreed_crs
from siteplan.layers.repair import Place, Repair
from siteplan.layers.roles import RASTER_ROLES
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from siteplan.layers.landcover import LandClasses

MOST_CELLS = 1 << 26
"""Cells that are read at a time: 67 million, 256 MB of float32. Whatever is larger is read in blocks."""

MOST_BLOCK_BYTES = 1 << 28
"""Bytes of one block of a file, decoded: GDAL holds whole blocks in memory, however small the window."""

BLOCK_SIDE = 1024
"""Cells to a side of what :meth:`Raster.blocks` gives at a time, if the file is tiled."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """A piece of a raster, with a margin of its neighbours' cells.

    Parameters
    ----------
    values : (rows, columns) masked array
        Margin included, where the raster has one.
    transform : Affine
        Of ``values``.
    row, column : int
        Of the first cell that is the block's own, in the raster.
    rows, columns : slice
        The block's own cells in ``values``.
    """

    values: np.ma.MaskedArray[Any, Any]
    transform: Affine
    row: int
    column: int
    rows: slice
    columns: slice

    def own(self, cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return an array of the shape of ``values`` without the margin."""
        return cells[self.rows, self.columns]


@dataclass(frozen=True, kw_only=True)
class Raster:
    """A raster layer on disk; its cells are read only by :meth:`read` and :meth:`blocks`.

    Parameters
    ----------
    role : {"dem", "landcover", "population"}
    path : Path
    crs : CRS
    transform : Affine
        From (column, row) to (x, y) in the CRS.
    width, height : int
        Cells.
    nodata : float or None
        The value of cells without data, if the file declares one.
    dtype : str
        Type of the first band.
    meaning : Values
        Which cells have no data, and what the others mean.
    block : (rows, columns)
        Cells of a block of the file.
    classes : LandClasses or None
        What the codes of a land cover mean, where a table says so.
    notes : tuple of Repair
        How the file was understood.
    """

    role: str
    path: Path
    crs: CRS
    transform: Affine
    width: int
    height: int
    nodata: float | None
    dtype: str
    meaning: Values = field(default_factory=Values)
    block: tuple[int, int] = (1, 1)
    classes: LandClasses | None = None
    notes: tuple[Repair, ...] = ()

    @property
    def bounds(self) -> Bounds:
        """West, south, east, north in the raster's own CRS."""
        corners = [(0, 0), (self.width, 0), (0, self.height), (self.width, self.height)]
        xs, ys = zip(*(_at(self.transform, *corner) for corner in corners), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    def read(
        self, bounds: Bounds | None = None, *, crs: CRS | None = None
    ) -> tuple[np.ma.MaskedArray[Any, Any], Affine]:
        """Read the cells that touch ``bounds``.

        Parameters
        ----------
        bounds : (west, south, east, north), optional
            None: the whole raster.
        crs : CRS, optional
            CRS of ``bounds``; None: the raster's own.

        Returns
        -------
        values : (rows, columns) masked array of the raster's dtype, of float32 or float64 where the file scales its numbers
            First band; masked where there is no data: see :class:`siteplan.layers.raster_values.Values`.
        transform : Affine
            Of ``values``.

        Raises
        ------
        DataError
            If ``bounds`` lie outside the raster, or the file cannot be read.
        UsageError
            If there are more than MOST_CELLS cells.
        """
        window = self._window(bounds, crs)
        if window.width * window.height > MOST_CELLS:
            raise UsageError(
                _(
                    "{n} cells are more than are read at a time ({most}): give smaller bounds, or read in blocks",
                    n=f"{window.width * window.height:,}",
                    most=f"{MOST_CELLS:,}",
                )
            )
        return self._cells(window)

    def blocks(
        self, bounds: Bounds | None = None, *, crs: CRS | None = None, margin: int = 0, most: int | None = None
    ) -> Iterator[Block]:
        """Yield the cells that touch ``bounds`` piece by piece, so that a raster of any size can be gone through.

        Parameters
        ----------
        bounds : (west, south, east, north), optional
            None: the whole raster.
        crs : CRS, optional
            CRS of ``bounds``; None: the raster's own.
        margin : int
            Cells of its neighbours that each block has around it.
        most : int, optional
            Of more blocks than this, as many spread evenly over them.

        Raises
        ------
        DataError
            If ``bounds`` lie outside the raster, or the file cannot be read.
        """
        window = self._window(bounds, crs)
        for number in _spread(self._count(window), most):
            yield self._block(self._own(window, number), margin)

    def count_blocks(self, bounds: Bounds | None = None, *, crs: CRS | None = None) -> int:
        """Return how many blocks :meth:`blocks` gives where it gives all.

        Raises
        ------
        DataError
            If ``bounds`` lie outside the raster.
        """
        return self._count(self._window(bounds, crs))

    def _count(self, window: Window) -> int:
        down, across = self._spans(window)
        return len(down) * len(across)

    def _spans(self, window: Window) -> tuple[range, range]:
        """Return the first rows and the first columns of the blocks that a window touches."""
        rows, columns = self._steps()
        top, left = window.row_off, window.col_off
        return (
            range(top - top % rows, top + window.height, rows),
            range(left - left % columns, left + window.width, columns),
        )

    def _own(self, window: Window, number: int) -> tuple[int, int, int, int]:
        """Return the cells of a block inside a window: first row and column, and those after the last."""
        down, across = self._spans(window)
        row, column = down[number // len(across)], across[number % len(across)]
        return (
            max(row, window.row_off),
            max(column, window.col_off),
            min(row + down.step, window.row_off + window.height),
            min(column + across.step, window.col_off + window.width),
        )

    def piece_of(self, row: npt.NDArray[np.float64], column: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return the number of the block that :meth:`block_at` reads for each place, (n,) int64."""
        rows, columns = self._steps()
        across = -(-self.width // columns)
        down = np.minimum(row, self.height - 1).astype(np.int64) // rows
        return np.asarray(
            down * across + np.minimum(column, self.width - 1).astype(np.int64) // columns, dtype=np.int64
        )

    def block_at(self, row: float, column: float, *, margin: int = 0) -> Block:
        """Read the block that a place in rows and columns lies in.

        Raises
        ------
        DataError
            If the file cannot be read.
        """
        rows, columns = self._steps()
        top = int(min(row, self.height - 1)) // rows * rows
        left = int(min(column, self.width - 1)) // columns * columns
        return self._block((top, left, min(top + rows, self.height), min(left + columns, self.width)), margin)

    def _steps(self) -> tuple[int, int]:
        """Return rows and columns of what is read at a time: whole strips of a file in strips, whole tiles of a tiled one."""
        rows, columns = self.block
        if columns >= self.width:
            most = max(1, BLOCK_SIDE * BLOCK_SIDE // max(1, self.width))
            return max(rows, most - most % rows), self.width
        return max(rows, BLOCK_SIDE - BLOCK_SIDE % rows), max(columns, BLOCK_SIDE - BLOCK_SIDE % columns)

    def _block(self, own: tuple[int, int, int, int], margin: int) -> Block:
        top, left, bottom, right = own
        first, start = max(0, top - margin), max(0, left - margin)
        last, end = min(self.height, bottom + margin), min(self.width, right + margin)
        values, transform = self._cells(Window(start, first, end - start, last - first))
        return Block(
            values=values,
            transform=transform,
            row=top,
            column=left,
            rows=slice(top - first, bottom - first),
            columns=slice(left - start, right - start),
        )

    def _cells(self, window: Window) -> tuple[np.ma.MaskedArray[Any, Any], Affine]:
        try:
            with rasterio.open(self.path) as source:
                values = source.read(1, window=window, masked=True)
        except RasterioError as error:
            raise _unreadable(self.role, self.path, error) from error
        left, top = _at(self.transform, window.col_off, window.row_off)
        a, b, _c, d, e, _f = self.transform[:6]
        values = self.meaning.masked(values)
        if self.role == "landcover":
            refuse_fractions(values, Place(role=self.role, path=str(self.path)))
        return values, Affine(a, b, left, d, e, top)

    def _window(self, bounds: Bounds | None, crs: CRS | None) -> Window:
        if bounds is None:
            return Window(0, 0, self.width, self.height)
        if crs is not None and crs != self.crs:
            bounds = transform_bounds(crs.to_wkt(), self.crs.to_wkt(), *bounds)
        west, south, east, north = bounds
        cells = [_at(~self.transform, x, y) for x in (west, east) for y in (south, north)]
        columns, rows = zip(*cells, strict=True)
        left, top = max(0, math.floor(min(columns))), max(0, math.floor(min(rows)))
        right, bottom = min(self.width, math.ceil(max(columns))), min(self.height, math.ceil(max(rows)))
        if right <= left or bottom <= top:
            raise DataError(
                _("the raster does not reach the area asked for"),
                remedy=_("take a raster that covers the study, or remove [layers.{role}]", role=self.role),
                path=self.path,
                row=self.role,
            )
        return Window(left, top, right - left, bottom - top)

    def __repr__(self) -> str:
        """Return role, file, size and CRS."""
        return f"Raster({self.role}: {self.path.name}, {self.width} x {self.height} {self.dtype}, {name_of(self.crs)})"


def _spread(count: int, most: int | None) -> list[int] | range:
    """Return all numbers below ``count``, or ``most`` of them spread evenly.

    >>> _spread(3, None), _spread(10, 4)
    (range(0, 3), [1, 3, 6, 8])
    """
    return range(count) if most is None or count <= most else [(2 * n + 1) * count // (2 * most) for n in range(most)]


def _at(transform: Affine, column: float, row: float) -> tuple[float, float]:
    """Return ``transform`` applied to a point (written out: affine 2 has no ``@``, affine 3 warns of ``*``)."""
    a, b, c, d, e, f = transform[:6]
    return a * column + b * row + c, d * column + e * row + f


def open_raster(
    path: str | Path,
    role: str,
    *,
    crs: str | None = None,
    nodata: float | str | None = None,
    override_crs: bool = False,
) -> Raster:
    """Open a raster file as a layer; no cell is read.

    Parameters
    ----------
    path : path
        A GeoTIFF, or anything else that GDAL reads.
    role : {"dem", "landcover", "population"}
    crs : str, optional
        Its CRS, only where the file itself has none; with ``override_crs`` whatever the file says.
    nodata : float or "none", optional
        A value of cells without data that the file does not declare; "none": every cell has data.
    override_crs : bool
        Whether ``crs`` stands against the file's own.

    Raises
    ------
    LayerError
        If the file is missing, is no raster, has no place or no CRS, or another than ``crs``; if it is a picture, a dem of 8-bit numbers
        of which nothing says which stand for no data, or a file whose blocks are too large to be read piece by piece.
    UsageError
        If there is no such raster role.
    """
    if role not in RASTER_ROLES:
        raise UsageError(_("no raster role {name}: did you mean {near}?", name=role, near=nearest(role, RASTER_ROLES)))
    path, place = Path(path), Place(role=role, path=str(path))
    check_file(path, place)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path) as source:
                _check_form(source, place)
                own = CRS.from_user_input(source.crs) if source.crs and not override_crs else None
                meaning, notes = values_of(source, nodata, place)
                return Raster(
                    role=role,
                    path=path,
                    crs=agreed_crs(own, crs, place),
                    transform=source.transform,
                    width=source.width,
                    height=source.height,
                    nodata=source.nodata,
                    dtype=str(source.dtypes[0]),
                    meaning=meaning,
                    block=source.block_shapes[0],
                    notes=tuple(notes),
                )
    except RasterioError as error:
        raise _unreadable(role, path, error) from error


def _check_form(source: Any, place: Place) -> None:
    """Refuse a raster without a place, without an extent of its cells, or in blocks that cannot be read one by one."""
    transform = source.transform
    if not source.count:
        raise place.error(_("the file holds no raster"), remedy=_("export the layer that is meant as GeoTIFF"))
    if transform.is_identity:
        raise place.error(
            _("the raster has no place: nothing says where its cells lie"),
            remedy=_("georeference it in QGIS and save it as GeoTIFF (or copy its world file, .tfw, beside it)"),
        )
    if not all(map(math.isfinite, transform[:6])) or not transform.determinant:
        raise place.error(
            _("the raster's cells have no size"), remedy=_("export it again; its georeferencing is broken")
        )
    rows, columns = source.block_shapes[0]
    held = rows * columns * np.dtype(source.dtypes[0]).itemsize
    if held > MOST_BLOCK_BYTES:
        raise place.error(
            _("the raster is in blocks of {rows} x {columns} cells, {mb} MB each: it can only be read whole",
              rows=f"{rows:,}", columns=f"{columns:,}", mb=f"{held / 1e6:,.0f}"),
            remedy=_("save it in tiles: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE"),
        )  # fmt: skip


def _unreadable(role: str, path: Path, error: Exception) -> Exception:
    return Place(role=role, path=str(path)).error(
        _("the raster cannot be read: {why}", why=" ".join(str(error).split())),
        remedy=_("open it in QGIS to see whether it is whole, and save it again as GeoTIFF"),
    )
