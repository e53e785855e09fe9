"""How much room households take of the facilities that serve them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.siting.asks import unknown_load

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Floats
    from siteplan.siting.question import Question


def make_load(question: Question) -> Floats | None:
    """Return the m2 that the households of each demand point take of a facility of each counted type, (n_types, n_demand).

    NaN where no capacity rule speaks, or the layers do not say how many there are of those for whom it gives its figure; of several rules
    the one that asks for most counts. None where nobody takes any room.
    """
    load = np.full((len(question.counted), len(question.demand)), np.nan)
    for rule, units in question.spoken("capacity"):
        kinds = [question.types.index(key) for key in rule.types if key in question.types]
        counts = question.demand[rule.denominator].to_numpy(dtype=float)
        for unit in units:
            if unit not in question.members or unknown_load(question, rule, unit):
                continue
            here = question.members[unit]
            takes = np.array([rule.area_for(count) for count in counts[here].tolist()])
            for k in kinds:
                load[k, here] = np.fmax(load[k, here], takes)
    return None if np.isnan(load).all() else load
