"""Areas in mu and hectares: by the heading or as said, with the factor's source, and never both at odds."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from siteplan.errors import LayerError
from siteplan.layers.area_units import AREA_UNITS, split_unit
from siteplan.layers.files import FileOptions
from siteplan.layers.handling import Handling
from siteplan.layers.read import read_layer


@pytest.mark.parametrize(
    ("heading", "base", "unit"),
    [
        ("用地面积（亩）", "用地面积", "mu"), ("用地面积(公顷)", "用地面积", "ha"), ("面积亩", "面积", "mu"), ("面积_亩", "面积", "mu"),
        ("land_mu", "land", "mu"), ("land_ha", "land", "ha"), ("Land [km2]", "Land", "km2"), ("建筑面积（万平方米）", "建筑面积", "10000 m2"),
        ("面积㎡", "面积", "m2"), ("land_m2", "land", "m2"), ("面积", "面积", None), ("亩", "亩", None), ("alpha", "alpha", None),
        ("emu", "emu", None),
    ],
)  # fmt: skip
def test_units_in_headings(heading, base, unit):
    assert split_unit(heading) == (base, unit)


def test_a_mu_is_a_fifteenth_of_a_hectare():
    assert AREA_UNITS["mu"][0] == pytest.approx(2000 / 3, rel=1e-15)
    assert AREA_UNITS["ha"][0] / AREA_UNITS["mu"][0] == pytest.approx(15)


def candidates(tmp_path, **columns):
    shapes = [shapely.Point(500_000 + 10 * k, 2_900_000) for k in range(2)]
    frame = gpd.GeoDataFrame(
        {"id": ["a", "b"], "floor_capacity_m2": [100.0, 200.0]} | columns, geometry=shapes, crs="EPSG:4547"
    )
    path = tmp_path / "a.gpkg"
    frame.to_file(path, layer="candidates")
    return path


@pytest.mark.parametrize("heading", ["用地面积（亩）", "land_mu"])
def test_the_heading_says_mu(tmp_path, heading):
    path = candidates(tmp_path, **{heading: [3.0, np.nan]})
    frame, notes = read_layer(path, "candidates")
    assert frame["land_m2"].tolist() == pytest.approx([2000.0, 0.0])
    assert frame[heading].tolist() == pytest.approx([3.0, np.nan], nan_ok=True)  # as it stands in the file
    said = [note.what for note in notes if "15 mu = 1 ha" in note.what]
    assert len(said) == 1
    assert heading in said[0]
    assert "666.666667" in said[0]


def test_study_toml_says_the_unit(tmp_path):
    path = candidates(tmp_path, land=["0.5", "2"])
    handling = Handling(units={"land_m2": "ha"})
    frame, _notes = read_layer(path, "candidates", columns={"land_m2": "land"}, handling=handling)
    assert frame["land_m2"].tolist() == [5000.0, 20_000.0]
    for said in ("公顷", "HA"):
        other = Handling(units={"land_m2": said})
        assert read_layer(path, "candidates", columns={"land_m2": "land"}, handling=other)[0]["land_m2"].tolist() == [
            5000,
            20_000,
        ]
    frame, _notes = read_layer(candidates(tmp_path, 用地面积=[1.0, 2.0]), "candidates", handling=handling)
    assert frame["land_m2"].tolist() == [10_000.0, 20_000.0]


def test_defaults_are_in_square_metres(tmp_path):
    path = candidates(tmp_path, land_mu=[3.0, np.nan])
    frame, _notes = read_layer(path, "candidates", defaults={"land_m2": 5.0})
    assert frame["land_m2"].tolist() == pytest.approx([2000.0, 5.0])


@pytest.mark.parametrize(
    ("units", "columns", "words"),
    [
        ({"land_m2": "acre"}, {}, "no unit acre"),
        ({"storeys": "mu"}, {}, "no column of areas"),
        ({"land_m2": "ha"}, {"land_m2": "land_mu"}, "its heading says mu"),
        ({"floor_capacity_m2": "mu"}, {}, "its heading says m2"),
        ({"land_m2": "mu"}, {"land_m2": "land_mu", "storeys": "none"}, "no column none"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, units, columns, words):
    with pytest.raises(LayerError, match=words):
        read_layer(
            candidates(tmp_path, land_mu=[3.0, 4.0]), "candidates", columns=columns, handling=Handling(units=units)
        )


def test_a_unit_for_a_column_that_is_not_there(tmp_path):
    with pytest.raises(LayerError, match="the file has no column land_m2"):
        read_layer(candidates(tmp_path), "candidates", handling=Handling(units={"land_m2": "mu"}))


def test_a_word_among_the_areas_is_named(tmp_path):
    with pytest.raises(LayerError) as caught:
        read_layer(candidates(tmp_path, land_mu=["3", "约4亩"]), "candidates")
    assert caught.value.row == "b"
    assert "约4亩" in caught.value.problem


@pytest.mark.parametrize(
    "columns",
    [
        {"land_m2": [1000.0, 2000.0], "land_mu": [1.0, 2.0]},
        {"用地面积": [1000.0, 2000.0], "用地面积（亩）": [1.0, 2.0]},
        {"用地面积（亩）": [15.0, 30.0], "用地面积（公顷）": [2.0, 4.0]},
    ],
)
def test_two_columns_of_one_area_that_differ_are_refused(tmp_path, columns):
    first, second = columns
    with pytest.raises(LayerError, match="their areas differ") as caught:
        read_layer(candidates(tmp_path, **columns), "candidates")
    assert f'columns = {{ land_m2 = "{first}" }}' in caught.value.remedy
    frame, _notes = read_layer(candidates(tmp_path, **columns), "candidates", columns={"land_m2": second})
    assert frame["land_m2"].tolist() == pytest.approx(
        [x * AREA_UNITS[split_unit(second)[1]][0] for x in columns[second]]
    )


def test_two_columns_of_one_area_that_agree_are_one(tmp_path):
    path = candidates(tmp_path, **{"用地面积": [1000.0, 2000.0], "用地面积（亩）": [1.5, 3.0]})
    frame, notes = read_layer(path, "candidates")
    assert frame["land_m2"].tolist() == [1000.0, 2000.0]
    assert not [note for note in notes if "15 mu" in note.what]
    path = candidates(tmp_path, **{"用地面积（亩）": [15.0, 30.0], "用地面积（公顷）": [1.0, 2.0]})
    frame, _notes = read_layer(path, "candidates")
    assert frame["land_m2"].tolist() == pytest.approx([10_000.0, 20_000.0])


def test_an_error_names_the_heading_that_the_file_has(tmp_path):
    with pytest.raises(LayerError, match=r"用地面积（亩）.*'3亩': it is not a number"):
        read_layer(candidates(tmp_path, **{"用地面积（亩）": ["3亩", "4"]}), "candidates")


def test_headings_of_the_study_are_known_before_units(tmp_path):
    path = candidates(tmp_path, **{"宗地面积": [1000.0, 2000.0], "用地面积（亩）": [1.0, 2.0]})
    options = FileOptions(aliases={"land_m2": ["宗地面积"]})
    with pytest.raises(LayerError, match="their areas differ"):
        read_layer(path, "candidates", options=options)
