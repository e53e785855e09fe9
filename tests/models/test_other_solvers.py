"""Solvers beside HiGHS: the same answers, what is proven in their own figures, and nothing that is not."""

from __future__ import annotations

import importlib.util
import itertools
import math
import os
import sys
from pathlib import Path

import numpy as np
import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_solver import set_cover
from tiny_study import centre, house, inside, one, place, reach, standing, write_study
from toy_problems import Slot, problem_of, sites_of

from siteplan.errors import SolverError, UsageError
from siteplan.models.joint_problem import JointProblem, Space
from siteplan.models.other_solvers import Ending, _make, pulp_name, read_cbc, read_scip_log
from siteplan.models.solver import Model, SolverOptions
from siteplan.models.stages import solve_joint
from siteplan.models.status import Status
from siteplan.planning.solve import default_scenario, prepare
from siteplan.siting.rules_to_arrays import to_problem

PROVING = ("CBC", "SCIP", "COIN_CMD", "SCIP_CMD")
UNREAD = ("HiGHS_CMD", "GLPK")
MISSING = {
    "CBC": "PuLP 4 brings no CBC, and no cbc is installed",
    "COIN_CMD": "PuLP 4 brings no CBC, and no cbc is installed",
    "SCIP": "PySCIPOpt is not installed",
    "SCIP_CMD": "neither scip is installed nor PySCIPOpt in its wheel for Linux",
    "GLPK": "glpsol is not installed",
    "HiGHS_CMD": "scripts are no commands here",
}
SCIP = """#!{python}
import ctypes, sys
words = (ctypes.c_char_p * len(sys.argv))(*[word.encode() for word in sys.argv])
sys.exit(ctypes.CDLL({library!r}).SCIPrunShell(len(sys.argv), words, b"scip.set") != 1)
"""
HIGHS = """#!{python}
import sys, highspy
highs = highspy.Highs()
options = next(word.split("=")[1] for word in sys.argv if word.startswith("--options_file="))
highs.readOptions(options)
highs.setOptionValue("time_limit", float(next(w.split("=")[1] for w in sys.argv if w.startswith("--time_limit="))))
highs.readModel(sys.argv[1])
highs.run()
highs.writeSolution(highs.getOptionValue("solution_file")[1], 0)
"""


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the commands highs and scip that the libraries in the Python packages have in them, as far as they have."""
    folder = tmp_path_factory.mktemp("commands")
    scripts = {"highs": HIGHS.format(python=sys.executable)}
    package = importlib.util.find_spec("pyscipopt")
    if package is not None and package.origin is not None:
        for library in (Path(package.origin).parent.parent / "pyscipopt.libs").glob("libscip*.so*"):
            scripts["scip"] = SCIP.format(python=sys.executable, library=str(library))
    for name, text in scripts.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def solver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, commands: Path) -> str:
    """The solver's name, with its command on the path; PuLP 3.3 brings that of CBC."""
    name = str(request.param)
    folders = [os.environ["PATH"], str(commands)]
    if hasattr(pulp, "PULP_CBC_CMD"):
        folders.append(str(Path(pulp.PULP_CBC_CMD.pulp_cbc_path).resolve().parent))
    monkeypatch.setenv("PATH", os.pathsep.join(folders))
    try:
        pulp_name(name)
    except UsageError:
        pytest.skip(f"{MISSING[name]}: {name} is not tested here")
    return name


