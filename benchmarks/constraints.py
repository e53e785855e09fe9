"""Print exact versions of every package for two Pythons, one of them before 3.12 and one after."""

from __future__ import annotations

import subprocess
import sys

BORDER = "3.12"


def frozen(python: str) -> dict[str, str]:
    """Return version by package, siteplan itself left out."""
    lines = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze", "--exclude-editable"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    pairs = (line.split("==", 1) for line in lines if "==" in line)
    return {name.lower(): version for name, version in pairs if name.lower() not in {"pip", "setuptools", "siteplan"}}


def main() -> None:
    before, after = (frozen(python) for python in sys.argv[1:3])
    print("# Exact versions that siteplan is tested with; written by `make constraints`.")
    for name in sorted(before | after):
        old, new = before.get(name), after.get(name)
        if old == new:
            print(f"{name}=={old}")
            continue
        if old:
            print(f'{name}=={old} ; python_version < "{BORDER}"')
        if new:
            print(f'{name}=={new} ; python_version >= "{BORDER}"')


if __name__ == "__main__":
    main()
