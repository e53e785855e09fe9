"""Which people a layer counts, and which counts follow from others."""

import geopandas as gpd
import numpy as np
from shapely import Point

from siteplan.layers.people import settle_people
from siteplan.layers.repair import Place
from siteplan.layers.roles import ROLES

NAN = float("nan")
KINDS = ("registered", "relocated", "resident")


def layer(role="sites", n=1, **columns):
    data = {name: [NAN] * n for name in ("households", "people", *KINDS)}
    more = {} if role == "buildings" else {"resettlement": [role == "sites"] * n}
    data |= {"id": [f"r{k}" for k in range(n)]} | more | columns
    return gpd.GeoDataFrame(data, geometry=[Point(k, 0) for k in range(n)], crs="EPSG:4547")


def settled(frame, role="sites", people_are=None):
    found, notes = settle_people(
        frame, Place(role=role, path="a.csv"), people_are=people_are, persons_per_household=3.52
    )
    assert all(note.kind == "note" for note in notes)
    return found, [note.what for note in notes]


def counts(frame, row=0):
    return [frame[name].iloc[row] for name in ("people", *KINDS)]


def test_the_roles_that_count_people_have_chinese_names_for_each_kind():
    for role in ("sites", "communities", "buildings"):
        names = {name: ROLES[role].column(name).zh for name in ("people", *KINDS, "elderly", "children")}
        assert names == {
            "people": "人口", "registered": "户籍人口", "relocated": "搬迁人口", "resident": "常住人口",
            "elderly": "老年人口", "children": "儿童人口",
        }  # fmt: skip


def test_given_counts_are_left_alone_and_nothing_is_said():
    frame = layer(people=[100.0], registered=[120.0], relocated=[80.0], resident=[95.0])
    found, notes = settled(frame)
    assert counts(found) == [100, 120, 80, 95]
    assert notes == []


def test_people_are_the_residents_first_then_the_relocated_then_the_registered():
    frame = layer("communities", 3, registered=[120.0] * 3, relocated=[80.0, 80.0, NAN], resident=[95.0, NAN, NAN])
    found, notes = settled(frame, "communities")
    assert found["people"].tolist() == [95, 80, 120]
    assert notes == [
        "1 of 3 rows, people: resident",
        "1 of 3 rows, people: relocated",
        "1 of 3 rows, people: registered",
    ]


def test_on_a_resettlement_site_all_people_were_relocated_which_is_assumed():
    frame = layer(n=3, people=[100.0, NAN, NAN], households=[NAN, 50.0, NAN])
    found, notes = settled(frame)
    np.testing.assert_allclose(found["relocated"], [100, 176, NAN])
    assert notes == [
        "1 of 3 rows, relocated: all people of a resettlement site (assumed)",
        "1 of 3 rows, relocated: 3.52 for each household of a resettlement site (assumed)",
    ]
    ordinary, notes = settled(layer("communities", people=[100.0], households=[30.0]), "communities")
    assert np.isnan(ordinary[list(KINDS)].to_numpy(dtype=float)).all()
    assert notes == []


def test_nobody_is_registered_or_resident_unless_somebody_says_so():
    found, _notes = settled(layer(people=[100.0]))
    assert np.isnan([found["registered"].iloc[0], found["resident"].iloc[0]]).all()
    found, notes = settled(layer("buildings", people=[10.0]), "buildings", "resident")
    assert counts(found)[0] == counts(found)[3] == 10
    assert notes == ["1 of 1 rows, resident: the people, as study.toml says"]
