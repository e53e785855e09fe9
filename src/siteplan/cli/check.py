"""``siteplan check``: what is in a study's layers, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from siteplan.cli.roles import role_name
from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.layers.repair import Repair
    from siteplan.study.check import CheckReport, LayerSummary


_MOST_LINES = 40


@click.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--save", is_flag=True, help="Write repairs and faulty rows beside the study: repairs.csv, repairs.gpkg.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def check(study: Path, as_json: bool, save: bool) -> None:
    """Check the layers of STUDY (a folder with study.toml): counts, extents, repairs, warnings."""
    from siteplan.demand.households import households_on_buildings
    from siteplan.study.check import check as check_study
    from siteplan.study.repair_log import write_repairs
    from siteplan.study.study import open_study

    opened = open_study(study)
    report = check_study(opened)
    written = write_repairs([*report.repairs, *report.findings], opened.folder, opened.crs) if save else []
    if as_json:
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        _print(report)
        for path in written:
            click.echo(_("written: {path}", path=path))
        rows = len(report.repairs) + len(report.findings)
        if rows and not save:
            click.echo(_("{n} repairs and faulty rows: siteplan check --save writes them beside the study", n=rows))
    if opened.layers.get("buildings") is not None:
        households_on_buildings(opened)  # refuses what solve would refuse, once what was found has been told


def _side(value: float) -> str:
    """Return a coordinate in whole metres, or in degrees."""
    return f"{value:.0f}" if abs(value) > 360 else f"{value:.4f}"  # noqa: PLR2004 - degrees


def _crs(layer: LayerSummary) -> str:
    return _("{crs}, from {datum}", crs=layer.crs, datum=layer.datum) if layer.datum else layer.crs


def _line(repair: Repair) -> str:
    where = f"{role_name(repair.role)} {repair.row}".strip()
    return _("{name}: {text}", name=where, text=repair.what)


def _print(report: CheckReport) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    table = Table(title=escape(f"{report.name} ({report.crs})"))
    for heading in (_("layer"), _("file"), _("rows"), _("CRS of the file"), _("extent (x, y)")):
        table.add_column(heading, justify="right" if heading == _("rows") else "left", overflow="fold")
    for layer in report.layers:
        west, south, east, north = layer.bounds
        file = f"{layer.path} {layer.layer}".strip()
        extent = f"{_side(west)} .. {_side(east)}\n{_side(south)} .. {_side(north)}"
        table.add_row(role_name(layer.role), escape(file), f"{layer.rows:,}", escape(_crs(layer)), extent)
    console.print(table)
    for title, style, lines in (
        (_("Repairs"), "yellow", [_line(repair) for repair in report.repairs]),
        (_("Notes"), "dim", [_line(note) for note in report.notes]),
        (_("Warnings"), "bold yellow", list(report.warnings)),
    ):
        if lines:
            console.print(f"[{style}]{escape(title)} ({len(lines)})[/]")
            for line in lines[:_MOST_LINES]:
                console.print(f"  {escape(line)}", soft_wrap=True)
            if len(lines) > _MOST_LINES:
                console.print("  " + _("... and {n} more (all of them with --json)", n=len(lines) - _MOST_LINES))
    if not report.repairs and not report.warnings:
        console.print(f"[green]{escape(_('Nothing to repair, nothing to warn of.'))}[/]")
