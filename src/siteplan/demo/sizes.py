"""How many households and people live on each resettlement site."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from siteplan.demo.chance import Ints, apportion, between, one, stream
from siteplan.errors import UsageError
from siteplan.messages import _

PUBLISHED_SITES = 1364
"""Resettlement sites of Ankang (requirement S2-01)."""

PUBLISHED_HOUSEHOLDS = 268_600
"""Households resettled there (requirement S2-02)."""

PUBLISHED_PEOPLE = 945_400
"""People resettled there (requirement S2-02)."""

LARGE, MEDIUM = 1000, 300
"""Households of a large and of a medium site (requirements S2-03 and S2-04)."""

CRAMPED = 2
"""Least rank by size, from 0, of the cramped site (see :mod:`siteplan.demo.synthetic`)."""

_SPREAD = 1.15  # of the logarithm: a sixth of the sites then has 300 households or more, one in fifty 1,000
_LEAST_LARGE, _LEAST_CRAMPED = 1020, 330
_LEAST = 14


def site_households(sites: int, households: int | None, seed: int) -> Ints:
    """Return the households of each site, largest first.

    Log-normal: many small sites, few large. The mean is the published one unless ``households`` is given.

    Parameters
    ----------
    sites : int
        At least 1.
    households : int or None
        Households in all, at least one for each site.
    seed : int

    Raises
    ------
    UsageError
        If a number makes no sense.
    """
    if sites < 1:
        raise UsageError(_("a demo county needs at least one site, not {n}", n=sites))
    if seed < 0:
        raise UsageError(_("the seed must not be negative: {seed}", seed=seed))
    total = round(sites * PUBLISHED_HOUSEHOLDS / PUBLISHED_SITES) if households is None else households
    if total < sites:
        raise UsageError(_("{households} households are too few for {sites} sites", households=total, sites=sites))
    rng = stream(seed, "sizes")
    normal = NormalDist()
    place = (np.arange(sites) + between(rng, 0.2, 0.8, sites)) / sites
    place[0] = 0.4 / sites
    weights = np.array([np.exp(_SPREAD * normal.inv_cdf(1 - float(q))) for q in place])
    sizes = apportion(total, weights, least=min(_LEAST, total // sites))
    sizes = np.sort(_raised(sizes, total))[::-1]
    return sizes.astype(np.int64)


def _raised(sizes: Ints, total: int) -> Ints:
    """Raise the first site to a large one and the third to a medium one, where the county has the households for it."""
    floors = np.zeros(len(sizes), dtype=np.int64)
    floors[0] = _LEAST_LARGE
    floors[1 : CRAMPED + 1] = _LEAST_CRAMPED
    short = np.maximum(floors - sizes, 0)
    rest = total - int(np.maximum(sizes, floors)[: CRAMPED + 1].sum())
    others = len(sizes) - CRAMPED - 1
    if not short.any() or others < 1 or rest < 3 * _LEAST * others:
        return sizes
    tail = apportion(rest, sizes[CRAMPED + 1 :].astype(np.float64), least=_LEAST)
    return np.concatenate([np.maximum(sizes, floors)[: CRAMPED + 1], tail])


def site_people(households: Ints, seed: int) -> Ints:
    """Return the people of each site: 3.52 a household over the county, 3.2 to 3.9 on a site.

    >>> h = site_households(1364, None, 1)
    >>> int(h.sum()), int(site_people(h, 1).sum())
    (268600, 945400)
    """
    rng = stream(seed, "people")
    total = round(int(households.sum()) * PUBLISHED_PEOPLE / PUBLISHED_HOUSEHOLDS)
    size = between(rng, 3.25, 3.85, len(households))
    size[: CRAMPED + 1] = one(rng, 3.45, 3.55)  # all of them have 1,000 people or more where they have 300 households
    return apportion(total, size * households, least=1)
