"""Which sites are too near to what a rule keeps away from, or too far from the households of their community."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy.spatial import cKDTree

from siteplan.layers.exclusions import of_kind
from siteplan.messages import _
from siteplan.standards.kinds import DWELLINGS, EXCLUSION
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    import numpy.typing as npt

    from siteplan.models.joint_problem import Bools, Floats, Ints
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule


def slack(metres: Floats | float) -> Floats | float:
    """Return ``metres`` with the tolerance of every comparison added."""
    return metres + TOLERANCE * np.maximum(1.0, metres)


def site_xy(question: Question) -> Floats:
    """Return the points of the sites, (n_sites, 2) float64, metres."""
    return np.asarray(shapely.get_coordinates(question.sites.geometry.to_numpy()), dtype=np.float64)


def near_layers(question: Question, rule: Rule) -> Bools:
    """Tell which sites are too near to the dwellings and exclusions of a separation rule, (n_sites,) bool.

    Straight lines from the point of the site to what the layers draw, the walls of buildings with households. From exclusions alone without a
    figure: the sites in them.
    """
    near = np.zeros(len(question.sites), dtype=bool)
    for word in rule.apart_from:
        if word == DWELLINGS:
            near |= _too_near(_to_homes(question), rule)
        elif word.startswith(EXCLUSION):
            near |= _too_near(_to_zones(question, word.removeprefix(EXCLUSION)), rule)
    return near


def _too_near(metres: Floats, rule: Rule) -> Bools:
    if rule.figure is None:
        return np.asarray(metres <= 0.0)
    return np.asarray(metres < rule.figure - TOLERANCE * max(1.0, rule.figure))


def _to_homes(question: Question) -> Floats:
    """Return the metres from each site to the nearest building with households, as the layer draws it."""
    lived_in = question.demand["building_id"].astype(str)[question.households > 0]
    layer = question.study.layers.require("buildings", _("dwellings are looked for among them"))
    return _to_shapes(question, layer.geometry[layer["id"].astype(str).isin(lived_in)].to_numpy())


def _to_zones(question: Question, kind: str) -> Floats:
    """Return the metres from each site to the nearest exclusion of ``kind``."""
    zones = question.study.layers.get("exclusions")
    if zones is None:
        return np.full(len(question.sites), np.inf)
    return _to_shapes(question, zones.geometry[of_kind(zones, kind)].to_numpy())


def _to_shapes(question: Question, shapes: npt.NDArray[np.object_]) -> Floats:
    metres = np.full(len(question.sites), np.inf)
    if len(shapes):
        points = question.sites.geometry.to_numpy()
        (site, _shape), found = shapely.STRtree(shapes).query_nearest(points, return_distance=True, all_matches=False)
        metres[site] = found
    return metres


def close_pairs(xy: Floats, these: Ints, those: Ints, rule: Rule) -> tuple[Ints, Ints]:
    """Return which of ``these`` stands too near to which of ``those`` for a separation rule.

    Parameters
    ----------
    xy : (n, 2) float64, metres
        Points.
    these, those : (a,) and (b,) int64
        Rows of ``xy``, with repeats where several stand at one point.
    rule : Rule

    Returns
    -------
    (n_pairs,) int64, (n_pairs,) int64
        Positions in ``these`` and in ``those``.
    """
    none = np.zeros(0, dtype=np.int64)
    if not len(these) or not len(those) or rule.figure is None:
        return none, none
    hits = cKDTree(xy[these]).sparse_distance_matrix(cKDTree(xy[those]), rule.figure, output_type="ndarray")
    hits = np.sort(hits[_too_near(hits["v"], rule)], order=["i", "j"])
    return hits["i"].astype(np.int64), hits["j"].astype(np.int64)


def far_from_homes(question: Question, rule: Rule) -> Bools:
    """Tell which sites no household of their own community is within the walking metres of an adjacency rule, (n_sites,) bool."""
    matrix = question.matrix
    own = question.demand_number[matrix.i] == question.site_number[matrix.j]
    near = own & (matrix.cost <= slack(float(rule.figure or 0.0))) & (question.households[matrix.i] > 0)
    far = np.ones(len(question.sites), dtype=bool)
    far[matrix.j[near]] = False
    return far
