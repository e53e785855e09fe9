"""``siteplan compare``: what changes from one plan to another."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siteplan.errors import DataError
from siteplan.messages import _

if TYPE_CHECKING:
    import pandas as pd

    from siteplan.plans.compare import Comparison

TABLES = ("facilities", "types", "service", "communities", "buildings", "rules", "stages", "totals", "asked")


@click.command("compare")
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option(
    "--study",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of the study of both plans, where it is not the one that they name.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="A folder for the tables as CSV files; it is made if it is not there.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for machines.")
def compare_command(first: Path, second: Path, folder: Path | None, output: Path | None, as_json: bool) -> None:
    """Compare two plans: sites opened, moved and closed, area and cost, households gained and lost, rules and proof.

    Says what changes from FIRST to SECOND (GeoPackages). Exits with 0 whatever changes.
    """
    from siteplan.plans.compare import compare
    from siteplan.plans.store import read_plan

    found = compare(read_plan(first, study=folder), read_plan(second, study=folder))
    written = [] if output is None else _write(found, output)
    if as_json:
        tables = {name: _records(getattr(found, name)) for name in TABLES}
        names = {"first": found.name_a, "second": found.name_b}
        files = [str(path) for path in written]
        value = names | tables | {"notes": list(found.notes), "files": files, "exit_code": 0}
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))
        return
    click.echo(repr(found))
    if output is not None:
        click.echo(_("Tables written to {path}", path=output))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as values for JSON; figures that are missing or not finite are None."""
    return [
        {
            str(key): None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in row.items()
        }
        for row in frame.to_dict("records")
    ]


def _write(found: Comparison, folder: Path) -> list[Path]:
    """Write each table as CSV, with the mark by which spreadsheets know UTF-8; older ones are replaced at the end, all together.

    Raises
    ------
    DataError
        If ``folder`` is a file, or the folder that it is to be in is not there.
    """
    if folder.exists() and not folder.is_dir():
        raise DataError(_("this is a file"), remedy=_("name a folder for the tables"), path=folder)
    if not folder.parent.is_dir():
        raise DataError(_("there is no such folder"), remedy=_("make it first"), path=folder.parent)
    made = not folder.exists()
    folder.mkdir(exist_ok=True)
    drafts = {folder / f"{name}.csv": folder / f".{name}-{os.getpid()}.csv" for name in TABLES}
    try:
        for path, draft in drafts.items():
            getattr(found, path.stem).to_csv(draft, index=False, encoding="utf-8-sig")
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)
        if made and not any(folder.iterdir()):
            folder.rmdir()
    return list(drafts)
