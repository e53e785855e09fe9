"""The catalogue of facility types."""

import pytest

from siteplan.errors import StandardsError
from siteplan.messages import set_language
from siteplan.standards import FACILITY_TYPES, facility_type


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_type_can_be_told_apart_on_a_map():
    colours = [t.colour for t in FACILITY_TYPES.values()]
    symbols = [t.symbol for t in FACILITY_TYPES.values()]
    assert len(set(colours)) == len(set(symbols)) == len(FACILITY_TYPES) >= 29
    assert all(len(symbol) == 1 for symbol in symbols)
    assert all(1.05 / (luminance(colour) + 0.05) >= 3 for colour in colours)


def test_words_are_known():
    assert {t.space for t in FACILITY_TYPES.values()} == {"floor", "land", "none"}
    assert {t.serves for t in FACILITY_TYPES.values()} == {"community", "anyone"}


@pytest.mark.parametrize("key", ["outdoor_square", "shelter", "cemetery"])
def test_open_land(key):
    assert facility_type(key).space == "land"


@pytest.mark.parametrize(
    ("key", "serves"),
    [
        ("service_centre", "community"),
        ("police_room", "community"),
        ("police_station", "anyone"),
        ("health_station", "anyone"),
        ("micro_fire", "anyone"),
    ],
)
def test_whom_a_type_may_serve(key, serves):
    assert facility_type(key).serves == serves


def test_label_follows_the_language():
    try:
        set_language("zh")
        assert facility_type("library").label == "图书室"
        set_language("en")
        assert facility_type("library").label == "library"
    finally:
        set_language(None)


def test_unknown_type_names_the_nearest():
    with pytest.raises(StandardsError, match="health_station"):
        facility_type("heath_station")
