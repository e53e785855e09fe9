"""The plan of one settlement: rows of buildings along streets, in its own frame.

The frame has u along the valley road and v away from it. u = 0 is the lane that leads in from the road and through
to the back; v = 0 is the front.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from siteplan.demo.chance import Floats, Ints, apportion, between, shuffled, stream, whole

HOUSE, BLOCK, SCHOOL, OFFICE = "house", "residential", "school", "government"


@dataclass(frozen=True, kw_only=True)
class Style:
    """Measures of an urban or a rural settlement, metres."""

    plot: float
    pitch: float
    setback: float
    depth: float
    lot_depth: float
    strip: float
    strip_width: float
    columns: int
    ratio: float


URBAN = Style(plot=66, pitch=62, setback=14, depth=13, lot_depth=20, strip=48, strip_width=70, columns=3, ratio=2.0)
RURAL = Style(plot=24, pitch=40, setback=10, depth=10, lot_depth=14, strip=36, strip_width=50, columns=5, ratio=2.6)
GAP = 9.0
"""Width of a lane between the plots."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What stands on a settlement.

    Parameters
    ----------
    urban : bool
    homes : (n_homes,) int64
        Households of each residential building.
    public : int
        Public buildings without households (an old school, a village office).
    lots, strips : int
        Small parcels among the houses, and larger ones along the back.
    """

    urban: bool
    homes: Ints
    public: int
    lots: int
    strips: int

    @property
    def style(self) -> Style:
        """Measures of its plots and streets."""
        return URBAN if self.urban else RURAL

    @property
    def streets(self) -> int:
        """Streets along the valley."""
        plots = len(self.homes) + self.public + self.lots
        return max(1, round(math.sqrt(plots * self.style.plot / (2 * self.style.ratio * self.style.pitch))))

    @property
    def half(self) -> int:
        """Plots to either side of the middle lane, in each row."""
        plots = len(self.homes) + self.public + self.lots
        return max(2, -(-plots // (4 * self.streets)))

    @property
    def reach(self) -> float:
        """Metres from the middle lane to either end."""
        return _lanes(self.style, self.half)[-1]

    @property
    def depth(self) -> float:
        """Metres from front to back."""
        return self.streets * self.style.pitch + (self.style.strip if self.strips else 0.0)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Rectangles (u, v of the middle; width along u; depth along v) and streets of one settlement.

    Parameters
    ----------
    homes, public, lots, strips : (n, 4) float64
        Columns u, v, width, depth.
    nodes : (streets, lanes, 2) float64
        Junctions.
    middle : int
        Lane of ``nodes`` that is u = 0.
    """

    homes: Floats
    public: Floats
    lots: Floats
    strips: Floats
    nodes: Floats
    middle: int


