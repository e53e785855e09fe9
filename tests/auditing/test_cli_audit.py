"""siteplan audit on a plan in a file."""

import json
from pathlib import Path

from audited_plan import make_plan, write_study
from click.testing import CliRunner

from siteplan.cli.audit import audit_command
from siteplan.plans.plan import Plan
from siteplan.plans.store import write_plan


def met(plan: Plan) -> Plan:
    """Ask for centres only: nothing is left unmet."""
    scenario = plan.scenario.but(types=("service_centre", "street_centre"))
    return plan.but(
        scenario=scenario,
        facilities=plan.facilities[plan.facilities["type"].isin(scenario.types)].reset_index(drop=True),
        unmet=plan.unmet.iloc[:0],
        stages=plan.stages.assign(value=[0.0, 665_000.0], bound=[0.0, 665_000.0], gap=0.0, status="optimal"),
        allocation=plan.allocation[plan.allocation["type"].isin(scenario.types)],
    )


def test_a_plan_with_hard_rules_unmet_is_exit_code_4(tmp_path: Path) -> None:
    path = write_plan(make_plan(write_study(tmp_path / "县 城")), tmp_path / "plan.gpkg")
    done = CliRunner().invoke(audit_command, [str(path), "--json"])
    assert done.exit_code == 4, done.output
    value = json.loads(done.stdout)
    assert value["counts"]["hard rules failed"] == 2
    assert value["counts"]["claims fail"] == 0


def test_a_plan_that_meets_every_hard_rule_is_exit_code_0(tmp_path: Path) -> None:
    plan = met(make_plan(write_study(tmp_path / "study")))
    path = write_plan(plan, tmp_path / "plan.gpkg")
    done = CliRunner().invoke(audit_command, [str(path), "--all"])
    assert done.exit_code == 0, done.output
    assert "0 do not" in " ".join(done.output.split())


def test_a_false_claim_in_the_file_is_exit_code_4(tmp_path: Path) -> None:
    plan = met(make_plan(write_study(tmp_path / "study")))
    plan.facilities.loc[plan.facilities["id"] == "f3", "area_m2"] = 401.0
    path = write_plan(plan, tmp_path / "plan.gpkg")
    done = CliRunner().invoke(audit_command, [str(path), "--study", str(tmp_path / "study")])
    assert done.exit_code == 4
    assert "existing area" in done.output
