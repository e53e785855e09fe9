"""What siting works on: units, demand, sites, walking costs and the facility types planned."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.standards.due import due_phase
from siteplan.standards.library import counted_types
from siteplan.standards.rule import Rule, Unit
from siteplan.units import COUNTS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import geopandas as gpd

    from siteplan.access.matrix import CostMatrix
    from siteplan.plans.scenario import Scenario
    from siteplan.study.study import Study


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """Everything the siting model is made from.

    Parameters
    ----------
    study : Study
    scenario : Scenario
    types : tuple of str
        Facility types planned: they may be built, and everybody is allocated to one of each.
    units : GeoDataFrame
        Communities (plans.plan.COMMUNITY_COLUMNS).
    demand : GeoDataFrame
        Buildings with households (plans.plan.DEMAND_COLUMNS), in the order of the matrix's demand.
    sites : GeoDataFrame
        Sites (candidates.given.SITE_COLUMNS), in the order of the matrix's candidates.
    matrix : CostMatrix
    """

    study: Study
    scenario: Scenario
    types: tuple[str, ...]
    units: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    matrix: CostMatrix

    @property
    def cutoff_m(self) -> float:
        """Walking metres beyond which a type without a reach rule serves nobody."""
        return self.study.settings.access.cutoff_m

    @cached_property
    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules that speak for each community, by its id."""
        standards = self.study.standards
        return {u.id: standards.rules_for(u, types=self.types) for u in self.unit_values.values()}

    @cached_property
    def township_rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules that speak for each township, by its id."""
        standards = self.study.standards
        return {t.id: standards.rules_for(t, "township", self.types) for t in self.townships.values()}

    @cached_property
    def study_rules(self) -> dict[str, tuple[Rule, ...]]:
        """The rules on the whole study that count each community, by its id."""
        standards = self.study.standards
        return {u.id: standards.rules_for(u, "study", self.types) for u in self.unit_values.values()}

    @cached_property
    def unknown(self) -> tuple[Rule, ...]:
        """The rules of which it is not known whether they speak for some community or township, in profile order.

        Those on types that only they ask for are among them, though nobody plans these types.
        """
        standards = self.study.standards
        types = {*self.types, *standards.types()}
        found = {r.id for u in self.unit_values.values() for r in standards.unknown_for(u, types=types)}
        found |= {r.id for u in self.unit_values.values() for r in standards.unknown_for(u, "study", types)}
        found |= {r.id for t in self.townships.values() for r in standards.unknown_for(t, "township", types)}
        return tuple(rule for rule in standards.rules if rule.id in found)

    @cached_property
    def counted(self) -> tuple[str, ...]:
        """The planned types, then those of which existing facilities count together with planned ones."""
        rules = [*self.rules.values(), *self.township_rules.values(), *self.study_rules.values()]
        return (*self.types, *counted_types((rule for some in rules for rule in some), self.types))

    @cached_property
    def unit_values(self) -> dict[str, Unit]:
        """Communities as rules look at them, by id."""
        return community_units(self.units, self.members)

    @cached_property
    def townships(self) -> dict[str, Unit]:
        """Townships with their totals, by id; those of the layer and those that communities name."""
        return township_units(self.units, self.study.layers.get("townships"))

    @cached_property
    def demand_unit(self) -> npt.NDArray[np.object_]:
        """Community id of each demand point."""
        return np.asarray(self.demand["community_id"], dtype=object)

    @cached_property
    def members(self) -> dict[str, npt.NDArray[np.int64]]:
        """Rows of the demand points of each community that has any, by its id."""
        rows = np.arange(len(self.demand), dtype=np.int64)
        groups = pd.Series(rows).groupby(self.demand_unit.astype(str)).indices
        return {str(unit): np.asarray(groups[unit], dtype=np.int64) for unit in groups}

    @cached_property
    def households(self) -> npt.NDArray[np.float64]:
        """Households of each demand point."""
        return np.asarray(self.demand["households"], dtype=np.float64)

    @cached_property
    def site_unit(self) -> npt.NDArray[np.object_]:
        """Community id of each site."""
        return np.asarray(self.sites["community_id"].astype(str), dtype=object)

    @cached_property
    def pairs_by_site(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Rows of the matrix in order of their sites, (n_pairs,), and where those of each site begin, (n_sites + 1,)."""
        order = np.argsort(self.matrix.j, kind="stable").astype(np.int64)
        starts = np.searchsorted(self.matrix.j[order], np.arange(len(self.sites) + 1)).astype(np.int64)
        return order, starts

    @cached_property
    def site_number(self) -> npt.NDArray[np.int64]:
        """Number of the community of each site, in the order of the communities."""
        return self._numbers(self.sites["community_id"])

    @cached_property
    def demand_number(self) -> npt.NDArray[np.int64]:
        """Number of the community of each demand point, in the order of the communities."""
        return self._numbers(self.demand["community_id"])

    def _numbers(self, names: pd.Series[str]) -> npt.NDArray[np.int64]:
        number = {unit: n for n, unit in enumerate(self.unit_values)}
        return np.asarray(names.astype(str).map(number), dtype=np.int64)

    @cached_property
    def township_of(self) -> dict[str, str]:
        """Township of each community, empty where it has none."""
        township = self.units["township_id"]
        names = township.astype("object").where(township.notna(), "").astype(str)
        return dict(zip(self.units["id"].astype(str), names, strict=True))

    @cached_property
    def standing_type(self) -> pd.Series[str]:
        """The type of what stands at each site, empty for candidates."""
        own = self.sites["existing_type"].astype(str)
        return pd.Series(np.where(self.sites["kind"] == "existing", own, ""), dtype="str")

    @cached_property
    def standing(self) -> dict[str, frozenset[str]]:
        """The facility types that stand in each community already, of those that are planned or counted."""
        there = self.sites[self.sites["kind"] == "existing"]
        groups = there["existing_type"].astype(str).groupby(there["community_id"].astype(str))
        found = {str(unit): frozenset(types) for unit, types in groups}
        return {unit: found.get(unit, frozenset()) for unit in self.unit_values}

    def spoken(self, *kinds: str) -> list[tuple[Rule, tuple[str, ...]]]:
        """Return the rules of ``kinds`` that speak for communities, each with those communities, in the order of their profiles."""
        units: dict[str, list[str]] = {}
        rules: dict[str, Rule] = {}
        for unit_id, spoken in self.rules.items():
            for rule in spoken:
                if rule.kind in kinds:
                    rules[rule.id] = rule
                    units.setdefault(rule.id, []).append(unit_id)
        return [(rule, tuple(units[rule.id])) for rule in self.study.standards.rules if rule.id in rules]

    def due(self, rule: Rule, *units: str) -> int:
        """Return the phase at whose end a rule on communities is due, 1 to n_phases; without any, on a township or the study."""
        built = max((self.unit_values[unit].phase for unit in units), default=1)
        return due_phase(rule, built, self.scenario.phase_names)

    def reaches(self, unit_id: str, type_: str) -> list[float]:
        """Return the reaches that rules give ``type_`` in a community, metres, those on the whole study too."""
        rules = (*self.rules[unit_id], *self.study_rules[unit_id])
        return [float(r.figure) for r in rules if r.kind == "reach" and type_ in r.types and r.figure]

    def served_within(self, unit_id: str, type_: str) -> float:
        """Return the metres within which a household of a community is served by a ``type_``.

        The least reach that a rule names for its community, else the study's cutoff.
        """
        figures = [r.figure for r in self.rules[unit_id] if r.kind == "reach" and type_ in r.types and r.figure]
        return min(figures, default=self.cutoff_m)

    def reach(self, unit_id: str, type_: str) -> float | None:
        """Return the largest reach that a rule gives ``type_`` in a community, metres; None without one."""
        return max(self.reaches(unit_id, type_), default=None)


