"""``siteplan audit``: recompute a plan from its layers and rules, and print it clause by clause."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from siteplan.cli.roles import role_name
from siteplan.messages import _, word

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from siteplan.auditing.audit import Audit

NATIONAL = "national"
HARD_UNMET = 4
"""Exit code of a plan that does not meet every hard rule, or claims what does not hold."""
WIDTH = 160
"""Columns of what is printed to a file or a pipe."""
COLOURS = {"pass": "green", "fail": "bold red", "not regulated": "yellow"}


@click.command("audit")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--study",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of the study, where it is not the one that the plan names.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the whole audit as JSON.")
@click.option(
    "--all", "everything", is_flag=True, help="Print recorded rules, switched-off rules and claims that hold."
)
@click.pass_context
def audit_command(context: click.Context, plan: Path, folder: Path | None, as_json: bool, everything: bool) -> None:
    """Recompute every rule and every claim of PLAN from the layers.

    Exit code 0: every hard rule is met and every claim holds; 4: not so.
    """
    from siteplan.auditing.audit import audit
    from siteplan.auditing.report import to_json
    from siteplan.plans.store import read_plan
    from siteplan.study.study import open_study

    study = open_study(folder) if folder is not None else None
    found = audit(read_plan(plan, study=study))
    if as_json:
        click.echo(json.dumps(to_json(found), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print_audit(found, everything=everything)
    context.exit(0 if found.ok else HARD_UNMET)


def print_audit(audit: Audit, *, everything: bool = False, console: Console | None = None) -> None:
    """Print an audit: a table for each document, then the claims that do not hold, then the counts.

    Parameters
    ----------
    everything : bool
        Whether recorded and switched-off rules, and claims that hold, are printed too.
    console : rich.console.Console, optional
        Where to; by default standard output.
    """
    from rich.console import Console
    from rich.markup import escape

    from siteplan.auditing.report import by_document, last_line, verdict_text

    out = console or Console(width=None if sys.stdout.isatty() else WIDTH)
    for document, rows in by_document(audit, everything=everything):
        table = _table(_heading(document), ["rule", "clause", "what", "who", "required", "achieved", "unit"])
        table.add_column(_("verdict"))
        for row in rows:
            colour = COLOURS.get(row["verdict"], "dim")
            verdict = f"[{colour}]{escape(verdict_text(row['verdict']))}[/]"
            note = f"\n[dim]{escape(row['note'])}[/]" if row["note"] and row["verdict"] != "pass" else ""
            strength = f" ({escape(row['strength'])})" if row["strength"] else ""
            table.add_row(
                escape(row["rule"]) + strength,
                *(escape(row[name]) for name in ("clause", "what", "who", "required", "achieved", "unit")),
                verdict + note,
            )
        out.print(table)
    claims = audit.claims if everything else audit.claims[audit.claims["verdict"] == "fail"]
    if len(claims):
        title = _("claims") if everything else _("claims that do not hold")
        table = _table(title, ["claim", "subject", "claimed", "recomputed", "verdict", "note"])
        for claim, subject, claimed, recomputed, verdict, note in claims.astype(str).to_numpy():
            said = (word("claim", claim), _subject(claim, subject), word("value", claimed), word("value", recomputed))
            table.add_row(*(escape(cell) for cell in (*said, word("claim verdict", verdict), note)))
        out.print(table)
    out.print(escape(last_line(audit)))


def _heading(document: str) -> str:
    """Return the heading of one document's rules."""
    if document == NATIONAL:
        return _("national defaults; siteplan standards show ID gives the source of each")
    return document or _("no rule speaks")


def _subject(claim: str, subject: str) -> str:
    """Return what a claim is about: a stage or a layer by its name, sites with the name of their layer before their id."""
    if claim.startswith("stage"):
        return _(subject)
    role, blank, name = subject.partition(" ")
    known = claim == "inputs" or role in {"facilities", "candidates"}
    return f"{role_name(role)}{blank}{name}" if known else subject


def _table(title: str, columns: list[str]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    headings = {
        "rule": _("rule"),
        "clause": _("clause"),
        "what": _("what"),
        "who": _("for"),
        "required": _("required"),
        "achieved": _("achieved"),
        "unit": _("unit"),
        "claim": _("claim"),
        "subject": _("subject"),
        "claimed": _("claimed"),
        "recomputed": _("recomputed"),
        "verdict": _("verdict"),
        "note": _("note"),
    }
    table = Table(title=escape(title), title_justify="left")
    for name in columns:
        numeric = name in {"required", "achieved"}
        whole = name == "rule" or numeric
        table.add_column(headings[name], justify="right" if numeric else "left", overflow="fold", no_wrap=whole)
    return table
