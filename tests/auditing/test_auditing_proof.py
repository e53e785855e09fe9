"""Stages and inputs that cannot be so: each falsehood is caught."""

import pytest
from tampering import (
    Tamper,
    failed,
    scenario,
    stage,
    table,
    where,
    without,
)

from siteplan.auditing.audit import audit
from siteplan.auditing.claims import FAIL, PASS, Claims
from siteplan.auditing.proof import check_inputs
from siteplan.layers.collection import file_sha256
from siteplan.plans.plan import Plan

CASES: dict[str, tuple[Tamper, set[str]]] = {
    "a stopped stage called optimal": (table("stages", where({"stage": "cost"}, status="optimal")), {"stage status"}),
    "a gap made small": (table("stages", where({"stage": "cost"}, gap=0.0)), {"stage gap"}),
    "a gap made small and called optimal": (
        table("stages", where({"stage": "cost"}, gap=0.0, status="optimal")),
        {"stage gap", "stage status"},
    ),
    "a largest shortfall that is not the plan's": (stage("hard-worst", 0.5), {"stage value"}),
    "a sum that is not the plan's": (stage("hard-sum", 3.0), {"stage value"}),
    "a cost that is not the plan's": (stage("cost", 680_000.0), {"stage value"}),
    "a dearer cost, proven": (stage("cost", 730_000.0), {"stage value"}),
    "walks that are too short": (stage("walking", 740_000.0), {"stage value"}),
    "walks that are too long": (stage("walking", 800_000.0), {"stage value"}),
    "a mean walk that is too short": (stage("equity", 260.0), {"stage value"}),
    "second facilities that are not there": (stage("backup", 1_200.0), {"stage value"}),
    "nobody waits": (stage("delay", 0.0), {"stage value"}),
    "a stage left out": (table("stages", without(stage="delay")), {"order of stages"}),
    "stages in another order": (table("stages", lambda frame: frame.iloc[::-1]), {"order of stages"}),
    "a stage nobody asked for": (scenario(objectives=()), {"order of stages"}),
    "an input": (lambda plan: plan.but(provenance=plan.provenance | {"sha256:sites": "0" * 64}), {"inputs"}),
    "an input left out": (lambda plan: plan.but(provenance={}), {"inputs"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_falsehood_about_the_proof_is_caught(plan: Plan, name: str) -> None:
    tamper, claims = CASES[name]
    found = audit(tamper(plan))
    assert failed(found) == claims, found
    assert found.ok is False


def test_a_layer_that_is_a_folder_is_an_input_like_any_other(tmp_path):
    folder = tmp_path / "county.gdb"
    folder.mkdir()
    (folder / "a00000001.gdbtable").write_bytes(b"rows")
    digest = file_sha256(folder)
    for stated, holds in ((digest, True), ("0" * 64, False)):
        claims = Claims()
        check_inputs(claims, {"sha256:sites": stated}, {"sites": folder}, {})
        assert [row[4] for row in claims.rows] == [PASS if holds else FAIL]
