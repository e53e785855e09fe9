"""Solve a study: from layers and standards to a plan with its proof."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from siteplan.access.minutes import require_dem, walking_minutes
from siteplan.access.walking import Walking, cost_matrix
from siteplan.candidates.given import candidate_sites
from siteplan.communities.form import Formation, form_communities
from siteplan.demand.households import households_on_buildings
from siteplan.errors import UsageError
from siteplan.messages import _, language
from siteplan.models.reuse import digest
from siteplan.models.revise import revise_joint
from siteplan.models.solver import SolverOptions
from siteplan.models.stages import JointAnswer, solve_joint
from siteplan.planning.cache import SolveCache, geometry_key
from siteplan.plans.plan import DEMAND_COLUMNS, STAGE_COLUMNS, Plan
from siteplan.plans.scenario import Fund, Phase, Scenario
from siteplan.siting.allocation import to_allocation
from siteplan.siting.answer import to_facilities, with_served
from siteplan.siting.locks import facility_ids
from siteplan.siting.needs import to_needs
from siteplan.siting.question import Question, speaking_rules
from siteplan.siting.rules_to_arrays import to_problem
from siteplan.siting.unmet import to_recorded, to_unmet
from siteplan.siting.works import to_payments, to_works, works_of
from siteplan.standards.facility_types import FACILITY_TYPES, facility_type
from siteplan.standards.library import counted_types
from siteplan.standards.nearest import nearest
from siteplan.units import COUNTS

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from siteplan.access.network import Network
    from siteplan.standards.rule import Rule
    from siteplan.study.study import Study

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

STEPS = ("demand", "streets", "communities", "candidates", "walking", "model")
"""What is done before the stages of the model, in order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """A study made ready for siting.

    Parameters
    ----------
    question : Question
    formation : Formation
    notes : tuple of str
        Everything that was assumed on the way.
    demand_basis : str
        Whether households were given on buildings or spread.
    """

    question: Question
    formation: Formation
    notes: tuple[str, ...]
    demand_basis: str


def default_scenario(study: Study) -> Scenario:
    """Return the scenario that study.toml asks for."""
    fields = study.settings.scenario.to_dict()
    fields["phases"] = tuple(Phase(**phase) for phase in fields.get("phases", ()))
    fields["funds"] = tuple(Fund(**fund) for fund in fields.get("funds", ()))
    return Scenario(**fields)


def planned_types(study: Study, scenario: Scenario) -> tuple[str, ...]:
    """Return the facility types to plan, in the catalogue's order.

    Those of the scenario, or every type that the profiles ask for; and those in or beside which rules put them.

    Raises
    ------
    StandardsError
        If the scenario names an unknown type.
    UsageError
        If nothing is asked for.
    """
    asked = {facility_type(key).key for key in scenario.types} or set(study.standards.types())
    if not asked:
        raise UsageError(_("no facility type is asked for: name types in [scenario], or profiles in [standards]"))
    asked = _with_hosts(asked, [rule for rule in study.standards.rules if not rule.off])
    return tuple(key for key in FACILITY_TYPES if key in asked)


def _with_hosts(types: set[str], rules: Collection[Rule]) -> set[str]:
    """Return ``types`` and those in or beside which ``rules`` put them, as far up as rooms stand inside rooms."""
    found = set(types)
    rooms = [rule for rule in rules if rule.kind in ("inside", "colocation")]
    while hosts := {room.host for room in rooms if not found.isdisjoint(room.types)} - found:
        found |= hosts
    return found


def _asked_here(study: Study, units: gpd.GeoDataFrame, types: tuple[str, ...]) -> tuple[str, ...]:
    """Return the types that a rule asks of one of the communities, of townships or of the study, and those in or beside which rules put them.

    A profile may ask for a cemetery in the country only: in a town nobody plans one.

    Raises
    ------
    UsageError
        If no rule asks for anything here.
    """
    speaking = speaking_rules(study, units, types)
    asked = _with_hosts({key for rule in speaking if rule.asks for key in rule.types}, speaking)
    if not asked:
        raise UsageError(
            _(
                "no rule of {profiles} asks any community or township here for a facility: name types in [scenario], or "
                "other profiles in [standards]",
                profiles=", ".join(profile.name for profile in study.standards.profiles),
            )
        )
    return tuple(key for key in types if key in asked)


