"""The table of a layer against the contract of its role, all rows at once, by pandera.

Reading a file refuses the first value that breaks the contract, since nothing can be planned with it. Here a table that is in
memory, perhaps edited there, is held against the whole contract, and values that can be right but hardly are, are named with their rows.
The bounds of what is plausible are judgements (docs/decisions/0019-repair.md).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from siteplan.layers.roles import ROLES
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import pandas as pd
    from pandera.pandas import Check, Column, DataFrameSchema

    from siteplan.layers.repair import Place, Repair
    from siteplan.layers.roles import Role

MOST_PEOPLE = 10.0
"""People of a household on average above which a row is named: three times the mean of document 002 (3.52)."""
MOST_FLOORS = 100.0
"""Storeys above which a building is named: more than any residential building in China has."""


def schema_of(role: str) -> DataFrameSchema:
    """Return what pandera holds a layer against: the columns of a role with kind, least value and values, and plausibility.

    Raises
    ------
    KeyError
        If there is no such role.
    """
    from pandera.pandas import Column, DataFrameSchema

    definition = ROLES[role]
    columns: dict[str, Column] = {"id": Column(unique=True, nullable=False)}
    columns |= dict(_columns(definition))
    return DataFrameSchema(columns, checks=list(_across(definition)), name=role)


def _columns(role: Role) -> Iterator[tuple[str, Column]]:
    from pandera.pandas import Check, Column

    for column in role.columns:
        checks: list[Check] = []
        if column.kind == "number" and column.minimum is not None:
            checks.append(Check.ge(column.minimum, error=_("it must be {least} or more", least=f"{column.minimum:g}")))
        if column.values:  # noqa: PD011 - of a column of a role
            words = list(column.values)
            checks.append(Check.isin(words, error=_("it must be one of {values}", values=", ".join(words))))
        if column.name == "floors":
            checks.append(Check.le(MOST_FLOORS, error=_("more than {n} storeys", n=f"{MOST_FLOORS:g}")))
        kind: Any = float if column.kind == "number" else None
        yield column.name, Column(kind, checks=checks, nullable=not column.required)


def _across(role: Role) -> Iterator[Check]:
    """Yield checks of several columns of a row; a value that is missing breaks none."""
    from pandera.pandas import Check

    names = {column.name for column in role.columns}
    if {"households", "people"} <= names:
        fewer = _("fewer people than households")
        yield Check(lambda t: ~(t["people"] < t["households"]), name="people", error=fewer)
        many = _("more than {n} people to a household", n=f"{MOST_PEOPLE:g}")
        yield Check(lambda t: ~(t["people"] > MOST_PEOPLE * t["households"]), name="people", error=many)
    if {"people", "elderly", "children"} <= names:
        more = _("more elderly and children than people")
        yield Check(lambda t: ~(_sum(t) > t["people"]), name="people", error=more)


def _sum(table: pd.DataFrame) -> pd.Series[Any]:
    return table["elderly"].fillna(0.0) + table["children"].fillna(0.0)


def table_findings(frame: gpd.GeoDataFrame, place: Place) -> list[Repair]:
    """Return a finding for each value of a layer that breaks the contract of its role or is not plausible.

    Parameters
    ----------
    frame : GeoDataFrame
        As siteplan.layers.columns.conform returns it, or edited since.
    place : Place
    """
    import pandas as pd
    from pandera.errors import SchemaErrors

    table = pd.DataFrame(frame.drop(columns=frame.geometry.name)).reset_index(drop=True)
    try:
        schema_of(place.role).validate(table, lazy=True)
    except SchemaErrors as error:
        failed = error.failure_cases
    else:
        return []
    ids = (table["id"] if "id" in table else table.index.to_series()).astype(str).tolist()
    found: dict[tuple[str, str], Repair] = {}
    for case in failed.itertuples():
        what = _said(case)
        if what is not None:
            whole = pd.isna(case.index) or str(case.check).startswith("dtype")
            row = "" if whole else str(ids[int(case.index)])
            found.setdefault((row, what), place.finding(what, problem="value", row=row))
    return list(found.values())


def _said(case: Any) -> str | None:
    """Return what pandera found, in words; None where a check could not run on a column that is named anyway."""
    check, across = str(case.check), case.schema_context == "DataFrameSchema"
    if check.startswith("dtype"):
        return _("column {column} holds no numbers", column=case.column)
    if check == "column_in_dataframe":
        return _("column {column} is missing", column=case.failure_case)
    if not isinstance(case.index, int | float) or math.isnan(case.index):
        return None
    if across:
        return check
    words = {
        "field_uniqueness": _("the id stands more than once"),
        "not_nullable": _("column {column} is empty", column=case.column),
    }
    return words.get(check, _("{name}: {text}", name=f"{case.column} {case.failure_case}", text=check))
