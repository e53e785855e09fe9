"""Which new facilities hard rules on distances bar: at which sites nobody may open which type, whatever else is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siteplan.siting.nearness import close_pairs, far_from_homes, near_layers, site_xy

if TYPE_CHECKING:
    from siteplan.models.joint_problem import Bools
    from siteplan.siting.question import Question
    from siteplan.standards.rule import Rule


def barred(question: Question) -> Bools:
    """Return where hard rules of separation and adjacency bar each planned type, (n_sites, n_types) bool.

    A new facility is barred where it would break a rule itself, and where it would make a facility that stands already break one.
    """
    found = np.zeros((len(question.sites), len(question.types)), dtype=bool)
    column = {key: k for k, key in enumerate(question.types)}
    for rule, units in question.spoken("separation", "adjacency"):
        if rule.strength != "hard":
            continue
        here = np.isin(question.site_unit, units)
        bad = far_from_homes(question, rule) if rule.kind == "adjacency" else near_layers(question, rule)
        if rule.kind == "separation":
            bad |= _near_standing(question, rule, rule.apart_from, np.ones_like(here))
            crowds = _near_standing(question, rule, rule.types, here)
            for key in rule.apart_from:
                if key in column:
                    found[:, column[key]] |= crowds
        for key in rule.types:
            if key in column:
                found[:, column[key]] |= here & bad
    return found


def _near_standing(question: Question, rule: Rule, types: tuple[str, ...], where: Bools) -> Bools:
    """Tell which sites are too near to a facility of ``types`` that stands at one of the sites ``where``."""
    near = np.zeros(len(question.sites), dtype=bool)
    every = np.arange(len(question.sites), dtype=np.int64)
    standing = np.flatnonzero(question.standing_type.isin(types).to_numpy() & where)
    near[close_pairs(site_xy(question), every, standing, rule)[0]] = True
    return near
