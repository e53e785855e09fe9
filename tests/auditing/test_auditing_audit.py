"""The audit as a whole: its table, its walks by another program, its report, and what it may not import."""

import io
import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from audited_plan import CRS, OFF, TYPES, WALKS_A, at, make_plan, write_study
from rich.console import Console
from shapely import LineString
from tampering import both, row, stage

from siteplan.auditing.audit import audit
from siteplan.auditing.report import counts, last_line, shortfall_figures, to_json
from siteplan.auditing.table import TABLE_COLUMNS
from siteplan.cli.audit import print_audit
from siteplan.messages import set_language
from siteplan.plans.plan import ALLOCATION_COLUMNS, Plan


def test_the_table_says_what_each_clause_asks_and_gets(plan: Plan) -> None:
    found = audit(plan)
    assert tuple(found.table.columns) == TABLE_COLUMNS
    expected = {
        ("C-ratio", "A"): (80.0, 450.0, "m2", "pass"),
        ("C-total", "A"): (75.0, 450.0, "m2", "pass"),
        ("C-floor", "B"): (400.0, 400.0, "m2", "pass"),
        ("C-room", "A"): (1.0, 1.0, "facilities", "pass"),
        ("C-inside", "A"): (1.0, 1.0, "facilities", "pass"),
        ("C-police", "B"): (1.0, 0.0, "facilities", "fail"),
        ("C-reach", "B"): (120.0, 120.0, "households", "pass"),
        ("C-phase", "A"): (1.0, 1.0, "facilities", "pass"),
        ("C-half", "A"): (125.0, 140.0, "households", "pass"),
        ("C-places", "A"): (250.0, 140.0, "households", "fail"),
        ("C-places", "B"): (120.0, 120.0, "households", "pass"),
        ("C-apart", "B"): (1.0, 1.0, "facilities", "pass"),
        ("C-near", "A"): (1.0, 1.0, "facilities", "pass"),
        ("C-had", "B"): (1.0, 1.0, "facilities", "pass"),
        ("C-heads", "A"): (7.0, 7.0, "workers", "pass"),
        ("C-heads", "B"): (3.0, 5.0, "workers", "pass"),
        ("C-party", "A"): (20_000.0, 20_000.0, "yuan/year", "pass"),
        ("C-town", "t1"): (1.0, 1.0, "facilities", "pass"),
        ("C-pooled", "pool:t1"): (30.0, 20.0, "m2", "fail"),
        ("C-most", "study"): (333.0, 370.0, "households", "pass"),
        ("C-have", "study"): (1.0, 2.0, "communities", "pass"),
        ("C-large", "study"): (1.0, 0.0, "communities", "fail"),
        ("N-reach-outdoor_square-rural", "B"): (120.0, 0.0, "households", "fail"),
    }
    for (rule, unit), figures in expected.items():
        assert tuple(row(found, rule, unit)[["required", "achieved", "unit", "verdict"]]) == figures, rule
    assert row(found, "C-police", "B")["document"] == "county.txt"
    assert row(found, "C-police", "B")["unit_name"] == "乙"
    assert (found.hard_failed, found.ok) == (5, False)
    assert "hard rules failed: 5" in repr(found)


def test_each_rule_is_looked_at_in_the_phase_in_which_it_is_due(plan: Plan) -> None:
    table = audit(plan).table
    due = dict(zip(table["rule_id"] + " " + table["unit_id"], table["phase"], strict=True))
    assert (due["C-phase A"], due["C-have study"], due["C-large study"], due["C-floor A"]) == (1, 1, 1, 2)
    assert due["C-grid "] == 0
    later = plan.but(communities=plan.communities.assign(phase=[2, 2]))
    assert row(audit(later), "C-phase", "A")["phase"] == 2, "never before the housing"


