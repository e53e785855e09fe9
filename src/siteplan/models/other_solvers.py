"""Solvers beside HiGHS, through PuLP: their names, what is passed on to them, and what their own figures prove.

PuLP passes on no bound of theirs, and PuLP 3.3 calls some runs optimal that a limit stopped. So status and bound are read from
SCIP's model, or from the log of CBC or of SCIP's command; of the others nothing is proven, whatever they say.
"""

from __future__ import annotations

import difflib
import math
import re
import subprocess
import tempfile
import time
import warnings
from dataclasses import dataclass
from enum import Enum, auto
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulp

from siteplan.errors import SolverError, UsageError
from siteplan.messages import _
from siteplan.models.status import Proof, Status, judge

if TYPE_CHECKING:
    from siteplan.models.solver import SolverOptions


class Ending(Enum):
    """How a run ended."""

    FINISHED = auto()
    STOPPED = auto()
    INFEASIBLE = auto()
    UNBOUNDED = auto()
    """Or infeasible: solvers do not tell the two apart before they have looked for any solution."""


SOLVERS = {
    "HiGHS": ("HiGHS",),
    "CBC": ("PULP_CBC_CMD", "COIN_CMD"),
    "SCIP": ("SCIP_PY", "SCIP_CMD"),
    "GLPK": ("GLPK_CMD",),
}
"""Plain names and the names that PuLP has for them; the first that is installed is meant. PuLP 4 has no PULP_CBC_CMD."""
_CBC = ("PULP_CBC_CMD", "COIN_CMD")
_CBC_WORDS = {
    Ending.INFEASIBLE: r"^(Result - .*infeasible|Problem is infeasible|Pre-processing says infeasible|PrimalInfeasible)",
    Ending.UNBOUNDED: r"^(Result - .*unbounded|Problem is unbounded|DualInfeasible)",
}
_SEED = 1
_ROW_MISS = 1e-5
"""Share of a row's largest term by which a solution may miss it; what misses more is no solution. CBC writes eight digits."""
_INFINITE = 1e20
"""What SCIP calls infinite."""
_INFEASIBLE, _UNBOUNDED = -1, -2
"""PuLP's codes."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a solver says of its run.

    Parameters
    ----------
    ending : Ending
    bound : float
        Lower bound; infinite where it is the value itself, minus infinity where none can be relied upon.
    has_solution : bool
    """

    ending: Ending
    bound: float = -math.inf
    has_solution: bool = False


def pulp_name(name: str) -> str:
    """Return PuLP's name of a solver that is installed.

    Parameters
    ----------
    name : str
        A name of SOLVERS or one of PuLP's; capitals do not matter.

    Raises
    ------
    UsageError
        If the solver is unknown (the known and the nearest are named) or not installed.
    """
    theirs = list(dict.fromkeys(pulp.listSolvers()))
    meant = {known.lower(): (known,) for known in theirs} | {known.lower(): names for known, names in SOLVERS.items()}
    if name.lower() not in meant:
        known = [*SOLVERS, *(other for other in theirs if other not in SOLVERS)]
        nearest = difflib.get_close_matches(name.lower(), meant, n=1, cutoff=0.0)[0]
        raise UsageError(
            _(
                "solver {name} is not known; the nearest is {nearest}; known are {known}",
                name=repr(name),
                nearest=next(k for k in known if k.lower() == nearest),
                known=", ".join(known),
            )
        )
    for candidate in meant[name.lower()]:
        if candidate in theirs and _make(candidate).available():
            return candidate
    raise UsageError(
        _(
            "solver {name} is not installed; here are {known}",
            name=repr(name),
            known=", ".join(dict.fromkeys(pulp.listSolvers(onlyAvailable=True))),
        )
    )


