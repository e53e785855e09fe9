"""Tiny studies that are made infeasible, each in one way, with the reason and the cheapest change that are known by reasoning.

The police room of 30 m2 that community A wants costs 30,000 yuan wherever the test says nothing else; tiny_study tells of the grid and of usual
candidates. A change that costs as much as another is cheaper where it needs less new money, then where it is smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shapely import box
from tiny_study import X, Y, centre, house, inside, least, one, place, reach, rule, standing, write_study

from siteplan.planning.explaining.explain import explain
from siteplan.planning.solve import solve
from siteplan.plans.scenario import Fund, Phase, Scenario

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from siteplan.planning.explaining.explanation import UnmetRule
    from siteplan.plans.plan import Plan
    from siteplan.study.study import Study

HERE = [house("b1", 250, 80)]
BOTH = [house("b1", 250, 80), house("b2", 1500, 80)]
ROOM = [one("police_room"), least("police_room", 30)]
KEY = ("K-police_room", "A")
COST = 30_000.0
_YUAN = 1.0


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way in which a study is infeasible.

    Parameters
    ----------
    name : str
    study : mapping
        What write_study is given, beside a house in A where it says nothing of buildings.
    scenario : Scenario
    key : (str, str)
        The rule and the unit that are unmet.
    reason : str
        Kind of the reason.
    says : str
        A part of the sentence in English.
    change : str
        Kind of the cheapest change.
    extra : float
        What it costs more than the plan, yuan.
    fields : mapping
        What the cheapest change holds besides.
    """

    name: str
    study: Mapping[str, Any]
    scenario: Scenario = field(default_factory=Scenario)
    key: tuple[str, str] = KEY
    reason: str
    says: str
    change: str
    extra: float = COST
    fields: Mapping[str, Any] = field(default_factory=dict)


def unmet_of(plan: Plan) -> set[tuple[str, str]]:
    """Return the rules and units that a plan does not meet."""
    return set(zip(plan.unmet["rule_id"], plan.unmet["unit_id"], strict=True))


def explained(study: Study, scenario: Scenario, key: tuple[str, str], reason: str) -> UnmetRule:
    """Explain one unmet rule of a study, hold its reason, and show that every change that is proposed meets it in a plan of its own."""
    plan = solve(study, scenario)
    assert plan.proven
    assert key in unmet_of(plan)
    found = explain(plan).of(*key)
    assert found.reason.kind == reason, found
    assert found.cheapest is not None, found
    assert found.proposals[0] is found.cheapest
    for proposal in found.proposals:
        again = solve(*proposal.apply(study, scenario))
        assert key not in unmet_of(again), proposal
        cost = again.facilities["cost_yuan"].sum() - plan.facilities["cost_yuan"].sum()
        assert abs(proposal.extra_yuan - cost) < _YUAN, proposal
        assert proposal.extra_yuan >= found.cheapest.extra_yuan or proposal.change.last_resort
    for lang in ("en", "zh"):
        texts = [found.sentence(lang), *(proposal.sentence(lang) for proposal in found.proposals)]
        assert all(text and "{" not in text for text in texts), texts
    return found


def shown(way: Way, folder: Path) -> UnmetRule:
    """Write the study of a way, explain its unmet rule, and hold reason, sentence and cheapest change to what is known."""
    study = write_study(folder, **({"buildings": HERE} | dict(way.study)))
    found = explained(study, way.scenario, way.key, way.reason)
    assert way.says in found.sentence("en"), found
    assert found.cheapest is not None
    assert found.cheapest.change.kind == way.change, found.proposals
    assert abs(found.cheapest.extra_yuan - way.extra) < _YUAN, found.cheapest
    for name, value in way.fields.items():
        have = getattr(found.cheapest.change, name)
        assert have == value or abs(have - value) < 0.02, (name, have, value)
    return found


A = place("a", 500)
FUND = Fund(name="county", yuan=(1e6,), townships=("T9",))
TWO = (Phase(name="2026", budget_yuan=20_000.0), Phase(name="2027", budget_yuan=100_000.0))
APART = rule("K-apart", "separation", "police_room", 100, "m", apart_from=["dwellings"])

