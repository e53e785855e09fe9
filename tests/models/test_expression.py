"""Terms become what they say, on either PuLP line."""

from __future__ import annotations

import pytest

from siteplan.models.solver import Model, SolverOptions


def test_a_variable_in_several_terms_counts_with_their_sum() -> None:
    # x + 2x >= 6 asks for x = 2; the last term alone would ask for 3, the first for 6. The cost is (5 - 1) x.
    model = Model("sums")
    x = model.var("x", 0, 10)
    model.add([(x, 1.0), (x, 2.0)], ">=", 6.0, "row")
    model.minimise([(x, 5.0), (x, -1.0)])
    proof = model.solve(SolverOptions())
    assert model.values([x]).tolist() == pytest.approx([2.0])
    assert proof.value == pytest.approx(8.0)
