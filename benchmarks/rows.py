"""Figures as JSON rows: name, value, unit, goal, met, peers, machine."""

from __future__ import annotations

import json
import os
import platform
from functools import cache
from pathlib import Path
from typing import Any


@cache
def machine() -> str:
    """Return processor, cores, memory and Python in one line."""
    model = platform.processor() or platform.machine()
    cpuinfo, meminfo = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip() for line in cpuinfo.read_text("utf-8").splitlines() if "model name" in line
        ]
        model = names[0] if names else model
    memory = ""
    if meminfo.exists():
        memory = f", {int(meminfo.read_text('utf-8').split()[1]) / 2**20:.0f} GiB"
    return f"{model}, {os.cpu_count()} cores{memory}, Python {platform.python_version()}"


def row(
    name: str, value: float | str, unit: str = "", goal: str = "", *, met: bool | None = None, peers: Any = None
) -> None:
    """Print one figure.

    Parameters
    ----------
    name : str
        What was measured.
    value : float or str
    unit : str
    goal : str
        The goal in its own words; empty where there is none.
    met : bool, optional
        Whether it is met; None without a goal.
    peers : optional
        The same figure of other programs, measured in the same run.
    """
    value = round(value, 4) if isinstance(value, float) else value
    fields = {
        "name": name,
        "value": value,
        "unit": unit,
        "goal": goal,
        "met": met,
        "peers": peers,
        "machine": machine(),
    }
    print(json.dumps(fields, ensure_ascii=False), flush=True)
