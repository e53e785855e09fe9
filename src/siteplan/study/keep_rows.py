"""Rows that repairs must leave as they are: written into study.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomlkit

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.study.load import load_settings, parse_settings, settings_file
from siteplan.study.repair_log import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def keep_rows(path: Path, role: str, rows: Sequence[str]) -> list[str]:
    """Add rows to ``keep`` of a layer in study.toml, so that no repair changes them or leaves them out any more.

    Comments and the order of study.toml stay.

    Parameters
    ----------
    path : Path
        The study's folder, or its study.toml.
    role : str
        The layer.
    rows : sequence of str
        Ids.

    Returns
    -------
    list of str
        All rows that are kept now.

    Raises
    ------
    UsageError
        If the study has no such layer.
    SettingsError
        If study.toml cannot be used.
    DataError
        If it cannot be written.
    """
    file = settings_file(path)
    settings = load_settings(file)
    if role not in settings.layers:
        raise UsageError(
            _("the study has no layer {role}: it has {layers}", role=role, layers=", ".join(settings.layers))
        )
    document = tomlkit.parse(file.read_bytes().decode("utf-8-sig"))
    kept = list(dict.fromkeys([*settings.layers[role].keep, *rows]))
    document["layers"][role]["keep"] = kept
    text = tomlkit.dumps(document)
    parse_settings(tomlkit.parse(text).unwrap(), file)
    write_whole(file, text.encode())
    return kept
