"""Each kind of rule on hand-made frames: exactly met, missed by a hair, not applicable."""

import math

import numpy as np
import pandas as pd
import pytest

from siteplan.auditing.outcome import within
from siteplan.auditing.rules import EVALUATORS, counted_area, evaluate
from siteplan.auditing.scene import Scene
from siteplan.standards.kinds import MODELLED_KINDS
from siteplan.standards.rule import Rule

FACILITIES = pd.DataFrame(
    [
        ("h", "service_centre", "s", "", 400.0, "new", "build"),
        ("r", "police_room", "s", "h", 20.0, "new", "build"),
        ("o", "police_room", "t", "", 30.0, "extended", "extend"),
        ("q", "outdoor_square", "t", "", 100.0, "existing", "existing"),
    ],
    columns=["id", "type", "site", "inside", "area_m2", "status", "mode"],
)


def rule(kind: str, *types: str, **more: object) -> Rule:
    return Rule(id="T", kind=kind, types=types, strength="hard", status="verified", source="a test", **more)


def scene(
    facilities: pd.DataFrame = FACILITIES,
    *,
    metres: tuple[float, ...] = (),
    straight: dict[str, dict[str, float]] | None = None,
    doors: dict[str, float] | None = None,
    listed: float = 0.0,
    **figures: float,
) -> Scene:
    """Return a scene in which each building has the walk of ``metres`` to whatever is asked for."""
    households = np.array([100.0, 50.0, 0.5])[: len(metres)]
    names = facilities["id"]
    counts = {"households": float(households.sum()) if metres else 1250.0, "people": 4400.0, "buildings": 30.0}
    return Scene(
        figures={**counts, "elderly": math.nan, "children": math.nan, **figures},
        facilities=facilities,
        standing=FACILITIES,
        reached=lambda _types, limit: math.fsum(households[within(np.array(metres), limit)]),
        straight=lambda rows, word: np.array([(straight or {}).get(word, {}).get(names[n], math.inf) for n in rows]),
        doorstep=lambda rows: np.array([(doors or {}).get(names[n], math.inf) for n in rows]),
        listed=lambda _rule: listed,
    )


def test_every_modelled_kind_is_evaluated() -> None:
    assert {*EVALUATORS, "share", "pooling"} == set(MODELLED_KINDS)


@pytest.mark.parametrize(("households", "verdict"), [(1250.0, "pass"), (1250.01, "fail"), (1250.0001, "pass")])
def test_area_ratio_at_its_figure_and_a_hair_above(households: float, verdict: str) -> None:
    outcome = evaluate(rule("area_ratio", "service_centre", figure=32, unit="m2/100hh"), scene(households=households))
    assert outcome.required == pytest.approx(0.32 * households)
    assert (outcome.achieved, outcome.verdict, outcome.unit) == (400.0, verdict, "m2")


@pytest.mark.parametrize(
    ("unit", "denominator", "figure", "required"),
    [
        ("m2/person", "people", 1.0, 4400.0),
        ("m2/1000people", "people", 20.0, 88.0),
        ("m2/person", "elderly", 2.0, 1000.0),
    ],
)
def test_area_ratio_of_each_unit_and_denominator(unit: str, denominator: str, figure: float, required: float) -> None:
    asked = rule("area_ratio", "outdoor_square", figure=figure, unit=unit, denominator=denominator)
    assert evaluate(asked, scene(elderly=500.0)).required == pytest.approx(required)


@pytest.mark.parametrize("kind", ["area_ratio", "capacity"])
def test_a_figure_that_nobody_gives_is_not_evaluated(kind: str) -> None:
    outcome = evaluate(rule(kind, "shelter", figure=1, unit="m2/person", denominator="elderly"), scene())
    assert outcome.verdict == "not evaluated"
    assert "elderly" in outcome.note


def test_several_types_count_outermost_facilities_only_and_one_type_counts_all() -> None:
    assert counted_area(FACILITIES, ("service_centre", "police_room")) == 430.0
    assert counted_area(FACILITIES, ("police_room",)) == 50.0


@pytest.mark.parametrize(("figure", "verdict", "shortfall"), [(430.0, "pass", 0.0), (430.01, "fail", 0.01)])
def test_area_floor(figure: float, verdict: str, shortfall: float) -> None:
    outcome = evaluate(rule("area_floor", "service_centre", "police_room", figure=figure, unit="m2"), scene())
    assert outcome.verdict == verdict
    assert outcome.shortfall == pytest.approx(shortfall)


