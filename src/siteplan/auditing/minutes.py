"""Claims about the minutes of a plan's walks, recomputed from the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.access.minutes import walking_minutes
from siteplan.auditing.claims import close
from siteplan.auditing.homes import text
from siteplan.messages import _
from siteplan.plans.plan import MINUTES_COLUMNS

if TYPE_CHECKING:
    from siteplan.auditing.claims import Claims
    from siteplan.plans.plan import Plan


def check_minutes(claims: Claims, plan: Plan) -> None:
    """Check the minutes of every walk that the plan tells; a plan that tells none claims none."""
    said = plan.minutes
    if said is None:
        return
    if "dem" not in plan.study.layers.rasters:
        claims.skip("walking minutes", "", _("the study has no elevation model now"))
        return
    known = set(text(plan.demand["building_id"])), {*text(plan.facilities["id"]), ""}
    rows = plan.allocation
    good = text(rows["building_id"]).isin(known[0]) & text(rows["facility_id"]).isin(known[1])
    if not good.all():
        claims.skip("walking minutes", "", _("the allocation names buildings or facilities that the plan lacks"))
        return
    found, _notes = walking_minutes(plan.study, plan.demand, plan.facilities, rows)
    keys = ["building_id", "type", "facility_id"]
    same = len(said) == len(found) and all(
        (text(said[key]).to_numpy() == text(found[key]).to_numpy()).all() for key in keys
    )
    claims.add("rows of walking minutes", "", len(said), len(found), holds=same)
    if not same:
        return
    for column in MINUTES_COLUMNS[3:]:
        holds = close(said[column].to_numpy(dtype=np.float64), found[column].to_numpy(dtype=np.float64))
        claims.each(f"{column} of walk", text(said["building_id"]), said[column], found[column], holds)
