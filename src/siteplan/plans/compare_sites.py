"""What two plans do with each facility: opened, closed, moved, grown, shrunk, earlier, later or kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siteplan.standards.facility_types import FACILITY_TYPES
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd

    from siteplan.plans.plan import Plan
    from siteplan.plans.scenario import Scenario

CHANGES = ("opened", "closed", "moved", "grown", "shrunk", "earlier", "later", "kept")
"""What can happen to a facility from one plan to another, in the order of the table; of several the first."""
FACILITY_CHANGE_COLUMNS = (
    "id", "type", "change", "community_id", "community_name", "site_from", "site_to", "metres", "area_m2_from",
    "area_m2_to", "cost_yuan_from", "cost_yuan_to", "phase_from", "phase_to", "status_from", "status_to",
)  # fmt: skip
_NUMBERS = ("metres", "area_m2_from", "area_m2_to", "cost_yuan_from", "cost_yuan_to")
STANDS = "0"
"""Phase of what stands already, as in plans."""
SAME_PLACE_M = 1.0
"""Points no farther apart are one place: a layer that is drawn anew moves its points by less than a building is wide."""
_LARGE_M2 = 1000.0
_Record = dict[str, Any]


def facility_changes(a: Plan, b: Plan) -> pd.DataFrame:
    """Return one row a facility of either plan, or a pair of facilities of both (FACILITY_CHANGE_COLUMNS).

    A facility of the same id and type is the same facility. What is left is paired by type and community, one to one, by least
    total straight-line distance: a pair has moved. What is left then is closed (in ``a`` only) or opened (in ``b`` only). ``id``
    and ``community_id`` are those of ``b`` where the facility is in ``b``. Areas in m2, cost in yuan: 0 where it is not.
    ``metres``: straight line, NaN for what is in one plan only. Phases are named as the scenario names them; ``"0"``: it stands
    already; ``""``: it is not in the plan.
    """
    left, right = _records(a), _records(b)
    before = _phase_order(a.scenario, b.scenario)
    pairs = _pairs(left, right)
    gone = set(range(len(left))) - {i for i, _j in pairs}
    come = set(range(len(right))) - {j for _i, j in pairs}
    rows = [_row(left[i], right[j], before) for i, j in pairs]
    rows += [_row(left[i], None, before) for i in sorted(gone)]
    rows += [_row(None, right[j], before) for j in sorted(come)]
    frame = pd.DataFrame(rows, columns=list(FACILITY_CHANGE_COLUMNS))
    frame = frame.astype({name: "float64" if name in _NUMBERS else "str" for name in FACILITY_CHANGE_COLUMNS})
    ranks = {name: n for n, name in enumerate((*CHANGES, *FACILITY_TYPES))}
    order = ["change", "community_id", "type", "id", "site_from"]
    return frame.sort_values(order, key=lambda c: c.map(ranks) if c.name in {"change", "type"} else c).reset_index(
        drop=True
    )


def _records(plan: Plan) -> list[_Record]:
    """Return a plan's facilities as plain records, in the order of their ids, with place, phase and community by name."""
    frame: gpd.GeoDataFrame = plan.facilities
    names = dict(zip(plan.communities["id"].astype(str), plan.communities["name"].astype(str), strict=True))
    table = pd.DataFrame(frame.drop(columns="geometry")).assign(x=frame.geometry.x, y=frame.geometry.y)
    records = sorted(table.to_dict("records"), key=lambda record: (str(record["id"]), str(record["type"])))
    return [
        {str(key): value for key, value in record.items()}
        | {
            "phase": _phase_name(plan.scenario, int(record["phase"])),
            "community_name": names.get(str(record["community_id"]), ""),
        }
        for record in records
    ]


def _phase_name(scenario: Scenario, number: int) -> str:
    names = (STANDS, *scenario.phase_names)
    return names[number] if number < len(names) else str(number)


def _phase_order(a: Scenario, b: Scenario) -> Mapping[str, int]:
    """Return the order of the phases of both scenarios; empty where neither has all the phases of the other."""
    long, short = sorted((a.phase_names, b.phase_names), key=len, reverse=True)
    shared = [name for name in long if name in short]
    return {name: n for n, name in enumerate(long)} if shared == list(short) else {}


def _pairs(left: Sequence[_Record], right: Sequence[_Record]) -> list[tuple[int, int]]:
    """Return rows of ``left`` and ``right`` that are one facility: by id, then by place within type and community."""
    known = {(record["id"], record["type"]): j for j, record in enumerate(right)}
    pairs = [(i, known[r["id"], r["type"]]) for i, r in enumerate(left) if (r["id"], r["type"]) in known]
    rest_left = _by_kind(left, {i for i, _j in pairs})
    rest_right = _by_kind(right, {j for _i, j in pairs})
    for kind in sorted(rest_left.keys() & rest_right.keys()):
        pairs += _nearest(left, rest_left[kind], right, rest_right[kind])
    return pairs


