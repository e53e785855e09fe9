"""``siteplan undo``: rows of a layer stay as their file has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from siteplan.cli.roles import role_name
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from siteplan.layers.repair import Repair


@click.command("undo")
@click.argument("study", type=click.Path(path_type=Path))
@click.argument("layer")
@click.argument("rows", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def undo_command(study: Path, layer: str, rows: tuple[str, ...], as_json: bool) -> None:
    """Undo the repairs of ROWS of LAYER in STUDY: no repair changes these rows or leaves them out any more.

    Writes their ids into study.toml (keep), and opens the study to see that it can be used so; if not, study.toml stays as
    it was.
    """
    from siteplan.errors import UsageError
    from siteplan.study.keep_rows import keep_rows
    from siteplan.study.load import settings_file
    from siteplan.study.repair_log import write_whole
    from siteplan.study.study import open_study

    file = settings_file(study)
    before = file.read_bytes()
    made = open_study(study).layers.repairs
    repaired = {one.row for one in made if one.role == layer and one.kind == "repair" and one.row}
    unknown = sorted(set(rows) - repaired)
    if unknown:
        raise UsageError(
            _(
                "no repair was made of {rows} of layer {role}; repaired are: {repaired}",
                rows=", ".join(unknown),
                role=layer,
                repaired=", ".join(sorted(repaired)) or "-",
            )
        )
    _check_undone([one for one in made if not one.problem], layer, rows)
    kept = keep_rows(study, layer, rows)
    try:
        _check_undone(open_study(study).layers.repairs, layer, rows)
    except BaseException:
        write_whole(file, before)
        raise
    if as_json:
        click.echo(json.dumps({"layer": layer, "keep": kept}, ensure_ascii=False))
    else:
        click.echo(_("{role}: kept as the file has them: {rows}", role=role_name(layer), rows=", ".join(kept)))


def _check_undone(repairs: Iterable[Repair], layer: str, rows: tuple[str, ...]) -> None:
    """Refuse repairs of these rows that are made, whatever is kept: how a register or the streets were understood."""
    from siteplan.errors import UsageError

    still = [str(one) for one in repairs if one.role == layer and one.kind == "repair" and one.row in rows]
    if still:
        raise UsageError(
            _(
                "keep does not undo this: {repairs}. Change these rows in the file, or what study.toml says of the layer",
                repairs="; ".join(still),
            )
        )