OF_SITES = [
    Way(
        name="no candidate at all in the community",
        study={"rules": ROOM, "buildings": BOTH, "candidates": [place("b", 1400)]},
        reason="no_candidate",
        says="A has no candidate site",
        change="add_candidate",
    ),
    Way(
        name="the only candidate is smaller than the least size",
        study={"rules": ROOM, "candidates": [place("a", 500, floor_capacity_m2=20.0)]},
        reason="small",
        says="20 m2 of floor",
        change="more_area",
        fields={"site_id": "a", "floor_m2": 10.0, "land_m2": 0.0},
    ),
    Way(
        name="too little land",
        study={
            "rules": [rule("K-square", "area_floor", "outdoor_square", 500, "m2")],
            "candidates": [place("a", 500, land_m2=200.0, land_cost_per_m2_yuan=50.0)],
        },
        key=("K-square", "A"),
        reason="little_space",
        says="at most 200 m2 of land",
        change="more_area",
        extra=300 * 50.0,
        fields={"site_id": "a", "floor_m2": 0.0, "land_m2": 300.0},
    ),
    Way(
        name="the type is not allowed on the site",
        study={"rules": ROOM, "candidates": [place("a", 500, types="library")]},
        reason="types",
        says="their lists of types leave it out",
        change="allow_type",
        fields={"site_id": "a", "type": "police_room"},
    ),
    Way(
        name="the way in which the site is had is not allowed",
        study={
            "rules": [*ROOM, rule("K-had", "acquisition", "police_room", modes=["convert"])],
            "candidates": [A],
        },
        reason="mode",
        says="rule K-had does not allow",
        change="allow_mode",
        fields={"rule_id": "K-had", "mode": "build"},
    ),
    Way(
        name="kept apart from the dwellings",
        study={"rules": [*ROOM, APART], "candidates": [place("a", 310)]},
        reason="separation",
        says="the farthest: 60 m",
        change="relax_distance",
        fields={"rule_id": "K-apart", "figure": 60.0},
    ),
    Way(
        name="too far from the households that it must be near",
        study={"rules": [*ROOM, rule("K-near", "adjacency", "police_room", 100, "m")], "candidates": [place("a", 650)]},
        reason="adjacency",
        says="within the 100 walking metres",
        change="relax_distance",
        fields={"rule_id": "K-near", "figure": 400.0},
    ),
    Way(
        name="a room whose host may not stand at the site",
        study={"rules": [*ROOM, inside("police_room")], "candidates": [place("a", 500, types="police_room")]},
        reason="host",
        says="must be a room inside",
        change="allow_type",
        fields={"site_id": "a"},
    ),
    Way(
        name="a room whose host is larger than the site",
        study={
            "rules": [*ROOM, inside("police_room"), least("service_centre", 200), one("service_centre")],
            "candidates": [place("a", 500, floor_capacity_m2=120.0)],
        },
        reason="host",
        says="must be a room inside",
        change="more_area",
        extra=200_000.0,
        fields={"site_id": "a", "floor_m2": 80.0},
    ),
    Way(
        name="the only site is forbidden by the scenario",
        study={"rules": ROOM, "candidates": [A]},
        scenario=Scenario(forbidden=("a",)),
        reason="forbidden",
        says="is forbidden",
        change="unforbid",
        fields={"site_id": "a"},
    ),
    Way(
        name="the only site is forbidden by its layer",
        study={"rules": ROOM, "candidates": [place("a", 500, state="forbidden")]},
        reason="forbidden",
        says="is forbidden",
        change="unforbid",
        fields={"site_id": "a"},
    ),
    Way(
        name="the only site lies in an exclusion zone",
        study={
            "rules": ROOM,
            "candidates": [A],
            "exclusions": [{"id": "z", "kind": "flood", "geometry": box(X + 450, Y - 40, X + 550, Y + 40)}],
        },
        reason="excluded",
        says="exclusion zone (flood)",
        change="add_candidate",
    ),
    Way(
        name="two are asked for, and there is one site",
        study={"rules": [ROOM[0] | {"figure": 2.0}, ROOM[1]], "candidates": [A]},
        reason="few",
        says="1 of the 2 facilities",
        change="add_candidate",
    ),
    Way(
        name="a site that must be opened and may hold nothing that is planned",
        study={"rules": ROOM, "candidates": [A, place("b", 700, types="library")]},
        scenario=Scenario(required=("b",)),
        key=("scenario:required", "b"),
        reason="nothing_fits",
        says="must be opened",
        change="not_required",
        extra=0.0,
    ),
]
"""What the sites do not give."""

OF_HOUSEHOLDS = [
    Way(
        name="the reach is too short",
        study={"rules": [least("police_room", 30), reach("police_room", 300)], "candidates": [place("a", 900)]},
        key=("K-police_room-reach", "A"),
        reason="far",
        says="the nearest is 650 m away",
        change="relax_reach",
        fields={"figure": 650.0},
    ),
    Way(
        name="the only site is too small for all households",
        study={
            "rules": [rule("K-full", "capacity", "police_room", 1, "m2/household")],
            "candidates": [place("a", 500, floor_capacity_m2=50.0)],
        },
        scenario=Scenario(types=("police_room",)),
        key=("K-full", "A"),
        reason="full",
        says="to take them all",
        change="more_area",
        fields={"site_id": "a", "floor_m2": 30.0},
    ),
    Way(
        name="too few communities can have one",
        study={
            "rules": [rule("K-share", "share", "police_room", 1, "count", share=1.0, scope="study"), ROOM[1]],
            "buildings": BOTH,
            "candidates": [place("b", 1400)],
        },
        key=("K-share", "study"),
        reason="few_places",
        says="1 can have",
        change="add_candidate",
    ),
]
"""What the households lack."""

