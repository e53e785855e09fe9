"""siteplan audit on a plan in a file."""

import json
from pathlib import Path

from audited_plan import make_plan, write_study
from click.testing import CliRunner

from siteplan.cli.audit import audit_command
from siteplan.plans.plan import Plan
from siteplan.plans.store import write_plan

EASY = {"C-large": 'kind = "share"\ntypes = ["service_centre"]\nfigure = 400\nshare = 0.5\nunit = "m2"\nphase = "Y1"'}


def met(plan: Plan) -> Plan:
    """Ask for centres only: nothing is left unmet, and nobody asks who pays."""
    scenario = plan.scenario.but(types=("service_centre", "street_centre"), funds=(), objectives=())
    facilities = plan.facilities[plan.facilities["type"].isin(scenario.types)].reset_index(drop=True)
    values = {"hard-worst": 0.0, "hard-sum": 0.0, "targets": 0.0, "aims": 0.0, "cost": 665_000.0}
    values["walking"] = 665_000 + 2_000 + 0.1 * (100 * 1_000 + 150 * 800 + 50 * 600 + 70 * 800)
    stages = plan.stages[plan.stages["stage"].isin([*values, "delay"])]
    figures = stages["stage"].map(values | {"delay": 0.0})
    return plan.but(
        scenario=scenario,
        facilities=facilities,
        works=plan.works[plan.works["facility_id"].isin(facilities["id"])],
        payments=plan.payments.iloc[:0],
        unmet=plan.unmet.iloc[:0],
        stages=stages.assign(value=figures, bound=figures, gap=0.0, status="optimal"),
        allocation=plan.allocation[plan.allocation["type"].isin(scenario.types)],
    )


def test_a_plan_with_hard_rules_unmet_is_exit_code_4(tmp_path: Path) -> None:
    path = write_plan(make_plan(write_study(tmp_path / "县 城")), tmp_path / "plan.gpkg")
    done = CliRunner().invoke(audit_command, [str(path), "--json"])
    assert done.exit_code == 4, done.output
    value = json.loads(done.stdout)
    assert value["counts"]["hard rules failed"] == 5
    assert value["counts"]["claims fail"] == 0


def test_a_plan_that_meets_every_hard_rule_is_exit_code_0(tmp_path: Path) -> None:
    plan = met(make_plan(write_study(tmp_path / "study", EASY)))
    path = write_plan(plan, tmp_path / "plan.gpkg")
    done = CliRunner().invoke(audit_command, [str(path), "--all"])
    assert done.exit_code == 0, done.output
    assert "0 do not" in " ".join(done.output.split())


def test_a_false_claim_in_the_file_is_exit_code_4(tmp_path: Path) -> None:
    plan = met(make_plan(write_study(tmp_path / "study", EASY)))
    plan.facilities.loc[plan.facilities["id"] == "f3", "area_m2"] = 401.0
    path = write_plan(plan, tmp_path / "plan.gpkg")
    done = CliRunner().invoke(audit_command, [str(path), "--study", str(tmp_path / "study")])
    assert done.exit_code == 4
    assert "existing area" in done.output
