"""A planner's own street lines in the place of OpenStreetMap's, when a study is made."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import shapely

from siteplan.errors import DataError
from siteplan.layers.junctions import GAP_M, joined, street_facts
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place
from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    from pyproj import CRS

    from siteplan.layers.osm import OsmLayers


@dataclass(frozen=True, kw_only=True)
class OwnStreets:
    """A planner's own street lines.

    Parameters
    ----------
    path : path
        A file of lines.
    layer : str or None
        Layer of a file with several.
    join : bool
        Whether lines meet wherever they cross, touch or stop short (siteplan.layers.junctions), and not at common vertices alone.
    """

    path: str | Path
    layer: str | None = None
    join: bool = False


def with_own_streets(extract: OsmLayers, own: OwnStreets, crs: CRS, notes: list[str]) -> OsmLayers:
    """Return an extract with a planner's own streets, those that touch its boundary, and say how they hang together.

    Parameters
    ----------
    extract : OsmLayers
        In ``crs``.
    own : OwnStreets
    crs : CRS
        Of the study.
    notes : list of str
        Gets what has to be said.

    Raises
    ------
    DataError
        If the file cannot be read as streets, or none of them touches the boundary.
    """
    frame, repairs = read_layer(own.path, "streets", layer=own.layer, target_crs=crs)
    area = extract.boundary.geometry.iloc[0]
    shapely.prepare(area)
    here = frame[shapely.intersects(area, frame.geometry.array)].reset_index(drop=True)
    if not len(here):
        raise DataError(
            _("none of the {n} streets touches the study", n=len(frame)),
            remedy=_("check the coordinate system of the file, or leave out --streets"),
            path=own.path,
        )
    if own.join:
        here, found = joined(here, GAP_M, Place(role="streets", path=str(own.path)))
        repairs += found
    facts, doubts = street_facts(here, joined=own.join)
    notes.append(_("the streets are those of {path}: {n} lines, not OpenStreetMap's", path=own.path, n=len(here)))
    notes += [_("streets: {text}", text=text) for text in (*facts, *doubts)]
    notes += [str(repair) for repair in repairs]
    return dataclasses.replace(extract, streets=here)
