"""From study.toml to how each layer is handled, and the rows that this leaves out of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.layers.handling import Handling
from siteplan.layers.shift import Shift

if TYPE_CHECKING:
    from siteplan.study.settings import Settings


def handlings(settings: Settings) -> dict[str, Handling]:
    """Return how each layer of a study is handled, by role."""
    shifts = {
        str(name): Shift(
            towgs84=entry.towgs84,
            convention=entry.convention or "position_vector",
            pipeline=entry.pipeline,
            source=entry.source,
        )
        for name, entry in settings.datums.items()
    }
    return {
        role: Handling(
            datum=entry.datum,
            shifts=shifts,
            override_crs=entry.override_crs,
            units=entry.units,
            repair=entry.repair,
            keep=entry.keep,
        )
        for role, entry in settings.layers.items()
    }
