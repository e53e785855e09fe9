"""A study: what is given."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyproj import CRS

from siteplan.errors import SettingsError, StandardsError
from siteplan.layers.collection import Layers, Source, file_sha256
from siteplan.layers.crs import choose_metric_crs, name_of, to_crs
from siteplan.layers.handling import Handling, placed_raster
from siteplan.layers.landcover import SURVEY
from siteplan.layers.mend_rows import mend_rows
from siteplan.layers.postgis import DatabaseTable
from siteplan.layers.postgis_url import is_database, masked
from siteplan.layers.read import read_layer
from siteplan.layers.repair import Place, Repair
from siteplan.layers.roles import RASTER_ROLES
from siteplan.layers.validate import check_extents, check_inside, check_references
from siteplan.messages import _
from siteplan.standards.facility_types import facility_type
from siteplan.standards.library import Standards, load_standards
from siteplan.study.databases import check_databases, layer_path, read_database
from siteplan.study.exclusion_files import with_exclusion_files
from siteplan.study.files import check_aliases, check_paths, file_options
from siteplan.study.handling import handlings
from siteplan.study.load import load_settings, settings_file
from siteplan.study.rasters import check_raster_keys, study_raster
from siteplan.study.register import with_register
from siteplan.study.terms import apply_terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from siteplan.layers.files import FileOptions
    from siteplan.layers.raster import Raster
    from siteplan.study.settings import LayerSettings, Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """What is given: layers, standards and settings. Frozen; :meth:`but` gives a changed copy.

    Parameters
    ----------
    folder : Path
        Where study.toml and its layers are.
    settings : Settings
        study.toml.
    layers : Layers
        In one metric CRS.
    standards : Standards
        The rules of the chosen profiles.

    Raises
    ------
    LayerError
        If candidates or facilities are of an unknown type.
    """

    folder: Path
    settings: Settings
    layers: Layers
    standards: Standards

    def __post_init__(self) -> None:
        """Refuse facility types that nobody knows: nothing later would say that they are left out."""
        _check_types(self.folder, self.layers)

    @property
    def name(self) -> str:
        """Name of the study; the folder's where study.toml gives none."""
        return self.settings.study.name or self.folder.resolve().name

    @property
    def crs(self) -> CRS:
        """The metric CRS of its vector layers."""
        return self.layers.crs

    def but(self, **changes: Any) -> Study:
        """Return a copy with ``changes``."""
        return dataclasses.replace(self, **changes)

    def __repr__(self) -> str:
        """Return name, layers, CRS and profiles."""
        rows = [f"  {role:<12} {len(frame):>8,}" for role, frame in self.layers.vectors.items()]
        rows += [f"  {role:<12} {raster.width:,} x {raster.height:,}" for role, raster in self.layers.rasters.items()]
        profiles = ", ".join([*self.settings.standards.profiles, "national"])
        head = f"Study {self.name!r} ({name_of(self.crs)}; standards: {profiles})"
        return "\n".join([head, *rows])


def open_study(path: str | Path) -> Study:
    """Open a study folder: read, check and reproject its layers, and load its standards.

    Parameters
    ----------
    path : path
        The folder, or its study.toml.

    Raises
    ------
    SettingsError
        If study.toml cannot be used.
    LayerError
        If a layer cannot be used, or the layers do not fit one another.
    StandardsError
        If a profile or a rule cannot be used.
    """
    file = settings_file(path)
    settings = load_settings(file)
    folder = file.parent
    check_paths(folder, settings, file)
    check_aliases(settings, file)
    standards = _standards(file, settings)
    layers = read_layers(folder, settings)
    return Study(folder=folder, settings=settings, layers=layers, standards=standards)


def _standards(file: Path, settings: Settings) -> Standards:
    """Return the rules of the study, once its facility types are known ones; errors name study.toml where no other file is at fault."""
    chosen, row = settings.standards, "[scenario] types"
    try:
        for key in settings.scenario.types:
            facility_type(key)
        row = "[standards]"
        return load_standards(chosen.profiles, [file.parent / name for name in chosen.files], chosen.rules)
    except StandardsError as error:
        if error.path is not None:
            raise
        raise StandardsError(error.problem, remedy=error.remedy, path=file, row=error.row or row) from error


def _check_types(folder: Path, layers: Layers) -> None:
    """Refuse candidates and facilities of unknown facility types.

    Raises
    ------
    LayerError
        Naming the first row.
    """
    for role, column in (("candidates", "types"), ("facilities", "type")):
        frame = layers.get(role)
        if frame is None or column not in frame:
            continue
        for ident, words in zip(frame["id"], frame[column], strict=True):
            several = [key.strip() for key in str(words or "").split(";") if key.strip()]
            try:
                for key in several if role == "candidates" else [str(words)]:
                    facility_type(key)
            except StandardsError as error:
                path = layers.sources[role].where(folder) if role in layers.sources else ""
                place = Place(role=role, path=path)
                raise place.error(error.problem, remedy=error.remedy, row=f"{ident}, {column}") from error


