# ruff: noqa: INP001 - a script beside the table that it writes
"""Write docs/requirements.md: what the five documents require, which rules say it, and which tests hold it.

Reads docs/requirements.csv (what the documents require), the profiles that come with siteplan, and the comments ``# requirement: S0-12`` in tests;
``tests/standards/test_requirements_table.py`` holds that the file is as written here. Run ``python docs/make_requirements.py`` after a change.
"""

from __future__ import annotations

import ast
import csv
import re
import tokenize
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from siteplan.messages import set_language
from siteplan.standards import load_standards
from siteplan.standards.kinds import why_recorded
from siteplan.standards.library import BUILT_IN, NATIONAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from siteplan.standards import Rule

ROOT = Path(__file__).resolve().parents[1]
MARK = "# requirement:"
CITES = re.compile(MARK + r" (S\d-\d\d[a-z]?(?:, S\d-\d\d[a-z]?)*)")
HEAD = """# Requirements

What the five source documents require, line by line, and what siteplan makes of it. This file is written by `docs/make_requirements.py` from
`docs/requirements.csv`, the profiles in `src/siteplan/standards/profiles` and the tests that name a requirement (`# requirement: S0-12`).

- **modelled**: its rules bind a plan or its tables of needs, and the audit evaluates them; at least one test holds each.
- **audited only**: plan and audit list it as recorded, not evaluated, with the reason that stands here; nothing says that it is met.
- **out of scope**: it asks for nothing that a plan of places could hold, for the reason that stands here; there is no rule.

{n} requirements: {modelled} modelled, {audited} audited only, {out} out of scope.

| id | document, clause | key phrase | it requires | rules | held by |
| --- | --- | --- | --- | --- | --- |
"""


class Requirement(NamedTuple):
    """One row of docs/requirements.csv."""

    id: str
    document: str
    clause: str
    key_phrase: str
    requirement: str
    out_of_scope: str


def requirements() -> tuple[Requirement, ...]:
    """Return what the documents require."""
    with (ROOT / "docs" / "requirements.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Requirement(**row) for row in csv.DictReader(file))


def rules() -> dict[str, list[Rule]]:
    """Return the rules of the documents' profiles by requirement."""
    found: dict[str, list[Rule]] = defaultdict(list)
    for rule in load_standards(BUILT_IN).rules:
        if rule.profile != NATIONAL:
            found[rule.requirement].append(rule)
    return dict(found)


def citations(root: Path = ROOT) -> dict[str, list[str]]:
    """Return the tests that name each requirement, in their bodies or their parameters.

    Raises
    ------
    ValueError
        If a citation stands outside every test, or cannot be read.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((root / "tests").rglob("test_*.py")):
        named = _comments(path)
        tree = ast.parse(path.read_text(encoding="utf-8")) if named else ast.Module([], [])
        tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        for line, ids in named.items():
            owners = [test.name for test in tests if _first(test) <= line <= (test.end_lineno or 0)]
            if not owners:
                raise ValueError(f"{path}, line {line}: a citation stands outside every test")
            name = f"{path.relative_to(root).as_posix()}::{owners[0]}"
            for requirement in ids.split(", "):
                found[requirement] += [name] if name not in found[requirement] else []
    return dict(found)


def _comments(path: Path) -> dict[int, str]:
    """Return the requirements that comments of a file name, by line."""
    named = {}
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT and token.string.startswith(MARK):
                match = CITES.fullmatch(token.string)
                if match is None:
                    raise ValueError(f"{path}, line {token.start[0]}: write the ids alone, {MARK} S0-12, S4-01")
                named[token.start[0]] = match.group(1)
    return named


def _first(test: ast.FunctionDef) -> int:
    return min([test.lineno, *(decorator.lineno for decorator in test.decorator_list)])


def status(requirement: Requirement, of: Sequence[Rule], tests: Iterable[str]) -> str:
    """Return ``modelled``, ``audited only`` or ``out of scope``, with its tests or its reason."""
    held = ", ".join(f"`{test}`" for test in tests)
    if any(rule.modelled for rule in of):
        return f"modelled and tested by {held}"
    if of:
        reasons = "; ".join(dict.fromkeys(why_recorded(rule) for rule in of))
        return f"audited only (listed, not evaluated): {reasons}" + (
            f"; as far as it goes, tested by {held}" if held else ""
        )
    return f"out of scope: {requirement.out_of_scope}"


def _named(of: Iterable[Rule]) -> str:
    return ", ".join(f"{rule.id} ({rule.kind}{'' if rule.modelled else ', recorded'})" for rule in of)


def table() -> str:
    """Return the text of docs/requirements.md."""
    set_language("en")
    try:
        held, of = citations(), rules()
        lines, count = [], {"modelled": 0, "audited": 0, "out": 0}
        for row in requirements():
            said = status(row, of.get(row.id, ()), held.get(row.id, ()))
            count[said.split()[0]] += 1
            cells = (
                *(row.id, f"{row.document.split('_')[0]}, {row.clause}", row.key_phrase, row.requirement),
                *(_named(of.get(row.id, ())), said),
            )
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    finally:
        set_language(None)
    return HEAD.format(n=len(lines), **count) + "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "requirements.md").write_text(table(), encoding="utf-8")
