"""Points at which a new candidate could stand: a grid around households, outside of zones and buildings, as far from things as rules ask."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from siteplan.access.walking import cost_matrix
from siteplan.layers.exclusions import keep_off
from siteplan.planning.cache import SolveCache
from siteplan.siting.bars import barred
from siteplan.siting.nearness import slack

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from siteplan.models.joint_problem import Bools, Floats, Ints
    from siteplan.siting.question import Question

    Shapes = npt.NDArray[np.object_]

SIDE = 15
"""Trial points to a side of each square."""
MARGINS_M = (60.0, 250.0, 1000.0)
"""How far the squares of trial points reach beyond the households, metres."""

CLEAR_M = 20.0
"""What lies nearer than this to a site is that site, and no new one."""


class Spots(NamedTuple):
    """Trial points that may hold all of some types, and the walks to them.

    Attributes
    ----------
    xy : (n, 2) float64, metres
    metres : (n, n_demand) float64
        Walking metres from each of the demand points that are looked at; inf beyond the cutoff.
    """

    xy: Floats
    metres: Floats


def trial_spots(
    question: Question, place: str, demand: Ints, types: tuple[str, ...], cache: SolveCache | None = None
) -> Spots:
    """Return the points around some demand points of a community at which all of ``types`` may stand.

    Parameters
    ----------
    question : Question
    place : str
        The community that a new candidate would belong to.
    demand : (n,) int64
        Rows of demand points.
    types : tuple of str
    cache : SolveCache, optional
        Holds the street network, where it has been built before.
    """
    homes = question.demand.geometry.iloc[demand]
    points = _outside(question, place, _grids(np.column_stack([homes.x, homes.y])), homes.to_numpy())
    if not len(points):
        return Spots(np.empty((0, 2)), np.empty((0, len(demand))))
    trial = _trial_question(question, place, points, cache or SolveCache())
    allowed = ~_barred(trial, types)[: len(points)]
    metres = np.full((len(points), len(question.demand)), np.inf)
    mine = trial.matrix.j < len(points)
    metres[trial.matrix.j[mine], trial.matrix.i[mine]] = trial.matrix.cost[mine]
    return Spots(shapely.get_coordinates(points[allowed]), metres[allowed][:, demand])


def _grids(xy: Floats) -> Shapes:
    """Return squares of points around ``xy``, the smallest first; each has a point in the middle."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    parts = []
    for margin in MARGINS_M:
        across, up = (np.linspace(low[n] - margin, high[n] + margin, SIDE) for n in (0, 1))
        grid = np.meshgrid(across, up, indexing="ij")
        parts.append(np.column_stack([grid[0].ravel(), grid[1].ravel()]))
    return np.asarray(shapely.points(np.unique(np.round(np.concatenate(parts), 1), axis=0)), dtype=object)


def _outside(question: Question, place: str, points: Shapes, homes: Shapes) -> Shapes:
    """Return the points in the community that lie in no exclusion zone, in no building and at no site.

    In the community is what lies in its area; where some of the homes do not, because a small settlement belongs to it, also what lies in no
    other community's area.
    """
    mine = (question.units["id"].astype(str) == place).to_numpy()
    shapes = question.units.geometry.to_numpy()
    here = shapely.intersects(points, shapes[mine][0])
    if shapely.get_dimensions(shapes[mine][0]) < 2 or not shapely.intersects(homes, shapes[mine][0]).all():  # noqa: PLR2004 - an area
        others = shapes[~mine & (shapely.get_dimensions(shapes) > 1)]
        elsewhere = np.zeros(len(points), dtype=bool)
        elsewhere[shapely.STRtree(others).query(points, predicate="intersects")[0]] = True
        here |= ~elsewhere
    sites = shapely.STRtree(question.sites.geometry.to_numpy())
    here[sites.query(points, predicate="dwithin", distance=CLEAR_M)[0]] = False
    points = points[here]
    points = np.delete(points, np.unique(keep_off(question.study.layers.get("exclusions")).hits(points)[0]))
    buildings = question.study.layers.get("buildings")
    if buildings is not None and len(buildings) and len(points):
        shapes = buildings.geometry.to_numpy()
        drawn = shapes[shapely.get_dimensions(shapes) > 0]
        points = np.delete(points, np.unique(shapely.STRtree(drawn).query(points, predicate="intersects")[0]))
    return points


