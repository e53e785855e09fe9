"""What is asked: a scenario."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from siteplan.errors import UsageError
from siteplan.messages import _

_NEEDED = (
    "gap", "time_limit_s", "key_weight", "resettlement_weight", "facility_yuan", "walking_yuan_per_km", "cost_slack",
)  # fmt: skip


OBJECTIVES = ("equity", "backup")
"""Objectives beyond the usual ones that a scenario may ask for, in the order in which they are heard."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of building.

    Parameters
    ----------
    name : str
        Such as a year; rules name phases by it, or as Y1, Y2 ... in order.
    budget_yuan : float or None
        Most that may be spent in it in the whole study; None: no limit. What is left lapses.
    """

    name: str
    budget_yuan: float | None = None


@dataclass(frozen=True, kw_only=True)
class Fund:
    """One source of money.

    Parameters
    ----------
    name : str
        Such as 衔接资金, 东西部协作 or 县级.
    yuan : tuple of float
        What it gives in each phase; a single figure is for every phase.
    setting, construction, resettlement, key : str
        Communities that may have it, as in rules; ``"any"``: all.
    townships : tuple of str
        Townships that may have it; empty: all.
    """

    name: str
    yuan: tuple[float, ...]
    setting: str = "any"
    construction: str = "any"
    resettlement: str = "any"
    key: str = "any"
    townships: tuple[str, ...] = ()

    def given(self, n_phases: int) -> tuple[float, ...]:
        """Return the yuan of each of ``n_phases`` phases."""
        return self.yuan * n_phases if len(self.yuan) == 1 else self.yuan


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
    phases : tuple of Phase
        Phases of building in order; empty: one phase.
    funds : tuple of Fund
        Sources of money; empty: nobody asks who pays. Otherwise every yuan is paid by one of them.
    objectives : tuple of str
        Objectives beyond the usual ones: ``"equity"`` (the community that walks farthest), ``"backup"`` (a second facility in reach).
    key_weight, resettlement_weight : float
        How much more the waiting of households in key communities, and in resettlement communities (S4-07), counts than that of others
        (docs/decisions/0009-phases.md).
    facility_yuan : float
        What a new facility weighs, beside its m2, in the last objective, so that what costs nothing more is not opened without need.
    walking_yuan_per_km : float
        What a kilometre that a household walks weighs beside the cost in the last objective. Both are judgements
        (docs/decisions/0009-phases.md).
    cost_slack : float
        Share of the least cost by which the plan may cost more for shorter walks.
    locked : tuple of str
        Facilities (ids of a plan) that must be in this plan too, no smaller than ``locked_m2`` says: approved ones.
    locked_m2 : dict of str to float
        Least m2 of locked facilities.
    solver : str
        HiGHS, or another solver that PuLP knows.
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
    phases: tuple[Phase, ...] = ()
    funds: tuple[Fund, ...] = ()
    objectives: tuple[str, ...] = ()
    key_weight: float = 4.0
    resettlement_weight: float = 2.0
    facility_yuan: float = 1000.0
    walking_yuan_per_km: float = 100.0
    cost_slack: float = 0.02
    locked: tuple[str, ...] = ()
    locked_m2: dict[str, float] = field(default_factory=dict)
    solver: str = "HiGHS"
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
        for name in (*_NEEDED, "budget_yuan", "max_sites", "aim_price_yuan_per_m2"):
            value = getattr(self, name)
            if value is None and name not in _NEEDED:
                continue
            if not isinstance(value, Real) or not math.isfinite(value) or isinstance(value, bool):
                raise UsageError(_("{name} = {value}: must be a finite number", name=name, value=value))
            if value < 0:
                raise UsageError(_("{name} = {value}: must be 0 or more", name=name, value=value))
        if self.max_sites is not None and not isinstance(self.max_sites, Integral):
            raise UsageError(_("{name} = {value}: must be a whole number", name="max_sites", value=self.max_sites))

        self._check_phases()
        unknown = [name for name in self.objectives if name not in OBJECTIVES]
        if unknown:
            raise UsageError(
                _("unknown objective {name}; known are {known}", name=repr(unknown[0]), known=", ".join(OBJECTIVES))
            )

    def _check_phases(self) -> None:
        names = [phase.name for phase in self.phases]
        for group, what in ((names, _("phases")), ([fund.name for fund in self.funds], _("funds"))):
            if len(set(group)) < len(group) or not all(group):
                raise UsageError(_("{what} need names that differ: {names}", what=what, names=", ".join(group)))
        for fund in self.funds:
            if len(fund.yuan) not in (1, self.n_phases):
                raise UsageError(
                    _(
                        "fund {name} names {given} amounts for {n} phases: give one for each, or one for all",
                        name=fund.name,
                        given=len(fund.yuan),
                        n=self.n_phases,
                    )
                )
        money = [p.budget_yuan for p in self.phases] + [amount for fund in self.funds for amount in fund.yuan]
        for value in money:
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise UsageError(_("{name} = {value}: must be 0 or more", name="yuan", value=value))

    @property
    def n_phases(self) -> int:
        """Number of phases, at least 1."""
        return max(len(self.phases), 1)

    @property
    def phase_names(self) -> tuple[str, ...]:
        """Names of the phases, in order; ``("1",)`` where there is one only."""
        return tuple(phase.name for phase in self.phases) or ("1",)

    def but(self, **changes: Any) -> Scenario:
        """Return a copy with ``changes``.

        >>> Scenario(name="base").but(max_sites=5).max_sites
        5
        """
        return dataclasses.replace(self, **changes)
