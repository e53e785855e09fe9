"""``siteplan standards``: list the rules, or show one with its source."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siteplan.messages import _, language, word

if TYPE_CHECKING:
    from siteplan.standards.library import Standards
    from siteplan.standards.rule import Rule, Size

_WIDTH = 180
"""Columns of the table where output is no terminal."""


@click.group(invoke_without_command=True)
@click.option("--profile", "-p", "profiles", multiple=True, metavar="NAME", help="Profile, in the order they speak.")
@click.option(
    "--file",
    "-f",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A TOML profile of your own; it speaks first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def standards(ctx: click.Context, profiles: tuple[str, ...], files: tuple[Path, ...], as_json: bool) -> None:
    """List the rules of planning standards, or show one with its source."""
    if ctx.invoked_subcommand is None:
        _list(_load(profiles, files), as_json=as_json)


@standards.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def list_rules(ctx: click.Context, as_json: bool) -> None:
    """List the rules: figure, conditions, strength, status, and whether a plan is tested against them."""
    given = _given(ctx)
    _list(_load(given["profiles"], given["files"]), as_json=as_json or given["as_json"])


@standards.command("show")
@click.argument("rule_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def show_rule(ctx: click.Context, rule_id: str, as_json: bool) -> None:
    """Show one rule with its document, clause, key phrase, status and source."""
    given = _given(ctx)
    loaded = _load(given["profiles"], given["files"])
    rule = loaded.get(rule_id)
    if as_json or given["as_json"]:
        click.echo(json.dumps(_as_json(rule, loaded), ensure_ascii=False, indent=2))
        return
    for name, text in _lines(rule, loaded):
        click.echo(_("{name}: {text}", name=name, text=text))


def _given(ctx: click.Context) -> dict[str, Any]:
    return dict(ctx.parent.params) if ctx.parent is not None else {"profiles": (), "files": (), "as_json": False}


def _load(profiles: tuple[str, ...], files: tuple[Path, ...]) -> Standards:
    """Load what was asked for; all that come with siteplan where nothing was."""
    from siteplan.standards.library import BUILT_IN, load_standards
    from siteplan.standards.profile import read_profile

    own = [read_profile(path).name for path in files]
    named = [*(name for name in own if name not in profiles), *profiles]
    return load_standards(named or BUILT_IN, files)


def _type_names(rule: Rule) -> str:
    from siteplan.standards.facility_types import FACILITY_TYPES

    return ("、" if language() == "zh" else ", ").join(FACILITY_TYPES[key].label for key in rule.types)


def _title(rule: Rule, loaded: Standards) -> str:
    profile = loaded.profile(rule.profile)
    return profile.title_zh if language() == "zh" else profile.title_en


def _conditions(rule: Rule) -> str:
    words = {"urban": _("urban"), "rural": _("rural"), "new": _("new"), "existing": _("existing")}
    parts = [words[value] for value in (rule.setting, rule.construction) if value != "any"]
    parts += {"yes": [_("resettlement")], "no": [_("no resettlement")], "any": []}[rule.resettlement]
    parts += {"yes": [_("key community")], "no": [_("not a key community")], "any": []}[rule.key]
    parts += [_("where one stands already")] if rule.standing else []
    return _(", ").join([*parts, *([_size(rule.size)] if rule.size else [])])


def _size(size: Size) -> str:
    """Return a size class as people say it."""
    said = {"what": word("size", size.metric), "min": f"{size.min:g}", "max": f"{size.max:g}"}
    if math.isinf(size.max):
        return _("{what}: {min} or more", **said)
    return _("{what}: less than {max}", **said) if size.min == 0 else _("{what}: {min} to less than {max}", **said)


def _strength(rule: Rule) -> str:
    name = {"hard": _("hard"), "soft": _("soft"), "target": _("target")}[rule.strength]
    return _("{strength} ({wording})", strength=name, wording=rule.wording) if rule.wording else name


def _status(rule: Rule) -> str:
    return {
        "verified": _("verified"),
        "verified-weak": _("verified in a weak copy"),
        "corroborated": _("corroborated"),
        "unverified": _("unverified"),
        "judgement": _("judgement"),
    }[rule.status]


def _figure(rule: Rule) -> str:
    """Return figure, share, host, modes and what to keep away from, as far as the rule has them, in the language spoken now."""
    parts = []
    if rule.figure is not None:
        text = f"{rule.figure:g}" if rule.figure_max is None else f"{rule.figure:g}-{rule.figure_max:g}"
        parts += [text if rule.unit == "-" else f"{text} {word('unit', rule.unit)}"]
    parts += [f"{rule.share:.0%}"] if rule.share is not None else []
    if rule.host:
        host = _label(rule.host)
        parts += [_("in: {host}", host=host) if rule.kind == "inside" else _("beside: {host}", host=host)]
    parts += [_("by: {modes}", modes=_(", ").join(_mode(mode) for mode in rule.modes))] if rule.modes else []
    parts += (
        [_("from: {things}", things=_(", ").join(_label(what) for what in rule.apart_from))] if rule.apart_from else []
    )
    return _(", ").join(parts)


def _label(what: str) -> str:
    """Return the name of a facility type, or of something else to keep away from."""
    from siteplan.standards.facility_types import FACILITY_TYPES
    from siteplan.standards.kinds import DWELLINGS, EXCLUSION

    if what in FACILITY_TYPES:
        return FACILITY_TYPES[what].label
    return _("dwellings") if what == DWELLINGS else what.removeprefix(EXCLUSION)


def _mode(mode: str) -> str:
    return {
        "build": _("building anew"),
        "extend": _("extending"),
        "convert": _("converting"),
        "buy": _("buying"),
        "swap": _("exchanging"),
    }[mode]


def _use(rule: Rule) -> str:
    return _("modelled") if rule.modelled else _("recorded")


def _list(loaded: Standards, *, as_json: bool) -> None:
    if as_json:
        rules = [_as_json(rule, loaded) for rule in loaded.rules]
        profiles = [profile.name for profile in loaded.profiles]
        document = {"profiles": profiles, "notes": list(loaded.order_notes()), "rules": rules}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    heads = (
        *(_("rule"), _("profile"), _("kind"), _("facility types"), _("figure")),
        *(_("conditions"), _("strength"), _("status"), _("use")),
    )
    table = Table(*heads)
    table.columns[0].no_wrap = True
    for rule in loaded.rules:
        cells = (
            *(rule.id, rule.profile, word("kind", rule.kind), _type_names(rule), _figure(rule)),
            *(_conditions(rule), _strength(rule), _status(rule), _use(rule)),
        )
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(table)
    modelled = sum(rule.modelled for rule in loaded.rules)
    console.print(
        Text(
            _("{n} rules: {m} modelled, {k} recorded", n=len(loaded.rules), m=modelled, k=len(loaded.rules) - modelled)
        )
    )
    for note in loaded.order_notes():
        console.print(Text(_("note: {note}", note=note)))


def _as_json(rule: Rule, loaded: Standards) -> dict[str, Any]:
    return rule.as_dict() | {"title": _title(rule, loaded)}


def _lines(rule: Rule, loaded: Standards) -> list[tuple[str, str]]:
    from siteplan.standards.kinds import why_recorded

    use = _use(rule) if rule.modelled else _("{name}: {text}", name=_use(rule), text=why_recorded(rule))
    lines = [
        (_("rule"), rule.id),
        (_("profile"), _(", ").join((rule.profile, _title(rule, loaded)))),
        (_("kind"), word("kind", rule.kind)),
        (_("facility types"), _type_names(rule)),
        (_("figure"), _figure(rule)),
        (_("scope"), word("scope", rule.scope)),
        (_("conditions"), _conditions(rule)),
        (_("phase"), rule.phase),
        (_("strength"), _strength(rule)),
        (_("status"), _status(rule)),
        (_("document"), rule.document),
        (_("clause"), rule.clause),
        (_("key phrase"), rule.key_phrase),
        (_("source"), rule.source),
        (_("note"), rule.note),
        (_("use"), use),
    ]
    return [(name, text) for name, text in lines if text]