def solve(
    study: Study,
    scenario: Scenario | None = None,
    *,
    previous: Plan | None = None,
    progress: Progress | None = None,
    cache: SolveCache | None = None,
) -> Plan:
    """Plan a study.

    Parameters
    ----------
    study : Study
    scenario : Scenario, optional
        By default that of study.toml.
    previous : Plan, optional
        An earlier plan: once the hard rules are met as far as they can be, as little of it as possible is changed.
    progress : callable, optional
        Called with (step or stage, done, of how many).
    cache : SolveCache, optional
        What earlier solves have left; gets what this one finds.

    Returns
    -------
    Plan
        Always, with what it could not meet listed; its stages say how far each objective is proven.

    Raises
    ------
    DataError
        If a layer is missing or cannot be used.
    UsageError
        If the scenario names sites that do not exist, asks for what the layer of candidates forbids, or locks a facility that can no longer
        stand.
    """
    cache = SolveCache() if cache is None else cache
    if study.settings.access.slope:
        require_dem(study)
    prepared = prepare(study, scenario or default_scenario(study), progress=progress, cache=cache)
    plan = solve_prepared(prepared, previous=previous, progress=progress, cache=cache)
    return _with_minutes(plan, cache) if study.settings.access.slope else plan


def _with_minutes(plan: Plan, cache: SolveCache) -> Plan:
    """Return the plan with the minutes of its walks."""
    study = plan.study
    network, _key = cache.network(study.layers.get("streets"))
    minutes, notes = walking_minutes(study, plan.demand, plan.facilities, plan.allocation, network=network)
    known = sum(key.startswith("note:") for key in plan.provenance)
    said = {f"note:{known + n:03d}" + (":flat" if n else ""): note for n, note in enumerate(notes)}
    return plan.but(minutes=minutes, provenance=plan.provenance | said)


def solve_prepared(
    prepared: Prepared,
    *,
    previous: Plan | None = None,
    progress: Progress | None = None,
    cache: SolveCache | None = None,
) -> Plan:
    """Plan a study that is ready for siting; parameters and errors are those of :func:`solve`."""
    question = prepared.question
    scenario = question.scenario
    problem = to_problem(question, previous)
    options = SolverOptions(solver=scenario.solver, gap=scenario.gap, time_limit_s=scenario.time_limit_s)
    run = solve_joint if previous is None else revise_joint
    answer = run(problem, options, progress=progress, known=None if cache is None else cache.known)
    built = works_of(problem, answer)
    facilities = to_facilities(question, problem, answer, built)
    works = to_works(built, facility_ids(question, problem.slots))
    allocation = to_allocation(question, problem, answer, facilities)
    return Plan(
        study=question.study,
        scenario=scenario,
        facilities=with_served(facilities, allocation),
        works=works,
        payments=to_payments(question, answer),
        needs=to_needs(question),
        demand=question.demand,
        allocation=allocation,
        communities=question.units,
        members=prepared.formation.members,
        unmet=to_unmet(question, facilities, works, allocation),
        recorded=to_recorded(question),
        stages=_stages(answer),
        provenance=_provenance(prepared),
    )


def prepare(
    study: Study, scenario: Scenario, *, progress: Progress | None = None, cache: SolveCache | None = None
) -> Prepared:
    """Make a study ready for siting: demand, communities, sites and walking costs."""
    cache = SolveCache() if cache is None else cache

    def tell(step: str) -> None:
        if progress:
            progress(step, STEPS.index(step), len(STEPS))

    types = planned_types(study, scenario)
    tell("demand")
    demand = households_on_buildings(study)
    tell("streets")
    network, streets = cache.network(study.layers.get("streets"))
    tell("communities")
    formation = form_communities(study, demand.buildings, network=network)
    buildings = _buildings(formation)
    units = _with_sums(formation, buildings, scenario.n_phases)
    if not scenario.types:
        types = _asked_here(study, units, types)
    speaking = speaking_rules(study, units, types)
    tell("candidates")
    sites, notes = candidate_sites(study, units, buildings, (*types, *counted_types(speaking, types)))
    _check_sites(scenario, sites)
    tell("walking")
    walking = _walks(study, buildings, sites, network, _farthest(study, speaking), (cache, streets))
    question = Question(
        study=study,
        scenario=scenario.but(types=types),
        types=types,
        units=units,
        demand=buildings,
        sites=sites,
        matrix=walking.matrix,
    )
    tell("model")
    return Prepared(
        question=question,
        formation=formation,
        notes=(*demand.notes, *formation.notes, *notes, *walking.notes),
        demand_basis=demand.basis,
    )


def _buildings(formation: Formation) -> gpd.GeoDataFrame:
    frame = formation.demand.reset_index(drop=True)[[*DEMAND_COLUMNS, "geometry"]]
    texts = {
        name: frame[name].astype("object").where(frame[name].notna(), "").astype("str")
        for name in ("building_id", "site_id", "community_id")
    }
    return frame.assign(**texts)


