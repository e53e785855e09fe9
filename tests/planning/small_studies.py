"""Random small studies of every sort: with the rules of the profiles alone, with rules of every kind, scarce and ample."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from random_study import DEEP, WIDE, X, Y, layer, random_programme, random_study
from shapely import Point

sys.path.insert(0, str(Path(__file__).parents[1] / "auditing"))  # rich studies live with the tests of auditing

from rich_study import rich_study

if TYPE_CHECKING:
    from collections.abc import Callable

    from siteplan.plans.scenario import Scenario
    from siteplan.standards.rule import Rule
    from siteplan.study.study import Study

SORTS = (random_study, random_programme, rich_study)
SECONDS = 600.0
"""So much that no stage is stopped on a machine that is busy."""
POOLED = 3000.0
"""Households below which communities may meet area rules together: more than most of these have."""


def small_study(seed: int) -> tuple[Study, Scenario]:
    """Return a study and a scenario: every second one is :func:`ample`, and half of these have hard rules only.

    The profile follows the remainder of ``seed`` by three (random_study), so that the sort follows what is left then.
    """
    rest, sort = divmod(seed // 3, len(SORTS))
    study, scenario = SORTS[sort](seed)
    study, scenario = with_pools(study), scenario.but(time_limit_s=SECONDS)
    if rest % 4 == 1:
        study = only_hard(study)
    return ample(study, scenario, seed) if rest % 2 else (study, scenario)


def with_pools(study: Study) -> Study:
    """Return the study with pooling rules that speak for most of its communities."""
    return with_rules(study, lambda rule: rule.but(figure=POOLED) if rule.kind == "pooling" else rule)


def only_hard(study: Study) -> Study:
    """Return the study with targets and aims switched off."""
    return with_rules(study, lambda rule: rule if rule.strength == "hard" else rule.but(off=True))


def with_rules(study: Study, change: Callable[[Rule], Rule]) -> Study:
    """Return the study with each of its rules changed."""
    rules = tuple(change(rule) for rule in study.standards.rules)
    return study.but(standards=dataclasses.replace(study.standards, rules=rules))


def ample(study: Study, scenario: Scenario, seed: int) -> tuple[Study, Scenario]:
    """Return the study with large sites all along each community, and nothing small standing; and without limits on money and sites."""
    rng = np.random.default_rng([seed, 2])
    vectors = dict(study.layers.vectors)
    n = len(vectors["communities"])
    more = [_large(rng, f"large{k}{name}", k, x) for k in range(n) for name, x in (("a", 0.2), ("b", 0.5), ("c", 0.8))]
    vectors["candidates"] = layer("candidates", [*vectors["candidates"].to_dict("records"), *more])
    if "facilities" in vectors:
        vectors["facilities"] = vectors["facilities"].assign(area_m2=600.0)
    vectors["townships"] = vectors["townships"].assign(budget_yuan=np.nan)
    phases = tuple(dataclasses.replace(phase, budget_yuan=None) for phase in scenario.phases)
    free: dict[str, Any] = {"budget_yuan": None, "max_sites": None, "funds": (), "phases": phases}
    return study.but(layers=study.layers.but(vectors=vectors)), scenario.but(**free)


def _large(rng: np.random.Generator, name: str, k: int, x: float) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "kind": rng.choice(["build", "convert"]),
        "floor_capacity_m2": float(rng.integers(10, 40)) * 100,
        "land_m2": float(rng.integers(10, 40)) * 100,
        "storeys": float(rng.integers(2, 5)),
        "fixed_cost_yuan": float(rng.choice([0, 10_000, 50_000])),
        "cost_per_m2_yuan": float(rng.choice([800, 1500])),
        "geometry": Point(X + (k + x) * WIDE, Y + rng.uniform(0.3, 0.7) * DEEP),
    }
