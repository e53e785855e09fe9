"""What is asked: a scenario."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from siteplan.errors import UsageError
from siteplan.messages import _

_NEEDED = ("gap", "time_limit_s")


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One question to the siting model. Frozen; :meth:`but` gives a changed copy.

    Parameters
    ----------
    name : str
        Name of the scenario and of its plan.
    types : tuple of str
        Facility types to plan; empty: every type that a rule of the study's profiles asks for.
    budget_yuan : float or None
        What may be spent on new floor and land in the whole study; None: no limit.
    township_budgets : bool
        Whether each township's ``budget_yuan`` (layer townships) limits what is spent in it.
    max_sites : int or None
        Most candidate sites that may be opened in the whole study.
    required, forbidden : tuple of str
        Candidate ids that must, or must not, be opened, beside those the layer marks.
    gap : float
        Relative gap at which a stage may stop (0: proven).
    time_limit_s : float
        Seconds for the solver in all; a plan stopped by it says so.
    aim_price_yuan_per_m2 : float or None
        What a missing m2 of a soft aim is worth; None: aims are met as far as capacity and budget allow.
    """

    name: str = "base"
    types: tuple[str, ...] = ()
    budget_yuan: float | None = None
    township_budgets: bool = True
    max_sites: int | None = None
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    gap: float = 0.0
    time_limit_s: float = 600.0
    aim_price_yuan_per_m2: float | None = None
    notes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a scenario that makes no sense.

        Raises
        ------
        UsageError
            If a site is both required and forbidden, a number is negative or not finite, or max_sites is no whole number.
        """
        both = sorted(set(self.required) & set(self.forbidden))
        if both:
            raise UsageError(_("sites both required and forbidden: {sites}", sites=", ".join(both)))
        for name in ("budget_yuan", "max_sites", "gap", "time_limit_s", "aim_price_yuan_per_m2"):
            value = getattr(self, name)
            if value is None and name not in _NEEDED:
                continue
            if not isinstance(value, Real) or not math.isfinite(value) or isinstance(value, bool):
                raise UsageError(_("{name} = {value}: must be a finite number", name=name, value=value))
            if value < 0:
                raise UsageError(_("{name} = {value}: must be 0 or more", name=name, value=value))
        if self.max_sites is not None and not isinstance(self.max_sites, Integral):
            raise UsageError(_("{name} = {value}: must be a whole number", name="max_sites", value=self.max_sites))

    def but(self, **changes: Any) -> Scenario:
        """Return a copy with ``changes``.

        >>> Scenario(name="base").but(max_sites=5).max_sites
        5
        """
        return dataclasses.replace(self, **changes)
