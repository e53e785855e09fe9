"""What need not be computed again when a study is solved again: the street network, walks, and the answers of communities that are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import shapely

from siteplan.access.network import Network
from siteplan.models.reuse import KnownAnswers, digest

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

Made = TypeVar("Made")


class SolveCache:
    """Kept from one solve to the next by whoever wants the next one sooner; plans themselves remember nothing.

    Everything is found by the content of what it was made from, so a cache never has to be emptied, and may be used for any number of studies.

    Attributes
    ----------
    known : KnownAnswers
        Stages of components of the joint model.
    """

    def __init__(self) -> None:
        self.known = KnownAnswers()
        self._made: dict[str, tuple[bytes, object]] = {}

    def once(self, what: str, key: bytes, make: Callable[[], Made]) -> Made:
        """Return what ``make`` makes; the same thing as the last time if ``key`` is."""
        kept = self._made.get(what)
        if kept is None or kept[0] != key:
            kept = key, make()
            self._made[what] = kept
        return kept[1]  # type: ignore[return-value]

    def network(self, streets: gpd.GeoDataFrame | None) -> tuple[Network | None, bytes]:
        """Return the network of a street layer, None without one, and the key of the layer's content."""
        if streets is None or not len(streets):
            return None, b""
        names = tuple(str(label) for label in streets.index)
        key = digest(str(streets.crs), names, geometry_key(streets.geometry))
        return self.once("network", key, lambda: Network.from_streets(streets)), key


def geometry_key(geometry: gpd.GeoSeries) -> bytes:
    """Return a digest of geometries: their kinds and coordinates, in order."""
    shapes = np.asarray(geometry.to_numpy(), dtype=object)
    return digest(tuple(shapely.to_wkb(shapes, include_srid=False).tolist()))
