"""The register that study.toml names, joined to the buildings of the study."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siteplan.errors import SettingsError
from siteplan.layers.collection import Source, file_sha256
from siteplan.layers.household_register import ROLE, join_register, plain_key, read_household_register
from siteplan.layers.repair import Place
from siteplan.layers.validate import stood_twice
from siteplan.messages import _
from siteplan.study.files import named_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd

    from siteplan.layers.repair import Repair
    from siteplan.study.settings import Settings


def with_register(
    vectors: dict[str, gpd.GeoDataFrame], folder: Path, settings: Settings, repairs: Sequence[Repair] = ()
) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair], dict[str, Source]]:
    """Return the layers with the counts of ``[household_register]`` on the buildings, notes, and where it came from by role.

    Raises
    ------
    SettingsError
        If ``[household_register]`` says how to read, but not what; or there are no buildings.
    LayerError
        As siteplan.layers.household_register; or if the register names an id that several buildings had.
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
    with named_in("household_register", ROLE):
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
    made = stood_twice(repairs, "buildings", vectors["buildings"]["id"]) if entry.by == "id" else {}
    for old, new in made.items():
        if plain_key(old) in counts.index:
            raise Place(role=ROLE, path=str(file)).error(
                _("several buildings had the id {old}: is it {old} or {new}?", old=old, new=new),
                remedy=_("give the buildings ids of their own in the file, and correct the register"),
                row=str(counts.loc[plain_key(old), "row"]),
            )
    buildings, said = join_register(vectors["buildings"], counts, by=entry.by, path=str(file))
    source = Source(path=entry.path, layer=entry.sheet or "", sha256=file_sha256(file), rows=len(counts), crs="")
    return {**vectors, "buildings": buildings}, notes + said, {ROLE: source}