def test_a_rule_of_a_named_phase_waits_for_the_housing(tmp_path: Path) -> None:
    rules = {"C-early": 'kind = "area_floor"\ntypes = ["service_centre"]\nfigure = 450\nunit = "m2"\nphase = "2026"'}
    found = audit(make_plan(write_study(tmp_path, rules)))
    assert tuple(row(found, "C-early", "A")[["achieved", "phase", "verdict"]]) == (400.0, 1, "fail")
    assert tuple(row(found, "C-early", "B")[["achieved", "phase", "verdict"]]) == (400.0, 2, "fail")
    assert {r["subject"] for r in found.disagreements() if r["claim"] == "unmet list"} == {"C-early @ A", "C-early @ B"}


def test_rules_for_new_communities_do_not_speak_for_existing_ones(plan: Plan) -> None:
    table = audit(plan).table
    assert table[(table["rule_id"] == "C-ratio")]["unit_id"].tolist() == ["A"]


def test_a_topic_on_which_no_rule_speaks_is_not_regulated(tmp_path: Path) -> None:
    rules = {
        "C-floor": 'kind = "area_floor"\ntypes = ["service_centre"]\nfigure = 400\nunit = "m2"\nconstruction = "new"'
    }
    found = audit(make_plan(write_study(tmp_path, rules)))
    silent = found.table[found.table["verdict"] == "not regulated"]
    of_b = silent[(silent["unit_id"] == "B") & (silent["kind"] == "area") & (silent["types"] == "service_centre")]
    assert len(of_b) == 1
    assert "C-ratio" in of_b["note"].iloc[0]
    assert not ((silent["unit_id"] == "A") & (silent["kind"] == "area")).any()
    assert found.disagreements() == []


def test_rules_switched_off_and_recorded_say_so(plan: Plan) -> None:
    table = audit(plan).table
    assert set(table.loc[table["verdict"] == "off", "rule_id"]) == set(OFF)
    assert set(table.loc[table["verdict"] == "off", "note"]) == {"not in this test"}
    assert table.loc[table["rule_id"] == "C-grid", "verdict"].tolist() == ["not evaluated"]


def test_an_existing_room_outside_its_host_fails_and_has_to_be_listed(tmp_path: Path) -> None:
    # contract: C3
    more = gpd.GeoDataFrame(
        {
            "id": ["e1", "e2", "e3"],
            "type": ["service_centre", "health_station", "police_room"],
            "area_m2": [400.0, 70.0, 15.0],
            "spare_m2": [50.0, 0.0, 0.0],
        },
        geometry=[at(1600), at(1250), at(1500)],
        crs=CRS,
    )
    plan = make_plan(write_study(tmp_path, facilities=more))
    assert [r["claim"] for r in audit(plan).disagreements()] == ["existing facilities"]

    room = plan.facilities.iloc[[2]].assign(id="f8", type="police_room", site_id="e3", area_m2=15.0, existing_m2=15.0)
    room = room.set_geometry(gpd.GeoSeries([at(1500)], index=room.index, crs=CRS))
    allocation = plan.allocation.copy()
    served = allocation["building_id"].isin(["b3", "b4"]) & (allocation["type"] == "police_room")
    allocation.loc[served, ["facility_id", "status"]] = ["f8", "served"]
    allocation.loc[served, "metres"] = [0.0, 200.0]
    broken = {"required": 1.0, "achieved": 0.0, "shortfall": 1.0, "unit": "facilities"}
    rules = ("C-inside", "C-beside", "C-room")
    listed = [plan.unmet.iloc[[0]].assign(rule_id=rule, **broken) for rule in rules]
    unmet = pd.concat([plan.unmet[~plan.unmet["rule_id"].isin(["C-police", "C-pooled"])], *listed])
    facilities = pd.concat([plan.facilities, room.assign(households_served=120.0)])
    walks_b = 50 * (100 + 0 + 500 + 250) + 70 * (100 + 200 + 700 + 450)
    held = both(
        lambda _plan: plan.but(facilities=facilities, allocation=allocation, unmet=unmet),
        stage("hard-sum", 2 + 1 + 1 + 5 / 20 + 110 / 250),
        stage("equity", walks_b / 480),
        stage("walking", 705_000 + 0.1 * (WALKS_A + walks_b)),
    )(plan)
    found = audit(held)
    assert found.disagreements() == []
    assert "f8" in row(found, "C-inside", "B")["note"]
    for rule in rules:
        short = audit(held.but(unmet=unmet[unmet["rule_id"] != rule]))
        assert [r["subject"] for r in short.disagreements()] == [f"{rule} @ B"]