def small_program(seed: int) -> tuple[Model, list, float]:
    """Return a random program of six binaries and one amount, its variables, and its least value by trying all binaries."""
    rng = np.random.default_rng(seed)
    rows, costs = rng.integers(0, 5, (4, 6)).astype(float), rng.uniform(-1, 3, 6)
    needs, price = rng.integers(1, 9, 4).astype(float), float(rng.uniform(0.5, 2))
    model = Model("small")
    x = [model.var(f"x_{j}", 0, 1, integer=True) for j in range(6)]
    short = model.var("short")
    for i in range(4):
        model.add([*zip(x, rows[i], strict=True), (short, 1.0)], ">=", needs[i], f"need_{i}")
    model.minimise([*zip(x, costs, strict=True), (short, price)])
    values = [
        costs @ bits + price * max(0.0, (needs - rows @ bits).max())
        for bits in map(np.array, itertools.product((0.0, 1.0), repeat=6))
    ]
    return model, [*x, short], float(min(values))


def random_joint(seed: int) -> JointProblem:
    """Return a random joint problem of three sites with a centre, a room inside it and a square each.

    No two rules of different rank want the same floor, land or money: what the tolerance of the higher one leaves would be
    spent by the lower one, and on what is chance.
    """
    rng = np.random.default_rng(seed)
    slots = []
    for j in range(3):
        slots.append(Slot(j, 0, low=float(rng.integers(0, 60)), high=120.0, price=float(rng.integers(500, 2000))))
        slots.append(Slot(j, 1, high=40.0, host=len(slots) - 1, price=0.0))
        slots.append(
            Slot(j, 2, high=float(rng.integers(50, 200)), space=Space.LAND, price=float(rng.integers(100, 300)))
        )
    pairs = [
        (i, s, float(rng.integers(50, 900)))
        for i in range(6)
        for s in range(len(slots))
        if rng.random() < 0.5 + (s < 3)
    ]
    of = [[s for s, slot in enumerate(slots) if slot.type == k] for k in range(3)]
    return problem_of(
        slots,
        sites=sites_of(3, floor=rng.integers(50, 150, 3).tolist(), fixed=(rng.integers(0, 4, 3) * 1e4).tolist()),
        weight=rng.integers(5, 60, 6).tolist(),
        pairs=pairs,
        area=[(of[k], float(rng.integers(30, 260)), int(rng.integers(0, 3))) for k in range(3)],
        count=[(of[k], float(rng.integers(1, 3)), int(rng.integers(0, 2))) for k in range(3)],
        max_sites=int(rng.integers(1, 4)),
    )


@pytest.mark.parametrize("solver", PROVING, indirect=True)
def test_small_programs_have_the_value_of_trying_everything(solver: str) -> None:
    @settings(max_examples=12, deadline=None)
    @given(seed=st.integers(0, 10**6))
    def check(seed: int) -> None:
        model, variables, expected = small_program(seed)
        proof = model.solve(SolverOptions(solver=solver, time_limit_s=60.0))
        assert proof.status is Status.OPTIMAL
        assert proof.value == pytest.approx(expected, rel=1e-6, abs=1e-6)
        assert proof.bound == pytest.approx(expected, rel=1e-5, abs=1e-6)
        values = model.values(variables)
        assert values[:6] == pytest.approx(values[:6].round(), abs=1e-6)

    check()


@pytest.mark.parametrize("solver", ["CBC", "SCIP"], indirect=True)
def test_the_joint_model_has_the_values_of_highs(solver: str) -> None:
    @settings(max_examples=6, deadline=None)
    @given(seed=st.integers(0, 10**6))
    def check(seed: int) -> None:
        same_stages(random_joint(seed), solver)

    check()


def same_stages(problem: JointProblem, solver: str) -> None:
    """Hold every stage of ``solver``, proven, to the value of HiGHS."""
    answer = solve_joint(problem, SolverOptions(solver=solver))
    highs = solve_joint(problem, SolverOptions())
    for mine, theirs in zip(answer.stages, highs.stages, strict=True):
        assert (mine.stage, mine.status, theirs.status) == (theirs.stage, Status.OPTIMAL, Status.OPTIMAL)
        assert mine.value == pytest.approx(theirs.value, rel=2e-5, abs=1.0 if mine.stage == "cost" else 1e-5)
    assert answer.opened.sum() == highs.opened.sum()


