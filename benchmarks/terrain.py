"""Slopes of a large elevation model, and walking minutes of a county beside its walking metres: time and peak memory.

Each measurement runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from rows import row

SIDE = 10_000
"""Cells to a side of the elevation model."""

SITES = 150
GIGABYTES = 1.5


def generate(path: Path) -> None:
    """Write a rolling plain of SIDE x SIDE float32 heights in tiles, band by band."""
    import rasterio
    from rasterio.windows import Window

    x = np.arange(SIDE) * 0.004
    with rasterio.open(
        path, "w", driver="GTiff", width=SIDE, height=SIDE, count=1, dtype="float32", crs="EPSG:4547", tiled=True,
        transform=rasterio.Affine(10, 0, 500_000, 0, -10, 2_900_000), compress="deflate", zlevel=1, nodata=-9999,
    ) as target:  # fmt: skip
        for top in range(0, SIDE, 500):
            y = (top + np.arange(500)) * 0.007
            heights = 800 + 300 * np.sin(x)[None, :] * np.cos(y)[:, None]
            target.write(np.round(heights, 1).astype("float32"), 1, window=Window(0, top, SIDE, 500))


def slopes(path: Path) -> dict[str, Any]:
    """Go through all slopes once."""
    from siteplan.layers.raster import open_raster
    from siteplan.layers.slope import slope_blocks

    start = time.perf_counter()
    cells = sum(int(np.isfinite(degrees).sum()) for _, degrees in slope_blocks(open_raster(path, "dem")))
    return {"seconds": time.perf_counter() - start, "cells": cells}


def walks(path: Path) -> dict[str, Any]:
    """Solve a demonstration county once and time the metres and the minutes of its walks."""
    from siteplan.access.minutes import walking_minutes
    from siteplan.access.network import Network
    from siteplan.demo.write import write_demo
    from siteplan.planning.solve import default_scenario, prepare, solve
    from siteplan.study.study import open_study

    study = open_study(write_demo(path, sites=SITES))
    plan = solve(study, default_scenario(study).but(types=("service_centre", "health_station"), time_limit_s=30.0))
    start = time.perf_counter()
    prepare(study, plan.scenario)
    metres = time.perf_counter() - start
    start = time.perf_counter()
    network = Network.from_streets(study.layers.require("streets", "walks"))
    minutes, _ = walking_minutes(study, plan.demand, plan.facilities, plan.allocation, network=network)
    taken = time.perf_counter() - start
    return {
        "metres_s": metres,
        "minutes_s": taken,
        "walks": len(minutes),
        "buildings": len(plan.demand),
        "nodes": len(network.nodes),
    }


def run(job: str, path: Path) -> dict[str, Any]:
    """Run one measurement in a process of its own."""
    done = subprocess.run([sys.executable, __file__, job, str(path)], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    if len(sys.argv) > 1:
        jobs = {"slopes": slopes, "walks": walks}
        figures = jobs[sys.argv[1]](Path(sys.argv[2]))
        print(json.dumps(figures | {"gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}))
        return
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "dem.tif"
        generate(path)
        found = run("slopes", path)
        size = f"{SIDE:,} x {SIDE:,} heights"
        row(f"slopes of {size}: time", found["seconds"], "s")
        row(f"slopes of {size}: peak memory", found["gb"], "GB", f"under {GIGABYTES:g} GB", met=found["gb"] < GIGABYTES)
        path.unlink()
        found = run("walks", Path(name) / "county")
        what = f"{found['walks']:,} walks of {found['buildings']:,} buildings on {found['nodes']:,} junctions"
        row(
            f"minutes over slopes, {what}: time", found["minutes_s"], "s", peers={"ready for siting": found["metres_s"]}
        )
        row(f"minutes over slopes, {what}: peak memory of the whole run", found["gb"], "GB")


if __name__ == "__main__":
    main()
