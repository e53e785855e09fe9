"""A plan on disk: one GeoPackage with a manifest, from which it is read back equal."""

from __future__ import annotations

import dataclasses
import glob
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from siteplan.errors import DataError
from siteplan.messages import _
from siteplan.plans.plan import Plan
from siteplan.plans.scenario import Fund, Phase, Scenario

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.study.study import Study

LAYERS = ("facilities", "demand", "communities")
TABLES = ("works", "payments", "needs", "allocation", "members", "unmet", "recorded", "stages")
OPTIONAL = ("minutes",)
"""Tables that a plan has only where it was asked for them."""
FORMAT = "siteplan plan 3"
_TUPLES = ("types", "required", "forbidden", "objectives", "locked")


def write_plan(plan: Plan, path: str | Path) -> Path:
    """Write ``plan`` as one GeoPackage.

    Parameters
    ----------
    plan : Plan
    path : path
        Ends in ``.gpkg``; an older plan of that name is replaced at the end, whole.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        If the folder is not there or cannot be written to, or the name does not end in ``.gpkg``.
    """
    import pandas as pd
    import pyogrio

    path = Path(path)
    if path.suffix.lower() != ".gpkg":
        raise DataError(_("a plan is written as a GeoPackage"), remedy=_("end its name in .gpkg"), path=path)
    if not path.parent.is_dir():
        raise DataError(_("there is no such folder"), remedy=_("make it first"), path=path.parent)
    draft = path.with_name(f".{path.stem}-{os.getpid()}.gpkg")
    try:
        for name in LAYERS:
            _write(getattr(plan, name), draft, name)
        for name in _tables(plan):
            _write(getattr(plan, name), draft, name)
        manifest = _manifest(plan, path)
        _write(pd.DataFrame({"key": list(manifest), "value": list(manifest.values())}), draft, "manifest")
        draft.replace(path)
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise DataError(
            _("the plan cannot be written: {why}", why=" ".join(str(error).split())),
            remedy=_("check that the folder can be written to, and that no other program holds the file open"),
            path=path,
        ) from error
    finally:
        for left in path.parent.glob(f"{glob.escape(draft.name)}*"):
            left.unlink()
    return path


def read_plan(path: str | Path, study: Study | str | Path | None = None) -> Plan:
    """Read a plan back.

    Parameters
    ----------
    path : path
    study : Study or path, optional
        The study it belongs to; by default the one that the plan names, relative to the plan's file.

    Raises
    ------
    DataError
        If the file is no plan, or its study cannot be found.
    """
    import geopandas as gpd
    import pyogrio

    from siteplan.study.study import Study, open_study

    path = Path(path)
    if path.is_dir():
        raise DataError(_("this is a folder"), remedy=_("name the plan's file in it, such as base.gpkg"), path=path)
    if not path.is_file():
        raise DataError(_("there is no such file"), remedy=_("check the path, or solve the study first"), path=path)
    try:
        present = {str(name) for name, _kind in pyogrio.list_layers(path)}
    except pyogrio.errors.DataSourceError as error:
        raise DataError(
            _("this is no GeoPackage"), remedy=_("give a plan that siteplan has written"), path=path
        ) from error
    missing = sorted({*LAYERS, *TABLES, "manifest"} - present)
    if missing:
        raise DataError(
            _("this is no plan of siteplan: {names} missing", names=", ".join(missing)),
            remedy=_("give a plan that siteplan has written"),
            path=path,
        )
    manifest = pyogrio.read_dataframe(path, layer="manifest", read_geometry=False)
    entries = dict(zip(manifest["key"].astype(str), manifest["value"].astype(str), strict=True))
    if entries.get("format") != FORMAT:
        raise DataError(
            _("the plan is of format {found}, not {known}", found=entries.get("format", "-"), known=FORMAT),
            remedy=_("solve the study again with this version"),
            path=path,
        )
    if not isinstance(study, Study):
        study = open_study(_study_folder(path, entries, study))
    frames: dict[str, Any] = {}
    for name in LAYERS:
        frame = gpd.read_file(path, layer=name)
        frames[name] = frame.set_crs(study.crs, allow_override=True)
    for name in (*TABLES, *(name for name in OPTIONAL if name in present)):
        frames[name] = pyogrio.read_dataframe(path, layer=name, read_geometry=False)
    frames = {name: _typed(frame, entries[f"columns:{name}"]) for name, frame in frames.items()}
    provenance = {key.removeprefix("provenance:"): v for key, v in entries.items() if key.startswith("provenance:")}
    return Plan(study=study, scenario=_scenario(entries["scenario"]), provenance=provenance, **frames)


def _study_folder(path: Path, entries: dict[str, str], given: str | Path | None) -> Path:
    folder = Path(given) if given is not None else Path(os.path.normpath(path.parent / entries["study"]))
    if given is None and not (folder / "study.toml").is_file():
        raise DataError(
            _("the study of this plan is not at {folder}", folder=folder),
            remedy=_("give its folder with --study"),
            path=path,
        )
    return folder


def _tables(plan: Plan) -> tuple[str, ...]:
    return (*TABLES, *(name for name in OPTIONAL if getattr(plan, name) is not None))


def _manifest(plan: Plan, path: Path) -> dict[str, str]:
    folder = plan.study.folder.resolve()
    try:
        study = os.path.relpath(folder, path.resolve().parent)
    except ValueError:  # another drive
        study = str(folder)
    entries = {
        "format": FORMAT,
        "study": Path(study).as_posix(),
        "scenario": json.dumps(dataclasses.asdict(plan.scenario), ensure_ascii=False),
    }
    for name in (*LAYERS, *_tables(plan)):
        frame = getattr(plan, name)
        kinds = {column: _kind(frame[column]) for column in frame.columns if column != "geometry"}
        entries[f"columns:{name}"] = json.dumps(kinds)
    return entries | {f"provenance:{key}": value for key, value in plan.provenance.items()}


def _kind(column: pd.Series[Any]) -> str:
    kind = column.dtype.kind
    return {"f": "float64", "i": "int64", "u": "int64", "b": "bool"}.get(kind, "str")


def _typed(frame: pd.DataFrame, kinds: str) -> pd.DataFrame:
    """Return the frame with the columns and types that were written: a GeoPackage forgets those of an empty table."""
    wanted: dict[str, str] = json.loads(kinds)
    frame = frame[[*wanted, *(["geometry"] if "geometry" in frame.columns else [])]]
    return frame.astype(wanted)


def _scenario(text: str) -> Scenario:
    fields: dict[str, Any] = json.loads(text)
    fields |= {key: tuple(fields[key]) for key in _TUPLES}
    fields["phases"] = tuple(Phase(**phase) for phase in fields["phases"])
    fields["funds"] = tuple(
        Fund(**fund | {"yuan": tuple(fund["yuan"]), "townships": tuple(fund["townships"])}) for fund in fields["funds"]
    )
    return Scenario(**fields)


def _write(frame: Any, path: Path, layer: str) -> None:
    import pyogrio

    more = {"dataset_options": {"VERSION": "1.3"}} if not path.exists() else {}
    pyogrio.write_dataframe(frame, path, layer=layer, driver="GPKG", append=path.exists(), **more)
