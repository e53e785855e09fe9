"""Sites from the layers: candidates as given, alternatives of one place, and what stands with what it may still hold."""

from random_study import layer, random_study
from shapely import Point

from siteplan.candidates.given import SITE_COLUMNS, candidate_sites
from siteplan.communities.form import form_communities
from siteplan.demand.households import households_on_buildings

X, Y = 500_000.0, 3_000_000.0


def sites_of(seed=1, **vectors):
    """Return the sites of a random study with other layers."""
    study, _scenario = random_study(seed)
    study = study.but(layers=study.layers.but(vectors={**study.layers.vectors, **vectors}))
    demand = households_on_buildings(study)
    formation = form_communities(study, demand.buildings)
    sites, notes = candidate_sites(
        study, formation.units, formation.demand, ("service_centre", "outdoor_square", "micro_fire")
    )
    return sites.set_index("id"), notes


def test_alternatives_and_what_extensions_cost():
    candidates = layer("candidates", [
        {"id": "c1", "kind": "buy", "place": "mill", "floor_capacity_m2": 90.0, "geometry": Point(X + 10, Y + 10)},
        {"id": "c2", "floor_capacity_m2": 50.0, "geometry": Point(X + 20, Y + 10)},
    ])  # fmt: skip
    facilities = layer("facilities", [
        {"id": "e1", "type": "service_centre", "area_m2": 60.0, "spare_m2": 30.0, "fixed_cost_yuan": 5000.0, "cost_per_m2_yuan": 700.0,
         "geometry": Point(X + 30, Y + 10)},
        {"id": "e2", "type": "outdoor_square", "area_m2": 200.0, "spare_m2": 40.0, "geometry": Point(X + 40, Y + 10)},
        {"id": "e3", "type": "micro_fire", "area_m2": 5.0, "geometry": Point(X + 50, Y + 10)},
        {"id": "e4", "type": "cemetery", "area_m2": 5.0, "geometry": Point(X + 60, Y + 10)},
    ])  # fmt: skip
    sites, _notes = sites_of(candidates=candidates, facilities=facilities)
    assert {"id", *sites.columns} == {*SITE_COLUMNS, "geometry"}
    assert sites["kind"].to_dict() == {"c1": "buy", "c2": "build", "e1": "existing", "e2": "existing", "e3": "existing"}
    assert sites["place"].to_dict() == {"c1": "mill", "c2": "", "e1": "", "e2": "", "e3": ""}
    assert sites["fixed_cost_yuan"].tolist() == [0, 0, 5000, 0, 0]
    assert sites["floor_capacity_m2"].tolist() == [90, 50, 30, 0, 0]
    assert sites["land_m2"].tolist() == [0, 0, 0, 40, 0]
    assert sites["existing_m2"].tolist() == [0, 0, 60, 200, 0]  # a fire station has no area


def test_layers_without_the_newer_columns_are_read():
    given = layer("candidates", [{"id": "c1", "floor_capacity_m2": 90.0, "geometry": Point(X + 10, Y + 10)}])
    stands = layer(
        "facilities", [{"id": "e1", "type": "service_centre", "area_m2": 60.0, "geometry": Point(X + 30, Y + 10)}]
    )
    sites, _notes = sites_of(candidates=given.drop(columns="place"), facilities=stands.drop(columns="fixed_cost_yuan"))
    assert sites["place"].tolist() == ["", ""]
    assert sites["fixed_cost_yuan"].tolist() == [0, 0]
