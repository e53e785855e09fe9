"""Budgets, funds, and what waiting weighs. The grid is that of tiny_study."""

import pytest
from siting_arrays import arrays
from tiny_study import centre, house, place, standing, write_study

from siteplan.planning.solve import solve
from siteplan.plans.scenario import Fund, Phase, Scenario

BOTH = [house("b1", 200, 425), house("b2", 1500, 100)]
PLACES = [place("c1", 300), place("c2", 1400)]


def study_of(folder, **more):
    return write_study(folder, rules=[centre(32)], buildings=BOTH, candidates=PLACES, **more)


def test_budgets_of_the_study_its_phases_and_its_townships(tmp_path):
    study = study_of(tmp_path, townships=("T", "U"), budgets={"T": 50_000.0, "U": None})
    phases = (Phase(name="1", budget_yuan=3e4), Phase(name="2"), Phase(name="3", budget_yuan=0.0))
    found = arrays(study, Scenario(budget_yuan=9e4, phases=phases))
    rows = [(budget.sites.tolist(), budget.limit, budget.phase) for budget in found.problem.budgets]
    assert rows == [([0, 1], 9e4, None), ([0, 1], 3e4, 0), ([0, 1], 0.0, 2), ([0], 5e4, None)]
    found = arrays(study, Scenario(township_budgets=False))
    assert found.problem.budgets == ()


@pytest.mark.parametrize(
    ("conditions", "sites"),
    [
        ({}, [0, 1]),
        ({"resettlement": "no"}, [1]),
        ({"key": "yes"}, [1]),
        ({"setting": "rural", "construction": "new"}, [0]),
        ({"townships": ("U",)}, [1]),
        ({"townships": ("T", "U"), "setting": "urban"}, [1]),
        ({"setting": "urban", "resettlement": "yes"}, []),
    ],
)
def test_funds_pay_for_the_communities_they_are_for(tmp_path, conditions, sites):
    about = {"B": {"resettlement": False, "key": True, "setting": "urban"}}
    study = study_of(tmp_path, townships=("T", "U"), each=about)
    funds = (Fund(name="all", yuan=(1e4,)), Fund(name="some", yuan=(1.0, 2.0), **conditions))
    found = arrays(study, Scenario(phases=(Phase(name="1"), Phase(name="2")), funds=funds))
    assert [(fund.sites.tolist(), fund.limits) for fund in found.problem.funds] == [
        ([0, 1], (1e4, 1e4)),
        (sites, (1.0, 2.0)),
    ]


def test_what_waiting_weighs(tmp_path):
    # A: 425 households, resettled, built in phase 1; B: 100 households, key, built in phase 2. What stands is not waited for.
    study = study_of(
        tmp_path, each={"B": {"key": True, "resettlement": False, "phase": 2.0}},
        facilities=[standing("e1", "service_centre", 500, 20)],
    )  # fmt: skip
    phases = (Phase(name="1"), Phase(name="2"))
    found = arrays(study, Scenario(phases=phases, key_weight=5.0, resettlement_weight=3.0))
    assert found.ids == ["c1/service_centre", "c2/service_centre", "e1"]
    assert found.problem.wait.tolist() == [425 * 3, 100 * 5, 0]
    assert found.problem.earliest.tolist() == [0, 1, 0]
    assert found.problem.community.tolist() == [0, 1]


def test_objectives_and_prices_are_those_of_the_scenario(tmp_path):
    scenario = Scenario(objectives=("equity", "backup"), facility_yuan=1.0, walking_yuan_per_km=2.0, cost_slack=0.5)
    problem = arrays(study_of(tmp_path), scenario).problem
    assert problem.extra == ("equity", "backup")
    assert (problem.facility_yuan, problem.walking_yuan_per_km, problem.cost_slack) == (1.0, 2.0, 0.5)


def test_what_an_earlier_plan_opened(tmp_path):
    study = study_of(tmp_path, facilities=[standing("e1", "service_centre", 500, 136)])
    plan = solve(study)
    found = arrays(study, previous=plan)
    assert found.ids == ["c1/service_centre", "c2/service_centre", "e1"]
    assert found.problem.previous.tolist() == [False, True, False]
    assert arrays(study).problem.previous is None
