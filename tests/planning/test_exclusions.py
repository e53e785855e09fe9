"""Candidates in exclusion zones: not used, named in the plan, and caught by the audit where one is used all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
from tiny_study import centre, check_plan, house, place, write_study

from siteplan.auditing.audit import audit
from siteplan.errors import DataError
from siteplan.planning.solve import solve

if TYPE_CHECKING:
    from pathlib import Path

    from siteplan.study.study import Study

HERE = [house("b1", 200, 425)]


def zoned(study: Study, site: str) -> Study:
    """Return the study with an exclusion zone of 20 m around one candidate."""
    candidates = study.layers.require("candidates", "")
    middle = candidates.loc[candidates["id"] == site, "geometry"].iloc[0]
    zone = gpd.GeoDataFrame(
        {"id": ["z1"], "name": [""], "kind": ["地质灾害隐患点"]}, geometry=[middle.buffer(20)], crs=study.crs
    )
    return study.but(layers=study.layers.but(vectors={**study.layers.vectors, "exclusions": zone}))


def test_a_candidate_in_a_zone_is_not_used_though_it_is_cheaper(tmp_path: Path) -> None:
    # 425 households x 0.32 = 136 m2. c1 costs 1,000 a m2 and would be taken; in the zone it is not, so c2 at 1,100 is.
    places = [place("c1", 300), place("c2", 400, cost_per_m2_yuan=1100.0)]
    study = write_study(tmp_path, rules=[centre(32)], buildings=HERE, candidates=places)
    free = check_plan(study, facilities={("service_centre", "c1"): 136.0}, cost=136_000)
    plan = check_plan(zoned(study, "c1"), facilities={("service_centre", "c2"): 136.0}, cost=149_600)
    notes = [text for key, text in plan.provenance.items() if key.startswith("note:")]
    assert any("c1" in note and "地质灾害隐患点" in note for note in notes)
    # the plan that uses c1, held against layers with the zone, is found out
    wrong = {row["claim"] for row in audit(free.but(study=zoned(study, "c1"))).disagreements()}
    assert wrong == {"outside exclusion zones"}


def test_a_required_candidate_in_a_zone_is_for_the_user_to_settle(tmp_path: Path) -> None:
    study = write_study(tmp_path, rules=[centre(32)], buildings=HERE, candidates=[place("c1", 300, state="required")])
    with pytest.raises(DataError, match="c1") as error:
        solve(zoned(study, "c1"))
    assert error.value.exit_code == 3
