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

_SPREAD = 1.15  # of the logarithm: a sixth of the sites then has 300 households or more, one in fifty 1,000
_TOP = (1020, 430, 385, 350, 328, 306)  # least sizes of the first sites: one large, five medium
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
    """Raise the first sites to _TOP where enough is left: else a county of 20 sites has but three communities."""
    top = len(_TOP)
    if len(sizes) <= top:
        return sizes
    head = np.maximum(sizes[:top], _TOP)
    rest = total - int(head.sum())
    others = len(sizes) - top
    if (head == sizes[:top]).all() or rest < 3 * _LEAST * others:
        return sizes
    tail = apportion(rest, np.sqrt(sizes[top:]), least=_LEAST)
    return np.concatenate([head, tail])


def site_people(households: Ints, seed: int) -> Ints:
    """Return the people of each site: 3.52 a household over the county, 3.2 to 3.9 on a site.

    >>> h = site_households(1364, None, 1)
    >>> int(h.sum()), int(site_people(h, 1).sum())
    (268600, 945400)
    """
    rng = stream(seed, "people")
    total = round(int(households.sum()) * PUBLISHED_PEOPLE / PUBLISHED_HOUSEHOLDS)
    size = between(rng, 3.25, 3.85, len(households))
    size[households >= MEDIUM] = one(rng, 3.5, 3.6)  # so that all of them have 1,000 people or more
    return apportion(total, size * households, least=1)
