"""The clause-by-clause table: every rule of every community and township, and whether it is met."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.auditing.homes import text, unit_figures
from siteplan.auditing.rules import EVALUATORS, NOT_EVALUATED, NOT_REGULATED, OFF, Outcome, Scene, evaluate
from siteplan.messages import _, word
from siteplan.standards.rule import Rule, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siteplan.auditing.walks import Walks
    from siteplan.standards.library import Standards

TABLE_COLUMNS = (
    "rule_id", "document", "clause", "key_phrase", "kind", "types", "unit_id", "unit_name", "strength",
    "source_status", "required", "achieved", "unit", "verdict", "note",
)  # fmt: skip
TOWNSHIP: Literal["township"] = "township"
FAMILIES = {"area_ratio": "area", "area_floor": "area"}
"""Kinds that speak about one thing; every other kind speaks for itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Place:
    """A community or township: the unit that rules look at, its buildings and its facilities.

    Parameters
    ----------
    unit : Unit
    level : {"community", "township"}
    buildings : (n,) int64
        Rows of the plan's demand.
    facilities : DataFrame
    """

    unit: Unit
    level: Literal["community", "township"]
    buildings: npt.NDArray[np.int64]
    facilities: pd.DataFrame


@dataclass(frozen=True, kw_only=True, eq=False)
class Finding:
    """One rule of one place."""

    rule: Rule
    place: Place
    outcome: Outcome


def _figure(row: Any, name: str) -> float:
    value = row.get(name, math.nan) if row is not None else math.nan
    return float(value) if pd.notna(value) else math.nan


def _word(value: Any) -> str:
    return str(value) if pd.notna(value) else ""


def _flag(value: Any) -> bool:
    return bool(value) if pd.notna(value) else False


def communities(demand: pd.DataFrame, frame: pd.DataFrame, facilities: pd.DataFrame) -> list[Place]:
    """Return the plan's communities, with figures summed over their buildings."""
    own = text(demand["community_id"]).reset_index(drop=True)
    sums = unit_figures(demand, own)
    rows = {name: np.asarray(found, dtype=np.int64) for name, found in own.groupby(own).indices.items()}
    places = []
    for record in frame.drop(columns="geometry", errors="ignore").to_dict("records"):
        name = str(record["id"])
        figures = sums.loc[name] if name in sums.index else None
        unit = Unit(
            id=name,
            name=_word(record["name"]),
            households=_figure(figures, "households") if figures is not None else 0.0,
            people=_figure(figures, "people") if figures is not None else 0.0,
            elderly=_figure(figures, "elderly") if figures is not None else 0.0,
            children=_figure(figures, "children") if figures is not None else 0.0,
            setting=_word(record["setting"]),
            construction=_word(record["construction"]),
            resettlement=_flag(record["resettlement"]),
            key=_flag(record["key"]),
        )
        mine = facilities[facilities["community_id"] == name]
        places.append(
            Place(unit=unit, level="community", buildings=rows.get(name, np.zeros(0, np.int64)), facilities=mine)
        )
    return places


def townships(places: Sequence[Place], frame: pd.DataFrame, names: dict[str, str]) -> list[Place]:
    """Return the townships: those of the layer, or those that communities name.

    A township has what its communities have. Its figures are sums, NaN where a community's is missing; rules for
    townships know no other conditions.
    """
    of = dict(zip(text(frame["id"]), text(frame["township_id"]), strict=True))
    ids = sorted(set(names) | (set(of.values()) - {""}))
    found = []
    for name in ids:
        inner = [place for place in places if of.get(place.unit.id) == name]
        unit = Unit(
            id=name,
            name=names.get(name, ""),
            households=math.fsum(place.unit.households for place in inner),
            people=math.fsum(place.unit.people for place in inner),
            elderly=math.fsum(place.unit.elderly for place in inner),
            children=math.fsum(place.unit.children for place in inner),
        )
        buildings = [place.buildings for place in inner] or [np.zeros(0, np.int64)]
        facilities = [place.facilities for place in inner]
        frame_of = pd.concat(facilities) if facilities else places[0].facilities.iloc[:0] if places else pd.DataFrame()
        found.append(Place(unit=unit, level=TOWNSHIP, buildings=np.concatenate(buildings), facilities=frame_of))
    return found


