"""Small communities that meet a rule on areas together."""

from pathlib import Path

from audited_plan import make_plan, write_study
from tampering import row

from siteplan.auditing.audit import audit


def test_communities_that_are_not_small_do_not_pool(tmp_path: Path) -> None:
    rules = {"C-pool": 'kind = "pooling"\ntypes = ["police_room"]\nfigure = 250\nunit = "households"'}
    found = audit(make_plan(write_study(tmp_path, rules)))
    assert row(found, "C-pooled", "A")["verdict"] == "pass"
    assert tuple(row(found, "C-pooled", "B")[["required", "achieved", "verdict"]]) == (15.0, 0.0, "fail")
    assert {r["subject"] for r in found.disagreements() if r["claim"] == "unmet list"} == {
        "C-pooled @ B",
        "C-pooled @ pool:t1",
    }
