"""Changes applied: to layers, to rules and to the scenario."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from siteplan.errors import UsageError
from siteplan.messages import _
from siteplan.planning.explaining import changes as c
from siteplan.planning.solve import prepare
from siteplan.plans.scenario import Fund
from siteplan.standards.facility_types import facility_type
from siteplan.standards.library import Override

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from siteplan.planning.explaining.changes import Change, NewSite, Raise
    from siteplan.plans.scenario import Phase, Scenario
    from siteplan.study.study import Study

    Both = tuple[Study, Scenario]


def apply(change: Change, study: Study, scenario: Scenario) -> Both:
    """Return the study and the scenario with a change, and with what has to be changed together with it.

    Raises
    ------
    UsageError
        If there is nothing to change.
    """
    study, scenario = _APPLY[change.kind](change, study, scenario)
    for other in change.also:
        study, scenario = apply(other, study, scenario)
    return study, scenario


# layers -----------------------------------------------------------------------------------------------------------------


def _candidates(study: Study, scenario: Scenario) -> gpd.GeoDataFrame:
    """Return the layer of candidates; where the study has none, those that its rules find, which are candidates as they were."""
    layer = study.layers.get("candidates")
    if layer is not None:
        return layer
    sites = prepare(study, scenario).question.sites
    found = sites[sites["kind"] != "existing"].drop(columns=["township_id", "existing_type", "existing_m2"])
    return found.reset_index(drop=True)


def _with_layer(study: Study, role: str, frame: gpd.GeoDataFrame) -> Study:
    return study.but(layers=study.layers.but(vectors={**study.layers.vectors, role: frame}))


def _row(frame: gpd.GeoDataFrame, site_id: str) -> Any:
    here = frame["id"].astype(str) == site_id
    if not here.any():
        raise UsageError(_("there is no site {id} to change", id=repr(site_id)))
    return here


def _add_candidate(change: Change, study: Study, scenario: Scenario) -> Both:
    import geopandas as gpd

    layer = _candidates(study, scenario)
    rows = pd.DataFrame([_record(site) for site in change.sites])
    for name in layer.columns:
        if name not in rows and name != "geometry":
            rows[name] = "" if layer[name].dtype.kind in "OUT" or str(layer[name].dtype).startswith("str") else np.nan
    points = shapely.points([(site.x, site.y) for site in change.sites])
    more = gpd.GeoDataFrame(rows, geometry=points, crs=layer.crs)
    both = pd.concat([layer, more[[name for name in layer.columns if name in more]]], ignore_index=True)
    return _with_layer(study, "candidates", gpd.GeoDataFrame(both, geometry="geometry", crs=layer.crs)), scenario


def _record(site: NewSite) -> dict[str, Any]:
    return {
        "id": site.id,
        "name": "",
        "kind": site.kind,
        "place": "",
        "floor_capacity_m2": site.floor_m2,
        "land_m2": site.land_m2,
        "storeys": site.storeys,
        "fixed_cost_yuan": site.fixed_yuan,
        "cost_per_m2_yuan": site.floor_yuan_per_m2,
        "land_cost_per_m2_yuan": site.land_yuan_per_m2,
        "types": site.types,
        "state": "free",
        "community_id": site.community_id,
        "basis": site.basis,
    }


def _more_area(change: Change, study: Study, scenario: Scenario) -> Both:
    standing = study.layers.get("facilities")
    if standing is not None and (standing["id"].astype(str) == change.site_id).any():
        here = _row(standing, change.site_id)
        land = facility_type(str(standing.loc[here, "type"].iloc[0])).space == "land"
        spare = standing["spare_m2"].fillna(0.0) + here * (change.land_m2 if land else change.floor_m2)
        return _with_layer(study, "facilities", standing.assign(spare_m2=spare)), scenario
    layer = _candidates(study, scenario)
    here = _row(layer, change.site_id)
    frame = layer.assign(
        floor_capacity_m2=layer["floor_capacity_m2"].fillna(0.0) + here * change.floor_m2,
        land_m2=layer["land_m2"].fillna(0.0) + here * change.land_m2,
    )
    return _with_layer(study, "candidates", frame), scenario


def _allow_type(change: Change, study: Study, scenario: Scenario) -> Both:
    layer = _candidates(study, scenario)
    here = _row(layer, change.site_id)
    types = layer["types"].fillna("").astype("object")
    listed = here & types.str.strip().ne("")  # without a list it may hold any
    types = types.mask(listed, types + f";{change.type}").astype("str")
    return _with_layer(study, "candidates", layer.assign(types=types)), scenario


def _unforbid(change: Change, study: Study, scenario: Scenario) -> Both:
    layer = _candidates(study, scenario)
    here = _row(layer, change.site_id)
    state = layer["state"].astype("object").mask(here & (layer["state"] == "forbidden"), "free").astype("str")
    kept = tuple(name for name in scenario.forbidden if name != change.site_id)
    return _with_layer(study, "candidates", layer.assign(state=state)), scenario.but(forbidden=kept)


def _not_required(change: Change, study: Study, scenario: Scenario) -> Both:
    layer = _candidates(study, scenario)
    here = _row(layer, change.site_id)
    state = layer["state"].astype("object").mask(here & (layer["state"] == "required"), "free").astype("str")
    kept = tuple(name for name in scenario.required if name != change.site_id)
    return _with_layer(study, "candidates", layer.assign(state=state)), scenario.but(required=kept)


# rules ------------------------------------------------------------------------------------------------------------------


def _rule(change: Change, study: Study, scenario: Scenario) -> Both:
    """Change a rule as study.toml would: its figure, its share, its ways, or whether it speaks."""
    rule = study.standards.get(change.rule_id)
    fields: dict[str, Any] = {}
    if change.kind == c.ALLOW_MODE:
        fields["modes"] = (*rule.modes, change.mode)
    elif change.share is not None:
        fields["share"] = change.share
    elif change.figure is None:
        fields["off"] = True
    else:
        fields["figure"] = change.figure
    reason = _("proposed by siteplan explain")
    rules = tuple(
        r.but(**fields, overridden_by="study.toml", reason=reason) if r.id == change.rule_id else r
        for r in study.standards.rules
    )
    known = study.settings.standards.rules
    override = known.get(change.rule_id, Override()).model_copy(update=fields | {"reason": reason})
    settings = study.settings.but(standards={"rules": {**known, change.rule_id: override}})
    standards = dataclasses.replace(study.standards, rules=rules)
    return study.but(standards=standards, settings=settings), scenario


# the scenario -----------------------------------------------------------------------------------------------------------


def _money(change: Change, study: Study, scenario: Scenario) -> Both:
    for more in change.money:
        study, scenario = _RAISE[more.kind](more, study, scenario)
    return study, scenario


def _raise_budget(more: Raise, study: Study, scenario: Scenario) -> Both:
    return study, scenario.but(budget_yuan=(scenario.budget_yuan or 0.0) + more.yuan)


def _raise_phase(more: Raise, study: Study, scenario: Scenario) -> Both:
    def raised(phase: Phase) -> Phase:
        if phase.name != more.name or phase.budget_yuan is None:
            return phase
        return dataclasses.replace(phase, budget_yuan=max(phase.budget_yuan + more.yuan, 0.0))

    return study, scenario.but(phases=tuple(raised(phase) for phase in scenario.phases))


def _raise_township(more: Raise, study: Study, scenario: Scenario) -> Both:
    layer = study.layers.require("townships", _("a township's budget is to be raised"))
    here = _row(layer, more.name)
    return _with_layer(study, "townships", layer.assign(budget_yuan=layer["budget_yuan"] + here * more.yuan)), scenario


def _raise_fund(more: Raise, study: Study, scenario: Scenario) -> Both:
    names = scenario.phase_names

    def raised(fund: Fund) -> Fund:
        if fund.name != more.name:
            return fund
        given = zip(names, fund.given(len(names)), strict=True)
        return dataclasses.replace(fund, yuan=tuple(max(y + more.yuan * (n == more.phase), 0.0) for n, y in given))

    return study, scenario.but(funds=tuple(raised(fund) for fund in scenario.funds))


def _new_fund(change: Change, study: Study, scenario: Scenario) -> Both:
    given = {more.phase: more.yuan for more in change.money}
    yuan = tuple(given.get(name, 0.0) for name in scenario.phase_names)
    fund = Fund(name=change.money[0].name, yuan=yuan, townships=change.townships)
    return study, scenario.but(funds=(*scenario.funds, fund))


def _open_fund(change: Change, study: Study, scenario: Scenario) -> Both:
    """Drop conditions of a fund, and open it to more townships where it is for some only."""
    name = change.money[0].name

    def opened(fund: Fund) -> Fund:
        if fund.name != name:
            return fund
        townships = tuple(dict.fromkeys((*fund.townships, *change.townships))) if fund.townships else ()
        free: dict[str, Any] = dict.fromkeys(change.conditions, "any")
        return dataclasses.replace(fund, townships=townships, **free)

    return study, scenario.but(funds=tuple(opened(fund) for fund in scenario.funds))


def _more_sites(change: Change, study: Study, scenario: Scenario) -> Both:
    return study, scenario.but(max_sites=(scenario.max_sites or 0) + change.number)


def _unlock(change: Change, study: Study, scenario: Scenario) -> Both:
    kept = {name: m2 for name, m2 in scenario.locked_m2.items() if name != change.site_id}
    return study, scenario.but(locked=tuple(name for name in scenario.locked if name != change.site_id), locked_m2=kept)


def _keep_found(change: Change, study: Study, scenario: Scenario) -> Both:
    names = tuple(dict.fromkeys((*scenario.locked, *(name for name, _m2 in change.locked))))
    return study, scenario.but(locked=names, locked_m2=scenario.locked_m2 | dict(change.locked))


_APPLY: dict[str, Callable[[Change, Study, Scenario], Both]] = {
    c.ADD_CANDIDATE: _add_candidate,
    c.MORE_AREA: _more_area,
    c.ALLOW_TYPE: _allow_type,
    c.UNFORBID: _unforbid,
    c.NOT_REQUIRED: _not_required,
    c.ALLOW_MODE: _rule,
    c.RELAX_REACH: _rule,
    c.RELAX_DISTANCE: _rule,
    c.LOWER_FIGURE: _rule,
    c.MORE_BUDGET: _money,
    c.EARLIER_MONEY: _money,
    c.NEW_FUND: _new_fund,
    c.OPEN_FUND: _open_fund,
    c.MORE_SITES: _more_sites,
    c.UNLOCK: _unlock,
    c.KEEP_FOUND: _keep_found,
}
_RAISE: dict[str, Callable[[Raise, Study, Scenario], Both]] = {
    "budget": _raise_budget,
    "phase_budget": _raise_phase,
    "township_budget": _raise_township,
    "fund": _raise_fund,
}