def applicable(place: Place, standards: Standards, planned: Sequence[str]) -> tuple[Rule, ...]:
    """Return the modelled rules that speak for ``place`` about a planned type."""
    return standards.rules_for(place.unit, scope=place.level, types=planned)


def unknown(place: Place, standards: Standards, planned: Sequence[str]) -> tuple[Rule, ...]:
    """Return the modelled rules of which it is not known whether they speak for ``place``, for want of a figure of it.

    Those on types that only they ask for are among them, though nobody plans these types.
    """
    return standards.unknown_for(place.unit, scope=place.level, types={*planned, *standards.types()})


def undecided(places: Sequence[Place], rules: Sequence[Sequence[Rule]]) -> list[dict[str, object]]:
    """Return a row for each of ``rules[n]``, of which it is not known whether they speak for ``places[n]``."""
    rows = []
    for place, open_ in zip(places, rules, strict=True):
        for rule in open_:
            note = _(
                "the layers do not say how many {metric} there are, so it is not known whether the rule applies",
                metric=word("denominator", rule.size.metric if rule.size else ""),
            )
            outcome = Outcome(required=math.nan, achieved=math.nan, unit="", verdict=NOT_EVALUATED, note=note)
            rows.append(_row(rule, place.unit, outcome))
    return rows


def findings(
    places: Sequence[Place], rules: Sequence[Sequence[Rule]], walks: Walks, households: npt.NDArray[np.float64]
) -> list[Finding]:
    """Evaluate ``rules[n]`` for ``places[n]``."""
    facilities = walks.facilities
    hosts = facilities.drop_duplicates("id").set_index("id")
    near: dict[tuple[str, ...], npt.NDArray[np.float64]] = {}
    found = []
    for place, speaking in zip(places, rules, strict=True):

        def nearest(types: tuple[str, ...], rows: npt.NDArray[np.int64] = place.buildings) -> npt.NDArray[np.float64]:
            if types not in near:
                near[types] = walks.nearest(types)
            return near[types][rows]

        scene = Scene(
            figures={name: getattr(place.unit, name) for name in ("households", "people", "elderly", "children")},
            facilities=place.facilities,
            hosts=hosts["type"],
            host_sites=hosts["site_id"],
            households=households[place.buildings],
            nearest=nearest,
        )
        found += [Finding(rule=rule, place=place, outcome=evaluate(rule, scene)) for rule in speaking]
    return found


def _row(rule: Rule, unit: Unit | None, outcome: Outcome) -> dict[str, object]:
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

    Soft aims do not regulate: a community for which only an aim speaks is not regulated on that topic.
    """
    types = set(planned)
    topics: dict[tuple[str, str], list[Rule]] = {}
    for rule in known:
        if (
            rule.kind in EVALUATORS
            and not rule.off
            and not rule.aim
            and rule.scope != TOWNSHIP
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
            row |= {"required": math.nan, "achieved": math.nan, "kind": family, "types": ";".join(bound)}
            row |= {"unit_id": place.unit.id, "unit_name": place.unit.name, "verdict": NOT_REGULATED, "note": note}
            rows.append(row)
    return rows


def table(found: Sequence[Finding], more: Sequence[dict[str, object]], standards: Standards) -> pd.DataFrame:
    """Return the table, columns TABLE_COLUMNS: findings, silent topics, then rules recorded or switched off."""
    rows = [_row(finding.rule, finding.place.unit, finding.outcome) for finding in found]
    rows += more
    for recorded in standards.recorded():
        rule = standards.get(recorded.rule_id)
        rows.append(_bare(rule, OFF, rule.reason) if rule.off else _bare(rule, NOT_EVALUATED, recorded.why))
    frame = pd.DataFrame(rows, columns=list(TABLE_COLUMNS))
    return frame.astype({name: ("float64" if name in {"required", "achieved"} else "str") for name in TABLE_COLUMNS})
