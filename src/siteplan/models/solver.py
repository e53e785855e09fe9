"""One way to state and solve a model, on PuLP 3.3 and on PuLP 4 alike.

PuLP states the problem; HiGHS solves it by default, other PuLP solvers by name (other_solvers.py). Value, bound and status are read from
HiGHS itself, because PuLP 3.3 calls a run that hit its time limit "Optimal". HiGHS is given no start (docs/decisions/0001-no-warm-start.md).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import highspy
import numpy as np
import pulp

from siteplan.errors import SolverError
from siteplan.models.kernel import has_kernel, solve_kernel
from siteplan.models.other_solvers import solve_other
from siteplan.models.status import Proof, Status, judge

if TYPE_CHECKING:
    from pathlib import Path

Terms = Iterable[tuple[Any, float]]
Sense = Literal["<=", ">=", "=="]


@dataclass(frozen=True, kw_only=True)
class SolverOptions:
    """How to solve.

    Parameters
    ----------
    solver : str
        ``"HiGHS"``, ``"CBC"``, ``"SCIP"``, ``"GLPK"`` or PuLP's name of another solver; capitals do not matter.
    gap : float
        Relative gap at which the solver may stop; 0: go on until it is proven.
    time_limit_s : float
        Seconds of wall time.
    kernel_s : float
        Seconds that the relaxation and the kernel of a large model may take where that is more: they give a solution and a bound of the whole.
    threads : int
        Threads of the solver; 1 gives the same run every time.
    feasibility : float
        By how much a solution may miss a row.
    presolve : bool
        Whether the solver reduces the model first.
    """

    solver: str = "HiGHS"
    gap: float = 0.0
    time_limit_s: float = 600.0
    kernel_s: float = 0.0
    threads: int = 1
    feasibility: float = 1e-7
    presolve: bool = True


class Model:
    """A minimisation problem being stated. Variables are PuLP's own.

    Parameters
    ----------
    name : str
        Name without spaces, written into LP files.
    """

    def __init__(self, name: str) -> None:
        self.problem = pulp.LpProblem(name, pulp.LpMinimize)
        self._variables: list[Any] = []

    def var(self, name: str, low: float = 0.0, high: float | None = None, *, integer: bool = False) -> Any:
        """Add and return a variable with bounds [low, high] (None: no upper bound)."""
        category = pulp.LpInteger if integer else pulp.LpContinuous
        variable = self.problem.add_variable(name, low, high, category)
        self._variables.append(variable)
        return variable

    def add(self, terms: Terms, sense: Sense, right: float, name: str) -> None:
        """Add the constraint ``sum(coefficient * variable) sense right``."""
        left = expression(terms)
        constraint = left <= right if sense == "<=" else left >= right if sense == ">=" else left == right
        self.problem.addConstraint(constraint, name)

    def minimise(self, terms: Terms) -> None:
        """Set the objective."""
        self.problem.setObjective(expression(terms))

    @property
    def variables(self) -> Sequence[Any]:
        """The variables in the order in which they were added."""
        return self._variables

    @property
    def size(self) -> tuple[int, int]:
        """Numbers of variables and constraints."""
        return len(self._variables), int(self.problem.numConstraints())

    def values(self, variables: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return the variables' values after a solve, (n,) float64; a variable in no row is at its lower bound."""
        return np.array([v.lowBound if v.varValue is None else v.varValue for v in variables], dtype=np.float64)

    def write_lp(self, path: Path) -> None:
        """Write the problem in LP format."""
        self.problem.writeLP(str(path))

    def solve(self, options: SolverOptions, known: Mapping[str, float] | None = None) -> Proof:
        """Solve and return what is proven.

        Parameters
        ----------
        options : SolverOptions
        known : mapping of str to float, optional
            A solution by variable name, which may help; it is no start (docs/decisions/0001-no-warm-start.md).

        Raises
        ------
        UsageError
            If the solver is unknown or not installed.
        SolverError
            If the problem is unbounded, or the solver gives no usable answer.
        """
        if options.solver.lower() == "highs":
            return self._solve_highs(options, known)
        return solve_other(self.problem, options)

    def _solve_highs(self, options: SolverOptions, known: Mapping[str, float] | None = None) -> Proof:
        solver = _HiGHS(
            known,
            options.kernel_s,
            msg=False,
            gapRel=options.gap,
            gapAbs=1e-9,
            timeLimit=max(options.time_limit_s, 0.01),
            threads=options.threads,
            random_seed=1,
            primal_feasibility_tolerance=max(1e-6, options.feasibility * 1.1),
            presolve="choose" if options.presolve else "off",
            mip_feasibility_tolerance=options.feasibility,  # at 1e-6 HiGHS may refuse its own answer for 1.0000001e-6
        )
        began = time.perf_counter()
        self.problem.solve(solver)
        if solver.proof is not None:
            return solver.proof
        seconds = time.perf_counter() - began
        highs = self.problem.solverModel
        info = highs.getInfo()
        state = highs.getModelStatus()
        named = highspy.HighsModelStatus
        if state == named.kUnboundedOrInfeasible and self._has_solution(solver):
            state = named.kUnbounded
        if state in (named.kInfeasible, named.kUnboundedOrInfeasible):
            return Proof(status=Status.INFEASIBLE, value=math.inf, bound=math.inf, seconds=seconds)
        if state == named.kUnbounded:
            raise SolverError(f"{self.problem.name}: unbounded")
        if state == named.kModelEmpty:
            return Proof(status=Status.OPTIMAL, value=0.0, bound=0.0, seconds=seconds)
        has_solution = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        is_mip = self.problem.isMIP()
        finished = state == named.kOptimal
        value = info.objective_function_value
        bound = info.mip_dual_bound if is_mip else (value if finished else -math.inf)
        if state in (named.kSolveError, named.kLoadError, named.kModelError, named.kPresolveError):
            raise SolverError(f"{self.problem.name}: HiGHS gave up ({highs.modelStatusToString(state)})")
        if not has_solution:
            return Proof(status=Status.NO_SOLUTION, value=math.inf, bound=bound, seconds=seconds)
        bound = min(bound, value)
        return Proof(
            status=judge(value, bound, options.gap, finished=finished), value=value, bound=bound, seconds=seconds
        )

    def _has_solution(self, solver: Any) -> bool:
        """Tell whether any solution exists, whatever it is worth."""
        objective = self.problem.objective
        self.problem.setObjective(expression([]))
        self.problem.solve(solver)
        self.problem.setObjective(objective)
        return bool(self.problem.solverModel.getModelStatus() != highspy.HighsModelStatus.kInfeasible)


