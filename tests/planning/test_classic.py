"""The classic models as a planner calls them: ids in, ids out, and what is wrong is said."""

from __future__ import annotations

import dataclasses
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siteplan.access.matrix import CostMatrix
from siteplan.errors import DataError, UsageError
from siteplan.models.solver import SolverOptions
from siteplan.models.status import Status
from siteplan.planning.classic import lscp, lscp_backup, mclp, p_center, p_dispersion, p_median
from siteplan.planning.classic_capacitated import capacitated_lscp, capacitated_mclp, capacitated_p_median

if TYPE_CHECKING:
    from siteplan.planning.classic_result import SitingResult

VILLAGES = {"upper": 0.0, "mill": 300.0, "ford": 500.0, "bridge": 900.0, "lower": 1500.0}
SITES = {"A": 100.0, "B": 400.0, "C": 800.0, "D": 1400.0}
HOUSEHOLDS = {"upper": 10, "mill": 40, "ford": 30, "bridge": 20, "lower": 5}


def along(demand: dict[str, float], candidates: dict[str, float], cutoff: float = 2000.0) -> CostMatrix:
    """Return the distances of places along a road."""
    cost = np.abs(np.array(list(demand.values()))[:, None] - np.array(list(candidates.values())))
    i, j = np.nonzero(cost <= cutoff)
    return CostMatrix(
        demand=np.array(list(demand), dtype=object),
        candidates=np.array(list(candidates), dtype=object),
        i=i,
        j=j,
        cost=cost[i, j],
        cutoff=cutoff,
        basis="straight line",
    )


@pytest.fixture
def road() -> CostMatrix:
    return along(VILLAGES, SITES)


@pytest.fixture
def valley() -> CostMatrix:
    """The road, with walks of 400 m at most."""
    return along(VILLAGES, SITES, cutoff=400.0)


def test_everyone_within_400_m(road: CostMatrix) -> None:
    result = lscp(road, reach=400, forbidden=["A"])
    # lower needs D; B reaches upper (400 m, inclusive), mill and ford, but not bridge, which C reaches
    assert result.open == ("B", "C", "D")
    assert (result.objective, result.status, result.proven) == (3.0, Status.OPTIMAL, True)
    rows = result.allocation.set_index("demand_id")
    assert rows.loc["upper", ["candidate_id", "cost", "status", "sites_in_reach"]].tolist() == ["B", 400.0, "served", 1]
    assert rows.loc["ford", "sites_in_reach"] == 2
    assert repr(result) == (
        "SitingResult(LSCP: cost of sites 3 (proven); 3 sites open: B, C, D; 5 of 5 demand points served)"
    )


def test_states_hold_in_the_cover(road: CostMatrix) -> None:
    result = lscp(road, reach=400, existing=["D"], required=["A"], costs={"A": 1, "B": 1, "C": 1, "D": 9})
    assert result.open == ("A", "C", "D")
    assert result.existing == ("D",)
    assert result.objective == 2.0  # A reaches upper, mill and ford, C bridge; D stands and costs nothing
    with pytest.raises(
        DataError, match=r"1 demand points have no candidate within 400 m that may be open: lower\n.*elastic"
    ):
        lscp(road, reach=400, forbidden=["D"])
    elastic = lscp(road, reach=400, forbidden=["D"], elastic=True)
    assert elastic.left_out == ("lower",)
    assert elastic.allocation.set_index("demand_id").loc["lower", "status"] == "out of reach"
    assert "1 demand points left out, which nothing reaches" in repr(elastic)


def test_most_households_with_one_site(road: CostMatrix) -> None:
    result = mclp(road, reach=200, p=1, weights=HOUSEHOLDS)
    assert (result.open, result.objective) == (("B",), 70.0)
    assert (result.allocation["status"] == "served").tolist() == [False, True, True, False, False]
    assert mclp(road, reach=200, p=2, weights=HOUSEHOLDS, existing=["A"]).open == ("A", "B")


def test_weights_belong_to_their_ids(road: CostMatrix) -> None:
    in_order = mclp(road, reach=200, p=1, weights=list(HOUSEHOLDS.values()))
    by_id = mclp(road, reach=200, p=1, weights=dict(reversed(HOUSEHOLDS.items())))
    series = mclp(road, reach=200, p=1, weights=pd.Series(HOUSEHOLDS).sort_values())
    assert in_order.objective == by_id.objective == series.objective == 70.0
    assert mclp(road, reach=200, p=1, weights=2.0).objective == 4.0