@pytest.mark.parametrize(("area", "verdict"), [(450.0, "pass"), (449.99, "fail")])
def test_a_rule_is_failed_by_a_hair_and_the_report_shows_it(tmp_path: Path, area: float, verdict: str) -> None:
    rules = {
        "C-floor": 'kind = "area_floor"\ntypes = ["service_centre"]\nfigure = 450\nunit = "m2"\nconstruction = "new"'
    }
    plan = make_plan(write_study(tmp_path, rules))
    plan.facilities.loc[0, "area_m2"] = area
    plan.works.loc[1, "area_m2"] = area
    assert row(audit(plan), "C-floor", "A")["verdict"] == verdict


def test_a_township_without_its_centre_fails(plan: Plan) -> None:
    moved = plan.communities.assign(township_id=["t1", "t2"])
    facilities = plan.facilities.assign(township_id=["t1", "t1", "t2", "t1", "t2", "t1", "t2"])
    found = audit(plan.but(communities=moved, facilities=facilities))
    assert row(found, "C-town", "t1")["verdict"] == "fail"
    assert row(found, "C-town", "t2")["verdict"] == "pass"
    assert row(found, "C-pooled", "B")["verdict"] == "fail", "communities of two townships do not pool"
    subjects = [r["subject"] for r in found.disagreements() if r["claim"] == "unmet list"]
    assert subjects == ["C-pooled @ B", "C-pooled @ pool:t1", "C-town @ t1"]


def test_an_input_that_changed_on_disk_is_found(tmp_path: Path) -> None:
    # contract: C19
    plan = make_plan(write_study(tmp_path))
    with (tmp_path / "streets.gpkg").open("ab") as file:
        file.write(b"\0")
    (tmp_path / "sites.gpkg").unlink()
    wrong = audit(plan).disagreements()
    assert [(r["claim"], r["subject"]) for r in wrong] == [("inputs", "sites"), ("inputs", "streets")]


# --- walks, by networkx ------------------------------------------------------------------------------------------

STREETS = [
    [(100, 0), (200, 0)],
    [(200, 0), (250, 90), (300, 0)],
    [(300, 0), (300, 400)],
    [(300, 400), (700, 430), (1000, 400)],
    [(1000, 400), (1000, 0)],
    [(1000, 0), (1250, 150), (1500, 0)],
    [(1500, 0), (1600, 0)],
    [(1600, 0), (1600, -70), (1700, 0)],
    [(200, 0), (200, -300), (1000, -310), (1000, 0)],
    [(1700, 0), (1900, 0)],
]


def walks_by_networkx() -> dict[str, dict[str, float]]:
    graph = nx.Graph()
    for line in STREETS:
        for a, b in pairwise(line):
            graph.add_edge(a, b, weight=math.dist(a, b))
    places = {"b1": 100, "b2": 300, "b3": 1500, "b4": 1700}
    return {name: nx.single_source_dijkstra_path_length(graph, (x, 0)) for name, x in places.items()}