class _HiGHS(pulp.HiGHS):  # type: ignore[misc]
    """PuLP's HiGHS, which looks at the kernel of a large model first; ``proof`` is what that proved, None where the model was solved as it is."""

    def __init__(self, known: Mapping[str, float] | None, kernel_s: float, **options: Any) -> None:
        super().__init__(**options)
        self.known = known
        self.kernel_s = kernel_s
        self.proof: Proof | None = None

    def callSolver(self, lp: Any) -> None:  # noqa: N802 - PuLP's name
        """Run HiGHS on the model that PuLP has handed to it."""
        highs = lp.solverModel
        began = time.perf_counter()
        if has_kernel(highs):
            self.proof = solve_kernel(highs, self._start(lp), self.gapRel, self.timeLimit, self.kernel_s)
        if self.proof is None:
            highs.clearSolver()
            highs.setOptionValue("mip_rel_gap", float(self.gapRel))
            highs.setOptionValue("time_limit", max(self.timeLimit - (time.perf_counter() - began), 0.01))
            highs.run()

    def _start(self, lp: Any) -> np.ndarray[Any, np.dtype[np.float64]] | None:
        """Return the known solution by column."""
        if self.known is None:
            return None
        variables = lp.exported_variables() if hasattr(lp, "exported_variables") else lp.variables()
        return np.array([self.known.get(variable.name, 0.0) for variable in variables])


def expression(terms: Terms) -> Any:
    """Return ``terms`` as PuLP's affine expression, on either PuLP line.

    A variable that stands in several terms counts with the sum of its coefficients; PuLP itself would keep only the last.
    """
    sums: dict[str, tuple[Any, float]] = {}
    for variable, coefficient in terms:
        known = sums.get(variable.name)
        sums[variable.name] = (variable, float(coefficient) + (known[1] if known else 0.0))
    build = getattr(pulp.LpAffineExpression, "from_list", pulp.LpAffineExpression)
    return build(list(sums.values()))
