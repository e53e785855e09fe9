"""What is built when, what it costs and who pays, from answers made by hand."""

import numpy as np
import pytest
from siting_arrays import arrays
from tiny_study import house, inside, one, place, standing, write_study

from siteplan.models.stages import JointAnswer
from siteplan.plans.scenario import Fund, Phase, Scenario
from siteplan.siting.answer import to_facilities
from siteplan.siting.works import to_payments, to_works, works_of

TWO = (Phase(name="1"), Phase(name="2"))


@pytest.fixture
def found(tmp_path):
    """A centre that may hold libraries at c1 (10,000 yuan once, 1,000 a m2) and in e1, which may grow by 50 m2 (7,000 once, 500 a m2)."""
    rules = [one("service_centre"), one("library"), inside("library", strength="target"), one("police_room")]
    stands = [standing("e1", "service_centre", 500, 40, spare_m2=50.0, cost_per_m2_yuan=500.0, fixed_cost_yuan=7000.0)]
    places = [place("c1", 300, fixed_cost_yuan=10_000.0)]
    study = write_study(tmp_path, rules=rules, buildings=[house("b1", 200, 425)], candidates=places, facilities=stands)
    funds = (Fund(name="a", yuan=(1e6,)), Fund(name="b", yuan=(1e6,)))
    return arrays(study, Scenario(phases=TWO, funds=funds))


def answer(found, areas, paid=None):
    """Return the answer in which facilities have these areas at the end of the two phases; None: not open."""
    slots = found.problem.slots
    area = np.tile(slots.existing_m2, (2, 1))
    phase = np.where(slots.existing, 0, -1)
    for name, m2 in areas.items():
        s = found.slot(name)
        for t, value in enumerate(m2):
            if value is not None:
                area[t, s] = value
                phase[s] = t + 1 if phase[s] == -1 else phase[s]
    return JointAnswer(
        opened=phase >= 0,
        area_m2=area,
        phase=phase.astype(np.int64),
        paid=np.zeros((2, 2, len(found.problem.sites))) if paid is None else paid,
        covered=np.zeros(len(found.problem.cover)),
        stages=(),
        components=1,
    )


def table(found, areas):
    works = works_of(found.problem, answer(found, areas))
    return to_works(works, found.ids).to_numpy().tolist()


def test_what_opens_together_shares_what_its_site_costs(found):
    # The library is a room: the centre and the police room share the 10,000, and the room costs nothing.
    areas = {"c1/service_centre": (30.0, 30.0), "c1/library": (20.0, 20.0), "c1/police_room": (10.0, 10.0)}
    assert table(found, areas) == [
        ["c1/library", 1, 20.0, 0.0], ["c1/police_room", 1, 10.0, 15_000.0], ["c1/service_centre", 1, 30.0, 35_000.0],
    ]  # fmt: skip


def test_who_comes_first_pays_for_the_site(found):
    areas = {"c1/service_centre": (30.0, 30.0), "c1/police_room": (None, 10.0)}
    assert table(found, areas) == [["c1/police_room", 2, 10.0, 10_000.0], ["c1/service_centre", 1, 30.0, 40_000.0]]


def test_extensions_pay_once_and_rooms_before_what_grows(found):
    # e1 grows in both phases: 7,000 with the first of them. A room that opens in the same phase is new, and pays instead.
    assert table(found, {"e1": (50.0, 90.0)}) == [["e1", 1, 50.0, 12_000.0], ["e1", 2, 90.0, 20_000.0]]
    both = {"e1": (50.0, 50.0), "e1/library": (10.0, 10.0)}
    assert table(found, both) == [["e1", 1, 50.0, 5000.0], ["e1/library", 1, 10.0, 7000.0]]
    later = {"e1": (50.0, 50.0), "e1/library": (None, 10.0)}
    assert table(found, later) == [["e1", 1, 50.0, 12_000.0], ["e1/library", 2, 10.0, 0.0]]


def test_roundings_of_the_solver_build_nothing(found):
    assert table(found, {"e1": (40.00001, 40.00002)}) == []
    grown = table(found, {"c1/service_centre": (30.0, 30.0000001)})
    assert grown == [["c1/service_centre", 1, 30.0, 40_000.0]]


def test_facilities_of_an_answer(found):
    given = answer(found, {"c1/service_centre": (None, 30.0), "c1/library": (None, 20.0), "e1": (50.0, 90.0)})
    works = works_of(found.problem, given)
    frame = to_facilities(found.question, found.problem, given, works).set_index("id")
    wanted = ["status", "mode", "phase", "inside", "area_m2", "existing_m2", "cost_yuan"]
    assert frame.loc["c1/service_centre", wanted].tolist() == ["new", "build", 2, "", 30.0, 0.0, 40_000.0]
    assert frame.loc["c1/library", wanted].tolist() == ["new", "build", 2, "c1/service_centre", 20.0, 0.0, 0.0]
    assert frame.loc["e1", wanted].tolist() == ["extended", "extend", 0, "", 90.0, 40.0, 32_000.0]
    alone = answer(found, {"e1/library": (10.0, 10.0)})
    frame = to_facilities(found.question, found.problem, alone, works_of(found.problem, alone)).set_index("id")
    assert frame.loc["e1", wanted].tolist() == ["existing", "existing", 0, "", 40.0, 40.0, 0.0]
    assert frame.loc["e1/library", wanted].tolist() == ["new", "convert", 1, "e1", 10.0, 0.0, 7000.0]


def test_payments_are_those_of_the_answer(found):
    # 40,000 yuan at c1 in phase 2, shared by both; e1 is paid by b alone. What rounding leaves is no payment.
    paid = np.zeros((2, 2, 2))
    paid[1, :, 0] = 13_333.33333333, 26_666.66666667
    paid[0, 1, 1], paid[0, 0, 1] = 12_000.0, 1e-7
    given = answer(found, {"c1/service_centre": (None, 30.0), "e1": (50.0, 50.0)}, paid)
    rows = to_payments(found.question, given).to_numpy().tolist()
    assert rows == [["c1", 2, "a", 13_333.3333], ["c1", 2, "b", 26_666.6667], ["e1", 1, "b", 12_000.0]]


def test_without_funds_nobody_is_asked(tmp_path):
    study = write_study(
        tmp_path, rules=[one("library")], buildings=[house("b1", 200, 425)], candidates=[place("c1", 300)]
    )
    found = arrays(study)
    slots = found.problem.slots
    given = JointAnswer(
        opened=np.array([True]), area_m2=np.full((1, 1), 20.0), phase=np.array([1]), paid=np.zeros((1, 0, 1)),
        covered=np.zeros(0), stages=(), components=1,
    )  # fmt: skip
    assert len(slots) == 1
    payments = to_payments(found.question, given)
    assert len(payments) == 0
    assert payments.dtypes.astype(str).to_dict() == {
        "site_id": "str",
        "phase": "int64",
        "fund": "str",
        "yuan": "float64",
    }
