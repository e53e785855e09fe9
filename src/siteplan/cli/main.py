"""The program ``siteplan``: its commands, its language, and how errors leave it."""

from __future__ import annotations

import gettext
import itertools
import json
import os
import sys
from typing import Any, NoReturn

import click

from siteplan.cli.audit import audit_command
from siteplan.cli.check import check
from siteplan.cli.compare import compare_command
from siteplan.cli.demo import demo
from siteplan.cli.explain import explain_command
from siteplan.cli.frontier import frontier_command
from siteplan.cli.headings import headings_command
from siteplan.cli.map import map_command
from siteplan.cli.new import new
from siteplan.cli.solve import solve_command
from siteplan.cli.standards import standards
from siteplan.cli.undo import undo_command
from siteplan.errors import DataError, SiteplanError
from siteplan.messages import LANGUAGES, LOCALES, _, language, set_language


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language; by default the system's.")
@click.version_option(package_name="siteplan", message="siteplan %(version)s")
def cli(lang: str | None) -> None:
    """Plan facilities for communities: from layers and standards to a proven, audited plan and an offline map.

    Exit codes: 0 done and every hard rule met, 1 unexpected, 2 usage, 3 bad data, 4 a plan with hard rules
    unmet, 5 every hard rule met but stopped before the asked gap.
    """
    if lang:
        set_language(lang)


for _command in (
    new,
    demo,
    check,
    headings_command,
    standards,
    solve_command,
    audit_command,
    map_command,
    compare_command,
    frontier_command,
    explain_command,
    undo_command,
):
    cli.add_command(_command)


def main(args: list[str] | None = None) -> NoReturn:
    """Run the program and exit with its code."""
    given = sys.argv[1:] if args is None else args
    set_language(_asked_language(given))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    _speak(cli)
    _let_click_speak()
    try:
        code = cli.main(args=given, prog_name="siteplan", standalone_mode=False)
    except SiteplanError as error:
        _say(error, error.exit_code, as_json="--json" in given)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        if "--json" in given:
            _say(error, error.exit_code, as_json=True)
        else:
            error.show()
        sys.exit(error.exit_code)
    except OSError as error:
        if error.filename is None:
            raise
        refused = DataError(
            _("the file cannot be read or written: {why}", why=error.strerror or type(error).__name__),
            remedy=_(
                "check that you may write there, that the disk is not full, and that no other program holds it open"
            ),
            path=str(error.filename),
        )
        _say(refused, refused.exit_code, as_json="--json" in given)
        sys.exit(refused.exit_code)
    except click.Abort:
        click.echo(_("Stopped."), err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _asked_language(args: list[str]) -> str | None:
    """Return the language that ``--lang`` asks for, before anything is printed; None: the system's."""
    for name, value in itertools.zip_longest(args, args[1:], fillvalue=""):
        if name == "--lang" and value in LANGUAGES:
            return value
        if name.startswith("--lang=") and name.removeprefix("--lang=") in LANGUAGES:
            return name.removeprefix("--lang=")
    return None


def _speak(command: Any) -> None:
    """Put the help texts of a command and those below it into the language spoken now."""
    for item in (command, *command.params):
        if text := english(item):
            item.__dict__["english_help"], item.help = text, _(text)
    for below in getattr(command, "commands", {}).values():
        _speak(below)


def english(item: Any) -> str | None:
    """Return the help of a command or a parameter as it is written in the code."""
    text: str | None = item.__dict__.get("english_help") or getattr(item, "help", None)
    return text


def _let_click_speak() -> None:
    """Give click's own words, such as "Usage:", the language spoken now: it asks gettext, which asks the environment."""
    gettext.bindtextdomain("siteplan", str(LOCALES))
    gettext.textdomain("siteplan")
    os.environ["LANGUAGE"] = "zh_CN" if language() == "zh" else "en"


def _say(error: SiteplanError | click.ClickException, code: int, *, as_json: bool) -> None:
    """Print an error: where, what, and what to do."""
    if as_json:
        fields = {name: getattr(error, name, None) for name in ("problem", "remedy", "path", "row")}
        fields["problem"] = fields["problem"] or (
            error.format_message() if isinstance(error, click.ClickException) else str(error)
        )
        click.echo(json.dumps({"error": fields, "exit_code": code}, ensure_ascii=False))
    else:
        click.echo(_("{name}: {text}", name=_("Error"), text=error), err=True)
