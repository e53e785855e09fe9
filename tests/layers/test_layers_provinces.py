"""Division codes against positions: a layer in a wrong zone is seen by them alone."""

import geopandas as gpd
import pyproj
import pytest
import shapely
from real_counties import FIVE, counties, provinces

from siteplan.layers.divisions import PROVINCES
from siteplan.layers.provinces import BOXES, astray

GZ = [(105.4, 26.2), (105.5, 26.3), (105.6, 26.1)]
IDS = ["520203102000", "520203103000", "520203"]


def layer(ids=IDS, places=GZ, crs="EPSG:4490"):
    return gpd.GeoDataFrame({"id": ids}, geometry=[shapely.Point(*xy) for xy in places], crs=crs)


def test_every_province_has_a_box_and_it_is_that_of_the_official_map():
    assert set(BOXES) == PROVINCES
    outlines = provinces()
    assert len(outlines) == 34
    for row in outlines.itertuples():
        west, south, east, north = row.geometry.bounds
        box = BOXES[row.id[:2]]
        assert box[0] <= west <= box[0] + 0.11
        assert box[1] <= south <= box[1] + 0.11
        assert box[2] - 0.11 <= east <= box[2]
        assert box[3] - 0.11 <= north <= box[3]


@pytest.mark.parametrize("town", FIVE)
def test_towns_of_the_documents_lie_in_their_provinces(town):
    outlines = counties(FIVE[town])
    assert astray(outlines, pyproj.CRS.from_epsg(4490)) is None


@pytest.mark.parametrize(("said", "true"), [(4547, 4544), (4508, 4544), (2386, None)])
def test_a_wrong_zone_is_named(said, true):
    # contract: C1
    right = layer().to_crs(true or 2380)
    wrong = right.set_crs(said, allow_override=True)
    found = astray(wrong, pyproj.CRS.from_epsg(said))
    assert (found.provinces, found.rows, found.out) == (("52",), 3, 3)
    assert 110 < found.box[0] < 126
    assert found.zone.to_epsg() == true or (true is None and found.zone is not None)


def test_another_projection_is_not_guessed():
    wrong = layer(places=[(x + 9, y) for x, y in GZ]).to_crs(32650)
    found = astray(wrong, pyproj.CRS.from_epsg(32650))
    assert found.out == 3
    assert found.zone is None


def test_codes_stand_in_their_column_first_and_other_ids_are_no_codes():
    frame = layer(ids=["a", "b", "c"])
    assert astray(frame, frame.crs) is None
    coded = frame.assign(code=["150402001000", "150402002000", None])
    assert astray(coded, frame.crs).provinces == ("15",)
    assert astray(layer(ids=["1", "2", "3"]), frame.crs) is None


def test_a_few_rows_astray_are_no_wrong_zone():
    assert astray(layer(places=[GZ[0], GZ[1], (114.5, 26.1)]), pyproj.CRS.from_epsg(4490)) is None
