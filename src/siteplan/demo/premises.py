"""Candidate sites and existing facilities of one settlement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from siteplan.demo.blocks import corners, parts_of
from siteplan.demo.chance import Floats, between, one, shuffled, stream, whole

if TYPE_CHECKING:
    from siteplan.demo.blocks import Layout, Program
    from siteplan.demo.placing import Place

LEAST_CANDIDATES = 15
"""Candidates of every site."""

SHOPS = "discount_shop;parcel_point;property_service"
"""What the ground floor of a home may become by its title."""
SERVICES = "health_station;mediation_room;micro_fire;discount_shop;parcel_point;property_service"
"""What a ground floor may become where the neighbours agree."""
GROUND = "outdoor_square;shelter"
"""What open ground may become."""

_SHOPS_ONLY, _NO_CENTRE = (
    0.35,
    0.75,
)  # shares of ground floors: shops; services, but no centre; the rest may hold anything

_CRAMPED_ROOM = (15.0, 23.0)  # fifteen of them stay below 400 m2 together
_ROUND = 100


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What premises are made from.

    Parameters
    ----------
    index : int
        Rank by size, from 0.
    name : str
    households : int
    cramped : bool
        Whether it has only tiny rooms and no parcel.
    existing : bool
        Whether it stood before.
    seat : bool
        Whether a township's seat is here.
    """

    index: int
    name: str
    households: int
    cramped: bool
    existing: bool
    seat: bool
    program: Program
    place: Place
    layout: Layout


