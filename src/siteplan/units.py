"""Units and conversions, each with its source."""

from __future__ import annotations

TOLERANCE = 1e-6
"""Relative tolerance of every comparison of a required with an achieved figure."""

PROVEN_GAP = 1e-5
"""Largest relative gap that is called proven: what the solver's feasibility tolerance of 1e-6 can add up to. Every gap is printed as it is."""

KINDS_OF_PEOPLE = ("registered", "relocated", "resident")
"""People counted in a certain way: by the household register (户籍), by relocation (搬迁), by where they live (常住)."""

COUNTS = ("households", "people", *KINDS_OF_PEOPLE, "elderly", "children")
"""What layers may count of who lives somewhere. ``people`` does not say in which way they were counted; elderly are 60 and older."""

M2_PER_MU = 10_000 / 15
"""Square metres of one mu: 15 mu = 1 ha (a legal text equates 20 ha and 300 mu)."""


def meets(achieved: float, required: float) -> bool:
    """Tell whether ``achieved`` reaches ``required`` within TOLERANCE.

    >>> meets(399.9999999, 400), meets(399, 400)
    (True, False)
    """
    return achieved >= required - TOLERANCE * max(1.0, abs(required))
