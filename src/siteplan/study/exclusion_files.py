"""Exclusions that stand in files of their own, one a kind: read alike and laid into the one layer of exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from siteplan.layers.collection import Source, file_sha256
from siteplan.layers.crs import name_of, to_crs
from siteplan.layers.mend_rows import mend_rows
from siteplan.layers.postgis import DatabaseTable
from siteplan.layers.postgis_url import is_database, masked
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place
from siteplan.layers.validate import check_extents
from siteplan.study.databases import check_databases, layer_path, read_database
from siteplan.study.files import file_options, named_in
from siteplan.study.handling import handlings

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from pyproj import CRS

    from siteplan.layers.repair import Repair
    from siteplan.study.settings import LayerSettings, Settings

ROLE = "exclusions"


def with_exclusion_files(
    vectors: dict[str, gpd.GeoDataFrame], folder: Path, settings: Settings, crs: CRS
) -> tuple[dict[str, gpd.GeoDataFrame], list[Repair], dict[str, Source]]:
    """Return the layers with the rows of ``[exclusions.layers.KIND]`` in the layer of exclusions, notes, and where they came from.

    Every row of such a file is of the kind that its table is called by, whatever the file's own columns say. Ids that stand in an
    earlier file already get the kind in front.

    Raises
    ------
    LayerError, SettingsError
        As for any layer; a file that lies nowhere near the others is refused.
    """
    notes: list[Repair] = []
    sources: dict[str, Source] = {}
    frames = [vectors[ROLE]] if ROLE in vectors else []
    for kind, entry in settings.exclusions.layers.items():
        with named_in(f"exclusions.layers.{kind}", ROLE):
            frame, said, source = _read(kind, entry, folder, settings, crs)
        check_extents({**vectors, ROLE: frame}, {}, {ROLE: layer_path(folder, entry)})
        taken = set().union(*(set(other["id"]) for other in frames))
        clash = frame["id"].isin(taken)
        frames.append(frame.assign(id=frame["id"].where(~clash, kind + "-" + frame["id"])))
        notes += said
        sources[f"{ROLE} {kind}"] = source
    if not sources:
        return vectors, [], {}
    return {**vectors, ROLE: pd.concat(frames, ignore_index=True)}, notes, sources


def _read(
    kind: str, entry: LayerSettings, folder: Path, settings: Settings, crs: CRS
) -> tuple[gpd.GeoDataFrame, list[Repair], Source]:
    """Return one file in the study's CRS, every row of ``kind``, with notes and where it came from."""
    check_databases({ROLE: entry}, folder / "study.toml")
    place = Place(role=ROLE, path=layer_path(folder, entry))
    alone = settings.model_copy(update={"layers": {ROLE: entry}})
    handling = handlings(alone)[ROLE]
    source = read_database(ROLE, entry) if is_database(entry.path) else folder / entry.path
    frame, notes = read_layer(
        source,
        ROLE,
        layer=entry.layer,
        columns=entry.columns,
        defaults={"kind": kind, **entry.defaults},
        crs=entry.crs,
        options=file_options(entry, settings),
        handling=handling,
    )
    came = Source(
        path=masked(entry.path),
        layer=entry.layer or "",
        sha256=source.sha256 if isinstance(source, DatabaseTable) else file_sha256(source),
        rows=len(frame),
        crs=name_of(frame.crs),
    )
    moved, more = to_crs(frame.assign(kind=kind), crs, place)
    mended, fixed = mend_rows(moved, handling, place)
    columns = ["id", "name", "kind", "buffer_m", "geometry"]
    return mended[columns], [*notes, *more, *fixed], came
