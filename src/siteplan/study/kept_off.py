"""What a planner should know of exclusions before planning: which candidates and which farmland lie in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.layers.exclusions import keep_off
from siteplan.layers.repair import some
from siteplan.messages import _
from siteplan.units import M2_PER_MU

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import numpy.typing as npt

    from siteplan.layers.collection import Layers
    from siteplan.layers.exclusions import Zones

_TOUCHES = 0.01
"""Share of a candidate's area below which layers that were not drawn to one another merely touch (judgement)."""


def exclusion_warnings(layers: Layers) -> Iterator[str]:
    """Yield one warning for each kind of exclusion that bars candidates, and one for each that takes farmland away; or that there are none."""
    exclusions = layers.get("exclusions")
    if exclusions is None:
        yield _(
            "no exclusions: nothing says what must be kept off (basic farmland, red lines, hazards, floods, water sources)"
        )
    candidates, farmland = layers.get("candidates"), layers.get("farmland")
    if candidates is not None:
        yield from _barred_candidates(candidates, keep_off(exclusions))
    if farmland is not None:
        yield from _taken_farmland(farmland, keep_off(exclusions, "farmland"))


def _barred_candidates(candidates: gpd.GeoDataFrame, zones: Zones) -> Iterator[str]:
    row, zone = zones.hits(candidates.geometry.representative_point().to_numpy())
    ids = candidates["id"].astype(str).to_numpy()
    for kind in sorted(set(zones.kinds[zone])):
        mine = zones.kinds[zone] == kind
        texts = [f"{ids[r]} ({zones.ids[z]})" for r, z in zip(row[mine], zone[mine], strict=True)]
        yield _(
            "{n} of {all} candidates are kept off by {kind} and are not used: {ids}",
            n=len(np.unique(row[mine])),
            all=len(candidates),
            kind=kind,
            ids=some(texts),
        )
    partly, zone = zones.hits(candidates.geometry.to_numpy())
    used = ~np.isin(partly, row)
    partly, zone = partly[used], zone[used]
    shares = _shares(candidates.geometry.to_numpy()[partly], zones, zone)
    reach = shares > _TOUCHES
    for kind in sorted(set(zones.kinds[zone[reach]])):
        mine = reach & (zones.kinds[zone] == kind)
        texts = [f"{ids[r]} ({zones.ids[z]}, {share:.0%})" for r, z, share in zip(partly[mine], zone[mine], shares[mine], strict=True)]  # fmt: skip
        yield _(
            "{n} of {all} candidates reach into what {kind} keeps off and are used, since their middle lies outside: {ids}",
            n=len(np.unique(partly[mine])),
            all=len(candidates),
            kind=kind,
            ids=some(texts),
        )


def _shares(places: npt.NDArray[np.object_], zones: Zones, zone: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the share of each place's area that its zone keeps off, (n,); 0 for points and lines."""
    size, taken = shapely.area(places), np.zeros(len(places))
    outer = zones.outside[zone]
    if outer.any():
        taken[outer] = shapely.area(shapely.difference(places[outer], shapely.union_all(zones.shapes[zones.outside])))
    own, which = np.unique(zone[~outer], return_inverse=True)
    areas = shapely.buffer(zones.shapes[own], zones.buffer_m[own])[which]
    taken[~outer] = shapely.area(shapely.intersection(places[~outer], areas))
    shares: npt.NDArray[np.float64] = np.divide(taken, size, out=np.zeros(len(places)), where=size > 0)
    return shares


def _taken_farmland(farmland: gpd.GeoDataFrame, zones: Zones) -> Iterator[str]:
    shapes = farmland.geometry.to_numpy()
    row, zone = zones.hits(shapes)
    for kind in sorted(set(zones.kinds[zone])):
        rows = np.unique(row[zones.kinds[zone] == kind])
        mine = np.unique(zone[zones.kinds[zone] == kind])
        if zones.outside[mine[0]]:
            taken = shapely.difference(shapes[rows], shapely.union_all(zones.shapes[zones.outside]))
        else:
            area = shapely.union_all(shapely.buffer(zones.shapes[mine], zones.buffer_m[mine]))
            taken = shapely.intersection(shapes[rows], area)
        yield _(
            "{mu:.1f} mu of farmland in {n} rows are kept off by {kind}: no micro-farmland there ({ids})",
            mu=float(shapely.area(taken).sum()) / M2_PER_MU,
            n=len(rows),
            kind=kind,
            ids=some([str(name) for name in farmland["id"].to_numpy()[rows]]),
        )