def speaking_rules(study: Study, units: gpd.GeoDataFrame, types: Collection[str]) -> list[Rule]:
    """Return the rules on ``types`` that speak for any of the communities ``units``, their townships or all together, with repeats."""
    standards = study.standards
    found: list[Rule] = []
    for unit in community_units(units).values():
        found += standards.rules_for(unit, types=types)
        found += standards.rules_for(unit, "study", types)
    for township in township_units(units, study.layers.get("townships")).values():
        found += standards.rules_for(township, "township", types)
    return found


def community_units(
    units: gpd.GeoDataFrame, members: Mapping[str, npt.NDArray[np.int64]] | None = None
) -> dict[str, Unit]:
    """Return communities as rules look at them, by id; ``members`` are the rows of the buildings of each."""
    found = {str(row["id"]): unit_of(row) for row in units.to_dict("records")}
    if members is None:
        return found
    return {key: dataclasses.replace(unit, buildings=float(len(members.get(key, ())))) for key, unit in found.items()}


def township_units(units: gpd.GeoDataFrame, layer: gpd.GeoDataFrame | None) -> dict[str, Unit]:
    """Return the townships with their totals, by id: those of the layer and those that communities name.

    A total is NaN where the figure of one of the communities is not known.
    """
    counts = list(COUNTS)
    groups = units.groupby("township_id")[counts]
    totals = groups.sum().mask(units[counts].isna().groupby(units["township_id"]).any()).to_dict("index")
    names: dict[str, str] = {str(name): "" for name in totals if str(name)}
    if layer is not None:
        names |= dict(zip(layer["id"].astype(str), layer["name"].fillna("").astype(str), strict=True))
    nobody = dict.fromkeys(counts, 0.0)
    found = {}
    for key, name in names.items():
        own = totals.get(key, nobody)
        figures: dict[str, Any] = {what: float(own[what]) for what in counts}
        found[key] = Unit(id=key, name=name, **figures)
    return found


def unit_of(row: dict[str, object] | pd.Series[str]) -> Unit:
    """Return one row of the communities as the unit that rules look at."""
    return Unit(
        id=str(row["id"]),
        name=str(row["name"] or ""),
        **{what: float(row[what]) for what in COUNTS},  # type: ignore[arg-type]
        setting=str(row["setting"]),
        construction=str(row["construction"]),
        resettlement=bool(row["resettlement"]),
        key=bool(row["key"]),
        phase=int(row["phase"]),  # type: ignore[call-overload]
    )
