"""The joint siting problem as arrays.

Index sets: demand points i, candidate and existing sites j, facility types k, and *slots* s: a type that may stand at a site. What couples
them is given as pairs and rows, so that the model knows neither geometry nor rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy import sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Strength(IntEnum):
    """How binding a row is; also the order of the objectives."""

    HARD = 0
    TARGET = 1
    SOFT = 2


class Space(IntEnum):
    """What a facility takes up."""

    NONE = 0
    FLOOR = 1
    LAND = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Slots:
    """Facility type k at site j, one entry a slot.

    Parameters
    ----------
    site, type : (n_slots,) int64
    existing : (n_slots,) bool
        Whether the facility stands already; it stays open.
    existing_m2 : (n_slots,) float64, m2
        Area that stands already (0 for new slots).
    min_m2, max_m2 : (n_slots,) float64, m2
        Least and most area if open; max_m2 counts the existing area.
    host : (n_slots,) int64
        Slot of the same site in which this one is a room; -1: it stands by itself.
    space : (n_slots,) int64
        A :class:`Space`.
    cost_m2 : (n_slots,) float64, yuan per new m2 (0 for rooms inside a host, whose m2 are the host's)
    state : (n_slots,) int64
        1 must be open (a locked facility), 0 free, -1 must not be opened.
    """

    site: Ints
    type: Ints
    existing: Bools
    existing_m2: Floats
    min_m2: Floats
    max_m2: Floats
    host: Ints
    space: Ints
    cost_m2: Floats
    state: Ints

    def __len__(self) -> int:
        """Return the number of slots."""
        return len(self.site)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sites:
    """Sites j.

    Parameters
    ----------
    floor : (n_sites,) float64, m2
        New floor area that fits.
    land : (n_sites,) float64, m2
        Land for outdoor facilities and for new floor area.
    storeys : (n_sites,) float64
        New floor area takes land / storeys; 0: it takes none (an existing building).
    fixed : (n_sites,) float64, yuan
        Paid once if anything new is opened there.
    state : (n_sites,) int64
        1 must be opened (elastic, hard), 0 free, -1 must not be opened.
    place : (n_sites,) int64
        Sites of one number are alternatives, of which at most one gets anything new; -1: it has none.
    """

    floor: Floats
    land: Floats
    storeys: Floats
    fixed: Floats
    state: Ints
    place: Ints

    def __len__(self) -> int:
        """Return the number of sites."""
        return len(self.floor)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Elastic rows ``matrix @ quantity + u >= required``, quantity being areas or openings by slot.

    Parameters
    ----------
    matrix : (n_rows, n_slots) CSR
    required : (n_rows,) float64, > 0, in the row's own unit
    strength : (n_rows,) int64
    due : (n_rows,) int64
        Phase, 0 to n_phases - 1, at whose end the row is due.
    """

    matrix: sparse.csr_array
    required: Floats
    strength: Ints
    due: Ints

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.required)


@dataclass(frozen=True, kw_only=True, eq=False)
class SizeRows:
    """Elastic rows ``a_s + u >= least_s`` that bind only where slot s is open.

    Parameters
    ----------
    slot : (n_rows,) int64
    least_m2 : (n_rows,) float64, > 0
    strength : (n_rows,) int64
    """

    slot: Ints
    least_m2: Floats
    strength: Ints

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.slot)


@dataclass(frozen=True, kw_only=True, eq=False)
class Faults:
    """Slots that break a rule where they are open: fault f of slot s counts a relative shortfall of 1.

    Parameters
    ----------
    slot : (n_faults,) int64
    unless : (n_faults,) bool
        True: at fault unless one of the row's slots is open (it lacks company). False: at fault if one of the row's slots is open, or the row
        is empty (it is too near to something).
    matrix : (n_faults, n_slots) CSR
        The slots that the fault depends on.
    strength : (n_faults,) int64
        A hard one bars what would make it, unless all that makes it stands already.
    """

    slot: Ints
    unless: Bools
    matrix: sparse.csr_array
    strength: Ints

    def __len__(self) -> int:
        """Return the number of faults."""
        return len(self.slot)