@pytest.mark.parametrize("solver", PROVING, indirect=True)
def test_a_study_has_the_values_of_highs(solver: str, tmp_path: Path) -> None:
    # in A a standing centre with room to grow and a clinic to put inside; in B a reach that 1,800 m of houses need two sites for
    study = write_study(
        tmp_path,
        rules=[centre(100), one("service_centre"), reach("service_centre", 700), one("health_station"), inside("health_station")],
        buildings=[house("a", 0, 120), house("b", 1500, 80), house("c", 2900, 60), house("d", 2000, 150, y=500)],
        candidates=[place("p", 500), place("q", 1500, fixed_cost_yuan=50_000.0), place("r", 2500), place("s", 2000, 500)],
        facilities=[standing("old", "service_centre", 0, 90.0, spare_m2=40.0)],
    )  # fmt: skip
    problem = to_problem(prepare(study, default_scenario(study)).question)
    assert len(problem.slots) >= 5
    same_stages(problem, solver)


@pytest.mark.parametrize("solver", PROVING, indirect=True)
def test_a_run_that_is_stopped_is_not_optimal(solver: str, a_good_cover: float) -> None:
    model, x = set_cover(250)
    proof = model.solve(SolverOptions(solver=solver, time_limit_s=1.0))
    assert proof.status is Status.STOPPED
    assert proof.gap > 0.01
    assert proof.bound <= a_good_cover
    values = model.values(x)
    assert values == pytest.approx(values.round(), abs=1e-6)
    assert proof.value == pytest.approx(model.problem.objective.value())


@pytest.fixture(scope="session")
def a_good_cover() -> float:
    """Cost of the best cover that HiGHS finds in a while: no bound may lie above it."""
    model, _x = set_cover(250)
    return model.solve(SolverOptions(time_limit_s=1.0)).value


@pytest.mark.parametrize("solver", [*PROVING, *UNREAD], indirect=True)
def test_a_run_without_time_proves_nothing(solver: str) -> None:
    model, _x = set_cover(400, seed=1)
    proof = model.solve(SolverOptions(solver=solver, time_limit_s=0.0))
    assert proof.status in {Status.NO_SOLUTION, Status.STOPPED}
    assert proof.gap > 0.01


@pytest.mark.parametrize("solver", PROVING, indirect=True)
def test_a_gap_that_was_asked_for_is_said(solver: str) -> None:
    model, _x = set_cover(70)
    best = model.solve(SolverOptions()).value
    proof = model.solve(SolverOptions(solver=solver, gap=0.2))
    assert proof.status is Status.WITHIN_GAP
    assert 1e-5 < proof.gap <= 0.2
    assert proof.bound <= best * (1 + 1e-6) <= proof.value * (1 + 2e-6)


@pytest.mark.parametrize("solver", PROVING, indirect=True)
def test_a_linear_problem_without_integers(solver: str) -> None:
    model = Model("linear")
    a, b = model.var("a", 1.0), model.var("b")
    model.add([(a, 1), (b, 2)], ">=", 4, "need")
    model.add([(a, 1), (b, -1)], "==", 0.5, "tie")
    model.minimise([(a, 1), (b, 1)])
    proof = model.solve(SolverOptions(solver=solver))
    assert (proof.status, proof.value) == (Status.OPTIMAL, pytest.approx(17 / 6))
    assert model.values([a, b]) == pytest.approx([5 / 3, 7 / 6])


@pytest.mark.parametrize("integer", [True, False])
@pytest.mark.parametrize("solver", PROVING, indirect=True)
def test_infeasible(solver: str, integer: bool) -> None:
    model = Model("none")
    x = [model.var(f"x_{j}", 0, 3, integer=integer) for j in range(2)]
    model.add([(v, 2) for v in x], ">=", 13 - 2 * integer, "much")
    model.add([(v, 2) for v in x], "<=", 11, "odd")
    model.minimise([(x[0], 1)])
    proof = model.solve(SolverOptions(solver=solver))
    assert (proof.status, proof.gap) == (Status.INFEASIBLE, math.inf)