def test_the_distances_of_a_plan_are_those_of_networkx(tmp_path: Path) -> None:
    # contract: C4
    streets = gpd.GeoDataFrame(
        {"id": [f"w{n}" for n in range(len(STREETS))]},
        geometry=[LineString([at(*xy) for xy in line]) for line in STREETS],
        crs=CRS,
    )
    study = write_study(tmp_path, streets=streets)
    plan = make_plan(study.but(settings=study.settings.but(access={"cutoff_m": 5000.0})))
    walks = walks_by_networkx()
    stands = {"f1": 200, "f2": 200, "f3": 1600, "f4": 200, "f5": 1000}
    reach = {"service_centre": 600.0, "outdoor_square": 500.0}
    home = {"b1": "A", "b2": "A", "b3": "B", "b4": "B"}
    homes = {"b1": 100.0, "b2": 150.0, "b3": 50.0, "b4": 70.0}
    rows = []
    for kind in TYPES[:4]:
        for building, metres in walks.items():
            open_ = plan.facilities[plan.facilities["type"] == kind]
            if kind in {"service_centre", "police_room"}:
                open_ = open_[open_["community_id"] == home[building]]
            near = min(((metres[(stands[name], 0)], name) for name in open_["id"]), default=(math.nan, ""))
            status = "none" if not near[1] else "served" if near[0] <= reach.get(kind, math.inf) else "out_of_reach"
            rows.append((building, kind, near[1], near[0], status, homes[building]))
    allocation = pd.DataFrame(rows, columns=list(ALLOCATION_COLUMNS))
    assert allocation["metres"].max() > 2000, "the street is meant to be a detour"

    types = plan.scenario.but(types=TYPES[:4])
    found = audit(plan.but(allocation=allocation, scenario=types))
    claims = found.claims[found.claims["claim"].isin(["metres", "nearest facility", "status", "allocated once"])]
    assert len(claims) == 1 + 3 * 4
    assert set(claims["verdict"]) == {"pass"}
    near = allocation[allocation["type"] == "service_centre"]
    households = np.array(list(homes.values()))
    reached = households[(near["metres"] <= 600).to_numpy() & (near["building_id"].map(home) == "B").to_numpy()].sum()
    assert row(found, "C-reach", "B")["achieved"] == reached

    short = allocation.assign(
        metres=[
            {"b1": 100.0}.get(b, m) - 1.0 for b, m in zip(allocation["building_id"], allocation["metres"], strict=True)
        ]
    )
    assert "metres" in {r["claim"] for r in audit(plan.but(allocation=short, scenario=types)).disagreements()}


# --- report ------------------------------------------------------------------------------------------------------


def test_the_report_prints_clause_by_clause_and_ends_with_the_counts(plan: Plan) -> None:
    set_language("en")
    stream = io.StringIO()
    found = audit(plan.but(unmet=plan.unmet.iloc[1:]))
    print_audit(found, console=Console(file=stream, width=220))
    lines = stream.getvalue().splitlines()
    assert "county.txt" in lines[0]
    police = next(line for line in lines if "C-police" in line and "B 乙" in line)
    assert "fail" in police
    assert any("claims that do not hold" in line for line in lines)
    assert not any("C-grid" in line for line in lines)
    assert lines[-1] == last_line(found)
    assert "1 do not" in lines[-1]
    everything = io.StringIO()
    print_audit(found, everything=True, console=Console(file=everything, width=220))
    assert "C-grid" in everything.getvalue()


def test_text_from_data_is_printed_as_it_is(plan: Plan) -> None:
    # contract: C11
    named = plan.but(communities=plan.communities.assign(name=["[red]甲[/red]", "乙"]))
    stream = io.StringIO()
    print_audit(audit(named), console=Console(file=stream, width=220))
    assert "[red]甲[/red]" in stream.getvalue()


def test_the_audit_as_json_has_no_nan(plan: Plan) -> None:
    found = audit(plan)
    value = json.loads(json.dumps(to_json(found), allow_nan=False))
    assert value["ok"] is False
    assert value["counts"] == counts(found)
    assert sum(value["counts"][name] for name in ("pass", "fail", "not regulated", "not evaluated", "off")) == len(
        found.table
    )
    assert value["table"][0]["rule_id"] == found.table["rule_id"].iloc[0]


def test_two_figures_that_differ_never_look_the_same() -> None:
    assert shortfall_figures(400.0, 399.9999, "fail") == ("400.0", "399.9999")


def test_the_audit_shares_nothing_with_the_optimiser() -> None:
    # contract: C4
    banned = ["models", "siting", "planning", "communities", "candidates", "demand"]
    script = (
        "import sys, siteplan.auditing.audit, siteplan.auditing.report\n"
        f"print([m for m in sys.modules for b in {banned!r} if m.startswith('siteplan.' + b)], 'pulp' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"
