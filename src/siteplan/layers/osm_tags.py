"""What OpenStreetMap tags mean to siteplan: streets one may walk, existing facilities, land one cannot build on.

The tables and the reasons for them are in ``docs/decisions/0006-osm-reading.md``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

Tags = Mapping[str, str]

WALKABLE = frozenset(
    {
        "trunk", "primary", "primary_link", "secondary", "secondary_link", "tertiary", "tertiary_link",
        "unclassified", "residential", "living_street", "service", "pedestrian", "road", "track", "footway", "path",
        "steps", "corridor",
    }
)  # fmt: skip
"""Values of ``highway`` that are walked on unless ``foot`` or ``access`` forbids it."""

WITH_FOOT = frozenset({"motorway", "motorway_link", "trunk_link", "cycleway", "bridleway", "busway"})
"""Values of ``highway`` that are walked on only where ``foot`` allows it."""

PLACES = frozenset(
    {"city", "town", "suburb", "quarter", "neighbourhood", "village", "hamlet", "isolated_dwelling", "farm"}
)
"""Values of ``place`` that are settlements."""

_FOOT_ALLOWED = frozenset({"yes", "designated", "permissive", "destination", "customers"})
_CLOSED = frozenset({"no", "private"})

_ELDERLY = frozenset({"senior", "seniors", "elderly"})
_BY_TAG: tuple[tuple[str, str, str], ...] = (
    ("amenity", "police", "police_station"),
    ("amenity", "community_centre", "service_centre"),
    ("amenity", "nursing_home", "elderly_care"),
    ("social_facility", "nursing_home", "elderly_care"),
    ("amenity", "hospital", "health_centre"),
    ("amenity", "clinic", "health_station"),
    ("amenity", "doctors", "health_station"),
    ("healthcare", "centre", "health_station"),
    ("healthcare", "clinic", "health_station"),
    ("healthcare", "doctor", "health_station"),
    ("amenity", "library", "library"),
    ("amenity", "kindergarten", "kindergarten"),
    ("amenity", "childcare", "nursery"),
)
"""Key, value, facility type; the first that matches speaks."""

_BY_NAME: tuple[tuple[str, str], ...] = (
    ("便民服务中心|街道服务中心|镇.*服务中心|乡.*服务中心", "street_centre"),
    ("警务室", "police_room"),
    ("派出所", "police_station"),
    ("儿童之家", "childrens_home"),
    ("日间照料", "elderly_care"),
    ("敬老院|养老院|养老服务", "elderly_care"),
    ("卫生服务中心|卫生院", "health_centre"),
    ("卫生服务站|卫生室|卫生所", "health_station"),
    ("微型消防站", "micro_fire"),
    ("党群服务|居委会|居民委员会|村委会|村民委员会|社区服务", "service_centre"),
    ("文化活动室|文体活动室|文化活动中心|文化站", "culture_room"),
    ("图书室|图书馆|农家书屋", "library"),
)
"""Part of a Chinese name, facility type; asked before the tags, of objects that bear one of FACILITY_KEYS."""

FACILITY_KEYS = ("amenity", "social_facility", "healthcare", "office", "government", "emergency")

_AMENITY_USE = {
    "place_of_worship": "religious", "school": "school", "university": "university", "college": "college",
    "kindergarten": "kindergarten", "hospital": "hospital", "clinic": "hospital", "townhall": "public",
    "community_centre": "public", "library": "public", "police": "public", "fire_station": "fire_station",
    "theatre": "public", "arts_centre": "public", "courthouse": "public", "marketplace": "retail", "fuel": "retail",
    "parking": "parking", "bank": "commercial", "post_office": "commercial", "prison": "prison",
}  # fmt: skip

_LAND: tuple[tuple[str, frozenset[str], str], ...] = (
    ("natural", frozenset({"water", "wetland", "glacier", "bay", "shoal"}), "water"),
    ("waterway", frozenset({"riverbank", "dock", "river", "stream", "canal", "ditch", "drain"}), "water"),
    ("landuse", frozenset({"reservoir", "basin"}), "water"),
    ("natural", frozenset({"wood", "scrub", "scree", "bare_rock", "cliff", "shingle", "sand"}), "wild"),
    ("landuse", frozenset({"forest", "vineyard", "orchard", "plant_nursery"}), "forest"),
    ("landuse", frozenset({"cemetery", "military", "railway", "quarry", "landfill", "allotments"}), "used"),
    ("amenity", frozenset({"grave_yard", "parking", "school", "kindergarten", "hospital", "prison"}), "used"),
    ("leisure", frozenset({"pitch", "track", "playground", "swimming_pool", "park", "garden", "golf_course"}), "used"),
    ("leisure", frozenset({"nature_reserve", "stadium", "sports_centre"}), "used"),
    ("boundary", frozenset({"protected_area", "national_park"}), "protected"),
    ("railway", frozenset({"rail", "light_rail", "tram", "narrow_gauge", "platform"}), "railway"),
    ("place", frozenset({"square"}), "used"),
)
"""Key, values, kind of land on which no open parcel is looked for."""


def is_walkable(tags: Tags) -> bool:
    """Tell whether a way with these tags is a street that one may walk on.

    >>> is_walkable({"highway": "residential"}), is_walkable({"highway": "residential", "foot": "no"})
    (True, False)
    >>> is_walkable({"highway": "service", "access": "private"}), is_walkable({"highway": "motorway"})
    (False, False)
    >>> is_walkable({"highway": "track", "access": "no", "foot": "yes"})
    True
    """
    highway = tags.get("highway", "")
    foot = tags.get("foot", "")
    if highway not in WALKABLE and highway not in WITH_FOOT:  # construction, proposed, platform, elevator, ...
        return False
    if tags.get("area") == "yes" or foot in _CLOSED or foot == "use_sidepath":
        return False
    if foot in _FOOT_ALLOWED:
        return True
    return highway in WALKABLE and tags.get("access", "") not in _CLOSED


def facility_type(tags: Tags) -> str | None:
    """Return the facility type that an object with these tags is, or None.

    >>> facility_type({"amenity": "police"}), facility_type({"amenity": "fire_station"})
    ('police_station', None)
    >>> facility_type({"amenity": "townhall", "name": "东门社区居委会"}), facility_type({"amenity": "townhall"})
    ('service_centre', None)
    """
    if not any(key in tags for key in FACILITY_KEYS):
        return None
    name = tags.get("name", "")
    for part, kind in _BY_NAME:
        if re.search(part, name):
            return kind
    if tags.get("social_facility:for", "").split(";")[0].strip() in _ELDERLY:
        return "elderly_care"
    for key, value, kind in _BY_TAG:
        if tags.get(key) == value:
            return kind
    return None


def building_use(tags: Tags) -> str:
    """Return what a building is used for: its ``building`` value; where that is ``yes``, what its other tags tell.

    >>> building_use({"building": "house"}), building_use({"building": "yes", "shop": "supermarket"})
    ('house', 'retail')
    """
    use = tags["building"]
    if use != "yes":
        return use
    amenity = tags.get("amenity")
    if amenity is not None:
        return _AMENITY_USE.get(amenity, "commercial")
    for key, other in (
        ("shop", "retail"),
        ("office", "office"),
        ("healthcare", "hospital"),
        ("tourism", "tourism"),
        ("leisure", "leisure"),
        ("industrial", "industrial"),
        ("man_made", "technical"),
        ("power", "technical"),
        ("railway", "technical"),
        ("aeroway", "technical"),
        ("military", "technical"),
        ("historic", "historic"),
    ):
        if tags.get(key, "no") != "no":
            return other
    return use


def floors(tags: Tags) -> float:
    """Return ``building:levels`` as a number; NaN where it is missing, 0 or no number.

    >>> floors({"building:levels": "2.5"}), floors({"building:levels": "3;4"}), floors({"building:levels": "x"})
    (2.5, 3.0, nan)
    """
    match = re.match(r"\s*(\d+(?:[.,]\d+)?)", tags.get("building:levels", ""))
    value = float(match.group(1).replace(",", ".")) if match else 0.0
    return value if 0.0 < value <= 200.0 else math.nan  # noqa: PLR2004 - the tallest building has 163 floors


def land_kind(tags: Tags) -> str | None:
    """Return on which kind of land that is no open parcel an object lies, or None.

    >>> land_kind({"natural": "water"}), land_kind({"landuse": "meadow"})
    ('water', None)
    """
    if tags.get("tunnel", "no") != "no":
        return None
    for key, values, kind in _LAND:
        if tags.get(key) in values:
            return kind
    return None
