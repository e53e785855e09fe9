"""A study that asks for walking minutes: the plan is the same, tells them everywhere, and is audited on them."""

import json
import math

import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
from county_folder import EAST, NORTH, TOML, make_county, run_here
from rasterio.transform import Affine

from siteplan.auditing.audit import audit
from siteplan.planning.solve import solve
from siteplan.plans.store import read_plan, write_plan
from siteplan.plans.summary import minutes_by_type, minutes_lines, summary_text
from siteplan.study.check import check
from siteplan.study.study import open_study

SLOPE = '\n[layers.dem]\npath = "dem.tif"\n\n[access]\nslope = true\n'
WITHOUT_STREETS = (TOML + SLOPE).replace('[layers.streets]\npath = "layers.gpkg"\nlayer = "streets"\n\n', "")
FLAT = 100 * math.exp(-3.5 * 0.05)


def county(tmp_path, toml=TOML + SLOPE, per_metre=0.1):
    """The small county on a plane that rises to the east."""
    folder = make_county(tmp_path, toml=toml)
    heights = np.tile(500 + per_metre * 20 * (np.arange(70) + 0.5), (70, 1))
    with rasterio.open(
        folder / "dem.tif", "w", driver="GTiff", count=1, dtype="float64", crs="EPSG:4547", height=70, width=70,
        transform=Affine(20, 0, EAST - 200, 0, -20, NORTH + 1200),
    ) as target:  # fmt: skip
        target.write(heights, 1)
    return folder


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    return solve(open_study(county(tmp_path_factory.mktemp("slope"))))


def test_minutes_change_nothing_else(solved, tmp_path):
    plain = solve(open_study(make_county(tmp_path)))
    assert plain.minutes is None
    assert "minutes" not in repr(plain).casefold()
    pd.testing.assert_frame_equal(solved.allocation, plain.allocation)
    pd.testing.assert_frame_equal(pd.DataFrame(solved.facilities), pd.DataFrame(plain.facilities))
    assert solved.provenance["walking"] == plain.provenance["walking"]


def test_each_walk_by_hand(solved):
    """The street runs east: metres east of a home are climbed at 10 %, metres west of it go down; what is off the street is flat."""
    served = solved.allocation[solved.allocation["facility_id"] != ""].reset_index(drop=True)
    assert len(served) == len(solved.minutes) > 0
    homes = solved.demand.set_index("building_id").geometry
    places = solved.facilities.set_index("id").geometry
    up, down = 100 * math.exp(-3.5 * 0.15), 100 * math.exp(-3.5 * 0.05)
    for row, told in zip(served.itertuples(), solved.minutes.itertuples(), strict=True):
        home, place = homes[row.building_id], places[row.facility_id]
        off = abs(home.y - NORTH - 500) + abs(place.y - NORTH - 500)
        along = abs(place.x - home.x)
        east, west = along / up + off / FLAT, along / down + off / FLAT
        expected = (east, west) if place.x > home.x else (west, east)
        assert (told.minutes_there, told.minutes_back) == pytest.approx(expected, rel=1e-6)
        assert told.flat_metres == pytest.approx(sum(expected) / 2 * FLAT, rel=1e-6)
        assert row.metres == pytest.approx(along + off)


def test_the_means_are_weighted_by_households(solved):
    rows = minutes_by_type(solved).set_index("type")
    served = solved.allocation[solved.allocation["facility_id"] != ""].reset_index(drop=True)
    mine = (served["type"] == "service_centre") & (served["status"] == "served")
    weight, there = served["households"][mine], solved.minutes["minutes_there"][mine]
    row = rows.loc["service_centre"]
    assert row["there"] == pytest.approx((weight * there).sum() / weight.sum())
    assert row["households"] == weight.sum()
    assert row["longest"] == there.max()
    within = weight[there <= row["there_90"]].sum()
    assert within >= 0.9 * weight.sum() > within - weight[there == row["there_90"]].sum()
    assert "Minutes on foot over the slopes (Tobler)" in repr(solved)


def test_minutes_are_kept_in_the_plan_and_audited(solved, tmp_path):
    path = write_plan(solved, solved.study.folder / "base.gpkg")
    back = read_plan(path)
    pd.testing.assert_frame_equal(back.minutes, solved.minutes)
    claims = audit(back).claims
    said = claims[claims["claim"].str.contains("minutes|flat")]
    assert said["verdict"].tolist() == ["pass"] * 4
    for change in (
        back.minutes.assign(minutes_back=back.minutes["minutes_back"] + np.eye(len(back.minutes))[0]),
        back.minutes.iloc[1:],
        back.minutes.assign(facility_id="x"),
    ):
        found = audit(back.but(minutes=change)).claims
        assert (found[found["claim"].str.contains("minutes")]["verdict"] == "fail").any()
    without = audit(back.but(minutes=None)).claims
    assert not without["claim"].str.contains("minutes").any()


def test_the_commands_tell_minutes(tmp_path, capsys):
    folder = county(tmp_path)
    done = run_here(capsys, "solve", folder, "--json")
    assert {row["type"] for row in done.json["walking_minutes"]} == {"service_centre", "childrens_home"}
    assert "minutes" in {name for name, _ in pyogrio.list_layers(folder / "base.gpkg")}
    assert "Tobler" in json.dumps(read_plan(folder / "base.gpkg").provenance)
    spoken = run_here(capsys, "solve", folder)
    assert "as long as" in spoken.text


def test_without_a_dem_it_is_refused_before_the_work(tmp_path, capsys):
    # contract: C9
    folder = make_county(tmp_path, toml=TOML + "\n[access]\nslope = true\n")
    done = run_here(capsys, "solve", folder)
    assert done.code == 3
    assert "walking minutes need an elevation model" in done.text
    assert any("there is no dem" in warning for warning in check(open_study(folder)).warnings)
    assert not (folder / "base.gpkg").exists()


def without_heights(folder, column=35):
    with rasterio.open(folder / "dem.tif", "r+") as target:
        heights = target.read(1)
        heights[:, column:] = -32768
        target.write(heights, 1)


def test_heights_that_are_missing_are_told(tmp_path):
    folder = county(tmp_path)
    without_heights(folder)
    plan = solve(open_study(folder))
    assert any("has no height for 5" in text for key, text in plan.provenance.items() if key.startswith("note:"))
    assert "of the streets' length: taken as flat" in minutes_lines(plan)[-1]


def test_heights_that_are_missing_are_told_where_there_are_no_streets_too(tmp_path):
    folder = county(tmp_path, toml=WITHOUT_STREETS)
    assert "taken as flat" not in "".join(minutes_lines(solve(open_study(folder))))
    without_heights(folder, 0)
    assert (
        "has no height for 100.0% of the walks in straight lines: taken as flat"
        in minutes_lines(solve(open_study(folder)))[-1]
    )


def test_a_building_that_two_facilities_share_is_counted_once(solved):
    rows = solved.allocation
    one = rows.index[(rows["status"] == "served") & (rows["type"] == "service_centre")][0]
    halves = rows.loc[[one, one]].assign(households=rows.loc[one, "households"] / 2)
    split = solved.but(allocation=pd.concat([rows.drop(index=one), halves], ignore_index=True), minutes=None)
    assert summary_text(split).splitlines()[1] == summary_text(solved).splitlines()[1]
    assert "100.0% of households served" in summary_text(split).splitlines()[1]