def _with_sums(formation: Formation, buildings: gpd.GeoDataFrame, n_phases: int) -> gpd.GeoDataFrame:
    """Return the communities with the figures of their buildings, blanks for words that are missing, and the last phase at most."""
    counts = list(COUNTS)
    groups = buildings.groupby("community_id")[counts]
    sums = groups.sum(min_count=1).mask(buildings[counts].isna().groupby(buildings["community_id"]).any())
    units = formation.units.copy()
    for name in counts:
        units[name] = units["id"].map(sums[name]).where(units["id"].isin(sums.index), 0.0)
    for name in ("name", "setting", "construction", "township_id", "size_class", "decided_by"):
        units[name] = units[name].astype("object").where(units[name].notna(), "").astype("str")
    for name in ("resettlement", "key"):
        units[name] = units[name].fillna(value=False).astype(bool)
    units["phase"] = units["phase"].clip(upper=n_phases)
    return units


def _farthest(study: Study, speaking: Collection[Rule]) -> float:
    """Return the metres that walks are looked for: the study's cutoff, or as far as a rule that speaks asks."""
    reaches = [float(rule.figure or 0.0) for rule in speaking if rule.kind in ("reach", "adjacency")]
    return max([study.settings.access.cutoff_m, *reaches])


def _walks(
    study: Study,
    buildings: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    network: Network | None,
    cutoff_m: float,
    kept: tuple[SolveCache, bytes],
) -> Walking:
    """Return the walking costs within ``cutoff_m`` metres; ``kept`` is what earlier ones are found in, and the key of the streets."""
    access = study.settings.access
    demand_ids, site_ids = buildings["building_id"].tolist(), sites["id"].astype(str).tolist()
    cache, streets = kept
    key = digest(
        streets, str(study.crs), geometry_key(buildings.geometry), geometry_key(sites.geometry),
        tuple(demand_ids), tuple(site_ids), cutoff_m, access.detour_factor, access.snap_limit_m, language(),
    )  # fmt: skip

    def walk() -> Walking:
        return cost_matrix(
            buildings.geometry,
            sites.geometry,
            demand_ids=demand_ids,
            candidate_ids=site_ids,
            streets=None,
            cutoff_m=cutoff_m,
            detour_factor=access.detour_factor,
            snap_limit_m=access.snap_limit_m,
            network=network,
        )

    return cache.once("walks", key, walk)


def _check_sites(scenario: Scenario, sites: gpd.GeoDataFrame) -> None:
    """Refuse sites that do not exist, and those that are required and forbidden at once."""
    known = sites.loc[sites["kind"] != "existing", "id"].astype(str).tolist()
    for name in (*scenario.required, *scenario.forbidden):
        if name not in known:
            raise UsageError(
                _("there is no candidate {id}; the nearest id is {known}", id=repr(name), known=nearest(name, known))
            )
    barred = set(sites.loc[sites["state"] == "forbidden", "id"].astype(str)) & set(scenario.required)
    if barred:
        raise UsageError(
            _("the scenario requires sites that the layer of candidates forbids: {ids}", ids=", ".join(sorted(barred)))
        )


def _stages(answer: JointAnswer) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (s.stage, s.objective, s.value, s.bound, s.gap, str(s.status), s.seconds, s.components, s.tolerance)
        for s in answer.stages
    ]
    frame = pd.DataFrame(rows, columns=list(STAGE_COLUMNS))
    return frame.astype(dict.fromkeys(("stage", "objective", "status"), "str"))


def _provenance(prepared: Prepared) -> dict[str, str]:
    """Return what the plan was made from and with."""
    study = prepared.question.study
    packages = ("siteplan", "pulp", "highspy", "geopandas", "shapely", "pyproj", "scipy")
    entries = {f"version:{name}": version(name) for name in packages}
    entries["version:python"] = ".".join(str(part) for part in sys.version_info[:3])
    entries["solver"] = prepared.question.scenario.solver
    entries["study"] = study.name
    entries["crs"] = study.crs.to_string()
    entries["demand"] = prepared.demand_basis
    entries["walking"] = prepared.question.matrix.basis
    entries["settings"] = json.dumps(study.settings.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
    if study.settings.study.attribution:
        entries["attribution"] = study.settings.study.attribution
    for role, source in study.layers.sources.items():
        entries[f"sha256:{role}"] = source.sha256
        entries[f"file:{role}"] = source.path
        if source.datum:
            entries[f"datum:{role}"] = source.datum
    for n, repair in enumerate(study.layers.repairs):
        entries[f"repair:{n:03d}"] = str(repair)
    for n, note in enumerate((*study.settings.study.assumptions, *prepared.notes)):
        entries[f"note:{n:03d}"] = note
    return entries
