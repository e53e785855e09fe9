"""The register that study.toml names, joined to the buildings of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.errors import SettingsError
from siteplan.layers.collection import Source, file_sha256
from siteplan.layers.household_register import ROLE, join_register, read_household_register
from siteplan.messages import _

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from siteplan.layers.repair import Repair
    from siteplan.study.settings import Settings


def with_register(
    vectors: dict[str, gpd.GeoDataFrame], folder: Path, settings: Settings
) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair], dict[str, Source]]:
    """Return the layers with the counts of ``[household_register]`` on the buildings, notes, and where it came from by role.

    Raises
    ------
    SettingsError
        If ``[household_register]`` says how to read, but not what; or there are no buildings.
    LayerError
        As siteplan.layers.household_register.
    """
    entry = settings.household_register
    if not entry.model_fields_set:
        return vectors, [], {}
    if not entry.path or "buildings" not in vectors:
        raise SettingsError(
            _("the register names no file, or there is no layer of buildings to join it to"),
            remedy=_("write path in [household_register], and add [layers.buildings]"),
            path=folder / "study.toml",
            row="[household_register]",
        )
    file = folder / entry.path
    counts, notes = read_household_register(
        file,
        by=entry.by,
        columns=entry.columns,
        one_row_a_household=entry.one_row_a_household,
        sheet=entry.sheet,
        encoding=entry.encoding,
        heading_row=entry.heading_row,
        aliases=settings.aliases,
    )
    buildings, said = join_register(vectors["buildings"], counts, by=entry.by, path=str(file))
    source = Source(path=entry.path, layer=entry.sheet or "", sha256=file_sha256(file), rows=len(counts), crs="")
    return {**vectors, "buildings": buildings}, notes + said, {ROLE: source}
