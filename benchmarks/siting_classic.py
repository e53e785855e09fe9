"""The classic location models: published optima, and spopt's answers on instances from its own generator.

The OR-Library's instances are read from the folder that SITEPLAN_DATA names. spopt comes with the extra `bench` (`pip install 'siteplan[bench]'`); it
gets the same cost matrices and the same solver (HiGHS, to the end). What of this is not there is said, and the rest is run.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.distance import cdist

from rows import row

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.access.matrix import CostMatrix
    from siteplan.models.point_model import PointAnswer
    from siteplan.planning.classic_result import SitingResult

ROOT = Path(__file__).parents[1]
SECONDS = 600.0
EQUAL = 1e-6


def timed(job: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a job returns, and its seconds."""
    began = time.perf_counter()
    done = job()
    return done, time.perf_counter() - began


# the OR-Library ---------------------------------------------------------------------------------------------------


def or_library(folder: Path) -> None:
    """Print a row for each instance whose optimum is published."""
    sys.path.insert(0, str(ROOT / "tests" / "models"))
    from orlib import LARGE_P_MEDIAN, P_CENTER, P_MEDIAN, SET_COVER, graph, set_cover

    from siteplan.models.lscp import solve_lscp
    from siteplan.models.p_center import solve_p_center
    from siteplan.models.p_median import solve_p_median
    from siteplan.models.solver import SolverOptions

    options = SolverOptions(time_limit_s=SECONDS)
    for name, optimum in (P_MEDIAN | LARGE_P_MEDIAN).items():
        problem, p = graph(folder / f"{name}.txt")
        published(f"{name}, p-median", optimum, *timed(lambda given=(problem, p): solve_p_median(*given, options)))
    for name, optimum in P_CENTER.items():
        problem, p = graph(folder / f"{name}.txt")
        published(f"{name}, p-center", optimum, *timed(lambda given=(problem, p): solve_p_center(*given, options)))
    for name, optimum in SET_COVER.items():
        cover = set_cover(folder / f"{name}.txt")
        published(f"{name}, set cover", optimum, *timed(lambda given=cover: solve_lscp(given, 1.0, options)))


def published(name: str, optimum: float, answer: PointAnswer, seconds: float) -> None:
    """Print the row of one instance."""
    proof = answer.proof
    met = str(answer.status) == "optimal" and abs(proof.value - optimum) <= EQUAL * optimum
    goal = f"the published optimum {optimum}, proven"
    peers = {"bound": round(proof.bound, 6), "status": str(answer.status), "seconds": round(seconds, 2)}
    row(f"OR-Library {name}", proof.value, "", goal, met=met, peers=peers)


# spopt ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Instance:
    """Points along the streets of a lattice, as spopt's own tests make them, and what is asked of them."""

    name: str
    matrix: CostMatrix
    between: CostMatrix
    points: np.ndarray
    sites: np.ndarray
    weights: np.ndarray
    capacity: np.ndarray
    reach: float
    p: int
    required: tuple[str, ...]

    @property
    def cost(self) -> np.ndarray:
        """Full cost matrix."""
        return self.matrix.to_csr().toarray()

    @property
    def predefined(self) -> np.ndarray | None:
        """The required sites as spopt takes them: ones and zeros."""
        return np.isin(self.matrix.candidates, self.required).astype(int) if self.required else None


def full_matrix(cost: np.ndarray, demand: str, candidates: str) -> CostMatrix:
    """Return a CostMatrix of all pairs."""
    from siteplan.access.matrix import CostMatrix

    i, j = np.indices(cost.shape).reshape(2, -1)
    rows, columns = cost.shape
    return CostMatrix(
        demand=np.array([f"{demand}{n}" for n in range(rows)], dtype=object),
        candidates=np.array([f"{candidates}{n}" for n in range(columns)], dtype=object),
        i=i,
        j=j,
        cost=cost.ravel(),
        cutoff=np.inf,
        basis="network",
    )


