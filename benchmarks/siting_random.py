"""Random small studies: does the audit confirm every plan, does every kind of rule bind, and do aggregation and decomposition change anything?

    python benchmarks/siting_random.py [N [SKIP]]

takes the first N of a fixed sequence of seeds that hypothesis draws, 1,000 unless said otherwise; or N of them after the first SKIP. Studies
whose scenario asks for what their layers forbid are no question, and the next seed takes their place. When a kind of rule binds is
defined in tests/planning/binding.py; whether it turns the plan is no longer asked once it has done so 20 times. Every tenth study is
solved whole, and with each building alone, as well, and its plan is corrupted in the ways of tests/auditing/corruptions.py, as far as it
has what can be corrupted.
Disagreements are told on stderr with their seeds.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rows import row

sys.path.insert(
    0, str(Path(__file__).parents[1] / "tests" / "auditing")
)  # random studies and corruptions are those of the tests
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "planning"))

from binding import KINDS, LISTED, listed_kinds, may_turn, turns, unmet_kinds
from corruptions import CORRUPTIONS, uncaught
from same_optima import differing, each_alone, optima
from small_studies import small_study
from tampering import failed

from siteplan.auditing.audit import audit
from siteplan.errors import UsageError
from siteplan.planning.cache import SolveCache
from siteplan.planning.solve import prepare, solve
from siteplan.siting.rules_to_arrays import to_problem
from siteplan.units import PROVEN_GAP

if TYPE_CHECKING:
    from siteplan.auditing.audit import Audit
    from siteplan.plans.plan import Plan

OFTEN = 20
SAMPLE = 10
"""Every so many studies are solved whole and unmerged as well."""
SPARE = 1000
"""Seeds drawn beyond those wanted: some are no question."""


def seeds(n: int) -> list[int]:
    """Return different seeds, the same ones each time."""
    drawn: dict[int, None] = {}

    @settings(
        max_examples=n,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 10**6))
    def draw(seed: int) -> None:
        drawn[seed] = None

    draw()
    return list(drawn)


@dataclass
class Tally:
    """What was found so far."""

    studies: int = 0
    agree: int = 0
    proven: int = 0
    unmet: int = 0
    hard_unmet: int = 0
    bound: Counter[str] = field(default_factory=Counter)
    turned: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    sample: int = 0
    same_whole: int = 0
    same_alone: int = 0
    corrupted: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    apart: int = 0
    merged: int = 0

    def add(self, seed: int, plan: Plan, cache: SolveCache) -> None:
        """Audit a plan and count what binds."""
        found = audit(plan)
        self.studies += 1
        wrong, stopped = [" ".join(claim.values()) for claim in found.disagreements()], unproven(plan)
        self.agree += not wrong
        self.proven += not stopped
        if wrong:
            tell(f"seed {seed} disagrees: {'; '.join(wrong)}")
        if stopped:
            tell(f"seed {seed} is not proven: {'; '.join(stopped)}")
        unmet = unmet_kinds(found)
        self.unmet += bool(unmet)
        self.hard_unmet += found.hard_failed > 0
        self.bound.update(unmet)
        self.bound.update(listed_kinds(plan) & set(LISTED))
        self._turn(plan, found, cache)

    def _turn(self, plan: Plan, found: Audit, cache: SolveCache) -> None:
        for kind in sorted(may_turn(plan, found)):
            if self.turned[kind] < OFTEN:
                self.asked[kind] += 1
                if turns(plan, kind, cache):
                    self.turned[kind] += 1
                    self.bound[kind] += 1

    def compare(self, seed: int, cache: SolveCache, *, apart: bool) -> None:
        """Solve a study once more, whole, and once more with each building alone."""
        problem = to_problem(prepare(*small_study(seed), cache=cache).question)
        usual, whole = optima(problem), optima(problem, decompose=False)
        with each_alone() as merged:
            alone = optima(problem)
        self.sample += 1
        self.merged += bool(merged)
        self.apart += apart
        for name, other in (("whole", whole), ("alone", alone)):
            other_values = differing(usual, other)
            if other_values:
                tell(f"seed {seed}, {name}: {other_values}")
            setattr(self, f"same_{name}", getattr(self, f"same_{name}") + (not other_values))

    def corrupt(self, seed: int, plan: Plan) -> None:
        """Corrupt a plan in every way that it has room for, and audit it."""
        missed = uncaught(plan, lambda corrupted: failed(audit(corrupted)))
        for name in CORRUPTIONS:
            possible = missed.get(name, set()) is not None
            self.corrupted[name] += possible
            self.caught[name] += name not in missed
            if possible and name in missed:
                tell(f"seed {seed}, corrupted ({name}): only {missed[name]} fall")

    def report(self) -> None:
        """Print the figures."""
        of = f"of {self.studies}"
        goal = f"audit and optimiser agree on {self.studies:,} random small studies"
        row("agreement", self.agree, of, goal, met=self.agree == self.studies)
        row("proven", self.proven, of, "every stage of every plan is proven", met=self.proven == self.studies)
        for kind in KINDS:
            met = self.bound[kind] >= OFTEN
            peers = {
                "turned": self.turned[kind],
                "of": self.asked[kind],
                "listed or unmet": self.bound[kind] - self.turned[kind],
            }
            row(f"binds: {kind}", self.bound[kind], "studies", "at least 20 times", met=met, peers=peers)
        for name in CORRUPTIONS:
            caught, tried = self.caught[name], self.corrupted[name]
            row(f"caught: {name}", caught, f"of {tried}", "each corrupted plan is caught", met=0 < tried == caught)
        share = self.unmet / self.studies
        hard = {"of hard rules": round(self.hard_unmet / self.studies, 4)}
        row("unmet rules", share, "of studies", "a third", met=share >= 1 / 3, peers=hard)
        compared = (
            ("taken apart or whole: same optima", self.same_whole, {"in several components": self.apart}),
            (
                "merged or each building alone: same optima",
                self.same_alone,
                {"with buildings that are merged": self.merged},
            ),
        )
        for name, same, told in compared:
            goal = "aggregation and decomposition change no optimum"
            row(name, same, f"of {self.sample}", goal, met=same == self.sample, peers=told)


def unproven(plan: Plan) -> list[str]:
    """Return the stages whose optimum is not proven."""
    columns = (plan.stages[name].tolist() for name in ("stage", "status", "gap", "seconds"))
    rows = zip(*columns, strict=True)
    return [
        f"{stage} {status}, gap {gap}, {seconds:.1f} s"
        for stage, status, gap, seconds in rows
        if gap > PROVEN_GAP or status != "optimal"
    ]


def tell(text: str) -> None:
    """Say something on stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    numbers = [int(word) for word in sys.argv[1:]]
    n, skip = (*numbers, *(1000, 0)[len(numbers) :])
    tally, cache, began = Tally(), SolveCache(), time.monotonic()
    for seed in seeds(SPARE + skip + n)[skip:]:
        if tally.studies == n:
            break
        try:
            plan = solve(*small_study(seed))
        except UsageError:
            continue
        tally.add(seed, plan, cache)
        if tally.studies % SAMPLE == 1:
            tally.corrupt(seed, plan)
            tally.compare(seed, cache, apart=int(plan.stages["components"].max()) > 1)
        if tally.studies % 50 == 0:
            tell(f"{tally.studies} studies, {time.monotonic() - began:.0f} s, {tally.agree} agree, {dict(tally.bound)}")
    tally.report()


if __name__ == "__main__":
    main()
