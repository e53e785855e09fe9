"""``siteplan headings``: which headings and words of Chinese files stand for which columns and values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from siteplan.cli.roles import role_name
from siteplan.errors import UsageError
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Entry(NamedTuple):
    """A heading, and the column that it stands for; no role: in every layer that has the column."""

    role: str
    column: str
    heading: str
    source: str


@click.command("headings")
@click.option("--role", help="Only the headings that layers of this role may have.")
@click.option(
    "--study",
    type=click.Path(path_type=Path),
    help="Also those under [aliases] of this study (a folder with study.toml).",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def headings_command(role: str | None, study: Path | None, as_json: bool) -> None:
    """List the headings and words by which columns and values are recognised, so that they can be reviewed."""
    from siteplan.layers.aliases import words
    from siteplan.layers.roles import ROLES

    if role is not None and role not in ROLES:
        raise UsageError(_("no layer role {role}; the roles are {roles}", role=role, roles=", ".join(ROLES)))
    own = {} if study is None else _own(study)
    entries = [entry for entry in _entries(own) if role is None or entry.role in {"", role}]
    if as_json:
        found = {
            "headings": [entry._asdict() for entry in entries],
            "words": [entry._asdict() for entry in words()],
        }
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    _print(entries)


def _own(study: Path) -> Mapping[str, tuple[str, ...]]:
    from siteplan.study.files import check_aliases
    from siteplan.study.load import load_settings, settings_file

    settings = load_settings(study)
    check_aliases(settings, settings_file(study))
    return settings.aliases


def _entries(own: Mapping[str, tuple[str, ...]]) -> Iterator[Entry]:
    """Yield the study's own headings, then the columns' Chinese names, then those of headings.csv."""
    from siteplan.layers.aliases import headings
    from siteplan.layers.columns import ID
    from siteplan.layers.roles import ROLES

    for column, names in own.items():
        yield from (Entry("", column, name, "study.toml") for name in names)
    yield Entry("", ID.name, ID.zh, "contract")
    for role in ROLES.values():
        yield from (Entry(role.name, column.name, column.zh, "contract") for column in role.columns if column.zh)
    yield from (Entry(entry.role, entry.column, entry.heading, "headings.csv") for entry in headings())


def _print(entries: list[Entry]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from siteplan.layers.aliases import words

    console = Console()
    by_column: dict[tuple[str, str], list[str]] = {}
    for entry in entries:
        by_column.setdefault((entry.role, entry.column), []).append(entry.heading)
    table = Table(title=escape(_("Headings and the columns that they stand for")))
    for heading in (_("layer"), _("column"), _("headings")):
        table.add_column(heading, overflow="fold")
    for (role, column), names in sorted(by_column.items()):
        where = role_name(role) if role else _("every layer")
        table.add_row(where, column, escape(", ".join(dict.fromkeys(names))))
    console.print(table)
    table = Table(title=escape(_("Words and the values that they stand for")))
    for heading in (_("column"), _("word"), _("value")):
        table.add_column(heading)
    for word in words():
        table.add_row(word.column, word.word, word.value)
    console.print(table)
    console.print(
        escape(_("Add your own in study.toml: {lines}", lines='[aliases] households = ["建档立卡户数"]')),
        soft_wrap=True,
    )
