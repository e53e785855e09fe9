"""What stands at the end of each phase, by the plan's works, and whether its works can be so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from siteplan.auditing.claims import close
from siteplan.auditing.homes import figures, text
from siteplan.auditing.sites import EXISTING, EXTENDED, NEW
from siteplan.messages import _
from siteplan.units import TOLERANCE, meets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siteplan.auditing.claims import Claims


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """What stands when.

    Parameters
    ----------
    facilities : DataFrame
        The plan's, indexed 0, 1, ...
    works : DataFrame, columns row, facility_id, phase, area_m2, cost_yuan, good
        The plan's works; ``row`` is the facility's (-1: there is none), ``good`` whether facility and phase are known.
    opens : (n_facilities,) int64
        Phase in which each opens: 0 if it stands already, n_phases + 1 if no work opens it.
    area : (n_facilities, n_phases + 1) float64
        m2 at the end of each phase; column 0 is what stands already.
    """

    facilities: pd.DataFrame
    works: pd.DataFrame
    opens: npt.NDArray[np.int64]
    area: npt.NDArray[np.float64]

    @property
    def n_phases(self) -> int:
        """Number of phases."""
        return int(self.area.shape[1]) - 1

    @property
    def grown(self) -> npt.NDArray[np.float64]:
        """What is built in each phase, (n_facilities, n_phases) m2."""
        return np.diff(self.area, axis=1)

    @property
    def opened(self) -> npt.NDArray[np.bool_]:
        """Which facilities are open at the end of the last phase, (n_facilities,)."""
        return np.asarray(self.opens <= self.n_phases, dtype=np.bool_)

    def at(self, phase: int) -> pd.DataFrame:
        """Return the facilities that are open at the end of ``phase``, with their areas then; the index stays."""
        open_ = self.opens <= phase
        return self.facilities[open_].assign(area_m2=self.area[open_, phase])


def course_of(facilities: pd.DataFrame, works: pd.DataFrame, n_phases: int) -> Course:
    """Return what stands when: what stands already, and what each work makes of it from its phase on.

    Parameters
    ----------
    facilities : DataFrame
        Of :func:`siteplan.auditing.sites.table_of`.
    works : DataFrame, columns WORK_COLUMNS
    n_phases : int
    """
    stands = facilities["status"].isin([EXISTING, EXTENDED]).to_numpy(dtype=bool)
    area = np.repeat(np.where(stands, facilities["existing_m2"], 0.0)[:, None], n_phases + 1, axis=1).astype(float)
    opens = np.where(stands, 0, n_phases + 1).astype(np.int64)
    table = _known(facilities, works, n_phases)
    for row, phase, m2 in table.loc[table["good"], ["row", "phase", "area_m2"]].itertuples(index=False):
        area[int(row), int(phase) :] = m2
        opens[int(row)] = min(opens[int(row)], int(phase))
    return Course(facilities=facilities, works=table, opens=opens, area=area)


def _known(facilities: pd.DataFrame, works: pd.DataFrame, n_phases: int) -> pd.DataFrame:
    """Return the works in order of their phases, with the row of each one's facility."""
    row_of = pd.Series(facilities.index.to_numpy(), index=facilities["id"].to_numpy())
    names = text(works["facility_id"])
    phase = figures(works, "phase")
    table = pd.DataFrame(
        {
            "facility_id": names.to_numpy(),
            "row": names.map(row_of[~row_of.index.duplicated()]).fillna(-1).to_numpy(dtype=np.int64),
            "phase": np.nan_to_num(phase).astype(np.int64),
            "area_m2": np.nan_to_num(figures(works, "area_m2")),
            "cost_yuan": np.nan_to_num(figures(works, "cost_yuan")),
        }
    )
    whole = np.nan_to_num(phase) == table["phase"]
    good = (table["row"] >= 0) & whole & table["phase"].between(1, n_phases)
    return table.assign(good=good).sort_values("phase", kind="stable").reset_index(drop=True)