def _trial_question(question: Question, place: str, points: Shapes, cache: SolveCache) -> Question:
    """Return the question with the points as its candidates, beside what stands."""
    import geopandas as gpd
    import pandas as pd

    standing = question.sites[question.sites["kind"] == "existing"]
    town = question.township_of[place]
    blank = dict.fromkeys(("name", "place", "types", "basis", "existing_type"), "")
    rows = [
        {"id": f"trial-{n}", "kind": "build", "state": "free", "community_id": place, "township_id": town} | blank
        for n in range(len(points))
    ]
    spots = gpd.GeoDataFrame(pd.DataFrame(rows), geometry=points, crs=question.sites.crs)
    sites = pd.concat([spots, standing], ignore_index=True) if len(standing) else spots
    access = question.study.settings.access
    streets = question.study.layers.get("streets")
    walking = cost_matrix(
        question.demand.geometry,
        spots.geometry,
        demand_ids=question.demand["building_id"].tolist(),
        candidate_ids=spots["id"].tolist(),
        streets=streets,
        network=cache.network(streets)[0],
        cutoff_m=question.matrix.cutoff,
        detour_factor=access.detour_factor,
        snap_limit_m=access.snap_limit_m,
    )
    frame: gpd.GeoDataFrame = gpd.GeoDataFrame(sites, geometry="geometry", crs=question.sites.crs)
    return dataclasses.replace(question, sites=frame, matrix=walking.matrix)


def _barred(question: Question, types: tuple[str, ...]) -> Bools:
    """Tell where a hard rule on distances bars one of ``types``, (n_sites,) bool."""
    column = [question.types.index(key) for key in types if key in question.types]
    return np.asarray(barred(question)[:, column].any(axis=1))


def chosen_spots(spots: Spots, weight: Floats, reach: float | None, wanted: float, number: int = 1) -> list[int]:
    """Return rows of ``spots`` that bring ``wanted`` households within ``reach`` of one of them, chosen greedily; empty where they cannot.

    Each is the one near most households that none so far is near (Church and ReVelle 1974), of equals the one to which they walk least. Without a
    reach: the ``number`` to which all walk least (the first is the 1-median).

    Parameters
    ----------
    spots : Spots
    weight : (n_demand,) float64
        Households of the demand points that are looked at.
    reach : float or None, metres
    wanted : float
        Households.
    number : int
        How many are chosen where there is no reach.

    Examples
    --------
    >>> import numpy as np
    >>> line = Spots(np.zeros((3, 2)), np.array([[0.0, 100.0, 200.0], [100.0, 0.0, 100.0], [200.0, 100.0, 0.0]]))
    >>> chosen_spots(line, np.ones(3), None, 3.0), chosen_spots(line, np.ones(3), 50.0, 2.0)
    ([1], [1, 0])
    """
    if not len(spots.xy):
        return []
    far = np.where(np.isfinite(spots.metres), spots.metres, 1e6)
    walks = far @ weight
    if reach is None:
        return np.argsort(walks, kind="stable")[:number].tolist() if np.isfinite(spots.metres).any() else []
    near = spots.metres <= slack(reach)
    left = weight.astype(float).copy()
    found: list[int] = []
    goal = float(weight.sum()) - wanted
    while left.sum() > goal + 1e-6 * max(1.0, float(weight.sum())):
        gain = near @ left
        best = int(np.lexsort((walks, -gain))[0])
        if not gain[best] > 0:
            return []
        found.append(best)
        left[near[best]] = 0.0
    return found