@dataclass(frozen=True, kw_only=True, eq=False)
class CoverRow:
    """``share`` of the households at ``demand`` are to lie within ``reach`` metres of an open slot of ``type`` that serves them."""

    type: int
    demand: Ints
    reach: float
    strength: int
    share: float = 1.0
    due: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class ShareRow:
    """At least ``required`` of the row's communities have ``least`` m2, or ``least`` openings, of their slots.

    Parameters
    ----------
    matrix : (n_communities, n_slots) CSR
    least : float
        m2, or number of slots.
    area : bool
        Whether m2 are counted; else openings.
    required : float
        Communities, a whole number.
    strength, due : int
    """

    matrix: sparse.csr_array
    least: float
    area: bool
    required: float
    strength: int
    due: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Budget:
    """At most ``limit`` yuan on new area and fixed costs at ``sites``, in one ``phase`` or (None) in all together."""

    sites: Ints
    limit: float
    phase: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Fund:
    """A source that pays up to ``limits[t]`` yuan in phase t for ``sites``; where there are funds, they pay everything."""

    sites: Ints
    limits: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class JointProblem:
    """The joint siting problem.

    Parameters
    ----------
    weight : (n_demand,) float64
        Households at each demand point.
    slots, sites : Slots, Sites
    pair_demand, pair_slot : (n_pairs,) int64
        Slot s may serve demand point i and lies within the walking limit of its type.
    pair_cost : (n_pairs,) float64, metres
    limit : (n_types, n_demand) float64, metres
        Walking metres that a household without any facility of the type within this limit counts; NaN where there is no pair to count.
    area, count : Rows
        Rows on areas and on openings.
    size : SizeRows or None
        Least sizes that may be missed.
    faults : Faults or None
        Slots that break a rule where they are open.
    cover : tuple of CoverRow
    shares : tuple of ShareRow
    budgets : tuple of Budget
    funds : tuple of Fund
    max_sites : int or None
        Most sites at which something new is opened; sites where something stands already are not counted.
    aim_price : float or None
        Yuan a missing m2 of a soft area row is worth in the cost stage; None: such rows are aims as all soft rows are.
    load : (n_types, n_demand) float64, m2, or None
        m2 that the households of a demand point take of the facility that serves them; NaN: facilities of the type serve any number.
    community : (n_demand,) int64, or None
        Community of each demand point, for the objective equity.
    home : (n_sites,) int64, or None
        Community of each site, in the numbers of ``community``; where it is given, very large components may be planned community by community.
    worst_elsewhere : float
        Largest relative shortfall of a hard rule in the rest of a larger problem, of which this is a part: the later stages may have it here too.
    facility_yuan, walking_yuan_per_km : float
        What a new facility, and a kilometre that a household walks, weigh beside the cost in the last objective.
    cost_slack : float
        Share of the least cost by which the plan may cost more for the objectives after it; each piece of the problem that only budgets,
        funds, shares of communities and the number of sites couple by this share of its own cost.
    wait : (n_slots,) float64, or None
        What one phase of waiting for the slot weighs, for the objective delay.
    earliest : (n_slots,) int64, or None
        Phase before which nobody waits for the slot.
    previous : (n_slots,) bool, or None
        Slots that an earlier plan opened, for the objective changes.
    extra : tuple of str
        Objectives beyond the usual ones: equity, backup.
    n_phases : int
    """

    weight: Floats
    slots: Slots
    sites: Sites
    pair_demand: Ints
    pair_slot: Ints
    pair_cost: Floats
    limit: Floats
    area: Rows
    count: Rows
    size: SizeRows | None = None
    faults: Faults | None = None
    cover: tuple[CoverRow, ...] = ()
    shares: tuple[ShareRow, ...] = ()
    budgets: tuple[Budget, ...] = ()
    funds: tuple[Fund, ...] = ()
    max_sites: int | None = None
    aim_price: float | None = None
    load: Floats | None = None
    community: Ints | None = None
    home: Ints | None = None
    worst_elsewhere: float = 0.0
    facility_yuan: float = 1000.0
    walking_yuan_per_km: float = 100.0
    cost_slack: float = 0.02
    wait: Floats | None = None
    earliest: Ints | None = None
    previous: Bools | None = None
    extra: tuple[str, ...] = ()
    n_phases: int = 1

    def __repr__(self) -> str:
        """Return the sizes."""
        return (
            f"JointProblem({len(self.weight)} demand points, {len(self.sites)} sites, {len(self.slots)} slots, "
            f"{len(self.pair_cost)} pairs, {len(self.area)} area, {len(self.count)} count and {len(self.cover)} cover rows)"
        )
