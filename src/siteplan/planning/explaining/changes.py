"""Changes of a study or of what is asked of it, as values: each can be applied, and says how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study

ADD_CANDIDATE, MORE_AREA, ALLOW_TYPE, UNFORBID, ALLOW_MODE = (
    "add_candidate", "more_area", "allow_type", "unforbid", "allow_mode",
)  # fmt: skip
RELAX_REACH, RELAX_DISTANCE, LOWER_FIGURE = "relax_reach", "relax_distance", "lower_figure"
MORE_BUDGET, NEW_FUND, OPEN_FUND, EARLIER_MONEY = "more_budget", "new_fund", "open_fund", "earlier_money"
MORE_SITES, UNLOCK, NOT_REQUIRED, KEEP_FOUND = "more_sites", "unlock", "not_required", "keep_found"
LAST_RESORT = (LOWER_FIGURE, NOT_REQUIRED)
"""Changes that give up what is asked for: proposed only where no other change meets the rule."""


@dataclass(frozen=True, kw_only=True)
class NewSite:
    """A candidate site that is not in the study; every figure of it is assumed.

    Parameters
    ----------
    id, community_id, community, kind, types : str
        ``community``: the community's name; ``types``: what it is for, by ";".
    x, y : float
        Metres, in the study's CRS.
    floor_m2, land_m2, storeys : float
    fixed_yuan, floor_yuan_per_m2, land_yuan_per_m2 : float
    basis : str
        Where place, size and prices come from.
    """

    id: str
    community_id: str
    community: str
    kind: str
    types: str
    x: float
    y: float
    floor_m2: float
    land_m2: float
    storeys: float
    fixed_yuan: float
    floor_yuan_per_m2: float
    land_yuan_per_m2: float
    basis: str


@dataclass(frozen=True, kw_only=True)
class Raise:
    """More money in one purse.

    Parameters
    ----------
    kind : str
        budget (of the study), phase_budget, township_budget, or fund.
    name : str
        Phase, township or fund.
    phase : str
        Of a fund: the phase in which it gives more.
    yuan : float
    """

    kind: str
    name: str = ""
    phase: str = ""
    yuan: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change.

    Parameters
    ----------
    kind : str
        add_candidate, more_area, allow_type, unforbid, allow_mode, relax_reach, relax_distance (of a rule that keeps apart, or near), more_budget,
        new_fund, open_fund (to communities that may not have it), earlier_money, more_sites, unlock, keep_found (lock what a further run has
        found); where nothing else helps lower_figure (also of a share), not_required.
    rule_id, site_id, type, mode : str
        What is changed: a rule's figure, a site or a facility, the types that it may hold too (by ";"), the way that is allowed too.
    figure : float or None
        The rule's new figure, in its own unit; None: the rule is switched off.
    share : float or None
        The rule's new share.
    floor_m2, land_m2 : float
        How much more the site holds.
    number : int
        How many more sites may be opened.
    money : tuple of Raise
        How much more money there is where; of earlier_money one purse has less.
    townships : tuple of str
        For whom a new fund is, or to whom one is opened.
    conditions : tuple of str
        Conditions of a fund that are dropped.
    sites : tuple of NewSite
    locked : tuple of (str, float)
        Facilities that are locked, with their m2.
    also : tuple of Change
        What has to be changed together with it.
    """

    kind: str
    rule_id: str = ""
    site_id: str = ""
    type: str = ""
    mode: str = ""
    figure: float | None = None
    share: float | None = None
    floor_m2: float = 0.0
    land_m2: float = 0.0
    number: int = 0
    money: tuple[Raise, ...] = ()
    townships: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    sites: tuple[NewSite, ...] = ()
    locked: tuple[tuple[str, float], ...] = ()
    also: tuple[Change, ...] = ()

    @property
    def money_yuan(self) -> float:
        """More money that has to be found, yuan: the largest of what is needed of the whole, of its phases, of townships and of funds."""
        more = sum(change.money_yuan for change in self.also)
        if self.kind == EARLIER_MONEY:
            return more
        sums: dict[str, float] = {}
        for purse in self.money:
            sums[purse.kind] = sums.get(purse.kind, 0.0) + purse.yuan
        return more + max(sums.values(), default=0.0)

    @property
    def size(self) -> float:
        """How large the change is, among changes that cost as much: m2, metres, sites or yuan, each in its own unit."""
        parts = [self.floor_m2 + self.land_m2, float(self.number), max((more.yuan for more in self.money), default=0.0)]
        parts += [sum(site.floor_m2 + site.land_m2 for site in self.sites), *(change.size for change in self.also)]
        return sum(parts)

    @property
    def last_resort(self) -> bool:
        """Whether it gives up what is asked for."""
        return self.kind in LAST_RESORT or any(change.last_resort for change in self.also)

    def apply(self, study: Study, scenario: Scenario) -> tuple[Study, Scenario]:
        """Return the study and the scenario with the change; both are new, and what was given stays as it was.

        Raises
        ------
        UsageError
            If there is nothing to change: no such site, rule, phase or fund.
        """
        from siteplan.planning.explaining.applying import apply

        return apply(self, study, scenario)

    def sentence(self, lang: str | None = None) -> str:
        """Return the change in one sentence, in ``lang`` (``"en"``, ``"zh"``; by default the language spoken now)."""
        from siteplan.planning.explaining.change_sentences import of_change
        from siteplan.planning.explaining.sentences import in_language

        return in_language(lang, lambda: of_change(self))
