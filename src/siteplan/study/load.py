"""Read study.toml, and say in a planner's words what is wrong in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from siteplan.errors import SettingsError
from siteplan.layers.names import nearest
from siteplan.layers.postgis_url import masked
from siteplan.layers.roles import RASTER_ROLES, ROLES
from siteplan.messages import _
from siteplan.standards.library import Override
from siteplan.study.settings import DatumSettings, LayerSettings, Settings

FILE = "study.toml"
"""Name of the settings in a study's folder."""


def settings_file(path: str | Path) -> Path:
    """Return the study.toml that ``path`` means: the file itself, or the one in that folder.

    Raises
    ------
    SettingsError
        If there is none.
    """
    path = Path(path)
    file = path / FILE if path.is_dir() else path
    if file.is_file():
        return file
    near = nearest(path.name, sorted(other.name for other in file.parent.iterdir())) if file.parent.is_dir() else None
    remedy = _("name the folder that holds study.toml, or make one with siteplan new or siteplan demo")
    if near is not None:
        remedy += _("; ") + _("the nearest name in {folder} is {near}", folder=file.parent, near=near)
    raise SettingsError(_("there is no study here"), remedy=remedy, path=file)


def load_settings(path: str | Path) -> Settings:
    """Read and check a study.toml.

    Parameters
    ----------
    path : path
        The file, or the folder that holds it.

    Raises
    ------
    SettingsError
        If it is missing, no TOML, or holds an unknown key or a value of the wrong kind; it names file, table and key.
    """
    file = settings_file(path)
    return parse_settings(_toml(file), file)


def parse_settings(data: dict[str, Any], file: str | Path = FILE) -> Settings:
    """Check the content of a study.toml.

    Raises
    ------
    SettingsError
        As :func:`load_settings`.
    """
    roles = [*ROLES, *RASTER_ROLES]
    layers = data.get("layers")
    for role in layers if isinstance(layers, dict) else ():
        if role not in roles:
            raise SettingsError(
                _("no layer role {role}", role=f'"{role}"'),
                remedy=_(
                    "did you mean {near}? The roles are {roles}",
                    near=f'"{nearest(role, roles)}"',
                    roles=", ".join(roles),
                ),
                path=file,
                row=f"[layers.{role}]",
            )
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        raise _refused(error, file) from error
    both = sorted(set(settings.scenario.required) & set(settings.scenario.forbidden))
    if both:
        raise SettingsError(
            _("sites both required and forbidden: {sites}", sites=", ".join(both)),
            remedy=_("take them out of one of the two"),
            path=file,
            row="[scenario]",
        )
    return settings


def _toml(file: Path) -> dict[str, Any]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            _("the file is not UTF-8"),
            remedy=_("save it again with encoding UTF-8 (Notepad: Save as, encoding)"),
            path=file,
        ) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        number = int(found.group(1)) if found else text.count("\n") + 1
        line = (text.splitlines() or [""])[min(number, len(text.splitlines())) - 1].strip()
        remedy = _("correct this line: {line}", line=masked(line))
        if re.search(r"[^\x00-\x7f]", re.sub(r'"[^"]*"|\'[^\']*\'|#.*', "", line)):
            remedy += _("; ") + _('Chinese must stand in quotes, keys too: "户数" = "households"')
        raise SettingsError(
            _("no valid TOML: {why}", why=str(error)), remedy=remedy, path=file, row=_("line {n}", n=number)
        ) from error


def _refused(error: ValidationError, file: str | Path) -> SettingsError:
    """Return what pydantic found first, as an error of ours."""
    first = error.errors()[0]
    loc = [str(part) for part in first["loc"]]
    model, depth = _model_at(loc)
    table, key = ".".join(loc[:depth]), ".".join(loc[depth:] or loc)
    row = f"[{table}]" if table else None
    if first["type"] == "extra_forbidden":
        known = list(model.model_fields)
        return SettingsError(
            _("unknown key {key}", key=f'"{key}"'),
            remedy=_(
                "did you mean {near}? Known here: {known}", near=f'"{nearest(key, known)}"', known=", ".join(known)
            ),
            path=file,
            row=row,
        )
    if first["type"] == "missing":
        return SettingsError(
            _("{key} is missing", key=key), remedy=_("write {line}", line=f'{key} = "..."'), path=file, row=row
        )
    return SettingsError(
        _(
            "{key} = {value}: {why}",
            key=key,
            value=masked(repr(first["input"])),
            why=first["msg"].removeprefix("Value error, "),
        ),
        remedy=_("correct {key}", key=key),
        path=file,
        row=row,
    )


def _model_at(loc: list[str]) -> tuple[type[BaseModel], int]:
    """Return the model of the table in which ``loc`` stands, and how many parts of ``loc`` name that table."""
    if loc[0] == "layers" and len(loc) > 2:  # noqa: PLR2004 - layers, ROLE, key
        return LayerSettings, 2
    if loc[:2] == ["exclusions", "layers"] and len(loc) > 3:  # noqa: PLR2004 - exclusions, layers, KIND, key
        return LayerSettings, 3
    if loc[0] == "datums" and len(loc) > 1:
        return DatumSettings, 2
    if loc[:2] == ["standards", "rules"] and len(loc) > 3:  # noqa: PLR2004 - standards, rules, ID, key
        return Override, 3
    field = Settings.model_fields.get(loc[0])
    kind = field.annotation if field is not None else None
    if len(loc) > 1 and isinstance(kind, type) and issubclass(kind, BaseModel) and not get_args(kind):
        return kind, 1
    return Settings, 0 if len(loc) == 1 else len(loc) - 1