def solve_other(problem: Any, options: SolverOptions) -> Proof:
    """Solve a PuLP problem (minimisation) with a solver other than HiGHS.

    Parameters
    ----------
    problem : pulp.LpProblem
        Its variables have the solution afterwards.
    options : SolverOptions

    Returns
    -------
    Proof
        A run that reached its time limit is never ``INFEASIBLE``, and its bound is one that the solver had before.

    Raises
    ------
    UsageError
        If the solver is unknown or not installed.
    SolverError
        If the problem is unbounded, or the solver fails.
    """
    name = pulp_name(options.solver)
    if not problem.variables():  # which some solvers refuse
        return Proof(status=Status.OPTIMAL, value=0.0, bound=0.0, seconds=0.0)
    began = time.perf_counter()
    report = _run(problem, name, options)
    seconds = time.perf_counter() - began
    if report.ending is Ending.UNBOUNDED:
        if _run(problem, name, options, priced=False).ending is not Ending.INFEASIBLE:
            raise SolverError(_("{name}: unbounded", name=problem.name))
        report = Report(ending=Ending.INFEASIBLE)
    if report.ending is Ending.INFEASIBLE and seconds < options.time_limit_s:
        return Proof(status=Status.INFEASIBLE, value=math.inf, bound=math.inf, seconds=seconds)
    if not report.has_solution or not _holds(problem):
        bound = report.bound if math.isfinite(report.bound) else -math.inf
        return Proof(status=Status.NO_SOLUTION, value=math.inf, bound=bound, seconds=seconds)
    value = math.fsum(_terms(problem.objective))
    bound = min(report.bound, value)
    status = judge(value, bound, options.gap, finished=report.ending is Ending.FINISHED)
    return Proof(status=status, value=value, bound=bound, seconds=seconds)


def _run(problem: Any, name: str, options: SolverOptions, *, priced: bool = True) -> Report:
    """Run the solver once, with or without the objective, and read what it says."""
    objective = problem.objective
    prices = {v.name: c for v, c in objective.items()} if priced and objective else {}
    # every variable stands in the objective: CBC refuses bounds of one that stands nowhere, and PuLP's dummy is not needed
    problem.setObjective(_expression([(v, prices.get(v.name, 0.0)) for v in problem.variables()]))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "solver.log"
        try:
            said = problem.solve(_make(name, options, log))
        except (pulp.PulpError, OSError, subprocess.SubprocessError) as error:
            raise SolverError(_("{name}: {text}", name=name, text=error)) from error
        finally:
            problem.setObjective(objective or _expression([]))
        text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if name in _CBC:
        return read_cbc(text, gap=options.gap)
    if name == "SCIP_CMD":
        return read_scip_log(text)
    if name == "SCIP_PY":
        return read_scip(problem.solverModel)
    code = int(getattr(said, "status", said))  # PuLP 4 returns what it knows of the run, PuLP 3 the code alone
    ending = {_INFEASIBLE: Ending.INFEASIBLE, _UNBOUNDED: Ending.UNBOUNDED}.get(code, Ending.STOPPED)
    return Report(ending=ending, has_solution=bool(getattr(said, "has_solution", code > 0)))


def _make(name: str, options: SolverOptions | None = None, log: Path | None = None) -> Any:
    """Return PuLP's solver with what it takes of the options."""
    asked: dict[str, Any] = {"msg": False}
    if options is not None:
        asked |= {
            "timeLimit": max(options.time_limit_s, 0.01),
            "gapRel": options.gap,
            "options": _own_options(name, options),
        }
        if name not in _CBC or options.threads > 1:  # CBC by itself has one, without the machinery for several
            asked["threads"] = options.threads
        if name in (*_CBC, "SCIP_CMD"):
            asked["logPath"] = str(log)
        if name == "GLPK_CMD":
            asked["timeLimit"] = math.ceil(asked["timeLimit"])  # glpsol refuses fractions of a second
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PuLP 3.3 calls its own CBC deprecated
        takes = signature(pulp.getSolver(name, msg=False).__init__).parameters
        return pulp.getSolver(name, **{key: value for key, value in asked.items() if key in takes})


def _own_options(name: str, options: SolverOptions) -> list[str]:
    """Return seed, tolerance and presolve in the solver's own words."""
    if name in _CBC:
        words = [f"randomSeed {_SEED}", f"randomCbcSeed {_SEED}", "increment 1e-9"]
        words += [f"primalT {options.feasibility}", f"integerT {options.feasibility}"]
        return words if options.presolve else [*words, "preprocess off", "presolve off"]
    if name.startswith("SCIP"):
        words = [f"randomization/randomseedshift={_SEED}", f"numerics/feastol={options.feasibility}"]
        return words if options.presolve else [*words, "presolving/maxrounds=0"]
    if name == "GLPK_CMD":
        return ["--seed", str(_SEED), "--mipgap", str(options.gap)]
    return []


