"""Cost against coverage: every Pareto point of enumeration and none else, plans that hold one another, and what is said of the rest."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_study import centre, house, place, reach, write_study

from siteplan.auditing.audit import audit
from siteplan.errors import DataError, UsageError
from siteplan.messages import set_language
from siteplan.planning.frontier import frontier
from siteplan.planning.frontier_result import COLUMNS
from siteplan.plans.scenario import Scenario

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.planning.frontier_result import Frontier
    from siteplan.study.study import Study

LEAST_M2, METRES = 10.0, 160.0
HOMES = {0: 1, 300: 3, 600: 3, 900: 1}
"""Households by metres along the street."""
MIDDLE = {"l": 150, "m": 450, "r": 750}
"""Candidates: the one in the middle serves most alone, the two others everybody together."""


def pareto(homes: dict[int, float], places: dict[str, tuple[int, float]]) -> list[tuple[float, float]]:
    """Return (cost, share covered) of every set of candidates that no other set dominates."""
    total = sum(homes.values())
    found = set()
    for n in range(len(places) + 1):
        for chosen in itertools.combinations(places.values(), n):
            covered = sum(w for x, w in homes.items() if any(abs(x - at) <= METRES for at, _ in chosen))
            found.add((sum(cost for _, cost in chosen), covered / total))
    best = [(c, v) for c, v in found if not any((a <= c and b >= v) and (a, b) != (c, v) for a, b in found)]
    return sorted((round(c), round(v, 9)) for c, v in best)


def along(tmp_path: Path, homes: dict[int, float], places: dict[str, tuple[int, float]]) -> Study:
    """Return a study of houses along a street where a library is to be within METRES of everybody."""
    return write_study(
        tmp_path,
        rules=[reach("library", METRES)],
        buildings=[house(f"h{x}", x, households) for x, households in homes.items()],
        candidates=[
            place(name, x, cost_per_m2_yuan=0.0, fixed_cost_yuan=float(cost)) for name, (x, cost) in places.items()
        ],
    )


def found_points(found: Frontier) -> list[tuple[float, float]]:
    return [(round(point.cost_yuan), round(point.coverage, 9)) for point in found.points]


@pytest.fixture
def street(tmp_path: Path) -> Study:
    return along(tmp_path, HOMES, {name: (x, 10_000.0) for name, x in MIDDLE.items()})


def test_the_points_are_those_of_enumeration(street: Study) -> None:
    expected = pareto(HOMES, {name: (x, 10_000.0) for name, x in MIDDLE.items()})
    assert expected == [(0, 0), (10_000, 6 / 8), (20_000, 1)]
    found = frontier(street, steps=12)
    assert found_points(found) == expected
    assert found.complete
    assert found.solves <= 12
    assert all(point.plan.proven for point in found.points)
    assert all(audit(plan).disagreements() == [] for plan in found.plans)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10_000))
def test_random_streets_too(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    rng = np.random.default_rng(seed)
    homes = {int(x): float(rng.integers(1, 9)) for x in rng.choice(np.arange(0, 900, 20), 6, replace=False)}
    at = rng.choice(np.arange(10, 900, 20), 5, replace=False)
    places = {f"c{n}": (int(x), float(1000 * rng.integers(5, 30))) for n, x in enumerate(at)}
    study = along(tmp_path_factory.mktemp("street"), homes, places)
    found = frontier(study, steps=60)
    assert found.complete
    assert found_points(found) == pareto(homes, places)


def test_few_steps_find_points_of_the_frontier_and_say_that_more_may_be_there(street: Study) -> None:
    found = frontier(street, steps=2)
    assert found_points(found) == [(0, 0), (20_000, 1)]
    assert not found.complete
    assert "Not complete" in repr(found)
    with pytest.raises(UsageError, match="at least 2 steps"):
        frontier(street, steps=1)


def test_the_scenarios_budget_is_the_most_that_is_spent(street: Study) -> None:
    found = frontier(street, Scenario(budget_yuan=15_000.0), steps=8)
    assert found_points(found) == [(0, 0), (10_000, 6 / 8)]
    assert found.complete


def test_what_is_locked_is_the_least_that_is_spent(street: Study) -> None:
    found = frontier(street, Scenario(locked=("l/library",)), steps=12)
    assert found_points(found) == [(10_000, 4 / 8), (20_000, 1)]
    assert found.complete


def test_nested_plans_hold_one_another_and_the_price_is_told(street: Study) -> None:
    found = frontier(street, steps=12, nested=True)
    assert [round(point.cost_yuan) for point in found.points] == [0, 10_000, 20_000]
    for smaller, larger in itertools.pairwise(found.plans):
        areas = larger.facilities.set_index("id")["area_m2"]
        for row in smaller.facilities.itertuples():
            assert areas[row.id] >= row.area_m2 - 1e-3
    table = found.table
    assert table["coverage"].tolist() == pytest.approx([0, 6 / 8, 7 / 8])
    assert table["coverage_free"].tolist() == pytest.approx([0, 6 / 8, 1])
    assert table["price_of_nesting"].tolist() == pytest.approx([0, 0, 1 / 8])
    assert "nesting costs 12.50 percentage points" in repr(found)
    assert found.free is not None
    assert found.free.complete
    assert all(audit(plan).disagreements() == [] for plan in found.plans)


def test_money_for_other_rules_is_dropped_and_said(tmp_path: Path) -> None:
    # 425 households want 136 m2, of which 10 serve them all: every budget is spent, the middle of the gap in coverage is tried again and again
    study = write_study(
        tmp_path,
        rules=[reach("service_centre", 500), centre(32, strength="target")],
        buildings=[house("b1", 200, 425)],
        candidates=[place("c1", 300)],
    )
    found = frontier(study, steps=4)
    assert found_points(found) == [(0, 0), (34_000, 1)]
    assert [round(dropped.point.cost_yuan) for dropped in found.dropped] == [68_000, 136_000]
    assert all(dropped.by is found.points[1] for dropped in found.dropped)
    assert "  dropped: 136,000 yuan for 100.0%, because 34,000 yuan cover 100.0%" in repr(found)
    assert not found.complete
    assert found.table["targets"].tolist() == pytest.approx([1, 0.75])


def test_the_table_tells_costs_coverage_shortfalls_and_proof(street: Study) -> None:
    table = frontier(street, steps=12).table
    assert tuple(table.columns) == (*COLUMNS, "coverage:library")
    assert table["coverage:library"].tolist() == table["coverage"].tolist()
    assert table["gain"].tolist()[1:] == pytest.approx([6 / 8, 2 / 8])
    assert table["yuan_per_household"].tolist()[1:] == pytest.approx([10_000 / 6, 10_000 / 2])
    assert table["hard-sum"].tolist() == pytest.approx([1, 2 / 8, 0], abs=1e-6)
    assert table["hard_unmet"].tolist() == [1, 1, 0]
    assert table["proven"].all()
    assert table["gap"].tolist() == pytest.approx([0, 0, 0], abs=1e-5)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_the_picture_is_written(street: Study, tmp_path: Path, ending: str, language: str) -> None:
    found = frontier(street, steps=4, nested=True)
    set_language(language)
    try:
        figure = found.plot(tmp_path / f"图{ending}")
    finally:
        set_language("en")
    axes = figure.axes[0]
    drawn = [xy for collection in axes.collections for xy in collection.get_offsets().tolist()]
    points = (*found.points, *found.free.points)
    assert {(round(x, 3), round(y, 3)) for x, y in drawn} == {
        (round(point.cost_yuan / 1e4, 3), round(100 * point.coverage, 3)) for point in points
    }
    assert (tmp_path / f"图{ending}").stat().st_size > 5000
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ending] == [f"图{ending}"]


def test_a_picture_that_cannot_be_written_is_told(street: Study, tmp_path: Path) -> None:
    found = frontier(street, steps=2)
    with pytest.raises(UsageError, match=r"ends in one of \.png, \.svg, \.pdf"):
        found.plot(tmp_path / "picture.txt")
    with pytest.raises(DataError, match="cannot be written"):
        found.plot(tmp_path / "no" / "picture.png")
    assert found.plot() is not None