def read_layers(folder: Path, settings: Settings) -> Layers:
    """Read every layer that the settings name, once each, into one metric CRS.

    Raises
    ------
    SettingsError
        If there are no layers, or the wanted CRS is not metric.
    LayerError
        If a layer cannot be used, or the layers do not fit one another.
    """
    if not set(settings.layers) - set(RASTER_ROLES):
        raise SettingsError(
            _("the study names no vector layer"),
            remedy=_("add at least one: {lines}", lines='[layers.buildings] path = "..."'),
            path=folder / "study.toml",
        )
    check_databases(settings.layers, folder / "study.toml")
    check_raster_keys(settings.layers, folder / "study.toml")
    handled = handlings(settings)
    rasters, repairs = _rasters(folder, settings, handled)
    raw: dict[str, gpd.GeoDataFrame] = {}
    contents: dict[str, str] = {}
    for role, entry in settings.layers.items():
        if role not in RASTER_ROLES:
            source = read_database(role, entry) if is_database(entry.path) else folder / entry.path
            raw[role], found = _read(source, role, entry, handled[role], file_options(entry, settings))
            repairs += found
            if isinstance(source, DatabaseTable):
                contents[role] = source.sha256
    paths = {role: layer_path(folder, entry) for role, entry in settings.layers.items()}
    check_extents(raw, rasters, paths)
    crs = choose_metric_crs(raw, settings.study.crs)
    vectors: dict[str, gpd.GeoDataFrame] = {}
    for role, frame in raw.items():
        place = Place(role=role, path=paths[role])
        moved, found = to_crs(frame, crs, place)
        mended, fixed = mend_rows(moved, handled[role], place)
        vectors[role], filled = _with_setting(mended, settings.study.setting, place)
        repairs += found + fixed + filled
    vectors, added, more_sources = with_exclusion_files(vectors, folder, settings, crs)
    vectors, joined, registers = with_register(vectors, folder, settings, repairs)
    vectors, said = apply_terms(vectors, settings, paths)
    repairs += added + joined + said
    vectors, left_out = check_inside(vectors, paths, handled)
    repairs += left_out
    check_references(vectors, paths, repairs)
    sources = _sources(folder, settings, raw, rasters, contents)
    sources = {
        role: dataclasses.replace(one, datum=_datum_of(role, repairs)) for role, one in sources.items()
    } | more_sources
    sources |= registers
    return Layers(crs=crs, vectors=vectors, rasters=rasters, sources=sources, repairs=tuple(repairs))


def _rasters(
    folder: Path, settings: Settings, handled: Mapping[str, Handling]
) -> tuple[dict[str, Raster], list[Repair]]:
    """Return the rasters, each at its place on WGS 84 or CGCS2000."""
    rasters, notes = {}, []
    for role, entry in settings.layers.items():
        if role in RASTER_ROLES:
            raster = study_raster(folder, role, entry)
            rasters[role], said = placed_raster(raster, handled[role], Place(role=role, path=str(raster.path)))
            notes += [*raster.notes, *said]
    return rasters, notes


def _datum_of(role: str, repairs: Sequence[Repair]) -> str:
    """Return the datum from which the notes say that a layer was taken; "" where there is none."""
    told = (repair.original or {} for repair in repairs if repair.role == role and repair.kind == "note")
    return next((str(original["datum"]) for original in told if "datum" in original), "")


def _read(
    source: Path | DatabaseTable, role: str, entry: LayerSettings, handling: Handling, options: FileOptions
) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    return read_layer(
        source,
        role,
        layer=entry.layer,
        columns=entry.columns,
        defaults=entry.defaults,
        crs=entry.crs,
        options=options,
        handling=handling,
    )


def _with_setting(frame: gpd.GeoDataFrame, setting: str | None, place: Place) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return the layer with the study's ``setting`` where a row says none, and notes on what is missing."""
    if place.role not in ("sites", "communities"):
        return frame, []
    notes = []
    missing = int(frame["setting"].isna().sum())
    if missing and setting is not None:
        frame = frame.assign(setting=frame["setting"].fillna(setting))
        notes.append(
            place.note(_("setting of {n} rows taken as {setting}, as [study] says", n=missing, setting=setting))
        )
    elif missing:
        what = _(
            "{n} rows do not say whether they are urban or rural: rules for one of the two do not reach them", n=missing
        )
        notes.append(place.note(what))
    unbuilt = int(frame["construction"].isna().sum())
    if unbuilt:
        what = _(
            "{n} rows do not say whether they are new or existing: rules for one of the two do not reach them",
            n=unbuilt,
        )
        notes.append(place.note(what))
    return frame, notes


def _sources(
    folder: Path,
    settings: Settings,
    vectors: dict[str, gpd.GeoDataFrame],
    rasters: dict[str, Raster],
    contents: dict[str, str],
) -> dict[str, Source]:
    """Return where each layer came from; ``contents`` are the SHA-256 of those that came from databases."""
    digests: dict[Path, str] = {}
    sources = {}
    for role, entry in settings.layers.items():
        file = folder / entry.path
        if role not in contents and file not in digests:
            digests[file] = file_sha256(file)
        sources[role] = Source(
            path=masked(entry.path),
            layer=entry.layer or (role if role in contents and entry.query is None else ""),
            sha256=contents[role] if role in contents else digests[file],
            rows=0 if role in rasters else len(vectors[role]),
            crs=name_of(CRS(rasters[role].crs if role in rasters else vectors[role].crs)),
        )
        if entry.classes not in {None, SURVEY}:  # what the raster's numbers mean changes a plan as much as they do
            table = str(entry.classes)
            sources[f"{role} classes"] = Source(
                path=table, layer="", sha256=file_sha256(folder / table), rows=0, crs=""
            )
    return sources