def read_cbc(log: str, *, gap: float) -> Report:
    """Return what the log of CBC says (versions 2.10.3 to 2.10.8 and that of March 2026).

    A stopped run's bound is the last one of the tree. Before the first node it is that of the linear relaxation, for newer
    versions then print the objective of a half-solved one as bound, which may lie above the optimum.

    Parameters
    ----------
    log : str
    gap : float
        Relative gap that was asked for.
    """
    result = _last(r"^Result - (.*)$", log)
    said = f"Result - {result}" if result else log
    for ending, words in _CBC_WORDS.items():
        if re.search(words, said, re.MULTILINE):
            return Report(ending=ending)
    if result is None:  # no integers, or stopped within the relaxation
        finished = _last(r"^Optimal objective (\S+)", log) is not None
        ending = Ending.FINISHED if finished else Ending.STOPPED
        return Report(ending=ending, bound=math.inf if finished else -math.inf, has_solution=finished)
    has_solution = _last(r"^Objective value:\s+(\S+)", log) is not None
    if not result.startswith("Optimal"):
        return Report(ending=Ending.STOPPED, bound=_cbc_bound(log), has_solution=has_solution)
    within = gap > 0 and "within gap" in result
    bound = _printed(_last(r"^Lower bound:\s+(\S+)", log)) if within else math.inf
    return Report(ending=Ending.FINISHED, bound=bound, has_solution=has_solution)


def _cbc_bound(log: str) -> float:
    """Return a bound of a stopped run of CBC that can be relied upon."""
    relaxation = _printed(_last(r"^Continuous objective value is (\S+)", log))
    search = re.findall(r"best objective (\S+) \(best possible (\S+)\), took \d+ iterations and (\d+) nodes", log)
    if not search:
        return relaxation
    value, bound, nodes = search[-1]
    believable = int(nodes) > 0 and float(bound) < float(value)
    return max(relaxation, _printed(bound)) if believable else relaxation


def read_scip(model: Any) -> Report:
    """Return what a model of PySCIPOpt says after its run."""
    return _scip_report(model.getStatus(), model.getDualbound(), has_solution=model.getNSols() > 0)


def read_scip_log(log: str) -> Report:
    """Return what the log of SCIP's command says."""
    words = {"infeasible or unbounded": "inforunbd", "optimal solution found": "optimal"}
    status = _last(r"^SCIP Status\s*: .*\[(.*)\]", log) or ""
    bound = _last(r"^Dual Bound\s*: (\S+)", log)
    solutions = _last(r"^Primal Bound\s*: \S+ \((\d+) solutions", log)
    return _scip_report(words.get(status, status), float(bound or -math.inf), has_solution=int(solutions or 0) > 0)


def _scip_report(status: str, bound: float, *, has_solution: bool) -> Report:
    endings = {"infeasible": Ending.INFEASIBLE, "unbounded": Ending.UNBOUNDED, "inforunbd": Ending.UNBOUNDED}
    finished = status.replace(" ", "") in ("optimal", "gaplimit", "gaplimitreached")
    ending = endings.get(status, Ending.FINISHED if finished else Ending.STOPPED)
    return Report(ending=ending, bound=bound if abs(bound) < _INFINITE else -math.inf, has_solution=has_solution)


def _last(pattern: str, text: str) -> str | None:
    """Return the group of the last match."""
    found = re.findall(pattern, text, re.MULTILINE)
    return str(found[-1]).strip() if found else None


def _printed(figure: str | None) -> float:
    """Return a printed bound less what printing may have rounded away: of six digits, or of three decimals.

    >>> _printed("18.982"), _printed("14.9213"), _printed(None)
    (18.9815, 14.921150787, -inf)
    """
    if figure is None:
        return -math.inf
    decimals = 5e-4 if re.search(r"\.\d{3}$", figure) else 0.0
    return float(figure) - max(decimals, 1e-5 * abs(float(figure)))


def _holds(problem: Any) -> bool:
    """Tell whether the variables' values keep bounds, integers and rows but for rounding."""
    for v in problem.variables():
        if v.varValue is not None and not v.valid(_ROW_MISS * max(1.0, abs(v.varValue))):
            return False
    for row in problem.constraints():
        terms = _terms(row)
        off = math.fsum(terms)
        slack = _ROW_MISS * max([1.0, *(abs(term) for term in terms)])
        if (row.sense <= 0 and off > slack) or (row.sense >= 0 and off < -slack):
            return False
    return True


def _terms(expression: Any) -> list[float]:
    """Return the terms of an affine expression at the variables' values."""
    return [expression.constant, *(c * v.varValue for v, c in expression.items())]


def _expression(terms: list[tuple[Any, float]]) -> Any:
    """Return PuLP's affine expression of distinct variables, on either PuLP line."""
    return getattr(pulp.LpAffineExpression, "from_list", pulp.LpAffineExpression)(terms)
