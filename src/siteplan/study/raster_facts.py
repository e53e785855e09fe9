"""What the rasters of a study say about the ground where the study lies: heights, slopes, land cover, and where they are silent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
from rasterio.features import geometry_mask

from siteplan.layers.landcover import SURVEY, USES, LandClasses, unknown_codes
from siteplan.layers.repair import Place, Repair, some
from siteplan.layers.slope import slope_blocks
from siteplan.messages import _, language

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from siteplan.layers.raster import Block, Raster
    from siteplan.study.study import Study

MOST_BLOCKS = 64
"""Blocks that are looked at: of a larger raster, as many spread over the study."""

STEEP_DEGREES, STEEPER_DEGREES = 15.0, 25.0
"""15: a planning split in one province's rule; 25: no crops above (Soil and Water Conservation Law, article 20)."""


@dataclass(kw_only=True)
class _Tally:
    """What has been counted so far."""

    cells: int = 0
    voids: int = 0
    least: float = np.inf
    greatest: float = -np.inf
    total: float = 0.0
    sloped: int = 0
    steep: int = 0
    steeper: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    sampled: bool = False

    def add(self, block: Block, inside: npt.NDArray[np.bool_], role: str) -> None:
        """Count the own cells of a block that lie inside the study."""
        known = block.own(np.ma.getdata(block.values))[inside & ~block.own(np.ma.getmaskarray(block.values))]
        count = int(inside.sum())
        self.cells += count
        self.voids += count - known.size
        if not known.size:
            return
        if role == "landcover":
            codes, counts = np.unique(known, return_counts=True)
            self.codes.update(dict(zip((int(code) for code in codes), (int(n) for n in counts), strict=True)))
            return
        self.least, self.greatest = min(self.least, float(known.min())), max(self.greatest, float(known.max()))
        self.total += float(known.sum(dtype=np.float64))

    def add_slope(self, degrees: Any) -> None:
        """Count the slopes of a block's own cells, degrees."""
        self.sloped += int(np.isfinite(degrees).sum())
        self.steep += int((degrees > STEEP_DEGREES).sum())
        self.steeper += int((degrees > STEEPER_DEGREES).sum())


def raster_facts(study: Study) -> tuple[list[Repair], list[str]]:
    """Return notes on what the rasters say of the study's ground, and warnings of where they say nothing.

    Parameters
    ----------
    study : Study
        Its boundary, or its buildings, say where it lies.

    Returns
    -------
    notes : list of Repair
        Heights and slopes, land by class, people.
    warnings : list of str

    Raises
    ------
    LayerError
        If a raster or the table of its classes cannot be read.
    """
    notes: list[Repair] = []
    warnings: list[str] = []
    if study.settings.access.slope and "dem" not in study.layers.rasters:
        warnings.append(
            _("[access] slope asks for walking minutes, and there is no dem: the study cannot be planned so")
        )
    area = _area(study)
    if area is None:
        return notes, warnings
    for role, raster in study.layers.rasters.items():
        place = Place(role=role, path=str(raster.path))
        tally = _counted(raster, area)
        if tally.cells == tally.voids:
            warnings.append(_("{role} has no data anywhere in the study", role=role))
            continue
        notes += [place.note(text) for text in _said(raster, tally)]
        warnings += list(_doubts(raster, tally))
    return notes, warnings


def _area(study: Study) -> gpd.GeoSeries | None:
    """Return the study's boundary, or the hull of its buildings; None without both."""
    boundary, buildings = study.layers.get("boundary"), study.layers.get("buildings")
    if boundary is not None:
        return boundary.geometry
    return None if buildings is None else gpd.GeoSeries([buildings.geometry.union_all().convex_hull], crs=buildings.crs)


def _counted(raster: Raster, area: gpd.GeoSeries) -> _Tally:
    """Count the cells whose centres lie in the area."""
    tally = _Tally()
    moved = area.to_crs(raster.crs)
    west, south, east, north = (float(side) for side in moved.total_bounds)
    bounds = (west, south, east, north)
    tally.sampled = raster.count_blocks(bounds) > MOST_BLOCKS
    pieces: Iterator[tuple[Block, Any]] = (
        slope_blocks(raster, bounds, most=MOST_BLOCKS)
        if raster.role == "dem"
        else ((block, None) for block in raster.blocks(bounds, most=MOST_BLOCKS))
    )
    for block, degrees in pieces:
        shape = block.values.shape
        inside = block.own(geometry_mask(moved.to_numpy(), shape, block.transform, invert=True))
        tally.add(block, inside, raster.role)
        if degrees is not None:
            tally.add_slope(degrees[inside])
    return tally


def _said(raster: Raster, tally: _Tally) -> Iterator[str]:
    part = _(" (of {n} blocks spread over the study)", n=MOST_BLOCKS) if tally.sampled else ""
    if raster.role == "dem":
        yield _("heights from {least} to {greatest} m{part}", least=f"{tally.least:,.0f}", greatest=f"{tally.greatest:,.0f}", part=part)  # fmt: skip
        if tally.sloped:
            yield _(
                "{steep} of the cells are steeper than 15 degrees, {steeper} steeper than 25 (Horn){part}",
                steep=f"{tally.steep / tally.sloped:.1%}",
                steeper=f"{tally.steeper / tally.sloped:.1%}",
                part=part,
            )
    elif raster.role == "population":
        yield _("{n} people in all{part}", n=f"{tally.total:,.0f}", part=part)
    else:
        known = sum(tally.codes.values())
        names = _class_names(raster.classes)
        shares = Counter[str]()
        for code, count in tally.codes.items():
            shares[names.get(code, _("code {code}", code=code))] += count
        listed = ", ".join(f"{name} {count / known:.1%}" for name, count in shares.most_common(12))
        yield _("land cover: {shares}{part}", shares=listed, part=part)


def _class_names(classes: LandClasses | None) -> dict[int, str]:
    """Return what the reader calls each code's class."""
    uses = {} if classes is None else classes.uses
    return {code: USES[use][0] if language() == "zh" and use in USES else use for code, use in uses.items()}


def _doubts(raster: Raster, tally: _Tally) -> Iterator[str]:
    if tally.voids:
        share = f"{tally.voids / tally.cells:.1%}"
        yield _("{role} has no data in {share} of its cells where the study lies", role=raster.role, share=share)
    if raster.role != "landcover":
        return
    if raster.classes is None:
        yield _(
            'nothing says what the codes of landcover mean: write classes = "TABLE.csv" in [layers.landcover], or classes = {survey}',
            survey=f'"{SURVEY}"',
        )
        return
    lost = unknown_codes(np.array(list(tally.codes), dtype=np.int64), raster.classes)
    if lost:
        yield _(
            "codes of landcover that {table} lacks: {codes}",
            table=raster.classes.path,
            codes=some([str(code) for code in lost], 10),
        )
