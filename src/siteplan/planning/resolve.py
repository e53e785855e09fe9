"""Solve an edited study again: what is approved stays, and as little else changes as can be."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.planning.solve import default_scenario, solve
from siteplan.standards.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection

    from siteplan.planning.cache import SolveCache
    from siteplan.planning.solve import Progress
    from siteplan.plans.plan import Plan
    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study

REVISES = "revises"
"""Note of a scenario that names the plan which was revised."""
_GRID = 1e4
"""Locked areas are rounded down to a ten-thousandth of a m2: rounded up they might not fit where the plan fills a site."""


def resolve(
    plan: Plan,
    study: Study | None = None,
    *,
    scenario: Scenario | None = None,
    locked: Collection[str] = (),
    progress: Progress | None = None,
    cache: SolveCache | None = None,
) -> Plan:
    """Plan a study again after an edit.

    Parameters
    ----------
    plan : Plan
        The plan to revise.
    study : Study, optional
        The edited study; by default that of the plan.
    scenario : Scenario, optional
        What is asked now; by default what the plan was asked (:func:`asked_again`). What the plan had locked stays locked.
    locked : collection of str
        What is approved: ids of facilities of the plan, or of sites (all that the plan builds or extends there). It stays, no smaller than it is.
    progress : callable, optional
        Called with (step or stage, done, of how many).
    cache : SolveCache, optional
        What earlier solves have left; gets what this one finds.

    Returns
    -------
    Plan
        After the hard rules, it opens and closes as few facilities as can be (stage ``changes``); only then come the other objectives.

    Raises
    ------
    UsageError
        If the plan has no facility or site that is to be locked, or one of them can no longer stand.

    Notes
    -----
    The answer is that of ``solve(study, scenario, previous=plan)``. It is quick where few facilities change: what is kept is not decided again
    (:mod:`siteplan.models.revise`, docs/decisions/0012-reuse.md).
    """
    study = plan.study if study is None else study
    asked = asked_again(plan, study) if scenario is None else scenario
    held = {name: plan.scenario.locked_m2.get(name, 0.0) for name in plan.scenario.locked} | plan.scenario.locked_m2
    held |= approved(plan, locked)
    asked = asked.but(
        locked=tuple(dict.fromkeys((*asked.locked, *held))),
        locked_m2=held | asked.locked_m2,
        notes=asked.notes | {REVISES: plan.scenario.name},
    )
    return solve(study, asked, previous=plan, progress=progress, cache=cache)


def approved(plan: Plan, names: Collection[str]) -> dict[str, float]:
    """Return the m2 of the facilities that ``names`` (of facilities or of sites) mean, by facility id.

    Raises
    ------
    UsageError
        If the plan has no such facility or site.
    """
    frame = plan.facilities
    area = {
        str(name): math.floor(float(m2) * _GRID) / _GRID
        for name, m2 in zip(frame["id"], frame["area_m2"].fillna(0.0), strict=True)
    }
    built = frame[frame["status"] != "existing"]
    at_site = {str(site): group["id"].astype(str).tolist() for site, group in built.groupby("site_id")}
    found: dict[str, float] = {}
    for name in names:
        here = [name] if name in area else at_site.get(name)
        if here is None:
            known = nearest(name, [*area, *at_site])
            raise UsageError(
                _(
                    "the plan has no facility or site {id} to lock; the nearest id is {known}",
                    id=repr(name),
                    known=known,
                )
            )
        found |= {facility: area[facility] for facility in here}
    return found


def asked_again(plan: Plan, study: Study) -> Scenario:
    """Return the scenario of ``plan``, with what the study's study.toml has changed in [scenario] since."""
    now = study.settings.scenario.model_dump(mode="json")
    made = json.loads(plan.provenance.get("settings", "{}")).get("scenario", now)
    today = default_scenario(study)
    changed = [name for name in now if now[name] != made.get(name)]
    return plan.scenario.but(**{name: getattr(today, name) for name in changed})
