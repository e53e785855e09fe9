"""The table of a layer against its contract, all rows at once, and what is hardly right."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pandera.errors import SchemaErrors

from siteplan.layers.columns import conform
from siteplan.layers.repair import Place
from siteplan.layers.roles import ROLES
from siteplan.layers.tabular import schema_of, table_findings

PLACE = Place(role="sites", path="a.gpkg")


def sites(**columns):
    n = len(next(iter(columns.values())))
    base = {"id": [f"s{k}" for k in range(n)], "households": [10.0] * n} | columns
    frame = gpd.GeoDataFrame(base, geometry=[shapely.Point(k, 0) for k in range(n)], crs="EPSG:4547")
    return conform(frame, "sites")[0]


def said(frame, role="sites"):
    return {(one.row, one.what) for one in table_findings(frame, Place(role=role, path=""))}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_a_schema_with_its_columns(role):
    schema = schema_of(role)
    assert set(schema.columns) == {"id", *(column.name for column in ROLES[role].columns)}


def test_a_good_table_has_no_findings():
    assert said(sites(people=[30.0, np.nan], elderly=[5.0, 1.0], children=[3.0, np.nan])) == set()


def test_counts_of_a_row_are_held_against_one_another():
    frame = sites(people=[9.0, 101.0, 20.0, 35.0], elderly=[1.0, 1.0, 15.0, np.nan], children=[1.0, 1.0, 6.0, 36.0])
    assert said(frame) == {
        ("s0", "fewer people than households"),
        ("s1", "more than 10 people to a household"),
        ("s2", "more elderly and children than people"),
        ("s3", "more elderly and children than people"),
    }


def test_a_table_edited_in_memory_is_held_against_the_whole_contract():
    frame = sites(people=[30.0, 30.0, 30.0])
    frame.loc[0, "households"] = -1.0
    frame.loc[1, "id"] = "s2"
    frame.loc[2, "setting"] = "town"
    frame = frame.drop(columns="phase")
    found = said(frame)
    assert ("s0", "households -1.0: it must be 0 or more") in found
    assert ("s2", "the id stands more than once") in found
    assert ("s2", "setting town: it must be one of urban, rural") in found
    assert ("", "column phase is missing") in found
    assert all(one.kind == "finding" and one.problem == "value" for one in table_findings(frame, PLACE))


def test_missing_where_a_value_is_needed_and_words_for_numbers():
    frame = sites(people=[30.0, 30.0])
    frame.loc[0, "households"] = np.nan
    assert said(frame) == {("s0", "column households is empty")}
    frame["elderly"] = ["five", "six"]
    assert ("", "column elderly holds no numbers") in said(frame)


def test_storeys_that_no_building_has():
    frame = gpd.GeoDataFrame(
        {"id": ["a", "b"], "floors": [6.0, 600.0]}, geometry=[shapely.Point(0, 0)] * 2, crs="EPSG:4547"
    )
    frame = conform(frame, "buildings")[0]
    assert said(frame, "buildings") == {("b", "floors 600.0: more than 100 storeys")}
    with pytest.raises(SchemaErrors):
        schema_of("buildings").validate(frame, lazy=True)
