"""``siteplan demo``: a whole study from nothing, in one command."""

from __future__ import annotations

import json
from pathlib import Path

import click

from siteplan.cli.outcome import as_json as plan_json
from siteplan.cli.progress import progress_bar
from siteplan.messages import _

FAILED = 1


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("siteplan-demo"))
@click.option("--sites", default=20, show_default=True, type=click.IntRange(1), help="Settlement sites of the county.")
@click.option(
    "--seed", default=1, show_default=True, help="Seed of the generator; the same seed gives the same county."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def demo(folder: Path, sites: int, seed: int, as_json: bool) -> int:
    """Make a resettlement county, plan it, audit the plan and draw its map.

    One site cannot be given what the rules ask; the plan says so. Exits with 0 if the audit confirms every claim of the plan.
    """
    from siteplan.auditing.audit import audit
    from siteplan.demo.synthetic import write_demo
    from siteplan.outputs.map import build_map
    from siteplan.planning.solve import solve
    from siteplan.plans.store import write_plan
    from siteplan.study.study import open_study

    if not as_json:
        click.echo(
            _("Making a county of {n} settlement sites, planning it (a minute or two), and auditing the plan.", n=sites)
        )
    with progress_bar(quiet=as_json) as progress:
        write_demo(folder, sites=sites, seed=seed)
        study = open_study(folder)
        plan = solve(study, progress=progress)
        path = write_plan(plan, folder / "base.gpkg")
        audited = audit(plan)
        page = build_map(plan, folder / "base.html")
    wrong = len(audited.disagreements())
    if as_json:
        extra = {"study": str(folder), "path": str(path), "map": str(page), "claims_failed": wrong}
        click.echo(json.dumps(plan_json(plan, **extra), ensure_ascii=False, indent=2))
        return FAILED if wrong else 0
    click.echo(repr(plan))
    click.echo("")
    click.echo(repr(audited))
    click.echo("")
    for label, where in ((_("Study"), folder), (_("Plan"), path), (_("Map"), page)):
        click.echo(_("{name}: {text}", name=label, text=where.resolve()))
    return FAILED if wrong else 0
