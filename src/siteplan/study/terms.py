"""What study.toml says about single layers, applied to them once they are in one metric CRS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.layers.divisions import tie_to_townships
from siteplan.layers.exclusions import settle_exclusions
from siteplan.layers.junctions import joined
from siteplan.layers.people import COUNTED_ROLES, settle_people
from siteplan.layers.repair import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siteplan.layers.repair import Repair
    from siteplan.study.settings import Settings


def apply_terms(
    vectors: Mapping[str, gpd.GeoDataFrame], settings: Settings, paths: Mapping[str, str]
) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair]]:
    """Return the vector layers with what study.toml says of them filled in, and notes.

    Parameters
    ----------
    vectors : mapping of str to GeoDataFrame
        By role, all in the study's CRS.
    settings : Settings
    paths : mapping of str to str
        The file of each role, for errors and notes.

    Raises
    ------
    LayerError, SettingsError
        As siteplan.layers.exclusions.settle_exclusions and siteplan.layers.divisions.tie_to_townships.
    """
    found, notes = dict(vectors), []
    if "exclusions" in found:
        place, own = Place(role="exclusions", path=paths.get("exclusions", "")), settings.exclusions
        found["exclusions"], said = settle_exclusions(
            found["exclusions"], place, named=own.kinds, buffers=own.buffer_m, farmland=own.farmland
        )
        notes += said
    if "streets" in found and settings.streets.meet == "crossings":
        place = Place(role="streets", path=paths.get("streets", ""))
        found["streets"], said = joined(found["streets"], settings.streets.gap_m, place)
        notes += said
    demand = settings.demand
    for role in COUNTED_ROLES:
        if role in found:
            place = Place(role=role, path=paths.get(role, ""))
            found[role], said = settle_people(
                found[role],
                place,
                people_are=demand.people_are,
                persons_per_household=demand.persons_per_household,
            )
            notes += said
    places = {role: Place(role=role, path=paths.get(role, "")) for role in found}
    found, said = tie_to_townships(found, places, settings.divisions.changed)
    return found, notes + said
