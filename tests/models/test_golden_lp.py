"""The joint formulation, row by row: the LP of one small problem is the one in golden/joint.lp.

A change of the formulation shows here as a difference of constraints. To accept one, write the file anew:
``python tests/models/test_golden_lp.py`` and read what changed.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from toy_problems import Slot, problem_of, share_of, sites_of

from siteplan.models.components import split
from siteplan.models.joint import JointModel
from siteplan.models.joint_problem import Budget, CoverRow, Fund, JointProblem, SizeRows, Space
from siteplan.models.reduce import nearest_first

GOLDEN = Path(__file__).parent / "golden" / "joint.lp"
HARD, TARGET, SOFT = 0, 1, 2


def one_of_each() -> JointProblem:
    """Return a problem of two phases with every kind of row.

    Site 0 builds 2 storeys and may take a centre, a room inside it and a square; at site 1 a centre stands that may grow and take
    the room; site 2 must be opened; site 3 is an alternative to site 0. Rooms serve only so many. A budget for the second phase, two funds
    and a number of sites; two demand points, of one community.
    """
    slots = [
        Slot(0, 0, low=10.0, high=80.0),  # 0: centre
        Slot(0, 1, low=20.0, high=80.0, host=0, price=0.0),  # 1: room
        Slot(0, 2, high=60.0, space=Space.LAND, price=50.0),  # 2: square
        Slot(1, 0, existing_m2=30.0, high=45.0, price=500.0),  # 3: centre that stands
        Slot(1, 1, low=20.0, high=45.0, host=3, price=0.0),  # 4: room
        Slot(2, 3, space=Space.NONE, high=0.0, price=0.0),  # 5: type without area
        Slot(3, 2, high=60.0, space=Space.LAND, price=70.0),  # 6: square
    ]
    sites = sites_of(
        4, floor=[80, 15, 0, 0], land=[90, 0, 0, 60], storeys=[2, 0, 0, 0], fixed=[20_000, 3000, 0, 0], state=[0, 0, 1, 0],
        place=[0, -1, -1, 0],
    )  # fmt: skip
    near = [(0, 0, 100.0), (0, 3, 300.0), (1, 3, 150.0), (0, 2, 100.0), (1, 2, 250.0), (0, 1, 100.0), (0, 4, 300.0),
            (1, 4, 150.0), (1, 6, 200.0)]  # fmt: skip
    both = np.array([0, 1])
    return problem_of(
        slots,
        sites=sites,
        weight=[40.0, 60.0],
        pairs=near,
        limit=500.0,
        area=[([0, 3], 90.0, HARD, 1), ([2, 6], 40.0, TARGET, 0), ([0, 3], 120.0, SOFT, 1)],
        count=[([1, 4], 1.0, HARD, 0), ([5], 1.0, TARGET, 1)],
        size=SizeRows(slot=np.array([3]), least_m2=np.array([40.0]), strength=np.array([HARD])),
        faults=[(2, False, [5], HARD), (6, False, [5], TARGET), (5, True, [1, 4], SOFT), (2, False, [], TARGET)],
        cover=(
            CoverRow(type=0, demand=both, reach=200.0, strength=HARD, due=1),
            CoverRow(type=2, demand=both, reach=250.0, strength=TARGET, share=0.8, due=0),
            CoverRow(type=1, demand=both, reach=200.0, strength=HARD, due=0),
            CoverRow(type=1, demand=both, reach=300.0, strength=TARGET, share=0.9, due=1),
        ),
        shares=(
            share_of(7, [[0], [3]], 40.0, 2.0, due=1),
            share_of(7, [[1], [4], [5]], 1.0, 2.0, area=False, strength=TARGET, due=0),
        ),
        budgets=(
            Budget(sites=np.arange(4), limit=150_000.0),
            Budget(sites=np.arange(4), limit=90_000.0, phase=1),
        ),
        funds=(
            Fund(sites=np.arange(4), limits=(50_000.0, 40_000.0)),
            Fund(sites=np.array([0]), limits=(0.0, 70_000.0)),
        ),
        max_sites=2,
        aim_price=800.0,
        load=np.array([[np.nan] * 2, [20.0, 90.0], [np.nan] * 2, [np.nan] * 2]),
        community=np.array([0, 0]),
        wait=np.ones(7),
        earliest=np.zeros(7, dtype=np.int64),
        n_phases=2,
    )


def lp_text(folder: Path) -> str:
    """Return the LP of the whole problem, every objective's rows and sets added, the cost held, minimising cost, walks and facilities."""
    problem = one_of_each()
    (component,) = split(problem)
    model = JointModel(problem, component, nearest_first(problem), "joint")
    model.add_worst()
    model.service.worst_mean()
    model.service.lacking()
    model.keep(model.delay()[0], 3.0, 0.5, "delay")
    model.model.minimise(model.worth()[0])
    path = folder / "joint.lp"
    model.model.write_lp(path)
    return path.read_text(encoding="utf-8")


