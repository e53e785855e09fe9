"""Which rules two plans do not meet: now met, newly unmet, unmet in both; and those that only one of the plans is asked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from siteplan.plans.compare_service import BOTH, ONLY_A, ONLY_B
from siteplan.standards.rule import Unit
from siteplan.units import COUNTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from siteplan.plans.plan import Plan
    from siteplan.standards.rule import Rule

RULE_CHANGES = ("newly_unmet", "now_met", "still_unmet", "newly_asked", "no_longer_asked")
RULE_CHANGE_COLUMNS = (
    "rule_id", "type", "unit_id", "unit_name", "change", "strength_a", "strength_b", "required_a", "required_b",
    "achieved_a", "achieved_b", "shortfall_a", "shortfall_b", "unit",
)  # fmt: skip
_NUMBERS = ("required_a", "required_b", "achieved_a", "achieved_b", "shortfall_a", "shortfall_b")
_STRENGTHS = ("hard", "target", "soft")
_REQUIRED_SITE = "scenario:required"
_AREAS = ("area_ratio", "area_floor")
_Key = tuple[str, str]


def rule_changes(a: Plan, b: Plan, planned: Mapping[str, str]) -> pd.DataFrame:
    """Return every rule and unit that either plan does not meet (RULE_CHANGE_COLUMNS).

    A rule that only one plan lists as unmet is met by the other only if the other's study asks it of that unit. One that does not
    speak there, because it is switched off, its community is not there or its type is not planned, is ``no_longer_asked`` or
    ``newly_asked``, and its shortfall there is NaN.

    Parameters
    ----------
    planned : mapping of type to {"both", "a", "b"}
        Which plan plans it.
    """
    first, second = _listed(a), _listed(b)
    asked_a = set(_asked(a, {key for key, which in planned.items() if which in {BOTH, ONLY_A}}))
    asked_b = set(_asked(b, {key for key, which in planned.items() if which in {BOTH, ONLY_B}}))
    names = _names(a) | _names(b)
    rows = []
    for key in {**second, **first}:
        one, other = first.get(key), second.get(key)
        change = _change(one, other, key in asked_a, key in asked_b)
        about = other or one or {}
        row: dict[str, Any] = {name: about[name] for name in ("rule_id", "type", "unit_id", "unit")}
        row |= {"unit_name": names.get(key[1], ""), "change": change}
        for end, mine, asked in (("a", one, key in asked_a), ("b", other, key in asked_b)):
            row[f"strength_{end}"] = mine["strength"] if mine else ""
            row |= {f"{name}_{end}": float(mine[name]) if mine else math.nan for name in ("required", "achieved")}
            row[f"shortfall_{end}"] = float(mine["shortfall"]) if mine else 0.0 if asked else math.nan
        rows.append(row)
    frame = pd.DataFrame(rows, columns=list(RULE_CHANGE_COLUMNS))
    frame = frame.astype({name: "float64" if name in _NUMBERS else "str" for name in RULE_CHANGE_COLUMNS})
    rank = {name: n for n, name in enumerate((*_STRENGTHS, *RULE_CHANGES))}
    strength = frame["strength_b"].where(frame["strength_b"] != "", frame["strength_a"])
    frame = frame.assign(_strength=strength.map(rank), _change=frame["change"].map(rank))
    frame = frame.sort_values(["_change", "_strength", "rule_id", "unit_id"], kind="stable")
    return frame[list(RULE_CHANGE_COLUMNS)].reset_index(drop=True)


def _listed(plan: Plan) -> dict[_Key, dict[str, Any]]:
    return {
        (str(row["rule_id"]), str(row["unit_id"])): {str(name): value for name, value in row.items()}
        for row in plan.unmet.to_dict("records")
    }


def _change(one: object, other: object, asked_a: bool, asked_b: bool) -> str:  # noqa: FBT001 - two pairs of one shape
    if one and other:
        return "still_unmet"
    if one:
        return "now_met" if asked_b else "no_longer_asked"
    return "newly_unmet" if asked_a else "newly_asked"


def _names(plan: Plan) -> dict[str, str]:
    names = dict(zip(plan.communities["id"].astype(str), plan.communities["name"].astype(str), strict=True))
    townships = plan.study.layers.get("townships")
    if townships is not None and "name" in townships:
        names |= dict(zip(townships["id"].astype(str), townships["name"].fillna("").astype(str), strict=True))
    return names


def _asked(plan: Plan, types: set[str]) -> Iterator[_Key]:
    """Yield rule and unit, as a plan lists them, of every modelled rule that its study asks of the plan.

    Where a pooling rule lets small communities of a township meet area rules together, the rule is asked of the pool. A site that had to be opened
    is asked for where it is open.
    """
    standards = plan.study.standards
    for unit, township in _communities(plan):
        heard = standards.rules_for(unit, types=types)
        pooled = [rule for rule in heard if rule.kind == "pooling" and unit.households < float(rule.figure or 0.0)]
        for rule in (rule for rule in heard if not _unknown(rule, unit)):
            yield (rule.id, f"pool:{township}" if _in_pool(rule, pooled) else unit.id)
    for unit in _townships(plan):
        yield from ((rule.id, unit.id) for rule in standards.rules_for(unit, "township", types))
    for rule in standards.rules:
        if rule.scope == "study" and rule.modelled and not rule.off and not types.isdisjoint(rule.types):
            yield (rule.id, "study")
    new = plan.facilities[plan.facilities["status"] == "new"]
    yield from ((_REQUIRED_SITE, str(site)) for site in new["site_id"])


def _in_pool(rule: Rule, pooled: list[Rule]) -> bool:
    hard_area = rule.kind in _AREAS and rule.strength == "hard"
    return hard_area and any(not pool.types or not set(pool.types).isdisjoint(rule.types) for pool in pooled)


def _unknown(rule: Rule, unit: Unit) -> bool:
    """Tell whether the layers lack the count that the rule multiplies: such a rule is recorded, not met."""
    return rule.kind == "area_ratio" and math.isnan(rule.required(unit))


def _communities(plan: Plan) -> Iterator[tuple[Unit, str]]:
    for row in plan.communities.to_dict("records"):
        counts = {name: float(row[name]) for name in COUNTS}
        words = {name: str(row[name]) for name in ("id", "name", "setting", "construction")}
        flags = {name: bool(row[name]) for name in ("resettlement", "key")}
        yield Unit(**words, **counts, **flags), str(row["township_id"])  # type: ignore[arg-type]


def _townships(plan: Plan) -> Iterator[Unit]:
    """Yield the townships that communities name, with their totals; NaN where the figure of a community is not known."""
    frame = pd.DataFrame(plan.communities.drop(columns="geometry"))
    for name, rows in frame.groupby(frame["township_id"].astype(str)):
        if name:
            yield Unit(id=str(name), **{count: float(rows[count].sum(skipna=False)) for count in COUNTS})  # type: ignore[arg-type]
