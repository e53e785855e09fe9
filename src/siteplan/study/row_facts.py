"""What ``siteplan check`` finds in the rows of a study's layers: faults of single rows, and whether a layer is shifted as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyproj import CRS

from siteplan.layers.crs import fitting_zones, lonlat_bounds, name_of, outside_use
from siteplan.layers.datum import NAMES, in_china
from siteplan.layers.findings import geometry_findings, in_short, place_findings, total_findings, unit_findings
from siteplan.layers.offset import Fit, evidence, fits
from siteplan.layers.provinces import BOXES, CODED, astray
from siteplan.layers.repair import Place, some
from siteplan.layers.tabular import table_findings
from siteplan.messages import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siteplan.layers.repair import Repair
    from siteplan.study.study import Study

_FOUND = ("buildings", "facilities", "sites", "communities", "townships", "streets")
"""Roles that are taken from web maps."""


def row_facts(study: Study) -> tuple[list[Repair], list[Repair], list[str]]:
    """Return findings on single rows, notes on what cannot be told, and warnings.

    Parameters
    ----------
    study : Study

    Returns
    -------
    findings : list of Repair
        One for each row and problem, of kind ``finding``: nothing was changed.
    notes : list of Repair
    warnings : list of str
        One for each layer and problem of the findings, and one for each layer that looks shifted by a web map's datum.
    """
    vectors = study.layers.vectors
    paths = {role: source.where(study.folder) for role, source in study.layers.sources.items()}
    findings: list[Repair] = []
    for role, frame in vectors.items():
        place = Place(role=role, path=paths.get(role, ""))
        findings += [*geometry_findings(frame, place), *unit_findings(frame, place), *table_findings(frame, place)]
    findings += [*place_findings(vectors, paths), *total_findings(vectors, paths)]
    compared = fits(vectors, study.crs)
    warnings = [
        *_left_out(study),
        *in_short(findings),
        *(_shifted(fit, study) for fit in compared if fit.datum is not None),
        *_zones(study),
        *_astray(study),
    ]
    return findings, list(_untold(study, compared, paths)), warnings


def _left_out(study: Study) -> Iterator[str]:
    """Yield for each layer how many households and people the rows have that repairs left out: nobody plans for them."""
    repairs = [one for one in study.layers.repairs if one.kind == "repair" and "id" in (one.original or {})]
    for role, frame in study.layers.vectors.items():
        there = set(frame["id"].astype(str))
        gone = {one.row: one.original or {} for one in repairs if one.role == role and one.row not in there}
        counts = {name: sum(_count(row.get(name)) for row in gone.values()) for name in ("households", "people")}
        if any(counts.values()):
            yield _(
                "{n} rows of {role} are left out with {households} households, {people} people: nothing is planned for them ({rows})",
                n=len(gone), role=role, households=f"{counts['households']:,.0f}", people=f"{counts['people']:,.0f}",
                rows=some(list(gone)),
            )  # fmt: skip


def _count(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _shifted(fit: Fit, study: Study) -> str:
    """Return that a layer looks shifted, with the evidence and what to do."""
    whose, right = (fit.against, fit.role) if fit.other else (fit.role, fit.against)
    line = f'[layers.{whose}] datum = "{fit.datum}"'
    said = {"whose": whose, "datum": NAMES[fit.datum or "gcj02"], "evidence": evidence(fit), "line": line}
    if fit.verdict == "shifted":
        text = _("{whose} looks shifted by {datum}: {evidence}. If it was drawn from a web map, write: {line}", **said)
    elif fit.by == "far":
        text = _(
            "{whose} may be shifted by {datum}, or streets are missing: {evidence}. Ask where the layer is from; if from a "
            "web map, write: {line}",
            **said,
        )
    else:
        text = _(
            "{whose} may be shifted by {datum}, but too few rows tell: {evidence}. Ask where the layer is from; if from a "
            "web map, write: {line}",
            **said,
        )
    source = study.layers.sources.get(right)
    if source is not None and source.datum:
        text += _(
            "; or remove datum from [layers.{right}], which was taken back from {was}", right=right, was=source.datum
        )
    return text


def _untold(study: Study, compared: list[Fit], paths: dict[str, str]) -> Iterator[Repair]:
    """Yield notes on layers in China of which nothing shows whether they are shifted as web maps are."""
    for role in _FOUND:
        frame, source = study.layers.get(role), study.layers.sources.get(role)
        if frame is None or (source is not None and source.datum):
            continue
        box = lonlat_bounds(tuple(frame.total_bounds), study.crs)
        if box is None or not in_china(np.array(box[::2]), np.array(box[1::2])).all():
            continue
        mine = [fit for fit in compared if role in {fit.role, fit.against}]
        if any(fit.verdict != "unknown" for fit in mine):
            continue
        tried = ", ".join(sorted({fit.against if fit.role == role else fit.role for fit in mine}))
        what = (
            _("whether positions are shifted by GCJ-02 or BD-09 cannot be told: too few rows fit {others} better or worse "
              "when moved", others=tried)
            if tried
            else _("whether positions are shifted by GCJ-02 or BD-09 cannot be told: there is no other layer to compare with")
        )  # fmt: skip
        yield Place(role=role, path=paths.get(role, "")).note(what)


def _zones(study: Study) -> Iterator[str]:
    """Yield layers outside the area for which the system of their file is made, with the zones that fit."""
    for role, source in study.layers.sources.items():
        frame = study.layers.get(role)
        if frame is None or ":" not in source.crs:
            continue
        file, bounds = CRS.from_user_input(source.crs), tuple(frame.total_bounds)
        box = outside_use(bounds, study.crs, of=file) if file.is_projected and file != study.crs else None
        if box is not None:
            zones = fitting_zones(box)
            yield _("{role} lies outside the area that {crs} is made for", role=role, crs=source.crs) + (
                _("; zones that fit: {zones}", zones=" / ".join(str(zone) for zone in zones)) if zones else ""
            )


def _astray(study: Study) -> Iterator[str]:
    """Yield layers that do not lie in the provinces that their division codes name."""
    for role in CODED:
        frame, source = study.layers.get(role), study.layers.sources.get(role)
        known = source is not None and ":" in source.crs
        found = (
            None if frame is None else astray(frame, CRS.from_user_input(source.crs) if source and known else study.crs)
        )
        if found is None:
            continue
        degrees = [f"{BOXES[code][0]:g} .. {BOXES[code][2]:g}" for code in found.provinces]
        text = _(
            "{role}: {out} of {rows} rows lie outside the province of their division codes ({provinces}, longitude {degrees}): "
            "they lie at {west} .. {east}",
            role=role, out=found.out, rows=found.rows, provinces=", ".join(found.provinces), degrees=", ".join(degrees),
            west=f"{found.box[0]:.1f}", east=f"{found.box[2]:.1f}",
        )  # fmt: skip
        if found.zone is not None:
            line = f'crs = "{name_of(found.zone)}", override_crs = true'
            text += _("; in another zone they would lie there: {line} under [layers.{role}]", line=line, role=role)
        yield text