def generated(n_demand: int, n_candidates: int, p: int, n_required: int = 0) -> Instance:
    """Return an instance of spopt's generator: seeds 5 and 6 on a lattice of 10 by 10, distances along it.

    Its reach is the least that leaves nobody out, rounded up.
    """
    import geopandas as gpd
    import spaghetti
    from spopt.locate.util import simulated_geo_points

    lattice = spaghetti.regular_lattice((0, 0, 10, 10), 9, exterior=True)
    network = spaghetti.Network(in_data=lattice)
    area = spaghetti.element_as_gdf(network, arcs=True).geometry.buffer(0.2).union_all()
    streets = gpd.GeoDataFrame(geometry=[area])
    for name, needed, seed in (("clients", n_demand, 5), ("facilities", n_candidates, 6)):
        network.snapobservations(simulated_geo_points(streets, needed=needed, seed=seed), name, attribute=True)
    clients, facilities = (network.pointpatterns[name] for name in ("clients", "facilities"))
    points, sites = (np.array([p.snapped_coordinates[n] for n in range(p.npoints)]) for p in (clients, facilities))
    cost = network.allneighbordistances(sourcepattern=clients, destpattern=facilities)
    between = network.allneighbordistances(sourcepattern=facilities, destpattern=facilities, fill_diagonal=0.0)
    rng = np.random.default_rng(0)
    weights = rng.integers(1, 12, n_demand).astype(float)
    share = weights.sum() / p
    return Instance(
        name=f"{n_demand} x {n_candidates}" + (f", {n_required} required" if n_required else ""),
        matrix=full_matrix(cost, "d", "s"),
        between=full_matrix(np.minimum(between, between.T), "s", "s"),
        points=points,
        sites=sites,
        weights=weights,
        capacity=np.round(rng.uniform(1.1, 1.8, n_candidates) * share),
        reach=float(np.ceil(cost.min(axis=1).max() * 10) / 10),
        p=p,
        required=tuple(f"s{n}" for n in rng.permutation(n_candidates)[:n_required]),
    )


def ours(given: Instance) -> dict[str, Callable[[], SitingResult]]:
    """Return siteplan's solve of each model."""
    from siteplan.models.solver import SolverOptions
    from siteplan.planning import classic, classic_capacitated

    m, r, p, w, c = given.matrix, given.reach, given.p, given.weights, given.capacity
    more: dict[str, Any] = {"required": given.required, "options": SolverOptions(time_limit_s=SECONDS)}
    models = {
        "LSCP": lambda: classic.lscp(m, reach=r, **more),
        "LSCP-B": lambda: classic.lscp_backup(m, reach=r, **more),
        "MCLP": lambda: classic.mclp(m, reach=r / 2, p=p, weights=w, **more),
        "p-median": lambda: classic.p_median(m, p=p, weights=w, **more),
        "p-center": lambda: classic.p_center(m, p=p, **more),
        "p-dispersion": lambda: classic.p_dispersion(given.between, p=p, **more),
        "capacitated LSCP": lambda: classic_capacitated.capacitated_lscp(m, reach=r, load=w, capacity=c, **more),
        "capacitated p-median": lambda: classic_capacitated.capacitated_p_median(
            m, p=p, weights=w, capacity=c, single_source=True, **more
        ),
    }
    if not given.required:  # spopt's KNearestPMedian knows none
        straight = full_matrix(cdist(given.points, given.sites), "d", "s")
        models["p-median, straight lines"] = lambda: classic.p_median(straight, p=p, weights=w, **more)
    return models


