"""Studies made infeasible in many ways: each explained, its cheapest change applied and solved again. The studies are those of the tests."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rows import row

ROOT = Path(__file__).parents[1]
LEAST = 10


def main() -> None:
    """Print one row: how many of the ways hold, and which do not."""
    sys.path.insert(0, str(ROOT / "tests" / "planning"))
    from infeasible import WAYS, shown

    failed = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, way in enumerate(WAYS):
            try:
                shown(way, Path(folder) / str(number))
            except AssertionError as error:
                failed[way.name] = str(error).splitlines()[:1]
    held = len(WAYS) - len(failed)
    row(
        "ten ways of infeasibility: explained, and the cheapest change meets the rule",
        held,
        f"of {len(WAYS)} ways",
        "a study made infeasible in ten different ways: each explained correctly, and the proposed cheapest change, once applied, does meet the rule",
        met=held >= LEAST and not failed,
        peers={"failed": failed} if failed else None,
    )


if __name__ == "__main__":
    main()
