"""The import contracts of pyproject.toml hold (see docs/architecture.md)."""

from __future__ import annotations

from pathlib import Path

from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[1]


def test_contracts_hold() -> None:
    # contract: C4
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0
