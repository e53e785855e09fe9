"""Facilities by their ids, and those that a scenario locks: approved ones that a later plan keeps."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.standards.nearest import nearest
from siteplan.units import meets

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Sites, Slots
    from siteplan.siting.question import Question


def facility_ids(question: Question, slots: Slots) -> list[str]:
    """Return the id of the facility in each slot.

    An existing facility keeps its id; a new one is called by its site and type, so that the same facility has the same id in every plan.
    """
    site = question.sites["id"].astype(str).to_numpy(dtype=object)[slots.site]
    kind = np.array(question.counted, dtype=object)[slots.type]
    return [
        str(name) if stands else f"{name}/{key}" for name, key, stands in zip(site, kind, slots.existing, strict=True)
    ]


def lock(question: Question, slots: Slots, sites: Sites) -> Slots:
    """Return ``slots`` with those that the scenario locks open, and no smaller than it says.

    Raises
    ------
    UsageError
        If one of them can no longer stand: there is no such site, a rule bars it, its site is forbidden, or it holds no longer so much.
    """
    scenario = question.scenario
    if not scenario.locked and not scenario.locked_m2:
        return slots
    ids = facility_ids(question, slots)
    place = {name: s for s, name in enumerate(ids)}
    state, least = slots.state.copy(), slots.min_m2.copy()
    for name in dict.fromkeys((*scenario.locked, *scenario.locked_m2)):
        s = place.get(name)
        if s is None or (sites.state[slots.site[s]] < 0 and not slots.existing[s]):
            known = nearest(name, [i for i in ids if i != name])
            raise UsageError(
                _("the locked facility {id} can no longer stand; the nearest id is {known}", id=repr(name), known=known)
            )
        wanted = float(scenario.locked_m2.get(name, 0.0))
        if not meets(float(slots.max_m2[s]), wanted):
            raise UsageError(
                _(
                    "the locked facility {id} is to have {wanted:g} m2, but its site holds {most:g}",
                    id=repr(name),
                    wanted=wanted,
                    most=float(slots.max_m2[s]),
                )
            )
        state[s] = 1
        least[s] = max(least[s], min(wanted, float(slots.max_m2[s])))
    return dataclasses.replace(slots, state=state, min_m2=least)
