"""Each kind of rule on hand-made frames: exactly met, missed by a hair, not applicable."""

import math

import numpy as np
import pandas as pd
import pytest

from siteplan.auditing.rules import EVALUATORS, Scene, counted_area, evaluate, within
from siteplan.standards.kinds import MODELLED_KINDS
from siteplan.standards.rule import Rule

FACILITIES = pd.DataFrame(
    [
        ("h", "service_centre", "s", "", 400.0),
        ("r", "police_room", "s", "h", 20.0),
        ("o", "police_room", "t", "", 30.0),
        ("q", "outdoor_square", "t", "", 100.0),
    ],
    columns=["id", "type", "site_id", "inside", "area_m2"],
)


def rule(kind: str, *types: str, **more: object) -> Rule:
    return Rule(id="T", kind=kind, types=types, strength="hard", status="verified", source="a test", **more)


def scene(facilities: pd.DataFrame = FACILITIES, *, metres: tuple[float, ...] = (), **figures: float) -> Scene:
    table = FACILITIES.set_index("id")
    return Scene(
        figures={"households": 1250.0, "people": 4400.0, "elderly": math.nan, "children": math.nan} | figures,
        facilities=facilities,
        hosts=table["type"],
        host_sites=table["site_id"],
        households=np.array([100.0, 50.0, 0.5])[: len(metres)],
        nearest=lambda _types: np.array(metres),
    )


def test_every_modelled_kind_is_evaluated() -> None:
    assert set(EVALUATORS) == set(MODELLED_KINDS)


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


def test_area_ratio_of_a_figure_nobody_gives_is_not_evaluated() -> None:
    outcome = evaluate(rule("area_ratio", "shelter", figure=1, unit="m2/person", denominator="elderly"), scene())
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


def test_unit_floor_names_each_facility_that_is_too_small() -> None:
    outcome = evaluate(rule("unit_floor", "police_room", figure=30, unit="m2"), scene())
    assert (outcome.verdict, outcome.achieved, outcome.shortfall, outcome.offenders) == (
        "fail",
        20.0,
        10.0,
        {"r": 20.0},
    )
    assert evaluate(rule("unit_floor", "police_room", figure=20, unit="m2"), scene()).verdict == "pass"


@pytest.mark.parametrize("kind", ["unit_floor", "inside"])
def test_rules_on_each_facility_hold_where_there_is_none(kind: str) -> None:
    more = {"figure": 20, "unit": "m2"} if kind == "unit_floor" else {"host": "service_centre"}
    outcome = evaluate(rule(kind, "library", **more), scene())
    assert (outcome.verdict, outcome.note) == ("pass", "no such facility here")


@pytest.mark.parametrize(("figure", "verdict"), [(2, "pass"), (3, "fail")])
def test_presence_counts_facilities(figure: int, verdict: str) -> None:
    outcome = evaluate(rule("presence", "police_room", figure=figure, unit="count"), scene())
    assert (outcome.achieved, outcome.verdict) == (2.0, verdict)


def test_inside_fails_for_a_room_without_a_host() -> None:
    outcome = evaluate(rule("inside", "police_room", host="service_centre"), scene())
    assert (outcome.required, outcome.achieved, outcome.shortfall) == (2.0, 1.0, 1.0)
    assert list(outcome.offenders) == ["o"]


@pytest.mark.parametrize(("host", "site"), [("q", "t"), ("h", "t"), ("unknown", "s")])
def test_inside_wants_the_right_host_at_the_same_site(host: str, site: str) -> None:
    room = FACILITIES.iloc[[1]].assign(inside=host, site_id=site)
    assert evaluate(rule("inside", "police_room", host="service_centre"), scene(room)).verdict == "fail"


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


def test_reach_of_a_unit_without_households_is_met() -> None:
    assert evaluate(rule("reach", "service_centre", figure=500, unit="m"), scene(metres=())).verdict == "pass"


def test_recorded_kinds_are_never_met() -> None:
    # contract: C16
    outcome = evaluate(rule("fund", figure=10_000, unit="yuan/year"), scene())
    assert outcome.verdict == "not evaluated"
    assert math.isnan(outcome.achieved)


def test_within_takes_a_limit_for_each() -> None:
    assert within(np.array([300.0, 300.0, np.inf]), np.array([300.0, 299.0, np.inf])).tolist() == [True, False, False]