def split_households(households: int, seed: int, site: int, *, urban: bool) -> Ints:
    """Return the households of each building: 24 to 48 in a block, 1 to 4 in a house.

    >>> h = split_households(500, 1, 3, urban=True)
    >>> int(h.sum()), bool((h >= 24).all() and (h <= 48).all())
    (500, True)
    """
    rng = stream(seed, "homes", site)
    if urban:
        count = max(round(households / 36), -(-households // 48))
        blocks = apportion(households, between(rng, 0.75, 1.25, count), least=min(24, households // count))
        return _capped(blocks, 48)
    count = max(1, min(households, round(households / 2.2)))
    homes = apportion(households, between(rng, 0.4, 1.75, count), least=1)
    return _capped(homes, 4)


def _capped(homes: Ints, most: int) -> Ints:
    """Move what exceeds ``most`` to the smallest buildings."""
    homes = homes.copy()
    spare = int(np.maximum(homes - most, 0).sum())
    homes = np.minimum(homes, most)
    while spare:
        homes[int(np.argmin(homes))] += 1
        spare -= 1
    return homes


def _lanes(style: Style, half: int) -> list[float]:
    """Return the u of the lanes to the right of the middle one, the middle (0) included."""
    ends = [*range(style.columns, half, style.columns), half]
    return [0.0, *(end * style.plot + (k + 1) * GAP for k, end in enumerate(ends))]


def make_layout(program: Program, seed: int, site: int) -> Layout:
    """Return the plan of a settlement.

    Plots are numbered row by row, forth and back, so that buildings with neighbouring numbers are neighbours. The first
    plots from the middle of the front street are public buildings; small parcels lie anywhere.
    """
    rng = stream(seed, "layout", site)
    style = program.style
    plots = _plots(program)
    need = len(program.homes) + program.public + program.lots
    plots = plots[:need]
    from_entry = np.abs(plots[:, 0]) + 2 * plots[:, 1]
    public = np.argsort(from_entry, kind="stable")[: program.public]
    left = np.setdiff1d(np.arange(need), public)
    lots = np.sort(left[shuffled(rng, len(left))[: program.lots]])
    homes = np.setdiff1d(left, lots)
    if program.urban:
        width = np.clip(30.0 + 0.55 * program.homes, 34.0, 58.0)
    else:
        width = 9.0 + 3.5 * np.minimum(program.homes - 1, 3)
    columns, middle = _all_lanes(program)
    v = (np.arange(program.streets) + 0.5) * style.pitch
    nodes = np.stack(np.broadcast_arrays(columns[None, :], v[:, None]), axis=-1)
    return Layout(
        homes=_boxes(plots[homes], width, style.depth),
        public=_boxes(plots[public], np.full(len(public), 0.8 * style.plot), style.depth),
        lots=_boxes(plots[lots], np.full(len(lots), style.plot - 3.0), style.lot_depth),
        strips=_strips(program, rng),
        nodes=nodes,
        middle=middle,
    )


def _all_lanes(program: Program) -> tuple[Floats, int]:
    right = np.array(_lanes(program.style, program.half))
    return np.concatenate([-right[:0:-1], right]), len(right) - 1


def _plots(program: Program) -> Floats:
    """Return (u, v) of all plots, row by row, every second row from right to left."""
    style = program.style
    column = np.arange(program.half)
    right = (column + 0.5) * style.plot + (column // style.columns + 0.5) * GAP
    u = np.concatenate([-right[::-1], right])
    rows = []
    for row in range(2 * program.streets):
        v = (row // 2 + 0.5) * style.pitch + (style.setback if row % 2 else -style.setback)
        rows.append(np.column_stack([u if row % 2 == 0 else u[::-1], np.full(len(u), v)]))
    return np.concatenate(rows)


def _boxes(at: Floats, width: Floats, depth: float) -> Floats:
    return np.column_stack([at, width, np.full(len(at), depth)]) if len(at) else np.zeros((0, 4))


def _strips(program: Program, rng: np.random.Generator) -> Floats:
    """Return the parcels along the back, left and right of the middle lane."""
    style = program.style
    rows = []
    v = program.streets * style.pitch + style.strip / 2
    for sign, count in ((-1, program.strips // 2), (1, program.strips - program.strips // 2)):
        if count == 0:
            continue
        share = (program.reach - GAP) / count
        for k in range(count):
            width = min(share - 3.0, style.strip_width) * float(between(rng, 0.8, 1.0, 1)[0])
            rows.append((sign * (GAP / 2 + (k + 0.5) * share), v, width, style.strip - 8.0))
    return np.array(rows).reshape(-1, 4)


def corners(boxes: Floats) -> Floats:
    """Return the (n, 5, 2) closed rings of (n, 4) rectangles."""
    sign = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)], dtype=np.float64) / 2
    return boxes[:, None, :2] + sign[None] * boxes[:, None, 2:]


def parts_of(boxes: Floats, pieces: int) -> Floats:
    """Return (n * pieces, 4): each rectangle cut into ``pieces`` side by side, piece 0 of all first."""
    width = boxes[:, 2] / pieces
    cut = []
    for piece in range(pieces):
        u = boxes[:, 0] - boxes[:, 2] / 2 + (piece + 0.5) * width
        cut.append(np.column_stack([u, boxes[:, 1], width, boxes[:, 3]]))
    return np.concatenate(cut)


def origin_villages(count: int, seed: int, site: int) -> tuple[Ints, int]:
    """Return the village (0, 1, ...) of each of ``count`` buildings, in contiguous runs, and their number.

    Two to six villages, fewer where there are fewer buildings.
    """
    rng = stream(seed, "origin", site)
    villages = min(int(whole(rng, 2, 6, 1)[0]), count)
    runs = apportion(count, between(rng, 0.5, 1.5, villages), least=1)
    return np.repeat(np.arange(villages), runs), villages