OF_MONEY = [
    Way(
        name="the budget of the study is too small",
        study={"rules": ROOM, "candidates": [A]},
        scenario=Scenario(budget_yuan=20_000.0),
        reason="budget",
        says="budget of the study",
        change="more_budget",
    ),
    Way(
        name="a cheaper site would do with the budget, if it were allowed",
        study={
            "rules": ROOM,
            "candidates": [A, place("b", 700, cost_per_m2_yuan=500.0, types="library")],
        },
        scenario=Scenario(budget_yuan=20_000.0),
        reason="budget",
        says="budget of the study",
        change="allow_type",
        extra=15_000.0,
        fields={"site_id": "b"},
    ),
    Way(
        name="the only site is too small, and the budget too",
        study={"rules": ROOM, "candidates": [place("a", 500, floor_capacity_m2=20.0)]},
        scenario=Scenario(budget_yuan=20_000.0),
        reason="small",
        says="holds 20 m2 of floor",
        change="more_area",
        fields={"site_id": "a", "floor_m2": 10.0, "money_yuan": 10_000.0},
    ),
    Way(
        name="the budget of the township is too small",
        study={"rules": ROOM, "candidates": [A], "budgets": {"T": 20_000.0}},
        reason="township_budget",
        says="budget of township T",
        change="more_budget",
    ),
    Way(
        name="no phase has enough money",
        study={"rules": ROOM, "candidates": [A]},
        scenario=Scenario(phases=(TWO[0],)),
        reason="phase_budget",
        says="budget of phase 2026",
        change="more_budget",
    ),
    Way(
        name="the money comes a phase too late",
        study={"rules": [one("police_room", phase="Y1"), ROOM[1]], "candidates": [A]},
        scenario=Scenario(phases=TWO),
        reason="late_money",
        says="before the money for it comes",
        change="earlier_money",
    ),
    Way(
        name="the fund is not for this community",
        study={"rules": ROOM, "candidates": [A]},
        scenario=Scenario(funds=(FUND,)),
        reason="no_fund",
        says="None of the funds",
        change="open_fund",
        fields={"townships": ("T",)},
    ),
    Way(
        name="the funds give too little",
        study={"rules": ROOM, "candidates": [A]},
        scenario=Scenario(funds=(Fund(name="county", yuan=(12_000.0,)),)),
        reason="funds",
        says="What the funds give",
        change="more_budget",
    ),
    Way(
        name="too few sites may be opened",
        study={
            "rules": [ROOM[0] | {"figure": 2.0}, ROOM[1]],
            "candidates": [A, place("b", 700)],
        },
        scenario=Scenario(max_sites=1),
        reason="max_sites",
        says="No more sites may be opened",
        change="more_sites",
        fields={"number": 1},
    ),
]
"""What the limits do not give."""

OF_EACH_OTHER = [
    Way(
        name="what is locked takes the room",
        study={
            "rules": [*ROOM, least("library", 20), one("library", strength="soft")],
            "candidates": [place("a", 500, floor_capacity_m2=100.0)],
        },
        scenario=Scenario(locked=("a/library",), locked_m2={"a/library": 80.0}),
        reason="locked",
        says="a/library",
        change="unlock",
        extra=-30_000.0,
    ),
    Way(
        name="the sites are alternatives of one place",
        study={
            "rules": [*ROOM, one("library"), least("library", 20)],
            "candidates": [
                place("a", 500, place="p", types="library"),
                place("b", 700, place="p", types="police_room"),
            ],
        },
        reason="place",
        says="alternatives of one place (p)",
        change="allow_type",
        fields={"site_id": "a"},
    ),
    Way(
        name="two hard rules that contradict one another by a third",
        study={
            "rules": [
                *ROOM,
                one("library"),
                least("library", 20),
                rule("K-apart", "separation", "police_room", 500, "m", apart_from=["library"]),
            ],
            "candidates": [place("a", 300, types="library"), place("b", 600, types="police_room")],
        },
        reason="conflict",
        says="cannot be had together with",
        change="relax_distance",
        fields={"rule_id": "K-apart", "figure": 300.0},
    ),
    Way(
        name="what stands is too small and is not closed",
        study={"rules": [ROOM[1]], "facilities": [standing("e1", "police_room", 300, 20, cost_per_m2_yuan=500.0)]},
        scenario=Scenario(types=("police_room",)),
        key=("K-police_room-size", "A"),
        reason="stands",
        says="smaller than 30 m2: e1",
        change="more_area",
        extra=5_000.0,
        fields={"site_id": "e1", "floor_m2": 10.0},
    ),
    Way(
        name="a floor for both, and one has taken it",
        study={
            "rules": [*ROOM, centre(100)],
            "candidates": [place("a", 500, floor_capacity_m2=100.0)],
        },
        key=("K-ratio", "A"),
        reason="conflict",
        says="cannot be had together with",
        change="more_area",
        extra=10_000.0,
        fields={"site_id": "a", "floor_m2": 10.0},
    ),
]
"""What one thing takes from another."""

WAYS = [*OF_SITES, *OF_HOUSEHOLDS, *OF_MONEY, *OF_EACH_OTHER]
"""Every way."""
