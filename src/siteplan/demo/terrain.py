"""Elevation and land cover: ridges of fractal noise, cut by the valleys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from siteplan.demo.chance import Floats, stream

if TYPE_CHECKING:
    from siteplan.demo.county import County
    from siteplan.demo.placing import Place
    from siteplan.demo.valleys import Basin

Bytes = npt.NDArray[np.uint8]

WATER, CROPLAND, FOREST, GRASS, BUILT = 1, 2, 3, 4, 5
LEGEND = {
    WATER: "water 水域",
    CROPLAND: "cropland 耕地",
    FOREST: "forest 林地",
    GRASS: "grass 草地",
    BUILT: "built 建设用地",
}
USES = {WATER: "water", CROPLAND: "cultivated", FOREST: "woodland", GRASS: "grassland", BUILT: "built"}
"""Classes of siteplan.layers.landcover.USES."""
COLOURS = {
    WATER: (70, 120, 190),
    CROPLAND: (240, 220, 130),
    FOREST: (70, 130, 70),
    GRASS: (170, 200, 120),
    BUILT: (200, 90, 80),
}

CELL = 30.0
"""Metres of a cell, in a county whose raster has at most MOST_CELLS."""

MOST_CELLS = 1_500_000
_MARGIN = 450.0
_LOW = 290.0  # metres above the sea, where the river leaves the county
_RELIEF = 560.0
_FLOOR = 150.0
_BREADTHS = (2.2, 1.3, 0.6)  # of the floor of the river's, a tributary's and a side valley


@dataclass(frozen=True, kw_only=True)
class Terrain:
    """Rasters of a county; row 0 is the north.

    Parameters
    ----------
    elevation : (rows, columns) float32, metres
    cover : (rows, columns) uint8, codes of LEGEND
    west, north : float
        Metres of the outer corner from the county's middle.
    cell : float
        Metres.
    """

    elevation: npt.NDArray[np.float32]
    cover: Bytes
    west: float
    north: float
    cell: float


def make_terrain(county: County) -> Terrain:
    """Return the rasters of a county; cells are 30 m, or coarser in a large county."""
    basin = county.basin
    width, height = basin.width + 2 * _MARGIN, basin.height + 2 * _MARGIN
    cell = CELL * max(1, int(np.ceil(np.sqrt(width * height / CELL**2 / MOST_CELLS))))
    shape = (int(np.ceil(height / cell)), int(np.ceil(width / cell)))
    grid = _Grid(west=-shape[1] * cell / 2, north=shape[0] * cell / 2, cell=cell, shape=shape)
    built = grid.inside([site.place for site in county.settlements])
    water_level, distance, order = _valley_fields(basin, grid, built)
    rng = stream(county.seed, "terrain")
    ridges = _ridged(rng, shape, cell)
    fine = _fractal(rng, shape, cell, 600.0)
    gullies = np.abs(2 * _fractal(rng, shape, cell, 950.0) - 1)  # creases: the courses of brooks
    breadth = np.choose(order, _BREADTHS) * _fractal(rng, shape, cell, 1300.0)  # of the valley floor
    edge = np.maximum(distance - _FLOOR * (0.15 + breadth), 0)
    slope_part = 1 - np.exp(-edge / 620.0)
    elevation = water_level + _RELIEF * slope_part * (0.3 + 0.8 * ridges + 0.42 * np.minimum(gullies * 2.2, 1.0))
    elevation += 60.0 * slope_part * (fine - 0.5) + np.minimum(distance, _FLOOR) * 0.035
    steep = _slope_degrees(elevation, cell)
    cover = np.full(shape, FOREST, dtype=np.uint8)
    cover[(ridges > 0.72) & (distance > 700)] = GRASS  # noqa: PLR2004 - open heights
    cover[(fine > 0.74) & (steep < 22)] = GRASS  # noqa: PLR2004 - clearings
    cover[(distance < 330) & (steep < 10 + 6 * fine)] = CROPLAND  # noqa: PLR2004 - valley floors
    cover[(distance < 1200) & (steep < 12) & (fine < 0.42)] = CROPLAND  # noqa: PLR2004 - terraces on the slopes
    cover[built] = BUILT
    cover[(order == 0) & (distance < basin.river.half_width + cell / 4) & ~built] = WATER
    return Terrain(
        elevation=np.round(elevation, 1).astype(np.float32), cover=cover, west=grid.west, north=grid.north, cell=cell
    )


@dataclass(frozen=True, kw_only=True)
class _Grid:
    west: float
    north: float
    cell: float
    shape: tuple[int, int]

    def rows_columns(self, xy: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the cells of points, clipped to the raster."""
        column = np.clip(((xy[:, 0] - self.west) // self.cell).astype(np.int64), 0, self.shape[1] - 1)
        row = np.clip(((self.north - xy[:, 1]) // self.cell).astype(np.int64), 0, self.shape[0] - 1)
        return row, column

    def inside(self, places: list[Place]) -> npt.NDArray[np.bool_]:
        """Return the cells in settlements."""
        mask = np.zeros(self.shape, dtype=bool)
        for place in places:
            u = np.arange(-place.reach, place.reach + 10, 10.0)
            v = np.arange(0.0, place.depth + 10, 10.0)
            points = place.frame.to_map(np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2))
            mask[self.rows_columns(points)] = True
        return mask


def _valley_fields(
    basin: Basin, grid: _Grid, built: npt.NDArray[np.bool_]
) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
    """Return for each cell the level of the valley below it, the distance to its floor, and the valley's order."""
    levels = _levels(basin)
    source = np.full(grid.shape, np.nan)
    order = np.full(grid.shape, 2, dtype=np.int64)
    for valley in reversed(basin.valleys):  # the river last: it wins where they meet
        dense = _densified(valley.xy)
        cells = grid.rows_columns(dense)
        source[cells] = np.interp(np.arange(len(dense)) / 4, np.arange(len(valley.xy)), levels[valley.index])
        order[cells] = valley.order
    index = ndimage.distance_transform_edt(np.isnan(source), return_distances=False, return_indices=True)
    level, nearest_order = source[tuple(index)], order[tuple(index)]
    distance = ndimage.distance_transform_edt(np.isnan(source)) * grid.cell
    to_built = ndimage.distance_transform_edt(~built) * grid.cell if built.any() else np.full(grid.shape, np.inf)
    floor = np.minimum(distance, to_built + _FLOOR * 0.8)
    smooth = ndimage.gaussian_filter(level, 420.0 / grid.cell, mode="nearest")
    near = np.exp(-((floor / 420.0) ** 2))
    return level * near + smooth * (1 - near), floor, nearest_order


def _densified(xy: Floats) -> Floats:
    share = np.arange((len(xy) - 1) * 4 + 1) / 4
    whole = np.arange(len(xy))
    return np.column_stack([np.interp(share, whole, xy[:, 0]), np.interp(share, whole, xy[:, 1])])


def _levels(basin: Basin) -> list[Floats]:
    """Return the elevation of each valley's vertices: the river falls eastwards, tributaries rise from their mouths."""
    levels: list[Floats] = []
    for valley in basin.valleys:
        along = np.arange(len(valley.xy)) * 50.0
        if valley.order == 0:
            levels.append(_LOW + (along[-1] - along) * min(0.0022, 160.0 / along[-1]))
            continue
        rise = 0.018 if valley.order == 1 else 0.055
        climb = rise * along * (1 + along / 9000.0)
        start = float(levels[valley.parent][valley.mouth])
        levels.append(start + 480.0 * (1 - np.exp(-climb / 480.0)))
    return levels


def _fractal(rng: np.random.Generator, shape: tuple[int, int], cell: float, scale: float, octaves: int = 5) -> Floats:
    """Return fractal value noise in [0, 1]: smoothly interpolated random lattices, each half as large as the last."""
    total = np.zeros(shape)
    weight = 0.0
    for octave in range(octaves):
        size = max(scale / 2**octave, cell)
        rows, columns = (int(np.ceil(n * cell / size)) + 2 for n in shape)
        lattice = rng.random((rows, columns))
        total += _smooth(lattice, shape, cell / size) * 0.5**octave
        weight += 0.5**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / max(high - low, 1e-9)


def _smooth(lattice: Floats, shape: tuple[int, int], step: float) -> Floats:
    """Interpolate a lattice with smooth steps at every ``step`` of its spacing."""
    (r, fr), (c, fc) = (_cells(n, step) for n in shape)
    top = lattice[r][:, c] * (1 - fc) + lattice[r][:, c + 1] * fc
    low = lattice[r + 1][:, c] * (1 - fc) + lattice[r + 1][:, c + 1] * fc
    out: Floats = top * (1 - fr[:, None]) + low * fr[:, None]
    return out


def _cells(n: int, step: float) -> tuple[npt.NDArray[np.int64], Floats]:
    at = np.arange(n) * step
    whole = np.floor(at).astype(np.int64)
    share = at - whole
    return whole, share * share * (3 - 2 * share)


def _ridged(rng: np.random.Generator, shape: tuple[int, int], cell: float) -> Floats:
    """Return ridged noise in [0, 1]: creases of fractal noise turned upside down."""
    creases = 1 - np.abs(2 * _fractal(rng, shape, cell, 2600.0) - 1)
    return np.clip(0.65 * creases**2 + 0.35 * _fractal(rng, shape, cell, 1500.0), 0, 1)


def _slope_degrees(elevation: Floats, cell: float) -> Floats:
    """Return the slope of each cell, degrees."""
    down, across = np.gradient(elevation, cell)
    degrees: Floats = np.degrees(np.arctan(np.hypot(down, across)))
    return degrees
