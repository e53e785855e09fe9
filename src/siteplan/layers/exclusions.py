"""Exclusions as siting and farmland look at them: what each row keeps off, with its buffer, on which side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely

from siteplan.errors import SettingsError
from siteplan.layers.exclusion_kinds import EXCLUSION_KINDS, ExclusionKind, kind_of, same_kind
from siteplan.layers.names import nearest
from siteplan.messages import _
from siteplan.units import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import numpy.typing as npt

    from siteplan.layers.repair import Place, Repair

READ_AS, FARMLAND_RULE = "read_as", "farmland_rule"
"""Columns that :func:`settle_exclusions` adds: the known kind of a row, and whether plots are kept off it."""

AREA = 2
"""Dimension of a geometry that has an area."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Zones:
    """What keeps off one use of the land.

    Parameters
    ----------
    ids, kinds : (n_zones,) object
        Id and kind of each row, as the layer writes them.
    shapes : (n_zones,) object
        As drawn, in the study's CRS.
    buffer_m : (n_zones,) float64
        Metres around the shape that are kept off too: less than so many metres away is kept off, exactly so many is not.
    outside : (n_zones,) bool
        What lies outside all of these rows together is kept off, instead of what lies inside.
    """

    ids: npt.NDArray[np.object_]
    kinds: npt.NDArray[np.object_]
    shapes: npt.NDArray[np.object_]
    buffer_m: npt.NDArray[np.float64]
    outside: npt.NDArray[np.bool_]

    def hits(self, places: npt.NDArray[np.object_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return which places are kept off by which zone: rows of ``places`` and of the zones, in order of the places.

        A place that touches a zone is in it. A place outside the areas where something is allowed is hit by the first of these areas.

        Parameters
        ----------
        places : (n,) object
            Points, lines or polygons in the same CRS.
        """
        inside = np.flatnonzero(~self.outside)
        found = [np.zeros((2, 0), dtype=np.int64)]
        if len(inside) and len(places):
            tree, reach = shapely.STRtree(places), self.buffer_m[inside]
            zone, place = tree.query(self.shapes[inside], predicate="intersects")
            found.append(np.vstack([place, inside[zone]]))
            wide = np.flatnonzero(reach > 0)
            less = np.nextafter(reach[wide] * (1 - TOLERANCE), 0.0)  # the buffer is open at its end
            zone, place = tree.query(self.shapes[inside[wide]], predicate="dwithin", distance=less)
            found.append(np.vstack([place, inside[wide[zone]]]))
        allowed = np.flatnonzero(self.outside)
        if len(allowed) and len(places):
            whole = shapely.union_all(self.shapes[allowed])
            shapely.prepare(whole)
            out = np.flatnonzero(~shapely.covers(whole, places))
            found.append(np.vstack([out, np.full(len(out), allowed[0])]))
        pairs = np.unique(np.concatenate(found, axis=1), axis=1)
        return pairs[0].astype(np.int64), pairs[1].astype(np.int64)

    def reasons(self, places: npt.NDArray[np.object_]) -> list[str]:
        """Return for each place what keeps it off, ``"z1 (flood), z7 (水源地)"``; empty where nothing does."""
        told: list[list[str]] = [[] for _place in range(len(places))]
        for place, zone in zip(*self.hits(places), strict=True):
            told[place].append(f"{self.ids[zone]} ({self.kinds[zone]})")
        return [", ".join(texts) for texts in told]

    def kinds_at(self, places: npt.NDArray[np.object_]) -> list[str]:
        """Return for each place the kinds that keep it off, ``"flood, 水源地"``; empty where none does."""
        told: list[set[str]] = [set() for _place in range(len(places))]
        for place, zone in zip(*self.hits(places), strict=True):
            told[place].add(str(self.kinds[zone]))
        return [", ".join(sorted(names)) for names in told]


def keep_off(layer: gpd.GeoDataFrame | None, use: Literal["siting", "farmland"] = "siting") -> Zones:
    """Return the zones of the layer of exclusions that keep off ``use``.

    A kind that is not known keeps off everything inside of it. A layer that was not settled is read with kinds alone: no buffer.

    Parameters
    ----------
    layer : GeoDataFrame or None
        Columns id, kind; those of :func:`settle_exclusions` where it has been settled.
    use : {"siting", "farmland"}
    """
    if layer is None or not len(layer):
        nothing = np.zeros(0, dtype=object)
        return Zones(
            ids=nothing, kinds=nothing, shapes=nothing, buffer_m=np.zeros(0), outside=np.zeros(0, dtype=np.bool_)
        )
    known = _known(layer)
    if use == "siting":
        barred = np.array([kind is None or kind.siting == "barred" for kind in known])
    else:
        barred = _farmland_rules(layer, known) == "barred"
    outside = np.array([kind is not None and kind.bars == "outside" for kind in known])
    buffer_m = pd.to_numeric(layer["buffer_m"]).fillna(0.0) if "buffer_m" in layer else pd.Series(0.0, layer.index)
    return Zones(
        ids=layer["id"].astype(str).to_numpy(dtype=object)[barred],
        kinds=layer["kind"].astype(str).to_numpy(dtype=object)[barred],
        shapes=layer.geometry.to_numpy()[barred],
        buffer_m=buffer_m.to_numpy(dtype=np.float64)[barred],
        outside=outside[barred],
    )


def of_kind(layer: gpd.GeoDataFrame, kind: str) -> npt.NDArray[np.bool_]:
    """Tell which rows of the layer of exclusions are of the kind that a rule names, (n,) bool (exclusion_kinds.same_kind)."""
    keys = layer[READ_AS] if READ_AS in layer else pd.Series("", layer.index)
    texts = layer["kind"].astype(str)
    return np.array([same_kind(kind, text, str(key)) for text, key in zip(texts, keys, strict=True)], dtype=np.bool_)


def _known(layer: gpd.GeoDataFrame) -> list[ExclusionKind | None]:
    """Return the kind of each row: as study.toml has it, else as its word says."""
    texts = layer["kind"].astype(str)
    keys = layer[READ_AS] if READ_AS in layer else pd.Series("", layer.index)
    return [EXCLUSION_KINDS.get(str(key)) or kind_of(text) for key, text in zip(keys, texts, strict=True)]


def _farmland_rules(layer: gpd.GeoDataFrame, known: list[ExclusionKind | None]) -> npt.NDArray[np.object_]:
    usual = np.array(["barred" if kind is None else kind.farmland for kind in known], dtype=object)
    if FARMLAND_RULE not in layer:
        return usual
    own = layer[FARMLAND_RULE].to_numpy(dtype=object)
    return np.where(pd.isna(own), usual, own)


def settle_exclusions(
    layer: gpd.GeoDataFrame,
    place: Place,
    *,
    named: Mapping[str, str],
    buffers: Mapping[str, float],
    farmland: Mapping[str, str],
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return the layer with the known kind, the buffer and the farmland rule of every row, and notes on each kind.

    Parameters
    ----------
    layer : GeoDataFrame
        Role exclusions, metric CRS.
    place : Place
        What errors and notes name.
    named : mapping of str to str
        The layer's words to keys of EXCLUSION_KINDS.
    buffers : mapping of str to float
        Metres, by key or by the layer's word, for rows without ``buffer_m``.
    farmland : mapping of str to str
        barred or open, by key or by the layer's word.

    Raises
    ------
    LayerError
        If a row drawn as point or line has no buffer, or an area inside of which is allowed is none, or has one.
    SettingsError
        If a mapping names a kind that neither siteplan nor the layer knows.
    """
    texts = layer["kind"].astype(str)
    for table, keys in (("kinds", named.values()), ("buffer_m", buffers), ("farmland", farmland)):
        known = list(EXCLUSION_KINDS) if table == "kinds" else [*EXCLUSION_KINDS, *texts.unique()]
        _check_keys(table, list(keys), known)
    keys = texts.map(lambda text: getattr(kind_of(text, named), "key", ""))
    buffer_m = layer["buffer_m"] if "buffer_m" in layer else pd.Series(np.nan, layer.index)
    said = [buffers.get(text, buffers.get(key, np.nan)) for text, key in zip(texts, keys, strict=True)]
    buffer_m = buffer_m.fillna(pd.Series(said, layer.index, dtype=np.float64))
    usual = {key: kind.farmland for key, kind in EXCLUSION_KINDS.items()}
    rule = [
        farmland.get(text, farmland.get(key, usual.get(key, "barred"))) for text, key in zip(texts, keys, strict=True)
    ]
    settled = layer.assign(
        **{READ_AS: keys.astype("str"), FARMLAND_RULE: pd.Series(rule, layer.index, dtype="str")}, buffer_m=buffer_m
    )
    _check_shapes(settled, place)
    notes = _notes(settled, place)
    return settled.assign(buffer_m=buffer_m.fillna(0.0)), notes


def _check_keys(table: str, keys: list[str], known: list[str]) -> None:
    for key in keys:
        if key not in known:
            raise SettingsError(
                _("no kind of exclusion {name}", name=f'"{key}"'),
                remedy=_(
                    "did you mean {near}? Known are {known}", near=f'"{nearest(key, known)}"', known=", ".join(known)
                ),
                path="study.toml",
                row=f"[exclusions] {table}",
            )


def _check_shapes(layer: gpd.GeoDataFrame, place: Place) -> None:
    """Refuse rows without extent and buffer, and buffers or lines where the inside is allowed."""
    outside = layer[READ_AS].map(lambda key: key in EXCLUSION_KINDS and EXCLUSION_KINDS[key].bars == "outside")
    flat = shapely.get_dimensions(layer.geometry.to_numpy()) < AREA
    bare = np.flatnonzero(flat & layer["buffer_m"].isna().to_numpy() & ~outside.to_numpy())
    if len(bare):
        kind = str(layer["kind"].iloc[bare[0]])
        raise place.error(
            _("{n} rows are drawn as points or lines and have no buffer: they keep off nothing", n=len(bare)),
            remedy=_(
                "give metres in a column buffer_m (缓冲距离; 0: only rules measure from it), or in study.toml: {lines}",
                lines=f'[exclusions] buffer_m = {{ "{kind}" = ... }}',
            ),
            row=str(layer["id"].iloc[bare[0]]),
        )
    wrong = np.flatnonzero(outside.to_numpy() & (flat | (layer["buffer_m"] > 0).to_numpy()))
    if len(wrong):
        raise place.error(
            _("{kind} allows what lies inside: it must be an area without buffer", kind=layer["kind"].iloc[wrong[0]]),
            remedy=_("draw it as a polygon, and take buffer_m away"),
            row=str(layer["id"].iloc[wrong[0]]),
        )


def _notes(layer: gpd.GeoDataFrame, place: Place) -> list[Repair]:
    """Return one note a word of the layer: what it was read as, and what it keeps off."""
    notes = []
    for text, rows in layer.groupby("kind", sort=True):
        kind = EXCLUSION_KINDS.get(str(rows[READ_AS].iloc[0]))
        metres = rows["buffer_m"].fillna(0.0)
        values = {
            "n": len(rows),
            "kind": text,
            "metres": f"{metres.min():g}" if metres.min() == metres.max() else f"{metres.min():g} - {metres.max():g}",
            "farmland": _("no micro-farmland") if (rows[FARMLAND_RULE] == "barred").all() else _("micro-farmland may"),
        }
        if kind is None:
            what = _("{n} rows {kind}: no kind that siteplan knows; nothing is sited inside, {farmland}", **values)
        elif kind.bars == "outside":
            what = _("{n} rows {kind}: read as {name}; nothing is sited outside of them", name=kind.label, **values)
        elif kind.siting == "open":
            what = _("{n} rows {kind}: read as {name}; facilities may be sited there", name=kind.label, **values)
        elif not metres.max() > 0:
            what = _("{n} rows {kind}: read as {name}; nothing is sited inside, {farmland}", name=kind.label, **values)
        else:
            what = _(
                "{n} rows {kind}: read as {name}; nothing is sited inside or within the buffer of {metres} m, {farmland}",
                name=kind.label,
                **values,
            )
        notes.append(place.note(what))
    return notes