def test_shortest_walks(road: CostMatrix) -> None:
    result = p_median(road, p=2, weights=HOUSEHOLDS)
    # B and C: 10 x 400 + 40 x 100 + 30 x 100 + 20 x 100 + 5 x 700
    assert (result.open, result.objective) == (("B", "C"), 16_500.0)
    rows = result.allocation
    assert (rows["weight"] * rows["cost"]).sum() == result.objective


def test_who_has_it_farthest(road: CostMatrix) -> None:
    result = p_center(road, p=2, forbidden=["A"])
    assert (result.open, result.objective) == (("B", "D"), 500.0)
    assert p_center(road, p=4).objective == 100.0
    assert p_center(road, p=2, required=["C"]).objective == 700.0


def test_far_from_one_another() -> None:
    between = along(SITES, SITES)
    result = p_dispersion(between, p=3)
    assert (result.open, result.objective) == (("A", "C", "D"), 600.0)
    assert result.allocation.empty
    assert p_dispersion(between, p=3, existing=["B"]).objective == 400.0
    with pytest.raises(UsageError, match="cutoff"):
        p_dispersion(along(SITES, SITES, cutoff=500.0), p=2)
    with pytest.raises(UsageError, match="same ids"):
        p_dispersion(along(VILLAGES, SITES), p=2)
    with pytest.raises(UsageError, match="at least 2"):
        p_dispersion(between, p=1)


def test_backup(road: CostMatrix) -> None:
    result = lscp_backup(road, reach=500, weights=HOUSEHOLDS)
    # two sites do: D for lower, bridge (500 m), and A or B for the rest; B and D reach bridge both
    assert result.open == ("B", "D")
    assert {name: proof.value for name, proof in result.proofs.items()} == {"sites": 2.0, "twice": 20.0}
    assert repr(result) == (
        "SitingResult(LSCP-B: cost of sites 2 (proven), weight covered twice 20 (proven); 2 sites open: B, D; "
        "5 of 5 demand points served)"
    )


def test_served_full_and_out_of_reach_are_told_apart(road: CostMatrix) -> None:
    result = capacitated_mclp(
        road, reach=200, p=2, weights=HOUSEHOLDS, capacity=40, single_source=True, forbidden=["A"]
    )
    # B has room for mill (40) and none for ford, or for ford (30) and none for mill; C has room for bridge
    rows = result.allocation.set_index("demand_id")
    assert (result.open, result.objective) == (("B", "C"), 60.0)
    assert rows["status"].to_dict() == {
        "upper": "out of reach", "mill": "served", "ford": "no room", "bridge": "served", "lower": "out of reach",
    }  # fmt: skip
    assert pd.isna(rows.loc["ford", "candidate_id"])
    parts = capacitated_mclp(road, reach=200, p=1, weights=HOUSEHOLDS, capacity=50, required=["B"])
    shares = parts.allocation.pivot_table(index="demand_id", columns="status", values="share", aggfunc="sum")
    assert (shares["no room"] * pd.Series(HOUSEHOLDS)).sum() == pytest.approx(20.0)
    assert parts.objective == pytest.approx(50.0)


def test_capacitated_median_and_cover(road: CostMatrix) -> None:
    tight = {"A": 60, "B": 60, "C": 60, "D": 60}
    result = capacitated_p_median(road, p=2, weights=HOUSEHOLDS, capacity=tight)
    served = result.allocation.groupby("candidate_id").apply(lambda rows: (rows["share"] * rows["weight"]).sum())
    assert (served <= 60 + 1e-6).all()
    assert served.sum() == pytest.approx(105)
    none = capacitated_p_median(road, p=1, weights=HOUSEHOLDS, capacity=tight)
    assert (none.open, none.objective, none.status) == ((), None, Status.INFEASIBLE)
    assert repr(none) == (
        "SitingResult(capacitated p-median: no sites that may be open together have room for everyone who reaches them)"
    )
    dear = capacitated_p_median(road, p=1, weights=HOUSEHOLDS, capacity=tight, penalty=5000)
    assert (dear.allocation["weight"] * dear.allocation["share"])[
        dear.allocation["status"] == "no room"
    ].sum() == pytest.approx(45)
    cover = capacitated_lscp(road, reach=1000, load=HOUSEHOLDS, capacity=tight)
    assert cover.objective == 2.0
    with pytest.raises(UsageError, match="capacity"):
        capacitated_lscp(road, reach=1000, capacity=None)