@pytest.mark.parametrize("integer", [True, False])
@pytest.mark.parametrize("solver", PROVING, indirect=True)
def test_unbounded(solver: str, integer: bool) -> None:
    model = Model("endless")
    x, y = model.var("x", 0, None, integer=integer), model.var("y", 0, 1)
    model.add([(x, 1), (y, 1)], ">=", 1, "some")
    model.minimise([(x, -1)])
    with pytest.raises(SolverError, match="endless"):
        model.solve(SolverOptions(solver=solver))
    model.minimise([(x, 1), (y, 2)])
    assert model.solve(SolverOptions(solver=solver)).value == pytest.approx(1)


@pytest.mark.parametrize("solver", PROVING, indirect=True)
def test_objectives_may_be_empty_or_leave_variables_out(solver: str) -> None:
    model = Model("loose")
    x, y, loose = model.var("x", 0, 5), model.var("y", 1, 9), model.var("loose", 3, 5)
    assert Model("empty").solve(SolverOptions(solver=solver)).value == 0.0
    model.add([(x, 1)], ">=", 3, "row")
    model.minimise([])
    assert model.solve(SolverOptions(solver=solver)).status is Status.OPTIMAL
    for terms, value in (([(x, 1), (y, 1)], 4.0), ([(x, 1)], 3.0), ([(y, 1)], 1.0)):
        model.minimise(terms)
        proof = model.solve(SolverOptions(solver=solver))
        assert (proof.status, proof.value) == (Status.OPTIMAL, pytest.approx(value))
    assert model.values([loose]).tolist() == [3.0]


@pytest.mark.parametrize("solver", ["CBC"], indirect=True)
def test_cbc_is_told_seed_gap_tolerance_and_time(solver: str, tmp_path: Path) -> None:
    model, _x = set_cover(20)
    options = SolverOptions(gap=0.05, time_limit_s=7.0, feasibility=1e-8, presolve=False)
    model.problem.solve(_make(pulp_name(solver), options, tmp_path / "log"))
    log = (tmp_path / "log").read_text(encoding="utf-8")
    for words in ("-sec 7.0", "-ratio 0.05", "-randomSeed 1", "-randomCbcSeed 1", "-primalT 1e-08", "-integerT 1e-08"):
        assert words in log
    assert "-preprocess off" in log
    assert "-threads" not in log
    assert "No match" not in log


@pytest.mark.parametrize("solver", ["SCIP"], indirect=True)
def test_scip_is_told_seed_gap_tolerance_and_time(solver: str) -> None:
    model, _x = set_cover(20)
    model.solve(SolverOptions(solver=solver, gap=0.05, time_limit_s=7.0, feasibility=1e-8, presolve=False))
    told = {"randomization/randomseedshift": 1, "limits/gap": 0.05, "limits/time": 7.0, "numerics/feastol": 1e-8}
    for name, value in (told | {"presolving/maxrounds": 0}).items():
        assert model.problem.solverModel.getParam(name) == value


@pytest.mark.parametrize("solver", UNREAD, indirect=True)
def test_solvers_that_are_not_read_prove_nothing(solver: str) -> None:
    model, _x = set_cover(30)
    best = model.solve(SolverOptions())
    proof = model.solve(SolverOptions(solver=solver, time_limit_s=20.0))
    assert (proof.status, proof.value, proof.bound) == (Status.STOPPED, pytest.approx(best.value), -math.inf)
    model.add([(v, 1) for v in model.problem.variables()], "<=", 1, "few")
    assert model.solve(SolverOptions(solver=solver, time_limit_s=20.0)).status is Status.INFEASIBLE