def check_works(claims: Claims, course: Course, said_phase: npt.NDArray[np.float64]) -> None:
    """Check that the works fit their facilities: known, once a phase, never shrinking, and ending in the plan's areas.

    Parameters
    ----------
    said_phase : (n_facilities,) float64
        Phase in which the plan says that each facility opens.
    """
    works, facilities = course.works, course.facilities
    once = works["good"] & ~works.duplicated(["facility_id", "phase"])
    claims.each("works", works["facility_id"], works["phase"], np.where(once, works["phase"], 0), once)

    before, after = course.area[:, :-1], course.area[:, 1:]
    kept = (after >= before - TOLERANCE * np.maximum(1.0, before)).all(axis=1)
    ended = course.area[:, -1]
    claims.each("areas never shrink", facilities["id"], ended, course.area.max(axis=1), kept)
    claims.each("area at the end", facilities["id"], facilities["area_m2"], ended, close(facilities["area_m2"], ended))
    claims.each("phase of facility", facilities["id"], said_phase, course.opens, said_phase == course.opens)

    told = np.isin(facilities.index.to_numpy(), works["row"].to_numpy())
    status = np.where(course.opens == 0, np.where(told, EXTENDED, EXISTING), NEW)
    opened = (facilities["status"] == status).to_numpy() & (course.opens <= course.n_phases)
    claims.each("status of facility", facilities["id"], facilities["status"], np.where(opened, status, ""), opened)
    _check_growth(claims, course)


def _check_growth(claims: Claims, course: Course) -> None:
    """Check that each work makes something larger, but for those that open a facility."""
    works = course.works[course.works["good"]]
    row, phase = works["row"].to_numpy(dtype=np.int64), works["phase"].to_numpy(dtype=np.int64)
    grows = (course.grown[row, phase - 1] > 0) | (course.opens[row] == phase)
    said = works["area_m2"].to_numpy(dtype=float)
    note = _("nothing is built by it")
    claims.each("work builds something", works["facility_id"], said, course.area[row, phase - 1], grows, note)


def check_rooms(claims: Claims, course: Course) -> None:
    """Check that no room opens before its host, and that the rooms of each host sum to its area at most, in every phase."""
    facilities = course.facilities
    rooms = facilities[facilities["inside"] != ""]
    host_row = pd.Series(facilities.index.to_numpy(), index=facilities["id"].to_numpy())
    host = rooms["inside"].map(host_row[~host_row.index.duplicated()]).fillna(-1).to_numpy(dtype=np.int64)
    mine = rooms.index.to_numpy(dtype=np.int64)
    never = course.n_phases + 1
    ready = np.where(host >= 0, course.opens[host], never) if len(facilities) else host
    good = course.opens[mine] >= ready
    claims.each("host opens first", rooms["id"], course.opens[mine], ready, good | (course.opens[mine] == never))
    for row in np.unique(host[host >= 0]):
        held = course.area[mine[host == row]].sum(axis=0)
        fits = [meets(float(room), float(total)) for room, total in zip(course.area[row], held, strict=True)]
        worst = int(np.argmax(held - course.area[row]))
        name = facilities["id"].iloc[row]
        claims.add("rooms in host", name, float(held[worst]), float(course.area[row, worst]), holds=all(fits))


def check_hosts(claims: Claims, facilities: pd.DataFrame, hosts: pd.Series) -> None:
    """Check that each room stands in a facility of its own site that may hold it, and that what holds rooms stands by itself at last.

    A room is part of its host's area and takes neither floor nor money, so what is called a room must be one.

    Parameters
    ----------
    facilities : DataFrame
    hosts : (n_facilities,) Series of frozenset of str
        Facility types in which a rule that speaks for its community puts each facility.
    """
    by_id = facilities.drop_duplicates("id").set_index("id")
    rooms = facilities[facilities["inside"] != ""]
    kind, site = rooms["inside"].map(by_id["type"]), rooms["inside"].map(by_id["site"])
    above = dict(zip(by_id.index, by_id["inside"], strict=True))
    good = np.array(
        [
            name in some and place == own and _ends(above, room)
            for name, some, place, own, room in zip(
                kind, hosts[rooms.index], site, rooms["site"], rooms["id"], strict=True
            )
        ],
        dtype=bool,
    )
    note = _("not a room of a host at its site")
    claims.each("host of room", rooms["id"], rooms["inside"], np.where(good, rooms["inside"], ""), good, note)


def _ends(inside: Mapping[str, str], name: str) -> bool:
    """Tell whether the hosts above a room end at one that stands by itself."""
    seen = {name}
    while host := inside.get(name, ""):
        if host in seen:
            return False
        seen.add(host)
        name = host
    return True
