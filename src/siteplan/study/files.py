"""The files that study.toml names: where they may lie, and how they are to be read."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from siteplan.errors import LayerError, SettingsError
from siteplan.layers.aliases import PLACES
from siteplan.layers.columns import ID
from siteplan.layers.files import FileOptions
from siteplan.layers.landcover import SURVEY
from siteplan.layers.names import nearest
from siteplan.layers.postgis_url import is_address, is_database
from siteplan.layers.roles import ROLES
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.study.settings import LayerSettings, Settings


def file_options(entry: LayerSettings, settings: Settings) -> FileOptions:
    """Return how the file of one layer is to be read."""
    return FileOptions(
        encoding=entry.encoding,
        heading_row=entry.heading_row,
        unplaced=entry.unplaced,
        aliases=settings.aliases,
    )


@contextmanager
def named_in(table: str, role: str) -> Iterator[None]:
    """Let errors say ``[table]``, where a file that is no layer is named, for ``[layers.role]``.

    Raises
    ------
    LayerError
        That which was raised inside, with the table in its remedy.
    """
    try:
        yield
    except LayerError as error:
        remedy = error.remedy.replace(f"[layers.{role}]", f"[{table}]")
        raise LayerError(error.problem, remedy=remedy, path=error.path, row=error.row) from error


def check_paths(folder: Path, settings: Settings, file: Path) -> None:
    """Refuse relative paths that lead out of the study's folder, by ``..`` or by a link, and addresses of databases where none is read.

    A study is passed on as a folder; what it names by a relative path has to be in it. A file elsewhere is named by its
    absolute path, which anybody can see (docs/decisions/0016-formats.md).

    Parameters
    ----------
    folder : Path
        Of the study.
    settings : Settings
        Its settings.
    file : Path
        The study.toml, for the error.

    Raises
    ------
    SettingsError
        Naming the key.
    """
    named = {
        f"[layers.{role}] path": entry.path for role, entry in settings.layers.items() if not is_database(entry.path)
    }
    tables = {role: entry.classes for role, entry in settings.layers.items() if entry.classes not in {None, SURVEY}}
    named |= {f"[layers.{role}] classes": str(name) for role, name in tables.items()}
    named |= {
        f"[exclusions.layers.{kind}] path": entry.path
        for kind, entry in settings.exclusions.layers.items()
        if not is_database(entry.path)
    }
    named |= {"[household_register] path": settings.household_register.path} if settings.household_register.path else {}
    named |= {f"[standards] files, {k}": name for k, name in enumerate(settings.standards.files, start=1)}
    home = folder.resolve()
    for row, name in named.items():
        if is_address(name):
            raise SettingsError(
                _(
                    "this is the address of a database, and not read here"
                ),  # it is not shown: a password may stand in it
                remedy=_(
                    "the path of a layer of rows may be postgresql://USER@HOST:5432/DATABASE; whatever else is in a database, export as a file"
                ),
                path=file,
                row=row,
            )
        if Path(name).is_absolute():
            continue
        try:
            there = (folder / name).resolve()
        except (OSError, RuntimeError, ValueError):  # a ring of links, a zero byte in the name
            there = None
        if there is None or not there.is_relative_to(home):
            raise SettingsError(
                _("{path} leads out of the study's folder", path=name),
                remedy=_("copy the file into the folder, or write its absolute path ({path})", path=there or "-"),
                path=file,
                row=row,
            )


def check_aliases(settings: Settings, file: Path) -> None:
    """Refuse headings under ``[aliases]`` for a column that no role has.

    Raises
    ------
    SettingsError
        Naming the nearest column.
    """
    known = {ID.name, *PLACES, *(column.name for role in ROLES.values() for column in role.columns)}
    for name in settings.aliases:
        if name not in known:
            raise SettingsError(
                _("no role has a column {column}", column=name),
                remedy=_("did you mean {near}? siteplan headings lists the columns", near=nearest(name, sorted(known))),
                path=file,
                row=f"[aliases] {name}",
            )
