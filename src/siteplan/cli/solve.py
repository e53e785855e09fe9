"""``siteplan solve``: plan a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siteplan.cli.outcome import as_json as plan_json
from siteplan.cli.outcome import exit_code
from siteplan.cli.progress import progress_bar
from siteplan.errors import DataError, UsageError
from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.study.study import Study

_NOT_IN_NAMES = frozenset('<>:"/\\|?*')
"""Characters that no file name may have on one system or another."""


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
@click.option(
    "--gap",
    type=click.FloatRange(0, 1, max_open=True),
    help="Relative gap at which a stage may stop: 0.01 is one per cent; 0 asks for proof.",
)
@click.option("--time-limit", "time_limit_s", type=float, help="Seconds for the solver in all.")
@click.option(
    "--from",
    "earlier",
    type=click.Path(path_type=Path),
    metavar="PLAN",
    help="An earlier plan to revise: what it was asked is asked again, and as few facilities as possible are opened or closed.",
)
@click.option(
    "--lock",
    "locked",
    multiple=True,
    metavar="ID",
    help="Approved facility or site of the earlier plan, which stays; may be given again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def solve_command(
    study: Path, output: Path | None, *, earlier: Path | None, locked: tuple[str, ...], as_json: bool, **changes: Any
) -> int:
    """Plan a study: where each facility goes, how large it is, and whom it serves.

    With --from the earlier plan is revised after an edit of the study.
    """
    from siteplan.planning.resolve import asked_again, resolve
    from siteplan.planning.solve import default_scenario, solve
    from siteplan.plans.store import read_plan, write_plan
    from siteplan.study.study import open_study

    if locked and earlier is None:
        raise UsageError(_("--lock needs --from: name the plan in which the facility is approved"))
    given = {key: value for key, value in changes.items() if value not in (None, ())}
    with progress_bar(quiet=as_json) as progress:
        opened = open_study(study)
        known = None if earlier is None else read_plan(earlier, study=opened)
        scenario = (default_scenario(opened) if known is None else asked_again(known, opened)).but(**given)
        target = _target(opened, output, scenario.name)
        if earlier is not None and target.resolve() == earlier.resolve():
            raise UsageError(_("the plan would replace the one that it revises: give another --name or --output"))
        if known is None:
            plan = solve(opened, scenario, progress=progress)
        else:
            plan = resolve(known, opened, scenario=scenario, locked=locked, progress=progress)
        path = write_plan(plan, target)
    if as_json:
        click.echo(json.dumps(plan_json(plan, path=str(path)), ensure_ascii=False, indent=2))
    else:
        click.echo(repr(plan))
        click.echo(_("Plan written to {path}", path=path))
    return exit_code(plan)


def _target(study: Study, output: Path | None, name: str) -> Path:
    """Return the plan's file, refused before the work where the plan could not be written or would replace what is given.

    Raises
    ------
    UsageError
        If the scenario's name is to be a file's name and cannot be one.
    DataError
        If it does not end in .gpkg, its folder is not there, or a layer of the study is in it.
    """
    if output is None and (not name.strip(" .") or not _NOT_IN_NAMES.isdisjoint(name)):
        raise UsageError(_("{name} cannot be the name of a file: name the plan's file with --output", name=repr(name)))
    path = output or study.folder / f"{name}.gpkg"
    if path.suffix.lower() != ".gpkg" or path.is_dir():
        raise DataError(_("a plan is written as a GeoPackage"), remedy=_("end its name in .gpkg"), path=path)
    if not path.parent.is_dir():
        raise DataError(_("there is no such folder"), remedy=_("make it first"), path=path.parent)
    for role, source in study.layers.sources.items():
        if source.file and (study.folder / source.path).resolve() == path.resolve():
            raise DataError(
                _("the plan would replace the file of layer {role}", role=role),
                remedy=_("give the plan another name with --output or --name"),
                path=path,
            )
    return path
