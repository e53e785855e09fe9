"""A million buildings read and validated, from GeoParquet and from GeoPackage: time, peak memory, and how both grow.

Every reading runs in a process of its own, so that its memory is its own. Beside it, in the same run, stands what the libraries alone take to read
the same file: geopandas for GeoParquet (pyogrio's GDAL has no driver for it), pyogrio for GeoPackage, both as it reads by default and through
Arrow, as siteplan uses it.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rows import row

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (250_000, 500_000, 1_000_000)
REPEATS = 3
GIGABYTES, TIMES, EXPONENT = 3.0, 2.0, 1.2
STUDY = '[study]\nname = "million"\n[layers.buildings]\npath = "{path}"\n'


def generate(folder: Path, n: int) -> None:
    """Write ``n`` buildings as GeoParquet and as GeoPackage, in a grid of 30 m with some chance in it."""
    import geopandas as gpd
    import pyogrio
    import shapely

    rng = np.random.default_rng(1)
    side = math.ceil(math.sqrt(n))
    at = np.arange(n)
    x, y = 500_000 + 30.0 * (at % side) + rng.uniform(0, 10, n), 2_900_000 + 30.0 * (at // side) + rng.uniform(0, 10, n)
    width, depth = rng.uniform(8, 18, n), rng.uniform(8, 18, n)
    frame = gpd.GeoDataFrame(
        {
            "id": [f"b{k}" for k in at],
            "name": [f"{k}号楼" for k in at],
            "households": rng.integers(0, 40, n).astype(np.float64),
            "people": rng.integers(0, 140, n).astype(np.float64),
            "floors": rng.integers(1, 7, n),
            "use": np.where(rng.random(n) < 0.9, "住宅", "商业"),
            "建成": rng.integers(1990, 2024, n),
        },
        geometry=shapely.box(x, y, x + width, y + depth),
        crs="EPSG:4547",
    )
    frame.to_parquet(folder / f"{n}.parquet")
    pyogrio.write_dataframe(frame, folder / f"{n}.gpkg", driver="GPKG", layer="buildings", use_arrow=True)


def nothing(path: Path) -> Callable[[], int]:
    import siteplan.study.study  # noqa: F401 - what the readers import too

    return lambda: len(path.name)


def libraries(path: Path) -> Callable[[], int]:
    import geopandas as gpd
    import pyogrio

    return lambda: len(gpd.read_parquet(path) if path.suffix == ".parquet" else pyogrio.read_dataframe(path))


def arrow(path: Path) -> Callable[[], int]:
    import pyogrio

    return lambda: len(pyogrio.read_dataframe(path, use_arrow=True))


def layer(path: Path) -> Callable[[], int]:
    from siteplan.layers.read import read_layer

    return lambda: len(read_layer(path, "buildings")[0])


def study(path: Path) -> Callable[[], int]:
    from siteplan.study.study import open_study

    folder = Path(tempfile.mkdtemp(dir=path.parent))
    (folder / "study.toml").write_text(STUDY.format(path=path), encoding="utf-8")
    return lambda: len(open_study(folder).layers.require("buildings", ""))


JOBS: dict[str, Callable[[Path], Callable[[], int]]] = {
    "nothing": nothing, "libraries": libraries, "arrow": arrow, "layer": layer, "study": study,
}  # fmt: skip


def run(job: str, path: Path) -> dict[str, float]:
    """Run one job in a process of its own and return its seconds, without imports, and its peak memory."""
    done = subprocess.run([sys.executable, __file__, job, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job} {path}: {done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def one(job: str, path: Path) -> None:
    read = JOBS[job](path)
    began, worked = time.perf_counter(), time.process_time()
    rows = read()
    took, work = time.perf_counter() - began, time.process_time() - worked
    print(json.dumps({"rows": rows, "seconds": took, "work": work, "gb": peak_gb()}))


def peak_gb() -> float:
    """Return the most memory that this process had; ru_maxrss would also count that of its parent."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    line = next(line for line in status.read_text("ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


def measured(jobs: tuple[str, ...], path: Path) -> dict[str, dict[str, float]]:
    """Run the jobs in turn, several times, and return the least of each: what else the machine did only adds."""
    runs: dict[str, list[dict[str, float]]] = {job: [] for job in jobs}
    for _ in range(REPEATS):
        for job in jobs:
            runs[job].append(run(job, path))
    return {
        job: {key: min(figures[key] for figures in found) for key in ("rows", "seconds", "work", "gb")}
        for job, found in runs.items()
    }


def exponent(values: list[float]) -> float:
    """Return k of the power law n ** k that fits the values best."""
    return float(np.polyfit(np.log(SIZES), np.log(values), 1)[0])


def tell(folder: Path, ending: str, base: float) -> None:
    jobs = ("libraries", "layer", "study") if ending == ".parquet" else ("libraries", "arrow", "layer", "study")
    found = {n: measured(jobs, folder / f"{n}{ending}") for n in SIZES}
    kind = {".parquet": "GeoParquet", ".gpkg": "GeoPackage"}[ending]
    for n, figures in found.items():
        alone = figures["libraries"]["seconds"]
        peers: dict[str, Any] = {"library alone": round(alone, 3)}
        if "arrow" in figures:
            peers["library through Arrow"] = round(figures["arrow"]["seconds"], 3)
        for job, what in (("layer", "read and validated"), ("study", "opened as a study")):
            name = f"{kind}, {n:,} buildings, {what}"
            took, peak, whole = figures[job]["seconds"], figures[job]["gb"], figures[job]["rows"] == n
            row(f"{name}: time", took, "s", peers=peers)
            by_work = {"by processor time": round(figures[job]["work"] / figures["libraries"]["work"], 3)}
            goal = f"within {TIMES:g} times the library alone" if n == SIZES[-1] and job == "layer" else ""
            row(
                f"{name}: times the library alone",
                took / alone,
                "",
                goal,
                met=took <= TIMES * alone and whole if goal else None,
                peers=by_work,
            )
            goal = f"under {GIGABYTES:g} GB" if n == SIZES[-1] else ""
            row(f"{name}: peak memory", peak, "GB", goal, met=peak < GIGABYTES if goal else None,
                peers={"library alone": round(figures["libraries"]["gb"], 3)})  # fmt: skip
    grown = {job: exponent([found[n][job]["gb"] - base for n in SIZES]) for job in ("libraries", "layer", "study")}
    for job in ("layer", "study"):
        row(f"{kind}, {job}: exponent of the memory above the imports", grown[job], "", f"linear: at most {EXPONENT:g}",
            met=grown[job] <= EXPONENT, peers={"library alone": round(grown["libraries"], 3)})  # fmt: skip
        row(f"{kind}, {job}: exponent of the time", exponent([found[n][job]["seconds"] for n in SIZES]))


def main() -> None:
    if sys.argv[1:2] == ["generate"]:
        generate(Path(sys.argv[2]).parent, int(Path(sys.argv[2]).name))
        return
    if len(sys.argv) > 1:
        one(sys.argv[1], Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for n in SIZES:
            subprocess.run([sys.executable, __file__, "generate", str(folder / str(n))], check=True)
        base = run("nothing", folder)["gb"]
        row("imports alone: peak memory", base, "GB")
        for ending in (".parquet", ".gpkg"):
            tell(folder, ending, base)


if __name__ == "__main__":
    main()
