"""``siteplan frontier``: cost against coverage."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siteplan.cli.outcome import DONE, STOPPED
from siteplan.cli.progress import progress_bar
from siteplan.errors import DataError
from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.planning.frontier_result import Frontier


@click.command("frontier")
@click.argument("study", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder for the table, the picture and the plans; by default frontier in the study's folder. It is made if it is not there.",
)
@click.option(
    "--steps",
    type=click.IntRange(2),
    default=8,
    show_default=True,
    help="Most budgets that are solved; each may take minutes.",
)
@click.option("--nested", is_flag=True, help="Each larger budget keeps what the smaller one builds.")
@click.option("-t", "--type", "types", multiple=True, metavar="TYPE", help="Facility type to plan; may be given again.")
@click.option(
    "--gap",
    type=click.FloatRange(0, 1, max_open=True),
    help="Relative gap at which a stage may stop: 0.01 is one per cent; 0 asks for proof.",
)
@click.option("--time-limit", "time_limit_s", type=float, help="Seconds for the solver, for each budget.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def frontier_command(
    study: Path, folder: Path | None, *, steps: int, nested: bool, types: tuple[str, ...], as_json: bool, **changes: Any
) -> int:
    """Plan a study with more and more money: what each sum buys.

    Writes frontier.csv, frontier.png (with matplotlib) and a plan for each point. Exits with 5 where a stage of a plan stopped before the asked
    gap, else with 0, whatever rules little money leaves unmet.
    """
    from siteplan.planning.frontier import frontier
    from siteplan.planning.solve import default_scenario
    from siteplan.study.study import open_study

    given = {key: value for key, value in changes.items() if value is not None}
    with progress_bar(quiet=as_json) as progress:
        opened = open_study(study)
        target = _target(folder or opened.folder / "frontier")
        scenario = default_scenario(opened).but(**given)
        found = frontier(opened, scenario, types=types or None, steps=steps, nested=nested, progress=progress)
        written = _write(found, target)
    code = STOPPED if any((plan.stages["status"] == "stopped early").any() for plan in found.plans) else DONE
    if as_json:
        click.echo(json.dumps(_json(found, written, code), ensure_ascii=False, indent=2, allow_nan=False))
        return code
    click.echo(repr(found))
    click.echo(_("Written to {path}", path=target))
    if not any(path.suffix == ".png" for path in written):
        click.echo(
            _("No picture: it needs matplotlib; install it with {command}", command="pip install 'siteplan[plot]'")
        )
    return code


def _target(folder: Path) -> Path:
    """Return the folder, refused before the work where nothing could be written into it.

    Raises
    ------
    DataError
        If it is a file, or the folder that it is to be in is not there.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(_("this is a file"), remedy=_("name a folder"), path=folder)
    if not folder.parent.is_dir():
        raise DataError(_("there is no such folder"), remedy=_("make it first"), path=folder.parent)
    return folder


def _write(found: Frontier, folder: Path) -> list[Path]:
    """Write the table as CSV with the mark by which spreadsheets know UTF-8, the picture where it can be drawn, and the plans."""
    from siteplan.planning.frontier_plot import available
    from siteplan.plans.store import write_plan

    folder.mkdir(exist_ok=True)
    written = [
        write_plan(point.plan, folder / f"plan-{number}.gpkg") for number, point in enumerate(found.points, start=1)
    ]
    if available():
        found.plot(folder / "frontier.png")
        written.insert(0, folder / "frontier.png")
    path = folder / "frontier.csv"
    draft = folder / f".frontier-{os.getpid()}.csv"
    try:
        found.table.to_csv(draft, index=False, encoding="utf-8-sig")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return [path, *written]


def _json(found: Frontier, written: list[Path], code: int) -> dict[str, Any]:
    rows = found.table.to_dict("records")
    points = [
        {
            str(key): None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in rows
    ]
    dropped = [
        {
            "cost_yuan": drop.point.cost_yuan,
            "coverage": drop.point.coverage,
            "by_cost_yuan": drop.by.cost_yuan,
            "by_coverage": drop.by.coverage,
        }
        for drop in found.dropped
    ]
    return {
        "points": points,
        "dropped": dropped,
        "complete": found.complete,
        "nested": found.free is not None,
        "solves": found.solves,
        "files": [str(path) for path in written],
        "exit_code": code,
    }
