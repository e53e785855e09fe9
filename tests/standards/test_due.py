"""When a rule is due."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siteplan.standards import Rule, load_standards
from siteplan.standards.due import due_phase
from siteplan.standards.library import BUILT_IN

YEARS = ["2026", "2027", "2028"]


def rule(phase="", kind="presence", **more):
    fields = {"figure": 1, "unit": "count"} if kind == "presence" else {}
    fields |= {"types": ("service_centre",), "strength": "hard", "status": "verified", "source": "art. 7"}
    return Rule(id="X-1", kind=kind, phase=phase, **(fields | more))


@pytest.mark.parametrize(
    ("phase", "built", "phases", "due"),
    [
        ("", 1, YEARS, 3),
        ("Y1", 1, YEARS, 1),
        ("Y2", 1, YEARS, 2),
        ("Y3", 1, YEARS, 3),
        ("y2", 1, YEARS, 2),
        (" Y2 ", 1, YEARS, 2),
        ("Y3", 1, ["2026", "2027"], 2),  # at most the last
        ("Y1", 1, ["all"], 1),
        ("Y1", 2, YEARS, 2),  # never before the housing is there
        ("Y2", 3, YEARS, 3),
        ("2027", 1, YEARS, 2),  # a phase of that name
        ("2027", 3, YEARS, 3),
        ("2020", 1, YEARS, 3),  # a year that is no phase
        ("2020", 1, ["2019", "2020", "2021"], 2),
        ("Y2", 1, ["Y2", "Y1"], 1),  # a name goes before the count
        ("three years", 1, YEARS, 3),
        ("Y1 or Y2", 1, YEARS, 3),
        ("", 9, YEARS, 3),
        ("Y1", 0, YEARS, 1),
    ],
)
def test_when_a_rule_is_due(phase, built, phases, due):
    assert due_phase(rule(phase), built, phases) == due


@pytest.mark.parametrize("phase", ["", "Y1", "Y3", "2028"])
def test_a_rule_of_kind_phase_is_due_with_the_housing(phase):
    # requirement: S2-15a
    centre = rule(phase, kind="phase")
    assert [due_phase(centre, built, YEARS) for built in (1, 2, 3, 4)] == [1, 2, 3, 3]


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 8))
def test_the_nth_year_is_between_the_housing_and_the_last_phase(n, built, count):
    phases = [f"phase {k}" for k in range(1, count + 1)]
    assert due_phase(rule(f"Y{n}"), built, phases) == min(max(n, built), count)


def test_every_phase_of_the_documents_is_understood():
    # requirement: S3-06, S3-11, S3-16, S3-05, S3-08, S3-18, S4-04
    rules = [r for r in load_standards(BUILT_IN).rules if r.modelled and r.kind != "phase"]
    assert {due_phase(r, 1, YEARS) for r in rules if r.scope == "facility"} == {3}
    said = {r.phase: due_phase(r, 1, YEARS) for r in rules if r.scope != "facility"}
    assert said == {"": 3, "Y1": 1, "Y2": 2, "Y3": 3, "2020": 3}
    recorded = {r.phase for r in load_standards(BUILT_IN).rules if not r.modelled} - said.keys()
    assert recorded == {"three years"}  # S1-01 counts communities of a programme, not places
    assert not [phase for phase in said if phase and not re.fullmatch(r"Y\d|20\d\d", phase)]
