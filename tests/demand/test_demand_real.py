"""Households on real buildings: the municipalities of Liechtenstein and the town of Guixi keep their totals to the last household."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from siteplan.demand.households import place_households
from siteplan.layers.read import read_layer
from siteplan.study.settings import DemandSettings

DATA = os.environ.get("SITEPLAN_DATA")
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA, reason="SITEPLAN_DATA is not set: no real data"),
]
WHOLE = DemandSettings(whole_households=True)


def test_every_municipality_of_liechtenstein_keeps_its_people_and_its_whole_households():
    file = Path(DATA) / "liechtenstein" / "liechtenstein.gpkg"
    buildings = read_layer(
        file, "buildings", layer="buildings", columns={"id": "osm_uid", "use": "building"}, target_crs="EPSG:32632"
    )[0]
    municipalities = read_layer(
        file,
        "communities",
        layer="municipalities",
        columns={"id": "name", "people": "population"},
        target_crs="EPSG:32632",
    )[0]
    demand = place_households(buildings, communities=municipalities, settings=WHOLE)
    found = demand.buildings
    sums = found.groupby("community_id")[["households", "people"]].sum().loc[municipalities["id"]]
    people = municipalities["people"].to_numpy()
    assert sums["people"].to_numpy() == pytest.approx(people)
    assert people.sum() == 38_086
    assert sums["households"].tolist() == np.floor(people / 3.52 + 0.5).tolist()
    assert (found["households"] == found["households"].round()).all()
    assert any("households of 11 communities: 3.52 people to each (assumed)" in note for note in demand.notes)
    assert demand.basis == "dasymetric"
    homes = buildings.set_index("id").loc[found["building_id"]]
    assert homes["use"].isin(WHOLE.residential_uses).all()


def test_guixi_spreads_its_households_over_165_buildings_and_loses_none():
    file = Path(DATA) / "guixi" / "guixi.gpkg"
    buildings = read_layer(
        file, "buildings", layer="buildings", columns={"id": "osm_way_id", "use": "building"}, target_crs="EPSG:32650"
    )[0]
    county = gpd.read_file(file, layer="boundary").to_crs(buildings.crs).assign(id="贵溪", households=5_683.0)
    assert len(buildings) == 165
    demand = place_households(buildings, communities=county, settings=WHOLE)
    households = demand.buildings["households"]
    assert households.sum() == 5_683
    exact = place_households(buildings, communities=county).buildings.set_index("building_id")["households"]
    assert exact.sum() == pytest.approx(5_683)
    found = demand.buildings.set_index("building_id")["households"]
    assert (found - exact.loc[found.index]).abs().max() < 1