def test_unit_floor_counts_the_facilities_that_keep_it_and_says_what_the_others_lack() -> None:
    outcome = evaluate(rule("unit_floor", "police_room", figure=30, unit="m2"), scene())
    assert (outcome.verdict, outcome.required, outcome.achieved, outcome.shortfall) == ("fail", 2.0, 1.0, 1.0)
    assert outcome.offenders == pytest.approx({"r": 1 / 3})
    assert evaluate(rule("unit_floor", "police_room", figure=20, unit="m2"), scene()).verdict == "pass"


ON_FACILITIES = {
    "unit_floor": {"figure": 20, "unit": "m2"},
    "inside": {"host": "service_centre"},
    "colocation": {"host": "service_centre"},
    "separation": {"figure": 50, "unit": "m", "apart_from": ("dwellings",)},
    "adjacency": {"figure": 500, "unit": "m"},
    "acquisition": {"modes": ("build",)},
}


@pytest.mark.parametrize("kind", ON_FACILITIES)
def test_rules_on_facilities_hold_where_there_is_none(kind: str) -> None:
    outcome = evaluate(rule(kind, "library", **ON_FACILITIES[kind]), scene())
    assert (outcome.verdict, outcome.required, outcome.note) == ("pass", 0.0, "no such facility here")


@pytest.mark.parametrize(("figure", "verdict"), [(2, "pass"), (3, "fail")])
def test_presence_counts_facilities(figure: int, verdict: str) -> None:
    outcome = evaluate(rule("presence", "police_room", figure=figure, unit="count"), scene())
    assert (outcome.achieved, outcome.verdict) == (2.0, verdict)


@pytest.mark.parametrize(("kind", "verdict"), [("service_centre", "pass"), ("library", "fail")])
def test_phase_asks_for_one_that_is_open(kind: str, verdict: str) -> None:
    assert evaluate(rule("phase", kind), scene()).verdict == verdict


def test_inside_fails_for_a_room_without_a_host() -> None:
    outcome = evaluate(rule("inside", "police_room", host="service_centre"), scene())
    assert (outcome.required, outcome.achieved, outcome.shortfall) == (2.0, 1.0, 1.0)
    assert outcome.offenders == {"o": 1.0}


@pytest.mark.parametrize(("host", "site"), [("q", "t"), ("h", "t"), ("unknown", "s")])
def test_inside_wants_the_right_host_at_the_same_site(host: str, site: str) -> None:
    room = FACILITIES.iloc[[1]].assign(inside=host, site=site)
    assert evaluate(rule("inside", "police_room", host="service_centre"), scene(room)).verdict == "fail"


def test_colocation_wants_a_host_at_the_site_and_no_more() -> None:
    outcome = evaluate(rule("colocation", "police_room", host="outdoor_square"), scene())
    assert outcome.offenders == {"r": 1.0}


@pytest.mark.parametrize(("metres", "broken"), [(50.0, {}), (49.9999, {"o": 1.0}), (49.99999, {})])
def test_separation_is_kept_at_the_figure(metres: float, broken: dict[str, float]) -> None:
    asked = rule("separation", "police_room", figure=50, unit="m", apart_from=("dwellings", "exclusion:water"))
    near = {"dwellings": {"r": 60.0, "o": 60.0}, "exclusion:water": {"o": metres}}
    assert evaluate(asked, scene(straight=near)).offenders == broken


def test_separation_from_exclusions_without_a_figure_is_outside_of_them() -> None:
    asked = rule("separation", "police_room", apart_from=("exclusion:water",))
    assert evaluate(asked, scene(straight={"exclusion:water": {"r": 0.0, "o": 0.1}})).offenders == {"r": 1.0}


@pytest.mark.parametrize(("metres", "broken"), [(500.0, {"q": 1.0}), (500.001, {"o": 1.0, "q": 1.0})])
def test_adjacency_is_inclusive(metres: float, broken: dict[str, float]) -> None:
    asked = rule("adjacency", "police_room", "outdoor_square", figure=500, unit="m")
    assert evaluate(asked, scene(doors={"r": 3.0, "o": metres})).offenders == broken


