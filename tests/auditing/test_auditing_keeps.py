"""Rules on facilities, in a plan: what is broken has to be listed, and a hard rule bars what is new."""

from pathlib import Path

import pytest
from audited_plan import make_plan, write_study
from tampering import row

from siteplan.auditing.audit import audit

TOO_NEAR = {
    "dwellings": ('figure = 501\nunit = "m"\napart_from = ["dwellings"]', 500.0),
    "a facility": ('figure = 601\nunit = "m"\napart_from = ["service_centre"]', 600.0),
    "an exclusion": ('figure = 301\nunit = "m"\napart_from = ["exclusion:water"]', 300.0),
}


@pytest.mark.parametrize("thing", TOO_NEAR)
@pytest.mark.parametrize("strength", ["target", "hard"])
def test_a_separation_that_is_broken_has_to_be_listed(tmp_path: Path, thing: str, strength: str) -> None:
    what, metres = TOO_NEAR[thing]
    asked = f'kind = "separation"\ntypes = ["street_centre"]\nstrength = "{strength}"\n{what}'
    plan = make_plan(write_study(tmp_path, {"C-apart": asked}))
    found = audit(plan)
    assert tuple(row(found, "C-apart", "B")[["required", "achieved", "verdict"]]) == (1.0, 0.0, "fail"), metres
    assert "f5" in row(found, "C-apart", "B")["note"]
    assert "C-apart @ B" in {r["subject"] for r in found.disagreements()}
    barred = [r["subject"] for r in found.disagreements() if r["claim"] == "barred by a hard rule"]
    assert barred == (["f5"] if strength == "hard" else [])
    kept = what.replace("501", "500").replace("601", "600").replace("301", "300")
    plan = make_plan(write_study(tmp_path / "kept", {"C-apart": asked.replace(what, kept)}))
    assert audit(plan).disagreements() == []


@pytest.mark.parametrize(
    ("rules", "subject"),
    [
        ({"C-near": 'kind = "adjacency"\ntypes = ["outdoor_square"]\nfigure = 99\nunit = "m"'}, "f4"),
        ({"C-had": 'kind = "acquisition"\ntypes = ["street_centre"]\nmodes = ["build", "buy"]'}, "f5"),
        ({"C-beside": 'kind = "colocation"\ntypes = ["outdoor_square"]\nhost = "library"'}, "f4"),
        ({"C-room": 'kind = "unit_floor"\ntypes = ["police_room"]\nfigure = 21\nunit = "m2"'}, "f2"),
        ({"C-inside": 'kind = "inside"\ntypes = ["health_station"]\nhost = "service_centre"'}, "f6"),
    ],
)
def test_a_hard_rule_on_facilities_bars_what_is_new(tmp_path: Path, rules: dict[str, str], subject: str) -> None:
    wrong = audit(make_plan(write_study(tmp_path, rules))).disagreements()
    assert subject in [r["subject"] for r in wrong if r["claim"] == "barred by a hard rule"]
