"""The minutes of the walks of a plan: from each building to the facility that serves it, and back, over the slopes of the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from siteplan.access.network import Network, Snapped
from siteplan.access.terrain import Terrain, straight_minutes
from siteplan.access.tobler import FLAT_M_PER_MIN
from siteplan.errors import SettingsError
from siteplan.messages import _
from siteplan.plans.plan import MINUTES_COLUMNS

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt

    from siteplan.layers.raster import Raster
    from siteplan.study.study import Study

    Floats = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]


def walking_minutes(
    study: Study,
    demand: gpd.GeoDataFrame,
    facilities: gpd.GeoDataFrame,
    allocation: pd.DataFrame,
    *,
    network: Network | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Return the minutes of the walks that an allocation asks for.

    Parameters
    ----------
    study : Study
        With a dem; its streets and its settings of access.
    demand : GeoDataFrame, column building_id and points
    facilities : GeoDataFrame, column id and points
    allocation : DataFrame, columns building_id, type, facility_id, metres
        Rows without a facility are left out.
    network : Network, optional
        Of the study's streets, where it has been built before.

    Returns
    -------
    minutes : DataFrame, columns MINUTES_COLUMNS
        One row for each row of ``allocation`` with a facility, in its order. ``flat_metres``: metres on the flat that take as long as the
        way there and back does on average.
    notes : list of str
        What a reader must know: first how minutes are found, then where the model has no height.

    Raises
    ------
    SettingsError
        If the study has no dem.
    DataError
        If the dem cannot be read.
    """
    dem = require_dem(study)
    rows = allocation[allocation["facility_id"].astype(str) != ""]
    homes = {name: row for row, name in enumerate(demand["building_id"].astype(str))}
    places = {name: row for row, name in enumerate(facilities["id"].astype(str))}
    i = np.array([homes[name] for name in rows["building_id"].astype(str)], dtype=np.int64)
    j = np.array([places[name] for name in rows["facility_id"].astype(str)], dtype=np.int64)
    metres = rows["metres"].to_numpy(dtype=np.float64)
    streets = study.layers.get("streets")
    if network is None and streets is not None and len(streets):
        network = Network.from_streets(streets)
    walks = _Walks(study, dem, demand.geometry, facilities.geometry, network)
    there, back = walks.of(i, j, metres)
    found = pd.DataFrame({name: rows[name].astype("str").to_numpy() for name in MINUTES_COLUMNS[:3]}, dtype="str")
    found["minutes_there"], found["minutes_back"] = there, back
    found["flat_metres"] = (there + back) / 2 * FLAT_M_PER_MIN
    return found, walks.notes()


def require_dem(study: Study) -> Raster:
    """Return the study's elevation model.

    Raises
    ------
    SettingsError
        If there is none.
    """
    dem = study.layers.rasters.get("dem")
    if dem is None:
        raise SettingsError(
            _("walking minutes need an elevation model"),
            remedy=_('add it: [layers.dem] path = "..."; or remove slope from [access]'),
            path=study.folder / "study.toml",
            row="[access] slope",
        )
    return dem


class _Walks:
    """The ways between two sets of points, by streets where both have joined one."""

    def __init__(
        self, study: Study, dem: Raster, homes: gpd.GeoSeries, places: gpd.GeoSeries, network: Network | None
    ) -> None:
        self._study, self._dem = study, dem
        self._access = study.settings.access
        self._homes, self._places = (np.asarray(side.to_numpy(), dtype=object) for side in (homes, places))
        self._terrain = None if network is None else Terrain.of(network, dem)
        self._straight_m = self._unknown_m = 0.0

    def of(self, i: Ints, j: Ints, metres: Floats) -> tuple[Floats, Floats]:
        """Return the minutes of pairs, there and back."""
        start, end = shapely.get_coordinates(self._homes)[i], shapely.get_coordinates(self._places)[j]
        there, back = np.zeros(len(i)), np.zeros(len(i))
        apart = (start != end).any(axis=1)
        by_street = np.zeros(len(i), dtype=bool)
        if self._terrain is not None:
            snapped = [
                self._terrain.network.snap(side, self._access.snap_limit_m) for side in (self._homes, self._places)
            ]
            by_street = apart & snapped[0].found[i] & snapped[1].found[j]
            rows = np.flatnonzero(by_street)
            there[rows], back[rows] = self._on_streets(snapped[0], snapped[1], i[rows], j[rows], metres[rows])
        rows = np.flatnonzero(apart & ~by_street)
        there[rows], back[rows], unknown = straight_minutes(
            self._dem, start[rows], end[rows], self._study.crs, self._access.detour_factor
        )
        self._straight_m, self._unknown_m = float(np.hypot(*(end[rows] - start[rows]).T).sum()), float(unknown.sum())
        return there, back

    def _on_streets(self, homes: Snapped, places: Snapped, i: Ints, j: Ints, metres: Floats) -> tuple[Floats, Floats]:
        """Return the minutes by streets; each pair is looked for once, however many types it is about."""
        assert self._terrain is not None
        key = i * np.int64(len(self._places) + 1) + j
        _keys, first, again = np.unique(key, return_index=True, return_inverse=True)
        there, back = self._terrain.minutes(homes, places, i[first], j[first], metres[first])
        return there[again], back[again]

    def notes(self) -> list[str]:
        """Return how minutes are found and, after the walks were looked for, where the model has no height."""
        name = self._dem.path.name
        notes = [
            _(
                "walking minutes are of the quickest walk by Tobler's hiking function over {dem}; they change no rule and no allocation",
                dem=name,
            )
        ]
        if self._terrain is not None and self._terrain.unknown_share:
            share = f"{self._terrain.unknown_share:.1%}"
            notes.append(
                _("{dem} has no height for {share} of the streets' length: taken as flat", dem=name, share=share)
            )
        if self._unknown_m:
            share = f"{self._unknown_m / self._straight_m:.1%}"
            notes.append(
                _(
                    "{dem} has no height for {share} of the walks in straight lines: taken as flat",
                    dem=name,
                    share=share,
                )
            )
        return notes
