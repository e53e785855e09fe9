"""``siteplan new``: a study of a real place, from OpenStreetMap and totals of people or households."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from siteplan.cli.roles import padded, role_name
from siteplan.errors import UsageError
from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.planning.new_study import Draft
    from siteplan.planning.own_streets import OwnStreets


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--from-osm", "osm", type=click.Path(path_type=Path), help="OpenStreetMap file: .osm.pbf, .osm, .osm.gz, .osm.bz2."
)
@click.option("--place", help="Name of a place, fetched over the network and kept in a cache.")
@click.option("--people", type=float, help="People in the whole study.")
@click.option("--households", type=float, help="Households in the whole study.")
@click.option(
    "--communities",
    type=click.Path(path_type=Path),
    help="Polygons of the communities, with people or households of each unless --people or --households is given.",
)
@click.option("--communities-layer", help="Layer of that file, where it has several.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME=HEADING",
    help="Heading of a column in that file, e.g. people=population.",
)
@click.option(
    "--streets",
    type=click.Path(path_type=Path),
    help="Lines of your own streets, instead of OpenStreetMap's.",
)
@click.option("--streets-layer", help="Layer of that file, where it has several.")
@click.option(
    "--join-streets",
    is_flag=True,
    help="These lines meet wherever they cross, touch or stop short, not at vertices alone.",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    default=("p004",),
    show_default=True,
    help="Standards, in order; may be repeated.",
)
@click.option(
    "--type",
    "types",
    multiple=True,
    help="Facility type to plan; may be repeated. Default: what the rules ask for.",
)
@click.option("--setting", type=click.Choice(["urban", "rural"]), help="Of communities that do not say.")
@click.option("--name", help="Name of the study.")
@click.option("--force", is_flag=True, help="Replace the study in a folder that is not empty.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
def new(  # noqa: PLR0917 - click hands over one argument for each option
    folder: Path,
    osm: Path | None,
    place: str | None,
    people: float | None,
    households: float | None,
    communities: Path | None,
    communities_layer: str | None,
    columns: tuple[str, ...],
    streets: Path | None,
    streets_layer: str | None,
    join_streets: bool,
    profiles: tuple[str, ...],
    types: tuple[str, ...],
    setting: str | None,
    name: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make a study in DIR from OpenStreetMap: buildings with households, streets, facilities, assumed candidates."""
    from rich.console import Console

    from siteplan.planning.new_study import make_study

    if (osm is None) == (place is None):
        raise click.UsageError(_("give one of --from-osm FILE and --place NAME"))
    console = Console(stderr=True)
    with console.status(_("starting")) as status:  # shown on a terminal only
        draft = make_study(
            folder,
            osm=osm,
            place=place,
            people=people,
            households=households,
            communities=communities,
            communities_layer=communities_layer,
            columns=_headings(columns),
            streets=_own_streets(streets, streets_layer, join=join_streets),
            profiles=profiles,
            types=types,
            setting=setting,
            name=name,
            force=force,
            tell=status.update,
        )
    if as_json:
        click.echo(json.dumps(_facts(folder, draft), ensure_ascii=False, indent=2))
    else:
        _print(folder, draft)


def _own_streets(path: Path | None, layer: str | None, *, join: bool) -> OwnStreets | None:
    from siteplan.planning.own_streets import OwnStreets

    if path is None and (layer is not None or join):
        raise UsageError(_("--streets-layer and --join-streets need --streets: name the file of your streets"))
    return None if path is None else OwnStreets(path=path, layer=layer, join=join)


def _headings(columns: tuple[str, ...]) -> dict[str, str]:
    """Return ``NAME=HEADING`` pairs as a mapping."""
    pairs = [text.partition("=") for text in columns]
    for name, sign, heading in pairs:
        if not (name and sign and heading):
            raise UsageError(
                _("--column {text}: write NAME=HEADING, e.g. people=population", text=name + sign + heading)
            )
    return {name: heading for name, __, heading in pairs}


def _facts(folder: Path, draft: Draft) -> dict[str, object]:
    buildings = draft.layers["buildings"]
    return {
        "folder": str(folder.resolve()),
        "name": draft.name,
        "crs": draft.crs.to_string(),
        "source": draft.source,
        "layers": {role: len(frame) for role, frame in draft.layers.items()},
        "households": float(buildings["households"].sum()),
        "people": float(buildings["people"].sum()),
        "notes": list(draft.notes),
    }


def _print(folder: Path, draft: Draft) -> None:
    buildings = draft.layers["buildings"]
    click.echo(_("study {name} in {folder}", name=draft.name, folder=folder))
    for role, frame in draft.layers.items():
        click.echo(f"  {padded(role_name(role), 12)} {len(frame):>8,}")
    counts = {"households": f"{buildings['households'].sum():,.0f}", "people": f"{buildings['people'].sum():,.0f}"}
    click.echo(_("{households} households, {people} people", **counts))
    for note in draft.notes:
        click.echo(f"- {note}")
    click.echo(_("next: siteplan solve {folder}", folder=folder))
