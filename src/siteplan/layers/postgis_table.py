"""A table that was read from a database, in Arrow: its rows in one order, its digest, and its frame."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siteplan.messages import _

if TYPE_CHECKING:
    import pyarrow as pa
    from pyproj import CRS

    from siteplan.layers.repair import Place

WKB, SRID = "siteplan wkb", "siteplan srid"
"""Columns of the geometry and of its SRID."""

_EXACT = 2**53
"""Up to here a float64 holds every whole number."""


def by_content(table: pa.Table) -> pa.Table:
    """Return the rows in an order of their content: without ORDER BY a database gives them as it likes."""
    import pyarrow as pa

    rows = pd.util.hash_pandas_object(table.to_pandas(), index=False).to_numpy()
    return table.take(pa.array(np.argsort(rows, kind="stable")))


def to_frame(table: pa.Table, crs: CRS | None, place: Place) -> gpd.GeoDataFrame:
    """Return a table as a frame, without the columns WKB and SRID.

    Raises
    ------
    LayerError
        If a geometry is of a kind that layers do not have.
    """
    try:
        geometry = shapely.from_wkb(table[WKB].to_numpy(zero_copy_only=False))
    except shapely.errors.ShapelyError as error:
        raise place.error(
            _("a geometry is of a kind that layers do not have: {why}", why=" ".join(str(error).split())),
            remedy=_("bring it to points, lines or polygons with a query (ST_CollectionExtract, ST_Dump)"),
        ) from error
    return gpd.GeoDataFrame(_exact(table.drop_columns([WKB, SRID])).to_pandas(), geometry=geometry, crs=crs)


def numbers(table: pa.Table, names: list[str]) -> pa.Table:
    """Return a table whose columns ``names``, numbers written as text, are float64; text where that would round a whole number.

    Departments keep 18-digit codes as ``numeric``, which the database would round on its way to a double.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in names:
        text = pc.replace_substring_regex(table[name], r"\.0+$", "")
        value = pc.cast(text, pa.float64())
        long = pc.and_(pc.greater(pc.abs(value), float(_EXACT)), pc.match_substring_regex(text, r"^-?\d+$"))
        kept = text if pc.any(long).as_py() else value
        table = table.set_column(table.column_names.index(name), name, kept)
    return table


def _exact(table: pa.Table) -> pa.Table:
    """Return a table whose whole numbers survive: with gaps they would become float64, which rounds above 2**53."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for at, name in enumerate(table.column_names):
        column = table[name]
        if not pa.types.is_int64(column.type) or not column.null_count:
            continue
        bounds = pc.min_max(column).as_py()
        if bounds["min"] is not None and max(-bounds["min"], bounds["max"]) > _EXACT:
            table = table.set_column(at, name, pc.cast(column, pa.string()))
    return table


def digest(table: pa.Table) -> str:
    """Return the SHA-256 of a table's content: its columns as CSV, the lengths and bytes of its geometries."""
    import pyarrow as pa
    from pyarrow import csv

    found = hashlib.sha256()
    for batch in table.drop_columns([WKB]).to_batches(max_chunksize=100_000):
        text = pa.BufferOutputStream()
        csv.write_csv(batch, text)
        found.update(text.getvalue())
    for wkb in table[WKB].to_numpy(zero_copy_only=False):
        found.update(len(wkb or b"").to_bytes(8, "little"))
        found.update(wkb or b"")
    return found.hexdigest()