def theirs(given: Instance) -> dict[str, Callable[[], float | tuple[float, float]]]:
    """Return spopt's objective of each model; of the LSCP-B also what the sites that it opens cover twice.

    The two differ: spopt leaves the backup of a client that a single candidate reaches without a row, and counts it as backed up.
    """
    import geopandas as gpd
    import pulp
    from spopt.locate import LSCP, LSCPB, MCLP, PCenter, PDispersion, PMedian
    from spopt.locate.p_median import KNearestPMedian

    cost, r, p, w, c, first = given.cost, given.reach, given.p, given.weights, given.capacity, given.predefined
    between = given.between.to_csr().toarray()

    def solver() -> Any:
        return pulp.HiGHS(msg=False, gapRel=0.0, timeLimit=SECONDS)

    def value(model: Any) -> float:
        return float(model.solve(solver()).problem.objective.value())

    def backup() -> tuple[float, float]:
        model = LSCPB.from_cost_matrix(cost, r, solver(), predefined_facilities_arr=first).solve()
        opened = [variable.value() > 0.5 for variable in model.fac_vars]
        return float((((cost <= r) & opened).sum(axis=1) > 1).sum()), float(model.problem.objective.value())

    def nearest_few() -> float:
        clients = gpd.GeoDataFrame({"w": w}, geometry=gpd.points_from_xy(*given.points.T), crs="EPSG:3857")
        facilities = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*given.sites.T), crs="EPSG:3857")
        return value(
            KNearestPMedian.from_geodataframe(clients, facilities, "geometry", "geometry", "w", p_facilities=p)
        )

    def capacitated_cover() -> float:
        return value(
            LSCP.from_cost_matrix(
                cost, r, predefined_facilities_arr=first, demand_quantity_arr=w, facility_capacity_arr=c
            )
        )

    return {
        "LSCP": lambda: value(LSCP.from_cost_matrix(cost, r, predefined_facilities_arr=first)),
        "LSCP-B": backup,
        "MCLP": lambda: value(MCLP.from_cost_matrix(cost, w, r / 2, p, predefined_facilities_arr=first)),
        "p-median": lambda: value(PMedian.from_cost_matrix(cost, w, p, predefined_facilities_arr=first)),
        "p-center": lambda: value(PCenter.from_cost_matrix(cost, p, predefined_facilities_arr=first)),
        "p-dispersion": lambda: value(PDispersion.from_cost_matrix(between, p, predefined_facilities_arr=first)),
        "capacitated LSCP": capacitated_cover,
        "capacitated p-median": lambda: value(
            PMedian.from_cost_matrix(cost, w, p, predefined_facilities_arr=first, facility_capacities=c)
        ),
        "p-median, straight lines": nearest_few,
    }


def compare(given: Instance) -> None:
    """Print a row for each model: siteplan's objective, and spopt's beside it."""
    spopt = theirs(given)
    for model, solve in ours(given).items():
        result, seconds = timed(solve)
        said, their_seconds = timed(spopt[model])
        their_value, printed = said if isinstance(said, tuple) else (said, said)
        own = result.objective
        met = own is not None and result.proven and abs(own - their_value) <= EQUAL * max(1.0, abs(their_value))
        row(
            f"spopt, {given.name}: {model}",
            "no solution" if own is None else own,
            "",
            "spopt's objective, proven" if printed == their_value else "what spopt's sites cover twice, proven",
            met=met,
            peers={
                "spopt": round(their_value, 6),
                **({"spopt prints": printed} if printed != their_value else {}),
                "spopt seconds": round(their_seconds, 3),
                "siteplan seconds": round(seconds, 3),
                "status": str(result.status),
            },
        )


def main() -> None:
    data = os.environ.get("SITEPLAN_DATA")
    if data:
        or_library(Path(data) / "benchmarks")
    else:
        row("OR-Library", "not run: SITEPLAN_DATA is not set")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import spopt.locate
    except ImportError:
        row("spopt", "not run: it is not installed; pip install 'siteplan[bench]'")
        return
    row("spopt", spopt.__version__, "version")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spopt and spaghetti use what their own dependencies call deprecated
        for size in ((100, 5, 2), (100, 20, 4), (200, 40, 6), (200, 40, 8, 3)):
            compare(generated(*size))


if __name__ == "__main__":
    main()
