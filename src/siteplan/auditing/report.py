"""An audit as rows to print and as a value for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from siteplan.auditing.outcome import FAIL, NOT_EVALUATED, NOT_REGULATED, OFF, PASS
from siteplan.messages import _, language, word
from siteplan.standards.facility_types import facility_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.auditing.audit import Audit

ASKED = (PASS, FAIL, NOT_REGULATED)
"""Verdicts that are printed unless all are asked for."""


def verdict_text(verdict: str) -> str:
    """Return a verdict in the language spoken now."""
    return {
        PASS: _("pass"),
        FAIL: _("fail"),
        NOT_REGULATED: _("not regulated"),
        NOT_EVALUATED: _("not evaluated"),
        OFF: _("off"),
    }[verdict]


def figure_text(value: float) -> str:
    """Return a figure for a table: two decimals at most, a dash where there is none.

    >>> figure_text(80.0), figure_text(79.996), figure_text(float("nan"))
    ('80', '80', '-')
    """
    return "-" if math.isnan(value) else f"{value:.2f}".rstrip("0").rstrip(".")


def shortfall_figures(required: float, achieved: float, verdict: str) -> tuple[str, str]:
    """Return both figures; a fail by less than two decimals show is printed in full, so that the two never look equal.

    >>> shortfall_figures(400.0, 399.999, "fail"), shortfall_figures(400.0, 399.0, "fail")
    (('400.0', '399.999'), ('400', '399'))
    """
    texts = figure_text(required), figure_text(achieved)
    return (repr(required), repr(achieved)) if verdict == FAIL and texts[0] == texts[1] else texts


def by_document(audit: Audit, *, everything: bool = False) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield each document with its rows, clause by clause, in the table's order.

    Parameters
    ----------
    everything : bool
        Whether rules that are recorded or switched off are among them.

    Yields
    ------
    (str, list of dict of str to str)
        Document, or "" for topics on which no rule speaks; rows with rule, clause, what, unit, required, achieved,
        verdict, note. ``verdict`` is the word of the audit, not translated.
    """
    table = audit.table if everything else audit.table[audit.table["verdict"].isin(ASKED)]
    for document, rows in table.groupby("document", sort=False):
        yield str(document), [_row(row) for row in rows.to_dict("records")]


def _row(row: dict[Any, Any]) -> dict[str, str]:
    required, achieved = shortfall_figures(float(row["required"]), float(row["achieved"]), str(row["verdict"]))
    clause = " ".join(part for part in (row["clause"], f"“{row['key_phrase']}”" if row["key_phrase"] else "") if part)
    return {
        "rule": str(row["rule_id"]),
        "clause": clause,
        "what": f"{word('kind', row['kind'])} {_types(row['types'])}".strip(),
        "who": " ".join(part for part in (row["unit_id"], row["unit_name"]) if part),
        "strength": word("strength", str(row["strength"])),
        "required": required,
        "achieved": achieved,
        "unit": word("unit", str(row["unit"])),
        "verdict": str(row["verdict"]),
        "note": str(row["note"]),
    }


def _types(listed: str) -> str:
    """Return facility types for a table: by name in Chinese, in English the keys that study.toml has."""
    keys = [key for key in listed.split(";") if key]
    return "、".join(facility_type(key).label for key in keys) if language() == "zh" else ";".join(keys)


def counts(audit: Audit) -> dict[str, int]:
    """Return how many rules (rule and unit) have each verdict, and how many claims hold and do not."""
    rules = {verdict: int((audit.table["verdict"] == verdict).sum()) for verdict in (PASS, FAIL, NOT_REGULATED)}
    rules |= {verdict: int((audit.table["verdict"] == verdict).sum()) for verdict in (NOT_EVALUATED, OFF)}
    claims = {f"claims {name}": int((audit.claims["verdict"] == name).sum()) for name in (PASS, FAIL, NOT_EVALUATED)}
    return rules | {"hard rules failed": audit.hard_failed} | claims


def last_line(audit: Audit) -> str:
    """Return the counts in one sentence."""
    found = counts(audit)
    return _(
        "{passed} rules pass, {failed} fail ({hard} of them hard), {silent} not regulated, {recorded} not evaluated, "
        "{off} off; {held} claims hold, {wrong} do not",
        passed=found[PASS],
        failed=found[FAIL],
        hard=found["hard rules failed"],
        silent=found[NOT_REGULATED],
        recorded=found[NOT_EVALUATED],
        off=found[OFF],
        held=found[f"claims {PASS}"],
        wrong=found[f"claims {FAIL}"],
    )


def to_json(audit: Audit) -> dict[str, Any]:
    """Return the whole audit as values for JSON; figures that are missing are None."""

    def plain(record: dict[Any, Any]) -> dict[str, Any]:
        missing = {key for key, value in record.items() if isinstance(value, float) and not math.isfinite(value)}
        return {str(key): None if key in missing else value for key, value in record.items()}

    return {
        "plan": audit.name,
        "ok": audit.ok,
        "counts": counts(audit),
        "table": [plain(row) for row in audit.table.to_dict("records")],
        "claims": [plain(row) for row in audit.claims.to_dict("records")],
    }
