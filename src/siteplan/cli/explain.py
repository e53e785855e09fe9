"""``siteplan explain``: why a plan is as it is, and what would meet what it misses."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from siteplan.cli.progress import progress_bar
from siteplan.messages import _

if TYPE_CHECKING:
    from siteplan.planning.explaining.conflicts import Conflict
    from siteplan.planning.explaining.explanation import Explanation, Proposal, UnmetRule
    from siteplan.planning.explaining.sites import SiteExplanation
    from siteplan.planning.explaining.weighed import Key

STRENGTHS = ("hard", "target", "soft")


@click.command("explain")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option(
    "--study",
    "folder",
    type=click.Path(path_type=Path),
    default=None,
    help="Folder of the plan's study, where it is not the one that the plan names.",
)
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Unmet rule to look into; may be given again.")
@click.option(
    "--strength",
    "strengths",
    multiple=True,
    type=click.Choice(STRENGTHS),
    help="Strength of the rules to look into; hard where nothing is said. May be given again.",
)
@click.option("--site", "sites", multiple=True, metavar="ID", help="Chosen site to explain; may be given again.")
@click.option("--sites", "all_sites", is_flag=True, help="Explain every chosen site; each takes seconds.")
@click.option(
    "--conflicts", is_flag=True, help="Name for each unmet rule a minimal set of rules and limits that contradict it."
)
@click.option(
    "--time-limit",
    "seconds",
    type=click.FloatRange(0, min_open=True),
    default=20.0,
    show_default=True,
    help="Seconds for each solve.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for machines.")
def explain_command(
    plan: Path,
    folder: Path | None,
    *,
    rules: tuple[str, ...],
    strengths: tuple[str, ...],
    sites: tuple[str, ...],
    all_sites: bool,
    conflicts: bool,
    seconds: float,
    as_json: bool,
) -> None:
    """Explain a plan: why each rule that it misses is unmet, the cheapest change that meets it, and why its sites were chosen.

    Every change that is named was applied and solved again. Exits with 0 whatever is unmet.
    """
    from siteplan.planning.explaining.explain import explain
    from siteplan.plans.store import read_plan

    with progress_bar(quiet=as_json) as progress:
        found = explain(
            read_plan(plan, study=folder),
            rules=rules or None,
            strengths=strengths or ("hard",),
            seconds=seconds,
            progress=progress,
        )
        chosen = found.sites() if all_sites else tuple(found.site(name) for name in dict.fromkeys(sites))
        keys = [(r.rule_id, r.unit_id) for r in found.rules if conflicts and r.sought]
        clashes = {key: found.conflict(*key) for key in keys}
    if as_json:
        click.echo(json.dumps(_json(found, chosen, clashes), ensure_ascii=False, indent=2, allow_nan=False))
        return
    click.echo(repr(found))
    for (rule, unit), conflict in clashes.items():
        click.echo(_conflict(rule, unit, conflict))
    for site in chosen:
        click.echo(site.sentence())


def _conflict(rule: str, unit: str, conflict: Conflict | None) -> str:
    if conflict is None:
        return _(
            "{rule} @ {unit}: no conflict, everything that binds can hold together",
            rule=rule,
            unit=unit,
        )
    if not conflict.proven:
        return _("{rule} @ {unit}: whether it can be met was not found in the time given", rule=rule, unit=unit)
    what = _(", ").join(conflict.names())
    if conflict.minimal and len(conflict.members) == 1:
        return _("{rule} @ {unit}: no site can meet it, whatever else is left out", rule=rule, unit=unit)
    if conflict.minimal:
        return _("{rule} @ {unit}: cannot hold together: {what}", rule=rule, unit=unit, what=what)
    return _(
        "{rule} @ {unit}: cannot hold together, not proven minimal: {what}",
        rule=rule,
        unit=unit,
        what=what,
    )


def _json(
    found: Explanation, sites: tuple[SiteExplanation, ...], clashes: dict[Key, Conflict | None]
) -> dict[str, Any]:
    return {
        "plan": found.plan.scenario.name,
        "rules": [_rule(rule, clashes) for rule in found.rules],
        "sites": [asdict(site) | {"text": {lang: site.sentence(lang) for lang in ("en", "zh")}} for site in sites],
        "exit_code": 0,
    }


def _rule(rule: UnmetRule, clashes: dict[Key, Conflict | None]) -> dict[str, Any]:
    conflict = clashes.get((rule.rule_id, rule.unit_id), rule.conflict)
    fields = {
        name: getattr(rule, name)
        for name in ("rule_id", "unit_id", "strength", "required", "achieved", "shortfall", "unit")
    }
    return fields | {
        "reason": rule.reason.kind,
        "text": {lang: rule.sentence(lang) for lang in ("en", "zh")},
        "sought": rule.sought,
        "stopped": rule.stopped,
        "changes": [_proposal(proposal) for proposal in rule.proposals],
        "conflict": None if conflict is None else asdict(conflict),
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "change": asdict(proposal.change),
        "extra_yuan": proposal.extra_yuan,
        "money_yuan": proposal.money_yuan,
        "scope": proposal.scope,
        "proven": proposal.proven,
        "worse": proposal.worse,
        "text": {lang: proposal.sentence(lang) for lang in ("en", "zh")},
    }