def test_out_of_reach_is_never_0(valley: CostMatrix) -> None:
    # only D reaches lower, and nothing but A and B reaches upper
    result = p_median(valley, p=2, weights=HOUSEHOLDS)
    assert result.status is Status.INFEASIBLE
    assert "no 2 sites that may be open together reach every demand point" in repr(result)
    priced = p_median(valley, p=2, weights=HOUSEHOLDS, penalty=1000)
    assert priced.objective == 10 * 400 + 40 * 100 + 30 * 100 + 20 * 100 + 5 * 1000
    rows = priced.allocation.set_index("demand_id")
    assert rows.loc["lower", "status"] == "out of reach"
    assert np.isnan(rows.loc["lower", "cost"])
    with pytest.raises(UsageError, match="penalty of 300"):
        p_median(valley, p=2, penalty=300)
    with pytest.raises(DataError, match="lower"):
        p_median(valley, p=2, forbidden=["D"])
    with pytest.raises(DataError, match="lower"):
        p_center(valley, p=2, forbidden=["D"])
    with pytest.raises(UsageError, match=r"reach of 500 m is beyond the cutoff of the cost matrix, 400 m"):
        lscp(valley, reach=500)


@pytest.mark.parametrize(
    ("question", "error", "says"),
    [
        (
            {"p": 1, "required": ["A"], "existing": ["B"]},
            UsageError,
            "p = 1 facilities in all, but 2 are required or stand",
        ),
        ({"p": 4, "forbidden": ["A"]}, UsageError, "p = 4 facilities in all, but only 3 candidates"),
        ({"p": 0}, UsageError, "1 or more; not 0"),
        ({"p": 1.5}, UsageError, "1 or more; not 1.5"),
        ({"p": 1, "required": ["a"]}, UsageError, "no candidate 'a'; the nearest id is A"),
        ({"p": 1, "required": "A"}, UsageError, r"as a list: \['A'\]"),
        ({"p": 1, "required": ["A"], "forbidden": ["A"]}, UsageError, "'A' is forbidden, and required"),
        ({"p": 1, "reach": -1}, UsageError, "0 or more, not -1"),
        ({"p": 1, "reach": np.nan}, UsageError, "0 or more, not nan"),
        ({"p": 1, "weights": [1, 2]}, UsageError, "weights has 2 figures, and there are 5 ids"),
        ({"p": 1, "weights": [1, 2, -3, 4, 5]}, DataError, "ford: weights: -3.0 is no figure of 0 or more"),
        ({"p": 1, "weights": {"upper": 1, "mill": 1}}, DataError, "weights has no figure for ford, bridge, lower"),
        (
            {"p": 1, "weights": pd.Series([1, 2, 3], index=["mill", "mill", "ford"])},
            DataError,
            "stands twice in the index",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(road: CostMatrix, question: dict[str, Any], error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        mclp(road, **({"reach": 200} | question))


def test_ids_that_stand_twice_are_refused(road: CostMatrix) -> None:
    twice = dataclasses.replace(road, candidates=np.array(["A", "B", "B", "D"], dtype=object))
    with pytest.raises(DataError, match="B: the id stands twice"):
        p_center(twice, p=1)


def far_and_near(seed: int) -> CostMatrix:
    rng = np.random.default_rng(seed)
    return along(
        {f"d{n}": float(x) for n, x in enumerate(rng.integers(0, 1000, 12))},
        {f"s{n}": float(x) for n, x in enumerate(rng.integers(0, 1000, 6))},
        cutoff=600.0,
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), reach=st.integers(20, 600), p=st.integers(1, 4), single=st.booleans())
def test_the_allocation_says_what_is_true(seed: int, reach: int, p: int, single: bool) -> None:
    matrix = far_and_near(seed)
    capacity = dict(
        zip(matrix.candidates.tolist(), np.random.default_rng(seed).integers(0, 9, 6).tolist(), strict=True)
    )
    full = matrix.to_csr().toarray()
    stored = np.full(full.shape, np.inf)
    stored[matrix.i, matrix.j] = matrix.cost
    capacitated = capacitated_mclp(matrix, reach=reach, p=p, capacity=capacity, single_source=single)
    for result, limit in (
        (mclp(matrix, reach=reach, p=p), reach),
        (p_median(matrix, p=p, penalty=700.0), 600.0),
        (capacitated, reach),
    ):
        rows = result.allocation
        assert rows.groupby("demand_id")["share"].sum().to_numpy() == pytest.approx(np.ones(12))
        columns = [matrix.candidates.tolist().index(one) for one in result.open]
        near = pd.Series((stored[:, columns] <= limit).sum(axis=1), index=matrix.demand)
        assert (rows["sites_in_reach"].to_numpy() == near[rows["demand_id"]].to_numpy()).all()
        assert ((rows["status"] == "out of reach") == (rows["sites_in_reach"] == 0)).all()
        assert (rows["candidate_id"].isna() == (rows["status"] != "served")).all()
        assert rows["candidate_id"].dropna().isin(result.open).all()
        if result is not capacitated:
            assert "no room" not in set(rows["status"])
    used = capacitated.allocation.dropna(subset=["candidate_id"]).groupby("candidate_id")["share"].sum()
    assert all(amount <= capacity[one] + 1e-6 for one, amount in used.items())


def every_model(matrix: CostMatrix, sites: CostMatrix, options: SolverOptions | None) -> dict[str, SitingResult]:
    weights = dict(HOUSEHOLDS)
    return {
        "lscp": lscp(matrix, reach=400, options=options),
        "backup": lscp_backup(matrix, reach=500, weights=weights, options=options),
        "mclp": mclp(matrix, reach=200, p=2, weights=weights, options=options),
        "median": p_median(matrix, p=2, weights=weights, options=options),
        "center": p_center(matrix, p=2, options=options),
        "dispersion": p_dispersion(sites, p=3, options=options),
        "capacitated cover": capacitated_lscp(matrix, reach=1000, load=weights, capacity=60, options=options),
        "capacitated mclp": capacitated_mclp(matrix, reach=400, p=2, weights=weights, capacity=40, options=options),
        "capacitated median": capacitated_p_median(matrix, p=2, weights=weights, capacity=60, options=options),
    }


def test_another_solver_by_name(road: CostMatrix) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PuLP 3.3 calls its own CBC deprecated
        names = pulp.listSolvers(onlyAvailable=True)
    found = [name for name in ("PULP_CBC_CMD", "COIN_CMD") if name in names]
    if not found:
        pytest.skip("this PuLP comes without CBC")
    sites = along(SITES, SITES)
    ours = every_model(road, sites, None)
    theirs = every_model(road, sites, SolverOptions(solver=found[0]))
    for name, result in ours.items():
        assert result.proven, name
        assert theirs[name].objective == pytest.approx(result.objective), name
    with pytest.raises(UsageError, match="Gurobi9000"):
        p_median(road, p=2, options=SolverOptions(solver="Gurobi9000"))


def test_nothing_is_said_to_be_proven_that_is_not() -> None:
    rng = np.random.default_rng(4)
    matrix = along(
        {f"d{n}": float(x) for n, x in enumerate(rng.random(300) * 1e4)},
        {f"s{n}": float(x) for n, x in enumerate(rng.random(90) * 1e4)},
        1e4,
    )
    words = r"gap \d+\.\d+ %|nothing proven|no solution found in the time given"
    for result in (
        p_median(matrix, p=9, options=SolverOptions(time_limit_s=0.0)),
        p_center(matrix, p=9, options=SolverOptions(time_limit_s=0.0)),
        mclp(matrix, reach=300, p=9, options=SolverOptions(time_limit_s=0.0)),
    ):
        assert result.proven == (result.proof.gap <= 1e-5)
        assert result.proven or re.search(words, repr(result))
        assert (result.objective is None) == (not result.open)


def test_the_result_is_frozen_and_by_keyword(road: CostMatrix) -> None:
    result = p_center(road, p=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.open = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        p_center(road, 1)  # type: ignore[misc]
