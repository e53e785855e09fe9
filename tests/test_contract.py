"""docs/contract.md and the tests cite one another: no rule without a test that is there, no citation without a rule."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "docs" / "contract.md"
HEADING = re.compile(r"^## (C\d+) \S", re.MULTILINE)
CITED = re.compile(r"`(tests/[\w/]+\.py::\w+)`")
CITES = re.compile(r"# contract: (C\d+(?:, C\d+)*)$", re.MULTILINE)


def named_tests() -> dict[str, set[str]]:
    """Return the tests that each rule of the contract names."""
    _head, *parts = HEADING.split(CONTRACT.read_text(encoding="utf-8"))
    names, texts = parts[::2], parts[1::2]
    assert len(set(names)) == len(names)
    return {name: set(CITED.findall(text)) for name, text in zip(names, texts, strict=True)}


def cited_rules() -> tuple[dict[str, set[str]], set[str]]:
    """Return the rules that each test function names, and every test function there is."""
    cites: dict[str, set[str]] = defaultdict(set)
    known = set()
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        found = 0
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                name = f"{path.relative_to(ROOT).as_posix()}::{node.name}"
                known.add(name)
                body = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                for match in CITES.findall(body):
                    found += 1
                    cites[name] |= set(match.split(", "))
        assert found == len(CITES.findall(text)), f"{path}: a citation stands outside every test"
    return cites, known


def test_rules_are_numbered_without_a_gap() -> None:
    assert list(named_tests()) == [f"C{n}" for n in range(1, len(named_tests()) + 1)]
    assert len(named_tests()) > 0


def test_every_rule_names_tests_that_are_there() -> None:
    _cites, known = cited_rules()
    for rule, named in named_tests().items():
        assert named, f"{rule} names no test"
        assert not named - known, f"{rule} names tests that are not there"


def test_named_tests_cite_one_another() -> None:
    cites, _known = cited_rules()
    back = defaultdict(set)
    for test, named in cites.items():
        for rule in named:
            back[rule].add(test)
    assert dict(back) == named_tests()
