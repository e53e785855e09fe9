"""The problem and the comparison of the golden LP files of the classic models.

A change of a formulation shows as a difference of constraints. To accept one, write its file anew and read what changed:
``python tests/models/golden_lp.py p_median`` (without a name: all of them).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from test_golden_lp import parsed

from siteplan.models.backup import backup_model
from siteplan.models.capacitated import CapacitatedModel
from siteplan.models.lscp import lscp_model
from siteplan.models.mclp import mclp_model
from siteplan.models.p_center import radius_model
from siteplan.models.p_dispersion import spacing_model
from siteplan.models.p_median import p_median_model
from siteplan.models.point_problem import PointProblem

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.models.solver import Model

GOLDEN = Path(__file__).parent / "golden"


def one_of_each() -> PointProblem:
    """Return a problem with a candidate of each state, points that share a set, points that only a given site reaches, and ties.

    Candidates 0, 1, 2 are free, 3 is required, 4 exists, 5 is forbidden.
    """
    pairs = [
        (0, 0, 100), (0, 1, 200), (0, 2, 300), (0, 3, 900),
        (1, 0, 200), (1, 1, 100), (1, 2, 600),
        (2, 0, 300), (2, 1, 300), (2, 4, 400), (2, 2, 800),
        (3, 2, 250), (3, 5, 10),
        (4, 3, 120), (4, 4, 130),
        (5, 0, 150), (5, 1, 150), (5, 2, 700),
    ]  # fmt: skip
    i, j, cost = (np.array(column) for column in zip(*pairs, strict=True))
    return PointProblem(
        weight=np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0]),
        i=i,
        j=j,
        cost=cost.astype(float),
        state=np.array([0, 0, 0, 1, 2, -1]),
        fixed=np.array([3.0, 4.0, 5.0, 6.0, 7.0, 8.0]),
        capacity=np.array([80.0, 90.0, 100.0, 45.0, 500.0, 10.0]),
        load=np.array([11.0, 21.0, 31.0, 41.0, 51.0, 0.0]),
    )


def between_sites() -> PointProblem:
    """Return five sites along a line, 100, 200, 300 and 400 m apart, one of them required."""
    at = np.array([0.0, 100.0, 300.0, 600.0, 1000.0])
    i, j = np.indices((5, 5)).reshape(2, -1)
    return PointProblem(weight=np.ones(5), i=i, j=j, cost=np.abs(at[i] - at[j]), state=np.array([0, 0, 1, 0, 0]))


MODELS: dict[str, Callable[[], Model]] = {
    "lscp": lambda: lscp_model(one_of_each(), 300.0)[0],
    "mclp": lambda: mclp_model(one_of_each(), 300.0, 3)[0],
    "p_median": lambda: p_median_model(one_of_each(), 3, None)[0],
    "p_median_penalty": lambda: p_median_model(one_of_each(), 3, 1000.0)[0],
    "p_center": lambda: radius_model(one_of_each(), 300.0, 4)[0],
    "p_dispersion": lambda: spacing_model(between_sites(), 350.0, 2)[0],
    "backup_first": lambda: backup_model(one_of_each(), 300.0)[0],
    "backup": lambda: backup_model(one_of_each(), 300.0, 14.0)[0],
    "capacitated_mclp": lambda: CapacitatedModel(one_of_each(), "capacitated_mclp", reach=300.0, p=3).model,
    "capacitated_p_median": lambda: (
        CapacitatedModel(one_of_each(), "capacitated_p_median", p=4, single_source=True, penalty=1000.0).model
    ),
    "capacitated_lscp": lambda: CapacitatedModel(one_of_each(), "capacitated_lscp", reach=300.0).model,
}


def written(name: str, folder: Path) -> str:
    """Return the LP of the model ``name``."""
    path = folder / f"{name}.lp"
    MODELS[name]().write_lp(path)
    return path.read_text(encoding="utf-8")


def check_golden(name: str, folder: Path) -> dict[str, object]:
    """Hold the LP of the model ``name`` to its golden file, and return what that says."""
    now, golden = parsed(written(name, folder)), parsed((GOLDEN / f"{name}.lp").read_text(encoding="utf-8"))
    for section in ("Minimize", "Subject To", "Bounds", "integers"):
        assert now[section] == golden[section], section
    return golden


if __name__ == "__main__":
    for asked in sys.argv[1:] or MODELS:
        with tempfile.TemporaryDirectory() as temporary:
            (GOLDEN / f"{asked}.lp").write_text(written(asked, Path(temporary)), encoding="utf-8")
