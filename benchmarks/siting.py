"""The figures of the joint model: the demonstration county in three phases, counties of more and more sites, a real place, and revisions.

    python benchmarks/siting.py [JOB ...]

Each study runs in a process of its own, so that its memory is its own; the memory of the processes that it starts is added.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rows import row
from spine import liechtenstein_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.plans.plan import Plan
    from siteplan.study.study import Study

SECONDS, GAP, LEAST_TYPES, PHASES = 60.0, 0.005, 12, 3
ANKANG, ANKANG_SECONDS, ANKANG_GAP, ANKANG_GB = 1364, 1200.0, 0.01, 4.0
SIZES = (50, 100, 200)
EDIT_SECONDS = 2.0


def run(job: str) -> dict[str, Any]:
    """Run one job in a process of its own and return its figures."""
    done = subprocess.run([sys.executable, __file__, "--job", job], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def gigabytes() -> float:
    """Return the peak memory of this process and, added, of as many of those that it has started as ran at a time."""
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (mine + (os.cpu_count() or 1) * started) / 2**20


def planned(study: Study, **changes: Any) -> tuple[Plan, dict[str, Any]]:
    """Plan a study and audit the plan; return it and its figures."""
    import siteplan as sp

    scenario = sp.default_scenario(study).but(**changes)
    steps: dict[str, float] = {}
    doing, since = "", time.perf_counter()

    def progress(step: str, _done: int, _of: int) -> None:
        nonlocal doing, since
        if step != doing:
            now = time.perf_counter()
            if doing:
                steps[doing] = steps.get(doing, 0.0) + now - since
            doing, since = step, now

    began = time.perf_counter()
    plan = sp.solve(study, scenario, progress=progress)
    seconds = time.perf_counter() - began
    steps[doing] = steps.get(doing, 0.0) + time.perf_counter() - since
    began = time.perf_counter()
    audited = sp.audit(plan)
    return plan, {
        "seconds": seconds,
        "steps": steps | {"audit": time.perf_counter() - began},
        "gaps": dict(zip(plan.stages["stage"], plan.stages["gap"].tolist(), strict=True)),
        "types": int(plan.facilities["type"].nunique()),
        "phases": scenario.n_phases,
        "built_in": int(plan.works["phase"].nunique()),
        "hard_unmet": plan.hard_unmet,
        "disagreements": len(audited.disagreements()),
        "sites": len(study.layers.require("sites", "")) if "sites" in study.layers.vectors else 0,
        "gb": gigabytes(),
    }


def demo(folder: Path) -> dict[str, Any]:
    """Plan the demonstration county as it is, then again after an edit."""
    import siteplan as sp

    study = sp.open_study(sp.write_demo(folder / "study"))
    plan, found = planned(study)
    candidates = study.layers.vectors["candidates"]
    busy = plan.facilities.loc[plan.facilities["status"] == "new", "site_id"].iloc[0]
    less = candidates[candidates["id"] != busy]
    edited = study.but(layers=study.layers.but(vectors={**study.layers.vectors, "candidates": less}))
    began = time.perf_counter()
    again = sp.solve(edited, plan.scenario, previous=plan)
    return found | {"edit_seconds": time.perf_counter() - began, "edit_unproven": float(again.stages["gap"].max())}


def sized(sites: int, seconds: float, gap: float) -> Callable[[Path], dict[str, Any]]:
    """Return a job that plans a county of so many sites."""

    def job(folder: Path) -> dict[str, Any]:
        import siteplan as sp

        study = sp.open_study(sp.write_demo(folder / "study", sites=sites))
        return planned(study, time_limit_s=seconds, gap=gap)[1]

    return job


def liechtenstein(folder: Path) -> dict[str, Any]:
    """Plan a real place in three phases."""
    import siteplan as sp
    from siteplan.plans.scenario import Phase

    phases = tuple(Phase(name=str(year)) for year in (2026, 2027, 2028))
    return planned(sp.open_study(liechtenstein_study(folder)), phases=phases)[1]


JOBS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "demo": demo,
    **{f"county-{n}": sized(n, SECONDS * n / 20, ANKANG_GAP) for n in SIZES},
    "ankang": sized(ANKANG, ANKANG_SECONDS * 0.85, ANKANG_GAP),
    "liechtenstein": liechtenstein,
}


def tell(name: str, found: dict[str, Any], seconds: float | None, gap: float) -> None:
    """Print the rows that every planned study has."""
    for step, took in found["steps"].items():
        row(f"{name}: {step}", took, "s")
    goal = f"under {seconds:g} s on 2 cores" if seconds else ""
    row(f"{name}: plan", found["seconds"], "s", goal, met=found["seconds"] < seconds if seconds else None)
    row(f"{name}: peak memory", found["gb"], "GB")
    for stage, reached in found["gaps"].items():
        row(f"{name}: gap of stage {stage}", reached, "", f"at most {gap:.1%} in every stage", met=reached <= gap)
    row(f"{name}: hard rules unmet and listed", found["hard_unmet"], "rules")
    wrong = found["disagreements"]
    row(f"{name}: claims the audit does not confirm", wrong, "claims", "the audit agrees", met=wrong == 0)


def tell_demo() -> None:
    """Print the rows of the demonstration county."""
    found = run("demo")
    tell("demo", found, SECONDS, GAP)
    types, phases = found["types"], found["phases"]
    row("demo: facility types", types, "types", f"at least {LEAST_TYPES}", met=types >= LEAST_TYPES)
    row("demo: phases", phases, "phases", f"{PHASES}", met=phases == PHASES)
    row("demo: phases in which something is built", found["built_in"], "phases")
    again = found["edit_seconds"]
    row("demo: again after a site is lost", again, "s", "a second or two for a community", met=again <= EDIT_SECONDS)
    row("demo: largest gap after it", found["edit_unproven"])


def tell_sizes() -> None:
    """Print how time grows with sites, and the county of Ankang's size."""
    each = {n: run(f"county-{n}") for n in SIZES}
    for n, found in each.items():
        tell(f"county of {n} sites", found, None, ANKANG_GAP)
        row(f"county of {n} sites: seconds for each site", found["seconds"] / n, "s")
    found = run("ankang")
    tell("Ankang, 1,364 sites", found, ANKANG_SECONDS, ANKANG_GAP)
    memory = found["gb"]
    row("Ankang: memory with its processes", memory, "GB", f"under {ANKANG_GB:g} GB", met=memory < ANKANG_GB)
    growth = (found["seconds"] / ANKANG) / (each[SIZES[-1]]["seconds"] / SIZES[-1])
    row(
        f"Ankang: seconds for each site, to those of {SIZES[-1]} sites",
        growth,
        "",
        "cost near linear in sites",
        met=growth <= 1.5,
    )


def main() -> None:
    if "--job" in sys.argv:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(JOBS[sys.argv[-1]](Path(folder))))
        return
    asked = set(sys.argv[1:] or ("demo", "sizes", "liechtenstein"))
    if "demo" in asked:
        tell_demo()
    if "liechtenstein" in asked and os.environ.get("SITEPLAN_DATA"):
        tell("Liechtenstein, three phases", run("liechtenstein"), None, GAP)
    elif "liechtenstein" in asked:
        row("Liechtenstein", "not run: SITEPLAN_DATA is not set")
    if "sizes" in asked:
        tell_sizes()


if __name__ == "__main__":
    main()
