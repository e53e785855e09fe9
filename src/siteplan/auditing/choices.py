"""Claims about how places are had: modes, alternatives of one place, and facilities that are locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siteplan.auditing.homes import text
from siteplan.auditing.sites import EXISTING, EXTENDED, NEW
from siteplan.messages import _
from siteplan.units import meets

if TYPE_CHECKING:
    from siteplan.auditing.claims import Claims
    from siteplan.plans.scenario import Scenario

EXTEND, CONVERT = "extend", "convert"


def modes_of(facilities: pd.DataFrame, candidates: pd.DataFrame) -> pd.Series:
    """Return how each facility is had: as its site's layer says.

    What stands is existing, or extended; rooms set up in an existing facility are converted; what is new on a candidate is had as the
    candidate is: build, convert, buy or swap.

    Parameters
    ----------
    facilities : DataFrame
    candidates : DataFrame
        The layer; a site that it does not have is had as the plan says.
    """
    kind = dict(zip(text(candidates["id"]), text(candidates["kind"]), strict=True))
    on_candidate = pd.Series(
        [kind.get(site, said) for site, said in zip(facilities["site_id"], facilities["site_kind"], strict=True)],
        index=facilities.index,
        dtype="str",
    )
    status = facilities["status"]
    new = np.where(facilities["site_kind"] == EXISTING, CONVERT, on_candidate)
    mode = np.select([status == EXISTING, status == EXTENDED], [EXISTING, EXTEND], default=new)
    return pd.Series(mode, index=facilities.index, dtype="str")


def check_modes(claims: Claims, said: pd.DataFrame, facilities: pd.DataFrame, candidates: pd.DataFrame) -> None:
    """Check that each site is of the kind that its layer says, and each facility had in the way that follows from it.

    Parameters
    ----------
    said : DataFrame
        The plan's facilities.
    facilities : DataFrame
        The same, with the modes of :func:`modes_of`.
    """
    kind = dict(zip(text(candidates["id"]), text(candidates["kind"]), strict=True))
    here = facilities["site_kind"]
    named = [kind.get(name, said_kind) for name, said_kind in zip(text(facilities["site_id"]), here, strict=True)]
    own = pd.Series(named, index=facilities.index, dtype="str").where(here != EXISTING, EXISTING)
    claims.each("kind of site", facilities["site_id"], here, own, here == own)
    mode = text(said["mode"]).to_numpy()
    claims.each("mode of facility", facilities["id"], mode, facilities["mode"], mode == facilities["mode"].to_numpy())


def check_alternatives(claims: Claims, facilities: pd.DataFrame, candidates: pd.DataFrame) -> None:
    """Check that of the candidates of one place one is opened at most."""
    place = dict(zip(text(candidates["id"]), text(candidates["place"]).str.strip(), strict=True))
    new = facilities[(facilities["status"] == NEW) & (facilities["site_kind"] != EXISTING)]
    opened = pd.Series({site: place.get(site, "") for site in new["site_id"]}, dtype="str")
    sites = opened[opened != ""].groupby(opened[opened != ""]).apply(lambda some: sorted(some.index))
    for name, here in sites.items():
        claims.add("alternatives", name, 1, len(here), holds=len(here) == 1, note=", ".join(here))


def check_locked(claims: Claims, facilities: pd.DataFrame, scenario: Scenario) -> None:
    """Check that every locked facility is in the plan, no smaller than the scenario says."""
    area = facilities.drop_duplicates("id").set_index("id")["area_m2"]
    for name in sorted({*scenario.locked, *scenario.locked_m2}):
        least = float(scenario.locked_m2.get(name, 0.0))
        if name not in area.index:
            claims.add("locked facilities", name, least, "", holds=False, note=_("it is not in the plan"))
        else:
            claims.add("locked facilities", name, least, float(area[name]), holds=meets(float(area[name]), least))