@pytest.mark.parametrize(
    ("types", "modes", "required", "broken"),
    [
        (("police_room",), ("build", "extend"), 2.0, {}),
        (("police_room",), ("extend",), 2.0, {"r": 1.0}),
        ((), ("build",), 3.0, {"o": 1.0}),
        (("outdoor_square",), ("build",), 0.0, {}),
    ],
)
def test_acquisition_looks_at_what_is_new_or_extended(
    types: tuple[str, ...], modes: tuple[str, ...], required: float, broken: dict[str, float]
) -> None:
    outcome = evaluate(rule("acquisition", *types, modes=modes), scene())
    assert (outcome.required, outcome.offenders) == (required, broken)


def test_acquisition_where_one_stands_speaks_only_there() -> None:
    asked = rule("acquisition", "service_centre", modes=("extend",), standing=True)
    assert evaluate(asked, scene()).required == 0.0, "the only centre is new"
    standing = pd.concat([FACILITIES, FACILITIES.iloc[[0]].assign(id="e", status="existing", mode="existing")])
    assert evaluate(asked, scene(standing.reset_index(drop=True))).offenders == {"h": 1.0}


@pytest.mark.parametrize(
    ("metres", "achieved", "verdict"),
    [
        ((500.0, 500.0, 500.0), 150.5, "pass"),
        ((500.0, 500.0, 500.01), 150.0, "fail"),
        ((500.0004, 0.0, math.inf), 150.0, "fail"),
    ],
)
def test_reach_is_inclusive(metres: tuple[float, ...], achieved: float, verdict: str) -> None:
    # contract: C5
    outcome = evaluate(rule("reach", "service_centre", figure=500, unit="m"), scene(metres=metres))
    assert (outcome.required, outcome.achieved, outcome.verdict) == (150.5, achieved, verdict)


@pytest.mark.parametrize(("share", "verdict"), [(0.66, "pass"), (0.67, "fail")])
def test_reach_of_a_share_of_the_households(share: float, verdict: str) -> None:
    asked = rule("reach", "service_centre", figure=500, unit="m", share=share)
    outcome = evaluate(asked, scene(metres=(500.0, 501.0, 501.0)))
    assert (outcome.required, outcome.achieved) == (pytest.approx(share * 150.5), 100.0)
    assert outcome.verdict == verdict


def test_reach_of_a_unit_without_households_is_met() -> None:
    outcome = evaluate(rule("reach", "service_centre", figure=500, unit="m"), scene(households=0.0))
    assert outcome.verdict == "pass"


def test_capacity_wants_every_household_served_however_far() -> None:
    outcome = evaluate(rule("capacity", "shelter", figure=1, unit="m2/household"), scene(metres=(9e3, 1.0, math.inf)))
    assert (outcome.required, outcome.achieved, outcome.unit, outcome.verdict) == (150.5, 150.0, "households", "fail")


@pytest.mark.parametrize(
    ("figure", "unit", "required"),
    [
        (5, "workers", 5.0),
        (400, "households/worker", 4.0),
        (18, "workers/10000people", 8.0),
        (1, "heads/building", 30.0),
        (1250, "households/worker", 1.0),
    ],
)
def test_workers_are_rounded_up(figure: float, unit: str, required: float) -> None:
    asked = rule("staff", figure=figure, unit=unit)
    assert evaluate(asked, scene(listed=required)).required == required
    assert evaluate(asked, scene(listed=required)).verdict == "pass"
    assert evaluate(asked, scene(listed=required - 1)).verdict == "fail"


def test_workers_for_people_whom_nobody_counts_are_not_evaluated() -> None:
    outcome = evaluate(rule("staff", figure=18, unit="workers/10000people"), scene(people=math.nan))
    assert outcome.verdict == "not evaluated"


def test_yearly_money_is_what_the_plan_lists_for_it() -> None:
    asked = rule("fund", figure=10_000, unit="yuan/year")
    assert evaluate(asked, scene(listed=9_999.0)).shortfall == 1.0
    assert evaluate(asked, scene(listed=10_000.0)).verdict == "pass"


@pytest.mark.parametrize("asked", [rule("grid"), rule("fund", unit="yuan/year"), rule("separation", "cemetery")])
def test_recorded_kinds_are_never_met(asked: Rule) -> None:
    # contract: C16
    outcome = evaluate(asked, scene())
    assert outcome.verdict == "not evaluated"
    assert math.isnan(outcome.achieved)


def test_within_takes_a_limit_for_each() -> None:
    assert within(np.array([300.0, 300.0, np.inf]), np.array([300.0, 299.0, np.inf])).tolist() == [True, False, False]
