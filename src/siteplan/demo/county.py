"""The county as plain arrays: valleys, settlements with their plans, streets and townships."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from siteplan.demo import sizes
from siteplan.demo.blocks import Layout, Program, make_layout, split_households
from siteplan.demo.chance import Floats, Ints, stream
from siteplan.demo.land import township_count, township_rings
from siteplan.demo.names import place_names
from siteplan.demo.placing import (
    Ground,
    Place,
    Spots,
    Town,
    along_valley,
    hamlet_place,
    lonely_valleys,
    pack_town,
    place_town,
    spread,
)
from siteplan.demo.premises import Settlement, program_extras
from siteplan.demo.streets import Network, lay_settlement, lay_town, lay_valley_roads
from siteplan.demo.valleys import STEP, Basin, make_basin

if TYPE_CHECKING:
    from collections.abc import Callable

HAMLET_HOMES = 7
_LEAST_REMOTE = 9  # homes, of which a third at most are the hamlet's
_REMOTE_HOUSEHOLDS = 200
_CRAMPED_HOUSEHOLDS = 320
_NEVER_FIRST = 2  # the two largest sites are neither cramped nor remote
_RURAL_OF_THREE = (1, 2)  # which of three neighbouring town sites are rural ones on the fringe


@dataclass(frozen=True, kw_only=True)
class Hamlet:
    """The houses far up the valley: the last homes of their site."""

    site: int
    homes: Ints
    place: Place
    layout: Layout


@dataclass(frozen=True, kw_only=True)
class County:
    """A county before it becomes layers. Coordinates are metres from its middle; sites are numbered by size from 0.

    Parameters
    ----------
    seed : int
    basin : Basin
    households, people : (n_sites,) int64
    settlements : list of Settlement
    hamlet : Hamlet or None
    town : list of int
        Sites of the county seat.
    town_place : Place
        All of them, with the streets around.
    townships : list of (n, 2) float64
        Rings.
    outline : (n, 2) float64
    township_of : (n_sites,) int64
    network : Network
    """

    seed: int
    basin: Basin
    households: Ints
    people: Ints
    settlements: list[Settlement]
    hamlet: Hamlet | None
    town: list[int]
    town_place: Place
    townships: list[Floats]
    outline: Floats
    township_of: Ints
    network: Network


def cramped_site(households: Ints) -> int:
    """Return the rank of the cramped site: the smallest of 320 households or more, not the first two; else -1."""
    enough = np.flatnonzero(households >= _CRAMPED_HOUSEHOLDS)
    return int(enough[-1]) if len(enough) > _NEVER_FIRST else -1


def remote_site(households: Ints) -> int:
    """Return the rank of the site with the remote hamlet: the first below 200 households; -1 for one site."""
    small = np.flatnonzero(households < _REMOTE_HOUSEHOLDS)
    small = small[small >= min(_NEVER_FIRST, len(households) - 1)]
    if len(households) == 1:
        return -1
    return int(small[0]) if len(small) else len(households) - 1


def build_county(
    sites: int, households: int | None, seed: int, progress: Callable[[str, int, int], None] | None = None
) -> County:
    """Return the county. The parameters are those of :func:`siteplan.demo.synthetic.demo_layers`."""
    counts = sizes.site_households(sites, households, seed)
    cramped, remote = cramped_site(counts), remote_site(counts)
    members = _town_members(sites, {cramped, remote})
    n_townships = township_count(sites)
    others = [k for k in range(sites) if k not in members and k not in (cramped, remote)]
    seats = others[: n_townships - 1]
    urban = {0, *seats, *(m for k, m in enumerate(members) if k % 3 not in _RURAL_OF_THREE)}
    programs, hamlet_homes = _programs(counts, urban, cramped, remote, seed)

    town = pack_town(members, programs)
    basin = make_basin(sites, 2 * town.reach, seed)
    rings, outline = township_rings(basin, n_townships, seed)
    town_place, places = place_town(town, programs, basin)
    ground = Ground(basin=basin, town=town_place)
    for member in members:
        ground.take(places[member].middle, places[member].radius)
    hamlet = _place_lonely(ground, programs, places, town, (cramped, remote), hamlet_homes, seed)
    zone = np.array([shapely.Polygon(ring) for ring in rings])
    spots = Spots.along(basin, _barred(basin), seed, lambda xy: _zone_of(zone, xy))
    seat_zones = _seat_zones(zone, places[0].middle, seats)
    order = [*seats, *(k for k in others if k not in set(seats))]
    places |= spread(ground, order, programs, spots, seat_zones)
    settlements = _settlements(counts, programs, places, {0, *seats}, cramped, seed, progress)
    network = _streets(basin, settlements, hamlet, (town, town_place), members, seed)
    return County(
        seed=seed,
        basin=basin,
        households=counts,
        people=sizes.site_people(counts, seed),
        settlements=settlements,
        hamlet=hamlet,
        town=members,
        town_place=town_place,
        townships=rings,
        outline=outline,
        township_of=_zone_of(zone, np.array([places[k].middle for k in range(sites)])),
        network=network,
    )


def _town_members(sites: int, special: set[int]) -> list[int]:
    """Return the sites of the county seat: the largest, and every sixth from the fourth on."""
    picks = [0, *(k for k in range(3, sites, 6) if k not in special)]
    return picks if len(picks) > 1 or 1 in special or sites == 1 else [0, 1]


def _programs(counts: Ints, urban: set[int], cramped: int, remote: int, seed: int) -> tuple[list[Program], Ints | None]:
    """Return the program of each site, and the homes of the hamlet."""
    programs, hamlet = [], None
    for k, count in enumerate(counts):
        homes = split_households(int(count), seed, k, urban=k in urban)
        public, lots, strips = program_extras(int(count), cramped=k == cramped)
        if k == remote and k not in urban and len(homes) >= _LEAST_REMOTE:
            away = min(HAMLET_HOMES, len(homes) // 3)
            homes, hamlet = homes[:-away], homes[-away:]
        programs.append(Program(urban=k in urban, homes=homes, public=public, lots=lots, strips=strips))
    return programs, hamlet


def _barred(basin: Basin) -> set[int]:
    """Return the valleys kept for the cramped and the remote site, with their side valleys."""
    lonely = set(lonely_valleys(basin))
    return lonely | {v.index for v in basin.valleys if v.parent in lonely}


def _place_lonely(
    ground: Ground,
    programs: list[Program],
    places: dict[int, Place],
    town: Town,
    special: tuple[int, int],
    hamlet_homes: Ints | None,
    seed: int,
) -> Hamlet | None:
    """Place the cramped site, the remote one and its hamlet, each in a valley of its own.

    The cramped site lies so far up that from the valley's mouth the town is nearer: no other site attaches to it.
    """
    cramped, remote = special
    first, second = (ground.basin.valleys[v] for v in lonely_valleys(ground.basin))
    if cramped >= 0:
        n = len(first.xy)
        start = min(int((3000.0 + 1.5 * town.reach) // STEP), int(0.72 * n))
        places[cramped] = _forced(ground, first.index, [*range(start, n - 6), *range(start, 20, -1)], programs[cramped])
    if remote >= 0:
        program = programs[remote]
        places[remote] = _forced(ground, second.index, list(range(second.first + 4, len(second.xy) // 2)), program)
    if hamlet_homes is None:
        return None
    program = Program(urban=False, homes=hamlet_homes, public=0, lots=0, strips=0)
    place = hamlet_place(ground, places[remote], program)
    if place is None:
        raise RuntimeError("no room for the hamlet")
    ground.take(place.middle, place.radius)
    layout = make_layout(program, seed, 100_000 + remote)
    return Hamlet(site=remote, homes=hamlet_homes, place=place, layout=layout)


def _forced(ground: Ground, valley: int, vertices: list[int], program: Program) -> Place:
    place = along_valley(ground, ground.basin.valleys[valley], vertices, program)
    if place is None:
        raise RuntimeError(f"no room in valley {valley}")
    ground.take(place.middle, place.radius)
    return place


def _zone_of(zones: np.ndarray, xy: Floats) -> Ints:
    """Return the township of each point; points outside all (none does in practice) get the nearest."""
    tree = shapely.STRtree(zones)
    return np.asarray(tree.nearest(shapely.points(xy)), dtype=np.int64)


def _seat_zones(zones: np.ndarray, town: Floats, seats: list[int]) -> dict[int, int]:
    """Return the township of each seat; the town has one already."""
    own = int(_zone_of(zones, town[None])[0])
    return dict(zip(seats, [z for z in range(len(zones)) if z != own], strict=True))


def _settlements(
    counts: Ints,
    programs: list[Program],
    places: dict[int, Place],
    seats: set[int],
    cramped: int,
    seed: int,
    progress: Callable[[str, int, int], None] | None,
) -> list[Settlement]:
    names = place_names(len(counts), seed, "sites")
    existing = stream(seed, "existing").random(len(counts)) < 0.35  # noqa: PLR2004 - a third stood before
    settlements = []
    for k, count in enumerate(counts):
        if progress and k % 50 == 0:
            progress("settlements", k, len(counts))
        settlements.append(
            Settlement(
                index=k,
                name=names[k],
                households=int(count),
                cramped=k == cramped,
                existing=bool(existing[k]) and k not in (0, cramped),
                seat=k in seats,
                program=programs[k],
                place=places[k],
                layout=make_layout(programs[k], seed, k),
            )
        )
    return settlements


def _streets(
    basin: Basin,
    settlements: list[Settlement],
    hamlet: Hamlet | None,
    town: tuple[Town, Place],
    members: list[int],
    seed: int,
) -> Network:
    network = Network()
    for site in settlements:
        lay_settlement(network, site.place, site.program, site.layout, basin)
    if hamlet is not None:
        program = Program(urban=False, homes=hamlet.homes, public=0, lots=0, strips=0)
        lay_settlement(network, hamlet.place, program, hamlet.layout, basin)
    plan, place = town
    lay_town(network, plan, place, basin, {m: settlements[m].layout for m in members})
    names = {
        v.index: f"{name}路"
        for v, name in zip(basin.valleys, place_names(len(basin.valleys), seed, "roads"), strict=True)
    }
    lay_valley_roads(network, basin, names)
    return network