def _by_kind(records: Sequence[_Record], paired: set[int]) -> dict[tuple[str, str], list[int]]:
    groups: dict[tuple[str, str], list[int]] = {}
    for n, record in enumerate(records):
        if n not in paired:
            groups.setdefault((str(record["type"]), str(record["community_id"])), []).append(n)
    return groups


def _nearest(
    left: Sequence[_Record], mine: list[int], right: Sequence[_Record], theirs: list[int]
) -> list[tuple[int, int]]:
    """Pair rows one to one by least total distance, what is at one place first; of ties the same whichever plan comes first."""
    from scipy.optimize import linear_sum_assignment

    turned = str(right[theirs[0]]["id"]) < str(left[mine[0]]["id"])
    here = _points(right, theirs) if turned else _points(left, mine)
    there = _points(left, mine) if turned else _points(right, theirs)
    metres = np.hypot(here[:, None, 0] - there[None, :, 0], here[:, None, 1] - there[None, :, 1])
    rows, columns = linear_sum_assignment(np.where(metres <= SAME_PLACE_M, -1.0, metres))
    found = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(mine[c], theirs[r]) if turned else (mine[r], theirs[c]) for r, c in found]


def _points(records: Sequence[_Record], rows: list[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([(records[n]["x"], records[n]["y"]) for n in rows], dtype=np.float64)


def _row(before: _Record | None, after: _Record | None, order: Mapping[str, int]) -> _Record:
    there = after or before or {}
    row = {name: there[name] for name in ("id", "type", "community_id", "community_name")}
    for end, record in (("from", before), ("to", after)):
        row[f"site_{end}"] = record["site_id"] if record else ""
        row[f"area_m2_{end}"] = float(record["area_m2"]) if record else 0.0
        row[f"cost_yuan_{end}"] = float(record["cost_yuan"]) if record else 0.0
        row[f"phase_{end}"] = record["phase"] if record else ""
        row[f"status_{end}"] = record["status"] if record else ""
    row["metres"] = np.nan
    if before and after:
        row["metres"] = float(np.hypot(after["x"] - before["x"], after["y"] - before["y"]))
    row["change"] = "opened" if before is None else "closed" if after is None else _changed(row, order)
    return row


def _changed(row: _Record, order: Mapping[str, int]) -> str:
    """Return what has happened to a facility that both plans have."""
    small, large = sorted((row["area_m2_from"], row["area_m2_to"]))
    first, second = order.get(row["phase_from"]), order.get(row["phase_to"])
    if row["metres"] > SAME_PLACE_M:
        return "moved"
    if large - small > PROVEN_GAP * max(large, _LARGE_M2):
        return "grown" if row["area_m2_to"] == large else "shrunk"
    if first is not None and second is not None and first != second:
        return "earlier" if second < first else "later"
    return "kept"


def type_changes(a: Plan, b: Plan, facilities: pd.DataFrame, planned: Mapping[str, str]) -> pd.DataFrame:
    """Return number, area and cost of each type in both plans, and how many were opened, moved and closed.

    Parameters
    ----------
    facilities : DataFrame
        Of :func:`facility_changes`.
    planned : mapping of type to {"both", "a", "b"}
        Which plan plans it.

    Returns
    -------
    DataFrame
        Types in catalogue order: those planned, and those that either plan has. ``space``: whether its area is floor or land, which are never
        added; areas in m2, cost in yuan; ``planned``: both, a, b, or "" where what stands already is only counted.
    """
    rows: list[_Record] = []
    present = {*planned, *a.facilities["type"], *b.facilities["type"]}
    for key in (key for key in FACILITY_TYPES if key in present):
        row: _Record = {"type": key, "space": FACILITY_TYPES[key].space, "planned": planned.get(key, "")}
        change = facilities.loc[facilities["type"] == key, "change"].value_counts()
        row |= {name: int(change.get(name, 0)) for name in ("opened", "moved", "closed")}
        here, there = (plan.facilities[plan.facilities["type"] == key] for plan in (a, b))
        figures: dict[str, tuple[float, float]] = {"number": (len(here), len(there))}
        figures |= {name: (float(here[name].sum()), float(there[name].sum())) for name in ("area_m2", "cost_yuan")}
        for name, (first, second) in figures.items():
            row |= {f"{name}_a": first, f"{name}_b": second, f"{name}_difference": second - first}
        rows.append(row)
    columns = ["type", "space", "planned", "opened", "moved", "closed"]
    columns += [f"{name}_{end}" for name in ("number", "area_m2", "cost_yuan") for end in ("a", "b", "difference")]
    kinds = {name: "float64" if name.startswith(("area", "cost")) else "int64" for name in columns[3:]}
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[:3], "str") | kinds)
