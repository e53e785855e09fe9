"""What found candidates must keep off, and where they may be looked for beside streets: exclusions, slope, the land survey, vacant parcels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.candidates.cover import covered
from siteplan.candidates.slope import slope_percent
from siteplan.layers.exclusions import keep_off
from siteplan.layers.land_survey import land_uses

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    from pyproj import CRS

    from siteplan.candidates.found import CandidateRules
    from siteplan.layers.collection import Layers
    from siteplan.layers.exclusions import Zones
    from siteplan.layers.raster import Raster


@dataclass(frozen=True, kw_only=True, eq=False)
class Limits:
    """The layers that say where no candidate may be found, or where one may.

    Parameters
    ----------
    zones : Zones
        Exclusions that keep off siting.
    dem : Raster or None
        Elevations; None: slopes are not looked at.
    landcover : Raster or None
        With a table of its classes; without one, it is not looked at.
    parcels : GeoDataFrame or None
        Role parcels, in the CRS of the other layers.
    path : str
        Their file, for errors.
    farmland : (n,) object
        Plots that are farmed.
    """

    zones: Zones = field(default_factory=lambda: keep_off(None))
    dem: Raster | None = None
    landcover: Raster | None = None
    parcels: gpd.GeoDataFrame | None = None
    path: str = ""
    farmland: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, dtype=object))

    @classmethod
    def of(cls, layers: Layers) -> Limits:
        """Take them from the layers of a study."""
        source, farmland = layers.sources.get("parcels"), layers.get("farmland")
        return cls(
            zones=keep_off(layers.get("exclusions")),
            dem=layers.rasters.get("dem"),
            landcover=layers.rasters.get("landcover"),
            parcels=layers.get("parcels"),
            path=source.path if source else "parcels",
            farmland=np.zeros(0, dtype=object) if farmland is None else farmland.geometry.to_numpy(),
        )

    def barred(self, places: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
        """Tell which places an exclusion keeps off, (n,) bool."""
        found = np.zeros(len(places), dtype=np.bool_)
        found[self.zones.hits(places)[0]] = True
        return found

    def steepness(self, places: npt.NDArray[np.object_], crs: CRS) -> npt.NDArray[np.float64]:
        """Return the slope of each place, per cent, (n,); NaN without elevations (candidates.slope.slope_percent)."""
        if self.dem is None:
            return np.full(len(places), np.nan)
        return slope_percent(self.dem, places, crs)

    @property
    def knows_cover(self) -> bool:
        """Whether there is a land cover whose codes a table explains."""
        return self.landcover is not None and self.landcover.classes is not None

    def overgrown(self, places: npt.NDArray[np.object_], crs: CRS, rules: CandidateRules) -> npt.NDArray[np.bool_]:
        """Tell which places lie on a land cover of ``rules.avoid_cover``, (n,) bool (candidates.cover.covered)."""
        if self.landcover is None:
            return np.zeros(len(places), dtype=np.bool_)
        return covered(self.landcover, places, crs, rules.avoid_cover)

    def unbuildable(self) -> npt.NDArray[np.object_]:
        """Return farmland, and the parcels that the land survey has as no construction land: no open square may touch them, (n,) object."""
        if self.parcels is None or "land_code" not in self.parcels:
            return self.farmland
        uses = land_uses(self.parcels["land_code"], path=self.path, ids=self.parcels["id"])
        kept = np.array([use is not None and use.build in ("permit", "no") for use in uses], dtype=np.bool_)
        return np.concatenate([self.farmland, np.asarray(self.parcels.geometry.to_numpy()[kept], dtype=object)])

    def vacant(
        self, buildings: gpd.GeoDataFrame, facilities: gpd.GeoDataFrame, rules: CandidateRules
    ) -> gpd.GeoDataFrame | None:
        """Return the vacant parcels that nothing stands on, large enough and kept off by nothing, with their slope; None without parcels.

        Vacant are those of the survey's code 1201 (空闲地), and those whose ``land_use`` is one of ``rules.vacant_uses`` and whose code does
        not say that they are farmland, water or other land that is not for building.
        """
        if self.parcels is None:
            return None
        layer = self.parcels.sort_values("id", ignore_index=True)
        codes = layer["land_code"] if "land_code" in layer else [None] * len(layer)
        uses = land_uses(codes, path=self.path, ids=layer["id"])
        free = np.array([use is not None and use.build == "open" for use in uses], dtype=np.bool_)
        if "land_use" in layer:
            against = np.array([use is not None and use.build in ("permit", "no") for use in uses], dtype=np.bool_)
            free |= layer["land_use"].isin(rules.vacant_uses).to_numpy(dtype=bool) & ~against
        free &= layer.geometry.area.to_numpy() >= rules.min_parcel_m2
        shapes = layer.geometry.to_numpy()
        for standing in (buildings, facilities):
            free &= ~_stood_on(shapes, standing.geometry.to_numpy())
        free &= ~self.barred(shapes)
        slope = self.steepness(shapes, layer.crs)
        free &= ~(slope > rules.max_slope_percent)
        return layer.assign(slope_percent=slope)[free].reset_index(drop=True)


def _stood_on(parcels: npt.NDArray[np.object_], standing: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Tell on which parcels something stands, (n,) bool: points in it, a tenth of a footprint, or one on a tenth of the parcel.

    Less is two layers that were not drawn to one another (judgement).
    """
    parcel, thing = shapely.STRtree(standing).query(parcels, predicate="intersects")
    common = shapely.area(shapely.intersection(parcels[parcel], standing[thing]))
    size = np.minimum(shapely.area(parcels[parcel]), shapely.area(standing[thing]))
    found = np.zeros(len(parcels), dtype=np.bool_)
    found[parcel[(common > size / 10) | (size <= 0)]] = True
    return found
