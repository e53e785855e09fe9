"""``siteplan solve``: plan a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from siteplan.cli.outcome import as_json as plan_json
from siteplan.cli.outcome import exit_code
from siteplan.cli.progress import progress_bar
from siteplan.messages import _


@click.command("solve")
@click.argument("study", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The plan's file; by default NAME.gpkg in the study's folder.",
)
@click.option("--name", help="Name of the scenario.")
@click.option("-t", "--type", "types", multiple=True, metavar="TYPE", help="Facility type to plan; may be given again.")
@click.option("--budget", "budget_yuan", type=float, help="Budget of the whole study, yuan.")
@click.option("--max-sites", type=int, help="Most candidate sites to open.")
@click.option("--require", "required", multiple=True, metavar="ID", help="Candidate that must be opened.")
@click.option("--forbid", "forbidden", multiple=True, metavar="ID", help="Candidate that must not be opened.")
@click.option("--gap", type=float, help="Relative gap at which a stage may stop; 0 asks for proof.")
@click.option("--time-limit", "time_limit_s", type=float, help="Seconds for the solver in all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def solve_command(study: Path, output: Path | None, *, as_json: bool, **changes: Any) -> int:
    """Plan a study: where each facility goes, how large it is, and whom it serves."""
    from siteplan.planning.solve import default_scenario, solve
    from siteplan.plans.store import write_plan
    from siteplan.study.study import open_study

    given = {key: value for key, value in changes.items() if value not in (None, ())}
    with progress_bar(quiet=as_json) as progress:
        opened = open_study(study)
        scenario = default_scenario(opened).but(**given)
        plan = solve(opened, scenario, progress=progress)
        path = write_plan(plan, output or opened.folder / f"{scenario.name}.gpkg")
    if as_json:
        click.echo(json.dumps(plan_json(plan, path=str(path)), ensure_ascii=False, indent=2))
    else:
        click.echo(repr(plan))
        click.echo(_("Plan written to {path}", path=path))
    return exit_code(plan)
