import pytest

from siteplan.communities.thresholds import NO_RULE, judge
from siteplan.errors import StandardsError
from siteplan.standards.library import Override, load_standards
from siteplan.standards.rule import Unit


def verdict(profile, **counts):
    rules = load_standards([profile]).formation()
    assert {rule.profile for rule in rules} == {profile}
    return judge(Unit(id="a", resettlement=True, **counts), rules)


@pytest.mark.parametrize(
    ("households", "hosts", "rule", "label"),
    [
        (0, False, "S2-05", "S"),
        (299.999, False, "S2-05", "S"),
        (300, True, "S2-04", "M"),
        (999, True, "S2-04", "M"),
        (1000, True, "S2-03", "L"),
        (20000, True, "S2-03", "L"),
    ],
)
def test_households_classes_are_half_open(households, hosts, rule, label):
    found = verdict("p002", households=households)
    assert (found.hosts, found.decided_by, found.size_class) == (hosts, rule, label)


@pytest.mark.parametrize(
    ("people", "hosts", "rule", "label"),
    [
        (999, False, "S0-04", "C"),
        (1000, True, "S0-03", "B"),
        (9999, True, "S0-03", "B"),
        (10000, True, "S0-02", "A"),
    ],
)
def test_people_classes_are_half_open(people, hosts, rule, label):
    found = verdict("p000", people=people)
    assert (found.hosts, found.decided_by, found.size_class) == (hosts, rule, label)
    assert (found.forms == "street") == (label == "A")


@pytest.mark.parametrize(
    ("households", "hosts", "label"), [(999, False, "S"), (1000, True, "M"), (1999, True, "M"), (2000, True, "L")]
)
def test_a_wanted_size_decides_where_no_class_does(households, hosts, label):
    found = judge(Unit(id="a", households=households, setting="urban"), load_standards(["p003"]).formation())
    assert (found.hosts, found.decided_by, found.size_class) == (hosts, "S3-19", label)


def test_rules_for_resettlement_leave_other_settlements_alone():
    found = judge(Unit(id="a", households=10, resettlement=False), load_standards(["p002"]).formation())
    assert found.hosts
    assert found.decided_by == NO_RULE


def test_a_figure_changed_without_its_class_is_refused():
    change = {"S2-05": Override(figure=200, reason="county meeting")}
    rules = load_standards(["p002"], overrides=change).formation()
    with pytest.raises(StandardsError, match="S2-05"):
        judge(Unit(id="a", households=250, resettlement=True), rules)