def test_solvers_are_known_by_plain_names_and_by_those_of_pulp() -> None:
    assert pulp_name("highs") == pulp_name("HiGHS") == "HiGHS"
    with pytest.raises(UsageError, match=r"'Gurobi9000'.*nearest is GUROBI.*HiGHS, CBC, SCIP, GLPK.*COIN_CMD"):
        Model("any").solve(SolverOptions(solver="Gurobi9000"))
    with pytest.raises(UsageError, match="nearest is SCIP"):
        pulp_name("SCPI")


def test_a_solver_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for name in ("GLPK", "scip_cmd"):
        with pytest.raises(UsageError, match=f"'{name}' is not installed; here are .*HiGHS"):
            pulp_name(name)


TREE = """Continuous objective value is 18.982 - 0.00 seconds
Cbc0020I Exiting on maximum time
Cbc0005I Partial search - best objective {value} (best possible {bound}), took 7863 iterations and {nodes} nodes (1.00 seconds)

Result - Stopped on time limit

Objective value:                21.08520918
Lower bound:                    {bound:.6}
Gap:                            0.09
"""


@pytest.mark.parametrize(
    ("value", "bound", "nodes", "expected"),
    [
        ("21.085209", "19.279321", 43, 19.2791),  # CBC 2.10.3
        ("21.085209", "19.255341", 0, 18.9815),  # the same before the first node
        ("21.085209", "2.0394437e+12", 0, 18.9815),  # CBC of March 2026 within a relaxation
        ("21.085209", "21.085209", 12, 18.9815),  # a stopped run has not met its bound
    ],
)
def test_a_bound_of_cbc_is_believed_where_it_can_be(value: str, bound: str, nodes: int, expected: float) -> None:
    report = read_cbc(TREE.format(value=value, bound=bound, nodes=nodes), gap=0.0)
    assert (report.ending, report.has_solution) == (Ending.STOPPED, True)
    assert report.bound == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("log", "ending"),
    [
        ("Stopped objective 352.9015902 - 779 iterations time 0.102\n\nResult - Stopped on time limit\n", Ending.STOPPED),
        ("LP relaxation stopped on time limit - 0.012952 seconds\n", Ending.STOPPED),
        ("Result - Stopped on time limit\n\nNo feasible solution found\nLower bound:      20.373\n", Ending.STOPPED),
        ("Continuous objective value is 0 - 0.00 seconds\nPre-processing says infeasible or unbounded\n", Ending.INFEASIBLE),
        ("Analysis indicates model infeasible or unbounded\nPrimalInfeasible objective 2 - 1 iterations\n", Ending.INFEASIBLE),
        ("Analysis indicates model infeasible or unbounded\nDualInfeasible objective -1e+10 - 0\n", Ending.UNBOUNDED),
        ("", Ending.STOPPED),
    ],
)  # fmt: skip
def test_a_log_of_cbc_without_solution(log: str, ending: Ending) -> None:
    # PuLP 3.3 calls the first one optimal: the values of a half-solved relaxation, which keep none of the rows
    report = read_cbc(log, gap=0.0)
    assert (report.ending, report.has_solution, report.bound) == (ending, False, -math.inf)


def test_a_gap_in_a_log_of_cbc_is_its_printed_bound() -> None:
    log = "Result - Optimal solution found (within gap tolerance)\n\nObjective value:     15.06348494\nLower bound:     14.921\n"
    assert read_cbc(log, gap=0.2).bound == pytest.approx(14.9205)
    assert read_cbc(log, gap=0.0).bound == math.inf  # the gap that was asked for is none: the value itself is the bound


def test_a_log_of_scip_without_a_bound() -> None:
    log = "SCIP Status        : solving was interrupted [time limit reached]\nDual Bound         : -1.00000000000000e+20\n"
    report = read_scip_log(log)
    assert (report.ending, report.has_solution, report.bound) == (Ending.STOPPED, False, -math.inf)
