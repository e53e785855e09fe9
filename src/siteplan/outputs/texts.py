"""The texts of the map, in every language that siteplan speaks."""

from __future__ import annotations

import re

from siteplan.messages import LANGUAGES, N_, translate

NETWORK = "network"
"""The basis of distances along streets."""

TEXTS: dict[str, str] = {
    "title": N_("Siting plan “{scenario}”: {study}"),
    "title_plain": N_("Siting plan “{scenario}”"),
    "other_language": N_("中文"),
    "hard_met": N_("every hard rule is met"),
    "hard_unmet": N_("hard rules unmet: {n}"),
    "proven": N_("proven: gap 0 in every stage"),
    "not_proven": N_("largest gap {gap} (stage {stage})"),
    "no_proof": N_("no proof recorded"),
    "basis_of_distance": N_("walking distances: {basis}"),
    "list_comma": N_(", "),
    "unknown": N_("unknown"),
    "money": N_("{n} yuan"),
    "service": N_("Service"),
    "service_of": N_("Buildings coloured by"),
    "all_types": N_("all planned types"),
    "service.0": N_("served, within reach"),
    "service.1": N_("out of reach"),
    "service.2": N_("none may serve it"),
    "service.3": N_("nothing planned for it"),
    "service_any.1": N_("some type out of reach"),
    "service_any.2": N_("some type without any"),
    "layers": N_("Layers and legend"),
    "layer.boundary": N_("boundary"),
    "layer.communities": N_("communities"),
    "layer.sites": N_("settlement sites"),
    "layer.streets": N_("streets"),
    "layer.buildings": N_("buildings: served or not"),
    "layer.candidates": N_("candidate sites"),
    "layer.demand": N_("households out of reach"),
    "facilities": N_("Facilities"),
    "show_all": N_("all"),
    "show_none": N_("none"),
    "state": N_("state"),
    "status.new": N_("new"),
    "status.extended": N_("extended"),
    "status.existing": N_("existing"),
    "new_facilities": N_("new facilities"),
    "extended_facilities": N_("extended"),
    "existing_facilities": N_("existing, unchanged"),
    "households": N_("households"),
    "people": N_("people"),
    "communities": N_("communities"),
    "cost": N_("cost"),
    "cost_yuan": N_("cost, yuan"),
    "community": N_("community"),
    "area": N_("area"),
    "area_parts": N_("(existing {existing} + new {added})"),
    "households_served": N_("households served"),
    "inside": N_("inside"),
    "phase": N_("phase"),
    "rules": N_("Rules"),
    "members": N_("settlement sites"),
    "decided_by": N_("formed under"),
    "unmet_here": N_("Unmet here"),
    "none_unmet": N_("nothing"),
    "short_by": N_("short by {n} {unit}"),
    "building": N_("Building {id}"),
    "site": N_("settlement site"),
    "kind": N_("kind"),
    "candidate.build": N_("candidate site: new building"),
    "candidate.convert": N_("candidate site: conversion"),
    "capacity": N_("floor capacity"),
    "basis": N_("basis"),
    "stages": N_("Proof, stage by stage"),
    "stage": N_("stage"),
    "stage.hard-worst": N_("hard-worst"),
    "stage.hard-sum": N_("hard-sum"),
    "stage.targets": N_("targets"),
    "stage.aims": N_("aims"),
    "stage.cost": N_("cost"),
    "stage.walking": N_("walking"),
    "solver.optimal": N_("optimal"),
    "solver.within gap": N_("within gap"),
    "solver.stopped early": N_("stopped early"),
    "decided_by.given": N_("given"),
    "decided_by.no rule": N_("no rule"),
    "decided_by.no host: largest site": N_("no host: largest site"),
    "value": N_("value"),
    "gap": N_("gap"),
    "solver_status": N_("solver"),
    "provenance": N_("How this plan was made"),
    "provenance.version": N_("version"),
    "provenance.solver": N_("solver program"),
    "provenance.study": N_("study"),
    "provenance.crs": N_("coordinate system"),
    "provenance.demand": N_("households from"),
    "provenance.walking": N_("walking distances from"),
    "provenance.settings": N_("settings"),
    "provenance.file": N_("file"),
    "provenance.repair": N_("repair"),
    "provenance.note": N_("note"),
    "unmet_summary": N_("Rules unmet: {n} (hard {hard}, targets {target}, aims {soft})"),
    "all_met": N_("every evaluated rule is met"),
    "rule": N_("rule"),
    "strength": N_("strength"),
    "strength.hard": N_("hard"),
    "strength.target": N_("target"),
    "strength.soft": N_("aim"),
    "type": N_("facility type"),
    "unit": N_("where"),
    "required": N_("required"),
    "achieved": N_("achieved"),
    "shortfall": N_("shortfall"),
    "unit.m2": N_("m²"),
    "unit.m": N_("m"),
    "unit.count": N_("facilities"),
    "unit.facilities": N_("facilities"),
    "unit.households": N_("households"),
    "unit.people": N_("people"),
    "unit.m2/100hh": N_("m² per 100 households"),
    "unit.m2/person": N_("m² per person"),
    "unit.m2/1000people": N_("m² per 1,000 people"),
}
"""English texts by the key that the page's scripts use."""


def texts() -> dict[str, dict[str, str]]:
    """Return every text of the page by language and key.

    >>> texts()["en"]["status.new"]
    'new'
    """
    return {lang: {key: translate(message, lang) for key, message in TEXTS.items()} for lang in LANGUAGES}


def basis_text(basis: str, lang: str) -> str:
    """Return in words how a plan's walking distances were found.

    >>> basis_text("network; straight line x 1.3 for 12 points", "en")
    'network; straight line x 1.3 for 12 points'
    """

    def said(part: str) -> str:
        straight = re.fullmatch(r"straight line x (\S+?)( for (\d+) points)?", part)
        if straight is None:
            return translate("network", lang) if part == NETWORK else part
        factor, some, n = straight.groups()
        if some:
            return translate("straight line x {factor} for {n} points", lang, factor=factor, n=n)
        return translate("straight line x {factor}", lang, factor=factor)

    return translate("; ", lang).join(said(part) for part in basis.split("; "))
