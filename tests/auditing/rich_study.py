"""Random tiny studies with rules of every kind, phases, funds and alternatives; everything follows from a seed."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "planning"))  # random studies live with the tests of planning

from random_study import random_study

from siteplan.plans.scenario import Fund, Phase, Scenario
from siteplan.standards.rule import Rule

if TYPE_CHECKING:
    from siteplan.study.study import Study

NAMES = ("2026", "2027", "2028")
STRENGTHS = ("hard", "target", "soft")


def _rules(rng: np.random.Generator) -> list[Rule]:
    """Return one rule of each kind that the built-in profiles hold few of, about half of them at random left out.

    Those on the reach of types with a capacity are due at the end: a plan says who is served then, and not who was before.
    """
    centre, room, health, square = "service_centre", "police_room", "health_station", "outdoor_square"
    lasts = ("", "Y1", "Y2", "2027")
    metres = float(rng.choice([20, 60, 150, 300]))
    kinds: list[dict[str, Any]] = [
        {"kind": "capacity", "types": (health,), "figure": float(rng.choice([0.2, 1, 3])), "unit": "m2/household"},
        {"kind": "capacity", "types": (square,), "figure": 0.5, "unit": "m2/person", "denominator": "people"},
        {"kind": "reach", "types": (health,), "figure": metres * 3, "unit": "m", "share": 0.6},
        {"kind": "reach", "types": (centre,), "figure": metres * 4, "unit": "m", "share": 0.7, "scope": "study"},
        {"kind": "share", "types": (centre, room), "figure": 200.0, "unit": "m2", "share": 0.5, "phase": rng.choice(lasts)},
        {"kind": "share", "types": (health,), "figure": 1.0, "unit": "count", "share": 0.8, "phase": rng.choice(lasts)},
        {"kind": "phase", "types": (centre,)},
        {"kind": "separation", "types": (health,), "figure": metres, "unit": "m", "apart_from": ("dwellings",)},
        {"kind": "separation", "types": (square,), "figure": metres, "unit": "m", "apart_from": (centre, "library")},
        {"kind": "adjacency", "types": (square,), "figure": metres, "unit": "m"},
        {"kind": "colocation", "types": (health,), "host": centre},
        {"kind": "acquisition", "types": (centre,), "modes": ("convert", "buy", "extend"), "standing": bool(rng.random() < 0.5)},
        {"kind": "acquisition", "modes": ("build", "convert")},
        {"kind": "unit_floor", "types": (health,), "figure": 80.0, "unit": "m2"},
        {"kind": "area_floor", "types": (health,), "figure": 150.0, "unit": "m2", "phase": rng.choice(lasts)},
        {"kind": "pooling", "figure": 700.0, "unit": "households"},
        {"kind": "staff", "figure": 300.0, "unit": "households/worker"},
        {"kind": "staff", "figure": 1.0, "unit": "heads/building"},
        {"kind": "fund", "figure": 10_000.0, "unit": "yuan/year"},
    ]  # fmt: skip
    named = {"status": "verified", "source": "a test", "profile": "test"}
    chosen = [more for more in kinds if rng.random() < 0.45]
    return [
        Rule(**{"id": f"T-{n}", "strength": str(rng.choice(STRENGTHS, p=[0.5, 0.4, 0.1])), **named, **more})
        for n, more in enumerate(chosen)
    ]


def _scenario(rng: np.random.Generator, scenario: Scenario) -> Scenario:
    n = int(rng.integers(1, 4))
    phases = tuple(
        Phase(name=name, budget_yuan=float(rng.choice([1e5, 4e5, 1e6])) if rng.random() < 0.4 else None)
        for name in NAMES[:n]
    )
    funds: tuple[Fund, ...] = ()
    if rng.random() < 0.5:
        funds = (
            Fund(name="衔接资金", yuan=tuple(float(x) for x in rng.integers(0, 8, n) * 1e5), resettlement="yes"),
            Fund(name="县级", yuan=(float(rng.choice([5e4, 3e5, 2e6])),), townships=("T1",)),
            Fund(name="其他", yuan=(float(rng.choice([2e4, 2e5])),)),
        )
    objectives = tuple(name for name in ("equity", "backup") if rng.random() < 0.4)
    return scenario.but(phases=phases, funds=funds, objectives=objectives, time_limit_s=60.0)


def rich_study(seed: int) -> tuple[Study, Scenario]:
    """Return a study and a scenario."""
    study, scenario = random_study(seed)
    rng = np.random.default_rng([seed, 1])
    standards = dataclasses.replace(study.standards, rules=(*_rules(rng), *study.standards.rules))
    vectors = dict(study.layers.vectors)
    for role in ("communities", "candidates"):
        frame = vectors[role].copy()
        if role == "communities":
            frame["phase"] = rng.integers(1, 4, len(frame)).astype(float)
        else:
            frame["place"] = rng.choice(["", "", "p", "q"], len(frame))
            frame["kind"] = rng.choice(["build", "convert", "buy", "swap"], len(frame))
        vectors[role] = frame
    layers = study.layers.but(vectors=vectors)
    return study.but(standards=standards, layers=layers), _scenario(rng, scenario)