def parsed(text: str) -> dict[str, object]:
    """Return an LP as sections of what it says: rows by name as sets of terms, bounds, integers; comments and order dropped."""
    lines = [line for line in text.splitlines() if not line.startswith("\\")]
    sections: dict[str, str] = {}
    head = ""
    for line in lines:
        if line.strip() in {"Minimize", "Subject To", "Bounds", "Binaries", "Generals", "End"}:
            head = line.strip()
            sections[head] = ""
        else:
            sections[head] = f"{sections[head]}\n{line}"
    found: dict[str, object] = {"Minimize": _rows(sections["Minimize"])["OBJ"]}
    found["Subject To"] = _rows(sections["Subject To"])
    found["Bounds"] = {re.sub(r"\s+", " ", line.strip()) for line in sections["Bounds"].splitlines()} - {""}
    integers = sections.get("Binaries", "") + sections.get("Generals", "")
    found["integers"] = set(integers.split())
    return found


def _rows(text: str) -> dict[str, tuple[frozenset[tuple[str, float]], str]]:
    """Return each row's terms and what stands right of them."""
    joined = re.sub(r"\n(?!\w+:)", " ", text)  # long rows are broken over lines
    rows = {}
    for line in joined.splitlines():
        if not line.strip():
            continue
        name, _colon, body = line.partition(":")
        split_ = re.split(r"(<=|>=|=)", body)
        left, right = split_[0], " ".join(part.strip() for part in split_[1:])
        terms = re.findall(r"([+-]?)\s*(\d[\d.]*(?:e[+-]?\d+)?)?\s*([A-Za-z_]\w*)", left)
        rows[name.strip()] = (frozenset((v, float(c or 1) * (-1 if sign == "-" else 1)) for sign, c, v in terms), right)
    return rows


def test_the_joint_formulation_is_the_golden_one(tmp_path: Path) -> None:
    written, golden = parsed(lp_text(tmp_path)), parsed(GOLDEN.read_text(encoding="utf-8"))
    assert written["Minimize"] == golden["Minimize"]
    assert written["Subject To"] == golden["Subject To"]
    assert written["Bounds"] == golden["Bounds"]
    assert written["integers"] == golden["integers"]


def test_the_golden_file_holds_every_kind_of_row() -> None:
    rows = parsed(GOLDEN.read_text(encoding="utf-8"))["Subject To"]
    assert {re.sub(r"(_x)?(_\d+)+$", "", name) for name in rows} == {
        "stays", "grows", "largest", "smallest", "inside", "rooms", "floor", "land",  # openings and areas
        "site", "growth", "used", "paid", "budget", "max_sites", "place", "paid_for", "fund",  # money
        "area", "size", "count", "fault", "meets", "share", "opened", "required",  # what is asked
        "none", "cover", "by", "of", "room", "still", "second", "mean",  # who is served
        "worst", "keep_delay",
    }  # fmt: skip


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    lp_text(GOLDEN.parent)
