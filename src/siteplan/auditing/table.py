"""The clause-by-clause table: every rule of every community and township, of pools and of the study, and whether it is met."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from siteplan.auditing.outcome import NOT_EVALUATED, NOT_REGULATED, OFF, Outcome, not_evaluated
from siteplan.auditing.places import TOWNSHIP
from siteplan.auditing.pools import evaluate_pool
from siteplan.auditing.rules import evaluate
from siteplan.auditing.shares import STUDY, evaluate_study, spoken_for
from siteplan.messages import _, word
from siteplan.standards.due import due_phase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from siteplan.auditing.places import Place
    from siteplan.auditing.pools import Pool
    from siteplan.auditing.scene import Scene
    from siteplan.auditing.world import World
    from siteplan.standards.library import Scope, Standards
    from siteplan.standards.rule import Rule, Unit

TABLE_COLUMNS = (
    "rule_id", "document", "clause", "key_phrase", "kind", "types", "unit_id", "unit_name", "strength",
    "source_status", "required", "achieved", "unit", "phase", "verdict", "note",
)  # fmt: skip
POOLING = "pooling"
FAMILIES = {"area_ratio": "area", "area_floor": "area"}
"""Kinds that speak about one thing; every other kind speaks for itself."""
_FIGURES = ("required", "achieved")


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """One rule of one place, and the phase at whose end it is due."""

    rule: Rule
    place: Place
    outcome: Outcome
    due: int


def applicable(
    place: Place, standards: Standards, planned: Sequence[str], scope: Scope | None = None
) -> tuple[Rule, ...]:
    """Return the modelled rules that speak for ``place`` about a planned type or about none.

    Parameters
    ----------
    scope : str, optional
        ``"study"``: the rules on the whole study that count the community; by default those on the place itself.
    """
    return standards.rules_for(place.unit, scope=scope or _scope(place), types=planned)


def _scope(place: Place) -> Scope:
    return "township" if place.level == TOWNSHIP else "community"


def unknown(place: Place, standards: Standards, planned: Sequence[str]) -> tuple[Rule, ...]:
    """Return the modelled rules of which it is not known whether they speak for ``place``, for want of a figure of it.

    Those on types that only they ask for are among them, though nobody plans these types.
    """
    types = {*planned, *standards.types()}
    own = standards.unknown_for(place.unit, scope=_scope(place), types=types)
    return own if place.level == TOWNSHIP else (*own, *standards.unknown_for(place.unit, scope=STUDY, types=types))


def undecided(places: Sequence[Place], rules: Sequence[Sequence[Rule]]) -> list[dict[str, object]]:
    """Return a row for each of ``rules[n]``, of which it is not known whether they speak for ``places[n]``."""
    rows = []
    for place, open_ in zip(places, rules, strict=True):
        for rule in open_:
            note = _(
                "the layers do not say how many {metric} there are, so it is not known whether the rule applies",
                metric=word("denominator", rule.size.metric if rule.size else ""),
            )
            rows.append(_row(rule, place.unit, not_evaluated("", note)))
    return rows


def findings(
    places: Sequence[Place],
    rules: Sequence[Sequence[Rule]],
    world: World,
    phases: Sequence[str],
    pooled: Collection[tuple[str, str]] = (),
) -> list[Finding]:
    """Evaluate ``rules[n]`` for ``places[n]``, each at the end of the phase in which it is due.

    Parameters
    ----------
    phases : sequence of str
        Names of the scenario's phases.
    pooled : collection of (str, str)
        Rules and communities for which a pool stands.
    """
    found = []
    for place, speaking in zip(places, rules, strict=True):
        scenes: dict[int, Scene] = {}
        for rule in speaking:
            if rule.kind == POOLING or (rule.id, place.unit.id) in pooled:
                continue
            due = due_phase(rule, place.unit.phase, phases)
            if due not in scenes:
                scenes[due] = world.scene(place, due, speaking)
            outcome = evaluate(rule, scenes[due])
            found.append(Finding(rule=rule, place=place, outcome=outcome, due=due))
    return found


def pool_findings(pools: Sequence[Pool], world: World) -> list[Finding]:
    """Evaluate each pool."""
    return [
        Finding(rule=pool.rule, place=pool.place, outcome=evaluate_pool(pool, world), due=pool.due) for pool in pools
    ]


def study_findings(
    places: Sequence[Place], rules: Sequence[Sequence[Rule]], world: World, phases: Sequence[str]
) -> list[Finding]:
    """Evaluate the rules on the whole study; ``rules[n]`` count the community ``places[n]``."""
    found = []
    for rule, place, members in spoken_for(places, rules):
        due = due_phase(rule, 1, phases)
        outcome = evaluate_study(rule, place, members, due, world)
        found.append(Finding(rule=rule, place=place, outcome=outcome, due=due))
    return found


def _row(rule: Rule, unit: Unit | None, outcome: Outcome, due: int = 0) -> dict[str, object]:
    return {
        "rule_id": rule.id,
        "document": rule.document or rule.profile,
        "clause": rule.clause,
        "key_phrase": rule.key_phrase,
        "kind": rule.kind,
        "types": ";".join(rule.types),
        "unit_id": unit.id if unit else "",
        "unit_name": unit.name if unit else "",
        "strength": rule.strength,
        "source_status": rule.status,
        "required": outcome.required,
        "achieved": outcome.achieved,
        "unit": outcome.unit,
        "phase": due,
        "verdict": outcome.verdict,
        "note": outcome.note,
    }


def _bare(rule: Rule, verdict: str, note: str) -> dict[str, object]:
    figure = math.nan if rule.figure is None else float(rule.figure)
    return _row(rule, None, Outcome(required=figure, achieved=math.nan, unit=rule.unit, verdict=verdict, note=note))


def _family(rule: Rule) -> tuple[str, str]:
    return FAMILIES.get(rule.kind, rule.kind), rule.subject


def silent(
    places: Sequence[Place], rules: Sequence[Sequence[Rule]], known: Iterable[Rule], planned: Iterable[str]
) -> list[dict[str, object]]:
    """Return a row for each community and topic for which the profiles hold rules, but none whose conditions it meets.

    Rules that bind no facility type have no such topic. Soft aims do not regulate: a community for which only an aim speaks
    is not regulated on that topic.
    """
    types = set(planned)
    topics: dict[tuple[str, str], list[Rule]] = {}
    for rule in known:
        if (
            rule.modelled
            and rule.kind != POOLING
            and not rule.off
            and not rule.aim
            and rule.scope not in {TOWNSHIP, STUDY}
            and types & set(rule.types)
        ):
            topics.setdefault(_family(rule), []).append(rule)
    rows: list[dict[str, object]] = []
    for place, speaking in zip(places, rules, strict=True):
        if place.level == TOWNSHIP:
            continue
        spoken = {_family(rule) for rule in speaking if not rule.aim}
        for (family, _subject), silent_rules in topics.items():
            if (family, _subject) in spoken:
                continue
            bound = sorted({kind for rule in silent_rules for kind in rule.types})
            note = _(
                "no rule speaks for it: the conditions of {ids} do not hold",
                ids=", ".join(rule.id for rule in silent_rules),
            )
            row: dict[str, object] = dict.fromkeys(TABLE_COLUMNS, "")
            row |= {"required": math.nan, "achieved": math.nan, "phase": 0, "kind": family, "types": ";".join(bound)}
            row |= {"unit_id": place.unit.id, "unit_name": place.unit.name, "verdict": NOT_REGULATED, "note": note}
            rows.append(row)
    return rows


def table(found: Sequence[Finding], more: Sequence[dict[str, object]], standards: Standards) -> pd.DataFrame:
    """Return the table, columns TABLE_COLUMNS: findings, silent topics, then rules recorded or switched off.

    ``phase`` is the one at whose end the rule is due; 0 where nothing was evaluated.
    """
    rows = [_row(finding.rule, finding.place.unit, finding.outcome, finding.due) for finding in found]
    rows += more
    for recorded in standards.recorded():
        rule = standards.get(recorded.rule_id)
        rows.append(_bare(rule, OFF, rule.reason) if rule.off else _bare(rule, NOT_EVALUATED, recorded.why))
    frame = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    kinds = dict.fromkeys(TABLE_COLUMNS, "str") | dict.fromkeys(_FIGURES, "float64") | {"phase": "int64"}
    return frame.astype(kinds)
