"""``siteplan map``: one offline HTML map of a plan."""

from __future__ import annotations

import json
from pathlib import Path

import click

from siteplan.errors import DataError
from siteplan.messages import _


@click.command("map")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; by default beside the plan.",
)
@click.option(
    "--study",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of the study, where it is not the one that the plan names.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for machines.")
def map_command(plan: Path, output: Path | None, folder: Path | None, as_json: bool) -> None:
    """Write PLAN (a GeoPackage) as one HTML map that needs no network."""
    from siteplan.outputs.map import build_map
    from siteplan.plans.store import read_plan

    target = output or plan.with_suffix(".html")
    if target.suffix.casefold() not in (".html", ".htm"):
        raise DataError(_("a map is written as HTML"), remedy=_("end its name in .html"), path=target)
    written = build_map(read_plan(plan, study=folder), target)
    if as_json:
        click.echo(json.dumps({"map": str(written), "bytes": written.stat().st_size}, ensure_ascii=False))
    else:
        click.echo(_("map written to {path} ({size} KB)", path=written, size=round(written.stat().st_size / 1024)))