def program_extras(households: int, *, cramped: bool) -> tuple[int, int, int]:
    """Return how many public buildings, small parcels and back parcels a site of so many households has."""
    if cramped:
        return 0, 0, 0
    more = min(households // 250, 6)
    return (2 if households >= 250 else 1), 3 + more, 4 + more // 2  # noqa: PLR2004 - a school from 250 households


def candidates_of(site: Settlement, seed: int) -> list[dict[str, Any]]:
    """Return the candidates of a settlement: rooms that can be converted, then parcels to build on.

    Each has the columns of the role and ``ring``, a (5, 2) closed ring.
    """
    rng = stream(seed, "candidates", site.index)
    parcels = [] if site.cramped else _parcels(site, rng)
    more = min(site.households // 150, 10)
    rooms = max(LEAST_CANDIDATES + (0 if site.cramped else more) - len(parcels), 4)
    public = [] if site.cramped else _public(site, rng)
    return [*public, *_ground_floors(site, rooms - len(public), rng), *parcels]


def _row(site: Settlement, ring: Floats, name: str, kind: str, **figures: float | str) -> dict[str, Any]:
    base = {
        "name": f"{site.name}{name}", "kind": kind, "floor_capacity_m2": 0.0, "land_m2": 0.0, "storeys": 0.0,
        "fixed_cost_yuan": 0.0, "cost_per_m2_yuan": 0.0, "land_cost_per_m2_yuan": 0.0, "types": "", "state": "free",
        "basis": "given", "site_id": site.index,
    }  # fmt: skip
    return {**base, **figures, "ring": ring}


def _public(site: Settlement, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return the old village office and the old school."""
    rings = site.place.frame.to_map(corners(site.layout.public))
    large = site.households >= 250  # noqa: PLR2004 - as program_extras
    rows = []
    for ring, name in zip(rings, ("原村委会办公楼", "原小学教学楼"), strict=False):
        low, high = ((260, 620) if large else (120, 240)) if name.startswith("原村") else (380, 900)
        rows.append(
            _row(
                site, ring, name, "convert",
                floor_capacity_m2=_tens(one(rng, low, high)),
                fixed_cost_yuan=_thousands(one(rng, 40e3, 150e3)),
                cost_per_m2_yuan=_tens(one(rng, 900, 1250)),
            )
        )  # fmt: skip
    return rows


def _ground_floors(site: Settlement, count: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return ``count`` ground floors of homes; where homes are few, parts of them."""
    homes = len(site.layout.homes)
    pieces = -(-count // homes)
    order = shuffled(rng, homes)
    pick = np.concatenate([order + piece * homes for piece in range(pieces)])[:count]
    boxes = parts_of(site.layout.homes, pieces)[pick]
    rings = site.place.frame.to_map(corners(boxes))
    share = between(rng, 0.55, 0.85, count)
    rent = between(rng, 1050, 1500, count)
    fixed = between(rng, 15e3, 80e3, count)
    limit = rng.random(count)
    rows = []
    for k in range(count):
        area = float(boxes[k, 2] * boxes[k, 3] * share[k])
        area = one(rng, *_CRAMPED_ROOM) if site.cramped else max(area, 12.0)
        types = SHOPS if limit[k] < _SHOPS_ONLY else SERVICES if limit[k] < _NO_CENTRE else ""
        house = int(pick[k]) % homes + 1
        part = f"{int(pick[k]) // homes + 1}单元" if pieces > 1 else ""
        rows.append(
            _row(
                site, rings[k], f"{house}号楼{part}底层", "convert",
                floor_capacity_m2=float(np.floor(area)),
                fixed_cost_yuan=_thousands(fixed[k]), cost_per_m2_yuan=_tens(rent[k]),
                types="" if site.cramped else types,
            )
        )  # fmt: skip
    return rows


def _parcels(site: Settlement, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return the parcels: along the back (the first only for open ground), and small ones among the houses."""
    urban = site.program.urban
    price = (220.0, 420.0) if urban else (50.0, 140.0)
    rows = []
    boxes = np.concatenate([site.layout.strips, site.layout.lots])
    rings = site.place.frame.to_map(corners(boxes))
    storeys = whole(rng, 2, 4, len(boxes)) if urban else whole(rng, 1, 3, len(boxes))
    cover = between(rng, 0.3, 0.45, len(boxes))
    for k, (box, ring) in enumerate(zip(boxes, rings, strict=True)):
        land = float(np.floor(box[2] * box[3]))
        open_ground = k == 0 or (k >= len(site.layout.strips) and k % 2 == 1)
        figures: dict[str, float | str] = {"land_m2": land, "land_cost_per_m2_yuan": _tens(one(rng, *price))}
        fixed, cost = _thousands(one(rng, 60e3, 260e3)), _tens(one(rng, 2200, 3200))
        if open_ground:
            figures |= {"types": GROUND, "fixed_cost_yuan": _thousands(fixed / 3), "cost_per_m2_yuan": 120.0}
        else:
            floor = float(np.floor(land * cover[k] * storeys[k] / 10) * 10)
            figures |= {"floor_capacity_m2": floor, "storeys": float(storeys[k])}
            figures |= {"fixed_cost_yuan": fixed, "cost_per_m2_yuan": cost}
        name = "晒坝空地" if k == 0 else f"{'背街' if k < len(site.layout.strips) else '插花'}地块{k}"
        rows.append(_row(site, ring, name, "build", **figures))
    return rows


def facilities_of(site: Settlement, seed: int) -> list[dict[str, Any]]:
    """Return what stands on a settlement already; each row has ``xy``.

    Seats have a police station and a health station; communities that stood before have a centre that is too small.
    Rooms that must lie inside a centre do not exist: an existing one outside it would break a hard rule for good.
    """
    rng = stream(seed, "facilities", site.index)
    anchors = np.concatenate([site.layout.public, site.layout.homes])[:, :2]
    spots = site.place.frame.to_map(anchors + np.array([1.5, 1.0]))
    draws = rng.random(8)
    wanted: list[tuple[str, str, float, float]] = []
    if site.seat:
        wanted += [
            ("police_station", "派出所", one(rng, 420, 900), 0),
            ("health_station", "卫生室", one(rng, 60, 110), 60),
        ]
        wanted += [("outdoor_square", "文化广场", one(rng, 260, 520), 0)]
    if site.existing and site.households >= 120:  # noqa: PLR2004 - smaller ones never had a centre
        wanted += [("service_centre", "党群服务站", one(rng, 70, 190), 60 * (draws[0] < 0.5))]  # noqa: PLR2004
        wanted += [("property_service", "物业站", one(rng, 20, 45), 20)] if draws[1] < 0.4 else []  # noqa: PLR2004
    wanted += [("discount_shop", "便民超市", one(rng, 60, 160), 0)] if draws[3] < 0.25 else []  # noqa: PLR2004
    wanted += [("parcel_point", "快递点", one(rng, 15, 40), 0)] if draws[4] < 0.2 else []  # noqa: PLR2004
    wanted += [("micro_fire", "微型消防站", 0.0, 0)] if draws[5] < 0.15 else []  # noqa: PLR2004
    if site.cramped:
        wanted = [row for row in wanted if row[0] != "service_centre"]
    return [
        {
            "name": f"{site.name}{name}", "type": kind, "area_m2": float(np.floor(area)), "spare_m2": float(spare),
            "cost_per_m2_yuan": _tens(one(rng, 1000, 1600)) if spare else 0.0, "site_id": site.index,
            "xy": spots[k % len(spots)],
        }
        for k, (kind, name, area, spare) in enumerate(wanted)
    ]  # fmt: skip


def _tens(value: float) -> float:
    return float(np.floor(value / 10) * 10)


def _thousands(value: float) -> float:
    return float(np.floor(value / 1000) * 1000)
